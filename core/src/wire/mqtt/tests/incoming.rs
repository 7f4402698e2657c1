use crate::wire::mqtt::{ConnackProperties, MqttError, Packet, reason_name};
use crate::wire::testing::unhex;
use proptest::prelude::*;
use std::format;
use std::vec::Vec;

fn error_of(hex: &str) -> MqttError {
    let packet = unhex(hex);
    Packet::parse(&packet).expect_err(hex)
}

/// A packet with this first byte and body; the body must be shorter than 128 bytes.
fn packet(first: u8, body: &str) -> Vec<u8> {
    let body = unhex(body);
    [&[first, body.len() as u8][..], &body].concat()
}

#[test]
fn a_connack_says_what_the_server_wants() {
    let plain = Packet::Connack { session_present: false, reason: 0, properties: ConnackProperties::default() };
    assert_eq!(Packet::parse(&unhex("2003000000")), Ok(plain));

    let recorded = unhex("200600000322ffff");
    let properties = ConnackProperties { topic_alias_maximum: Some(65535), ..ConnackProperties::default() };
    assert_eq!(Packet::parse(&recorded), Ok(Packet::Connack { session_present: false, reason: 0, properties }));

    let full = packet(
        0x20,
        "0100 43 110000000a 120003616263 130014 1c000173 1f00026e6f 210004 220007 2401 2500 2700010000
         26000161000162 1500026d65 160000 1a0000 2800 2901 2a00 2600000000",
    );
    let properties = ConnackProperties {
        receive_maximum: Some(4),
        maximum_qos: Some(1),
        maximum_packet_size: Some(0x1_0000),
        topic_alias_maximum: Some(7),
        server_keep_alive: Some(20),
        session_expiry: Some(10),
        assigned_client_id: Some("abc"),
        reason_string: Some("no"),
        server_reference: Some("s"),
    };
    assert_eq!(Packet::parse(&full), Ok(Packet::Connack { session_present: true, reason: 0, properties }));
}

#[test]
fn a_connack_may_refuse() {
    let refusal = unhex("2003008700");
    let Ok(Packet::Connack { reason, .. }) = Packet::parse(&refusal) else { panic!("not a CONNACK") };
    assert_eq!(format!("CONNACK {reason:#04x}: {}", reason_name(reason)), "CONNACK 0x87: not authorized");
    assert_eq!(error_of("2003018700"), MqttError::SessionPresent);
}

#[test]
fn a_malformed_connack_is_refused() {
    assert_eq!(error_of("20020000"), MqttError::Truncated { packet: "CONNACK" }, "as MQTT 3.1.1 has it");
    assert_eq!(error_of("2000"), MqttError::Truncated { packet: "CONNACK" });
    assert_eq!(error_of("2003020000"), MqttError::Flags { packet: "CONNACK" });
    assert_eq!(error_of("2103000000"), MqttError::Flags { packet: "CONNACK" });
    assert_eq!(error_of("200400000000"), MqttError::Trailing { packet: "CONNACK" });
    assert_eq!(error_of("200500000322ff"), MqttError::Truncated { packet: "CONNACK" }, "the block is cut short");
    assert_eq!(error_of("200500000122ff"), MqttError::Truncated { packet: "CONNACK" }, "a value outside the block");
    assert_eq!(error_of("2006000002220001"), MqttError::Truncated { packet: "CONNACK" });
}

#[test]
fn answers_carry_their_packet_identifier() {
    assert_eq!(Packet::parse(&unhex("900400010001")), Ok(Packet::Suback { id: 1, reason: 1 }));
    assert_eq!(Packet::parse(&unhex("90091234051f0002787987")), Ok(Packet::Suback { id: 0x1234, reason: 0x87 }));
    assert_eq!(Packet::parse(&unhex("40020003")), Ok(Packet::Puback { id: 3, reason: 0 }));
    assert_eq!(Packet::parse(&unhex("4003000310")), Ok(Packet::Puback { id: 3, reason: 0x10 }));
    assert_eq!(Packet::parse(&unhex("400400038700")), Ok(Packet::Puback { id: 3, reason: 0x87 }));
    assert_eq!(Packet::parse(&unhex("40090003 87 05 1f00027879")), Ok(Packet::Puback { id: 3, reason: 0x87 }));

    assert_eq!(error_of("900400000001"), MqttError::PacketId { packet: "SUBACK" });
    assert_eq!(error_of("40020000"), MqttError::PacketId { packet: "PUBACK" });
    assert_eq!(error_of("9003000100"), MqttError::SubackReasons { count: 0 });
    assert_eq!(error_of("90050001000101"), MqttError::SubackReasons { count: 2 });
    assert_eq!(error_of("90020001"), MqttError::Truncated { packet: "SUBACK" });
    assert_eq!(error_of("400103"), MqttError::Truncated { packet: "PUBACK" });
    assert_eq!(error_of("40050003870000"), MqttError::Trailing { packet: "PUBACK" });
    assert_eq!(error_of("42020003"), MqttError::Flags { packet: "PUBACK" });
    assert_eq!(error_of("9204 00010001"), MqttError::Flags { packet: "SUBACK" });
}

#[test]
fn the_recorded_messages_are_read() {
    let recorded = unhex(
        "329d01004c2f6167656e742f38613265313838302d363333612d346638382d623631622d3134396134613530646234322f696e626f756e\
         642f76312f636d642f53656e644e6f6465496e7374616e6365730001000a2438613265313838302d363333612d346638382d623631622d\
         3134396134613530646234321a2462306230623062302d303030302d343030302d383030302d303030303030303030303031",
    );
    let message = Packet::Publish {
        topic: "/agent/8a2e1880-633a-4f88-b61b-149a4a50db42/inbound/v1/cmd/SendNodeInstances",
        alias: None,
        qos: 1,
        id: Some(1),
        dup: false,
        retain: false,
        payload: &recorded[recorded.len() - 76..],
    };
    assert_eq!(Packet::parse(&recorded), Ok(message));
}

#[test]
fn a_message_has_a_topic_or_an_alias() {
    let publish =
        |topic, alias, payload| Packet::Publish { topic, alias, qos: 0, id: None, dup: false, retain: false, payload };
    assert_eq!(Packet::parse(&unhex("3005 000174 00 2a")), Ok(publish("t", None, b"*")));
    assert_eq!(Packet::parse(&unhex("3007 000174 03 230005")), Ok(publish("t", Some(5), b"")));
    assert_eq!(Packet::parse(&unhex("3006 0000 03 230005")), Ok(publish("", Some(5), b"")));
    assert_eq!(error_of("3003000000"), MqttError::NoTopic);
    assert_eq!(error_of("3005 00012b 00 00"), MqttError::Topic);
    assert_eq!(error_of("3006 0002 612300 00"), MqttError::Topic);
}

#[test]
fn the_flags_of_a_message_are_read() {
    let (first, last) = (unhex("3b07 000174 0002 00 2a"), unhex("3206 000174 0000 00"));
    let expected =
        Packet::Publish { topic: "t", alias: None, qos: 1, id: Some(2), dup: true, retain: true, payload: b"*" };
    assert_eq!(Packet::parse(&first), Ok(expected));
    assert_eq!(Packet::parse(&last), Err(MqttError::PacketId { packet: "PUBLISH" }));
    assert_eq!(error_of("3406 000174 0001 00"), MqttError::Qos2);
    assert_eq!(error_of("3606 000174 0001 00"), MqttError::Qos);
    assert_eq!(error_of("3804 000174 00"), MqttError::Qos, "QoS 0 is never sent again");
    assert_eq!(error_of("3003 000174"), MqttError::Truncated { packet: "PUBLISH" }, "no property length");
    assert_eq!(error_of("3004 000574 00"), MqttError::Truncated { packet: "PUBLISH" });
}

#[test]
fn strings_are_utf8_without_nul() {
    assert_eq!(error_of("3005 0002c328 00"), MqttError::Text { packet: "PUBLISH" });
    assert_eq!(error_of("3005 00026100 00"), MqttError::Text { packet: "PUBLISH" });
    assert_eq!(error_of("3006 0003eda080 00"), MqttError::Text { packet: "PUBLISH" }, "half a surrogate pair");
    assert_eq!(error_of("2008 0000 05 1f00020041"), MqttError::Text { packet: "CONNACK" });
}

#[test]
fn the_end_of_a_session_says_why() {
    let disconnect = |reason, reason_string| Ok(Packet::Disconnect { reason, reason_string });
    assert_eq!(Packet::parse(&unhex("e000")), disconnect(0, None));
    assert_eq!(Packet::parse(&unhex("e0018b")), disconnect(0x8b, None));
    assert_eq!(Packet::parse(&unhex("e0028e00")), disconnect(0x8e, None));
    assert_eq!(Packet::parse(&unhex("e00b9d091c0001731f00026e6f")), disconnect(0x9d, Some("no")));
    assert_eq!(error_of("e0038e0000"), MqttError::Trailing { packet: "DISCONNECT" });
    assert_eq!(Packet::parse(&unhex("d000")), Ok(Packet::Pingresp));
    assert_eq!(error_of("d00100"), MqttError::Trailing { packet: "PINGRESP" });
    assert_eq!(error_of("d100"), MqttError::Flags { packet: "PINGRESP" });
    assert_eq!(error_of("e200"), MqttError::Flags { packet: "DISCONNECT" });
}

#[test]
fn packets_without_a_place_are_named() {
    for (first, name) in [
        ("10", "CONNECT"),
        ("50", "PUBREC"),
        ("62", "PUBREL"),
        ("70", "PUBCOMP"),
        ("82", "SUBSCRIBE"),
        ("a2", "UNSUBSCRIBE"),
        ("b0", "UNSUBACK"),
        ("c0", "PINGREQ"),
        ("f0", "AUTH"),
        ("00", "a packet of the reserved type 0"),
    ] {
        assert_eq!(error_of(&format!("{first}00")), MqttError::Unexpected { packet: name });
    }
    let error = MqttError::Unexpected { packet: "AUTH" };
    assert_eq!(format!("{error}"), "the server sent AUTH, which has no place in this session");
}

/// Each property with a valid value, and whether it belongs into CONNACK, PUBLISH, PUBACK, SUBACK, DISCONNECT.
const PROPERTIES: [(&str, [bool; 5]); 27] = {
    const CONNACK: [bool; 5] = [true, false, false, false, false];
    const PUBLISH: [bool; 5] = [false, true, false, false, false];
    const NEVER: [bool; 5] = [false; 5];
    [
        ("0101", PUBLISH),
        ("0200000000", PUBLISH),
        ("03000174", PUBLISH),
        ("08000174", PUBLISH),
        ("090001ff", PUBLISH),
        ("0b8001", PUBLISH),
        ("1100000000", CONNACK),
        ("12000174", CONNACK),
        ("130000", CONNACK),
        ("15000174", CONNACK),
        ("160001ff", CONNACK),
        ("1701", NEVER),
        ("1800000000", NEVER),
        ("1901", NEVER),
        ("1a000174", CONNACK),
        ("1c000174", [true, false, false, false, true]),
        ("1f000174", [true, false, true, true, true]),
        ("210001", CONNACK),
        ("220000", CONNACK),
        ("230001", PUBLISH),
        ("2400", CONNACK),
        ("2501", CONNACK),
        ("26000161000162", [true; 5]),
        ("2700000001", CONNACK),
        ("2801", CONNACK),
        ("2901", CONNACK),
        ("2a01", CONNACK),
    ]
};

/// The same properties in each of the packets.
fn carriers(properties: &str) -> [Vec<u8>; 5] {
    let len = unhex(properties).len();
    let block = format!("{len:02x}{properties}");
    [
        packet(0x20, &format!("0000{block}")),
        packet(0x30, &format!("000174{block}")),
        packet(0x40, &format!("000100{block}")),
        packet(0x90, &format!("0001{block}00")),
        packet(0xe0, &format!("00{block}")),
    ]
}

#[test]
fn properties_belong_into_certain_packets() {
    for (property, allowed) in PROPERTIES {
        let id = unhex(property)[0];
        for (packet, allowed) in carriers(property).iter().zip(allowed) {
            match Packet::parse(packet) {
                Ok(_) => assert!(allowed, "{property} in {packet:02x?}"),
                Err(MqttError::PropertyMisplaced { id: refused, .. }) => {
                    assert!(!allowed && refused == id, "{property} in {packet:02x?}");
                }
                Err(error) => panic!("{error} for {property} in {packet:02x?}"),
            }
        }
    }
}

#[test]
fn properties_are_there_once() {
    for (property, allowed) in PROPERTIES {
        let id = unhex(property)[0];
        let repeatable = matches!(id, 0x0b | 0x26);
        for (packet, _) in carriers(&property.repeat(2)).iter().zip(allowed).filter(|(_, allowed)| *allowed) {
            let result = Packet::parse(packet);
            match repeatable {
                true => assert!(result.is_ok(), "{property}: {result:?}"),
                false => assert_eq!(result, Err(MqttError::PropertyTwice { id })),
            }
        }
    }
}

#[test]
fn properties_have_their_range() {
    for (property, carrier) in [
        ("0102", 1),
        ("08000161232b", 1),
        ("0800012b", 1),
        ("080000", 1),
        ("0b00", 1),
        ("210000", 0),
        ("230000", 1),
        ("2402", 0),
        ("2502", 0),
        ("2700000000", 0),
        ("28ff", 0),
        ("2902", 0),
        ("2a02", 0),
    ] {
        let id = unhex(property)[0];
        let refused = Packet::parse(&carriers(property)[carrier]) == Err(MqttError::PropertyValue { id });
        // One of them is not a value out of range but goes on behind it.
        assert_eq!(refused, property != "08000161232b", "{property}");
    }
}

#[test]
fn properties_that_do_not_exist_are_refused() {
    for (id, hex) in [(0x00, "00"), (0x04, "04"), (0x2b, "2b"), (0x7f, "7f"), (0x80, "8001"), (0x3fff, "ff7f")] {
        assert_eq!(Packet::parse(&carriers(hex)[0]), Err(MqttError::UnknownProperty { id }));
    }
    assert_eq!(Packet::parse(&carriers("a100")[0]), Err(MqttError::Length), "not the shortest form");
    assert_eq!(Packet::parse(&carriers("0bffffffff01")[1]), Err(MqttError::Length));
}

#[test]
fn the_length_must_be_that_of_the_packet() {
    assert_eq!(error_of(""), MqttError::Length);
    assert_eq!(error_of("20"), MqttError::Truncated { packet: "CONNACK" });
    assert_eq!(error_of("2004000000"), MqttError::Truncated { packet: "CONNACK" });
    assert_eq!(error_of("d00000"), MqttError::Trailing { packet: "PINGRESP" });
    assert_eq!(error_of("d08000"), MqttError::Length);
    assert_eq!(error_of("20ffffffff01"), MqttError::Length);
}

#[test]
fn reasons_have_names() {
    assert_eq!(reason_name(0x86), "bad user name or password");
    assert_eq!(reason_name(0xa2), "wildcard subscriptions not supported");
    // 43 codes in the specification.
    let known = (0..=255).filter(|code| reason_name(*code) != "unknown reason").count();
    assert_eq!(known, 43);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = Packet::parse(&bytes);
    }

    #[test]
    fn any_damage_is_read_or_refused(at in any::<proptest::sample::Index>(), byte in any::<u8>(), which in 0..5_usize) {
        let mut packet = carriers("1f000174")[which].clone();
        let at = at.index(packet.len());
        packet[at] = byte;
        let _ = Packet::parse(&packet);
    }
}
