//! Datagrams (RFC 768).

use crate::field::{bytes, field, layer};
use crate::packet::Udp;
use crate::view::{Layer, Protocol};

pub(crate) fn udp(frame: &[u8], datagram: &Udp) -> Layer {
    let help =
        "UDP adds ports to IP and nothing else: a message arrives or does not. Whoever needs an answer asks again.";
    layer(Protocol::Udp, "UDP", frame, datagram.header.clone(), help, |fields, reader| {
        for name in ["Source port", "Destination port"] {
            let at = reader.at();
            let port = reader.u16()?;
            fields
                .add(field(name, port_words(port), at..reader.at()).help("Which program on the machine it is about."));
        }
        let at = reader.at();
        let len = reader.u16()?;
        fields.add(field("Length", bytes(len.into()), at..reader.at()).help("Of header and content together."));
        let at = reader.at();
        let sum = reader.u16()?;
        let verdict = match (sum, datagram.intact) {
            (0, _) => "there is none",
            (_, true) => "right",
            (_, false) => "wrong: the receiver throws it away",
        };
        fields.add(field("Checksum", format!("0x{sum:04x}, {verdict}"), at..reader.at()).wrong_if(!datagram.intact));
        Some(())
    })
}

fn port_words(port: u16) -> String {
    let name = match port {
        53 => "DNS",
        67 => "DHCP server",
        68 => "DHCP client",
        123 => "NTP",
        _ => return port.to_string(),
    };
    format!("{port} ({name})")
}
