//! The words of errors: each is a phrase that fits behind `stage: `, without a full stop, and no two mean the same.

use aclk_core::identity::guid::GuidError;
use aclk_core::identity::key::KeyError;
use aclk_core::link::session::SessionError;
use aclk_core::wire::mqtt::MqttError;
use aclk_core::wire::url::UrlError;
use std::collections::BTreeSet;
use std::fmt::Display;

/// Words that keep their capitals at the start of a phrase.
const NAMES: [&str; 6] = ["CONNACK", "PUBACK", "PUBLISH", "SUBACK", "IPv6", "GUID"];

fn check(errors: &[&dyn Display]) {
    let mut seen = BTreeSet::new();
    for text in errors.iter().map(ToString::to_string) {
        let begins_well =
            text.starts_with(|c: char| c.is_ascii_lowercase()) || NAMES.iter().any(|name| text.starts_with(name));
        assert!(begins_well && !text.ends_with('.'), "{text}");
        assert!(!text.contains(char::is_control) && text.contains(' '), "{text}");
        assert!(seen.insert(text.clone()), "twice: {text}");
    }
}

#[test]
fn what_is_wrong_with_a_url_is_said() {
    use UrlError::{
        Address, Blank, Brackets, Character, EmptyHost, Fragment, Host, Plaintext, Port, Query, Quote, Scheme, TooLong,
        Userinfo,
    };
    let all = [
        TooLong, Plaintext, Scheme, EmptyHost, Host, Address, Brackets, Port, Userinfo, Query, Fragment, Quote, Blank,
        Character,
    ];
    check(&all.each_ref().map(|error| error as &dyn Display));
}

#[test]
fn what_is_wrong_with_a_key_is_said() {
    use KeyError::{Decrypt, Device, Encrypted, Format, Inconsistent, Missing, NotExportable, Unreadable, Unsupported};
    let all = [Missing, Unreadable, Format, Encrypted, Unsupported, Inconsistent, Decrypt, NotExportable, Device];
    check(&all.each_ref().map(|error| error as &dyn Display));
}

#[test]
fn what_is_wrong_with_a_guid_is_said() {
    check(&[&GuidError::Length, &GuidError::Character, &GuidError::Nil]);
}

#[test]
fn what_is_wrong_with_an_mqtt_packet_is_said_with_its_name() {
    let packet = "CONNACK";
    let all = [
        MqttError::Unexpected { packet },
        MqttError::Flags { packet },
        MqttError::Length,
        MqttError::Truncated { packet },
        MqttError::Trailing { packet },
        MqttError::Text { packet },
        MqttError::UnknownProperty { id: 0x7f },
        MqttError::PropertyTwice { id: 0x21 },
        MqttError::PropertyMisplaced { id: 0x21, packet },
        MqttError::PropertyValue { id: 0x21 },
        MqttError::PacketId { packet },
        MqttError::Qos2,
        MqttError::Qos,
        MqttError::NoTopic,
        MqttError::Topic,
        MqttError::SessionPresent,
        MqttError::SubackReasons { count: 2 },
    ];
    check(&all.each_ref().map(|error| error as &dyn Display));
}

#[test]
fn what_is_wrong_with_a_session_is_said() {
    let all = [
        SessionError::Refused(0x87),
        SessionError::SessionPresent,
        SessionError::Subscription(0x87),
        SessionError::Publish(0x87),
        SessionError::UnknownId("PUBACK", 7),
        SessionError::Unexpected("SUBACK"),
        SessionError::Alias(7),
        SessionError::TooSmall(20),
        SessionError::NoQos1,
        SessionError::Disconnected(0x8b),
        SessionError::InFlight,
        SessionError::ReceiveMaximum,
    ];
    check(&all.each_ref().map(|error| error as &dyn Display));
}
