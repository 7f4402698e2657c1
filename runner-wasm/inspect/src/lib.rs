//! Explains the traffic of a device layer by layer.
#![forbid(unsafe_code)]

pub mod view;
