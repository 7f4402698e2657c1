//! One connection, from its first byte to its end.

use super::request::{self, Refusal, Request, Verb, could_be_http, empty_lines, end_of_head};
use super::{Page, Pages};
use aclk_core::api::{self, Answer, Head, Method};
use aclk_core::clock::{Clock, Instant};
use aclk_core::encoding::Encoding;
use aclk_core::metrics::{Device, PINS};
use aclk_core::node::Node;
use core::cell::{Cell, RefCell};
use core::fmt::{self, Write as _};
use core::time::Duration;
use embassy_futures::select::{Either, select};
use embedded_io_async::{Read, Write};

/// Answers that may hold a view of the samples at a time. One view is left for the link.
pub const VIEWS: usize = PINS - 1;
/// Answers that are compressed at a time. Those beside it go out as they are, and the link finds an encoder.
pub const STREAMS: usize = 1;
/// The least that [`Buffers::piece`] must have: a response head has to fit.
pub const PIECE_MIN: usize = 768;
/// Bytes that are read and thrown away after the last answer, so that a client that is still sending gets to read it.
const LINGER_BYTES: usize = 64 << 10;

const PLAIN: &str = "text/plain; charset=utf-8";
const NO_SNIFFING: &str = "X-Content-Type-Options: nosniff\r\n";
const ALLOW: &str = "GET, HEAD, OPTIONS";
/// What browsers ask before they let the page of another origin ask something unusual (as the original answers).
const PREFLIGHT: &str = "Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\nAccess-Control-Allow-Headers: accept, \
    x-requested-with, origin, content-type, cache-control, pragma\r\nAccess-Control-Max-Age: 1209600\r\n";

/// A TCP connection that can be ended in order. Dropping it ends it in any case.
pub trait Socket: Read + Write {
    /// Sends what was written, and FIN behind it. The peer may go on sending.
    async fn finish(&mut self) -> Result<(), Self::Error>;
}

/// How long a client may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Until a request begins.
    pub idle: Duration,
    /// From the first byte of a request to the end of its head.
    pub request: Duration,
    /// Without taking anything of an answer.
    pub stall: Duration,
    /// For the whole of an answer.
    pub answer: Duration,
    /// For ending the connection after the last answer.
    pub linger: Duration,
}

impl Timing {
    /// Enough for a person with a slow network, and not enough to be in the way of others for long.
    pub const DEFAULT: Self = Self {
        idle: Duration::from_secs(5),
        request: Duration::from_secs(5),
        stall: Duration::from_secs(5),
        answer: Duration::from_secs(30),
        linger: Duration::from_secs(1),
    };
}

/// The memory of one connection.
#[derive(Debug)]
pub struct Buffers<'b> {
    /// Holds a request line and its headers, and requests that follow at once.
    pub head: &'b mut [u8],
    /// A piece of an answer, [`PIECE_MIN`] at least.
    pub piece: &'b mut [u8],
}

/// What answers hold of the node now, over all connections: the link needs some of it, too.
#[derive(Debug, Default)]
pub struct Holdings {
    views: Cell<usize>,
    streams: Cell<usize>,
}

impl Holdings {
    /// Nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { views: Cell::new(0), streams: Cell::new(0) }
    }

    /// How one more answer may be encoded.
    fn encoding(&self, wanted: Encoding) -> Encoding {
        if self.streams.get() < STREAMS { wanted } else { Encoding::Identity }
    }

    /// Takes what `answer` holds, unless that is a view too many.
    fn take(&self, answer: &Answer) -> Option<(usize, usize)> {
        let (views, streams) = Self::of(answer);
        let held = self.views.get() + views;
        if held > VIEWS {
            return None;
        }
        self.views.set(held);
        self.streams.set(self.streams.get() + streams);
        Some((views, streams))
    }

    fn of(answer: &Answer) -> (usize, usize) {
        (usize::from(answer.holds_view()), usize::from(answer.encoding == Encoding::Gzip))
    }

    fn give_back(&self, (views, streams): (usize, usize)) {
        self.views.set(self.views.get().saturating_sub(views));
        self.streams.set(self.streams.get().saturating_sub(streams));
    }
}

/// Answers what it is asked, over any number of connections.
pub struct Server<'n, C, P> {
    node: &'n RefCell<Node<dyn Device + 'n>>,
    clock: &'n C,
    pages: &'n P,
    timing: Timing,
    holdings: &'n Holdings,
}

/// The client is gone, or too slow: nothing more is said to it.
struct Lost;

/// Why there is no request.
enum Silence {
    /// The client has nothing more to ask.
    Ended,
    Refused(Refusal),
    Lost,
}

impl<'n, C: Clock, P: Pages> Server<'n, C, P> {
    /// A server that has `pages` beside the API of `node`. All servers of a node share its `holdings`.
    pub const fn new(
        node: &'n RefCell<Node<dyn Device + 'n>>,
        clock: &'n C,
        pages: &'n P,
        timing: Timing,
        holdings: &'n Holdings,
    ) -> Self {
        Self { node, clock, pages, timing, holdings }
    }

    /// Answers the requests that come over `socket` until either side ends that. `may_stay` is asked after each whether
    /// the connection may be kept for another one.
    pub async fn serve<S: Socket>(&self, socket: &mut S, buffers: Buffers<'_>, may_stay: impl Fn() -> bool) {
        if self.converse(socket, buffers, may_stay).await.is_ok() {
            self.end(socket).await;
        }
    }

    /// Tells `text`, a whole response, to a connection for which there is no room, and ends it.
    pub async fn turn_away<S: Socket>(&self, socket: &mut S, text: &str) {
        let deadline = self.after(self.timing.linger);
        if self.send(socket, text.as_bytes(), deadline).await.is_ok() {
            self.end(socket).await;
        }
    }

    async fn converse<S: Socket>(
        &self,
        socket: &mut S,
        buffers: Buffers<'_>,
        may_stay: impl Fn() -> bool,
    ) -> Result<(), Lost> {
        let Buffers { head, piece } = buffers;
        let mut filled = 0;
        loop {
            let len = match self.receive(socket, head, &mut filled).await {
                Ok(len) => len,
                Err(Silence::Ended) => return Ok(()),
                Err(Silence::Lost) => return Err(Lost),
                Err(Silence::Refused(refusal)) => return self.refuse(socket, piece, refusal).await,
            };
            let request = match request::parse(head.get(..len).unwrap_or_default()) {
                Ok(request) => request,
                Err(refusal) => return self.refuse(socket, piece, refusal).await,
            };
            let keep_alive = request.keep_alive && may_stay();
            self.answer(socket, piece, request, keep_alive).await?;
            if !keep_alive {
                return Ok(());
            }
            head.copy_within(len.min(filled)..filled, 0);
            filled = filled.saturating_sub(len);
        }
    }

    /// Reads until there is a whole head in `buffer`, of which `filled` bytes are there already; yields its length.
    async fn receive<S: Socket>(
        &self,
        socket: &mut S,
        buffer: &mut [u8],
        filled: &mut usize,
    ) -> Result<usize, Silence> {
        let mut has_begun = *filled > 0;
        let mut deadline = self.after(if has_begun { self.timing.request } else { self.timing.idle });
        // What was looked through for the end of the head.
        let mut seen = 0_usize;
        loop {
            let skip = empty_lines(buffer.get(..*filled).unwrap_or_default());
            if skip > 0 && seen == 0 {
                buffer.copy_within(skip..*filled, 0);
                *filled -= skip;
            }
            let received = buffer.get(..*filled).unwrap_or_default();
            if !could_be_http(received) {
                return Err(Silence::Refused(Refusal::NotHttp));
            }
            // The end is at most three bytes long, and a part of it may be there already.
            let from = seen.saturating_sub(2);
            if let Some(end) = end_of_head(received.get(from..).unwrap_or_default()) {
                return Ok(from + end);
            }
            seen = received.len();
            let is_line_complete = received.contains(&b'\n');
            let Some(space) = buffer.get_mut(*filled..).filter(|space| !space.is_empty()) else {
                let refusal = if is_line_complete { Refusal::Headers } else { Refusal::TargetLength };
                return Err(Silence::Refused(refusal));
            };
            let len = match select(socket.read(space), self.clock.sleep_until(deadline)).await {
                Either::First(Ok(0)) => return Err(Silence::Ended),
                Either::First(Ok(len)) => len,
                Either::First(Err(_)) => return Err(Silence::Lost),
                Either::Second(()) if *filled == 0 => return Err(Silence::Ended),
                Either::Second(()) => return Err(Silence::Refused(Refusal::Late)),
            };
            // Empty lines are a beginning, too: they are skipped, but nobody gets more time for them.
            if !has_begun {
                has_begun = true;
                deadline = self.after(self.timing.request);
            }
            *filled = filled.saturating_add(len);
        }
    }

    async fn refuse<S: Socket>(&self, socket: &mut S, piece: &mut [u8], refusal: Refusal) -> Result<(), Lost> {
        self.say(socket, piece, refusal.status(), "", refusal.line(), (false, true)).await
    }

    async fn answer<S: Socket>(
        &self,
        socket: &mut S,
        piece: &mut [u8],
        request: Request<'_>,
        keep_alive: bool,
    ) -> Result<(), Lost> {
        let method = match request.verb {
            Verb::Options => return self.say(socket, piece, 200, PREFLIGHT, "OK", (keep_alive, true)).await,
            Verb::Get | Verb::Head => Method::Get,
            Verb::Other => Method::Other,
        };
        let wants_body = request.verb != Verb::Head;
        let path = request.target.split(['?', '#']).next().unwrap_or_default();
        if method == Method::Get
            && let Some(page) = self.pages.page(path)
        {
            let head = self.head(200, page.content_type(), page.len(), page.headers(), keep_alive);
            return self.deliver(socket, piece, head, &mut Body::Page(page), wants_body).await;
        }
        let encoding = self.holdings.encoding(request.encoding);
        let asked = api::Request::parse(method, request.target).accepting(encoding);
        let answer = api::respond(&asked, &mut self.node.borrow_mut(), self.clock.now());
        let Some(answer) = Held::new(self.node, self.holdings, answer) else {
            let line = "too many answers are under way";
            return self.say(socket, piece, 503, "Retry-After: 1\r\n", line, (keep_alive, wants_body)).await;
        };
        let head = self.head(answer.status, answer.content_type, answer.len, NO_SNIFFING, keep_alive);
        let head = Head { encoding: answer.encoding, ..head };
        self.deliver(socket, piece, head, &mut Body::Answer(answer), wants_body).await
    }

    /// Answers with one line of text.
    async fn say<S: Socket>(
        &self,
        socket: &mut S,
        piece: &mut [u8],
        status: u16,
        further: &'static str,
        line: &'static str,
        (keep_alive, wants_body): (bool, bool),
    ) -> Result<(), Lost> {
        let head = self.head(status, PLAIN, line.len() as u64, further, keep_alive);
        self.deliver(socket, piece, head, &mut Body::Line(line.as_bytes()), wants_body).await
    }

    fn head(
        &self,
        status: u16,
        content_type: &'static str,
        content_length: u64,
        further: &'static str,
        keep_alive: bool,
    ) -> Head {
        let unix_seconds = self.clock.wall().unix_seconds();
        let encoding = Encoding::Identity;
        Head { status, content_type, encoding, content_length, unix_seconds, keep_alive, allow: ALLOW, further }
    }

    /// Sends head and body. What is left of a piece behind the head is the body's: a short answer is one packet.
    async fn deliver<S: Socket>(
        &self,
        socket: &mut S,
        piece: &mut [u8],
        head: Head,
        body: &mut Body<'n, P::Page>,
        wants_body: bool,
    ) -> Result<(), Lost> {
        let deadline = self.after(self.timing.answer);
        let mut writer = Filling { buffer: piece, filled: 0 };
        // A head that does not fit would be a mistake of ours.
        write!(writer, "{head}").map_err(|_| Lost)?;
        let mut filled = writer.filled;
        let mut left = if wants_body { head.content_length } else { 0 };
        loop {
            let space = piece.get_mut(filled..).unwrap_or_default();
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(space.len());
            let len = body.fill(space.get_mut(..most).unwrap_or_default());
            if len == 0 && most > 0 {
                return Err(Lost);
            }
            left = left.saturating_sub(len as u64);
            filled = filled.saturating_add(len);
            self.send(socket, piece.get(..filled).unwrap_or_default(), deadline).await?;
            if left == 0 {
                break;
            }
            filled = 0;
        }
        // The view is not needed any more, wherever the bytes are now.
        *body = Body::Line(&[]);
        match select(socket.flush(), self.clock.sleep_until(deadline)).await {
            Either::First(Ok(())) => Ok(()),
            Either::First(Err(_)) | Either::Second(()) => Err(Lost),
        }
    }

    async fn send<S: Socket>(&self, socket: &mut S, bytes: &[u8], deadline: Instant) -> Result<(), Lost> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let until = self.after(self.timing.stall).min(deadline);
            match select(socket.write(rest), self.clock.sleep_until(until)).await {
                Either::First(Ok(len)) if len > 0 => rest = rest.get(len..).unwrap_or_default(),
                Either::First(_) | Either::Second(()) => return Err(Lost),
            }
        }
        Ok(())
    }

    /// Says goodbye. What the client is still sending is read, but not for long: a connection that is closed over unread
    /// bytes is reset, and the last answer may be lost with it.
    async fn end<S: Socket>(&self, socket: &mut S) {
        let farewell = async {
            socket.finish().await.map_err(|_| Lost)?;
            let (mut rest, mut taken) = ([0; 64], 0_usize);
            while taken < LINGER_BYTES {
                match socket.read(&mut rest).await {
                    Ok(len) if len > 0 => taken = taken.saturating_add(len),
                    Ok(_) | Err(_) => return Ok(()),
                }
            }
            Ok::<_, Lost>(())
        };
        // Either way the connection is over.
        let _ = select(farewell, self.clock.sleep_until(self.after(self.timing.linger))).await;
    }

    fn after(&self, span: Duration) -> Instant {
        self.clock.instant() + span
    }
}

/// What is sent behind a head.
enum Body<'n, P> {
    Line(&'static [u8]),
    Page(P),
    Answer(Held<'n>),
}

impl<P: Page> Body<'_, P> {
    fn fill(&mut self, buffer: &mut [u8]) -> usize {
        match self {
            Self::Line(line) => {
                let (now, later) = line.split_at(line.len().min(buffer.len()));
                *line = later;
                buffer.iter_mut().zip(now).for_each(|(to, from)| *to = *from);
                now.len()
            }
            Self::Page(page) => page.fill(buffer),
            Self::Answer(held) => held.fill(buffer),
        }
    }
}

/// An answer that is let go whenever this is dropped: at its end, when the client goes away or takes too long, and when
/// the whole server ends.
struct Held<'n> {
    node: &'n RefCell<Node<dyn Device + 'n>>,
    holdings: &'n Holdings,
    /// What it holds of them.
    share: (usize, usize),
    answer: Option<Answer>,
    status: u16,
    content_type: &'static str,
    encoding: Encoding,
    len: u64,
}

impl<'n> Held<'n> {
    /// `None` if as many views are held already as may be.
    fn new(node: &'n RefCell<Node<dyn Device + 'n>>, holdings: &'n Holdings, answer: Answer) -> Option<Self> {
        let Some(share) = holdings.take(&answer) else {
            answer.release(&mut node.borrow_mut());
            return None;
        };
        let (status, content_type, encoding, len) = (answer.status, answer.content_type, answer.encoding, answer.len());
        Some(Self { node, holdings, share, answer: Some(answer), status, content_type, encoding, len })
    }

    fn fill(&mut self, buffer: &mut [u8]) -> usize {
        self.answer.as_mut().map_or(0, |answer| answer.fill(&mut *self.node.borrow_mut(), buffer))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.holdings.give_back(self.share);
        // Nobody has borrowed the node while a future is dropped; and a view that is forgotten ends by itself.
        if let (Some(answer), Ok(mut node)) = (self.answer.take(), self.node.try_borrow_mut()) {
            answer.release(&mut node);
        }
    }
}

/// Text that is written into a buffer, if it fits.
struct Filling<'b> {
    buffer: &'b mut [u8],
    filled: usize,
}

impl fmt::Write for Filling<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.filled.saturating_add(text.len());
        self.buffer.get_mut(self.filled..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.filled = end;
        Ok(())
    }
}
