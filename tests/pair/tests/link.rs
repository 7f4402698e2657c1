//! Holding the link: restarts, delays the Cloud asks for, bans, reloads.

use aclk_cloud::message::DisconnectReq;
use aclk_cloud::{Action, Config, FaultPlan, NodeState};
use aclk_core::engine::event::Goal;
use aclk_core::stage::{Failure, Next, Stage};
use aclk_core::store::Saved;
use aclk_core::wire::url::Url;
use aclk_pair::{Done, GUID, Pair, Setup};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn faulty(fault: &str) -> Setup {
    let mut faults = FaultPlan::default();
    faults.add(fault).expect("the fault exists");
    Setup { cloud: Config { faults, ..Config::default() }, ..Setup::default() }
}

fn online(setup: Setup) -> Pair {
    let mut pair = Pair::new(setup);
    assert!(pair.run_until(Pair::is_online, MINUTE), "{:?}", pair.failures());
    pair
}

fn delays(pair: &Pair) -> Vec<Duration> {
    let retry = |failure: &&Failure| match failure.next {
        Next::Retry(delay) => Some(delay),
        _ => None,
    };
    pair.failures().iter().filter_map(retry).collect()
}

#[test]
fn a_cloud_that_restarts_is_found_again() {
    let mut pair = online(Setup::default());
    pair.cloud_down();
    pair.run_for(MINUTE);
    assert!(!pair.is_online());
    pair.cloud_up();
    assert!(pair.run_until(Pair::is_online, Duration::from_secs(200)));
    assert_eq!(pair.cloud.view().nodes[0].state, NodeState::Online);
    assert_eq!(pair.cloud.deviations(), []);
}

#[test]
fn while_the_cloud_is_away_delays_double_up_to_the_cap_and_stay_there() {
    let mut pair = online(Setup::default());
    pair.cloud_down();
    pair.run_for(4 * HOUR);
    let delays = delays(&pair);
    let expected = (0..).map(|n| 1_u64 << n.min(10));
    for (delay, least) in delays.iter().zip(expected) {
        let least = Duration::from_secs(least);
        assert!(*delay >= least && *delay <= least * 3 / 2, "{delay:?} where {least:?} is due: {delays:?}");
    }
    assert!(delays.len() > 13, "{delays:?}");
}

#[test]
fn a_link_that_breaks_at_once_does_not_reset_the_delay() {
    let mut pair = online(Setup::default());
    for _ in 0..6 {
        pair.cloud.break_link(pair.now(), GUID, Action::Abort).expect("it has a link");
        assert!(pair.run_until(|pair| !pair.is_online(), MINUTE));
        assert!(pair.run_until(Pair::is_online, 2 * MINUTE));
    }
    let delays: Vec<u64> = delays(&pair).iter().map(Duration::as_secs).collect();
    assert!(delays.windows(2).all(|pair| pair[0] < pair[1]), "{delays:?}");
}

#[test]
fn a_link_that_held_for_a_minute_resets_the_delay() {
    let mut pair = online(Setup::default());
    for _ in 0..6 {
        pair.run_for(2 * MINUTE);
        pair.cloud.break_link(pair.now(), GUID, Action::Close).expect("it has a link");
        assert!(pair.run_until(|pair| !pair.is_online(), MINUTE));
        assert!(pair.run_until(Pair::is_online, MINUTE));
    }
    assert!(delays(&pair).iter().all(|delay| *delay < Duration::from_secs(2)), "{:?}", delays(&pair));
}

#[test]
fn the_clouds_own_delay_is_kept_to_the_second() {
    for (fault, seconds) in [
        ("err-retry-delay=77@env*1", 77),
        ("err-retry-delay=5@password*1", 5),
        ("err-duplicated-challenge@challenge*1", 60),
    ] {
        let mut pair = Pair::new(faulty(fault));
        assert!(pair.run_until(Pair::is_online, HOUR), "{fault}");
        assert_eq!(delays(&pair), [Duration::from_secs(seconds)], "{fault}");
    }
}

#[test]
fn a_delay_in_a_disconnect_request_is_kept_after_a_farewell() {
    let mut pair = online(Setup::default());
    let request = DisconnectReq {
        reconnect_after_seconds: 33,
        error_description: "moving house".to_owned(),
        ..DisconnectReq::default()
    };
    pair.cloud.disconnect(pair.now(), GUID, &request).expect("it has a link");
    assert!(pair.run_until(|pair| !pair.is_online(), MINUTE));
    let left = pair.now();
    assert!(pair.run_until(Pair::is_online, HOUR));
    assert!(pair.now() - left >= Duration::from_secs(33));
    assert_eq!(delays(&pair), [Duration::from_secs(33)]);
    assert!(pair.failures()[0].cause.as_str().contains("moving house"));
    assert_eq!(pair.cloud.deviations(), []);
}

#[test]
fn a_ban_holds_until_a_reload() {
    for fault in ["err-non-retryable@env*1", "err-non-retryable@password*1", "disconnect-req-ban@announce*1"] {
        let mut pair = Pair::new(faulty(fault));
        pair.run_for(24 * HOUR);
        assert!(!pair.is_online(), "{fault}");
        assert_eq!(pair.failures().len(), 1, "{fault}");
        assert_eq!(pair.failures()[0].next, Next::Banned, "{fault}");
        pair.reload();
        assert!(pair.run_until(Pair::is_online, MINUTE), "{fault}");
    }
}

#[test]
fn a_session_id_never_repeats_and_is_that_of_the_will() {
    let mut pair = online(Setup::default());
    pair.run_for(2 * MINUTE);
    pair.cloud_down();
    pair.cloud_up();
    assert!(pair.run_until(Pair::is_online, MINUTE));
    let sessions: Vec<u64> = pair
        .happened
        .iter()
        .filter_map(|happened| match happened.what {
            Done::Online { session_id, .. } => Some(session_id),
            _ => None,
        })
        .collect();
    assert!(sessions.len() == 2 && sessions[0] < sessions[1], "{sessions:?}");
    assert_eq!(pair.cloud.deviations(), []);
}

#[test]
fn a_reload_makes_the_link_anew_after_a_farewell() {
    let mut pair = online(Setup::default());
    pair.run_for(MINUTE);
    pair.reload();
    let before = pair.happened.len();
    assert!(
        pair.run_until(|pair| pair.happened[before..].iter().any(|h| matches!(h.what, Done::Online { .. })), MINUTE)
    );
    assert_eq!(pair.cloud.view().nodes[0].connections, 2);
    assert_eq!(pair.cloud.deviations(), []);
}

#[test]
fn a_node_that_is_unclaimed_says_so_and_is_forgotten() {
    let mut pair = Pair::new(Setup { goal: Goal::Link, ..claimed() });
    assert!(pair.run_until(Pair::is_live, MINUTE));
    pair.memory.saved = Saved::default();
    pair.reload();
    pair.run_for(MINUTE);
    assert_eq!(pair.cloud.view().nodes, []);
    let said: Vec<String> = pair.cloud.drain_events().iter().map(|event| event.what.to_string()).collect();
    assert!(said.iter().any(|said| said.contains("offline: the agent reported it")), "{said:#?}");
    assert!(!said.iter().any(|said| said.contains("will")), "it left in order: {said:#?}");
    assert_eq!(pair.cloud.deviations(), []);
}

/// The Cloud asks the node to leave; while it does, somebody unclaims it. At every moment of the farewell it is told.
#[test]
fn a_node_that_is_unclaimed_while_it_takes_its_leave_says_so() {
    let mut moments = 0;
    for millis in (0..200).step_by(5) {
        let mut pair = Pair::new(Setup { goal: Goal::Link, ..claimed() });
        assert!(pair.run_until(Pair::is_live, MINUTE));
        let request = DisconnectReq { reconnect_after_seconds: 600, ..DisconnectReq::default() };
        pair.cloud.disconnect(pair.now(), GUID, &request).expect("it has a link");
        pair.run_for(Duration::from_millis(millis));
        if !pair.is_online() {
            break;
        }
        moments += 1;
        pair.memory.saved = Saved::default();
        pair.reload();
        pair.run_for(MINUTE);
        assert_eq!(pair.cloud.view().nodes, [], "unclaimed {millis} ms after the Cloud's request");
        assert_eq!(pair.cloud.deviations(), [], "unclaimed {millis} ms after the Cloud's request");
    }
    assert!(moments > 10, "{moments}");
}

#[test]
fn a_node_that_is_unclaimed_belongs_to_the_cloud_of_its_settings_again() {
    let mut pair = Pair::new(Setup { goal: Goal::Link, ..claimed() });
    let configured = pair.node.status.url.clone();
    assert!(pair.run_until(Pair::is_live, MINUTE));
    let elsewhere = Url::parse("https://elsewhere.example").expect("it is a URL");
    let claim = pair.memory.saved.claimed.as_mut().expect("it is claimed");
    claim.url = elsewhere.clone();
    pair.reload();
    assert_eq!(pair.node.status.url, elsewhere);
    pair.memory.saved = Saved::default();
    pair.reload();
    assert_eq!(pair.node.status.url, configured);
}

#[test]
fn a_node_that_is_unclaimed_before_it_was_one_just_leaves() {
    let mut pair = Pair::new(Setup { goal: Goal::Link, ..claimed() });
    assert!(pair.run_until(Pair::is_online, MINUTE));
    pair.memory.saved = Saved::default();
    pair.reload();
    pair.run_for(MINUTE);
    assert_eq!(pair.cloud.view().nodes[0].state, NodeState::Offline);
    assert_eq!(pair.cloud.deviations(), []);
}

#[test]
fn a_device_that_claimed_itself_and_is_unclaimed_does_not_claim_itself_again() {
    let mut pair = Pair::new(Setup { goal: Goal::ClaimAndLink, ..Setup::default() });
    assert!(pair.run_until(Pair::is_live, MINUTE));
    pair.memory.saved = Saved::default();
    pair.reload();
    pair.run_for(HOUR);
    assert_eq!(pair.cloud.view().nodes, []);
    let last = pair.failures().last().map(|failure| failure.cause.to_string());
    assert_eq!(last.as_deref(), Some("there is no claiming token"));
    assert_eq!(pair.cloud.deviations(), []);
}

/// A device that was claimed at the Cloud of the same setup.
fn claimed() -> Setup {
    let mut pair = Pair::new(Setup { goal: aclk_core::engine::event::Goal::Claim, ..Setup::default() });
    assert!(pair.run_to_end(MINUTE));
    Setup { memory: pair.memory.clone(), cloud_state: Some(pair.cloud.state().clone()), ..Setup::default() }
}

#[test]
fn a_stop_at_every_moment_ends_within_seconds() {
    for millis in (0..900).step_by(15) {
        let mut pair = Pair::new(Setup::default());
        pair.run_for(Duration::from_millis(millis));
        pair.stop();
        assert!(pair.run_to_end(Duration::from_secs(3)), "stopped at {millis} ms");
        pair.run_for(Duration::from_secs(1));
        assert_eq!(pair.cloud.deviations(), [], "stopped at {millis} ms");
    }
}

/// The operating system ends the program, and somebody still changes the identity.
#[test]
fn a_device_that_was_stopped_does_not_start_anew_because_of_a_reload() {
    let mut pair = online(Setup { latency: Duration::from_millis(200), ..Setup::default() });
    let attempts = pair.attempts.len();
    pair.stop();
    pair.reload();
    assert!(pair.run_to_end(Duration::from_secs(3)), "it is taking its leave");
    pair.reload();
    assert!(pair.run_to_end(MINUTE), "it has ended");
    assert_eq!(pair.attempts.len(), attempts);
    assert_eq!(pair.cloud.deviations(), []);
}

/// With the close of the connection, which has 250 ms of its own, these are the two seconds that are promised.
#[test]
fn a_cloud_that_hangs_is_left_within_two_seconds() {
    let left = Duration::from_millis(1_750);
    for fault in ["stall@env", "stall@challenge", "stall@password", "stall@upgrade", "stall@connect", "stall@subscribe"]
    {
        let mut pair = Pair::new(faulty(fault));
        pair.run_for(Duration::from_secs(5));
        pair.stop();
        assert!(pair.run_to_end(Duration::from_millis(10)), "{fault}: there is nothing to wait for");
    }
    for fault in ["stall@announce", "no-puback@online"] {
        let mut pair = Pair::new(faulty(fault));
        pair.run_for(Duration::from_secs(5));
        pair.stop();
        assert!(!pair.run_to_end(left - Duration::from_millis(10)), "{fault}: it waits for the PUBACK");
        assert!(pair.run_to_end(Duration::from_millis(10)), "{fault}");
    }
}

#[test]
fn a_failure_of_the_network_names_its_stage() {
    use aclk_pair::ConnectFault;

    let mut pair = Pair::new(Setup::default());
    let faults = [
        (ConnectFault::Dns, Stage::Dns),
        (ConnectFault::Refused, Stage::Tcp),
        (ConnectFault::Silence(Duration::from_secs(10)), Stage::Tcp),
        (ConnectFault::Certificate, Stage::Tls),
    ];
    pair.connect_faults = faults.map(|(fault, _)| fault).into();
    assert!(pair.run_until(Pair::is_online, HOUR));
    let stages: Vec<Stage> = pair.failures().iter().map(|failure| failure.stage).collect();
    assert_eq!(stages, faults.map(|(_, stage)| stage));
}
