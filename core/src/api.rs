//! The one answerer: requests to the node, and their answers. The link carries them, and so can a local HTTP
//! server.
//!
//! ```text
//!  Request::parse(method, target) ──> respond(request, node, now) ──> Answer { status, content_type, len }
//!                                                                          │  fill(node, buffer), again and again
//!                                                                          └─ release(node)
//! ```
//!
//! An [`Answer`] is never there as a whole. Its length is known before its first byte, and it is written in pieces of any
//! size, over a view of the samples that does not move meanwhile. So a device of 64 KiB can answer with more than that.
//! If the request accepts it and the device has an [`Encoder`], it is one gzip stream.
//!
//! | path | answer |
//! |---|---|
//! | `/api/v1/info` | what the node is, and the four keys of protocol.md 5.1 |
//! | `/api/v1/charts` | all charts |
//! | `/api/v1/chart?chart=` | one of them |
//! | `/api/v1/data?chart=` | samples: `after`, `before`, `points`, `group` (`average`, `min`, `max`, `sum`), `format` (`json`, `csv`) |
//! | `/api/v1/allmetrics` | the newest samples, as Prometheus reads them |
//! | `/api/v3/info` | how the link is, and if it is not up, why |
//!
//! `/host/<machine GUID>` and `/node/<node id>` in front of them name this node, or one that is not here (404).

mod charts;
mod data;
mod date;
mod head;
mod info;
mod prometheus;
mod request;
pub mod state;
#[cfg(test)]
mod tests;

pub use head::{Head, reason_phrase};
pub use request::{Method, PARAMETER_MAX, Request};

use crate::clock::Now;
use crate::encoding::{Encoder, Encoding, GZIP_MIN, PIECE, Stream};
use crate::metrics::{Device, Pin};
use crate::node::{LinkStatus, Node, Status};
use crate::text::Text;
use crate::wire::parts::{self, Cursor, Window};
use core::fmt::{self, Write};
use core::ops::Range;
use data::Data;
use request::ROOM;

const JSON: &str = "application/json; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// An answer that is being written. Its view of the samples is held for as long as that goes on, however slowly. Call
/// [`release`](Self::release) when done with it, or the view stays for [`PIN_SECONDS`](crate::metrics::PIN_SECONDS) more,
/// and the encoder of the device may be kept for ever.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Value of `Content-Type`.
    pub content_type: &'static str,
    /// How the body is encoded.
    pub encoding: Encoding,
    len: u64,
    left: u64,
    plain: Plain,
    /// What it is compressed with, until its last byte is written.
    stream: Option<Stream>,
    pin: Option<Pin>,
}

/// A body as it is, written in pieces.
#[derive(Debug)]
struct Plain {
    body: Body,
    frozen: Frozen,
    len: u64,
    left: u64,
    cursor: Cursor,
}

#[derive(Debug)]
enum Body {
    /// One line for people.
    Line(Text<160>),
    Info,
    InfoV3,
    Charts,
    Chart(usize),
    Data(Data),
    Metrics,
}

/// What an answer must not see change.
#[derive(Debug)]
pub(crate) struct Frozen {
    now: Now,
    link: LinkStatus,
    /// Why there is to be no link, if somebody has switched it off.
    switched_off: Option<&'static str>,
    /// The seconds that there are samples of.
    range: Range<u64>,
}

/// Why a request cannot be answered as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal<'a> {
    /// It is about another node.
    OtherNode {
        kind: &'static str,
        id: &'a str,
    },
    /// There is nothing at this path.
    Unsupported(&'a str),
    UnknownChart,
    NoChart,
    /// This parameter is not encoded as it should be.
    NotText(&'static str),
    NotInteger(&'static str),
    /// This parameter is not what it may be.
    Not(&'static str, &'static str),
    Method,
    Busy,
}

/// Answers `request`. Whatever it asks, there is an answer.
pub fn respond(request: &Request<'_>, node: &mut Node<dyn Device + '_>, now: Now) -> Answer {
    let Status { link, switched_off, .. } = &node.status;
    let frozen = Frozen { now, link: link.clone(), switched_off: *switched_off, range: node.device.samples().range() };
    let (status, content_type, body, pin) = match route(request, node, &frozen) {
        Ok((content_type, body, pin)) => (200, content_type, body, pin),
        Err(refusal) => {
            let (status, line) = refusal.line(request);
            (status, TEXT, Body::Line(line), None)
        }
    };
    let plain = Plain::new(body, frozen, node);
    let (encoding, len) = (Encoding::Identity, plain.len);
    let mut answer = Answer { status, content_type, encoding, len, left: len, plain, stream: None, pin };
    if request.encoding == Encoding::Gzip
        && len >= GZIP_MIN
        && let Some(encoder) = node.device.encoder()
    {
        answer.compress(node, encoder);
    }
    answer
}

impl Answer {
    /// Length of the body in bytes, encoded.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is no body.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether it holds a view of the samples, of which there are [`PINS`](crate::metrics::PINS).
    #[must_use]
    pub const fn holds_view(&self) -> bool {
        self.pin.is_some()
    }

    /// Writes the next piece of the body into `buffer` and yields its length: `buffer` is full, or the body has ended (0
    /// from then on). In total it is [`len`](Self::len) bytes, whatever the device does meanwhile. Between two pieces there
    /// may be [`PIN_SECONDS`](crate::metrics::PIN_SECONDS); after that the view is given up, and what is overwritten is gaps.
    pub fn fill(&mut self, node: &mut Node<dyn Device + '_>, buffer: &mut [u8]) -> usize {
        if let Some(pin) = &self.pin {
            node.device.samples_mut().renew(pin);
        }
        let node = &*node;
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let buffer = buffer.get_mut(..most).unwrap_or_default();
        match (&self.stream, node.device.encoder()) {
            (Some(stream), Some(encoder)) => {
                let filled = self.plain.pack(node, encoder, stream, buffer);
                // Only a device that breaks its promises leaves anything to fill up, or settings that were read anew meanwhile.
                buffer.get_mut(filled..).unwrap_or_default().fill(0);
            }
            _ => self.plain.fill(node, buffer),
        }
        self.left -= most as u64;
        if self.left == 0 {
            self.end_stream(node);
        }
        most
    }

    /// Lets go of the view and of the encoder.
    pub fn release(mut self, node: &mut Node<dyn Device + '_>) {
        self.end_stream(node);
        if let Some(pin) = self.pin {
            node.device.samples_mut().unpin(pin);
        }
    }

    /// Makes it one gzip stream, unless all streams are under way, or that makes it no shorter.
    // Not inlined: a device without an encoder has no room for its pieces on the stack.
    #[inline(never)]
    fn compress(&mut self, node: &Node<dyn Device + '_>, encoder: &dyn Encoder) {
        let Some(stream) = encoder.begin() else { return };
        let (mut len, mut scratch) = (0_u64, [0; PIECE]);
        loop {
            let count = self.plain.pack(node, encoder, &stream, &mut scratch);
            len += count as u64;
            if count < scratch.len() {
                break;
            }
        }
        self.plain.rewind();
        if len >= self.len {
            return encoder.end(stream);
        }
        encoder.restart(&stream);
        (self.encoding, self.len, self.left) = (Encoding::Gzip, len, len);
        self.stream = Some(stream);
    }

    fn end_stream(&mut self, node: &Node<dyn Device + '_>) {
        if let (Some(stream), Some(encoder)) = (self.stream.take(), node.device.encoder()) {
            encoder.end(stream);
        }
    }
}

impl Plain {
    fn new(body: Body, frozen: Frozen, node: &Node<dyn Device + '_>) -> Self {
        let len = parts::measure(body.parts(node), |part, w| body.write(part, node, &frozen, w));
        Self { body, frozen, len, left: len, cursor: Cursor::START }
    }

    /// Begins again.
    const fn rewind(&mut self) {
        (self.left, self.cursor) = (self.len, Cursor::START);
    }

    /// Writes the next piece into `buffer`, which is not longer than what is left.
    fn fill(&mut self, node: &Node<dyn Device + '_>, buffer: &mut [u8]) {
        let (body, frozen) = (&self.body, &self.frozen);
        let count = body.parts(node);
        let filled = parts::fill(&mut self.cursor, count, buffer, |part, w| body.write(part, node, frozen, w));
        // Only a device that breaks its promises leaves anything to fill up.
        buffer.get_mut(filled..).unwrap_or_default().fill(b' ');
        self.left = self.left.saturating_sub(buffer.len() as u64);
    }

    /// Writes the next piece of its compression into `buffer` and yields its length: `buffer` is full, or that was all.
    #[inline(never)]
    fn pack(
        &mut self,
        node: &Node<dyn Device + '_>,
        encoder: &dyn Encoder,
        stream: &Stream,
        buffer: &mut [u8],
    ) -> usize {
        let mut filled = 0;
        loop {
            filled += encoder.take(stream, buffer.get_mut(filled..).unwrap_or_default());
            if filled >= buffer.len() || self.left == 0 {
                return filled;
            }
            let mut piece = [0; PIECE];
            let most = usize::try_from(self.left).unwrap_or(PIECE).min(PIECE);
            let piece = piece.get_mut(..most).unwrap_or_default();
            self.fill(node, piece);
            encoder.feed(stream, piece, self.left == 0);
        }
    }
}

type Routed<'a> = Result<(&'static str, Body, Option<Pin>), Refusal<'a>>;

fn route<'a>(request: &Request<'a>, node: &mut Node<dyn Device + '_>, frozen: &Frozen) -> Routed<'a> {
    if request.method != Method::Get {
        return Err(Refusal::Method);
    }
    let path = request.path_on(&node.status)?;
    let plain = |content_type, body| Ok((content_type, body, None));
    match path {
        "/api/v1/info" => plain(JSON, Body::Info),
        "/api/v3/info" => plain(JSON, Body::InfoV3),
        "/api/v1/charts" => plain(JSON, Body::Charts),
        "/api/v1/chart" => plain(JSON, Body::Chart(chart(request, node)?)),
        "/api/v1/data" => {
            let chart = chart(request, node)?;
            let data = Data::parse(request, chart, node, frozen)?;
            let pin = node.device.samples_mut().pin(data.seconds()).ok_or(Refusal::Busy)?;
            Ok((data.content_type(), Body::Data(data), Some(pin)))
        }
        "/api/v1/allmetrics" => {
            match request.parameter("format", &mut { ROOM })? {
                None | Some("prometheus") => {}
                Some(_) => return Err(Refusal::Not("format", "prometheus")),
            }
            let newest = frozen.range.end.saturating_sub(1)..frozen.range.end;
            let pin = node.device.samples_mut().pin(newest).ok_or(Refusal::Busy)?;
            Ok((PROMETHEUS, Body::Metrics, Some(pin)))
        }
        _ => Err(Refusal::Unsupported(path)),
    }
}

/// The chart that the parameter `chart` names.
fn chart<'a>(request: &Request<'a>, node: &Node<dyn Device + '_>) -> Result<usize, Refusal<'a>> {
    let mut room = ROOM;
    let id = request.parameter("chart", &mut room)?.ok_or(Refusal::NoChart)?;
    node.device.charts().iter().position(|chart| chart.id == id).ok_or(Refusal::UnknownChart)
}

impl Refusal<'_> {
    /// Status and body of the answer to `request`.
    fn line(self, request: &Request<'_>) -> (u16, Text<160>) {
        let status = match self {
            Self::OtherNode { .. } | Self::Unsupported(_) | Self::UnknownChart => 404,
            Self::NoChart | Self::NotText(_) | Self::NotInteger(_) | Self::Not(..) => 400,
            Self::Method => 405,
            Self::Busy => 503,
        };
        let line = fmt::from_fn(|f| match self {
            Self::OtherNode { kind, id } => write!(f, "this is not the {kind} {id}"),
            Self::Unsupported(path) => write!(f, "Unsupported API command: {path}"),
            Self::UnknownChart => {
                let mut room = ROOM;
                let id = request.parameter("chart", &mut room).ok().flatten().unwrap_or_default();
                write!(f, "Chart is not found: {id}")
            }
            Self::NoChart => f.write_str("the parameter chart is missing"),
            Self::NotText(name) => {
                write!(f, "the parameter {name} is not percent-encoded text of at most {PARAMETER_MAX} bytes")
            }
            Self::NotInteger(name) => write!(f, "the parameter {name} is not an integer"),
            Self::Not(name, wanted) => write!(f, "the parameter {name} is not {wanted}"),
            Self::Method => f.write_str("this node takes GET requests only"),
            Self::Busy => f.write_str("too many answers are under way"),
        });
        (status, Text::of(line))
    }
}

impl Body {
    fn parts(&self, node: &Node<dyn Device + '_>) -> u64 {
        let charts = node.device.charts().len() as u64;
        match self {
            Self::Line(_) | Self::InfoV3 | Self::Chart(_) => 1,
            Self::Info => 3,
            Self::Charts => charts + 2,
            Self::Metrics => charts + 1,
            Self::Data(data) => data.parts(),
        }
    }

    fn write(&self, part: u64, node: &Node<dyn Device + '_>, frozen: &Frozen, w: &mut Window<'_>) -> fmt::Result {
        let device = &node.device;
        let index = usize::try_from(part).unwrap_or(usize::MAX);
        match self {
            Self::Line(line) => w.write_str(line.as_str()),
            Self::Info => info::write(part, &node.status, device, frozen, w),
            Self::InfoV3 => info::write_v3(&node.status, frozen, w),
            Self::Charts => charts::write(index, &node.status, device, frozen, w),
            Self::Chart(chart) => charts::write_one(*chart, device, frozen, w),
            Self::Data(data) => data.write(part, device, w),
            Self::Metrics => prometheus::write(index, &node.status, device, frozen, w),
        }
    }
}
