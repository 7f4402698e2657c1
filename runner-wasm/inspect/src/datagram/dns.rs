//! Names (RFC 1035).

use crate::field::{Fields, field, hex, named, text};
use crate::reader::Reader;
use crate::view::{Layer, Protocol};
use core::net::{Ipv4Addr, Ipv6Addr};
use core::ops::Range;

/// Bytes a name may have (RFC 1035 2.3.4).
const NAME: usize = 255;
/// Pointers that are followed in one name.
const JUMPS: usize = 16;

pub(super) fn layer(frame: &[u8], range: Range<usize>) -> Layer {
    let help = "DNS turns the name of a machine into its address. The question goes to a name server that the router told \
                us by DHCP.";
    let message = range.clone();
    crate::field::layer(Protocol::Dns, "DNS", frame, range, help, |fields, reader| {
        explain(fields, reader, &Message { frame, range: message })
    })
}

/// The whole message, for pointers into it.
struct Message<'a> {
    frame: &'a [u8],
    range: Range<usize>,
}

fn explain(fields: &mut Fields, reader: &mut Reader<'_>, message: &Message<'_>) -> Option<()> {
    let at = reader.at();
    let id = reader.u16()?;
    fields.add(
        field("Transaction", format!("{id:04x}"), at..reader.at())
            .help("Chosen by whoever asks and repeated in the answer: so answers find their question."),
    );
    let at = reader.at();
    let flags = reader.u16()?;
    fields.add(field("Flags", flag_words(flags), at..reader.at()));
    let mut counts = [0; 4];
    for (name, count) in ["Questions", "Answers", "Authorities", "Additional records"].into_iter().zip(&mut counts) {
        let at = reader.at();
        *count = reader.u16()?;
        fields.add(field(name, count.to_string(), at..reader.at()));
    }
    let [questions, answers, authorities, additional] = counts;
    for _ in 0..questions {
        if fields.is_full() {
            return Some(());
        }
        let at = reader.at();
        let name = message.name(reader)?;
        let (kind, _class) = (reader.u16()?, reader.u16()?);
        fields.add(field("Question", format!("{name}, {}", kind_name(kind)), at..reader.at()));
    }
    for (title, count) in [("Answer", answers), ("Authority", authorities), ("Additional record", additional)] {
        for _ in 0..count {
            if fields.is_full() {
                return Some(());
            }
            record(fields, reader, message, title)?;
        }
    }
    Some(())
}

fn record(fields: &mut Fields, reader: &mut Reader<'_>, message: &Message<'_>, title: &str) -> Option<()> {
    let start = reader.at();
    let name = message.name(reader)?;
    let (kind, _class) = (reader.u16()?, reader.u16()?);
    let mut parts = Fields::default();
    parts.add(field("Name", name.as_str(), start..reader.at().saturating_sub(4)));
    let at = reader.at();
    let seconds = reader.u32()?;
    parts.add(field("Lifetime", format!("{seconds} s"), at..reader.at()).help("For how long it may be remembered."));
    let mut data = reader.block16()?;
    let range = data.at()..data.end();
    let value = match (kind, data.len()) {
        (1, 4) => Ipv4Addr::from(data.u32()?).to_string(),
        (28, 16) => Ipv6Addr::from(data.array::<16>()?).to_string(),
        (2 | 5 | 12, _) => message.name(&mut data)?,
        _ => hex(data.rest()),
    };
    parts.add(field("Data", value.as_str(), range));
    fields.add(field(title, format!("{name}, {} {value}", kind_name(kind)), start..reader.at()).with(parts));
    Some(())
}

impl Message<'_> {
    /// The name at the front of `reader`. Only pointers backwards are followed, so that it comes to an end.
    fn name(&self, reader: &mut Reader<'_>) -> Option<String> {
        let mut name = String::new();
        let mut here = reader.clone();
        // Where the name ends for whoever reads on: behind the first pointer.
        let mut end = None;
        let mut jumps = 0;
        loop {
            let at = here.at();
            let len = here.u8()?;
            match len >> 6 {
                0 if len == 0 => break,
                0 => {
                    if !name.is_empty() {
                        name.push('.');
                    }
                    name.push_str(&text(here.take(len.into())?));
                    if name.len() > NAME * 4 {
                        return None;
                    }
                }
                3 => {
                    let offset = usize::from(len & 0x3f) << 8 | usize::from(here.u8()?);
                    let to = self.range.start.checked_add(offset)?;
                    jumps += 1;
                    if to >= at || jumps > JUMPS {
                        return None;
                    }
                    end.get_or_insert(here.at());
                    here = Reader::new(self.frame, to..self.range.end);
                }
                _ => return None,
            }
        }
        reader.take(end.unwrap_or(here.at()).checked_sub(reader.at())?)?;
        Some(if name.is_empty() { ".".to_owned() } else { name })
    }
}

fn flag_words(flags: u16) -> String {
    let mut words = vec![if flags & 0x8000 == 0 { "question" } else { "answer" }.to_owned()];
    for (bit, word) in
        [(0x0400, "authoritative"), (0x0200, "cut off"), (0x0100, "please ask others"), (0x0080, "asks others")]
    {
        if flags & bit != 0 {
            words.push(word.to_owned());
        }
    }
    if flags & 0x8000 != 0 {
        words.push(code_words(flags));
    }
    words.join(", ")
}

fn code_words(flags: u16) -> String {
    let code = flags & 15;
    let name = match code {
        0 => return "no error".to_owned(),
        1 => Some("the question was malformed"),
        2 => Some("the server failed"),
        3 => Some("there is no such name"),
        4 => Some("not implemented"),
        5 => Some("refused"),
        _ => None,
    };
    named(name, code)
}

fn kind_name(kind: u16) -> String {
    let name = match kind {
        1 => "IPv4 address",
        2 => "name server",
        5 => "alias of",
        12 => "name of an address",
        15 => "mail server",
        16 => "text",
        28 => "IPv6 address",
        _ => return format!("record type {kind}"),
    };
    name.to_owned()
}

pub(super) fn headline(frame: &[u8], range: Range<usize>) -> Option<String> {
    let message = Message { frame, range: range.clone() };
    let mut reader = Reader::new(frame, range);
    reader.take(2)?;
    let flags = reader.u16()?;
    let (questions, answers) = (reader.u16()?, reader.u16()?);
    reader.take(4)?;
    if questions == 0 {
        return Some(if flags & 0x8000 == 0 { "an empty question" } else { "an empty answer" }.to_owned());
    }
    let name = message.name(&mut reader)?;
    let kind = reader.u16()?;
    reader.take(2)?;
    if flags & 0x8000 == 0 {
        let wanted = if kind == 1 { "address".to_owned() } else { kind_name(kind) };
        return Some(format!("what is the {wanted} of {name}?"));
    }
    if flags & 15 != 0 {
        return Some(format!("{name}: {}", code_words(flags)));
    }
    let mut addresses = Vec::new();
    for _ in 0..answers.min(8) {
        message.name(&mut reader)?;
        let kind = reader.u16()?;
        reader.take(6)?;
        let mut data = reader.block16()?;
        if let (1, 4) = (kind, data.len()) {
            addresses.push(Ipv4Addr::from(data.u32()?).to_string());
        }
    }
    Some(if addresses.is_empty() {
        format!("{name}: no address")
    } else {
        format!("{name} is at {}", addresses.join(", "))
    })
}
