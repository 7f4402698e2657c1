//! Where a packet ends.

use super::{MqttError, REMAINING_MAX};

/// Collects one packet at a time, in pieces of any size.
///
/// The storage is the caller's and must be the same until a packet is complete.
#[derive(Debug)]
pub struct Framer {
    maximum: usize,
    /// Bytes of the packet in the storage.
    filled: usize,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Type,
    /// `value` so far of the remaining length, of which `bytes` arrived.
    Length {
        value: u32,
        bytes: u8,
    },
    Body {
        left: usize,
    },
    Failed(MqttError),
}

impl Framer {
    /// Waits for the first packet; the size of the storage is the only limit.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_maximum(usize::MAX)
    }

    /// Waits for the first packet, and refuses those longer than `maximum` bytes (the Maximum Packet Size that CONNECT
    /// announced) or than the storage.
    #[must_use]
    pub const fn with_maximum(maximum: usize) -> Self {
        Self { maximum, filled: 0, state: State::Type }
    }

    /// Takes bytes of the stream. Returns how many, and the length of the packet that now is complete at the start of
    /// `storage`, if one is; the next call starts over. Call it again until all bytes are taken and none was complete.
    ///
    /// # Errors
    /// [`MqttError::Length`], [`MqttError::TooLong`]; the same one at every further call.
    pub fn receive(&mut self, storage: &mut [u8], input: &[u8]) -> Result<(usize, Option<usize>), MqttError> {
        let mut rest = input;
        while !rest.is_empty() {
            match self.step(storage, rest) {
                Ok((behind, complete)) => {
                    rest = behind;
                    if complete {
                        self.state = State::Type;
                        let packet_len = core::mem::take(&mut self.filled);
                        return Ok((input.len().saturating_sub(rest.len()), Some(packet_len)));
                    }
                }
                Err(error) => {
                    self.state = State::Failed(error);
                    return Err(error);
                }
            }
        }
        if let State::Failed(error) = self.state { Err(error) } else { Ok((input.len(), None)) }
    }

    /// Takes what belongs to the present state; returns what is behind it and whether the packet is complete.
    fn step<'i>(&mut self, storage: &mut [u8], input: &'i [u8]) -> Result<(&'i [u8], bool), MqttError> {
        match self.state {
            State::Failed(error) => Err(error),
            State::Type => {
                let rest = self.copy(storage, input, 1)?;
                self.state = State::Length { value: 0, bytes: 0 };
                Ok((rest, false))
            }
            State::Length { value, bytes } => {
                let Some(&byte) = input.first() else { return Ok((input, false)) };
                let more = byte & 0x80 != 0;
                // Four bytes at most, and the last of several is not zero: the shortest form is the only one (1.5.5).
                if (more && bytes >= 3) || (byte == 0 && bytes > 0) {
                    return Err(MqttError::Length);
                }
                let low = u32::from(byte & 0x7f).checked_shl(u32::from(bytes).saturating_mul(7)).unwrap_or_default();
                let (value, bytes) = (value | low, bytes.saturating_add(1));
                let rest = self.copy(storage, input, 1)?;
                if more {
                    self.state = State::Length { value, bytes };
                    return Ok((rest, false));
                }
                let left = self.check_fits(value, storage)?;
                self.state = State::Body { left };
                Ok((rest, left == 0))
            }
            State::Body { left } => {
                let len = left.min(input.len());
                let rest = self.copy(storage, input, len)?;
                let left = left.saturating_sub(len);
                self.state = State::Body { left };
                Ok((rest, left == 0))
            }
        }
    }

    fn check_fits(&self, remaining: u32, storage: &[u8]) -> Result<usize, MqttError> {
        let limit = self.maximum.min(storage.len());
        // The length is below 2^28 and the fixed header has five bytes at most: nothing saturates.
        let length = remaining.saturating_add(u32::try_from(self.filled).unwrap_or(u32::MAX));
        match usize::try_from(length) {
            Ok(length_here) if length_here <= limit => Ok(length_here.saturating_sub(self.filled)),
            _ => Err(MqttError::TooLong { length, limit }),
        }
    }

    fn copy<'i>(&mut self, storage: &mut [u8], input: &'i [u8], len: usize) -> Result<&'i [u8], MqttError> {
        let (bytes, rest) = input.split_at_checked(len).unwrap_or((input, &[]));
        let end = self.filled.saturating_add(bytes.len());
        let limit = storage.len();
        let too_long = MqttError::TooLong { length: u32::try_from(end).unwrap_or(u32::MAX), limit };
        storage.get_mut(self.filled..end).ok_or(too_long)?.copy_from_slice(bytes);
        self.filled = end;
        Ok(rest)
    }
}

impl Default for Framer {
    fn default() -> Self {
        Self::new()
    }
}

const _: () = assert!(REMAINING_MAX <= u32::MAX as usize);
