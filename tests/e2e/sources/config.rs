//! `read-config` and `write-config`.

use super::*;

#[test]
fn the_configuration_of_the_cloud_is_read_and_written_over_the_socket() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let link = machine.start(&[]);
    link.wait_for("ACLK: online as", 0);
    link.wait_for("listens for commands at", 0);
    let said = |arguments: &[&str]| {
        let ended = machine.netdatacli(arguments);
        (ended.code, format!("{}{}", ended.stdout, ended.stderr).trim_end().to_owned())
    };
    assert_eq!(said(&["read-config", "cloud|global|cloud base url"]), (0, cloud.url().to_owned()));
    assert_eq!(said(&["read-config", "cloud|global|enabled"]), (0, "yes".to_owned()));
    assert_eq!(said(&["read-config", "cloud|global|proxy"]).0, 0);
    for (arguments, words) in [
        (["read-config", "cloud|global|token"], "only cloud|global|enabled"),
        (["read-config", "netdata|cloud|proxy"], "only cloud|global|enabled"),
        (["read-config", ""], "only cloud|global|enabled"),
        (["write-config", "cloud|global|enabled"], "only cloud|global|enabled"),
        (["write-config", "netdata|global|hostname|x"], "only cloud|global|enabled"),
        (["write-config", "cloud|global|enabled|perhaps"], "neither yes nor no"),
        (["write-config", "cloud|global|cloud base url|http://x"], "http://"),
        (["write-config", "cloud|global|proxy|https://u:SECRET@h"], "proxy: "),
    ] {
        let (code, text) = said(&arguments);
        assert!(code == 1 && text.contains(words) && !text.contains("SECRET"), "{arguments:?}: {text}");
    }
    // It counts from the next reload on.
    assert_eq!(said(&["write-config", "cloud|global|enabled|no"]), (0, String::new()));
    assert_eq!(said(&["read-config", "cloud|global|enabled"]).1, "no");
    assert_eq!(machine.status().0, 0);
    let (code, text) = said(&["reload-claiming-state"]);
    assert!(code == 1 && text.contains("switched off by write-config"), "{text}");
    assert_eq!(said(&["write-config", "cloud|global|enabled|yes"]).0, 0);
    assert_eq!(said(&["reload-claiming-state"]).0, 0);
    link.stop();
}

#[test]
fn what_is_written_over_the_socket_counts_above_the_file_of_an_agent_until_the_daemon_ends() {
    let cloud = cloud("");
    let machine = Machine::of_agent(&cloud, SCRIPT);
    let before = fs::read(machine.agent_file("cloud.conf")).unwrap();
    let link = machine.start(&[]);
    link.wait_for("ACLK: online as", 0);
    link.wait_for("listens for commands at", 0);
    assert_eq!(machine.netdatacli(&["write-config", "cloud|global|cloud base url|https://127.0.0.1:1"]).code, 0);
    assert!(machine.reload().stdout.contains("currently offline: tcp: "));
    assert_eq!(machine.netdatacli(&["read-config", "cloud|global|cloud base url"]).stdout, "https://127.0.0.1:1\n");
    link.stop();
    let link = machine.start(&[]);
    link.wait_for("ACLK: online as", 0);
    assert_eq!(fs::read(machine.agent_file("cloud.conf")).unwrap(), before);
}
