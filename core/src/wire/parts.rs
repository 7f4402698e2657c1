//! Bodies that are never there as a whole: numbered parts, each written again whenever a piece of it is wanted.

use core::fmt;

/// Where one part is written to: what comes before `skip` and what does not fit is only counted.
pub(crate) struct Window<'b> {
    skip: u64,
    buffer: &'b mut [u8],
    filled: usize,
    seen: u64,
    counts: bool,
}

impl<'b> Window<'b> {
    const fn new(skip: u64, buffer: &'b mut [u8]) -> Self {
        Self { skip, buffer, filled: 0, seen: 0, counts: false }
    }

    /// Appends `bytes`. An error says that no more is wanted.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> fmt::Result {
        let before = usize::try_from(self.skip.saturating_sub(self.seen)).unwrap_or(usize::MAX);
        self.seen = self.seen.saturating_add(bytes.len() as u64);
        if self.counts {
            return Ok(());
        }
        let wanted = bytes.get(before..).unwrap_or_default();
        let space = self.buffer.get_mut(self.filled..).unwrap_or_default();
        let len = wanted.len().min(space.len());
        if let (Some(space), Some(wanted)) = (space.get_mut(..len), wanted.get(..len)) {
            space.copy_from_slice(wanted);
        }
        self.filled += len;
        if len < wanted.len() { Err(fmt::Error) } else { Ok(()) }
    }
}

impl fmt::Write for Window<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.put(text.as_bytes())
    }
}

/// Where in a body the next piece begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    part: u64,
    offset: u64,
}

impl Cursor {
    /// The first byte.
    pub(crate) const START: Self = Self { part: 0, offset: 0 };
}

/// Length of the body that `parts` parts make up.
pub(crate) fn measure(parts: u64, write: impl Fn(u64, &mut Window<'_>) -> fmt::Result) -> u64 {
    let mut window = Window { counts: true, ..Window::new(0, &mut []) };
    for part in 0..parts {
        // Nothing that is only counted fails.
        let _ = write(part, &mut window);
    }
    window.seen
}

/// Writes the next piece of a body into `buffer`; yields its length, 0 behind the end.
pub(crate) fn fill(
    cursor: &mut Cursor,
    parts: u64,
    buffer: &mut [u8],
    write: impl Fn(u64, &mut Window<'_>) -> fmt::Result,
) -> usize {
    let mut filled = 0;
    while cursor.part < parts && filled < buffer.len() {
        let mut window = Window::new(cursor.offset, buffer.get_mut(filled..).unwrap_or_default());
        let complete = write(cursor.part, &mut window).is_ok();
        filled += window.filled;
        if complete {
            *cursor = Cursor { part: cursor.part + 1, offset: 0 };
        } else {
            cursor.offset += window.filled as u64;
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::{Cursor, Window, fill, measure};
    use core::fmt::{self, Write};
    use std::vec::Vec;

    fn write(part: u64, w: &mut Window<'_>) -> fmt::Result {
        for index in 0..part % 4 {
            write!(w, "<{part}.{index}>")?;
        }
        Ok(())
    }

    #[test]
    fn pieces_of_any_size_join_to_the_same_body_of_the_length_that_was_told() {
        let whole = |size: usize| {
            let (mut cursor, mut body, mut piece) = (Cursor::default(), Vec::new(), std::vec![0; size]);
            loop {
                match fill(&mut cursor, 30, &mut piece, write) {
                    0 => return body,
                    len => body.extend_from_slice(&piece[..len]),
                }
            }
        };
        let body = whole(1 << 16);
        assert!(body.starts_with(b"<1.0><2.0><2.1><3.0>"));
        for size in 1..80 {
            assert_eq!(whole(size), body, "{size}");
        }
        assert_eq!(measure(30, write), body.len() as u64);
    }
}
