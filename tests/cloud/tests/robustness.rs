//! Bytes of a real agent, bent at random: the Cloud neither panics nor loses track of its connections.

use aclk_cloud::replay::Recording;
use aclk_cloud::{Action, Cloud, Config, ConnectionId, Fault, Peer, Step};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;

fn recording() -> Recording {
    Recording::parse(include_str!("../fixtures/real-agent-happy.jsonl")).unwrap()
}

/// Feeds the client's side of the recording, with `bends` as (which byte, what it becomes) and cuts after `stop` bytes.
fn feed(cloud: &mut Cloud, recording: &Recording, bends: &[(u16, u8)], chunk: usize, stop: usize) {
    let mut ids: BTreeMap<u64, ConnectionId> = BTreeMap::new();
    let mut position = 0;
    let lines = recording.lines.iter().filter(|line| line.from_client && ["http", "ws"].contains(&line.layer.as_str()));
    for line in lines {
        let now = Duration::from_secs_f64(line.t);
        let id = *ids.entry(line.conn).or_insert_with(|| cloud.open(now, Peer::default()));
        let mut bytes = line.bytes.clone();
        for (at, value) in bends {
            let at = usize::from(*at);
            if (position..position + bytes.len()).contains(&at) {
                bytes[at - position] = *value;
            }
        }
        position += bytes.len();
        for piece in bytes.chunks(chunk) {
            cloud.receive(now, id, piece);
            drain(cloud, now);
        }
        if position > stop {
            break;
        }
    }
    for id in ids.into_values() {
        cloud.hang_up(Duration::from_secs(20), id);
    }
}

fn drain(cloud: &mut Cloud, now: Duration) {
    while let Some((_, action)) = cloud.poll(now) {
        if let Action::Send(bytes) = action {
            assert!(!bytes.is_empty(), "nothing to send is nothing to do");
        }
    }
}

/// Lets all time pass: whatever happened, the Cloud comes to rest.
fn rest(cloud: &mut Cloud) {
    for _ in 0..100_000 {
        let Some(next) = cloud.next_timeout() else { return };
        cloud.handle_timeout(next);
        drain(cloud, next);
    }
    panic!("the Cloud does not come to rest");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn bent_bytes_of_a_real_agent_are_survived(
        bends in proptest::collection::vec((0_u16..9_000, any::<u8>()), 1..20),
        chunk in 1_usize..3_000,
        stop in 0_usize..9_000,
    ) {
        let recording = recording();
        let mut cloud = Cloud::replay(Config::default(), recording.recorded().unwrap());
        feed(&mut cloud, &recording, &bends, chunk, stop);
        rest(&mut cloud);
        let _ = serde_json::to_string(&cloud.view()).unwrap();
        for event in cloud.drain_events() {
            let _ = event.to_string();
        }
    }

    #[test]
    fn a_real_agent_under_any_three_faults_is_survived(picks in proptest::collection::vec((any::<usize>(), 0_usize..9), 3)) {
        let recording = recording();
        let mut cloud = Cloud::replay(Config::default(), recording.recorded().unwrap());
        for (pick, step) in picks {
            let fault = &Fault::list()[pick % Fault::list().len()];
            if fault.steps.contains(&Step::ALL[step]) {
                cloud.faults_mut().add(&format!("{}@{}", fault.name, Step::ALL[step])).unwrap();
            }
        }
        feed(&mut cloud, &recording, &[], 1_000, usize::MAX);
        rest(&mut cloud);
    }

    #[test]
    fn random_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..400), chunk in 1_usize..50) {
        let mut cloud = Cloud::new(Config::default());
        let id = cloud.open(Duration::ZERO, Peer::default());
        for piece in bytes.chunks(chunk) {
            cloud.receive(Duration::ZERO, id, piece);
            drain(&mut cloud, Duration::ZERO);
        }
        rest(&mut cloud);
    }
}
