//! A transcript, read without the code that wrote it: connections, WebSocket frames, MQTT packets.

use aclk_core::stage::Purpose;
use aclk_pair::{Entry, Word};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What went over one connection, above TLS.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    pub(crate) sent: Vec<u8>,
    pub(crate) received: Vec<u8>,
}

/// One attempt to connect, and what came of it.
pub(crate) struct Attempt<'t> {
    pub(crate) purpose: Purpose,
    pub(crate) host: &'t str,
    pub(crate) port: u16,
    pub(crate) bytes: Connection,
}

/// All attempts of a transcript, in order.
pub(crate) fn attempts(transcript: &[Entry]) -> Vec<Attempt<'_>> {
    let mut attempts: Vec<Attempt<'_>> = Vec::new();
    for entry in transcript {
        match (&entry.what, attempts.last_mut()) {
            (Word::Connect { purpose, host, port, .. }, _) => {
                attempts.push(Attempt { purpose: *purpose, host, port: *port, bytes: Connection::default() });
            }
            (Word::Sent(bytes), Some(attempt)) => attempt.bytes.sent.extend_from_slice(bytes),
            (Word::Received { taken, .. }, Some(attempt)) => attempt.bytes.received.extend_from_slice(taken),
            _ => {}
        }
    }
    attempts
}

/// Where the head of an HTTP message ends.
pub(crate) fn head(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, b"\r\n\r\n").map(|at| at + 4)
}

/// The value of a header, whatever the case of its name.
pub(crate) fn header(head: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
}

/// The value that proves that a server has read `key` (RFC 6455, 4.2.2).
pub(crate) fn accept_of(key: &str) -> String {
    use sha1::Digest;
    let mut hash = sha1::Sha1::new();
    hash.update(key.as_bytes());
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(hash.finalize())
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The payloads of the data frames in `bytes`, masked or not, one behind the other; of the last one what there is. What is no
/// frame ends it.
pub(crate) fn payloads(mut bytes: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some((opcode, payload, rest)) = frame(bytes) {
        if opcode <= 2 {
            all.extend(payload);
        }
        bytes = rest;
    }
    all
}

fn frame(bytes: &[u8]) -> Option<(u8, Vec<u8>, &[u8])> {
    let (first, second) = (*bytes.first()?, *bytes.get(1)?);
    let (len, at) = match second & 0x7f {
        126 => (usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4),
        127 => (usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?, 10),
        len => (usize::from(len), 2),
    };
    let (mask, at) = if second & 0x80 == 0 { ([0; 4], at) } else { (bytes.get(at..at + 4)?.try_into().ok()?, at + 4) };
    let end = at.checked_add(len)?.min(bytes.len());
    let payload = bytes.get(at..end)?.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    Some((first & 0x0f, payload, &bytes[end..]))
}

/// The whole MQTT packets in `bytes`. What is no packet ends it.
pub(crate) fn packets(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut packets = Vec::new();
    while let Some(len) = packet(bytes) {
        let (one, rest) = bytes.split_at(len);
        packets.push(one);
        bytes = rest;
    }
    packets
}

fn packet(bytes: &[u8]) -> Option<usize> {
    let mut len = 0;
    for (at, byte) in bytes.get(1..)?.iter().take(4).enumerate() {
        len |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            let whole = 2 + at + len;
            return (whole <= bytes.len()).then_some(whole);
        }
    }
    None
}

/// Whether `needle` is somewhere in `bytes`.
pub(crate) fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(bytes, needle).is_some()
}

#[cfg(test)]
mod tests {
    use super::{accept_of, packets, payloads};

    #[test]
    fn frames_are_read_masked_or_not_and_packets_across_them() {
        let masked = [0x82, 0x82, 1, 2, 3, 4, 0xc0 ^ 1, 2];
        let ping = [0x89, 1, b'x'];
        let halves = [0x82, 1, 0x40, 0x82, 5, 2, 0, 7];
        let bytes = [masked.as_slice(), &ping, &halves].concat();
        assert_eq!(packets(&payloads(&bytes)), [&[0xc0, 0][..], &[0x40, 2, 0, 7]]);
    }

    #[test]
    fn the_proof_of_rfc_6455_is_known() {
        assert_eq!(accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
