//! WebSocket frames, and the MQTT packets in them.

use super::{Context, Then};
use crate::message::websocket::{Header, measure, unmasked};
use crate::message::{Found, mqtt};
use crate::stream::{Assembler, Both, Chunk, Next, Side};
use crate::trace::What;
use crate::view::Protocol;
use std::sync::Arc;

pub(crate) struct WebSocket {
    halves: Both<Half>,
    /// What is spoken inside, if it is MQTT.
    mqtt: Option<mqtt::Session>,
}

struct Half {
    frames: Assembler,
    packets: Assembler,
    /// What is inside was not what it should be.
    is_lost: bool,
}

impl Default for Half {
    fn default() -> Self {
        Self { frames: Assembler::new(Protocol::Websocket), packets: Assembler::new(Protocol::Mqtt), is_lost: false }
    }
}

impl WebSocket {
    pub(crate) fn new(mqtt: bool) -> Self {
        Self { halves: Both::default(), mqtt: mqtt.then(mqtt::Session::default) }
    }

    pub(crate) fn held(&self) -> usize {
        let of = |half: &Half| half.frames.held().saturating_add(half.packets.held());
        let session = self.mqtt.as_ref().map_or(0, mqtt::Session::held);
        session.saturating_add(of(&self.halves.client)).saturating_add(of(&self.halves.server))
    }

    pub(crate) fn feed(&mut self, side: Side, chunk: &mut Chunk, cx: &mut Context<'_>) -> Then {
        let frames = &mut self.halves.of_mut(side).frames;
        match frames.next(chunk, cx.limits.message, cx.ring, measure) {
            Next::Whole(frame) => self.frame(side, frame, cx),
            Next::More => {}
            Next::Wrong => return Then::Lost,
        }
        Then::Stay
    }

    fn frame(&mut self, side: Side, mut frame: Chunk, cx: &mut Context<'_>) {
        let Some(header) = Header::parse(frame.bytes()) else { return };
        let headline =
            if header.is_data() && self.mqtt.is_some() { String::new() } else { header.headline(frame.bytes()) };
        let piece = cx.ring.add(frame.frame, frame.root, frame.place(), headline, What::Message(Found::Frame));
        frame.root = frame.root.or(piece);
        frame.split(header.len);
        if frame.is_empty() || !header.is_data() {
            return;
        }
        let payload = match header.mask {
            None => frame,
            Some(mask) => {
                let whole: Arc<[u8]> = unmasked(frame.bytes(), mask).into();
                let source = cx.ring.add_source(frame.frame, "payload without its mask".to_owned(), whole.clone());
                let range = 0..whole.len();
                Chunk { source, whole, range, ..frame }
            }
        };
        self.payload(side, payload, cx);
    }

    fn payload(&mut self, side: Side, mut payload: Chunk, cx: &mut Context<'_>) {
        let Some(session) = &mut self.mqtt else { return };
        let half = self.halves.of_mut(side);
        while !payload.is_empty() && !half.is_lost {
            match half.packets.next(&mut payload, cx.limits.message, cx.ring, mqtt::measure) {
                Next::Whole(packet) => {
                    let (headline, known) = session.packet(side, packet.bytes());
                    let found = Found::Packet(known);
                    if mqtt::has_password(packet.bytes()) {
                        cx.add_with_secrets(&packet, headline, found);
                    } else {
                        cx.ring.add(packet.frame, packet.root, packet.place(), headline, What::Message(found));
                    }
                }
                Next::More => return,
                Next::Wrong => half.is_lost = true,
            }
        }
    }
}
