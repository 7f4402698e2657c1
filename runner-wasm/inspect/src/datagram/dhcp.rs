//! The router gives out addresses (RFC 2131, RFC 2132).

use crate::field::{Fields, bytes, field, hex, named, text};
use crate::reader::Reader;
use crate::view::{Layer, Protocol};
use core::net::Ipv4Addr;
use core::ops::Range;

const COOKIE: u32 = 0x6382_5363;
const MESSAGE_TYPE: u8 = 53;

pub(super) fn layer(frame: &[u8], range: Range<usize>) -> Layer {
    let title = headline(frame, range.clone()).map_or_else(|| "DHCP".to_owned(), |line| format!("DHCP {line}"));
    let help = "A machine that has just been plugged in asks for an IP address. The router offers one, the machine requests \
                it, and the router lends it out for a while, together with the addresses of a gateway and of name servers.";
    crate::field::layer(Protocol::Dhcp, title, frame, range, help, explain)
}

fn explain(fields: &mut Fields, reader: &mut Reader<'_>) -> Option<()> {
    let at = reader.at();
    let operation = reader.u8()?;
    let name = match operation {
        1 => Some("from a client"),
        2 => Some("from a server"),
        _ => None,
    };
    fields.add(field("Operation", named(name, operation), at..reader.at()));
    let at = reader.at();
    let [kind, len, hops] = reader.array()?;
    let value = if (kind, len) == (1, 6) { "Ethernet".to_owned() } else { format!("kind {kind}, {len} bytes") };
    fields.add(field("Hardware address type", format!("{value}, {hops} relays"), at..reader.at()));
    let at = reader.at();
    let id = reader.u32()?;
    fields.add(
        field("Transaction", format!("{id:08x}"), at..reader.at())
            .help("Chosen by the client, repeated by the server: so answers find their question."),
    );
    let at = reader.at();
    let seconds = reader.u16()?;
    fields.add(field("Seconds", seconds.to_string(), at..reader.at()).help("For how long the client has been trying."));
    let at = reader.at();
    let flags = reader.u16()?;
    let value = if flags & 0x8000 == 0 { "answer to my address" } else { "answer to everybody" };
    fields.add(field("Flags", value, at..reader.at()));
    for (name, help) in [
        ("Client's address", "The address the client has already, if it has one."),
        ("Your address", "The address the server gives."),
        ("Next server", "Where to load a program from; hardly ever used."),
        ("Relay", "A router that passed this on."),
    ] {
        let at = reader.at();
        let address = Ipv4Addr::from(reader.u32()?);
        let value = if address.is_unspecified() { "none".to_owned() } else { address.to_string() };
        fields.add(field(name, value, at..reader.at()).help(help));
    }
    let at = reader.at();
    let mac: [u8; 16] = reader.array()?;
    let shown = mac.get(..6).unwrap_or(&mac).iter().map(|byte| hex(&[*byte])).collect::<Vec<_>>().join(":");
    fields.add(field("Client's hardware address", shown, at..reader.at()));
    let at = reader.at();
    reader.take(64 + 128)?;
    fields.add(field("Server name and boot file", "", at..reader.at()).help("Hardly ever used."));
    let at = reader.at();
    let cookie = reader.u32()?;
    let value = if cookie == COOKIE { "options follow" } else { "not that of DHCP" };
    fields.add(field("Magic cookie", value, at..reader.at()).wrong_if(cookie != COOKIE));
    options(fields, reader)
}

fn options(fields: &mut Fields, reader: &mut Reader<'_>) -> Option<()> {
    while !reader.is_empty() && !fields.is_full() {
        let at = reader.at();
        match reader.u8()? {
            0 => {
                while reader.rest().first() == Some(&0) {
                    reader.u8()?;
                }
                fields.add(field("Padding", bytes(reader.at().saturating_sub(at)), at..reader.at()));
            }
            255 => {
                fields.add(field("End of options", "", at..reader.at()));
                // What is behind it is padding, too.
                let (at, len) = (reader.at(), reader.len());
                reader.take(len)?;
                if len > 0 {
                    fields.add(field("Padding", bytes(len), at..reader.at()));
                }
            }
            code => {
                let value = reader.block8()?;
                let (name, help) = option_name(code);
                let name = if name.is_empty() { format!("Option {code}") } else { name.to_owned() };
                fields.add(field(name, option_value(code, value.rest()), at..reader.at()).help(help));
            }
        }
    }
    Some(())
}

const fn option_name(code: u8) -> (&'static str, &'static str) {
    match code {
        1 => ("Subnet mask", "Which addresses are on this cable, and which behind the gateway."),
        3 => ("Router", "The gateway: packets to everywhere else go there."),
        6 => ("Name servers", "Who knows the addresses of names (DNS)."),
        12 => ("Host name", "What the machine calls itself."),
        15 => ("Domain name", "What names without a dot are below."),
        42 => ("Time servers", "Who knows the time (NTP)."),
        50 => ("Requested address", "The address the client would like to have."),
        51 => ("Lease time", "For how long the address is lent. The client asks again when half of it is over."),
        MESSAGE_TYPE => ("Message type", "Discover, offer, request, acknowledge: the four steps to an address."),
        54 => ("Server", "Which server this is, or is for."),
        55 => ("Wanted options", "What the client would like to be told."),
        56 => ("Message", "A reason in words."),
        57 => ("Longest message", "How much the client can take."),
        58 => ("Renewal time", "When to ask the same server again."),
        59 => ("Rebinding time", "When to ask any server."),
        61 => ("Client identifier", "By which the server knows the client again."),
        _ => ("", ""),
    }
}

fn option_value(code: u8, value: &[u8]) -> String {
    let mut reader = Reader::new(value, 0..value.len());
    match (code, value.len()) {
        (1 | 50 | 54, 4) | (3 | 6 | 42, 4..) => {
            let addresses = core::iter::from_fn(|| reader.u32().map(|bits| Ipv4Addr::from(bits).to_string()));
            addresses.collect::<Vec<_>>().join(", ")
        }
        (51 | 58 | 59, 4) => reader.u32().map(|seconds| format!("{seconds} s")).unwrap_or_default(),
        (57, 2) => reader.u16().map(|len| bytes(len.into())).unwrap_or_default(),
        (MESSAGE_TYPE, 1) => reader.u8().map(|kind| named(message_name(kind), kind)).unwrap_or_default(),
        (12 | 15 | 56, _) => text(value),
        (55, _) => value
            .iter()
            .map(|code| match option_name(*code).0 {
                "" => code.to_string(),
                name => name.to_lowercase(),
            })
            .collect::<Vec<_>>()
            .join(", "),
        _ => hex(value),
    }
}

const fn message_name(kind: u8) -> Option<&'static str> {
    match kind {
        1 => Some("discover"),
        2 => Some("offer"),
        3 => Some("request"),
        4 => Some("decline"),
        5 => Some("acknowledge"),
        6 => Some("refuse"),
        7 => Some("release"),
        8 => Some("inform"),
        _ => None,
    }
}

pub(super) fn headline(frame: &[u8], range: Range<usize>) -> Option<String> {
    let mut reader = Reader::new(frame, range);
    reader.take(16)?;
    let given = Ipv4Addr::from(reader.u32()?);
    reader.take(8 + 16 + 64 + 128)?;
    if reader.u32()? != COOKIE {
        return None;
    }
    let mut requested = None;
    let mut kind = None;
    while let Some(code) = reader.u8() {
        match code {
            0 => continue,
            255 => break,
            _ => {}
        }
        let mut value = reader.block8()?;
        match (code, value.len()) {
            (MESSAGE_TYPE, 1) => kind = value.u8(),
            (50, 4) => requested = value.u32().map(Ipv4Addr::from),
            _ => {}
        }
    }
    let name = message_name(kind?)?;
    Some(match (kind?, requested) {
        (2 | 5, _) if !given.is_unspecified() => format!("{name}: {given}"),
        (3, Some(address)) => format!("{name}: {address}"),
        _ => name.to_owned(),
    })
}
