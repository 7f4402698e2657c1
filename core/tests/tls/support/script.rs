//! A TLS 1.3 server that does what a test says.
//!
//! It speaks TLS_AES_128_GCM_SHA256 with secp256r1 and knows everything it sends as soon as it has the ClientHello, so a
//! script is a function that runs once, at that moment, and sends the whole conversation:
//!
//! ```ignore
//! let mut server = Scripted::new(identity, |server| {
//!     server.hello(|hello| hello.compression = 1); // a ServerHello with one field changed
//!     server.encrypted_extensions(&[]);
//!     server.certificate();
//!     server.certificate_verify();
//!     server.finished();
//!     server.application_keys();
//!     server.encrypted(APPLICATION_DATA, b"hello");
//! });
//! ```
//!
//! Messages are collected and sent by [`flush`](Server::flush), one record for all of them; everything that sends a record
//! flushes before. Raw records, wrong padding, wrong tags and so on have methods of their own.

use super::pki::Identity;
use super::wire::{Peer, Wire};
use aes_gcm::aead::{AeadInPlace, KeyInit};
use aes_gcm::{Aes128Gcm, Nonce};
use digest_010::Digest;
use embedded_tls::Sha256;
use hkdf_012::Hkdf;
use p256::ecdh::EphemeralSecret;
use p256::elliptic_curve::Generate;
use p256::elliptic_curve::sec1::ToSec1Point;
use std::prelude::v1::*;

pub const CHANGE_CIPHER_SPEC: u8 = 20;
pub const ALERT: u8 = 21;
pub const HANDSHAKE: u8 = 22;
pub const APPLICATION_DATA: u8 = 23;

pub const SERVER_HELLO: u8 = 2;
pub const NEW_SESSION_TICKET: u8 = 4;
pub const ENCRYPTED_EXTENSIONS: u8 = 8;
pub const CERTIFICATE: u8 = 11;
pub const CERTIFICATE_REQUEST: u8 = 13;
pub const CERTIFICATE_VERIFY: u8 = 15;
pub const FINISHED: u8 = 20;
pub const KEY_UPDATE: u8 = 24;

/// What a server says before its Finished, in order.
pub const BEFORE_FINISHED: [(&str, Say); 4] = [
    ("ServerHello", |server| server.hello(|_| {})),
    ("EncryptedExtensions", |server| server.encrypted_extensions(&[])),
    ("Certificate", |server| server.certificate()),
    ("CertificateVerify", |server| server.certificate_verify()),
];

/// How a server says a message.
type Say = fn(&mut Server<'_>);

/// A byte string with its length in so many bytes in front.
pub fn vector(length_bytes: usize, content: &[u8]) -> Vec<u8> {
    let len = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&len[4 - length_bytes..], content].concat()
}

/// An extension.
pub fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [kind.to_be_bytes().as_slice(), &vector(2, content)].concat()
}

/// A handshake message with its header.
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind], vector(3, body).as_slice()].concat()
}

/// A record with its header, as it is on the wire.
pub fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3], vector(2, content).as_slice()].concat()
}

/// The body of a well-formed session ticket.
pub fn ticket() -> Vec<u8> {
    [&[0, 0, 28, 32, 1, 2, 3, 4], vector(1, &[0]).as_slice(), &vector(2, b"ticket"), &vector(2, &[])].concat()
}

/// A ServerHello whose every field can be changed.
pub struct Hello {
    pub version: u16,
    pub random: [u8; 32],
    pub session: Vec<u8>,
    pub suite: u16,
    pub compression: u8,
    pub extensions: Vec<(u16, Vec<u8>)>,
    /// Sent after the extensions, within the message.
    pub trailer: Vec<u8>,
}

impl Hello {
    /// The extension of this kind.
    pub fn extension(&mut self, kind: u16) -> &mut Vec<u8> {
        &mut self.extensions.iter_mut().find(|(it, _)| *it == kind).unwrap().1
    }

    pub fn body(&self) -> Vec<u8> {
        let extensions: Vec<u8> = self.extensions.iter().flat_map(|(kind, body)| extension(*kind, body)).collect();
        [
            self.version.to_be_bytes().as_slice(),
            &self.random,
            &vector(1, &self.session),
            &self.suite.to_be_bytes(),
            &[self.compression],
            &vector(2, &extensions),
            &self.trailer,
        ]
        .concat()
    }
}

/// Keys of one direction in one phase.
struct Keys {
    secret: Vec<u8>,
    key: Aes128Gcm,
    iv: [u8; 12],
    sequence: u64,
}

impl Keys {
    fn new(secret: Vec<u8>) -> Self {
        let key: [u8; 16] = expand(&secret, "key", &[], 16).try_into().unwrap();
        let iv = expand(&secret, "iv", &[], 12).try_into().unwrap();
        Self { secret, key: Aes128Gcm::new(&key.into()), iv, sequence: 0 }
    }

    fn nonce(&mut self) -> Nonce<<Aes128Gcm as aes_gcm::AeadCore>::NonceSize> {
        let mut nonce = self.iv;
        for (byte, mask) in nonce[4..].iter_mut().zip(self.sequence.to_be_bytes()) {
            *byte ^= mask;
        }
        self.sequence += 1;
        nonce.into()
    }

    /// The record that protects `plaintext`, its content type and padding included.
    fn seal(&mut self, plaintext: &[u8]) -> Vec<u8> {
        let len = u16::try_from(plaintext.len() + 16).unwrap().to_be_bytes();
        let header = [APPLICATION_DATA, 3, 3, len[0], len[1]];
        let mut content = plaintext.to_vec();
        let nonce = self.nonce();
        let tag = self.key.encrypt_in_place_detached(&nonce, &header, &mut content).unwrap();
        [&header, content.as_slice(), &tag].concat()
    }
}

/// HKDF-Expand-Label (RFC 8446 7.1).
fn expand(secret: &[u8], label: &str, context: &[u8], len: u16) -> Vec<u8> {
    let label = [b"tls13 ", label.as_bytes()].concat();
    let info = [len.to_be_bytes().as_slice(), &vector(1, &label), &vector(1, context)].concat();
    let mut out = vec![0; usize::from(len)];
    Hkdf::<Sha256>::from_prk(secret).unwrap().expand(&info, &mut out).unwrap();
    out
}

fn extract(salt: &[u8], secret: &[u8]) -> Vec<u8> {
    Hkdf::<Sha256>::extract(Some(salt), secret).0.to_vec()
}

/// The server a script runs on.
pub struct Server<'i> {
    identity: &'i Identity,
    wire: Wire,
    /// The ClientHello, without its header.
    pub client_hello: Vec<u8>,
    transcript: Sha256,
    handshake_secret: Vec<u8>,
    keys: Option<Keys>,
    /// What the client will encrypt with after the handshake.
    client: Option<Keys>,
    messages: Vec<u8>,
}

impl Server<'_> {
    /// Sends these bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.flush();
        self.wire.send(bytes);
    }

    /// Sends an unencrypted record.
    pub fn plain(&mut self, kind: u8, content: &[u8]) {
        self.raw(&record(kind, content));
    }

    /// Sends an encrypted record.
    pub fn encrypted(&mut self, kind: u8, content: &[u8]) {
        self.plaintext(&[content, &[kind]].concat());
    }

    /// Sends an encrypted record with this plaintext, of which content type and padding are a part.
    pub fn plaintext(&mut self, plaintext: &[u8]) {
        self.flush();
        self.send_sealed(plaintext, |_| {});
    }

    /// Sends an encrypted record after something was done to its bytes on the wire.
    pub fn altered(&mut self, kind: u8, content: &[u8], alter: impl FnOnce(&mut Vec<u8>)) {
        self.flush();
        self.send_sealed(&[content, &[kind]].concat(), alter);
    }

    fn send_sealed(&mut self, plaintext: &[u8], alter: impl FnOnce(&mut Vec<u8>)) {
        let mut record = self.keys.as_mut().expect("no keys before the ServerHello").seal(plaintext);
        alter(&mut record);
        self.wire.send(&record);
    }

    /// Adds a handshake message to the transcript and to the next record.
    pub fn say(&mut self, kind: u8, body: &[u8]) {
        let message = message(kind, body);
        self.transcript.update(&message);
        self.messages.extend(message);
    }

    /// Changes the messages that were said and not yet sent; the transcript keeps what was said.
    pub fn tamper(&mut self, change: impl FnOnce(&mut Vec<u8>)) {
        change(&mut self.messages);
    }

    /// Sends the messages that were said since, in one record.
    pub fn flush(&mut self) {
        let mut messages = std::mem::take(&mut self.messages);
        if !messages.is_empty() {
            messages.push(HANDSHAKE);
            self.send_sealed(&messages, |_| {});
        }
    }

    /// The same, but the record is not encrypted.
    pub fn flush_plain(&mut self) {
        let messages = std::mem::take(&mut self.messages);
        self.plain(HANDSHAKE, &messages);
    }

    /// Ends the connection.
    pub fn close(&mut self) {
        self.flush();
        self.wire.close();
    }

    /// A correct ServerHello after something was done to it, in a record of its own. The handshake keys follow from it.
    pub fn hello(&mut self, change: impl FnOnce(&mut Hello)) {
        let message = self.make_hello(change);
        self.plain(HANDSHAKE, &message);
    }

    /// The same, but the message is not sent.
    pub fn make_hello(&mut self, change: impl FnOnce(&mut Hello)) -> Vec<u8> {
        let secret = EphemeralSecret::generate_from_rng(&mut super::rng());
        let point = secret.public_key().to_sec1_point(false);
        let share = [[0x00, 0x17].as_slice(), &vector(2, point.as_bytes())].concat();
        let mut hello = Hello {
            version: 0x0303,
            random: [0x5a; 32],
            session: self.client_session(),
            suite: 0x1301,
            compression: 0,
            extensions: vec![(43, vec![0x03, 0x04]), (51, share)],
            trailer: Vec::new(),
        };
        change(&mut hello);
        let message = message(SERVER_HELLO, &hello.body());
        self.transcript.update(&message);

        let shared = secret.diffie_hellman(&p256::PublicKey::from_sec1_bytes(&self.client_point()).unwrap());
        let none = Sha256::digest([]);
        let early = extract(&[0; 32], &[0; 32]);
        let derived = expand(&early, "derived", &none, 32);
        self.handshake_secret = extract(&derived, shared.raw_secret_bytes());
        let hash = self.transcript.clone().finalize();
        self.keys = Some(Keys::new(expand(&self.handshake_secret, "s hs traffic", &hash, 32)));
        message
    }

    /// EncryptedExtensions.
    pub fn encrypted_extensions(&mut self, extensions: &[(u16, &[u8])]) {
        let extensions: Vec<u8> = extensions.iter().flat_map(|(kind, body)| extension(*kind, body)).collect();
        self.say(ENCRYPTED_EXTENSIONS, &vector(2, &extensions));
    }

    /// The Certificate of the server's identity.
    pub fn certificate(&mut self) {
        self.certificate_with(&[], &[]);
    }

    /// The same with this context, and these extensions in its first entry.
    pub fn certificate_with(&mut self, context: &[u8], extensions: &[u8]) {
        let mut extensions = Some(extensions);
        let list: Vec<u8> = self
            .identity
            .chain
            .iter()
            .flat_map(|der| [vector(3, der), vector(2, extensions.take().unwrap_or_default())].concat())
            .collect();
        self.say(CERTIFICATE, &[vector(1, context), vector(3, &list)].concat());
    }

    /// CertificateVerify with the key of the server's identity, P-256.
    pub fn certificate_verify(&mut self) {
        self.certificate_verify_with(0x0403, "TLS 1.3, server CertificateVerify", |_| {});
    }

    /// The same with this scheme and context, and with a change to the signature.
    pub fn certificate_verify_with(&mut self, scheme: u16, context: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let hash = self.transcript.clone().finalize();
        let signed = [[0x20; 64].as_slice(), context.as_bytes(), &[0], &hash].concat();
        let mut signature = self.identity.sign(&signed);
        change(&mut signature);
        self.say(CERTIFICATE_VERIFY, &[scheme.to_be_bytes().as_slice(), &vector(2, &signature)].concat());
    }

    /// Finished.
    pub fn finished(&mut self) {
        self.finished_with(|_| {});
    }

    /// The same with a change to its content.
    pub fn finished_with(&mut self, change: impl FnOnce(&mut Vec<u8>)) {
        let key = expand(&self.keys.as_ref().unwrap().secret, "finished", &[], 32);
        // HMAC is what HKDF-Extract is made of.
        let mut content = extract(&key, &self.transcript.clone().finalize());
        change(&mut content);
        self.say(FINISHED, &content);
    }

    /// Goes on with the keys for application data.
    pub fn application_keys(&mut self) {
        self.flush();
        let derived = expand(&self.handshake_secret, "derived", &Sha256::digest([]), 32);
        let master = extract(&derived, &[0; 32]);
        let hash = self.transcript.clone().finalize();
        self.keys = Some(Keys::new(expand(&master, "s ap traffic", &hash, 32)));
        self.client = Some(Keys::new(expand(&master, "c ap traffic", &hash, 32)));
    }

    /// Everything from ServerHello to the first byte of data, as it should be.
    pub fn handshake(&mut self) {
        self.hello(|_| {});
        self.encrypted_extensions(&[]);
        self.certificate();
        self.certificate_verify();
        self.finished();
        self.application_keys();
    }

    /// Says the first so many messages of [`BEFORE_FINISHED`] as they should be, in records of their own.
    pub fn say_first(&mut self, messages: usize) {
        for (_, say) in &BEFORE_FINISHED[..messages] {
            say(self);
            self.flush();
        }
    }

    /// The session id of the client.
    pub fn client_session(&self) -> Vec<u8> {
        let len = usize::from(self.client_hello[34]);
        self.client_hello[35..35 + len].to_vec()
    }

    /// The point in the only key share of the client.
    fn client_point(&self) -> Vec<u8> {
        let share = [0x00, 0x17, 0x00, 0x41, 0x04];
        let start = self.client_hello.windows(5).position(|window| window == share).expect("no share for secp256r1");
        self.client_hello[start + 4..][..65].to_vec()
    }
}

type Script<'i> = Box<dyn FnOnce(&mut Server<'_>) + 'i>;

/// Runs a script as soon as it has the ClientHello.
pub struct Scripted<'i> {
    identity: &'i Identity,
    script: Option<Script<'i>>,
    received: Vec<u8>,
    client: Option<Keys>,
}

impl<'i> Scripted<'i> {
    pub fn new(identity: &'i Identity, script: impl FnOnce(&mut Server<'_>) + 'i) -> Self {
        Self { identity, script: Some(Box::new(script)), received: Vec::new(), client: None }
    }

    /// What the client has said under the keys for application data: content type and content of each record. The first
    /// encrypted record is its Finished, under other keys.
    pub fn heard(mut self, wire: &Wire) -> Vec<(u8, Vec<u8>)> {
        let keys = self.client.as_mut().expect("the script has no application keys");
        let encrypted = wire.records().into_iter().filter(|(kind, _)| *kind == APPLICATION_DATA).skip(1);
        encrypted
            .map(|(_, mut content)| {
                let header = record(APPLICATION_DATA, &content)[..5].to_vec();
                let tag = content.split_off(content.len() - 16);
                let nonce = keys.nonce();
                let tag = aes_gcm::Tag::from_slice(&tag);
                keys.key.decrypt_in_place_detached(&nonce, &header, &mut content, tag).expect("not our keys");
                let kind = content.pop().unwrap();
                (kind, content)
            })
            .collect()
    }
}

impl Peer for Scripted<'_> {
    fn step(&mut self, wire: &Wire) {
        self.received.extend(wire.receive());
        let &[HANDSHAKE, _, _, high, low, ..] = self.received.as_slice() else { return };
        let end = 5 + usize::from(u16::from_be_bytes([high, low]));
        if self.received.len() < end {
            return;
        }
        let Some(script) = self.script.take() else { return };
        let hello = &self.received[5..end];
        let mut server = Server {
            identity: self.identity,
            wire: wire.clone(),
            client_hello: hello[4..].to_vec(),
            transcript: Sha256::new_with_prefix(hello),
            handshake_secret: Vec::new(),
            keys: None,
            client: None,
            messages: Vec::new(),
        };
        script(&mut server);
        server.flush();
        self.client = server.client;
    }
}
