//! The protobuf messages (protocol.md 3.5), by their field numbers.
#![allow(missing_docs, reason = "the fields are those of the schema table")]

/// Encodes and decodes the messages.
pub use prost::Message;
use std::collections::BTreeMap;

#[derive(Clone, PartialEq, Message)]
pub struct Timestamp {
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

#[derive(Clone, PartialEq, Message)]
pub struct Capability {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(uint32, tag = "2")]
    pub version: u32,
    #[prost(bool, tag = "3")]
    pub enabled: bool,
}

/// `update_source` of an agent that speaks for itself.
pub const SOURCE_AGENT: i32 = 1;
/// `update_source` of a will.
pub const SOURCE_LWT: i32 = 2;

#[derive(Clone, PartialEq, Message)]
pub struct UpdateAgentConnection {
    #[prost(string, tag = "1")]
    pub claim_id: String,
    #[prost(bool, tag = "2")]
    pub reachable: bool,
    #[prost(int64, tag = "3")]
    pub session_id: i64,
    #[prost(int32, tag = "4")]
    pub update_source: i32,
    #[prost(string, tag = "5")]
    pub mqtt_broker_addr: String,
    #[prost(message, optional, tag = "6")]
    pub updated_at: Option<Timestamp>,
    #[prost(int32, tag = "7")]
    pub vmq_instance_id: i32,
    #[prost(message, optional, tag = "15")]
    pub system_uptime: Option<Timestamp>,
    #[prost(message, optional, tag = "16")]
    pub agent_uptime: Option<Timestamp>,
    #[prost(message, repeated, tag = "17")]
    pub capabilities: Vec<Capability>,
}

#[derive(Clone, PartialEq, Message)]
pub struct SendNodeInstances {
    #[prost(string, tag = "1")]
    pub claim_id: String,
    #[prost(string, tag = "3")]
    pub space_id: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct CreateNodeInstance {
    #[prost(string, tag = "1")]
    pub claim_id: String,
    #[prost(string, tag = "2")]
    pub machine_guid: String,
    #[prost(string, tag = "3")]
    pub hostname: String,
    #[prost(int32, tag = "4")]
    pub vmq_instance_id: i32,
    #[prost(string, tag = "5")]
    pub mqtt_broker_addr: String,
    #[prost(int32, tag = "6")]
    pub hops: i32,
}

#[derive(Clone, PartialEq, Message)]
pub struct CreateNodeInstanceResult {
    #[prost(string, tag = "1")]
    pub node_id: String,
    #[prost(string, tag = "2")]
    pub machine_guid: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct UpdateNodeInstanceConnection {
    #[prost(string, tag = "1")]
    pub claim_id: String,
    #[prost(string, tag = "2")]
    pub node_id: String,
    #[prost(bool, tag = "3")]
    pub liveness: bool,
    #[prost(bool, tag = "4")]
    pub queryable: bool,
    #[prost(int64, tag = "5")]
    pub session_id: i64,
    #[prost(message, optional, tag = "6")]
    pub updated_at: Option<Timestamp>,
    #[prost(string, tag = "7")]
    pub mqtt_broker_addr: String,
    #[prost(int32, tag = "8")]
    pub vmq_instance_id: i32,
    #[prost(int32, tag = "9")]
    pub hops: i32,
    #[prost(message, repeated, tag = "10")]
    pub capabilities: Vec<Capability>,
}

#[derive(Clone, PartialEq, Message)]
pub struct MachineLearningInfo {
    #[prost(bool, tag = "1")]
    pub ml_capable: bool,
    #[prost(bool, tag = "2")]
    pub ml_enabled: bool,
}

#[derive(Clone, PartialEq, Message)]
pub struct NodeInfo {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub os: String,
    #[prost(string, tag = "3")]
    pub os_name: String,
    #[prost(string, tag = "4")]
    pub os_version: String,
    #[prost(string, tag = "5")]
    pub kernel_name: String,
    #[prost(string, tag = "6")]
    pub kernel_version: String,
    #[prost(string, tag = "7")]
    pub architecture: String,
    #[prost(uint32, tag = "8")]
    pub cpus: u32,
    #[prost(string, tag = "9")]
    pub cpu_frequency: String,
    #[prost(string, tag = "10")]
    pub memory: String,
    #[prost(string, tag = "11")]
    pub disk_space: String,
    #[prost(string, tag = "12")]
    pub version: String,
    #[prost(string, tag = "13")]
    pub release_channel: String,
    #[prost(string, tag = "14")]
    pub timezone: String,
    #[prost(string, tag = "15")]
    pub virtualization_type: String,
    #[prost(string, tag = "16")]
    pub container_type: String,
    #[prost(string, tag = "17")]
    pub custom_info: String,
    #[prost(string, tag = "19")]
    pub machine_guid: String,
    #[prost(btree_map = "string, string", tag = "21")]
    pub host_labels: BTreeMap<String, String>,
    #[prost(message, optional, tag = "22")]
    pub ml_info: Option<MachineLearningInfo>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Capabilities {
    #[prost(message, repeated, tag = "1")]
    pub capabilities: Vec<Capability>,
}

#[derive(Clone, PartialEq, Message)]
pub struct UpdateNodeInfo {
    #[prost(string, tag = "1")]
    pub claim_id: String,
    #[prost(message, optional, tag = "2")]
    pub data: Option<NodeInfo>,
    #[prost(message, optional, tag = "3")]
    pub updated_at: Option<Timestamp>,
    #[prost(int64, tag = "4")]
    pub session_id: i64,
    #[prost(string, tag = "5")]
    pub machine_guid: String,
    #[prost(bool, tag = "6")]
    pub child: bool,
    #[prost(string, tag = "7")]
    pub node_id: String,
    #[prost(message, optional, tag = "8")]
    pub ml_info: Option<MachineLearningInfo>,
    #[prost(message, optional, tag = "9")]
    pub node_info: Option<Capabilities>,
    #[prost(message, optional, tag = "10")]
    pub node_instance_info: Option<Capabilities>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Collector {
    #[prost(string, tag = "1")]
    pub module: String,
    #[prost(string, tag = "2")]
    pub plugin: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct UpdateNodeCollectors {
    #[prost(string, tag = "1")]
    pub claim_id: String,
    #[prost(string, tag = "2")]
    pub node_id: String,
    #[prost(message, repeated, tag = "3")]
    pub collectors: Vec<Collector>,
}

/// Asks an agent to leave (protocol.md 3.4).
#[derive(Clone, PartialEq, Message)]
pub struct DisconnectReq {
    #[prost(uint64, tag = "1")]
    pub reconnect_after_seconds: u64,
    #[prost(bool, tag = "2")]
    pub permaban: bool,
    #[prost(message, optional, tag = "3")]
    pub created_at: Option<Timestamp>,
    #[prost(uint32, tag = "4")]
    pub error_code: u32,
    #[prost(string, tag = "5")]
    pub error_description: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct CancelPendingRequest {
    #[prost(string, tag = "1")]
    pub request_id: String,
    #[prost(message, optional, tag = "2")]
    pub timestamp: Option<Timestamp>,
    #[prost(string, tag = "3")]
    pub trace_id: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct ContextsCheckpoint {
    #[prost(string, tag = "1")]
    pub claim_id: String,
    #[prost(string, tag = "2")]
    pub node_id: String,
    #[prost(uint64, tag = "3")]
    pub version_hash: u64,
}

#[derive(Clone, PartialEq, Message)]
pub struct StopStreamingContexts {
    #[prost(string, tag = "1")]
    pub claim_id: String,
    #[prost(string, tag = "2")]
    pub node_id: String,
    #[prost(int32, tag = "3")]
    pub reason: i32,
}

#[derive(Clone, PartialEq, Message)]
pub struct ContextUpdated {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(uint64, tag = "2")]
    pub version: u64,
    #[prost(uint64, tag = "3")]
    pub first_entry: u64,
    #[prost(uint64, tag = "4")]
    pub last_entry: u64,
    #[prost(bool, tag = "5")]
    pub deleted: bool,
    #[prost(string, tag = "6")]
    pub title: String,
    #[prost(uint64, tag = "7")]
    pub priority: u64,
    #[prost(string, tag = "8")]
    pub chart_type: String,
    #[prost(string, tag = "9")]
    pub units: String,
    #[prost(string, tag = "10")]
    pub family: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct ContextsSnapshot {
    #[prost(message, repeated, tag = "1")]
    pub contexts: Vec<ContextUpdated>,
    #[prost(string, tag = "2")]
    pub claim_id: String,
    #[prost(string, tag = "3")]
    pub node_id: String,
    #[prost(uint64, tag = "4")]
    pub version: u64,
}

#[derive(Clone, PartialEq, Message)]
pub struct ContextsUpdated {
    #[prost(message, repeated, tag = "1")]
    pub contexts: Vec<ContextUpdated>,
    #[prost(string, tag = "2")]
    pub claim_id: String,
    #[prost(string, tag = "3")]
    pub node_id: String,
    #[prost(uint64, tag = "4")]
    pub version_hash: u64,
    #[prost(uint64, tag = "5")]
    pub created_at: u64,
}
