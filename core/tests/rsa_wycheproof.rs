//! The decryption of challenges against the vectors of Project Wycheproof.

use aclk_core::identity::key::{Key, KeyError};
use aclk_core::identity::software::SoftwareKey;
use chacha20::ChaCha20Rng;
use rand_core::SeedableRng;
use wycheproof::TestResult;
use wycheproof::rsa_oaep::{TestGroup, TestName, TestSet};

/// How the vectors of a set came out.
#[derive(Debug, Default, PartialEq)]
struct Counts {
    valid_decrypted: usize,
    invalid_refused: usize,
    /// Encrypted with a label, which the Cloud has none of.
    labelled_refused: usize,
    /// Of a length that no ciphertext for us has: these never reach the key.
    wrong_length: usize,
}

fn imported(group: &TestGroup) -> Result<SoftwareKey, KeyError> {
    let mut key = SoftwareKey::new();
    key.import_pem(group.pem.as_bytes()).map(|()| key)
}

#[test]
fn ciphertexts_are_decrypted_or_refused_as_they_should() {
    let set = TestSet::load(TestName::Rsa2048Sha1Mgf1Sha1).unwrap();
    let mut counts = Counts::default();
    for group in &set.test_groups {
        let key = imported(group).unwrap();
        for test in &group.tests {
            let Ok(ciphertext) = test.ct[..].try_into() else {
                assert!(test.result.must_fail(), "{}", test.tc_id);
                counts.wrong_length += 1;
                continue;
            };
            let decrypted = key.decrypt(ciphertext, &mut ChaCha20Rng::from_seed([1; 32]));
            match (test.result, decrypted) {
                (TestResult::Valid, Ok(plaintext)) if test.label.is_empty() => {
                    assert_eq!(plaintext.expose(), &test.pt[..], "{}: {}", test.tc_id, test.comment);
                    counts.valid_decrypted += 1;
                }
                (TestResult::Valid, Err(KeyError::Decrypt)) if !test.label.is_empty() => counts.labelled_refused += 1,
                (TestResult::Invalid, Err(KeyError::Decrypt)) => counts.invalid_refused += 1,
                (expected, got) => panic!("{}: {}: {expected:?}, {got:?}", test.tc_id, test.comment),
            }
        }
    }
    println!("RSA-OAEP 2048, SHA-1, MGF1-SHA-1: {counts:?}");
    assert!(counts.valid_decrypted >= 10 && counts.invalid_refused >= 10, "{counts:?}");
}

/// Valid, but not in the way that is agreed on: whoever sends these does not speak to us.
#[test]
fn ciphertexts_with_other_hashes_are_refused() {
    for name in [
        TestName::Rsa2048Sha224Mgf1Sha1,
        TestName::Rsa2048Sha224Mgf1Sha224,
        TestName::Rsa2048Sha256Mgf1Sha1,
        TestName::Rsa2048Sha256Mgf1Sha256,
        TestName::Rsa2048Sha384Mgf1Sha1,
        TestName::Rsa2048Sha384Mgf1Sha384,
        TestName::Rsa2048Sha512Mgf1Sha1,
        TestName::Rsa2048Sha512Mgf1Sha512,
    ] {
        let mut refused = 0;
        for group in &TestSet::load(name).unwrap().test_groups {
            let key = imported(group).unwrap();
            for test in &group.tests {
                let Ok(ciphertext) = test.ct[..].try_into() else { continue };
                let decrypted = key.decrypt(ciphertext, &mut ChaCha20Rng::from_seed([1; 32]));
                assert_eq!(decrypted.err(), Some(KeyError::Decrypt), "{name:?} {}", test.tc_id);
                refused += 1;
            }
        }
        println!("{name:?}: {refused} refused");
        assert!(refused > 10);
    }
}

#[test]
fn keys_of_other_sizes_are_refused() {
    let (mut taken, mut refused) = (0, 0);
    for name in [TestName::RsaMisc, TestName::Rsa3072Sha256Mgf1Sha1, TestName::Rsa4096Sha256Mgf1Sha1] {
        for group in &TestSet::load(name).unwrap().test_groups {
            match imported(group) {
                Ok(_) => {
                    assert_eq!(group.key_size, 2048);
                    taken += 1;
                }
                Err(error) => {
                    assert_eq!(error, KeyError::Unsupported, "{}", group.key_size);
                    refused += 1;
                }
            }
        }
    }
    println!("keys: {taken} taken, {refused} refused");
    assert!(refused > 2);
}
