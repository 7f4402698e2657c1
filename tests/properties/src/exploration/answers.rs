//! What the Cloud says to what it was told.

use super::Happening;
use super::bench::{Bench, Line};
use super::cloud;
use super::state::Place;
use crate::evidence::{header, packets};

impl Bench {
    /// What the Cloud says for `event` in this place.
    pub(super) fn says(&self, event: Happening) -> Vec<u8> {
        use Happening as H;
        let Line::Open(purpose) = self.line else { return Vec::new() };
        let is_http = matches!(self.place(), Place::Ask(_));
        match event {
            H::AlreadyClaimed => cloud::error("409 Conflict", "ErrAlreadyClaimed", ""),
            H::Refused if is_http => cloud::error("403 Forbidden", "ErrForbidden", ""),
            H::Busy => cloud::reply("503 Service Unavailable", "busy"),
            H::Later if is_http => cloud::error(
                "429 Too Many Requests",
                "ErrLater",
                r#","errorNonRetryable":false,"errorRetryDelaySeconds":7"#,
            ),
            H::Ban if is_http => cloud::error("403 Forbidden", "ErrBanned", r#","errorNonRetryable":true"#),
            H::Garbage if is_http => b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(),
            H::Garbage => cloud::frame(&[0xf7, 0xff, 0xff, 0xff, 0xff, 0xff]),
            H::Later => cloud::leave(false),
            H::Ban => cloud::leave(true),
            H::ThrowsOut => cloud::frame(&[0xe0, 1, 0x8e]),
            H::AsksForNode => cloud::asks_for_node(),
            H::NamesNode => cloud::names_node(),
            H::Asks => cloud::asks(),
            _ if is_http => cloud::good(purpose, &header(&self.sent, "Sec-WebSocket-Key").unwrap_or_default()),
            _ => self.acknowledges(event == H::Refused),
        }
    }

    /// The answers to the packets that have none.
    fn acknowledges(&self, refuses: bool) -> Vec<u8> {
        let data = self.data();
        let all = packets(&data);
        let id = |packet: &[u8], at: usize| [packet[at], packet[at + 1]];
        match self.place() {
            Place::Connack if refuses => cloud::frame(&[0x20, 3, 0, 0x87, 0]),
            Place::Connack => cloud::frame(&[0x20, 3, 0, 0, 0]),
            Place::Suback(_) => {
                let id = all.iter().rfind(|packet| packet[0] == 0x82).map_or([0; 2], |packet| id(packet, 2));
                cloud::frame(&[0x90, 4, id[0], id[1], 0, if refuses { 0x87 } else { 1 }])
            }
            Place::Announced if refuses => cloud::frame(&[0x40, 3, 0, 99, 0x87]),
            place => {
                let mut bytes = if place == Place::Ping { cloud::frame(&[0xd0, 0]) } else { Vec::new() };
                for packet in all.into_iter().filter(|packet| packet[0] == 0x32).skip(self.acknowledged) {
                    let at = if packet[1] & 0x80 == 0 { 2 } else { 3 };
                    let topic = usize::from(u16::from_be_bytes(id(packet, at)));
                    let id = id(packet, at + 2 + topic);
                    bytes.extend(cloud::frame(&[0x40, 2, id[0], id[1]]));
                }
                bytes
            }
        }
    }
}
