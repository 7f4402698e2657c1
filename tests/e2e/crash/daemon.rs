//! The daemon stopped at every file operation, from its start over a reload, in which it finishes a claim that the Cloud had
//! confirmed, to its end.

use super::calls::{changes_of, tracing};
use super::*;

/// A claimed machine, and what its claim is.
fn machine(cloud: &Handle, number: usize) -> Machine {
    let machine = Machine::trusting(cloud);
    let id = format!("-id=22222222-3333-4444-8555-{number:012}");
    let ended = machine.claim(cloud, &[&id, &format!("-hostname=daemon-{number}")]);
    assert_eq!(ended.code, 0, "{ended:?}");
    machine
}

/// As `aclk claim` leaves it when it is killed between the last two steps.
fn interrupt_a_claim(machine: &Machine, cloud: &Handle) {
    let token = machine.file("token");
    fs::write(&token, "").unwrap();
    fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&token, cloud.with(|cloud, _| cloud.token().to_owned())).unwrap();
    fs::write(machine.file("pending"), format!("id = {}\nurl = {}\n", machine.claimed_id(), cloud.url())).unwrap();
}

/// Waits for a line with `text` behind the first `skip` lines; `None` if the daemon ends before, or says that a file
/// operation has failed.
fn reach(link: &mut Daemon, text: &str, skip: usize) -> Option<usize> {
    let mut found = None;
    wait_until(text, || {
        // In this order: what it says before it ends counts.
        let is_over = !link.is_running();
        let said = link.said();
        found = said.lines().skip(skip).position(|line| line.contains(text)).map(|at| skip + at + 1);
        is_over || found.is_some() || said.contains("input/output error")
    });
    found
}

/// Runs a daemon: it comes online, is told to read everything again, and ends in order; unless something comes between. Says
/// how it ended, what it said, and what it changed.
fn live(machine: &Machine, cloud: &Handle, trouble: Option<(&Call, Trouble)>) -> (Option<i32>, String, Vec<Call>) {
    let mut link = Daemon::start(tracing(machine, &machine.command(&["run", "--listen=off"]), trouble));
    let strace = link.pid();
    // The daemon is the only child of the tracer.
    let signal = |name: &str| {
        // It may have ended by itself, and the tracer with it.
        let children = fs::read_to_string(format!("/proc/{strace}/task/{strace}/children")).unwrap_or_default();
        if let Ok(daemon) = children.trim().parse() {
            let _ = crate::support::signal(daemon, name);
        }
    };
    let reloaded = reach(&mut link, "ACLK: live as", 0).and_then(|at| {
        interrupt_a_claim(machine, cloud);
        signal("HUP");
        reach(&mut link, "had been confirmed and is finished now", at)
            .and_then(|at| reach(&mut link, "ACLK: live as", at))
    });
    if reloaded.is_some() || link.is_running() {
        signal("TERM");
    }
    let (status, said) = link.wait();
    (status.code(), said, changes_of(machine))
}

/// Whatever has happened, the claim and its key are there, no secret is open to others, and the next daemon finishes it all.
fn inspect_and_go_on(machine: &Machine, cloud: &Handle, id: &str, key: Option<&str>, files: &BTreeMap<String, u32>) {
    assert_secret(machine, cloud);
    assert_eq!((machine.claimed_id().as_str(), public_half(machine).as_deref()), (id, key));
    assert_eq!(machine.status().0, 3, "claimed, and nobody runs");
    interrupt_a_claim(machine, cloud);
    let link = machine.start(&[]);
    link.wait_for("ACLK: live as", 0);
    let (status, said) = link.stop();
    assert!(status.success(), "{said}");
    assert_eq!(&inventory(machine.root()), files);
}

/// `link.json` is written with every change of the link; twice is enough of it, and of any other file.
fn without_repetitions(calls: Vec<Call>) -> Vec<Call> {
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut is_new = |call: &Call| {
        let count = seen.entry((call.name.clone(), call.file.clone())).or_default();
        *count += 1;
        *count <= 2
    };
    calls.into_iter().filter(|call| is_new(call)).collect()
}

#[test]
fn a_daemon_that_is_stopped_at_any_file_operation_loses_nothing_and_the_next_goes_on() {
    if !can_trace() {
        return;
    }
    let cloud = cloud("");
    let first = machine(&cloud, 0);
    let key = public_half(&first);
    let (code, said, calls) = live(&first, &cloud, None);
    assert_eq!(code, Some(0), "{said}");
    let files = inventory(first.root());
    for file in ["token", "pending", "node_id", ".node_id.new"] {
        assert!(calls.iter().any(|call| call.file == file), "{file}: {calls:?}");
    }
    let calls = without_repetitions(calls);
    assert!(calls.len() > 25, "{calls:?}");
    // Not a write: the daemon also writes to itself, to wake up, and another number than expected could be that. That every
    // write may fail is shown by `store::tests`.
    let ours = |call: &&Call| !call.file.starts_with("lib") && !call.file.starts_with("run") && call.name != "write";
    let mut troubles: Vec<(Call, Trouble)> = calls.iter().map(|call| (call.clone(), Trouble::Kill)).collect();
    // A disk that fails where the identity is. The rest is for others to look at, and goes on without.
    troubles.extend(calls.iter().filter(ours).map(|call| (call.clone(), Trouble::Fails("EIO"))));
    let hit = Mutex::new(0);
    for_each(&troubles, |number, (call, trouble)| {
        let machine = machine(&cloud, number + 1);
        let id = machine.claimed_id();
        let (code, said, done) = live(&machine, &cloud, Some((call, *trouble)));
        // Which call has this number can vary with what is said in between.
        let is_hit = if *trouble == Trouble::Kill { code.is_none() } else { done.contains(call) };
        *hit.lock().unwrap() += usize::from(is_hit);
        assert!(is_hit || code == Some(0), "{call} {trouble:?}: {code:?} {said}");
        inspect_and_go_on(&machine, &cloud, &id, key.as_deref(), &files);
        format!("{call} {trouble:?}: {}", if is_hit { "hit" } else { "not met" })
    });
    let hit = hit.into_inner().unwrap();
    assert!(hit * 10 > troubles.len() * 8, "{hit} of {} were met", troubles.len());
}
