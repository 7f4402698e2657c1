//! What the page is shown, as JSON. `runner-wasm/www/src/bridge/inspect.ts` has the same types.

use serde::{Deserialize, Serialize};

/// Which way a frame went, seen from the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// The device sent it.
    Out,
    /// The device received it.
    In,
}

/// What a layer is. The order is that from the wire upwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// Ethernet II.
    Ethernet,
    /// Which hardware address has that IP address (RFC 826).
    Arp,
    /// IP version 4 (RFC 791).
    Ipv4,
    /// Echo and errors of IP (RFC 792).
    Icmp,
    /// Datagrams (RFC 768).
    Udp,
    /// The router gives out addresses (RFC 2131).
    Dhcp,
    /// Names (RFC 1035).
    Dns,
    /// Time (RFC 4330, RFC 5905).
    Ntp,
    /// Streams of bytes (RFC 9293).
    Tcp,
    /// What could not be understood, or is not of interest.
    Data,
    /// The talk with a SOCKS proxy (RFC 1928).
    Socks5,
    /// TLS 1.3 (RFC 8446).
    Tls,
    /// HTTP/1.1 (RFC 9112).
    Http,
    /// WebSocket (RFC 6455).
    Websocket,
    /// MQTT 5 (OASIS).
    Mqtt,
    /// A message of the Agent-Cloud Link inside of MQTT (protocol.md 3).
    Aclk,
}

/// What a connection, or an exchange over UDP, is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// DHCP.
    Address,
    /// DNS.
    Name,
    /// NTP.
    Time,
    /// The claim (protocol.md 1.5).
    Claim,
    /// `/api/v1/env` (protocol.md 2.4).
    Env,
    /// The challenge (protocol.md 2.5).
    Challenge,
    /// The password (protocol.md 2.5).
    Password,
    /// The link itself (protocol.md 2.8 and on).
    Link,
    /// Somebody asks the HTTP API of the device.
    LocalApi,
    /// Nothing in it has told yet.
    Unknown,
}

/// What is remarkable about a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flag {
    /// Its bytes of the stream were seen before.
    Retransmission,
    /// It arrived before bytes that belong in front of it.
    OutOfOrder,
    /// Bytes of the stream are missing for good.
    Gap,
    /// A checksum does not match.
    BadChecksum,
    /// Encrypted, and there is no secret for it (yet).
    Encrypted,
    /// Something is not as its protocol has it.
    Malformed,
    /// It ends a connection by force.
    Reset,
}

/// A row of the list of frames.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Grows by one with each frame and is never used again.
    pub id: u64,
    /// Microseconds since 1970 by the clock of the capture.
    pub time_us: u64,
    /// Which way it went.
    pub direction: Direction,
    /// Bytes on the wire, from the destination address on, without the checksum of Ethernet.
    pub length: usize,
    /// The highest layer that was understood.
    pub protocol: Protocol,
    /// All layers, from the lowest.
    pub protocols: Vec<Protocol>,
    /// The number of its connection.
    pub connection: Option<u32>,
    /// What that is for.
    pub purpose: Option<Purpose>,
    /// One line for people, without secrets.
    pub text: String,
    /// What is remarkable.
    pub flags: Vec<Flag>,
    /// What the cable did to it.
    pub remark: String,
}

/// What carries a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// A stream.
    Tcp,
    /// Datagrams.
    Udp,
}

/// The proxy that a connection goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// No proxy.
    None,
    /// HTTP CONNECT.
    Http,
    /// SOCKS5.
    Socks5,
}

/// How far TLS of a connection can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// There is no TLS.
    None,
    /// Its handshake is not over.
    Handshake,
    /// It is read.
    Decrypted,
    /// The key log has no secret for it (yet).
    Waiting,
    /// It cannot be read any more: another cipher suite, a lost record, or it was too much to keep.
    Unreadable,
}

/// How far the life of a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Asked for.
    Opening,
    /// Both sides agree; for UDP: always.
    Open,
    /// One side has said its last.
    Closing,
    /// Both have.
    Closed,
    /// Ended by force.
    Reset,
}

/// A TCP connection, or an exchange over UDP between two ports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// Its number.
    pub id: u32,
    /// What carries it.
    pub transport: Transport,
    /// Address and port of the device.
    pub device: String,
    /// Address and port of the other side.
    pub peer: String,
    /// What it is for.
    pub purpose: Purpose,
    /// The host that TLS or HTTP names; empty if unknown.
    pub host: String,
    /// The proxy that it goes through.
    pub proxy: Via,
    /// How far its TLS can be read.
    pub tls: Reading,
    /// How far its life is.
    pub state: State,
    /// Id of its first frame.
    pub first_frame: u64,
    /// Id of its last frame so far.
    pub last_frame: u64,
    /// How many there were.
    pub frames: u64,
    /// Payload bytes of the transport that the device sent, each counted once.
    pub bytes_out: u64,
    /// Those that it received.
    pub bytes_in: u64,
}

/// Everything about one frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dissection {
    /// Its row in the list.
    pub frame: Summary,
    /// The byte strings that layers refer to: the frame itself, then what was put together or decrypted.
    pub sources: Vec<Source>,
    /// From the lowest up.
    pub layers: Vec<Layer>,
}

/// Bytes that a layer refers to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Where they come from.
    pub name: String,
    /// Two lower-case hex digits for each.
    pub hex: String,
    /// Ranges with secrets.
    pub hidden: Vec<(usize, usize)>,
}

/// One protocol's part of a frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Layer {
    /// Which.
    pub protocol: Protocol,
    /// As in `MQTT PUBLISH`.
    pub title: String,
    /// Index of its source.
    pub source: usize,
    /// Where it starts there.
    pub start: usize,
    /// Where it ends there.
    pub end: usize,
    /// What it is there for.
    pub help: String,
    /// What is in it.
    pub fields: Vec<Field>,
}

/// A part of a layer that means something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its value in words; dots for a secret.
    pub value: String,
    /// Where it starts in the source of its layer.
    pub start: usize,
    /// Where it ends there; equal to `start` where it has no bytes of its own.
    pub end: usize,
    /// For people who have never seen it.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub help: &'static str,
    /// The value behind the dots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reveal: Option<String>,
    /// It is not as its protocol has it.
    #[serde(skip_serializing_if = "is_false")]
    pub wrong: bool,
    /// What it consists of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Self>,
}

const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Which frames to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Filter {
    /// At most so many; 1000 if absent.
    pub limit: Option<usize>,
    /// Those that went this way.
    pub direction: Option<Direction>,
    /// Those that have this layer.
    pub protocol: Option<Protocol>,
    /// Those of this connection.
    pub connection: Option<u32>,
    /// Those of connections for this.
    pub purpose: Option<Purpose>,
    /// Those that are remarkable in this way.
    pub flag: Option<Flag>,
    /// Those whose line or remark contains this, in any case.
    pub text: Option<String>,
}
