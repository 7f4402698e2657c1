//! The inspector of the playground, shown the real traffic of the firmware device.

mod damage;
mod fields;
mod order;
mod recorded;
mod secrets;
mod story;
#[path = "../../../../runner-wasm/inspect/tests/wire/mod.rs"]
mod wire;
mod wireshark;
