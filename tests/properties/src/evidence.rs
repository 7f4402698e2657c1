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

/// Where the head of an HTTP message ends, with the interim answers in front of it.
pub(crate) fn head(bytes: &[u8]) -> Option<usize> {
    let mut end = 0;
    loop {
        let rest = &bytes[end..];
        end += memchr::memmem::find(rest, b"\r\n\r\n")? + 4;
        let status = rest.strip_prefix(b"HTTP/1.1 ").and_then(|rest| rest.get(..3));
        if !status.is_some_and(|status| status.starts_with(b"1") && status != b"101") {
            return Some(end);
        }
    }
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

/// The payloads of the binary messages in `bytes`, masked or not, one behind the other; of the last one what there is. What is
/// no frame ends it.
pub(crate) fn payloads(mut bytes: &[u8]) -> Vec<u8> {
    let (mut all, mut is_text) = (Vec::new(), false);
    while let Some((opcode, payload, rest)) = frame(bytes) {
        // A continuation is what the frame before it was.
        if opcode != 0 && opcode <= 2 {
            is_text = opcode == 1;
        }
        if opcode <= 2 && !is_text {
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
    use super::{accept_of, head, packets, payloads};

    #[test]
    fn frames_are_read_masked_or_not_and_packets_across_them() {
        let masked = [0x82, 0x82, 1, 2, 3, 4, 0xc0 ^ 1, 2];
        let ping = [0x89, 1, b'x'];
        let halves = [0x82, 1, 0x40, 0x82, 5, 2, 0, 7];
        let bytes = [masked.as_slice(), &ping, &halves].concat();
        assert_eq!(packets(&payloads(&bytes)), [&[0xc0, 0][..], &[0x40, 2, 0, 7]]);
    }

    #[test]
    fn an_interim_answer_is_not_the_answer() {
        let answers = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n\x82\x02\xd0\x00";
        assert_eq!(head(answers), Some(answers.len() - 4));
        assert_eq!(head(b"HTTP/1.1 100 Continue\r\n\r\n"), None);
        assert_eq!(head(b"GET / HTTP/1.1\r\n\r\nX"), Some(18));
    }

    #[test]
    fn text_is_no_packet() {
        let (text, more, packet) = ([0x01, 1, 0x68], [0x80, 1, 0x65], [0x82, 2, 0xd0, 0]);
        assert_eq!(payloads(&[text.as_slice(), &more, &packet].concat()), [0xd0, 0]);
    }

    #[test]
    fn the_proof_of_rfc_6455_is_known() {
        assert_eq!(accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
