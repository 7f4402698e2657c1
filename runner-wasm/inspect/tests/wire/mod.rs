//! Frames with right checksums, for whatever is to be said.
#![allow(dead_code, reason = "no test file uses all of it")]

use aclk_inspect::view::Direction;
use aclk_inspect::{Inspector, Limits};

pub(crate) const FIN: u8 = 1;
pub(crate) const SYN: u8 = 2;
pub(crate) const RST: u8 = 4;
pub(crate) const ACK: u8 = 16;

/// The sequence numbers in front of the first bytes.
const DEVICE_BASE: u32 = 0xffff_ff00;
const PEER_BASE: u32 = 1_000;

/// A TCP connection between a device and a peer, whose frames go to an inspector.
pub(crate) struct Wire {
    pub(crate) inspector: Inspector,
    /// The port of the device.
    pub(crate) port: u16,
    /// That of the peer.
    pub(crate) peer_port: u16,
    sent: u32,
    received: u32,
    time_us: u64,
}

impl Wire {
    /// A connection that the device has opened.
    pub(crate) fn open(limits: Limits) -> Self {
        let mut wire = Self::silent(Inspector::new(limits), 49_152);
        wire.segment(Direction::Out, SYN, 0, b"");
        wire.segment(Direction::In, SYN | ACK, 0, b"");
        (wire.sent, wire.received) = (1, 1);
        wire.segment(Direction::Out, ACK, 1, b"");
        wire
    }

    /// A connection of which nothing was seen yet.
    pub(crate) fn silent(inspector: Inspector, port: u16) -> Self {
        Self { inspector, port, peer_port: 8443, sent: 0, received: 0, time_us: 1_767_225_600_000_000 }
    }

    /// The next bytes of one side, in one segment.
    pub(crate) fn say(&mut self, direction: Direction, bytes: &[u8]) -> u64 {
        let at = match direction {
            Direction::Out => self.sent,
            Direction::In => self.received,
        };
        let id = self.segment(direction, ACK, at, bytes);
        self.pass(direction, bytes.len());
        id
    }

    /// So many bytes of one side go by unseen.
    pub(crate) fn pass(&mut self, direction: Direction, len: usize) {
        match direction {
            Direction::Out => self.sent += len as u32,
            Direction::In => self.received += len as u32,
        }
    }

    /// A segment whose first byte is number `at`, the SYN being 0.
    pub(crate) fn segment(&mut self, direction: Direction, flags: u8, at: u32, bytes: &[u8]) -> u64 {
        let (seq, ack) = match direction {
            Direction::Out => (DEVICE_BASE.wrapping_add(at), PEER_BASE.wrapping_add(self.received)),
            Direction::In => (PEER_BASE.wrapping_add(at), DEVICE_BASE.wrapping_add(self.sent)),
        };
        let ports = match direction {
            Direction::Out => [self.port, self.peer_port],
            Direction::In => [self.peer_port, self.port],
        };
        let mut tcp = Vec::new();
        ports.iter().for_each(|port| tcp.extend(port.to_be_bytes()));
        tcp.extend(seq.to_be_bytes());
        tcp.extend(if flags & ACK == 0 { 0 } else { ack }.to_be_bytes());
        tcp.extend([0x50, flags, 0x10, 0, 0, 0, 0, 0]);
        tcp.extend(bytes);
        let frame = ip_frame(direction, 6, tcp, 16);
        self.time_us += 1_000;
        self.inspector.frame(self.time_us, direction, &frame, "")
    }
}

/// An Ethernet frame with an IPv4 packet; the checksum of its content is at `at`.
pub(crate) fn ip_frame(direction: Direction, protocol: u8, mut content: Vec<u8>, at: usize) -> Vec<u8> {
    let addresses: [u8; 8] = match direction {
        Direction::Out => [10, 77, 0, 100, 10, 77, 0, 1],
        Direction::In => [10, 77, 0, 1, 10, 77, 0, 100],
    };
    let pseudo = [&addresses[..], &[0, protocol], &(content.len() as u16).to_be_bytes()].concat();
    let sum = checksum(&[pseudo, content.clone()].concat());
    content[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    let len = 20 + content.len() as u16;
    let mut header = vec![0x45, 0, (len >> 8) as u8, len as u8, 0, 0, 0x40, 0, 64, protocol, 0, 0];
    header.extend(addresses);
    let sum = checksum(&header);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0][..], &header, &content].concat()
}

/// A datagram.
pub(crate) fn datagram(direction: Direction, from: u16, to: u16, bytes: &[u8]) -> Vec<u8> {
    let mut udp = Vec::new();
    for number in [from, to, 8 + bytes.len() as u16, 0] {
        udp.extend(number.to_be_bytes());
    }
    udp.extend(bytes);
    ip_frame(direction, 17, udp, 6)
}

fn checksum(bytes: &[u8]) -> u16 {
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0));
    let mut sum: u32 = bytes.chunks(2).map(word).sum();
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    !(sum as u16)
}

/// A WebSocket frame.
pub(crate) fn websocket(opcode: u8, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    let masked = if mask.is_some() { 0x80 } else { 0 };
    match payload.len() {
        len @ 0..126 => frame.push(masked | len as u8),
        len => {
            frame.push(masked | 126);
            frame.extend((len as u16).to_be_bytes());
        }
    }
    match mask {
        None => frame.extend(payload),
        Some(mask) => {
            frame.extend(mask);
            frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        }
    }
    frame
}

/// What makes MQTT over WebSocket of a connection.
pub(crate) const UPGRADE: &[u8] =
    b"GET /mqtt HTTP/1.1\r\nHost: cloud.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Version: 13\r\n\r\n";
/// The answer to it.
pub(crate) const UPGRADED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
