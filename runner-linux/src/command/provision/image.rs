//! The image of a flash in memory.

use embedded_storage_async::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use zeroize::Zeroizing;

/// A flash that is erased to begin with. Its geometry decides where the records lie, so it has to be that of the device: the
/// bytes of a page, and those of a word, the larger one of what can be read and what can be written.
pub(super) struct Image<const PAGE: usize, const WORD: usize>(pub(super) Zeroizing<Vec<u8>>);

impl<const PAGE: usize, const WORD: usize> Image<PAGE, WORD> {
    pub(super) fn erased(pages: usize) -> Self {
        Self(Zeroizing::new(vec![0xff; pages * PAGE]))
    }

    fn cells(&mut self, from: u32, len: usize) -> Result<&mut [u8], NorFlashErrorKind> {
        let from = from as usize;
        self.0.get_mut(from..from + len).ok_or(NorFlashErrorKind::OutOfBounds)
    }
}

impl<const PAGE: usize, const WORD: usize> ErrorType for Image<PAGE, WORD> {
    type Error = NorFlashErrorKind;
}

impl<const PAGE: usize, const WORD: usize> ReadNorFlash for Image<PAGE, WORD> {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        bytes.copy_from_slice(self.cells(offset, bytes.len())?);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl<const PAGE: usize, const WORD: usize> NorFlash for Image<PAGE, WORD> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = PAGE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        self.cells(from, (to - from) as usize)?.fill(0xff);
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        self.cells(offset, bytes.len())?.iter_mut().zip(bytes).for_each(|(cell, byte)| *cell &= byte);
        Ok(())
    }
}
