//! Between driver and stack: counts what passes, and stops what may not reach the stack, because it would panic.
//!
//! smoltcp 0.13 takes any address of a DHCP reply as its gateway, and any source of the reply as the server that it will
//! renew the lease with; a packet to one that is not unicast then fails an assertion. Whoever is on the network can send
//! such a reply.

use crate::counters::Counters;
use core::net::Ipv4Addr;
use core::task::Context;
use embassy_net::driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};

const ETHERNET_HEADER: usize = 14;
const IPV4: [u8; 2] = [0x08, 0x00];
const UDP: u8 = 17;
const UDP_HEADER: usize = 8;
/// Ports of DHCP server and client.
const PORTS: [u8; 4] = [0, 67, 0, 68];
/// Everything in front of the options of a DHCP message.
const DHCP_HEADER: usize = 240;
const OPTION_PAD: u8 = 0;
const OPTION_ROUTER: u8 = 3;
/// For private use (RFC 3942): nobody looks at it.
const OPTION_NONE: u8 = 254;
const OPTION_END: u8 = 255;

/// A driver that lets nothing through that the stack cannot stand, and counts the rest. Wrap every driver into it that goes
/// to `embassy_net::new`; [`run_with_driver`](crate::run_with_driver) does.
#[derive(Debug)]
pub struct Guarded<'c, D> {
    driver: D,
    counters: &'c Counters,
}

impl<'c, D> Guarded<'c, D> {
    /// `driver`, counted by `counters`.
    #[must_use]
    pub const fn new(driver: D, counters: &'c Counters) -> Self {
        Self { driver, counters }
    }
}

/// A frame that comes or goes by a [`Guarded`] driver.
#[derive(Debug)]
pub struct Checked<'c, T> {
    token: T,
    counters: &'c Counters,
}

impl<'c, D: Driver> Driver for Guarded<'c, D> {
    type RxToken<'a>
        = Checked<'c, D::RxToken<'a>>
    where
        Self: 'a;
    type TxToken<'a>
        = Checked<'c, D::TxToken<'a>>
    where
        Self: 'a;

    fn receive(&mut self, cx: &mut Context<'_>) -> Option<(Self::RxToken<'_>, Self::TxToken<'_>)> {
        let counters = self.counters;
        let (received, room) = self.driver.receive(cx)?;
        Some((Checked { token: received, counters }, Checked { token: room, counters }))
    }

    fn transmit(&mut self, cx: &mut Context<'_>) -> Option<Self::TxToken<'_>> {
        let counters = self.counters;
        self.driver.transmit(cx).map(|token| Checked { token, counters })
    }

    fn link_state(&mut self, cx: &mut Context<'_>) -> LinkState {
        self.driver.link_state(cx)
    }

    fn capabilities(&self) -> Capabilities {
        self.driver.capabilities()
    }

    fn hardware_address(&self) -> HardwareAddress {
        self.driver.hardware_address()
    }
}

impl<T: RxToken> RxToken for Checked<'_, T> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, f: F) -> R {
        let counters = self.counters;
        self.token.consume(|frame| {
            counters.frames_received.add(1);
            counters.bytes_received.add(frame.len());
            if defuse(frame).is_none_or(|safe| safe) {
                return f(frame);
            }
            counters.frames_refused.add(1);
            // An empty frame is one that is too short, like any other.
            f(&mut [])
        })
    }
}

impl<T: TxToken> TxToken for Checked<'_, T> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        self.counters.frames_sent.add(1);
        self.counters.bytes_sent.add(len);
        self.token.consume(len, f)
    }
}

/// Whether a DHCP reply may pass, after a gateway that cannot be one was made invisible. `None` for other frames.
fn defuse(frame: &mut [u8]) -> Option<bool> {
    let header = frame.get(..ETHERNET_HEADER + 20)?;
    if header.get(12..14)? != IPV4 || *header.get(ETHERNET_HEADER + 9)? != UDP {
        return None;
    }
    let udp = ETHERNET_HEADER + usize::from(header.get(ETHERNET_HEADER)? & 0x0f) * 4;
    let source: [u8; 4] = header.get(ETHERNET_HEADER + 12..)?.first_chunk().copied()?;
    if frame.get(udp..udp + 4)? != PORTS {
        return None;
    }
    let mut is_changed = false;
    let mut at = udp + UDP_HEADER + DHCP_HEADER;
    while let Some(kind) = frame.get_mut(at) {
        match *kind {
            OPTION_END => break,
            OPTION_PAD => at += 1,
            _ => {
                let Some(len) = frame.get(at + 1).map(|len| usize::from(*len)) else { break };
                let data = frame.get(at + 2..).and_then(|rest| rest.get(..len));
                let is_bad = data.and_then(|data| data.first_chunk()).is_some_and(|address| !is_unicast(*address));
                if let Some(kind) = frame.get_mut(at)
                    && *kind == OPTION_ROUTER
                    && is_bad
                {
                    *kind = OPTION_NONE;
                    is_changed = true;
                }
                at += 2 + len;
            }
        }
    }
    if is_changed && let Some(checksum) = frame.get_mut(udp + 6..udp + 8) {
        // There is none (RFC 768).
        checksum.fill(0);
    }
    Some(is_unicast(source))
}

fn is_unicast(address: [u8; 4]) -> bool {
    let address = Ipv4Addr::from(address);
    !address.is_unspecified() && !address.is_multicast() && !address.is_broadcast()
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::{Checked, DHCP_HEADER, ETHERNET_HEADER, PORTS, defuse};
    use crate::counters::Counters;
    use embassy_net::driver::{RxToken, TxToken};
    use std::vec;
    use std::vec::Vec;

    fn reply(source: [u8; 4], ip_options: usize, dhcp_options: &[u8]) -> Vec<u8> {
        let mut frame = vec![0; ETHERNET_HEADER];
        frame[12] = 8;
        let mut ip = vec![0; 20 + ip_options];
        ip[0] = 0x40 | (5 + ip_options as u8 / 4);
        ip[9] = 17;
        ip[12..16].copy_from_slice(&source);
        frame.extend(ip);
        frame.extend(PORTS);
        frame.extend([0, 0, 0xab, 0xcd]);
        frame.resize(frame.len() + DHCP_HEADER, 0);
        frame.extend(dhcp_options);
        frame
    }

    #[test]
    fn a_gateway_that_cannot_be_one_is_made_invisible() {
        for gateway in [[0, 0, 0, 0], [224, 0, 0, 1], [255, 255, 255, 255]] {
            for ip_options in [0, 8] {
                let options = [&[53, 1, 5, 0, 3, 4][..], &gateway, &[1, 4, 255, 0, 0, 0, 255]].concat();
                let mut frame = reply([10, 0, 0, 1], ip_options, &options);
                let mut expected = frame.clone();
                let options_at = frame.len() - options.len();
                expected[options_at + 4] = 254;
                let checksum_at = options_at - DHCP_HEADER - 2;
                expected[checksum_at..checksum_at + 2].fill(0);
                assert_eq!(defuse(&mut frame), Some(true));
                assert_eq!(frame, expected);
            }
        }
    }

    #[test]
    fn a_reply_that_is_right_is_left_alone() {
        for options in
            [&[53, 1, 5, 3, 4, 10, 0, 0, 1, 255][..], &[], &[3], &[3, 4, 0], &[3, 0, 255], &[255, 3, 4, 0, 0, 0, 0]]
        {
            let mut frame = reply([10, 0, 0, 1], 0, options);
            let before = frame.clone();
            assert_eq!(defuse(&mut frame), Some(true));
            assert_eq!(frame, before);
        }
    }

    #[test]
    fn a_server_that_could_not_be_asked_again_is_not_heard() {
        for source in [[0, 0, 0, 0], [224, 0, 0, 1], [255, 255, 255, 255]] {
            assert_eq!(defuse(&mut reply(source, 0, &[255])), Some(false));
        }
    }

    #[test]
    fn other_frames_pass_whatever_their_length() {
        let whole = reply([0, 0, 0, 0], 0, &[3, 4, 0, 0, 0, 0]);
        for len in 0..whole.len() {
            let mut frame = whole[..len].to_vec();
            let _ = defuse(&mut frame);
            for (at, value) in [(12, 0x86), (23, 6), (37, 69)] {
                let mut frame = whole[..len].to_vec();
                if let Some(byte) = frame.get_mut(at) {
                    *byte = value;
                    assert_eq!(defuse(&mut frame), None);
                }
            }
        }
    }

    struct Frame(Vec<u8>);

    impl RxToken for Frame {
        fn consume<R, F: FnOnce(&mut [u8]) -> R>(mut self, f: F) -> R {
            f(&mut self.0)
        }
    }

    impl TxToken for Frame {
        fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
            f(&mut vec![0; len])
        }
    }

    #[test]
    fn what_passes_is_counted_and_so_is_what_does_not() {
        let counters = Counters::new();
        let pass = |frame: Vec<u8>| RxToken::consume(Checked { token: Frame(frame), counters: &counters }, |f| f.len());
        let (good, bad) = (reply([10, 0, 0, 1], 0, &[255]), reply([0, 0, 0, 0], 0, &[255]));
        let len = good.len();
        assert_eq!((pass(good), pass(vec![0; 60]), pass(bad)), (len, 60, 0));
        let sent = TxToken::consume(Checked { token: Frame(Vec::new()), counters: &counters }, 42, |f| f.len());
        assert_eq!(sent, 42);
        let bytes = u32::try_from(2 * len + 60).unwrap();
        assert_eq!(counters.all(), [bytes, 42, 3, 1, 1, 0, 0, 0]);
    }
}
