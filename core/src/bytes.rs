//! A reader for length-prefixed structures: those of TLS (RFC 8446 3), and DER (`der`).

/// Reads from the front of a slice. `None` means that the slice is shorter than the lengths in it say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What has not been read yet.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        let (&bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u16::from_be_bytes(bytes))
    }

    pub(crate) fn u24(&mut self) -> Option<usize> {
        let (&[high, middle, low], rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low))
    }

    /// A vector with a one-byte length.
    pub(crate) fn vec8(&mut self) -> Option<Self> {
        let len = self.u8()?;
        self.take(usize::from(len)).map(Self)
    }

    /// A vector with a two-byte length.
    pub(crate) fn vec16(&mut self) -> Option<Self> {
        let len = self.u16()?;
        self.take(usize::from(len)).map(Self)
    }

    /// A vector with a three-byte length.
    pub(crate) fn vec24(&mut self) -> Option<Self> {
        let len = self.u24()?;
        self.take(len).map(Self)
    }

    /// `Some` if everything was read: structures must fill the length they announce.
    pub(crate) const fn end(&self) -> Option<()> {
        if self.is_empty() { Some(()) } else { None }
    }
}
