//! HTTP/1.1 (RFC 9112): requests and responses.

mod head;
mod shown;

pub(crate) use head::{Body, Expect, Head, measure};
pub(crate) use shown::{body, request, response};

use crate::view::Purpose;

/// What a request to `target` is for (protocol.md 1.5, 2.4, 2.5, 2.8).
pub(crate) fn purpose(method: &str, target: &str) -> Purpose {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    match method {
        "PUT" if path.contains("/api/v1/spaces/nodes/") => Purpose::Claim,
        "GET" if path.ends_with("/api/v1/env") => Purpose::Env,
        "GET" if path.contains("/node/") && path.ends_with("/challenge") => Purpose::Challenge,
        "POST" if path.contains("/node/") && path.ends_with("/password") => Purpose::Password,
        "GET" if path == "/mqtt" => Purpose::Link,
        _ => Purpose::Unknown,
    }
}
