//! Explains the traffic of a device layer by layer: Ethernet, ARP, IPv4, DHCP, DNS, NTP, TCP, TLS 1.3, HTTP, SOCKS5,
//! WebSocket, MQTT 5, and the messages of the Agent-Cloud Link.
//!
//! It is fed with frames and with the lines of a TLS key log, and keeps the newest of both:
//!
//! ```text
//!  frame ─> packet ─> connections ─> stream (segments in order) ─> talk ──┬─> tls ──> talk (what is inside)
//!  (headers, checksums)                                                   ├─> http ─> websocket ─> mqtt
//!  key log ─────────────────────────────────────────────────────> tls     └─> socks
//! ```
//!
//! On the way it only notes what it found and where (`trace`); what that means is worked out when somebody asks
//! ([`Inspector::dissect`]). Every field comes with its bytes, and with an explanation for people who see it for the first
//! time. What it shows is described in [`view`], and, for the page, in `www/src/bridge/inspect.ts`.
//!
//! It has no clock and no I/O, does not panic whatever the bytes are, and needs no more memory than its [`Limits`] say.
//!
//! ```
//! use aclk_inspect::view::{Direction, Filter, Protocol};
//! use aclk_inspect::{Inspector, Limits};
//!
//! # let frame = [&[0xff_u8; 6][..], &[2, 0, 0, 0, 0, 7, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 7, 10, 77, 0, 100],
//! #     &[0; 6], &[10, 77, 0, 1]].concat();
//! let mut inspector = Inspector::new(Limits::default());
//! let id = inspector.frame(1_767_225_600_000_000, Direction::Out, &frame, "");
//!
//! let rows = inspector.frames(0, &Filter::default());
//! assert_eq!((rows[0].id, rows[0].protocol), (id, Protocol::Arp));
//! assert_eq!(rows[0].text, "who has 10.77.0.1? tell 10.77.0.100");
//!
//! let dissection = inspector.dissect(id).expect("it is still there");
//! let target = dissection.layers[1].fields.last().expect("ARP has fields");
//! assert_eq!((target.name.as_str(), target.value.as_str()), ("Target's IP address", "10.77.0.1"));
//! assert_eq!(frame[target.start..target.end], [10, 77, 0, 1]);
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod connections;
mod datagram;
mod dissect;
mod export;
mod field;
mod inspector;
mod layer;
mod limits;
mod message;
mod packet;
mod reader;
mod ring;
mod secrets;
mod stream;
mod talk;
mod time;
mod tls;
mod trace;
pub mod view;

pub use inspector::Inspector;
pub use limits::Limits;
