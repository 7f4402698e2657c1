//! An Ethernet cable with seeded faults, and a little household router at its far end.
//!
//! A device that brings its own TCP/IP stack needs something to be plugged into. This crate is that something, without
//! a network, without root, and without surprises: the same seed gives the same run, to the bit.
//!
//! ```text
//!  device under test          Cable                 Router                         the host
//!  ┌───────────────┐   loss, duplicates, …   ┌──────────────────┐   Action    ┌──────────────┐
//!  │ its own stack │ <=====================> │ DHCP  DNS  SNTP  │ ==========> │ 127.0.0.1,   │
//!  │ (embassy-net) │     Ethernet frames     │ ping  ARP  NAT   │ <========== │ or a program │
//!  └───────────────┘   captured by a Pcap    └──────────────────┘  HostEvent  └──────────────┘
//!     DeviceEnd                       \______ Lan ______/                        host::Host
//! ```
//!
//! * [`Cable`] carries frames between its two ends and does to them what its [`Faults`] say: loss, duplicates,
//!   reordering, damage, latency, jitter, an MTU, a bandwidth, and times at which the link is down. A [`Pcap`] on either
//!   end writes what passes for Wireshark, with a remark on every frame that suffered.
//! * [`Router`] gives out addresses, knows names and the time, answers pings, and carries TCP connections to the host.
//!   Each of its services can be told to misbehave, while it runs ([`Services`]).
//! * [`Lan`] is both in one.
//! * [`DeviceEnd`] is the network card of a device in this process: an `embassy_net_driver::Driver`, woken from any
//!   executor.
//! * `host::Host` (feature `host`, on by default) runs a [`Lan`] in real time, with the sockets of the operating system
//!   behind the router, on tokio.
//!
//! All but the last are sans-IO: no clock, no socket, no thread. The caller brings the time with every call, be it real
//! or virtual, and does what the router asks for on the host. They build for `wasm32-unknown-unknown`.
//!
//! # The network
//!
//! Unless the [`Config`] says otherwise, the network is 10.77.0.0/24, the router is 10.77.0.1 ([`ROUTER_ADDRESS`]), and
//! DHCP gives out 10.77.0.100 to 10.77.0.199. `cloud.test`, `time.test`, `router.test`, `localhost`, and what is below
//! the first and the last, are the router. A TCP connection to any port of the router goes to the same port of 127.0.0.1
//! on the host. IPv4 only, and no fragments: what devices of this kind speak.
//!
//! # Example
//!
//! A device asks for the address of `cloud.test`, over a cable of 20 ms, in no time at all. For one with a stack of its
//! own, and real sockets, see `examples/ping.rs`.
//!
//! ```
//! use aclk_core::clock::Instant;
//! use aclk_lan::{Config, Faults, Lan};
//! use core::time::Duration;
//!
//! # fn query() -> Vec<u8> {
//! #     let mut frame = vec![
//! #         0x02, 0xac, 0x1c, 0, 0, 1, 2, 0, 0, 0, 0, 7, 8, 0, 0x45, 0, 0, 56, 0, 0, 0, 0, 64, 17, 0, 0, 10, 77, 0, 7, 10,
//! #         77, 0, 1, 4, 210, 0, 53, 0, 36, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0,
//! #     ];
//! #     frame.extend_from_slice(b"\x05cloud\x04test\0\0\x01\0\x01");
//! #     let sum: u32 = frame[14..34].chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
//! #     let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
//! #     frame[24..26].copy_from_slice(&sum.to_be_bytes());
//! #     frame
//! # }
//! let faults = Faults { latency: Duration::from_millis(20), ..Faults::none() };
//! let mut lan = Lan::new(42, faults, Config::default())?;
//!
//! let mut now = Instant::START;
//! lan.send(now, query()); // an Ethernet frame
//! let reply = loop {
//!     while let Some(action) = lan.poll(now) {
//!         unreachable!("nobody has connected to the host: {action:?}");
//!     }
//!     if let Some(frame) = lan.receive(now) {
//!         break frame;
//!     }
//!     now = lan.next_event(now).expect("the answer is on its way");
//! };
//!
//! assert_eq!(reply[reply.len() - 4..], [10, 77, 0, 1]);
//! assert_eq!(now, Instant::from_micros(40_000));
//! # Ok::<(), aclk_lan::ConfigError>(())
//! ```
#![forbid(unsafe_code)]

mod cable;
mod device_end;
mod faults;
#[cfg(feature = "host")]
pub mod host;
mod lan;
mod pcap;
mod random;
mod router;

pub use cable::{Cable, Counters, ETHERNET_HEADER, End, Frame, Sighting};
pub use device_end::{DeviceEnd, Jack, Received, Room, device_end};
pub use faults::Faults;
pub use lan::Lan;
pub use pcap::{Direction, Pcap, PcapBuffer};
pub use router::{
    Action, Answer, Config, ConfigError, Dhcp, DhcpFault, Dns, DnsFault, FlowId, Forward, HostEvent, MIN_MTU, Nat,
    Overfull, ROUTER, ROUTER_ADDRESS, ROUTER_MAC, Router, Services, Sntp, SntpFault, Strays, Target,
};
