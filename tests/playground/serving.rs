//! `aclk playground` itself: what it serves, and what it says where there is nothing to serve.

use crate::visit::Server;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

fn playground(arguments: &[&str]) -> (i32, String) {
    let ended = Command::new(env!("CARGO_BIN_EXE_aclk")).arg("playground").args(arguments).output().unwrap();
    let said = [ended.stdout, ended.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (ended.status.code().unwrap(), said)
}

/// Head, with its names in lower case, and body.
fn ask(url: &str, request: &str) -> (String, Vec<u8>) {
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "{request} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let body = answer.split_off(end + 4);
    (String::from_utf8(answer).unwrap().to_ascii_lowercase(), body)
}

#[test]
fn each_file_comes_with_its_type_and_what_keeps_strangers_out() {
    let Some(server) = Server::start() else { return };
    let url = server.url();
    let (head, body) = ask(url, "GET /");
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    for line in [
        "content-type: text/html; charset=utf-8",
        "x-content-type-options: nosniff",
        "content-security-policy: default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'",
    ] {
        assert!(head.contains(line), "no {line:?} in {head}");
    }
    assert!(!head.contains("unsafe-inline"), "{head}");
    let page = String::from_utf8(body).unwrap();
    // What the page asks for is there, under the type that browsers insist on, and nothing of it is inline.
    for (file, kind) in [("style.css", "text/css"), ("playground.js", "text/javascript"), ("icon.svg", "image/svg+xml")]
    {
        assert!(page.contains(&format!("\"{file}\"")), "{page}");
        let (head, body) = ask(url, &format!("GET /{file}"));
        assert!(head.contains(&format!("content-type: {kind}")), "{head}");
        assert!(!body.is_empty());
    }
    assert!(!page.contains("<style") && !page.contains("style=") && !page.contains("<script>"), "{page}");
    let (head, body) = ask(url, "HEAD /");
    assert!(head.starts_with("http/1.1 200 ") && body.is_empty(), "{head}");
    assert!(ask(url, "POST /").0.starts_with("http/1.1 405 "));
    for path in ["/nothing", "/../Cargo.toml", "/%2e%2e/Cargo.toml", "//"] {
        assert!(ask(url, &format!("GET {path}")).0.starts_with("http/1.1 404 "), "{path}");
    }
}

#[test]
fn an_address_that_is_none_is_refused_with_an_example() {
    let (code, said) = playground(&["--listen", "19990"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("--listen is not an address with a port"), "{said}");
    assert!(said.contains("--listen 127.0.0.1:19990"), "{said}");
}
