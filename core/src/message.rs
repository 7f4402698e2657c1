//! The protobuf messages of the link (protocol.md 3.5).
//!
//! Unknown fields are skipped, lengths are checked before use, nothing is copied.

pub mod agent;
pub mod context;
pub mod node;

/// The name of a message to the agent, taken from the last segment of its topic (protocol.md 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inbound {
    /// An HTTP request in the envelope of protocol.md 3.3.
    HttpRequest,
    /// DisconnectReq.
    DisconnectReq,
    /// SendNodeInstances.
    SendNodeInstances,
    /// CreateNodeInstanceResult.
    CreateNodeInstanceResult,
    /// ContextsCheckpoint.
    ContextsCheckpoint,
    /// StopStreamingContexts.
    StopStreamingContexts,
    /// CancelPendingRequest.
    CancelPendingRequest,
    /// A message that is part of the protocol and asks nothing of this device.
    Passed,
    /// A name that is not part of the protocol.
    Unknown,
}

impl Inbound {
    /// What a PUBLISH on `topic` carries.
    #[must_use]
    pub fn of(topic: &str) -> Self {
        match topic.rsplit_once('/').map_or(topic, |(_, last)| last) {
            "cmd" => Self::HttpRequest,
            "DisconnectReq" => Self::DisconnectReq,
            "SendNodeInstances" => Self::SendNodeInstances,
            "CreateNodeInstanceResult" => Self::CreateNodeInstanceResult,
            "ContextsCheckpoint" => Self::ContextsCheckpoint,
            "StopStreamingContexts" => Self::StopStreamingContexts,
            "CancelPendingRequest" => Self::CancelPendingRequest,
            "StartAlarmStreaming"
            | "SendAlarmConfiguration"
            | "SendAlarmSnapshot"
            | "SendAlarmCheckpoint"
            | "SendAlarmLogHealth"
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
        assert_eq!(Inbound::of("/anything/SendNodeInstances"), Inbound::SendNodeInstances);
        assert_eq!(Inbound::of("/anything/StartAlarmStreaming"), Inbound::Passed);
        assert_eq!(Inbound::of("/agent/x/inbound/v1/cmd/Surprise"), Inbound::Unknown);
        assert_eq!(Inbound::of(""), Inbound::Unknown);
    }
}
