//! A bounded place to write to.

use core::fmt;

/// The buffer has no room for what was to be written; nothing of it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full {
    /// Size of the buffer in bytes.
    pub size: usize,
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "does not fit the {} byte send buffer", self.size)
    }
}

impl core::error::Error for Full {}

/// Writes into a slice from the front. Once something did not fit, [`finish`](Self::finish) says so, so that a chain of
/// writes needs one check. `Debug` does not print what was written: there may be secrets in it.
pub struct Writer<'b> {
    buffer: &'b mut [u8],
    len: usize,
    full: bool,
}

impl<'b> Writer<'b> {
    /// Writes from the start of `buffer`.
    #[must_use]
    pub const fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, len: 0, full: false }
    }

    /// Appends `bytes`, or marks the writer full.
    pub fn put(&mut self, bytes: &[u8]) {
        match self.len.checked_add(bytes.len()).and_then(|end| self.buffer.get_mut(self.len..end)) {
            Some(slot) if !self.full => {
                slot.copy_from_slice(bytes);
                self.len += bytes.len();
            }
            _ => self.full = true,
        }
    }

    /// Appends one byte, or marks the writer full.
    pub fn put_u8(&mut self, byte: u8) {
        self.put(&[byte]);
    }

    /// Appends a big-endian 16-bit number, or marks the writer full.
    pub fn put_u16(&mut self, value: u16) {
        self.put(&value.to_be_bytes());
    }

    /// Appends what `value` displays as, or marks the writer full.
    pub fn put_fmt(&mut self, value: impl fmt::Display) {
        if fmt::Write::write_fmt(self, format_args!("{value}")).is_err() {
            self.full = true;
        }
    }

    /// Lets `write` write into the room that is left; it yields how many bytes it wrote, or `None` if they do not fit, which marks
    /// the writer full.
    pub fn put_with(&mut self, write: impl FnOnce(&mut [u8]) -> Option<usize>) {
        let room = self.buffer.get_mut(self.len..).unwrap_or_default();
        let size = room.len();
        match write(room) {
            Some(len) if len <= size && !self.full => self.len += len,
            _ => self.full = true,
        }
    }

    /// Marks the writer full because of a value that the format has no room for, whatever the size of the buffer.
    pub const fn refuse(&mut self) {
        self.full = true;
    }

    /// Bytes written so far.
    #[must_use]
    pub fn written(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }

    /// How many bytes were written.
    ///
    /// # Errors
    /// [`Full`] if anything did not fit.
    pub const fn finish(self) -> Result<usize, Full> {
        if self.full { Err(Full { size: self.buffer.len() }) } else { Ok(self.len) }
    }
}

impl fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("len", &self.len).field("full", &self.full).finish_non_exhaustive()
    }
}

impl fmt::Write for Writer<'_> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.put(s.as_bytes());
        if self.full { Err(fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Full, Writer};

    #[test]
    fn a_full_writer_says_so_at_the_end() {
        let mut buffer = [0; 4];
        let mut writer = Writer::new(&mut buffer);
        writer.put(b"abc");
        writer.put(b"de");
        writer.put(b"f");
        assert_eq!(writer.finish(), Err(Full { size: 4 }));
    }

    #[test]
    fn what_is_written_into_the_room_that_is_left_counts_if_it_fits() {
        let mut buffer = [0; 4];
        let mut writer = Writer::new(&mut buffer);
        writer.put_u8(b'a');
        writer.put_with(|room| {
            room[..2].copy_from_slice(b"bc");
            Some(2)
        });
        assert_eq!(writer.written(), b"abc");
        writer.put_with(|room| Some(room.len() + 1));
        assert_eq!(writer.written(), b"abc", "more than there is room for");
        assert_eq!(writer.finish(), Err(Full { size: 4 }));
    }
}
