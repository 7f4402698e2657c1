//! What every step of the engine works on: settings, buffers, counters, and the outputs that wait to be polled.

use super::agent::QUERIES_MIN;
use super::backoff::Backoff;
use super::event::{Answer, Goal, StageReport, Until};
use super::steps::exchange::{Draft, Write};
use crate::claim::reply::Refusal;
use crate::clock::{Instant, Now};
use crate::identity::key::CIPHERTEXT_LEN;
use crate::link::env::Environment;
use crate::link::otp::Credentials;
use crate::link::queries::Queue;
use crate::node::Traffic;
use crate::report::{Ids, ReportKind};
use crate::settings::Settings;
use crate::stage::{Failure, Purpose, Stage};
use crate::store::{Claim, NodeId, Saved};
use crate::wire::buffer::{Full, Writer};
use crate::wire::url::Url;
use crate::wire::websocket::{self, Opcode};
use chacha20::ChaCha20Rng;
use core::time::Duration;
use heapless::Deque;
use rand_core::Rng;
use zeroize::Zeroize;

/// Outputs that may wait. One input leads to at most [`OUTBOX_PER_INPUT`].
const OUTBOX: usize = 24;
/// What [`Context::has_room`] keeps free.
const OUTBOX_PER_INPUT: usize = 18;
/// Bytes of the send buffer that [`Context::has_room`] keeps free: acknowledgements for one helping of input.
pub(super) const SEND_PER_INPUT: usize = 256;

/// A send or receive buffer: `Vec<u8>`, `Box<[u8]>`, `&mut [u8]`, `[u8; N]`.
pub trait Buffer: AsRef<[u8]> + AsMut<[u8]> {}

impl<B: AsRef<[u8]> + AsMut<[u8]>> Buffer for B {}

/// The memory of an [`Agent`](super::Agent).
#[derive(Debug)]
pub struct Buffers<B> {
    /// Bounds replies and messages of the Cloud; at least [`RECEIVE_MIN`](super::RECEIVE_MIN) bytes.
    pub receive: B,
    /// Bounds requests and messages to the Cloud; at least [`SEND_MIN`](super::SEND_MIN) bytes. Answers to requests over
    /// the link may be longer: they are sent in pieces.
    pub send: B,
    /// Requests over the link wait here; at least [`QUERIES_MIN`](super::QUERIES_MIN) bytes for each that
    /// [`Limits`](crate::settings::Limits) announce, and as much as they are long. With less, fewer are announced.
    pub queries: B,
}

/// Writes something in which credentials may be.
pub(super) type WriteWith<'w> = &'w mut dyn FnMut(&mut Writer<'_>, Option<&Credentials>);

/// An output that waits to be polled. What it refers to lies in the [`Context`].
#[derive(Debug, Clone, Copy)]
pub(super) enum Item {
    Connect(Purpose),
    Send,
    Close,
    NeedKey,
    Decrypt,
    SaveKey,
    SavePending,
    SaveRefused,
    SaveClaimed,
    SaveNode(NodeId),
    PrepareReport(ReportKind, Ids),
    /// The answer to the request at this place of the queue.
    PrepareAnswer(usize),
    /// The body that was prepared is done with.
    PrepareNothing,
    /// So many bytes of the body that was prepared.
    Body(usize),
    Stage(StageReport),
    Answer(Answer),
    Claimed {
        proved: bool,
    },
    ClaimFailed(Option<Refusal>),
    Online,
    Live,
    Offline,
    Notice,
}

/// Whether the way leads to a claim or to the link. Proving a claim goes through the same log-in as the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Claim,
    Link,
}

pub(super) struct Context<'s, B> {
    pub(super) goal: Goal,
    pub(super) settings: &'s Settings,
    /// Whether the token has done its work, as in the store: a node that is unclaimed later is not claimed again by itself.
    pub(super) is_token_spent: bool,
    /// Receive Maximum: no more requests than can wait are asked for.
    pub(super) receive_maximum: u16,
    pub(super) saved: Saved,
    pub(super) phase: Phase,
    /// Attempts at the claim that failed in this run.
    pub(super) claim_attempts: u32,
    /// Whether an earlier claim for the same id and URL may have reached the Cloud.
    pub(super) maybe_claimed: bool,
    /// Id and URL that are being claimed or linked.
    pub(super) target: Claim,
    pub(super) environment: Option<Environment>,
    pub(super) credentials: Option<Credentials>,
    pub(super) challenge: [u8; CIPHERTEXT_LEN],
    pub(super) session_id: u64,
    pub(super) failure: Failure,
    pub(super) notice: Failure,
    pub(super) backoff: Backoff,
    pub(super) rng: ChaCha20Rng,
    pub(super) now: Now,
    pub(super) rx: B,
    pub(super) tx: B,
    /// Requests over the link that wait.
    pub(super) queue: Queue<B>,
    pub(super) traffic: Traffic,
    tx_len: usize,
    tx_polled: bool,
    outbox: Deque<Item, OUTBOX>,
    /// The peer of the connection that is open or being opened.
    peer: Option<Purpose>,
    mark: Mark,
    /// Plaintext bytes on the connection so far.
    sent: u64,
    received: u64,
    /// When something was last sent.
    pub(super) last_sent: Instant,
}

/// Where the connection for `purpose` leads.
fn url_for<'u>(purpose: Purpose, target: &'u Claim, environment: Option<&'u Environment>) -> Option<&'u Url> {
    match purpose {
        Purpose::Claim | Purpose::Env => Some(&target.url),
        Purpose::Challenge | Purpose::Password => environment.map(|environment| &environment.auth),
        Purpose::Link => environment.map(|environment| &environment.transport),
    }
}

/// Where the stage that is being timed began.
#[derive(Debug, Clone, Copy)]
struct Mark {
    at: Instant,
    sent: u64,
    received: u64,
}

impl<'s, B: Buffer> Context<'s, B> {
    // Made where it is returned: it is too large to be moved about.
    #[inline(never)]
    pub(super) fn new(
        goal: Goal,
        settings: &'s Settings,
        saved: &Saved,
        buffers: Buffers<B>,
        rng: ChaCha20Rng,
        now: Now,
    ) -> Self {
        let Buffers { receive: rx, send: tx, queries } = buffers;
        let most = u16::try_from(queries.as_ref().len() / QUERIES_MIN).unwrap_or(u16::MAX);
        Self {
            goal,
            settings,
            is_token_spent: false,
            receive_maximum: settings.limits.receive_maximum.min(most),
            saved: saved.clone(),
            phase: Phase::Link,
            claim_attempts: 0,
            maybe_claimed: false,
            target: Claim { id: settings.id, url: settings.url.clone() },
            environment: None,
            credentials: None,
            challenge: [0; CIPHERTEXT_LEN],
            session_id: 0,
            failure: Failure::new(Stage::Config, "nothing has happened yet"),
            notice: Failure::new(Stage::Config, "nothing has happened yet"),
            backoff: Backoff::new(),
            rng,
            now,
            rx,
            tx,
            queue: Queue::new(queries),
            traffic: Traffic::NONE,
            tx_len: 0,
            tx_polled: false,
            outbox: Deque::new(),
            peer: None,
            mark: Mark { at: now.instant, sent: 0, received: 0 },
            sent: 0,
            received: 0,
            last_sent: now.instant,
        }
    }

    /// Whether this is where a check ends.
    pub(super) fn ends(&self, until: Until) -> bool {
        self.goal == Goal::Check(until)
    }

    /// A time span from now.
    pub(super) fn after(&self, span: Duration) -> Instant {
        self.now.instant + span
    }

    /// Hides token and MQTT password in `failure`, which may contain words of the Cloud.
    pub(super) fn hide_secrets(&self, mut failure: Failure) -> Failure {
        failure.hide(self.settings.token.expose_str());
        if let Some(credentials) = &self.credentials {
            failure.hide(credentials.password.expose_str());
        }
        failure
    }

    /// Queues `item`. By [`has_room`](Self::has_room) there is always a place; were there none, only an event is lost.
    pub(super) fn push(&mut self, item: Item) {
        let full = self.outbox.push_back(item).is_err();
        debug_assert!(!full, "the outbox is full");
    }

    /// Whether there is nothing to be polled.
    pub(super) fn is_idle(&mut self) -> bool {
        // What was to be sent went with an earlier output, which takes all that waits, or is not to be sent any more.
        while self.tx_len == 0 && matches!(self.outbox.front(), Some(Item::Send)) {
            self.outbox.pop_front();
        }
        self.outbox.is_empty()
    }

    pub(super) fn pop(&mut self) -> Option<Item> {
        self.outbox.pop_front()
    }

    /// Whether one more helping of input can be worked on before the outputs are polled.
    pub(super) fn has_room(&self) -> bool {
        self.outbox.len() + OUTBOX_PER_INPUT <= OUTBOX && self.tx.as_ref().len() >= self.tx_len + SEND_PER_INPUT
    }

    // --- the connection ---

    /// Asks for the connection for `purpose`.
    pub(super) fn connect(&mut self, purpose: Purpose) {
        self.disconnect();
        self.peer = Some(purpose);
        self.push(Item::Connect(purpose));
    }

    /// Asks for the end of the connection, if there is one.
    pub(super) fn disconnect(&mut self) {
        if self.peer.take().is_none() {
            return;
        }
        // One that nobody has been asked for yet needs no end.
        if let Some(Item::Connect(_)) = self.outbox.back() {
            self.outbox.pop_back();
        } else {
            self.push(Item::Close);
        }
    }

    /// Asks for the end of the connection, if there is one, without sending what waits to be sent.
    pub(super) fn abandon(&mut self) {
        if self.peer.is_some() {
            self.drop_unsent();
        }
        self.disconnect();
    }

    /// The connection is gone without our doing.
    pub(super) fn forget_connection(&mut self) {
        self.drop_unsent();
        self.peer = None;
    }

    pub(super) fn peer(&self) -> Option<&Url> {
        url_for(self.peer?, &self.target, self.environment.as_ref())
    }

    /// Starts timing a stage; on a fresh connection also the byte counts.
    pub(super) fn begin_stage(&mut self) {
        self.mark = Mark { at: self.now.instant, sent: self.sent, received: self.received };
    }

    /// Reports the stage that [`begin_stage`](Self::begin_stage) started, and starts the next one.
    pub(super) fn end_stage(&mut self, stage: Stage, purpose: Option<Purpose>) {
        let report = StageReport {
            purpose,
            stage,
            elapsed: self.now.instant.since(self.mark.at),
            sent: self.sent.saturating_sub(self.mark.sent),
            received: self.received.saturating_sub(self.mark.received),
        };
        self.push(Item::Stage(report));
        self.begin_stage();
    }

    pub(super) fn count_received(&mut self, bytes: usize) {
        self.received = self.received.saturating_add(bytes as u64);
    }

    // --- sending ---

    /// What [`Item::Send`] refers to. It counts as sent when the next input comes.
    pub(super) fn polled_send(&mut self) -> &[u8] {
        self.tx_polled = true;
        self.tx.as_ref().get(..self.tx_len).unwrap_or_default()
    }

    /// The bytes that were polled are gone.
    pub(super) fn reclaim_send_buffer(&mut self) {
        if self.tx_polled {
            self.drop_unsent();
        }
    }

    /// Nothing that waits to be sent will be. Passwords go this way, so it is overwritten.
    pub(super) fn drop_unsent(&mut self) {
        self.tx.as_mut().get_mut(..self.tx_len).unwrap_or_default().zeroize();
        self.tx_len = 0;
        self.tx_polled = false;
    }

    /// Sends the HTTP request that `write` writes. The receive buffer, idle now, is its scratch space.
    #[inline(never)]
    pub(super) fn send_request(&mut self, write: Write<'_>) -> Result<(), Full> {
        let peer = self.peer.and_then(|purpose| url_for(purpose, &self.target, self.environment.as_ref()));
        let Some(url) = peer else { return Ok(()) };
        let space = self.tx.as_mut().get_mut(self.tx_len..).unwrap_or_default();
        let mut w = Writer::new(space);
        let scratch = self.rx.as_mut();
        let written = write(Draft { w: &mut w, scratch, url, settings: self.settings, target: &self.target });
        let len = w.finish();
        self.rx.as_mut().zeroize();
        written?;
        self.queue_sent(len?);
        Ok(())
    }

    /// Overwrites a reply that may have held a secret.
    pub(super) fn wipe_received(&mut self, len: usize) {
        self.rx.as_mut().get_mut(..len).unwrap_or_default().zeroize();
    }

    /// Sends what `write` writes as the payload of one WebSocket frame.
    pub(super) fn send_frame(&mut self, opcode: Opcode, mut write: impl FnMut(&mut Writer<'_>)) -> Result<(), Full> {
        self.send_frame_with(opcode, &mut |w, _| write(w))
    }

    /// The same, for what needs the credentials: they are too large to be moved out of the way.
    #[inline(never)]
    pub(super) fn send_frame_with(&mut self, opcode: Opcode, write: WriteWith<'_>) -> Result<(), Full> {
        let mut mask = [0; 4];
        self.rng.fill_bytes(&mut mask);
        let space = self.tx.as_mut().get_mut(self.tx_len..).unwrap_or_default();
        let size = space.len();
        let full = Full { size };
        // The length of the header depends on that of the payload, so the payload is written behind the longest
        // header and moved.
        let longest = websocket::header_len(size).min(size);
        let mut w = Writer::new(space.get_mut(longest..).ok_or(full)?);
        write(&mut w, self.credentials.as_ref());
        let payload = w.finish()?;
        let header = websocket::header_len(payload);
        space.copy_within(longest..longest + payload, header);
        websocket::mask_in_place(mask, 0, space.get_mut(header..header + payload).ok_or(full)?);
        let mut w = Writer::new(space);
        websocket::put_header(&mut w, opcode, mask, payload);
        w.finish()?;
        self.queue_sent(header + payload);
        Ok(())
    }

    fn queue_sent(&mut self, len: usize) {
        if !matches!(self.outbox.back(), Some(Item::Send)) {
            self.push(Item::Send);
        }
        self.tx_len += len;
        self.sent = self.sent.saturating_add(len as u64);
        self.last_sent = self.now.instant;
    }
}
