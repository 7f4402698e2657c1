#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| aclk_fuzz::attack("flash", input));
