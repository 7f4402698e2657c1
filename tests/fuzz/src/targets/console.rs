//! The serial console of firmware: anything may be typed, and a token is never shown.

use crate::bench::device::{self, SETTINGS};
use crate::bench::wait::Ticks;
use crate::input::Steps;
use aclk_core::metrics::{Device, Facts};
use aclk_core::node::Node;
use aclk_core::store::Saved;
use aclk_firmware::console::{Desk, console};
use aclk_firmware::flash::FlashError;
use aclk_firmware::{BoardDevice, Counters, DeviceClock};
use embedded_io_async::{ErrorType, Read, Write};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// A token that is typed by some step, whatever else is typed.
const TOKEN: &str = "s3cret-token-0123456789";
/// Most that one key makes appear: a line that is drawn anew, and an answer of some lines.
const SCREEN_PER_KEY: usize = 4_096;

/// Both ends of a serial line.
#[derive(Default)]
struct Wire {
    keys: RefCell<VecDeque<u8>>,
    screen: RefCell<Vec<u8>>,
}

impl ErrorType for &Wire {
    type Error = Infallible;
}

impl Read for &Wire {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        poll_fn(|_| {
            let mut keys = self.keys.borrow_mut();
            let len = keys.len().min(buffer.len());
            if len == 0 {
                return Poll::Pending;
            }
            buffer.iter_mut().zip(keys.drain(..len)).for_each(|(slot, key)| *slot = key);
            Poll::Ready(Ok(len))
        })
        .await
    }
}

impl Write for &Wire {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.screen.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

pub(crate) fn run(input: &[u8]) {
    let (clock, counters, mut samples, ticks) = (DeviceClock::new(0), Counters::new(), [0.0; 64], Ticks::default());
    let device = BoardDevice::new(Facts::default(), (), (), &clock, &counters, &mut samples);
    let node = RefCell::new(Node::new(device, &SETTINGS, &Saved::default(), device::now(0)));
    let node: &RefCell<Node<dyn Device + '_>> = &node;
    let (wire, desk) = (Wire::default(), Desk::new());
    let mut console = pin!(console(&wire, &wire, &desk, node, &ticks));
    let mut context = Context::from_waker(Waker::noop());

    let mut steps = Steps::of(input);
    let (mut typed, mut is_claim_line) = (0, true);
    while let Some(step) = steps.next(8) {
        let mut keys = |keys: &[u8]| {
            typed += keys.len();
            wire.keys.borrow_mut().extend(keys);
        };
        match step {
            0..=3 => {
                let bytes = steps.bytes();
                is_claim_line = bytes.ends_with(b"\r") || (bytes.is_empty() && is_claim_line);
                keys(bytes);
            }
            4 => keys(b"\r"),
            // On a line of its own, what stands behind "claim" is not shown.
            5 => keys(format!("\x03claim {TOKEN}\r").as_bytes()),
            6 => desk.say(steps.text()),
            _ => desk.answer(if steps.byte() & 1 == 0 { Ok(()) } else { Err(FlashError::Damaged) }),
        }
        if step == 4 {
            is_claim_line = true;
        }
        for _ in 0..4 {
            assert!(console.as_mut().poll(&mut context).is_pending(), "the console ended");
        }
        let _ = desk.take();
    }
    let screen = wire.screen.borrow();
    assert!(screen.len() <= (typed + 64) * SCREEN_PER_KEY, "the screen is flooded");
    let is_echoed = screen.windows(TOKEN.len()).any(|part| part == TOKEN.as_bytes());
    let is_typed = input.windows(TOKEN.len()).any(|part| part == TOKEN.as_bytes());
    assert!(is_typed || !is_echoed, "the token is shown: {}", screen.escape_ascii());
}
