//! The figures: what they are called, in files and for people, and what their unit is.

use std::collections::BTreeMap;
use std::fmt::Write;

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Bytes.
    Bytes,
    /// Instructions of the processor.
    Instructions,
}

/// Something that is measured.
#[derive(Debug)]
pub(super) struct Kind {
    /// Its name in limits.toml and size.json.
    pub(super) name: &'static str,
    /// What people read.
    pub(super) title: &'static str,
    pub(super) unit: Unit,
}

/// What is measured of each board.
pub(super) const OF_BOARDS: [Kind; 14] = [
    bytes("flash", "flash"),
    bytes("ram_static", "RAM that is static"),
    bytes("stack_peak", "stack, with one intermediate certificate"),
    bytes("stack_longest", "stack, with six, the most that are let in"),
    bytes("ram", "RAM together"),
    instructions("key", "making the key: seed 1"),
    instructions("key_mean", "making the key: mean of the seeds measured"),
    instructions("decrypt", "decrypting a challenge"),
    instructions("tls_p256", "TLS handshake, chain of P-256"),
    instructions("tls_p384", "TLS handshake, chain of P-384"),
    instructions("tls_rsa", "TLS handshake, chain of RSA-2048"),
    instructions("claim", "claim, the key being there"),
    instructions("link", "from claimed to online"),
    instructions("query", "a query over the link"),
];

/// What is measured of the wire.
pub(super) const OF_WIRE: [Kind; 6] = [
    bytes("claim_tcp", "claim, TCP payload"),
    bytes("claim_ethernet", "claim, on Ethernet"),
    bytes("link_tcp", "link until live, TCP payload"),
    bytes("link_ethernet", "link until live, on Ethernet"),
    bytes("idle_day_tcp", "idle day, TCP payload"),
    bytes("idle_day_ethernet", "idle day, on Ethernet"),
];

/// What is measured of the machine that this runs on.
pub(super) const OF_HOST: [Kind; 3] = [
    bytes("program", "program for Linux, static, with link only"),
    bytes("resident", "memory of that program, resident, linked and live"),
    bytes("web", "the playground, WebAssembly, compressed"),
];

/// The group of [`OF_WIRE`].
pub(super) const WIRE: &str = "wire";
/// The group of [`OF_HOST`].
pub(super) const HOST: &str = "host";

const fn bytes(name: &'static str, title: &'static str) -> Kind {
    Kind { name, title, unit: Unit::Bytes }
}

const fn instructions(name: &'static str, title: &'static str) -> Kind {
    Kind { name, title, unit: Unit::Instructions }
}

/// What was measured, by group (a board, [`WIRE`] or [`HOST`]) and name.
#[derive(Debug, Default)]
pub(super) struct Figures(BTreeMap<(String, &'static str), u64>);

impl Figures {
    pub(super) fn set(&mut self, group: &str, name: &'static str, value: u64) {
        self.0.insert((group.to_owned(), name), value);
    }

    /// Keeps the larger one.
    pub(super) fn raise(&mut self, group: &str, name: &'static str, value: u64) {
        let slot = self.0.entry((group.to_owned(), name)).or_insert(0);
        *slot = value.max(*slot);
    }

    pub(super) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    pub(super) fn get(&self, group: &str, name: &str) -> Option<u64> {
        self.iter().find(|(of, called, _)| *of == group && *called == name).map(|(.., value)| value)
    }

    /// Group, name and value.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &'static str, u64)> {
        self.0.iter().map(|((group, name), value)| (group.as_str(), *name, *value))
    }

    /// Whether there is anything of a group.
    pub(super) fn has(&self, group: &str) -> bool {
        self.iter().any(|(of, ..)| of == group)
    }

    /// One object, with an object for each group.
    pub(super) fn json(&self) -> String {
        let mut text = String::from("{");
        let mut last = None;
        for (group, name, value) in self.iter() {
            let separator = match last {
                Some(of) if of == group => ",\n",
                Some(_) => "\n  },\n",
                None => "\n",
            };
            text.push_str(separator);
            if last != Some(group) {
                let _ = writeln!(text, "  \"{group}\": {{");
            }
            let _ = write!(text, "    \"{name}\": {value}");
            last = Some(group);
        }
        text.push_str(if last.is_some() { "\n  }\n}\n" } else { "}\n" });
        text
    }
}

impl Unit {
    /// The number as people read it.
    pub(super) fn show(self, value: u64) -> String {
        match self {
            Self::Bytes => format!("{} B", grouped(value)),
            Self::Instructions if value >= 100_000_000 => format!("{} M", grouped(value.div_ceil(1_000_000))),
            Self::Instructions => format!("{:.1} M", value as f64 / 1e6),
        }
    }
}

/// Digits in groups of three.
pub(super) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Figures, Unit};

    #[test]
    fn numbers_are_readable() {
        assert_eq!(Unit::Bytes.show(521_236), "521 236 B");
        assert_eq!(Unit::Bytes.show(99), "99 B");
        assert_eq!(Unit::Bytes.show(1_000), "1 000 B");
        assert_eq!(Unit::Instructions.show(1_324_401_660), "1 325 M");
        assert_eq!(Unit::Instructions.show(1_344_848), "1.3 M");
    }

    #[test]
    fn figures_become_one_object_of_objects() {
        let mut figures = Figures::default();
        assert_eq!(figures.json(), "{}\n");
        figures.set("b", "flash", 2);
        figures.set("a", "ram", 1);
        figures.raise("a", "flash", 4);
        figures.raise("a", "flash", 3);
        let text = "{\n  \"a\": {\n    \"flash\": 4,\n    \"ram\": 1\n  },\n  \"b\": {\n    \"flash\": 2\n  }\n}\n";
        assert_eq!(figures.json(), text);
    }
}
