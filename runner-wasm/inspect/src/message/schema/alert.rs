//! Package `alarms.v1`: alerts. This device has none; a real agent has.

use super::Kind::{Blob, Bool, Double, Seconds, Signed, Text, Unsigned, Words};
use super::{CLAIM_ID, Kind, Message, NODE_ID, entry, message};

pub(super) static START_ALARM_STREAMING: Message = message(
    "StartAlarmStreaming",
    "The Cloud wants to hear of alerts.",
    &[entry(1, "node_id", Text, NODE_ID), entry(4, "resets", Bool, ""), entry(5, "version", Unsigned, "")],
);

pub(super) static SEND_ALARM_CHECKPOINT: Message = message(
    "SendAlarmCheckpoint",
    "The Cloud asks for a sum over all alerts, to compare with its own.",
    &[entry(1, "node_id", Text, NODE_ID), entry(2, "claim_id", Text, CLAIM_ID), entry(3, "version", Unsigned, "")],
);

pub(super) static ALARM_CHECKPOINT: Message = message(
    "AlarmCheckpoint",
    "A sum over all alerts.",
    &[entry(1, "node_id", Text, NODE_ID), entry(2, "claim_id", Text, CLAIM_ID), entry(3, "checksum", Blob, "")],
);

pub(super) static SEND_ALARM_CONFIGURATION: Message = message(
    "SendAlarmConfiguration",
    "The Cloud asks how an alert is defined.",
    &[entry(1, "config_hash", Text, "Which one.")],
);

pub(super) static PROVIDE_ALARM_CONFIGURATION: Message = message(
    "ProvideAlarmConfiguration",
    "How an alert is defined.",
    &[entry(1, "config_hash", Text, "Which one."), entry(2, "config", Blob, "")],
);

pub(super) static SEND_ALARM_SNAPSHOT: Message = message(
    "SendAlarmSnapshot",
    "The Cloud asks for all alerts.",
    &[entry(1, "node_id", Text, NODE_ID), entry(2, "claim_id", Text, CLAIM_ID), entry(5, "snapshot_uuid", Text, "")],
);

pub(super) static ALARM_SNAPSHOT: Message = message(
    "AlarmSnapshot",
    "All alerts, in several messages.",
    &[
        entry(1, "node_id", Text, NODE_ID),
        entry(2, "claim_id", Text, CLAIM_ID),
        entry(4, "chunks", Unsigned, "How many messages there are."),
        entry(5, "chunk_size", Unsigned, ""),
        entry(6, "chunk", Unsigned, "Which of them this is."),
        entry(7, "alarms", Kind::Message(&ALARM_LOG_ENTRY), ""),
        entry(8, "snapshot_uuid", Text, ""),
    ],
);

const STATUS: Kind = Words(&["null", "unknown", "removed", "not a number", "clear", "warning", "critical"]);

pub(super) static ALARM_LOG_ENTRY: Message = message(
    "AlarmLogEntry",
    "An alert that has changed.",
    &[
        entry(1, "node_id", Text, NODE_ID),
        entry(2, "claim_id", Text, CLAIM_ID),
        entry(3, "chart", Text, ""),
        entry(4, "name", Text, ""),
        entry(8, "when", Seconds, ""),
        entry(9, "config_hash", Text, ""),
        entry(10, "utc_offset", Signed, ""),
        entry(11, "timezone", Text, ""),
        entry(12, "exec_path", Text, ""),
        entry(13, "conf_source", Text, ""),
        entry(14, "command", Text, ""),
        entry(15, "duration", Unsigned, ""),
        entry(16, "non_clear_duration", Unsigned, ""),
        entry(17, "status", STATUS, ""),
        entry(18, "old_status", STATUS, ""),
        entry(19, "delay", Unsigned, ""),
        entry(20, "delay_up_to_timestamp", Seconds, ""),
        entry(21, "last_repeat", Seconds, ""),
        entry(22, "silenced", Bool, ""),
        entry(23, "value_string", Text, ""),
        entry(24, "old_value_string", Text, ""),
        entry(25, "value", Double, ""),
        entry(26, "old_value", Double, ""),
        entry(27, "updated", Bool, ""),
        entry(28, "rendered_info", Text, ""),
        entry(29, "chart_context", Text, ""),
        entry(30, "event_id", Unsigned, ""),
        entry(31, "transition_id", Text, ""),
        entry(32, "chart_name", Text, ""),
        entry(33, "summary", Text, ""),
        entry(34, "alert_version", Unsigned, ""),
    ],
);
