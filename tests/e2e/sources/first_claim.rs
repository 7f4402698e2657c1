//! What a daemon claims with that nobody has claimed, and who says that it is claimed.

use super::*;

#[test]
fn a_daemon_that_is_not_claimed_claims_with_the_first_source_and_names_it() {
    let cloud = cloud("");
    let token = token(&cloud);
    let url = cloud.url().to_owned();
    type Prepare<'a> = &'a dyn Fn(&Machine) -> Vec<(&'static str, String)>;
    let wrong = "not-the-token".to_owned();
    let cases: [(&str, Prepare<'_>); 6] = [
        ("etc/claim.conf", &|machine| {
            fs::write(machine.claim_conf(), claim_conf(&cloud, &token)).unwrap();
            fs::write(machine.file("token"), &wrong).unwrap();
            vec![("NETDATA_CLAIM_TOKEN", wrong.clone()), ("NETDATA_CLAIM_URL", url.clone())]
        }),
        ("the variable NETDATA_CLAIM_TOKEN", &|machine| {
            fs::write(machine.file("token"), &wrong).unwrap();
            vec![("NETDATA_CLAIM_TOKEN", format!("\"{token}\"")), ("NETDATA_CLAIM_URL", url.clone())]
        }),
        ("the variable NETDATA_EXTRA_CLAIM_OPTS", &|_| {
            let options = format!("-verbose -token={token} -url={url} -id=aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee");
            vec![("NETDATA_EXTRA_CLAIM_OPTS", options), ("NETDATA_CLAIM_TOKEN", wrong.clone())]
        }),
        ("etc/claim.d/token", &|machine| {
            fs::write(machine.file("token"), format!("{token}\n")).unwrap();
            fs::create_dir_all(machine.agent_file("")).unwrap();
            fs::write(machine.agent_file("token"), &wrong).unwrap();
            machine.configure(&format!("[cloud]\n  cloud base url = {url}\n"));
            vec![]
        }),
        ("lib/cloud.d/token", &|machine| {
            fs::create_dir_all(machine.agent_file("")).unwrap();
            fs::write(machine.agent_file("token"), &token).unwrap();
            let room = cloud.with(|cloud, _| cloud.rooms()[0].id.clone());
            fs::write(machine.agent_file("rooms"), room).unwrap();
            machine.configure(&format!("[cloud]\n  cloud base url = \"{url}\"\n"));
            vec![]
        }),
        ("etc/claim.conf", &|machine| {
            let quoted = claim_conf(&cloud, &format!("'{token}'")).replace("proxy = none", "proxy =");
            fs::write(machine.claim_conf(), quoted).unwrap();
            vec![]
        }),
    ];
    for (number, (source, prepare)) in cases.into_iter().enumerate() {
        let machine = Machine::trusting(&cloud);
        let variables = prepare(&machine);
        let link =
            machine.start_with(&variables.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>());
        link.wait_for("ACLK: online as", 0);
        let said = link.said();
        let sentence = said.lines().find(|line| line.contains("claim: Agent was successfully claimed with ")).unwrap();
        assert!(sentence.ends_with(&format!("{source}.")), "{number} {source}: {said}");
        assert!(!said.contains(&token) && !said.contains(&wrong), "{number}: {said}");
        assert_eq!(said.contains("quotes around the value"), matches!(number, 1 | 5), "{number}: {said}");
        if source == "lib/cloud.d/token" {
            assert!(machine.agent_file("token").exists(), "it is only read");
            let view = cloud.with(|cloud, _| cloud.view());
            assert_eq!(view.node(&machine.claimed_id()).unwrap().rooms.len(), 1);
        }
        assert!(number != 3 || !machine.file("token").exists(), "a used token is removed");
        let reload = machine.reload().stdout;
        assert!(reload.contains("currently online") && reload.contains(&format!("{source}.\n")), "{number}: {reload}");
        assert!(link.stop().0.success());
    }
    assert_eq!(cloud.with(|cloud, _| cloud.deviations().to_vec()), []);
}

#[test]
fn a_running_daemon_claims_at_a_reload_with_what_was_put_there() {
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    let link = machine.start(&[]);
    link.wait_for("not claimed; waiting", 0);
    link.wait_for("listens for commands at", 0);
    assert_eq!(machine.reload().stdout, "Netdata Agent is not claimed to Netdata Cloud: Agent is not claimed yet\n");
    fs::write(machine.claim_conf(), claim_conf(&cloud, "not-the-token")).unwrap();
    let refused = machine.reload();
    assert_eq!(refused.code, 0);
    assert!(
        refused
            .stdout
            .starts_with("Netdata Agent is not claimed to Netdata Cloud: http: token expired/token not found"),
        "{refused:?}"
    );
    link.wait_for(
        "claim: Agent failed to be claimed with the following error message: \"token expired/token not found/invalid token\"",
        0,
    );
    let claims = || events(&cloud).iter().filter(|event| event.contains("claim")).count();
    claims();
    fs::write(machine.claim_conf(), claim_conf(&cloud, &token(&cloud))).unwrap();
    let claimed = machine.reload();
    assert!(
        claimed.stdout.starts_with("Netdata Agent is claimed to Netdata Cloud and is currently online.\n"),
        "{claimed:?} {}",
        link.said()
    );
    assert!(machine.claim_conf().exists());
    assert_eq!(machine.reload().code, 0);
    assert!(claims() > 0);
    link.stop();

    // Deleting the directory does not unclaim while claim.conf is there, and that is said.
    let before = machine.claimed_id();
    fs::remove_file(machine.file("claimed_id")).unwrap();
    let (code, status) = machine.status();
    assert_eq!(code, 5);
    assert!(status["would_claim"][0].as_str().unwrap().ends_with("etc/claim.conf"), "{status}");
    let link = machine.start(&["--hostname=again"]);
    link.wait_for("etc/claim.conf", 0);
    let _ = before;
    link.stop();
}

#[test]
fn deleting_the_claim_directory_unclaims_where_nothing_else_is_left() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    fs::remove_dir_all(machine.file("")).unwrap();
    events(&cloud);
    let link = machine.start(&[]);
    link.wait_for("not claimed; waiting", 0);
    link.wait_for("listens for commands at", 0);
    assert_eq!(machine.reload().stdout, "Netdata Agent is not claimed to Netdata Cloud: Agent is not claimed yet\n");
    let (code, status) = machine.status();
    assert_eq!(
        (code, &status["claimed_by"], &status["would_claim"]),
        (5, &serde_json::Value::Null, &serde_json::json!([]))
    );
    link.stop();
    assert_eq!(events(&cloud), Vec::<String>::new());
}

#[test]
fn who_is_not_claimed_needs_nobody_to_trust_and_measures_all_the_same() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let start = || {
        let mut command = machine.command(&["run", "--listen=127.0.0.1:0"]);
        command.env("SSL_CERT_FILE", "/dev/null").env("SSL_CERT_DIR", machine.root());
        Daemon::start(command)
    };
    let link = start();
    link.wait_for("ACLK: online as", 0);
    link.stop();
    let authority = fs::read(machine.file("cloud_fullchain.pem")).unwrap();
    fs::remove_dir_all(machine.file("")).unwrap();
    events(&cloud);
    let link = start();
    link.wait_for("there are no trusted certificate authorities", 0);
    let url = link.said().split("status page at ").nth(1).unwrap().lines().next().unwrap().to_owned();
    let measured = || {
        let data = run({
            let mut curl = std::process::Command::new("curl");
            curl.args(["-s", &format!("{url}api/v1/data?chart=system.load&after=-2&format=csv")]);
            curl
        });
        data.stdout.lines().count() > 1
    };
    wait_until("something to be measured", measured);
    assert_eq!(events(&cloud), Vec::<String>::new());

    fs::create_dir(machine.file("")).unwrap();
    fs::write(machine.file("cloud_fullchain.pem"), authority).unwrap();
    let ended = machine.claim(&cloud, &[&format!("-id={}", "bbbbbbbb-bbbb-4ccc-8ddd-eeeeeeeeeeee")]);
    assert_eq!(ended.code, 0, "{ended:?}");
    link.wait_for("ACLK: online as bbbbbbbb", 0);
    link.stop();
}

#[test]
fn what_the_cloud_may_take_later_is_tried_again_while_everything_else_goes_on() {
    let cloud = cloud("err-service-unavailable@claim*1");
    let machine = Machine::trusting(&cloud);
    fs::write(machine.claim_conf(), claim_conf(&cloud, &token(&cloud))).unwrap();
    let link = machine.start(&[]);
    link.wait_for("claim: Agent failed to be claimed with the following error message: \"Service Unavailable\"", 0);
    assert_eq!(machine.netdatacli(&["ping"]).stdout, "pong\n");
    link.wait_for("ACLK: online as", 0);
    assert!(link.stop().0.success());
}

#[test]
fn a_daemon_that_cannot_claim_still_ends_at_once() {
    let machine = Machine::new();
    let nobody = "[global]\nurl = https://127.0.0.1:1\ntoken = t\n";
    fs::write(machine.claim_conf(), nobody).unwrap();
    let link = machine.start(&[]);
    link.wait_for("Agent failed to be claimed with the following error message: \"tcp: ", 0);
    let (status, said) = link.stop();
    assert!(status.success() && said.ends_with("ACLK: ends"), "{said}");
}

#[test]
fn a_source_that_makes_no_sense_is_named_and_the_next_one_is_not_taken() {
    let cloud = cloud("");
    for (conf, expected) in [
        ("[global]\ntoken = t\nurl = http://x\n", "claim.conf: [global] url: the URL starts with http://"),
        ("[global]\ntoken = t\ninsecure = perhaps\n", "claim.conf: [global] insecure is neither yes nor no"),
        ("[global]\ntoken = S E C R E T\n", "the claiming token contains blanks"),
    ] {
        let machine = Machine::trusting(&cloud);
        fs::write(machine.claim_conf(), conf).unwrap();
        let link = machine.start_with(&[("NETDATA_CLAIM_TOKEN", &token(&cloud)), ("NETDATA_CLAIM_URL", cloud.url())]);
        link.wait_for(expected, 0);
        let said = link.said();
        assert!(said.contains("Agent failed to be claimed with the following error message: "), "{said}");
        assert!(!said.contains("S E C"), "{said}");
        link.wait_for("listens for commands at", 0);
        fs::remove_file(machine.claim_conf()).unwrap();
        assert!(machine.reload().stdout.contains("currently online"), "it is mended: {}", link.said());
    }
}

#[test]
fn the_environment_is_the_last_resort_of_a_claim() {
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    let mut command = machine.command(&["claim", "-id=aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"]);
    command.env("NETDATA_CLAIM_TOKEN", token(&cloud)).env("NETDATA_CLAIM_URL", cloud.url());
    let ended = run(command);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(machine.claimed_id(), "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee");

    // A file counts above it, and an argument above both.
    let machine = Machine::trusting(&cloud);
    fs::write(machine.file("token"), token(&cloud)).unwrap();
    let mut command = machine.command(&["claim", &format!("-url={}", cloud.url())]);
    command.env("NETDATA_CLAIM_TOKEN", "not-the-token").env("NETDATA_CLAIM_URL", "https://127.0.0.1:1");
    let ended = run(command);
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[test]
fn what_the_command_line_says_is_claimed_first_and_not_again_at_the_next_start() {
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    let netdata = machine.root().join("netdata");
    symlink(ACLK, &netdata).unwrap();
    let claim = format!("claim -token={} -url={}", token(&cloud), cloud.url());
    let start = || {
        let arguments = ["-D", "--listen=off", "-W", "set", "global", "netdata cloud", "enable", "-W", &claim];
        Daemon::start(machine.around(Command::new(&netdata), &arguments))
    };
    let link = start();
    link.wait_for("claim: Agent was successfully claimed with -W \"claim …\".", 0);
    link.wait_for("ACLK: online as", 0);
    assert!(link.stop().0.success());
    events(&cloud);
    let link = start();
    link.wait_for("ACLK: online as", 0);
    assert!(!link.said().contains("claims "), "{}", link.said());
    assert!(link.stop().0.success());
    assert_eq!(cloud.with(|cloud, _| cloud.deviations().to_vec()), []);

    // Another id is another claim; if it is refused, what is claimed stays.
    let arguments = ["-D", "--listen=off", "-W", "claim -token=wrong -id=aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"];
    let link = Daemon::start(machine.around(Command::new(&netdata), &arguments));
    link.wait_for("Agent failed to be claimed with the following error message: \"token expired", 0);
    link.wait_for(&format!("ACLK: online as {}", machine.claimed_id()), 0);
}

/// What a person claims while the daemon runs counts above what the daemon was told when it was started.
#[test]
fn a_claim_that_is_made_later_is_not_undone_by_the_command_line() {
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    let claim = format!("{} -id=aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", claim_arguments(&cloud).join(" "));
    let link = Daemon::start(machine.called("netdata", &["-D", "--listen=off", "-W", &claim]));
    link.wait_for("ACLK: online as aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", 0);
    let later = "bbbbbbbb-bbbb-4ccc-8ddd-eeeeeeeeeeee";
    let ended = machine.claim(&cloud, &[&format!("-id={later}")]);
    assert_eq!(ended.code, 0, "{ended:?}");
    for _ in 0..2 {
        let reload = machine.reload();
        assert!(reload.stdout.contains("currently online"), "{reload:?} {}", link.said());
        assert_eq!(machine.claimed_id(), later, "{}", link.said());
    }
    let (_, said) = link.stop();
    assert_eq!(said.matches("claims aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee at").count(), 1, "{said}");
}

/// A reload that finds a file it cannot read, after a claim that has failed, goes on by itself once that is mended.
#[test]
fn a_file_that_is_mended_after_a_failed_claim_is_noticed() {
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    fs::write(machine.claim_conf(), claim_conf(&cloud, "not-the-token")).unwrap();
    let link = machine.start(&[]);
    link.wait_for("listens for commands at", 0);
    let seen = link.wait_for("Agent failed to be claimed with the following error message: \"token expired", 0);
    fs::create_dir(machine.file("cloud.conf")).unwrap();
    machine.reload();
    let seen = link.wait_for("cloud.conf is not a regular file", seen);
    fs::remove_dir(machine.file("cloud.conf")).unwrap();
    link.wait_for("begins anew: the claim directory was changed", seen);
}

#[test]
fn a_status_knows_what_the_daemon_was_told() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let link = machine.start_with(&[("NETDATA_CLAIM_TOKEN", "other"), ("NETDATA_CLAIM_URL", cloud.url())]);
    link.wait_for("ACLK: online as", 0);
    let status = machine.status().1;
    assert_eq!(status["would_claim"], serde_json::json!(["the variable NETDATA_CLAIM_TOKEN"]));
    let text = machine.run(&["status"]).stdout;
    assert!(text.contains("Also Claims: the variable NETDATA_CLAIM_TOKEN\n"), "{text}");
}

#[test]
fn a_machine_guid_of_an_image_is_replaced_and_that_is_said() {
    let machine = Machine::new();
    let file = machine.root().join("lib/registry/netdata.public.unique.id");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, "8A795B0C-2311-11e6-8563-000c295076a6").unwrap();
    let link = machine.start(&[]);
    link.wait_for("the machine GUID 8a795b0c-2311-11e6-8563-000c295076a6 in", 0);
    link.wait_for("not claimed; waiting", 0);
    let made = fs::read_to_string(&file).unwrap();
    assert!(made.len() == 36 && !made.starts_with("8a79"), "{made}");
    assert!(link.said().contains(&made), "{}", link.said());
}
