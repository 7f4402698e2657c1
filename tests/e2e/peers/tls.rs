//! TLS of OpenSSL and of GnuTLS at the other end, without a Cloud behind it.

use super::chain::{ALL, Chain, Kinds};
use super::{program, serve};
use crate::support::*;
use std::fs;
use std::process::Stdio;

/// `openssl s_server`: what a client sends is its output, what the client is to get is its input.
fn openssl(chain: &Chain, port: u16, more: &[&str]) -> Daemon {
    let mut server = program("openssl");
    server.args(["s_server", "-quiet", "-accept", &format!("127.0.0.1:{port}"), "-cert"]).arg(chain.leaf());
    server.arg("-cert_chain").arg(chain.intermediate()).arg("-key").arg(chain.key()).args(more);
    server.stdin(Stdio::piped());
    serve(server, port)
}

/// `gnutls-serv`, which knows GET and nothing else.
fn gnutls(chain: &Chain, port: u16) -> Daemon {
    let mut server = program("gnutls-serv");
    server.args(["--http", "--disable-client-cert", "--port", &port.to_string(), "--x509certfile"]).arg(chain.full());
    server.arg("--x509keyfile").arg(chain.key());
    serve(server, port)
}

/// A machine with a key that trusts a new chain.
fn machine(kinds: Kinds) -> (Machine, Chain) {
    let machine = Machine::new();
    machine.give_key();
    let chain = Chain::make(machine.root().join("chain"), kinds);
    fs::write(machine.file("cloud_fullchain.pem"), chain.root_pem()).unwrap();
    (machine, chain)
}

fn arguments(port: u16) -> [String; 3] {
    ["claim", "-token=x", &format!("-url=https://localhost:{port}")].map(str::to_owned)
}

#[test]
fn a_claim_is_made_over_the_tls_of_openssl_with_every_kind_of_chain() {
    if !have(&["openssl"]) {
        return;
    }
    for kinds in ALL {
        let ((machine, chain), port) = (machine(kinds), free_port());
        let mut server = openssl(&chain, port, &["-tls1_3"]);
        let claim = Daemon::start(machine.command(&arguments(port)));
        server.wait_for("PUT /api/v1/spaces/nodes/", 0);
        server.wait_for("Content-Length: ", 0);
        server.tell("HTTP/1.1 204 No Content\r\n\r\n");
        let (status, said) = claim.wait();
        assert!(status.success(), "{kinds:?}: {said}\n{}", server.said());
        assert!(machine.file("claimed_id").exists());
        println!("{:18} openssl: claimed", kinds.name);
    }
}

#[test]
fn the_tls_of_gnutls_is_passed_with_every_kind_of_chain() {
    if !have(&["openssl", "gnutls-serv"]) {
        return;
    }
    for kinds in ALL {
        let ((machine, chain), port) = (machine(kinds), free_port());
        let server = gnutls(&chain, port);
        let claim = Daemon::start(machine.command(&arguments(port)));
        // It echoes what it is sent, which is no answer and ends the claim.
        let (_, said) = claim.wait();
        let failure = said.lines().find(|line| line.contains("http: the answer is not HTTP"));
        let failure = failure.unwrap_or_else(|| panic!("{said}\n{}", server.said()));
        println!("{:18} gnutls: {failure}", kinds.name);
    }
}

#[test]
fn what_a_real_server_does_not_share_with_us_is_named() {
    if !have(&["openssl"]) {
        return;
    }
    let (machine, chain) = machine(ALL[0]);
    for (limits, alert) in [
        (&["-tls1_2"][..], "protocol_version"),
        (&["-groups", "X25519"], "handshake_failure"),
        (&["-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"], "handshake_failure"),
    ] {
        let port = free_port();
        let _server = openssl(&chain, port, limits);
        println!("{}", limits.join(" "));
        let claim = Daemon::start(machine.command(&arguments(port)));
        claim.wait_for(&format!("tls: server sent alert {alert} (retry in "), 0);
    }
}

/// What the documentation has people put there, and what `openssl s_client -showcerts` prints: no root is in it.
#[test]
fn the_full_chain_of_the_server_is_enough_to_trust_it() {
    if !have(&["openssl"]) {
        return;
    }
    let ((machine, chain), port) = (machine(ALL[0]), free_port());
    fs::copy(chain.full(), machine.file("cloud_fullchain.pem")).unwrap();
    let mut server = openssl(&chain, port, &["-tls1_3"]);
    let claim = Daemon::start(machine.command(&arguments(port)));
    server.wait_for("Content-Length: ", 0);
    server.tell("HTTP/1.1 204 No Content\r\n\r\n");
    let (status, said) = claim.wait();
    assert!(status.success(), "{said}\n{}", server.said());
}
