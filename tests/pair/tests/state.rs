//! What `aclk-state` counts follows real sessions.

use aclk_cloud::message::DisconnectReq;
use aclk_cloud::{Action, Config, FaultPlan};
use aclk_core::api::state;
use aclk_core::clock::{Instant, Now, Trust, Utc, WallTime};
use aclk_core::node::{Connections, LinkStatus, Traffic};
use aclk_core::stage::Next;
use aclk_pair::{Done, GUID, Pair, Setup};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn live(setup: Setup) -> Pair {
    let mut pair = Pair::new(setup);
    assert!(pair.run_until(Pair::is_live, 2 * MINUTE), "{:?}", pair.failures());
    pair.run_for(MINUTE);
    pair
}

fn link(pair: &Pair) -> &LinkStatus {
    &pair.node.status.link
}

fn connections(pair: &Pair) -> Connections {
    link(pair).connections
}

fn traffic(pair: &Pair) -> Traffic {
    link(pair).traffic
}

/// The virtual time of a point that must have come.
fn at(instant: Option<Instant>) -> Duration {
    Duration::from_micros(instant.expect("it has happened").as_micros())
}

/// When the last event of this kind happened.
fn last(pair: &Pair, is: impl Fn(&Done) -> bool) -> Duration {
    pair.happened.iter().rev().find(|happened| is(&happened.what)).expect("it has happened").at
}

fn text(pair: &Pair) -> String {
    let now = u64::try_from(pair.now().as_micros()).unwrap();
    let wall = WallTime { unix_us: now, trust: Trust::Trusted };
    let mut text = String::new();
    let now = Now { instant: Instant::from_micros(now), wall };
    state::write_text(&pair.node.status, now, &Utc, &mut text).unwrap();
    text
}

fn lose(pair: &mut Pair) {
    pair.cloud.break_link(pair.now(), GUID, Action::Abort).expect("it has a link");
    assert!(pair.run_until(|pair| !pair.is_online(), MINUTE));
}

#[test]
fn a_first_link_is_no_reconnect_and_each_further_one_is() {
    let mut pair = live(Setup::default());
    assert_eq!((connections(&pair).reconnects(), connections(&pair).last_down), (0, None));
    for count in 1..4 {
        lose(&mut pair);
        assert_eq!(at(connections(&pair).last_down), pair.now());
        assert!(pair.run_until(Pair::is_online, HOUR));
        assert_eq!(connections(&pair).reconnects(), count);
        assert_eq!(at(connections(&pair).last_up), last(&pair, |what| matches!(what, Done::Online { .. })));
        pair.run_for(2 * MINUTE);
    }
    assert!(text(&pair).contains("Online: Yes\nReconnect count: 3\n"), "{}", text(&pair));
}

#[test]
fn the_next_attempt_and_its_delay_are_those_that_were_told() {
    let mut pair = live(Setup::default());
    pair.cloud_down();
    pair.run_for(10 * MINUTE);
    let failure = pair.failures().pop().expect("it is down").clone();
    let Next::Retry(delay) = failure.next else { panic!("{failure}") };
    let failed = last(&pair, |what| matches!(what, Done::Offline(_)));
    assert_eq!(connections(&pair).last_backoff, Some(delay));
    assert_eq!(at(link(&pair).next_attempt), failed + delay);
    let text = text(&pair);
    assert!(text.contains(&format!("\nLast Backoff: {}.{:03}\n\n", delay.as_secs(), delay.subsec_millis())), "{text}");
    assert!(text.contains("\nStage: tcp\nReason: "), "{text}");
    pair.cloud_up();
    assert!(pair.run_until(Pair::is_online, HOUR));
    assert_eq!(link(&pair).next_attempt, None);
}

#[test]
fn the_times_of_the_last_link_stay_while_there_is_none() {
    let mut pair = live(Setup::default());
    let (up, counted) = (connections(&pair), traffic(&pair));
    pair.cloud_down();
    pair.run_for(5 * MINUTE);
    let down = connections(&pair);
    assert_eq!((down.last_up, down.last_proved, down.count), (up.last_up, up.last_proved, 1));
    assert!(counted.acknowledged >= 3);
    assert_eq!(traffic(&pair), Traffic { pending: 0, ..counted });
}

#[test]
fn messages_are_counted_for_each_session_and_every_one_of_them() {
    let mut pair = live(Setup::default());
    let before = traffic(&pair);
    // UpdateAgentConnection, CreateNodeInstance, UpdateNodeInstanceConnection, UpdateNodeInfo, ContextsSnapshot and
    // UpdateNodeCollectors.
    assert_eq!((before.acknowledged, before.pending), (6, 0));
    for _ in 0..5 {
        pair.cloud.publish(pair.now(), GUID, "StartAlarmStreaming", &[]).expect("it has a link");
    }
    let request = b"GET /api/v1/info HTTP/1.1\r\n\r\n";
    pair.cloud.send_request(pair.now(), GUID, request, MINUTE).expect("it takes requests");
    pair.run_for(MINUTE);
    assert_eq!(traffic(&pair).received, before.received + 6);
    assert_eq!(traffic(&pair).acknowledged, before.acknowledged + 1);
    lose(&mut pair);
    assert!(pair.run_until(Pair::is_online, MINUTE));
    assert_eq!(traffic(&pair).acknowledged, 1);
    assert!(traffic(&pair).received <= before.received);
}

#[test]
fn a_link_is_proved_by_its_third_puback_and_not_before() {
    let mut pair = Pair::new(Setup::default());
    assert!(pair.run_until(Pair::is_online, MINUTE));
    assert_eq!((traffic(&pair).acknowledged, connections(&pair).last_proved), (1, None));
    let proved = |pair: &Pair| {
        let is_proved = connections(pair).last_proved.is_some();
        assert_eq!(is_proved, traffic(pair).acknowledged >= 3);
        is_proved
    };
    assert!(pair.run_until(proved, MINUTE));
    let proved = at(connections(&pair).last_proved);
    assert!(proved > at(connections(&pair).last_up) && proved <= pair.now(), "{proved:?}");
    pair.run_for(HOUR);
    assert_eq!(at(connections(&pair).last_proved), proved);
}

#[test]
fn a_puback_that_is_late_is_pending_and_then_is_the_latency() {
    let latency = Duration::from_millis(700);
    let mut pair = live(Setup { latency, ..Setup::default() });
    // There and back.
    assert_eq!(traffic(&pair).latency, Some(2 * latency));
    let request = b"GET /api/v1/info HTTP/1.1\r\n\r\n";
    for _ in 0..2 {
        pair.cloud.send_request(pair.now(), GUID, request, MINUTE).expect("it takes requests");
    }
    pair.run_for(latency + Duration::from_millis(1));
    assert_eq!(traffic(&pair).pending, 2);
    assert!(text(&pair).contains("Pending PUBACKS: 2\n"));
    pair.run_for(3 * latency);
    assert_eq!(traffic(&pair).pending, 0);
}

#[test]
fn the_receive_maximum_is_that_of_the_cloud_or_what_holds_without_one() {
    for (receive_maximum, shown) in [(None, 65_535), (Some(3), 3)] {
        let cloud = Config { receive_maximum, ..Config::default() };
        let pair = live(Setup { cloud, ..Setup::default() });
        assert_eq!(traffic(&pair).receive_maximum, shown);
    }
}

#[test]
fn a_ban_is_a_ban_until_a_reload_lifts_it() {
    let mut faults = FaultPlan::default();
    faults.add("err-non-retryable@password*1").expect("the fault exists");
    let mut pair = Pair::new(Setup { cloud: Config { faults, ..Config::default() }, ..Setup::default() });
    pair.run_for(HOUR);
    let banned = text(&pair);
    assert!(banned.contains("Banned By Cloud: Yes\n") && !banned.contains("Next Connection Attempt"), "{banned}");
    pair.reload();
    assert!(pair.run_until(Pair::is_online, MINUTE));
    assert!(text(&pair).contains("Reconnect count: 0\nBanned By Cloud: No\n"));
}

#[test]
fn the_clouds_own_delay_is_the_last_back_off() {
    let mut pair = live(Setup::default());
    let request = DisconnectReq { reconnect_after_seconds: 33, ..DisconnectReq::default() };
    pair.cloud.disconnect(pair.now(), GUID, &request).expect("it has a link");
    assert!(pair.run_until(|pair| !pair.is_online(), MINUTE));
    assert!(text(&pair).contains("Last Backoff: 33.000\n"), "{}", text(&pair));
}

#[test]
fn a_reload_that_makes_the_link_anew_is_a_disconnect_and_a_reconnect() {
    let mut pair = live(Setup::default());
    let reloaded = pair.now();
    pair.reload();
    assert_eq!(at(connections(&pair).last_down), reloaded);
    assert!(pair.run_until(|pair| connections(pair).count == 2, MINUTE));
    assert!(text(&pair).contains("Online: Yes\nReconnect count: 1\n"));
}
