//! A response, taken in as it arrives.

use super::chunked::Chunked;
use super::head::{Framing, Head};
use super::{HEAD_MAX, HttpError, INTERIM_MAX};
use crate::wire::websocket::ACCEPT_LEN;

/// Takes one response, in pieces of any size.
///
/// The storage is the caller's and must be the same at every call: it holds the head first, then the body. How the bytes
/// are cut into pieces never changes the outcome, and every byte is looked at once until the head is complete.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    /// Bytes in the storage: of the head, later of the body.
    filled: usize,
    received: u64,
    head_bytes: usize,
    interim: u8,
    head: Option<Head>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Head,
    Length { left: u64 },
    Chunked(Chunked),
    Complete,
    Failed(HttpError),
}

impl Decoder {
    /// Waits for the first byte of a response.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: State::Head, filled: 0, received: 0, head_bytes: 0, interim: 0, head: None }
    }

    /// Takes bytes from the connection and returns how many: all of them, until the response is complete. What follows
    /// a complete response (after a 101 that is the first WebSocket frame) is left to the caller.
    ///
    /// # Errors
    /// [`HttpError`], the same one at every further call.
    pub fn receive(&mut self, storage: &mut [u8], input: &[u8]) -> Result<usize, HttpError> {
        match self.advance(storage, input) {
            Ok(taken) => {
                self.received = self.received.saturating_add(taken as u64);
                Ok(taken)
            }
            Err(error) => {
                self.state = State::Failed(error);
                Err(error)
            }
        }
    }

    /// Tells that the peer closed the connection.
    ///
    /// # Errors
    /// Unless the response is complete: [`HttpError::NoResponse`], [`HttpError::HeadTruncated`],
    /// [`HttpError::BodyTruncated`], or what [`receive`](Self::receive) failed with.
    pub fn end_of_stream(&mut self) -> Result<(), HttpError> {
        let received = self.filled as u64;
        let error = match self.state {
            State::Complete => return Ok(()),
            State::Failed(error) => error,
            State::Head if self.filled == 0 => HttpError::NoResponse,
            State::Head => HttpError::HeadTruncated,
            State::Length { left } => {
                HttpError::BodyTruncated { received, expected: Some(received.saturating_add(left)) }
            }
            State::Chunked(_) => HttpError::BodyTruncated { received, expected: None },
        };
        self.state = State::Failed(error);
        Err(error)
    }

    /// Whether the response is there to its last byte.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        matches!(self.state, State::Complete)
    }

    /// The status of the final response, 101 or 200 to 599; 0 before its head is complete.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.head.as_ref().map_or(0, |head| head.status)
    }

    /// The body, decoded, out of the storage that [`receive`](Self::receive) filled; empty before it is complete.
    #[must_use]
    pub fn body<'s>(&self, storage: &'s [u8]) -> &'s [u8] {
        if self.is_complete() { storage.get(..self.filled).unwrap_or_default() } else { &[] }
    }

    /// `Retry-After` in seconds; `None` if it is absent, a date or out of range.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        self.head.as_ref()?.retry_after
    }

    /// `Date` in seconds since 1970; `None` if it is absent or not of the form that RFC 9110 5.6.7 asks for.
    #[must_use]
    pub fn date(&self) -> Option<u64> {
        self.head.as_ref()?.date
    }

    /// `Sec-WebSocket-Accept` of a 101 response, to be compared with
    /// [`accept_of`](crate::wire::websocket::accept_of) the key.
    #[must_use]
    pub fn websocket_accept(&self) -> Option<&str> {
        self.head.as_ref()?.accept.as_ref().map(heapless::String::<ACCEPT_LEN>::as_str)
    }

    /// Length of the head of the final response in bytes, its blank line included; 0 before it is complete.
    #[must_use]
    pub const fn head_bytes(&self) -> usize {
        self.head_bytes
    }

    /// Bytes taken so far, interim responses and framing included.
    #[must_use]
    pub const fn received(&self) -> u64 {
        self.received
    }

    fn advance(&mut self, storage: &mut [u8], input: &[u8]) -> Result<usize, HttpError> {
        let mut rest = input;
        loop {
            rest = match self.state {
                State::Complete => break,
                State::Failed(error) => return Err(error),
                _ if rest.is_empty() => break,
                State::Head => self.take_head(storage, rest)?,
                State::Length { left } => self.take_length(left, storage, rest)?,
                State::Chunked(coding) => self.take_chunked(coding, storage, rest)?,
            };
        }
        Ok(input.len().saturating_sub(rest.len()))
    }

    /// Takes bytes up to and including the blank line, and returns what is behind it.
    fn take_head<'i>(&mut self, storage: &mut [u8], input: &'i [u8]) -> Result<&'i [u8], HttpError> {
        let limit = storage.len().min(HEAD_MAX);
        let mut rest = input;
        while let Some((&byte, behind)) = rest.split_first() {
            let before = storage.get(..self.filled).unwrap_or_default();
            check_head_byte(before, byte)?;
            let blank_line = byte == b'\n' && before.ends_with(b"\r\n\r");
            *storage.get_mut(..limit).and_then(|s| s.get_mut(self.filled)).ok_or(HttpError::HeadTooLong { limit })? =
                byte;
            self.filled = self.filled.saturating_add(1);
            rest = behind;
            if blank_line {
                self.finish_head(storage)?;
                break;
            }
        }
        Ok(rest)
    }

    fn finish_head(&mut self, storage: &[u8]) -> Result<(), HttpError> {
        let head = Head::parse(storage.get(..self.filled).unwrap_or_default())?;
        let head_bytes = core::mem::take(&mut self.filled);
        if head.status < 200 && head.status != 101 {
            self.interim = self.interim.saturating_add(1);
            return if self.interim > INTERIM_MAX { Err(HttpError::TooManyInterim) } else { Ok(()) };
        }
        self.state = match head.framing {
            Framing::Length(0) => State::Complete,
            Framing::Length(length) => {
                check_fits(length, storage)?;
                State::Length { left: length }
            }
            Framing::Chunked => State::Chunked(Chunked::START),
        };
        self.head_bytes = head_bytes;
        self.head = Some(head);
        Ok(())
    }

    fn take_length<'i>(&mut self, left: u64, storage: &mut [u8], input: &'i [u8]) -> Result<&'i [u8], HttpError> {
        let (left, rest) = self.take_data(left, storage, input)?;
        self.state = if left == 0 { State::Complete } else { State::Length { left } };
        Ok(rest)
    }

    fn take_chunked<'i>(
        &mut self,
        coding: Chunked,
        storage: &mut [u8],
        input: &'i [u8],
    ) -> Result<&'i [u8], HttpError> {
        if let Chunked::Data { left } = coding {
            let (left, rest) = self.take_data(left, storage, input)?;
            let coding = if left == 0 { Chunked::DataEnd { cr: false } } else { Chunked::Data { left } };
            self.state = State::Chunked(coding);
            return Ok(rest);
        }
        let Some((&byte, rest)) = input.split_first() else { return Ok(input) };
        let coding = coding.framing(byte)?;
        if let Chunked::Data { left } = coding {
            check_fits(left.saturating_add(self.filled as u64), storage)?;
        }
        self.state = if matches!(coding, Chunked::Done) { State::Complete } else { State::Chunked(coding) };
        Ok(rest)
    }

    /// Copies up to `left` bytes behind the body so far; returns how many are still to come, and the rest of the input.
    fn take_data<'i>(&mut self, left: u64, storage: &mut [u8], input: &'i [u8]) -> Result<(u64, &'i [u8]), HttpError> {
        let len = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
        let (data, rest) = input.split_at_checked(len).unwrap_or((input, &[]));
        let limit = storage.len();
        let end = self.filled.saturating_add(len);
        // Checked when the length became known; a caller that changed the storage gets the same answer.
        let too_long = HttpError::BodyTooLong { length: end as u64, limit };
        storage.get_mut(self.filled..end).ok_or(too_long)?.copy_from_slice(data);
        self.filled = end;
        Ok((left.saturating_sub(len as u64), rest))
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

fn check_fits(length: u64, storage: &[u8]) -> Result<(), HttpError> {
    let limit = storage.len();
    if length > limit as u64 { Err(HttpError::BodyTooLong { length, limit }) } else { Ok(()) }
}

/// What can be told from one byte of a head and those before it. Found early, because a peer that speaks something else
/// would otherwise be waited for until a deadline.
fn check_head_byte(before: &[u8], byte: u8) -> Result<(), HttpError> {
    match b"HTTP/1.".get(before.len()) {
        Some(&expected) if expected != byte && before.len() < 5 => return Err(HttpError::NotHttp),
        Some(&expected) if expected != byte => return Err(HttpError::Version),
        _ => {}
    }
    match (before, byte) {
        ([.., b'\r'], b'\n') => Ok(()),
        ([.., b'\r'], _) | (_, b'\n') => Err(HttpError::LineEnd),
        ([.., b'\r', b'\n'], b' ' | b'\t') => Err(HttpError::Folded),
        _ => Ok(()),
    }
}
