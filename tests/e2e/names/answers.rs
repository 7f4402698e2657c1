//! The table of answers to a claim (protocol.md 1.7 and 1.8): what is written to standard error, the exit code, and what is
//! left in the claim directory, for `netdata-claim.sh` and for `aclk claim`. The table itself is `answers.txt`, to be read by
//! people; `ACLK_BLESS=1` in the environment writes it anew.

use super::named;
use super::scripted::{Answer, Scripted};
use crate::support::*;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/e2e/names/answers.txt");
const NAMES: [&str; 2] = ["netdata-claim.sh", "aclk"];
/// A port below 1024, so that no test beside this one has it.
const NOBODY: &str = "-url=https://127.0.0.1:1";
const ID: &str = "0f0e0d0c-0b0a-4908-8706-050403020100";

/// A compact error body, as production has it.
fn error(status: &str, key: &str) -> String {
    let body = format!(r#"{{"errorCode":"trace-1","errorMsgKey":"{key}","errorMessage":"words of the Cloud"}}"#);
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// What a Cloud can answer.
fn answers() -> Vec<(&'static str, String)> {
    let plain = |status: &str, body: &str| format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    vec![
        ("204", "HTTP/1.1 204 No Content\r\n\r\n".to_owned()),
        ("204 without a reason phrase", "HTTP/1.1 204\r\n\r\n".to_owned()),
        ("422 ErrInvalidNodeID", error("422 Unprocessable Entity", "ErrInvalidNodeID")),
        ("422 ErrInvalidNodeName", error("422 Unprocessable Entity", "ErrInvalidNodeName")),
        ("422 ErrInvalidRoomID", error("422 Unprocessable Entity", "ErrInvalidRoomID")),
        ("422 ErrInvalidPublicKey", error("422 Unprocessable Entity", "ErrInvalidPublicKey")),
        ("403 ErrForbidden", error("403 Forbidden", "ErrForbidden")),
        ("403 ErrForbidden with blanks behind the colons", {
            plain("403 Forbidden", r#"{ "errorMsgKey" : "ErrForbidden" }"#)
        }),
        ("409 ErrAlreadyClaimed", error("409 Conflict", "ErrAlreadyClaimed")),
        ("409 without a body", plain("409 Conflict", "")),
        ("409 ErrProcessingClaim", error("409 Conflict", "ErrProcessingClaim")),
        ("500 ErrInternalServerError", error("500 Internal Server Error", "ErrInternalServerError")),
        ("504 ErrGatewayTimeout", error("504 Gateway Timeout", "ErrGatewayTimeout")),
        ("503 ErrServiceUnavailable", error("503 Service Unavailable", "ErrServiceUnavailable")),
        ("502 by a gateway, in HTML", plain("502 Bad Gateway", "<html>Bad Gateway</html>")),
        ("422 with a key that is in no table", error("422 Unprocessable Entity", "ErrNobodyKnowsThis")),
        ("429", plain("429 Too Many Requests", "slow down")),
        ("404", plain("404 Not Found", "no such page")),
        ("301", "HTTP/1.1 301 Moved Permanently\r\nLocation: https://x/\r\nContent-Length: 0\r\n\r\n".to_owned()),
        ("200, which only the first agents took for success", plain("200 OK", "{}")),
        ("no HTTP", "220 mail.example ESMTP\r\n".to_owned()),
    ]
}

/// What can be wrong before there is an answer, or after it.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    NoToken,
    BadRooms,
    BadUrl,
    BadProxy,
    ProxyOverTls,
    UnknownArgument,
    NobodyAtThatAddress,
    NoSuchName,
    ProxyRefuses,
    NotTrusted,
    NotADirectory,
    NoMachineGuid,
    DaemonRefuses,
    DaemonIsSilent,
}

const TROUBLES: [(&str, Trouble); 14] = [
    ("there is no token", Trouble::NoToken),
    ("a list of War Rooms that cannot be one", Trouble::BadRooms),
    ("a URL that is none", Trouble::BadUrl),
    ("a proxy of an unknown kind", Trouble::BadProxy),
    ("a proxy that is to be reached over TLS", Trouble::ProxyOverTls),
    ("an argument that nobody knows", Trouble::UnknownArgument),
    ("nobody listens at the address of the Cloud", Trouble::NobodyAtThatAddress),
    ("the name of the Cloud is unknown", Trouble::NoSuchName),
    ("the proxy refuses", Trouble::ProxyRefuses),
    ("the certificate of the Cloud is by nobody who is trusted", Trouble::NotTrusted),
    ("the claim directory is no directory", Trouble::NotADirectory),
    ("there is no machine GUID, and none can be made", Trouble::NoMachineGuid),
    ("204, and the running daemon refuses to read the claim", Trouble::DaemonRefuses),
    ("204, and the running daemon says nothing", Trouble::DaemonIsSilent),
];

/// A machine on which nothing is claimed, with a key and a token in a file, which a success removes.
fn machine() -> Machine {
    let machine = Machine::new();
    machine.give_key();
    fs::write(machine.file("token"), "token-of-the-file").unwrap();
    fs::create_dir_all(machine.root().join("lib/registry")).unwrap();
    fs::write(machine.root().join("lib/registry/netdata.public.unique.id"), ID).unwrap();
    machine
}

fn claim(machine: &Machine, name: &str, arguments: &[&str]) -> Ended {
    run(named(machine, name, &with_command(name, arguments)))
}

fn with_command<'a>(name: &str, arguments: &[&'a str]) -> Vec<&'a str> {
    let command = if name == "aclk" { &["claim"][..] } else { &[] };
    [command, arguments].concat()
}

/// The same without any name server: one that has no network may say something else than that there is no such name.
/// Where mounts are not allowed it is asked all the same.
fn claim_without_name_servers(machine: &Machine, name: &str, arguments: &[&str]) -> Ended {
    const FILE: &str = "/etc/nsswitch.conf";
    let switch = machine.root().join("nsswitch.conf");
    fs::write(&switch, "passwd: files\ngroup: files\nhosts: files\n").unwrap();
    let mut probe = Command::new("unshare");
    let probe = probe.args(["--mount", "mount", "--bind"]).arg(&switch).arg(FILE).output();
    if !probe.is_ok_and(|probe| probe.status.success()) {
        return claim(machine, name, arguments);
    }
    let script = format!("mount --bind {} {FILE} && exec \"$0\" \"$@\"", switch.display());
    // The name is that of the file here, since a shell passes on no other.
    let claim = machine.called(name, &with_command(name, arguments));
    let mut inside = Command::new("unshare");
    inside.args(["--mount", "sh", "-c", &script]).arg(claim.get_program()).args(claim.get_args());
    run(machine.around(inside, &[""; 0]))
}

/// One line of the table becomes this.
fn told(machine: &Machine, name: &str, arguments: &[&str], ended: &Ended) -> String {
    assert_eq!(ended.stdout, "", "{ended:?}");
    let shown: Vec<&str> =
        arguments.iter().map(|argument| argument.split_once("https://").map_or(*argument, |(a, _)| a)).collect();
    let mut text = format!("--- {name} {}\n", shown.join(" "));
    text += &normal(&ended.stderr, machine);
    let _ = writeln!(text, "--- exit {}", ended.code);
    text + &files(&machine.file(""))
}

/// Without what is another each time.
fn normal(text: &str, machine: &Machine) -> String {
    let text = without_ports(&text.replace(machine.root().to_str().unwrap(), "ROOT"));
    let mut lines = String::new();
    for line in text.lines() {
        let mut line = line.to_owned();
        if let Some((start, rest)) = line.split_once("(retry in ")
            && let Some((_, end)) = rest.split_once(" s)")
        {
            line = format!("{start}(retry in # s){end}");
        }
        // The table of stages: its times differ.
        if line.contains(" ms") || line.split_whitespace().nth(3) == Some("s") {
            line = line.split_whitespace().take(2).collect::<Vec<_>>().join(" ") + " …";
        }
        // Who runs the tests is somebody else each time.
        if line.starts_with("Netdata user: ") {
            line = "Netdata user: USER".to_owned();
        }
        lines += &line;
        lines.push('\n');
    }
    lines
}

fn without_ports(text: &str) -> String {
    let mut text = text.to_owned();
    for host in ["localhost:", "127.0.0.1:"] {
        let mut parts = text.split(host);
        let first = parts.next().unwrap_or_default().to_owned();
        text = parts.fold(first, |text, part| {
            format!("{text}{host}PORT{}", part.trim_start_matches(|c: char| c.is_ascii_digit()))
        });
    }
    text
}

fn files(directory: &Path) -> String {
    let Ok(entries) = fs::read_dir(directory) else { return String::new() };
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != "cloud_fullchain.pem");
    names.sort();
    let mut text = String::new();
    for name in names {
        let path = directory.join(&name);
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        let _ = write!(text, "{name} {mode:o}");
        if ["claimed_id", "cloud.conf", "pending", "token"].contains(&name.as_str()) {
            let content = fs::read_to_string(&path).unwrap();
            let _ = write!(text, " {:?}", without_ports(&content));
        }
        text.push('\n');
    }
    text
}

/// The answer that the test gives in place of a Cloud, and what comes of it.
fn answered(name: &str, answer: String) -> String {
    let server = Scripted::start(move |_| -> Answer { vec![answer.clone().into_bytes()] });
    let machine = machine();
    fs::write(machine.file("cloud_fullchain.pem"), &server.ca_pem).unwrap();
    let url = format!("-url={}", server.url);
    let arguments = ["-token=token-of-the-argument", "-rooms=room-1,room-2", &url];
    let ended = claim(&machine, name, &arguments);
    let text = told(&machine, name, &arguments, &ended);
    format!("{text}--- requests: {}\n", server.requests().len())
}

fn troubled(name: &str, trouble: Trouble) -> String {
    let server = Scripted::start(|_| vec![b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()]);
    let machine = machine();
    let url = format!("-url={}", server.url);
    let mut arguments = vec!["-token=token-of-the-argument", &url];
    if !matches!(trouble, Trouble::NotTrusted) {
        fs::write(machine.file("cloud_fullchain.pem"), &server.ca_pem).unwrap();
    }
    let refusing = refusing_proxy();
    let daemon = machine.root().join("run/netdata.pipe");
    match trouble {
        Trouble::NoToken => {
            fs::remove_file(machine.file("token")).unwrap();
            arguments.remove(0);
        }
        Trouble::BadRooms => arguments.push("-rooms=room-1,\"room 2\""),
        Trouble::BadUrl => arguments[1] = "-url=ftp://app.netdata.cloud",
        Trouble::BadProxy => arguments.push("-proxy=ftp://user:secret@proxy.example"),
        Trouble::ProxyOverTls => arguments.push("-proxy=https://user:secret@proxy.example"),
        Trouble::UnknownArgument => arguments.push("-frobnicate=secret"),
        Trouble::NobodyAtThatAddress => arguments[1] = NOBODY,
        Trouble::NoSuchName => arguments[1] = "-url=https://no-such-host.invalid",
        Trouble::ProxyRefuses => arguments.push(&refusing),
        Trouble::NotTrusted => {}
        Trouble::NotADirectory => {
            fs::remove_dir_all(machine.file("")).unwrap();
            fs::write(machine.root().join("etc/claim.d"), "").unwrap();
        }
        Trouble::NoMachineGuid => {
            fs::remove_dir_all(machine.root().join("lib/registry")).unwrap();
            fs::write(machine.root().join("lib/registry"), "").unwrap();
        }
        Trouble::DaemonRefuses => daemon_that_says(&daemon, b"X1\0Ethe Cloud is switched off\nby \x1b[2J somebody\0"),
        Trouble::DaemonIsSilent => daemon_that_says(&daemon, b""),
    }
    let claim = if matches!(trouble, Trouble::NoSuchName) { claim_without_name_servers } else { claim };
    let ended = claim(&machine, name, &arguments);
    let shown: Vec<&str> =
        arguments.iter().map(|argument| argument.split_once("127.0.0.1").map_or(*argument, |(a, _)| a)).collect();
    told(&machine, name, &shown, &ended)
}

/// A proxy that refuses everything, as an option.
fn refusing_proxy() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        }
    });
    format!("-proxy=http://{address}")
}

/// Something that listens where a daemon does, and answers everything with this.
fn daemon_that_says(path: &Path, answer: &'static [u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let listener = UnixListener::bind(path).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read_to_end(&mut Vec::new());
            let _ = stream.write_all(answer);
            let _ = stream.shutdown(Shutdown::Both);
        }
    });
}

#[test]
fn every_answer_has_its_words_its_exit_code_and_its_files() {
    let answers = answers();
    let table = std::thread::scope(|scope| {
        let answered = answers.iter().map(|(about, answer)| {
            let rows = NAMES.map(|name| scope.spawn(|| answered(name, answer.clone())));
            (*about, rows)
        });
        let troubled = TROUBLES.iter().map(|(about, trouble)| {
            let rows = NAMES.map(|name| scope.spawn(|| troubled(name, *trouble)));
            (*about, rows)
        });
        let cases: Vec<_> = answered.chain(troubled).collect();
        let mut table = String::new();
        for (about, rows) in cases {
            let _ = write!(table, "=== {about}\n{}\n", rows.map(|row| row.join().unwrap()).concat());
        }
        table
    });
    if std::env::var_os("ACLK_BLESS").is_some() {
        fs::write(TABLE, &table).unwrap();
    }
    let expected = fs::read_to_string(TABLE).unwrap_or_default();
    for (number, (told, expected)) in table.split("\n\n").zip(expected.split("\n\n")).enumerate() {
        assert_eq!(told, expected, "case {number}; ACLK_BLESS=1 writes the table anew");
    }
    assert_eq!(table.len(), expected.len(), "cases were added or removed");
}
