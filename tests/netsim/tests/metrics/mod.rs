//! The firmware device as the Cloud sees it: asked over the link, over the whole stack.

use aclk_lan::End;
use aclk_netsim::{Setup, Simulation, What};
use serde_json::Value;
use std::time::Duration;

const GUID: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
const MINUTE: Duration = Duration::from_secs(60);

/// A device whose link has been up for a minute.
fn live() -> Simulation {
    let mut simulation = Simulation::new(Setup::default());
    let is_live = |simulation: &mut Simulation| simulation.happened().iter().any(|event| event.what == What::Live);
    assert!(simulation.run_until(MINUTE, is_live), "{:?}", simulation.happened());
    simulation.run_for(MINUTE);
    simulation
}

/// What the node answers.
fn ask(simulation: &mut Simulation, target: &str) -> Value {
    let now = simulation.now();
    let request = format!("GET {target} HTTP/1.1\r\n\r\n");
    let query = simulation.cloud().send_request(now, GUID, request.as_bytes(), MINUTE).expect("it has a link");
    let mut reply = None;
    simulation.run_until(MINUTE, |simulation| {
        reply = simulation.cloud().take_reply(&query);
        reply.is_some()
    });
    let reply = reply.expect("in time").expect("an answer");
    assert_eq!(reply.code, 200, "{target}");
    serde_json::from_slice(&reply.body).expect("JSON")
}

/// The last `seconds` of a chart, oldest first: a list of values for each second, `None` for gaps.
fn rows(simulation: &mut Simulation, chart: &str, seconds: u32) -> Vec<Vec<Option<f64>>> {
    let data = ask(simulation, &format!("/api/v1/data?chart={chart}&after=-{seconds}"));
    let rows = data["data"].as_array().expect("rows").iter().rev();
    rows.map(|row| row.as_array().expect("a row").iter().skip(1).map(Value::as_f64).collect()).collect()
}

#[test]
fn the_cloud_sees_the_charts_of_the_board_and_of_the_application() {
    let mut simulation = live();
    let charts = ask(&mut simulation, "/api/v1/charts");
    let ids: Vec<_> = charts["charts"].as_object().expect("charts").keys().map(String::as_str).collect();
    assert_eq!(
        ids,
        [
            "firmware.arena",
            "firmware.drops",
            "firmware.frames",
            "firmware.loop",
            "firmware.net",
            "firmware.stack",
            "firmware.tcp",
            "room.temperature",
            "system.uptime"
        ]
    );
    let arena = rows(&mut simulation, "firmware.arena", 10);
    assert_eq!(arena.len(), 10);
    for pair in arena.windows(2) {
        assert_eq!(pair[1][0].unwrap() - pair[0][0].unwrap(), 1.0, "{arena:?}");
        assert_eq!(pair[1][1..], [Some(11_000.0), Some(16_384.0)]);
    }
    assert_eq!(rows(&mut simulation, "firmware.stack", 1), [[Some(7_000.0), Some(8_192.0)]]);
    assert_eq!(rows(&mut simulation, "room.temperature", 1), [[Some(21.5)]]);
    let uptime = rows(&mut simulation, "system.uptime", 1)[0][0].unwrap();
    let now = simulation.now().as_secs_f64();
    assert!(uptime > 60.0 && uptime <= now, "{uptime} s at {now} s");
    // The executor of the simulation is never busy.
    assert_eq!(rows(&mut simulation, "firmware.loop", 5), vec![vec![Some(0.0)]; 5]);
    assert_eq!(simulation.cloud().deviations(), []);
}

#[test]
fn what_is_sent_and_received_is_what_the_cable_carries() {
    let mut simulation = live();
    let sum = |rows: Vec<Vec<Option<f64>>>, dimension: usize| rows.iter().filter_map(|row| row[dimension]).sum::<f64>();
    let carried =
        |simulation: &Simulation| [End::Router, End::Device].map(|end| simulation.lan.cable.counters(end).sent as f64);
    let (before, begun) = (carried(&simulation), simulation.now());
    for _ in 0..10 {
        ask(&mut simulation, "/api/v1/charts");
    }
    // What the acknowledgements of the last answer need.
    simulation.run_for(Duration::from_secs(3));
    let (after, seconds) = (carried(&simulation), (simulation.now() - begun).as_secs() as u32 + 2);
    let frames = rows(&mut simulation, "firmware.frames", seconds);
    for dimension in [0, 1] {
        let frames = sum(frames.clone(), dimension).round();
        assert_eq!(frames, after[dimension] - before[dimension]);
        assert!(frames >= 10.0);
    }
    // Ten answers, each longer than 4 KB.
    let bytes = sum(rows(&mut simulation, "firmware.net", seconds), 1) * 1_000.0 / 8.0;
    assert!(bytes > 40_000.0 && bytes < 1_514.0 * sum(frames, 1), "{bytes} bytes");
    // The last of them is the link. How many there were before depends on when the first second began.
    let tcp = rows(&mut simulation, "firmware.tcp", 600);
    let [opened, failed, reset] = [0, 1, 2].map(|dimension| sum(tcp.clone(), dimension).round());
    assert!((2.0..=5.0).contains(&opened) && failed == 0.0 && reset == 0.0, "{opened} {failed} {reset}");
    assert_eq!(sum(rows(&mut simulation, "firmware.drops", 600), 0), 0.0);
}

#[test]
fn a_cloud_that_goes_down_is_a_reset_and_then_connections_that_fail() {
    let mut simulation = live();
    simulation.cloud_down();
    simulation.run_for(Duration::from_secs(30));
    simulation.cloud_up();
    let online = simulation.run_until(10 * MINUTE, |simulation| simulation.is_online());
    assert!(online, "{:?}", simulation.happened());
    simulation.run_for(Duration::from_secs(5));
    let tcp = rows(&mut simulation, "firmware.tcp", 600);
    let sum = |dimension: usize| tcp.iter().filter_map(|row| row[dimension]).sum::<f64>().round();
    assert_eq!(sum(2), 1.0, "{tcp:?}");
    assert!(sum(1) >= 1.0, "{tcp:?}");
}
