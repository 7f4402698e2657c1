//! HTTP over the link: requests, the queue they wait in, and the head of a reply (protocol.md 3.3).

mod http;

use super::topics::TOPIC_MAX;
use crate::api::{Method, Request};
use crate::clock::{Instant, Now};
use crate::encoding::Encoding;
use crate::text::Text;
use crate::wire::buffer::Writer;
use crate::wire::json::{self, Escaped, Reader, Shape, Unfit};
use crate::wire::mqtt::is_topic_name;
use core::time::Duration;
use http::Http;

/// Longest `msg-id`, in bytes. Those of Netdata Cloud have 36.
pub const MSG_ID_MAX: usize = 64;
/// Longest request target, in bytes.
pub const TARGET_MAX: usize = 1024;
/// The most an entry without target takes in the queue, in bytes.
pub const REFUSAL_MAX: usize = HEADER + MSG_ID_MAX + TOPIC_MAX;
/// Most requests that can wait, refused ones not counted.
pub const QUERIES_MAX: u16 = 64;

/// How long a request may wait if it does not say so itself.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The longest it may wish to wait.
const TIMEOUT_MAX: Duration = Duration::from_secs(300);
const BLANK_LINE: &[u8] = b"\r\n\r\n";
/// Room for a string of the envelope without its escapes.
const SCRATCH: usize = 256;
/// Bytes of an entry before its texts.
const HEADER: usize = 26;

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is not HTTP as expected.
    Malformed = 1,
    /// The queue is full.
    Busy = 2,
    /// It has waited for longer than it may.
    Late = 3,
    /// The answer is longer than the Cloud takes.
    TooLarge = 4,
}

impl Refusal {
    /// `http-code`, and if it has one `error-code` with its description.
    #[must_use]
    pub const fn codes(self) -> (u16, Option<(u8, &'static str)>) {
        match self {
            Self::Malformed => (400, None),
            Self::Busy => (503, Some((6, "too many requests are waiting"))),
            Self::Late => (503, Some((6, "the request has waited for too long"))),
            Self::TooLarge => (413, Some((4, "the answer is over the maximum packet size"))),
        }
    }

    const fn of(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Malformed),
            2 => Some(Self::Busy),
            3 => Some(Self::Late),
            4 => Some(Self::TooLarge),
            _ => None,
        }
    }
}

/// A request that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Until when.
    pub deadline: Instant,
    /// When it came, in microseconds since 1970.
    pub received_us: u64,
    /// The packet id that is still to be acknowledged.
    pub owed: Option<u16>,
    /// Set if it will not be answered as asked.
    pub refusal: Option<Refusal>,
    /// `msg-id`.
    pub msg_id: &'a str,
    /// Where the reply goes.
    pub callback: &'a str,
    /// What is asked.
    pub request: Request<'a>,
}

/// What became of a request that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It waits, and can be acknowledged.
    Waits,
    /// It waits to be refused. It must not be acknowledged before: that keeps the Cloud from sending more of them than
    /// there is room for.
    Refused,
    /// Nobody could be told, because of this.
    Lost(Text<128>),
    /// There is no room for another refusal: the Cloud does not keep to our Receive Maximum.
    Overrun,
}

/// Requests that wait, packed in storage of a fixed size.
#[derive(Debug)]
pub struct Queue<B> {
    storage: B,
    len: usize,
    queries: u16,
}

/// What the envelope says.
#[derive(Default)]
struct Envelope {
    is_http: bool,
    msg_id: heapless::String<MSG_ID_MAX>,
    callback: heapless::String<TOPIC_MAX>,
    version: Option<u64>,
    timeout: Option<u64>,
}

const MEMBERS: Shape =
    Shape { what: "an envelope", members: &["type", "msg-id", "callback-topic", "version", "timeout"], required: 0 };
const MSG_ID: &str = "a string no more than 64 bytes long";
const CALLBACK: &str = "a string no more than 128 bytes long";
const _: () = assert!(MSG_ID_MAX == 64 && TOPIC_MAX == 128);

impl Envelope {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Unfit> {
        reader.object(&MEMBERS, &mut |reader, member| {
            if reader.is_null() {
                return Ok(());
            }
            match member {
                0 => reader.string("text", &mut |kind| {
                    self.is_http = kind == "http";
                    true
                }),
                1 => reader.string_into(MSG_ID, &mut self.msg_id),
                2 => reader.string_into(CALLBACK, &mut self.callback),
                3 => reader.unsigned("u64", u64::MAX).map(|version| self.version = Some(version)),
                _ => reader.unsigned("u64", u64::MAX).map(|timeout| self.timeout = Some(timeout)),
            }
        })
    }
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> Queue<B> {
    /// Nothing waits.
    pub const fn new(storage: B) -> Self {
        Self { storage, len: 0, queries: 0 }
    }

    /// The session is over: nobody waits for an answer any more.
    pub const fn clear(&mut self) {
        (self.len, self.queries) = (0, 0);
    }

    /// Takes in a request. At most `maximum` wait at a time; those beyond are refused.
    #[inline(never)]
    pub fn receive(&mut self, payload: &[u8], packet: Option<u16>, maximum: u16, now: Now) -> Outcome {
        let (head, http) = split(payload).unwrap_or((payload, b""));
        let mut envelope = Envelope::default();
        if let Err(error) = json::read(head, &mut [0; SCRATCH], &mut |reader| envelope.read(reader)) {
            return Outcome::Lost(Text::of(format_args!("a request whose envelope is no good: {error}")));
        }
        let lost = |what: &str| Outcome::Lost(Text::of(format_args!("a request {what}")));
        if !envelope.is_http || envelope.version.is_none_or(|version| version < 2) {
            return lost("that is not HTTP, version 2");
        }
        let Envelope { msg_id, callback, .. } = &envelope;
        if msg_id.is_empty() {
            return lost("without msg-id");
        }
        if !callback.starts_with('/') || !is_topic_name(callback) {
            return lost("without a callback topic that can be used");
        }
        let timeout = envelope.timeout.map_or(TIMEOUT, Duration::from_millis).min(TIMEOUT_MAX);
        let nothing = Http { method: Method::Other, target: "", encoding: Encoding::Identity };
        let (refusal, asked) = match Http::read(http) {
            None => (Some(Refusal::Malformed), nothing),
            Some(_) if self.queries >= maximum.min(QUERIES_MAX) => (Some(Refusal::Busy), nothing),
            Some(asked) => (None, asked),
        };
        let raw = Raw {
            deadline: now.instant + timeout,
            received_us: now.wall.unix_us,
            owed: packet.unwrap_or(0),
            refusal: refusal.map_or(0, |refusal| refusal as u8),
            method: asked.method,
            encoding: asked.encoding,
            msg_id,
            callback,
            target: asked.target,
        };
        if refusal.is_none() {
            // Room is kept for as many refusals as can be on their way.
            let kept = REFUSAL_MAX.saturating_mul(maximum.into());
            if self.push(&Raw { owed: 0, ..raw }, kept) {
                self.queries += 1;
                return Outcome::Waits;
            }
        }
        let refused = Raw { target: "", refusal: refusal.unwrap_or(Refusal::Busy) as u8, ..raw };
        // One that need not be acknowledged leaves the room for those that must be: the Cloud may send as many of these as we
        // said, whatever else it sends.
        let owed = self.places().filter(|(_, raw)| raw.owed != 0).count();
        let kept = match packet {
            Some(_) => 0,
            None => REFUSAL_MAX.saturating_mul(usize::from(maximum).saturating_sub(owed)),
        };
        match (self.push(&refused, kept), packet) {
            (true, _) => Outcome::Refused,
            (false, Some(_)) => Outcome::Overrun,
            (false, None) => lost("beyond the queue, and sent so that it need not be acknowledged"),
        }
    }

    /// Where the request is that comes next: those that are refused come first.
    pub fn next(&self) -> Option<usize> {
        let refused = self.places().find(|(_, raw)| raw.refusal != 0);
        refused.or_else(|| self.places().next()).map(|(at, _)| at)
    }

    /// The request at `at`.
    pub fn get(&self, at: usize) -> Option<Entry<'_>> {
        let raw = self.raw(at)?;
        Some(Entry {
            deadline: raw.deadline,
            received_us: raw.received_us,
            owed: (raw.owed != 0).then_some(raw.owed),
            refusal: Refusal::of(raw.refusal),
            msg_id: raw.msg_id,
            callback: raw.callback,
            request: Request::parse(raw.method, raw.target).accepting(raw.encoding),
        })
    }

    /// The request at `at` will be refused.
    pub fn refuse(&mut self, at: usize, refusal: Refusal) {
        if self.raw(at).is_none_or(|raw| raw.refusal != 0) {
            return;
        }
        if let Some(place) = self.storage.as_mut().get_mut(at + REFUSAL_AT) {
            *place = refusal as u8;
            self.queries = self.queries.saturating_sub(1);
        }
    }

    /// The request at `at` is done with.
    pub fn remove(&mut self, at: usize) {
        let Some(raw) = self.raw(at) else { return };
        let (size, waits) = (raw.size(), raw.refusal == 0);
        if waits {
            self.queries = self.queries.saturating_sub(1);
        }
        // The entry lies within what is used.
        self.storage.as_mut().copy_within(at + size..self.len, at);
        self.len -= size;
    }

    /// The Cloud no longer wants the answer to the request `msg_id`.
    pub fn cancel(&mut self, msg_id: &str) {
        let found = self.places().find(|(_, raw)| raw.msg_id == msg_id && raw.refusal == 0).map(|(at, _)| at);
        if let Some(at) = found {
            self.remove(at);
        }
    }

    fn push(&mut self, raw: &Raw<'_>, kept: usize) -> bool {
        let size = raw.size();
        let space = self.storage.as_mut().get_mut(self.len..).unwrap_or_default();
        if space.len() < size.saturating_add(kept) {
            return false;
        }
        let mut w = Writer::new(space);
        raw.write(&mut w);
        let written = w.finish().is_ok();
        if written {
            self.len += size;
        }
        written
    }

    fn raw(&self, at: usize) -> Option<Raw<'_>> {
        Raw::read(self.storage.as_ref().get(at..self.len)?)
    }

    fn places(&self) -> impl Iterator<Item = (usize, Raw<'_>)> {
        let mut at = 0;
        core::iter::from_fn(move || {
            let raw = self.raw(at)?;
            let place = at;
            at += raw.size();
            Some((place, raw))
        })
    }
}

/// An entry as it lies in the storage.
#[derive(Debug, Clone, Copy)]
struct Raw<'a> {
    deadline: Instant,
    received_us: u64,
    owed: u16,
    refusal: u8,
    method: Method,
    encoding: Encoding,
    msg_id: &'a str,
    callback: &'a str,
    target: &'a str,
}

/// Where the refusal lies in an entry.
const REFUSAL_AT: usize = 18;
/// In the byte of the method: the answer may be compressed.
const GZIP: u8 = 0x80;

impl<'a> Raw<'a> {
    const fn size(&self) -> usize {
        HEADER + self.msg_id.len() + self.callback.len() + self.target.len()
    }

    /// The lengths fit: texts have their limits.
    fn write(&self, w: &mut Writer<'_>) {
        w.put(&self.deadline.as_micros().to_be_bytes());
        w.put(&self.received_us.to_be_bytes());
        w.put_u16(self.owed);
        w.put_u8(self.refusal);
        w.put_u8(self.method as u8 | if self.encoding == Encoding::Gzip { GZIP } else { 0 });
        for text in [self.msg_id, self.callback, self.target] {
            w.put_u16(u16::try_from(text.len()).unwrap_or(0));
        }
        for text in [self.msg_id, self.callback, self.target] {
            w.put(text.as_bytes());
        }
    }

    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (deadline, rest) = bytes.split_first_chunk::<8>()?;
        let (received_us, rest) = rest.split_first_chunk::<8>()?;
        let (&[high, low, refusal, method], rest) = rest.split_first_chunk::<4>()?;
        let (lens, rest) = rest.split_first_chunk::<6>()?;
        let [a, b, c, d, e, f] = *lens;
        let (msg_id, rest) = text(rest, [a, b])?;
        let (callback, rest) = text(rest, [c, d])?;
        let (target, _) = text(rest, [e, f])?;
        Some(Self {
            deadline: Instant::from_micros(u64::from_be_bytes(*deadline)),
            received_us: u64::from_be_bytes(*received_us),
            owed: u16::from_be_bytes([high, low]),
            refusal,
            method: Method::of_number(method & !GZIP),
            encoding: if method & GZIP != 0 { Encoding::Gzip } else { Encoding::Identity },
            msg_id,
            callback,
            target,
        })
    }
}

fn text(bytes: &[u8], len: [u8; 2]) -> Option<(&str, &[u8])> {
    let (text, rest) = bytes.split_at_checked(u16::from_be_bytes(len).into())?;
    Some((core::str::from_utf8(text).ok()?, rest))
}

fn split(payload: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = payload.windows(BLANK_LINE.len()).position(|window| window == BLANK_LINE)?;
    Some((payload.get(..at)?, payload.get(at + BLANK_LINE.len()..)?))
}

/// The head of a reply: the envelope, in the order of the original.
#[derive(Debug, Clone, Copy)]
pub struct ReplyHead<'a> {
    /// That of the request.
    pub msg_id: &'a str,
    /// Now.
    pub now_us: u64,
    /// The session id, which is the time of the connection attempt in microseconds since 1970.
    pub session_id: u64,
    /// When the request came, in microseconds since 1970.
    pub received_us: u64,
    /// HTTP status.
    pub code: u16,
    /// `error-code` and `error-description`.
    pub error: Option<(u8, &'static str)>,
}

impl ReplyHead<'_> {
    /// Writes the envelope, without the blank line behind it.
    pub fn write(&self, w: &mut Writer<'_>) {
        const SECOND: u64 = 1_000_000;
        let Self { msg_id, now_us: now, session_id: session, received_us: received, code, error } = *self;
        w.put_fmt(format_args!("{{\"type\":\"http\",\"msg-id\":\"{}\",", Escaped(msg_id)));
        w.put_fmt(format_args!("\"timestamp\":{},\"timestamp-offset-usec\":{},", now / SECOND, now % SECOND));
        w.put_fmt(format_args!("\"connect\":{},\"connect-offset-usec\":{},", session / SECOND, session % SECOND));
        w.put_fmt(format_args!("\"version\":2,\"t-exec\":{},", now.saturating_sub(received)));
        w.put_fmt(format_args!("\"t-rx\":{received},\"http-code\":{code}"));
        if let Some((number, description)) = error {
            w.put_fmt(format_args!(",\"error-code\":{number},\"error-description\":\"{description}\""));
        }
        w.put_u8(b'}');
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Queue, REFUSAL_MAX, Refusal};
    use crate::api::{Method, Request};
    use crate::clock::{Instant, Now, Trust, WallTime};
    use crate::encoding::Encoding;
    use std::format;
    use std::string::String;
    use std::vec;
    use std::vec::Vec;

    fn now() -> Now {
        Now { instant: Instant::from_micros(7), wall: WallTime { unix_us: 9, trust: Trust::Trusted } }
    }

    fn request(id: &str, http: &str) -> String {
        format!(
            "{{\"type\":\"http\",\"msg-id\":\"{id}\",\"callback-topic\":\"\\/svc\\/{id}\",\"version\":2,\
             \"timeout\":1000}}\r\n\r\n{http}"
        )
    }

    const INFO: &str = "GET /api/v1/info?x HTTP/1.1\r\nAccept: */*\r\n\r\n";

    #[test]
    fn requests_wait_in_their_order_and_those_beyond_the_maximum_are_refused() {
        let mut queue = Queue::new(vec![0; 4096]);
        for (index, outcome) in [Outcome::Waits, Outcome::Waits, Outcome::Refused, Outcome::Refused].iter().enumerate()
        {
            let payload = request(&format!("m{index}"), INFO);
            assert_eq!(queue.receive(payload.as_bytes(), Some(index as u16 + 1), 2, now()), *outcome);
        }
        let mut order = Vec::new();
        while let Some(at) = queue.next() {
            let entry = queue.get(at).unwrap();
            order.push((String::from(entry.msg_id), String::from(entry.callback), entry.refusal, entry.owed));
            queue.remove(at);
        }
        let row = |id: &str, refusal, owed| (String::from(id), format!("/svc/{id}"), refusal, owed);
        let busy = Some(Refusal::Busy);
        let expected =
            [row("m2", busy, Some(3)), row("m3", busy, Some(4)), row("m0", None, None), row("m1", None, None)];
        assert_eq!(order, expected);
        let packed = INFO.replace("\r\n\r\n", "\r\nAccept-Encoding: gzip\r\n\r\n");
        assert_eq!(queue.receive(request("m9", INFO).as_bytes(), None, 3, now()), Outcome::Waits);
        assert_eq!(queue.receive(request("m10", &packed).as_bytes(), None, 3, now()), Outcome::Waits);
        let info = Request::parse(Method::Get, "/api/v1/info?x");
        let first = queue.next().unwrap();
        let second = first + queue.raw(first).unwrap().size();
        assert_eq!(queue.get(second).unwrap().request, info.accepting(Encoding::Gzip));
        let entry = queue.get(first).unwrap();
        assert_eq!(entry.request, info);
        assert_eq!((entry.deadline, entry.received_us), (Instant::from_micros(1_000_007), 9));
    }

    #[test]
    fn what_is_not_http_is_refused_and_what_cannot_be_answered_is_lost_by_name() {
        let mut queue = Queue::new(vec![0; 8192]);
        for http in [
            "",
            "GET /x HTTP/1.1\r\n",
            "PATCH /x HTTP/1.1\r\n\r\n",
            "GET x HTTP/1.1\r\n\r\n",
            "GET /x HTTP/1.0\r\n\r\n",
            "GET  HTTP/1.1\r\n\r\n",
            "\u{0}\r\n\r\n",
            "GET /a b HTTP/1.1\r\n\r\n",
        ] {
            assert_eq!(queue.receive(request("m", http).as_bytes(), Some(1), 4, now()), Outcome::Refused, "{http:?}");
            let at = queue.next().unwrap();
            assert_eq!(queue.get(at).unwrap().refusal, Some(Refusal::Malformed));
            queue.remove(at);
        }
        for (text, named) in [
            ("garbage", "envelope"),
            ("{}", "version 2"),
            (r#"{"type":"http","version":1,"msg-id":"m","callback-topic":"/x"}"#, "version 2"),
            (r#"{"type":"http","version":2,"callback-topic":"/x"}"#, "msg-id"),
            (r#"{"type":"http","version":2,"msg-id":"m","callback-topic":"x"}"#, "callback"),
            (r#"{"type":"http","version":2,"msg-id":"m","callback-topic":"/+"}"#, "callback"),
        ] {
            let Outcome::Lost(why) = queue.receive(text.as_bytes(), Some(1), 4, now()) else { panic!("{text}") };
            assert!(why.as_str().contains(named), "{text}: {why}");
        }
        assert_eq!(queue.next(), None);
    }

    #[test]
    fn there_is_always_room_to_refuse_as_many_as_may_be_on_their_way() {
        let mut queue = Queue::new(vec![0; 3 * REFUSAL_MAX + 300]);
        let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(200));
        let mut take = |id: &str| queue.receive(request(id, &long).as_bytes(), Some(1), 3, now());
        assert_eq!(take("m0"), Outcome::Waits);
        let refused = (0..20).take_while(|_| take(&"m".repeat(64)) == Outcome::Refused).count();
        assert!(refused >= 3, "{refused}");
        assert_eq!(take(&"m".repeat(64)), Outcome::Overrun);
    }

    #[test]
    fn requests_that_need_no_acknowledgement_never_take_the_room_of_those_that_do() {
        let maximum = 3;
        let mut queue = Queue::new(vec![0; 2048]);
        let mut take = |packet| queue.receive(request(&"m".repeat(64), INFO).as_bytes(), packet, maximum, now());
        let outcomes: Vec<_> = (0..100).map(|_| take(None)).collect();
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Waits).count(), usize::from(maximum));
        assert!(outcomes.contains(&Outcome::Refused), "{outcomes:?}");
        assert!(matches!(outcomes.last(), Some(Outcome::Lost(_))), "{outcomes:?}");
        for id in 1..=maximum {
            assert_eq!(take(Some(id)), Outcome::Refused);
            // A place may be left over, if the one before was no long one. It is not the last.
            take(None);
        }
    }

    #[test]
    fn a_cancelled_request_is_gone_and_a_late_one_is_refused() {
        let mut queue = Queue::new(vec![0; 4096]);
        for id in ["a", "b", "c"] {
            queue.receive(request(id, INFO).as_bytes(), None, 3, now());
        }
        queue.cancel("b");
        queue.cancel("nobody");
        queue.refuse(queue.next().unwrap(), Refusal::Late);
        let ids = |queue: &Queue<Vec<u8>>| queue.places().map(|(_, raw)| String::from(raw.msg_id)).collect::<Vec<_>>();
        assert_eq!(ids(&queue), ["a", "c"]);
        assert_eq!(queue.queries, 1);
        queue.cancel("a");
        assert_eq!(ids(&queue), ["a", "c"], "its refusal is under way");
    }
}
