//! Commands and the daemon stopped at every single file operation: by SIGKILL, by a full disk, by a disk that fails.

mod calls;
mod daemon;
mod owner;
mod unclaim;

use crate::support::*;
use aclk_cloud::server::Handle;
use aclk_core::identity::key::Key;
use aclk_core::identity::software::SoftwareKey;
use calls::{Call, Trouble, can_trace, traced};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

/// How a machine stands, as far as it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Unclaimed,
    Pending,
    Claimed,
}

/// A machine that has a key and the token as a file too, which has to go in the end.
fn machine_with_key(cloud: &Handle) -> Machine {
    let machine = Machine::trusting(cloud);
    let token = machine.file("token");
    fs::write(&token, cloud.with(|cloud, _| cloud.token().to_owned())).unwrap();
    fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
    machine
}

/// A claim of `machine` that can be told from the others by its host name.
fn claim(machine: &Machine, cloud: &Handle, hostname: &str) -> Command {
    let mut arguments = claim_arguments(cloud);
    arguments.push(format!("-hostname={hostname}"));
    let mut command = machine.command(&arguments);
    command.env("SSL_CERT_FILE", cloud.ca_file());
    command
}

/// All files and directories with their rights.
fn inventory(root: &Path) -> BTreeMap<String, u32> {
    fn look(directory: &Path, root: &Path, found: &mut BTreeMap<String, u32>) {
        for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
            let (path, metadata) = (entry.path(), entry.metadata().unwrap());
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            found.insert(name, metadata.permissions().mode() & 0o7777);
            if metadata.is_dir() {
                look(&path, root, found);
            }
        }
    }
    let mut found = BTreeMap::new();
    look(root, root, &mut found);
    found
}

/// The public half of `private.pem`, which is whole and its owner's alone; `None` if there is no such file.
fn public_half(machine: &Machine) -> Option<String> {
    let path = machine.file("private.pem");
    let pem = fs::read(&path).ok()?;
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    let mut key = SoftwareKey::new();
    key.import_pem(&pem).unwrap();
    Some(key.public_pem().unwrap().trim().to_owned())
}

/// Nothing that others may read has a key or the token in it.
fn assert_secret(machine: &Machine, cloud: &Handle) {
    let token = cloud.with(|cloud, _| cloud.token().to_owned());
    for (name, mode) in inventory(machine.root()) {
        let path = machine.root().join(&name);
        if path.is_file() && mode & 0o077 != 0 {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            assert!(!text.contains("PRIVATE KEY") && !text.contains(&token), "{name} is readable for others");
        }
    }
}

/// Looks at what a disturbed claim left behind: nothing half-written, no secret for others, and a state with a name.
fn inspect(machine: &Machine, cloud: &Handle, hostname: &str) -> State {
    assert_secret(machine, cloud);
    public_half(machine);
    let claimed_id = fs::read_to_string(machine.file("claimed_id")).ok();
    assert!(claimed_id.as_ref().is_none_or(|id| id.len() == 36), "{claimed_id:?}");
    let (code, status) = machine.status();
    let state = match (status["claimed"].as_bool().unwrap(), status["pending"].is_object()) {
        (true, false) => State::Claimed,
        (false, true) => State::Pending,
        (false, false) => State::Unclaimed,
        (true, true) => panic!("both: {status}"),
    };
    assert_eq!(code, if state == State::Claimed { 3 } else { 5 }, "{status}");
    assert_eq!(status["claimed_id"].as_str(), claimed_id.as_deref().filter(|_| state == State::Claimed));
    let known = nodes(cloud, hostname).len();
    assert!(known == 0 || state != State::Unclaimed, "the Cloud knows it, the machine does not");
    assert!(known == 1 || state != State::Claimed, "the machine says it is claimed, the Cloud does not");
    state
}

/// The nodes that the Cloud has under this name: claimed id and public key.
fn nodes(cloud: &Handle, hostname: &str) -> Vec<(String, String)> {
    cloud.with(|cloud, _| {
        let nodes = cloud.state().nodes.values().filter(|node| node.hostname == hostname);
        nodes.map(|node| (node.claimed_id.clone(), node.public_key.trim().to_owned())).collect()
    })
}

/// The same claim again finishes the job, and nobody could tell that anything had happened. Says how it did.
fn finish(machine: &Machine, cloud: &Handle, hostname: &str, undisturbed: &BTreeMap<String, u32>) -> &'static str {
    let is_finished = machine.file("claimed_id").exists() && !machine.file("pending").exists();
    let ended = run(claim(machine, cloud, hostname));
    assert_eq!(ended.code, if is_finished { 13 } else { 0 }, "{hostname}: {ended:?}");
    let mut found = inventory(machine.root());
    // It is empty, nobody holds it, and whoever makes a machine GUID again takes it.
    found.remove("lib/registry/.netdata.public.unique.id.lock");
    assert_eq!(&found, undisturbed, "{hostname}");
    let nodes = nodes(cloud, hostname);
    let claimed_id = fs::read_to_string(machine.file("claimed_id")).unwrap();
    assert_eq!(nodes, [(claimed_id, public_half(machine).unwrap())], "{hostname}");
    if is_finished {
        assert!(ended.stderr.contains("this machine is claimed under this id already"), "{ended:?}");
        return "said to be claimed";
    }
    assert_eq!(ended.stderr.lines().last(), Some("Agent was successfully claimed."), "{ended:?}");
    match ended.stderr {
        text if text.contains("it is finished now") => "finished",
        text if text.contains("the key proves that it succeeded") => "proved by the key",
        _ => "claimed",
    }
}

/// Does `work` with every item, several at a time. The lines it returns are printed in the order of the items.
fn for_each<T: Sync>(items: &[T], work: impl Fn(usize, &T) -> String + Sync) {
    let (next, lines) = (Mutex::new(0), Mutex::new(BTreeMap::new()));
    let worker = || loop {
        let number = {
            let mut next = next.lock().unwrap();
            *next += 1;
            *next - 1
        };
        let Some(item) = items.get(number) else { return };
        let line = work(number, item);
        lines.lock().unwrap().insert(number, line);
    };
    std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(worker))));
    for line in lines.into_inner().unwrap().values() {
        println!("{line}");
    }
}

/// A claim that says nothing before it ends, so that every run makes the same calls whatever there would be to say.
fn silent_claim(machine: &Machine, cloud: &Handle, hostname: &str) -> Command {
    let mut command = claim(machine, cloud, hostname);
    command.arg("--json");
    command
}

/// An undisturbed claim of a machine: its file operations, and what it leaves.
fn undisturbed(machine: &Machine, cloud: &Handle) -> (Vec<Call>, BTreeMap<String, u32>) {
    let (ended, calls) = traced(machine, &silent_claim(machine, cloud, "undisturbed"), None);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(inspect(machine, cloud, "undisturbed"), State::Claimed);
    (calls, inventory(machine.root()))
}

/// Kills a claim at `call`, which must be where it ends.
fn kill(machine: &Machine, cloud: &Handle, hostname: &str, call: &Call) {
    let (ended, calls) = traced(machine, &silent_claim(machine, cloud, hostname), Some((call, Trouble::Kill)));
    assert_eq!(ended.code, -1, "{call} came: {ended:?}");
    assert_eq!(calls.last(), Some(call), "it ended at this call");
}

#[test]
fn a_claim_that_is_killed_at_any_file_operation_is_finished_by_the_next() {
    if !can_trace() {
        return;
    }
    let cloud = cloud("");
    let (calls, files) = undisturbed(&machine_with_key(&cloud), &cloud);
    assert!(calls.len() > 30, "{calls:?}");
    for_each(&calls, |number, call| {
        let (machine, hostname) = (machine_with_key(&cloud), format!("killed-{number}"));
        kill(&machine, &cloud, &hostname, call);
        let state = inspect(&machine, &cloud, &hostname);
        format!("{call} {state:?}, then {}", finish(&machine, &cloud, &hostname, &files))
    });
    assert_eq!(cloud.with(|cloud, _| cloud.deviations().to_vec()), []);
}

#[test]
fn a_first_claim_that_is_killed_while_directory_and_key_are_made_is_finished_by_the_next() {
    if !can_trace() {
        return;
    }
    let cloud = cloud("");
    // Nothing is there yet, so trust comes from the environment.
    let new = || {
        let machine = Machine::new();
        fs::remove_dir_all(machine.root().join("etc")).unwrap();
        machine
    };
    let (calls, files) = undisturbed(&new(), &cloud);
    let first =
        |file: &str| calls.iter().position(|call| call.file == file).unwrap_or_else(|| panic!("{file}: {calls:?}"));
    let (private, public) = (first(".private.pem.new"), first(".public.pem.new"));
    // Making a key takes seconds. So what the other test has seen is not seen again, and a key that was lost comes from
    // outside unless all of it had been written.
    let give_key = |machine: &Machine| {
        fs::create_dir_all(machine.file("")).unwrap();
        machine.give_key();
    };
    let made = |call: &&Call| call.name.starts_with("mkdir") && call.file.starts_with("etc");
    let calls: Vec<Call> = calls[..private].iter().filter(made).chain(&calls[private..=public]).cloned().collect();
    for_each(&calls, |number, call| {
        let (machine, hostname) = (new(), format!("first-{number}"));
        kill(&machine, &cloud, &hostname, call);
        let state = inspect(&machine, &cloud, &hostname);
        assert_eq!(state, State::Unclaimed);
        let kept = public_half(&machine);
        if kept.is_none() && call.name != "renameat" {
            give_key(&machine);
        }
        let end = finish(&machine, &cloud, &hostname, &files);
        assert!(kept.is_none() || public_half(&machine) == kept, "a key that was made is not made again");
        format!("{call} {state:?}, {}, then {end}", if kept.is_some() { "with a key" } else { "no key" })
    });

    // A disk that is full in this moment.
    let call = calls.iter().find(|call| call.name == "write").unwrap();
    let machine = new();
    let full = Some((call, Trouble::Fails("ENOSPC")));
    let (ended, _) = traced(&machine, &silent_claim(&machine, &cloud, "full"), full);
    assert_eq!(ended.code, 2, "{ended:?}");
    let failure = &ended.json()["failures"][0];
    assert!(failure["stage"] == "storage" && failure["cause"].as_str().unwrap().ends_with("no space left on device"));
    assert_eq!(inspect(&machine, &cloud, "full"), State::Unclaimed);
    assert!(!machine.file(".private.pem.new").exists(), "half a key is not left behind");
    give_key(&machine);
    println!("{call} ENOSPC: {}", finish(&machine, &cloud, "full", &files));
}

#[test]
fn a_file_operation_that_fails_is_named_and_loses_nothing() {
    if !can_trace() {
        return;
    }
    let cloud = cloud("");
    let (calls, files) = undisturbed(&machine_with_key(&cloud), &cloud);
    for_each(&calls, |number, call| {
        let (machine, hostname) = (machine_with_key(&cloud), format!("failed-{number}"));
        let error = match call.name.as_str() {
            "write" | "openat" | "mkdir" | "mkdirat" => "ENOSPC",
            _ => "EIO",
        };
        let key = public_half(&machine);
        let fails = Some((call, Trouble::Fails(error)));
        let (ended, done) = traced(&machine, &silent_claim(&machine, &cloud, &hostname), fails);
        assert!(done.contains(call), "{call}: {done:?}");
        let expected = match calls[..=number].iter().rfind(|call| call.name.starts_with("open")) {
            // A lock that cannot be removed is in nobody's way.
            _ if call.name.starts_with("unlink") && call.file.ends_with("unique.id.lock") => 0,
            // The root is where "lib" is made.
            _ if call.file.is_empty() || call.file.starts_with("lib") => 18,
            Some(made) if made.file.contains("unique.id") => 18,
            // Nothing reads that file: the claim is not given up for it.
            Some(made) if made.file.contains("public.pem") => 0,
            _ => 2,
        };
        assert_eq!(ended.code, expected, "{call}: {ended:?}");
        let json = ended.json();
        let failure = json["failures"].get(0).unwrap_or(&json);
        let cause = failure["cause"].as_str().unwrap_or("-").replace(machine.root().to_str().unwrap(), "");
        assert!(expected == 0 || failure["stage"] == "storage", "{call}: {ended:?}");
        let state = inspect(&machine, &cloud, &hostname);
        assert_eq!(public_half(&machine), key, "the key is never lost");
        let end = finish(&machine, &cloud, &hostname, &files);
        format!("{call} {error:6} exit {}, {state:?}, then {end}: {cause}", ended.code)
    });
}
