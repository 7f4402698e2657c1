//! The talk with a proxy, one step after the other, whatever it speaks.

use super::connect::Connect;
use super::socks::Socks;
use super::{BASIC_MAX, CREDENTIAL_MAX, HOST_MAX, Proxy, ProxyError, Scheme};
use core::net::IpAddr;

/// The most that is said to a proxy at a time, in bytes.
pub const REQUEST_MAX: usize = {
    let endpoint = HOST_MAX + "[]:65535".len();
    let head = "CONNECT  HTTP/1.1\r\nHost: \r\nProxy-Authorization: Basic \r\n\r\n".len();
    let http = head + 2 * endpoint + BASIC_MAX;
    let socks = 3 + 2 * CREDENTIAL_MAX;
    if http > socks { http } else { socks }
};

/// Whom the tunnel is to lead to.
#[derive(Debug, Clone, Copy)]
pub struct Target<'t> {
    /// Host name, or address without brackets. If the proxy is one of [`Scheme::Socks5`], `address` counts in its place.
    pub host: &'t str,
    /// The address of the host, as far as it has been looked up.
    pub address: Option<IpAddr>,
    /// TCP port.
    pub port: u16,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'b> {
    /// Send these bytes, then ask again. There may be secrets in them.
    Send(&'b [u8]),
    /// Read from one to so many bytes and bring them to [`receive`](Negotiation::receive). So many still belong to the
    /// proxy's answer in any case: not one byte of what follows it is read.
    Receive(usize),
    /// The tunnel stands: everything from here on comes from the target.
    Done,
}

/// Asks a proxy for a tunnel. It has no socket and knows no time: whoever drives it puts a deadline on it.
///
/// ```
/// use aclk_core::wire::proxy::{Negotiation, Proxy, Step, Target};
///
/// let proxy = Proxy::parse("http://proxy.example:3128").unwrap();
/// let mut talk = Negotiation::new(&proxy, Target { host: "cloud.example", address: None, port: 443 });
/// let mut buffer = [0; 512];
/// let Ok(Step::Send(request)) = talk.poll(&mut buffer) else { panic!() };
/// assert_eq!(request, b"CONNECT cloud.example:443 HTTP/1.1\r\nHost: cloud.example:443\r\n\r\n");
/// let mut answer: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";
/// while let Ok(Step::Receive(most)) = talk.poll(&mut buffer) {
///     let (taken, rest) = answer.split_at(most);
///     talk.receive(taken).unwrap();
///     answer = rest;
/// }
/// assert_eq!(talk.poll(&mut buffer), Ok(Step::Done));
/// assert!(answer.is_empty());
/// ```
#[derive(Debug)]
pub struct Negotiation<'a> {
    proxy: &'a Proxy,
    target: Target<'a>,
    protocol: Protocol,
    has_heard: bool,
}

#[derive(Debug)]
enum Protocol {
    Http(Connect),
    Socks(Socks),
}

impl<'a> Negotiation<'a> {
    /// Nothing has been said yet.
    #[must_use]
    pub const fn new(proxy: &'a Proxy, target: Target<'a>) -> Self {
        let protocol = match proxy.scheme {
            Scheme::Http => Protocol::Http(Connect::new()),
            Scheme::Socks5 | Scheme::Socks5h => Protocol::Socks(Socks::new()),
        };
        Self { proxy, target, protocol, has_heard: false }
    }

    /// What to do next. `buffer` is where something to send is written; [`REQUEST_MAX`] bytes suffice always.
    ///
    /// # Errors
    /// [`ProxyError::Full`] if the buffer is too small.
    pub fn poll<'b>(&mut self, buffer: &'b mut [u8]) -> Result<Step<'b>, ProxyError> {
        match &mut self.protocol {
            Protocol::Http(connect) => connect.poll(self.proxy, &self.target, buffer),
            Protocol::Socks(socks) => socks.poll(self.proxy, &self.target, buffer),
        }
    }

    /// Takes in what the proxy said, at most as much as [`Step::Receive`] asked for.
    ///
    /// # Errors
    /// [`ProxyError`] if that is no consent, or more than was asked for.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<(), ProxyError> {
        self.has_heard |= !bytes.is_empty();
        let taken = match &mut self.protocol {
            Protocol::Http(connect) => connect.receive(bytes)?,
            Protocol::Socks(socks) => socks.receive(self.proxy, bytes)?,
        };
        if taken < bytes.len() { Err(ProxyError::TooTalkative) } else { Ok(()) }
    }

    /// The failure that it is when the proxy ends the connection now.
    #[must_use]
    pub const fn on_end(&self) -> ProxyError {
        if self.has_heard { ProxyError::ClosedEarly } else { ProxyError::ClosedAtOnce }
    }
}
