//! The serial line between the device and the person at its console.

use super::outbox::Outbox;
use crate::heap::outside;
use core::convert::Infallible;
use core::future::poll_fn;
use core::task::{Poll, Waker};
use embedded_io_async::{ErrorType, Read, Write};
use serde_json::json;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// Bytes that may wait until the device reads them; what comes on top is lost, as in a UART.
const WAITING: usize = 4_096;

/// The person's end.
#[derive(Debug, Clone, Default)]
pub(super) struct Serial(Rc<Keys>);

#[derive(Debug, Default)]
struct Keys {
    typed: RefCell<VecDeque<u8>>,
    reader: RefCell<Option<Waker>>,
}

impl Serial {
    pub(super) fn type_text(&self, text: &str) {
        let mut typed = self.0.typed.borrow_mut();
        let room = WAITING.saturating_sub(typed.len());
        typed.extend(text.bytes().take(room));
        if let Some(reader) = self.0.reader.take() {
            reader.wake();
        }
    }

    /// The device's end, whose screen is the outbox.
    pub(super) fn to_machine(&self, screen: Outbox) -> Uart {
        Uart { keys: self.clone(), screen }
    }
}

/// The device's end.
#[derive(Debug, Clone)]
pub(super) struct Uart {
    keys: Serial,
    screen: Outbox,
}

impl ErrorType for Uart {
    type Error = Infallible;
}

impl Read for Uart {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let keys = &self.keys.0;
        poll_fn(|cx| {
            let mut typed = keys.typed.borrow_mut();
            let room = typed.len().min(buffer.len());
            // Not beyond the end of a line: if it makes the device start anew, what follows is for when it has.
            let end = typed.iter().take(room).position(|key| *key == b'\r');
            let len = end.map_or(room, |at| at + 1);
            if len == 0 {
                outside(|| keys.reader.replace(Some(cx.waker().clone())));
                return Poll::Pending;
            }
            buffer.iter_mut().zip(typed.drain(..len)).for_each(|(slot, key)| *slot = key);
            self.screen.tell(|| json!({ "type": "read", "bytes": len }));
            Poll::Ready(Ok(len))
        })
        .await
    }
}

impl Write for Uart {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.screen.console(bytes);
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
