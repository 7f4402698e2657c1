//! Where the identity of a machine comes from, and what a daemon claims with that nobody has claimed.

use crate::support::*;
use aclk_cloud::NodeState;
use aclk_cloud::server::Handle;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

impl Machine {
    /// A file of the directory of a real Agent.
    fn agent_file(&self, name: &str) -> PathBuf {
        self.root().join("lib/cloud.d").join(name)
    }

    fn claim_conf(&self) -> PathBuf {
        self.root().join("etc/claim.conf")
    }

    /// One whose identity a real Agent made: that of a claim, in `cloud.d` and with this `cloud.conf`.
    fn of_agent(cloud: &Handle, cloud_conf: &str) -> Self {
        let machine = Self::claimed(cloud);
        let _ = machine.run(&["status"]);
        fs::rename(machine.file(""), machine.agent_file("")).unwrap();
        let id = fs::read_to_string(machine.agent_file("claimed_id")).unwrap();
        let text = cloud_conf.replace("{url}", cloud.url()).replace("{id}", &id);
        fs::write(machine.agent_file("cloud.conf"), text).unwrap();
        machine
    }

    /// `aclk run` with these variables.
    fn start_with(&self, variables: &[(&str, &str)]) -> Daemon {
        let mut command = self.command(&["run", "--listen=off"]);
        command.envs(variables.iter().copied());
        Daemon::start(command)
    }

    fn reload(&self) -> Ended {
        self.netdatacli(&["reload-claiming-state"])
    }
}

/// Everything about the files of a directory that somebody could have changed.
fn files(directory: &Path) -> BTreeMap<PathBuf, (Vec<u8>, u32, u32, i64, i64)> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let about = |path: PathBuf| {
        let stat = fs::metadata(&path).unwrap();
        let content = fs::read(&path).unwrap();
        (path, (content, stat.permissions().mode(), stat.uid(), stat.mtime(), stat.mtime_nsec()))
    };
    entries.map(about).collect()
}

fn token(cloud: &Handle) -> String {
    cloud.with(|cloud, _| cloud.token().to_owned())
}

/// `claim.conf` as the shim of current Agents writes it.
fn claim_conf(cloud: &Handle, token: &str) -> String {
    format!(
        "[global]\n    url = {}\n    token = {token}\n    rooms = \n    proxy = none\n    insecure = no\n",
        cloud.url()
    )
}

fn online(cloud: &Handle) -> usize {
    cloud.with(|cloud, _| cloud.view()).nodes.iter().filter(|node| node.state == NodeState::Online).count()
}

const SCRIPT: &str = "[global]\n  enabled = yes\n  cloud base url = {url}\n";
const CURRENT: &str = "[global]\n    url = {url}\n    proxy = env\n    token = secret-of-v2\n    rooms = \n    insecure = no\n    \
                       machine_guid = 99999999-0b0a-4908-8706-050403020100\n    claimed_id = {id}\n    hostname = elsewhere\n";

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
fn a_cloud_that_is_switched_off_is_neither_linked_nor_claimed_at() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    events(&cloud);
    let by_file = "netdata cloud = disable\" in netdata.conf";
    type Variables = &'static [(&'static str, &'static str)];
    let cases: [(&str, Variables, &str); 4] = [
        ("[global]\n  netdata cloud = disable\n", &[], by_file),
        ("[general]\n  netdata cloud = disable\n", &[], by_file),
        ("[general]\n  netadata cloud = disable\n", &[], by_file),
        ("", &[("NETDATA_DISABLE_CLOUD", "1")], "the variable NETDATA_DISABLE_CLOUD"),
    ];
    for (conf, variables, how) in cases {
        machine.configure(conf);
        let with = |mut command: Command| {
            command.envs(variables.iter().copied());
            command
        };
        let mut link = Daemon::start(with(machine.command(&["run", "--listen=127.0.0.1:0"])));
        link.wait_for(how, 0);
        link.wait_for("listens for commands at", 0);
        assert_eq!(link.said().contains("is misspelt"), conf.contains("netadata"), "{}", link.said());
        let reload = machine.reload();
        assert!(reload.code == 1 && reload.stderr.contains(how), "{reload:?}");
        let status = run(with(machine.command(&["status"])));
        assert!(status.stdout.contains("Switched Off: by") && status.stdout.contains(how), "{status:?}");
        let info = local_api(&link, "/api/v1/info");
        assert!(info.contains("\"cloud-enabled\":false"), "{info}");
        let refused = run(with(machine.command(&claim_arguments(&cloud))));
        assert_eq!(refused.code, 1, "{refused:?}");
        let words = "Refusing to claim agent -> cloud functionality has been disabled";
        assert!(refused.stderr.contains(words) && refused.stderr.contains(how), "{refused:?}");
        assert!(link.is_running());
        link.stop();
    }
    assert_eq!(events(&cloud), Vec::<String>::new(), "nothing was sent");

    machine.configure("[global]\n  netdata cloud = perhaps\n");
    let link = machine.start(&[]);
    link.wait_for("is neither \"enable\" nor \"disable\" and does not count", 0);
    link.wait_for("ACLK: online as", 0);
}

/// What the local API of a daemon answers.
fn local_api(link: &Daemon, path: &str) -> String {
    use std::io::{Read, Write};
    link.wait_for("local API and status page at http://", 0);
    let said = link.said();
    let line = said.lines().find(|line| line.contains("status page at http://")).unwrap();
    let address = line.split("http://").nth(1).unwrap().trim_end_matches('/').to_owned();
    let mut stream = std::net::TcpStream::connect(&address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
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

#[test]
fn a_claim_on_the_command_line_is_refused_where_the_cloud_is_switched_off() {
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    let netdata = machine.root().join("netdata");
    symlink(ACLK, &netdata).unwrap();
    let claim = format!("claim -token={} -url={}", token(&cloud), cloud.url());
    let arguments = ["-D", "--listen=off", "-W", "set", "global", "netdata cloud", "disable", "-W", &claim];
    let link = Daemon::start(machine.around(Command::new(&netdata), &arguments));
    link.wait_for("claim: Refusing to claim agent -> cloud functionality has been disabled", 0);
    link.wait_for("listens for commands at", 0);
    let (code, said) = (machine.reload().code, link.said());
    assert_eq!(code, 1, "{said}");
    assert_eq!(events(&cloud), Vec::<String>::new());
}

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
