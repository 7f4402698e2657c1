//! The TLS handshake of the device, with a server that is rustls, in memory. Only what the device does counts.

use crate::counted;
use crate::handshake::rng;
use aclk_core::clock::{Trust, WallTime};
use aclk_core::tls::{Anchors, Buffers, Policy, RECORD_READ_LEN, Secure, Shared, anchor};
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// In the years that certificates of rcgen are valid in.
const NOW: u64 = 1_748_736_000;

#[derive(Default)]
struct Pipes {
    to_client: VecDeque<u8>,
    to_server: Vec<u8>,
}

/// The client's end.
struct Socket(Rc<RefCell<Pipes>>);

impl ErrorType for Socket {
    type Error = ErrorKind;
}

impl Read for Socket {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        poll_fn(|_| {
            let mut pipes = self.0.borrow_mut();
            if pipes.to_client.is_empty() {
                return Poll::Pending;
            }
            let count = buf.len().min(pipes.to_client.len());
            for (to, from) in buf.iter_mut().zip(pipes.to_client.drain(..count)) {
                *to = from;
            }
            Poll::Ready(Ok(count))
        })
        .await
    }
}

impl Write for Socket {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        self.0.borrow_mut().to_server.extend(buf);
        Ok(buf.len())
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// A chain of a root and a server, both P-256.
fn server() -> (CertificateDer<'static>, ServerConnection) {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a root");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, &root).expect("a certificate");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("a server");
    (root.der().clone(), ServerConnection::new(Arc::new(config)).expect("a connection"))
}

pub(crate) fn handshake() {
    let (root, mut server) = server();
    let pipes = Rc::new(RefCell::new(Pipes::default()));
    let anchors = [anchor(&root).expect("a root")];
    let wall = WallTime { unix_us: NOW * 1_000_000, trust: Trust::Trusted };
    let policy = Policy { anchors: Anchors::new(&anchors), wall, build_unix_seconds: 0 };
    let (mut read, mut write, mut shared) = (vec![0; RECORD_READ_LEN], vec![0; 2_048], Shared::new());
    let buffers = Buffers { read: &mut read, write: &mut write, shared: &mut shared };
    let mut rng = rng();
    let mut open = pin!(Secure::open(Socket(pipes.clone()), "localhost", &policy, buffers, &mut rng));
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..20 {
        if let Poll::Ready(opened) = counted(|| open.as_mut().poll(&mut context)) {
            opened.map(drop).expect("the server has proved who it is");
            return;
        }
        let received = std::mem::take(&mut pipes.borrow_mut().to_server);
        let mut received = received.as_slice();
        while !received.is_empty() {
            server.read_tls(&mut received).expect("memory does not fail");
            server.process_new_packets().expect("the client does nothing wrong");
        }
        let mut sent = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut sent).expect("memory does not fail");
        }
        pipes.borrow_mut().to_client.extend(sent);
    }
    panic!("client and server wait for each other");
}
