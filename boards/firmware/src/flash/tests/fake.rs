//! A NOR flash in memory, whose power can be cut in the middle of anything.

use embedded_storage_async::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};
use std::vec;
use std::vec::Vec;

/// Bytes of a page.
pub(super) const PAGE: usize = 4096;
/// Bytes of a word.
const WORD: usize = 4;

/// What an operation leaves behind whose power was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// It had not begun.
    Before,
    /// Its first half was done, up to the middle of a word.
    FirstHalf,
    /// Its second half was done: some flash controllers erase from behind.
    SecondHalf,
    /// Its middle was done.
    Middle,
    /// A write that was done but for its last word; an erase that had first cleared every other word, as NOR flash does.
    Almost,
    /// Each bit that was to change has changed or not.
    Bits,
}

impl Cut {
    pub(super) const ALL: [Self; 6] =
        [Self::Before, Self::FirstHalf, Self::SecondHalf, Self::Middle, Self::Almost, Self::Bits];
}

/// The power is off, or the flash was used in a way that NOR flash does not stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Off,
    Kind(NorFlashErrorKind),
}

impl NorFlashError for Refusal {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::Off => NorFlashErrorKind::Other,
            Self::Kind(kind) => *kind,
        }
    }
}

/// The flash.
#[derive(Debug, Clone)]
pub(super) struct Fake {
    pub(super) bytes: Vec<u8>,
    /// Writes and erases so far.
    pub(super) operations: usize,
    /// Erases of each page so far.
    pub(super) erases: Vec<usize>,
    /// At which operation the power is cut, and how.
    pub(super) cut: Option<(usize, Cut)>,
    /// Whether a bit that is written stays as it was.
    pub(super) is_worn: bool,
}

impl Fake {
    pub(super) fn new(pages: usize) -> Self {
        Self::with(vec![0xff; pages * PAGE])
    }

    pub(super) fn with(bytes: Vec<u8>) -> Self {
        let pages = bytes.len() / PAGE;
        Self { bytes, operations: 0, erases: vec![0; pages], cut: None, is_worn: false }
    }

    /// What is left when the power comes back.
    pub(super) fn restarted(self) -> Self {
        Self { cut: None, ..self }
    }

    /// Counts an operation; says how far it gets.
    fn begin(&mut self) -> Result<Option<Cut>, Refusal> {
        let number = self.operations;
        match self.cut {
            Some((at, _)) if number > at => return Err(Refusal::Off),
            _ => self.operations += 1,
        }
        Ok(self.cut.filter(|(at, _)| *at == number).map(|(_, cut)| cut))
    }

    /// Changes `len` bytes from `offset` on to `target`, as far as `cut` lets it.
    fn change(&mut self, offset: usize, target: &[u8], cut: Option<Cut>, is_erase: bool) -> Result<(), Refusal> {
        let len = target.len();
        let Some(cut) = cut else {
            self.bytes[offset..offset + len].copy_from_slice(target);
            return Ok(());
        };
        for (index, new) in target.iter().enumerate() {
            let byte = &mut self.bytes[offset + index];
            let is_done = match cut {
                Cut::Before => false,
                Cut::FirstHalf => index < len / 2 + 1,
                Cut::SecondHalf => index >= len / 2,
                Cut::Middle => (len / 4..len * 3 / 4).contains(&index),
                Cut::Almost if is_erase => {
                    if (index / WORD).is_multiple_of(2) {
                        *byte = 0;
                    }
                    false
                }
                Cut::Almost => index + WORD < len,
                Cut::Bits => {
                    // Any pattern will do that depends on the place.
                    let mask = (index.wrapping_mul(0x9e37_79b9) >> 13) as u8;
                    *byte = (*byte & !mask) | (new & mask);
                    false
                }
            };
            if is_done {
                *byte = *new;
            }
        }
        Err(Refusal::Off)
    }
}

impl ErrorType for Fake {
    type Error = Refusal;
}

impl ReadNorFlash for Fake {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Refusal> {
        if self.cut.is_some_and(|(at, _)| self.operations > at) {
            return Err(Refusal::Off);
        }
        let offset = offset as usize;
        let from = self.bytes.get(offset..offset + bytes.len()).ok_or(Refusal::Kind(NorFlashErrorKind::OutOfBounds))?;
        bytes.copy_from_slice(from);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl NorFlash for Fake {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = PAGE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Refusal> {
        let (from, to) = (from as usize, to as usize);
        assert!(from < to && from.is_multiple_of(PAGE) && to.is_multiple_of(PAGE) && to <= self.bytes.len());
        for page in from / PAGE..to / PAGE {
            let cut = self.begin()?;
            self.erases[page] += 1;
            self.change(page * PAGE, &[0xff; PAGE], cut, true)?;
        }
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Refusal> {
        let offset = offset as usize;
        assert!(offset.is_multiple_of(WORD) && bytes.len().is_multiple_of(WORD), "unaligned");
        assert!(offset + bytes.len() <= self.bytes.len(), "out of bounds");
        let cut = self.begin()?;
        // A bit can only be cleared.
        let mut target: Vec<u8> =
            bytes.iter().zip(&self.bytes[offset..]).map(|(new, old): (&u8, &u8)| new & old).collect();
        if self.is_worn
            && let Some(last) = target.last_mut()
        {
            *last |= 1;
        }
        self.change(offset, &target, cut, false)
    }
}
