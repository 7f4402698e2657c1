//! Package `agent.v1`: the agent itself, as one connection.

use crate::clock::WallTime;
use crate::wire::protobuf::{Encode, Fields};
use femtopb::{Message, UnknownFields};

/// `google.protobuf.Timestamp`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timestamp {
    /// Seconds since 1970.
    pub seconds: i64,
    /// Nanoseconds within the second.
    pub nanos: i32,
}

impl Encode for Timestamp {
    fn fields(&self, fields: &mut Fields<'_>) {
        fields.signed(1, self.seconds);
        fields.signed(2, self.nanos.into());
    }
}

impl Timestamp {
    /// The same time.
    #[must_use]
    pub fn of(wall: WallTime) -> Self {
        Self {
            seconds: i64::try_from(wall.unix_us / 1_000_000).unwrap_or(i64::MAX),
            nanos: i32::try_from(wall.unix_us % 1_000_000).unwrap_or(0).saturating_mul(1_000),
        }
    }
}

/// `aclk_lib.v1.Capability` (protocol.md 3.6).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Capability<'a> {
    /// Name.
    pub name: &'a str,
    /// Version, 0 for absent.
    pub version: u32,
    /// Whether it is on.
    pub enabled: bool,
}

impl Encode for Capability<'_> {
    fn fields(&self, fields: &mut Fields<'_>) {
        fields.string(1, self.name);
        fields.unsigned(2, self.version.into());
        fields.boolean(3, self.enabled);
    }
}

impl<'a> Capability<'a> {
    /// A capability that is there and on.
    #[must_use]
    pub fn new(name: &'a str, version: u32) -> Self {
        Self { name, version, enabled: true }
    }
}

/// Who says that the agent is reachable or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(i32)]
pub enum UpdateSource {
    /// Not said.
    #[default]
    Unspecified = 0,
    /// The agent.
    Agent = 1,
    /// The broker, in the agent's will.
    Lwt = 2,
    /// The Cloud's own guess.
    Heuristic = 3,
}

/// The agent is reachable, or no longer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpdateAgentConnection<'a> {
    /// The claimed id.
    pub claim_id: &'a str,
    /// Whether it is reachable.
    pub reachable: bool,
    /// Microseconds since 1970 at the connection attempt; the same in every message of one session.
    pub session_id: i64,
    /// Who says so.
    pub update_source: UpdateSource,
    /// When.
    pub updated_at: Option<Timestamp>,
    /// What the agent can do; absent in the will.
    pub capabilities: &'a [Capability<'a>],
}

impl Encode for UpdateAgentConnection<'_> {
    fn fields(&self, fields: &mut Fields<'_>) {
        fields.string(1, self.claim_id);
        fields.boolean(2, self.reachable);
        fields.signed(3, self.session_id);
        fields.unsigned(4, self.update_source as u64);
        if let Some(updated_at) = &self.updated_at {
            fields.message(6, updated_at);
        }
        self.capabilities.iter().for_each(|item| fields.message(17, item));
    }
}

impl<'a> UpdateAgentConnection<'a> {
    /// What the broker publishes when the link breaks.
    #[must_use]
    pub fn will(claim_id: &'a str, session_id: u64, wall: WallTime) -> Self {
        Self {
            claim_id,
            session_id: i64::try_from(session_id).unwrap_or(i64::MAX),
            update_source: UpdateSource::Lwt,
            updated_at: Some(Timestamp::of(wall)),
            ..Self::default()
        }
    }

    /// What the agent publishes itself, when it comes and when it goes.
    #[must_use]
    pub fn own(
        claim_id: &'a str,
        reachable: bool,
        session_id: u64,
        wall: WallTime,
        capabilities: &'a [Capability<'a>],
    ) -> Self {
        Self { reachable, update_source: UpdateSource::Agent, capabilities, ..Self::will(claim_id, session_id, wall) }
    }
}

/// The Cloud wants the link closed.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct DisconnectReq<'a> {
    /// Not before this time, in seconds; 0 for the usual back-off.
    #[femtopb(uint64, tag = 1)]
    pub reconnect_after_seconds: u64,
    /// Never again, until someone reloads or restarts.
    #[femtopb(bool, tag = 2)]
    pub permaban: bool,
    /// The Cloud's number for the reason.
    #[femtopb(uint32, tag = 4)]
    pub error_code: u32,
    /// The reason.
    #[femtopb(string, tag = 5)]
    pub error_description: &'a str,
    #[femtopb(unknown_fields)]
    #[expect(missing_docs, reason = "the name says it")]
    pub unknown_fields: UnknownFields<'a>,
}

#[cfg(test)]
mod tests {
    use super::{Capability, DisconnectReq, UpdateAgentConnection};
    use crate::clock::{Trust, WallTime};
    use crate::wire::protobuf;
    use femtopb::Message;
    use std::vec;
    use std::vec::Vec;

    const ID: &str = "11111111-2222-4333-8444-555555555555";
    const SESSION: u64 = 1_700_000_000_123_456;
    const WALL: WallTime = WallTime { unix_us: SESSION, trust: Trust::Trusted };

    fn encode(message: &dyn protobuf::Encode) -> Vec<u8> {
        let mut bytes = Vec::new();
        protobuf::encode(message, &mut |piece| bytes.extend_from_slice(piece));
        assert_eq!(bytes.len(), protobuf::encoded_len(message));
        bytes
    }

    #[test]
    fn the_will_is_vector_9_1() {
        let mut expected = vec![0x0a, 0x24];
        expected.extend(ID.as_bytes());
        expected.extend([0x18, 0xc0, 0xc4, 0x80, 0xc1, 0xc1, 0xc4, 0x82, 0x03, 0x20, 0x02]);
        expected.extend([0x32, 0x0b, 0x08, 0x80, 0xe2, 0xcf, 0xaa, 0x06, 0x10, 0x80, 0x94, 0xef, 0x3a]);
        assert_eq!(encode(&UpdateAgentConnection::will(ID, SESSION, WALL)), expected);
    }

    #[test]
    fn the_first_message_is_vector_9_2() {
        let capabilities = [Capability::new("proto", 1), Capability::new("http_api_v2", 7)];
        let mut expected = vec![0x0a, 0x24];
        expected.extend(ID.as_bytes());
        expected.extend([0x10, 0x01, 0x18, 0xc0, 0xc4, 0x80, 0xc1, 0xc1, 0xc4, 0x82, 0x03, 0x20, 0x01]);
        expected.extend([0x32, 0x0b, 0x08, 0x80, 0xe2, 0xcf, 0xaa, 0x06, 0x10, 0x80, 0x94, 0xef, 0x3a]);
        expected.extend([0x8a, 0x01, 0x0b, 0x0a, 0x05]);
        expected.extend(b"proto\x10\x01\x18\x01");
        expected.extend([0x8a, 0x01, 0x11, 0x0a, 0x0b]);
        expected.extend(b"http_api_v2\x10\x07\x18\x01");
        assert_eq!(encode(&UpdateAgentConnection::own(ID, true, SESSION, WALL, &capabilities)), expected);
    }

    #[test]
    fn a_disconnect_request_is_read_and_unknown_fields_are_passed_over() {
        // reconnect_after_seconds = 7, permaban = true, created_at (field 3), error_code = 9, description, field 15
        let bytes = b"\x08\x07\x10\x01\x1a\x02\x08\x01\x20\x09\x2a\x03why\x7a\x01x";
        let request = DisconnectReq::decode(bytes).unwrap();
        assert_eq!((request.reconnect_after_seconds, request.permaban), (7, true));
        assert_eq!((request.error_code, request.error_description), (9, "why"));
        for len in 0..bytes.len() {
            let _ = DisconnectReq::decode(&bytes[..len]);
        }
    }
}
