//! Another implementation of MQTT 5 reads what we write, and we read what it writes.

use super::compare::mqtt::{body, meaning};
use super::support::written;
use aclk_core::wire::mqtt::{Connect, Packet, Publish, Qos, Subscribe, disconnect, pingreq, puback};
use mqtt_protocol_core::mqtt::packet::{
    MaximumPacketSize, Property, ReceiveMaximum, TopicAlias, TopicAliasMaximum, v5_0,
};
use mqtt_protocol_core::mqtt::result_code::DisconnectReasonCode;
use proptest::prelude::*;
use server::any_packet;

mod malformed;
mod server;

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
        let packet = written(|w| connect.encode(w));
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
        let packet = written(|w| publish.encode(w));
        prop_assert_eq!(publish.packet_len(), packet.len());
        let (read, _) = v5_0::Publish::parse(packet[0] & 0x0f, body(&packet).into()).unwrap();
        prop_assert_eq!(read.topic_name(), topic);
        prop_assert_eq!(read.packet_id(), id);
        prop_assert_eq!(read.payload().as_slice(), &payload[..]);
        let expected: Vec<_> = alias.map(|alias| Property::from(TopicAlias::new(alias).unwrap())).into_iter().collect();
        prop_assert_eq!(read.props(), &expected);
    }

    #[test]
    fn a_server_reads_subscribe(id in 1..=u16::MAX, filter in "[^\0+#]{1,200}/[+#]", qos in 0..=2_u8, rap: bool) {
        let subscribe = Subscribe { id, filter: &filter, options: qos | u8::from(rap) << 3 };
        let packet = written(|w| subscribe.encode(w));
        let (read, _) = v5_0::Subscribe::parse(body(&packet)).unwrap();
        prop_assert_eq!(read.packet_id(), id);
        prop_assert_eq!(read.entries().len(), 1);
        prop_assert_eq!(read.entries()[0].topic_filter(), filter);
        prop_assert_eq!(read.entries()[0].sub_opts().qos() as u8, qos);
        prop_assert_eq!(read.entries()[0].sub_opts().rap(), rap);
    }

    #[test]
    fn a_server_reads_puback_and_disconnect(id in 1..=u16::MAX, code in any::<u8>()) {
        let packet = written(|w| puback(id, w));
        prop_assert_eq!(v5_0::Puback::parse(body(&packet)).unwrap().0.packet_id(), id);
        // A reason that does not exist is not ours to send.
        if let Ok(reason) = DisconnectReasonCode::try_from(code) {
            let packet = written(|w| disconnect(code, w));
            let read = v5_0::Disconnect::parse(body(&packet)).unwrap().0;
            prop_assert_eq!(read.reason_code().unwrap_or(DisconnectReasonCode::NormalDisconnection), reason);
        }
    }

    /// Every packet that we accept, with every property that it may have, in any order.
    #[test]
    fn we_read_what_a_server_writes(packet in any_packet()) {
        let bytes = packet.bytes();
        prop_assert_eq!(Packet::parse(&bytes).ok(), meaning(&packet));
    }
}

#[test]
fn a_server_reads_pingreq() {
    assert_eq!(written(pingreq), v5_0::Pingreq::new().to_continuous_buffer());
}
