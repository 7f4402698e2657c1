//! What a TLS server may say, in any order, encrypted or not, as a whole or damaged. Nobody is let in without proving who he
//! is, and nothing is heard but what was said under the keys for it.

use crate::bench::device;
use crate::bench::tls::script::{APPLICATION_DATA, ENCRYPTED_EXTENSIONS, Scripted, Server};
use crate::bench::tls::wire::{Drip, Wire};
use crate::bench::tls::{HOST, LEAF, connect, identity};
use crate::input::Steps;
use std::cell::RefCell;

/// What a server can do.
const KINDS: u8 = 17;

/// What the server has done, as far as it counts.
#[derive(Debug, Default)]
struct Done {
    has_keys: bool,
    has_certificate: bool,
    has_proved: bool,
    has_finished: bool,
    has_data_keys: bool,
    /// What the client may hear.
    data: Vec<u8>,
}

pub(crate) fn run(input: &[u8]) {
    let mut steps = Steps::of(input);
    let mut wire = Wire::default();
    let read = usize::from(steps.byte()).checked_sub(1).map_or(usize::MAX, |len| len + 1);
    wire.set_drip(Drip { read, write: usize::MAX });
    let done = RefCell::new(Done::default());
    let identity = identity(vec![LEAF.to_vec()]);
    let mut server = Scripted::new(&identity, |server| {
        while let Some(step) = steps.next(KINDS) {
            act(step, &mut steps, server, &mut done.borrow_mut());
        }
        server.close();
    });
    let outcome = connect(&wire, &mut server, HOST, device::now(0).wall);
    drop(server);
    let done = done.into_inner();
    let is_in = matches!(outcome.handshake, Some(Ok(())));
    let has_proved = done.has_certificate && done.has_proved && done.has_finished;
    assert!(!is_in || has_proved, "a server was let in that has proved nothing: {done:?}");
    assert!(is_in || outcome.heard.is_empty());
    assert!(done.data.starts_with(&outcome.heard), "what is heard was not said: {:02x?}", outcome.heard);
    if !is_in {
        assert_eq!(wire.application_records(), 0, "data was sent to a server that was refused");
    }
}

fn act(step: u8, steps: &mut Steps<'_>, server: &mut Server<'_>, done: &mut Done) {
    match step {
        0 => server.raw(steps.bytes()),
        1 => {
            let kind = steps.byte();
            server.plain(kind, steps.bytes());
        }
        2 if !done.has_keys => {
            server.hello(|_| {});
            done.has_keys = true;
        }
        3 if !done.has_keys => {
            let (what, bytes) = (steps.byte(), steps.bytes());
            server.hello(|hello| match what % 6 {
                0 => hello.version = u16::from(what) << 8 | 3,
                1 => hello.session = bytes.iter().copied().take(255).collect(),
                2 => hello.suite = u16::from_le_bytes([bytes.len() as u8, what]),
                3 => hello.compression = what,
                4 => {
                    let (at, kind) = (usize::from(what / 6) % 3, u16::from(what));
                    match hello.extensions.get_mut(at) {
                        Some((_, content)) => *content = bytes.to_vec(),
                        None => hello.extensions.push((kind, bytes.to_vec())),
                    }
                }
                _ => hello.trailer = bytes.to_vec(),
            });
            done.has_keys = true;
        }
        4 if done.has_keys => {
            let body = steps.bytes();
            server.say(ENCRYPTED_EXTENSIONS, if body.is_empty() { &[0, 0] } else { body });
        }
        5 if done.has_keys => {
            server.certificate();
            done.has_certificate = true;
        }
        6 if done.has_keys => {
            server.certificate_verify();
            done.has_proved = true;
        }
        7 if done.has_keys => {
            let (scheme, at, bit) = (steps.number(), usize::from(steps.byte()), steps.byte());
            server.certificate_verify_with(scheme, "TLS 1.3, server CertificateVerify", |signature| {
                let len = signature.len();
                signature[at % len] ^= 1 << (bit % 8);
            });
        }
        8 if done.has_keys => {
            server.finished();
            done.has_finished = true;
        }
        9 if done.has_keys => {
            let at = usize::from(steps.byte());
            server.finished_with(|content| {
                let len = content.len();
                content[at % len] ^= 1;
            });
        }
        10 if done.has_keys => {
            server.application_keys();
            done.has_data_keys = true;
        }
        11 if done.has_keys => {
            let plaintext = steps.bytes();
            // Padding of zeros, behind the type.
            let end = plaintext.iter().rposition(|byte| *byte != 0);
            if let Some(end) = end.filter(|end| done.has_data_keys && plaintext[*end] == APPLICATION_DATA) {
                done.data.extend_from_slice(&plaintext[..end]);
            }
            server.plaintext(plaintext);
        }
        12 if done.has_keys => {
            let (at, value) = (usize::from(steps.number()), steps.byte());
            server.altered(APPLICATION_DATA, steps.bytes(), |record| {
                let len = record.len();
                record[at % len] ^= value.max(1);
            });
        }
        13 => {
            let kind = steps.byte();
            server.say(kind, steps.bytes());
            if !done.has_keys {
                server.flush_plain();
            }
        }
        14 if !done.has_keys => {
            server.handshake();
            let data = std::mem::take(&mut done.data);
            *done = Done {
                has_keys: true,
                has_certificate: true,
                has_proved: true,
                has_finished: true,
                has_data_keys: true,
                data,
            };
        }
        15 if done.has_keys => {
            let (at, value) = (usize::from(steps.number()), steps.byte());
            server.tamper(|messages| {
                let len = messages.len();
                if let Some(place) = at.checked_rem(len) {
                    messages[place] = value;
                }
            });
        }
        16 if done.has_keys => server.flush_plain(),
        _ => {}
    }
}
