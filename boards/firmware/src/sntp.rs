//! Time of day from a time server: one SNTP request, one reply (RFC 4330).
//!
//! SNTP is not authenticated: whoever sits on the path can set this clock, and with it the time at which certificates are
//! checked. The time therefore never counts as more than [`Trust::Network`], and never lies before the build.

use crate::clock::DeviceClock;
use aclk_core::clock::{Clock, Instant, Trust};
use core::net::Ipv4Addr;
use embassy_futures::select::{Either, select};
use embassy_net::dns::DnsQueryType;
use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_net::{IpAddress, IpEndpoint, Stack};
use embassy_time::{Duration, Timer};

/// The port of time servers.
pub const PORT: u16 = 123;
/// A request or reply without extensions, in bytes.
pub const PACKET_LEN: usize = 48;
/// How long a reply may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// Seconds from 1900, where NTP begins, to 1970.
const NTP_TO_UNIX: u64 = 2_208_988_800;
/// Client request, version 4.
const REQUEST: u8 = 0b00_100_011;

/// Why there is no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SntpError {
    /// There is no address for the name.
    NoAddress,
    /// No reply in time.
    NoReply,
    /// The packet cannot be sent.
    NoRoute,
    /// The reply is not one to our request.
    Invalid,
    /// The server is not synchronised or asks not to be used.
    Refused,
    /// The time lies before the build of this program.
    TooEarly,
}

/// Writes a request. The server repeats `nonce`, so that replies nobody asked for are told apart.
#[must_use]
pub fn request(nonce: u64) -> [u8; PACKET_LEN] {
    let mut packet = [0; PACKET_LEN];
    packet[0] = REQUEST;
    packet[40..].copy_from_slice(&nonce.to_be_bytes());
    packet
}

/// The time in a reply, in microseconds since 1970.
///
/// # Errors
/// If it is not a reply to the request with `nonce`, or has no time to tell.
pub fn parse(packet: &[u8], nonce: u64) -> Result<u64, SntpError> {
    let packet: &[u8; PACKET_LEN] = packet.first_chunk().ok_or(SntpError::Invalid)?;
    let [first, stratum, ..] = *packet;
    let mode = first & 0b111;
    let leap = first >> 6;
    let originate = packet.get(24..32).ok_or(SntpError::Invalid)?;
    if mode != 4 || originate != nonce.to_be_bytes() {
        return Err(SntpError::Invalid);
    }
    if leap == 3 || stratum == 0 || stratum > 15 {
        return Err(SntpError::Refused);
    }
    let transmit = packet.last_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    if transmit == 0 {
        return Err(SntpError::Refused);
    }
    let seconds = transmit >> 32;
    // Era 0 ends in 2036; a clear top bit means era 1 (RFC 4330 section 3).
    let since_1900 = if seconds & 0x8000_0000 == 0 { seconds + (1 << 32) } else { seconds };
    let micros = ((transmit & 0xffff_ffff) * 1_000_000) >> 32;
    let unix = since_1900.checked_sub(NTP_TO_UNIX).ok_or(SntpError::Invalid)?;
    Ok(unix * 1_000_000 + micros)
}

/// Asks `server` once, a host name or an IPv4 address, and sets `clock`. A name is looked up each time: behind that of a pool there
/// is then another server. The reply has to repeat `nonce`, which nobody off the path must be able to guess.
///
/// # Errors
/// [`SntpError`]; the clock is then as it was.
pub async fn synchronise(
    stack: Stack<'_>,
    server: &str,
    clock: &DeviceClock,
    build_unix_seconds: u64,
    nonce: u64,
) -> Result<(), SntpError> {
    let server = look_up(stack, server).await?;
    let (mut receive_meta, mut send_meta) = ([PacketMetadata::EMPTY; 2], [PacketMetadata::EMPTY; 1]);
    let (mut receive, mut send) = ([0; 2 * PACKET_LEN], [0; PACKET_LEN]);
    let mut socket = UdpSocket::new(stack, &mut receive_meta, &mut receive, &mut send_meta, &mut send);
    // Any free port: the stack chooses.
    socket.bind(0).map_err(|_| SntpError::NoRoute)?;
    let begun = clock.instant();
    let server = IpEndpoint::new(IpAddress::Ipv4(server), PORT);
    socket.send_to(&request(nonce), server).await.map_err(|_| SntpError::NoRoute)?;
    let answered = select(receive_from(&socket, server, nonce), Timer::after(PATIENCE)).await;
    let unix_us = match answered {
        Either::First(reply) => reply?,
        Either::Second(()) => return Err(SntpError::NoReply),
    };
    let now = clock.instant();
    // The reply was made about half the round trip ago.
    let unix_us = unix_us.saturating_add(half_of(begun, now));
    if unix_us / 1_000_000 < build_unix_seconds {
        return Err(SntpError::TooEarly);
    }
    clock.set(unix_us, now, Trust::Network);
    Ok(())
}

/// The first of the addresses that a name has, or the one that it is.
async fn look_up(stack: Stack<'_>, name: &str) -> Result<Ipv4Addr, SntpError> {
    let found = stack.dns_query(name, DnsQueryType::A).await.map_err(|_| SntpError::NoAddress)?;
    found.first().map(|IpAddress::Ipv4(address)| *address).ok_or(SntpError::NoAddress)
}

fn half_of(begun: Instant, now: Instant) -> u64 {
    u64::try_from(now.since(begun).as_micros() / 2).unwrap_or(0)
}

/// Waits for the reply of `server` and passes over everything else.
async fn receive_from(socket: &UdpSocket<'_>, server: IpEndpoint, nonce: u64) -> Result<u64, SntpError> {
    loop {
        let mut packet = [0; PACKET_LEN];
        match socket.recv_from(&mut packet).await {
            Ok((len, from)) if from.endpoint == server => match parse(packet.get(..len).unwrap_or_default(), nonce) {
                Err(SntpError::Invalid) => {}
                result => return result,
            },
            // From someone else, or longer than a reply is.
            Ok(_) | Err(_) => {}
        }
    }
}
