//! Just enough JSON for what `--json` prints and what the daemon tells `aclk status`.

use aclk_core::wire::json::Escaped;
use std::fmt::Write;

/// An object that is being written.
#[derive(Debug)]
pub(crate) struct Object(String);

/// A value that is JSON already.
#[derive(Debug, Clone)]
pub(crate) struct Raw(pub(crate) String);

/// What can be a value.
pub(crate) trait Value {
    fn put(&self, out: &mut String);
}

impl Object {
    pub(crate) fn new() -> Self {
        Self("{".to_owned())
    }

    /// Adds a member.
    pub(crate) fn member(mut self, name: &str, value: impl Value) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        name.put(&mut self.0);
        self.0.push(':');
        value.put(&mut self.0);
        self
    }

    /// The whole object.
    pub(crate) fn end(mut self) -> Raw {
        self.0.push('}');
        Raw(self.0)
    }
}

impl Value for Raw {
    fn put(&self, out: &mut String) {
        out.push_str(&self.0);
    }
}

impl Value for str {
    fn put(&self, out: &mut String) {
        // Writing to a `String` never fails.
        let _ = write!(out, "\"{}\"", Escaped(self));
    }
}

impl Value for String {
    fn put(&self, out: &mut String) {
        self.as_str().put(out);
    }
}

impl Value for bool {
    fn put(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
}

impl Value for u64 {
    fn put(&self, out: &mut String) {
        let _ = write!(out, "{self}");
    }
}

impl<V: Value> Value for Option<V> {
    fn put(&self, out: &mut String) {
        match self {
            Some(value) => value.put(out),
            None => out.push_str("null"),
        }
    }
}

impl<V: Value> Value for Vec<V> {
    fn put(&self, out: &mut String) {
        out.push('[');
        for (index, value) in self.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            value.put(out);
        }
        out.push(']');
    }
}

impl<V: Value + ?Sized> Value for &V {
    fn put(&self, out: &mut String) {
        V::put(self, out);
    }
}

/// Microseconds as milliseconds with three decimals.
pub(crate) fn milliseconds(span: std::time::Duration) -> Raw {
    let us = span.as_micros();
    Raw(format!("{}.{:03}", us / 1_000, us % 1_000))
}

#[cfg(test)]
mod tests {
    use super::{Object, milliseconds};
    use std::time::Duration;

    #[test]
    fn objects_are_json() {
        let inner = Object::new().member("n", 7_u64).end();
        let raw = Object::new()
            .member("s", "a\"\\\n\u{1b}ä")
            .member("none", None::<&str>)
            .member("list", vec![inner.clone(), inner])
            .member("yes", true)
            .member("ms", milliseconds(Duration::from_micros(1_002)))
            .end();
        let value: serde_json::Value = serde_json::from_str(&raw.0).unwrap();
        assert_eq!(
            value,
            serde_json::json!({"s": "a\"\\\n\u{1b}ä", "none": null, "list": [{"n": 7}, {"n": 7}], "yes": true, "ms": 1.002})
        );
        assert_eq!(Object::new().end().0, "{}");
    }
}
