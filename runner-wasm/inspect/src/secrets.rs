//! The secrets that were seen, so that they stay hidden wherever they come again: in an answer that repeats the token, in a
//! line about a frame.

use crate::field::DOTS;
use crate::view::{Field, Layer};
use std::collections::VecDeque;

/// Secrets that are remembered.
const REMEMBERED: usize = 64;
/// Bytes of a secret. Shorter ones would be found where they are not meant.
const LENGTHS: core::ops::RangeInclusive<usize> = 6..=2048;

/// Fields whose value is a secret, by the last part of their name.
const NAMES: [&str; 11] = [
    "token",
    "password",
    "response",
    "secret",
    "privateKey",
    "private_key",
    "credential",
    "Password",
    "authorization",
    "proxy-authorization",
    "cookie",
];

/// The newest secrets.
#[derive(Default)]
pub(crate) struct Secrets(VecDeque<String>);

impl Secrets {
    /// Remembers the secrets of a message.
    pub(crate) fn learn(&mut self, layers: &[Layer]) {
        layers.iter().for_each(|layer| self.learn_fields(&layer.fields));
    }

    fn learn_fields(&mut self, fields: &[Field]) {
        for field in fields {
            let name = field.name.rsplit('.').next().unwrap_or_default();
            let is_named = NAMES.iter().any(|known| known.eq_ignore_ascii_case(name));
            if let Some(secret) = field.reveal.as_ref().filter(|_| is_named) {
                // As in "Basic YWxpY2U6…": the words one by one.
                secret.split(' ').for_each(|word| self.remember(word));
            }
            self.learn_fields(&field.fields);
        }
    }

    fn remember(&mut self, secret: &str) {
        if !LENGTHS.contains(&secret.len()) || self.0.iter().any(|known| known == secret) {
            return;
        }
        if self.0.len() >= REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(secret.to_owned());
    }

    /// The text with dots in place of secrets.
    pub(crate) fn cover(&self, text: &mut String) {
        for secret in &self.0 {
            if text.contains(secret.as_str()) {
                *text = text.replace(secret.as_str(), DOTS);
            }
        }
    }

    /// Hides secrets in layers that do not know of them.
    pub(crate) fn cover_layers(&self, layers: &mut [Layer]) {
        for layer in layers {
            self.cover(&mut layer.title);
            self.cover_fields(&mut layer.fields);
        }
    }

    fn cover_fields(&self, fields: &mut [Field]) {
        for field in fields {
            if self.0.iter().any(|secret| field.value.contains(secret.as_str())) {
                let mut shown = field.value.clone();
                self.cover(&mut shown);
                let value = core::mem::replace(&mut field.value, shown);
                field.reveal.get_or_insert(value);
            }
            self.cover(&mut field.name);
            self.cover_fields(&mut field.fields);
        }
    }

    /// Where in some bytes there are secrets.
    pub(crate) fn find(&self, bytes: &[u8], found: &mut Vec<(usize, usize)>) {
        for secret in self.0.iter().map(String::as_bytes).filter(|secret| secret.len() <= bytes.len()) {
            let starts = bytes.windows(secret.len()).enumerate().filter(|(_, window)| *window == secret);
            found.extend(starts.map(|(at, _)| (at, at.saturating_add(secret.len()))));
        }
    }
}
