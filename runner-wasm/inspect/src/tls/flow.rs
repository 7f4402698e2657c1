//! One connection's TLS: from its bytes to records, handshake messages, and the data inside.

use super::keys::{Epoch, Keys, Random, Suite};
use super::record::content_headline;
use super::{ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE, HEADER, Record, handshake, hello};
use crate::message::Found;
use crate::reader::Reader;
use crate::stream::{Assembler, Both, Chunk, Cut, Next, Side};
use crate::talk::Context;
use crate::trace::What;
use crate::view::{Protocol, Reading};
use std::collections::VecDeque;
use std::sync::Arc;

/// The longest record (RFC 8446 5.2).
const RECORD: u64 = 16_384 + 256;

const NO_SUITE: &str = "with a cipher suite that is not read here";
const TOO_MUCH: &str = "too much had to wait for its secret";
const NO_HANDSHAKE: &str = "its handshake was not seen";
const WRONG_SECRET: &str = "the secret in the key log does not fit";
const LOST: &str = "bytes in front of it were never seen";

/// TLS of one connection.
pub(crate) struct Flow {
    random: Option<Random>,
    suite: Option<Suite>,
    halves: Both<Half>,
    /// Records in the order in which they came, from the first one on whose secret is not known.
    queue: VecDeque<Queued>,
    queued: usize,
    /// Why nothing more can be read.
    dead: Option<&'static str>,
}

struct Half {
    records: Assembler,
    messages: Assembler,
    /// `None` as long as nothing is encrypted.
    epoch: Option<Epoch>,
    keys: Option<Keys>,
}

struct Queued {
    side: Side,
    record: Chunk,
    /// The piece that shows it.
    piece: Option<usize>,
}

impl Default for Half {
    fn default() -> Self {
        let assembler = || Assembler::new(Protocol::Tls);
        Self { records: assembler(), messages: assembler(), epoch: None, keys: None }
    }
}

impl Flow {
    pub(crate) fn new() -> Self {
        Self { random: None, suite: None, halves: Both::default(), queue: VecDeque::new(), queued: 0, dead: None }
    }

    /// Bytes that wait.
    pub(crate) fn held(&self) -> usize {
        let of = |half: &Half| half.records.held().saturating_add(half.messages.held());
        self.queued.saturating_add(of(&self.halves.client)).saturating_add(of(&self.halves.server))
    }

    /// Bytes of a side have come. Data that could be read goes to `data`. Says whether they were TLS.
    pub(crate) fn feed(
        &mut self,
        side: Side,
        mut chunk: Chunk,
        cx: &mut Context<'_>,
        data: &mut Vec<(Side, Chunk)>,
    ) -> Result<(), Chunk> {
        loop {
            let records = &mut self.halves.of_mut(side).records;
            match records.next(&mut chunk, cx.limits.message, cx.ring, measure) {
                Next::Whole(record) => self.record(side, record, cx, data),
                Next::More => return Ok(()),
                Next::Wrong => return Err(chunk),
            }
        }
    }

    /// There are new secrets.
    pub(crate) fn keys_changed(&mut self, cx: &mut Context<'_>, data: &mut Vec<(Side, Chunk)>) {
        self.work(cx, data);
    }

    /// Bytes are missing: what waits will not be read any more.
    pub(crate) fn gap(&mut self, cx: &mut Context<'_>) {
        self.die(LOST, cx);
    }

    fn record(&mut self, side: Side, record: Chunk, cx: &mut Context<'_>, data: &mut Vec<(Side, Chunk)>) {
        let is_sealed = record.bytes().first() == Some(&APPLICATION_DATA);
        let state = match self.dead {
            Some(why) if is_sealed => Record::Unreadable(why),
            None if is_sealed => Record::Waiting,
            _ => Record::Plain,
        };
        let piece = show(cx, &record, state);
        if self.dead.is_some() {
            return;
        }
        self.queued = self.queued.saturating_add(record.len());
        self.queue.push_back(Queued { side, record, piece });
        self.work(cx, data);
        if self.queued > cx.limits.waiting {
            self.die(TOO_MUCH, cx);
        }
    }

    /// Looks into records for as long as that is possible.
    fn work(&mut self, cx: &mut Context<'_>, data: &mut Vec<(Side, Chunk)>) {
        while let Some(queued) = self.queue.pop_front() {
            if !self.open(&queued, cx, data) {
                cx.about.tls = Reading::Waiting;
                self.queue.push_front(queued);
                return;
            }
            self.queued = self.queued.saturating_sub(queued.record.len());
            if let Some(why) = self.dead {
                return self.die(why, cx);
            }
        }
    }

    /// Looks into a record. Says whether that was possible.
    fn open(&mut self, queued: &Queued, cx: &mut Context<'_>, data: &mut Vec<(Side, Chunk)>) -> bool {
        let Queued { side, record, piece } = queued;
        let kind = record.bytes().first().copied().unwrap_or_default();
        let Some(epoch) = self.halves.of(*side).epoch.filter(|_| kind == APPLICATION_DATA) else {
            if kind == APPLICATION_DATA {
                self.dead = Some(NO_HANDSHAKE);
                update(cx, record, *piece, Record::Unreadable(NO_HANDSHAKE));
                return true;
            }
            let mut content = record.clone();
            content.split(HEADER);
            content.root = content.root.or(*piece);
            self.content(*side, kind, content, cx, data);
            return true;
        };
        if !self.has_keys(*side, epoch, cx) {
            return false;
        }
        let plain = self.halves.of_mut(*side).keys.as_mut().and_then(|keys| keys.decrypt(record.bytes()));
        let Some((plain, kind)) = plain.and_then(stripped) else {
            self.dead = Some(WRONG_SECRET);
            update(cx, record, *piece, Record::Unreadable(WRONG_SECRET));
            return true;
        };
        cx.about.tls = if epoch == Epoch::Application { Reading::Decrypted } else { Reading::Handshake };
        let whole: Arc<[u8]> = plain.into();
        let source = cx.ring.add_source(record.frame, "decrypted record".to_owned(), whole.clone());
        update(cx, record, *piece, Record::Decrypted { kind, source, len: whole.len() });
        let range = 0..whole.len();
        let content = Chunk { frame: record.frame, source, root: record.root.or(*piece), whole, range };
        self.content(*side, kind, content, cx, data);
        true
    }

    /// Makes sure that there are keys, if the secret is known.
    fn has_keys(&mut self, side: Side, epoch: Epoch, cx: &Context<'_>) -> bool {
        let half = self.halves.of_mut(side);
        if half.keys.is_none() {
            let secret = self.random.as_ref().and_then(|random| cx.keys.get(random, side, epoch));
            half.keys = secret.zip(self.suite).and_then(|(secret, suite)| Keys::new(suite, secret));
        }
        half.keys.is_some()
    }

    /// What was in a record.
    fn content(
        &mut self,
        side: Side,
        kind: u8,
        mut content: Chunk,
        cx: &mut Context<'_>,
        data: &mut Vec<(Side, Chunk)>,
    ) {
        match kind {
            HANDSHAKE => loop {
                let messages = &mut self.halves.of_mut(side).messages;
                match messages.next(&mut content, cx.limits.message, cx.ring, handshake::measure) {
                    Next::Whole(message) => self.message(side, &message, cx),
                    Next::More | Next::Wrong => return,
                }
            },
            APPLICATION_DATA if content.is_empty() => {}
            APPLICATION_DATA => data.push((side, content)),
            ALERT | CHANGE_CIPHER_SPEC => {
                let what = if kind == ALERT { Found::Alert } else { Found::ChangeCipherSpec };
                let headline = content_headline(kind, content.bytes());
                cx.ring.add(content.frame, content.root, content.place(), headline, What::Message(what));
            }
            _ => {
                let headline = content_headline(kind, content.bytes());
                let what = What::Message(Found::Data("a record of a type that TLS does not have"));
                cx.ring.add(content.frame, content.root, content.place(), headline, what);
            }
        }
    }

    /// A message of the handshake.
    fn message(&mut self, side: Side, message: &Chunk, cx: &mut Context<'_>) {
        let bytes = message.bytes();
        let headline = handshake::headline(bytes);
        let what = What::Message(Found::Handshake(side));
        cx.ring.add(message.frame, message.root, message.place(), headline, what);
        let body = Reader::new(bytes, 4..bytes.len());
        match bytes.first().copied().unwrap_or_default() {
            handshake::CLIENT_HELLO => {
                self.random = self.random.or_else(|| hello::random(&body));
                if let Some(host) = hello::server_name(&body) {
                    cx.about.name_host(host);
                }
                cx.about.tls = Reading::Handshake;
            }
            handshake::SERVER_HELLO if !hello::is_retry(&body) => {
                self.suite = hello::suite(&body).and_then(Suite::of);
                if self.suite.is_none() {
                    self.dead = Some(NO_SUITE);
                }
                self.halves.client.epoch = Some(Epoch::Handshake);
                self.halves.server.epoch = Some(Epoch::Handshake);
            }
            handshake::FINISHED => {
                let half = self.halves.of_mut(side);
                half.epoch = Some(Epoch::Application);
                half.keys = None;
            }
            handshake::KEY_UPDATE => {
                let half = self.halves.of_mut(side);
                half.keys = half.keys.as_ref().and_then(Keys::update);
            }
            _ => {}
        }
    }

    /// Nothing more can be read.
    fn die(&mut self, why: &'static str, cx: &mut Context<'_>) {
        self.dead = Some(why);
        cx.about.tls = Reading::Unreadable;
        for queued in self.queue.drain(..) {
            update(cx, &queued.record, queued.piece, Record::Unreadable(why));
        }
        self.queued = 0;
    }
}

/// How long the record in front is.
fn measure(bytes: &[u8]) -> Cut {
    let mut reader = Reader::new(bytes, 0..bytes.len());
    let header = (reader.u8(), reader.u8(), reader.u8(), reader.u16());
    match header {
        (Some(kind), ..) if !(CHANGE_CIPHER_SPEC..=APPLICATION_DATA).contains(&kind) => Cut::Wrong,
        (_, Some(major), ..) if major != 3 => Cut::Wrong,
        (.., Some(len)) if u64::from(len) > RECORD => Cut::Wrong,
        (.., Some(len)) => Cut::Message(u64::from(len) + HEADER as u64),
        _ => Cut::More,
    }
}

/// The content of a decrypted record without its padding, and its type (5.4).
fn stripped(mut plain: Vec<u8>) -> Option<(Vec<u8>, u8)> {
    while plain.last() == Some(&0) {
        plain.pop();
    }
    let kind = plain.pop()?;
    Some((plain, kind))
}

fn show(cx: &mut Context<'_>, record: &Chunk, state: Record) -> Option<usize> {
    let headline = state.headline(record.bytes());
    cx.ring.add(record.frame, record.root, record.place(), headline, What::Record(state))
}

fn update(cx: &mut Context<'_>, record: &Chunk, piece: Option<usize>, state: Record) {
    if let Some(piece) = piece {
        cx.ring.update(record.frame, piece, state.headline(record.bytes()), What::Record(state));
    }
}
