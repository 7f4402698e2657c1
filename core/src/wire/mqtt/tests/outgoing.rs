use crate::wire::buffer::Writer;
use crate::wire::mqtt::{Connect, Publish, Qos, Subscribe, disconnect, is_topic_name, pingreq, puback};
use crate::wire::testing::unhex;
use std::string::String;
use std::vec::Vec;
use std::{format, vec};

/// What `write` writes, or `None` if the writer refused.
pub(super) fn written(write: impl Fn(&mut Writer<'_>)) -> Option<Vec<u8>> {
    let mut buffer = vec![0; 1 << 18];
    let mut writer = Writer::new(&mut buffer);
    write(&mut writer);
    let len = writer.finish().ok()?;
    Some(buffer[..len].to_vec())
}

const CID: &str = "11111111-2222-4333-8444-555555555555";

fn hex_of(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// UpdateAgentConnection as the will: protocol.md 9.1.
fn will() -> Vec<u8> {
    unhex(&format!("0a24{}18c0c480c1c1c48203200232 0b0880e2cfaa06108094ef3a", hex_of(CID)))
}

/// UpdateAgentConnection, reachable: protocol.md 9.2.
fn online() -> Vec<u8> {
    unhex(&format!(
        "0a24{}100118c0c480c1c1c4820320 01320b0880e2cfaa06108094ef3a
         8a010b0a0570726f746f10011801 8a01110a0b687474705f6170695f763210071801",
        hex_of(CID)
    ))
}

#[test]
fn connect_has_the_bytes_of_the_specification() {
    let (topic, will) = (format!("/agent/{CID}/outbound/v1/agent-connection"), will());
    let connect = Connect {
        client_id: CID,
        username: CID,
        password: b"otp-secret",
        keep_alive: 60,
        receive_maximum: None,
        maximum_packet_size: None,
        topic_alias_maximum: Some(65535),
        will_topic: &topic,
        will_payload: &will,
        will_qos: Qos::ExactlyOnce,
    };
    let expected = unhex(&format!(
        "10f101 00044d515454 05 d6 003c 0322ffff 0024{cid} 00 0048{topic} 003e{will} 0024{cid} 000a6f74702d736563726574",
        cid = hex_of(CID),
        topic = hex_of(&topic),
        will = will.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
    ));
    assert_eq!(expected.len(), 244);
    assert_eq!(written(|w| connect.encode(w)), Some(expected));
    assert_eq!(connect.packet_len(), 244);
}

#[test]
fn connect_has_the_bytes_of_the_original() {
    let will = "0a2438613265313838302d363333612d346638382d623631622d31343961346135306462343218d09f88d7ad9b9803200232\
                0c08e7848bd80610e0dacab502";
    let connect = Connect {
        client_id: "c-8a2e1880-633a-4f88-b61b-149a4a50db42",
        username: "u-8a2e1880-633a-4f88-b61b-149a4a50db42",
        password: b"Pw-vlNXWuHvn2K4cNCLGxW-SAZD",
        keep_alive: 60,
        receive_maximum: None,
        maximum_packet_size: None,
        topic_alias_maximum: Some(65535),
        will_topic: "/agent/8a2e1880-633a-4f88-b61b-149a4a50db42/outbound/v1/agent-connection",
        will_payload: &unhex(will),
        will_qos: Qos::ExactlyOnce,
    };
    let recorded = "10870200044d51545405d6003c0322ffff0026632d38613265313838302d363333612d346638382d623631622d3134396134\
        613530646234320000482f6167656e742f38613265313838302d363333612d346638382d623631622d3134396134613530646234322f6f75\
        74626f756e642f76312f6167656e742d636f6e6e656374696f6e003f0a2438613265313838302d363333612d346638382d623631622d3134\
        3961346135306462343218d09f88d7ad9b98032002320c08e7848bd80610e0dacab5020026752d38613265313838302d363333612d346638\
        382d623631622d313439613461353064623432001b50772d766c4e58577548766e324b34634e434c4778572d53415a44";
    assert_eq!(written(|w| connect.encode(w)), Some(unhex(recorded)));
    assert!(!format!("{connect:?}").contains("vlNXW"), "the password must not print");
}

#[test]
fn connect_announces_its_limits() {
    let connect = Connect {
        client_id: "c",
        username: "u",
        password: b"p",
        keep_alive: 0,
        receive_maximum: Some(4),
        maximum_packet_size: Some(0x1_0000),
        topic_alias_maximum: Some(0),
        will_topic: "w",
        will_payload: b"",
        will_qos: Qos::AtMostOnce,
    };
    let expected = "1025 00044d515454 05 c6 0000 0b 210004 2700010000 220000 000163 00 000177 0000 000175 000170";
    assert_eq!(written(|w| connect.encode(w)), Some(unhex(expected)));
    assert_eq!(connect.packet_len(), unhex(expected).len());
}

#[test]
fn subscribe_has_the_bytes_of_the_original() {
    let filter = format!("/agent/{CID}/inbound/cmd");
    let first = Subscribe { id: 1, filter: &filter, options: 0x09 };
    assert_eq!(written(|w| first.encode(w)), Some(unhex(&format!("823d000100 0037{}09", hex_of(&filter)))));
    assert_eq!(first.packet_len(), 63);
    let filter = format!("/agent/{CID}/inbound/v1/cmd/+");
    let second = Subscribe { id: 2, filter: &filter, options: 0x09 };
    assert_eq!(written(|w| second.encode(w)), Some(unhex(&format!("8242000200 003c{}09", hex_of(&filter)))));
}

#[test]
fn publish_defines_an_alias_and_then_uses_it() {
    let (topic, payload) = (format!("/agent/{CID}/outbound/v1/agent-connection"), online());
    let first = Publish { topic: &topic, alias: Some(5), id: Some(3), payload: &payload };
    let expected = [unhex(&format!("32b201 0048{} 0003 03230005", hex_of(&topic))), payload.clone()].concat();
    assert_eq!(expected.len(), 181);
    assert_eq!(first.packet_len(), 181);
    assert_eq!(written(|w| first.encode(w)), Some(expected));

    let later = Publish { topic: "", alias: Some(5), id: Some(9), payload: b"hi" };
    assert_eq!(written(|w| later.encode(w)), Some(unhex("320a 0000 0009 03230005 6869")));
    assert_eq!(later.packet_len(), 12);
}

#[test]
fn publish_needs_neither_alias_nor_acknowledgement() {
    let once = Publish { topic: "t", alias: None, id: None, payload: b"hi" };
    assert_eq!(written(|w| once.encode(w)), Some(unhex("3006 000174 00 6869")));
    let surely = Publish { id: Some(0x1234), ..once };
    assert_eq!(written(|w| surely.encode(w)), Some(unhex("3208 000174 1234 00 6869")));
}

#[test]
fn the_header_of_a_big_message_can_go_first() {
    let publish = Publish { topic: "/t", alias: None, id: Some(1), payload: b"" };
    for (payload_len, length_field) in
        [(0, "07"), (120, "7f"), (121, "8001"), (16_376, "ff7f"), (16_377, "808001"), (2_097_145, "80808001")]
    {
        let header = written(|w| publish.header(payload_len, w)).unwrap();
        assert_eq!(header, unhex(&format!("32{length_field} 00022f74 0001 00")));
        assert_eq!(publish.header_len(payload_len), header.len());
    }
    let whole = Publish { payload: &[7; 300], ..publish };
    let header = written(|w| publish.header(300, w)).unwrap();
    assert_eq!(written(|w| whole.encode(w)), Some([header, vec![7; 300]].concat()));
    assert_eq!(whole.packet_len(), publish.header_len(300) + 300);
}

#[test]
fn the_short_packets_have_the_bytes_of_the_original() {
    assert_eq!(written(|w| puback(3, w)), Some(unhex("40020003")));
    assert_eq!(written(pingreq), Some(unhex("c000")));
    assert_eq!(written(|w| disconnect(0, w)), Some(unhex("e000")));
    assert_eq!(written(|w| disconnect(0x82, w)), Some(unhex("e00182")));
}

#[test]
fn what_mqtt_cannot_express_is_refused() {
    let long = "x".repeat(65_536);
    let good = Publish { topic: "t", alias: Some(1), id: Some(1), payload: b"" };
    assert!(written(|w| good.encode(w)).is_some());
    for topic in ["a/+", "#", "a\0b", &long] {
        assert_eq!(written(|w| Publish { topic, ..good }.encode(w)), None, "{:.9}", topic);
        assert!(!is_topic_name(topic));
    }
    assert_eq!(written(|w| Publish { topic: "", alias: None, ..good }.encode(w)), None);
    assert_eq!(written(|w| Publish { alias: Some(0), ..good }.encode(w)), None);
    assert_eq!(written(|w| Publish { id: Some(0), ..good }.encode(w)), None);
    assert!(written(|w| good.header(0x0fff_ffff - 9, w)).is_some());
    assert_eq!(written(|w| good.header(0x0fff_ffff - 8, w)), None);
    assert_eq!(written(|w| puback(0, w)), None);

    let subscribe = Subscribe { id: 1, filter: "a/#", options: 9 };
    assert!(written(|w| subscribe.encode(w)).is_some());
    assert_eq!(written(|w| Subscribe { id: 0, ..subscribe }.encode(w)), None);
    assert_eq!(written(|w| Subscribe { filter: "", ..subscribe }.encode(w)), None);
    assert_eq!(written(|w| Subscribe { filter: "\0", ..subscribe }.encode(w)), None);

    let connect = Connect {
        client_id: "c",
        username: "u",
        password: b"p\0",
        keep_alive: 60,
        receive_maximum: Some(1),
        maximum_packet_size: Some(1),
        topic_alias_maximum: None,
        will_topic: "w",
        will_payload: b"\0",
        will_qos: Qos::AtLeastOnce,
    };
    assert!(written(|w| connect.encode(w)).is_some());
    assert_eq!(written(|w| Connect { client_id: "a\0", ..connect }.encode(w)), None);
    assert_eq!(written(|w| Connect { username: &long, ..connect }.encode(w)), None);
    assert_eq!(written(|w| Connect { password: long.as_bytes(), ..connect }.encode(w)), None);
    assert_eq!(written(|w| Connect { will_topic: "", ..connect }.encode(w)), None);
    assert_eq!(written(|w| Connect { receive_maximum: Some(0), ..connect }.encode(w)), None);
    assert_eq!(written(|w| Connect { maximum_packet_size: Some(0), ..connect }.encode(w)), None);
}
