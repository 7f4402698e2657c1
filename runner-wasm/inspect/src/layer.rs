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

use crate::field::{bytes, field, layer, text};
use crate::view::{Field, Layer, Protocol};
use core::ops::Range;

/// Bytes that are not understood, and why. Nobody knows what is in them, so they are shown to whoever asks.
pub(crate) fn data(source: &[u8], range: Range<usize>, title: &str, why: &str) -> Layer {
    layer(Protocol::Data, title, source, range, why, |fields, reader| {
        let (at, len) = (reader.at(), reader.len());
        let shown = text(reader.take(len)?);
        fields.add(Field { reveal: Some(shown), ..field("Bytes", bytes(len), at..reader.at()) });
        Some(())
    })
}
