//! What the headers of a frame mean, from Ethernet to TCP.

mod arp;
mod ethernet;
mod icmp;
mod ipv4;
mod tcp;
mod udp;

pub(crate) use arp::{arp, headline as arp_headline};
pub(crate) use ethernet::ethernet;
pub(crate) use icmp::{headline as icmp_headline, icmp};
pub(crate) use ipv4::ipv4;
pub(crate) use tcp::{Place, headline as tcp_headline, tcp};
pub(crate) use udp::udp;

use crate::field::{bytes, field, layer};
use crate::view::{Layer, Protocol};
use core::ops::Range;

/// Bytes that are shown as they are.
pub(crate) fn data(source: &[u8], range: Range<usize>, title: &str, why: &str) -> Layer {
    layer(Protocol::Data, title, source, range, why, |fields, reader| {
        let range = reader.at()..reader.end();
        fields.add(field("Bytes", bytes(reader.len()), range));
        let len = reader.len();
        reader.take(len).map(|_| ())
    })
}
