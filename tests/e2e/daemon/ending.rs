//! Whoever asks the daemon to end is obeyed, wherever it is on its way and however the Cloud hangs; where there is a link, the
//! Cloud is told. How long that takes is counted in virtual time (`a_cloud_that_hangs_is_left_within_two_seconds`).

use super::manager::Manager;
use crate::support::*;
use aclk_cloud::server::Handle;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

/// Signals that ask it to end, in turn.
const SIGNALS: [&str; 2] = ["TERM", "INT"];

fn assert_ends(daemon: Daemon, signal: &str, what: &str) {
    daemon.signal(signal);
    let (status, said) = daemon.wait();
    assert!(status.success() && said.ends_with("ACLK: ends"), "{what}: {status}: {said}");
}

/// Changes where the Cloud is, after the claim.
fn redirect(machine: &Machine, url: &str) {
    let conf = fs::read_to_string(machine.file("cloud.conf")).unwrap();
    let old = conf.lines().find_map(|line| line.trim().strip_prefix("cloud base url = ")).unwrap().to_owned();
    fs::write(machine.file("cloud.conf"), conf.replace(&old, url)).unwrap();
}

#[test]
fn a_cloud_that_hangs_in_an_answer_keeps_nothing_from_ending() {
    for (number, step) in ["env", "challenge", "password", "upgrade", "connect", "subscribe"].into_iter().enumerate() {
        let cloud = cloud(&format!("stall@{step}"));
        let machine = Machine::claimed(&cloud);
        let daemon = machine.start(&[]);
        wait_until(step, || cloud.with(|cloud, _| cloud.faults_mut().iter().any(|fault| fault.struck() > 0)));
        assert_ends(daemon, SIGNALS[number % 2], step);
    }
}

#[test]
fn a_peer_that_says_nothing_in_the_handshake_keeps_nothing_from_ending() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let peer = TcpListener::bind("127.0.0.1:0").unwrap();
    redirect(&machine, &format!("https://localhost:{}", peer.local_addr().unwrap().port()));
    let daemon = machine.start(&[]);
    let _silent = peer.accept().unwrap();
    assert_ends(daemon, "TERM", "tls");
}

#[test]
fn a_network_that_swallows_everything_keeps_nothing_from_ending() {
    if !have(&["unshare", "ip"]) || fs::metadata("/proc/self").unwrap().uid() != 0 {
        return println!("skipped: only root can make a network");
    }
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let resolver = machine.root().join("resolv.conf");
    fs::write(&resolver, "nameserver 10.99.0.9\n").unwrap();
    for (url, sign) in [("https://10.99.0.9", "tcp"), ("https://cloud.example", "dns")] {
        redirect(&machine, url);
        let network = format!(
            "mount --bind {} /etc/resolv.conf && ip link set lo up && ip tuntap add sink mode tun && \
             ip addr add 10.99.0.1/24 dev sink && ip link set sink up && exec {ACLK} run --listen=off",
            resolver.display()
        );
        let mut command = Command::new("unshare");
        command.args(["--net", "--mount", "sh", "-c", &network]);
        let daemon = Daemon::start(machine.around(command, &[""; 0]));
        daemon.wait_for("listens for commands at", 0);
        // It is on its way, and stays there.
        wait_until(sign, || machine.status().1["state"] == "connecting");
        assert_ends(daemon, "TERM", sign);
    }
}

#[test]
fn a_cloud_that_hangs_is_told_all_the_same_that_the_link_ends() {
    for signal in SIGNALS {
        let cloud = cloud("");
        let machine = Machine::claimed(&cloud);
        let daemon = machine.start(&[]);
        daemon.wait_for("ACLK: live as", 0);
        let mut seen = Vec::new();
        wait_until("all is said", || {
            seen.extend(events(&cloud));
            seen.iter().any(|event| event.contains("contexts known")) && machine.state()["pending-mqtt-pubacks"] == 0
        });
        // Meanwhile it does nothing, and it finds what was said when it goes on. (Its answer finds nobody, which may be the end
        // before it comes to our DISCONNECT: then it publishes the will, which says the same. For the same reason nothing
        // else must be on its way.)
        cloud.with(|_, _| assert_ends(daemon, signal, "live"));
        wait_until("the Cloud hears of it", || {
            events(&cloud).iter().any(|event| event.contains("the agent said goodbye"))
        });
    }
}

/// A daemon that is live, and the service manager that hears of it.
fn live_and_managed(cloud: &Handle) -> (Machine, Manager, Daemon) {
    let machine = Machine::claimed(cloud);
    let manager = Manager::new(&machine);
    let mut command = machine.command(&["run", "--listen=off"]);
    command.env("NOTIFY_SOCKET", machine.root().join("notify"));
    let daemon = Daemon::start(command);
    daemon.wait_for("ACLK: live as", 0);
    (machine, manager, daemon)
}

#[test]
fn a_second_signal_ends_at_once_and_without_a_word() {
    for (second, code) in [("TERM", 143), ("INT", 130)] {
        let cloud = cloud("");
        let (_machine, manager, daemon) = live_and_managed(&cloud);
        // The Cloud hangs, so the farewell waits.
        cloud.with(|_, _| {
            daemon.signal("TERM");
            manager.wait_for("STOPPING=1");
            daemon.signal(second);
            let (status, said) = daemon.wait();
            assert_eq!(status.code(), Some(code), "{said}");
            assert!(!said.contains("ACLK: ends"), "{said}");
        });
    }
}

/// Of "stop" and "reload" at about the same time, "stop" counts, whichever comes first.
#[test]
fn who_has_asked_it_to_end_is_not_overruled_by_who_asks_for_less() {
    const RELOAD: &str = "reload-claiming-state";
    for (first, told, second) in
        [("TERM", "STOPPING=1", "HUP"), ("TERM", "STOPPING=1", RELOAD), ("HUP", "RELOADING=1", "TERM")]
    {
        let cloud = cloud("");
        let (machine, manager, daemon) = live_and_managed(&cloud);
        // The Cloud hangs, so the farewell waits, and the second wish comes while the first is carried out.
        cloud.with(|_, _| {
            daemon.signal(first);
            manager.wait_for(told);
            if second == RELOAD {
                // The daemon ends meanwhile, so there may be no answer.
                let _ = run(machine.command(&["netdatacli", RELOAD]));
            } else {
                daemon.signal(second);
            }
        });
        let (status, said) = daemon.wait();
        assert!(status.success() && said.ends_with("ACLK: ends"), "{first}, {second}: {status}: {said}");
        // A reload may be over before the signal comes, which ends what it has begun.
        assert!(first == "HUP" || !said.contains("begins anew"), "{first}, {second}: {said}");
    }
}

#[test]
fn signals_that_come_at_once_end_it_if_one_of_them_asks_for_that() {
    let cloud = cloud("");
    let pairs = [["HUP", "TERM"], ["TERM", "HUP"], ["INT", "HUP"], ["HUP", "INT"]];
    for (number, names) in pairs.iter().cycle().take(12).enumerate() {
        let machine = Machine::claimed(&cloud);
        let daemon = machine.start(&[]);
        daemon.wait_for("ACLK: live as", 0);
        // What comes while it stands still, it finds all at once when it goes on.
        daemon.signal("STOP");
        names.iter().for_each(|name| daemon.signal(name));
        daemon.signal("CONT");
        let (status, said) = daemon.wait();
        assert!(status.success() && said.ends_with("ACLK: ends"), "{number}, {names:?}: {status}: {said}");
    }
}

/// Whoever reads its output may go away at any time.
#[test]
fn a_reader_that_goes_away_takes_nothing_with_it() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let script = format!("{{ {ACLK} run --listen=off & echo $! >{}; wait; }} 2>&1 | head -n 1", "pid");
    let mut command = machine.around(Command::new("sh"), &["-c", &script]);
    command.current_dir(machine.root());
    let shell = Daemon::start(command);
    wait_until("the node is live", || {
        cloud.with(|cloud, _| cloud.view()).nodes[0].instances.iter().any(|instance| instance.live)
    });
    let pid = fs::read_to_string(machine.root().join("pid")).unwrap();
    signal(pid.trim().parse().unwrap(), "TERM").unwrap();
    shell.wait();
    let events = events(&cloud);
    assert!(events.iter().any(|event| event.contains("the agent said goodbye")), "{events:#?}");
}
