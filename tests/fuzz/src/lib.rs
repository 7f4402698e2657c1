//! Fuzz targets: hostile bytes for everything here that reads bytes of others. How to run them, and what each of them covers,
//! is in `docs/fuzzing.md`.
//!
//! A target is a function of bytes that panics if something is wrong. This crate is what they are made of, on any toolchain:
//! `tests/replay.rs` gives every input of `corpus` and `regressions` to its target, and `examples/seeds` writes the
//! corpus. The programs that libFuzzer drives are in `fuzz`, which is a workspace of its own.

mod bench;
#[path = "../../../core/tests/differential/compare/mod.rs"]
#[allow(dead_code, missing_docs, unreachable_pub)] // the tests there need more of it
mod compare;
pub mod input;
mod targets;

pub use bench::tls::script::vector;

/// Something to be attacked.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: that of its program, and of its folder in `corpus`.
    pub name: &'static str,
    /// What reads the bytes, in a line.
    pub about: &'static str,
    /// Attacks it.
    ///
    /// # Panics
    /// If something is wrong.
    pub run: fn(&[u8]),
}

const fn target(name: &'static str, run: fn(&[u8]), about: &'static str) -> Target {
    Target { name, about, run }
}

/// All targets.
pub const TARGETS: &[Target] = &[
    target("http_reply", targets::http::run, "HTTP/1.1 responses, in pieces, against ureq-proto"),
    target("websocket", targets::websocket::run, "frames of a server, in pieces, against tungstenite"),
    target("mqtt", targets::mqtt::run, "packets of a broker, in pieces, against mqtt-protocol-core"),
    target("json", targets::json::run, "documents, against serde_json"),
    target("cloud_replies", targets::replies::run, "/env, challenge, password, and the answer to a claim"),
    target("protobuf", targets::protobuf::run, "messages of the Cloud, against prost"),
    target("query", targets::query::run, "HTTP requests over the link, and their answers"),
    target("der_pem", targets::der_pem::run, "private keys and trust anchors, PEM and DER"),
    target("certificate", targets::certificate::run, "the certificate chain of a server, in a handshake"),
    target("records", targets::records::run, "TLS records and messages of a server, encrypted and not"),
    target("proxy", targets::proxy::run, "answers of HTTP and SOCKS5 proxies"),
    target("conf", targets::conf::run, "netdata.conf, claim.conf, cloud.conf, and the URLs in them"),
    target("pipe", targets::pipe::run, "requests and answers of netdata.pipe"),
    target("session", targets::session::run, "the whole engine, with a hostile Cloud, faults and time"),
    target("local_api", targets::local_api::run, "HTTP requests to the local API, in pieces"),
    target("console", targets::console::run, "what is typed on the serial console of firmware"),
    target("flash", targets::flash::run, "the store of firmware on flash that holds anything"),
    target("inspect", targets::inspect::run, "the inspector of the playground, from Ethernet up"),
];

/// Longest input that makes sense, in bytes.
pub const LONGEST: usize = 8_192;

/// The target of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Attacks the target of this name.
///
/// # Panics
/// If there is none, or if something is wrong.
pub fn attack(name: &str, input: &[u8]) {
    let target = find(name).expect("the program has the name of a target");
    (target.run)(input);
}
