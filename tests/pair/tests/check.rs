//! Going the way of the link once, to see where it ends.

use aclk_cloud::{Config, FaultPlan};
use aclk_core::engine::event::{Goal, Until};
use aclk_core::stage::{Next, Purpose, Stage};
use aclk_pair::{Done, Memory, Pair, Setup};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// A device that was claimed and has said farewell, and its Cloud, which from then on commits `fault`.
fn claimed(goal: Goal, fault: &str) -> Pair {
    let mut pair = Pair::new(Setup::default());
    assert!(pair.run_until(Pair::is_live, MINUTE), "{:?}", pair.failures());
    pair.stop();
    assert!(pair.run_to_end(MINUTE));
    // The Cloud hears of it.
    pair.run_for(Duration::from_secs(1));
    let (mut cloud, memory) = (pair.cloud, pair.memory);
    cloud.drain_events();
    let mut faults = FaultPlan::default();
    if !fault.is_empty() {
        faults.add(fault).expect("the fault exists");
    }
    cloud.set_faults(faults);
    Pair::with_cloud(Setup { goal, memory, seed: 2, ..Setup::default() }, cloud)
}

fn heard(pair: &mut Pair, text: &str) -> usize {
    pair.cloud.drain_events().iter().filter(|event| event.what.to_string().contains(text)).count()
}

fn purposes(pair: &Pair) -> Vec<Purpose> {
    pair.attempts.iter().map(|(_, purpose)| *purpose).collect()
}

#[test]
fn a_check_goes_as_far_as_it_is_told_and_no_further() {
    use Purpose::{Challenge, Env, Link, Password};
    for (until, connections, sessions) in [
        (Until::Environment, &[Env][..], 0),
        (Until::Upgrade, &[Env, Challenge, Password, Link], 0),
        (Until::Online, &[Env, Challenge, Password, Link], 1),
    ] {
        let mut pair = claimed(Goal::Check(until), "");
        assert!(pair.run_to_end(MINUTE), "{until:?}: {:?}", pair.failures());
        assert!(pair.failures().is_empty(), "{until:?}: {:?}", pair.failures());
        assert_eq!(purposes(&pair), connections, "{until:?}");
        let online = pair.happened.iter().any(|happened| matches!(happened.what, Done::Online { .. }));
        assert_eq!(online, until == Until::Online);
        pair.run_for(MINUTE);
        assert_eq!(pair.cloud.deviations(), [], "{until:?}");
        assert_eq!(heard(&mut pair, "MQTT session accepted"), sessions, "{until:?}");
        assert_eq!(purposes(&pair), connections, "once, and not again");
    }
}

#[test]
fn a_check_that_comes_online_leaves_in_order() {
    let mut pair = claimed(Goal::Check(Until::Online), "");
    assert!(pair.run_to_end(MINUTE));
    pair.run_for(MINUTE);
    let events: Vec<String> = pair.cloud.drain_events().iter().map(|event| event.what.to_string()).collect();
    assert!(events.iter().any(|event| event.contains("the client disconnected")), "{events:#?}");
    assert!(!events.iter().any(|event| event.contains("will")), "{events:#?}");
}

#[test]
fn the_first_failure_ends_a_check_and_says_what_a_link_would_do() {
    for (fault, stage, next) in [
        ("status-503@env", Stage::Http, None),
        ("err-retry-delay=300@challenge", Stage::Http, Some(Next::Retry(Duration::from_secs(300)))),
        ("err-non-retryable@challenge", Stage::Http, Some(Next::Banned)),
        ("challenge-wrong-key@challenge", Stage::Decrypt, None),
        ("close@upgrade", Stage::Websocket, None),
        ("stall@announce", Stage::App, None),
    ] {
        let mut pair = claimed(Goal::Check(Until::Online), fault);
        assert!(pair.run_to_end(3 * MINUTE), "{fault}");
        let failures = pair.failures();
        assert_eq!(failures.len(), 1, "{fault}: {failures:?}");
        assert_eq!(failures[0].stage, stage, "{fault}: {failures:?}");
        match next {
            Some(next) => assert_eq!(failures[0].next, next, "{fault}"),
            None => assert!(matches!(failures[0].next, Next::Retry(_)), "{fault}: {failures:?}"),
        }
        let attempts = pair.attempts.len();
        pair.run_for(10 * MINUTE);
        assert_eq!(pair.attempts.len(), attempts, "{fault}: it is not tried again");
    }
}

#[test]
fn a_device_that_is_not_claimed_checks_the_way_to_the_cloud_and_stays_unclaimed() {
    let setup = Setup { goal: Goal::Check(Until::Environment), memory: Memory::default(), ..Setup::default() };
    let mut pair = Pair::new(setup);
    assert!(pair.run_to_end(MINUTE), "{:?}", pair.failures());
    assert!(pair.failures().is_empty() && !pair.is_claimed(), "{:?}", pair.failures());
    assert_eq!(purposes(&pair), [Purpose::Env]);
    assert!(pair.cloud.view().nodes.is_empty());
}

#[test]
fn the_time_of_the_cloud_is_told() {
    let faults: FaultPlan = "date=1700000000@env".parse().expect("it exists");
    let cloud = Config { faults, ..Config::default() };
    let mut pair = Pair::new(Setup { goal: Goal::Check(Until::Environment), cloud, ..Setup::default() });
    assert!(pair.run_to_end(MINUTE));
    let dates: Vec<_> = pair
        .happened
        .iter()
        .filter_map(|happened| match happened.what {
            Done::Answer(answer) => answer.date,
            _ => None,
        })
        .collect();
    assert_eq!(dates, [1_700_000_000]);
}
