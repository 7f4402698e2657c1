//! Book-keeping of one MQTT 5 session: packet ids, acknowledgements, topic aliases, the server's limits
//! (protocol.md 2.10).

use crate::clock::Instant;
use crate::link::topics::{Name, Topics};
use crate::message::Inbound;
use crate::node::{PROVING_PUBACKS, Traffic};
use crate::settings::INBOUND_ALIASES;
use crate::wire::mqtt::{ConnackProperties, reason_name};
use core::fmt;
use core::time::Duration;

/// PUBLISH packets of ours that may wait for their PUBACK.
pub const IN_FLIGHT: usize = 8;

/// What the server does not keep to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionError {
    /// CONNACK refuses the session.
    Refused(u8),
    /// CONNACK continues a session that we do not have (MQTT 5, 3.2.2.1.1).
    SessionPresent,
    /// SUBACK refuses a subscription.
    Subscription(u8),
    /// PUBACK reports a failure.
    Publish(u8),
    /// An acknowledgement for a packet that was not sent.
    UnknownId(&'static str, u16),
    /// A packet that has no place here.
    Unexpected(&'static str),
    /// A topic alias over the announced maximum, or one that was never given a topic.
    Alias(u16),
    /// The server cannot take a message of the size we must send.
    TooSmall(u32),
    /// The server does not support the quality of service the link needs.
    NoQos1,
    /// DISCONNECT with its reason.
    Disconnected(u8),
    /// Too many messages of ours wait for their PUBACK.
    InFlight,
    /// The server sends more than the Receive Maximum we announced.
    ReceiveMaximum,
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let coded =
            |f: &mut fmt::Formatter<'_>, what: &str, code: u8| write!(f, "{what} 0x{code:02x}: {}", reason_name(code));
        match *self {
            Self::Refused(code) => coded(f, "the Cloud refused the session: CONNACK", code),
            Self::SessionPresent => f.write_str("CONNACK continues a session, though a clean start was asked for"),
            Self::Subscription(code) => coded(f, "the Cloud refused a subscription: SUBACK", code),
            Self::Publish(code) => coded(f, "the Cloud refused a message: PUBACK", code),
            Self::UnknownId(packet, id) => write!(f, "{packet} for packet id {id}, which is not in use"),
            Self::Unexpected(packet) => write!(f, "unexpected {packet}"),
            Self::Alias(alias) => write!(f, "topic alias {alias} is not valid here"),
            Self::TooSmall(size) => write!(f, "the Cloud takes no packet over {size} bytes, which is too small"),
            Self::NoQos1 => f.write_str("the Cloud does not support QoS 1"),
            Self::Disconnected(code) => coded(f, "the Cloud ended the session: DISCONNECT", code),
            Self::ReceiveMaximum => f.write_str("the Cloud sends more at a time than it was told this device takes"),
            Self::InFlight => f.write_str("the Cloud acknowledges nothing"),
        }
    }
}

/// What the server granted in CONNACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Granted {
    /// PUBLISH packets it takes before a PUBACK.
    pub receive_maximum: u16,
    /// Largest packet it takes, in bytes.
    pub maximum_packet_size: u32,
    /// Topic aliases it takes; 0: none.
    pub topic_alias_maximum: u16,
    /// Its keep-alive, if it overrides ours.
    pub keep_alive: Option<Duration>,
}

impl Granted {
    /// What the properties of CONNACK say.
    ///
    /// # Errors
    /// If the server cannot do what the link needs.
    pub fn of(properties: &ConnackProperties<'_>) -> Result<Self, SessionError> {
        if properties.maximum_qos == Some(0) {
            return Err(SessionError::NoQos1);
        }
        Ok(Self {
            receive_maximum: properties.receive_maximum.unwrap_or(u16::MAX),
            maximum_packet_size: properties.maximum_packet_size.unwrap_or(u32::MAX),
            topic_alias_maximum: properties.topic_alias_maximum.unwrap_or(0),
            keep_alive: properties.server_keep_alive.map(|seconds| Duration::from_secs(seconds.into())),
        })
    }
}

/// The state of one session.
#[derive(Debug, Clone)]
pub struct Session {
    next_id: u16,
    in_flight: heapless::Vec<(u16, Instant), IN_FLIGHT>,
    traffic: Traffic,
    /// What the topics behind the aliases mean.
    aliases: [Option<Inbound>; INBOUND_ALIASES],
    /// Our topics that the server knows the aliases of, as bits.
    announced: u16,
}

impl Session {
    /// A session that starts. Packet ids start at 1.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            next_id: 1,
            in_flight: heapless::Vec::new(),
            traffic: Traffic::NONE,
            aliases: [None; INBOUND_ALIASES],
            announced: 0,
        }
    }

    /// CONNACK came.
    pub const fn on_connack(&mut self, granted: &Granted) {
        self.traffic.receive_maximum = granted.receive_maximum;
    }

    /// A packet id for SUBSCRIBE.
    pub const fn next_id(&mut self) -> u16 {
        let id = self.next_id;
        self.next_id = match id.checked_add(1) {
            Some(next) => next,
            None => 1,
        };
        id
    }

    /// A packet id for a PUBLISH that goes out now.
    ///
    /// # Errors
    /// [`SessionError::InFlight`] if [`IN_FLIGHT`] are waiting.
    pub fn publish_id(&mut self, now: Instant) -> Result<u16, SessionError> {
        if self.in_flight.is_full() {
            return Err(SessionError::InFlight);
        }
        let mut id = self.next_id();
        while self.in_flight.iter().any(|(other, _)| *other == id) {
            id = self.next_id();
        }
        self.in_flight.push((id, now)).map_err(|_| SessionError::InFlight)?;
        Ok(id)
    }

    /// Whether another PUBLISH may be sent to a server that takes `receive_maximum` of them.
    #[must_use]
    pub fn has_room(&self, receive_maximum: u16) -> bool {
        self.in_flight.len() < IN_FLIGHT.min(receive_maximum.into())
    }

    /// The PUBLISH `id` is still being sent: its PUBACK is not due yet.
    pub fn is_sending(&mut self, id: u16, now: Instant) {
        if let Some((_, sent)) = self.in_flight.iter_mut().find(|(other, _)| *other == id) {
            *sent = now;
        }
    }

    /// Topic and alias for a PUBLISH to `name`, if the server takes aliases up to `maximum` (protocol.md 2.10): both at
    /// first, then the alias alone.
    pub fn address<'t>(&mut self, topics: &'t Topics, name: Name, maximum: u16) -> (&'t str, Option<u16>) {
        let topic = topics.topic(name);
        let Some(alias) = topics.alias(name).filter(|alias| *alias <= maximum) else { return (topic, None) };
        let bit = 1_u16 << name as u16;
        let is_known = self.announced & bit != 0;
        self.announced |= bit;
        (if is_known { "" } else { topic }, Some(alias))
    }

    /// A PUBACK came. Yields how many have, this one included.
    ///
    /// # Errors
    /// If no PUBLISH waits for it, or it reports a failure.
    pub fn on_puback(&mut self, id: u16, reason: u8, now: Instant) -> Result<u32, SessionError> {
        let place = self.in_flight.iter().position(|(waiting, _)| *waiting == id);
        let place = place.ok_or(SessionError::UnknownId("PUBACK", id))?;
        let (_, sent) = self.in_flight.swap_remove(place);
        if reason >= 0x80 {
            return Err(SessionError::Publish(reason));
        }
        self.traffic.latency = Some(now.since(sent));
        self.traffic.acknowledged = self.traffic.acknowledged.saturating_add(1);
        if self.traffic.acknowledged == PROVING_PUBACKS {
            self.traffic.proved = Some(now);
        }
        Ok(self.traffic.acknowledged)
    }

    /// What has gone over it.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        Traffic { pending: u16::try_from(self.in_flight.len()).unwrap_or(u16::MAX), ..self.traffic }
    }

    /// When the oldest message that waits for its PUBACK was sent.
    #[must_use]
    pub fn oldest_in_flight(&self) -> Option<Instant> {
        self.in_flight.iter().map(|(_, sent)| *sent).min()
    }

    /// A PUBLISH of the server came: what it is, topic aliases resolved. `maximum` is the Topic Alias Maximum we announced.
    ///
    /// # Errors
    /// If it uses an alias it must not use.
    pub fn inbound(&mut self, topic: &str, alias: Option<u16>, maximum: u16) -> Result<Inbound, SessionError> {
        self.traffic.received = self.traffic.received.saturating_add(1);
        let Some(alias) = alias else { return Ok(Inbound::of(topic)) };
        if alias == 0 || alias > maximum {
            return Err(SessionError::Alias(alias));
        }
        let slot = self.aliases.get_mut(usize::from(alias) - 1).ok_or(SessionError::Alias(alias))?;
        if topic.is_empty() {
            return slot.ok_or(SessionError::Alias(alias));
        }
        // An alias may be given to another topic at any time (MQTT 5, 3.3.2.3.4), and with as few as we allow it will be.
        Ok(*slot.insert(Inbound::of(topic)))
    }
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{INBOUND_ALIASES, Session, SessionError};
    use crate::message::Inbound;

    #[test]
    fn an_alias_is_good_up_to_what_was_announced_even_if_there_is_room_for_more() {
        let announced = INBOUND_ALIASES as u16 - 1;
        let mut session = Session::new();
        assert_eq!(session.inbound("/x/DisconnectReq", Some(announced), announced), Ok(Inbound::DisconnectReq));
        assert_eq!(session.inbound("", Some(announced), announced), Ok(Inbound::DisconnectReq));
        for alias in [0, announced + 1, u16::MAX] {
            assert_eq!(session.inbound("/x/y", Some(alias), announced), Err(SessionError::Alias(alias)));
        }
    }
}
