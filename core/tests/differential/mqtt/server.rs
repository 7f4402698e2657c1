//! The packets of a server, made and written by mqtt-protocol-core.

use super::{bytes, text, topic};
use crate::compare::mqtt::FromServer;
use mqtt_protocol_core::mqtt::packet::{
    AssignedClientIdentifier, AuthenticationData, AuthenticationMethod, ContentType, CorrelationData,
    MaximumPacketSize, MaximumQos, MessageExpiryInterval, PayloadFormat, PayloadFormatIndicator, Properties, Property,
    Qos, ReasonString, ReceiveMaximum, ResponseInformation, ResponseTopic, RetainAvailable, ServerKeepAlive,
    ServerReference, SessionExpiryInterval, SharedSubscriptionAvailable, SubscriptionIdentifier,
    SubscriptionIdentifierAvailable, TopicAlias, TopicAliasMaximum, UserProperty, WildcardSubscriptionAvailable, v5_0,
};
use mqtt_protocol_core::mqtt::result_code::{
    ConnectReasonCode, DisconnectReasonCode, PubackReasonCode, SubackReasonCode,
};
use proptest::prelude::*;

/// Each packet with each of its properties there or not there, in any order, and each of its reasons.
pub fn any_packet() -> impl Strategy<Value = FromServer> {
    prop_oneof![3 => connack(), 4 => publish(), 2 => puback(), 2 => suback(), 1 => pingresp(), 2 => disconnect()]
}

type Maybe = BoxedStrategy<Option<Property>>;

fn maybe<T: std::fmt::Debug, P: Into<Property>, E: std::fmt::Debug>(
    values: impl Strategy<Value = T> + 'static,
    property: impl Fn(T) -> Result<P, E> + 'static,
) -> Maybe {
    proptest::option::of(values.prop_map(move |value| property(value).unwrap().into())).boxed()
}

fn any_of(properties: Vec<Maybe>) -> impl Strategy<Value = Properties> {
    properties.prop_map(|all| all.into_iter().flatten().collect::<Vec<_>>()).prop_shuffle()
}

fn user_property() -> Maybe {
    maybe((text(), text()), |(name, value)| UserProperty::new(&name, &value))
}

fn reasoned() -> Vec<Maybe> {
    vec![maybe(text(), |text| ReasonString::new(&text)), user_property(), user_property()]
}

/// Every code that `T` knows.
fn code<T: TryFrom<u8> + Clone + std::fmt::Debug + 'static>() -> impl Strategy<Value = T> {
    proptest::sample::select((0..=u8::MAX).filter_map(|code| T::try_from(code).ok()).collect::<Vec<_>>())
}

fn connack() -> BoxedStrategy<FromServer> {
    let mut properties = reasoned();
    properties.extend([
        maybe(any::<u32>(), SessionExpiryInterval::new),
        maybe(1..=u16::MAX, ReceiveMaximum::new),
        maybe(0..=1_u8, MaximumQos::new),
        maybe(0..=1_u8, RetainAvailable::new),
        maybe(1..=u32::MAX, MaximumPacketSize::new),
        maybe(text(), |text| AssignedClientIdentifier::new(&text)),
        maybe(any::<u16>(), TopicAliasMaximum::new),
        maybe(0..=1_u8, WildcardSubscriptionAvailable::new),
        maybe(0..=1_u8, SubscriptionIdentifierAvailable::new),
        maybe(0..=1_u8, SharedSubscriptionAvailable::new),
        maybe(any::<u16>(), ServerKeepAlive::new),
        maybe(text(), |text| ResponseInformation::new(&text)),
        maybe(text(), |text| ServerReference::new(&text)),
        maybe(text(), |text| AuthenticationMethod::new(&text)),
        maybe(bytes(), AuthenticationData::new),
    ]);
    (any::<bool>(), code::<ConnectReasonCode>(), any_of(properties))
        .prop_map(|(session, code, properties)| {
            let session = session && code == ConnectReasonCode::Success;
            let packet = v5_0::Connack::builder().session_present(session).reason_code(code).props(properties);
            FromServer::Connack(packet.build().unwrap())
        })
        .boxed()
}

fn publish() -> BoxedStrategy<FromServer> {
    let properties = vec![
        maybe(any::<bool>(), |text| {
            PayloadFormatIndicator::new(if text { PayloadFormat::String } else { PayloadFormat::Binary })
        }),
        maybe(any::<u32>(), MessageExpiryInterval::new),
        maybe(text(), |text| ContentType::new(&text)),
        maybe(topic(), |topic| ResponseTopic::new(&topic)),
        maybe(bytes(), CorrelationData::new),
        maybe(1..=0x0fff_ffff_u32, SubscriptionIdentifier::new),
        maybe(1..=0x0fff_ffff_u32, SubscriptionIdentifier::new),
        user_property(),
        user_property(),
    ];
    let alias = proptest::option::of(1..=u16::MAX);
    let id = proptest::option::of(1..=u16::MAX);
    (topic(), any::<bool>(), alias, id, any::<bool>(), any::<bool>(), bytes(), any_of(properties))
        .prop_map(|(topic, known, alias, id, dup, retain, payload, mut properties)| {
            let topic = if known && alias.is_some() { "" } else { &topic };
            properties.extend(alias.map(|alias| Property::from(TopicAlias::new(alias).unwrap())));
            let mut packet = v5_0::Publish::builder().topic_name(topic).unwrap().retain(retain).payload(payload);
            if let Some(id) = id {
                packet = packet.qos(Qos::AtLeastOnce).packet_id(id).dup(dup);
            }
            FromServer::Publish(packet.props(properties).build().unwrap())
        })
        .boxed()
}

fn puback() -> BoxedStrategy<FromServer> {
    let reason = proptest::option::of((code::<PubackReasonCode>(), proptest::option::of(any_of(reasoned()))));
    (1..=u16::MAX, reason)
        .prop_map(|(id, reason)| {
            let mut packet = v5_0::Puback::builder().packet_id(id);
            if let Some((code, properties)) = reason {
                packet = packet.reason_code(code);
                if let Some(properties) = properties {
                    packet = packet.props(properties);
                }
            }
            FromServer::Puback(packet.build().unwrap())
        })
        .boxed()
}

fn suback() -> BoxedStrategy<FromServer> {
    (1..=u16::MAX, code::<SubackReasonCode>(), any_of(reasoned()))
        .prop_map(|(id, code, properties)| {
            let packet = v5_0::Suback::builder().packet_id(id).reason_codes(vec![code]).props(properties);
            FromServer::Suback(packet.build().unwrap())
        })
        .boxed()
}

fn pingresp() -> BoxedStrategy<FromServer> {
    Just(FromServer::Pingresp(v5_0::Pingresp::new())).boxed()
}

fn disconnect() -> BoxedStrategy<FromServer> {
    let mut properties = reasoned();
    properties.push(maybe(text(), |text| ServerReference::new(&text)));
    let reason = proptest::option::of((code::<DisconnectReasonCode>(), proptest::option::of(any_of(properties))));
    reason
        .prop_map(|reason| {
            let mut packet = v5_0::Disconnect::builder();
            if let Some((code, properties)) = reason {
                packet = packet.reason_code(code);
                if let Some(properties) = properties {
                    packet = packet.props(properties);
                }
            }
            FromServer::Disconnect(packet.build().unwrap())
        })
        .boxed()
}
