//! 5, 7 and the one rule for every connection: certificates that deserve no trust.

use super::handshake::{GETS_DATA, shake};
use super::support::pki::{Authority, Identity, authority_params, key, server_params};
use super::support::{Client, TODAY};
use super::{Attack, table};
use crate::clock::{Trust, WallTime};
use crate::tls::guarantees::Guarantee;
use rcgen::{CertificateParams, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, date_time_ymd};
use std::prelude::v1::*;

/// A server below `root` whose certificate was changed.
fn server(root: &Authority, change: impl FnOnce(&mut CertificateParams)) -> Identity {
    let mut params = server_params(&["localhost"]);
    change(&mut params);
    root.server(&params, key(&PKCS_ECDSA_P256_SHA256))
}

/// What becomes of a server with this certificate that does everything else right.
fn certified(change: impl FnOnce(&mut CertificateParams)) -> String {
    let root = Authority::new();
    shake(&Client::trusting(&root.der), &server(&root, change), |server| server.handshake())
}

/// The certificate of a server whose key may have been stolen at any time since.
fn of_2020(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
}

#[test]
fn guarantee_5_time_is_a_policy() {
    table(
        "5. Time is a policy",
        &[
            Attack {
                what: "a certificate that has expired",
                run: || certified(of_2020),
                with: "refused: tls: certificate expired on 2021-01-01",
                without: &[(&[Guarantee::Time], GETS_DATA)],
            },
            Attack {
                what: "the same, and a time server that says it is 2020",
                run: || {
                    let root = Authority::new();
                    let lie = WallTime { unix_us: 1_600_000_000_000_000, trust: Trust::Network };
                    let client = Client { build: TODAY, ..Client::trusting(&root.der).at(lie) };
                    shake(&client, &server(&root, of_2020), |server| server.handshake())
                },
                with: "refused: tls: certificate expired on 2021-01-01",
                without: &[(&[Guarantee::Time], GETS_DATA)],
            },
            Attack {
                what: "a certificate of next year, and no clock",
                run: || {
                    let root = Authority::new();
                    let unset = WallTime { unix_us: 0, trust: Trust::Floor };
                    let client = Client { build: TODAY, ..Client::trusting(&root.der).at(unset) };
                    let identity = server(&root, |params| {
                        params.not_before = date_time_ymd(2026, 1, 1);
                        params.not_after = date_time_ymd(2027, 1, 1);
                    });
                    shake(&client, &identity, |server| server.handshake())
                },
                with: "refused: tls: certificate is not valid before 2026-01-01: \
                       the clock is not set, it counts as 2025-06-01",
                without: &[(&[Guarantee::Time], GETS_DATA)],
            },
        ],
    );
}

#[test]
fn guarantee_7_a_certificate_signs_others_only_if_it_may() {
    table(
        "7. A certificate signs others only if it may",
        &[Attack {
            what: "an issuer without keyCertSign",
            run: || {
                let root = Authority::new();
                let mut params = authority_params("Lower");
                params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
                let lower = root.subordinate(params, key(&PKCS_ECDSA_P256_SHA256));
                let mut identity = lower.localhost();
                identity.chain.push(lower.der.clone());
                shake(&Client::trusting(&root.der), &identity, |server| server.handshake())
            },
            with: "refused: tls: a certificate in the server's chain was issued by one \
                   whose key usage does not allow that",
            without: &[(&[Guarantee::Issuers], GETS_DATA)],
        }],
    );
}

#[test]
fn one_rule_for_every_connection() {
    table(
        "One rule for every connection: its name, and an anchor of ours",
        &[
            Attack {
                what: "a good certificate for another host",
                run: || certified(|params| *params = server_params(&["evil.example"])),
                with: "refused: tls: certificate is for \"evil.example\", not \"localhost\"",
                without: &[(&[Guarantee::Trust], GETS_DATA)],
            },
            Attack {
                what: "a good certificate below a root that nobody chose",
                run: || {
                    let root = Authority::root("Somebody's Root", key(&PKCS_ECDSA_P256_SHA256));
                    shake(&Client::trusting(&Authority::new().der), &root.localhost(), |server| server.handshake())
                },
                with: "refused: tls: no trusted root signed the server's certificate (issuer \"Somebody's Root\")",
                without: &[(&[Guarantee::Trust], GETS_DATA)],
            },
        ],
    );
}
