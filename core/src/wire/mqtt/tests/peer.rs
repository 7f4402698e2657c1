//! Another implementation of MQTT 5 reads what we write, and we read what it writes.

use super::outgoing::written;
use crate::wire::mqtt::{ConnackProperties, Connect, Packet, Publish, Qos, Subscribe, disconnect, puback};
use mqtt_protocol_core::mqtt::packet::{
    AssignedClientIdentifier, MaximumPacketSize, MaximumQos, Property, ReasonString, ReceiveMaximum, ServerKeepAlive,
    SessionExpiryInterval, TopicAlias, TopicAliasMaximum, UserProperty, v5_0,
};
use mqtt_protocol_core::mqtt::result_code::{
    ConnectReasonCode, DisconnectReasonCode, PubackReasonCode, SubackReasonCode,
};
use proptest::prelude::*;
use std::string::String;
use std::vec;
use std::vec::Vec;

/// The body of a packet: what is behind the fixed header.
fn body(packet: &[u8]) -> &[u8] {
    let length_field = 1 + packet[1..].iter().position(|byte| byte & 0x80 == 0).unwrap();
    &packet[1 + length_field..]
}

fn text() -> impl Strategy<Value = String> {
    "[^\0]{0,300}"
}

fn topic() -> impl Strategy<Value = String> {
    "[^\0+#]{1,200}"
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..300)
}

proptest! {
    #[test]
    fn a_server_reads_connect(
        (client_id, username, will_topic) in (text(), text(), topic()),
        (password, will_payload) in (bytes(), bytes()),
        keep_alive in any::<u16>(),
        receive_maximum in proptest::option::of(1..=u16::MAX),
        maximum_packet_size in proptest::option::of(1..=u32::MAX),
        topic_alias_maximum in any::<Option<u16>>(),
        will_qos in proptest::sample::select(vec![Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce]),
    ) {
        let connect = Connect {
            client_id: &client_id, username: &username, password: &password, keep_alive, receive_maximum,
            maximum_packet_size, topic_alias_maximum, will_topic: &will_topic, will_payload: &will_payload, will_qos,
        };
        let packet = written(|w| connect.encode(w)).unwrap();
        prop_assert_eq!(connect.packet_len(), packet.len());
        let (read, taken) = v5_0::Connect::parse(body(&packet)).unwrap();
        prop_assert_eq!(taken, body(&packet).len());
        prop_assert_eq!(read.client_id(), client_id);
        prop_assert_eq!(read.user_name(), Some(&username[..]));
        prop_assert_eq!(read.password(), Some(&password[..]));
        prop_assert_eq!(read.will_topic(), Some(&will_topic[..]));
        prop_assert_eq!(read.will_payload(), Some(&will_payload[..]));
        prop_assert_eq!(read.will_qos() as u8, will_qos as u8);
        prop_assert!(read.clean_start() && !read.will_retain());
        prop_assert_eq!(read.keep_alive(), keep_alive);
        let mut expected = Vec::new();
        expected.extend(receive_maximum.map(|value| Property::from(ReceiveMaximum::new(value).unwrap())));
        expected.extend(maximum_packet_size.map(|value| Property::from(MaximumPacketSize::new(value).unwrap())));
        expected.extend(topic_alias_maximum.map(|value| Property::from(TopicAliasMaximum::new(value).unwrap())));
        prop_assert_eq!(read.props(), &expected);
    }

    #[test]
    fn a_server_reads_publish(
        topic in topic(), alias in proptest::option::of(1..=u16::MAX), id in proptest::option::of(1..=u16::MAX),
        payload in bytes(),
    ) {
        let publish = Publish { topic: &topic, alias, id, payload: &payload };
        let packet = written(|w| publish.encode(w)).unwrap();
        prop_assert_eq!(publish.packet_len(), packet.len());
        let (read, _) = v5_0::Publish::parse(packet[0] & 0x0f, body(&packet).into()).unwrap();
        prop_assert_eq!(read.topic_name(), topic);
        prop_assert_eq!(read.packet_id(), id);
        prop_assert_eq!(read.payload().as_slice(), &payload[..]);
        let expected: Vec<_> = alias.map(|alias| Property::from(TopicAlias::new(alias).unwrap())).into_iter().collect();
        prop_assert_eq!(read.props(), &expected);
    }

    #[test]
    fn a_server_reads_subscribe(id in 1..=u16::MAX, filter in "[^\0+#]{1,200}/[+#]") {
        let subscribe = Subscribe { id, filter: &filter, options: 0x09 };
        let packet = written(|w| subscribe.encode(w)).unwrap();
        let (read, _) = v5_0::Subscribe::parse(body(&packet)).unwrap();
        prop_assert_eq!(read.packet_id(), id);
        prop_assert_eq!(read.entries().len(), 1);
        prop_assert_eq!(read.entries()[0].topic_filter(), filter);
        prop_assert_eq!(read.entries()[0].sub_opts().qos() as u8, 1);
        prop_assert!(read.entries()[0].sub_opts().rap());
    }

    #[test]
    fn we_read_its_publish(
        topic in topic(), alias in proptest::option::of(1..=u16::MAX), id in proptest::option::of(1..=u16::MAX),
        dup in any::<bool>(), retain in any::<bool>(), payload in bytes(), (name, value) in (text(), text()),
    ) {
        let mut properties = vec![Property::from(UserProperty::new(&name, &value).unwrap())];
        properties.extend(alias.map(|alias| Property::from(TopicAlias::new(alias).unwrap())));
        let mut builder = v5_0::Publish::builder().topic_name(&topic).unwrap().retain(retain).payload(&payload[..]);
        if let Some(id) = id {
            builder = builder.qos(mqtt_protocol_core::mqtt::packet::Qos::AtLeastOnce).packet_id(id).dup(dup);
        }
        let packet = builder.props(properties).build().unwrap().to_continuous_buffer();
        let expected = Packet::Publish {
            topic: &topic, alias, qos: u8::from(id.is_some()), id, dup: dup && id.is_some(), retain, payload: &payload,
        };
        prop_assert_eq!(Packet::parse(&packet), Ok(expected));
    }

    #[test]
    fn we_read_its_connack(
        receive_maximum in proptest::option::of(1..=u16::MAX), maximum_qos in proptest::option::of(0..=1_u8),
        maximum_packet_size in proptest::option::of(1..=u32::MAX), topic_alias_maximum in any::<Option<u16>>(),
        server_keep_alive in any::<Option<u16>>(), session_expiry in any::<Option<u32>>(),
        assigned in proptest::option::of(text()), said in proptest::option::of(text()), accepted in any::<bool>(),
    ) {
        let mut properties: Vec<Property> = Vec::new();
        properties.extend(said.as_ref().map(|text| ReasonString::new(text).unwrap().into()));
        properties.extend(assigned.as_ref().map(|text| AssignedClientIdentifier::new(text).unwrap().into()));
        properties.extend(receive_maximum.map(|value| ReceiveMaximum::new(value).unwrap().into()));
        properties.extend(maximum_qos.map(|value| MaximumQos::new(value).unwrap().into()));
        properties.extend(maximum_packet_size.map(|value| MaximumPacketSize::new(value).unwrap().into()));
        properties.extend(topic_alias_maximum.map(|value| TopicAliasMaximum::new(value).unwrap().into()));
        properties.extend(server_keep_alive.map(|value| ServerKeepAlive::new(value).unwrap().into()));
        properties.extend(session_expiry.map(|value| SessionExpiryInterval::new(value).unwrap().into()));
        let code = if accepted { ConnectReasonCode::Success } else { ConnectReasonCode::NotAuthorized };
        let connack = v5_0::Connack::builder().session_present(accepted).reason_code(code).props(properties);
        let packet = connack.build().unwrap().to_continuous_buffer();
        let expected = Packet::Connack {
            session_present: accepted,
            reason: code as u8,
            properties: ConnackProperties {
                receive_maximum, maximum_qos, maximum_packet_size, topic_alias_maximum, server_keep_alive,
                session_expiry, assigned_client_id: assigned.as_deref(), reason_string: said.as_deref(),
                server_reference: None,
            },
        };
        prop_assert_eq!(Packet::parse(&packet), Ok(expected));
    }
}

#[test]
fn the_short_packets_are_understood_both_ways() {
    let packet = written(|w| puback(7, w)).unwrap();
    assert_eq!(v5_0::Puback::parse(body(&packet)).unwrap().0.packet_id(), 7);
    let packet = written(|w| disconnect(0x04, w)).unwrap();
    let read = v5_0::Disconnect::parse(body(&packet)).unwrap().0;
    assert_eq!(read.reason_code(), Some(DisconnectReasonCode::DisconnectWithWillMessage));

    let said = vec![Property::from(ReasonString::new("because").unwrap())];
    let puback =
        v5_0::Puback::builder().packet_id(9_u16).reason_code(PubackReasonCode::QuotaExceeded).props(said.clone());
    let packet = puback.build().unwrap().to_continuous_buffer();
    assert_eq!(Packet::parse(&packet), Ok(Packet::Puback { id: 9, reason: 0x97 }));

    let suback = v5_0::Suback::builder().packet_id(9_u16).reason_codes(vec![SubackReasonCode::GrantedQos1]);
    let packet = suback.props(said.clone()).build().unwrap().to_continuous_buffer();
    assert_eq!(Packet::parse(&packet), Ok(Packet::Suback { id: 9, reason: 1 }));

    let bye = v5_0::Disconnect::builder().reason_code(DisconnectReasonCode::ServerShuttingDown).props(said);
    let packet = bye.build().unwrap().to_continuous_buffer();
    let expected = Packet::Disconnect { reason: 0x8b, reason_string: Some("because") };
    assert_eq!(Packet::parse(&packet), Ok(expected));

    let packet = v5_0::Pingresp::new().to_continuous_buffer();
    assert_eq!(Packet::parse(&packet), Ok(Packet::Pingresp));
}
