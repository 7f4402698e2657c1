//! Flash as the map sees it: all of it, or with pages that look erased. One type for both, so that the library is there once.

use core::ops::Range;
use embedded_storage_async::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};

/// A flash whose errors are their kinds.
#[derive(Debug)]
pub(super) struct Plain<F>(pub(super) F);

impl<F: NorFlash> ErrorType for Plain<F> {
    type Error = NorFlashErrorKind;
}

impl<F: NorFlash> ReadNorFlash for Plain<F> {
    const READ_SIZE: usize = F::READ_SIZE;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        self.0.read(offset, bytes).await.map_err(|error| error.kind())
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl<F: NorFlash> NorFlash for Plain<F> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        self.0.erase(from, to).await.map_err(|error| error.kind())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        self.0.write(offset, bytes).await.map_err(|error| error.kind())
    }
}

/// What looks erased of a flash.
#[derive(Debug)]
pub(super) struct Veil {
    /// What is inside or outside of it looks erased.
    pub(super) page: Range<u32>,
    /// Whether it is the inside.
    pub(super) inside: bool,
}

/// A flash, which can only be read if some of it looks erased.
#[derive(Debug)]
pub(super) struct View<'f, F> {
    pub(super) flash: &'f mut F,
    pub(super) veil: Option<Veil>,
}

impl<F: NorFlash<Error = NorFlashErrorKind>> ErrorType for View<'_, F> {
    type Error = NorFlashErrorKind;
}

impl<F: NorFlash<Error = NorFlashErrorKind>> ReadNorFlash for View<'_, F> {
    const READ_SIZE: usize = F::READ_SIZE;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        // Nothing that is read crosses the border of a page.
        if self.veil.as_ref().is_some_and(|veil| veil.page.contains(&offset) == veil.inside) {
            bytes.fill(0xff);
            return Ok(());
        }
        self.flash.read(offset, bytes).await
    }

    fn capacity(&self) -> usize {
        self.flash.capacity()
    }
}

impl<F: NorFlash<Error = NorFlashErrorKind>> NorFlash for View<'_, F> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        match self.veil {
            Some(_) => Err(NorFlashErrorKind::Other),
            None => self.flash.erase(from, to).await,
        }
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        match self.veil {
            Some(_) => Err(NorFlashErrorKind::Other),
            None => self.flash.write(offset, bytes).await,
        }
    }
}
