//! WebSocket frames: `wire::websocket` and tungstenite.

use super::Verdict;
use aclk_core::wire::websocket::{Decoder, Incoming, WebsocketError};
use std::io::{self, Read, Write};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

/// Longest frame that is read.
pub const LIMIT: usize = 70_000;

/// Where we differ. The first five are refused by us alone.
pub const TOLERATED: &[(&str, &str)] = &[
    ("fragments", "protocol.md 2.9: the Cloud never fragments, nor could the original agent read it; the other joins"),
    ("length not in its shortest form", "RFC 6455 5.2 demands the shortest; the other takes any"),
    ("close code", "RFC 6455 7.4: must not be sent; the other hands it over and answers 1002"),
    ("close code 1014", "a bad gateway, registered with IANA later than RFC 6455; the other takes it for unassigned"),
    ("at the first wrong byte", "we refuse a header as soon as it is wrong; the other waits for the whole frame"),
    ("text", "is passed over unread (protocol.md 2.9); the other checks that it is UTF-8"),
    ("reason of a close", "ours is for people: bounded, and control characters are escaped"),
];

/// How both read `bytes`, as a client.
///
/// # Panics
/// If both accept it, and read something else.
pub fn compare(bytes: &[u8]) -> Verdict {
    let (ours, refused) = read_by_us(vec![bytes]);
    let (theirs, refused_by_them) = read_by_tungstenite(Role::Client, vec![bytes]);
    match (refused, refused_by_them) {
        // Of a frame that is not there to its last byte we hand over the first ones.
        (None, None) if ours.data.starts_with(&theirs.data) && ours.pings == theirs.pings => {
            let code = |seen: &Seen| seen.close.as_ref().map(|(code, _)| *code);
            if code(&ours) == Some(Some(1014)) {
                return Verdict::differ("close code 1014");
            }
            assert_eq!(code(&ours), code(&theirs), "{bytes:02x?}");
            if ours.close == theirs.close { Verdict::BothAccept } else { Verdict::differ("reason of a close") }
        }
        (None, None) => panic!("{ours:?} and {theirs:?} in {bytes:02x?}"),
        (Some(_), Some(_)) => {
            assert!(ours.data.starts_with(&theirs.data) || theirs.data.starts_with(&ours.data), "{bytes:02x?}");
            Verdict::BothRefuse
        }
        (Some(error), None) => Verdict::differ(name(error, theirs.close.is_none())),
        (None, Some(tungstenite::Error::Utf8(_))) => Verdict::differ("text"),
        (None, Some(_)) => Verdict::differ("accepted by us alone"),
    }
}

fn name(error: WebsocketError, theirs_waits: bool) -> &'static str {
    match error {
        WebsocketError::Fragmented => "fragments",
        WebsocketError::Length => "length not in its shortest form",
        // As short as a control frame may be, and its length written as that of a long one.
        WebsocketError::ControlTooLong if !theirs_waits => "length not in its shortest form",
        WebsocketError::CloseCode(_) => "close code",
        _ if theirs_waits => "at the first wrong byte",
        _ => "none of these",
    }
}

/// Bytes that have arrived, in pieces; what is written to it is dropped.
struct Wire<'p>(std::vec::IntoIter<&'p [u8]>);

impl<'p> Wire<'p> {
    fn new(pieces: Vec<&'p [u8]>) -> Self {
        Self(pieces.into_iter())
    }
}

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let next = self.0.find(|piece| !piece.is_empty());
        let Some(piece) = next else { return Err(io::ErrorKind::WouldBlock.into()) };
        let (now, later) = piece.split_at(piece.len().min(buffer.len()));
        buffer[..now.len()].copy_from_slice(now);
        if !later.is_empty() {
            self.0 = [later].into_iter().chain(self.0.by_ref()).collect::<Vec<_>>().into_iter();
        }
        Ok(now.len())
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a reader got out of a stream.
#[derive(Debug, Default, PartialEq)]
pub struct Seen {
    pub data: Vec<u8>,
    pub pings: Vec<Vec<u8>>,
    pub close: Option<(Option<u16>, String)>,
}

/// What tungstenite reads in `role`, up to a close frame, an error or the end. Text and pongs are passed over, as we do.
pub fn read_by_tungstenite(role: Role, pieces: Vec<&[u8]>) -> (Seen, Option<tungstenite::Error>) {
    let config = WebSocketConfig::default().max_frame_size(Some(LIMIT)).max_message_size(None);
    let mut socket = WebSocket::from_raw_socket(Wire::new(pieces), role, Some(config));
    let mut seen = Seen::default();
    loop {
        match socket.read() {
            Ok(Message::Binary(bytes)) => seen.data.extend(bytes),
            Ok(Message::Ping(payload)) => seen.pings.push(payload.to_vec()),
            Ok(Message::Close(frame)) => {
                let code = frame.as_ref().map(|frame| frame.code.into());
                seen.close = Some((code, frame.map_or_else(String::new, |frame| frame.reason.to_string())));
                return (seen, None);
            }
            Ok(Message::Text(_) | Message::Pong(_) | Message::Frame(_)) => {}
            Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return (seen, None),
            Err(error) => return (seen, Some(error)),
        }
    }
}

/// What we read.
pub fn read_by_us(pieces: Vec<&[u8]>) -> (Seen, Option<WebsocketError>) {
    let (mut decoder, mut seen) = (Decoder::new(LIMIT as u64), Seen::default());
    for mut piece in pieces {
        while !piece.is_empty() {
            let (taken, event) = match decoder.receive(piece) {
                Ok(received) => received,
                Err(error) => return (seen, Some(error)),
            };
            piece = &piece[taken..];
            match event {
                Some(Incoming::Data(bytes)) => seen.data.extend(bytes),
                Some(Incoming::Ping(payload)) => seen.pings.push(payload.to_vec()),
                Some(Incoming::Close { code, reason }) => {
                    seen.close = Some((code, reason.to_string()));
                    return (seen, None);
                }
                None => assert!(piece.is_empty(), "bytes were left though nothing happened"),
            }
        }
    }
    (seen, None)
}
