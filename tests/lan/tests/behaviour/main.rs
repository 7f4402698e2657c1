//! What a device, a host and a curious person can see of the network.

mod adversity;
mod cable;
mod capture;
mod device;
mod device_end;
#[cfg(feature = "host")]
mod host;
mod nat;
mod random_frames;
mod services;
mod world;
