//! Packages `nodeinstance.*.v1`: the node behind the agent, which is the device itself (protocol.md 3.4 and 3.5).

use super::agent::{Capability, Timestamp};
use femtopb::item_encoding;
use femtopb::repeated::Repeated;
use femtopb::{Message, UnknownFields};

/// The Cloud asks which nodes there are. What is in it does not matter (protocol.md 3.4), but it has to be protobuf.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct SendNodeInstances<'a> {
    /// The claimed id.
    #[femtopb(string, tag = 1)]
    pub claim_id: &'a str,
    /// The Space.
    #[femtopb(string, tag = 3)]
    pub space_id: &'a str,
    #[femtopb(unknown_fields)]
    #[expect(missing_docs, reason = "the name says it")]
    pub unknown_fields: UnknownFields<'a>,
}

/// Asks the Cloud for a node id.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreateNodeInstance<'a> {
    /// The claimed id.
    #[femtopb(string, tag = 1)]
    pub claim_id: &'a str,
    /// The machine GUID.
    #[femtopb(string, tag = 2)]
    pub machine_guid: &'a str,
    /// The host name.
    #[femtopb(string, tag = 3)]
    pub hostname: &'a str,
    /// How many agents away: 0 for the device itself.
    #[femtopb(int32, tag = 6)]
    pub hops: i32,
    #[femtopb(unknown_fields)]
    #[expect(missing_docs, reason = "the name says it")]
    pub unknown_fields: UnknownFields<'a>,
}

/// The node id for a machine GUID.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CreateNodeInstanceResult<'a> {
    /// The node id, a UUID.
    #[femtopb(string, tag = 1)]
    pub node_id: &'a str,
    /// The machine GUID it is for.
    #[femtopb(string, tag = 2)]
    pub machine_guid: &'a str,
    #[femtopb(unknown_fields)]
    #[expect(missing_docs, reason = "the name says it")]
    pub unknown_fields: UnknownFields<'a>,
}

/// The node is live, or no longer.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct UpdateNodeInstanceConnection<'a> {
    /// The claimed id.
    #[femtopb(string, tag = 1)]
    pub claim_id: &'a str,
    /// The node id.
    #[femtopb(string, tag = 2)]
    pub node_id: &'a str,
    /// Whether it is live.
    #[femtopb(bool, tag = 3)]
    pub liveness: bool,
    /// Whether it answers requests.
    #[femtopb(bool, tag = 4)]
    pub queryable: bool,
    /// That of UpdateAgentConnection.
    #[femtopb(int64, tag = 5)]
    pub session_id: i64,
    /// When.
    #[femtopb(message, optional, tag = 6)]
    pub updated_at: Option<Timestamp<'a>>,
    /// How many agents away: 0 for the device itself.
    #[femtopb(int32, tag = 9)]
    pub hops: i32,
    /// What the node can do.
    #[femtopb(message, repeated, tag = 10)]
    pub capabilities: Repeated<'a, Capability<'a>, item_encoding::Message<'a, Capability<'a>>>,
    #[femtopb(unknown_fields)]
    #[expect(missing_docs, reason = "the name says it")]
    pub unknown_fields: UnknownFields<'a>,
}

/// What the node is.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct UpdateNodeInfo<'a> {
    /// The claimed id.
    #[femtopb(string, tag = 1)]
    pub claim_id: &'a str,
    /// The facts.
    #[femtopb(message, optional, tag = 2)]
    pub data: Option<NodeInfo<'a>>,
    /// When.
    #[femtopb(message, optional, tag = 3)]
    pub updated_at: Option<Timestamp<'a>>,
    /// The original leaves it out (0), and so do we (protocol.md 3.4).
    #[femtopb(int64, tag = 4)]
    pub session_id: i64,
    /// The machine GUID.
    #[femtopb(string, tag = 5)]
    pub machine_guid: &'a str,
    /// Whether it is the child of another agent.
    #[femtopb(bool, tag = 6)]
    pub child: bool,
    /// The node id.
    #[femtopb(string, tag = 7)]
    pub node_id: &'a str,
    /// Whether it learns from its metrics.
    #[femtopb(message, optional, tag = 8)]
    pub ml_info: Option<MachineLearningInfo<'a>>,
    /// What the agent can do.
    #[femtopb(message, optional, tag = 9)]
    pub node_info: Option<Capabilities<'a>>,
    /// What the node can do.
    #[femtopb(message, optional, tag = 10)]
    pub node_instance_info: Option<Capabilities<'a>>,
    #[femtopb(unknown_fields)]
    #[expect(missing_docs, reason = "the name says it")]
    pub unknown_fields: UnknownFields<'a>,
}

/// Whether the node learns what is usual of its metrics. The default says that it cannot and does not: false is absent on
/// the wire, and what is left is an empty message, as the original without machine learning sends it.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct MachineLearningInfo<'a> {
    /// Whether it could.
    #[femtopb(bool, tag = 1)]
    pub ml_capable: bool,
    /// Whether it does.
    #[femtopb(bool, tag = 2)]
    pub ml_enabled: bool,
    #[femtopb(unknown_fields)]
    #[expect(missing_docs, reason = "the name says it")]
    pub unknown_fields: UnknownFields<'a>,
}

/// A list of capabilities.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Capabilities<'a> {
    /// The list.
    #[femtopb(message, repeated, tag = 1)]
    pub capabilities: Repeated<'a, Capability<'a>, item_encoding::Message<'a, Capability<'a>>>,
    #[femtopb(unknown_fields)]
    #[expect(missing_docs, reason = "the name says it")]
    pub unknown_fields: UnknownFields<'a>,
}

/// The facts about a node; numbers are text here.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct NodeInfo<'a> {
    /// The host name.
    #[femtopb(string, tag = 1)]
    pub name: &'a str,
    /// The kind of operating system.
    #[femtopb(string, tag = 2)]
    pub os: &'a str,
    /// Its name.
    #[femtopb(string, tag = 3)]
    pub os_name: &'a str,
    /// Its version.
    #[femtopb(string, tag = 4)]
    pub os_version: &'a str,
    /// The kernel.
    #[femtopb(string, tag = 5)]
    pub kernel_name: &'a str,
    /// Its version.
    #[femtopb(string, tag = 6)]
    pub kernel_version: &'a str,
    /// The processor architecture.
    #[femtopb(string, tag = 7)]
    pub architecture: &'a str,
    /// Processor cores.
    #[femtopb(uint32, tag = 8)]
    pub cpus: u32,
    /// Hertz.
    #[femtopb(string, tag = 9)]
    pub cpu_frequency: &'a str,
    /// Bytes of memory.
    #[femtopb(string, tag = 10)]
    pub memory: &'a str,
    /// Bytes of disk.
    #[femtopb(string, tag = 11)]
    pub disk_space: &'a str,
    /// The version of the agent.
    #[femtopb(string, tag = 12)]
    pub version: &'a str,
    /// The release channel of the agent.
    #[femtopb(string, tag = 13)]
    pub release_channel: &'a str,
    /// The time zone.
    #[femtopb(string, tag = 14)]
    pub timezone: &'a str,
    /// The kind of virtual machine.
    #[femtopb(string, tag = 15)]
    pub virtualization_type: &'a str,
    /// The kind of container.
    #[femtopb(string, tag = 16)]
    pub container_type: &'a str,
    /// Free text.
    #[femtopb(string, tag = 17)]
    pub custom_info: &'a str,
    /// The machine GUID.
    #[femtopb(string, tag = 19)]
    pub machine_guid: &'a str,
    /// Host labels: a map is a list of pairs on the wire.
    #[femtopb(message, repeated, tag = 21)]
    pub host_labels: Repeated<'a, Label<'a>, item_encoding::Message<'a, Label<'a>>>,
    /// Whether it learns from its metrics.
    #[femtopb(message, optional, tag = 22)]
    pub ml_info: Option<MachineLearningInfo<'a>>,
    #[femtopb(unknown_fields)]
    #[expect(missing_docs, reason = "the name says it")]
    pub unknown_fields: UnknownFields<'a>,
}

/// A host label.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Label<'a> {
    /// Its name.
    #[femtopb(string, tag = 1)]
    pub key: &'a str,
    /// Its value.
    #[femtopb(string, tag = 2)]
    pub value: &'a str,
    #[femtopb(unknown_fields)]
    #[expect(missing_docs, reason = "the name says it")]
    pub unknown_fields: UnknownFields<'a>,
}

/// Where the node's metrics come from.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct UpdateNodeCollectors<'a> {
    /// The claimed id.
    #[femtopb(string, tag = 1)]
    pub claim_id: &'a str,
    /// The node id.
    #[femtopb(string, tag = 2)]
    pub node_id: &'a str,
    /// The collectors.
    #[femtopb(message, repeated, tag = 3)]
    pub collectors: Repeated<'a, Collector<'a>, item_encoding::Message<'a, Collector<'a>>>,
    #[femtopb(unknown_fields)]
    #[expect(missing_docs, reason = "the name says it")]
    pub unknown_fields: UnknownFields<'a>,
}

/// A collector.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct Collector<'a> {
    /// The module.
    #[femtopb(string, tag = 1)]
    pub module: &'a str,
    /// The plugin it belongs to.
    #[femtopb(string, tag = 2)]
    pub plugin: &'a str,
    #[femtopb(unknown_fields)]
    #[expect(missing_docs, reason = "the name says it")]
    pub unknown_fields: UnknownFields<'a>,
}

/// The Cloud no longer wants the answer to a request.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct CancelPendingRequest<'a> {
    /// The `msg-id` of the request.
    #[femtopb(string, tag = 1)]
    pub request_id: &'a str,
    #[femtopb(unknown_fields)]
    #[expect(missing_docs, reason = "the name says it")]
    pub unknown_fields: UnknownFields<'a>,
}

#[cfg(test)]
mod tests {
    use super::{
        CancelPendingRequest, CreateNodeInstance, CreateNodeInstanceResult, SendNodeInstances,
        UpdateNodeInstanceConnection,
    };
    use crate::clock::{Trust, WallTime};
    use crate::message::agent::{Capability, Timestamp};
    use femtopb::Message;
    use femtopb::repeated::Repeated;
    use std::vec;
    use std::vec::Vec;

    const ID: &str = "11111111-2222-4333-8444-555555555555";
    const GUID: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
    const NODE: &str = "99999999-8888-4777-8666-555555555555";
    const SESSION: i64 = 1_700_000_000_123_456;

    fn encode<'a>(message: &impl Message<'a>) -> Vec<u8> {
        let mut bytes = vec![0; message.encoded_len()];
        message.encode(&mut bytes.as_mut_slice()).unwrap();
        bytes
    }

    fn text(tag: u8, text: &str) -> Vec<u8> {
        [&[tag, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
    }

    #[test]
    fn asking_for_a_node_id_and_its_answer_are_vector_9_3() {
        let create = CreateNodeInstance {
            claim_id: ID,
            machine_guid: GUID,
            hostname: "edge-1",
            ..CreateNodeInstance::default()
        };
        let expected = [text(0x0a, ID), text(0x12, GUID), text(0x1a, "edge-1")].concat();
        assert_eq!(expected.len(), 84);
        assert_eq!(encode(&create), expected);

        let bytes = [text(0x0a, NODE), text(0x12, GUID)].concat();
        assert_eq!(bytes.len(), 76);
        let result = CreateNodeInstanceResult::decode(&bytes).unwrap();
        assert_eq!((result.node_id, result.machine_guid), (NODE, GUID));
        for len in 0..bytes.len() {
            let _ = CreateNodeInstanceResult::decode(&bytes[..len]);
        }
    }

    #[test]
    fn a_live_node_is_vector_9_4() {
        let capabilities = [Capability::new("proto", 1)];
        let wall = WallTime { unix_us: SESSION.unsigned_abs(), trust: Trust::Trusted };
        let update = UpdateNodeInstanceConnection {
            claim_id: ID,
            node_id: NODE,
            liveness: true,
            queryable: true,
            session_id: SESSION,
            updated_at: Some(Timestamp::of(wall)),
            capabilities: Repeated::from_slice(&capabilities),
            ..UpdateNodeInstanceConnection::default()
        };
        let mut expected = [text(0x0a, ID), text(0x12, NODE)].concat();
        expected.extend([0x18, 1, 0x20, 1, 0x28, 0xc0, 0xc4, 0x80, 0xc1, 0xc1, 0xc4, 0x82, 0x03]);
        expected.extend([0x32, 0x0b, 0x08, 0x80, 0xe2, 0xcf, 0xaa, 0x06, 0x10, 0x80, 0x94, 0xef, 0x3a]);
        expected.extend([0x52, 0x0b, 0x0a, 0x05]);
        expected.extend(b"proto\x10\x01\x18\x01");
        assert_eq!(expected.len(), 115);
        assert_eq!(encode(&update), expected);
    }

    #[test]
    fn what_the_cloud_asks_is_read_whatever_else_is_in_it() {
        assert_eq!(SendNodeInstances::decode(&[]).unwrap().claim_id, "");
        // config (field 2) is passed over
        let bytes = [&text(0x0a, ID)[..], b"\x12\x02\x22\x00", &text(0x1a, "space")].concat();
        let asked = SendNodeInstances::decode(&bytes).unwrap();
        assert_eq!((asked.claim_id, asked.space_id), (ID, "space"));
        let bytes = [&text(0x0a, "msg-1")[..], b"\x12\x02\x08\x01", &text(0x1a, "trace")].concat();
        assert_eq!(CancelPendingRequest::decode(&bytes).unwrap().request_id, "msg-1");
    }
}
