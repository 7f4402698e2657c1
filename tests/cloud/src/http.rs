//! HTTP/1.1 as the server side sees it: requests in, answers out, and how strictly a request was made.

pub(crate) mod answer;
pub(crate) mod judge;
pub(crate) mod request;

pub(crate) use answer::Answer;
pub(crate) use request::{BadRequest, Reader, Request};
