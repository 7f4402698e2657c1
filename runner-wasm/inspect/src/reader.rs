//! Reads bytes from the front, and knows where in their source they are. Never panics: what is not there is `None`.

use core::ops::Range;

/// Bytes of a source, from some position on.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    /// Where the next byte is in the source.
    at: usize,
}

impl<'a> Reader<'a> {
    /// The bytes `range` of `source`, as far as there are any.
    pub(crate) fn new(source: &'a [u8], range: Range<usize>) -> Self {
        let end = range.end.min(source.len());
        let at = range.start.min(end);
        Self { bytes: source.get(at..end).unwrap_or_default(), at }
    }

    /// Where the next byte is in the source.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// Where the bytes end in the source.
    pub(crate) const fn end(&self) -> usize {
        self.at.saturating_add(self.bytes.len())
    }

    /// How many bytes are left.
    pub(crate) const fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Everything that is left, without taking it.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    /// The next `len` bytes.
    pub(crate) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (front, back) = self.bytes.split_at_checked(len)?;
        self.bytes = back;
        self.at = self.at.saturating_add(len);
        Some(front)
    }

    /// A reader of the next `len` bytes.
    pub(crate) fn part(&mut self, len: usize) -> Option<Self> {
        let at = self.at;
        Some(Self { bytes: self.take(len)?, at })
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u24(&mut self) -> Option<u32> {
        let [a, b, c] = self.array()?;
        Some(u32::from_be_bytes([0, a, b, c]))
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// A block with its length of one byte in front.
    pub(crate) fn block8(&mut self) -> Option<Self> {
        let len = self.u8()?;
        self.part(len.into())
    }

    /// A block with its length of two bytes in front.
    pub(crate) fn block16(&mut self) -> Option<Self> {
        let len = self.u16()?;
        self.part(len.into())
    }

    /// A block with its length of three bytes in front.
    pub(crate) fn block24(&mut self) -> Option<Self> {
        let len = self.u24()?;
        self.part(usize::try_from(len).ok()?)
    }
}
