//! A Cloud that is switched off.

use super::*;

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
