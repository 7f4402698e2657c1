//! The device.

use crate::bench::{Bench, FLASH, ODD_TEXTS, PAGE, SETTINGS, refused, taken, with, world};
use aclk_wasm::Device;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn it_starts_gets_an_address_is_claimed_and_tells_all_of_it() {
    let bench = Bench::live();
    assert!(!bench.device.is_over());
    assert!(bench.device.writes() > 0);
    for kind in ["state", "happened", "console", "budget"] {
        assert!(bench.told.iter().any(|message| message["type"] == kind), "no {kind} was told");
    }
    // What was written is in the pages, and nothing is told twice.
    assert!(bench.flash.iter().any(|byte| *byte != 0xff));
    assert_eq!(bench.device.changed_page(), None);
    assert!((0..4).all(|page| bench.device.page(page).len() == PAGE));
}

#[wasm_bindgen_test]
fn it_ends_itself_when_it_is_told_to_reboot_and_then_does_nothing() {
    let mut bench = Bench::new();
    bench.sees("config: ");
    bench.device.type_text("reboot\r");
    bench.run("its end", |bench| bench.device.is_over().then_some(()));
    bench.device.type_text("claim\r");
    bench.device.receive(&[0; 60]);
    assert_eq!(bench.device.step(), f64::INFINITY);
}

#[wasm_bindgen_test]
fn its_power_can_be_cut_at_any_moment_and_it_comes_up_with_what_was_in_its_flash() {
    let mut flash = vec![0xff; FLASH];
    for steps in [0, 1, 2, 5, 40] {
        let mut bench = Bench::with(SETTINGS, &flash);
        for _ in 0..steps {
            bench.step();
        }
        flash = bench.flash;
    }
    let mut bench = Bench::with(SETTINGS, &flash);
    bench.sees("config: ");
}

#[wasm_bindgen_test]
fn settings_that_make_no_sense_are_refused_by_name() {
    let (world, url) = (world(), "https://cloud.test:8443");
    for odd in ODD_TEXTS {
        let said = refused(Device::new(odd, &[], &world.authority(), url));
        assert!(said.starts_with("the settings of the device cannot be read: "), "{odd}: {said}");
    }
    let said = refused(Device::new(&with(SETTINGS, "key", "\"stolen\""), &[], &world.authority(), url));
    assert!(said.contains("stolen") && said.contains("injected"), "{said}");
    let said = refused(Device::new(&with(SETTINGS, "clock", "1e300"), &[], &world.authority(), url));
    assert!(said.starts_with("clock is 1"), "{said}");
    for odd in ["", "cloud.test:443:443", "ftp://cloud.test", "https://", "https://\u{0}"] {
        let said = refused(Device::new(SETTINGS, &[], &world.authority(), odd));
        assert!(said.starts_with("the URL of the Cloud: "), "{odd:?}: {said}");
    }
}

#[wasm_bindgen_test]
fn a_device_that_cannot_be_set_up_so_says_why_on_its_console_and_stays_off() {
    let long = format!("\"{}\"", "x".repeat(100_000));
    for (name, value, why) in [
        ("hostname", long.as_str(), "config: the host name"),
        ("proxy", long.as_str(), "config: the URL of the proxy is too long"),
        ("proxy", "\"nonsense\"", "config: the proxy cannot be used: "),
        ("proxy", "\"http://\"", "config: the proxy cannot be used: "),
        ("proxy", "\"socks5h://a:b@[::1\"", "config: the proxy cannot be used: "),
        ("proxy", "\"https://proxy.test\"", "config: the proxy cannot be used: "),
    ] {
        let mut bench = Bench::with(&with(SETTINGS, name, value), &[]);
        bench.goes_on();
        assert!(bench.screen.contains(why), "{name}: {}", bench.screen);
        assert!(bench.device.is_over());
        assert_eq!((bench.device.writes(), bench.device.erases()), (0, 0), "nothing of it is kept");
    }
}

#[wasm_bindgen_test]
fn a_wrong_clock_of_any_size_that_is_taken_is_lived_with() {
    for seconds in ["-3.2e9", "-1e9", "0.001", "1e9", "3.2e9"] {
        let mut bench = Bench::with(&with(SETTINGS, "clock", seconds), &[]);
        bench.goes_on();
        assert!(bench.screen.contains("config: "), "{seconds}: {}", bench.screen);
    }
}

#[wasm_bindgen_test]
fn any_flash_and_any_authority_is_lived_with() {
    let nonsense: Vec<Vec<u8>> = vec![vec![0], vec![0; FLASH], vec![0x5a; FLASH], vec![0xff; FLASH + 1]];
    for flash in nonsense {
        let world = world();
        let mut device = taken(Device::new(SETTINGS, &flash, &[0x30, 0x82, 0xff], &world.url()));
        for _ in 0..50 {
            device.step();
        }
        assert!(device.told().is_some());
    }
}

#[wasm_bindgen_test]
fn pages_and_frames_that_there_are_none_of() {
    let mut bench = Bench::new();
    for number in [4, 1 << 20, u32::MAX] {
        assert!(bench.device.page(number).is_empty(), "{number}");
    }
    assert_eq!(bench.device.transmit(), None, "nothing goes out before the first step");
    for length in [0, 1, 13, 14, 15, 60, 1_514, 1_515, 65_536] {
        for filling in [0, 0x45, 0xff] {
            bench.device.receive(&vec![filling; length]);
            let mut broadcast = vec![0xff; 6.min(length)];
            broadcast.resize(length, filling);
            bench.device.receive(&broadcast);
            bench.step();
        }
    }
    bench.sees("config: ");
}

#[wasm_bindgen_test]
fn whatever_is_typed_is_answered_or_passed_over() {
    let mut bench = Bench::new();
    for _ in 0..100 {
        bench.device.type_text(&"\u{fffd}\u{0}\u{1b}[A\t".repeat(1_000));
        bench.step();
    }
    bench.device.type_text("\r");
    bench.goes_on();
    bench.device.type_text("help\r");
    bench.sees("claim ");
    for up in [false, false, true, true, false] {
        bench.device.set_link(up);
        bench.step();
    }
}
