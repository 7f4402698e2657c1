//! Certificates for the targets of TLS: one that is let in, and others that are nearly. The same in every run.

use crate::support::forge::{self, Forged, KEY_USAGE, NAME_CONSTRAINTS, SUBJECT_ALT_NAME, Signer, UNKNOWN, names};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use rcgen::{PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm};

/// A key whose signatures are the same in every run.
struct Fixed {
    key: SigningKey,
    point: Vec<u8>,
}

impl Fixed {
    fn new(byte: u8) -> Self {
        let key = SigningKey::from_slice(&[byte; 32]).unwrap();
        let point = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
        Self { key, point }
    }

    fn signer(&self) -> Signer<'_> {
        Box::new(|message| {
            let signature: DerSignature = self.key.sign(message);
            signature.as_bytes().to_vec()
        })
    }
}

impl PublicKeyData for Fixed {
    fn der_bytes(&self) -> &[u8] {
        &self.point
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// What the certificates are for.
pub(crate) struct Certificates {
    pub(crate) authority: Vec<u8>,
    pub(crate) leaf: Vec<u8>,
    /// Signed by an authority below the authority.
    pub(crate) below: Vec<u8>,
    pub(crate) leaf_key: [u8; 32],
    /// Chains by name.
    pub(crate) chains: Vec<(&'static str, Vec<Vec<u8>>)>,
}

pub(crate) fn make() -> Certificates {
    let (root, middle, leaf) = (Fixed::new(0x11), Fixed::new(0x22), Fixed::new(0x33));
    let by_root = |forged: Forged| forged.signed(&root.signer()).to_vec();
    let server = || Forged::server("root", &leaf);
    let authority = by_root(Forged::authority("root", "root", &root));
    let good = by_root(server());
    let middle_der = by_root(Forged::authority("middle", "root", &middle));
    let below = Forged::server("middle", &leaf).signed(&middle.signer()).to_vec();
    let constrained =
        Forged::authority("middle", "root", &middle).with(NAME_CONSTRAINTS, true, forge::excluded("localhost"));
    let powerless = Forged::authority("middle", "root", &middle).without(KEY_USAGE);
    let chains = vec![
        ("good", vec![good.clone()]),
        ("with-authority", vec![good.clone(), authority.clone()]),
        ("below-middle", vec![below.clone(), middle_der]),
        ("below-nobody", vec![below.clone()]),
        ("below-constrained", vec![below.clone(), by_root(constrained)]),
        ("below-powerless", vec![below.clone(), by_root(powerless)]),
        ("other-name", vec![by_root(server().instead(SUBJECT_ALT_NAME, false, names(&["other.test", "*.test"])))]),
        ("no-name", vec![by_root(server().without(SUBJECT_ALT_NAME))]),
        ("unknown-critical", vec![by_root(server().with(UNKNOWN, true, vec![5, 0]))]),
        ("expired", vec![by_root(Forged { not_after: "250201000000Z", ..server() })]),
        ("version-1", vec![by_root(Forged { version: None, extensions: Vec::new(), ..server() })]),
        ("signed-by-itself", vec![Forged::server("server", &leaf).signed(&leaf.signer()).to_vec()]),
        ("nobody", vec![]),
    ];
    Certificates { authority, leaf: good, below, leaf_key: [0x33; 32], chains }
}
