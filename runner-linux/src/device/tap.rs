//! A TAP device: an Ethernet interface of this machine with us, instead of a cable, at its other end.

use super::address::Addressing;
use super::{OwnStack, Wire, drive, hardware_address};
use crate::clock::HostClock;
use crate::erased::Wish;
use crate::fault::Fault;
use crate::host::{Host, Work};
use crate::store::error::words;
use aclk_core::clock::Clock;
use aclk_core::driver::Observer;
use aclk_core::metrics::Device;
use aclk_core::node::Node;
use aclk_core::stage::Stage;
use aclk_firmware::DeviceClock;
use embassy_futures::select::{Either, select};
use embassy_net::driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};
use rustix::io::Errno;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, ReadBuf};
use tokio_tun::{Tun, TunBuilder};

/// Bytes in front of an IP packet, with a VLAN tag.
const HEADER: usize = 14 + 4;
/// Larger packets are not used, even if the device would carry them: our windows are small.
const MTU_MAX: usize = 1_500;
/// What every host must take (RFC 791). A DHCP message has to fit.
const MTU_MIN: usize = 576;
/// Frames taken in a row, before others get their turn: whoever floods the device must not keep us from ending.
const BURST: u32 = 32;
/// How often the device and the system's clock are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The flag of an interface that is up (`IFF_UP`).
const UP: i16 = 1;

/// An open TAP device. Nobody else can open it meanwhile. If it did not exist before, it goes when this is dropped.
pub(crate) struct Tap {
    name: String,
    addressing: Addressing,
    /// What is measured of the stack on it.
    stack: &'static OwnStack,
    /// Told what happens to the device.
    tell: Box<dyn Fn(&str)>,
    tun: RefCell<Tun>,
    mtu: usize,
    is_up: Cell<bool>,
    /// Why it cannot be used any more.
    broken: RefCell<Option<io::Error>>,
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tap").field("name", &self.name).field("mtu", &self.mtu).finish_non_exhaustive()
    }
}

impl Tap {
    /// Opens the TAP device `name`, or makes one, for `stack`. What happens to it is told to `tell`. Must be called on the
    /// runtime.
    ///
    /// # Errors
    /// If that is not allowed, or it is something else or in use.
    pub(crate) fn open(
        name: &str,
        addressing: Addressing,
        stack: &'static OwnStack,
        tell: impl Fn(&str) + 'static,
    ) -> Result<Self, Fault> {
        let mut queues = TunBuilder::new().name(name).tap().build().map_err(|error| refused(name, error))?;
        // One queue was asked for.
        let tun = queues.pop().ok_or_else(|| fault(name, "it has no queue"))?;
        let mtu = tun.mtu().map_err(|error| refused(name, error))?;
        let mtu = usize::try_from(mtu).unwrap_or_default().min(MTU_MAX);
        if mtu < MTU_MIN {
            return Err(fault(name, format_args!("its MTU of {mtu} bytes is too small"))
                .hint(format_args!("ip link set {name} mtu 1500")));
        }
        Ok(Self {
            name: name.to_owned(),
            addressing,
            stack,
            tell: Box::new(tell),
            tun: RefCell::new(tun),
            mtu,
            is_up: Cell::new(true),
            broken: RefCell::new(None),
        })
    }

    /// Works until the goal is reached or given up, or `control` ends it, over this device. The node must be kept
    /// by [`now`](super::now).
    ///
    /// # Errors
    /// If the device is gone: it cannot be used any more.
    pub(crate) async fn drive(
        &self,
        host: &mut Host,
        work: Work,
        node: &RefCell<Node<dyn Device + '_>>,
        observer: &mut dyn Observer,
        control: &mut dyn Wish,
    ) -> Result<(), Fault> {
        let stack = self.stack;
        let ethernet = Card::new(self, hardware_address(work.settings.machine_guid));
        let config = self.addressing.config(&work.settings.hostname);
        // The system's clock is believed, as with its sockets: no time server is asked.
        let wire = Wire { ethernet, config, stack, time_server: None };
        match select(self.watch(&stack.clock), drive(host, wire, work, node, observer, control)).await {
            Either::First(fault) => Err(fault),
            Either::Second(()) => Ok(()),
        }
    }

    /// Keeps `clock` at the time of the system, which may be set or suspended, and looks after the device until it is gone.
    async fn watch(&self, clock: &DeviceClock) -> Fault {
        loop {
            let wall = HostClock.wall();
            clock.set(wall.unix_us, clock.instant(), wall.trust);
            if let Err(gone) = self.look() {
                return gone;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn look(&self) -> Result<(), Fault> {
        let name = &self.name;
        let flags = self.tun.borrow().flags();
        match flags {
            Ok(flags) => self.tell_if_changed(flags & UP != 0),
            Err(error) => self.fail(plain(error)),
        }
        match &*self.broken.borrow() {
            None => Ok(()),
            Some(error) => {
                let is_removed = matches!(Errno::from_io_error(error), Some(Errno::BADFD | Errno::NODEV));
                let cause = if is_removed { "it was removed".to_owned() } else { words(error) };
                Err(fault(name, cause).hint("make it again, and start aclk run again"))
            }
        }
    }

    fn tell_if_changed(&self, is_up: bool) {
        if self.is_up.replace(is_up) == is_up {
            return;
        }
        let name = &self.name;
        (self.tell)(&if is_up {
            format!("the TAP device {name} is up")
        } else {
            format!("the TAP device {name} is down, nothing can be sent; hint: ip link set {name} up")
        });
    }

    /// Whether it cannot be used any more.
    pub(crate) fn is_gone(&self) -> bool {
        self.broken.borrow().is_some()
    }

    fn send(&self, frame: &[u8]) {
        match self.tun.borrow().try_send(frame) {
            Err(error) if Errno::from_io_error(&error) == Some(Errno::BADFD) => self.fail(error),
            // The interface is down, or the system has no memory left: lost, as on a cable.
            Ok(_) | Err(_) => {}
        }
    }

    fn fail(&self, error: io::Error) {
        self.broken.borrow_mut().get_or_insert(error);
    }
}

/// Our network card at the other end of the device.
struct Card<'t> {
    tap: &'t Tap,
    hardware_address: [u8; 6],
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    /// How many frames were taken in a row.
    burst: u32,
}

impl<'t> Card<'t> {
    fn new(tap: &'t Tap, hardware_address: [u8; 6]) -> Self {
        let len = tap.mtu + HEADER;
        Self { tap, hardware_address, incoming: vec![0; len], outgoing: vec![0; len], burst: 0 }
    }

    /// The length of the next frame, which is then in `incoming`.
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        if self.burst == BURST {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let mut buffer = ReadBuf::new(&mut self.incoming);
        match Pin::new(&mut *self.tap.tun.borrow_mut()).poll_read(cx, &mut buffer) {
            Poll::Ready(Ok(())) => Poll::Ready(buffer.filled().len()),
            Poll::Ready(Err(error)) => {
                self.tap.fail(error);
                Poll::Pending
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Driver for Card<'_> {
    type RxToken<'a>
        = Received<'a>
    where
        Self: 'a;
    type TxToken<'a>
        = Room<'a>
    where
        Self: 'a;

    fn receive(&mut self, cx: &mut Context<'_>) -> Option<(Received<'_>, Room<'_>)> {
        let Poll::Ready(len) = self.poll_frame(cx) else {
            self.burst = 0;
            return None;
        };
        self.burst += 1;
        let frame = self.incoming.get_mut(..len)?;
        Some((Received(frame), Room { tap: self.tap, buffer: &mut self.outgoing }))
    }

    /// There is always room: what the system does not take is lost.
    fn transmit(&mut self, _: &mut Context<'_>) -> Option<Room<'_>> {
        Some(Room { tap: self.tap, buffer: &mut self.outgoing })
    }

    /// Even if the interface is down: what is lost meanwhile is sent again.
    fn link_state(&mut self, _: &mut Context<'_>) -> LinkState {
        LinkState::Up
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        // With the Ethernet header, but no VLAN tag: we send none.
        capabilities.max_transmission_unit = self.tap.mtu + 14;
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet(self.hardware_address)
    }
}

/// A frame for us.
struct Received<'a>(&'a mut [u8]);

impl RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

/// Room for a frame of ours.
struct Room<'a> {
    tap: &'a Tap,
    buffer: &'a mut Vec<u8>,
}

impl TxToken for Room<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        self.buffer.clear();
        self.buffer.resize(len, 0);
        let result = f(self.buffer);
        self.tap.send(self.buffer);
        result
    }
}

/// Why the system does not let us have the device `name`.
fn refused(name: &str, error: tokio_tun::Error) -> Fault {
    let is_module = matches!(error, tokio_tun::Error::IoError(_));
    let error = plain(error);
    let known = Errno::from_io_error(&error);
    if is_module {
        let cause = format_args!("cannot open /dev/net/tun: {}", words(&error));
        let hint = match known {
            Some(Errno::ACCESS | Errno::PERM) => "run as root, or allow this user (and container) to use /dev/net/tun",
            _ => "load the kernel module: modprobe tun; give a container the device: --device /dev/net/tun",
        };
        return fault(name, cause).hint(hint);
    }
    match known {
        Some(Errno::PERM) => fault(name, "this user may neither use nor make it")
            .hint(format_args!("run as root, or give it to this user: ip tuntap add {name} mode tap user USER")),
        Some(Errno::BUSY) => fault(name, "another program uses it"),
        Some(Errno::INVAL) => fault(name, "there is an interface of this name that is no TAP device with one queue")
            .hint("choose another name; a TAP device is made by: ip tuntap add NAME mode tap"),
        _ => fault(name, words(&error)),
    }
}

fn plain(error: tokio_tun::Error) -> io::Error {
    match error {
        tokio_tun::Error::NixError(errno) => errno.into(),
        tokio_tun::Error::IoError(error) => error,
    }
}

fn fault(name: &str, cause: impl fmt::Display) -> Fault {
    Fault::new(Stage::Config, format_args!("TAP device {name}: {cause}"))
}
