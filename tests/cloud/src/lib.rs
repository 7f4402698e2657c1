//! An emulated Netdata Cloud: the other half of every test, demo and fuzz run of `aclk`, good enough that real Netdata
//! Agents (v1.36 to v2.11) and the real claiming script are served by it without noticing.
//!
//! The engine, [`Cloud`], does no input or output: it owns no socket, no clock and no source of randomness. The same
//! [`Config::seed`] and the same calls give the same bytes. A front end opens a connection, hands over what arrives, and
//! does what [`Cloud::poll`] says; [`server`] is the one for sockets and TLS, tests and the playground have their own.
//!
//! ```text
//!  bytes ─> http ─┬─> claim ─────────> space (Spaces, tokens, War Rooms, nodes)
//!                 ├─> env, auth ─────> presence (challenges, credentials)
//!                 └─> websocket ─> broker ─> app (messages), query (HTTP over the link) ─> view
//!  every answer passes the fault plan on its way out; everything a client does against protocol.md is a Deviation
//! ```
//!
//! ```
//! use aclk_cloud::{Action, Cloud, Config, Peer};
//! use std::time::Duration;
//!
//! let mut cloud = Cloud::new(Config { seed: 7, listen_port: 8443, ..Config::default() });
//! let now = Duration::ZERO;
//! let id = cloud.open(now, Peer::default());
//! cloud.receive(now, id, b"GET /api/v1/env?v=2.0.0&cap=proto,ctx&claim_id=8a2e1880-633a-4f88-b61b-149a4a50db42 HTTP/1.1\r\n");
//! cloud.receive(now, id, b"Host: localhost\r\nUser-Agent: Netdata/rocks newhttpclient\r\n\r\n");
//! let Some((_, Action::Send(reply))) = cloud.poll(now) else { panic!("no reply") };
//! assert!(reply.starts_with(b"HTTP/1.1 200 OK\r\n"));
//! assert!(cloud.deviations().is_empty());
//! ```
//!
//! What goes wrong on purpose is a [`FaultPlan`]: `"status-503@env*2".parse()` makes the first two answers to `/env` fail.
#![forbid(unsafe_code)]

pub mod admin;
mod app;
mod auth;
mod broker;
mod claim;
mod cloud;
mod config;
mod connection;
mod control;
mod deviation;
mod env;
mod event;
mod fault;
mod history;
mod http;
mod ident;
#[cfg(feature = "tls")]
mod key_log;
pub mod message;
mod presence;
mod query;
pub mod replay;
mod routes;
mod space;
mod topics;
mod view;
mod websocket;

#[cfg(feature = "server")]
pub mod command;
#[cfg(feature = "server")]
pub mod server;

pub use cloud::Cloud;
pub use config::{Config, Limits, Peer};
pub use connection::Action;
pub use control::NotSent;
pub use deviation::{Deviation, Dialect, rule};
pub use event::{Event, What};
pub use fault::{Certificate, Fault, FaultError, FaultPlan, Planned, Step};
pub use history::{Changes, HISTORY_KEPT, History, Turn, TurnKind};
pub use ident::ConnectionId;
#[cfg(feature = "tls")]
pub use key_log::KeyLogLines;
pub use presence::LastDisconnect;
pub use query::{QueryId, Reply, Unanswered};
pub use space::{Instance, Node, Room, Space, State, Token};
pub use topics::{Topic, all as all_topics};
pub use view::{CapabilityView, InstanceView, NodeState, NodeView, View};
