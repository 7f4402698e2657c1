//! The ring oscillator of the RP2040: a chain of inverters that no crystal keeps in time. Source: RP2040 data sheet, 2.17.

use cortex_m::asm::delay;
use embassy_rp::pac::ROSC;

/// Cycles of the processor between two bits, 2 µs at 125 MHz: some ten turns of the oscillator, in which its phase drifts. Not a
/// power of two, so that the two do not walk in step.
const PAUSE: u32 = 251;

/// Where the oscillator is in its turn, in a bit.
pub(crate) fn bit() -> bool {
    delay(PAUSE);
    ROSC.randombit().read().randombit()
}
