//! The flash: NOR, in memory, and the page is told which of its pages have changed.

use crate::heap::outside;
use embedded_storage_async::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

/// Pages of the flash.
pub(crate) const PAGES: usize = 4;
/// Bytes of one.
pub(crate) const PAGE: usize = 4_096;

/// What stays when the power is cut.
#[derive(Debug, Clone)]
pub(crate) struct Memory(Rc<RefCell<Cells>>);

#[derive(Debug)]
struct Cells {
    bytes: Vec<u8>,
    changed: BTreeSet<u32>,
    writes: u32,
    erases: u32,
}

impl Memory {
    /// A flash with this in it. One of another size is a new one: erased.
    pub(crate) fn new(image: &[u8]) -> Self {
        let bytes = if image.len() == PAGES * PAGE { image.to_vec() } else { vec![0xff; PAGES * PAGE] };
        Self(Rc::new(RefCell::new(Cells { bytes, changed: BTreeSet::new(), writes: 0, erases: 0 })))
    }

    /// All of it, as the range of a store.
    pub(crate) const fn range() -> Range<u32> {
        0..(PAGES * PAGE) as u32
    }

    pub(super) fn changed(&self) -> Option<u32> {
        self.0.borrow_mut().changed.pop_first()
    }

    pub(super) fn page(&self, number: u32) -> Vec<u8> {
        self.0.borrow().bytes.chunks(PAGE).nth(number as usize).unwrap_or_default().to_vec()
    }

    pub(super) fn writes(&self) -> u32 {
        self.0.borrow().writes
    }

    pub(super) fn erases(&self) -> u32 {
        self.0.borrow().erases
    }
}

impl Cells {
    fn range(&mut self, offset: u32, len: usize) -> Result<&mut [u8], NorFlashErrorKind> {
        let start = offset as usize;
        let end = start.checked_add(len).ok_or(NorFlashErrorKind::OutOfBounds)?;
        self.bytes.get_mut(start..end).ok_or(NorFlashErrorKind::OutOfBounds)
    }

    fn touch(&mut self, from: u32, len: usize) {
        let page = PAGE as u32;
        let last = from.saturating_add(len.saturating_sub(1) as u32);
        outside(|| self.changed.extend(from / page..=last / page));
    }
}

impl ErrorType for Memory {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Memory {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        bytes.copy_from_slice(self.0.borrow_mut().range(offset, bytes.len())?);
        Ok(())
    }

    fn capacity(&self) -> usize {
        PAGES * PAGE
    }
}

impl NorFlash for Memory {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        let mut cells = self.0.borrow_mut();
        let len = to.saturating_sub(from) as usize;
        cells.range(from, len)?.fill(0xff);
        cells.touch(from, len);
        cells.erases += 1;
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        let mut cells = self.0.borrow_mut();
        // Bits are only ever cleared until their page is erased.
        cells.range(offset, bytes.len())?.iter_mut().zip(bytes).for_each(|(cell, byte)| *cell &= byte);
        cells.touch(offset, bytes.len());
        cells.writes += 1;
        Ok(())
    }
}
