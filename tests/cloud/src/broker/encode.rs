//! MQTT packets of the broker. Builders come from `mqtt-protocol-core`; the arguments are always valid for them.

use crate::config::Config;
use mqtt_protocol_core::mqtt::packet::v5_0::{Connack, Disconnect, Pingresp, Puback, Suback};
use mqtt_protocol_core::mqtt::packet::{MaximumPacketSize, ReceiveMaximum, TopicAliasMaximum};
use mqtt_protocol_core::mqtt::result_code::{ConnectReasonCode, DisconnectReasonCode, SubackReasonCode};

const VALID: &str = "built from valid parts";

/// The CONNACK that accepts a session, with the properties of the configuration.
pub(crate) fn connack(config: &Config) -> Vec<u8> {
    let mut properties = Vec::new();
    if let Some(maximum) = config.topic_alias_maximum {
        properties.push(TopicAliasMaximum::new(maximum).expect(VALID).into());
    }
    if let Some(maximum) = config.receive_maximum {
        properties.push(ReceiveMaximum::new(maximum.max(1)).expect(VALID).into());
    }
    if let Some(maximum) = config.maximum_packet_size {
        properties.push(MaximumPacketSize::new(maximum.max(1)).expect(VALID).into());
    }
    let packet = Connack::builder().session_present(false).reason_code(ConnectReasonCode::Success).props(properties);
    packet.build().expect(VALID).to_continuous_buffer()
}

/// The CONNACK that refuses a session. Reason codes unknown to MQTT 5 are possible: a fault may want them.
pub(crate) fn connack_refusal(reason: u8) -> Vec<u8> {
    vec![0x20, 3, 0, reason, 0]
}

pub(crate) fn suback(id: u16, codes: &[u8]) -> Vec<u8> {
    let codes = codes.iter().map(|code| match code {
        0 => SubackReasonCode::GrantedQos0,
        1 => SubackReasonCode::GrantedQos1,
        _ => SubackReasonCode::NotAuthorized,
    });
    Suback::builder().packet_id(id).reason_codes(codes.collect()).build().expect(VALID).to_continuous_buffer()
}

pub(crate) fn puback(id: u16) -> Vec<u8> {
    Puback::builder().packet_id(id).build().expect(VALID).to_continuous_buffer()
}

pub(crate) fn pingresp() -> Vec<u8> {
    Pingresp::builder().build().expect(VALID).to_continuous_buffer()
}

pub(crate) fn disconnect(reason: u8) -> Vec<u8> {
    match DisconnectReasonCode::try_from(reason) {
        Ok(code) => Disconnect::builder().reason_code(code).build().expect(VALID).to_continuous_buffer(),
        Err(_) => vec![0xe0, 1, reason],
    }
}

/// A QoS 1 PUBLISH. Not built by the codec, which would refuse topics that a test may want to send.
pub(crate) fn publish(topic: &str, id: u16, payload: &[u8]) -> Vec<u8> {
    let mut body = text(topic);
    body.extend_from_slice(&id.to_be_bytes());
    body.push(0);
    body.extend_from_slice(payload);
    packet(0x32, &body)
}

/// A packet with any first byte and body.
pub(crate) fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let mut rest = body.len();
    loop {
        let low = (rest & 0x7f) as u8;
        rest >>= 7;
        bytes.push(if rest > 0 { low | 0x80 } else { low });
        if rest == 0 {
            break;
        }
    }
    bytes.extend_from_slice(body);
    bytes
}

/// Text with its length in front; over 65 535 bytes it is cut.
pub(crate) fn text(text: &str) -> Vec<u8> {
    let bytes = &text.as_bytes()[..text.len().min(usize::from(u16::MAX))];
    let mut encoded = (bytes.len() as u16).to_be_bytes().to_vec();
    encoded.extend_from_slice(bytes);
    encoded
}

#[cfg(test)]
mod tests {
    use super::{connack, connack_refusal, disconnect, pingresp, puback, publish, suback};
    use crate::config::Config;

    #[test]
    fn the_packets_are_those_of_the_vectors() {
        let bare = Config { topic_alias_maximum: None, ..Config::default() };
        assert_eq!(connack(&bare), [0x20, 3, 0, 0, 0]);
        assert_eq!(connack(&Config::default()), [0x20, 6, 0, 0, 3, 0x22, 0xff, 0xff]);
        assert_eq!(connack_refusal(0x86), [0x20, 3, 0, 0x86, 0]);
        assert_eq!(suback(1, &[1]), [0x90, 4, 0, 1, 0, 1]);
        assert_eq!(suback(1, &[0x87]), [0x90, 4, 0, 1, 0, 0x87]);
        assert_eq!(puback(3), [0x40, 2, 0, 3]);
        assert_eq!(pingresp(), [0xd0, 0]);
        assert_eq!(disconnect(0x8b), [0xe0, 1, 0x8b]);
        assert_eq!(publish("/a", 9, b"hi"), [0x32, 9, 0, 2, b'/', b'a', 0, 9, 0, b'h', b'i']);
    }
}
