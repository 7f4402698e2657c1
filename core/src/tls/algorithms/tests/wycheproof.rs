//! The vectors of Project Wycheproof: what is valid is accepted, everything else is refused.

use crate::tls::algorithms::{P256_SHA256, P256_SHA384};
use rustls_pki_types::SignatureVerificationAlgorithm;
use std::println;
use std::string::String;
use std::vec::Vec;
use wycheproof::TestResult;

/// A vector: its number and what it is about, the message, the signature, and what is right.
struct Vector {
    id: usize,
    about: String,
    message: Vec<u8>,
    signature: Vec<u8>,
    result: TestResult,
}

/// How the vectors of a set came out.
#[derive(Debug, Default, PartialEq)]
struct Counts {
    valid_accepted: usize,
    invalid_refused: usize,
    acceptable_accepted: usize,
    acceptable_refused: usize,
}

impl Counts {
    fn check(&mut self, algorithm: &dyn SignatureVerificationAlgorithm, key: &[u8], vector: &Vector) {
        let accepted = algorithm.verify_signature(key, &vector.message, &vector.signature).is_ok();
        *match (vector.result, accepted) {
            (TestResult::Valid, true) => &mut self.valid_accepted,
            (TestResult::Invalid, false) => &mut self.invalid_refused,
            (TestResult::Acceptable, true) => &mut self.acceptable_accepted,
            (TestResult::Acceptable, false) => &mut self.acceptable_refused,
            (expected, _) => panic!("{algorithm:?} {}: {}: should be {expected:?}", vector.id, vector.about),
        } += 1;
    }

    fn conclude(&self, name: impl core::fmt::Debug) {
        println!("{name:?}: {self:?}");
        assert!(self.valid_accepted > 5 && self.invalid_refused > 5, "{name:?}: {self:?}");
    }
}

macro_rules! vectors {
    ($tests:expr) => {
        $tests.iter().map(|test| Vector {
            id: test.tc_id,
            about: test.comment.clone(),
            message: test.msg.to_vec(),
            signature: test.sig.to_vec(),
            result: test.result,
        })
    };
}

mod ecdsa {
    use super::*;
    use wycheproof::ecdsa::{TestName, TestSet};

    fn run(name: TestName, algorithm: &dyn SignatureVerificationAlgorithm) {
        let mut counts = Counts::default();
        for group in &TestSet::load(name).unwrap().test_groups {
            for vector in vectors!(group.tests) {
                counts.check(algorithm, &group.key.key, &vector);
            }
        }
        counts.conclude(name);
    }

    #[test]
    fn p256_with_sha256() {
        run(TestName::EcdsaSecp256r1Sha256, P256_SHA256);
    }

    #[cfg(feature = "p384")]
    #[test]
    fn p384_with_sha384_and_sha256() {
        use crate::tls::algorithms::{P384_SHA256, P384_SHA384};
        run(TestName::EcdsaSecp384r1Sha384, P384_SHA384);
        run(TestName::EcdsaSecp384r1Sha256, P384_SHA256);
    }

    /// Signatures of two numbers of fixed length (IEEE P1363) are something else: none of them is taken for DER.
    #[test]
    fn other_forms_and_hashes_are_refused() {
        for name in
            [TestName::EcdsaSecp256r1Sha256P1363, TestName::EcdsaSecp256r1Sha512, TestName::EcdsaSecp256r1Sha3_256]
        {
            let mut refused = 0;
            for group in &TestSet::load(name).unwrap().test_groups {
                for vector in vectors!(group.tests) {
                    for algorithm in [P256_SHA256, P256_SHA384] {
                        let verdict = algorithm.verify_signature(&group.key.key, &vector.message, &vector.signature);
                        assert!(verdict.is_err(), "{name:?} {}: {}", vector.id, vector.about);
                        refused += 1;
                    }
                }
            }
            println!("{name:?}: {refused} refused");
            assert!(refused > 100);
        }
    }
}

#[cfg(feature = "compact-rsa")]
mod rsa {
    use super::*;
    use crate::tls::algorithms::rsa::{PKCS1_SHA256, PKCS1_SHA384, PKCS1_SHA512, PSS_SHA256, PSS_SHA384, PSS_SHA512};
    use wycheproof::{rsa_pkcs1_verify, rsa_pss_verify};

    #[test]
    fn pkcs1() {
        use rsa_pkcs1_verify::{TestName, TestSet};
        for (name, algorithm) in [
            (TestName::Rsa2048Sha256, PKCS1_SHA256),
            (TestName::Rsa2048Sha384, PKCS1_SHA384),
            (TestName::Rsa2048Sha512, PKCS1_SHA512),
            (TestName::Rsa3072Sha256, PKCS1_SHA256),
            (TestName::Rsa3072Sha384, PKCS1_SHA384),
            (TestName::Rsa3072Sha512, PKCS1_SHA512),
            (TestName::Rsa4096Sha256, PKCS1_SHA256),
            (TestName::Rsa4096Sha384, PKCS1_SHA384),
            (TestName::Rsa4096Sha512, PKCS1_SHA512),
            (TestName::Rsa8192Sha256, PKCS1_SHA256),
            (TestName::Rsa8192Sha384, PKCS1_SHA384),
            (TestName::Rsa8192Sha512, PKCS1_SHA512),
        ] {
            let mut counts = Counts::default();
            for group in &TestSet::load(name).unwrap().test_groups {
                for vector in vectors!(group.tests) {
                    counts.check(algorithm, &group.asn_key, &vector);
                }
            }
            counts.conclude(name);
        }
    }

    #[test]
    fn pss() {
        use rsa_pss_verify::{TestName, TestSet};
        for (name, algorithm) in [
            (TestName::RsaPss2048Sha256Mgf1SaltLen32, PSS_SHA256),
            (TestName::RsaPss2048Sha384Mgf1SaltLen48, PSS_SHA384),
            (TestName::RsaPss3072Sha256Mgf1SaltLen32, PSS_SHA256),
            (TestName::RsaPss4096Sha256Mgf1SaltLen32, PSS_SHA256),
            (TestName::RsaPss4096Sha384Mgf1SaltLen48, PSS_SHA384),
            (TestName::RsaPss4096Sha512Mgf1SaltLen64, PSS_SHA512),
        ] {
            let mut counts = Counts::default();
            for group in &TestSet::load(name).unwrap().test_groups {
                for vector in vectors!(group.tests) {
                    counts.check(algorithm, &group.asn_key, &vector);
                }
            }
            counts.conclude(name);
        }
    }

    /// What is valid with these is not for us (RFC 8446 4.2.3): MGF1 uses the same hash, and the salt is as long as it.
    #[test]
    fn pss_with_other_parameters_is_refused() {
        use rsa_pss_verify::{TestName, TestSet};
        for (name, algorithm) in [
            (TestName::RsaPss2048Sha256Mgf1SaltLen0, PSS_SHA256),
            (TestName::RsaPss2048Sha256Mgf1Sha1_20, PSS_SHA256),
            (TestName::RsaPss4096Sha512Mgf1SaltLen32, PSS_SHA512),
            (TestName::RsaPss2048Sha1Mgf1SaltLen20, PSS_SHA256),
            (TestName::RsaPss2048Sha512_256Mgf1SaltLen32, PSS_SHA256),
        ] {
            let mut refused = 0;
            for group in &TestSet::load(name).unwrap().test_groups {
                for vector in vectors!(group.tests).filter(|vector| vector.result == TestResult::Valid) {
                    let verdict = algorithm.verify_signature(&group.asn_key, &vector.message, &vector.signature);
                    assert!(verdict.is_err(), "{name:?} {}: {}", vector.id, vector.about);
                    refused += 1;
                }
            }
            println!("{name:?}: {refused} refused");
            assert!(refused > 20);
        }
    }
}
