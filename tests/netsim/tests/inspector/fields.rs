//! What the layers of the spine say, down to single bytes.

use crate::recorded::{Recorded, behind, bytes_of, dissections, field, find, life};
use aclk_inspect::view::{Dissection, Field, Protocol};
use aclk_netsim::Setup;
use aclk_proxy::Kind;

fn all(setup: Setup) -> (Recorded, Vec<Dissection>) {
    let recorded = life(setup);
    let all = dissections(&recorded.inspector());
    (recorded, all)
}

/// The values of these fields.
fn values<'f>(fields: &'f [Field], names: &[&str]) -> Vec<&'f str> {
    names.iter().map(|name| field(fields, name).value.as_str()).collect()
}

#[test]
fn addresses_names_and_time_are_read() {
    let (_, all) = all(Setup::default());
    let (_, offer) = find(&all, "DHCP offer");
    assert_eq!(
        values(&offer.fields, &["Your address", "Router", "Subnet mask", "Name servers", "Lease time"]),
        ["10.77.0.100", "10.77.0.1", "255.255.255.0", "10.77.0.1", "86400 s"]
    );
    let answer = all.iter().find(|frame| frame.frame.text.starts_with("cloud.test is at")).expect("an answer");
    let dns = answer.layers.last().expect("it has layers");
    assert_eq!(values(&dns.fields, &["Question", "Data"]), ["cloud.test, IPv4 address", "10.77.0.1"]);
    assert_eq!(bytes_of(answer, dns, field(&dns.fields, "Data")), [10, 77, 0, 1]);
    let time = all.iter().find(|frame| frame.frame.text.starts_with("it is ")).expect("a time");
    let ntp = time.layers.last().expect("it has layers");
    assert!(field(&ntp.fields, "Sent at").value.starts_with("2026-01-01 00:00:00 UTC"));
}

#[test]
fn the_handshake_of_tls_is_read() {
    let (_, all) = all(Setup::default());
    let (frame, hello) = find(&all, "ClientHello");
    assert_eq!(field(&hello.fields, "Extension: server name").value, "cloud.test");
    assert_eq!(field(&hello.fields, "Cipher suites").value, "TLS_AES_128_GCM_SHA256");
    assert_eq!(field(&hello.fields, "Extension: versions").value, "TLS 1.3 (0x0304)");
    assert!(field(&hello.fields, "Extension: groups").value.contains("P-256"));
    assert_eq!(bytes_of(frame, hello, field(&hello.fields, "Cipher suites")), [0x13, 0x01]);
    let (_, hello) = find(&all, "ServerHello");
    assert_eq!(field(&hello.fields, "Cipher suite").value, "TLS_AES_128_GCM_SHA256 (0x1301)");
    let (frame, certificate) = find(&all, "TLS Certificate");
    assert_eq!(
        values(&certificate.fields, &["Subject", "Issuer", "Valid from", "Valid until", "Names"]),
        ["server", "authority", "2025-01-01 00:00:00 UTC", "2034-01-01 00:00:00 UTC", "cloud.test"]
    );
    assert_eq!(bytes_of(frame, certificate, field(&certificate.fields, "Valid from")), b"250101000000Z");
    assert_eq!(frame.sources[certificate.source].name, "decrypted record");
    let (_, verify) = find(&all, "CertificateVerify");
    assert!(field(&verify.fields, "Scheme").value.starts_with("RSA PSS"));
    let (_, alert) = find(&all, "TLS alert");
    assert_eq!(field(&alert.fields, "Reason").value, "close_notify (0)");
}

#[test]
fn the_claim_is_read_and_its_token_is_behind_dots() {
    let (recorded, all) = all(Setup::default());
    let (frame, claim) = find(&all, "HTTP request");
    assert_eq!(field(&claim.fields, "Method").value, "PUT");
    assert_eq!(values(&claim.fields, &["node.hostname", "mGUID"]), ["edge-1", "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"]);
    let token = field(&claim.fields, "token");
    assert_eq!(token.value.replace('•', ""), "");
    assert_eq!(token.reveal.as_deref(), Some(recorded.token.as_str()));
    assert_eq!(bytes_of(frame, claim, token), recorded.token.as_bytes());
    assert_eq!(frame.sources[claim.source].hidden, [(token.start, token.end)]);
}

#[test]
fn the_password_of_the_cloud_is_that_of_the_link() {
    let (_, all) = all(Setup::default());
    let (_, reply) = find(&all, "HTTP response to POST");
    let (frame, connect) = find(&all, "MQTT CONNECT");
    let password = field(&connect.fields, "Password");
    assert!(password.reveal.is_some());
    assert_eq!(password.reveal, field(&reply.fields, "password").reveal);
    assert_eq!(Some(bytes_of(frame, connect, password)), password.reveal.clone().map(String::into_bytes));
    assert_eq!(field(&connect.fields, "Keep alive").value, "60 s");
    let will = field(&connect.fields, "Will message");
    assert_eq!(will.value, "UpdateAgentConnection");
    assert_eq!(values(&will.fields, &["update_source", "reachable"]), ["its will (2)", "no, as it is absent"]);
}

#[test]
fn messages_of_the_link_have_names_and_so_have_their_fields() {
    let (_, all) = all(Setup::default());
    let (_, first) = find(&all, "UpdateAgentConnection");
    assert_eq!(values(&first.fields, &["reachable", "capabilities"]), ["yes", "proto 1"]);
    let (_, create) = find(&all, "CreateNodeInstance");
    assert_eq!(field(&create.fields, "hostname").value, "edge-1");
    let (_, created) = find(&all, "CreateNodeInstanceResult");
    let (_, live) = find(&all, "UpdateNodeInstanceConnection");
    assert_eq!(field(&created.fields, "node_id").value, field(&live.fields, "node_id").value);
    assert_eq!(values(&live.fields, &["liveness", "queryable"]), ["yes", "yes"]);
    let (_, info) = find(&all, "UpdateNodeInfo");
    assert_eq!(values(&info.fields, &["name", "cpus"]), ["edge-1", "1"]);
    let (_, contexts) = find(&all, "ContextsSnapshot");
    assert_eq!(field(&contexts.fields, "contexts").value, "system.uptime");
    let (_, end) = find(&all, "DisconnectReq");
    assert_eq!(field(&end.fields, "reconnect_after_seconds").value, "3600");
    let unnamed = |fields: &[Field]| fields.iter().any(|field| field.name.starts_with("field "));
    for layer in all.iter().flat_map(|frame| &frame.layers).filter(|layer| layer.protocol == Protocol::Aclk) {
        assert!(!unnamed(&layer.fields), "{layer:#?}");
    }
}

#[test]
fn a_query_and_its_answer_are_read_and_belong_together() {
    let (_, all) = all(Setup::default());
    let envelopes: Vec<_> =
        all.iter().flat_map(|frame| &frame.layers).filter(|layer| layer.title == "HTTP over the link").collect();
    let [query, answer] = envelopes[..] else { panic!("one query, one answer: {envelopes:#?}") };
    assert_eq!(field(&query.fields, "msg-id").value, field(&answer.fields, "msg-id").value);
    assert_eq!(field(&answer.fields, "http-code").value, "200");
    let frame = all.iter().find(|frame| frame.frame.text == "answer to a query: 200").expect("an answer");
    let http = frame.layers.last().expect("it has layers");
    assert_eq!((http.protocol, field(&http.fields, "os_id").value.as_str()), (Protocol::Http, "firmware"));
    // It came in several frames, and says from which.
    assert!(frame.sources[http.source].name.starts_with("put together from frames"));
    let topic = field(&query.fields, "callback-topic");
    let (_, publish) = all
        .iter()
        .flat_map(|frame| frame.layers.iter().map(move |layer| (frame, layer)))
        .find(|(_, layer)| layer.title == "MQTT PUBLISH" && layer.fields.iter().any(|field| field.value == topic.value))
        .expect("it is published there");
    assert_eq!(field(&publish.fields, "Topic").value, topic.value);
}

#[test]
fn an_alias_is_resolved() {
    let (_, all) = all(Setup::default());
    let publish = all.iter().flat_map(|frame| &frame.layers).filter(|layer| layer.title == "MQTT PUBLISH");
    let topics: Vec<_> = publish.map(|layer| field(&layer.fields, "Topic").value.as_str()).collect();
    let last = topics.last().expect("there are messages");
    assert_eq!(*last, "/agent/aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee/outbound/v1/agent-connection (by its alias)");
}

#[test]
fn the_talk_with_proxies_is_read() {
    let (_, all) = self::all(behind(Kind::Http));
    let (_, connect) = find(&all, "HTTP request");
    assert_eq!(values(&connect.fields, &["Method", "Target"]), ["CONNECT", "cloud.test:8443"]);
    let authorization = field(&connect.fields, "Proxy-Authorization");
    assert_eq!(authorization.reveal.as_deref(), Some("Basic YWxpY2U6aHVudGVyMi1odW50ZXIy"));
    let (_, all) = self::all(behind(Kind::Socks));
    let (frame, login) = find(&all, "SOCKS5 login");
    let password = field(&login.fields, "Password");
    assert_eq!(password.reveal.as_deref(), Some("hunter2-hunter2"));
    assert_eq!(bytes_of(frame, login, password), b"hunter2-hunter2");
    let (_, request) = find(&all, "SOCKS5 request");
    assert_eq!(field(&request.fields, "Address").value, "cloud.test:8443");
}

#[test]
fn nothing_in_good_traffic_is_called_wrong_and_everything_lies_where_it_says() {
    let (_, all) = all(Setup::default());
    fn check(frame: &Dissection, fields: &[Field], within: (usize, usize)) {
        for field in fields {
            assert!(!field.wrong, "{}: {field:#?}", frame.frame.text);
            assert!(within.0 <= field.start && field.start <= field.end && field.end <= within.1, "{field:#?}");
            check(frame, &field.fields, (field.start, field.end.max(within.1)));
        }
    }
    for frame in &all {
        assert_eq!(frame.frame.flags, [], "{}", frame.frame.text);
        for layer in &frame.layers {
            assert!(layer.start <= layer.end && 2 * layer.end <= frame.sources[layer.source].hex.len());
            assert!(!layer.help.is_empty() && !layer.title.is_empty());
            let end = if layer.protocol == Protocol::Tcp { usize::MAX } else { layer.end };
            check(frame, &layer.fields, (layer.start, end));
        }
    }
}
