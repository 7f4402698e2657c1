//! Time (RFC 4330, RFC 5905).

use crate::field::{Fields, field, named, text};
use crate::reader::Reader;
use crate::time::date_words;
use crate::view::{Layer, Protocol};
use core::ops::Range;

/// Seconds from 1900 to 1970.
const EPOCH: u64 = 2_208_988_800;

pub(super) fn layer(frame: &[u8], range: Range<usize>) -> Layer {
    let help = "A device without a clock of its own asks what time it is. It has to know: certificates are valid from one \
                date to another.";
    crate::field::layer(Protocol::Ntp, "NTP", frame, range, help, explain)
}

fn explain(fields: &mut Fields, reader: &mut Reader<'_>) -> Option<()> {
    let at = reader.at();
    let first = reader.u8()?;
    let mode = first & 7;
    let mut parts = Fields::default();
    let leap = ["no leap second", "a minute of 61 s follows", "a minute of 59 s follows", "the clock is not set"];
    parts.add(field("Leap", leap.get(usize::from(first >> 6)).copied().unwrap_or_default(), at..reader.at()));
    parts.add(field("Version", (first >> 3 & 7).to_string(), at..reader.at()));
    parts.add(field("Mode", named(mode_name(mode), mode), at..reader.at()));
    fields.add(field("Mode", named(mode_name(mode), mode), at..reader.at()).with(parts));
    let at = reader.at();
    let stratum = reader.u8()?;
    let value = match stratum {
        0 => "not set, or a refusal".to_owned(),
        1 => "has a clock of its own".to_owned(),
        16 => "does not know the time".to_owned(),
        steps => format!("{} steps from a clock", steps.saturating_sub(1)),
    };
    fields.add(
        field("Stratum", value, at..reader.at()).help("How far the server is from an atomic clock or a satellite."),
    );
    let at = reader.at();
    let poll = reader.u8()?;
    fields.add(field("Poll", format!("2^{} s", poll.cast_signed()), at..reader.at()).help("How often to ask."));
    let at = reader.at();
    let precision = reader.u8()?;
    fields.add(field("Precision", format!("2^{} s", precision.cast_signed()), at..reader.at()));
    for name in ["Root delay", "Root dispersion"] {
        let at = reader.at();
        let value = reader.u32()?;
        let ms = (u64::from(value) * 1000) >> 16;
        fields.add(field(name, format!("{ms} ms"), at..reader.at()).help("How much the server doubts its own time."));
    }
    let at = reader.at();
    let reference = reader.take(4)?;
    fields.add(field("Reference", text(reference), at..reader.at()).help("Where the server has its time from."));
    for (name, help) in [
        ("Clock was set at", "When the server last looked at its own source."),
        ("Question sent at", "By the clock of whoever asks; the answer repeats it."),
        ("Question arrived at", "By the clock of the server."),
        ("Sent at", "By the clock of the sender. In an answer: the time."),
    ] {
        let at = reader.at();
        let stamp = reader.u64()?;
        fields.add(field(name, stamp_words(stamp), at..reader.at()).help(help));
    }
    if !reader.is_empty() {
        let (at, len) = (reader.at(), reader.len());
        reader.take(len)?;
        fields.add(field("Extensions or authenticator", crate::field::bytes(len), at..reader.at()));
    }
    Some(())
}

const fn mode_name(mode: u8) -> Option<&'static str> {
    match mode {
        3 => Some("question of a client"),
        4 => Some("answer of a server"),
        5 => Some("broadcast"),
        _ => None,
    }
}

/// A time stamp in words. The numbers start over in 2036 (RFC 4330 3).
fn stamp_words(stamp: u64) -> String {
    if stamp == 0 {
        return "not set".to_owned();
    }
    let seconds = stamp >> 32;
    let era = if seconds & 0x8000_0000 == 0 { 1 << 32 } else { 0 };
    let unix = (seconds + era).saturating_sub(EPOCH);
    let ms = ((stamp & 0xffff_ffff) * 1000) >> 32;
    format!("{}, {ms} ms", date_words(unix))
}

pub(super) fn headline(frame: &[u8], range: Range<usize>) -> Option<String> {
    let mut reader = Reader::new(frame, range);
    let mode = reader.u8()? & 7;
    let stratum = reader.u8()?;
    reader.take(38)?;
    let stamp = reader.u64()?;
    Some(match mode {
        3 => "what time is it?".to_owned(),
        4 if stratum == 0 => "a refusal: do not ask again".to_owned(),
        4 => format!("it is {}", stamp_words(stamp)),
        mode => mode_name(mode).unwrap_or("another mode").to_owned(),
    })
}
