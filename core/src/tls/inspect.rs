//! What may be inside an encrypted record, and when.
//!
//! embedded-tls ignores the lengths of messages and reads on where its own parser stopped, so every message has to fill
//! its length exactly: otherwise it would see other messages than we do. Besides the shape this module checks the order
//! (RFC 8446 4 and Figure 1) and that no extension comes that we did not offer (4.2).

use super::guarantees::{Guarantee, holds};
use super::refusal::{Refusal, Why};
use super::shared::Step;
use super::suite::Mark;
use crate::bytes::Bytes;

/// Certificates that a server may send, its own included.
pub(crate) const CHAIN_CERTIFICATES: usize = 8;
/// Most content of a record, its type not counted (RFC 8446 5.4).
const CONTENT: usize = 16_384;
/// Key exchange groups that embedded-tls can hold.
const GROUPS: u16 = 13;

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

const NEW_SESSION_TICKET: u8 = 4;
const ENCRYPTED_EXTENSIONS: u8 = 8;
const CERTIFICATE: u8 = 11;
const CERTIFICATE_REQUEST: u8 = 13;
const CERTIFICATE_VERIFY: u8 = 15;
const FINISHED: u8 = 20;
const KEY_UPDATE: u8 = 24;

const SERVER_NAME: u16 = 0;
const SUPPORTED_GROUPS: u16 = 10;

/// What is in a record that may be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Handshake messages, in order and complete.
    Handshake,
    /// So many bytes of application data, from the start.
    Data(usize),
    /// Session tickets, or the announcement of a close_notify.
    Nothing,
    /// close_notify.
    Closed,
}

/// Looks at the plaintext of a record, its content type and padding included.
///
/// # Errors
/// The first thing that is wrong with it at this step.
pub(crate) fn inspect(mark: Mark, plaintext: &[u8]) -> Result<Content, Refusal> {
    let end = plaintext.iter().rposition(|&byte| byte != 0).ok_or(Why::NoContent)?;
    let (content, kind) = match plaintext.split_at_checked(end) {
        Some((content, [kind, ..])) => (content, *kind),
        _ => return Err(Why::NoContent.into()),
    };
    if content.len() > CONTENT {
        return Err(Why::ContentLength.into());
    }
    match (mark.step, kind) {
        (Step::Data, APPLICATION_DATA) => Ok(Content::Data(content.len())),
        (Step::Data, ALERT) => closed(content),
        (Step::Data, HANDSHAKE) => tickets(content),
        (_, ALERT) => Err(alert(content)),
        (_, HANDSHAKE) => handshake(mark, content),
        (_, kind) => Err(Why::ContentType.with(kind.into())),
    }
}

/// close_notify ends the connection in order, user_canceled comes before it (RFC 8446 6.1); every other alert is fatal,
/// whatever its level says.
fn closed(content: &[u8]) -> Result<Content, Refusal> {
    match alert(content) {
        Refusal { why: Why::Alert, detail: 0 } => Ok(Content::Closed),
        Refusal { why: Why::Alert, detail: 90 } => Ok(Content::Nothing),
        refusal => Err(refusal),
    }
}

fn alert(content: &[u8]) -> Refusal {
    match content {
        &[_, description] => Why::Alert.with(description.into()),
        _ => Why::ContentType.with(ALERT.into()),
    }
}

/// Messages after the handshake: tickets, and nothing else that we can handle (RFC 8446 4.6).
fn tickets(content: &[u8]) -> Result<Content, Refusal> {
    let mut messages = Bytes::new(content);
    if messages.is_empty() {
        return Err(Why::EmptyHandshake.into());
    }
    while !messages.is_empty() {
        match message(&mut messages)? {
            (NEW_SESSION_TICKET, body) => {
                new_session_ticket(body).ok_or(Why::Malformed.with(NEW_SESSION_TICKET.into()))?;
            }
            (KEY_UPDATE, _) if holds(Guarantee::Said) => return Err(Why::KeyUpdate.into()),
            (kind, _) => return Err(Why::Unexpected.with(kind.into())),
        }
    }
    Ok(Content::Nothing)
}

/// The next message. Its header, too, may be split over records.
fn message<'a>(messages: &mut Bytes<'a>) -> Result<(u8, Bytes<'a>), Refusal> {
    let kind = messages.u8().ok_or(Why::EmptyHandshake)?;
    let body = messages.vec24().ok_or(Why::Split.with(kind.into()))?;
    Ok((kind, body))
}

fn new_session_ticket(mut body: Bytes<'_>) -> Option<()> {
    body.take(4 + 4)?; // lifetime, age
    body.vec8()?; // nonce
    body.vec16()?; // ticket
    let mut extensions = body.vec16()?;
    while !extensions.is_empty() {
        extensions.u16()?;
        extensions.vec16()?;
    }
    body.end()
}

/// What the server has to send next, while one record is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Extensions,
    RequestOrCertificate,
    Certificate,
    Signature,
    Finished,
    /// Nothing: the keys change after Finished, so it ends its record (RFC 8446 5.1).
    Nothing,
}

fn handshake(mark: Mark, content: &[u8]) -> Result<Content, Refusal> {
    let mut next = match mark.step {
        Step::Extensions => Next::Extensions,
        Step::Certificate => Next::RequestOrCertificate,
        Step::Signature => Next::Signature,
        Step::Finished => Next::Finished,
        Step::Hello | Step::Data => Next::Nothing,
    };
    let mut messages = Bytes::new(content);
    if messages.is_empty() {
        return Err(Why::EmptyHandshake.into());
    }
    while !messages.is_empty() {
        let (kind, body) = match message(&mut messages) {
            Err(Refusal { why: Why::Split, .. }) if !holds(Guarantee::Said) => break,
            message => message?,
        };
        let malformed = Why::Malformed.with(kind.into());
        next = match (next, kind) {
            (_, FINISHED) if !holds(Guarantee::Proof) => Next::Nothing,
            (Next::Extensions, ENCRYPTED_EXTENSIONS) => {
                encrypted_extensions(mark, body)?;
                Next::RequestOrCertificate
            }
            (Next::RequestOrCertificate, CERTIFICATE_REQUEST) => {
                certificate_request(body).ok_or(malformed)?;
                Next::Certificate
            }
            (Next::RequestOrCertificate | Next::Certificate, CERTIFICATE) => {
                certificate(body)?;
                Next::Signature
            }
            (Next::Signature, CERTIFICATE_VERIFY) => {
                certificate_verify(body)?;
                Next::Finished
            }
            (Next::Finished, FINISHED) if body.rest().len() == 32 => Next::Nothing,
            (Next::Finished, FINISHED) => return Err(malformed),
            (Next::Extensions | Next::RequestOrCertificate | Next::Certificate | Next::Signature, FINISHED) => {
                return Err(Why::Unproven.into());
            }
            (_, kind) => return Err(Why::Unexpected.with(kind.into())),
        };
    }
    Ok(Content::Handshake)
}

/// RFC 8446 4.3.1: only answers to what we offered, which is the name of the host and our groups.
fn encrypted_extensions(mark: Mark, mut body: Bytes<'_>) -> Result<(), Refusal> {
    let malformed = Why::Malformed.with(ENCRYPTED_EXTENSIONS.into());
    let mut extensions = body.vec16().ok_or(malformed)?;
    body.end().ok_or(malformed)?;
    let mut has_name = false;
    let mut has_groups = false;
    while !extensions.is_empty() {
        let kind = extensions.u16().ok_or(malformed)?;
        let data = extensions.vec16().ok_or(malformed)?;
        let is_second = match kind {
            SERVER_NAME if mark.names_host => {
                data.end().ok_or(malformed)?;
                core::mem::replace(&mut has_name, true)
            }
            SUPPORTED_GROUPS => {
                groups(data).map_err(|refusal| refusal.unwrap_or(malformed))?;
                core::mem::replace(&mut has_groups, true)
            }
            kind => return Err(Why::Extension.with(kind)),
        };
        if is_second {
            return Err(Why::DuplicateExtension.with(kind));
        }
    }
    Ok(())
}

/// A server may list the groups it likes better; embedded-tls gives up on a list with one that it does not know.
fn groups(mut data: Bytes<'_>) -> Result<(), Option<Refusal>> {
    let mut list = data.vec16().ok_or(None)?;
    data.end().ok_or(None)?;
    let mut count = 0;
    while !list.is_empty() {
        let group = list.u16().ok_or(None)?;
        if !matches!(group, 0x0017..=0x0019 | 0x001d | 0x001e | 0x0100..=0x0104 | 0x11eb..=0x11ed) {
            return Err(Some(Why::Group.with(group)));
        }
        count += 1;
        if count > GROUPS {
            return Err(Some(Why::TooManyGroups.with(GROUPS)));
        }
    }
    Ok(())
}

/// RFC 8446 4.3.2. In the handshake the context is empty. We answer with an empty list of certificates.
fn certificate_request(mut body: Bytes<'_>) -> Option<()> {
    body.vec8()?.end()?;
    let mut extensions = body.vec16()?;
    while !extensions.is_empty() {
        extensions.u16()?;
        extensions.vec16()?;
    }
    body.end()
}

/// RFC 8446 4.4.2. The context of a server is empty, and so are all extensions, because we offered none.
fn certificate(mut body: Bytes<'_>) -> Result<(), Refusal> {
    let malformed = Why::Malformed.with(CERTIFICATE.into());
    body.vec8().ok_or(malformed)?.end().ok_or(malformed)?;
    let mut list = body.vec24().ok_or(malformed)?;
    body.end().ok_or(malformed)?;
    let mut count = 0;
    while !list.is_empty() {
        let certificate = list.vec24().ok_or(malformed)?;
        let mut extensions = list.vec16().ok_or(malformed)?;
        if certificate.is_empty() {
            return Err(malformed);
        }
        if !extensions.is_empty() {
            return Err(Why::Extension.with(extensions.u16().ok_or(malformed)?));
        }
        count += 1;
        if count > CHAIN_CERTIFICATES {
            return Err(Why::TooManyCertificates.with(u16::try_from(CHAIN_CERTIFICATES).unwrap_or(u16::MAX)));
        }
    }
    if count == 0 {
        return Err(Why::NoCertificate.into());
    }
    Ok(())
}

/// RFC 8446 4.4.3, with a scheme that the verifier can check and that is allowed there: no PKCS #1 v1.5.
fn certificate_verify(mut body: Bytes<'_>) -> Result<(), Refusal> {
    let malformed = Why::Malformed.with(CERTIFICATE_VERIFY.into());
    let scheme = body.u16().ok_or(malformed)?;
    body.vec16().ok_or(malformed)?;
    body.end().ok_or(malformed)?;
    let is_checked = scheme == 0x0403
        || (cfg!(feature = "p384") && scheme == 0x0503)
        || (cfg!(feature = "compact-rsa") && matches!(scheme, 0x0804..=0x0806));
    if is_checked || !holds(Guarantee::Proof) { Ok(()) } else { Err(Why::Scheme.with(scheme)) }
}
