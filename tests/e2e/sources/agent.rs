//! The identity of a real Agent, as it is.

use super::*;

#[test]
fn the_identity_of_a_real_agent_is_linked_as_it_is_and_not_touched() {
    for (style, conf) in [("script", SCRIPT), ("current", CURRENT)] {
        let cloud = cloud("");
        let machine = Machine::of_agent(&cloud, conf);
        if style == "current" {
            // It keeps the id in cloud.conf.
            fs::remove_file(machine.agent_file("claimed_id")).unwrap();
            fs::rename(machine.agent_file("cloud_fullchain.pem"), machine.agent_file("trusted.pem")).unwrap();
        }
        fs::set_permissions(machine.agent_file(""), fs::Permissions::from_mode(0o550)).unwrap();
        let before = files(&machine.agent_file(""));
        let link = machine.start(&[]);
        link.wait_for("ACLK: live as the node", 0);
        assert!(link.said().contains("lib/cloud.d, the identity of a Netdata Agent"), "{style}: {}", link.said());
        let (code, status) = machine.status();
        assert_eq!((code, &status["online"]), (0, &true.into()), "{style}: {status}");
        assert!(status["claimed_by"].as_str().unwrap().ends_with("lib/cloud.d"), "{style}: {status}");
        assert!(status["node_id"].is_string(), "{style}: it is kept in a place of ours: {status}");
        let reload = machine.reload().stdout;
        assert!(reload.starts_with("Netdata Agent is claimed to Netdata Cloud and is currently online.\n"), "{reload}");
        assert!(reload.contains("lib/cloud.d, the identity of a Netdata Agent"), "{style}: {reload}");
        assert!(link.stop().0.success());
        assert_eq!(files(&machine.agent_file("")), before, "{style}");
        assert!(!machine.file("claimed_id").exists(), "{style}");
        assert_eq!(cloud.with(|cloud, _| cloud.deviations().to_vec()), [], "{style}");
    }
}

#[test]
fn a_claim_of_our_own_counts_above_that_of_an_agent_and_deleting_it_says_who_still_claims() {
    let cloud = cloud("");
    let machine = Machine::of_agent(&cloud, SCRIPT);
    fs::create_dir_all(machine.file("")).unwrap();
    fs::write(machine.file("cloud_fullchain.pem"), cloud.ca_pem()).unwrap();
    let id = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
    assert_eq!(machine.claim(&cloud, &[&format!("-id={id}")]).code, 0);
    let link = machine.start(&[]);
    link.wait_for(&format!("ACLK: online as {id}"), 0);
    link.wait_for("ACLK: live as", 0);
    let (_, status) = machine.status();
    assert!(status["claimed_by"].as_str().unwrap().ends_with("etc/claim.d"), "{status}");
    assert!(status["would_claim"][0].as_str().unwrap().contains("lib/cloud.d"), "{status}");

    fs::remove_dir_all(machine.file("")).unwrap();
    let agents = fs::read_to_string(machine.agent_file("claimed_id")).unwrap();
    link.wait_for(&format!("ACLK: online as {agents}"), 0);
    assert!(link.said().contains("removing"), "{}", link.said());
    let ids =
        || cloud.with(|cloud, _| cloud.view()).nodes.iter().map(|node| node.claimed_id.clone()).collect::<Vec<_>>();
    wait_until("the Cloud forgets the claim that was deleted", || ids() == [agents.clone()]);
}

#[test]
fn damaged_files_of_an_agent_are_named_and_kept() {
    let cloud = cloud("");
    let machine = Machine::of_agent(&cloud, CURRENT);
    let conf = fs::read_to_string(machine.agent_file("cloud.conf")).unwrap();
    for (name, text, expected) in [
        ("cloud.conf", conf.replace("url = https", "url = http"), "cloud.d/cloud.conf: [global] url: the URL starts"),
        (
            "cloud.conf",
            conf.replace("insecure = no", "insecure = so"),
            "cloud.d/cloud.conf: [global] insecure is neither",
        ),
        ("private.pem", "x".repeat(100_000), "cloud.d/private.pem is larger than"),
    ] {
        let before = fs::read(machine.agent_file(name)).unwrap();
        fs::write(machine.agent_file(name), &text).unwrap();
        let link = machine.start(&[]);
        link.wait_for(expected, 0);
        drop(link);
        assert_eq!(fs::read_to_string(machine.agent_file(name)).unwrap(), text);
        fs::write(machine.agent_file(name), before).unwrap();
    }
    // The id in the configuration counts above that in the file, and a difference is said.
    fs::write(machine.agent_file("claimed_id"), "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").unwrap();
    let link = machine.start(&[]);
    link.wait_for("name different claims", 0);
    link.wait_for("ACLK: online as", 0);
}

#[test]
fn a_netdata_is_online_with_the_identity_of_an_agent_without_claiming() {
    let cloud = cloud("");
    let machine = Machine::of_agent(&cloud, SCRIPT);
    machine.configure("[web]\n  bind to = 127.0.0.1\n  default port = 0\n[global]\n  netdata cloud = enable\n");
    let netdata = machine.root().join("netdata");
    symlink(ACLK, &netdata).unwrap();
    let link = Daemon::start(machine.around(Command::new(netdata), &["-D", "--listen=off"]));
    link.wait_for("ACLK: online as", 0);
    assert_eq!(online(&cloud), 1);
}
