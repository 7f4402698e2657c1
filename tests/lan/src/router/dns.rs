//! The name server: A records from a table (RFC 1035), one question at a time, over UDP.

use super::config::{Answer, Dns, DnsFault};
use core::net::Ipv4Addr;

pub(super) const PORT: u16 = 53;

const HEADER: usize = 12;
/// Longest message over UDP without EDNS (RFC 1035 2.3.4).
const MESSAGE: usize = 512;
/// Longest name on the wire (RFC 1035 2.3.4).
const NAME: usize = 255;
/// How many aliases are followed in one answer.
const ALIASES: usize = 8;

const A: u16 = 1;
const CNAME: u16 = 5;
const INTERNET: u16 = 1;

const RESPONSE: u8 = 0x80;
const OPCODE: u8 = 0x78;
const AUTHORITATIVE: u8 = 0x04;
const TRUNCATED: u8 = 0x02;
const RECURSION_DESIRED: u8 = 0x01;
const RECURSION_AVAILABLE: u8 = 0x80;

const FORMAT_ERROR: u8 = 1;
const SERVER_FAILURE: u8 = 2;
const NO_SUCH_NAME: u8 = 3;
const NOT_IMPLEMENTED: u8 = 4;
const REFUSED: u8 = 5;

struct Question<'a> {
    /// In lower case, without a dot at the end.
    name: String,
    kind: u16,
    class: u16,
    /// As it was asked, to be repeated in the answer.
    octets: &'a [u8],
}

/// What to answer to `request`; `router` is the address of [`Answer::Router`].
pub(super) fn answer(config: &Dns, router: Ipv4Addr, request: &[u8]) -> Option<Vec<u8>> {
    let header = request.first_chunk::<HEADER>()?;
    if header[2] & RESPONSE != 0 {
        return None;
    }
    if header[2] & OPCODE != 0 {
        return Some(Reply::new(header, &[]).refuse(NOT_IMPLEMENTED));
    }
    let Some(question) = question(header, request) else {
        return Some(Reply::new(header, &[]).refuse(FORMAT_ERROR));
    };
    let mut reply = Reply::new(header, question.octets);
    if let Some(fault) = config.fault {
        return reply.fail(fault);
    }

    let mut name = question.name.clone();
    let ttl = u32::try_from(config.ttl.as_secs()).unwrap_or(u32::MAX);
    for _ in 0..=ALIASES {
        match config.find(&name) {
            None => return Some(reply.refuse(NO_SUCH_NAME)),
            Some(Answer::Fault(fault)) => return reply.fail(*fault),
            Some(Answer::Alias(target)) => {
                let mut data = Vec::new();
                if question.class != INTERNET || encode(target, &mut data).is_none() {
                    return Some(reply.refuse(SERVER_FAILURE));
                }
                reply.record(owner(&question, &name), CNAME, ttl, &data);
                name = target.trim_end_matches('.').to_ascii_lowercase();
                if question.kind == CNAME {
                    break;
                }
            }
            // Any other type, AAAA before all, has no records: an empty answer, not an error.
            Some(_) if question.kind != A || question.class != INTERNET => break,
            Some(Answer::Router) => {
                reply.record(owner(&question, &name), A, ttl, &router.octets());
                break;
            }
            Some(Answer::Addresses(addresses)) => {
                for address in addresses {
                    reply.record(owner(&question, &name), A, ttl, &address.octets());
                }
                break;
            }
        }
    }
    Some(reply.octets)
}

/// The name an answer is about: a pointer to the question where it is the name asked for, so that a client which plays
/// with upper and lower case finds its own spelling.
fn owner(question: &Question<'_>, name: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    if *name == question.name || encode(name, &mut octets).is_none() {
        return vec![0xc0, HEADER as u8];
    }
    octets
}

/// The one question of a query. More than one has no agreed meaning (RFC 9619), and nobody compresses a question.
fn question<'a>(header: &[u8; HEADER], request: &'a [u8]) -> Option<Question<'a>> {
    if header[4..6] != [0, 1] {
        return None;
    }
    let mut name = String::new();
    let mut rest = request.get(HEADER..)?;
    loop {
        let (length, after) = rest.split_first()?;
        if *length == 0 {
            rest = after;
            break;
        }
        if *length > 63 {
            return None;
        }
        let (label, after) = after.split_at_checked(usize::from(*length))?;
        if label.contains(&b'.') {
            return None;
        }
        if !name.is_empty() {
            name.push('.');
        }
        name.extend(label.iter().map(|byte| char::from(byte.to_ascii_lowercase())));
        if name.chars().count() + 2 > NAME {
            return None;
        }
        rest = after;
    }
    let &[k1, k2, c1, c2] = rest.first_chunk::<4>()?;
    let end = request.len() - rest.len() + 4;
    Some(Question {
        name,
        kind: u16::from_be_bytes([k1, k2]),
        class: u16::from_be_bytes([c1, c2]),
        octets: request.get(HEADER..end)?,
    })
}

struct Reply {
    octets: Vec<u8>,
}

impl Reply {
    fn new(request: &[u8; HEADER], question: &[u8]) -> Self {
        let mut octets = vec![0; HEADER];
        octets[..2].copy_from_slice(&request[..2]);
        octets[2] = RESPONSE | AUTHORITATIVE | request[2] & (OPCODE | RECURSION_DESIRED);
        octets[3] = RECURSION_AVAILABLE;
        octets[5] = u8::from(!question.is_empty());
        octets.extend_from_slice(question);
        Self { octets }
    }

    /// Adds an answer, or marks the message as truncated if there is no room for it.
    fn record(&mut self, owner: Vec<u8>, kind: u16, ttl: u32, data: &[u8]) {
        if self.octets.len() + owner.len() + 10 + data.len() > MESSAGE {
            self.octets[2] |= TRUNCATED;
            return;
        }
        self.octets.extend(owner);
        self.octets.extend_from_slice(&kind.to_be_bytes());
        self.octets.extend_from_slice(&INTERNET.to_be_bytes());
        self.octets.extend_from_slice(&ttl.to_be_bytes());
        self.octets.extend_from_slice(&(data.len() as u16).to_be_bytes());
        self.octets.extend_from_slice(data);
        self.octets[7] += 1;
    }

    fn refuse(mut self, code: u8) -> Vec<u8> {
        self.octets[3] |= code;
        self.octets
    }

    fn fail(self, fault: DnsFault) -> Option<Vec<u8>> {
        match fault {
            DnsFault::Silent => None,
            DnsFault::ServerFailure => Some(self.refuse(SERVER_FAILURE)),
            DnsFault::Refused => Some(self.refuse(REFUSED)),
            DnsFault::NoSuchName => Some(self.refuse(NO_SUCH_NAME)),
        }
    }
}

/// Appends `name` as labels; `None` if it is no name. Characters are octets here, as [`question`] made them.
fn encode(name: &str, out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    for label in name.trim_end_matches('.').split('.') {
        let octets: Vec<u8> = label.chars().map(|c| u8::try_from(c).ok()).collect::<Option<_>>()?;
        if octets.is_empty() || octets.len() > 63 {
            return None;
        }
        out.push(octets.len() as u8);
        out.extend(octets);
    }
    out.push(0);
    (out.len() - start <= NAME).then_some(())
}

#[cfg(test)]
mod tests;
