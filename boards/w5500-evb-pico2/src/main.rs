//! The firmware on WIZnet's W5500-EVB-Pico2: an RP2350 with 520 KiB of RAM, 2 MiB of flash and a generator of true randomness,
//! and a W5500 for Ethernet. All that is not the chip's own is in `aclk-w5500`.
#![no_std]
#![no_main]

use aclk_w5500::{Particular, or_panic, start};
use embassy_executor::Spawner;
use embassy_rp::bind_interrupts;
use embassy_rp::peripherals::TRNG;
use embassy_rp::trng::{self, Trng};

bind_interrupts!(struct Interrupts {
    TRNG_IRQ => trng::InterruptHandler<TRNG>;
});

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    let mut chip = embassy_rp::init(Default::default());
    let mut seed = [0; 32];
    Trng::new(chip.TRNG.reborrow(), Interrupts, trng::Config::default()).blocking_fill_bytes(&mut seed);
    let number = embassy_rp::otp::get_chipid().map_err(|_| "the chip does not tell its number");
    let particular = Particular {
        hostname: "w5500-evb-pico2",
        architecture: "thumbv8m",
        build_unix_seconds: include!(concat!(env!("OUT_DIR"), "/build_unix_seconds")),
        time_server: env!("TIME_SERVER"),
        seed,
        number: or_panic(number).to_be_bytes(),
    };
    start(spawner, chip, particular).await;
}
