//! TLS as others speak it: other cipher suites, keys that are changed, records that are cut anywhere, older versions.

mod wire;

use aclk_cloud::KeyLogLines;
use aclk_inspect::Limits;
use aclk_inspect::view::{Direction, Filter, Flag, Reading};
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::{cipher_suite, default_provider, kx_group};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, SupportedCipherSuite,
    SupportedProtocolVersion,
};
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use wire::Wire;

/// A client and a server of rustls, and a wire between them.
struct Pair {
    client: ClientConnection,
    server: ServerConnection,
    wire: Wire,
    key_log: Arc<Mutex<String>>,
    /// Bytes of a segment.
    segment: usize,
}

impl Pair {
    fn new(suite: SupportedCipherSuite, version: &'static SupportedProtocolVersion, segment: usize) -> Self {
        let provider = CryptoProvider { cipher_suites: vec![suite], ..default_provider() };
        Self::with(provider.clone(), provider, version, segment)
    }

    fn with(
        client: CryptoProvider,
        server: CryptoProvider,
        version: &'static SupportedProtocolVersion,
        segment: usize,
    ) -> Self {
        let signed = rcgen::generate_simple_self_signed(["cloud.test".to_owned()]).expect("a certificate");
        let mut roots = RootCertStore::empty();
        roots.add(signed.cert.der().clone()).expect("it is one");
        let client = ClientConfig::builder_with_provider(Arc::new(client))
            .with_protocol_versions(&[version])
            .expect("it has that")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der()));
        let mut server = ServerConfig::builder_with_provider(Arc::new(server))
            .with_protocol_versions(&[version])
            .expect("it has that")
            .with_no_client_auth()
            .with_single_cert(vec![signed.cert.der().clone()], key)
            .expect("they belong together");
        let key_log = Arc::new(Mutex::new(String::new()));
        let lines = Arc::clone(&key_log);
        server.key_log = Arc::new(KeyLogLines::new(move |line| lines.lock().expect("one thread").push_str(line)));
        let name = ServerName::try_from("cloud.test").expect("a name");
        Self {
            client: ClientConnection::new(Arc::new(client), name).expect("it fits"),
            server: ServerConnection::new(Arc::new(server)).expect("it fits"),
            wire: Wire::open(Limits::default()),
            key_log,
            segment,
        }
    }

    /// Carries everything that is to be said, over the wire.
    fn carry(&mut self) {
        while self.client.wants_write() || self.server.wants_write() {
            let mut said = Vec::new();
            while self.client.wants_write() {
                self.client.write_tls(&mut said).expect("a vector takes everything");
            }
            for segment in said.chunks(self.segment) {
                self.wire.say(Direction::Out, segment);
            }
            let mut rest = &said[..];
            while !rest.is_empty() {
                self.server.read_tls(&mut rest).expect("bytes");
                self.server.process_new_packets().expect("good records");
            }
            let mut said = Vec::new();
            while self.server.wants_write() {
                self.server.write_tls(&mut said).expect("a vector takes everything");
            }
            for segment in said.chunks(self.segment) {
                self.wire.say(Direction::In, segment);
            }
            let mut rest = &said[..];
            while !rest.is_empty() {
                self.client.read_tls(&mut rest).expect("bytes");
                self.client.process_new_packets().expect("good records");
            }
        }
        let lines = core::mem::take(&mut *self.key_log.lock().expect("one thread"));
        self.wire.inspector.key_log(&lines);
    }

    fn ask(&mut self, path: &str) {
        self.client.writer().write_all(format!("GET {path} HTTP/1.1\r\n\r\n").as_bytes()).expect("room");
        self.carry();
        self.server.writer().write_all(b"HTTP/1.1 204 No Content\r\n\r\n").expect("room");
        self.carry();
        // So that nothing is left when the next one comes.
        let _ = self.client.reader().read(&mut [0; 1024]);
    }

    fn said(&self) -> Vec<String> {
        let rows = self.wire.inspector.frames(0, &Filter { limit: Some(usize::MAX), ..Filter::default() });
        let all = rows.into_iter().flat_map(|row| row.text.split("; ").map(str::to_owned).collect::<Vec<_>>());
        all.filter(|text| text.contains("/a") || text.contains("/b") || text.contains("/c") || text == "KeyUpdate")
            .collect()
    }

    /// Whether anything in any frame is called wrong.
    fn has_wrong(&self) -> bool {
        let rows = self.wire.inspector.frames(0, &Filter { limit: Some(usize::MAX), ..Filter::default() });
        rows.iter().any(|row| {
            let dissection = self.wire.inspector.dissect(row.id).expect("it is there");
            dissection.frame.flags.contains(&Flag::Malformed)
        })
    }

    fn reading(&self) -> Reading {
        self.wire.inspector.connections()[0].tls
    }
}

#[test]
fn both_suites_of_aes_are_read_in_segments_of_any_size_and_keys_may_change() {
    for suite in [cipher_suite::TLS13_AES_128_GCM_SHA256, cipher_suite::TLS13_AES_256_GCM_SHA384] {
        for segment in [usize::MAX, 700, 3] {
            let mut pair = Pair::new(suite, &rustls::version::TLS13, segment);
            pair.carry();
            pair.ask("/a");
            pair.client.refresh_traffic_keys().expect("the handshake is over");
            pair.ask("/b");
            pair.server.refresh_traffic_keys().expect("the handshake is over");
            pair.ask("/c");
            let told = [
                "GET /a",
                "204 No Content to GET /a",
                "KeyUpdate",
                "GET /b",
                "KeyUpdate",
                "204 No Content to GET /b",
                "GET /c",
                "KeyUpdate",
                "204 No Content to GET /c",
            ];
            assert_eq!(pair.said(), told, "{suite:?}, {segment}");
            assert_eq!((pair.reading(), pair.has_wrong()), (Reading::Decrypted, false));
        }
    }
}

/// The server wants another key share than the one that the client has sent on chance.
#[test]
fn a_second_hello_of_the_client_is_read() {
    let client = CryptoProvider { kx_groups: vec![kx_group::X25519, kx_group::SECP384R1], ..default_provider() };
    let server = CryptoProvider { kx_groups: vec![kx_group::SECP384R1], ..default_provider() };
    let mut pair = Pair::with(client, server, &rustls::version::TLS13, usize::MAX);
    pair.carry();
    pair.ask("/a");
    let rows = pair.wire.inspector.frames(0, &Filter::default());
    let count = |words: &str| rows.iter().filter(|row| row.text.contains(words)).count();
    assert_eq!((count("ClientHello to cloud.test"), count("HelloRetryRequest"), count("ServerHello")), (2, 1, 1));
    assert_eq!(pair.said(), ["GET /a", "204 No Content to GET /a"]);
    assert_eq!((pair.reading(), pair.has_wrong()), (Reading::Decrypted, false));
}

#[test]
fn a_suite_that_is_not_read_is_named_as_such() {
    let chacha = cipher_suite::TLS13_CHACHA20_POLY1305_SHA256;
    let mut pair = Pair::new(chacha, &rustls::version::TLS13, usize::MAX);
    pair.carry();
    pair.ask("/a");
    assert_eq!((pair.said(), pair.reading()), (vec![], Reading::Unreadable));
    let closed = pair.wire.inspector.frames(0, &Filter { flag: Some(Flag::Encrypted), ..Filter::default() });
    let said = format!("{:?}", pair.wire.inspector.dissect(closed[0].id));
    assert!(said.contains("with a cipher suite that is not read here"), "{said}");
}

#[test]
fn an_older_version_is_told_from_tls_1_3_and_does_no_harm() {
    let suite = cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    let mut pair = Pair::new(suite, &rustls::version::TLS12, usize::MAX);
    pair.carry();
    pair.ask("/a");
    assert_eq!((pair.said(), pair.reading()), (vec![], Reading::Unreadable));
}
