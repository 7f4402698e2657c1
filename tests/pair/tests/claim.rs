//! What the Cloud may answer to a claim, and claims whose answer is lost.

use aclk_cloud::{Config, FaultPlan, NodeState};
use aclk_core::claim::reply::Refusal;
use aclk_core::engine::event::Goal;
use aclk_core::stage::{Next, Stage};
use aclk_core::store::Saved;
use aclk_pair::{ConnectFault, Done, Memory, OTHER_PRIVATE_PEM, Pair, Setup};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

fn faulty(fault: &str) -> Setup {
    let mut faults = FaultPlan::default();
    faults.add(fault).expect("the fault exists");
    Setup {
        goal: Goal::Claim,
        claim_attempts: Some(3),
        cloud: Config { faults, ..Config::default() },
        ..Setup::default()
    }
}

/// The refusal the run ended with.
fn refusal(pair: &Pair) -> Option<Refusal> {
    pair.happened.iter().rev().find_map(|happened| match &happened.what {
        Done::ClaimFailed { failure, refusal } if failure.next == Next::Stop => *refusal,
        _ => None,
    })
}

#[test]
fn every_error_key_ends_the_claim_with_its_exit_code() {
    for (fault, code, attempts) in [
        ("err-invalid-node-id@claim", 8, 1),
        ("err-invalid-node-name@claim", 9, 1),
        ("err-invalid-room-id@claim", 10, 1),
        ("err-invalid-public-key@claim", 11, 1),
        ("err-forbidden@claim", 12, 1),
        ("err-already-claimed@claim", 13, 1),
        ("err-processing-claim@claim", 14, 1),
        ("err-internal-server-error@claim", 15, 3),
        ("err-gateway-timeout@claim", 16, 3),
        ("err-service-unavailable@claim", 17, 3),
        ("err-unknown-key@claim", 7, 1),
        ("status-503@claim", 7, 3),
        ("err-blank@claim", 12, 1),
    ] {
        let mut pair = Pair::new(faulty(fault));
        assert!(pair.run_to_end(MINUTE), "{fault}");
        assert!(!pair.is_claimed(), "{fault}");
        assert_eq!(refusal(&pair).map(Refusal::exit_code), Some(code), "{fault}: {:?}", pair.failures());
        assert_eq!(pair.failures().len(), attempts, "{fault}");
        // Refused for good: unclaimed. Trouble on the other side, or still being worked on: who knows, so the mark stays.
        let is_open = attempts > 1 || code == 14;
        assert_eq!(pair.memory.saved.pending.is_some(), is_open, "{fault}");
    }
}

#[test]
fn an_invalid_token_is_refused_with_advice_and_the_words_of_the_cloud() {
    let mut pair = Pair::new(Setup { goal: Goal::Claim, token: Some("no-such-token".to_owned()), ..Setup::default() });
    assert!(pair.run_to_end(MINUTE));
    let failures = pair.failures();
    assert_eq!(refusal(&pair), Some(Refusal::Forbidden));
    assert_eq!(failures[0].server.as_ref().map(|said| said.key.as_str()), Some("ErrForbidden"));
    assert!(failures[0].hint.contains("claiming token"));
}

#[test]
fn a_claim_whose_reply_was_lost_is_proved_at_the_next_attempt() {
    let mut pair = Pair::new(faulty("claim-reply-lost@claim*1"));
    assert!(pair.run_to_end(MINUTE));
    assert!(pair.is_claimed());
    assert!(pair.happened.iter().any(|happened| matches!(happened.what, Done::Claimed { proved: true, .. })));
    assert_eq!(pair.cloud.deviations(), []);
}

#[test]
fn a_claim_whose_reply_was_lost_is_proved_by_the_next_run() {
    for fault in ["claim-reply-lost@claim*1", "stall-after=20@claim*1"] {
        let mut pair = Pair::new(Setup { claim_attempts: Some(1), ..faulty(fault) });
        assert!(pair.run_to_end(MINUTE));
        assert!(!pair.is_claimed() && pair.memory.saved.pending.is_some(), "{fault}");
        pair.reboot();
        assert!(pair.run_to_end(MINUTE));
        assert!(pair.is_claimed() && pair.memory.saved.pending.is_none(), "{fault}: {:?}", pair.failures());
    }
}

#[test]
fn somebody_in_between_who_refuses_does_not_undo_a_claim() {
    // A proxy, say: it has no error key, so it is not the Cloud that speaks.
    for fault in ["status-404@password*1", "status-403@password*1", "html-body@password*1"] {
        let mut pair = Pair::new(faulty("claim-reply-lost@claim*1"));
        pair.cloud.faults_mut().add(fault).expect("there is such a fault");
        assert!(pair.run_to_end(MINUTE), "{fault}");
        assert!(pair.is_claimed(), "{fault}: {:?}", pair.failures());
    }
}

#[test]
fn without_an_earlier_attempt_already_claimed_is_final() {
    let mut pair = Pair::new(Setup { goal: Goal::Claim, ..Setup::default() });
    assert!(pair.run_to_end(MINUTE));
    // Everything but the key is lost, so there is no mark.
    pair.memory.saved = Saved::default();
    pair.reboot();
    assert!(pair.run_to_end(MINUTE));
    assert_eq!(refusal(&pair), Some(Refusal::AlreadyClaimed));
    assert!(pair.memory.saved.pending.is_none());
}

/// Only a claim that may have arrived is a reason to look whether it was ours.
#[test]
fn a_link_that_failed_is_no_attempt_at_a_claim() {
    let mut pair = Pair::new(Setup::default());
    assert!(pair.run_until(Pair::is_live, MINUTE));
    pair.reboot();
    assert!(pair.run_until(Pair::is_live, MINUTE));
    pair.cloud_down();
    assert!(pair.run_until(|pair| !pair.is_online(), MINUTE));
    // The Cloud does not hear of it, so that there the id stays claimed.
    pair.memory.saved = Saved::default();
    pair.cloud_up();
    pair.reload();
    pair.run_for(MINUTE);
    assert_eq!(refusal(&pair), Some(Refusal::AlreadyClaimed));
    assert!(!pair.is_claimed());
}

#[test]
fn a_claim_that_is_made_again_is_said_to_be_ours_and_changes_nothing() {
    let mut pair = Pair::new(Setup { goal: Goal::Claim, ..Setup::default() });
    assert!(pair.run_to_end(MINUTE));
    pair.reboot();
    assert!(pair.run_to_end(MINUTE));
    assert_eq!(refusal(&pair), Some(Refusal::AlreadyClaimed));
    assert!(pair.failures().last().unwrap().hint.starts_with("this machine is claimed under this id already"));
    assert!(pair.is_claimed() && pair.memory.saved.pending.is_none());
}

#[test]
fn a_claim_that_is_not_ours_is_not_taken_over_even_with_the_mark() {
    // Someone else claims the id with another key, while we have the mark of an attempt that never arrived.
    let other = Memory { private_pem: Some(OTHER_PRIVATE_PEM.to_owned()), ..Memory::default() };
    let mut theirs = Pair::new(Setup { goal: Goal::Claim, memory: other, ..Setup::default() });
    assert!(theirs.run_to_end(MINUTE));
    let mut memory = Memory::with_key();
    memory.saved.pending = theirs.memory.saved.claimed.clone();
    let mut ours = Pair::with_cloud(Setup { goal: Goal::Claim, memory, ..Setup::default() }, theirs.cloud);
    assert!(ours.run_to_end(MINUTE));
    assert!(!ours.is_claimed());
    assert_eq!(refusal(&ours), Some(Refusal::AlreadyClaimed));
    assert!(ours.failures().last().expect("it failed").cause.as_str().contains("not with our key"));
    assert!(ours.memory.saved.pending.is_none());
}

#[test]
fn a_device_that_cannot_store_its_key_sends_nothing() {
    let mut pair = Pair::new(Setup { goal: Goal::Claim, ..Setup::default() });
    pair.memory = Memory { refuses: Some("key"), ..Memory::default() };
    pair.reboot();
    assert!(pair.run_to_end(MINUTE));
    assert_eq!(pair.failures()[0].stage, Stage::Storage);
    assert_eq!(pair.cloud.view().nodes.len(), 0);
}

#[test]
fn a_device_that_cannot_store_the_mark_sends_nothing() {
    let mut pair = Pair::new(Setup { goal: Goal::Claim, ..Setup::default() });
    pair.memory.refuses = Some("pending");
    assert!(pair.run_to_end(MINUTE));
    assert_eq!(pair.failures()[0].stage, Stage::Storage);
    assert_eq!(pair.cloud.view().nodes.len(), 0);
}

#[test]
fn a_refusal_is_told_even_if_the_mark_cannot_be_removed() {
    let token = Some("a token that has never been valid".to_owned());
    let mut pair = Pair::new(Setup { goal: Goal::Claim, token, ..Setup::default() });
    pair.memory.refuses = Some("refused");
    assert!(pair.run_to_end(MINUTE));
    assert_eq!(refusal(&pair), Some(Refusal::Forbidden));
}

#[test]
fn a_device_that_cannot_store_the_claim_finishes_it_later() {
    let mut pair = Pair::new(Setup { goal: Goal::Claim, ..Setup::default() });
    pair.memory.refuses = Some("claimed");
    assert!(pair.run_to_end(MINUTE));
    assert!(!pair.is_claimed());
    assert!(pair.failures()[0].hint.contains("claim again"));
    pair.memory.refuses = None;
    pair.reboot();
    assert!(pair.run_to_end(MINUTE));
    assert!(pair.is_claimed());
}

/// Power is cut at every moment of a claim. Afterwards the device is unclaimed, pending or claimed, and the next run
/// finishes the job.
#[test]
fn power_may_fail_at_every_moment() {
    let setup = || Setup { goal: Goal::Claim, memory: Memory::default(), ..Setup::default() };
    for millis in (0..400).step_by(5) {
        let mut pair = Pair::new(setup());
        pair.run_for(Duration::from_millis(millis));
        pair.reboot();
        assert!(pair.run_to_end(MINUTE), "cut at {millis} ms");
        assert!(pair.is_claimed(), "cut at {millis} ms: {:?}", pair.failures());
        assert_eq!(pair.cloud.view().nodes[0].state, NodeState::Claimed);
        assert_eq!(pair.cloud.view().nodes.len(), 1, "cut at {millis} ms");
    }
}

#[test]
fn a_claim_at_a_terminal_does_not_wait_for_an_hour() {
    let mut pair = Pair::new(faulty("err-retry-delay=3600@env*1"));
    // The claim's reply is lost, so that it has to be proved, which begins with /env.
    pair.cloud.faults_mut().add("claim-reply-lost@claim*1").expect("there is such a fault");
    assert!(pair.run_to_end(MINUTE), "{:?}", pair.failures());
    let last = pair.failures().last().copied().cloned().expect("it failed");
    assert_eq!((last.next, last.hint), (Next::Stop, "the Cloud wants to be left alone for a while: claim again later"));
    assert!(pair.memory.saved.pending.is_some());
}

#[test]
fn a_claim_that_is_tried_again_soon_is_not_said_to_be_left_alone() {
    let mut pair = Pair::new(faulty("status-503@claim*2"));
    assert!(pair.run_to_end(MINUTE));
    assert!(pair.is_claimed());
    let hints: Vec<&str> = pair.failures().iter().map(|failure| failure.hint).collect();
    assert_eq!(hints, [""; 2]);
}

#[test]
fn a_claim_is_given_up_after_its_attempts() {
    let mut pair = Pair::new(Setup { claim_attempts: Some(3), goal: Goal::Claim, ..Setup::default() });
    pair.connect_faults = [ConnectFault::Refused, ConnectFault::Dns, ConnectFault::Certificate].into();
    assert!(pair.run_to_end(MINUTE));
    let stages: Vec<Stage> = pair.failures().iter().map(|failure| failure.stage).collect();
    assert_eq!(stages, [Stage::Tcp, Stage::Dns, Stage::Tls]);
    assert_eq!(pair.failures()[2].next, Next::Stop);
    assert!(matches!(pair.failures()[1].next, Next::Retry(_)));
    assert_eq!(refusal(&pair), None);
}
