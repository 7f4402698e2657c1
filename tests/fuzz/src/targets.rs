//! The targets, a file each.

pub(crate) mod certificate;
pub(crate) mod conf;
pub(crate) mod console;
pub(crate) mod der_pem;
pub(crate) mod flash;
pub(crate) mod http;
pub(crate) mod inspect;
pub(crate) mod json;
pub(crate) mod local_api;
pub(crate) mod mqtt;
pub(crate) mod pipe;
pub(crate) mod protobuf;
pub(crate) mod proxy;
pub(crate) mod query;
pub(crate) mod records;
pub(crate) mod replies;
pub(crate) mod session;
pub(crate) mod websocket;

use crate::compare::Verdict;

/// Panics if two readers differ for a reason that is not in `table`.
fn is_tolerated(verdict: &Verdict, table: &[(&str, &str)], bytes: &[u8]) {
    if let Verdict::Differ(name) = verdict {
        let is_known = table.iter().any(|(known, _)| known == name);
        assert!(is_known, "the readers differ: {name}: {}", bytes.escape_ascii());
    }
}
