//! Two readers of the same bytes: ours and somebody else's. Each module has the table of what is tolerated where they differ.
//!
//! The tests here feed it with damage of their own, and the fuzz targets of `tests/fuzz` with theirs.

pub mod http;
pub mod json;
pub mod mqtt;
pub mod websocket;

/// How two readers took the same bytes.
#[derive(Debug)]
pub enum Verdict {
    /// Both accept them, and read the same.
    BothAccept,
    BothRefuse,
    /// One accepts them and the other does not, or they read differently, for the reason of this name.
    Differ(String),
}

impl Verdict {
    fn differ(name: impl Into<String>) -> Self {
        Self::Differ(name.into())
    }
}
