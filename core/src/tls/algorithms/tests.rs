//! Signatures by the same crates that check them; the tests of the handshake have others made by ring.

use super::{Metered, P256_SHA256};
use core::sync::atomic::AtomicU8;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use rustls_pki_types::SignatureVerificationAlgorithm;
use sha2::{Digest, Sha256};
use std::vec::Vec;

// It takes SHA-384 with P-256 as well.
#[cfg(any(feature = "p384", feature = "compact-rsa"))]
mod wycheproof;

const MESSAGE: &[u8] = b"message";

/// Public key and signature, r and s, of [`MESSAGE`].
fn p256_signature() -> (Vec<u8>, [u8; 32], [u8; 32]) {
    let key = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let signature: p256::ecdsa::Signature = key.sign_prehash(&Sha256::digest(MESSAGE)).unwrap();
    let (r, s) = signature.split_bytes();
    (key.verifying_key().to_sec1_point(false).as_bytes().to_vec(), r.into(), s.into())
}

fn integer(bytes: &[u8]) -> Vec<u8> {
    let zero: &[u8] = if bytes[0] >= 0x80 { &[0] } else { &[] };
    let len = u8::try_from(zero.len() + bytes.len()).unwrap();
    [&[2, len], zero, bytes].concat()
}

fn sequence(content: &[u8]) -> Vec<u8> {
    [&[0x30, u8::try_from(content.len()).unwrap()], content].concat()
}

fn check(key: &[u8], signature: &[u8]) -> bool {
    P256_SHA256.verify_signature(key, MESSAGE, signature).is_ok()
}

#[test]
fn a_p256_signature_is_checked() {
    let (key, r, s) = p256_signature();
    let signature = sequence(&[integer(&r), integer(&s)].concat());
    assert!(check(&key, &signature));
    assert!(P256_SHA256.verify_signature(&key, b"massage", &signature).is_err());
    assert!(!check(&key, &sequence(&[integer(&s), integer(&r)].concat())));
}

#[test]
fn only_uncompressed_points_are_keys() {
    let (key, r, s) = p256_signature();
    let signature = sequence(&[integer(&r), integer(&s)].concat());
    let compressed = [&[2 + (key[64] & 1)], &key[1..33]].concat();
    let mut off_the_curve = key.clone();
    off_the_curve[10] ^= 1;
    for key in [&compressed[..], &key[..64], &[key.clone(), std::vec![0]].concat(), &[0], &[], &off_the_curve] {
        assert!(!check(key, &signature));
    }
}

#[test]
fn only_der_is_a_signature() {
    let (key, r, s) = p256_signature();
    let good = [integer(&r), integer(&s)].concat();
    let long_form = |content: &[u8]| [&[0x30, 0x81, u8::try_from(content.len()).unwrap()], content].concat();
    let padded = |bytes: &[u8]| integer(&[&[0, 0], bytes].concat());
    let zero = integer(&[0]);
    for signature in [
        Vec::new(),
        sequence(&[]),
        sequence(&integer(&r)),
        sequence(&[good.clone(), zero.clone()].concat()),
        [sequence(&good), std::vec![0]].concat(),
        long_form(&good),
        sequence(&[padded(&r), integer(&s)].concat()),
        sequence(&[zero.clone(), integer(&s)].concat()),
        sequence(&[integer(&r), zero].concat()),
        sequence(&[integer(&[0xff; 40]), integer(&s)].concat()),
        sequence(&[std::vec![2, 0], integer(&s)].concat()),
        sequence(&[std::vec![2, 1, 0xff], integer(&s)].concat()),
    ] {
        assert!(!check(&key, &signature), "{signature:02x?}");
    }
}

#[test]
fn a_metered_algorithm_stops_at_its_limit() {
    let (key, r, s) = p256_signature();
    let signature = sequence(&[integer(&r), integer(&s)].concat());
    let left = AtomicU8::new(2);
    let metered = Metered::new(P256_SHA256, &left);
    let check = || metered.verify_signature(&key, MESSAGE, &signature).is_ok();
    assert_eq!([check(), check(), check(), check()], [true, true, false, false]);
}

#[cfg(feature = "compact-rsa")]
mod rsa {
    use super::MESSAGE;
    use crate::tls::algorithms::rsa::{PKCS1_SHA256, PKCS1_SHA384, PSS_SHA256, PSS_SHA384};
    use chacha20::ChaCha20Rng;
    use rand_core::SeedableRng;
    use rsa::pkcs1::EncodeRsaPublicKey;
    use rsa::sha2::{Digest, Sha256};
    use rsa::{Pkcs1v15Sign, Pss, RsaPrivateKey};
    use rustls_pki_types::SignatureVerificationAlgorithm;
    use std::vec::Vec;

    fn rng() -> ChaCha20Rng {
        ChaCha20Rng::from_seed([3; 32])
    }

    fn key(bits: usize) -> (RsaPrivateKey, Vec<u8>) {
        let key = RsaPrivateKey::new(&mut rng(), bits).unwrap();
        let public = key.to_public_key().to_pkcs1_der().unwrap().as_bytes().to_vec();
        (key, public)
    }

    fn check(algorithm: &dyn SignatureVerificationAlgorithm, key: &[u8], signature: &[u8]) -> bool {
        algorithm.verify_signature(key, MESSAGE, signature).is_ok()
    }

    #[test]
    fn each_padding_and_hash_is_checked_for_itself() {
        let (key, public) = key(2_048);
        let hash = Sha256::digest(MESSAGE);
        let pkcs1 = key.sign(Pkcs1v15Sign::new::<Sha256>(), &hash).unwrap();
        let pss = key.sign_with_rng(&mut rng(), Pss::<Sha256>::new(), &hash).unwrap();
        assert!(check(PKCS1_SHA256, &public, &pkcs1));
        assert!(check(PSS_SHA256, &public, &pss));
        for algorithm in [PSS_SHA256, PSS_SHA384, PKCS1_SHA384] {
            assert!(!check(algorithm, &public, &pkcs1));
        }
        for algorithm in [PKCS1_SHA256, PSS_SHA384, PKCS1_SHA384] {
            assert!(!check(algorithm, &public, &pss));
        }
        assert!(PKCS1_SHA256.verify_signature(&public, b"massage", &pkcs1).is_err());
        assert!(PSS_SHA256.verify_signature(&public, b"massage", &pss).is_err());
    }

    #[test]
    fn the_salt_of_pss_is_as_long_as_the_hash() {
        let (key, public) = key(2_048);
        let hash = Sha256::digest(MESSAGE);
        for len in [0, 31, 33] {
            let signature = key.sign_with_rng(&mut rng(), Pss::<Sha256>::new_with_salt(len), &hash).unwrap();
            assert!(!check(PSS_SHA256, &public, &signature), "{len}");
        }
    }

    #[test]
    fn keys_that_are_too_short_are_refused() {
        for bits in [1_024, 2_040] {
            let (key, public) = key(bits);
            let signature = key.sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(MESSAGE)).unwrap();
            assert!(!check(PKCS1_SHA256, &public, &signature), "{bits}");
        }
    }

    #[test]
    fn keys_that_are_none_are_refused() {
        // Even, zero and enormous moduli; exponents of one, two and 64 bits; and no key at all.
        let encode = |modulus: &[u8], exponent: &[u8]| {
            let integer = |bytes: &[u8]| {
                let len = u16::try_from(bytes.len() + 1).unwrap().to_be_bytes();
                [&[2, 0x82, len[0], len[1], 0], bytes].concat()
            };
            let exponent = [&[2, u8::try_from(exponent.len()).unwrap()], exponent].concat();
            let content = [integer(modulus), exponent].concat();
            let len = u16::try_from(content.len()).unwrap().to_be_bytes();
            [&[0x30, 0x82, len[0], len[1]], content.as_slice()].concat()
        };
        let odd = [0xff; 256];
        let mut even = odd;
        even[255] = 0xfe;
        for key in [
            encode(&even, &[1, 0, 1]),
            encode(&odd, &[1]),
            encode(&odd, &[2]),
            encode(&odd, &[0x7f; 8]),
            encode(&[0xff; 1_025], &[1, 0, 1]),
            std::vec![0x30, 6, 2, 1, 0, 2, 1, 3],
            Vec::new(),
        ] {
            assert!(!check(PKCS1_SHA256, &key, &[0x11; 256]));
            assert!(!check(PSS_SHA256, &key, &[0x11; 256]));
        }
    }
}
