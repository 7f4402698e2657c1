//! Root claims for another user: every file changes hands, and that is one more moment to be interrupted at.

use super::*;
use std::os::unix::fs::MetadataExt;

/// A user that need not be known.
const OWNER: u32 = 64_001;

/// A machine whose Netdata runs as that user, with files that still belong to root.
fn machine(cloud: &Handle) -> Machine {
    let machine = machine_with_key(cloud);
    machine.configure(&format!("[global]\n\trun as user = {OWNER}:{OWNER}\n"));
    machine
}

/// Whether files can be given away here.
fn can_give_away() -> bool {
    let mut id = Command::new("id");
    id.arg("-u");
    let is_root = run(id).stdout.trim() == "0";
    if !is_root {
        println!("skipped: only root can give files away");
    }
    is_root && can_trace()
}

/// What does not belong to the user, and should.
fn left_to_root(machine: &Machine) -> Vec<String> {
    let names = inventory(machine.root()).into_keys().filter(|name| {
        let is_given = name.starts_with("etc/claim.d") || name.starts_with("lib");
        is_given && fs::metadata(machine.root().join(name)).unwrap().uid() != OWNER
    });
    names.collect()
}

#[test]
fn a_claim_of_root_for_another_user_that_is_killed_at_any_file_operation_is_finished_by_the_next() {
    if !can_give_away() {
        return;
    }
    let cloud = cloud("");
    let first = machine(&cloud);
    let (calls, files) = undisturbed(&first, &cloud);
    assert_eq!(left_to_root(&first), Vec::<String>::new());
    let given = calls.iter().filter(|call| call.name == "fchown").count();
    assert!(given > 8, "{calls:?}");
    for_each(&calls, |number, call| {
        let (machine, hostname) = (machine(&cloud), format!("owner-{number}"));
        kill(&machine, &cloud, &hostname, call);
        let state = inspect(&machine, &cloud, &hostname);
        // What is made in the place of a file is never root's under its name.
        for name in ["claimed_id", "cloud.conf", "pending"] {
            let found = fs::metadata(machine.file(name));
            assert!(found.is_err() || found.unwrap().uid() == OWNER, "{call}: {name} belongs to root");
        }
        let end = finish(&machine, &cloud, &hostname, &files);
        assert_eq!(left_to_root(&machine), Vec::<String>::new(), "{call}");
        format!("{call} {state:?}, then {end}")
    });
    assert_eq!(cloud.with(|cloud, _| cloud.deviations().to_vec()), []);
}

#[test]
fn a_file_that_cannot_be_given_away_is_named_and_the_next_run_does_it() {
    if !can_give_away() {
        return;
    }
    let cloud = cloud("");
    let (calls, files) = undisturbed(&machine(&cloud), &cloud);
    let calls: Vec<Call> = calls.into_iter().filter(|call| call.name == "fchown").collect();
    for_each(&calls, |number, call| {
        let (machine, hostname) = (machine(&cloud), format!("kept-{number}"));
        let mut command = claim(&machine, &cloud, &hostname);
        command.arg("-verbose");
        let (ended, done) = traced(&machine, &command, Some((call, Trouble::Fails("EIO"))));
        assert!(done.contains(call), "{call}: {done:?}");
        assert!(matches!(ended.code, 0 | 2 | 18), "{call}: {ended:?}");
        assert!(ended.stderr.contains("cannot give away ") && ended.stderr.contains("input/output error"), "{ended:?}");
        inspect(&machine, &cloud, &hostname);
        let end = finish(&machine, &cloud, &hostname, &files);
        assert_eq!(left_to_root(&machine), Vec::<String>::new(), "{call}");
        format!("{call} exit {}, then {end}", ended.code)
    });
}
