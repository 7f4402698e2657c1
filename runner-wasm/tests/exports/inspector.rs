//! What the inspector tells.

use crate::bench::{Bench, CABLE, ODD_NUMBERS, ODD_TEXTS, refused, taken, with};
use serde_json::Value;
use wasm_bindgen_test::wasm_bindgen_test;

fn read(text: String) -> Value {
    serde_json::from_str(&text).expect("JSON")
}

#[wasm_bindgen_test]
fn frames_connections_and_files_of_a_claim_are_there_until_they_are_forgotten() {
    let bench = Bench::live();
    let rows = read(taken(bench.world.frames(0.0, "{\"limit\":100000}")));
    let rows = rows.as_array().expect("rows");
    assert!(rows.len() > 100, "{}", rows.len());
    let last = rows.last().expect("a row")["id"].as_f64().expect("a number");
    assert_eq!(read(taken(bench.world.dissect(last)))["frame"]["id"].as_f64(), Some(last));
    assert!(read(taken(bench.world.connections())).as_array().is_some_and(|all| all.len() >= 5));
    assert_eq!(bench.world.pcap()[..4], [0xd4, 0xc3, 0xb2, 0xa1]);
    assert_eq!(bench.world.pcapng()[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
    assert!(bench.world.key_log().contains("SERVER_TRAFFIC_SECRET_0 "));
    bench.world.clear_frames();
    assert_eq!(read(taken(bench.world.frames(0.0, "{}"))), Value::Array(Vec::new()));
    assert_eq!(read(taken(bench.world.dissect(last))), Value::Null);
}

#[wasm_bindgen_test]
fn of_frames_that_were_told_before_they_could_be_read_it_is_told_that_they_have_changed() {
    // Segments that come early are told, and read once the one in front of them is there.
    let mut bench = Bench::new();
    taken(bench.world.set_cable(&with(CABLE, "reorderPercent", "30")));
    bench.claims();
    let mut newest = None;
    let mut changes = 0;
    for message in &bench.told {
        if message["type"] == "frame" {
            newest = message["frame"]["id"].as_u64();
        }
        if message["type"] == "frames-changed" {
            let from = message["from"].as_u64();
            assert!(from <= newest, "{from:?} was not told yet: {newest:?}");
            changes += 1;
        }
    }
    assert!(changes > 0, "nothing has changed, though frames came in disorder");
}

#[wasm_bindgen_test]
fn nonsense_is_refused_by_name_or_finds_nothing() {
    let bench = Bench::live();
    for odd in ODD_TEXTS.iter().filter(|odd| !odd.starts_with(['{', '['])) {
        let said = refused(bench.world.frames(0.0, odd));
        assert!(said.starts_with("the filter cannot be read: "), "{odd}: {said}");
    }
    let said = refused(bench.world.frames(0.0, "{\"protocol\":\"smoke\"}"));
    assert!(said.contains("smoke") && said.contains("mqtt"), "{said}");
    for odd in ODD_NUMBERS {
        taken(bench.world.frames(odd, "{}"));
        taken(bench.world.dissect(odd));
    }
    assert_eq!(read(taken(bench.world.dissect(1e9))), Value::Null);
}
