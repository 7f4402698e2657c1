//! How far MQTT packets are from those of protocol.md 2.10.

use super::link::Session;
use super::packet::{Connect, Publish};
use crate::deviation::{Dialect, rule};
use crate::http::judge::Findings;
use crate::message::{SOURCE_LWT, UpdateAgentConnection};
use crate::topics::NodeTopics;
use prost::Message as _;

/// User name, password, will with QoS 2, clean start.
const FLAGS: u8 = 0xd6;
/// Seconds.
const KEEP_ALIVE: u16 = 60;
/// QoS 1, retain as published.
const SUBSCRIBE_OPTIONS: u8 = 0x09;

fn mqtt(detail: impl Into<String>) -> (&'static str, String) {
    (rule::MQTT, detail.into())
}

/// CONNECT of a client whose credentials are right.
pub(super) fn connect(packet: &Connect, dialect: Dialect, claim_id: &str, topics: &NodeTopics) -> Findings {
    let mut findings = Findings::new();
    if packet.flags != FLAGS {
        findings.push(mqtt(format!("CONNECT flags 0x{:02x} instead of 0x{FLAGS:02x}", packet.flags)));
    }
    if packet.keep_alive != KEEP_ALIVE {
        findings.push(mqtt(format!("keep alive {} instead of {KEEP_ALIVE}", packet.keep_alive)));
    }
    let limits = packet.receive_maximum.is_some() || packet.maximum_packet_size.is_some();
    match dialect {
        Dialect::Agent if packet.topic_alias_maximum != Some(u16::MAX) || limits || packet.other_properties => {
            findings.push(mqtt("CONNECT properties other than a Topic Alias Maximum of 65535"));
        }
        Dialect::Client if packet.other_properties => {
            findings.push(mqtt("CONNECT properties besides the three limits"));
        }
        Dialect::Agent | Dialect::Client => {}
    }
    let Some(will) = &packet.will else {
        findings.push(mqtt("CONNECT without a will"));
        return findings;
    };
    if will.properties {
        findings.push(mqtt("will properties"));
    }
    if Some(will.topic.as_str()) != topics.topic("agent-connection") {
        findings.push(mqtt(format!("will topic {}", will.topic)));
    }
    match UpdateAgentConnection::decode(will.payload.as_slice()) {
        Err(error) => findings.push((rule::SCHEMA, format!("the will is not an UpdateAgentConnection: {error}"))),
        Ok(message) => {
            if message.claim_id != claim_id {
                findings.push((rule::SCHEMA, format!("the will is for {:?}", message.claim_id)));
            }
            if message.reachable || message.update_source != SOURCE_LWT {
                findings.push(mqtt("the will is not reachable=false, update_source=LWT"));
            }
            if message.session_id <= 0 || message.updated_at.is_none() {
                findings.push((rule::SCHEMA, "the will lacks session_id or updated_at".to_owned()));
            }
            if !message.capabilities.is_empty() {
                findings.push((rule::SCHEMA, "the will has capabilities".to_owned()));
            }
        }
    }
    findings
}

/// A SUBSCRIBE: which of the two it is follows from those before.
pub(super) fn subscribe(session: &Session, properties: bool, filters: &[(String, u8)]) -> Findings {
    let mut findings = Findings::new();
    if properties {
        findings.push(mqtt("SUBSCRIBE properties"));
    }
    let [(filter, options)] = filters else {
        findings.push(mqtt(format!("{} filters in one SUBSCRIBE", filters.len())));
        return findings;
    };
    if *options != SUBSCRIBE_OPTIONS {
        findings.push(mqtt(format!("subscription options 0x{options:02x} instead of 0x{SUBSCRIBE_OPTIONS:02x}")));
    }
    let name = ["inbox-cmd", "inbox-cmd-v1"].get(session.subscriptions.len());
    match name.and_then(|name| session.topics.topic(name)) {
        Some(topic) if topic == filter => {}
        Some(topic) => findings.push(mqtt(format!("subscribed to {filter} instead of {topic}"))),
        None => findings.push(mqtt(format!("a further subscription, to {filter}"))),
    }
    findings
}

/// A packet id: one counter for SUBSCRIBE and PUBLISH.
pub(super) fn packet_id(session: &Session, id: u16) -> Findings {
    let follows = session.last_id.is_none_or(|last| id > last || last - id > u16::MAX / 2);
    if follows { Findings::new() } else { vec![mqtt(format!("packet id {id} does not follow the ones before"))] }
}

/// A PUBLISH whose topic is `topic`, whether it was sent or stands for its alias.
pub(super) fn publish(session: &Session, packet: &Publish, topic: &str, granted: u16) -> Findings {
    let mut findings = Findings::new();
    if packet.flags != 0x02 {
        let first = 0x30 | packet.flags;
        findings
            .push(mqtt(format!("PUBLISH with first byte 0x{first:02x} instead of 0x32 (QoS 1, no DUP, no RETAIN)")));
    }
    if packet.other_properties {
        findings.push(mqtt("PUBLISH properties besides the topic alias"));
    }
    if let Some(alias) = packet.alias {
        match session.topics.alias(topic) {
            Some(position) if position == alias => {}
            Some(position) => {
                findings.push(mqtt(format!("topic alias {alias} for the topic at position {position}")));
            }
            None => findings.push(mqtt(format!("a topic alias for {topic}, which is not in the password reply"))),
        }
        if !packet.topic.is_empty() && session.aliases.get(&alias).is_some_and(|known| known == topic) {
            findings.push(mqtt(format!("topic alias {alias} is known, and the topic is sent again")));
        }
        if session.dialect == Dialect::Client && alias > granted {
            findings.push(mqtt(format!("topic alias {alias}, the Cloud granted {granted}")));
        }
    }
    if session.subscriptions.len() < 2 {
        findings.push((rule::FLOW, "a PUBLISH before both subscriptions".to_owned()));
    }
    findings
}
