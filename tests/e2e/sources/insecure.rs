//! `-insecure`, from every source.

use super::*;

#[test]
fn an_insecure_claim_says_so_everywhere_and_the_next_claim_ends_it() {
    let cloud = cloud("");
    let machine = Machine::new();
    machine.give_key();
    let stranger = machine.claim(&cloud, &[]);
    assert_eq!(stranger.code, 4, "nobody vouches for this Cloud: {stranger:?}");
    let ended = machine.claim(&cloud, &["-insecure"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stderr.contains("INSECURE: certificates are not checked"), "{ended:?}");
    assert!(fs::read_to_string(machine.file("cloud.conf")).unwrap().contains("insecure = yes"));
    let link = machine.start(&[]);
    link.wait_for("ACLK: online as", 0);
    assert!(link.said().contains("INSECURE: certificates are not checked"), "{}", link.said());
    assert_eq!(machine.status().1["insecure"], true);
    let text = machine.run(&["status"]).stdout;
    assert!(text.contains("INSECURE: certificates are not checked"), "{text}");

    // The next claim ends it: the running daemon no longer lets this Cloud in.
    fs::write(machine.file("cloud_fullchain.pem"), cloud.ca_pem()).unwrap();
    let again = machine.claim(&cloud, &["-id=aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"]);
    assert_eq!(again.code, 0, "{again:?}");
    assert!(!again.stderr.contains("INSECURE"), "{again:?}");
    assert!(!fs::read_to_string(machine.file("cloud.conf")).unwrap().contains("insecure"));
    link.wait_for("ACLK: online as aaaaaaaa", 0);
    fs::remove_file(machine.file("cloud_fullchain.pem")).unwrap();
    link.wait_for("offline: tls: ", 0);
    assert_eq!(machine.status().1["insecure"], false);
}

#[test]
fn insecure_may_be_said_by_every_source_and_only_by_saying_yes() {
    let cloud = cloud("");
    let (token, url) = (token(&cloud), cloud.url());
    let conf = |insecure: &str| format!("[global]\nurl = {url}\ntoken = {token}\ninsecure = {insecure}\n");
    for (insecure, variables, is_let_in) in [
        ("yes", vec![], true),
        ("no", vec![], false),
        (
            "",
            vec![
                ("NETDATA_CLAIM_TOKEN", token.as_str()),
                ("NETDATA_CLAIM_URL", url),
                ("NETDATA_CLAIM_INSECURE", "yes"),
            ],
            true,
        ),
        (
            "",
            vec![
                ("NETDATA_CLAIM_TOKEN", &token),
                ("NETDATA_CLAIM_URL", url),
                ("NETDATA_EXTRA_CLAIM_OPTS", "-insecure"),
            ],
            true,
        ),
        ("", vec![("NETDATA_CLAIM_TOKEN", &token), ("NETDATA_CLAIM_URL", url)], false),
    ] {
        let machine = Machine::new();
        machine.give_key();
        if variables.is_empty() {
            fs::write(machine.claim_conf(), conf(insecure)).unwrap();
        }
        let link = machine.start_with(&variables);
        if is_let_in {
            link.wait_for("ACLK: online as", 0);
            assert!(link.said().contains("INSECURE: "), "{}", link.said());
            assert!(fs::read_to_string(machine.file("cloud.conf")).unwrap().contains("insecure = yes"));
        } else {
            link.wait_for("Agent failed to be claimed with the following error message: \"tls: ", 0);
            assert!(!link.said().contains("INSECURE"), "{}", link.said());
        }
    }
}
