//! The headers of a frame, as far as they are needed to follow connections. What they mean is told in `layer`.

use crate::reader::Reader;
use core::net::Ipv4Addr;
use core::ops::Range;

/// Bytes of an Ethernet header.
const ETHERNET: usize = 14;
const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_ARP: u16 = 0x0806;
pub(crate) const PROTOCOL_ICMP: u8 = 1;
pub(crate) const PROTOCOL_TCP: u8 = 6;
pub(crate) const PROTOCOL_UDP: u8 = 17;

/// A frame taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Packet {
    pub(crate) ethernet: Range<usize>,
    pub(crate) network: Network,
}

/// What is in the frame.
#[derive(Debug, Clone)]
pub(crate) enum Network {
    Arp(Range<usize>),
    Ipv4(Ipv4),
    /// Something else, or too short for what it says to be.
    Other {
        ethertype: u16,
        range: Range<usize>,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Ipv4 {
    pub(crate) header: Range<usize>,
    pub(crate) source: Ipv4Addr,
    pub(crate) destination: Ipv4Addr,
    pub(crate) intact: bool,
    pub(crate) transport: Transport,
}

/// What is in the IP packet.
#[derive(Debug, Clone)]
pub(crate) enum Transport {
    Tcp(Tcp),
    Udp(Udp),
    Icmp {
        range: Range<usize>,
        intact: bool,
    },
    /// Something else, a fragment, or too short for what it says to be.
    Other {
        protocol: u8,
        range: Range<usize>,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Tcp {
    pub(crate) header: Range<usize>,
    pub(crate) payload: Range<usize>,
    pub(crate) from: u16,
    pub(crate) to: u16,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) flags: u8,
    pub(crate) intact: bool,
}

pub(crate) const FIN: u8 = 1;
pub(crate) const SYN: u8 = 2;
pub(crate) const RST: u8 = 4;
pub(crate) const ACK: u8 = 16;

impl Tcp {
    pub(crate) const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Udp {
    pub(crate) header: Range<usize>,
    pub(crate) payload: Range<usize>,
    pub(crate) from: u16,
    pub(crate) to: u16,
    pub(crate) intact: bool,
}

impl Packet {
    /// Takes a frame apart; `None` if it is shorter than an Ethernet header.
    pub(crate) fn parse(frame: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(frame, 0..frame.len());
        reader.take(12)?;
        let ethertype = reader.u16()?;
        let range = reader.at()..reader.end();
        let network = match ethertype {
            ETHERTYPE_ARP => Network::Arp(range),
            ETHERTYPE_IPV4 => match ipv4(frame, &mut reader) {
                Some(packet) => Network::Ipv4(packet),
                None => Network::Other { ethertype, range },
            },
            _ => Network::Other { ethertype, range },
        };
        Some(Self { ethernet: 0..ETHERNET, network })
    }
}

fn ipv4(frame: &[u8], reader: &mut Reader<'_>) -> Option<Ipv4> {
    let start = reader.at();
    let first = reader.u8()?;
    let header_len = usize::from(first & 15) * 4;
    reader.u8()?; // type of service
    let total = usize::from(reader.u16()?);
    reader.u16()?; // identification
    let fragment = reader.u16()? & 0x3fff;
    reader.u8()?; // time to live
    let protocol = reader.u8()?;
    reader.u16()?; // checksum
    let source = Ipv4Addr::from(reader.u32()?);
    let destination = Ipv4Addr::from(reader.u32()?);
    let (header, end) = (start..start.checked_add(header_len)?, start.checked_add(total)?);
    if first >> 4 != 4 || header_len < 20 || total < header_len || end > frame.len() {
        return None;
    }
    let payload = header.end..end;
    let pseudo = pseudo_header(source, destination, protocol, payload.len());
    let transport = match protocol {
        _ if fragment != 0 => None,
        PROTOCOL_TCP => tcp(frame, payload.clone(), pseudo).map(Transport::Tcp),
        PROTOCOL_UDP => udp(frame, payload.clone(), pseudo).map(Transport::Udp),
        PROTOCOL_ICMP => Some(Transport::Icmp { range: payload.clone(), intact: is_intact(frame, payload.clone(), 0) }),
        _ => None,
    };
    let transport = transport.unwrap_or(Transport::Other { protocol, range: payload });
    Some(Ipv4 { intact: is_intact(frame, header.clone(), 0), header, source, destination, transport })
}

fn tcp(frame: &[u8], range: Range<usize>, pseudo: u32) -> Option<Tcp> {
    let mut reader = Reader::new(frame, range.clone());
    let (from, to) = (reader.u16()?, reader.u16()?);
    let (seq, ack) = (reader.u32()?, reader.u32()?);
    let header_len = usize::from(reader.u8()? >> 4) * 4;
    let flags = reader.u8()?;
    let header = range.start..range.start.checked_add(header_len)?;
    if header_len < 20 || header.end > range.end {
        return None;
    }
    let payload = header.end..range.end;
    Some(Tcp { header, payload, from, to, seq, ack, flags, intact: is_intact(frame, range, pseudo) })
}

fn udp(frame: &[u8], range: Range<usize>, pseudo: u32) -> Option<Udp> {
    let mut reader = Reader::new(frame, range.clone());
    let (from, to) = (reader.u16()?, reader.u16()?);
    let len = usize::from(reader.u16()?);
    let sum = reader.u16()?;
    let end = range.start.checked_add(len)?;
    if len < 8 || end > range.end {
        return None;
    }
    // 0 says that there is none.
    let intact = sum == 0 || is_intact(frame, range.start..end, pseudo);
    Some(Udp { header: range.start..reader.at(), payload: reader.at()..end, from, to, intact })
}

/// What a checksum of TCP or UDP covers beside them.
fn pseudo_header(source: Ipv4Addr, destination: Ipv4Addr, protocol: u8, len: usize) -> u32 {
    let halves = |address: Ipv4Addr| (address.to_bits() >> 16) + (address.to_bits() & 0xffff);
    halves(source) + halves(destination) + u32::from(protocol) + u32::try_from(len & 0xffff).unwrap_or(0)
}

/// Whether the internet checksum over `range` is right (RFC 1071).
fn is_intact(frame: &[u8], range: Range<usize>, pseudo: u32) -> bool {
    let covered = frame.get(range).unwrap_or_default();
    let words = covered.chunks(2).map(|pair| match pair {
        [high, low] => u32::from(u16::from_be_bytes([*high, *low])),
        [last] => u32::from(*last) << 8,
        _ => 0,
    });
    let mut sum = words.fold(u64::from(pseudo), |sum, word| sum + u64::from(word));
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    sum == 0xffff
}
