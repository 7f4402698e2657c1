//! Requests as a server sees them, responses as a server may send them.

mod requests;
mod responses;
mod splitting;
