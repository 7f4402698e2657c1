//! `aclk run --net tap:NAME`: our own TCP/IP on a TAP device, in network namespaces that nothing leads out of.

use crate::local_api::{Client, address, page_of};
use crate::socket::utc;
use crate::support::*;
use aclk_cloud::server::{Handle, Options, Running};
use aclk_cloud::{Config, NodeState};
use aclk_lan::{Faults, Lan};
use aclk_proxy::Kind;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc;
use tokio_tun::{Tun, TunBuilder};

/// Set for the process that runs in the namespace.
const INSIDE: &str = "ACLK_E2E_INSIDE";

/// Runs `body`, that of the test `name`, in a network namespace of its own: it goes with the last process in it, however
/// that ends.
fn in_a_namespace(name: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        ip("link set lo up");
        return body();
    }
    let mut probe = Command::new("unshare");
    probe.args(["--net", "ip", "tuntap", "add", "probe", "mode", "tap"]);
    match probe.output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => return println!("skipped: {}", String::from_utf8_lossy(&output.stderr).trim()),
        Err(error) => return println!("skipped: unshare: {error}"),
    }
    let mut again = Command::new("unshare");
    again.arg("--net").arg(std::env::current_exe().unwrap()).env(INSIDE, "1");
    again.args(["--exact", "--nocapture", &format!("tap::{name}")]);
    let ended = run(again);
    println!("{}{}", ended.stdout, ended.stderr);
    assert!(ended.code == 0 && ended.stdout.contains("1 passed"), "it failed in its namespace");
}

fn ip(arguments: &str) -> String {
    let mut command = Command::new("ip");
    command.args(arguments.split(' '));
    let ended = run(command);
    assert_eq!(ended.code, 0, "ip {arguments}: {ended:?}");
    ended.stdout
}

/// A TAP device; at its near end this machine is 10.9.0.1.
fn tap0() {
    ip("tuntap add tap0 mode tap");
    ip("address add 10.9.0.1/24 dev tap0");
    ip("link set tap0 up");
}

/// A Cloud at the near end, which a second one with the same `state` can take the place of.
fn cloud_at(listen: &str, state: Option<PathBuf>) -> Running {
    let listen: SocketAddr = listen.parse().unwrap();
    let host = listen.ip().to_string();
    Running::start(Options { listen, host, state, config: Config::default(), ..Options::default() }).unwrap()
}

fn state(cloud: &Handle) -> NodeState {
    cloud.with(|cloud, _| cloud.view()).nodes[0].state
}

/// The firmware application goes through a proxy with the same driver, and its own resolver is not asked for the Cloud.
#[test]
fn a_link_with_its_own_tcp_ip_goes_through_a_proxy() {
    in_a_namespace("a_link_with_its_own_tcp_ip_goes_through_a_proxy", || {
        tap0();
        for (scheme, kind, host) in [
            ("http", Kind::Http, "cloud.test"),
            ("socks5h", Kind::Socks, "cloud.test"),
            ("socks5", Kind::Socks, "10.9.0.1"),
        ] {
            let options = Options { host: host.to_owned(), config: Config::default(), ..Options::default() };
            let cloud = Running::start(options).unwrap();
            let credentials = Some(("alice".to_owned(), "hunter2".to_owned()));
            let options = aclk_proxy::Options {
                listen: "10.9.0.1:0".parse().unwrap(),
                names: vec![(host.to_owned(), cloud.address())],
                ..aclk_proxy::Options::new(aclk_proxy::Config { credentials, ..aclk_proxy::Config::new(kind) })
            };
            let proxy = aclk_proxy::Running::start(options).unwrap();
            let machine = Machine::trusting(&cloud);
            machine.configure(&format!("[cloud]\nproxy = {scheme}://alice:hunter2@{}\n", proxy.address()));
            let ended = machine.claim(&cloud, &[]);
            assert_eq!(ended.code, 0, "{ended:?}");
            let link = machine.start(&["--net", "tap:tap0", "--address", "10.9.0.2/24"]);
            link.wait_for("ACLK: online as", 0);
            assert_eq!(proxy.asked(), vec![format!("{host}:{}", cloud.address().port()); 5], "{scheme}");
            let (status, said) = link.stop();
            assert!(status.success() && said.ends_with("ACLK: ends"), "{said}");
            wait_until("the Cloud sees it leave", || state(&cloud) == NodeState::Offline);
            assert!(!events(&cloud).iter().any(|event| event.contains("will")), "it left in order");
        }
    });
}

#[test]
fn a_link_with_its_own_tcp_ip_survives_a_restart_of_the_cloud_and_says_farewell() {
    in_a_namespace("a_link_with_its_own_tcp_ip_survives_a_restart_of_the_cloud_and_says_farewell", || {
        tap0();
        let directory = Machine::new();
        let kept = Some(directory.root().join("cloud"));
        let first = cloud_at("10.9.0.1:0", kept.clone());
        let address = first.url().strip_prefix("https://").unwrap().to_owned();
        let machine = Machine::claimed(&first);

        let before = utc();
        let link = machine.start(&["--net", "tap:tap0", "--address", "10.9.0.2/24"]);
        let seen = link.wait_for("ACLK: online as", 0);
        assert_eq!((state(&first), machine.status().0), (NodeState::Online, 0));
        let neighbours = ip("neighbour show 10.9.0.2");
        assert!(neighbours.contains("lladdr 02:"), "it has addresses of its own: {neighbours}");
        let seen = link.wait_for("ACLK: live as the node", seen);
        let reply = ask(&first, &machine, "/api/v1/charts");
        assert_eq!(reply.code, 200, "{reply:?}");
        let charts = String::from_utf8(reply.body).unwrap();
        for chart in ["system.cpu", "net.tap0", "firmware.net", "firmware.tcp"] {
            assert!(charts.contains(&format!("\n\"{chart}\":{{")), "no {chart} in {charts}");
        }

        drop(first);
        let seen = link.wait_for("ACLK: offline: ", seen);
        let second = cloud_at(&address, kept);
        let seen = link.wait_for("ACLK: online as", seen);
        assert_eq!(state(&second), NodeState::Online);
        // The clock of our own stack is another one than that of the sockets.
        let told = machine.state();
        assert_eq!((&told["online"], &told["reconnect-count"]), (&true.into(), &1.into()));
        for key in ["last-connect-time-utc", "last-disconnect-time-utc"] {
            let time = told[key].as_str().unwrap();
            assert!(*before <= *time && *time <= *utc(), "{key}: {told}");
        }

        link.signal("HUP");
        link.wait_for("ACLK: online as", link.wait_for("begins anew: SIGHUP", seen));

        let (status, said) = link.stop();
        assert!(status.success() && said.ends_with("ACLK: ends"), "{said}");
        wait_until("the Cloud sees it leave", || state(&second) == NodeState::Offline);
        let events = events(&second);
        assert!(!events.iter().any(|event| event.contains("will")), "it left in order: {events:?}");
        assert_eq!(second.with(|cloud, _| cloud.deviations().to_vec()), []);
    });
}

#[test]
fn its_neighbours_ask_it_on_its_own_address() {
    in_a_namespace("its_neighbours_ask_it_on_its_own_address", || {
        tap0();
        let cloud = cloud_at("10.9.0.1:0", None);
        let machine = Machine::claimed(&cloud);
        let link = machine.start(&["--net=tap:tap0", "--address=10.9.0.2/24", "--listen=127.0.0.1:0"]);
        link.wait_for("ACLK: live as", 0);
        let device: SocketAddr = "10.9.0.2:19999".parse().unwrap();
        for _ in 0..30 {
            assert_eq!(Client::connect(device).get("/api/v1/info").status, 200, "one after the other");
        }
        for target in ["/api/v1/info", "/api/v1/charts", "/api/v3/info"] {
            let answer = Client::connect(device).get(target);
            assert!(answer.status == 200 && answer.json().is_object(), "{target}: {answer:?}");
        }
        assert_eq!(Client::connect(device).get("/").status, 404, "the page is on the sockets of the machine");
        // Both have the same node, and its clock.
        let here = Client::connect(address(&page_of(&link))).get("/api/v3/info");
        let there = Client::connect(device).get("/api/v3/info");
        assert_eq!(here.json()["cloud"]["since"], there.json()["cloud"]["since"]);
        assert_eq!(here.json()["cloud"]["status"], "online");
        // Who hangs is let go, and the link does not notice.
        // (A socket that has served listens again once the application had its turn.)
        let connect = || {
            let mut stream = None;
            wait_until("a socket listens", || {
                stream = std::net::TcpStream::connect(device).ok();
                stream.is_some()
            });
            stream
        };
        let hanging = [connect(), connect()];
        assert!(std::net::TcpStream::connect(device).is_err(), "it has two sockets for this");
        wait_until("there is room again", || std::net::TcpStream::connect(device).is_ok());
        drop(hanging);
        assert!(!link.said().contains("offline"), "{}", link.said());
        assert_eq!(cloud.with(|cloud, _| cloud.deviations().to_vec()), []);
    });
}

#[test]
fn an_idle_link_sleeps() {
    in_a_namespace("an_idle_link_sleeps", || {
        tap0();
        let cloud = cloud_at("10.9.0.1:0", None);
        let machine = Machine::claimed(&cloud);
        let link = machine.start(&["--net=tap:tap0", "--address=10.9.0.2/24"]);
        link.wait_for("ACLK: online as", 0);
        link.assert_idle();
    });
}

#[test]
fn an_address_a_name_server_and_a_way_out_come_by_dhcp() {
    in_a_namespace("an_address_a_name_server_and_a_way_out_come_by_dhcp", || {
        // The program has one TAP device, the router of the test another, and a bridge joins them.
        ip("link add br0 type bridge");
        for tap in ["tap0", "tap1"] {
            ip(&format!("tuntap add {tap} mode tap"));
            ip(&format!("link set {tap} master br0 up"));
        }
        ip("link set br0 up");
        let cloud = cloud("");
        let machine = Machine::trusting(&cloud);
        let link = machine.start(&["--net", "tap:tap0"]);
        link.wait_for("note: config: no address after 10 s, still trying: no DHCP server has given one", 0);
        // Nor is a claim missed that is made meanwhile.
        assert_eq!(machine.claim(&cloud, &[]).code, 0);
        link.wait_for("the claim directory was changed: claimed as", 0);
        // The name `localhost` means the router to it, and so does its address: all that it has, it got from there.
        let _router = Router::start("tap1");
        link.wait_for("ACLK: online as", 0);
        let (status, said) = link.stop();
        assert!(status.success() && said.contains("env dns "), "{said}");
        wait_until("the Cloud sees it leave", || state(&cloud) == NodeState::Offline);
        assert!(!events(&cloud).iter().any(|event| event.contains("will")));
    });
}

#[test]
fn a_device_that_goes_down_is_told_and_one_that_is_gone_ends_it() {
    in_a_namespace("a_device_that_goes_down_is_told_and_one_that_is_gone_ends_it", || {
        tap0();
        let cloud = cloud_at("10.9.0.1:0", None);
        let machine = Machine::claimed(&cloud);
        let link = machine.start(&["--net", "tap:tap0", "--address", "10.9.0.2/24"]);
        let seen = link.wait_for("ACLK: online as", 0);
        ip("link set tap0 down");
        let seen = link.wait_for("the TAP device tap0 is down, nothing can be sent; hint: ip link set tap0 up", seen);
        ip("link set tap0 up");
        link.wait_for("the TAP device tap0 is up", seen);
        ip("link delete tap0");
        let (status, said) = link.wait();
        assert_eq!(status.code(), Some(1), "{said}");
        assert!(said.contains("config: TAP device tap0: it was removed"), "{said}");
    });
}

#[test]
fn a_device_that_cannot_be_used_is_explained() {
    in_a_namespace("a_device_that_cannot_be_used_is_explained", || {
        tap0();
        ip("tuntap add tun0 mode tun");
        ip("tuntap add small mode tap");
        ip("link set small mtu 400");
        let cloud = cloud("");
        let (first, second) = (Machine::trusting(&cloud), Machine::trusting(&cloud));
        let holder = first.start(&["--net", "tap:tap0"]);
        holder.wait_for("not claimed; waiting", 0);
        for (name, cause) in [
            ("tap0", "another program uses it"),
            ("tun0", "there is an interface of this name that is no TAP device with one queue"),
            ("lo", "there is an interface of this name that is no TAP device with one queue"),
            ("small", "its MTU of 400 bytes is too small"),
        ] {
            let ended = second.run(&["run".to_owned(), format!("--net=tap:{name}")]);
            assert_eq!(ended.code, 1, "{ended:?}");
            assert!(ended.stderr.contains(&format!("config: TAP device {name}: {cause}\n")), "{ended:?}");
        }
        assert!(holder.stop().0.success());
    });
}

/// A router on a TAP device; it goes when this is dropped.
struct Router {
    _off: tokio::sync::oneshot::Sender<()>,
}

impl Router {
    fn start(tap: &'static str) -> Self {
        let (off, switched_off) = tokio::sync::oneshot::channel();
        let (tell, is_on) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let tun = TunBuilder::new().name(tap).tap().build().unwrap().pop().unwrap();
                tell.send(()).unwrap();
                tokio::select! {
                    () = route(tun) => {}
                    _ = switched_off => {}
                }
            });
        });
        is_on.recv().unwrap();
        Self { _off: off }
    }
}

async fn route(tun: Tun) {
    let lan = Lan::new(1, Faults::none(), aclk_lan::Config::default()).unwrap();
    let (mut plug, host) = aclk_lan::host::Host::new(lan, [2, 0, 0, 0, 0, 2]);
    let carry = async {
        let mut frame = [0; 1_600];
        loop {
            tokio::select! {
                len = tun.recv(&mut frame) => plug.send_frame(frame[..len.unwrap()].to_vec()).await,
                frame = plug.next_frame() => drop(tun.send(&frame.unwrap()).await),
            }
        }
    };
    tokio::select! {
        () = carry => {}
        () = host.run() => {}
    }
}
