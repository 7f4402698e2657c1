//! Package `context.v1`: which kinds of metrics a node has (protocol.md 3.4 and 3.5).

use femtopb::item_encoding;
use femtopb::repeated::Repeated;
use femtopb::{Message, UnknownFields};

/// The Cloud says what it knows, and wants to be told what has changed since, and from then on.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ContextsCheckpoint<'a> {
    /// The claimed id.
    #[femtopb(string, tag = 1)]
    pub claim_id: &'a str,
    /// The node id.
    #[femtopb(string, tag = 2)]
    pub node_id: &'a str,
    /// The version hash of what it knows.
    #[femtopb(uint64, tag = 3)]
    pub version_hash: u64,
    #[femtopb(unknown_fields)]
    #[expect(missing_docs, reason = "the name says it")]
    pub unknown_fields: UnknownFields<'a>,
}

/// The Cloud no longer wants to be told of changes.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct StopStreamingContexts<'a> {
    /// The claimed id.
    #[femtopb(string, tag = 1)]
    pub claim_id: &'a str,
    /// The node id.
    #[femtopb(string, tag = 2)]
    pub node_id: &'a str,
    /// Why: 0 for too much.
    #[femtopb(int32, tag = 3)]
    pub reason: i32,
    #[femtopb(unknown_fields)]
    #[expect(missing_docs, reason = "the name says it")]
    pub unknown_fields: UnknownFields<'a>,
}

/// One context.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ContextUpdated<'a> {
    /// Its id, as in `system.cpu`.
    #[femtopb(string, tag = 1)]
    pub id: &'a str,
    /// When it last changed, in seconds since 1970.
    #[femtopb(uint64, tag = 2)]
    pub version: u64,
    /// Its oldest sample, in seconds since 1970.
    #[femtopb(uint64, tag = 3)]
    pub first_entry: u64,
    /// Its newest sample; 0 while it is being collected.
    #[femtopb(uint64, tag = 4)]
    pub last_entry: u64,
    /// It is no more.
    #[femtopb(bool, tag = 5)]
    pub deleted: bool,
    /// Its title.
    #[femtopb(string, tag = 6)]
    pub title: &'a str,
    /// Where it stands among the others.
    #[femtopb(uint64, tag = 7)]
    pub priority: u64,
    /// `line`, `area` or `stacked`.
    #[femtopb(string, tag = 8)]
    pub chart_type: &'a str,
    /// Its units.
    #[femtopb(string, tag = 9)]
    pub units: &'a str,
    /// Its family.
    #[femtopb(string, tag = 10)]
    pub family: &'a str,
    #[femtopb(unknown_fields)]
    #[expect(missing_docs, reason = "the name says it")]
    pub unknown_fields: UnknownFields<'a>,
}

/// All contexts.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ContextsSnapshot<'a> {
    /// The contexts.
    #[femtopb(message, repeated, tag = 1)]
    pub contexts: Repeated<'a, ContextUpdated<'a>, item_encoding::Message<'a, ContextUpdated<'a>>>,
    /// The claimed id.
    #[femtopb(string, tag = 2)]
    pub claim_id: &'a str,
    /// The node id.
    #[femtopb(string, tag = 3)]
    pub node_id: &'a str,
    /// The version hash of these contexts.
    #[femtopb(uint64, tag = 4)]
    pub version: u64,
    #[femtopb(unknown_fields)]
    #[expect(missing_docs, reason = "the name says it")]
    pub unknown_fields: UnknownFields<'a>,
}

/// Contexts that have changed.
#[derive(Clone, Debug, PartialEq, Message)]
pub struct ContextsUpdated<'a> {
    /// The contexts.
    #[femtopb(message, repeated, tag = 1)]
    pub contexts: Repeated<'a, ContextUpdated<'a>, item_encoding::Message<'a, ContextUpdated<'a>>>,
    /// The claimed id.
    #[femtopb(string, tag = 2)]
    pub claim_id: &'a str,
    /// The node id.
    #[femtopb(string, tag = 3)]
    pub node_id: &'a str,
    /// The version hash of all contexts, these and the others.
    #[femtopb(uint64, tag = 4)]
    pub version_hash: u64,
    /// When, in seconds since 1970.
    #[femtopb(uint64, tag = 5)]
    pub created_at: u64,
    #[femtopb(unknown_fields)]
    #[expect(missing_docs, reason = "the name says it")]
    pub unknown_fields: UnknownFields<'a>,
}
