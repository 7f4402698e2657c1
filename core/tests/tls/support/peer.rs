//! A server that is rustls.

use super::pki::Identity;
use super::wire::{Peer, Wire};
use rustls::crypto::{SupportedKxGroup, ring};
use rustls::server::WebPkiClientVerifier;
use rustls::{ProtocolVersion, RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion};
use std::io::{Read, Write};
use std::prelude::v1::*;
use std::sync::Arc;

/// A rustls server that answers every byte with itself, upper case.
pub struct Rustls {
    pub connection: ServerConnection,
    /// What the client sent.
    pub heard: Vec<u8>,
    /// What rustls says is wrong with the client.
    pub error: Option<rustls::Error>,
    /// Whether data is sent back.
    pub echoes: bool,
}

/// What a server supports.
pub struct Options {
    pub versions: &'static [&'static SupportedProtocolVersion],
    pub groups: Vec<&'static dyn SupportedKxGroup>,
    pub client_auth: ClientAuth,
    pub fragment: Option<usize>,
}

pub enum ClientAuth {
    None,
    Optional,
    Required,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            versions: rustls::ALL_VERSIONS,
            groups: ring::ALL_KX_GROUPS.to_vec(),
            client_auth: ClientAuth::None,
            fragment: None,
        }
    }
}

impl Rustls {
    pub fn new(identity: &Identity) -> Self {
        Self::with(identity, Options::default())
    }

    pub fn with(identity: &Identity, options: Options) -> Self {
        let provider =
            Arc::new(rustls::crypto::CryptoProvider { kx_groups: options.groups, ..ring::default_provider() });
        let mut roots = RootCertStore::empty();
        roots.add(super::pki::Authority::new().der).unwrap();
        let client_auth = || WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let builder =
            ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(options.versions).unwrap();
        let builder = match options.client_auth {
            ClientAuth::None => builder.with_no_client_auth(),
            ClientAuth::Optional => {
                builder.with_client_cert_verifier(client_auth().allow_unauthenticated().build().unwrap())
            }
            ClientAuth::Required => builder.with_client_cert_verifier(client_auth().build().unwrap()),
        };
        let mut config = builder.with_single_cert(identity.chain.clone(), identity.rustls_key()).unwrap();
        config.max_fragment_size = options.fragment;
        let connection = ServerConnection::new(Arc::new(config)).unwrap();
        Self { connection, heard: Vec::new(), error: None, echoes: true }
    }

    /// The name that the client asked for (SNI).
    pub fn name(&self) -> Option<&str> {
        self.connection.server_name()
    }

    pub fn version(&self) -> Option<ProtocolVersion> {
        self.connection.protocol_version()
    }

    pub fn say(&mut self, data: &[u8]) {
        self.connection.writer().write_all(data).unwrap();
    }

    pub fn say_goodbye(&mut self) {
        self.connection.send_close_notify();
    }
}

impl Peer for Rustls {
    fn step(&mut self, wire: &Wire) {
        let received = wire.receive();
        let mut received = received.as_slice();
        while !received.is_empty() && self.error.is_none() {
            self.connection.read_tls(&mut received).unwrap();
            match self.connection.process_new_packets() {
                Ok(_) => {}
                Err(error) => self.error = Some(error),
            }
            let mut data = Vec::new();
            // "No more for now" is an error of `Read`; what came before it is there.
            let _ = self.connection.reader().read_to_end(&mut data);
            if self.echoes && !data.is_empty() {
                self.connection.writer().write_all(&data.to_ascii_uppercase()).unwrap();
            }
            self.heard.extend(data);
        }
        let mut sent = Vec::new();
        while self.connection.wants_write() {
            self.connection.write_tls(&mut sent).unwrap();
        }
        if !sent.is_empty() {
            wire.send(&sent);
        }
        if self.error.is_some() {
            wire.close();
        }
    }
}
