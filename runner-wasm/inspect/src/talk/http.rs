//! Requests and the responses to them.

use super::{Context, Then};
use crate::message::Found;
use crate::message::http::{Body, Expect, Head, measure, purpose};
use crate::stream::{Assembler, Both, Chunk, Next, Side};
use crate::trace::What;
use crate::view::{Protocol, Purpose, Via};
use std::collections::VecDeque;

/// Requests that may wait for their responses.
const WAITING: usize = 32;
/// Bytes of a request line that are kept.
const LINE: usize = 300;

#[derive(Default)]
pub(crate) struct Http {
    halves: Both<Half>,
    asked: VecDeque<Asked>,
}

struct Half {
    messages: Assembler,
    /// Everything that follows is a body.
    until_close: bool,
}

/// A request that has no response yet.
struct Asked {
    /// Whether its response has no body, and leads to a tunnel if it is good.
    is_connect: bool,
    is_head: bool,
    line: String,
    /// Whether it wants to go on as WebSocket, and with MQTT inside.
    websocket: bool,
    mqtt: bool,
}

impl Default for Half {
    fn default() -> Self {
        Self { messages: Assembler::new(Protocol::Http), until_close: false }
    }
}

impl Http {
    pub(crate) fn held(&self) -> usize {
        let messages = self.halves.client.messages.held().saturating_add(self.halves.server.messages.held());
        messages.saturating_add(self.asked.iter().map(|asked| asked.line.len()).sum())
    }

    pub(crate) fn feed(&mut self, side: Side, chunk: &mut Chunk, cx: &mut Context<'_>) -> Then {
        let expect = match side {
            Side::Client => Expect::Request,
            Side::Server => {
                let without_body = self.asked.front().is_some_and(|asked| asked.is_head || asked.is_connect);
                Expect::Response { without_body }
            }
        };
        let half = self.halves.of_mut(side);
        if half.until_close {
            let body = chunk.take();
            let headline = format!("HTTP body, {}", crate::field::bytes(body.len()));
            cx.ring.add(body.frame, body.root, body.place(), headline, What::Message(Found::Body));
            return Then::Stay;
        }
        match half.messages.next(chunk, cx.limits.message, cx.ring, |bytes| measure(bytes, expect)) {
            Next::Whole(message) if side == Side::Client => self.request(&message, cx),
            Next::Whole(message) => self.response(&message, expect, cx),
            Next::More => Then::Stay,
            Next::Wrong => Then::Lost,
        }
    }

    fn request(&mut self, message: &Chunk, cx: &mut Context<'_>) -> Then {
        let Some(head) = Head::parse(message.bytes()) else { return Then::Lost };
        let (method, target) = head.words();
        let mut line = format!("{method} {target}");
        crate::field::shorten(&mut line, LINE);
        cx.add_with_secrets(message, line.clone(), Found::Request);
        if method == "CONNECT" {
            cx.about.via = Via::Http;
            cx.about.name_host(target.rsplit_once(':').map_or(target, |(host, _)| host).to_owned());
        } else {
            let found = if cx.about.calls_device { Purpose::LocalApi } else { purpose(method, target) };
            if found != Purpose::Unknown {
                cx.about.purpose = found;
            }
            if cx.about.host.is_empty() {
                cx.about.name_host(head.header("host").unwrap_or_default().to_owned());
            }
        }
        let has = |header: &str, word: &str| {
            head.header(header).is_some_and(|value| value.to_ascii_lowercase().contains(word))
        };
        if self.asked.len() < WAITING {
            self.asked.push_back(Asked {
                is_connect: method == "CONNECT",
                is_head: method == "HEAD",
                line,
                websocket: has("upgrade", "websocket"),
                mqtt: has("sec-websocket-protocol", "mqtt"),
            });
        }
        Then::Stay
    }

    fn response(&mut self, message: &Chunk, expect: Expect, cx: &mut Context<'_>) -> Then {
        let Some(head) = Head::parse(message.bytes()) else { return Then::Lost };
        let Some(status) = head.status() else { return Then::Lost };
        let is_interim = (100..200).contains(&status) && status != 101;
        let asked = if is_interim { None } else { self.asked.pop_front() };
        let line = asked.as_ref().or(self.asked.front()).map(|asked| asked.line.clone());
        let [_, _, (reason, _)] = &head.start;
        let headline = match &line {
            Some(line) => format!("{status} {reason} to {line}"),
            None => format!("{status} {reason}"),
        };
        cx.add_with_secrets(message, headline, Found::Response(line));
        if head.body(expect) == Some(Body::UntilClose) {
            self.halves.server.until_close = true;
        }
        match asked {
            Some(asked) if status == 101 && asked.websocket => Then::Upgrade { mqtt: asked.mqtt },
            Some(asked) if asked.is_connect && (200..300).contains(&status) => Then::Tunnel,
            _ if status == 101 => Then::Lost,
            _ => Then::Stay,
        }
    }
}
