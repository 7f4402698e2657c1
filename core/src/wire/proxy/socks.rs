//! SOCKS5 (RFC 1928) with user name and password (RFC 1929), protocol.md 4.6.

use super::negotiation::{Step, Target};
use super::{Credentials, Proxy, ProxyError};
use crate::wire::buffer::Writer;
use core::net::IpAddr;

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NO_METHOD: u8 = 0xff;
/// The version of the negotiation of user name and password.
const AUTHENTICATION: u8 = 1;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Where the talk stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Greet,
    /// A version and the method.
    AwaitMethod,
    Authenticate,
    /// A version and a code.
    AwaitVerdict,
    Ask,
    /// Version, code, a zero, kind of the address.
    AwaitReply,
    /// The length of a name.
    AwaitLength,
    /// So many more bytes of address and port, which mean nothing here.
    AwaitRest(usize),
    Done,
}

/// The whole talk.
#[derive(Debug)]
pub(super) struct Socks {
    state: State,
    /// What has been received of the message at hand.
    got: [u8; 4],
    len: usize,
}

impl Socks {
    pub(super) const fn new() -> Self {
        Self { state: State::Greet, got: [0; 4], len: 0 }
    }

    pub(super) fn poll<'b>(
        &mut self,
        proxy: &Proxy,
        target: &Target<'_>,
        buffer: &'b mut [u8],
    ) -> Result<Step<'b>, ProxyError> {
        let mut w = Writer::new(buffer);
        self.state = match self.state {
            State::Greet => {
                // "None" is offered too: a proxy that asks for no credentials is not refused because of ours.
                let methods: &[u8] =
                    if proxy.has_credentials() { &[2, NO_AUTHENTICATION, USER_AND_PASSWORD] } else { &[1, 0] };
                w.put_u8(VERSION);
                w.put(methods);
                State::AwaitMethod
            }
            State::Authenticate => {
                if let Some(Credentials { user, password }) = &proxy.credentials {
                    w.put_u8(AUTHENTICATION);
                    put_with_length(&mut w, user.expose());
                    put_with_length(&mut w, password.expose());
                }
                State::AwaitVerdict
            }
            State::Ask => {
                w.put(&[VERSION, CONNECT, 0]);
                put_target(&mut w, target);
                w.put_u16(target.port);
                State::AwaitReply
            }
            State::Done => return Ok(Step::Done),
            waiting => return Ok(Step::Receive(self.wanted(waiting))),
        };
        self.len = 0;
        let len = w.finish().map_err(ProxyError::Full)?;
        Ok(Step::Send(buffer.get(..len).unwrap_or_default()))
    }

    /// How many bytes are missing.
    const fn wanted(&self, state: State) -> usize {
        let whole = match state {
            State::AwaitMethod | State::AwaitVerdict => 2,
            State::AwaitReply => 4,
            State::AwaitLength => 1,
            State::AwaitRest(left) => return left,
            State::Greet | State::Authenticate | State::Ask | State::Done => return 0,
        };
        usize::saturating_sub(whole, self.len)
    }

    /// Takes in bytes and returns how many were taken: as many as are missing.
    pub(super) fn receive(&mut self, proxy: &Proxy, bytes: &[u8]) -> Result<usize, ProxyError> {
        for (index, byte) in bytes.iter().enumerate() {
            if self.wanted(self.state) == 0 {
                return Ok(index);
            }
            self.push(proxy, *byte)?;
        }
        Ok(bytes.len())
    }

    fn push(&mut self, proxy: &Proxy, byte: u8) -> Result<(), ProxyError> {
        if let Some(slot) = self.got.get_mut(self.len) {
            *slot = byte;
        }
        self.len += 1;
        // Each byte is looked at as it comes: whoever refuses may leave out the rest.
        self.state = match (self.state, self.len) {
            (State::AwaitMethod | State::AwaitReply, 1) if byte != VERSION => return Err(ProxyError::NotSocks(byte)),
            (State::AwaitVerdict, 1) if byte != AUTHENTICATION => return Err(ProxyError::NotAuthentication(byte)),
            (State::AwaitMethod, 2) => match byte {
                NO_AUTHENTICATION => State::Ask,
                USER_AND_PASSWORD if proxy.has_credentials() => State::Authenticate,
                NO_METHOD => return Err(ProxyError::NoMethod),
                method => return Err(ProxyError::UnofferedMethod(method)),
            },
            (State::AwaitVerdict, 2) if byte == 0 => State::Ask,
            (State::AwaitVerdict, 2) => return Err(ProxyError::CredentialsRefused(byte)),
            (State::AwaitReply, 2) if byte != 0 => return Err(ProxyError::Reply(byte)),
            (State::AwaitReply, 4) => match byte {
                IPV4 => State::AwaitRest(4 + 2),
                IPV6 => State::AwaitRest(16 + 2),
                NAME => {
                    self.len = 0;
                    State::AwaitLength
                }
                kind => return Err(ProxyError::AddressType(kind)),
            },
            (State::AwaitLength, _) => State::AwaitRest(usize::from(byte) + 2),
            (State::AwaitRest(left), _) if left > 1 => State::AwaitRest(left - 1),
            (State::AwaitRest(_), _) => State::Done,
            (state, _) => state,
        };
        Ok(())
    }
}

/// An address where there is one, so that the proxy need not look anything up; else the name.
fn put_target(w: &mut Writer<'_>, target: &Target<'_>) {
    match target.address.or_else(|| target.host.parse().ok()) {
        Some(IpAddr::V4(address)) => {
            w.put_u8(IPV4);
            w.put(&address.octets());
        }
        Some(IpAddr::V6(address)) => {
            w.put_u8(IPV6);
            w.put(&address.octets());
        }
        None => {
            w.put_u8(NAME);
            put_with_length(w, target.host.as_bytes());
        }
    }
}

fn put_with_length(w: &mut Writer<'_>, bytes: &[u8]) {
    match u8::try_from(bytes.len()) {
        Ok(len) => {
            w.put_u8(len);
            w.put(bytes);
        }
        Err(_) => w.refuse(),
    }
}
