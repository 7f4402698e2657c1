//! `aclk unclaim` stopped at every file operation: what is left is a claim with its key, or none.

use super::*;

fn unclaim(machine: &Machine) -> Command {
    machine.command(&["unclaim", "--yes", "--json"])
}

/// Looks at what a disturbed end of a claim left behind, finishes it, and claims again.
fn inspect_and_finish(machine: &Machine, cloud: &Handle, number: usize) -> State {
    assert_secret(machine, cloud);
    let (_, status) = machine.status();
    assert!(!status["pending"].is_object(), "{status}");
    let state = if status["claimed"].as_bool().unwrap() { State::Claimed } else { State::Unclaimed };
    if state == State::Claimed {
        assert!(public_half(machine).is_some(), "a claim without its key");
        assert_eq!(status["url"], cloud.url(), "a claim without its Cloud");
    }
    let ended = run(unclaim(machine));
    assert_eq!(ended.code, 0, "{ended:?}");
    let left: Vec<String> = inventory(&machine.root().join("etc/claim.d")).into_keys().collect();
    assert_eq!(left, ["cloud_fullchain.pem", "rooms"]);
    assert_eq!(machine.status().0, 5);
    machine.give_key();
    let ended = machine.claim(cloud, &[&format!("-id=aaaaaaaa-bbbb-4ccc-8ddd-{number:012}"), "-hostname=again"]);
    assert_eq!(ended.code, 0, "the next claim: {ended:?}");
    state
}

/// A claimed machine, with everything that can be there.
fn machine(cloud: &Handle, number: usize) -> Machine {
    let machine = Machine::trusting(cloud);
    let ended = machine.claim(cloud, &[&format!("-id=11111111-2222-4333-8444-{number:012}"), "-hostname=first"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let id = machine.claimed_id();
    fs::write(machine.file("node_id"), format!("claimed_id = {id}\nnode_id = {id}\n")).unwrap();
    fs::write(machine.file("pending"), format!("id = {id}\nurl = {}\n", cloud.url())).unwrap();
    fs::write(machine.file("rooms"), "a").unwrap();
    fs::write(machine.file("token"), "a-token").unwrap();
    fs::write(machine.file(".private.pem.new"), "half a key").unwrap();
    machine
}

#[test]
fn an_unclaim_that_is_stopped_at_any_file_operation_leaves_a_claim_or_none_and_can_be_done_again() {
    if !can_trace() {
        return;
    }
    let cloud = cloud("");
    let (ended, calls) = traced(&machine(&cloud, 999), &unclaim(&machine(&cloud, 998)), None);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(calls, [], "it was another machine");
    let first = machine(&cloud, 997);
    let (ended, calls) = traced(&first, &unclaim(&first), None);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(calls.len() > 15, "{calls:?}");
    let troubles: Vec<(Call, Trouble)> =
        calls.iter().flat_map(|call| [(call.clone(), Trouble::Kill), (call.clone(), Trouble::Fails("EIO"))]).collect();
    for_each(&troubles, |number, (call, trouble)| {
        let machine = machine(&cloud, number);
        let (ended, done) = traced(&machine, &unclaim(&machine), Some((call, *trouble)));
        assert!(done.contains(call), "{call}: {done:?}");
        match trouble {
            Trouble::Kill => assert_eq!((ended.code, done.last()), (-1, Some(call)), "{ended:?}"),
            Trouble::Fails(_) => {
                assert_eq!(ended.code, 2, "{call}: {ended:?}");
                let cause = ended.json()["failure"]["cause"].as_str().unwrap().to_owned();
                assert!(cause.ends_with("input/output error"), "{cause}");
            }
        }
        format!("{call} {trouble:?}: {:?}, then unclaimed", inspect_and_finish(&machine, &cloud, number))
    });
}
