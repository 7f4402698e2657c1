//! The recorded session of a real agent: every byte of it is accepted, and answered with the bytes of the recorded server.

use aclk_cloud::replay::Recording;
use aclk_cloud::{Cloud, Config, NodeState};

fn recording() -> Recording {
    Recording::parse(include_str!("../fixtures/real-agent-happy.jsonl")).unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_real_agent_is_served_byte_for_byte_as_it_was_recorded_however_its_bytes_arrive() {
    let recording = recording();
    for chunk in [usize::MAX, 1, 2, 7, 64, 1_000] {
        let mut cloud = Cloud::replay(Config::default(), recording.recorded().unwrap());
        for difference in recording.play(&mut cloud, chunk) {
            assert_eq!(text(&difference.replayed), text(&difference.recorded), "connection {}", difference.conn);
        }
        assert_eq!(cloud.deviations(), [], "in pieces of {chunk} bytes");
    }
}

#[test]
fn the_recorded_agent_is_seen_as_a_node_that_was_live_and_left() {
    let recording = recording();
    let mut cloud = Cloud::replay(Config::default(), recording.recorded().unwrap());
    recording.play(&mut cloud, usize::MAX);
    let view = cloud.view();
    let node = view.node("8a2e1880-633a-4f88-b61b-149a4a50db42").unwrap();
    assert_eq!((node.hostname.as_str(), node.state, node.connections), ("test-node-1", NodeState::Offline, 1));
    assert_eq!(node.version.as_deref(), Some("2.10.4"));
    assert_eq!(node.instances[0].os.as_deref(), Some("linux"));
    assert!(node.instances[0].contexts.len() > 50, "{} contexts", node.instances[0].contexts.len());
    let events: Vec<_> = cloud.drain_events().iter().map(|event| event.what.to_string()).collect();
    assert!(events.contains(&"answered 404, 41 bytes".to_owned()), "{events:#?}");
    assert!(!events.iter().any(|event| event.contains("will")), "{events:#?}");
}
