//! The firmware on WIZnet's W5500-EVB-Pico: an RP2040 with 264 KiB of RAM and 2 MiB of flash, and a W5500 for Ethernet. The chip has
//! no generator of true randomness: what its ring oscillator has is tested and hashed (`aclk-noise`; docs/firmware.md says what that is
//! worth). All that is not the chip's own is in `aclk-w5500`.
#![no_std]
#![no_main]

mod ring_oscillator;

use aclk_w5500::{FLASH_SIZE, Particular, or_panic, start};
use embassy_executor::Spawner;
use embassy_rp::Peri;
use embassy_rp::flash::{Blocking, Flash};
use embassy_rp::peripherals::FLASH;
// No atomic instructions: what uses them takes a critical section.
use portable_atomic as _;

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    let mut chip = embassy_rp::init(Default::default());
    let number = number(chip.FLASH.reborrow());
    let particular = Particular {
        hostname: "w5500-evb-pico",
        architecture: "thumbv6m",
        build_unix_seconds: include!(concat!(env!("OUT_DIR"), "/build_unix_seconds")),
        time_server: env!("TIME_SERVER"),
        seed: or_panic(aclk_noise::seed(ring_oscillator::bit, &number)),
        number,
    };
    start(spawner, chip, particular).await;
}

/// The number that the flash was made with: the chip has none.
fn number(flash: Peri<'_, FLASH>) -> [u8; 8] {
    let mut number = [0; 8];
    let mut flash = Flash::<_, Blocking, FLASH_SIZE>::new_blocking(flash);
    or_panic(flash.blocking_unique_id(&mut number).map_err(|_| "the flash does not tell its number"));
    number
}
