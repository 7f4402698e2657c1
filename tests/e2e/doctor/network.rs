//! Names, connections and proxies.

use super::{assert_ends, assert_ends_as, flat, step};
use crate::proxy::hidden_cloud;
use crate::support::*;
use aclk_cloud::server::{Handle, Options, Running};
use aclk_proxy::{Fault, Kind};
use std::fs;
use std::path::PathBuf;

/// The certificate of an authority that has signed nothing, in a file of `machine`.
pub(super) fn other_authority(machine: &Machine) -> PathBuf {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let file = machine.root().join("other.pem");
    fs::write(&file, params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem()).unwrap();
    file
}

/// A machine that is claimed at `cloud` through a proxy, and has forgotten the proxy.
fn claimed_through(proxy: &aclk_proxy::Running, cloud: &Handle) -> Machine {
    let machine = Machine::trusting(cloud);
    let ended = machine.claim(cloud, &[&format!("-proxy=http://{}", proxy.address())]);
    assert_eq!(ended.code, 0, "{ended:?}");
    machine
}

fn proxy(kind: Kind, credentials: Option<(&str, &str)>, cloud: &Handle) -> aclk_proxy::Running {
    let credentials = credentials.map(|(user, password)| (user.to_owned(), password.to_owned()));
    let config = aclk_proxy::Config { credentials, ..aclk_proxy::Config::new(kind) };
    let names = vec![("cloud.test".to_owned(), cloud.address())];
    aclk_proxy::Running::start(aclk_proxy::Options { names, ..aclk_proxy::Options::new(config) }).unwrap()
}

#[test]
fn a_name_that_nobody_knows_is_told_with_who_was_asked() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let says = ["cannot resolve \"no-such-host.invalid\"", "/etc/resolv.conf"];
    assert_ends(&machine, &["-url=https://no-such-host.invalid"], (25, "dns"), &says);
}

#[test]
fn a_connection_that_is_refused_is_told_from_one_that_is_not_answered() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    // Nobody listens at the first of all ports; any other may be taken by a test beside this one.
    let port = 1;
    let says =
        [&format!("127.0.0.1:{port}: connection refused"), "nothing listens at this port", "proxy = http://PROXY:PORT"];
    assert_ends(&machine, &[&format!("-url=https://127.0.0.1:{port}")], (26, "tcp"), &says);
}

/// In network namespaces of their own: one without any route, one whose only network swallows everything.
#[test]
fn without_a_route_and_without_an_answer_the_advice_differs() {
    if !have(&["unshare", "ip"]) || !may_unshare() {
        return;
    }
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let in_namespace = |setup: &'static str, url: &'static str| {
        let machine = &machine;
        move |more: &[&str]| {
            let script = format!("{setup} && exec \"$0\" \"$@\"");
            let mut all = vec!["-rn", "sh", "-c", script.as_str(), ACLK, "doctor", url];
            all.extend(more);
            machine.around(std::process::Command::new("unshare"), &all)
        }
    };
    let unreachable = in_namespace("ip link set lo up", "-url=https://192.0.2.1");
    assert_ends_as(
        unreachable,
        (26, "tcp"),
        &["192.0.2.1:443: network is unreachable", "There is no route to this address"],
    );
    // A cable whose other end takes everything and says nothing.
    let silent = "ip link add d0 type veth peer name d1 && ip addr add 192.0.2.2/24 dev d0 && ip link set d0 up && \
                  ip link set d1 up && ip neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev d0";
    if run({
        let mut command = std::process::Command::new("unshare");
        command.args(["-rn", "sh", "-c", silent]);
        command
    })
    .code
        != 0
    {
        return println!("skipped: the kernel has no veth");
    }
    let ended = run(in_namespace(silent, "-url=https://192.0.2.1")(&[]));
    assert_eq!(ended.code, 26, "{ended:?}");
    let text = flat(&ended.stdout);
    assert!(
        text.contains("192.0.2.1:443: no answer within 10 s") && text.contains("a firewall drops the packets"),
        "{text}"
    );
}

/// protocol.md 7, row 10: in a container a seccomp profile may refuse a call, and the program hears something misleading.
#[test]
fn a_call_that_the_system_refuses_is_named() {
    if !have(&["python3"]) {
        return;
    }
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    for (error, words) in [("1", "operation not permitted"), ("38", "function not implemented")] {
        let command = |more: &[&str]| {
            let mut all = vec!["-c", REFUSE_CONNECT, error, ACLK, "doctor"];
            all.extend(more);
            machine.around(std::process::Command::new("python3"), &all)
        };
        let says = [words, "refused a call of this program", "seccomp profile", "--security-opt seccomp=unconfined"];
        assert_ends_as(command, (26, "tcp"), &says);
    }
}

/// Becomes another program, for which connect(2) over IP fails with an error number: a filter as container runtimes set it.
const REFUSE_CONNECT: &str = r#"
import ctypes, os, platform, struct, sys
call = {"x86_64": 42, "aarch64": 203}[platform.machine()]
code = lambda op, yes, no, k: struct.pack("=HBBI", op, yes, no, k)
# Load the number of the call; if it is connect, load the size of the address; if that of an AF_UNIX one, let it pass.
filter = code(0x20, 0, 0, 0) + code(0x15, 0, 3, call) + code(0x20, 0, 0, 32) + code(0x15, 0, 1, 16)
filter += code(0x06, 0, 0, 0x00050000 | int(sys.argv[1])) + code(0x06, 0, 0, 0x7fff0000)
room = ctypes.create_string_buffer(filter)
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Program(len(filter) // 8, ctypes.addressof(room)))) == 0
os.execv(sys.argv[2], sys.argv[2:])
"#;

/// Whether this user may have namespaces of its own.
fn may_unshare() -> bool {
    let done = run({
        let mut command = std::process::Command::new("unshare");
        command.args(["-rn", "true"]);
        command
    });
    if done.code != 0 {
        println!("skipped: this user may not make namespaces");
    }
    done.code == 0
}

#[test]
fn an_address_that_is_passed_over_is_a_note() {
    let cloud = Running::start(Options { listen: "127.0.0.1:0".parse().unwrap(), ..Options::default() }).unwrap();
    let machine = Machine::claimed(&cloud);
    if !have(&["unshare"])
        || run({
            let mut command = std::process::Command::new("unshare");
            command.args(["-rm", "true"]);
            command
        })
        .code
            != 0
        || std::net::TcpListener::bind("[::1]:0").is_err()
    {
        return println!("skipped: no namespaces, or no IPv6");
    }
    let hosts = machine.root().join("hosts");
    fs::write(&hosts, "::1 localhost\n127.0.0.1 localhost\n").unwrap();
    let script = format!("mount --bind {} /etc/hosts && exec \"$0\" doctor", hosts.display());
    let ended = run(machine.around(std::process::Command::new("unshare"), &["-rm", "sh", "-c", &script, ACLK]));
    assert_eq!(ended.code, 0, "{ended:?}");
    let text = flat(&ended.stdout);
    assert!(
        text.contains("note tcp [::1]:") && text.contains(": connection refused connected to the Cloud at 127.0.0.1:"),
        "{text}"
    );
    assert!(text.contains("Addresses that cannot be reached cost time at every connection"), "{text}");
}

#[test]
fn the_proxy_is_named_with_who_says_so_when_it_works() {
    let cloud = hidden_cloud();
    let proxy = proxy(Kind::Http, None, &cloud);
    let machine = claimed_through(&proxy, &cloud);
    let ended = machine.run(&["doctor"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let text = flat(&ended.stdout);
    let address = proxy.address();
    assert!(text.contains(&format!("connected to the proxy at {address}")), "{text}");
    assert!(text.contains(&format!("http://{address} made a tunnel ([global] proxy in cloud.conf)")), "{text}");
}

/// What the proxy does, and what is said.
const FAULTS: &[(&str, &[&str])] = &[
    ("status-407", &["answered \"HTTP/1.1 407 Proxy Authentication Required\"", "heck user name and password"]),
    ("status-403", &["answered \"HTTP/1.1 403 ", "do not allow a connection to this host and port"]),
    ("status-502", &["answered \"HTTP/1.1 502 Bad Gateway\"", "can the proxy look up the name of the Cloud"]),
    ("garbage", &["does not answer as an HTTP proxy does", "for SOCKS write socks5h://"]),
    ("close", &["closed the connection without an answer", "is this the right port"]),
];

#[test]
fn a_proxy_that_makes_no_tunnel_is_named_with_the_place_to_change_it() {
    let cloud = hidden_cloud();
    let proxy = proxy(Kind::Http, Some(("alice", "hunter2")), &cloud);
    let machine = Machine::trusting(&cloud);
    machine.configure(&format!("[cloud]\nproxy = http://alice:hunter2@{}\n", proxy.address()));
    assert_eq!(machine.claim(&cloud, &[]).code, 0);
    for (fault, says) in FAULTS {
        println!("{fault}");
        proxy.set_fault(Some(fault.parse::<Fault>().unwrap_or_else(|_| panic!("{fault}"))));
        let mut says = says.iter().map(|text| text.to_lowercase()).collect::<Vec<_>>();
        let ended = machine.run(&["doctor"]);
        assert_eq!(ended.code, 27, "{ended:?}");
        says.push(format!(
            "the proxy is http://{} (with credentials), from [cloud] proxy in netdata.conf",
            proxy.address()
        ));
        let text = flat(&ended.stdout).to_lowercase();
        for phrase in &says {
            assert!(text.contains(phrase), "no {phrase:?} in\n{}", ended.stdout);
        }
        let json = machine.run(&["doctor", "--json"]);
        assert_eq!((json.code, &json.json()["failed"]), (27, &"proxy".into()));
        assert!(!text.contains("hunter2") && !json.stdout.contains("hunter2"), "{json:?}");
    }
    // Nobody listens at the first of all ports; that of our proxy could be taken by a test beside this one.
    machine.configure("[cloud]\nproxy = http://127.0.0.1:1\n");
    let says =
        ["the proxy 127.0.0.1:1:", "connection refused", "Is the proxy running, and are its host and port right?"];
    assert_ends(&machine, &[], (26, "tcp"), &says);
}

/// A proxy, firewall or virus scanner that breaks TLS open.
#[test]
fn who_opens_tls_on_the_way_is_named() {
    let (cloud, impostor) = (hidden_cloud(), hidden_cloud());
    let good = proxy(Kind::Http, None, &cloud);
    let machine = claimed_through(&good, &cloud);
    let bad = proxy(Kind::Http, None, &impostor);
    let ended = machine.run(&["doctor", &format!("-proxy=http://{}", bad.address())]);
    assert_eq!(ended.code, 28, "{ended:?}");
    let text = flat(&ended.stdout);
    assert!(text.contains("issued by \"aclk emulated Cloud intermediate\""), "{text}");
    assert!(impostor.with(|cloud, _| cloud.view()).nodes.is_empty());
}

/// protocol.md 7, row 8: claim works and link does not, or the reverse.
#[test]
fn a_proxy_in_the_environment_that_nobody_asks_for_is_named() {
    let hidden = hidden_cloud();
    let through = proxy(Kind::Http, None, &hidden);
    let machine = claimed_through(&through, &hidden);
    fs::write(machine.file("cloud.conf"), format!("[global]\nenabled = yes\ncloud base url = {}\n", hidden.url()))
        .unwrap();
    let with = |machine: &Machine, more: &[&str]| {
        let mut all = vec!["doctor"];
        all.extend(more);
        let mut command = machine.command(&all);
        command.env("http_proxy", format!("http://u:hunter2@{}", through.address()));
        command
    };
    let says = ["The environment names a proxy (http_proxy)", "proxy = env"];
    let value = assert_ends_as(|more| with(&machine, more), (25, "dns"), &says);
    assert!(!value.to_string().contains("hunter2"));
    // Where the way is open without it, that is a note.
    let open = cloud("");
    let machine = Machine::claimed(&open);
    let ended = run(with(&machine, &[]));
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        flat(&ended.stdout).contains("note proxy none is used, though the environment names one (http_proxy)"),
        "{ended:?}"
    );
    // Nor is it one where somebody decided against it.
    machine.configure("[cloud]\nproxy = none\n");
    let json = run(with(&machine, &["--json"]));
    assert_eq!(step(&json.json(), "proxy", "ok")["cause"], serde_json::Value::Null);
}
