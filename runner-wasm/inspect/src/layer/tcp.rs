//! Streams of bytes (RFC 9293): the header of a segment.

use crate::field::{Fields, bytes, field, layer};
use crate::packet::{ACK, FIN, RST, SYN, Tcp};
use crate::reader::Reader;
use crate::view::{Layer, Protocol};

/// Where a segment is in its connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// The first sequence number of the sender, if it is known.
    pub(crate) base: Option<u32>,
    /// That of the receiver.
    pub(crate) other_base: Option<u32>,
    pub(crate) retransmission: bool,
    pub(crate) out_of_order: bool,
    /// Bytes of the other side's stream that are missing, as this segment shows.
    pub(crate) missing: u64,
}

pub(crate) fn tcp(frame: &[u8], segment: &Tcp, place: Place) -> Layer {
    let help = "TCP makes a reliable stream of bytes out of IP's unreliable packets: every byte has a number, what arrives \
                is acknowledged, and what is not acknowledged is sent again.";
    layer(Protocol::Tcp, "TCP", frame, segment.header.clone(), help, |fields, reader| {
        explain(fields, reader, segment, place)
    })
}

fn explain(fields: &mut Fields, reader: &mut Reader<'_>, segment: &Tcp, place: Place) -> Option<()> {
    for name in ["Source port", "Destination port"] {
        let at = reader.at();
        let port = reader.u16()?;
        fields.add(field(name, port.to_string(), at..reader.at()).help("Which program on the machine it is about."));
    }
    let at = reader.at();
    let seq = reader.u32()?;
    fields.add(field("Sequence number", number(seq, place.base), at..reader.at()).help(
        "The number of the first byte in this segment. A connection starts at a random one, so both are shown: counted \
         from the start of the connection, and as it is on the wire.",
    ));
    let at = reader.at();
    let ack = reader.u32()?;
    let value = if segment.has(ACK) { number(ack, place.other_base) } else { "not used".to_owned() };
    fields.add(
        field("Acknowledgement", value, at..reader.at())
            .help("Everything before this number has arrived; this is the byte that is expected next."),
    );
    let at = reader.at();
    let offset = reader.u8()? >> 4;
    fields.add(field("Header length", bytes(usize::from(offset) * 4), at..reader.at()));
    let at = reader.at();
    let flags = reader.u8()?;
    fields.add(field("Flags", flag_names(flags), at..reader.at()).help(
        "SYN opens a connection, FIN says that the sender has said everything, RST ends it by force, ACK makes the \
         acknowledgement count, PSH asks for the bytes to be handed on at once.",
    ));
    let at = reader.at();
    let window = reader.u16()?;
    fields.add(
        field("Window", bytes(window.into()), at..reader.at())
            .help("How many more bytes the sender of this segment has room for (before scaling)."),
    );
    let at = reader.at();
    let sum = reader.u16()?;
    let verdict = if segment.intact { "right" } else { "wrong: the receiver throws it away" };
    fields.add(field("Checksum", format!("0x{sum:04x}, {verdict}"), at..reader.at()).wrong_if(!segment.intact));
    let at = reader.at();
    let urgent = reader.u16()?;
    fields.add(field("Urgent pointer", urgent.to_string(), at..reader.at()).help("Hardly ever used."));
    while !reader.is_empty() && !fields.is_full() {
        option(fields, reader)?;
    }
    let here = segment.payload.start..segment.payload.start;
    let mut remark = |is_so: bool, value: &str| {
        if is_so {
            fields.add(field("Remark", value, here.clone()));
        }
    };
    remark(place.retransmission, "these bytes were seen before: they are sent again, or the frame was doubled");
    remark(place.out_of_order, "bytes that belong in front of these have not arrived yet");
    let missing = format!("{} of the other side's stream were never seen here", bytes_u64(place.missing));
    remark(place.missing > 0, &missing);
    Some(())
}

fn option(fields: &mut Fields, reader: &mut Reader<'_>) -> Option<()> {
    let at = reader.at();
    let kind = reader.u8()?;
    if kind <= 1 {
        let name = if kind == 0 { "Option: end" } else { "Option: padding" };
        fields.add(field(name, "", at..reader.at()));
        return Some(());
    }
    let len = usize::from(reader.u8()?).checked_sub(2)?;
    let mut value = reader.part(len)?;
    let (name, value, help) = match (kind, len) {
        (2, 2) => (
            "Option: maximum segment size",
            bytes(value.u16()?.into()),
            "The most that fits a segment to this machine.",
        ),
        (3, 1) => (
            "Option: window scale",
            format!("by {}", 1_u64 << (value.u8()? & 15)),
            "Windows count in units of so many bytes.",
        ),
        (4, 0) => ("Option: selective acknowledgements", "allowed".to_owned(), "Gaps may be told precisely."),
        (5, _) => ("Option: selective acknowledgement", bytes(len), "Which bytes behind a gap have arrived."),
        (8, 8) => {
            let (own, echo) = (value.u32()?, value.u32()?);
            ("Option: timestamps", format!("{own}, answers {echo}"), "To measure how long the way takes.")
        }
        _ => ("Option", format!("kind {kind}, {}", bytes(len)), ""),
    };
    fields.add(field(name, value, at..reader.at()).help(help));
    Some(())
}

fn number(value: u32, base: Option<u32>) -> String {
    match base {
        Some(base) => format!("{} (on the wire {value})", value.wrapping_sub(base)),
        None => value.to_string(),
    }
}

fn bytes_u64(count: u64) -> String {
    if count == 1 { "1 byte".to_owned() } else { format!("{count} bytes") }
}

fn flag_names(flags: u8) -> String {
    let names =
        [(SYN, "SYN"), (FIN, "FIN"), (RST, "RST"), (8, "PSH"), (ACK, "ACK"), (32, "URG"), (64, "ECE"), (128, "CWR")];
    let set: Vec<&str> = names.into_iter().filter(|(bit, _)| flags & bit != 0).map(|(_, name)| name).collect();
    if set.is_empty() { "none".to_owned() } else { set.join(", ") }
}

/// One line about a segment whose content says nothing.
pub(crate) fn headline(segment: &Tcp, place: Place) -> String {
    let ports = format!("{} → {}", segment.from, segment.to);
    let mut line = match (segment.has(SYN), segment.has(ACK)) {
        (true, false) => format!("open a connection ({ports})"),
        (true, true) => format!("the connection is accepted ({ports})"),
        _ if segment.has(RST) => format!("reset: the connection is over ({ports})"),
        _ if segment.has(FIN) => format!("no more to say ({ports})"),
        _ if !segment.payload.is_empty() => format!("{} ({ports})", bytes(segment.payload.len())),
        _ => {
            let so_far = place.other_base.map_or(segment.ack, |base| segment.ack.wrapping_sub(base));
            format!("acknowledged up to {so_far} ({ports})")
        }
    };
    if place.retransmission {
        line.push_str(", again");
    }
    if place.out_of_order {
        line.push_str(", early");
    }
    line
}
