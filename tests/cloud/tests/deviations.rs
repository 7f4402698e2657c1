//! Each rule of protocol.md, broken once: the Cloud names the rule.

mod common;

use aclk_cloud::message::{Capability, ContextUpdated, ContextsSnapshot, UpdateAgentConnection, UpdateNodeInfo};
use aclk_cloud::{Config, Dialect, FaultPlan};
use common::{CLAIM_ID, Client, mqtt, wire};
use prost::Message;
use std::time::Duration;

/// What is said of a client that did this after a proper claim; empty if nothing is.
fn findings(config: Config, script: impl FnOnce(&mut Client)) -> Vec<(&'static str, String)> {
    let mut client = Client::new(config);
    client.claim();
    assert_eq!(client.cloud.deviations(), []);
    script(&mut client);
    client.cloud.deviations().iter().map(|deviation| (deviation.rule, deviation.detail.clone())).collect()
}

/// Asserts that `script` breaks `rule` in the way `detail` says.
#[track_caller]
fn breaks(rule: &str, detail: &str, script: impl FnOnce(&mut Client)) {
    breaks_with(Config::default(), rule, detail, script);
}

#[track_caller]
fn breaks_with(config: Config, rule: &str, detail: &str, script: impl FnOnce(&mut Client)) {
    let found = findings(config, script);
    let named = found.iter().any(|(name, text)| *name == format!("protocol.md {rule}") && text.contains(detail));
    assert!(named, "wanted {rule} with {detail:?}, found {found:#?}");
}

/// Sends a bent text of a request.
fn bent(client: &mut Client, request: &str, from: &str, to: &str) {
    assert!(request.contains(from), "{from:?} is not in the request");
    client.request(request.replacen(from, to, 1).as_bytes());
}

#[test]
fn claim_requests() {
    for (from, to, detail) in [
        ("PUT ", "POST ", "method POST"),
        ("HTTP/1.1", "HTTP/1.0", "HTTP/1.0"),
        ("Host: localhost:443\r\n", "", "Host is missing"),
        ("application/json", "text/plain", "Content-Type"),
        (" HTTP/1.1", "?a=b HTTP/1.1", "a query"),
        ("\"token\"", "\"tokem\"", "unexpected key \"tokem\""),
        ("\"token\"", "\"tokem\"", "key \"token\" is missing"),
        ("\"hostname\"", "\"hostnama\"", "node has the keys"),
        ("\"mGUID\":\"aaaaaaaa", "\"mGUID\":\"xaaaaaaa", "mGUID"),
        ("-----END PUBLIC KEY-----\\n", "-----END PUBLIC KEY-----", "publicKey"),
    ] {
        breaks("1.5", detail, |client| {
            let mut request = String::from_utf8(client.claim_request(&client.claim_body().to_string())).unwrap();
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            if body.contains(from) {
                let body = body.replacen(from, to, 1);
                request = String::from_utf8(client.claim_request(&body)).unwrap();
                client.request(request.as_bytes());
            } else {
                assert!(head.contains(from));
                bent(client, &request, from, to);
            }
        });
    }
}

#[test]
fn the_heads_of_https_requests() {
    for (from, to, detail) in [
        ("GET ", "POST ", "method POST"),
        ("HTTP/1.1", "HTTP/1.0", "HTTP/1.0"),
        ("Host: localhost", "Host: localhost:443", "has a port"),
        ("Host: localhost", "Host: elsewhere", "TLS was asked for localhost"),
        ("Host: localhost", "host: localhost", "Host is missing"),
        ("Host: localhost", "Host:localhost", "lines `Name: value`"),
        ("Host: localhost\r\n", "Host: localhost\n", "lines `Name: value`"),
        ("User-Agent: Netdata/rocks newhttpclient\r\n", "", "User-Agent is missing"),
        ("\r\n\r\n", "\r\nAccept: */*\r\n\r\n", "unexpected header Accept"),
        ("\r\n\r\n", "\r\nConnection: close\r\n\r\n", "unexpected header Connection"),
        ("\r\n\r\n", "\r\nHost: localhost\r\n\r\n", "headers Host, User-Agent, Host"),
        ("\r\n\r\n", "\r\nContent-Length: 1\r\n\r\nx", "a body on a GET"),
        (
            "Host: localhost\r\nUser-Agent: Netdata/rocks newhttpclient",
            "User-Agent: Netdata/rocks newhttpclient\r\nHost: localhost",
            "headers User-Agent, Host",
        ),
    ] {
        for request in [Client::env_request as fn(&Client) -> String, Client::challenge_request] {
            breaks("2.3", detail, |client| {
                client.env();
                bent(client, &request(client), from, to);
            });
        }
    }
    breaks("2.3", "Content-Length is missing", |client| {
        let request = client.password_request("");
        bent(client, &request, "Content-Length: 0\r\n", "");
    });
    breaks("2.3", "not one number", |client| {
        let request = client.password_request("{}");
        bent(client, &request, "Content-Length: 2\r\n", "Content-Length: 2\r\nContent-Length: 2\r\n");
    });
    breaks("2.3", "no part of the protocol", |client| {
        let request = client.get("/api/v1/other");
        client.request(request.as_bytes());
    });
}

#[test]
fn env_requests() {
    for (from, to, detail) in [
        ("v=2.10.4", "v=v2.10.4", "does not start with a digit"),
        ("cap=proto,ctx", "cap=json,proto", "capabilities"),
        ("v=2.10.4&cap=proto,ctx", "cap=proto,ctx&v=2.10.4", "instead of v, cap, claim_id"),
        ("&claim_id=", "&claimed_id=", "instead of v, cap, claim_id"),
        ("claim_id=11111111", "claim_id=x", "not a UUID"),
    ] {
        breaks("2.4", detail, |client| {
            let request = client.env_request();
            bent(client, &request, from, to);
        });
    }
}

#[test]
fn the_sequence_of_steps() {
    breaks("2.1", "challenge out of the order", |client| drop(client.challenge()));
    breaks("2.1", "password out of the order", |client| {
        client.env();
        let challenge = client.challenge();
        client.env();
        client.password(&challenge);
    });
    breaks("2.1", "a second request on one connection", |client| {
        let request = client.env_request();
        let id = client.open();
        client.send(id, request.as_bytes());
        client.send(id, request.as_bytes());
    });
    breaks("2.1", "bytes after the request", |client| {
        let request = client.env_request() + "x";
        client.request(request.as_bytes());
    });
}

#[test]
fn answers_to_the_challenge() {
    for (body, detail) in [
        ("not json", "not JSON"),
        ("[]", "not a JSON object"),
        ("{}", "no string `response`"),
        ("{\"response\":7}", "no string `response`"),
        ("{\"response\":\"\"}", "the response is empty"),
        ("{\"response\":\"AAA\"}", "not base64"),
        ("{\"response\":\"AAAA\",\"more\":1}", "keys besides"),
        ("{\"agent_version\":\"2.0\",\"response\":\"AAAA\"}", "agent_version"),
    ] {
        breaks("2.5", detail, |client| {
            client.env();
            client.challenge();
            let request = client.password_request(body);
            client.request(request.as_bytes());
        });
    }
    breaks("2.5", "a query on the challenge", |client| {
        client.env();
        let request = client.challenge_request();
        bent(client, &request, "/challenge ", "/challenge?a=b ");
    });
}

#[test]
fn coming_back_before_the_time() {
    let faults = || -> FaultPlan { "err-retry-delay=30@env*1".parse().unwrap() };
    let config = || Config { faults: faults(), ..Config::default() };
    breaks_with(config(), "2.6", "before the time", |client| {
        client.env();
        client.wait(Duration::from_secs(20));
        client.env();
    });
    let patient = findings(config(), |client| {
        client.env();
        client.wait(Duration::from_secs(30));
        client.env();
        client.env();
    });
    assert_eq!(patient, []);
    breaks("2.6", "before the time", |client| {
        client.subscribed();
        client.announce();
        let request = aclk_cloud::message::DisconnectReq { reconnect_after_seconds: 60, ..Default::default() };
        client.cloud.disconnect(client.now, CLAIM_ID, &request).unwrap();
        client.leave();
        client.env();
    });
}

#[test]
fn upgrades() {
    for (from, to, detail) in [
        ("GET /mqtt", "GET /other", "instead of /mqtt"),
        ("HTTP/1.1", "HTTP/1.0", "HTTP/1.0"),
        ("Host: localhost", "Host: localhost:443", "has a port"),
        ("Upgrade: websocket", "Upgrade: WebSocket", "Upgrade is"),
        ("Connection: Upgrade", "Connection: keep-alive, Upgrade", "Connection is"),
        ("Origin: \r\n", "", "Origin is missing"),
        ("Origin: \r\n", "Origin: https://other\r\n", "Origin is"),
        ("Sec-WebSocket-Protocol: mqtt\r\n", "", "Sec-WebSocket-Protocol is missing"),
        ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8", "Sec-WebSocket-Version is"),
        ("Sec-WebSocket-Key: M", "Sec-WebSocket-Key: ", "not base64 of 16 bytes"),
        ("\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n", "unexpected header"),
        ("Upgrade: websocket\r\nConnection: Upgrade", "Connection: Upgrade\r\nUpgrade: websocket", "headers Host"),
    ] {
        breaks("2.8", detail, |client| {
            let request = client.upgrade_request();
            bent(client, &request, from, to);
        });
    }
    breaks("2.8", "used before", |client| {
        client.upgrade();
        client.upgrade();
    });
    breaks("2.8", "frames before the answer", |client| {
        let early = [client.upgrade_request().into_bytes(), wire::frame(0x82, Some([1; 4]), b"\x10")].concat();
        client.request(&early);
    });
}

#[test]
fn frames() {
    let cases: [(&str, Vec<u8>); 7] = [
        ("without mask", wire::frame(0x82, None, &[0xc0, 0])),
        ("reserved bits", wire::frame(0xc2, Some([1; 4]), &[0xc0, 0])),
        ("a text frame", wire::frame(0x81, Some([1; 4]), b"x")),
        ("fragmented", wire::frame(0x02, Some([1; 4]), &[0xc0])),
        ("a ping", wire::frame(0x89, Some([1; 4]), b"x")),
        ("a pong that answers no ping", wire::frame(0x8a, Some([1; 4]), b"x")),
        ("the same mask", wire::frame(0x82, Some([1; 4]), &[0xc0, 0]).repeat(2)),
    ];
    for (detail, bytes) in cases {
        breaks("2.9", detail, |client| {
            client.subscribed();
            client.raw(&bytes);
        });
    }
    breaks("2.9", "with another payload", |client| {
        client.subscribed();
        client.cloud.ping(client.now, CLAIM_ID, b"ping").unwrap();
        client.frame(10, b"pong");
    });
}

#[test]
fn connects() {
    type Bend = fn(&mut mqtt::Connect);
    let cases: [(&str, &str, Bend); 10] = [
        ("2.10", "CONNECT flags 0xf6", |connect| connect.flags = 0xf6),
        ("2.10", "CONNECT flags 0xce", |connect| connect.flags = 0xce),
        ("2.10", "without a will", |connect| connect.flags = 0xc2),
        ("2.10", "keep alive 30", |connect| connect.keep_alive = 30),
        ("2.10", "CONNECT properties", |connect| connect.properties = vec![0x22, 0, 10]),
        ("2.10", "CONNECT properties", |connect| connect.properties = Vec::new()),
        ("2.10", "will properties", |connect| connect.will_properties = vec![1, 0]),
        ("2.10", "will topic", |connect| connect.will_topic = "/other".to_owned()),
        ("3.5", "not an UpdateAgentConnection", |connect| connect.will = vec![0x0a, 0x7f]),
        ("2.10", "credentials", |connect| connect.password = "wrong".to_owned()),
    ];
    for (rule, detail, bend) in cases {
        breaks(rule, detail, |client| {
            client.log_in();
            let mut connect = mqtt::Connect::new(client);
            bend(&mut connect);
            client.frame(2, &connect.encode());
        });
    }
    type BendWill = fn(&mut UpdateAgentConnection);
    let cases: [(&str, &str, BendWill); 6] = [
        ("3.5", "the will is for", |will| will.claim_id = "other".to_owned()),
        ("2.10", "the will is not", |will| will.reachable = true),
        ("2.10", "the will is not", |will| will.update_source = 1),
        ("3.5", "session_id or updated_at", |will| will.session_id = 0),
        ("3.5", "session_id or updated_at", |will| will.updated_at = None),
        ("3.5", "capabilities", |will| will.capabilities = common::capabilities()),
    ];
    for (rule, detail, bend) in cases {
        breaks(rule, detail, |client| {
            client.log_in();
            let mut will = client.will();
            bend(&mut will);
            let mut connect = mqtt::Connect::new(client);
            connect.will = will.encode_to_vec();
            client.frame(2, &connect.encode());
        });
    }
    breaks("2.10", "first packet is not CONNECT", |client| {
        client.log_in();
        client.frame(2, &[0xc0, 0]);
    });
    breaks("2.10", "a second CONNECT", |client| {
        client.subscribed();
        client.connect();
    });
}

#[test]
fn subscriptions() {
    let send = |filters: fn(&Client) -> Vec<(String, u8)>, id: u16| {
        move |client: &mut Client| {
            client.log_in();
            client.connect();
            let filters = filters(client);
            let filters: Vec<_> = filters.iter().map(|(filter, options)| (filter.as_str(), *options)).collect();
            client.frame(2, &mqtt::subscribe(id, &filters));
        }
    };
    breaks("2.10", "instead of /agent", send(|client| vec![(client.topic("inbox-cmd-v1"), 9)], 1));
    breaks("2.10", "subscribed to #", send(|_| vec![("#".to_owned(), 9)], 1));
    breaks("2.10", "options 0x01", send(|client| vec![(client.topic("inbox-cmd"), 1)], 1));
    breaks("2.10", "packet id 0", send(|client| vec![(client.topic("inbox-cmd"), 9)], 0));
    let both = |client: &Client| vec![(client.topic("inbox-cmd"), 9), (client.topic("inbox-cmd-v1"), 9)];
    breaks("2.10", "2 filters in one", send(both, 1));
    breaks("2.10", "a further subscription", |client| {
        client.subscribed();
        client.subscribe("inbox-cmd");
    });
}

#[test]
fn publishes() {
    type Build = fn(&mut Client) -> Vec<u8>;
    let payload = |client: &Client| client.announcement(true).encode_to_vec();
    let _ = payload;
    let cases: [(&str, &str, Build); 12] = [
        ("2.10", "first byte 0x3a", |client| announcement(client, 0x3a, Some(3), None)),
        ("2.10", "first byte 0x33", |client| announcement(client, 0x33, Some(3), None)),
        ("2.10", "first byte 0x30", |client| announcement(client, 0x30, None, None)),
        ("2.10", "first byte 0x34", |client| announcement(client, 0x34, Some(3), None)),
        ("2.10", "packet id 0", |client| announcement(client, 0x32, Some(0), None)),
        ("2.10", "does not follow", |client| announcement(client, 0x32, Some(2), None)),
        ("2.10", "alias 6 for the topic at position 5", |client| announcement(client, 0x32, Some(3), Some(6))),
        ("2.10", "beyond the topics", |client| announcement(client, 0x32, Some(3), Some(24))),
        ("2.10", "nobody set", |_| mqtt::publish(0x32, "", Some(3), Some(5), b"x")),
        ("2.10", "not in the password reply", |_| mqtt::publish(0x32, "/else", Some(3), Some(5), b"x")),
        ("2.10", "property length", |_| vec![0x32, 6, 0, 2, b'/', b'a', 0, 3]),
        ("3.1", "nobody named", |_| mqtt::publish(0x32, "/else", Some(3), None, b"x")),
    ];
    for (rule, detail, build) in cases {
        breaks(rule, detail, |client| {
            client.subscribed();
            let packet = build(client);
            client.frame(2, &packet);
        });
    }
    breaks("2.10", "the topic is sent again", |client| {
        client.subscribed();
        for id in [3, 4] {
            let packet = announcement(client, 0x32, Some(id), Some(5));
            client.frame(2, &packet);
        }
    });
    breaks("3.4", "before both subscriptions", |client| {
        client.log_in();
        client.connect();
        client.announce();
    });
    breaks("3.1", "a topic of the Cloud", |client| {
        client.subscribed();
        client.announce();
        let packet = mqtt::publish(0x32, &client.topic("inbox-cmd"), Some(9), None, b"x");
        client.frame(2, &packet);
    });
    let config = Config { topic_alias_maximum: Some(4), ..Config::default() };
    breaks_with(config.clone(), "2.10", "the Cloud granted 4", |client| {
        client.user_agent = "aclk/0.1.0".to_owned();
        client.subscribed();
        let packet = announcement(client, 0x32, Some(3), Some(5));
        client.frame(2, &packet);
    });
    let agent = findings(config, |client| {
        client.subscribed();
        let packet = announcement(client, 0x32, Some(3), Some(5));
        client.frame(2, &packet);
    });
    assert_eq!(agent, [], "an original agent never looks at it");
}

fn announcement(client: &Client, first: u8, id: Option<u16>, alias: Option<u16>) -> Vec<u8> {
    mqtt::publish(first, &client.topic("agent-connection"), id, alias, &client.announcement(true).encode_to_vec())
}

#[test]
fn other_packets() {
    for (detail, packet) in [
        ("PUBACK for packet id 9", vec![0x40, 2, 0, 9]),
        ("PUBACK longer", vec![0x40, 3, 0, 1, 0]),
        ("first byte 0xf0", vec![0xf0, 0]),
        ("first byte 0xc1", vec![0xc1, 0]),
        ("first byte 0xc0", vec![0xc0, 1, 0]),
        ("first byte 0x50", vec![0x50, 2, 0, 1]),
        ("instead of E0 00", vec![0xe0, 1, 0]),
        ("reachable=false before it", vec![0xe0, 0]),
        ("more bytes than it needs", vec![0xc0, 0x80, 0]),
    ] {
        breaks("2.10", detail, |client| {
            client.subscribed();
            client.announce();
            client.frame(2, &packet);
        });
    }
    breaks("2.10", "without DISCONNECT", |client| {
        client.subscribed();
        client.frame(8, &1000_u16.to_be_bytes());
    });
    breaks("2.10", "close code Some(1001)", |client| {
        client.subscribed();
        client.publish("agent-connection", &client.announcement(false));
        client.frame(2, &[0xe0, 0]);
        client.frame(8, &1001_u16.to_be_bytes());
    });
    breaks("2.10", "after DISCONNECT", |client| {
        client.subscribed();
        client.frame(2, &[0xe0, 0, 0xc0, 0]);
    });
    breaks("2.10", "no PUBACK for packet id 1", |client| {
        client.subscribed();
        client.announce();
        client.wait(Duration::from_secs(61));
        client.frame(2, &[0xc0, 0]);
    });
    breaks("2.10", "nothing heard", |client| {
        client.subscribed();
        client.wait(Duration::from_secs(100));
    });
}

#[test]
fn messages() {
    type Script = fn(&mut Client);
    let cases: [(&str, &str, Script); 14] = [
        ("3.5", "for another claim_id", |client| {
            let message = UpdateAgentConnection { claim_id: "x".to_owned(), ..client.announcement(true) };
            client.publish("agent-connection", &message);
        }),
        ("3.5", "not that of the will", |client| {
            let message = UpdateAgentConnection { session_id: 1, ..client.announcement(true) };
            client.publish("agent-connection", &message);
        }),
        ("3.5", "update_source", |client| {
            let message = UpdateAgentConnection { update_source: 3, ..client.announcement(true) };
            client.publish("agent-connection", &message);
        }),
        ("3.5", "updated_at", |client| {
            let message = UpdateAgentConnection { updated_at: None, ..client.announcement(true) };
            client.publish("agent-connection", &message);
        }),
        ("3.5", "Cloud's side", |client| {
            let message = UpdateAgentConnection { vmq_instance_id: 1, ..client.announcement(true) };
            client.publish("agent-connection", &message);
        }),
        ("3.6", "proto", |client| {
            let ctx = vec![Capability { name: "ctx".to_owned(), version: 1, enabled: true }];
            let message = UpdateAgentConnection { capabilities: ctx, ..client.announcement(true) };
            client.publish("agent-connection", &message);
        }),
        ("3.5", "not a protobuf message", |client| {
            let packet = mqtt::publish(0x32, &client.topic("agent-connection"), Some(7), None, &[0x0a, 0x7f]);
            client.frame(2, &packet);
        }),
        ("3.4", "before UpdateAgentConnection", |client| drop(client.create_node())),
        ("3.5", "machine_guid", |client| {
            client.announce();
            let mut message = client.creation();
            message.machine_guid = "guid".to_owned();
            client.publish("create-node-instance", &message);
        }),
        ("3.5", "hostname is empty", |client| {
            client.announce();
            let mut message = client.creation();
            message.hostname.clear();
            client.publish("create-node-instance", &message);
        }),
        ("3.4", "did not create", |client| {
            client.announce();
            let mut message = client.liveness(true);
            message.node_id = common::GUID.to_owned();
            client.publish("node-instance-connection", &message);
        }),
        ("3.5", "without data", |client| {
            client.announce();
            client.create_node();
            let message = UpdateNodeInfo { data: None, ..client.information() };
            client.publish("node-instance-info", &message);
        }),
        ("3.4", "no ContextsCheckpoint asked", |client| {
            client.announce();
            client.create_node();
            client.publish("contexts-snapshot", &snapshot(client, 10));
        }),
        ("3.5", "session_id", |client| {
            client.announce();
            client.create_node();
            let mut message = client.liveness(true);
            message.session_id = 5;
            client.publish("node-instance-connection", &message);
        }),
    ];
    for (rule, detail, script) in cases {
        breaks(rule, detail, |client| {
            client.subscribed();
            script(client);
        });
    }
}

fn snapshot(client: &Client, version: u64) -> ContextsSnapshot {
    let context = |id: &str, version, first_entry| ContextUpdated {
        id: id.to_owned(),
        version,
        first_entry,
        ..ContextUpdated::default()
    };
    let contexts = vec![context("system.cpu", 20, 13), context("system.ram", 4, 1)];
    ContextsSnapshot { contexts, claim_id: CLAIM_ID.to_owned(), node_id: client.node_id(), version }
}

#[test]
fn what_is_only_asked_of_new_clients() {
    let new_client = |script: fn(&mut Client)| {
        move |client: &mut Client| {
            client.user_agent = "aclk/0.1.0".to_owned();
            client.go_live();
            script(client);
        }
    };
    let wrong: fn(&mut Client) = |client| drop(client.publish("contexts-snapshot", &snapshot(client, 9)));
    breaks("3.4", "it should be 10", new_client(wrong));
    let padded: fn(&mut Client) = |client| {
        let mut payload = client.announcement(true).encode_to_vec();
        payload.extend([0x38, 0]);
        let packet = mqtt::publish(0x32, &client.topic("agent-connection"), Some(50), None, &payload);
        client.frame(2, &packet);
    };
    breaks("3.5", "default values", new_client(padded));
    for script in [wrong, padded] {
        let agent = findings(Config::default(), |client| {
            client.go_live();
            script(client);
        });
        assert_eq!(agent, []);
    }
    let right = findings(
        Config::default(),
        new_client(|client| drop(client.publish("contexts-snapshot", &snapshot(client, 10)))),
    );
    assert_eq!(right, []);
}

#[test]
fn a_dialect_can_be_demanded() {
    let config = Config { dialect: Some(Dialect::Agent), ..Config::default() };
    breaks_with(config, "2.3", "User-Agent \"aclk/0.1.0\"", |client| {
        client.user_agent = "aclk/0.1.0".to_owned();
        client.env();
    });
    let typed = |client: &mut Client| {
        client.env();
        let challenge = client.challenge();
        let body = format!("{{\"response\":\"{}\"}}", challenge.json()["challenge"].as_str().unwrap());
        let request = client.password_request(&body);
        bent(client, &request, "Content-Length", "Content-Type: application/json\r\nContent-Length");
    };
    breaks("2.3", "unexpected header Content-Type", typed);
    let client = findings(Config { dialect: Some(Dialect::Client), ..Config::default() }, typed);
    assert_eq!(client, []);
}

#[test]
fn replies_over_the_link() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";
    let good = format!(
        "{{\"type\":\"http\",\"msg-id\":\"ID\",\"timestamp\":1700000005,\"timestamp-offset-usec\":1,\"connect\":1700000000,\
         \"connect-offset-usec\":123456,\"version\":2,\"t-exec\":5,\"t-rx\":0,\"http-code\":200}}\r\n\r\n{head}"
    );
    let answer = |from: &'static str, to: &'static str| {
        let good = good.clone();
        move |client: &mut Client| {
            client.go_live();
            let request = b"GET /api/v1/info HTTP/1.1\r\n\r\n";
            let query = client.cloud.send_request(client.now, CLAIM_ID, request, Duration::from_secs(9)).unwrap();
            let (_, payload) = client.collect(client.link.unwrap()).publishes().remove(0);
            let text = String::from_utf8(payload).unwrap();
            let topic = text.split('"').find(|part| part.starts_with("/svc/")).unwrap().to_owned();
            assert!(good.contains(from));
            let reply = good.replacen(from, to, 1).replace("ID", &query.0);
            let packet = mqtt::publish(0x32, &topic, Some(90), None, reply.as_bytes());
            client.frame(2, &packet);
        }
    };
    assert_eq!(findings(Config::default(), answer("ok", "ok")), []);
    for (from, to, detail) in [
        ("\"type\":\"http\"", "\"type\":\"https\"", "type is not http"),
        ("\"ID\"", "\"x\"", "msg-id"),
        ("\"version\":2", "\"version\":1", "version is not 2"),
        ("\"t-exec\":5,\"t-rx\":0", "\"t-rx\":0,\"t-exec\":5", "the envelope has the keys"),
        ("\"timestamp-offset-usec\":1", "\"timestamp-offset-usec\":1000000", "offset"),
        ("\"connect\":1700000000", "\"connect\":1700000001", "session id"),
        ("\"http-code\":200", "\"http-code\":2000", "http-code is not a status"),
        ("\"http-code\":200", "\"http-code\":404", "status line"),
        ("Content-Length: 2", "Content-Length: 3", "Content-Length"),
        ("Content-Type: text/plain\r\n", "", "without Content-Type"),
        ("Content-Length", "Content-Encoding: br\r\nContent-Length", "Content-Encoding br"),
        ("Content-Length", "Content-Encoding: gzip\r\nContent-Length", "not asked for"),
        ("{\"type\"", "\"type\"", "not JSON"),
        ("\r\n\r\nok", "ok", "no end of its head"),
    ] {
        breaks("3.3", detail, answer(from, to));
    }
}
