//! A link that is up is a live node: known to the Cloud, with its own metrics, and it answers.

use aclk_cloud::message::CreateNodeInstanceResult;
use aclk_cloud::{Config, FaultPlan, NodeState, QueryId, Reply, What};
use aclk_core::stage::{Failure, Next};
use aclk_pair::{Done, GUID, Pair, Pieces, Setup};
use prost::Message;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const TIMEOUT: Duration = Duration::from_secs(30);

fn live(setup: Setup) -> Pair {
    let mut pair = Pair::new(setup);
    assert!(pair.run_until(Pair::is_live, 2 * MINUTE), "{:#?}", pair.happened);
    pair
}

fn faulty(fault: &str) -> Setup {
    let mut faults = FaultPlan::default();
    faults.add(fault).expect("the fault exists");
    Setup { cloud: Config { faults, ..Config::default() }, ..Setup::default() }
}

fn nothing_wrong(pair: &Pair) {
    assert_eq!(pair.failures(), Vec::<&Failure>::new());
    assert_eq!(pair.cloud.deviations(), []);
}

fn send(pair: &mut Pair, request: &[u8], timeout: Duration) -> QueryId {
    pair.cloud.send_request(pair.now(), GUID, request, timeout).expect("the node takes requests")
}

fn reply(pair: &mut Pair, query: &QueryId) -> Option<Reply> {
    for _ in 0..1_000 {
        if let Some(reply) = pair.cloud.take_reply(query) {
            return reply.ok();
        }
        pair.run_for(Duration::from_millis(100));
    }
    None
}

fn get(pair: &mut Pair, target: &str) -> Reply {
    let query = send(pair, format!("GET {target} HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n").as_bytes(), TIMEOUT);
    reply(pair, &query).expect("there is a reply")
}

fn node_id(pair: &Pair) -> String {
    pair.memory.saved.node.expect("it is stored").node.to_string()
}

#[test]
fn a_new_node_says_what_a_real_agent_says_and_in_its_order() {
    let mut pair = live(Setup::default());
    pair.run_for(MINUTE);
    nothing_wrong(&pair);
    let told: Vec<String> = pair
        .cloud
        .drain_events()
        .into_iter()
        .filter_map(|event| match event.what {
            What::Reachable { .. } => Some("reachable".to_owned()),
            What::NodeCreated { .. } => Some("created".to_owned()),
            What::Online { .. } => Some("online".to_owned()),
            What::Info { version, .. } => Some(format!("info {version}")),
            What::Contexts { known } => Some(format!("contexts {known}")),
            _ => None,
        })
        .collect();
    assert_eq!(told, ["reachable", "created", "online", "info v2.10.4", "contexts 3"]);
    let view = pair.cloud.view();
    let instance = &view.nodes[0].instances[0];
    assert_eq!(instance.node_id, node_id(&pair));
    assert_eq!(view.nodes[0].state, NodeState::Online);
    assert_eq!(pair.memory.records, ["pending", "claimed", "node"]);
}

/// UpdateNodeCollectors comes half a minute after UpdateNodeInfo, and names who collects each chart.
#[test]
fn collectors_are_told_half_a_minute_after_the_node_became_live() {
    let mut pair = live(Setup::default());
    let collectors = |pair: &Pair| pair.cloud.view().nodes[0].instances[0].collectors.clone();
    pair.run_for(Duration::from_secs(28));
    assert_eq!(collectors(&pair), [""; 0]);
    pair.run_for(Duration::from_secs(4));
    assert_eq!(collectors(&pair), ["bench/bench.uptime", "bench/bench.wave", "bench/bench.wide"]);
    nothing_wrong(&pair);
}

#[test]
fn the_node_id_outlives_a_restart_and_is_not_asked_for_again() {
    let mut pair = live(Setup::default());
    let before = node_id(&pair);
    pair.run_for(MINUTE);
    pair.cloud.drain_events();
    pair.happened.clear();
    pair.reboot();
    assert!(pair.run_until(Pair::is_live, MINUTE));
    pair.run_for(MINUTE);
    assert_eq!(node_id(&pair), before);
    let created = pair.cloud.drain_events().iter().any(|event| matches!(event.what, What::NodeCreated { .. }));
    assert!(!created);
    nothing_wrong(&pair);
}

#[test]
fn a_node_id_of_another_claim_is_of_no_use() {
    let mut pair = live(Setup::default());
    let stale = aclk_core::identity::guid::Guid::parse("99999999-8888-4777-8666-555555555555").unwrap();
    let known = pair.memory.saved.node.as_mut().unwrap();
    known.claimed = stale;
    known.node = stale;
    pair.happened.clear();
    pair.reboot();
    assert!(pair.run_until(Pair::is_live, MINUTE));
    assert_ne!(node_id(&pair), stale.to_string());
    nothing_wrong(&pair);
}

#[test]
fn a_node_id_that_cannot_be_stored_is_a_notice_and_the_node_is_live() {
    let mut setup = Setup::default();
    setup.memory.refuses = Some("node");
    let pair = live(setup);
    assert_eq!(pair.failures().len(), 1);
    assert!(pair.failures()[0].to_string().contains("no space left"), "{:?}", pair.failures());
    assert_eq!(pair.cloud.deviations(), []);
}

#[test]
fn contexts_are_told_again_when_the_oldest_samples_are_gone_and_not_before() {
    let mut pair = live(Setup::default());
    pair.run_for(5 * HOUR);
    nothing_wrong(&pair);
    let told = pair.cloud.drain_events().iter().filter(|event| matches!(event.what, What::Contexts { .. })).count();
    // At first, and each time that the ring of an hour has moved by an hour.
    assert!((3..=5).contains(&told), "{told}");
}

#[test]
fn a_cloud_that_has_heard_enough_of_contexts_is_told_no_more() {
    let mut pair = live(Setup::default());
    pair.run_for(MINUTE);
    let told = |pair: &mut Pair| {
        pair.run_for(5 * HOUR);
        pair.cloud.drain_events().iter().filter(|event| matches!(event.what, What::Contexts { .. })).count()
    };
    let (ours, other) = (node_id(&pair), "99999999-8888-4777-8666-555555555555");
    pair.cloud.stop_contexts(pair.now(), GUID, other).expect("it has a link");
    assert!(told(&mut pair) > 1, "it was about another node");
    pair.cloud.stop_contexts(pair.now(), GUID, &ours).expect("it has a link");
    assert_eq!(told(&mut pair), 0);
    pair.cloud.ask_contexts(pair.now(), GUID, other, 1).expect("it has a link");
    assert_eq!(told(&mut pair), 0, "it was about another node");
    pair.cloud.ask_contexts(pair.now(), GUID, &ours, 1).expect("it has a link");
    assert!(told(&mut pair) > 1);
}

#[test]
fn a_node_id_is_stored_once_and_a_new_one_takes_its_place() {
    let mut pair = live(Setup::default());
    pair.run_for(MINUTE);
    let stored = |pair: &Pair| pair.memory.records.iter().filter(|record| **record == "node").count();
    let give = |pair: &mut Pair, node: &str, machine: &str| {
        let result = CreateNodeInstanceResult { node_id: node.to_owned(), machine_guid: machine.to_owned() };
        let bytes = result.encode_to_vec();
        pair.cloud.publish(pair.now(), GUID, "CreateNodeInstanceResult", &bytes).expect("it has a link");
        pair.run_for(MINUTE);
    };
    let (first, other) = (node_id(&pair), "99999999-8888-4777-8666-555555555555");
    give(&mut pair, &first, GUID);
    assert_eq!(stored(&pair), 1, "it is known");
    give(&mut pair, other, other);
    assert_eq!((stored(&pair), node_id(&pair)), (1, first), "it is that of another machine");
    give(&mut pair, other, GUID);
    assert_eq!((stored(&pair), node_id(&pair).as_str()), (2, other));
}

#[test]
fn a_cloud_that_knows_the_contexts_is_not_told_again() {
    let mut pair = live(Setup::default());
    pair.run_for(MINUTE);
    pair.cloud.drain_events();
    pair.cloud_down();
    pair.cloud_up();
    assert!(pair.run_until(|pair| !pair.is_live(), MINUTE) && pair.run_until(Pair::is_live, MINUTE));
    pair.run_for(MINUTE);
    assert!(!pair.cloud.drain_events().iter().any(|event| matches!(event.what, What::Contexts { .. })));
    assert_eq!(pair.cloud.deviations(), []);
}

#[test]
fn requests_are_answered_in_pieces_of_any_size() {
    for (pieces, piece) in [(Pieces::Whole, 1_024), (Pieces::Of(1), 1), (Pieces::Random, 77)] {
        let mut pair = live(Setup { pieces, piece, ..Setup::default() });
        pair.run_for(Duration::from_secs(30));
        let info = get(&mut pair, "/api/v1/info");
        let text = String::from_utf8(info.body).unwrap();
        assert_eq!(info.code, 200);
        assert!(text.contains("\"aclk-available\":true") && text.contains(GUID), "{text}");
        assert_eq!(get(&mut pair, "/api/v1/data?chart=bench.wave&after=-10").code, 200);
        assert_eq!(get(&mut pair, "/api/v1/nonexistent-call").code, 404);
        let known = format!("/node/{}/api/v1/charts", node_id(&pair));
        assert_eq!(get(&mut pair, &known).code, 200);
        nothing_wrong(&pair);
    }
}

#[test]
fn a_device_with_a_small_send_buffer_answers_with_200_kib() {
    let mut pair = live(Setup { buffers: (6 << 10, 3 << 10), ..Setup::default() });
    pair.run_for(2 * HOUR);
    let reply = get(&mut pair, "/api/v1/data?chart=bench.wide&after=-3600");
    assert_eq!(reply.code, 200);
    assert!(reply.body.len() > 200 << 10, "{}", reply.body.len());
    assert!(reply.body.ends_with(b"]\n]}"));
    nothing_wrong(&pair);
}

/// A PUBLISH of 200 KiB that takes seconds: the Cloud goes on talking, and what it says is heard. It would report anything
/// else of MQTT that came within the PUBLISH.
#[test]
fn a_long_answer_over_a_slow_link_holds_nothing_up() {
    let mut pair = live(Setup { uplink: Some(50_000), ..Setup::default() });
    pair.run_for(HOUR);
    let long = send(&mut pair, b"GET /api/v1/data?chart=bench.wide&after=-3600 HTTP/1.1\r\n\r\n", TIMEOUT);
    let short = send(&mut pair, b"GET /api/v1/info HTTP/1.1\r\n\r\n", TIMEOUT);
    for _ in 0..20 {
        pair.run_for(Duration::from_millis(150));
        pair.cloud.ping(pair.now(), GUID, b"still there?").expect("it has a link");
        pair.cloud.publish(pair.now(), GUID, "StartAlarmStreaming", &[]).expect("it has a link");
        assert!(pair.cloud.take_reply(&long).is_none(), "it takes four seconds");
    }
    let long = reply(&mut pair, &long).expect("an answer");
    assert!(long.body.len() > 200 << 10 && long.took > Duration::from_secs(4), "{:?}", long.took);
    assert_eq!(reply(&mut pair, &short).expect("an answer").code, 200);
    nothing_wrong(&pair);
}

#[test]
fn a_device_that_is_stopped_within_a_long_answer_ends_all_the_same() {
    let mut pair = live(Setup { uplink: Some(10_000), ..Setup::default() });
    pair.run_for(HOUR);
    send(&mut pair, b"GET /api/v1/data?chart=bench.wide&after=-3600 HTTP/1.1\r\n\r\n", TIMEOUT);
    pair.run_for(Duration::from_secs(1));
    pair.stop();
    assert!(pair.run_to_end(Duration::from_secs(3)));
    pair.run_for(Duration::from_secs(1));
    // Nothing more could be said, so the will is.
    assert_eq!(pair.cloud.view().nodes[0].state, NodeState::Offline);
}

#[test]
fn a_device_that_is_stopped_within_an_answer_finishes_it_and_says_farewell_if_there_is_time() {
    let mut pair = live(Setup { uplink: Some(150_000), ..Setup::default() });
    pair.run_for(HOUR);
    let query = send(&mut pair, b"GET /api/v1/data?chart=bench.wide&after=-3600 HTTP/1.1\r\n\r\n", TIMEOUT);
    pair.run_for(Duration::from_secs(1));
    pair.cloud.drain_events();
    pair.stop();
    assert_eq!(reply(&mut pair, &query).expect("all of it is sent").code, 200);
    assert!(pair.run_to_end(Duration::from_secs(3)));
    pair.run_for(Duration::from_secs(1));
    let told: Vec<String> = pair.cloud.drain_events().iter().map(|event| event.what.to_string()).collect();
    assert!(told.iter().any(|what| what.contains("the client disconnected")), "{told:#?}");
    nothing_wrong(&pair);
}

#[test]
fn fifty_requests_at_once_are_all_answered_those_beyond_the_queue_with_503() {
    // One answer at a time is on its way.
    let cloud = Config { receive_maximum: Some(1), ..Config::default() };
    let mut pair = live(Setup { cloud, ..Setup::default() });
    pair.run_for(MINUTE);
    let request = b"GET /api/v1/data?chart=bench.wide HTTP/1.1\r\n\r\n";
    let queries: Vec<QueryId> = (0..50).map(|_| send(&mut pair, request, TIMEOUT)).collect();
    let replies: Vec<Reply> = queries.iter().map(|query| reply(&mut pair, query).expect("an answer")).collect();
    let busy = replies.iter().filter(|reply| reply.code == 503).count();
    assert!(replies.iter().all(|reply| match (reply.code, &reply.error) {
        (200, None) => true,
        (503, Some((code, _))) => *code == 6,
        _ => false,
    }));
    println!("{} answered, {busy} refused", replies.len() - busy);
    assert!(replies.len() - busy >= 4 && busy > 0, "{busy}");
    nothing_wrong(&pair);
}

#[test]
fn a_cancelled_request_is_not_answered_and_the_others_are() {
    let cloud = Config { receive_maximum: Some(1), ..Config::default() };
    let mut pair = live(Setup { cloud, ..Setup::default() });
    pair.run_for(MINUTE);
    let request = b"GET /api/v1/data?chart=bench.wide HTTP/1.1\r\n\r\n";
    let queries: Vec<QueryId> = (0..3).map(|_| send(&mut pair, request, TIMEOUT)).collect();
    pair.cloud.cancel_request(pair.now(), GUID, &queries[2]).expect("it has a link");
    assert!(reply(&mut pair, &queries[0]).is_some() && reply(&mut pair, &queries[1]).is_some());
    assert!(reply(&mut pair, &queries[2]).is_none());
    nothing_wrong(&pair);
}

#[test]
fn what_is_not_a_request_is_refused_with_400() {
    let mut pair = live(Setup::default());
    for request in [&b"GET /api/v1/info HTTP/1.1\r\n"[..], b"garbage", b"", b"BREW /api/v1/info HTTP/1.1\r\n\r\n"] {
        let query = send(&mut pair, request, TIMEOUT);
        let reply = reply(&mut pair, &query).expect("an answer");
        assert_eq!((reply.code, reply.error, reply.head.as_str()), (400, None, ""));
    }
    nothing_wrong(&pair);
}

#[test]
fn a_method_that_changes_something_is_405_in_the_envelope_and_before_the_body() {
    let mut pair = live(Setup::default());
    for method in ["POST", "PUT", "DELETE"] {
        for target in ["/api/v1/info", "/api/v1/nonexistent-call"] {
            let request = format!("{method} {target} HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody");
            let query = send(&mut pair, request.as_bytes(), TIMEOUT);
            let reply = reply(&mut pair, &query).expect("an answer");
            assert_eq!((reply.code, &reply.error), (405, &None), "{request}");
            assert!(reply.head.starts_with("HTTP/1.1 405 "), "{request}: {}", reply.head);
            assert!(reply.head.contains("\r\nAllow: GET"), "{request}: {}", reply.head);
        }
    }
    // The link is none the worse for it.
    assert_eq!(get(&mut pair, "/api/v1/info").code, 200);
    nothing_wrong(&pair);
}

#[test]
fn an_answer_over_the_maximum_packet_size_is_413() {
    let cloud = Config { maximum_packet_size: Some(4_000), ..Config::default() };
    let mut pair = live(Setup { cloud, ..Setup::default() });
    pair.run_for(10 * MINUTE);
    let reply = get(&mut pair, "/api/v1/data?chart=bench.wide");
    assert_eq!((reply.code, reply.error.map(|(code, _)| code)), (413, Some(4)));
    assert_eq!(get(&mut pair, "/api/v1/data?chart=bench.wide&points=10").code, 200);
    nothing_wrong(&pair);
}

#[test]
fn a_cloud_that_takes_one_small_publish_at_a_time_and_no_alias_gets_just_that() {
    for setup in [
        faulty("connack-tight@connect"),
        Setup {
            cloud: Config {
                receive_maximum: Some(1),
                maximum_packet_size: Some(1_024),
                topic_alias_maximum: None,
                ..Config::default()
            },
            ..Setup::default()
        },
    ] {
        let mut pair = live(setup);
        pair.run_for(MINUTE);
        let view = pair.cloud.view();
        assert_eq!(view.nodes[0].state, NodeState::Online);
        assert_eq!(view.nodes[0].instances[0].contexts.len(), 3);
        assert_eq!(get(&mut pair, "/api/v1/data?chart=bench.wave&after=-5").code, 200);
        assert_eq!(get(&mut pair, "/api/v1/charts").code, 413);
        nothing_wrong(&pair);
        pair.stop();
        assert!(pair.run_to_end(Duration::from_secs(5)));
        assert_eq!(pair.cloud.deviations(), []);
    }
}

#[test]
fn a_request_that_waits_for_too_long_is_refused() {
    // Each answer waits for the acknowledgements of those before.
    let cloud = Config { receive_maximum: Some(1), ..Config::default() };
    let mut slow = live(Setup { cloud, latency: Duration::from_millis(400), ..Setup::default() });
    slow.run_for(MINUTE);
    let request = b"GET /api/v1/info HTTP/1.1\r\n\r\n";
    let queries: Vec<QueryId> = (0..4).map(|_| send(&mut slow, request, Duration::from_millis(600))).collect();
    let codes: Vec<u16> = queries.iter().map(|query| reply(&mut slow, query).expect("an answer").code).collect();
    assert_eq!(codes, [200, 503, 503, 503]);
    nothing_wrong(&slow);
}

#[test]
fn who_is_thrown_out_by_a_copy_of_itself_keeps_away() {
    let mut pair = live(Setup::default());
    pair.run_for(2 * MINUTE);
    let disconnect = "mqtt-disconnect=142@online";
    pair.cloud.faults_mut().add(disconnect).expect("the fault exists");
    pair.reload();
    assert!(pair.run_until(|pair| !pair.failures().is_empty(), MINUTE));
    pair.run_for(Duration::from_secs(3));
    let failure = pair.failures()[0].clone();
    assert!(failure.cause.as_str().contains("session taken over"), "{failure}");
    assert!(failure.hint.contains("another machine uses this identity"));
    let Next::Retry(delay) = failure.next else { panic!("{failure}") };
    assert!(delay >= 10 * MINUTE, "{delay:?}");
    pair.run_for(6 * HOUR);
    let attempts = pair.failures().len();
    assert!(attempts <= 36, "{attempts} in six hours");
}

#[test]
fn a_cloud_that_asks_twice_is_answered_twice() {
    let mut pair = live(Setup::default());
    pair.run_for(MINUTE);
    let before = pair.happened.iter().filter(|one| matches!(one.what, Done::Live { .. })).count();
    pair.cloud.publish(pair.now(), GUID, "SendNodeInstances", &[]).expect("it has a link");
    pair.run_for(MINUTE);
    let after = pair.happened.iter().filter(|one| matches!(one.what, Done::Live { .. })).count();
    assert_eq!((before, after), (1, 2));
    nothing_wrong(&pair);
}
