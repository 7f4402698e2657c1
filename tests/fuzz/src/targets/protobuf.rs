//! The messages of the Cloud. What the device takes from one is what prost reads in it.

use crate::input::Steps;
use aclk_cloud::message as theirs;
use aclk_core::message::{agent, context, node};
use femtopb::Message as _;
use prost::Message as _;

/// What is compared: if both can read it, the members that the device looks at are the same.
macro_rules! compare {
    ($bytes:expr, $ours:ty, $theirs:ty, $($member:ident),+) => {
        if let (Ok(ours), Ok(theirs)) = (<$ours>::decode($bytes), <$theirs>::decode($bytes)) {
            $(assert_eq!(ours.$member, theirs.$member, "{}: {:02x?}", stringify!($member), $bytes);)+
        }
    };
}

pub(crate) fn run(input: &[u8]) {
    let mut steps = Steps::of(input);
    let kind = steps.next(6).unwrap_or_default();
    let bytes = steps.rest();
    match kind {
        0 => compare!(
            bytes,
            agent::DisconnectReq<'_>,
            theirs::DisconnectReq,
            reconnect_after_seconds,
            permaban,
            error_code,
            error_description
        ),
        1 => compare!(bytes, node::SendNodeInstances<'_>, theirs::SendNodeInstances, claim_id, space_id),
        2 => {
            compare!(bytes, node::CreateNodeInstanceResult<'_>, theirs::CreateNodeInstanceResult, node_id, machine_guid)
        }
        3 => compare!(bytes, node::CancelPendingRequest<'_>, theirs::CancelPendingRequest, request_id),
        4 => compare!(
            bytes,
            context::ContextsCheckpoint<'_>,
            theirs::ContextsCheckpoint,
            claim_id,
            node_id,
            version_hash
        ),
        _ => compare!(bytes, context::StopStreamingContexts<'_>, theirs::StopStreamingContexts, claim_id, node_id),
    }
}
