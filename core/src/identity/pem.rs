//! Keys as text (RFC 7468).

use super::key::{KeyError, PRIVATE_PEM_MAX};
use crate::secret::Secret;
use base64ct::{Base64, Encoding};
use core::fmt::{self, Write};

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// What is inside a private key file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `PrivateKeyInfo` (RFC 5208), as OpenSSL 3 writes.
    Pkcs8,
    /// `RSAPrivateKey` (RFC 8017, A.1.2), as OpenSSL before 3 wrote.
    Pkcs1,
}

/// A private key as DER, unwrapped from its PEM but not looked into. Wiped on drop.
#[derive(Debug)]
pub struct PrivateDer {
    /// Which structure it should be.
    pub form: Form,
    /// The structure, at most 1 536 bytes.
    pub der: Secret<PRIVATE_PEM_MAX>,
}

impl PrivateDer {
    /// Takes the first private key out of `pem`, which may have text and other blocks before and after it, any line
    /// ends and any line length: what people paste together is read as OpenSSL would.
    ///
    /// # Errors
    /// * [`KeyError::Format`]: no private key, or one without end or with characters that are not base64;
    /// * [`KeyError::Encrypted`]: it is protected by a passphrase;
    /// * [`KeyError::Unsupported`]: by its label it is no RSA key, or it is too long for one of 2048 bits.
    pub fn read(pem: &[u8]) -> Result<Self, KeyError> {
        let (form, body) = Self::find(pem)?;
        decode(body).map(|der| Self { form, der })
    }

    /// The form, and what stands between the lines around it.
    fn find(pem: &[u8]) -> Result<(Form, &[u8]), KeyError> {
        let mut rest = pem;
        while let Some((_, block)) = split(rest, BEGIN) {
            let (label, body) = split(block, DASHES).ok_or(KeyError::Format)?;
            rest = body;
            let form = match label {
                b"PRIVATE KEY" => Form::Pkcs8,
                b"RSA PRIVATE KEY" => Form::Pkcs1,
                b"ENCRYPTED PRIVATE KEY" => return Err(KeyError::Encrypted),
                _ if label.ends_with(b" PRIVATE KEY") => return Err(KeyError::Unsupported),
                _ => continue,
            };
            let (body, end) = split(body, END).ok_or(KeyError::Format)?;
            if !end.strip_prefix(label).is_some_and(|end| end.starts_with(DASHES)) {
                return Err(KeyError::Format);
            }
            // Header lines (RFC 1421), which PKCS#1 has when it is encrypted: `Proc-Type: 4,ENCRYPTED`.
            if split(body, b"ENCRYPTED").is_some_and(|(before, _)| before.contains(&b':')) {
                return Err(KeyError::Encrypted);
            }
            return Ok((form, body));
        }
        Err(KeyError::Format)
    }
}

impl PrivateDer {
    /// The same as PEM, in lines of 64 characters as OpenSSL writes them.
    ///
    /// # Errors
    /// [`KeyError::Unsupported`] if it is longer than a key of 2048 bits, so that its PEM has no room.
    pub fn to_pem(&self) -> Result<Secret<PRIVATE_PEM_MAX>, KeyError> {
        let label: &[u8] = match self.form {
            Form::Pkcs8 => b"PRIVATE KEY",
            Form::Pkcs1 => b"RSA PRIVATE KEY",
        };
        Secret::fill_with(|buffer| encode(label, self.der.expose(), buffer).ok_or(KeyError::Unsupported))
    }
}

/// Writes `der` as PEM, in lines of 64 characters as OpenSSL does, and returns how long that is. `None` without room for it.
pub(super) fn encode(label: &[u8], der: &[u8], buffer: &mut [u8]) -> Option<usize> {
    let mut len = 0;
    for part in [BEGIN, label, DASHES, b"\n"] {
        append(buffer, &mut len, part)?;
    }
    for line in der.chunks(LINE_BYTES) {
        len += Base64::encode(line, buffer.get_mut(len..)?).ok()?.len();
        append(buffer, &mut len, b"\n")?;
    }
    for part in [END, label, DASHES, b"\n"] {
        append(buffer, &mut len, part)?;
    }
    Some(len)
}

/// Bytes in a line of 64 characters.
const LINE_BYTES: usize = 48;

fn append(buffer: &mut [u8], len: &mut usize, part: &[u8]) -> Option<()> {
    let end = len.checked_add(part.len())?;
    buffer.get_mut(*len..end)?.copy_from_slice(part);
    *len = end;
    Some(())
}

fn decode(body: &[u8]) -> Result<Secret<PRIVATE_PEM_MAX>, KeyError> {
    Secret::fill_with(|buffer| {
        let mut len = 0;
        for &c in body.iter().filter(|c| !c.is_ascii_whitespace()) {
            *buffer.get_mut(len).ok_or(KeyError::Unsupported)? = c;
            len += 1;
        }
        let text = buffer.get_mut(..len).unwrap_or_default();
        Base64::decode_in_place(text).map(<[u8]>::len).map_err(|_| KeyError::Format)
    })
}

fn split<'t>(text: &'t [u8], mark: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let at = text.windows(mark.len()).position(|window| window == mark)?;
    let (before, from) = text.split_at_checked(at)?;
    Some((before, from.strip_prefix(mark)?))
}

/// Text as the inside of a JSON string (RFC 8259, section 7), without the quotes: how a public key travels in the claim
/// request, its line ends as the two characters `\n` (protocol.md 1.5).
#[derive(Debug, Clone, Copy)]
pub struct JsonEscaped<'a>(
    /// The text.
    pub &'a str,
);

impl fmt::Display for JsonEscaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '"' | '\\' => write!(f, "\\{c}")?,
                '\0'..='\x1f' => write!(f, "\\u{:04x}", u32::from(c))?,
                _ => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, JsonEscaped, PrivateDer};
    use crate::identity::key::KeyError;
    use crate::secret::Secret;
    use proptest::prelude::*;
    use std::format;
    use std::string::String;

    fn read(pem: &str) -> Result<(Form, String), KeyError> {
        PrivateDer::read(pem.as_bytes()).map(|key| (key.form, String::from(key.der.expose_str())))
    }

    #[test]
    fn both_forms_are_told_apart_by_their_label() {
        let hello = || String::from("hello");
        assert_eq!(
            read("-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n"),
            Ok((Form::Pkcs8, hello()))
        );
        assert_eq!(
            read("-----BEGIN RSA PRIVATE KEY-----\naGVsbG8=\n-----END RSA PRIVATE KEY-----\n"),
            Ok((Form::Pkcs1, hello()))
        );
    }

    #[test]
    fn what_editors_and_people_do_to_a_file_does_not_matter() {
        for pem in [
            "-----BEGIN PRIVATE KEY-----\r\naGVs\r\nbG8=\r\n-----END PRIVATE KEY-----\r\n",
            "-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\naGVsbG8=  \n\n-----END PRIVATE KEY-----\n\n\n",
            "\u{feff}-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n",
            "  -----BEGIN PRIVATE KEY-----\n  aGVsbG8=\n  -----END PRIVATE KEY-----\n",
            "Private-Key: (2048 bit)\n-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\nthe end",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n\
             -----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n",
            "-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n",
        ] {
            assert_eq!(read(pem), Ok((Form::Pkcs8, String::from("hello"))), "{pem:?}");
        }
    }

    #[test]
    fn what_is_not_a_usable_private_key_is_named() {
        for (pem, why) in [
            ("", KeyError::Format),
            ("-----BEGIN ", KeyError::Format),
            ("-----BEGIN PRIVATE KEY", KeyError::Format),
            ("-----BEGIN PRIVATE KEY-----\naGVsbG8=\n", KeyError::Format),
            ("-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY----", KeyError::Format),
            ("-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END RSA PRIVATE KEY-----\n", KeyError::Format),
            ("-----BEGIN PRIVATE KEY-----\naGVsbG8\n-----END PRIVATE KEY-----\n", KeyError::Format),
            ("-----BEGIN PRIVATE KEY-----\naGVs_G8=\n-----END PRIVATE KEY-----\n", KeyError::Format),
            ("-----BEGIN PUBLIC KEY-----\naGVsbG8=\n-----END PUBLIC KEY-----\n", KeyError::Format),
            ("-----BEGIN ENCRYPTED PRIVATE KEY-----\n", KeyError::Encrypted),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\naGVsbG8=\n\
                 -----END RSA PRIVATE KEY-----\n",
                KeyError::Encrypted,
            ),
            ("-----BEGIN EC PRIVATE KEY-----\n", KeyError::Unsupported),
            (
                "-----BEGIN EC PARAMETERS-----\nAA==\n-----END EC PARAMETERS-----\n-----BEGIN EC PRIVATE KEY-----\n",
                KeyError::Unsupported,
            ),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\n", KeyError::Unsupported),
        ] {
            assert_eq!(read(pem), Err(why), "{pem:?}");
        }
    }

    #[test]
    fn a_key_comes_back_from_its_der_as_it_was() {
        for (form, label) in [(Form::Pkcs8, "PRIVATE KEY"), (Form::Pkcs1, "RSA PRIVATE KEY")] {
            for len in [1, 47, 48, 49, 1_218] {
                let bytes: std::vec::Vec<u8> = (0..len).map(|index: u32| index as u8).collect();
                let key = PrivateDer { form, der: Secret::copy_of(&bytes).unwrap() };
                let pem = key.to_pem().unwrap();
                assert!(pem.expose_str().starts_with(&format!("-----BEGIN {label}-----\n")), "{}", pem.expose_str());
                assert!(pem.expose_str().lines().all(|line| line.len() <= 64));
                let read = PrivateDer::read(pem.expose()).unwrap();
                assert_eq!((read.form, read.der.expose()), (form, &bytes[..]));
            }
        }
        let long = PrivateDer { form: Form::Pkcs8, der: Secret::copy_of(&[0; 1_536]).unwrap() };
        assert_eq!(long.to_pem().err(), Some(KeyError::Unsupported));
    }

    #[test]
    fn a_block_longer_than_a_key_of_2048_bits_is_too_big() {
        let of = |len: usize| {
            format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", "AAAA".repeat(len / 4))
        };
        assert_eq!(PrivateDer::read(of(2048).as_bytes()).unwrap().der.expose(), [0; 1536]);
        assert_eq!(read(&of(2052)), Err(KeyError::Unsupported));
    }

    #[test]
    fn json_reads_back_what_was_escaped() {
        let text = "-----BEGIN PUBLIC KEY-----\nMIIB+/=\n-----END PUBLIC KEY-----\n";
        assert_eq!(
            format!("{}", JsonEscaped(text)),
            "-----BEGIN PUBLIC KEY-----\\nMIIB+/=\\n-----END PUBLIC KEY-----\\n"
        );
    }

    proptest! {
        #[test]
        fn any_text_survives_json(text in any::<String>()) {
            let json = format!("\"{}\"", JsonEscaped(&text));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }

        #[test]
        fn any_bytes_are_read_or_refused(
            parts in prop::collection::vec(
                prop_oneof![
                    Just(&b"-----BEGIN PRIVATE KEY-----\n"[..]),
                    Just(&b"-----BEGIN "[..]),
                    Just(&b"-----END PRIVATE KEY-----\n"[..]),
                    Just(&b"-----"[..]),
                    Just(&b"aGVsbG8=\n"[..]),
                    Just(&b"\xff\0:ENCRYPTED"[..]),
                ],
                0..8,
            ),
        ) {
            let _ = PrivateDer::read(&parts.concat());
        }
    }
}
