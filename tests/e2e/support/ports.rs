//! Ports for servers that a test starts, ends and starts again, or that can only be told a number.

use super::random;
use std::fs;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::ops::Range;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// A port of loopback that nobody listens on, and that no other test gets until this process has ended.
///
/// It is none of those that the system hands out by itself, to whoever connects or listens on port 0: one of these can
/// be taken between the time at which it is chosen and the time at which it is used.
pub(crate) fn free_port() -> u16 {
    let range = range();
    let (count, start) = (u64::from(range.end - range.start), random());
    let mut ports = (0..count).map(|number| range.start + u16::try_from((start % count + number) % count).unwrap());
    ports.find(|port| take(*port) && !is_taken(*port)).expect("a port that nobody uses")
}

/// The ports from 20000 to those that the system hands out by itself.
fn range() -> Range<u16> {
    const FIRST: u16 = 20_000;
    /// Where Linux begins to hand them out unless it is told otherwise.
    const USUAL: u16 = 32_768;
    let told = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let handed_out = told.split_whitespace().next().and_then(|port| port.parse().ok());
    // Where there are hardly any below, these are as good as others.
    FIRST..handed_out.filter(|port| *port > FIRST + 1_000).unwrap_or(USUAL)
}

/// Makes `port` ours among the tests that run now, unless it is somebody's already. What says so is a socket with an
/// abstract name: it is no file, there is one per network as there is one port, and it goes with the process, however
/// that ends.
fn take(port: u16) -> bool {
    let name = SocketAddr::from_abstract_name(format!("aclk-test-port-{port}")).unwrap();
    match UnixDatagram::bind_addr(&name) {
        Ok(socket) => {
            // It stays open as long as the process lives.
            std::mem::forget(socket);
            true
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::AddrInUse, "{error}");
            false
        }
    }
}

/// Whether somebody listens there who takes no part in this.
fn is_taken(port: u16) -> bool {
    // A machine may have no IPv6.
    let is_in_use = |error: io::Error| error.kind() == ErrorKind::AddrInUse;
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err()
        || TcpListener::bind((Ipv6Addr::LOCALHOST, port)).is_err_and(is_in_use)
}

#[test]
fn a_port_is_given_to_one_only() {
    let (first, second) = (free_port(), free_port());
    assert!(first != second && range().contains(&first) && range().contains(&second), "{first} and {second}");
    assert!(!take(first) && !take(second), "they are somebody's");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, first)).unwrap();
    assert!(is_taken(first) && !is_taken(second));
    drop(listener);
}
