//! Packages `nodeinstance.*.v1`: the node behind the agent, which is the device itself (protocol.md 3.4 and 3.5).

use super::agent::{Capability, Timestamp};
use crate::wire::protobuf::{Encode, Fields};
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreateNodeInstance<'a> {
    /// The claimed id.
    pub claim_id: &'a str,
    /// The machine GUID.
    pub machine_guid: &'a str,
    /// The host name.
    pub hostname: &'a str,
    /// How many agents away: 0 for the device itself.
    pub hops: i32,
}

impl Encode for CreateNodeInstance<'_> {
    fn fields(&self, fields: &mut Fields<'_>) {
        fields.string(1, self.claim_id);
        fields.string(2, self.machine_guid);
        fields.string(3, self.hostname);
        fields.signed(6, self.hops.into());
    }
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpdateNodeInstanceConnection<'a> {
    /// The claimed id.
    pub claim_id: &'a str,
    /// The node id.
    pub node_id: &'a str,
    /// Whether it is live.
    pub liveness: bool,
    /// Whether it answers requests.
    pub queryable: bool,
    /// That of UpdateAgentConnection.
    pub session_id: i64,
    /// When.
    pub updated_at: Option<Timestamp>,
    /// How many agents away: 0 for the device itself.
    pub hops: i32,
    /// What the node can do.
    pub capabilities: &'a [Capability<'a>],
}

impl Encode for UpdateNodeInstanceConnection<'_> {
    fn fields(&self, fields: &mut Fields<'_>) {
        fields.string(1, self.claim_id);
        fields.string(2, self.node_id);
        fields.boolean(3, self.liveness);
        fields.boolean(4, self.queryable);
        fields.signed(5, self.session_id);
        if let Some(updated_at) = &self.updated_at {
            fields.message(6, updated_at);
        }
        fields.signed(9, self.hops.into());
        self.capabilities.iter().for_each(|item| fields.message(10, item));
    }
}

/// What the node is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpdateNodeInfo<'a> {
    /// The claimed id.
    pub claim_id: &'a str,
    /// The facts.
    pub data: Option<NodeInfo<'a>>,
    /// When.
    pub updated_at: Option<Timestamp>,
    /// The original leaves it out (0), and so do we (protocol.md 3.4).
    pub session_id: i64,
    /// The machine GUID.
    pub machine_guid: &'a str,
    /// Whether it is the child of another agent.
    pub child: bool,
    /// The node id.
    pub node_id: &'a str,
    /// Whether it learns from its metrics.
    pub ml_info: Option<MachineLearningInfo>,
    /// What the agent can do.
    pub node_info: Option<Capabilities<'a>>,
    /// What the node can do.
    pub node_instance_info: Option<Capabilities<'a>>,
}

impl Encode for UpdateNodeInfo<'_> {
    fn fields(&self, fields: &mut Fields<'_>) {
        fields.string(1, self.claim_id);
        if let Some(data) = &self.data {
            fields.message(2, data);
        }
        if let Some(updated_at) = &self.updated_at {
            fields.message(3, updated_at);
        }
        fields.signed(4, self.session_id);
        fields.string(5, self.machine_guid);
        fields.boolean(6, self.child);
        fields.string(7, self.node_id);
        if let Some(ml_info) = &self.ml_info {
            fields.message(8, ml_info);
        }
        if let Some(node_info) = &self.node_info {
            fields.message(9, node_info);
        }
        if let Some(node_instance_info) = &self.node_instance_info {
            fields.message(10, node_instance_info);
        }
    }
}

/// Whether the node learns what is usual of its metrics. The default says that it cannot and does not: false is absent on
/// the wire, and what is left is an empty message, as the original without machine learning sends it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MachineLearningInfo {
    /// Whether it could.
    pub ml_capable: bool,
    /// Whether it does.
    pub ml_enabled: bool,
}

impl Encode for MachineLearningInfo {
    fn fields(&self, fields: &mut Fields<'_>) {
        fields.boolean(1, self.ml_capable);
        fields.boolean(2, self.ml_enabled);
    }
}

/// A list of capabilities.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Capabilities<'a> {
    /// The list.
    pub capabilities: &'a [Capability<'a>],
}

impl Encode for Capabilities<'_> {
    fn fields(&self, fields: &mut Fields<'_>) {
        self.capabilities.iter().for_each(|item| fields.message(1, item));
    }
}

/// The facts about a node; numbers are text here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeInfo<'a> {
    /// The host name.
    pub name: &'a str,
    /// The kind of operating system.
    pub os: &'a str,
    /// Its name.
    pub os_name: &'a str,
    /// Its version.
    pub os_version: &'a str,
    /// The kernel.
    pub kernel_name: &'a str,
    /// Its version.
    pub kernel_version: &'a str,
    /// The processor architecture.
    pub architecture: &'a str,
    /// Processor cores.
    pub cpus: u32,
    /// Hertz.
    pub cpu_frequency: &'a str,
    /// Bytes of memory.
    pub memory: &'a str,
    /// Bytes of disk.
    pub disk_space: &'a str,
    /// The version of the agent.
    pub version: &'a str,
    /// The release channel of the agent.
    pub release_channel: &'a str,
    /// The time zone.
    pub timezone: &'a str,
    /// The kind of virtual machine.
    pub virtualization_type: &'a str,
    /// The kind of container.
    pub container_type: &'a str,
    /// Free text.
    pub custom_info: &'a str,
    /// The machine GUID.
    pub machine_guid: &'a str,
    /// Host labels: a map is a list of pairs on the wire.
    pub host_labels: &'a [Label<'a>],
    /// Whether it learns from its metrics.
    pub ml_info: Option<MachineLearningInfo>,
}

impl Encode for NodeInfo<'_> {
    fn fields(&self, fields: &mut Fields<'_>) {
        fields.string(1, self.name);
        fields.string(2, self.os);
        fields.string(3, self.os_name);
        fields.string(4, self.os_version);
        fields.string(5, self.kernel_name);
        fields.string(6, self.kernel_version);
        fields.string(7, self.architecture);
        fields.unsigned(8, self.cpus.into());
        fields.string(9, self.cpu_frequency);
        fields.string(10, self.memory);
        fields.string(11, self.disk_space);
        fields.string(12, self.version);
        fields.string(13, self.release_channel);
        fields.string(14, self.timezone);
        fields.string(15, self.virtualization_type);
        fields.string(16, self.container_type);
        fields.string(17, self.custom_info);
        fields.string(19, self.machine_guid);
        self.host_labels.iter().for_each(|item| fields.message(21, item));
        if let Some(ml_info) = &self.ml_info {
            fields.message(22, ml_info);
        }
    }
}

/// A host label.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Label<'a> {
    /// Its name.
    pub key: &'a str,
    /// Its value.
    pub value: &'a str,
}

impl Encode for Label<'_> {
    fn fields(&self, fields: &mut Fields<'_>) {
        fields.string(1, self.key);
        fields.string(2, self.value);
    }
}

/// Where the node's metrics come from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpdateNodeCollectors<'a> {
    /// The claimed id.
    pub claim_id: &'a str,
    /// The node id.
    pub node_id: &'a str,
    /// The collectors.
    pub collectors: &'a [Collector<'a>],
}

impl Encode for UpdateNodeCollectors<'_> {
    fn fields(&self, fields: &mut Fields<'_>) {
        fields.string(1, self.claim_id);
        fields.string(2, self.node_id);
        self.collectors.iter().for_each(|item| fields.message(3, item));
    }
}

/// A collector.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Collector<'a> {
    /// The module.
    pub module: &'a str,
    /// The plugin it belongs to.
    pub plugin: &'a str,
}

impl Encode for Collector<'_> {
    fn fields(&self, fields: &mut Fields<'_>) {
        fields.string(1, self.module);
        fields.string(2, self.plugin);
    }
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
    use crate::wire::protobuf;
    use femtopb::Message;
    use std::vec::Vec;

    const ID: &str = "11111111-2222-4333-8444-555555555555";
    const GUID: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
    const NODE: &str = "99999999-8888-4777-8666-555555555555";
    const SESSION: i64 = 1_700_000_000_123_456;

    fn encode(message: &dyn protobuf::Encode) -> Vec<u8> {
        let mut bytes = Vec::new();
        protobuf::encode(message, &mut |piece| bytes.extend_from_slice(piece));
        assert_eq!(bytes.len(), protobuf::encoded_len(message));
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
            capabilities: &capabilities,
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
