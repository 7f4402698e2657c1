//! A TLS 1.3 server that says anything, with the scripts of the core's own tests, and the client that stands it.
//!
//! Nobody here has the key of the authority: what is accepted must be a certificate of `fixtures`.

#[path = "../../../../core/tests/tls/support/heap.rs"]
#[allow(dead_code, unreachable_pub)] // nothing is counted here
mod heap;
#[path = "../../../../core/tests/tls/support/script.rs"]
#[allow(dead_code, unreachable_pub, missing_docs)] // the tests there need more of it
pub(crate) mod script;
#[path = "../../../../core/tests/tls/support/wire.rs"]
#[allow(dead_code, unreachable_pub)] // the tests there need more of it
pub(crate) mod wire;

use aclk_core::clock::WallTime;
use aclk_core::stage::Failure;
use aclk_core::tls::{Anchors, Buffers, Policy, RECORD_READ_LEN, Received, Secure, Shared, anchor};
use chacha20::ChaCha20Rng;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{DerSignature, SigningKey};
use pki::Identity;
use rand_core::SeedableRng;
use rustls_pki_types::{CertificateDer, TrustAnchor};
use std::cell::RefCell;
use std::sync::LazyLock;
use wire::{Peer, Wire, drive_while};

/// The certificate that the client trusts.
const AUTHORITY: &[u8] = include_bytes!("../../fixtures/authority.der");
/// The certificate of a server that it lets in, signed by the authority.
pub(crate) const LEAF: &[u8] = include_bytes!("../../fixtures/leaf.der");
/// The same, signed by an authority below that authority.
pub(crate) const LEAF_BELOW: &[u8] = include_bytes!("../../fixtures/leaf-below.der");
/// The key of that server, a number of P-256.
const LEAF_KEY: &[u8; 32] = include_bytes!("../../fixtures/leaf.key");
/// The name of that server.
pub(crate) const HOST: &str = "localhost";

/// What a server has.
pub(crate) mod pki {
    use super::{DerSignature, Signer, SigningKey};
    use rustls_pki_types::CertificateDer;

    /// Its chain, and the key of the first certificate.
    pub(crate) struct Identity {
        pub(crate) chain: Vec<CertificateDer<'static>>,
        pub(crate) key: SigningKey,
    }

    impl Identity {
        pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
            let signature: DerSignature = self.key.sign(message);
            signature.as_bytes().to_vec()
        }
    }
}

/// The server with this chain, whatever that is.
pub(crate) fn identity(chain: Vec<Vec<u8>>) -> Identity {
    let chain = chain.iter().map(|der| CertificateDer::from(der.as_slice()).into_owned()).collect();
    Identity { chain, key: SigningKey::from_slice(LEAF_KEY).expect("it is a key") }
}

/// Random numbers that are the same in every run.
pub(crate) fn rng() -> ChaCha20Rng {
    ChaCha20Rng::from_seed([42; 32])
}

/// What came of a connection.
pub(crate) struct Outcome {
    /// Whether the server was let in, or why not; `None` if both waited for each other.
    pub(crate) handshake: Option<Result<(), Failure>>,
    /// What it said then.
    pub(crate) heard: Vec<u8>,
}

/// Connects to `server` and reads until its end.
pub(crate) fn connect(wire: &Wire, server: &mut dyn Peer, host: &str, wall: WallTime) -> Outcome {
    static DER: LazyLock<CertificateDer<'static>> = LazyLock::new(|| CertificateDer::from(AUTHORITY));
    static ANCHOR: LazyLock<TrustAnchor<'static>> = LazyLock::new(|| anchor(&DER).expect("it is an authority"));
    let (mut read, mut write, mut shared) = (vec![0; RECORD_READ_LEN], [0; 1_024], Shared::new());
    let policy = Policy { anchors: Anchors::new(std::slice::from_ref(&*ANCHOR)), wall, build_unix_seconds: 0 };
    let mut rng = rng();
    let (handshake, heard) = (RefCell::new(None), RefCell::new(Vec::new()));
    let talk = async {
        let buffers = Buffers { read: &mut read, write: &mut write, shared: &mut shared };
        let mut secure = match Secure::open(wire.socket(), host, &policy, buffers, &mut rng).await {
            Ok(secure) => secure,
            Err(failure) => return *handshake.borrow_mut() = Some(Err(failure)),
        };
        *handshake.borrow_mut() = Some(Ok(()));
        let mut piece = [0; 700];
        while secure.ready().await.is_ok() {
            match secure.read(&mut piece).await {
                Ok(Received::Data(len)) => heard.borrow_mut().extend_from_slice(&piece[..len]),
                Ok(Received::Nothing) => {}
                Ok(Received::Closed | Received::Cut) | Err(_) => return,
            }
        }
    };
    let _ = drive_while(wire, server, talk);
    Outcome { handshake: handshake.into_inner(), heard: heard.into_inner() }
}
