//! `netdata`, with the very lines that the documentation, scripts and container images have.

use super::named;
use crate::support::*;
use std::fs;

/// `netdata` on a machine whose local API is nowhere: other tests run beside this one.
fn netdata(machine: &Machine, arguments: &[&str]) -> std::process::Command {
    named(machine, "netdata", &[&["--listen=off"], arguments].concat())
}

/// What stands behind `-W` in the documented line.
fn claim_words(cloud: &aclk_cloud::server::Handle) -> String {
    claim_arguments(cloud).join(" ")
}

#[test]
fn the_documented_line_for_a_new_container_claims_and_links() {
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    let (url, claim) = (cloud.url().to_owned(), claim_words(&cloud));
    let enable = ["-W", "set", "global", "netdata cloud", "enable"];
    let base_url = ["-W", "set", "cloud", "cloud base url", &url];
    let line = [&["-D"][..], &enable, &base_url, &["-W", &claim]].concat();
    let daemon = Daemon::start(netdata(&machine, &line));
    daemon.wait_for("claim: claimed as ", 0);
    daemon.wait_for("ACLK: online as ", 0);
    assert!(daemon.said().contains(&format!("ACLK: online as {}", machine.claimed_id())));
    assert!(daemon.stop().0.success());
}

#[test]
fn a_claim_by_netdata_while_an_agent_runs_is_told_to_that_one_and_ends() {
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    let daemon = Daemon::start(netdata(&machine, &["-D"]));
    daemon.wait_for("listens for commands at", 0);
    let ended = run(netdata(&machine, &["-D", "-W", &claim_words(&cloud)]));
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended.stderr.ends_with(
            "Netdata Agent is claimed to Netdata Cloud and is currently online.\nAgent was successfully claimed.\n"
        ),
        "{ended:?}"
    );
    daemon.wait_for("begins anew: reload-claiming-state", 0);
    let ended = run(netdata(
        &machine,
        &["-D", "-W", "claim -token=wrong-token -id=0f0e0d0c-0b0a-4908-8706-050403020100 -url=$URL"],
    ));
    assert_eq!(ended.code, 1, "no shell replaces $URL: {ended:?}");
    let wrong = format!("claim -token=wrong-token -id=0f0e0d0c-0b0a-4908-8706-050403020100 -url=\"{}\"", cloud.url());
    let ended = run(netdata(&machine, &["-W", &wrong]));
    assert_eq!(ended.code, 12, "{ended:?}");
    assert!(daemon.stop().0.success());
}

#[test]
fn settings_of_the_command_line_lie_over_the_file_and_can_be_asked_for() {
    let machine = Machine::new();
    machine.configure("[cloud]\n cloud base url = https://file.example\n");
    let other = machine.root().join("other.conf");
    fs::write(&other, "[cloud]\n cloud base url = https://other.example\n").unwrap();
    let other = other.to_str().unwrap();
    let get = ["-W", "get2", "netdata", "cloud", "cloud base url", "https://default.example"];
    let set = ["-W", "set", "cloud", "cloud base url", "https://set.example"];
    let set2 = ["-W", "set2", "cloud", "global", "cloud base url", "https://set.example"];
    let get_cloud = ["-W", "get2", "cloud", "global", "cloud base url", "https://default.example"];
    let none: &[&str] = &[];
    for (before, asked, expected) in [
        (none, get, "https://file.example"),
        (&set, get, "https://set.example"),
        (&set2, get_cloud, "https://set.example"),
        (none, get_cloud, "https://file.example"),
        (&["-c", other], get, "https://other.example"),
        (&[&["-c", other][..], &set].concat(), get, "https://other.example"),
        (&[&set[..], &["-c", other]].concat(), get, "https://set.example"),
        (none, ["-W", "get2", "netdata", "cloud", "no such key", "a default"], "a default"),
    ] {
        let ended = run(netdata(&machine, &[before, &asked].concat()));
        assert_eq!((ended.code, ended.stdout.as_str()), (0, format!("{expected}\n").as_str()), "{before:?}: {ended:?}");
    }
    let ended = run(netdata(&machine, &["-c", "/no/such/file", "-D"]));
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stderr.contains("there is no configuration file /no/such/file"), "{ended:?}");
}

#[test]
fn what_people_ask_of_a_netdata_is_answered() {
    let machine = Machine::new();
    for (arguments, start) in [
        (&["-v"][..], "netdata v"),
        (&["-V"], "netdata v"),
        (&["-h"], "usage: netdata "),
        (&["-W", "buildinfo"], "Version: aclk "),
        (&["-W", "buildinfojson"], "{\"program\":\"aclk\","),
    ] {
        let ended = run(netdata(&machine, arguments));
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{arguments:?}: {ended:?}");
        assert!(ended.stdout.starts_with(start), "{arguments:?}: {ended:?}");
    }
    let ended = run(netdata(&machine, &["-D", "-Z"]));
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""));
    assert!(ended.stderr.contains("unknown option -Z"), "{ended:?}");
}

#[test]
fn a_container_measures_the_host_whose_files_are_mounted() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let host = machine.root().join("host");
    for (path, text) in [
        (
            "proc/stat",
            "cpu  1 1 1 1 1 1 1 1 1 1\ncpu0 1 1 1 1 1 1 1 1 1 1\ncpu1 1 1 1 1 1 1 1 1 1 1\ncpu2 1 1 1 1 1 1 1 1 1 1\n",
        ),
        ("proc/meminfo", "MemTotal: 7 kB\n"),
        ("etc/os-release", "NAME=\"Plan 9\"\nVERSION=\"4\"\n"),
    ] {
        let path = host.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    for (arguments, variable) in [(vec!["-D", "-s", host.to_str().unwrap()], None), (vec!["-D"], Some(&host))] {
        let mut command = netdata(&machine, &arguments);
        if let Some(host) = variable {
            command.env("NETDATA_HOST_PREFIX", host);
        }
        let daemon = Daemon::start(command);
        daemon.wait_for("ACLK: online as", 0);
        let reply = ask(&cloud, &machine, "/api/v1/info");
        let info: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!((&info["os_name"], &info["cores_total"]), (&"Plan 9".into(), &"3".into()), "{info}");
        assert!(daemon.stop().0.success());
    }
}
