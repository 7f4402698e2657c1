//! A device and a Cloud that both behave.

use aclk_cloud::NodeState;
use aclk_core::engine::event::Goal;
use aclk_core::stage::{Purpose, Stage};
use aclk_pair::{Done, GUID, Memory, Pair, Pieces, Setup};
use std::collections::BTreeSet;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

fn come_online(setup: Setup) -> Pair {
    let mut pair = Pair::new(setup);
    assert!(pair.run_until(Pair::is_online, MINUTE), "{:#?}", pair.happened);
    assert_eq!(pair.failures(), Vec::<&aclk_core::stage::Failure>::new());
    assert_eq!(pair.cloud.deviations(), []);
    pair
}

#[test]
fn a_new_device_is_claimed_and_comes_online() {
    let pair = come_online(Setup { memory: Memory::default(), ..Setup::default() });
    assert_eq!(pair.memory.records, ["key", "pending", "claimed"]);
    assert!(pair.is_claimed() && pair.memory.saved.pending.is_none());
    let view = pair.cloud.view();
    assert_eq!(view.nodes.len(), 1);
    assert_eq!(view.nodes[0].claimed_id, GUID);
    assert_eq!(view.nodes[0].hostname, "edge-1");
    assert_eq!(view.nodes[0].state, NodeState::Online);
}

#[test]
fn every_stage_is_told_in_its_order() {
    let pair = come_online(Setup::default());
    let stages: Vec<(Option<Purpose>, Stage)> = pair
        .happened
        .iter()
        .filter_map(|happened| match &happened.what {
            Done::Stage(report) => Some((report.purpose, report.stage)),
            _ => None,
        })
        .collect();
    assert_eq!(
        stages,
        [
            (None, Stage::Key),
            (Some(Purpose::Claim), Stage::Http),
            (None, Stage::Storage),
            (Some(Purpose::Env), Stage::Http),
            (Some(Purpose::Challenge), Stage::Http),
            (Some(Purpose::Challenge), Stage::Decrypt),
            (Some(Purpose::Password), Stage::Http),
            (Some(Purpose::Link), Stage::Websocket),
            (Some(Purpose::Link), Stage::Mqtt),
            (Some(Purpose::Link), Stage::App),
        ]
    );
}

#[test]
fn every_stage_tells_its_own_time_and_bytes() {
    let latency = Duration::from_millis(20);
    let mut pair = Pair::new(Setup { latency, ..Setup::default() });
    pair.tap = Some(Vec::new());
    assert!(pair.run_until(Pair::is_online, Duration::from_secs(60)));
    let reports = || {
        pair.happened.iter().filter_map(|happened| match &happened.what {
            Done::Stage(report) => Some(*report),
            _ => None,
        })
    };
    // There and back, as often as something is asked: key, claim, storage, /env, challenge, decryption, password, upgrade,
    // CONNECT and two SUBSCRIBE, the first PUBLISH.
    let round_trips = reports().map(|report| report.elapsed.as_micros() / (2 * latency).as_micros());
    assert_eq!(round_trips.collect::<Vec<_>>(), [0, 1, 0, 1, 1, 0, 1, 1, 3, 1]);
    let is_silent = |stage| matches!(stage, Stage::Key | Stage::Storage | Stage::Decrypt);
    for report in reports() {
        assert_eq!(
            (report.sent == 0, report.received == 0),
            (is_silent(report.stage), is_silent(report.stage)),
            "{report:?}"
        );
    }
    let sent: u64 = reports().map(|report| report.sent).sum();
    // Behind the last stage the node is told of.
    assert!(sent <= pair.tap.as_ref().map_or(0, Vec::len) as u64, "bytes are counted once");
}

#[test]
fn it_does_not_matter_how_bytes_are_cut() {
    for pieces in [Pieces::Of(1), Pieces::Of(7), Pieces::Random] {
        come_online(Setup { pieces, ..Setup::default() });
    }
    for at in 1..2_400 {
        come_online(Setup { pieces: Pieces::SplitAt(at), latency: Duration::ZERO, ..Setup::default() });
    }
}

/// A network whose latency is anything up to ten times the least, and which cuts what it carries as it likes.
fn unsteady(seed: u64) -> Setup {
    Setup { seed, pieces: Pieces::Random, jitter: Duration::from_millis(200), ..Setup::default() }
}

#[test]
fn it_does_not_matter_how_long_bytes_are_under_way() {
    let mut took = BTreeSet::new();
    for seed in 0..300 {
        let mut pair = come_online(unsteady(seed));
        took.insert(pair.now());
        assert!(pair.run_until(Pair::is_live, MINUTE), "seed {seed}: {:#?}", pair.happened);
        pair.run_for(MINUTE);
        assert_eq!(pair.failures(), Vec::<&aclk_core::stage::Failure>::new(), "seed {seed}");
        assert_eq!(pair.cloud.deviations(), [], "seed {seed}");
    }
    // Each way takes 20 to 220 ms, so every run is another one.
    assert!(took.len() > 290, "{took:?}");
    println!("online after {:?} to {:?}", took.first(), took.last());
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| come_online(unsteady(seed)).happened;
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}

#[test]
fn a_claimed_device_comes_online_without_claiming_again() {
    let mut pair = come_online(Setup::default());
    pair.happened.clear();
    pair.reboot();
    assert!(pair.run_until(Pair::is_online, MINUTE));
    assert!(!pair.happened.iter().any(|happened| matches!(happened.what, Done::Claimed { .. })));
    assert_eq!(pair.cloud.deviations(), []);
}

#[test]
fn claiming_alone_ends_when_the_claim_is_stored() {
    let mut pair = Pair::new(Setup { goal: Goal::Claim, ..Setup::default() });
    assert!(pair.run_to_end(MINUTE));
    assert!(pair.is_claimed());
    assert_eq!(pair.cloud.view().nodes[0].state, NodeState::Claimed);
}

#[test]
fn an_unclaimed_device_that_only_links_waits_until_it_is_claimed() {
    let mut pair = Pair::new(Setup { goal: Goal::Link, ..Setup::default() });
    pair.run_for(MINUTE);
    assert_eq!(pair.happened, []);
    // Someone claims it meanwhile, on the same Cloud, and tells it.
    let mut other = Pair::with_cloud(Setup { goal: Goal::Claim, ..Setup::default() }, pair.cloud);
    assert!(other.run_to_end(MINUTE));
    let memory = other.memory;
    let mut pair = Pair::with_cloud(Setup { goal: Goal::Link, ..Setup::default() }, other.cloud);
    pair.memory = memory;
    pair.reload();
    assert!(pair.run_until(Pair::is_online, MINUTE));
}

#[test]
fn a_device_that_is_stopped_says_goodbye() {
    let mut pair = come_online(Setup::default());
    pair.stop();
    assert!(pair.run_to_end(Duration::from_secs(5)));
    pair.run_for(Duration::from_secs(1));
    let view = pair.cloud.view();
    assert_eq!(view.nodes[0].state, NodeState::Offline);
    assert_eq!(pair.cloud.deviations(), []);
    // The will is for those who go without a word.
    let last = view.nodes[0].last_disconnect.as_ref().expect("it was online");
    assert!(!format!("{last:?}").contains("will"), "{last:?}");
}

#[test]
fn a_quiet_link_is_kept_alive_for_hours() {
    let mut pair = come_online(Setup::default());
    pair.run_for(Duration::from_secs(3 * 3600));
    assert!(pair.is_online());
    assert_eq!(pair.failures(), Vec::<&aclk_core::stage::Failure>::new());
    assert_eq!(pair.cloud.deviations(), []);
}
