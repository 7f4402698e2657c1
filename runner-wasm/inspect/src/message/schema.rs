//! The messages of the link and the names of their fields (protocol.md 3.5).

mod alert;
#[cfg(test)]
mod tests;

use super::protobuf::peek;
use crate::field::text;
use crate::reader::Reader;
use crate::time::date_words;

/// A message.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    pub(crate) fields: &'static [Entry],
    /// All of it in a few words, where that makes sense.
    pub(crate) short: fn(&Reader<'_>) -> String,
}

/// A field.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) number: u32,
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) help: &'static str,
}

/// What is in a field.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Text,
    Blob,
    Bool,
    Unsigned,
    Signed,
    Double,
    /// Seconds since 1970.
    Seconds,
    /// Microseconds since 1970.
    Micros,
    /// One of these words, by its number.
    Words(&'static [&'static str]),
    Message(&'static Message),
}

use Kind::{Blob, Bool, Micros, Seconds, Signed, Text, Unsigned, Words};

/// The message that is published to topics that end in `name`: those of the agent by the names of protocol.md 2.7, those to
/// the agent by the name of the message.
pub(crate) fn of_topic(name: &str) -> Option<&'static Message> {
    Some(match name {
        "agent-connection" => &UPDATE_AGENT_CONNECTION,
        "create-node-instance" => &CREATE_NODE_INSTANCE,
        "node-instance-connection" => &UPDATE_NODE_INSTANCE_CONNECTION,
        "node-instance-info" => &UPDATE_NODE_INFO,
        "node-instance-collectors" => &UPDATE_NODE_COLLECTORS,
        "contexts-snapshot" => &CONTEXTS_SNAPSHOT,
        "contexts-updated" => &CONTEXTS_UPDATED,
        "alarm-config" => &alert::PROVIDE_ALARM_CONFIGURATION,
        "alarm-checkpoint" => &alert::ALARM_CHECKPOINT,
        "alarm-log-v2" => &alert::ALARM_LOG_ENTRY,
        "alarm-snapshot-v2" => &alert::ALARM_SNAPSHOT,
        "SendNodeInstances" => &SEND_NODE_INSTANCES,
        "CreateNodeInstanceResult" => &CREATE_NODE_INSTANCE_RESULT,
        "DisconnectReq" => &DISCONNECT_REQ,
        "CancelPendingRequest" => &CANCEL_PENDING_REQUEST,
        "ContextsCheckpoint" => &CONTEXTS_CHECKPOINT,
        "StopStreamingContexts" => &STOP_STREAMING_CONTEXTS,
        "StartAlarmStreaming" => &alert::START_ALARM_STREAMING,
        "SendAlarmCheckpoint" => &alert::SEND_ALARM_CHECKPOINT,
        "SendAlarmConfiguration" => &alert::SEND_ALARM_CONFIGURATION,
        "SendAlarmSnapshot" => &alert::SEND_ALARM_SNAPSHOT,
        _ => return None,
    })
}

const fn entry(number: u32, name: &'static str, kind: Kind, help: &'static str) -> Entry {
    Entry { number, name, kind, help }
}

const fn message(name: &'static str, help: &'static str, fields: &'static [Entry]) -> Message {
    Message { name, help, fields, short: nothing }
}

/// A message that can be told in a few words.
const fn told(short: fn(&Reader<'_>) -> String, message: Message) -> Message {
    Message { short, ..message }
}

fn nothing(_: &Reader<'_>) -> String {
    String::new()
}

fn is_set(message: &Reader<'_>, number: u32) -> bool {
    peek(message, number).0.is_some_and(|value| value != 0)
}

const CLAIM_ID: &str = "The claimed id: under it the Cloud knows this agent.";
const NODE_ID: &str = "The Cloud's own number for the node.";
const MACHINE_GUID: &str = "By it the machine is known, whatever its name.";
const SESSION: &str = "When this connection began. It tells a new connection from an old one whose will comes late.";
const HOPS: &str = "How many agents are between the node and the Cloud; 0 for the agent's own.";
const BROKER: &str = "For the Cloud's own use.";

static TIMESTAMP: Message = Message {
    name: "Timestamp",
    help: "",
    fields: &[entry(1, "seconds", Seconds, "Since 1970."), entry(2, "nanos", Signed, "Nanoseconds within the second.")],
    short: |message| peek(message, 1).0.map_or_else(String::new, date_words),
};

static DURATION: Message = message(
    "Duration",
    "",
    &[entry(1, "seconds", Signed, ""), entry(2, "nanos", Signed, "Nanoseconds within the second.")],
);

static CAPABILITY: Message = Message {
    name: "Capability",
    help: "",
    fields: &[
        entry(1, "name", Text, "Which ability."),
        entry(2, "version", Unsigned, "In which version; 0 for not at all."),
        entry(3, "enabled", Bool, "Whether it is switched on."),
    ],
    short: |message| {
        let name = peek(message, 1).1.map(text).unwrap_or_default();
        let enabled = peek(message, 3).0.unwrap_or(0) != 0;
        let version = peek(message, 2).0.unwrap_or(0);
        format!("{name} {version}{}", if enabled { "" } else { ", off" })
    },
};

static CAPABILITIES: Message =
    message("Capabilities", "", &[entry(1, "capabilities", Kind::Message(&CAPABILITY), "What it can do.")]);

static UPDATE_AGENT_CONNECTION: Message = told(
    |message| if is_set(message, 2) { "reachable" } else { "not reachable" }.to_owned(),
    message(
        "UpdateAgentConnection",
        "The agent is there, or no longer. The agent says it when it comes and when it goes; if it just vanishes, the broker \
     publishes the same as its will.",
        &[
            entry(1, "claim_id", Text, CLAIM_ID),
            entry(2, "reachable", Bool, "Whether the agent is there. Absent means no."),
            entry(3, "session_id", Micros, SESSION),
            entry(
                4,
                "update_source",
                Words(&["unspecified", "the agent", "its will", "a guess of the Cloud"]),
                "Who says so.",
            ),
            entry(5, "mqtt_broker_addr", Text, BROKER),
            entry(6, "updated_at", Kind::Message(&TIMESTAMP), "When."),
            entry(7, "vmq_instance_id", Signed, BROKER),
            entry(15, "system_uptime", Kind::Message(&DURATION), ""),
            entry(16, "agent_uptime", Kind::Message(&DURATION), ""),
            entry(17, "capabilities", Kind::Message(&CAPABILITY), "What the agent can do."),
        ],
    ),
);

static SEND_NODE_INSTANCES: Message = message(
    "SendNodeInstances",
    "The Cloud asks which nodes this agent has.",
    &[
        entry(1, "claim_id", Text, CLAIM_ID),
        entry(2, "config", Blob, ""),
        entry(3, "space_id", Text, "The Space it was claimed into."),
    ],
);

static CREATE_NODE_INSTANCE: Message = message(
    "CreateNodeInstance",
    "The agent asks for a node id: its node is new to the Cloud.",
    &[
        entry(1, "claim_id", Text, CLAIM_ID),
        entry(2, "machine_guid", Text, MACHINE_GUID),
        entry(3, "hostname", Text, "How the node is called."),
        entry(4, "vmq_instance_id", Signed, BROKER),
        entry(5, "mqtt_broker_addr", Text, BROKER),
        entry(6, "hops", Signed, HOPS),
    ],
);

static CREATE_NODE_INSTANCE_RESULT: Message = message(
    "CreateNodeInstanceResult",
    "The Cloud's answer: the node id. The agent keeps it, so that it need not ask again.",
    &[entry(1, "node_id", Text, NODE_ID), entry(2, "machine_guid", Text, MACHINE_GUID)],
);

static UPDATE_NODE_INSTANCE_CONNECTION: Message = told(
    |message| if is_set(message, 3) { "live" } else { "no longer live" }.to_owned(),
    message(
        "UpdateNodeInstanceConnection",
        "The node is live, or no longer: from here on it is online in the Cloud.",
        &[
            entry(1, "claim_id", Text, CLAIM_ID),
            entry(2, "node_id", Text, NODE_ID),
            entry(3, "liveness", Bool, "Whether the node is live. Absent means no."),
            entry(4, "queryable", Bool, "Whether it answers queries."),
            entry(5, "session_id", Micros, SESSION),
            entry(6, "updated_at", Kind::Message(&TIMESTAMP), "When."),
            entry(7, "mqtt_broker_addr", Text, BROKER),
            entry(8, "vmq_instance_id", Signed, BROKER),
            entry(9, "hops", Signed, HOPS),
            entry(10, "capabilities", Kind::Message(&CAPABILITY), "What the node can do."),
        ],
    ),
);

static LEARNING: Message = message(
    "MachineLearningInfo",
    "",
    &[
        entry(1, "ml_capable", Bool, "Whether it could learn what is usual."),
        entry(2, "ml_enabled", Bool, "Whether it does."),
    ],
);

static LABEL: Message = Message {
    name: "label",
    help: "",
    fields: &[entry(1, "key", Text, ""), entry(2, "value", Text, "")],
    short: |message| {
        let part = |number| peek(message, number).1.map(text).unwrap_or_default();
        format!("{} = {}", part(1), part(2))
    },
};

static NODE_INFO: Message = message(
    "NodeInfo",
    "",
    &[
        entry(1, "name", Text, "How the node is called."),
        entry(2, "os", Text, "The kind of operating system."),
        entry(3, "os_name", Text, ""),
        entry(4, "os_version", Text, ""),
        entry(5, "kernel_name", Text, ""),
        entry(6, "kernel_version", Text, ""),
        entry(7, "architecture", Text, "The kind of processor."),
        entry(8, "cpus", Unsigned, "How many processor cores it has."),
        entry(9, "cpu_frequency", Text, "In hertz."),
        entry(10, "memory", Text, "In bytes."),
        entry(11, "disk_space", Text, "In bytes."),
        entry(12, "version", Text, "Of the agent."),
        entry(13, "release_channel", Text, ""),
        entry(14, "timezone", Text, ""),
        entry(15, "virtualization_type", Text, ""),
        entry(16, "container_type", Text, ""),
        entry(17, "custom_info", Text, ""),
        entry(19, "machine_guid", Text, MACHINE_GUID),
        entry(21, "host_labels", Kind::Message(&LABEL), "What the owner has labelled it with."),
        entry(22, "ml_info", Kind::Message(&LEARNING), "Whether it learns from its metrics."),
    ],
);

static UPDATE_NODE_INFO: Message = message(
    "UpdateNodeInfo",
    "What the node is: its name, system, processor and memory, as the Cloud shows them.",
    &[
        entry(1, "claim_id", Text, CLAIM_ID),
        entry(2, "data", Kind::Message(&NODE_INFO), "The facts."),
        entry(3, "updated_at", Kind::Message(&TIMESTAMP), "When."),
        entry(4, "session_id", Micros, SESSION),
        entry(5, "machine_guid", Text, MACHINE_GUID),
        entry(6, "child", Bool, "Whether another agent passes its metrics on."),
        entry(7, "node_id", Text, NODE_ID),
        entry(8, "ml_info", Kind::Message(&LEARNING), "Whether it learns from its metrics."),
        entry(9, "node_info", Kind::Message(&CAPABILITIES), "What the agent can do."),
        entry(10, "node_instance_info", Kind::Message(&CAPABILITIES), "What the node can do."),
    ],
);

static COLLECTOR: Message =
    message("Collector", "", &[entry(1, "module", Text, ""), entry(2, "plugin", Text, "What the module is part of.")]);

static UPDATE_NODE_COLLECTORS: Message = message(
    "UpdateNodeCollectors",
    "Where the node's metrics come from.",
    &[
        entry(1, "claim_id", Text, CLAIM_ID),
        entry(2, "node_id", Text, NODE_ID),
        entry(3, "collectors", Kind::Message(&COLLECTOR), ""),
    ],
);

static DISCONNECT_REQ: Message = told(
    |message| if is_set(message, 2) { "for good" } else { "for a while" }.to_owned(),
    message(
        "DisconnectReq",
        "The Cloud wants the agent to close the link.",
        &[
            entry(
                1,
                "reconnect_after_seconds",
                Unsigned,
                "Not before so many seconds; 0 for whenever the agent likes.",
            ),
            entry(2, "permaban", Bool, "Never again, until a person acts."),
            entry(3, "created_at", Kind::Message(&TIMESTAMP), "When."),
            entry(4, "error_code", Unsigned, "The Cloud's number for the reason."),
            entry(5, "error_description", Text, "The reason in words."),
        ],
    ),
);

static CANCEL_PENDING_REQUEST: Message = message(
    "CancelPendingRequest",
    "Nobody waits for the answer to this query any more.",
    &[
        entry(1, "request_id", Text, "The number of the query."),
        entry(2, "timestamp", Kind::Message(&TIMESTAMP), "When."),
        entry(3, "trace_id", Text, "For the log of the Cloud."),
    ],
);

static CONTEXTS_CHECKPOINT: Message = message(
    "ContextsCheckpoint",
    "The Cloud says what it knows of the node's metrics. If that is not all, the node tells it, and from then on what changes.",
    &[
        entry(1, "claim_id", Text, CLAIM_ID),
        entry(2, "node_id", Text, NODE_ID),
        entry(3, "version_hash", Unsigned, "A sum over what the Cloud knows."),
    ],
);

static STOP_STREAMING_CONTEXTS: Message = message(
    "StopStreamingContexts",
    "The Cloud no longer wants to be told of changes.",
    &[
        entry(1, "claim_id", Text, CLAIM_ID),
        entry(2, "node_id", Text, NODE_ID),
        entry(3, "reason", Words(&["too many"]), ""),
    ],
);

static CONTEXT: Message = Message {
    name: "ContextUpdated",
    help: "",
    fields: &[
        entry(1, "id", Text, "A kind of metric, as in system.cpu."),
        entry(2, "version", Seconds, "When it last changed."),
        entry(3, "first_entry", Seconds, "Its oldest sample."),
        entry(4, "last_entry", Seconds, "Its newest sample; 0 while samples come in."),
        entry(5, "deleted", Bool, "It is no more."),
        entry(6, "title", Text, ""),
        entry(7, "priority", Unsigned, "Where it stands among the others."),
        entry(8, "chart_type", Text, "How it is drawn."),
        entry(9, "units", Text, ""),
        entry(10, "family", Text, "What it belongs to."),
    ],
    short: |message| peek(message, 1).1.map(text).unwrap_or_default(),
};

static CONTEXTS_SNAPSHOT: Message = message(
    "ContextsSnapshot",
    "All kinds of metrics that the node has.",
    &[
        entry(1, "contexts", Kind::Message(&CONTEXT), ""),
        entry(2, "claim_id", Text, CLAIM_ID),
        entry(3, "node_id", Text, NODE_ID),
        entry(4, "version", Unsigned, "A sum over all of them, to compare with."),
    ],
);

static CONTEXTS_UPDATED: Message = message(
    "ContextsUpdated",
    "Kinds of metrics that have changed.",
    &[
        entry(1, "contextUpdates", Kind::Message(&CONTEXT), ""),
        entry(2, "claim_id", Text, CLAIM_ID),
        entry(3, "node_id", Text, NODE_ID),
        entry(4, "version_hash", Unsigned, "A sum over all kinds, these and the others."),
        entry(5, "created_at", Seconds, "When."),
    ],
);
