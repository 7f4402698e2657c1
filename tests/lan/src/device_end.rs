//! The network card of a device that runs in this process: queues of frames, and wakers for any executor.

use crate::cable::{ETHERNET_HEADER, Frame};
use core::future::poll_fn;
use core::task::{Context, Poll, Waker};
use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Frames that wait for the device. Like a network card, it drops what comes on top.
const RECEIVE_RING: usize = 512;
/// Frames of the device that wait for the cable. When that many wait, the device waits.
const TRANSMIT_RING: usize = 64;

/// The device's end of the cable, as a network card: an [`embassy_net_driver::Driver`], or frames by
/// [`next_frame`](Self::next_frame) and [`send_frame`](Self::send_frame). Use it from one task: the last to wait is the one woken.
///
/// The other side is its [`Jack`]. When that is dropped, the link is down for good.
#[derive(Debug)]
pub struct DeviceEnd {
    rings: Arc<Mutex<Rings>>,
    mac: [u8; 6],
    mtu: usize,
}

/// The jack that a [`DeviceEnd`] is plugged into: what whoever drives the cable holds.
#[derive(Debug)]
pub struct Jack {
    rings: Arc<Mutex<Rings>>,
}

#[derive(Debug)]
struct Rings {
    to_device: VecDeque<Frame>,
    from_device: VecDeque<Frame>,
    up: bool,
    overruns: u64,
    device_gone: bool,
    jack_gone: bool,
    receiver: Option<Waker>,
    sender: Option<Waker>,
    observer: Option<Waker>,
    driver: Option<Waker>,
}

/// A network card with the hardware address `mac`, for IP packets of up to `mtu` bytes, and the jack it is plugged into.
/// The link is down until [`Jack::set_link`] says otherwise.
#[must_use]
pub fn device_end(mac: [u8; 6], mtu: usize) -> (DeviceEnd, Jack) {
    let rings = Arc::new(Mutex::new(Rings {
        to_device: VecDeque::new(),
        from_device: VecDeque::new(),
        up: false,
        overruns: 0,
        device_gone: false,
        jack_gone: false,
        receiver: None,
        sender: None,
        observer: None,
        driver: None,
    }));
    (DeviceEnd { rings: Arc::clone(&rings), mac, mtu }, Jack { rings })
}

impl DeviceEnd {
    /// The next frame. `None` when the jack is gone. Cancel-safe.
    pub async fn next_frame(&mut self) -> Option<Frame> {
        poll_fn(|cx| self.poll_receive(cx)).await
    }

    /// Sends `frame`, once there is room for it. It is dropped if the jack is gone.
    pub async fn send_frame(&mut self, frame: Frame) {
        poll_fn(|cx| self.poll_room(cx)).await;
        push(&self.rings, frame);
    }

    /// How many frames were dropped because the device did not take them in time.
    #[must_use]
    pub fn overruns(&self) -> u64 {
        lock(&self.rings).overruns
    }

    fn poll_receive(&self, cx: &mut Context<'_>) -> Poll<Option<Frame>> {
        let mut rings = lock(&self.rings);
        if let Some(frame) = rings.to_device.pop_front() {
            return Poll::Ready(Some(frame));
        }
        if rings.jack_gone {
            return Poll::Ready(None);
        }
        let replaced = register(&mut rings.receiver, cx.waker());
        drop(rings);
        wake(replaced);
        Poll::Pending
    }

    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut rings = lock(&self.rings);
        if rings.from_device.len() < TRANSMIT_RING || rings.jack_gone {
            return Poll::Ready(());
        }
        let replaced = register(&mut rings.sender, cx.waker());
        drop(rings);
        wake(replaced);
        Poll::Pending
    }
}

impl Drop for DeviceEnd {
    fn drop(&mut self) {
        let mut rings = lock(&self.rings);
        rings.device_gone = true;
        let driver = rings.driver.take();
        drop(rings);
        wake(driver);
    }
}

impl Driver for DeviceEnd {
    type RxToken<'a> = Received;
    type TxToken<'a> = Room<'a>;

    fn receive(&mut self, cx: &mut Context<'_>) -> Option<(Received, Room<'_>)> {
        // smoltcp answers with one frame at most, and the ring may grow by that.
        match self.poll_receive(cx) {
            Poll::Ready(Some(frame)) => Some((Received(frame), Room(&self.rings))),
            Poll::Ready(None) | Poll::Pending => None,
        }
    }

    fn transmit(&mut self, cx: &mut Context<'_>) -> Option<Room<'_>> {
        self.poll_room(cx).is_ready().then_some(Room(&self.rings))
    }

    fn link_state(&mut self, cx: &mut Context<'_>) -> LinkState {
        let mut rings = lock(&self.rings);
        let state = if rings.up && !rings.jack_gone { LinkState::Up } else { LinkState::Down };
        let replaced = register(&mut rings.observer, cx.waker());
        drop(rings);
        wake(replaced);
        state
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = self.mtu + ETHERNET_HEADER;
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet(self.mac)
    }
}

/// A frame for the device, as embassy-net takes it.
#[derive(Debug)]
pub struct Received(Frame);

impl RxToken for Received {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(mut self, f: F) -> R {
        f(&mut self.0)
    }
}

/// Room for a frame of the device, as embassy-net fills it.
#[derive(Debug)]
pub struct Room<'a>(&'a Mutex<Rings>);

impl TxToken for Room<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut frame = vec![0; len];
        let result = f(&mut frame);
        push(self.0, frame);
        result
    }
}

impl Jack {
    /// The next frame of the device.
    #[must_use]
    pub fn take(&self) -> Option<Frame> {
        let mut rings = lock(&self.rings);
        let frame = rings.from_device.pop_front()?;
        let sender = rings.sender.take();
        drop(rings);
        wake(sender);
        Some(frame)
    }

    /// Puts a frame into the device's receive ring. It is dropped if the ring is full.
    pub fn give(&self, frame: Frame) {
        let mut rings = lock(&self.rings);
        if rings.to_device.len() >= RECEIVE_RING {
            rings.overruns += 1;
            return;
        }
        rings.to_device.push_back(frame);
        let receiver = rings.receiver.take();
        drop(rings);
        wake(receiver);
    }

    /// Tells the device whether its link is up.
    pub fn set_link(&self, up: bool) {
        let mut rings = lock(&self.rings);
        if rings.up == up {
            return;
        }
        rings.up = up;
        let observer = rings.observer.take();
        drop(rings);
        wake(observer);
    }

    /// Whether the device end was dropped.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        lock(&self.rings).device_gone
    }

    /// Has `waker` woken when the device sends a frame, or is dropped. One waker at a time; wakes once.
    pub fn wake_on_frame(&self, waker: &Waker) {
        let mut rings = lock(&self.rings);
        let replaced = register(&mut rings.driver, waker);
        drop(rings);
        wake(replaced);
    }
}

impl Drop for Jack {
    fn drop(&mut self) {
        let mut rings = lock(&self.rings);
        rings.jack_gone = true;
        let wakers = [rings.receiver.take(), rings.sender.take(), rings.observer.take()];
        drop(rings);
        wakers.into_iter().for_each(wake);
    }
}

fn push(rings: &Mutex<Rings>, frame: Frame) {
    let mut rings = lock(rings);
    if rings.jack_gone {
        return;
    }
    rings.from_device.push_back(frame);
    let driver = rings.driver.take();
    drop(rings);
    wake(driver);
}

/// No code of others runs under the lock: a panic elsewhere leaves the rings whole.
fn lock(rings: &Mutex<Rings>) -> MutexGuard<'_, Rings> {
    rings.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps `waker`, and returns that of another task which it takes the place of: it has to be woken, or it would wait
/// for ever.
fn register(slot: &mut Option<Waker>, waker: &Waker) -> Option<Waker> {
    // Only a clone is sure to be alike the clone that was kept: that of tokio's `block_on` is not alike its original, and
    // would be woken each time it waits.
    let waker = waker.clone();
    match slot {
        Some(kept) if kept.will_wake(&waker) => None,
        _ => slot.replace(waker),
    }
}

/// Outside of the lock: a waker may run anything.
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
