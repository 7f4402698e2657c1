//! An answer that is three times as long as all the memory it comes from: samples, engine, and the buffers of TLS and TCP are
//! 64 KiB together. What an executor, its stacks and a TCP/IP stack need of their own comes on top.

use aclk_cloud::Config;
use aclk_core::body::Bodies;
use aclk_core::engine::{Agent, QUERIES_MIN, RECEIVE_MIN, SEND_MIN};
use aclk_core::identity::software::SoftwareKey;
use aclk_core::metrics::{ChartInfo, ChartKind, DimensionInfo};
use aclk_core::node::Node;
use aclk_core::tls::{RECORD_READ_LEN, WRITE_MIN};
use aclk_pair::{GUID, Measured, Pair, Setup, TestDevice};
use std::time::Duration;

const KIB: usize = 1 << 10;
const MINUTE: Duration = Duration::from_secs(60);
/// Bytes of a body that the driver writes at a time.
const PIECE: usize = 512;
/// Windows of TCP. The bench has neither TCP nor TLS: their buffers are counted, as a device of this size has them.
const TCP: [(&str, usize); 2] = [("TCP, to receive", 2 * KIB), ("TCP, to send", KIB)];

/// One number, and 5 000 seconds of it. It is as long as numbers get, since a sample takes four bytes and a row of the answer
/// some forty: nanoseconds since 1970.
const RECEIVER: Measured = Measured {
    charts: &[ChartInfo {
        id: "radio.time",
        context: "radio.time",
        family: "radio",
        title: "Time of the last signal",
        units: "ns since 1970",
        kind: ChartKind::Line,
        priority: 100,
        plugin: "radio",
        module: "",
        dimensions: &[DimensionInfo { id: "signal", name: "signal" }],
    }],
    held: 5_000,
    value: |second, _| second as f32 * 1e9,
};

#[test]
fn a_device_of_64_kib_answers_with_200_kib() {
    let setup = Setup {
        // One request waits, and one answer is on its way.
        cloud: Config { receive_maximum: Some(1), ..Setup::default().cloud },
        buffers: (RECEIVE_MIN, SEND_MIN),
        queries: QUERIES_MIN,
        measured: RECEIVER,
        piece: PIECE,
        ..Setup::default()
    };
    let mut pair = Pair::new(setup);
    assert!(pair.run_until(Pair::is_live, 2 * MINUTE), "{:#?}", pair.happened);

    let memory = [
        ("samples, and the device", pair.node.device.memory()),
        ("node", size_of::<Node<TestDevice>>() - size_of::<TestDevice>()),
        ("engine", size_of::<Agent<&mut [u8]>>()),
        ("engine, to receive", RECEIVE_MIN),
        ("engine, to send", SEND_MIN),
        ("requests that wait", QUERIES_MIN),
        ("answer", size_of::<Bodies>()),
        ("answer, a piece", PIECE),
        ("key", size_of::<SoftwareKey>()),
        ("TLS, to receive", RECORD_READ_LEN),
        ("TLS, to send", WRITE_MIN),
        TCP[0],
        TCP[1],
    ];
    memory.iter().for_each(|(what, bytes)| println!("{bytes:6} {what}"));
    let total: usize = memory.iter().map(|(_, bytes)| bytes).sum();
    println!("{total:6} in total");
    assert!(total <= 64 * KIB, "{total}");

    pair.run_for(100 * MINUTE);
    let request = b"GET /api/v1/data?chart=radio.time&after=-5000&format=csv HTTP/1.1\r\n\r\n";
    let asked = pair.cloud.send_request(pair.now(), GUID, request, MINUTE).expect("the node takes requests");
    let mut reply = None;
    for _ in 0..MINUTE.as_secs() {
        pair.run_for(Duration::from_secs(1));
        reply = reply.or_else(|| pair.cloud.take_reply(&asked));
    }
    let reply = reply.expect("it is over").expect("an answer");
    println!("{:6} in the answer", reply.body.len());
    assert!(reply.code == 200 && reply.body.len() > 200 * KIB, "{} {}", reply.code, reply.body.len());
    let text = String::from_utf8(reply.body).expect("it is text");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines[0], lines.len()), ("time,signal", 1 + RECEIVER.held), "all that is held");
    // A second of 2023-11-14, and the same in nanoseconds as exactly as a sample can be.
    let good = |line: &&str| {
        line.len() == 39
            && line.starts_with("2023-11-1")
            && (line[19..].starts_with(",1699999") || line[19..].starts_with(",170000"))
    };
    assert!(lines[1..].iter().all(good), "{:?}", lines.iter().skip(1).find(|line| !good(line)));
    assert_eq!(pair.failures(), Vec::<&aclk_core::stage::Failure>::new());
    assert_eq!(pair.cloud.deviations(), []);
}
