//! From what was found in a frame to what the page is shown.

use crate::connections::Connections;
use crate::field::hex;
use crate::layer;
use crate::message::Found;
use crate::packet::{Ipv4, Network, RST, Transport};
use crate::ring::Kept;
use crate::secrets::Secrets;
use crate::trace::{Piece, What};
use crate::view::{Dissection, Field, Flag, Layer, Protocol, Source, Summary};
use core::ops::Range;

/// Characters of the line about a frame.
const LINE: usize = 240;

/// The row of a frame in the list.
pub(crate) fn summary(kept: &Kept, connections: &Connections, secrets: &Secrets) -> Summary {
    let protocols = protocols(kept);
    let connection = kept.connection;
    Summary {
        id: kept.id,
        time_us: kept.time_us,
        direction: kept.direction,
        length: kept.length,
        protocol: protocols.iter().max().copied().unwrap_or(Protocol::Ethernet),
        protocols,
        connection,
        purpose: connection.and_then(|id| connections.purpose(id)),
        text: line(kept, secrets),
        flags: flags(kept),
        remark: kept.remark.clone(),
    }
}

fn ip(kept: &Kept) -> Option<&Ipv4> {
    match &kept.packet.as_ref()?.network {
        Network::Ipv4(ip) => Some(ip),
        Network::Arp(_) | Network::Other { .. } => None,
    }
}

fn protocols(kept: &Kept) -> Vec<Protocol> {
    let mut found = vec![Protocol::Ethernet];
    match kept.packet.as_ref().map(|packet| &packet.network) {
        Some(Network::Arp(_)) => found.push(Protocol::Arp),
        Some(Network::Ipv4(ip)) => {
            found.push(Protocol::Ipv4);
            found.extend(match &ip.transport {
                Transport::Tcp(_) => Some(Protocol::Tcp),
                Transport::Udp(_) => Some(Protocol::Udp),
                Transport::Icmp { .. } => Some(Protocol::Icmp),
                Transport::Other { .. } => None,
            });
        }
        Some(Network::Other { .. }) | None => {}
    }
    for piece in &kept.trace.pieces {
        found.push(piece.what.protocol());
        if piece.what.protocol() == Protocol::Aclk {
            found.push(Protocol::Mqtt);
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// One line about the frame: what was found in it, or else what its headers say.
fn line(kept: &Kept, secrets: &Secrets) -> String {
    let mut line = String::new();
    let pieces = kept.trace.in_order();
    let is_part = |piece: &Piece| matches!(piece.what, What::Message(Found::Part(_)));
    let has_whole = pieces.iter().any(|piece| !piece.headline.is_empty() && !is_part(piece));
    for piece in pieces {
        if piece.headline.is_empty() || (has_whole && is_part(piece)) {
            continue;
        }
        if !line.is_empty() {
            line.push_str("; ");
        }
        line.push_str(&piece.headline);
    }
    if line.is_empty() {
        line = header_line(kept);
    } else if kept.trace.place.retransmission {
        line.push_str(" (again)");
    }
    secrets.cover(&mut line);
    crate::field::shorten(&mut line, LINE);
    line
}

fn header_line(kept: &Kept) -> String {
    let bytes = kept.bytes();
    let Some(packet) = &kept.packet else { return "shorter than an Ethernet header".to_owned() };
    match &packet.network {
        Network::Arp(range) => layer::arp_headline(bytes, range.clone()).unwrap_or_else(|| "malformed".to_owned()),
        Network::Other { ethertype: 0x86dd, .. } => "IPv6, which is not looked into".to_owned(),
        Network::Other { ethertype, .. } => format!("not understood (type 0x{ethertype:04x})"),
        Network::Ipv4(ip) if !ip.intact => "damaged on the way: the header's checksum is wrong".to_owned(),
        Network::Ipv4(ip) => match &ip.transport {
            Transport::Icmp { range, .. } => {
                layer::icmp_headline(bytes, range.clone()).unwrap_or_else(|| "malformed".to_owned())
            }
            Transport::Tcp(segment) if !segment.intact => "damaged on the way: the checksum is wrong".to_owned(),
            Transport::Udp(datagram) if !datagram.intact => "damaged on the way: the checksum is wrong".to_owned(),
            Transport::Tcp(segment) => layer::tcp_headline(segment, kept.trace.place),
            Transport::Udp(datagram) => {
                let len = crate::field::bytes(datagram.payload.len());
                format!("{len} ({} → {})", datagram.from, datagram.to)
            }
            Transport::Other { protocol, .. } => format!("not understood (IP protocol {protocol})"),
        },
    }
}

fn flags(kept: &Kept) -> Vec<Flag> {
    let place = kept.trace.place;
    let ip = ip(kept);
    let is_damaged = ip.is_some_and(|ip| {
        !ip.intact
            || match &ip.transport {
                Transport::Tcp(segment) => !segment.intact,
                Transport::Udp(datagram) => !datagram.intact,
                Transport::Icmp { intact, .. } => !intact,
                Transport::Other { .. } => false,
            }
    });
    let is_reset = ip.is_some_and(|ip| matches!(&ip.transport, Transport::Tcp(segment) if segment.has(RST)));
    let is_closed = |piece: &Piece| matches!(piece.what, What::Record(record) if record.is_closed());
    let is_malformed = match kept.packet.as_ref().map(|packet| &packet.network) {
        None => true,
        Some(Network::Other { ethertype, .. }) => *ethertype == 0x0800,
        Some(Network::Arp(range)) => layer::arp_headline(kept.bytes(), range.clone()).is_none(),
        Some(Network::Ipv4(ip)) => matches!(ip.transport, Transport::Other { protocol: 6 | 17, .. }),
    };
    let all = [
        (place.retransmission, Flag::Retransmission),
        (place.out_of_order, Flag::OutOfOrder),
        (place.missing > 0, Flag::Gap),
        (is_damaged, Flag::BadChecksum),
        (kept.trace.pieces.iter().any(is_closed), Flag::Encrypted),
        (is_malformed, Flag::Malformed),
        (is_reset, Flag::Reset),
    ];
    all.into_iter().filter(|(is_so, _)| *is_so).map(|(_, flag)| flag).collect()
}

/// Everything about a frame.
pub(crate) fn dissect(kept: &Kept, connections: &Connections, secrets: &Secrets) -> Dissection {
    let mut layers = headers(kept);
    layers.extend(unexplained(kept));
    for piece in kept.trace.in_order() {
        let source = kept.trace.sources.get(piece.source).map_or(&[][..], |source| &source.bytes);
        let found = match &piece.what {
            What::Datagram(datagram) => vec![datagram.layer(source, piece.range.clone())],
            What::Record(record) => vec![record.layer(source, piece.range.clone())],
            What::Message(found) => found.layers(source, piece.range.clone()),
        };
        layers.extend(found.into_iter().map(|layer| Layer { source: piece.source, ..layer }));
    }
    if kept.trace.left_out > 0 {
        let why = format!("There is more in this frame: {} messages are not shown.", kept.trace.left_out);
        let end = kept.bytes().len();
        layers.push(layer::data(kept.bytes(), end..end, "And more", &why));
    }
    secrets.cover_layers(&mut layers);
    let mut sources: Vec<Source> = kept
        .trace
        .sources
        .iter()
        .map(|source| Source { name: source.name.clone(), hex: hex(&source.bytes), hidden: Vec::new() })
        .collect();
    for layer in &layers {
        if let Some(source) = sources.get_mut(layer.source) {
            hide(&layer.fields, &mut source.hidden);
        }
    }
    for (source, kept) in sources.iter_mut().zip(&kept.trace.sources) {
        secrets.find(&kept.bytes, &mut source.hidden);
        source.hidden.sort_unstable();
        source.hidden.dedup();
    }
    let mut frame = summary(kept, connections, secrets);
    if layers.iter().any(|layer| has_wrong(&layer.fields)) && !frame.flags.contains(&Flag::Malformed) {
        frame.flags.push(Flag::Malformed);
    }
    Dissection { frame, sources, layers }
}

/// What is in a segment or datagram and belongs to nothing that was found.
fn unexplained(kept: &Kept) -> Vec<Layer> {
    let (payload, is_tcp) = match ip(kept).map(|ip| &ip.transport) {
        Some(Transport::Tcp(segment)) => (segment.payload.clone(), true),
        Some(Transport::Udp(datagram)) => (datagram.payload.clone(), false),
        _ => return Vec::new(),
    };
    let place = kept.trace.place;
    let why = match is_tcp {
        true if place.retransmission || place.out_of_order => {
            "These bytes are explained in the frame in which they came first, or whole."
        }
        true => "These bytes came before, or together with others that are missing or damaged.",
        false => "These bytes are of a protocol that is not known here.",
    };
    let mut found: Vec<Range<usize>> =
        kept.trace.pieces.iter().filter(|piece| piece.source == 0).map(|piece| piece.range.clone()).collect();
    found.sort_unstable_by_key(|range| range.start);
    found.push(payload.end..payload.end);
    let mut at = payload.start;
    let mut layers = Vec::new();
    for range in found {
        if range.start > at {
            layers.push(layer::data(kept.bytes(), at..range.start.min(payload.end), "Unexplained bytes", why));
        }
        at = at.max(range.end);
    }
    layers
}

fn headers(kept: &Kept) -> Vec<Layer> {
    let bytes = kept.bytes();
    let Some(packet) = &kept.packet else {
        return vec![layer::data(bytes, 0..bytes.len(), "Frame", "It is shorter than an Ethernet header.")];
    };
    let mut layers = vec![layer::ethernet(bytes, packet.ethernet.clone())];
    match &packet.network {
        Network::Arp(range) => layers.push(layer::arp(bytes, range.clone())),
        Network::Other { range, .. } => {
            layers.push(layer::data(bytes, range.clone(), "Data", "This is not understood, or cut off."));
        }
        Network::Ipv4(ip) => {
            layers.push(layer::ipv4(bytes, ip));
            layers.push(match &ip.transport {
                Transport::Tcp(segment) => layer::tcp(bytes, segment, kept.trace.place),
                Transport::Udp(datagram) => layer::udp(bytes, datagram),
                Transport::Icmp { range, intact } => layer::icmp(bytes, range.clone(), *intact),
                Transport::Other { range, .. } => {
                    layer::data(bytes, range.clone(), "Data", "This is not understood, or cut off.")
                }
            });
        }
    }
    layers
}

/// Collects the ranges of secrets.
fn hide(fields: &[Field], hidden: &mut Vec<(usize, usize)>) {
    for field in fields {
        if field.reveal.is_some() && field.end > field.start {
            hidden.push((field.start, field.end));
        }
        hide(&field.fields, hidden);
    }
}

fn has_wrong(fields: &[Field]) -> bool {
    fields.iter().any(|field| field.wrong || has_wrong(&field.fields))
}
