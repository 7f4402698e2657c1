//! Tells a test when the device is at work, and when it is only the world around it that is called: the cable, the diary, the
//! alarms. So an allocator can count what the device itself asks for.

use core::task::Context;
use embassy_net::driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};
use std::cell::Cell;

thread_local! {
    static HOOK: Cell<Option<fn(Place)>> = const { Cell::new(None) };
    static PLACE: Cell<Place> = const { Cell::new(Place::World) };
}

/// Where the thread is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Outside of the device.
    World,
    /// In the device, in what uses the heap by right: the private key.
    Key,
    /// In the device.
    Device,
}

/// Lets `hook` know from now on, on this thread.
pub fn watch(hook: fn(Place)) {
    HOOK.set(Some(hook));
}

/// Does `work`, which is `place`.
pub(crate) fn at<T>(place: Place, work: impl FnOnce() -> T) -> T {
    let before = PLACE.replace(place);
    tell(place);
    let result = work();
    PLACE.set(before);
    tell(before);
    result
}

/// Does `work` of the world, from wherever it was called.
pub(crate) fn outside<T>(work: impl FnOnce() -> T) -> T {
    at(Place::World, work)
}

fn tell(place: Place) {
    if let Some(hook) = HOOK.get() {
        hook(place);
    }
}

/// An Ethernet driver whose own doings are those of the world.
pub(crate) struct Cable<D>(pub(crate) D);

/// A token of one.
pub(crate) struct Token<T>(T);

impl<D: Driver> Driver for Cable<D> {
    type RxToken<'a>
        = Token<D::RxToken<'a>>
    where
        D: 'a;
    type TxToken<'a>
        = Token<D::TxToken<'a>>
    where
        D: 'a;

    fn receive(&mut self, cx: &mut Context<'_>) -> Option<(Self::RxToken<'_>, Self::TxToken<'_>)> {
        outside(|| self.0.receive(cx).map(|(receive, transmit)| (Token(receive), Token(transmit))))
    }

    fn transmit(&mut self, cx: &mut Context<'_>) -> Option<Self::TxToken<'_>> {
        outside(|| self.0.transmit(cx).map(Token))
    }

    fn link_state(&mut self, cx: &mut Context<'_>) -> LinkState {
        outside(|| self.0.link_state(cx))
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn hardware_address(&self) -> HardwareAddress {
        self.0.hardware_address()
    }
}

impl<T: RxToken> RxToken for Token<T> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, work: F) -> R {
        outside(|| self.0.consume(|frame| at(Place::Device, || work(frame))))
    }
}

impl<T: TxToken> TxToken for Token<T> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, work: F) -> R {
        outside(|| self.0.consume(len, |frame| at(Place::Device, || work(frame))))
    }
}
