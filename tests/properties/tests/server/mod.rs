//! Servers that are who they say, and others, behind TLS; and what holds for all of them.
//!
//! The servers are those of the tests of the core.
#![allow(dead_code, unreachable_pub, unexpected_cfgs, reason = "the tests of the core use more of it")]

#[path = "../../../../core/tests/tls/support/heap.rs"]
mod heap;
#[path = "../../../../core/tests/tls/support/peer.rs"]
mod peer;
#[path = "../../../../core/tests/tls/support/pki.rs"]
mod pki;
#[path = "../../../../core/tests/tls/support/wire.rs"]
mod wire;

use aclk_core::clock::{Trust, WallTime};
use aclk_core::stage::{Failure, Stage};
use aclk_core::tls::{Anchors, Buffers, Policy, RECORD_READ_LEN, Secure, Shared, anchor};
use chacha20::ChaCha20Rng;
use peer::Rustls;
use pki::{Authority, key, server_params};
use proptest::prelude::*;
use proptest::sample::select;
use rand_core::SeedableRng;
use rcgen::PKCS_ECDSA_P256_SHA256;
use wire::{Drip, Wire, drive};

/// What the device has to say, once it knows to whom.
const SECRET: &[u8] = b"a-claiming-token-that-only-the-cloud-may-read";
/// The day in the middle of the certificates' lives, which are the year 2025.
const MIDSUMMER: u64 = 1_751_328_000;
const DAY: u64 = 86_400;

/// A server, and the device's idea of it.
#[derive(Debug, Clone)]
pub struct Server {
    /// Of the device.
    seed: u64,
    /// The names in its certificate.
    names: Vec<&'static str>,
    /// Whether an authority that the device trusts has signed it, or one that only has the same name.
    is_trusted: bool,
    /// Days from the middle of 2025.
    day: i64,
    /// Bytes that the device's socket hands over, and takes, at a time.
    drip: (usize, usize),
}

/// All servers.
pub fn servers() -> impl Strategy<Value = Server> {
    let names = select(vec![
        vec!["localhost"],
        vec!["cloud.example", "localhost"],
        vec!["*.example", "localhost.example"],
        vec!["localhost.example"],
        vec!["ocalhost"],
        vec!["127.0.0.1"],
        vec![],
    ]);
    let day = prop_oneof![3 => -150_i64..150, 1 => 200_i64..4_000, 1 => -4_000_i64..-200];
    let drip = (prop_oneof![1_usize..40, 40_usize..20_000], prop_oneof![1_usize..40, 40_usize..20_000]);
    (any::<u64>(), names, prop::bool::weighted(0.7), day, drip)
        .prop_map(|(seed, names, is_trusted, day, drip)| Server { seed, names, is_trusted, day, drip })
}

/// A device says its secret to a server that is who it should be, and to no other; and nobody on the way reads it.
pub fn hears_the_secret_only_if_it_is_the_right_one(server: &Server) -> Result<(), String> {
    let (root, other) = (Authority::new(), Authority::new());
    let issuer = if server.is_trusted { &root } else { &other };
    let identity = issuer.server(&server_params(&server.names), key(&PKCS_ECDSA_P256_SHA256));
    let mut peer = Rustls::new(&identity);
    peer.echoes = false;
    let mut wire = Wire::default();
    wire.set_drip(Drip { read: server.drip.0, write: server.drip.1 });

    let seconds = MIDSUMMER.saturating_add_signed(server.day * DAY as i64);
    let anchors = [anchor(&root.der).expect("it is one")];
    let wall = WallTime { unix_us: seconds * 1_000_000, trust: Trust::Trusted };
    let policy = Policy { anchors: Anchors::new(&anchors), wall, build_unix_seconds: 0 };
    let (mut read, mut write, mut shared) = (vec![0; RECORD_READ_LEN], vec![0; 2_048], Shared::new());
    let buffers = Buffers { read: &mut read, write: &mut write, shared: &mut shared };
    let mut rng = ChaCha20Rng::seed_from_u64(server.seed);
    let socket = wire.socket();
    let outcome: Result<(), Failure> = drive(&wire, &mut peer, async {
        let mut secure = Secure::open(socket, "localhost", &policy, buffers, &mut rng).await?;
        let said = async {
            secure.write_all(SECRET).await?;
            secure.flush().await
        };
        said.await.expect("the server takes it");
        Ok(())
    });
    wire::Peer::step(&mut peer, &wire);

    let is_right = server.is_trusted && server.names.contains(&"localhost") && server.day.abs() < 180;
    let read_on_the_way = wire.sent().windows(SECRET.len()).any(|bytes| bytes == SECRET);
    match outcome {
        _ if read_on_the_way => Err("the secret can be read on the way".to_owned()),
        Ok(()) if !is_right => Err("a server that is not the right one was told the secret".to_owned()),
        Ok(()) if peer.heard != SECRET => Err("the server did not hear what was said".to_owned()),
        Err(failure) if is_right => Err(format!("the right server was refused: {failure}")),
        Err(failure) if failure.stage != Stage::Tls || failure.cause.is_empty() => {
            Err(format!("no reason: {failure:?}"))
        }
        Err(_) if !peer.heard.is_empty() || wire.application_records() > 0 => {
            Err("data was sent all the same".to_owned())
        }
        _ => Ok(()),
    }
}
