//! What the device has to tell the page, until the worker takes it.

use crate::heap::outside;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// Messages that wait at most; the oldest give way. The worker takes them after each step.
const MESSAGES: usize = 10_000;

#[derive(Debug)]
enum Message {
    /// Text of the console, which comes in small pieces and goes as one.
    Console(String),
    Other(String),
}

/// Messages to the page, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Outbox(Rc<RefCell<VecDeque<Message>>>);

impl Outbox {
    /// Tells something: a `FromDevice` of wire.ts.
    pub(super) fn tell(&self, message: impl FnOnce() -> Value) {
        outside(|| self.push(Message::Other(message().to_string())));
    }

    /// Text has come over the console.
    pub(super) fn console(&self, bytes: &[u8]) {
        outside(|| {
            let text = String::from_utf8_lossy(bytes);
            if let Some(Message::Console(last)) = self.0.borrow_mut().back_mut() {
                return last.push_str(&text);
            }
            self.push(Message::Console(text.into_owned()));
        });
    }

    pub(super) fn take(&self) -> Option<String> {
        match self.0.borrow_mut().pop_front()? {
            Message::Console(text) => Some(json!({ "type": "console", "text": text }).to_string()),
            Message::Other(text) => Some(text),
        }
    }

    fn push(&self, message: Message) {
        let mut messages = self.0.borrow_mut();
        if messages.len() == MESSAGES {
            messages.pop_front();
        }
        messages.push_back(message);
    }
}
