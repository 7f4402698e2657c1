//! Which hardware address has that IP address (RFC 826).

use super::ethernet::mac;
use crate::field::{Fields, field, layer, named};
use crate::reader::Reader;
use crate::view::{Layer, Protocol};
use core::net::Ipv4Addr;
use core::ops::Range;

/// Bytes of ARP for IPv4 over Ethernet; what follows is padding.
const LEN: usize = 28;

pub(crate) fn arp(frame: &[u8], range: Range<usize>) -> Layer {
    let help = "Before an IP packet can go over Ethernet, its sender has to know the hardware address that belongs to an \
                IP address. It asks everybody, and the owner answers.";
    let range = range.start..range.end.min(range.start.saturating_add(LEN));
    layer(Protocol::Arp, "ARP", frame, range, help, explain)
}

fn explain(fields: &mut Fields, reader: &mut Reader<'_>) -> Option<()> {
    let at = reader.at();
    let kinds: [u8; 6] = reader.array()?;
    let usual = kinds == [0, 1, 8, 0, 6, 4];
    let value = if usual { "IPv4 over Ethernet" } else { "not IPv4 over Ethernet" };
    fields.add(field("Address types", value, at..reader.at()).wrong_if(!usual));
    let at = reader.at();
    let operation = reader.u16()?;
    fields.add(
        field("Operation", named(operation_name(operation), operation), at..reader.at())
            .help("A request asks who has an address, a reply says who."),
    );
    for (name, help) in [("Sender", "Who says this."), ("Target", "Whom it asks about, or whom it answers.")] {
        let at = reader.at();
        let address = reader.array()?;
        fields.add(field(format!("{name}'s hardware address"), mac(address), at..reader.at()).help(help));
        let at = reader.at();
        let address = Ipv4Addr::from(reader.u32()?);
        fields.add(field(format!("{name}'s IP address"), address.to_string(), at..reader.at()).help(help));
    }
    Some(())
}

const fn operation_name(operation: u16) -> Option<&'static str> {
    match operation {
        1 => Some("request"),
        2 => Some("reply"),
        _ => None,
    }
}

/// One line; `None` if it makes no sense.
pub(crate) fn headline(frame: &[u8], range: Range<usize>) -> Option<String> {
    let mut reader = Reader::new(frame, range);
    reader.take(6)?;
    let operation = reader.u16()?;
    let hardware = reader.array()?;
    let sender = Ipv4Addr::from(reader.u32()?);
    reader.take(6)?;
    let target = Ipv4Addr::from(reader.u32()?);
    Some(match operation {
        1 if sender == target => format!("{sender} says that it is here"),
        1 if sender.is_unspecified() => format!("does anybody have {target} already?"),
        1 => format!("who has {target}? tell {sender}"),
        2 => format!("{sender} is at {}", mac(hardware)),
        other => format!("unknown operation {other}"),
    })
}
