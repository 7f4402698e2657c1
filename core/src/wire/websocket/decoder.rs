//! The frames of a server, taken in as they arrive.

use super::{CONTROL_MAX, FIN, MASKED, WebsocketError};
use crate::text::Text;

const RESERVED: u8 = 0x70;
const OPCODE: u8 = 0x0f;
/// Two bytes and a 64-bit length; servers send no mask.
const HEADER_MAX: usize = 10;

/// What arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming<'i> {
    /// Bytes of the payload of a binary frame, the next ones of the stream.
    Data(&'i [u8]),
    /// A ping, to be answered with a pong of the same payload.
    Ping(heapless::Vec<u8, CONTROL_MAX>),
    /// The server ends the connection.
    Close {
        /// The status code, if there is one (RFC 6455 7.4).
        code: Option<u16>,
        /// What the server says about it; usually empty.
        reason: Text<128>,
    },
}

/// Takes the frames of a server, in pieces of any size.
///
/// Text frames and pongs are skipped; what follows a close frame is dropped.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    max_frame: u64,
}

#[derive(Debug)]
enum State {
    Header(heapless::Vec<u8, HEADER_MAX>),
    Binary { left: u64 },
    Skip { left: u64 },
    Control { kind: Control, left: usize, payload: heapless::Vec<u8, CONTROL_MAX> },
    Closed,
    Failed(WebsocketError),
}

#[derive(Debug, Clone, Copy)]
enum Control {
    Ping,
    Close,
}

impl Decoder {
    /// Waits for the first frame, and refuses every one with more than `max_frame` bytes of payload.
    #[must_use]
    pub const fn new(max_frame: u64) -> Self {
        Self { state: State::HEADER, max_frame }
    }

    /// Takes bytes from the connection and returns how many, and at most one event. Call it again with the rest until
    /// all bytes are taken and there was no event.
    ///
    /// # Errors
    /// [`WebsocketError`], the same one at every further call.
    pub fn receive<'i>(&mut self, input: &'i [u8]) -> Result<(usize, Option<Incoming<'i>>), WebsocketError> {
        let mut rest = input;
        loop {
            match self.step(rest) {
                Ok((behind, event)) => {
                    rest = behind;
                    if event.is_some() || rest.is_empty() {
                        return Ok((input.len().saturating_sub(rest.len()), event));
                    }
                }
                Err(error) => {
                    self.state = State::Failed(error);
                    return Err(error);
                }
            }
        }
    }

    /// Takes what belongs to the present state; returns what is behind it.
    #[inline(never)]
    fn step<'i>(&mut self, input: &'i [u8]) -> Result<(&'i [u8], Option<Incoming<'i>>), WebsocketError> {
        match &mut self.state {
            State::Failed(error) => Err(*error),
            State::Closed => Ok((&[], None)),
            State::Header(header) => {
                let Some((&byte, rest)) = input.split_first() else { return Ok((input, None)) };
                header.push(byte).map_err(|_| WebsocketError::Length)?;
                let Some(frame) = Frame::parse(header, self.max_frame)? else { return Ok((rest, None)) };
                let event = self.begin(frame)?;
                Ok((rest, event))
            }
            State::Binary { left } => {
                let (data, rest) = take(left, input);
                if *left == 0 {
                    self.state = State::HEADER;
                }
                Ok((rest, (!data.is_empty()).then_some(Incoming::Data(data))))
            }
            State::Skip { left } => {
                let (_, rest) = take(left, input);
                if *left == 0 {
                    self.state = State::HEADER;
                }
                Ok((rest, None))
            }
            State::Control { kind, left, payload } => {
                let (data, rest) = input.split_at_checked(*left).unwrap_or((input, &[]));
                payload.extend_from_slice(data).map_err(|_| WebsocketError::ControlTooLong)?;
                *left = left.saturating_sub(data.len());
                if *left > 0 {
                    return Ok((rest, None));
                }
                let (kind, payload) = (*kind, core::mem::take(payload));
                let event = self.control(kind, payload)?;
                Ok((rest, Some(event)))
            }
        }
    }

    /// Enters the state for the payload of a frame; an empty control frame is an event already.
    fn begin<'i>(&mut self, frame: Frame) -> Result<Option<Incoming<'i>>, WebsocketError> {
        let Frame { kind, length } = frame;
        let kind = match kind {
            Kind::Binary => {
                self.state = State::Binary { left: length };
                return Ok(None);
            }
            Kind::Skip => {
                self.state = State::Skip { left: length };
                return Ok(None);
            }
            Kind::Control(kind) => kind,
        };
        if length == 0 {
            return self.control(kind, heapless::Vec::new()).map(Some);
        }
        let left = usize::try_from(length).map_err(|_| WebsocketError::ControlTooLong)?;
        self.state = State::Control { kind, left, payload: heapless::Vec::new() };
        Ok(None)
    }

    /// A control frame is there to its last byte.
    fn control<'i>(
        &mut self,
        kind: Control,
        payload: heapless::Vec<u8, CONTROL_MAX>,
    ) -> Result<Incoming<'i>, WebsocketError> {
        match kind {
            Control::Ping => {
                self.state = State::HEADER;
                Ok(Incoming::Ping(payload))
            }
            Control::Close => {
                self.state = State::Closed;
                parse_close(&payload)
            }
        }
    }
}

impl State {
    const HEADER: Self = Self::Header(heapless::Vec::new());
}

/// The checked meaning of a frame header.
struct Frame {
    kind: Kind,
    length: u64,
}

enum Kind {
    Binary,
    Skip,
    Control(Control),
}

impl Frame {
    /// Reads as much of a header as is there; `None` if there is more to come. Whatever is wrong shows at the first byte
    /// that makes it so.
    fn parse(header: &[u8], max_frame: u64) -> Result<Option<Self>, WebsocketError> {
        let Some((&first, behind)) = header.split_first() else { return Ok(None) };
        if first & RESERVED != 0 {
            return Err(WebsocketError::ReservedBits);
        }
        let kind = match first & OPCODE {
            0x0 => return Err(WebsocketError::Fragmented),
            0x1 | 0xa => Kind::Skip,
            0x2 => Kind::Binary,
            0x8 => Kind::Control(Control::Close),
            0x9 => Kind::Control(Control::Ping),
            opcode => return Err(WebsocketError::Opcode(opcode)),
        };
        if first & FIN == 0 {
            return Err(WebsocketError::Fragmented);
        }
        let Some((&second, extended)) = behind.split_first() else { return Ok(None) };
        if second & MASKED != 0 {
            return Err(WebsocketError::Masked);
        }
        if first & 0x8 != 0 && usize::from(second) > CONTROL_MAX {
            return Err(WebsocketError::ControlTooLong);
        }
        let Some(length) = parse_length(second, extended)? else { return Ok(None) };
        if length > max_frame && first & 0x8 == 0 {
            return Err(WebsocketError::TooLong { length, limit: max_frame });
        }
        Ok(Some(Self { kind, length }))
    }
}

/// The payload length out of the seven bits and what follows them (RFC 6455 5.2); `None` if there is more to come.
fn parse_length(short: u8, extended: &[u8]) -> Result<Option<u64>, WebsocketError> {
    let (bytes, least) = match short {
        126 => (2, 126),
        127 => (8, 0x1_0000),
        short => return Ok(Some(u64::from(short))),
    };
    if short == 127 && extended.first().is_some_and(|byte| byte & 0x80 != 0) {
        return Err(WebsocketError::Length);
    }
    let Some(extended) = extended.get(..bytes) else { return Ok(None) };
    let length = extended.iter().fold(0, |length, byte| (length << 8) | u64::from(*byte));
    if length < least { Err(WebsocketError::Length) } else { Ok(Some(length)) }
}

/// Splits off up to `left` bytes and counts them.
fn take<'i>(left: &mut u64, input: &'i [u8]) -> (&'i [u8], &'i [u8]) {
    let len = usize::try_from(*left).unwrap_or(usize::MAX);
    let (data, rest) = input.split_at_checked(len).unwrap_or((input, &[]));
    *left = left.saturating_sub(data.len() as u64);
    (data, rest)
}

fn parse_close<'i>(payload: &[u8]) -> Result<Incoming<'i>, WebsocketError> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        let none = Incoming::Close { code: None, reason: Text::new() };
        return if payload.is_empty() { Ok(none) } else { Err(WebsocketError::ClosePayload) };
    };
    let code = u16::from_be_bytes(*code);
    // 1004 has no meaning; 1005, 1006 and 1015 are for APIs only; the rest is unassigned (RFC 6455 7.4).
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(WebsocketError::CloseCode(code));
    }
    let reason = core::str::from_utf8(reason).map_err(|_| WebsocketError::CloseReason)?;
    Ok(Incoming::Close { code: Some(code), reason: Text::of(reason) })
}
