//! The command line of the emulated Cloud: `aclk cloud`.

use crate::fault::{Fault, FaultPlan};
use crate::server::{Handle, KeyKind, Options, Server, raise_file_limit};
use lexopt::{Arg, Parser, ValueExt};
use serde_json::json;
use std::ffi::OsString;
use std::fmt::{self, Display, Write as _};
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU8;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// What `--help` prints.
pub const HELP: &str = "\
usage: aclk cloud [OPTIONS]

An emulated Netdata Cloud on this machine, for devices and Agents under test. Prints its URL, the file with its
certification authority, its Space, a claiming token, the War Rooms and the administrator's page, then what happens. SIGTERM or SIGINT ends it.

  --listen ADDR:PORT   where to listen; default: 127.0.0.1:0, which is any free port
  --state DIR          keep Spaces, tokens, nodes and certificates there; default: forget them in the end
  --host NAME          the host in the URL; default: localhost
  --name NAME          one more name or address for the certificate; may be repeated. It always has localhost,
                       127.0.0.1, ::1, 10.0.2.2 and that of --host
  --admin ADDR:PORT    where administrators find the page and the API, over plain HTTP; default: 127.0.0.1:0; with
                       off they are not served
  --public-url URL     the base URL that /env tells; default: the name that the client asks for, and our port
  --mqtt-url URL       the MQTT endpoint that /env tells, if another broker is to be used; its path is /mqtt. Default:
                       the broker of this Cloud
  --key KIND           p256, p384 or rsa, for all keys of the certificate chain; default: p256, or what DIR has
  --intermediates N    intermediate certificates between that of the authority and ours: 1 to 8; default: 1
  --fault FAULT        break something: NAME, NAME=VALUE, NAME@STEP or NAME@STEP*TIMES, as in status-503@env*2;
                       may be repeated
  --list-faults        all faults, their steps and values
  --json               print one JSON object, {\"url\",\"ca\",\"space\",\"token\",\"rooms\":[…],\"admin_url\",
                       \"admin_token\"}, once it listens; what happens goes to standard error
  --quiet              do not tell what happens; what thousands of devices do is a lot

exit code: 0 ended by a signal; 1 arguments; 2 cannot listen, or the state cannot be used";

/// The largest number of intermediate certificates: more than any client lets in.
const INTERMEDIATES_MAX: NonZeroU8 = NonZeroU8::new(8).unwrap();

/// Exit codes beside 0.
const USAGE: u8 = 1;
const UNUSABLE: u8 = 2;

struct Wanted {
    options: Options,
    json: bool,
    quiet: bool,
}

enum Task {
    Serve(Box<Wanted>),
    Print(String),
}

/// Why the command does not begin.
#[derive(Debug)]
struct Refusal(String);

impl Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<lexopt::Error> for Refusal {
    fn from(error: lexopt::Error) -> Self {
        Self(error.to_string())
    }
}

/// Runs the command with the arguments behind its name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match parse(arguments) {
        Ok(Task::Print(text)) => {
            say(text);
            ExitCode::SUCCESS
        }
        Ok(Task::Serve(wanted)) => match serve(*wanted) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("aclk cloud: {error}");
                ExitCode::from(UNUSABLE)
            }
        },
        Err(refusal) => {
            eprintln!("aclk cloud: {refusal}\nhint: see \"aclk cloud --help\"");
            ExitCode::from(USAGE)
        }
    }
}

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Task, Refusal> {
    let options = Options { admin: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))), ..Options::default() };
    let mut wanted = Wanted { options, json: false, quiet: false };
    let options = &mut wanted.options;
    let mut parser = Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("help") | Arg::Short('h') => return Ok(Task::Print(HELP.to_owned())),
            Arg::Long("list-faults") => return Ok(Task::Print(list_of_faults())),
            Arg::Long("listen") => {
                let text = parser.value()?.string()?;
                let advice = || Refusal(format!("--listen: {text:?} is not an address with a port, as 127.0.0.1:8443"));
                options.listen = text.parse().map_err(|_| advice())?;
            }
            Arg::Long("admin") => options.admin = admin(&parser.value()?.string()?)?,
            Arg::Long("state") => options.state = Some(PathBuf::from(parser.value()?)),
            Arg::Long("host") => options.host = host(&parser.value()?.string()?)?,
            Arg::Long("name") => options.names.push(host(&parser.value()?.string()?)?),
            Arg::Long("public-url") => options.config.public_url = Some(public_url(parser.value()?.string()?)?),
            Arg::Long("mqtt-url") => options.config.mqtt_url = Some(mqtt_url(parser.value()?.string()?)?),
            Arg::Long("key") => options.key = Some(key(&parser.value()?.string()?)?),
            Arg::Long("intermediates") => options.intermediates = intermediates(&parser.value()?.string()?)?,
            Arg::Long("fault") => add_faults(&mut options.config.faults, &parser.value()?.string()?)?,
            Arg::Long("json") => wanted.json = true,
            Arg::Long("quiet") => wanted.quiet = true,
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Task::Serve(Box::new(wanted)))
}

/// Where administrators are served, if anywhere.
fn admin(text: &str) -> Result<Option<SocketAddr>, Refusal> {
    if text == "off" {
        return Ok(None);
    }
    let advice =
        |_| Refusal(format!("--admin: {text:?} is neither an address with a port, as 127.0.0.1:8000, nor off"));
    text.parse().map(Some).map_err(advice)
}

/// A name or address that can stand in a certificate and in a URL.
fn host(text: &str) -> Result<String, Refusal> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:_*".contains(&byte);
    if text.is_empty() || !text.bytes().all(good) {
        return Err(Refusal(format!("{text:?} is neither a host name nor an address")));
    }
    Ok(text.to_owned())
}

fn public_url(url: String) -> Result<String, Refusal> {
    match url.strip_prefix("https://") {
        Some(rest) if !rest.is_empty() && !rest.starts_with('/') => Ok(url),
        _ => Err(Refusal(format!("--public-url: {url:?} does not look like https://cloud.example:8443"))),
    }
}

/// Clients know the path and use no other (protocol.md 2.8).
fn mqtt_url(url: String) -> Result<String, Refusal> {
    let host =
        url.strip_prefix("https://").or_else(|| url.strip_prefix("wss://")).and_then(|rest| rest.strip_suffix("/mqtt"));
    match host {
        Some(host) if !host.is_empty() && !host.contains('/') => Ok(url),
        _ => Err(Refusal(format!("--mqtt-url: {url:?} does not look like https://broker.example:8443/mqtt"))),
    }
}

fn key(name: &str) -> Result<KeyKind, Refusal> {
    let kinds = [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048];
    let found = kinds.into_iter().find(|kind| kind.name() == name);
    found.ok_or_else(|| Refusal(format!("--key: {name:?} is neither p256 nor p384 nor rsa")))
}

fn intermediates(text: &str) -> Result<NonZeroU8, Refusal> {
    let count = text.parse().ok().filter(|count: &NonZeroU8| *count <= INTERMEDIATES_MAX);
    count.ok_or_else(|| Refusal(format!("--intermediates: {text:?} is not a number from 1 to {INTERMEDIATES_MAX}")))
}

fn add_faults(plan: &mut FaultPlan, text: &str) -> Result<(), Refusal> {
    for fault in text.split(',') {
        plan.add(fault.trim()).map_err(|error| Refusal(format!("--fault: {error}")))?;
    }
    Ok(())
}

fn list_of_faults() -> String {
    let mut text = String::new();
    for fault in Fault::list() {
        let name = match fault.value {
            Some((meaning, default)) => format!("{}[={meaning}, {default}]", fault.name),
            None => fault.name.to_owned(),
        };
        let steps: Vec<_> = fault.steps.iter().map(|step| step.name()).collect();
        let _ = writeln!(text, "{name:36} {}\n{:36} @ {}", fault.about, "", steps.join(", "));
    }
    text.truncate(text.trim_end().len());
    text
}

fn serve(wanted: Wanted) -> io::Result<()> {
    let Wanted { mut options, json, quiet } = wanted;
    if let Some(address) = options.admin.filter(|address| !address.ip().is_loopback()) {
        eprintln!("aclk cloud: warning: --admin {address} is plain HTTP: everybody on the way can read the credential");
    }
    if !quiet {
        options.on_event = Some(Box::new(move |event| {
            if json {
                let _ = writeln!(io::stderr().lock(), "{event}");
            } else {
                say(event);
            }
        }));
    }
    raise_file_limit();
    options.restarts = options.state.is_some();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let again = runtime.block_on(async {
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let server = Server::bind(options).await?;
        let handle = server.handle();
        say(if json { one_line(&handle) } else { introduction(&handle) });
        let serving = server.run();
        tokio::pin!(serving);
        tokio::select! {
            () = &mut serving => {
                let again = Again::of(&handle);
                let away = again.as_ref().map_or(Duration::ZERO, |again| again.away);
                return tokio::select! {
                    () = tokio::time::sleep(away) => Ok(again),
                    _ = terminate.recv() => Ok(None),
                    _ = interrupt.recv() => Ok(None),
                };
            }
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        handle.stop();
        tokio::select! {
            () = &mut serving => {}
            // Whoever asks twice has no patience.
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok::<_, io::Error>(None)
    })?;
    again.map_or(Ok(()), Again::begin)
}

/// An administrator wants it to begin anew.
struct Again {
    away: Duration,
    listen: SocketAddr,
    admin: Option<SocketAddr>,
}

impl Again {
    fn of(handle: &Handle) -> Option<Self> {
        Some(Self { away: handle.restart()?, listen: handle.address(), admin: handle.admin_address() })
    }

    /// Becomes the same program once more, at the addresses that it had: nothing is left but what is on the disk.
    fn begin(self) -> io::Result<()> {
        let mut command = std::process::Command::new(std::env::current_exe()?);
        command.args(std::env::args_os().skip(1)).args(["--listen", &self.listen.to_string()]);
        if let Some(admin) = self.admin {
            command.args(["--admin", &admin.to_string()]);
        }
        Err(command.exec())
    }
}

fn one_line(handle: &Handle) -> String {
    let (space, token, rooms) = handle.with(|cloud, _| {
        let rooms: Vec<String> = cloud.rooms().iter().map(|room| room.id.clone()).collect();
        (cloud.space().id.clone(), cloud.token().to_owned(), rooms)
    });
    let mut object =
        json!({"url": handle.url(), "ca": handle.ca_file(), "space": space, "token": token, "rooms": rooms});
    if let Some((url, credential)) = handle.admin_url().zip(handle.admin_credential()) {
        object["admin_url"] = url.into();
        object["admin_token"] = credential.into();
    }
    object.to_string()
}

fn introduction(handle: &Handle) -> String {
    let mut text = "An emulated Netdata Cloud\n\n".to_owned();
    let _ = writeln!(text, "  URL       {}", handle.url());
    let _ = writeln!(text, "  CA file   {}", handle.ca_file().display());
    handle.with(|cloud, _| {
        let _ = writeln!(text, "  Space     {} ({})", cloud.space().id, cloud.space().name);
        let _ = writeln!(text, "  Token     {}", cloud.token());
        for (index, room) in cloud.rooms().into_iter().enumerate() {
            let _ = writeln!(text, "  {:9} {} ({})", if index == 0 { "Rooms" } else { "" }, room.id, room.name);
        }
    });
    if let Some((url, credential)) = handle.admin_url().zip(handle.admin_credential()) {
        let _ = writeln!(text, "  Page      {url} for administrators, who log in with");
        let _ = writeln!(text, "            {credential}");
    }
    text
}

/// Writes a line to standard output. A reader that has gone away (`| head`) is no reason to end.
fn say(text: impl Display) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

#[cfg(test)]
mod tests {
    use super::{Task, list_of_faults, parse};
    use crate::fault::Fault;
    use crate::server::KeyKind;
    use std::ffi::OsString;

    fn refusal(list: &[&str]) -> String {
        match parse(list.iter().map(OsString::from)) {
            Err(refusal) => refusal.to_string(),
            Ok(_) => panic!("{list:?} was taken"),
        }
    }

    #[test]
    fn every_option_is_taken() {
        let list = [
            "--listen=[::1]:8443",
            "--state",
            "x",
            "--host",
            "cloud.test",
            "--name=10.0.0.1",
            "--public-url",
            "https://a.example",
            "--mqtt-url=https://b.example/mqtt",
            "--admin",
            "127.0.0.1:8000",
            "--key",
            "rsa",
            "--intermediates=6",
            "--fault",
            "status-503@env*2,reset@claim",
            "--json",
            "--quiet",
        ];
        let Ok(Task::Serve(wanted)) = parse(list.iter().map(OsString::from)) else { panic!("refused") };
        assert!(wanted.json && wanted.quiet);
        assert_eq!(wanted.options.listen.port(), 8443);
        assert_eq!(wanted.options.admin.unwrap().port(), 8000);
        assert_eq!((wanted.options.host.as_str(), wanted.options.names), ("cloud.test", vec!["10.0.0.1".to_owned()]));
        assert_eq!(wanted.options.key, Some(KeyKind::Rsa2048));
        assert_eq!(wanted.options.intermediates.get(), 6);
        assert_eq!(wanted.options.config.mqtt_url.as_deref(), Some("https://b.example/mqtt"));
        assert_eq!(wanted.options.config.faults.to_string(), "status-503@env*2,reset@claim");
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_reason() {
        for (list, reason) in [
            (
                &["--listen", "localhost"][..],
                "--listen: \"localhost\" is not an address with a port, as 127.0.0.1:8443",
            ),
            (&["--admin=on"], "--admin: \"on\" is neither an address with a port, as 127.0.0.1:8000, nor off"),
            (&["--key=dsa"], "--key: \"dsa\" is neither p256 nor p384 nor rsa"),
            (&["--intermediates=0"], "--intermediates: \"0\" is not a number from 1 to 8"),
            (&["--intermediates=9"], "--intermediates: \"9\" is not a number from 1 to 8"),
            (&["--fault=nonsense"], "--fault: there is no fault \"nonsense\" (--list-faults shows them all)"),
            (&["--public-url=http://a"], "--public-url: \"http://a\" does not look like https://cloud.example:8443"),
            (
                &["--mqtt-url=https://a/mqtt/more"],
                "--mqtt-url: \"https://a/mqtt/more\" does not look like https://broker.example:8443/mqtt",
            ),
            (&["--name=a b"], "\"a b\" is neither a host name nor an address"),
            (&["--frobnicate"], "invalid option '--frobnicate'"),
            (&["--state"], "missing argument for option '--state'"),
        ] {
            assert_eq!(refusal(list), reason);
        }
    }

    #[test]
    fn every_fault_is_listed_with_its_steps() {
        let text = list_of_faults();
        for fault in Fault::list() {
            assert!(text.lines().any(|line| line.starts_with(fault.name) && line.ends_with(fault.about)), "{fault:?}");
        }
        assert!(text.contains("\n                                     @ claim, env, challenge, password, upgrade\n"));
    }
}
