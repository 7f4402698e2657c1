//! How links end: goodbye, silence, a broken connection, a second session; and clients that are none.

mod common;

use aclk_cloud::{Action, Config, Limits, NodeState, Peer};
use common::{CLAIM_ID, Client, mqtt};
use std::time::Duration;

fn live() -> Client {
    let mut client = Client::new(Config::default());
    client.claim();
    client.go_live();
    client
}

fn why(client: &Client) -> String {
    client.cloud.view().node(CLAIM_ID).unwrap().last_disconnect.as_ref().unwrap().why.clone()
}

#[test]
fn a_connection_that_breaks_publishes_the_will() {
    let mut client = live();
    client.events();
    client.vanish();
    assert_eq!(client.state(), Some(NodeState::Offline));
    let events = client.events();
    assert_eq!(events[0], "went away without a farewell: will published");
    assert!(events[1].contains("offline: the connection broke (will)"), "{events:#?}");
    assert_eq!(client.cloud.deviations(), []);
}

#[test]
fn a_disconnect_voids_the_will_and_the_close_is_echoed() {
    let mut client = live();
    client.events();
    let wire = client.leave();
    assert_eq!((wire.close_codes(), wire.end), (vec![1000], Some(Action::Close)));
    let events = client.events();
    assert!(!events.iter().any(|event| event.contains("will")), "{events:#?}");
    assert!(events.iter().any(|event| event.contains("offline: the agent said goodbye")), "{events:#?}");
    assert_eq!(why(&client), "the client disconnected");
}

#[test]
fn a_client_that_does_not_close_after_its_farewell_is_closed() {
    let mut client = live();
    client.publish("agent-connection", &client.announcement(false));
    client.frame(2, &[0xe0, 0]);
    let link = client.link.unwrap();
    client.now += Duration::from_secs(6);
    client.cloud.handle_timeout(client.now);
    assert_eq!(client.collect(link).end, Some(Action::Close));
}

#[test]
fn a_second_session_of_a_node_takes_over_and_the_will_of_the_first_does_not_hurt_it() {
    let mut client = live();
    let first = client.link.unwrap();
    client.env();
    let challenge = client.challenge();
    client.password(&challenge);
    client.upgrade();
    client.frame(2, &mqtt::Connect::new(&client).encode());
    client.cloud.handle_timeout(client.now);
    assert_eq!(client.state(), Some(NodeState::Offline), "the first is gone, the second not announced yet");
    client.subscribe("inbox-cmd");
    client.subscribe("inbox-cmd-v1");
    client.announce();
    client.live();
    assert_eq!(client.state(), Some(NodeState::Online));
    client.cloud.hang_up(client.now, first);
    assert_eq!(client.state(), Some(NodeState::Online));
    assert_eq!(client.cloud.view().nodes[0].connections, 2);
    assert_eq!(client.cloud.deviations(), []);
}

#[test]
fn the_session_that_is_taken_over_is_told_so() {
    let mut client = live();
    let first = client.link.unwrap();
    client.env();
    let challenge = client.challenge();
    client.password(&challenge);
    let second = client.open();
    let request = client.upgrade_request();
    client.send(second, request.as_bytes());
    let packet = mqtt::Connect::new(&client).encode();
    let frame = client.masked(0x82, &packet);
    client.cloud.receive(client.now, second, &frame);
    let wire = client.collect(first);
    assert_eq!((wire.packets(), wire.end), (vec![vec![0xe0, 1, 0x8e]], Some(Action::Close)));
    let events = client.events();
    let told = events.iter().filter(|event| event.contains("taken over by a new session")).count();
    assert_eq!(told, 1, "{events:#?}");
}

#[test]
fn an_older_will_counts_for_nothing() {
    let mut client = live();
    let mut old = client.announcement(true);
    old.session_id += 10;
    client.publish("agent-connection", &old);
    client.events();
    client.vanish();
    let events = client.events();
    assert!(events.iter().any(|event| event.contains("offline: the connection was closed")), "{events:#?}");
}

#[test]
fn a_ping_keeps_a_link_and_silence_ends_it() {
    let mut client = live();
    let link = client.link.unwrap();
    for id in 1..=3_u8 {
        client.frame(2, &[0x40, 2, 0, id]);
    }
    for _ in 0..3 {
        client.wait(Duration::from_secs(60));
        assert_eq!(client.frame(2, &[0xc0, 0]).packets(), [[0xd0, 0]]);
    }
    assert_eq!(client.cloud.deviations(), []);
    client.now += Duration::from_secs(91);
    client.cloud.handle_timeout(client.now);
    let wire = client.collect(link);
    assert_eq!((wire.packets(), wire.end), (vec![vec![0xe0, 1, 0x8d]], Some(Action::Close)));
    assert_eq!(client.rules(), ["protocol.md 2.10"]);
    assert_eq!(client.state(), Some(NodeState::Offline));
}

#[test]
fn a_node_that_reports_itself_dead_is_not_live_while_its_agent_stays_online() {
    let mut client = live();
    client.publish("node-instance-connection", &client.liveness(false));
    let view = client.cloud.view();
    let node = view.node(CLAIM_ID).unwrap();
    assert_eq!((node.state, node.instances[0].live), (NodeState::Online, false));
    assert!(node.online_since.is_some());
}

#[test]
fn a_cloud_that_shuts_down_says_so_on_every_link() {
    let mut client = live();
    let idle = client.open();
    client.cloud.shut_down(client.now);
    let wire = client.collect(client.link.unwrap());
    assert_eq!((wire.packets(), wire.close_codes()), (vec![vec![0xe0, 1, 0x8b]], vec![1001]));
    assert_eq!(wire.end, Some(Action::Close));
    client.cloud.receive(client.now, idle, b"GET / HTTP/1.1\r\n\r\n");
    assert!(client.collect(idle).bytes.is_empty());
}

#[test]
fn a_link_can_be_broken_in_every_way_a_network_can() {
    for how in [Action::Close, Action::Cut, Action::Abort] {
        let mut client = live();
        client.cloud.break_link(client.now, CLAIM_ID, how.clone()).unwrap();
        assert_eq!(client.collect(client.link.unwrap()).end, Some(how));
        assert_eq!(client.state(), Some(NodeState::Offline));
    }
}

#[test]
fn a_request_that_never_ends_is_given_up_on() {
    let mut client = Client::new(Config::default());
    let id = client.open();
    client.send(id, b"GET /api/v1/env HTTP/1.1\r\nHost: ");
    client.now += Duration::from_secs(61);
    client.cloud.handle_timeout(client.now);
    assert_eq!(client.collect(id).end, Some(Action::Close));
    let id = client.open();
    client.now += Duration::from_secs(61);
    client.cloud.handle_timeout(client.now);
    assert_eq!(client.collect(id).end, Some(Action::Close), "nor one that never begins");
    assert_eq!(client.cloud.next_timeout(), None);
}

#[test]
fn what_is_too_much_is_cut_off() {
    let limits = Limits { head: 1_000, body: 2_000, packet: 3_000, ..Limits::default() };
    let mut client = Client::new(Config { limits, ..Config::default() });
    let wire = client.request(format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(2_000)).as_bytes());
    assert_eq!((wire.http().status, wire.end), (431, Some(Action::Close)));
    let wire = client.request(b"PUT / HTTP/1.1\r\nContent-Length: 2001\r\n\r\n");
    assert_eq!((wire.http().status, wire.end), (413, Some(Action::Close)));
    client.claim();
    client.subscribed();
    let wire = client.frame(2, &mqtt::publish(0x32, "/x", Some(9), None, &[0; 3_000]));
    assert_eq!((wire.packets(), wire.end), (vec![vec![0xe0, 1, 0x82]], Some(Action::Close)), "the frame is too long");
    client.subscribed();
    let wire = client.frame(2, &[0x32, 0xff, 0xff, 0x7f]);
    assert_eq!((wire.packets(), wire.end), (vec![vec![0xe0, 1, 0x95]], Some(Action::Close)), "the packet is too long");
}

#[test]
fn garbage_is_answered_once_and_ends_the_connection() {
    let mut client = Client::new(Config::default());
    for garbage in [&b"\x16\x03\x01\x02\x00\x01\x00"[..], b"\0\0\0\0", b"hello\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"] {
        let wire = client.request(garbage);
        assert_eq!((wire.http().status, wire.end), (400, Some(Action::Close)), "{garbage:?}");
    }
}

#[test]
fn calls_about_connections_that_are_gone_do_nothing() {
    let mut client = live();
    let link = client.link.unwrap();
    client.vanish();
    client.cloud.receive(client.now, link, b"more");
    client.cloud.hang_up(client.now, link);
    assert!(client.cloud.poll(client.now).is_none());
    let never = aclk_cloud::ConnectionId(999);
    client.cloud.receive(client.now, never, b"x");
    client.cloud.hang_up(client.now, never);
    let id = client.cloud.open(Duration::ZERO, Peer::default());
    assert!(id.0 > link.0, "time that runs backwards is no trouble");
}
