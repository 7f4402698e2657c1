//! How a Cloud is set up.

use crate::deviation::Dialect;
use crate::fault::FaultPlan;
use crate::topics::{self, Topic};
use std::net::SocketAddr;
use std::time::Duration;

/// Everything a [`Cloud`](crate::Cloud) has to be told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where all randomness comes from: the same seed and the same inputs give the same outputs.
    pub seed: u64,
    /// Time of day at the start, since 1970.
    pub unix_start: Duration,
    /// The base URL that `/env` names, as in `https://cloud.example:8443`. Without it: `https://`, the name the client
    /// asked for by SNI (else by `Host`), and [`listen_port`](Self::listen_port).
    pub public_url: Option<String>,
    /// Where `/env` sends clients for MQTT, as in `https://broker.example:8443/mqtt`, if that is another broker. Without
    /// it: the broker of this Cloud, at the base URL and `/mqtt`.
    pub mqtt_url: Option<String>,
    /// The port that clients can reach.
    pub listen_port: u16,
    /// The `type` of each entry of `transports` in `/env`, in order. v1.37 and later take `MQTTv5`, v1.36 `MQTTv3`.
    pub transports: Vec<String>,
    /// The `topics` of the password reply, in order.
    pub topics: Vec<Topic>,
    /// Topic Alias Maximum of the CONNACK; absent if `None`. Original agents use aliases either way.
    pub topic_alias_maximum: Option<u16>,
    /// Receive Maximum of the CONNACK; absent if `None`.
    pub receive_maximum: Option<u16>,
    /// Maximum Packet Size of the CONNACK; absent if `None`.
    pub maximum_packet_size: Option<u32>,
    /// Whether to ask a node for its contexts (ContextsCheckpoint) once it is live and has sent its info.
    pub ask_contexts: bool,
    /// What clients are held to. `None`: whatever they look like.
    pub dialect: Option<Dialect>,
    /// Faults to inject from the start.
    pub faults: FaultPlan,
    /// How much of what a client may send.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 0,
            unix_start: Duration::from_secs(1_700_000_000),
            public_url: None,
            mqtt_url: None,
            listen_port: 443,
            transports: vec!["MQTTv5".to_owned(), "MQTTv3".to_owned()],
            topics: topics::all(),
            topic_alias_maximum: Some(u16::MAX),
            receive_maximum: None,
            maximum_packet_size: None,
            ask_contexts: true,
            dialect: None,
            faults: FaultPlan::default(),
            limits: Limits::default(),
        }
    }
}

/// What a client may send before it is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of an HTTP request head.
    pub head: usize,
    /// Bytes of an HTTP request body.
    pub body: usize,
    /// Bytes of one MQTT packet or WebSocket frame.
    pub packet: usize,
    /// Time for a whole request to arrive, and for the next one after an answer.
    pub request: Duration,
    /// Time a client has to close after an orderly end before the connection is closed under it.
    pub farewell: Duration,
    /// Time a query may take beyond its own timeout before it counts as unanswered.
    pub query: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: 64 << 10,
            body: 1 << 20,
            packet: 16 << 20,
            request: Duration::from_secs(60),
            farewell: Duration::from_secs(5),
            query: Duration::from_secs(5),
        }
    }
}

/// Where a connection comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peer {
    /// The server name of the TLS handshake (SNI), if there was one.
    pub server_name: Option<String>,
    /// The address at the other end, if there is one.
    pub address: Option<SocketAddr>,
}
