//! A NOR flash whose cells are a file of the host. It does what such a flash does: a write only clears bits, and only an erase
//! sets them. What was written stays when the power of the board is cut, at any point.

use super::HostError;
use core::ffi::CStr;
use embedded_storage_async::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use semihosting::fs::File;
use semihosting::io::{ErrorKind, Read, Seek, SeekFrom, Write};

const FILE: &CStr = c"flash.bin";
/// Bytes that are erased at a time, ...
const PAGE: usize = 4096;
/// ... and written at a time.
const WORD: usize = 4;
/// Bytes of all of it.
const SIZE: usize = 4 * PAGE;
/// Bytes that pass over the stack at a time.
const CHUNK: usize = 16 * WORD;

impl From<HostError> for NorFlashErrorKind {
    fn from(_: HostError) -> Self {
        Self::Other
    }
}

/// The flash.
#[derive(Debug)]
pub struct HostFlash(File);

impl HostFlash {
    /// Bytes of all of it.
    pub const SIZE: u32 = SIZE as u32;

    /// The flash in `flash.bin`, or an erased one if there is no such file. One that is too short is erased behind its end.
    ///
    /// # Errors
    /// If the host does not let us.
    pub fn open() -> Result<Self, HostError> {
        let open = || File::options().read(true).write(true).open(FILE);
        let file = match open() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                File::create(FILE)?;
                open()?
            }
            opened => opened?,
        };
        let len = file.metadata()?.len() as usize;
        let mut flash = Self(file);
        if len < SIZE {
            flash.fill(len, SIZE)?;
        }
        Ok(flash)
    }

    fn fill(&mut self, from: usize, to: usize) -> Result<(), HostError> {
        self.0.seek(SeekFrom::Start(from as u64))?;
        let mut left = to.saturating_sub(from);
        while left > 0 {
            let count = left.min(CHUNK);
            self.0.write_all([0xff; CHUNK].get(..count).unwrap_or_default())?;
            left -= count;
        }
        Ok(())
    }

    fn read_at(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), HostError> {
        self.0.seek(SeekFrom::Start(offset.into()))?;
        Ok(self.0.read_exact(bytes)?)
    }

    fn write_at(&mut self, offset: u32, bytes: &[u8]) -> Result<(), HostError> {
        self.0.seek(SeekFrom::Start(offset.into()))?;
        Ok(self.0.write_all(bytes)?)
    }
}

/// Whether the bytes from `from` to `to` are in the flash, and whole `unit`s of it.
fn check(from: usize, to: usize, unit: usize) -> Result<(), NorFlashErrorKind> {
    if from > to || to > SIZE {
        return Err(NorFlashErrorKind::OutOfBounds);
    }
    if !from.is_multiple_of(unit) || !to.is_multiple_of(unit) {
        return Err(NorFlashErrorKind::NotAligned);
    }
    Ok(())
}

impl ErrorType for HostFlash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for HostFlash {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check(offset as usize, (offset as usize).saturating_add(bytes.len()), Self::READ_SIZE)?;
        Ok(self.read_at(offset, bytes)?)
    }

    fn capacity(&self) -> usize {
        SIZE
    }
}

impl NorFlash for HostFlash {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = PAGE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check(from as usize, to as usize, PAGE)?;
        Ok(self.fill(from as usize, to as usize)?)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check(offset as usize, (offset as usize).saturating_add(bytes.len()), WORD)?;
        let mut offset = offset;
        for new in bytes.chunks(CHUNK) {
            let mut buffer = [0; CHUNK];
            let Some(cells) = buffer.get_mut(..new.len()) else { continue };
            self.read_at(offset, cells)?;
            cells.iter_mut().zip(new).for_each(|(cell, new)| *cell &= new);
            self.write_at(offset, cells)?;
            offset += new.len() as u32;
        }
        Ok(())
    }
}
