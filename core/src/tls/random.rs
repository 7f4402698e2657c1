//! Random numbers for embedded-tls, which speaks an older `rand_core` than we do.

use rand_core::CryptoRng;

/// A generator of `rand_core` 0.10 as one of 0.6.
pub(crate) struct Random<'r, R: ?Sized>(pub(crate) &'r mut R);

impl<R: CryptoRng + ?Sized> rand_core_06::RngCore for Random<'_, R> {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core_06::Error> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl<R: CryptoRng + ?Sized> rand_core_06::CryptoRng for Random<'_, R> {}
