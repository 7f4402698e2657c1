//! What is spoken in a stream: protocols that follow one another and lie inside one another.

mod http;
mod socks;
mod websocket;

use crate::limits::Limits;
use crate::message::Found;
use crate::ring::Ring;
use crate::secrets::Secrets;
use crate::stream::{Chunk, Side};
use crate::tls::{Flow, KeyLog};
use crate::trace::What;
use crate::view::{Purpose, Reading, Via};
use http::Http;
use socks::Socks;
use websocket::WebSocket;

/// Protocols that one stream may change through: a proxy in front of a proxy, and so on.
const CHANGES: usize = 8;
/// Bytes of a host's name that are kept.
const HOST: usize = 255;

const UNKNOWN: &str = "bytes of a protocol that is not known here";
const BEHIND_GAP: &str = "bytes in front of these were never seen, so what they mean is unknown";
const NOT_MEANT: &str = "what stands here is not what the protocol has in this place, so nothing more is looked into";
const FORGOTTEN: &str = "too many connections had something unfinished, so this one is no longer looked into";

/// What the talk may use of the world around it.
pub(crate) struct Context<'a> {
    pub(crate) ring: &'a mut Ring,
    pub(crate) keys: &'a KeyLog,
    pub(crate) limits: &'a Limits,
    pub(crate) about: &'a mut About,
    pub(crate) secrets: &'a mut Secrets,
}

impl Context<'_> {
    /// Shows a message that may have secrets in it, and remembers them.
    fn add_with_secrets(&mut self, message: &Chunk, headline: String, found: Found) {
        self.secrets.learn(&found.layers(&message.whole, message.range.clone()));
        self.ring.add(message.frame, message.root, message.place(), headline, What::Message(found));
    }
}

/// What the talk tells about its connection.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub(crate) purpose: Purpose,
    pub(crate) host: String,
    pub(crate) via: Via,
    pub(crate) tls: Reading,
    /// Whether the device is the one that was called.
    pub(crate) calls_device: bool,
}

impl About {
    /// The connection is to this host. What was said last is nearest to the truth.
    pub(crate) fn name_host(&mut self, mut host: String) {
        crate::field::shorten(&mut host, HOST);
        self.host = host;
    }
}

/// What is spoken at present.
enum Level {
    /// Nothing has told yet.
    Start,
    Socks(Box<Socks>),
    Http(Box<Http>),
    Tls(Box<Flow>, Box<Talk>),
    WebSocket(Box<WebSocket>),
    /// Nothing that can be understood: why not.
    Opaque(&'static str),
}

/// What a protocol leads to.
pub(crate) enum Then {
    /// It goes on.
    Stay,
    /// What follows is of another protocol.
    Tunnel,
    /// What follows is WebSocket; whether MQTT is inside.
    Upgrade { mqtt: bool },
    /// This is not understood.
    Lost,
}

/// What is said in one stream, in both directions.
pub(crate) struct Talk {
    level: Level,
    /// Whether it lies inside of TLS.
    is_inner: bool,
    changes: usize,
}

impl Talk {
    pub(crate) const fn new() -> Self {
        Self { level: Level::Start, is_inner: false, changes: 0 }
    }

    /// Bytes that wait.
    pub(crate) fn held(&self) -> usize {
        match &self.level {
            Level::Start | Level::Opaque(_) => 0,
            Level::Socks(socks) => socks.held(),
            Level::Http(http) => http.held(),
            Level::Tls(flow, inner) => flow.held().saturating_add(inner.held()),
            Level::WebSocket(websocket) => websocket.held(),
        }
    }

    /// Nothing more is looked into, so that nothing has to wait.
    pub(crate) fn forget(&mut self) {
        self.level = Level::Opaque(FORGOTTEN);
    }

    /// There are new secrets.
    pub(crate) fn keys_changed(&mut self, cx: &mut Context<'_>) {
        if let Level::Tls(flow, inner) = &mut self.level {
            let mut data = Vec::new();
            flow.keys_changed(cx, &mut data);
            pass_on(inner, data, cx);
        }
    }

    /// Bytes of `frame` in front of which others are missing. They were never seen, and will not be.
    pub(crate) fn gap(&mut self, frame: u64, missing: u64, cx: &mut Context<'_>) {
        let headline = format!("{missing} bytes in front of this were never seen");
        let end = cx.ring.get(frame).map_or(0, |kept| kept.bytes().len());
        cx.ring.add(frame, None, (0, end..end), headline, What::Message(Found::Missed(missing)));
        if let Level::Tls(flow, _) = &mut self.level {
            flow.gap(cx);
        }
        self.level = Level::Opaque(BEHIND_GAP);
    }

    /// The next bytes of a side.
    pub(crate) fn feed(&mut self, side: Side, mut chunk: Chunk, cx: &mut Context<'_>) {
        while !chunk.is_empty() {
            let then = match &mut self.level {
                Level::Opaque(why) => return show_data(&mut chunk, why, cx),
                Level::Start => {
                    self.level = self.begin(side, chunk.bytes());
                    continue;
                }
                Level::Tls(flow, inner) => {
                    let mut data = Vec::new();
                    let fed = flow.feed(side, chunk.take(), cx, &mut data);
                    pass_on(inner, data, cx);
                    match fed {
                        Ok(()) => Then::Stay,
                        Err(rest) => {
                            chunk = rest;
                            Then::Lost
                        }
                    }
                }
                Level::Socks(socks) => socks.feed(side, &mut chunk, cx),
                Level::Http(http) => http.feed(side, &mut chunk, cx),
                Level::WebSocket(websocket) => websocket.feed(side, &mut chunk, cx),
            };
            match then {
                Then::Stay => {}
                Then::Tunnel => self.level = Level::Start,
                Then::Upgrade { mqtt } => self.level = Level::WebSocket(Box::new(WebSocket::new(mqtt))),
                Then::Lost => self.level = Level::Opaque(NOT_MEANT),
            }
        }
    }

    /// What begins with these bytes.
    fn begin(&mut self, side: Side, bytes: &[u8]) -> Level {
        self.changes = self.changes.saturating_add(1);
        if self.changes > CHANGES {
            return Level::Opaque(UNKNOWN);
        }
        match (bytes.first(), side) {
            (Some(20..=23), _) if !self.is_inner => {
                let inner = Self { is_inner: true, ..Self::new() };
                Level::Tls(Box::new(Flow::new()), Box::new(inner))
            }
            (Some(5), Side::Client) => Level::Socks(Box::default()),
            (Some(b'A'..=b'Z'), _) => Level::Http(Box::default()),
            _ => Level::Opaque(UNKNOWN),
        }
    }
}

fn pass_on(inner: &mut Talk, data: Vec<(Side, Chunk)>, cx: &mut Context<'_>) {
    for (side, chunk) in data {
        inner.feed(side, chunk, cx);
    }
}

/// Shows bytes that are not understood.
fn show_data(chunk: &mut Chunk, why: &'static str, cx: &mut Context<'_>) {
    let chunk = chunk.take();
    let headline = format!("{} of unknown meaning", crate::field::bytes(chunk.len()));
    cx.ring.add(chunk.frame, chunk.root, chunk.place(), headline, What::Message(Found::Data(why)));
}
