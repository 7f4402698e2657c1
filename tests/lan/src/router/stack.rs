//! The TCP/IP stack of the router: smoltcp, fed with one frame at a time.
//!
//! The stack answers for any address it is asked for, so only frames that the router has looked at get in.

use super::Config;
use crate::cable::{ETHERNET_HEADER, Frame};
use aclk_core::clock::Instant;
use core::time::Duration;
use smoltcp::iface::{Interface, PollIngressSingleResult, PollResult, SocketHandle, SocketSet};
use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::socket::tcp;
use smoltcp::wire::{EthernetAddress, HardwareAddress, IpCidr};
use std::collections::VecDeque;

/// Time between two looks at a socket that has asked for one and then did nothing with it.
const BREATH: Duration = Duration::from_millis(1);

pub(super) struct Stack {
    interface: Interface,
    wire: Wire,
    sockets: SocketSet<'static>,
}

impl Stack {
    pub(super) fn new(config: &Config) -> Self {
        let mut wire = Wire { mtu: config.mtu, received: None, sent: VecDeque::new() };
        let mut settings = smoltcp::iface::Config::new(HardwareAddress::Ethernet(EthernetAddress(config.mac)));
        settings.random_seed = config.seed;
        let mut interface = Interface::new(settings, &mut wire, smoltcp::time::Instant::ZERO);
        interface.update_ip_addrs(|addresses| {
            // The list of a new interface is empty, and has room for two at least.
            let _ = addresses.push(IpCidr::new(config.address.into(), config.prefix));
        });
        interface.set_any_ip(true);
        Self { interface, wire, sockets: SocketSet::new(Vec::new()) }
    }

    /// Takes in `frame`; the answer, if there is one, waits in [`transmit`](Self::transmit).
    pub(super) fn feed(&mut self, now: Instant, frame: Frame) {
        self.wire.received = Some(frame);
        let now = convert(now);
        while self.interface.poll_ingress_single(now, &mut self.wire, &mut self.sockets)
            != PollIngressSingleResult::None
        {}
    }

    /// Lets the sockets send what they have to send at `now`.
    pub(super) fn drive(&mut self, now: Instant) {
        let now = convert(now);
        while self.interface.poll_egress(now, &mut self.wire, &mut self.sockets) != PollResult::None {}
    }

    /// The next frame to the device.
    pub(super) fn transmit(&mut self) -> Option<Frame> {
        self.wire.sent.pop_front()
    }

    /// When to [`drive`](Self::drive) again.
    pub(super) fn next_event(&mut self, now: Instant) -> Option<Instant> {
        if !self.wire.sent.is_empty() {
            return Some(now);
        }
        let at = self.interface.poll_at(convert(now), &self.sockets)?;
        let at = Instant::from_micros(u64::try_from(at.total_micros()).unwrap_or(0));
        Some(at.max(now + BREATH))
    }

    pub(super) fn add(&mut self, socket: tcp::Socket<'static>) -> SocketHandle {
        self.sockets.add(socket)
    }

    pub(super) fn remove(&mut self, handle: SocketHandle) {
        self.sockets.remove(handle);
    }

    pub(super) fn socket(&mut self, handle: SocketHandle) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(handle)
    }
}

/// smoltcp counts in signed microseconds and adds to them without a check.
fn convert(now: Instant) -> smoltcp::time::Instant {
    smoltcp::time::Instant::from_micros(i64::try_from(now.as_micros()).unwrap_or(i64::MAX).min(i64::MAX / 2))
}

/// The network card of the stack.
struct Wire {
    mtu: usize,
    received: Option<Frame>,
    sent: VecDeque<Frame>,
}

struct RxToken(Frame);

struct TxToken<'a>(&'a mut VecDeque<Frame>);

impl Device for Wire {
    type RxToken<'a> = RxToken;
    type TxToken<'a> = TxToken<'a>;

    fn receive(&mut self, _now: smoltcp::time::Instant) -> Option<(RxToken, TxToken<'_>)> {
        Some((RxToken(self.received.take()?), TxToken(&mut self.sent)))
    }

    fn transmit(&mut self, _now: smoltcp::time::Instant) -> Option<TxToken<'_>> {
        Some(TxToken(&mut self.sent))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = self.mtu + ETHERNET_HEADER;
        capabilities
    }
}

impl phy::RxToken for RxToken {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

impl phy::TxToken for TxToken<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut frame = vec![0; len];
        let result = f(&mut frame);
        self.0.push_back(frame);
        result
    }
}
