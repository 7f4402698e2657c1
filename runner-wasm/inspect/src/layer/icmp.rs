//! Echo and errors of IP (RFC 792).

use crate::field::{bytes, field, layer, named};
use crate::view::{Layer, Protocol};
use core::ops::Range;

pub(crate) fn icmp(frame: &[u8], range: Range<usize>, intact: bool) -> Layer {
    let help = "ICMP tells of trouble on the way, such as a port that nobody listens at, and carries ping.";
    layer(Protocol::Icmp, "ICMP", frame, range, help, |fields, reader| {
        let at = reader.at();
        let (kind, code) = (reader.u8()?, reader.u8()?);
        fields.add(field("Type", named(kind_name(kind, code), kind), at..at.saturating_add(1)));
        fields.add(field("Code", code.to_string(), at.saturating_add(1)..reader.at()).help("The type in more detail."));
        let at = reader.at();
        let sum = reader.u16()?;
        let verdict = if intact { "right" } else { "wrong: the receiver throws it away" };
        fields.add(field("Checksum", format!("0x{sum:04x}, {verdict}"), at..reader.at()).wrong_if(!intact));
        let at = reader.at();
        let rest = reader.len();
        reader.take(rest)?;
        fields.add(
            field("Content", bytes(rest), at..reader.at())
                .help("Ping: a number and whatever the sender likes. Errors: the start of the packet they are about."),
        );
        Some(())
    })
}

/// One line; `None` if it makes no sense.
pub(crate) fn headline(frame: &[u8], range: Range<usize>) -> Option<String> {
    let kind = *frame.get(range.start)?;
    let code = *frame.get(range.start.checked_add(1)?)?;
    Some(kind_name(kind, code).map_or_else(|| format!("type {kind}"), str::to_owned))
}

const fn kind_name(kind: u8, code: u8) -> Option<&'static str> {
    match (kind, code) {
        (0, _) => Some("ping reply"),
        (3, 0) => Some("network unreachable"),
        (3, 1) => Some("host unreachable"),
        (3, 2) => Some("protocol unreachable"),
        (3, 3) => Some("port unreachable"),
        (3, 4) => Some("too long for a link on the way"),
        (3, _) => Some("unreachable"),
        (5, _) => Some("there is a shorter way"),
        (8, _) => Some("ping"),
        (11, _) => Some("was on its way for too long"),
        (12, _) => Some("header makes no sense"),
        _ => None,
    }
}
