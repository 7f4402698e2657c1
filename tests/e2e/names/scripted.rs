//! A TLS server that answers everything with the same bytes, for answers that no Cloud would give.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// What is answered: pieces, each sent by itself.
pub(super) type Answer = Vec<Vec<u8>>;

/// A server that runs as long as the test.
pub(super) struct Scripted {
    pub(super) url: String,
    pub(super) ca_pem: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// Answers with what `answer` makes of the request.
    pub(super) fn start(answer: impl Fn(&str) -> Answer + Send + 'static) -> Self {
        let (config, ca_pem) = config();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // Who does not trust us goes away in the middle of it.
                let _ = serve(stream.unwrap(), &config, &answer, &seen);
            }
        });
        Self { url, ca_pem, requests }
    }

    /// The requests so far.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(
    stream: TcpStream,
    config: &Arc<ServerConfig>,
    answer: &impl Fn(&str) -> Answer,
    seen: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut tls = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
    let mut request = Vec::new();
    while !is_complete(&request) {
        let mut piece = [0; 4096];
        match tls.read(&mut piece)? {
            0 => return Ok(()),
            len => request.extend(&piece[..len]),
        }
    }
    let request = String::from_utf8(request).unwrap();
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
    for piece in answer(&request) {
        tls.write_all(&piece)?;
        tls.flush()?;
    }
    tls.conn.send_close_notify();
    tls.flush()?;
    // The client ends the connection; what it has not read would be lost by ending it here.
    let _ = tls.read(&mut [0; 1]);
    Ok(())
}

fn is_complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length =
        head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).map(|length| length.parse().unwrap());
    body.len() >= length.unwrap_or(0)
}

fn config() -> (Arc<ServerConfig>, String) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.distinguished_name.push(DnType::CommonName, "scripted root");
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let leaf = CertificateParams::new(names).unwrap().signed_by(&key, &root).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_no_client_auth().with_single_cert(vec![leaf.der().clone()], key).unwrap();
    (Arc::new(config), root.pem())
}
