//! How far a request is from the one protocol.md describes. A finding is a rule and what breaks it.

use super::Request;
use crate::config::Peer;
use crate::deviation::{AGENT_USER_AGENT, Dialect, rule};
use crate::ident::is_uuid;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Rules and what breaks them.
pub(crate) type Findings = Vec<(&'static str, String)>;

/// The parts that every request of a client shares.
fn line(request: &Request, method: &str, rule: &'static str, findings: &mut Findings) {
    if request.method != method {
        findings.push((rule, format!("method {} instead of {method}", request.method)));
    }
    if request.minor_version != 1 {
        findings.push((rule, "HTTP/1.0 instead of HTTP/1.1".to_owned()));
    }
}

/// Whether the header names are the wanted ones, in their order, each once, and written as `Name: value`.
fn headers(request: &Request, wanted: &[&str], anywhere: &[&str], rule: &'static str, findings: &mut Findings) {
    let names: Vec<_> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
    for name in names.iter().filter(|name| !wanted.contains(name) && !anywhere.contains(name)) {
        findings.push((rule, format!("unexpected header {name}")));
    }
    for name in wanted.iter().filter(|name| !names.contains(name)) {
        findings.push((rule, format!("header {name} is missing")));
    }
    let found: Vec<_> = names.iter().copied().filter(|name| wanted.contains(name)).collect();
    let ordered: Vec<_> = wanted.iter().copied().filter(|name| names.contains(name)).collect();
    if found != ordered {
        findings.push((rule, format!("headers {} instead of {}", found.join(", "), ordered.join(", "))));
    }
    let mut plain = format!("{} {} HTTP/1.{}\r\n", request.method, request.target, request.minor_version);
    for (name, value) in &request.headers {
        plain.push_str(&format!("{name}: {value}\r\n"));
    }
    plain.push_str("\r\n");
    if request.head != plain.as_bytes() {
        findings.push((rule, "the head is not made of lines `Name: value` that end in CR LF".to_owned()));
    }
}

/// `Host` without port (protocol.md 2.3 and 2.8), and the name that TLS was asked for.
fn host(request: &Request, peer: &Peer, rule: &'static str, findings: &mut Findings) {
    let Some(host) = request.header("host") else { return };
    if host_without_port(host) != host {
        findings.push((rule, format!("Host {host} has a port")));
    } else if let Some(name) = &peer.server_name
        && !name.eq_ignore_ascii_case(host)
    {
        findings.push((rule, format!("Host is {host}, TLS was asked for {name}")));
    }
}

/// The host of a `Host` header.
pub(crate) fn host_without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') && (!name.contains(':') || name.ends_with(']')) => name,
        _ => host,
    }
}

/// The parts that `/env`, challenge and password share (protocol.md 2.3).
fn https(request: &Request, method: &str, peer: &Peer, dialect: Dialect, findings: &mut Findings) {
    line(request, method, rule::HTTPS, findings);
    let mut wanted = vec!["Host", "User-Agent"];
    let mut anywhere = Vec::new();
    match dialect {
        // v1.38 to v2.9 send the proxy's credentials to the origin too.
        Dialect::Agent => anywhere.push("Proxy-Authorization"),
        Dialect::Client if method == "POST" => anywhere.push("Content-Type"),
        Dialect::Client => {}
    }
    if method == "POST" {
        wanted.push("Content-Length");
    } else if !request.body.is_empty() {
        findings.push((rule::HTTPS, "a body on a GET".to_owned()));
    }
    headers(request, &wanted, &anywhere, rule::HTTPS, findings);
    host(request, peer, rule::HTTPS, findings);
    let agent = request.header("user-agent").unwrap_or_default();
    if dialect == Dialect::Agent && agent != AGENT_USER_AGENT {
        findings.push((rule::HTTPS, format!("User-Agent {agent:?}")));
    }
}

/// `GET /api/v1/env` (protocol.md 2.4).
pub(crate) fn env(request: &Request, peer: &Peer, dialect: Dialect) -> Findings {
    let mut findings = Findings::new();
    https(request, "GET", peer, dialect, &mut findings);
    let pairs: Vec<_> = request.query().split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
    let names: Vec<_> = pairs.iter().map(|(name, _)| *name).collect();
    if names != ["v", "cap", "claim_id"] {
        findings.push((rule::ENV, format!("the query has {} instead of v, cap, claim_id", names.join(", "))));
        return findings;
    }
    let (version, capabilities, claim_id) = (pairs[0].1, pairs[1].1, pairs[2].1);
    if !version.starts_with(|c: char| c.is_ascii_digit()) {
        findings.push((rule::ENV, format!("version {version:?} does not start with a digit")));
    }
    let known = match dialect {
        Dialect::Agent => ["proto,ctx", "proto"].contains(&capabilities),
        Dialect::Client => capabilities.split(',').any(|name| name == "proto"),
    };
    if !known {
        findings.push((rule::ENV, format!("capabilities {capabilities:?}")));
    }
    if !is_uuid(claim_id) {
        findings.push((rule::ENV, format!("claim_id {claim_id:?} is not a UUID")));
    }
    findings
}

/// `GET P/node/{claim_id}/challenge` (protocol.md 2.5).
pub(crate) fn challenge(request: &Request, peer: &Peer, dialect: Dialect) -> Findings {
    let mut findings = Findings::new();
    https(request, "GET", peer, dialect, &mut findings);
    if request.target.contains('?') {
        findings.push((rule::OTP, "a query on the challenge request".to_owned()));
    }
    findings
}

/// `POST P/node/{claim_id}/password` (protocol.md 2.5), the head; the body is judged where it is read.
pub(crate) fn password(request: &Request, peer: &Peer, dialect: Dialect) -> Findings {
    let mut findings = Findings::new();
    https(request, "POST", peer, dialect, &mut findings);
    if request.target.contains('?') {
        findings.push((rule::OTP, "a query on the password request".to_owned()));
    }
    findings
}

/// The upgrade request (protocol.md 2.8).
pub(crate) fn upgrade(request: &Request, peer: &Peer, dialect: Option<Dialect>) -> Findings {
    let mut findings = Findings::new();
    line(request, "GET", rule::UPGRADE, &mut findings);
    if request.target != "/mqtt" {
        findings.push((rule::UPGRADE, format!("target {} instead of /mqtt", request.target)));
    }
    let wanted = [
        "Host",
        "Upgrade",
        "Connection",
        "Sec-WebSocket-Key",
        "Origin",
        "Sec-WebSocket-Protocol",
        "Sec-WebSocket-Version",
    ];
    // Nothing in this request tells who speaks: what a client may add, an agent is only denied where it is asked for.
    let anywhere: &[&str] = if dialect == Some(Dialect::Agent) { &[] } else { &["User-Agent"] };
    headers(request, &wanted, anywhere, rule::UPGRADE, &mut findings);
    host(request, peer, rule::UPGRADE, &mut findings);
    let mut value = |name: &str, good: &[&str]| {
        let found = request.header(name).unwrap_or_default();
        if request.header(name).is_some() && !good.contains(&found) {
            findings.push((rule::UPGRADE, format!("{name} is {found:?}")));
        }
    };
    value("Upgrade", &["websocket"]);
    value("Connection", &["Upgrade"]);
    value("Origin", &["", "http://example.com"]);
    value("Sec-WebSocket-Protocol", &["mqtt"]);
    value("Sec-WebSocket-Version", &["13"]);
    let key = request.header("Sec-WebSocket-Key").unwrap_or_default();
    if STANDARD.decode(key).map_or(true, |bytes| bytes.len() != 16) {
        findings.push((rule::UPGRADE, format!("Sec-WebSocket-Key {key:?} is not base64 of 16 bytes")));
    }
    findings
}

/// The claim request (protocol.md 1.5), the head. Script, libcurl and our own client differ in everything else.
pub(crate) fn claim(request: &Request) -> Findings {
    let mut findings = Findings::new();
    line(request, "PUT", rule::CLAIM, &mut findings);
    for name in ["Host", "Content-Length"] {
        if request.header(name).is_none() {
            findings.push((rule::CLAIM, format!("header {name} is missing")));
        }
    }
    let kind = request.header("content-type").unwrap_or_default();
    if !["application/json", "application/x-www-form-urlencoded"].contains(&kind) {
        findings.push((rule::CLAIM, format!("Content-Type {kind:?}")));
    }
    if request.target.contains('?') {
        findings.push((rule::CLAIM, "a query on the claim request".to_owned()));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::host_without_port;

    #[test]
    fn a_port_is_told_from_an_address() {
        for (host, name) in [
            ("a", "a"),
            ("a:1", "a"),
            ("127.0.0.1:80", "127.0.0.1"),
            ("[::1]", "[::1]"),
            ("[::1]:443", "[::1]"),
            ("::1", "::1"),
        ] {
            assert_eq!(host_without_port(host), name);
        }
    }
}
