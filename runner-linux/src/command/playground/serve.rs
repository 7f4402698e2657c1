//! Files over HTTP, to be read only.

use super::site::{File, Site};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Connections at once: a browser makes six for a page, and there may be several.
const CONNECTIONS: usize = 64;
/// How long the head of a request may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long to wait with the next connection when the system gives us none.
const BREATH: Duration = Duration::from_millis(100);

/// What every answer says: nothing comes from elsewhere, nothing is inline, and no other site may frame or sniff it. The page
/// compiles WebAssembly, which has a word of its own. docs/playground.md has the same for other hosts.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self'; \
         img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    // After an update the files have to fit each other.
    (header::CACHE_CONTROL, "no-cache"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

type Reply = Response<Full<Bytes>>;

/// Serves until it is dropped.
pub(super) async fn serve(listener: TcpListener, site: Site) {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) if clients.len() < CONNECTIONS => drop(clients.spawn(attend(socket, site))),
                Ok(_) => {}
                Err(_) => tokio::time::sleep(BREATH).await,
            },
            Some(_) = clients.join_next() => {}
        }
    }
}

async fn attend(socket: TcpStream, site: Site) {
    let handle = |request: Request<Incoming>| async move {
        Ok::<_, Infallible>(answer(site, request.method(), request.uri().path()))
    };
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    // A client that breaks off is none of our business.
    let _ = builder.serve_connection(TokioIo::new(socket), service_fn(handle)).await;
}

fn answer(site: Site, method: &Method, path: &str) -> Reply {
    const TEXT: &str = "text/plain; charset=utf-8";
    if !matches!(*method, Method::GET | Method::HEAD) {
        let mut reply = reply(StatusCode::METHOD_NOT_ALLOWED, TEXT, b"only to be read");
        reply.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return reply;
    }
    match site.file(path) {
        Some(File { kind, body }) => reply(StatusCode::OK, kind, body),
        None => reply(StatusCode::NOT_FOUND, TEXT, b"there is nothing at this path"),
    }
}

fn reply(status: StatusCode, kind: &'static str, body: &'static [u8]) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from_static(body)));
    *reply.status_mut() = status;
    for (name, value) in HEADERS {
        reply.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}
