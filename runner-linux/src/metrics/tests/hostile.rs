//! Files with anything in them, and what answers make of it.

use super::{Tree, at, ids, network};
use crate::metrics::LinuxDevice;
use aclk_core::api::{Method, Request, respond};
use aclk_core::identity::guid::Guid;
use aclk_core::metrics::Device;
use aclk_core::node::Node;
use aclk_core::store::Saved;
use proptest::prelude::*;
use serde_json::Value;
use std::fs;

/// Everything that answers make of a device is JSON, and every line of Prometheus is one.
pub(super) fn assert_answers(device: LinuxDevice<'_>, second: u64) {
    let guid = Guid::parse("0f0e0d0c-0b0a-4908-8706-050403020100").unwrap();
    let given = crate::settings::Given { hostname: Some("edge-1".to_owned()), ..Default::default() };
    let settings = crate::settings::for_link(given, guid).unwrap();
    let charts: Vec<String> = device.charts().iter().map(|chart| chart.id.to_owned()).collect();
    let mut node = Node::new(device, &settings, &Saved::default(), at(0));
    let mut ask = |target: &str| {
        let request = Request::parse(Method::Get, target);
        let mut answer = respond(&request, &mut node, at(second * 1_000));
        let mut body = vec![0; usize::try_from(answer.len()).unwrap()];
        let len = answer.fill(&mut node, &mut body);
        assert_eq!((answer.status, len), (200, body.len()), "{target}");
        answer.release(&mut node);
        String::from_utf8(body).unwrap()
    };
    let info: Value = serde_json::from_str(&ask("/api/v1/info")).unwrap();
    assert!(info["os_id"].as_str().is_some_and(|id| !id.is_empty()));
    serde_json::from_str::<Value>(&ask("/api/v1/charts")).unwrap();
    for chart in charts {
        let data: Value = serde_json::from_str(&ask(&format!("/api/v1/data?chart={chart}"))).unwrap();
        for row in data["data"].as_array().unwrap() {
            assert!(row.as_array().unwrap().iter().all(|value| value.is_null() || value.as_f64().unwrap().is_finite()));
        }
    }
    for line in ask("/api/v1/allmetrics").lines() {
        let (name, rest) = line.split_once('{').unwrap();
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{line}");
        let (labels, _) = rest.rsplit_once('}').unwrap();
        assert!(!labels.bytes().any(|byte| byte.is_ascii_control()), "{line}");
    }
}

#[test]
fn names_of_any_bytes_are_harmless_in_every_answer() {
    let tree = Tree::new();
    let mut net =
        network(&[("eth0", 1, 1), ("q\"\\{}=,", 5, 5), ("\u{1}\u{1b}[2J\u{202e}", 5, 5), ("..", 1, 1)]).into_bytes();
    net.extend(b"\xff\xfe: 1 2 3 4 5 6 7 8 9 10\n: 1 2 3 4 5 6 7 8 9\n");
    tree.write("proc/net/dev", &net);
    tree.write("etc/os-release", b"NAME=\"a\\\"\x01b\xff\"\nID=\x00\nVERSION='1\n");
    let machine = tree.machine();
    let mut device = machine.device();
    (0..3).for_each(|second| device.sample(at(second * 1_000)));
    let ids = ids(&device).into_iter().filter(|id| id.starts_with("net.")).collect::<Vec<_>>();
    assert_eq!(ids[..2], ["net.eth0", "net.q______"]);
    assert!(ids.iter().all(|id| id.is_ascii() && !id.contains(['"', '\\', '/'])), "{ids:?}");
    assert_answers(device, 3);
}

#[test]
fn files_that_end_anywhere_are_no_danger() {
    let files = ["stat", "loadavg", "meminfo", "net/dev", "diskstats", "uptime", "self/statm"];
    for file in files.map(|file| format!("proc/{file}")) {
        let tree = Tree::new();
        let whole = fs::read(tree.root().join(&file)).unwrap();
        let machine = tree.machine();
        let mut device = machine.device();
        for len in 0..=whole.len() {
            tree.write(&file, &whole[..len]);
            device.sample(at(len as u64 * 1_000));
        }
        assert_answers(device, whole.len() as u64);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Half of it looks like what belongs there.
    #[test]
    fn whatever_is_in_the_files_nothing_panics(
        junk in prop::collection::vec(prop_oneof![any::<Vec<u8>>(), "[a-z0-9 :/.\n]{0,80}".prop_map(String::into_bytes)], 9),
        numbers in prop::collection::vec(any::<u64>(), 24),
    ) {
        let tree = Tree::new();
        let mut number = numbers.iter().cycle();
        let mut next = || *number.next().unwrap();
        let machine_of_junk = junk[0].len() % 2 == 0;
        let files = ["stat", "loadavg", "meminfo", "net/dev", "diskstats", "uptime", "self/statm", "cpuinfo"];
        for (file, junk) in files.iter().zip(&junk).filter(|_| machine_of_junk) {
            tree.write(&format!("proc/{file}"), junk);
        }
        tree.write("etc/os-release", &junk[8]);
        let machine = tree.machine();
        let mut device = machine.device();
        device.sample(at(0));
        tree.write("proc/stat", format!("cpu {} {} {} {} {} {} {}\nctxt {}\n", next(), next(), next(), next(), next(), next(), next(), next()));
        tree.write("proc/meminfo", format!("MemTotal: {} kB\nMemFree: {}\nBuffers: {}\nCached: {}\nShmem: {}\n", next(), next(), next(), next(), next()));
        tree.write("proc/net/dev", network(&[("eth0", next(), next())]));
        device.sample(at(1_000));
        for (file, junk) in files.iter().zip(&junk) {
            tree.write(&format!("proc/{file}"), junk);
        }
        device.sample(at(2_000));
        assert_answers(device, 3);
    }
}
