use super::SoftwareKey;
use crate::identity::key::{CIPHERTEXT_LEN, Key, KeyError, PLAINTEXT_MAX, PUBLIC_PEM_LEN, Progress};
use crate::identity::pkcs::PKCS8_MAX;
use chacha20::ChaCha8Rng;
use core::convert::Infallible;
use crypto_bigint::{Encoding, U1024};
use proptest::prelude::*;
use rand_core::{Rng, SeedableRng, TryCryptoRng, TryRng};
use rsa::pkcs1::{EncodeRsaPrivateKey, RsaPrivateKey as Parts, RsaPrivateKeyRef, UintRef};
use rsa::pkcs8::der::pem::{LineEnding, encode_string};
use rsa::pkcs8::der::{Decode, Encode};
use rsa::pkcs8::{DecodePublicKey, PrivateKeyInfoRef};
use rsa::traits::PublicKeyParts;
use rsa::{Oaep, Pkcs1v15Encrypt, RsaPublicKey};
use sha1::Sha1;
use sha2::Sha256;
use std::borrow::ToOwned;
use std::format;
use std::string::String;
use std::sync::OnceLock;
use std::vec::Vec;

fn seeded(seed: u8) -> ChaCha8Rng {
    ChaCha8Rng::from_seed([seed; 32])
}

fn generated(seed: u8) -> SoftwareKey {
    let mut key = SoftwareKey::new();
    let mut rng = seeded(seed);
    while !key.generate_step(&mut rng).unwrap().done {}
    key
}

/// One key for all tests, as PKCS#8 PEM: making it takes seconds in a debug build.
fn pem() -> &'static str {
    static PEM: OnceLock<String> = OnceLock::new();
    PEM.get_or_init(|| generated(1).private_pem().unwrap().expose_str().to_owned())
}

fn key() -> SoftwareKey {
    imported(pem().as_bytes()).unwrap()
}

fn imported(pem: &[u8]) -> Result<SoftwareKey, KeyError> {
    let mut key = SoftwareKey::new();
    key.import_pem(pem).map(|()| key)
}

fn private_text(key: &SoftwareKey) -> String {
    key.private_pem().unwrap().expose_str().to_owned()
}

fn public(key: &SoftwareKey) -> RsaPublicKey {
    RsaPublicKey::from_public_key_pem(&key.public_pem().unwrap()).unwrap()
}

/// The key as PKCS#8.
fn pkcs8() -> Vec<u8> {
    key().key.unwrap().write_pkcs8(&mut [0; PKCS8_MAX]).unwrap().to_vec()
}

/// The parts of the key as PKCS#1 has them: n, e, d, p, q, d mod p-1, d mod q-1, 1/q mod p.
fn parts() -> [Vec<u8>; 8] {
    let der = pkcs8();
    let info = PrivateKeyInfoRef::from_der(&der).unwrap();
    let key = RsaPrivateKeyRef::from_der(info.private_key.as_bytes()).unwrap();
    [
        key.modulus,
        key.public_exponent,
        key.private_exponent,
        key.prime1,
        key.prime2,
        key.exponent1,
        key.exponent2,
        key.coefficient,
    ]
    .map(|part| part.as_bytes().to_vec())
}

fn pkcs1_pem(parts: &[Vec<u8>; 8]) -> String {
    let [modulus, public_exponent, private_exponent, prime1, prime2, exponent1, exponent2, coefficient] =
        parts.each_ref().map(|part| UintRef::new(part).unwrap());
    let key = Parts {
        modulus,
        public_exponent,
        private_exponent,
        prime1,
        prime2,
        exponent1,
        exponent2,
        coefficient,
        other_prime_infos: None,
    };
    encode_string("RSA PRIVATE KEY", LineEnding::LF, key.to_pkcs1_der().unwrap().as_bytes()).unwrap()
}

#[test]
fn a_generated_key_is_complete() {
    let key = generated(2);
    let public = public(&key);
    assert_eq!(public.n().bits(), 2048);
    let ciphertext = public.encrypt(&mut seeded(3), Oaep::<Sha1>::new(), b"challenge").unwrap();
    let plaintext = key.decrypt(ciphertext[..].try_into().unwrap(), &mut seeded(4)).unwrap();
    assert_eq!(plaintext.expose(), b"challenge");
    // A store gives it back unchanged.
    let restored = imported(private_text(&key).as_bytes()).unwrap();
    assert_eq!(private_text(&restored), private_text(&key));
    assert_eq!(restored.public_pem(), key.public_pem());
}

#[test]
fn a_key_that_is_held_stays_until_the_new_one_is_complete() {
    let mut key = key();
    let before = key.public_pem().unwrap();
    let mut rng = seeded(5);
    loop {
        let progress = key.generate_step(&mut rng).unwrap();
        if progress.done {
            assert_eq!(progress.primes, 2);
            assert!(progress.candidates > 2);
            break;
        }
        assert!(key.is_present());
        assert!(key.public_pem().as_ref() == Ok(&before));
    }
    assert!(key.public_pem().unwrap() != before);
    // What comes next is another search, from the start.
    assert_eq!(key.generate_step(&mut rng), Ok(Progress { candidates: 1, primes: 0, done: false }));
}

#[test]
fn a_search_is_given_up_on_demand_on_import_and_on_error() {
    let mut rng = seeded(6);
    let second_step = |key: &mut SoftwareKey, rng: &mut ChaCha8Rng| {
        key.generate_step(rng).unwrap();
        key.generate_step(rng).unwrap();
        format!("{key:?}")
    };
    let mut key = SoftwareKey::new();
    assert!(second_step(&mut key, &mut rng).contains("generation: Some"));
    key.cancel_generation();
    assert_eq!(format!("{key:?}"), "SoftwareKey { is_present: false, generation: None }");

    second_step(&mut key, &mut rng);
    key.import_pem(pem().as_bytes()).unwrap();
    assert_eq!(format!("{key:?}"), "SoftwareKey { is_present: true, generation: None }");

    assert_eq!(key.generate_step(&mut Stuck), Err(KeyError::Device));
    assert_eq!(format!("{key:?}"), "SoftwareKey { is_present: true, generation: None }");
}

#[test]
fn without_a_key_everything_says_so() {
    let key = SoftwareKey::new();
    assert!(!key.is_present());
    assert_eq!(key.public_pem(), Err(KeyError::Missing));
    assert_eq!(key.private_pem().err(), Some(KeyError::Missing));
    assert_eq!(key.decrypt(&[1; CIPHERTEXT_LEN], &mut seeded(1)).err(), Some(KeyError::Missing));
}

#[test]
fn printing_a_key_tells_nothing_about_it() {
    let mut key = key();
    key.generate_step(&mut seeded(1)).unwrap();
    assert_eq!(
        format!("{key:?}"),
        "SoftwareKey { is_present: true, generation: Some(Generation(Progress { candidates: 1, primes: 0, done: false })) }"
    );
}

#[test]
fn the_public_key_always_has_451_bytes() {
    let pem = key().public_pem().unwrap();
    assert_eq!(pem.len(), PUBLIC_PEM_LEN);
    assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA"));
    assert!(pem.ends_with("IDAQAB\n-----END PUBLIC KEY-----\n"));
}

#[test]
fn plaintexts_from_nothing_to_214_bytes_arrive() {
    let key = key();
    let public = public(&key);
    for len in [0, 1, 32, 213, PLAINTEXT_MAX] {
        let plaintext = Vec::from_iter((0..len).map(|i| i as u8));
        let ciphertext = public.encrypt(&mut seeded(7), Oaep::<Sha1>::new(), &plaintext).unwrap();
        let decrypted = key.decrypt(ciphertext[..].try_into().unwrap(), &mut seeded(8)).unwrap();
        assert_eq!(decrypted.expose(), plaintext);
    }
    assert!(public.encrypt(&mut seeded(7), Oaep::<Sha1>::new(), &[0; PLAINTEXT_MAX + 1]).is_err());
}

#[test]
fn every_ciphertext_that_is_not_for_us_fails_the_same_way() {
    let key = key();
    let public = public(&key);
    let rng = &mut seeded(9);
    let n: [u8; CIPHERTEXT_LEN] = public.n_bytes()[..].try_into().unwrap();
    let small = |value: u8| {
        let mut bytes = [0; CIPHERTEXT_LEN];
        bytes[CIPHERTEXT_LEN - 1] = value;
        bytes
    };
    let mut n_minus_one = n;
    n_minus_one[CIPHERTEXT_LEN - 1] -= 1;
    let mut random = [0; CIPHERTEXT_LEN];
    rng.fill_bytes(&mut random);
    random[0] &= 0x7f;
    let mut wrong = Vec::from([small(0), small(1), small(2), n_minus_one, n, [0xff; CIPHERTEXT_LEN], random]);

    let right = public.encrypt(rng, Oaep::<Sha1>::new(), b"challenge").unwrap();
    for ciphertext in [
        public.encrypt(rng, Oaep::<Sha256>::new(), b"challenge").unwrap(),
        public.encrypt(rng, Oaep::<Sha1, Sha256>::new_with_mgf_hash(), b"challenge").unwrap(),
        public.encrypt(rng, Oaep::<Sha1>::new_with_label(&b"label"[..]), b"challenge").unwrap(),
        public.encrypt(rng, Pkcs1v15Encrypt, b"challenge").unwrap(),
        right.iter().rev().copied().collect(),
        right.iter().enumerate().map(|(i, byte)| byte ^ u8::from(i == 100)).collect(),
        self::public(&generated(10)).encrypt(rng, Oaep::<Sha1>::new(), b"challenge").unwrap(),
    ] {
        wrong.push(ciphertext[..].try_into().unwrap());
    }
    for ciphertext in wrong {
        assert_eq!(key.decrypt(&ciphertext, rng).err(), Some(KeyError::Decrypt), "{ciphertext:02x?}");
    }
    assert!(key.decrypt(right[..].try_into().unwrap(), rng).is_ok());
}

#[test]
fn blinding_needs_random_numbers_that_are_alive() {
    let key = key();
    let ciphertext = public(&key).encrypt(&mut seeded(1), Oaep::<Sha1>::new(), b"challenge").unwrap();
    assert_eq!(key.decrypt(ciphertext[..].try_into().unwrap(), &mut Stuck).err(), Some(KeyError::Device));
}

#[test]
fn both_forms_of_a_key_are_the_same_key() {
    let pkcs1 = pkcs1_pem(&parts());
    let key = imported(pkcs1.as_bytes()).unwrap();
    assert_eq!(private_text(&key), pem());
    assert_eq!(private_text(&imported(pkcs1.replace('\n', "\r\n").as_bytes()).unwrap()), pem());
    assert_eq!(private_text(&imported(pem().trim_end().as_bytes()).unwrap()), pem());
}

#[test]
fn the_smaller_prime_may_come_first() {
    let [n, e, d, p, q, dp, dq, _] = parts();
    let (inverse, _) = U1024::from_be_slice(&p).inv_odd_mod(&U1024::from_be_slice(&q));
    let inverse = inverse.to_be_bytes().iter().copied().skip_while(|&byte| byte == 0).collect();
    let key = imported(pkcs1_pem(&[n, e, d, q, p, dq, dp, inverse]).as_bytes()).unwrap();
    assert_eq!(key.public_pem(), self::key().public_pem());
    let ciphertext = public(&key).encrypt(&mut seeded(1), Oaep::<Sha1>::new(), b"challenge").unwrap();
    assert_eq!(key.decrypt(ciphertext[..].try_into().unwrap(), &mut seeded(2)).unwrap().expose(), b"challenge");
}

#[test]
fn parts_that_contradict_each_other_are_refused() {
    let good = parts();
    for part in [0, 2, 3, 4, 5, 6, 7] {
        for byte in [0, 1, good[part].len() / 2, good[part].len() - 1] {
            let mut bad = good.clone();
            // Keeps the size of the number and its lowest bit.
            bad[part][byte] ^= 0x02;
            assert_eq!(imported(pkcs1_pem(&bad).as_bytes()).err(), Some(KeyError::Inconsistent), "{part} {byte}");
        }
        let mut zero = good.clone();
        zero[part] = Vec::from([0]);
        let why = if part == 0 { KeyError::Unsupported } else { KeyError::Inconsistent };
        assert_eq!(imported(pkcs1_pem(&zero).as_bytes()).err(), Some(why), "{part}");
    }
    let [n, e, d, p, _, dp, _, qinv] = good;
    let square = {
        let (low, high) = U1024::from_be_slice(&p).square_wide();
        high.concat(&low).to_be_bytes().to_vec()
    };
    for (bad, why) in [
        // p twice
        (
            [square, e.clone(), d.clone(), p.clone(), p.clone(), dp.clone(), dp.clone(), qinv.clone()],
            KeyError::Inconsistent,
        ),
        // 1·n
        ([n.clone(), e, d, n, Vec::from([1]), dp.clone(), dp, qinv], KeyError::Unsupported),
    ] {
        assert_eq!(imported(pkcs1_pem(&bad).as_bytes()).err(), Some(why));
    }
}

#[test]
fn other_exponents_and_sizes_are_refused() {
    let with = |part: usize, value: &[u8]| {
        let mut parts = parts();
        parts[part] = value.to_vec();
        imported(pkcs1_pem(&parts).as_bytes()).err()
    };
    for e in [&[3][..], &[1], &[0], &[1, 0, 0], &[1, 0, 3], &[1; 5], &[0x7f; 300]] {
        assert_eq!(with(1, e), Some(KeyError::Unsupported), "{e:?}");
    }
    for n in [&[0xff; 128][..], &[0xff; 255], &[0x7f; 256], &[0xff; 257], &[0xff; 512]] {
        assert_eq!(with(0, n), Some(KeyError::Unsupported), "{} bytes", n.len());
    }
}

#[test]
fn a_failed_import_leaves_the_key_that_is_held() {
    let mut key = key();
    assert_eq!(key.import_pem(b"-----BEGIN PRIVATE KEY-----\n"), Err(KeyError::Format));
    assert_eq!(private_text(&key), pem());
}

#[test]
fn the_inside_must_be_the_structure_of_the_label() {
    let swapped = pem().replace("PRIVATE KEY", "RSA PRIVATE KEY");
    assert_eq!(imported(swapped.as_bytes()).err(), Some(KeyError::Format));
    let swapped = pkcs1_pem(&parts()).replace("RSA PRIVATE KEY", "PRIVATE KEY");
    assert_eq!(imported(swapped.as_bytes()).err(), Some(KeyError::Format));
    let public = key().public_pem().unwrap().replace("PUBLIC KEY", "PRIVATE KEY");
    assert_eq!(imported(public.as_bytes()).err(), Some(KeyError::Format));
    let null_missing = {
        let der = pkcs8();
        let mut info = PrivateKeyInfoRef::from_der(&der).unwrap();
        info.algorithm.parameters = None;
        encode_string("PRIVATE KEY", LineEnding::LF, &info.to_der().unwrap()).unwrap()
    };
    assert_eq!(imported(null_missing.as_bytes()).err(), Some(KeyError::Format));
}

#[test]
fn a_truncated_file_is_never_a_key() {
    // Only the last line end may be missing.
    let whole = pem().trim_end().len();
    for len in 0..whole {
        assert_eq!(imported(&pem().as_bytes()[..len]).err(), Some(KeyError::Format), "{len}");
    }
    assert_eq!(imported(&pem().as_bytes()[..whole]).map(|key| private_text(&key)).as_deref(), Ok(pem()));
}

#[test]
fn a_flipped_bit_is_never_another_key() {
    for pem in [pem().to_owned(), pkcs1_pem(&parts())] {
        let mut bytes = pem.clone().into_bytes();
        let mut refused = 0;
        for index in 0..bytes.len() {
            for bit in 0..8 {
                bytes[index] ^= 1 << bit;
                // What is still read (a flip of white space, say) has to be the very same key.
                match imported(&bytes) {
                    Ok(key) => assert_eq!(private_text(&key), self::pem(), "byte {index} bit {bit}"),
                    Err(_) => refused += 1,
                }
                bytes[index] ^= 1 << bit;
            }
        }
        assert!(refused > bytes.len() * 8 * 98 / 100, "{refused} of {}", bytes.len() * 8);
    }
}

proptest! {
    #[test]
    fn any_structure_is_read_or_refused(
        der in prop::collection::vec(any::<u8>(), 0..1600),
        label in prop_oneof![Just("PRIVATE KEY"), Just("RSA PRIVATE KEY")],
    ) {
        let pem = encode_string(label, LineEnding::CRLF, &der).unwrap();
        prop_assert!(imported(pem.as_bytes()).is_err());
    }

    #[test]
    fn a_damaged_structure_is_refused_or_the_same_key(
        at in any::<prop::sample::Index>(),
        len in 0_usize..20,
        with in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut der = pkcs8();
        let start = at.index(der.len());
        let end = (start + len).min(der.len());
        der.splice(start..end, with);
        let damaged = encode_string("PRIVATE KEY", LineEnding::LF, &der).unwrap();
        if let Ok(key) = imported(damaged.as_bytes()) {
            prop_assert_eq!(private_text(&key), pem());
        }
    }
}

/// A generator that always returns zeros, as broken hardware does.
struct Stuck;

impl TryRng for Stuck {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, block: &mut [u8]) -> Result<(), Infallible> {
        block.fill(0);
        Ok(())
    }
}

impl TryCryptoRng for Stuck {}
