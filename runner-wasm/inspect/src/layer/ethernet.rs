//! Ethernet II.

use crate::field::{field, hex, layer, named};
use crate::view::{Layer, Protocol};
use core::ops::Range;

pub(crate) fn ethernet(frame: &[u8], range: Range<usize>) -> Layer {
    let help = "Ethernet carries bytes between machines on one cable or switch. It knows only hardware addresses; how to \
                get further is up to what is inside.";
    layer(Protocol::Ethernet, "Ethernet", frame, range, help, |fields, reader| {
        let at = reader.at();
        let to: [u8; 6] = reader.array()?;
        fields.add(field("Destination", mac(to), at..reader.at()).help(
            "The hardware (MAC) address of the network card this frame is for. ff:ff:ff:ff:ff:ff means everybody.",
        ));
        let at = reader.at();
        let from: [u8; 6] = reader.array()?;
        fields.add(
            field("Source", mac(from), at..reader.at()).help("The hardware (MAC) address of the card that sent it."),
        );
        let at = reader.at();
        let kind = reader.u16()?;
        let name = match kind {
            0x0800 => Some("IPv4"),
            0x0806 => Some("ARP"),
            0x86dd => Some("IPv6"),
            _ => None,
        };
        let value = named(name, format_args!("0x{kind:04x}"));
        fields.add(field("Type", value, at..reader.at()).help("Which protocol the rest of the frame belongs to."));
        Some(())
    })
}

/// A hardware address as people write it.
pub(super) fn mac(address: [u8; 6]) -> String {
    if address == [0xff; 6] {
        return "ff:ff:ff:ff:ff:ff (everybody)".to_owned();
    }
    address.map(|byte| hex(&[byte])).join(":")
}
