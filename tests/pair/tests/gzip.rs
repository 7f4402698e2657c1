//! Answers that are compressed because the request accepts it and the device can.

use aclk_cloud::{Config, QueryId, Reply};
use aclk_core::encoding::Encoder;
use aclk_core::metrics::Device;
use aclk_core::stage::Failure;
use aclk_pair::{GUID, Pair, Pieces, Setup};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

const ACCEPT: &str = "Accept-Encoding: gzip\r\n";
const WIDE: &str = "/api/v1/data?chart=bench.wide&after=-3600";

fn live(setup: Setup) -> Pair {
    let mut pair = Pair::new(setup);
    assert!(pair.run_until(Pair::is_live, 2 * MINUTE), "{:#?}", pair.happened);
    pair
}

fn send(pair: &mut Pair, target: &str, headers: &str) -> QueryId {
    let request = format!("GET {target} HTTP/1.1\r\n{headers}\r\n");
    pair.cloud.send_request(pair.now(), GUID, request.as_bytes(), MINUTE).expect("the node takes requests")
}

fn reply(pair: &mut Pair, query: &QueryId) -> Reply {
    let limit = pair.now() + 2 * MINUTE;
    while pair.now() < limit {
        if let Some(reply) = pair.cloud.take_reply(query) {
            return reply.expect("there is a reply");
        }
        pair.run_for(Duration::from_millis(100));
    }
    panic!("no reply");
}

fn get(pair: &mut Pair, target: &str, headers: &str) -> Reply {
    let query = send(pair, target, headers);
    reply(pair, &query)
}

fn header<'r>(reply: &'r Reply, name: &str) -> Option<&'r str> {
    reply.head.lines().filter_map(|line| line.split_once(": ")).find(|(key, _)| *key == name).map(|(_, value)| value)
}

fn is_gzip(reply: &Reply) -> bool {
    assert_eq!(header(reply, "Vary"), header(reply, "Content-Encoding").map(|_| "Accept-Encoding"), "{}", reply.head);
    header(reply, "Content-Encoding") == Some("gzip")
}

/// What was sent of the body.
fn sent(reply: &Reply) -> usize {
    header(reply, "Content-Length").and_then(|length| length.parse().ok()).expect("it has a length")
}

fn nothing_wrong(pair: &Pair) {
    assert_eq!(pair.failures(), Vec::<&Failure>::new());
    assert_eq!(pair.cloud.deviations(), []);
    assert_eq!(pair.node.device.packers.under_way(), 0, "the memory of an answer was not given back");
}

/// A question about the past, which has the same answer as long as it is remembered.
fn past(pair: &Pair) -> String {
    let end = pair.node.device.samples().range().end;
    format!("/api/v1/data?chart=bench.wide&format=csv&after={}&before={}", end - 1_000, end - 1)
}

#[test]
fn a_compressed_answer_says_the_same_in_fewer_bytes_whatever_pieces_it_is_sent_in() {
    for (pieces, piece) in [(Pieces::Whole, 1_024), (Pieces::Of(7), 3), (Pieces::Random, 700)] {
        let mut pair = live(Setup { gzip: 1, pieces, piece, buffers: (6 << 10, 3 << 10), ..Setup::default() });
        pair.run_for(HOUR);
        let target = past(&pair);
        let plain = get(&mut pair, &target, "");
        let packed = get(&mut pair, &target, ACCEPT);
        assert!(!is_gzip(&plain) && is_gzip(&packed), "{}", packed.head);
        assert!(plain.body == packed.body && plain.body.len() == sent(&plain));
        assert!(sent(&packed) * 3 < sent(&plain), "{} of {} bytes", sent(&packed), sent(&plain));
        println!("{} of {} bytes", sent(&packed), sent(&plain));
        nothing_wrong(&pair);
    }
}

#[test]
fn an_answer_is_compressed_only_if_that_is_accepted_and_worth_it() {
    let mut pair = live(Setup { gzip: 1, ..Setup::default() });
    pair.run_for(HOUR);
    for (target, headers, is_packed) in [
        (WIDE, ACCEPT, true),
        (WIDE, "accept-ENCODING:br;q=1, GZIP;q=0.1\r\n", true),
        ("/api/v1/info", ACCEPT, true),
        ("/api/v1/charts", ACCEPT, true),
        (WIDE, "", false),
        (WIDE, "Accept-Encoding: gzip;q=0\r\n", false),
        (WIDE, "Accept-Encoding: br, deflate\r\n", false),
        (WIDE, "Accept-Encoding: identity, gzip;q=0.9\r\n", false),
        // A line is not worth it.
        ("/api/v1/nonexistent-call", ACCEPT, false),
        ("/api/v1/data?chart=bench.wave&after=-1&format=csv", ACCEPT, false),
    ] {
        let reply = get(&mut pair, target, headers);
        assert_eq!(is_gzip(&reply), is_packed, "{target} {headers}: {}", reply.head);
    }
    nothing_wrong(&pair);
}

#[test]
fn a_device_without_an_encoder_or_with_none_to_spare_answers_as_it_is() {
    let mut without = live(Setup::default());
    without.run_for(MINUTE);
    assert!(!is_gzip(&get(&mut without, WIDE, ACCEPT)));
    nothing_wrong(&without);

    let mut busy = live(Setup { gzip: 1, ..Setup::default() });
    busy.run_for(MINUTE);
    let other = busy.node.device.packers.begin().expect("nobody uses it");
    let reply = get(&mut busy, WIDE, ACCEPT);
    assert!(reply.code == 200 && !is_gzip(&reply));
    busy.node.device.packers.end(other);
    assert!(is_gzip(&get(&mut busy, WIDE, ACCEPT)));
    nothing_wrong(&busy);
}

/// Something that ends an answer before its last byte.
type Break = (&'static str, fn(&mut Pair));

#[test]
fn the_memory_of_an_answer_that_is_broken_off_is_given_back() {
    let breaks: &[Break] = &[
        ("the Cloud goes down", Pair::cloud_down),
        ("the device is stopped", Pair::stop),
        ("the device is claimed anew", Pair::reload),
    ];
    for (what, happens) in breaks {
        let mut pair = live(Setup { gzip: 1, uplink: Some(2_000), ..Setup::default() });
        pair.run_for(HOUR);
        send(&mut pair, WIDE, ACCEPT);
        pair.run_for(Duration::from_secs(2));
        assert_eq!(pair.node.device.packers.under_way(), 1, "{what}");
        happens(&mut pair);
        pair.run_for(Duration::from_secs(30));
        assert_eq!(pair.node.device.packers.under_way(), 0, "{what}");
    }
}

#[test]
fn a_request_that_is_cancelled_takes_no_memory_of_the_encoder_with_it() {
    let cloud = Config { receive_maximum: Some(1), ..Config::default() };
    let mut pair = live(Setup { cloud, gzip: 1, uplink: Some(5_000), ..Setup::default() });
    pair.run_for(HOUR);
    let queries: Vec<QueryId> = (0..3).map(|_| send(&mut pair, WIDE, ACCEPT)).collect();
    pair.run_for(Duration::from_secs(1));
    // The first is being sent and comes to its end; the others wait.
    for query in &queries {
        pair.cloud.cancel_request(pair.now(), GUID, query).expect("it has a link");
    }
    pair.run_for(2 * MINUTE);
    nothing_wrong(&pair);
    assert!(is_gzip(&get(&mut pair, WIDE, ACCEPT)));
    nothing_wrong(&pair);
}

#[test]
fn it_is_the_compressed_answer_that_has_to_fit_the_maximum_packet_size() {
    let cloud = Config { maximum_packet_size: Some(30_000), ..Config::default() };
    let mut pair = live(Setup { cloud, gzip: 1, ..Setup::default() });
    pair.run_for(HOUR);
    let target = past(&pair);
    assert_eq!(get(&mut pair, &target, "").code, 413);
    let reply = get(&mut pair, &target, ACCEPT);
    assert!(reply.code == 200 && is_gzip(&reply) && reply.body.len() > 40_000, "{} {}", reply.code, reply.body.len());
    nothing_wrong(&pair);
    let reply = get(&mut pair, WIDE, ACCEPT);
    assert_eq!((reply.code, reply.error.map(|(code, _)| code)), (413, Some(4)));
    pair.run_for(Duration::from_secs(1));
    nothing_wrong(&pair);
}

#[test]
fn fifty_requests_at_once_are_all_answered() {
    let mut pair = live(Setup { gzip: 1, ..Setup::default() });
    pair.run_for(HOUR);
    let queries: Vec<QueryId> = (0..50).map(|_| send(&mut pair, WIDE, ACCEPT)).collect();
    let replies: Vec<Reply> = queries.iter().map(|query| reply(&mut pair, query)).collect();
    let packed = replies.iter().filter(|reply| reply.code == 200 && is_gzip(reply)).count();
    let refused = replies.iter().filter(|reply| reply.code == 503).count();
    assert!(packed >= 4 && packed + refused == 50, "{packed} answered, {refused} refused");
    nothing_wrong(&pair);
}
