//! The inspector of the playground, shown the real traffic of the firmware device.

mod damage;
mod fields;
mod order;
mod recorded;
mod secrets;
mod story;
mod wireshark;
