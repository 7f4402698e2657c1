//! `-verbose`: the request and the answer of a claim, as they went over the connection, for people. Secrets are hidden and
//! control characters made visible; every line is marked, so that none can pass for one of ours.

use super::mask::Mask;
use aclk_core::driver::{Direction, Observer};
use aclk_core::engine::event::Event;
use std::fmt::Write as _;
use std::io::Write;
use zeroize::Zeroizing;

/// The most that is shown of a request or of an answer, in bytes.
const SHOWN_MAX: usize = 8 << 10;
/// What stands for a secret.
const HIDDEN: &str = "****************";
/// The member of the request that the token is in, however short it is.
const TOKEN_MEMBER: &[u8] = b"\"token\":\"";

/// Shows the exchanges of a claim, each once it is over.
pub(crate) struct Wire<W> {
    out: W,
    mask: Mask,
    sent: Kept,
    received: Kept,
}

/// The beginning of what went one way, and how much followed.
#[derive(Default)]
struct Kept {
    bytes: Zeroizing<Vec<u8>>,
    more: usize,
}

impl<W: Write> Wire<W> {
    /// Hides `token` wherever it appears.
    pub(crate) fn new(out: W, token: &[u8]) -> Self {
        Self { out, mask: Mask::new(token), sent: Kept::default(), received: Kept::default() }
    }

    /// Shows what was collected.
    fn show(&mut self) {
        for (heading, mark, kept) in [
            ("Request to server:", '>', std::mem::take(&mut self.sent)),
            ("Response from server:", '<', std::mem::take(&mut self.received)),
        ] {
            if kept.bytes.is_empty() {
                continue;
            }
            let mut text = format!("{heading}\n");
            for line in visible(&kept.bytes, &self.mask).lines() {
                // Writing to a `String` never fails.
                let _ = writeln!(text, "{}", format_args!("{mark} {line}").to_string().trim_end());
            }
            if kept.more > 0 {
                let _ = writeln!(text, "{mark} (and {} more bytes, not shown)", kept.more);
            }
            // There is nobody left to read what cannot be written.
            let _ = self.out.write_all(text.as_bytes());
        }
        let _ = self.out.flush();
    }
}

impl Kept {
    fn take(&mut self, bytes: &[u8]) {
        // In one piece from the beginning, so that no copy of a secret is left behind by growing.
        let room = SHOWN_MAX.saturating_sub(self.bytes.len());
        self.bytes.reserve_exact(room);
        let (kept, more) = bytes.split_at(bytes.len().min(room));
        self.bytes.extend_from_slice(kept);
        self.more = self.more.saturating_add(more.len());
    }
}

impl<W: Write> Observer for Wire<W> {
    fn event(&mut self, _: &Event<'_>) {
        self.show();
    }

    fn claim_bytes(&mut self, direction: Direction, bytes: &[u8]) {
        match direction {
            Direction::Sent => self.sent.take(bytes),
            Direction::Received => self.received.take(bytes),
        }
    }
}

/// `bytes` as text that a terminal can be given: lines stay, and of secrets only the place.
fn visible(bytes: &[u8], mask: &Mask) -> String {
    let mut hidden = mask.find(bytes);
    hidden.extend(member(bytes));
    hidden.sort_unstable_by_key(|range| range.start);
    let mut text = String::new();
    let mut at = 0;
    for range in hidden {
        // They may overlap.
        if let Some(before) = bytes.get(at..range.start) {
            put(&mut text, before);
            text.push_str(HIDDEN);
        }
        at = at.max(range.end);
    }
    put(&mut text, bytes.get(at..).unwrap_or_default());
    text
}

/// Where the value of `"token"` is in a request.
fn member(bytes: &[u8]) -> Option<std::ops::Range<usize>> {
    let at = bytes.windows(TOKEN_MEMBER.len()).position(|window| window == TOKEN_MEMBER)? + TOKEN_MEMBER.len();
    let len = bytes.get(at..)?.iter().position(|byte| *byte == b'"')?;
    Some(at..at + len)
}

fn put(text: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => text.push(c),
                // The lines of HTTP end in it.
                '\r' => {}
                c if c.is_control() || is_invisible(c) => text.extend(c.escape_unicode()),
                c => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
}

/// Characters that change how their neighbours are shown, or cannot be seen.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::{SHOWN_MAX, Wire};
    use crate::report::tests::stage;
    use aclk_core::driver::{Direction, Observer};
    use aclk_core::engine::event::Event;
    use aclk_core::stage::Stage;

    const TOKEN: &str = "T0KEN-of-some-length";

    /// What is shown of an exchange that comes in pieces of `size` bytes.
    fn shown(token: &str, request: &str, answer: &[u8], size: usize) -> String {
        let mut out = Vec::new();
        let mut wire = Wire::new(&mut out, token.as_bytes());
        request.as_bytes().chunks(size).for_each(|piece| wire.claim_bytes(Direction::Sent, piece));
        answer.chunks(size).for_each(|piece| wire.claim_bytes(Direction::Received, piece));
        wire.event(&Event::Stage(stage(None, Stage::Http, 1, 0, 0)));
        wire.event(&Event::Stage(stage(None, Stage::Http, 1, 0, 0)));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_exchange_is_shown_once_with_every_line_marked_and_the_token_hidden() {
        let request = format!("PUT / HTTP/1.1\r\nHost: h\r\n\r\n{{\"token\":\"{TOKEN}\"}}");
        let answer = format!("HTTP/1.1 403 {TOKEN}\r\nX: \x1b[2J\u{202e}\r\n\r\nAgent was\nno {TOKEN}\u{e4}");
        for size in [1, 3, 7, 4096] {
            assert_eq!(
                shown(TOKEN, &request, answer.as_bytes(), size),
                "Request to server:\n> PUT / HTTP/1.1\n> Host: h\n>\n> {\"token\":\"****************\"}\n\
                 Response from server:\n< HTTP/1.1 403 ****************\n< X: \\u{1b}[2J\\u{202e}\n<\n< Agent was\n\
                 < no ****************\u{e4}\n"
            );
        }
    }

    #[test]
    fn a_short_token_is_hidden_in_the_request() {
        let text = shown("x", "{\"token\":\"x\",\"rooms\":[\"x\"]}", b"\xff\0", 4096);
        assert!(text.contains("> {\"token\":\"****************\",\"rooms\":[\"x\"]}\n"), "{text}");
        assert!(text.contains("< \\xff\\u{0}\n"), "{text}");
    }

    #[test]
    fn an_answer_of_any_size_is_shown_up_to_a_limit() {
        let text = shown(TOKEN, "PUT", &vec![b'x'; 3 * SHOWN_MAX], 1000);
        assert!(
            text.len() < SHOWN_MAX + 200 && text.ends_with("(and 16384 more bytes, not shown)\n"),
            "{}",
            text.len()
        );
        // The secret may be cut off there.
        let answer = format!("{}{TOKEN}", "x".repeat(SHOWN_MAX - 12));
        let text = shown(TOKEN, "PUT", answer.as_bytes(), 1000);
        assert!(text.contains("x****************\n") && !text.contains("T0KEN"));
    }
}
