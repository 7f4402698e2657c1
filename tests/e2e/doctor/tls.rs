//! Servers that do not prove who they are, or do not speak TLS 1.3.

use super::{assert_ends, step};
use crate::support::*;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};

/// What the emulated Cloud shows, and what is said about it.
const CERTIFICATES: &[(&str, &[&str])] = &[
    (
        "tls-expired",
        &["certificate expired on ", "Is the clock of this machine right?", "has to renew the certificate"],
    ),
    ("tls-not-yet-valid", &["is not valid before ", "Is the clock of this machine right?", " slow at least"]),
    (
        "tls-wrong-host",
        &[
            "certificate is for \"wrong.example\", not \"localhost\"",
            "for \"wrong.example\", issued by",
            "misspelt host",
        ],
    ),
    (
        "tls-unknown-ca",
        &[
            "a signature in the server's certificate chain is wrong",
            "an authority was made anew, or somebody is in between",
        ],
    ),
    ("tls-self-signed", &["self-signed and not trusted", "issued by itself", "claim.d/cloud_fullchain.pem"]),
];

#[test]
fn a_certificate_that_does_not_convince_is_shown_with_the_reason() {
    for (fault, says) in CERTIFICATES {
        let cloud = cloud("");
        let machine = Machine::claimed(&cloud);
        cloud.with(|cloud, _| cloud.set_faults(fault.parse().unwrap()));
        println!("{fault}");
        let value = assert_ends(&machine, &[], (28, "tls"), says);
        assert_eq!(step(&value, "tls", "failed")["purpose"], "env");
        step(&value, "tcp", "ok");
    }
}

#[test]
fn a_private_authority_is_named_with_the_place_for_its_certificate() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    std::fs::remove_file(machine.file("cloud_fullchain.pem")).unwrap();
    let mut says = vec!["no trusted root signed the server's certificate", "\"aclk emulated Cloud root\""];
    let place = machine.file("cloud_fullchain.pem").display().to_string();
    says.push(&place);
    says.extend(["virus scanner of your network that opens TLS connections", "Update the package ca-certificates"]);
    // Somebody is trusted, and not this one.
    let pki = super::network::other_authority(&machine);
    super::assert_ends_as(
        |more| {
            let mut all = vec!["doctor"];
            all.extend(more);
            let mut command = machine.command(&all);
            command.env("SSL_CERT_FILE", &pki).env("SSL_CERT_DIR", "/nonexistent");
            command
        },
        (28, "tls"),
        &says,
    );
}

/// protocol.md 7, row 16: a static build on a system without certificates.
#[test]
fn nobody_to_trust_is_the_cause_and_not_the_server() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    std::fs::remove_file(machine.file("cloud_fullchain.pem")).unwrap();
    super::assert_ends_as(
        |more| {
            let mut all = vec!["doctor"];
            all.extend(more);
            let mut command = machine.command(&all);
            command.env("SSL_CERT_FILE", "/nonexistent").env("SSL_CERT_DIR", "/nonexistent");
            command
        },
        (28, "tls"),
        &["there are no trusted certificate authorities", "nstall the package ca-certificates", "SSL_CERT_FILE"],
    );
}

/// Answers every connection with `answer`.
fn serve(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(answer);
        }
    });
    port
}

#[test]
fn a_port_that_speaks_something_else_than_tls_is_named() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    for (answer, cause, advice) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "the answer is not TLS", "this port does not speak TLS"),
        (b"", "server closed the connection instead of answering the TLS handshake", "does not speak TLS 1.3"),
    ] {
        let url = format!("-url=https://localhost:{}", serve(answer));
        assert_ends(&machine, &[&url], (28, "tls"), &[cause, advice]);
    }
}

#[test]
fn a_server_with_tls_1_2_only_is_named() {
    if !have(&["openssl"]) {
        return;
    }
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let (key, certificate) = (machine.root().join("key.pem"), machine.root().join("cert.pem"));
    let mut make = Command::new("openssl");
    make.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=localhost",
    ]);
    make.args(["-days", "2", "-keyout"]).arg(&key).arg("-out").arg(&certificate).stderr(Stdio::null());
    assert!(make.status().unwrap().success());
    let port = free_port();
    let mut server = Command::new("openssl");
    server.args(["s_server", "-tls1_2", "-accept", &format!("127.0.0.1:{port}"), "-key"]).arg(&key);
    server.arg("-cert").arg(&certificate).stdin(Stdio::piped());
    let server = Daemon::start(server);
    server.wait_for("ACCEPT", 0);
    let url = format!("-url=https://localhost:{port}");
    assert_ends(&machine, &[&url], (28, "tls"), &["TLS 1.3 has to be enabled on the server"]);
}
