//! The application as it was before: a flash, entropy, sensors, a serial line and an Ethernet card. Here they are those of a
//! computer whose network cable is unplugged.

use core::convert::Infallible;
use core::future::pending;
use core::task::Context;
use embassy_net::driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use embedded_storage_async::nor_flash::{self, NorFlash, NorFlashErrorKind, ReadNorFlash};
use rand_core::{TryCryptoRng, TryRng};
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io::Write as _;

/// The pages of the flash that are free for it.
pub(crate) const STORE: core::ops::Range<u32> = 0..0x4000;

/// What the sensors say.
pub(crate) fn air_and_water() -> [f32; 2] {
    [21.5, 24.0]
}

/// A flash of 16 KiB that forgets everything.
pub(crate) struct Flash([u8; 0x4000]);

impl Flash {
    /// An erased one.
    pub(crate) const fn new() -> Self {
        Self([0xff; 0x4000])
    }
}

impl nor_flash::ErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        let offset = offset as usize;
        let from = self.0.get(offset..offset + bytes.len()).ok_or(NorFlashErrorKind::OutOfBounds)?;
        bytes.copy_from_slice(from);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 0x1000;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        self.0.get_mut(from as usize..to as usize).ok_or(NorFlashErrorKind::OutOfBounds)?.fill(0xff);
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        let offset = offset as usize;
        let cells = self.0.get_mut(offset..offset + bytes.len()).ok_or(NorFlashErrorKind::OutOfBounds)?;
        cells.iter_mut().zip(bytes).for_each(|(cell, byte)| *cell &= byte);
        Ok(())
    }
}

/// Not for real devices: what the standard library seeds its hash tables with.
pub(crate) struct Entropy(pub(crate) RandomState);

impl TryRng for Entropy {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|number| number as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = RandomState::new();
        Ok(self.0.build_hasher().finish())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.iter_mut().for_each(|byte| *byte = self.try_next_u64().unwrap_or_default() as u8);
        Ok(())
    }
}

impl TryCryptoRng for Entropy {}

/// Nobody types.
pub(crate) struct Keyboard;

impl ErrorType for Keyboard {
    type Error = Infallible;
}

impl Read for Keyboard {
    async fn read(&mut self, _: &mut [u8]) -> Result<usize, Infallible> {
        pending().await
    }
}

/// Standard output.
pub(crate) struct Screen;

impl ErrorType for Screen {
    type Error = ErrorKind;
}

impl Write for Screen {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        std::io::stdout().write(bytes).map_err(|_| ErrorKind::Other)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        std::io::stdout().flush().map_err(|_| ErrorKind::Other)
    }
}

/// An Ethernet card without a cable.
pub(crate) struct Unplugged;

impl Driver for Unplugged {
    type RxToken<'a> = Never;
    type TxToken<'a> = Never;

    fn receive(&mut self, _: &mut Context<'_>) -> Option<(Never, Never)> {
        None
    }

    fn transmit(&mut self, _: &mut Context<'_>) -> Option<Never> {
        None
    }

    fn link_state(&mut self, _: &mut Context<'_>) -> LinkState {
        LinkState::Down
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = 1514;
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet([0x02, 0, 0, 0, 0, 1])
    }
}

/// There is no frame.
pub(crate) enum Never {}

impl RxToken for Never {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, _: F) -> R {
        match self {}
    }
}

impl TxToken for Never {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, _: usize, _: F) -> R {
        match self {}
    }
}
