//! Package `context.v1`: which kinds of metrics a node has (protocol.md 3.4 and 3.5).

use crate::wire::protobuf::{Encode, Fields};
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContextUpdated<'a> {
    /// Its id, as in `system.cpu`.
    pub id: &'a str,
    /// When it last changed, in seconds since 1970.
    pub version: u64,
    /// Its oldest sample, in seconds since 1970.
    pub first_entry: u64,
    /// Its newest sample; 0 while it is being collected.
    pub last_entry: u64,
    /// It is no more.
    pub deleted: bool,
    /// Its title.
    pub title: &'a str,
    /// Where it stands among the others.
    pub priority: u64,
    /// `line`, `area` or `stacked`.
    pub chart_type: &'a str,
    /// Its units.
    pub units: &'a str,
    /// Its family.
    pub family: &'a str,
}

impl Encode for ContextUpdated<'_> {
    fn fields(&self, fields: &mut Fields<'_>) {
        fields.string(1, self.id);
        fields.unsigned(2, self.version);
        fields.unsigned(3, self.first_entry);
        fields.unsigned(4, self.last_entry);
        fields.boolean(5, self.deleted);
        fields.string(6, self.title);
        fields.unsigned(7, self.priority);
        fields.string(8, self.chart_type);
        fields.string(9, self.units);
        fields.string(10, self.family);
    }
}

/// All contexts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContextsSnapshot<'a> {
    /// The contexts.
    pub contexts: &'a [ContextUpdated<'a>],
    /// The claimed id.
    pub claim_id: &'a str,
    /// The node id.
    pub node_id: &'a str,
    /// The version hash of these contexts.
    pub version: u64,
}

impl Encode for ContextsSnapshot<'_> {
    fn fields(&self, fields: &mut Fields<'_>) {
        self.contexts.iter().for_each(|item| fields.message(1, item));
        fields.string(2, self.claim_id);
        fields.string(3, self.node_id);
        fields.unsigned(4, self.version);
    }
}

/// Contexts that have changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContextsUpdated<'a> {
    /// The contexts.
    pub contexts: &'a [ContextUpdated<'a>],
    /// The claimed id.
    pub claim_id: &'a str,
    /// The node id.
    pub node_id: &'a str,
    /// The version hash of all contexts, these and the others.
    pub version_hash: u64,
    /// When, in seconds since 1970.
    pub created_at: u64,
}

impl Encode for ContextsUpdated<'_> {
    fn fields(&self, fields: &mut Fields<'_>) {
        self.contexts.iter().for_each(|item| fields.message(1, item));
        fields.string(2, self.claim_id);
        fields.string(3, self.node_id);
        fields.unsigned(4, self.version_hash);
        fields.unsigned(5, self.created_at);
    }
}
