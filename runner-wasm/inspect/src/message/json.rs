//! JSON (RFC 8259) as a flat list: each value with the way to it, as in `node.hostname` or `rooms[0]`.

use crate::field::{Fields, field, text};
use crate::reader::Reader;
use core::fmt::Write;
use core::ops::Range;

/// How deep values may be nested.
const DEPTH: usize = 32;
/// Values that are shown.
const VALUES: usize = 150;

/// Members whose value is nobody's business.
const SECRETS: [&str; 7] = ["token", "password", "response", "secret", "privateKey", "private_key", "credential"];

/// Where we are in a text.
enum Place {
    Object(String),
    Array(usize),
}

enum Expect {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    End,
}

/// Adds the values of the text that is `range` of `source`. Says whether all of it was JSON.
pub(crate) fn values(fields: &mut Fields, source: &[u8], range: Range<usize>) -> bool {
    let mut reader = Reader::new(source, range);
    walk(fields, &mut reader).is_some()
}

fn walk(fields: &mut Fields, reader: &mut Reader<'_>) -> Option<()> {
    let mut way: Vec<Place> = Vec::new();
    let mut expect = Expect::Value;
    let mut count: usize = 0;
    loop {
        blanks(reader);
        let start = reader.at();
        let Some(first) = reader.rest().first().copied() else {
            return (way.is_empty() && matches!(expect, Expect::End)).then_some(());
        };
        match (expect, first) {
            (Expect::Value | Expect::ValueOrEnd, b'{' | b'[') => {
                reader.u8()?;
                if way.len() >= DEPTH {
                    return None;
                }
                let is_object = first == b'{';
                way.push(if is_object { Place::Object(String::new()) } else { Place::Array(0) });
                expect = if is_object { Expect::KeyOrEnd } else { Expect::ValueOrEnd };
            }
            (Expect::KeyOrEnd | Expect::End, b'}') | (Expect::ValueOrEnd | Expect::End, b']') => {
                reader.u8()?;
                let ends_object = matches!(way.pop()?, Place::Object(_));
                if ends_object != (first == b'}') {
                    return None;
                }
                expect = Expect::End;
            }
            (Expect::End, b',') => {
                reader.u8()?;
                expect = match way.last_mut()? {
                    Place::Object(_) => Expect::Key,
                    Place::Array(index) => {
                        *index = index.saturating_add(1);
                        Expect::Value
                    }
                };
            }
            (Expect::Key | Expect::KeyOrEnd, b'"') => {
                let (key, _) = string(reader)?;
                blanks(reader);
                if reader.u8()? != b':' {
                    return None;
                }
                *way.last_mut()? = Place::Object(key);
                expect = Expect::Value;
            }
            (Expect::Value | Expect::ValueOrEnd, b'"') => {
                let (value, range) = string(reader)?;
                count = count.saturating_add(1);
                leaf(fields, &way, count, value, range);
                expect = Expect::End;
            }
            (Expect::Value | Expect::ValueOrEnd, _) => {
                let word = bare(reader)?;
                count = count.saturating_add(1);
                leaf(fields, &way, count, word, start..reader.at());
                expect = Expect::End;
            }
            _ => return None,
        }
    }
}

fn leaf(fields: &mut Fields, way: &[Place], count: usize, value: String, range: Range<usize>) {
    if count == VALUES {
        fields.add(field("…", "there are more values than are shown here", range.clone()));
    }
    if count >= VALUES {
        return;
    }
    let mut name = String::new();
    let mut key = "";
    for place in way {
        // A string takes everything.
        let _ = match place {
            Place::Object(member) => {
                key = member;
                write!(name, "{}{member}", if name.is_empty() { "" } else { "." })
            }
            Place::Array(index) => write!(name, "[{index}]"),
        };
    }
    if name.is_empty() {
        name.push_str("value");
    }
    let is_secret = SECRETS.contains(&key) && !value.is_empty();
    fields.add(field(name, text(value.as_bytes()), range).help(explanation(key)).secret_if(is_secret));
}

fn blanks(reader: &mut Reader<'_>) {
    while let Some(b' ' | b'\t' | b'\r' | b'\n') = reader.rest().first() {
        reader.u8();
    }
}

/// A number, `true`, `false` or `null`.
fn bare(reader: &mut Reader<'_>) -> Option<String> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let len = reader.rest().iter().take_while(|byte| is_part(byte)).count();
    let word = reader.take(len)?;
    (len > 0).then(|| String::from_utf8_lossy(word).into_owned())
}

/// A string in quotes: what it says, and where that is.
fn string(reader: &mut Reader<'_>) -> Option<(String, Range<usize>)> {
    reader.u8()?;
    let start = reader.at();
    let mut said = Vec::new();
    loop {
        let end = reader.at();
        match reader.u8()? {
            b'"' => return Some((String::from_utf8_lossy(&said).into_owned(), start..end)),
            b'\\' => escaped(reader, &mut said)?,
            byte => said.push(byte),
        }
    }
}

fn escaped(reader: &mut Reader<'_>, said: &mut Vec<u8>) -> Option<()> {
    let byte = match reader.u8()? {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        b'u' => {
            let digits = core::str::from_utf8(reader.take(4)?).ok()?;
            let code = u32::from_str_radix(digits, 16).ok()?;
            // Half of a pair stays what it is not.
            let char = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            said.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            return Some(());
        }
        byte => byte,
    };
    said.push(byte);
    Some(())
}

/// What the members of the Cloud's and the device's JSON are for (protocol.md 1.5, 2.4 to 2.6, 3.3).
fn explanation(key: &str) -> &'static str {
    match key {
        "hostname" => "How the node is called in the Cloud.",
        "token" => "The claiming token: who has it may put nodes into the Space.",
        "rooms" => "The War Rooms that the node shall appear in.",
        "publicKey" => "The device's public key. Whatever the Cloud encrypts with it, only this device can read.",
        "mGUID" => "The machine GUID: by it the machine is known, whatever its name.",
        "errorMsgKey" => "The reason of a refusal, in a word that programs understand.",
        "errorMessage" => "The reason in words for people.",
        "errorCode" => "A number by which the operators of the Cloud find this request in their log.",
        "errorNonRetryable" => "Whether it is of no use to try again: then the device gives up until a person acts.",
        "errorRetryDelaySeconds" => "How long to wait before the next attempt.",
        "authEndpoint" => "Where to ask for the challenge and the password.",
        "encoding" => "How messages on the link are written: protobuf.",
        "endpoint" => "Where the link itself is.",
        "base" | "minSeconds" | "maxSeconds" => {
            "How long to wait between attempts: it grows by base, between these limits."
        }
        "capabilities" => "What the other side can do.",
        "challenge" => "A number that only the device can read, as it is encrypted with its public key.",
        "response" => "The decrypted challenge: it proves that the device has the private key.",
        "clientID" => "The name of the MQTT session.",
        "username" => "The user name for MQTT.",
        "password" => "The password for MQTT. It is good for one connection only.",
        "topic" => "Where messages of this kind are published; #{claim_id} stands for the claimed id.",
        "msg-id" => "The number of the request; the reply repeats it.",
        "callback-topic" => "Where the reply is to be published.",
        "timeout" => "For how many milliseconds the Cloud will wait.",
        "t-exec" => "How many microseconds the answer took.",
        "http-code" => "The status of the answer.",
        "connect" | "connect-offset-usec" => "When the session began.",
        _ => "",
    }
}
