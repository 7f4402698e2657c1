//! Records for people.

use super::names::{alert_help, alert_name, content_name};
use super::{ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE};
use crate::field::{bytes, field, layer, named};
use crate::reader::Reader;
use crate::view::{Layer, Protocol};
use core::ops::Range;

/// What is known of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Record {
    /// It is not encrypted.
    Plain,
    /// It was decrypted: the type of its content, and in which source that is.
    Decrypted {
        /// The type of the content.
        kind: u8,
        /// Which source of the frame.
        source: usize,
        /// Its bytes, without type and padding.
        len: usize,
    },
    /// There is no secret for it yet.
    Waiting,
    /// It cannot be decrypted: why not.
    Unreadable(&'static str),
}

impl Record {
    pub(crate) const fn is_closed(self) -> bool {
        matches!(self, Self::Waiting | Self::Unreadable(_))
    }

    /// One line; empty if what is in it says more.
    pub(crate) fn headline(self, record: &[u8]) -> String {
        let kind = record.first().copied().unwrap_or_default();
        let len = record.len().saturating_sub(super::HEADER);
        match self {
            Self::Plain | Self::Decrypted { .. } => String::new(),
            Self::Waiting | Self::Unreadable(_) => {
                format!("{}, {} encrypted", content_name(kind).unwrap_or("record"), bytes(len))
            }
        }
    }

    pub(crate) fn layer(self, source: &[u8], range: Range<usize>) -> Layer {
        let help = "TLS cuts its stream into records. From the middle of the handshake on, everything in them is encrypted: \
                    whoever carries them can see how long they are, and nothing else.";
        let title = match self {
            Self::Plain => "TLS record",
            Self::Decrypted { .. } => "TLS record, decrypted",
            Self::Waiting | Self::Unreadable(_) => "TLS record, encrypted",
        };
        layer(Protocol::Tls, title, source, range, help, |fields, reader| {
            let at = reader.at();
            let kind = reader.u8()?;
            let name = named(content_name(kind), kind);
            fields.add(
                field("Type", name, at..reader.at())
                    .help("What is in it. Encrypted records all say \"application data\"; the real type is inside."),
            );
            let at = reader.at();
            let version = reader.u16()?;
            fields.add(field("Version", version_words(version), at..reader.at()).help(
                "Always that of an old TLS, so that devices on the way do not stumble. The real version is in the hello.",
            ));
            let at = reader.at();
            let len = reader.u16()?;
            fields.add(field("Length", bytes(len.into()), at..reader.at()));
            let (at, rest) = (reader.at(), reader.len());
            reader.take(rest)?;
            let value = match self {
                Self::Plain => bytes(rest),
                Self::Decrypted { kind, len, .. } => {
                    format!("{} of {}, decrypted", bytes(len), content_name(kind).unwrap_or("an unknown type"))
                }
                Self::Waiting => format!("{}, encrypted; the key log has no secret for them yet", bytes(rest)),
                Self::Unreadable(why) => format!("{}, encrypted; {why}", bytes(rest)),
            };
            fields.add(field("Content", value, at..reader.at()));
            Some(())
        })
    }
}

pub(super) fn version_words(version: u16) -> String {
    let name = match version {
        0x0301 => Some("TLS 1.0"),
        0x0302 => Some("TLS 1.1"),
        0x0303 => Some("TLS 1.2"),
        0x0304 => Some("TLS 1.3"),
        _ => None,
    };
    named(name, format_args!("0x{version:04x}"))
}

/// One line about content that is no handshake message.
pub(super) fn content_headline(kind: u8, content: &[u8]) -> String {
    match kind {
        ALERT => {
            let mut reader = Reader::new(content, 0..content.len());
            let code = reader.take(1).and_then(|_| reader.u8());
            code.map_or_else(|| "alert".to_owned(), |code| format!("alert: {}", alert_name(code).unwrap_or("unknown")))
        }
        CHANGE_CIPHER_SPEC => "change of cipher (of no meaning in TLS 1.3)".to_owned(),
        HANDSHAKE | APPLICATION_DATA => String::new(),
        _ => "unknown content".to_owned(),
    }
}

pub(crate) fn alert(source: &[u8], range: Range<usize>) -> Layer {
    let help = "An alert ends the connection: close_notify in order, all others because something is wrong.";
    layer(Protocol::Tls, "TLS alert", source, range, help, |fields, reader| {
        let at = reader.at();
        let level = reader.u8()?;
        let name = match level {
            1 => Some("warning"),
            2 => Some("fatal"),
            _ => None,
        };
        fields.add(field("Level", named(name, level), at..reader.at()).help("Of no meaning in TLS 1.3."));
        let at = reader.at();
        let code = reader.u8()?;
        fields.add(field("Reason", named(alert_name(code), code), at..reader.at()).help(alert_help(code)));
        Some(())
    })
}

pub(crate) fn change_cipher_spec(source: &[u8], range: Range<usize>) -> Layer {
    let help = "A relic: TLS 1.3 sends it so that devices on the way take the connection for one of TLS 1.2.";
    layer(Protocol::Tls, "TLS change of cipher", source, range, help, |fields, reader| {
        let at = reader.at();
        let value = reader.u8()?;
        fields.add(field("Value", value.to_string(), at..reader.at()));
        Some(())
    })
}
