//! What the node tells the Cloud about itself: UpdateNodeInfo, UpdateNodeCollectors and its contexts, written in pieces.

use crate::clock::WallTime;
use crate::identity::guid::Guid;
use crate::message::agent::{Capability, Timestamp};
use crate::message::context::{ContextUpdated, ContextsSnapshot, ContextsUpdated};
use crate::message::node::{
    Capabilities, Collector, Label, MachineLearningInfo, NodeInfo, UpdateNodeCollectors, UpdateNodeInfo,
};
use crate::metrics::{ChartInfo, Device, LABELS_MAX};
use crate::node::{Node, Span, firsts};
use crate::settings::AGENT_VERSION;
use crate::wire::parts::{self, Cursor, Window};
use crate::wire::protobuf::{self, Encode, Fields, encoded_len};
use core::fmt::{self, Write};

/// Longest UpdateNodeInfo, in bytes. Host labels that make it longer are left out.
const INFO_MAX: usize = 1_536;
/// Longest part of another message, in bytes.
const PART_MAX: usize = 512;
/// Fields in which contexts and collectors are.
const CONTEXT_FIELD: u32 = 1;
const COLLECTOR_FIELD: u32 = 3;

/// What a device can do (protocol.md 3.6).
#[must_use]
pub fn capabilities() -> [Capability<'static>; 3] {
    [Capability::new("proto", 1), Capability::new("ctx", 1), Capability::new("req_cancel", 1)]
}

/// By which ids the Cloud knows this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ids {
    /// The claimed id.
    pub claim: Guid,
    /// The node id.
    pub node: Guid,
}

/// What is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// UpdateNodeInfo.
    Info,
    /// UpdateNodeCollectors.
    Collectors,
    /// Contexts, as many as fit.
    Contexts {
        /// Which message it is.
        what: ContextsKind,
        /// How many of them have been told already.
        from: usize,
        /// The version hash that the Cloud has. If it is the right one, there is nothing to tell.
        known: u64,
        /// Bytes of the longest message.
        max: usize,
    },
}

/// Which message about contexts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContextsKind {
    /// ContextsSnapshot: what was told before does not count any more.
    Snapshot,
    /// ContextsUpdated with what did not fit into the snapshot.
    Rest,
    /// ContextsUpdated with what has changed.
    Update,
}

/// A message that is being written.
#[derive(Debug)]
pub struct Report {
    kind: ReportKind,
    ids: Ids,
    wall: WallTime,
    span: Option<Span>,
    /// Contexts in it.
    count: usize,
    hash: u64,
    next: Option<usize>,
    len: u64,
    left: u64,
    cursor: Cursor,
}

impl Report {
    /// The report on `node`; `None` if there is nothing to tell, or if not even the smallest part of it fits.
    pub fn new(kind: ReportKind, ids: Ids, node: &mut Node<dyn Device + '_>, wall: WallTime) -> Option<Self> {
        let (cursor, len) = (Cursor::default(), 0);
        let mut report = Self { kind, ids, wall, span: None, count: 0, hash: 0, next: None, len, left: len, cursor };
        if let ReportKind::Contexts { what, from, known, max } = kind {
            let (span, previous) = node.contexts.refresh(node.device.samples(), wall.unix_seconds())?;
            report.span = Some(span);
            report.choose(node, what, from, known, max, previous.unwrap_or(span))?;
        }
        report.len = parts::measure(report.parts(node), |part, w| report.write(part, node, w));
        report.left = report.len;
        (report.len > 0).then_some(report)
    }

    /// Chooses the contexts that fit.
    fn choose(
        &mut self,
        node: &Node<dyn Device + '_>,
        what: ContextsKind,
        from: usize,
        known: u64,
        max: usize,
        before: Span,
    ) -> Option<()> {
        let charts = node.device.charts();
        let (span, all) = (self.span?, firsts(charts).count());
        let whole = span.hash().wrapping_mul(all as u64);
        if from >= all || (from == 0 && whole == known) {
            return None;
        }
        let mut room = max.checked_sub(encoded_len(&self.tail(u64::MAX)))?;
        for chart in firsts(charts).skip(from) {
            let len = framed_len(encoded_len(&context(chart, span)));
            let Some(left) = room.checked_sub(len).filter(|_| len <= PART_MAX) else { break };
            room = left;
            self.count += 1;
        }
        let to = from + self.count;
        let others = if what == ContextsKind::Update { before.hash().wrapping_mul((all - to) as u64) } else { 0 };
        self.hash = span.hash().wrapping_mul(to as u64).wrapping_add(others);
        self.next = (to < all).then_some(to);
        (self.count > 0).then_some(())
    }

    /// Length of the message in bytes.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is nothing in it; never.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The version hash that the Cloud has afterwards, if it is about contexts.
    #[must_use]
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// How many contexts have been told with this one, if there are more.
    #[must_use]
    pub const fn next(&self) -> Option<usize> {
        self.next
    }

    /// Writes the next piece into `buffer` and yields its length: `buffer` is full, or the message has ended.
    pub fn fill(&mut self, node: &Node<dyn Device + '_>, buffer: &mut [u8]) -> usize {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let buffer = buffer.get_mut(..most).unwrap_or_default();
        let mut cursor = self.cursor;
        let filled = parts::fill(&mut cursor, self.parts(node), buffer, |part, w| self.write(part, node, w));
        self.cursor = cursor;
        self.left -= most as u64;
        // Only a device that breaks its promises leaves anything to fill up.
        buffer.get_mut(filled..).unwrap_or_default().fill(0);
        most
    }

    fn parts(&self, node: &Node<dyn Device + '_>) -> u64 {
        match self.kind {
            ReportKind::Info => 1,
            ReportKind::Collectors => node.device.charts().len() as u64 + 1,
            ReportKind::Contexts { .. } => self.count as u64 + 1,
        }
    }

    fn write(&self, part: u64, node: &Node<dyn Device + '_>, w: &mut Window<'_>) -> fmt::Result {
        let index = usize::try_from(part).unwrap_or(usize::MAX);
        let (claim, id) = (self.ids.claim.text(), self.ids.node.text());
        let charts = node.device.charts();
        match self.kind {
            ReportKind::Info => self.info(node, w),
            ReportKind::Collectors if part == 0 => {
                let head = UpdateNodeCollectors { claim_id: &claim, node_id: &id, ..UpdateNodeCollectors::default() };
                put_part(w, None, &head)
            }
            ReportKind::Collectors => {
                let Some((chart, before)) = charts.get(index - 1).zip(charts.get(..index - 1)) else { return Ok(()) };
                if before.iter().any(|other| (other.plugin, other.module) == (chart.plugin, chart.module)) {
                    return Ok(());
                }
                let collector = Collector { module: chart.module, plugin: chart.plugin };
                put_part(w, Some(COLLECTOR_FIELD), &collector)
            }
            ReportKind::Contexts { .. } if index < self.count => {
                let from = if let ReportKind::Contexts { from, .. } = self.kind { from } else { 0 };
                match (firsts(charts).nth(from + index), self.span) {
                    (Some(chart), Some(span)) => put_part(w, Some(CONTEXT_FIELD), &context(chart, span)),
                    _ => Ok(()),
                }
            }
            ReportKind::Contexts { .. } => put_part(w, None, &self.tail(self.hash)),
        }
    }

    /// Everything of a message about contexts but the contexts.
    fn tail(&self, hash: u64) -> Tail {
        let is_snapshot = matches!(self.kind, ReportKind::Contexts { what: ContextsKind::Snapshot, .. });
        Tail { ids: self.ids, hash, created_at: (!is_snapshot).then(|| self.wall.unix_seconds()) }
    }

    fn info(&self, node: &Node<dyn Device + '_>, w: &mut Window<'_>) -> fmt::Result {
        let facts = node.device.facts();
        let (claim, id, guid) = (self.ids.claim.text(), self.ids.node.text(), node.status.machine_guid.text());
        let version = Digits::of(format_args!("v{AGENT_VERSION}"));
        let (frequency, memory) = (Digits::number(facts.cpu_frequency), Digits::number(facts.memory));
        let disk = Digits::number(facts.disk_space);
        let capabilities = capabilities();
        let list = || Capabilities { capabilities: &capabilities };
        let mut labels = [const { None }; LABELS_MAX].map(|_: Option<()>| Label::default());
        let mut count = 0;
        for (slot, (key, value)) in labels.iter_mut().zip(facts.labels) {
            (slot.key, slot.value) = (key, value);
            count += 1;
        }
        loop {
            let data = NodeInfo {
                name: &node.status.hostname,
                os: facts.os,
                os_name: facts.os_name,
                os_version: facts.os_version,
                kernel_name: facts.kernel_name,
                kernel_version: facts.kernel_version,
                architecture: facts.architecture,
                cpus: facts.cpus,
                cpu_frequency: frequency.text(),
                memory: memory.text(),
                disk_space: disk.text(),
                version: version.text(),
                release_channel: "stable",
                timezone: facts.timezone,
                virtualization_type: facts.virtualization,
                container_type: facts.container,
                machine_guid: &guid,
                host_labels: labels.get(..count).unwrap_or_default(),
                ml_info: Some(MachineLearningInfo::default()),
                ..NodeInfo::default()
            };
            let info = UpdateNodeInfo {
                claim_id: &claim,
                data: Some(data),
                updated_at: Some(Timestamp::of(self.wall)),
                machine_guid: &guid,
                node_id: &id,
                ml_info: Some(MachineLearningInfo::default()),
                node_info: Some(list()),
                node_instance_info: Some(list()),
                ..UpdateNodeInfo::default()
            };
            if encoded_len(&info) <= INFO_MAX {
                return put(w, None, &info);
            }
            if count == 0 {
                return Ok(());
            }
            count -= 1;
        }
    }
}

fn context<'a>(chart: &ChartInfo<'a>, span: Span) -> ContextUpdated<'a> {
    ContextUpdated {
        id: chart.context,
        version: span.version,
        first_entry: span.first,
        title: chart.title,
        priority: u64::from(chart.priority),
        chart_type: chart.kind.name(),
        units: chart.units,
        family: chart.family,
        ..ContextUpdated::default()
    }
}

/// The end of a message about contexts.
struct Tail {
    ids: Ids,
    hash: u64,
    created_at: Option<u64>,
}

impl Encode for Tail {
    fn fields(&self, fields: &mut Fields<'_>) {
        let (claim, node) = (self.ids.claim.text(), self.ids.node.text());
        match self.created_at {
            None => {
                let snapshot = ContextsSnapshot { claim_id: &claim, node_id: &node, version: self.hash, contexts: &[] };
                snapshot.fields(fields);
            }
            Some(created_at) => {
                let (claim_id, node_id) = (&*claim, &*node);
                ContextsUpdated { claim_id, node_id, version_hash: self.hash, created_at, contexts: &[] }
                    .fields(fields);
            }
        }
    }
}

/// Bytes of a field: tag, length, content of `len` bytes.
const fn framed_len(len: usize) -> usize {
    len + match len {
        0..0x80 => 2,
        0x80..0x4000 => 3,
        _ => 5,
    }
}

/// Writes a message, as a field of another one if its number is given. One that is longer than [`PART_MAX`] is left out.
fn put_part(w: &mut Window<'_>, number: Option<u32>, message: &dyn Encode) -> fmt::Result {
    if encoded_len(message) > PART_MAX { Ok(()) } else { put(w, number, message) }
}

/// The same, whatever its length.
fn put(w: &mut Window<'_>, number: Option<u32>, message: &dyn Encode) -> fmt::Result {
    let mut result = Ok(());
    let mut out = |piece: &[u8]| {
        if result.is_ok() {
            result = w.put(piece);
        }
    };
    match number {
        Some(number) => protobuf::encode_field(number, message, &mut out),
        None => protobuf::encode(message, &mut out),
    }
    result
}

/// A number as text; empty for 0, which means that it is not known.
struct Digits(heapless::String<20>);

impl Digits {
    fn number(value: u64) -> Self {
        if value == 0 { Self(heapless::String::new()) } else { Self::of(value) }
    }

    fn of(value: impl fmt::Display) -> Self {
        let mut text = heapless::String::new();
        // The longest number of 64 bits has 20 digits.
        let _ = write!(text, "{value}");
        Self(text)
    }

    fn text(&self) -> &str {
        &self.0
    }
}
