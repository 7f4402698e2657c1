//! Whose the files are after a run of root, and what becomes of those that an earlier one left behind.

use super::*;

/// Everything that a claim makes or rewrites belongs to the user that Netdata runs as.
fn assert_handed_over(machine: &Machine, what: &str) {
    for place in [machine.file(""), machine.root().join("lib")] {
        for path in all_below(&place) {
            let (user, group, mode) = owner(&path);
            assert_eq!((user, group), (NETDATA, NETDATA), "{what}: {}", path.display());
            assert!(path.file_name().unwrap() != "private.pem" || mode == 0o600, "{what}: {mode:o}");
        }
    }
    assert_eq!(owner(&machine.file("")).2, 0o770, "{what}");
}

#[test]
fn what_root_makes_belongs_to_the_user_however_the_claim_ends() {
    if !can_change_users() {
        return;
    }
    let cloud = cloud("");
    let ends = [
        ("successful", vec![], 0),
        ("refused", vec!["-token=another"], 12),
        ("unreachable", vec!["-url=https://127.0.0.1:1"], 4),
        ("without a token", vec!["-rooms="], 1),
    ];
    for (what, more, code) in ends {
        // The key comes from outside, to save the time of making one, and belongs to root as yet.
        let machine = machine_with_users(Machine::new());
        machine.give_key();
        let ended = if code == 1 { aclk(&machine, 0, &["claim"]) } else { claim(&machine, &cloud, 0, &more) };
        assert_eq!(ended.code, code, "{what}: {ended:?}");
        assert_handed_over(&machine, what);
        assert_eq!(owner(&machine.root().join("etc")).0, 0, "the configuration stays root's");
    }
}

#[test]
fn a_key_that_root_makes_never_belongs_to_root_under_its_name() {
    if !can_change_users() {
        return;
    }
    let cloud = cloud("");
    let machine = machine_with_users(Machine::new());
    fs::remove_dir_all(machine.root().join("etc")).unwrap();
    let arguments = claim_arguments(&cloud);
    let mut command = as_user(&machine, 0, "aclk", &arguments);
    command.env("SSL_CERT_FILE", cloud.ca_file());
    let mut running = Daemon::start(command);
    // Whoever looks at any moment finds either nothing or a key that the daemon can read.
    let mut seen = 0;
    while running.is_running() {
        if let Ok(found) = fs::symlink_metadata(machine.file("private.pem")) {
            assert_eq!((found.uid(), found.permissions().mode() & 0o777), (NETDATA, 0o600));
            seen += 1;
        }
    }
    let (status, said) = running.wait();
    assert!(status.success() && seen > 0, "{said}");
    assert_handed_over(&machine, "a new key");
}

#[test]
fn what_an_earlier_run_of_root_left_behind_is_explained_and_repaired() {
    if !can_change_users() {
        return;
    }
    let cloud = cloud("");
    let machine = machine_with_users(Machine::trusting(&cloud));
    fs::create_dir(machine.root().join("lib")).unwrap();
    give(&machine.root().join("lib"), NETDATA);
    give(&machine.root().join("etc"), NETDATA);
    let key = machine.file("private.pem");
    chown(&key, Some(0), Some(0)).unwrap();

    let ended = claim(&machine, &cloud, NETDATA, &[]);
    let expected = format!("cannot read {0}: it belongs to root; run: sudo chown netdata:netdata {0}\n", key.display());
    assert!(ended.code == 2 && ended.stderr.contains(&expected), "{ended:?}");

    let ended = claim(&machine, &cloud, 0, &[]);
    let note = format!("note: {} belonged to root; it belongs to netdata now", key.display());
    assert!(ended.code == 0 && ended.stderr.contains(&note), "{ended:?}");
    assert_handed_over(&machine, "repaired");
    let ended = claim(&machine, &cloud, NETDATA, &[]);
    assert_eq!(ended.code, 13, "it can read it now: {ended:?}");
}

#[test]
fn a_directory_that_cannot_be_written_to_is_exit_code_2_and_says_whose_it_is() {
    if !can_change_users() {
        return;
    }
    let cloud = cloud("");
    let machine = machine_with_users(Machine::new());
    // The claim directory belongs to root; then it is missing, and the one above it does.
    for missing in [false, true] {
        if missing {
            fs::remove_dir_all(machine.file("")).unwrap();
        }
        let ended = claim(&machine, &cloud, NETDATA, &[]);
        let whose = if missing { machine.root().join("etc") } else { machine.root().join("etc/claim.d") };
        assert_eq!(ended.code, 2, "{ended:?}");
        let (path, verb) = (whose.display(), if missing { "create" } else { "write" });
        let belongs =
            if missing { format!("{path} belongs to root (0755)") } else { format!("{path}: it belongs to root") };
        assert!(ended.stderr.contains(&belongs) && ended.stderr.contains(&format!("cannot {verb} ")), "{ended:?}");
        assert!(ended.stderr.contains("run this as that user, or with sudo"), "{ended:?}");
    }
    assert!(!machine.root().join("lib").exists() && !machine.file("").exists(), "nothing was made");
}
