//! Machines on the same network call the local API of the device, on its own TCP/IP stack.

use aclk_netsim::{Call, Setup, Simulation};
use std::time::Duration;

/// The port of a Netdata Agent.
const PORT: u16 = 19_999;
const PATIENCE: Duration = Duration::from_secs(60);

fn online() -> Simulation {
    let mut simulation = Simulation::new(Setup::default());
    assert!(simulation.run_until(PATIENCE, |simulation| simulation.is_online()));
    simulation
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: device\r\n\r\n")
}

fn answer(simulation: &mut Simulation, number: usize) -> Call {
    assert!(simulation.run_until(PATIENCE, |simulation| simulation.call_of(number).ended.is_some()));
    simulation.call_of(number)
}

fn body(call: &Call) -> &str {
    let text = std::str::from_utf8(&call.heard).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let (_, length) = head.split_once("Content-Length: ").unwrap();
    assert_eq!(length.lines().next().unwrap().parse(), Ok(body.len()), "{head}");
    body
}

#[test]
fn a_neighbour_gets_the_whole_answer_in_order() {
    let mut simulation = online();
    simulation.run_for(Duration::from_secs(700));
    let call = simulation.call(PORT, &get("/api/v3/info"), true);
    let info = answer(&mut simulation, call);
    assert!(body(&info).contains("\"status\":\"online\"") && info.ended == Some(true), "{info:?}");
    // Much longer than all buffers of the device.
    let call = simulation.call(PORT, &get("/api/v1/data?chart=system.uptime&after=-600&format=csv"), true);
    let data = answer(&mut simulation, call);
    assert_eq!((body(&data).lines().count(), data.ended), (601, Some(true)));
    let call = simulation.call(PORT, &format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(3_000)), true);
    let long = answer(&mut simulation, call);
    assert!(
        long.heard.starts_with(b"HTTP/1.1 414 URI Too Long\r\n"),
        "{}, {:?}",
        String::from_utf8_lossy(&long.heard),
        long.ended
    );
    let call = simulation.call(PORT, "\u{16}\u{3}\u{1}", true);
    assert!(answer(&mut simulation, call).heard.starts_with(b"HTTP/1.1 400 Bad Request\r\n"));
    assert!(simulation.is_online() && simulation.failures().is_empty());
}

#[test]
fn neighbours_that_hang_are_let_go_and_do_not_disturb_the_link() {
    let mut simulation = online();
    simulation.run_for(Duration::from_secs(300));
    // More than the device has sockets: some say nothing, some ask and do not listen.
    let large = get("/api/v1/data?chart=system.uptime&after=-300");
    let hanging: Vec<_> =
        (0..8).map(|number| simulation.call(PORT, if number % 2 == 0 { "G" } else { &large }, false)).collect();
    simulation.run_for(Duration::from_secs(1));
    let connected = hanging.iter().filter(|number| simulation.call_of(**number).connected).count();
    assert_eq!(connected, 2, "as many as there are sockets");
    let refused = hanging.iter().filter(|number| simulation.call_of(**number).ended == Some(false)).count();
    assert_eq!(refused, 6, "others are refused at once");
    simulation.run_for(Duration::from_secs(15));
    // Both sockets are free again.
    let calls = [(); 2].map(|()| simulation.call(PORT, &get("/api/v1/info"), true));
    for call in calls {
        assert!(body(&answer(&mut simulation, call)).contains("\"aclk-available\":true"));
    }
    // With all its heartbeats the link has not noticed anything.
    simulation.run_for(Duration::from_secs(900));
    assert!(simulation.is_online() && simulation.failures().is_empty());
    assert_eq!(simulation.cloud().deviations(), []);
}

#[test]
fn who_comes_while_somebody_hangs_waits_for_his_turn() {
    let mut simulation = online();
    let first = simulation.call(PORT, &get("/api/v1/info"), true);
    let hanging = simulation.call(PORT, "G", false);
    assert!(body(&answer(&mut simulation, first)).contains("\"aclk-available\":true"));
    simulation.run_for(Duration::from_millis(500));
    assert!(simulation.call_of(hanging).connected && simulation.call_of(hanging).ended.is_none());
    let second = simulation.call(PORT, &get("/api/v1/info"), true);
    let second = answer(&mut simulation, second);
    assert!(second.connected && body(&second).contains("\"aclk-available\":true"), "{second:?}");
}
