//! WebSocket (RFC 6455): frames.

use crate::field::{bytes, field, hex, named, text};
use crate::reader::Reader;
use crate::stream::Cut;
use crate::view::{Layer, Protocol};
use core::ops::Range;

/// A frame's header, and where its payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) opcode: u8,
    pub(crate) is_last: bool,
    pub(crate) mask: Option<[u8; 4]>,
    /// Bytes of the header.
    pub(crate) len: usize,
    pub(crate) payload: u64,
}

impl Header {
    /// The header at the front; `None` if it is not complete.
    pub(crate) fn parse(frame: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(frame, 0..frame.len());
        let (first, second) = (reader.u8()?, reader.u8()?);
        let payload = match second & 0x7f {
            126 => u64::from(reader.u16()?),
            127 => reader.u64()?,
            len => u64::from(len),
        };
        let mask = if second & 0x80 == 0 { None } else { Some(reader.array()?) };
        Some(Self { opcode: first & 15, is_last: first & 0x80 != 0, mask, len: reader.at(), payload })
    }

    /// Whether the payload is part of the stream inside.
    pub(crate) const fn is_data(self) -> bool {
        self.opcode < 8
    }

    /// One line about the frame.
    pub(crate) fn headline(self, frame: &[u8]) -> String {
        let name = opcode_name(self.opcode).unwrap_or("unknown frame");
        let payload = frame.get(self.len..).unwrap_or_default();
        match control_words(self, payload).filter(|words| !words.is_empty()) {
            Some(words) => format!("WebSocket {name}: {words}"),
            None if self.payload == 0 => format!("WebSocket {name}"),
            None => format!("WebSocket {name}, {}", bytes(payload.len())),
        }
    }
}

/// How long the frame in front is.
pub(crate) fn measure(bytes: &[u8]) -> Cut {
    Header::parse(bytes).map_or(Cut::More, |header| Cut::Message(header.payload.saturating_add(header.len as u64)))
}

/// The payload without its mask.
pub(crate) fn unmasked(payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    payload.iter().zip(mask.into_iter().cycle()).map(|(byte, mask)| byte ^ mask).collect()
}

pub(crate) fn layer(source: &[u8], range: Range<usize>) -> Layer {
    let help =
        "WebSocket carries messages over a connection that began as HTTP, so that they pass wherever the web does.";
    let header = Header::parse(source.get(range.clone()).unwrap_or_default());
    let name = header.and_then(|header| opcode_name(header.opcode)).unwrap_or("frame");
    crate::field::layer(Protocol::Websocket, format!("WebSocket {name}"), source, range, help, |fields, reader| {
        let header = header?;
        let at = reader.at();
        let first = reader.u8()?;
        let value = if header.is_last { "yes" } else { "no, more follow" };
        fields.add(field("Last fragment", value, at..reader.at()).help("A message may be cut into several frames."));
        let reserved = first & 0x70 != 0;
        fields.add(
            field("Kind", named(opcode_name(header.opcode), header.opcode), at..reader.at())
                .help("Binary frames carry MQTT; ping and pong show that the other side is there; close ends it.")
                .wrong_if(reserved || opcode_name(header.opcode).is_none()),
        );
        let at = reader.at();
        let mask_len = if header.mask.is_some() { 4 } else { 0 };
        reader.take(header.len.checked_sub(1 + mask_len)?)?;
        let len = usize::try_from(header.payload).unwrap_or(usize::MAX);
        fields.add(field("Length", bytes(len), at..reader.at()).help("Of the payload."));
        let at = reader.at();
        let mask_help = "Clients mix every byte with a random number, so that nobody on the way takes it for something else. \
                         It keeps nothing secret.";
        let value = match header.mask {
            Some(_) => hex(reader.take(4)?),
            None => "none".to_owned(),
        };
        fields.add(field("Mask", value, at..reader.at()).help(mask_help));
        let at = reader.at();
        let payload = reader.take(len)?;
        let value = control_words(header, payload).unwrap_or_else(|| bytes(len));
        fields.add(field("Payload", value, at..reader.at()));
        Some(())
    })
}

/// What a control frame says.
fn control_words(header: Header, payload: &[u8]) -> Option<String> {
    if header.is_data() {
        return None;
    }
    let plain = header.mask.map_or_else(|| payload.to_vec(), |mask| unmasked(payload, mask));
    match (header.opcode, plain.split_first_chunk::<2>()) {
        (8, Some((code, reason))) => {
            let code = u16::from_be_bytes(*code);
            Some(format!("{} {}", named(close_name(code), code), text(reason)).trim_end().to_owned())
        }
        (8, None) => Some("no reason".to_owned()),
        _ => Some(text(&plain)),
    }
}

const fn opcode_name(opcode: u8) -> Option<&'static str> {
    match opcode {
        0 => Some("continuation"),
        1 => Some("text"),
        2 => Some("binary"),
        8 => Some("close"),
        9 => Some("ping"),
        10 => Some("pong"),
        _ => None,
    }
}

const fn close_name(code: u16) -> Option<&'static str> {
    match code {
        1000 => Some("all is said"),
        1001 => Some("going away"),
        1002 => Some("protocol error"),
        1003 => Some("unacceptable data"),
        1007 => Some("inconsistent data"),
        1008 => Some("against the policy"),
        1009 => Some("too big"),
        1010 => Some("extension needed"),
        1011 => Some("unexpected condition"),
        _ => None,
    }
}
