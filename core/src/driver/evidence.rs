//! What is seen on the way to the Cloud.

use crate::stage::{Failure, Purpose};
use crate::tls::ServerCertificate;
use core::net::{IpAddr, SocketAddr};

/// Something that was seen on the way to a connection. Nothing depends on it.
#[derive(Debug, Clone, Copy)]
pub enum Evidence<'a> {
    /// A name, that of the Cloud or that of a proxy, has these addresses.
    Resolved {
        /// The connection that is to be.
        purpose: Purpose,
        /// The name.
        host: &'a str,
        /// In the order in which they are tried.
        addresses: &'a [IpAddr],
    },
    /// An address could not be reached. The next one is tried, if there is one.
    Unreached {
        /// The connection that was to be.
        purpose: Purpose,
        /// Why.
        failure: &'a Failure,
    },
    /// The TCP connection leads to this address: that of the Cloud, or that of a proxy.
    Reached {
        /// What the connection is for.
        purpose: Purpose,
        /// The other end.
        address: SocketAddr,
    },
    /// The server shows this certificate. Whether it is to be believed has not been decided.
    Certificate {
        /// What the connection is for.
        purpose: Purpose,
        /// What it says of itself.
        certificate: &'a ServerCertificate<'a>,
    },
}
