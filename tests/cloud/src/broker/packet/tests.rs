use super::{Packet, Stream, reason};
use proptest::prelude::*;

fn one(bytes: &[u8]) -> Result<Option<Packet>, u8> {
    let mut stream = Stream::default();
    stream.push(bytes);
    stream.next(1 << 20).map_err(|error| error.reason)
}

/// CONNECT of protocol.md 9.5 with short texts.
fn connect(flags: u8) -> Vec<u8> {
    let mut body = b"\x00\x04MQTT\x05".to_vec();
    body.push(flags);
    body.extend_from_slice(b"\x00\x3c\x03\x22\xff\xff\x00\x01c\x00\x00\x02/w\x00\x01p\x00\x01u\x00\x01s");
    let mut bytes = vec![0x10, body.len() as u8];
    bytes.extend_from_slice(&body);
    bytes
}

#[test]
fn a_connect_is_taken_apart() {
    let Ok(Some(Packet::Connect(packet))) = one(&connect(0xd6)) else { panic!("not a CONNECT") };
    assert_eq!((packet.flags, packet.keep_alive, packet.topic_alias_maximum), (0xd6, 60, Some(65_535)));
    assert_eq!((packet.client_id.as_str(), packet.username.as_deref()), ("c", Some("u")));
    assert_eq!(packet.password.as_deref(), Some(&b"s"[..]));
    assert_eq!(packet.will.map(|will| (will.topic, will.payload)), Some(("/w".to_owned(), b"p".to_vec())));
}

#[test]
fn a_publish_by_alias_has_an_empty_topic() {
    let Ok(Some(Packet::Publish(packet))) = one(&[0x32, 10, 0, 0, 0, 9, 3, 0x23, 0, 5, b'h', b'i']) else {
        panic!("not a PUBLISH")
    };
    assert_eq!((packet.qos(), packet.id, packet.alias, packet.payload.as_slice()), (1, Some(9), Some(5), &b"hi"[..]));
    assert_eq!(packet.topic, "");
}

#[test]
fn packets_that_mqtt_5_does_not_know_are_refused() {
    for (bytes, code) in [
        (&connect(0xd7)[..], reason::MALFORMED),
        (&connect(0xde), reason::MALFORMED),
        (&[0x32, 4, 0, 0, 0, 9], reason::MALFORMED),
        (&[0x36, 5, 0, 1, b'a', 0, 9], reason::MALFORMED),
        (&[0x32, 8, 0, 0, 0, 9, 3, 0x23, 0, 0], reason::MALFORMED),
        (&[0x80, 5, 0, 1, 0, 0, 1], reason::MALFORMED),
        (&[0x82, 4, 0, 1, 0, 0], reason::MALFORMED),
        (&[0x40, 2, 0, 0], reason::MALFORMED),
        (&[0x40, 0x82, 0, 0, 1], reason::MALFORMED),
        (&[0x30, 0xff, 0xff, 0xff, 0xff, 1], reason::MALFORMED),
        (&[0x30, 0xff, 0xff, 0xff, 0x7f], reason::TOO_LARGE),
        (&[0xe0, 2, 0, 0xff], reason::MALFORMED),
    ] {
        assert_eq!(one(bytes).err(), Some(code), "{bytes:02x?}");
    }
}

#[test]
fn a_packet_waits_for_its_last_byte() {
    let bytes = connect(0xd6);
    let mut stream = Stream::default();
    for byte in &bytes[..bytes.len() - 1] {
        stream.push(&[*byte]);
        assert!(stream.next(1 << 20).unwrap().is_none());
    }
    stream.push(&bytes[bytes.len() - 1..]);
    assert!(stream.next(1 << 20).unwrap().is_some());
}

proptest! {
    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 1_u8..15) {
        let _ = one(&bytes);
        let mut packet = vec![kind << 4 | bytes.first().copied().unwrap_or(0) & 0x0f, bytes.len().min(127) as u8];
        packet.extend_from_slice(&bytes[..bytes.len().min(127)]);
        let _ = one(&packet);
        if kind == 8 {
            packet[0] = 0x82;
            let _ = one(&packet);
        }
    }

    #[test]
    fn no_bent_connect_makes_the_decoder_panic(at in 2_usize..40, value: u8) {
        let mut bytes = connect(0xd6);
        let at = at.min(bytes.len() - 1);
        bytes[at] = value;
        let _ = one(&bytes);
    }
}
