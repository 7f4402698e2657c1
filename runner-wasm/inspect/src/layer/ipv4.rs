//! IP version 4 (RFC 791).

use crate::field::{bytes, field, layer, named};
use crate::packet::{Ipv4, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP};
use crate::view::{Layer, Protocol};
use core::net::Ipv4Addr;

pub(crate) fn ipv4(frame: &[u8], packet: &Ipv4) -> Layer {
    let help = "IP carries packets from any machine to any other, over many links. It promises nothing: packets get lost, \
                come twice, or in another order.";
    layer(Protocol::Ipv4, "IPv4", frame, packet.header.clone(), help, |fields, reader| {
        let at = reader.at();
        let first = reader.u8()?;
        let value = format!("version {}, {} of header", first >> 4, bytes(usize::from(first & 15) * 4));
        fields.add(field("Version and header", value, at..reader.at()));
        let at = reader.at();
        let service = reader.u8()?;
        fields.add(
            field("Service", format!("0x{service:02x}"), at..reader.at())
                .help("A wish for better treatment, and room for routers to say that they are congested."),
        );
        let at = reader.at();
        let len = reader.u16()?;
        fields.add(field("Length", bytes(len.into()), at..reader.at()).help("Of header and content together."));
        let at = reader.at();
        let id = reader.u16()?;
        fields.add(
            field("Identification", id.to_string(), at..reader.at())
                .help("Joins the fragments of a packet, if there are any."),
        );
        let at = reader.at();
        let fragment = reader.u16()?;
        fields.add(
            field("Fragment", fragment_words(fragment), at..reader.at())
                .help("A packet that is too long for a link may be cut into fragments, unless that is forbidden."),
        );
        let at = reader.at();
        let hops = reader.u8()?;
        fields.add(
            field("Time to live", hops.to_string(), at..reader.at())
                .help("How many more routers may pass it on, so that no packet goes in circles for ever."),
        );
        let at = reader.at();
        let protocol = reader.u8()?;
        let name = match protocol {
            PROTOCOL_ICMP => Some("ICMP"),
            PROTOCOL_TCP => Some("TCP"),
            PROTOCOL_UDP => Some("UDP"),
            _ => None,
        };
        fields.add(field("Protocol", named(name, protocol), at..reader.at()).help("Who understands the content."));
        let at = reader.at();
        let sum = reader.u16()?;
        let verdict = if packet.intact { "right" } else { "wrong: the receiver throws it away" };
        fields
            .add(field("Header checksum", format!("0x{sum:04x}, {verdict}"), at..reader.at()).wrong_if(!packet.intact));
        for name in ["Source", "Destination"] {
            let at = reader.at();
            let address = Ipv4Addr::from(reader.u32()?);
            fields.add(field(name, address_words(address), at..reader.at()));
        }
        if !reader.is_empty() {
            let (at, len) = (reader.at(), reader.len());
            reader.take(len)?;
            fields.add(field("Options", bytes(len), at..reader.at()));
        }
        Some(())
    })
}

fn fragment_words(field: u16) -> String {
    let offset = (field & 0x1fff) * 8;
    match (field & 0x4000 != 0, field & 0x2000 != 0) {
        (true, _) => "none, and forbidden".to_owned(),
        (_, false) if offset == 0 => "none".to_owned(),
        (_, true) => format!("from byte {offset}, and more follow"),
        (..) => format!("from byte {offset}, the last one"),
    }
}

fn address_words(address: Ipv4Addr) -> String {
    if address.is_broadcast() {
        format!("{address} (everybody here)")
    } else if address.is_unspecified() {
        format!("{address} (no address yet)")
    } else {
        address.to_string()
    }
}
