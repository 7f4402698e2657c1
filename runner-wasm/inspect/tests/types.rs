//! The types of the page are those of the JSON.

mod wire;

use aclk_inspect::Limits;
use aclk_inspect::view::{
    Connection, Direction, Dissection, Field, Filter, Flag, Layer, Protocol, Purpose, Reading, Source, State, Summary,
    Transport, Via,
};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use wire::Wire;

const TYPES: &str = include_str!("../../www/src/bridge/inspect.ts");

/// The types in the file: their members, or the words of a union, each with what is said of it.
fn declared() -> BTreeMap<String, BTreeMap<String, String>> {
    let lines: Vec<&str> =
        TYPES.lines().map(str::trim).filter(|line| !line.starts_with("/**") && !line.starts_with("//")).collect();
    let mut types = BTreeMap::new();
    let text = lines.join("\n");
    for part in text.split("export ").skip(1) {
        if let Some(rest) = part.strip_prefix("interface ") {
            let (name, body) = rest.split_once(" {").expect("a body");
            let body = body.split_once("\n}").expect("an end").0;
            let members = body.lines().filter_map(|line| line.strip_suffix(';')?.split_once(": "));
            types.insert(name.to_owned(), members.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect());
        } else if let Some(rest) = part.strip_prefix("type ") {
            let (name, words) = rest.split_once(" =").expect("a union");
            types.insert(name.to_owned(), words_of(words).into_iter().map(|word| (word, String::new())).collect());
        }
    }
    types
}

/// The words of a union.
fn words_of(union: &str) -> BTreeSet<String> {
    union.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

fn members<T: Serialize>(value: &T) -> BTreeMap<String, Value> {
    match serde_json::to_value(value).expect("JSON") {
        Value::Object(members) => members.into_iter().collect(),
        other => panic!("{other} is not an object"),
    }
}

/// Every member is declared with a type that its value has, and what is declared and not optional is there.
fn agrees<T: Serialize>(name: &str, value: &T) {
    let types = declared();
    let declared = types.get(name).unwrap_or_else(|| panic!("{name} is not declared"));
    let found = members(value);
    for (member, value) in &found {
        let kind = declared.get(member).or_else(|| declared.get(&format!("{member}?")));
        let kind = kind.unwrap_or_else(|| panic!("{name}.{member} is not declared"));
        let fits = kind.split(" | ").any(|kind| match value {
            Value::Null => kind == "null",
            Value::Bool(_) => kind == "boolean",
            Value::Number(_) => kind == "number",
            Value::String(word) => {
                kind == "string"
                    || kind.contains(&format!("\"{word}\""))
                    || types.get(kind).is_some_and(|union| union.contains_key(word))
            }
            Value::Array(_) => kind.ends_with("[]"),
            Value::Object(_) => types.contains_key(kind),
        });
        assert!(fits, "{name}.{member}: {kind} does not fit {value}");
    }
    for member in declared.keys().filter(|member| !member.ends_with('?')) {
        assert!(found.contains_key(member), "{name}.{member} is declared and missing");
    }
}

fn same_words<T: Serialize>(name: &str, all: &[T]) {
    let ours: BTreeSet<String> =
        all.iter().map(|word| serde_json::to_value(word).expect("JSON").as_str().expect("a word").to_owned()).collect();
    let types = declared();
    let theirs = match name.split_once('.') {
        Some((name, member)) => words_of(&types[name][member]),
        None => types[name].keys().cloned().collect(),
    };
    assert_eq!(ours, theirs, "{name}");
}

#[test]
fn every_word_of_the_json_is_one_of_the_page() {
    use Protocol::{
        Aclk, Arp, Data, Dhcp, Dns, Ethernet, Http, Icmp, Ipv4, Mqtt, Ntp, Socks5, Tcp, Tls, Udp, Websocket,
    };
    same_words("Direction", &[Direction::Out, Direction::In]);
    let protocols =
        [Ethernet, Arp, Ipv4, Icmp, Udp, Dhcp, Dns, Ntp, Tcp, Data, Socks5, Tls, Http, Websocket, Mqtt, Aclk];
    same_words("Protocol", &protocols);
    let mut sorted = protocols;
    sorted.sort_unstable();
    assert_eq!(protocols, sorted, "the order is that from the wire upwards");
    use Purpose::{Address, Challenge, Claim, Env, Link, LocalApi, Name, Password, Time, Unknown};
    same_words("Purpose", &[Address, Name, Time, Claim, Env, Challenge, Password, Link, LocalApi, Unknown]);
    use Flag::{BadChecksum, Encrypted, Gap, Malformed, OutOfOrder, Reset, Retransmission};
    same_words("Flag", &[Retransmission, OutOfOrder, Gap, BadChecksum, Encrypted, Malformed, Reset]);
    same_words("Connection.transport", &[Transport::Tcp, Transport::Udp]);
    same_words("Connection.proxy", &[Via::None, Via::Http, Via::Socks5]);
    let readings = [Reading::None, Reading::Handshake, Reading::Decrypted, Reading::Waiting, Reading::Unreadable];
    same_words("Connection.tls", &readings);
    same_words("Connection.state", &[State::Opening, State::Open, State::Closing, State::Closed, State::Reset]);
}

#[test]
fn every_member_of_the_json_is_one_of_the_page() {
    let mut wire = Wire::open(Limits::default());
    let id = wire.say(Direction::Out, b"CONNECT cloud.test:443 HTTP/1.1\r\nProxy-Authorization: Basic YTpi\r\n\r\n");
    let lone = wire.inspector.frame(0, Direction::In, &[0; 20], "corrupted");
    for connection in wire.inspector.connections() {
        agrees::<Connection>("Connection", &connection);
    }
    for row in wire.inspector.frames(0, &Filter::default()) {
        agrees::<Summary>("Summary", &row);
    }
    for id in [id, lone] {
        let dissection = wire.inspector.dissect(id).expect("it is there");
        agrees::<Dissection>("Dissection", &dissection);
        dissection.sources.iter().for_each(|source| agrees::<Source>("Source", source));
        for layer in &dissection.layers {
            agrees::<Layer>("Layer", layer);
            layer.fields.iter().for_each(|field| agrees::<Field>("Field", field));
        }
    }
}

#[test]
fn the_filter_of_the_page_is_understood() {
    let text = r#"{"limit":10,"direction":"in","protocol":"mqtt","connection":3,"purpose":"local-api","flag":"bad-checksum","text":"x"}"#;
    let filter: Filter = serde_json::from_str(text).expect("a filter");
    assert_eq!(
        (filter.limit, filter.purpose, filter.flag),
        (Some(10), Some(Purpose::LocalApi), Some(Flag::BadChecksum))
    );
    let given: BTreeSet<String> = match serde_json::from_str(text).expect("JSON") {
        Value::Object(members) => members.keys().map(|member| format!("{member}?")).collect(),
        other => panic!("{other}"),
    };
    assert_eq!(given, declared()["Filter"].keys().cloned().collect());
    assert_eq!(serde_json::from_str::<Filter>("{}").expect("nothing matters"), Filter::default());
}
