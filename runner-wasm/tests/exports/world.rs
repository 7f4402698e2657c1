//! What the device is plugged into.

use crate::bench::{Bench, CABLE, NETWORK, ODD_TEXTS, refused, taken, with, world};
use aclk_wasm::World;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn it_has_an_address_an_authority_and_something_to_remember() {
    let mut world = world();
    assert_eq!(world.url(), "https://cloud.test:8443");
    assert!(!world.authority().is_empty());
    world.step();
    let state = world.changed_state().expect("a new Cloud has a Space to remember");
    assert_eq!(world.changed_state(), None);
    // What it remembers is there again; what cannot be read is a new Cloud.
    let ids = |state: &str| {
        let mut world = taken(World::new(state, CABLE, NETWORK));
        world.request(1, "GET", "/api/spaces", "");
        world.step();
        let told: Vec<String> = core::iter::from_fn(|| world.told()).collect();
        let answer = told.iter().find(|text| text.contains("\"answer\"")).expect("an answer");
        let answer: serde_json::Value = serde_json::from_str(answer).expect("JSON");
        answer["answer"]["body"]["spaces"][0]["id"].as_str().expect("a Space").to_owned()
    };
    assert_eq!(ids(&state), ids(&state));
    for odd in ["{", "null", "[]", "{\"spaces\":7}"] {
        assert_ne!(ids(odd), ids(&state), "{odd}");
    }
}

#[wasm_bindgen_test]
fn conditions_that_make_no_sense_are_refused_by_name_and_the_old_ones_stay() {
    let mut world = world();
    for odd in ODD_TEXTS {
        for said in [refused(World::new("", odd, NETWORK)), refused(world.set_cable(odd))] {
            assert!(said.starts_with("the conditions of the cable cannot be read: "), "{odd}: {said}");
        }
        for said in [refused(World::new("", CABLE, odd)), refused(world.set_network(odd))] {
            assert!(said.starts_with("the settings of the network cannot be read: "), "{odd}: {said}");
        }
    }
    for (name, value) in [
        ("lossPercent", "101"),
        ("flipPercent", "-1"),
        ("latencyMs", "1e300"),
        ("jitterMs", "-0.1"),
        ("bandwidth", "-8"),
    ] {
        let said = refused(world.set_cable(&with(CABLE, name, value)));
        assert!(said.starts_with(&format!("{name} is ")) && said.contains("has to be from 0 to "), "{said}");
    }
    let said = refused(world.set_network(&with(NETWORK, "time", "-1e12")));
    assert!(said.starts_with("time is "), "{said}");
    assert!(world.is_up());
}

#[wasm_bindgen_test]
fn the_worst_that_is_taken_is_lived_with_and_mended() {
    let mut bench = Bench::new();
    for (name, value) in [
        ("latencyMs", "60000"),
        ("lossPercent", "100"),
        ("flipPercent", "100"),
        ("duplicatePercent", "100"),
        ("reorderPercent", "100"),
        ("bandwidth", "1"),
        ("seed", "18446744073709551615"),
    ] {
        taken(bench.world.set_cable(&with(CABLE, name, value)));
        bench.goes_on();
    }
    for (name, value) in [
        ("time", "3.2e9"),
        ("time", "-3.2e9"),
        ("time", "\"kiss-of-death\""),
        ("dns", "\"refused\""),
        ("dhcp", "\"nak\""),
        ("direct", "false"),
        ("proxy", r#"{"kind":"socks5","user":"a","password":"","fault":"of nobody"}"#),
    ] {
        taken(bench.world.set_network(&with(NETWORK, name, value)));
        bench.goes_on();
    }
    taken(bench.world.set_cable(CABLE));
    taken(bench.world.set_network(NETWORK));
    bench.sees("config: ");
}

#[wasm_bindgen_test]
fn the_cable_can_be_pulled_and_put_in_as_often_as_somebody_likes() {
    let mut world = world();
    assert!(world.is_up());
    for plugged in [false, false, true, true, false] {
        world.plug(plugged);
        world.receive(&[0xff; 60]);
        world.step();
        assert_eq!(world.is_up(), plugged);
        assert_eq!(world.transmit(), None);
    }
}

#[wasm_bindgen_test]
fn frames_that_are_none_are_passed_over() {
    let mut world = world();
    for length in [0, 1, 13, 14, 15, 33, 42, 60, 1_514, 1_515, 65_536] {
        for filling in [0, 0x08, 0x45, 0xff] {
            world.receive(&vec![filling; length]);
            world.step();
        }
    }
    assert!(world.is_up());
}

#[wasm_bindgen_test]
fn the_api_of_the_administrator_answers_and_refuses_under_the_number_of_the_request() {
    let mut bench = Bench::new();
    assert_eq!(bench.answer("GET", "/api/spaces", "").0, 200);
    for (method, path, body, status) in [
        ("GET", "/api/nothing", "", 404),
        ("BREW", "/api/spaces", "", 405),
        ("POST", "/api/spaces", "{", 400),
        ("PUT", "/api/faults", "{\"plan\":\"of nobody\"}", 400),
        ("GET", "", "", 404),
        ("", "?????", "\u{0}", 404),
    ] {
        let (found, body) = bench.answer(method, path, body);
        assert_eq!(found, status, "{method} {path}: {body}");
        assert!(body.to_string().len() > 5, "{method} {path}: nothing is said");
    }
}

#[wasm_bindgen_test]
fn requests_of_which_there_are_too_many_are_all_answered() {
    let mut bench = Bench::new();
    // Each waits for an event that does not come.
    for number in 1_000..1_200 {
        bench.world.request(number, "GET", "/api/events?after=999999&wait=60", "");
    }
    bench.goes_on();
    let answers = bench.told.iter().filter(|message| message["type"] == "answer");
    assert_eq!(answers.filter(|message| message["number"].as_u64() >= Some(1_000)).count(), 200);
}

#[wasm_bindgen_test]
fn another_machine_asks_the_device_or_is_told_why_it_cannot() {
    let mut bench = Bench::new();
    let (status, body) = bench.call("/api/v1/info");
    assert_eq!((status, body.as_str()), (0, Some("the device has no address")));
    bench.sees("config: ");
    let (status, body) = bench.call("/api/v1/info");
    assert_eq!((status, &body["agent-claimed"]), (200, &false.into()));
    for odd in ["", "/\r\nHost: x\r\n\r\n", "/\u{0}", "/ä", &format!("/{}", "x".repeat(5_000))] {
        let (status, _) = bench.call(odd);
        assert!(status == 0 || (400..500).contains(&status), "{odd:?}: {status}");
    }
}
