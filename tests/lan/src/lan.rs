//! Cable and router as one.

use crate::cable::{Cable, End, Frame};
use crate::device_end::Jack;
use crate::faults::Faults;
use crate::router::{Action, Config, ConfigError, Router};
use aclk_core::clock::Instant;

/// A cable with a router at its far end.
///
/// Sans-IO like its parts: see [`Router`] for what a caller does. The device's frames go through
/// [`cable`](Self::cable), at [`End::Device`].
#[derive(Debug)]
pub struct Lan {
    /// What the device is plugged into.
    pub cable: Cable,
    /// What is at the other end.
    pub router: Router,
}

impl Lan {
    /// A cable with `faults`, drawn from `seed`, and a router as configured.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn new(seed: u64, faults: Faults, config: Config) -> Result<Self, ConfigError> {
        Ok(Self { cable: Cable::new(seed, faults), router: Router::new(config)? })
    }

    /// Carries frames between cable and router, and returns the next thing to do on the host. Call it until it returns
    /// `None`, after whatever happened: a frame from the device, an event of the host, time.
    pub fn poll(&mut self, now: Instant) -> Option<Action> {
        while let Some(frame) = self.cable.receive(End::Router, now) {
            self.router.receive(now, &frame);
        }
        let action = self.router.poll(now);
        while let Some(frame) = self.router.transmit(now) {
            self.cable.send(End::Router, now, frame);
        }
        action
    }

    /// When to look again, if nothing happens before.
    pub fn next_event(&mut self, now: Instant) -> Option<Instant> {
        let events = [self.cable.next_event(now), self.router.next_event(now)];
        events.into_iter().flatten().min()
    }

    /// Carries frames between the cable and a [`DeviceEnd`](crate::DeviceEnd), and tells that whether the link is up.
    pub fn exchange(&mut self, now: Instant, jack: &Jack) {
        while let Some(frame) = jack.take() {
            self.cable.send(End::Device, now, frame);
        }
        while let Some(frame) = self.cable.receive(End::Device, now) {
            jack.give(frame);
        }
        jack.set_link(self.cable.is_up(now));
    }

    /// Puts a frame of the device into the cable.
    pub fn send(&mut self, now: Instant, frame: Frame) {
        self.cable.send(End::Device, now, frame);
    }

    /// Takes the next frame for the device out of the cable.
    pub fn receive(&mut self, now: Instant) -> Option<Frame> {
        self.cable.receive(End::Device, now)
    }
}
