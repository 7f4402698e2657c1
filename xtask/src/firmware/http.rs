//! One request and its reply, as text.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long a reply may take: a query to a board may wait in it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A reply.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Sends `request`, which closes the connection, to `address`.
pub(crate) fn exchange(address: &str, request: &str) -> io::Result<Reply> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request.as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    Ok(Reply { status, body: body.to_owned() })
}
