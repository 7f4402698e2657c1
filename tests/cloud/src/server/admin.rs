//! The administrator's listener: the API of [`crate::admin`] and its page, over plain HTTP.

mod page;
mod restart;

use super::process;
use super::shared::Shared;
use crate::admin::guard::{Guard, Head, Refused};
use crate::admin::{self, Answer, Outcome, Place, Wait};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Connections at once; there is one administrator.
const CONNECTIONS: usize = 256;
/// Bytes of a request body.
const BODY: usize = 1 << 20;
/// How long a head or a body may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long to wait with the next connection when the system gives us none.
const BREATH: Duration = Duration::from_millis(100);
/// Random bytes of the credential and of the name of a session.
const RANDOM: usize = 24;

/// What every answer says: no other site may frame, sniff, keep or style it.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

type Reply = Response<Full<Bytes>>;

/// Where administrators are served.
pub(super) struct Desk {
    shared: Arc<Shared>,
    place: Place,
    guard: Mutex<Guard>,
    restarts: bool,
}

/// A random text that needs no escaping anywhere.
pub(super) fn random() -> io::Result<String> {
    let mut bytes = [0; RANDOM];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Desk {
    pub(super) fn new(shared: Arc<Shared>, place: Place, guard: Guard) -> Self {
        Self { shared, place, guard: Mutex::new(guard), restarts: false }
    }

    /// The same, and whether it may be asked to begin anew.
    pub(super) fn restarting(self, restarts: bool) -> Self {
        Self { restarts, ..self }
    }

    /// Serves until it is dropped.
    pub(super) async fn run(self, listener: TcpListener) {
        let desk = Arc::new(self);
        let mut clients = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((socket, _)) if clients.len() < CONNECTIONS => drop(clients.spawn(serve(desk.clone(), socket))),
                    Ok(_) => {}
                    Err(_) => tokio::time::sleep(BREATH).await,
                },
                Some(_) = clients.join_next() => {}
            }
        }
    }

    async fn handle(&self, request: Request<Incoming>) -> Reply {
        let (parts, body) = request.into_parts();
        let text = |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let head = Head {
            method: parts.method.as_str(),
            host: text(header::HOST),
            origin: text(header::ORIGIN),
            content_type: text(header::CONTENT_TYPE),
            authorization: text(header::AUTHORIZATION),
            cookie: text(header::COOKIE),
        };
        if let Err(refused) = self.guard().admits(&head) {
            return refusal(refused);
        }
        let path = parts.uri.path();
        if !path.starts_with("/api/") {
            return match page::file(path) {
                Some(file) if head.method == "GET" => reply(200, file.kind, file.text),
                Some(_) => plain(405, "only to be read"),
                None => plain(404, "there is nothing at this path"),
            };
        }
        // Whether to show the login is no secret.
        if (head.method, path) == ("GET", "/api/session") {
            let known = self.guard().knows(&head).is_ok();
            return json(&Answer { status: 200, body: Some(serde_json::json!({ "known": known })) });
        }
        if path != "/api/login"
            && let Err(refused) = self.guard().knows(&head)
        {
            return refusal(refused);
        }
        let body = match timeout(PATIENCE, Limited::new(body, BODY).collect()).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) => return json(&Answer::error(413, "the body is too large, or did not arrive whole")),
            Err(_) => return json(&Answer::error(408, "the body did not arrive in time")),
        };
        match (head.method, path) {
            ("POST", "/api/login") => self.log_in(&body),
            ("POST", "/api/logout") => with_cookie(json(&DONE), &self.guard().log_out(&head)),
            ("POST", "/api/restart") => json(&self.restart(&body)),
            (_, "/api/login" | "/api/logout" | "/api/restart") => json(&Answer::error(405, "POST only")),
            (method, path) => {
                let request = admin::Request {
                    method: method.to_owned(),
                    path: path.to_owned(),
                    query: parts.uri.query().unwrap_or_default().to_owned(),
                    body: body.to_vec(),
                };
                let mut answer = self.answer(&request).await;
                if let ("/api/cloud", Some(body)) = (path, &mut answer.body)
                    && answer.status == 200
                {
                    body["process"] = process::usage();
                }
                json(&answer)
            }
        }
    }

    async fn answer(&self, request: &admin::Request) -> Answer {
        match self.shared.with(|cloud, now| admin::respond(cloud, now, &self.place, request)) {
            Outcome::Now(answer) => answer,
            Outcome::Later(wait) => Waiting { shared: &self.shared, wait: Some(wait) }.end().await,
        }
    }

    fn log_in(&self, body: &[u8]) -> Reply {
        let value = serde_json::from_slice::<serde_json::Value>(body).unwrap_or_default();
        let Ok(session) = random() else { return plain(500, "there is no randomness") };
        match self.guard().log_in(value["credential"].as_str().unwrap_or_default(), session) {
            Ok(cookie) => with_cookie(json(&DONE), &cookie),
            Err(refused) => refusal(refused),
        }
    }

    fn guard(&self) -> std::sync::MutexGuard<'_, Guard> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that waits. If it is dropped before its end, whoever works for it is told.
struct Waiting<'s> {
    shared: &'s Shared,
    wait: Option<Wait>,
}

impl Waiting<'_> {
    async fn end(mut self) -> Answer {
        let mut activity = self.shared.activity();
        loop {
            let Some(wait) = &self.wait else { return DONE };
            let (answer, now) = self.shared.with(|cloud, now| (admin::resume(cloud, now, wait), now));
            if let Some(answer) = answer {
                self.wait = None;
                return answer;
            }
            let changed = activity.changed();
            match wait {
                // Early or late, it is looked at again.
                Wait::Events { until, .. } => drop(timeout(until.saturating_sub(now), changed).await),
                Wait::Reply { .. } => drop(changed.await),
            }
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(wait) = &self.wait {
            self.shared.with(|cloud, now| admin::abandon(cloud, now, wait));
        }
    }
}

async fn serve(desk: Arc<Desk>, socket: TcpStream) {
    let handle = |request| {
        let desk = desk.clone();
        async move { Ok::<_, Infallible>(desk.handle(request).await) }
    };
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    // A client that breaks off is none of our business.
    let _ = builder.serve_connection(TokioIo::new(socket), service_fn(handle)).await;
}

const DONE: Answer = Answer { status: 204, body: None };

fn json(answer: &Answer) -> Reply {
    match &answer.body {
        Some(body) => reply(answer.status, "application/json", body.to_string()),
        None => reply(answer.status, "", ""),
    }
}

fn plain(status: u16, text: &'static str) -> Reply {
    reply(status, "text/plain; charset=utf-8", text)
}

fn refusal(refused: Refused) -> Reply {
    let mut reply = json(&Answer::error(refused.status(), &refused.to_string()));
    if refused == Refused::Credential {
        reply.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    reply
}

fn with_cookie(mut reply: Reply, cookie: &str) -> Reply {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        reply.headers_mut().insert(header::SET_COOKIE, value);
    }
    reply
}

fn reply(status: u16, kind: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in HEADERS {
        reply.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if !kind.is_empty() {
        reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    reply
}
