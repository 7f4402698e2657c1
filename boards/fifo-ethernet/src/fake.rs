//! A chip of software: what a test says of it, and what it says of the driver.

use crate::{Card, FifoChip, Port};
use core::cell::RefCell;
use core::task::{Context, Waker};
use embassy_net_driver::{Driver, LinkState, RxToken, TxToken};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;
use std::vec::Vec;

/// A chip, as far as its manual describes what the driver uses. What the manual forbids fails the test.
pub trait Model {
    /// What the driver reads at this register, and what comes of it.
    fn read(&mut self, offset: u8) -> u32;

    /// What comes of its writing there.
    fn write(&mut self, offset: u8, value: u32);

    /// The driver wants to be woken by the next interrupt, or by one that is active.
    fn listen(&mut self, waker: Waker);

    /// The driver says that so many frames were lost.
    fn lost(&mut self, frames: u32);
}

/// Where the test holds the chip.
pub struct Wire<M>(Rc<RefCell<M>>);

/// Where the driver does.
#[derive(Debug)]
pub struct Fake<M>(Rc<RefCell<M>>);

impl<M> Wire<M> {
    /// A chip.
    pub fn new(model: M) -> Self {
        Self(Rc::new(RefCell::new(model)))
    }

    /// The driver's end.
    #[must_use]
    pub fn port(&self) -> Fake<M> {
        Fake(self.0.clone())
    }

    /// Looks at the chip, or does something to it.
    pub fn with<T>(&self, f: impl FnOnce(&mut M) -> T) -> T {
        f(&mut self.0.borrow_mut())
    }
}

impl<M: Model> Port for Fake<M> {
    fn read(&mut self, offset: u8) -> u32 {
        self.0.borrow_mut().read(offset)
    }

    fn write(&mut self, offset: u8, value: u32) {
        self.0.borrow_mut().write(offset, value);
    }

    fn listen(&mut self, waker: &Waker) {
        self.0.borrow_mut().listen(waker.clone());
    }

    fn lost(&mut self, frames: u32) {
        self.0.borrow_mut().lost(frames);
    }
}

/// Counts how often its waker is used.
#[derive(Default)]
pub struct Bell(Arc<Rings>);

#[derive(Default)]
struct Rings(AtomicUsize);

impl Wake for Rings {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Bell {
    /// The waker.
    #[must_use]
    pub fn waker(&self) -> Waker {
        self.0.clone().into()
    }

    /// How often it was used.
    #[must_use]
    pub fn rings(&self) -> usize {
        self.0.0.load(Ordering::Relaxed)
    }
}

/// Bytes that are all different as far as that goes.
#[must_use]
pub fn frame(len: usize) -> Vec<u8> {
    (0..len).map(|index| (index * 7 + index / 256) as u8).collect()
}

/// The next frame, if there is one.
pub fn receive<C: FifoChip, const FRAME: usize>(card: &mut Card<C, FRAME>, waker: &Waker) -> Option<Vec<u8>> {
    let (frame, _) = card.receive(&mut Context::from_waker(waker))?;
    Some(frame.consume(|frame| frame.to_vec()))
}

/// Sends a frame, if there is room for it.
pub fn send<C: FifoChip, const FRAME: usize>(card: &mut Card<C, FRAME>, frame: &[u8], waker: &Waker) -> bool {
    let room = card.transmit(&mut Context::from_waker(waker));
    room.map(|room| room.consume(frame.len(), |buffer| buffer.copy_from_slice(frame))).is_some()
}

/// Whether there is a link.
pub fn is_linked<C: FifoChip, const FRAME: usize>(card: &mut Card<C, FRAME>, waker: &Waker) -> bool {
    card.link_state(&mut Context::from_waker(waker)) == LinkState::Up
}
