//! The protobuf messages of the link (protocol.md 3.5).
//!
//! Unknown fields are skipped, lengths are checked before use, nothing is copied.

pub mod agent;

/// The name of a message to the agent, taken from the last segment of its topic (protocol.md 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inbound {
    /// An HTTP request in the envelope of protocol.md 3.3.
    HttpRequest,
    /// DisconnectReq.
    DisconnectReq,
    /// A message that is part of the protocol and asks nothing of this device.
    Passed,
    /// A name that is not part of the protocol.
    Unknown,
}

impl Inbound {
    /// What a PUBLISH on `topic` carries.
    #[must_use]
    pub fn of(topic: &str) -> Self {
        match topic.rsplit('/').next().unwrap_or_default() {
            "cmd" => Self::HttpRequest,
            "DisconnectReq" => Self::DisconnectReq,
            "CreateNodeInstanceResult"
            | "SendNodeInstances"
            | "StartAlarmStreaming"
            | "SendAlarmConfiguration"
            | "SendAlarmSnapshot"
            | "ContextsCheckpoint"
            | "StopStreamingContexts"
            | "SendAlarmCheckpoint"
            | "SendAlarmLogHealth"
            | "CancelPendingRequest"
            | "StreamChartsAndDimensions"
            | "ChartsAndDimensionsAck"
            | "UpdateChartConfigs" => Self::Passed,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Inbound;

    #[test]
    fn the_last_segment_of_the_topic_decides() {
        assert_eq!(Inbound::of("/agent/x/inbound/cmd"), Inbound::HttpRequest);
        assert_eq!(Inbound::of("/agent/x/inbound/v1/cmd/DisconnectReq"), Inbound::DisconnectReq);
        assert_eq!(Inbound::of("/anything/SendNodeInstances"), Inbound::Passed);
        assert_eq!(Inbound::of("/agent/x/inbound/v1/cmd/Surprise"), Inbound::Unknown);
        assert_eq!(Inbound::of(""), Inbound::Unknown);
    }
}
