//! Compression of answers: what a request accepts, and what a device compresses with (RFC 9110 8.4 and 12.5.3).
//!
//! The core brings no compressor: those that are worth it need more memory than a small device has. A device that has the
//! memory lends an [`Encoder`]; without one every answer goes out as it is.
//!
//! The length of an answer is told before its body, and the body is never there as a whole. So it is compressed twice, over
//! the same view and in the same pieces: first to count, then to send.

/// How a body is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// As it is.
    #[default]
    Identity,
    /// One gzip stream (RFC 1952).
    Gzip,
}

/// Least length of a body that is worth compressing, in bytes: a shorter one fits a packet or two anyway.
pub const GZIP_MIN: u64 = 512;

/// Bytes that an [`Encoder`] is fed at a time; only the last piece is shorter.
pub const PIECE: usize = 512;

/// A gzip stream of an [`Encoder`], by its number.
#[derive(Debug, PartialEq, Eq)]
pub struct Stream(u8);

impl Stream {
    /// For an [`Encoder`], which tells its streams apart by these numbers.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// The number it was made with.
    #[must_use]
    pub const fn number(&self) -> u8 {
        self.0
    }
}

/// Compresses a few streams at a time, in pieces.
///
/// The same pieces always have to make the same bytes: the length of an answer is found with one pass, and its body is
/// written with another.
pub trait Encoder {
    /// Begins a gzip stream. `None` if as many are under way as there is room for.
    fn begin(&self) -> Option<Stream>;

    /// Takes the next piece of what is to be compressed, [`PIECE`] bytes at most. The last piece ends the stream. What has
    /// been compressed before has been taken by then.
    fn feed(&self, stream: &Stream, piece: &[u8], is_last: bool);

    /// Moves compressed bytes into `buffer` and yields how many. If it is not full, the next piece is wanted.
    fn take(&self, stream: &Stream, buffer: &mut [u8]) -> usize;

    /// Starts the stream again from its first byte.
    fn restart(&self, stream: &Stream);

    /// Gives its memory back.
    fn end(&self, stream: Stream);
}

/// What the values of `Accept-Encoding` say. Without the header an answer goes out as it is: clients that do not ask take
/// compressed bytes for text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accepted {
    /// The weight of `gzip` in thousandths.
    gzip: Option<u16>,
    /// That of everything that is not named.
    any: Option<u16>,
    /// That of a body as it is.
    identity: Option<u16>,
}

impl Accepted {
    /// Takes in a value of the header, as in `gzip;q=0.5, br`.
    pub fn add(&mut self, value: &str) {
        for item in value.split(',') {
            let mut parts = item.split(';').map(str::trim_ascii);
            let name = parts.next().unwrap_or_default();
            let weight = parts.find_map(weight).unwrap_or(WHOLE);
            // "x-gzip" is an old name for the same (RFC 9110 8.4.1.3).
            let place = match name {
                "*" => &mut self.any,
                name if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") => &mut self.gzip,
                name if name.eq_ignore_ascii_case("identity") => &mut self.identity,
                _ => continue,
            };
            *place = Some(weight);
        }
    }

    /// The encoding to use: gzip if it is accepted, unless a body as it is was said to be liked better.
    #[must_use]
    pub fn encoding(self) -> Encoding {
        let gzip = self.gzip.or(self.any).unwrap_or(0);
        if gzip > 0 && gzip >= self.identity.unwrap_or(0) { Encoding::Gzip } else { Encoding::Identity }
    }
}

/// A weight of 1, in thousandths.
const WHOLE: u16 = 1_000;

/// The weight that a parameter `q=…` is, in thousandths (RFC 9110 12.4.2); 0 if it is none. `None` for another parameter.
fn weight(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim_ascii().eq_ignore_ascii_case("q") {
        return None;
    }
    let (whole, fraction) = value.trim_ascii().split_once('.').unwrap_or((value.trim_ascii(), ""));
    let is_fraction = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match whole {
        "1" if is_fraction => Some(WHOLE),
        "0" if is_fraction => {
            let digits = fraction.bytes().chain([b'0'; 3]).take(3);
            Some(digits.fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')))
        }
        _ => Some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::{Accepted, Encoding};

    #[test]
    fn gzip_is_used_if_it_is_accepted_and_not_liked_less() {
        for (values, encoding) in [
            (&[][..], Encoding::Identity),
            (&[""], Encoding::Identity),
            (&["gzip"], Encoding::Gzip),
            (&["GZip"], Encoding::Gzip),
            (&["x-gzip"], Encoding::Gzip),
            (&["gzip, deflate, br, zstd"], Encoding::Gzip),
            (&["br , gzip ;q=0.001"], Encoding::Gzip),
            (&["br", "gzip"], Encoding::Gzip),
            (&["gzip;q=0"], Encoding::Identity),
            (&["gzip; Q=0.000, *"], Encoding::Identity),
            (&["gzip;q=1.000"], Encoding::Gzip),
            (&["*"], Encoding::Gzip),
            (&["*;q=0"], Encoding::Identity),
            (&["*;q=0, gzip;q=0.5"], Encoding::Gzip),
            (&["br;q=1, *;q=0.2"], Encoding::Gzip),
            (&["identity"], Encoding::Identity),
            (&["identity;q=1, gzip;q=0.5"], Encoding::Identity),
            (&["identity;q=0.5, gzip"], Encoding::Gzip),
            (&["identity;q=0, gzip"], Encoding::Gzip),
            (&["deflate, br"], Encoding::Identity),
            (&["gzipped, notgzip, gzip-9"], Encoding::Identity),
            (&["gzip;level=9;q=0.5"], Encoding::Gzip),
            (&["gzip;q=2"], Encoding::Identity),
            (&["gzip;q=-1"], Encoding::Identity),
            (&["gzip;q=0.0001"], Encoding::Identity),
            (&["gzip;q=1e1"], Encoding::Identity),
            (&["gzip;q="], Encoding::Identity),
            (&["gzip;q=\u{663}"], Encoding::Identity),
            (&[",;,;q=,=;"], Encoding::Identity),
        ] {
            let mut accepted = Accepted::default();
            values.iter().for_each(|value| accepted.add(value));
            assert_eq!(accepted.encoding(), encoding, "{values:?}");
        }
    }
}
