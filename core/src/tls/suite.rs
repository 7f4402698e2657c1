//! The cipher suite: AES-128-GCM that looks at every plaintext before embedded-tls does.
//!
//! embedded-tls makes a new cipher from nothing but key bytes for every record, throws its error away, and then trusts the
//! plaintext: an empty one, or a message it does not expect after the handshake, is a panic. Our cipher sits in between,
//! and needs two ways past embedded-tls, without statics:
//!
//! * **In:** the guard overwrites the two version bytes of the record header, which it has checked to be 0x0303, with a
//!   [`Mark`]. embedded-tls passes the header on unseen as associated data; the cipher reads the mark and puts 0x0303 back.
//! * **Out, in the handshake:** a plaintext that is refused is replaced by a *note*, a CertificateVerify with the scheme
//!   [`NOTE`], which embedded-tls hands to our verifier. The server cannot forge one, for every CertificateVerify of its
//!   own passes the inspection, which knows only schemes that we check.
//! * **Out, after it:** every plaintext becomes application data and gets one byte more at its end, a [`Delivery`], so
//!   that embedded-tls never sees an alert, a ticket or a message that it does not know. There is always room for it:
//!   the tag of the record was 16 bytes.

use super::guarantees::{Guarantee, holds};
use super::inspect::{self, Content};
use super::refusal::Refusal;
use super::shared::Step;
use aes_gcm::Aes128Gcm;
use aes_gcm::aead::{self, AeadCore, AeadInPlace, Buffer, Key, KeyInit, KeySizeUser, Nonce, Tag};
use embedded_tls::{Aes128GcmSha256, Sha256, TlsCipherSuite};

/// The signature scheme of a note: SHA-224 with DSA, which embedded-tls can read and nobody offers.
pub(crate) const NOTE: u16 = 0x0302;

/// The first of the two bytes of a mark: no version of TLS starts like that.
const MARK: u8 = 0xac;
/// In the second byte of a mark, beside the step: we named the host.
const NAMES_HOST: u8 = 0x80;

const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
const CERTIFICATE_VERIFY: u8 = 15;

/// TLS_AES_128_GCM_SHA256, inspected.
#[derive(Debug)]
pub(crate) struct Suite;

impl TlsCipherSuite for Suite {
    const CODE_POINT: u16 = Aes128GcmSha256::CODE_POINT;
    type Cipher = Inspected;
    type KeyLen = <Aes128GcmSha256 as TlsCipherSuite>::KeyLen;
    type IvLen = <Aes128GcmSha256 as TlsCipherSuite>::IvLen;
    type Hash = Sha256;
    type LabelBufferSize = <Aes128GcmSha256 as TlsCipherSuite>::LabelBufferSize;
}

/// What the guard tells the cipher about a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// What the server has to send next.
    pub(crate) step: Step,
    /// Whether we named the host (SNI).
    pub(crate) names_host: bool,
}

impl Mark {
    /// Writes the mark over the version in a record header.
    pub(crate) const fn stamp(self, header: &mut [u8; 5]) {
        header[1] = MARK;
        header[2] = self.step as u8 | if self.names_host { NAMES_HOST } else { 0 };
    }

    /// The mark in `header`, and the header as the server sent it.
    fn take(header: &[u8]) -> Option<(Self, [u8; 5])> {
        let &[kind, MARK, mark, high, low] = header else { return None };
        let step = Step::of(mark & !NAMES_HOST)?;
        Some((Self { step, names_host: mark & NAMES_HOST != 0 }, [kind, 3, 3, high, low]))
    }
}

/// How a record of the connected phase is to be taken: its last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery<'r> {
    /// Application data, perhaps none.
    Data(&'r [u8]),
    /// Nothing that concerns the caller.
    Nothing,
    /// close_notify.
    Closed,
    /// Something that ends the connection.
    Refused(Refusal),
}

const DATA: u8 = 0;
const NOTHING: u8 = 1;
const CLOSED: u8 = 2;
const REFUSED: u8 = 3;

impl<'r> Delivery<'r> {
    /// What is left of a record that the cipher delivered. `None` if it is none of ours.
    pub(crate) fn of(record: &'r [u8]) -> Option<Self> {
        let (&how, content) = record.split_last()?;
        match how {
            DATA => Some(Self::Data(content)),
            NOTHING => Some(Self::Nothing),
            CLOSED => Some(Self::Closed),
            REFUSED => Refusal::from_bytes(content.try_into().ok()?).map(Self::Refused),
            _ => None,
        }
    }
}

/// AES-128-GCM whose decryption ends in an inspection.
pub(crate) struct Inspected(Aes128Gcm);

impl KeySizeUser for Inspected {
    type KeySize = <Aes128Gcm as KeySizeUser>::KeySize;
}

impl KeyInit for Inspected {
    fn new(key: &Key<Self>) -> Self {
        Self(<Aes128Gcm as KeyInit>::new(key))
    }
}

impl AeadCore for Inspected {
    type NonceSize = <Aes128Gcm as AeadCore>::NonceSize;
    type TagSize = <Aes128Gcm as AeadCore>::TagSize;
    type CiphertextOverhead = <Aes128Gcm as AeadCore>::CiphertextOverhead;
}

impl AeadInPlace for Inspected {
    fn encrypt_in_place_detached(
        &self,
        nonce: &Nonce<Self>,
        associated_data: &[u8],
        buffer: &mut [u8],
    ) -> aead::Result<Tag<Self>> {
        self.0.encrypt_in_place_detached(nonce, associated_data, buffer)
    }

    fn decrypt_in_place(
        &self,
        nonce: &Nonce<Self>,
        associated_data: &[u8],
        buffer: &mut dyn Buffer,
    ) -> aead::Result<()> {
        let (mark, header) = Mark::take(associated_data).ok_or(aead::Error)?;
        self.0.decrypt_in_place(nonce, &header, buffer)?;
        if !holds(Guarantee::Messages) {
            return Ok(());
        }
        match inspect::inspect(mark, buffer.as_ref()) {
            Ok(Content::Handshake) => Ok(()),
            Ok(Content::Data(len)) => deliver(buffer, len, DATA),
            Ok(Content::Nothing) => deliver(buffer, 0, NOTHING),
            Ok(Content::Closed) => deliver(buffer, 0, CLOSED),
            Err(refusal) if mark.step == Step::Data => {
                let bytes = refusal.to_bytes();
                buffer.truncate(0);
                buffer.extend_from_slice(&bytes)?;
                deliver(buffer, bytes.len(), REFUSED)
            }
            Err(refusal) => note(buffer, refusal),
        }
    }

    /// embedded-tls does not call this, and it would go round the inspection.
    fn decrypt_in_place_detached(
        &self,
        _nonce: &Nonce<Self>,
        _associated_data: &[u8],
        _buffer: &mut [u8],
        _tag: &Tag<Self>,
    ) -> aead::Result<()> {
        Err(aead::Error)
    }
}

/// Makes the first `len` bytes of the plaintext application data that is to be taken as `how` says.
fn deliver(buffer: &mut dyn Buffer, len: usize, how: u8) -> aead::Result<()> {
    buffer.truncate(len);
    buffer.extend_from_slice(&[how, APPLICATION_DATA])
}

/// Replaces the plaintext by a message that embedded-tls hands to the verifier.
fn note(buffer: &mut dyn Buffer, refusal: Refusal) -> aead::Result<()> {
    let [why, high, low] = refusal.to_bytes();
    let [scheme_high, scheme_low] = NOTE.to_be_bytes();
    buffer.truncate(0);
    buffer.extend_from_slice(&[CERTIFICATE_VERIFY, 0, 0, 7, scheme_high, scheme_low, 0, 3, why, high, low, HANDSHAKE])
}

#[cfg(test)]
mod tests {
    use super::{Delivery, Inspected, Mark};
    use crate::tls::refusal::Why;
    use crate::tls::shared::Step;
    use aes_gcm::Aes128Gcm;
    use aes_gcm::aead::{AeadInPlace, KeyInit, Nonce};
    use std::vec::Vec;

    /// What embedded-tls gets to see of `plaintext`, sent under a key that server and cipher share.
    fn delivered(step: Step, plaintext: &[u8]) -> Vec<u8> {
        let key = [7; 16].into();
        let nonce = Nonce::<Aes128Gcm>::default();
        let len = u8::try_from(plaintext.len() + 16).unwrap();
        let mut header = [23, 3, 3, 0, len];
        let mut record: Vec<u8> = Vec::from(plaintext);
        let tag = Aes128Gcm::new(&key).encrypt_in_place_detached(&nonce, &header, &mut record).unwrap();
        record.extend_from_slice(&tag);
        Mark { step, names_host: true }.stamp(&mut header);
        let mut buffer = heapless_buffer(&record);
        Inspected::new(&key).decrypt_in_place(&nonce, &header, &mut buffer).unwrap();
        buffer.0
    }

    /// A buffer that, like that of embedded-tls, does not grow beyond the record.
    struct Record(Vec<u8>, usize);

    fn heapless_buffer(record: &[u8]) -> Record {
        Record(record.to_vec(), record.len())
    }

    impl AsRef<[u8]> for Record {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }

    impl AsMut<[u8]> for Record {
        fn as_mut(&mut self) -> &mut [u8] {
            &mut self.0
        }
    }

    impl aes_gcm::aead::Buffer for Record {
        fn extend_from_slice(&mut self, other: &[u8]) -> aes_gcm::aead::Result<()> {
            if self.0.len() + other.len() > self.1 {
                return Err(aes_gcm::aead::Error);
            }
            self.0.extend_from_slice(other);
            Ok(())
        }

        fn truncate(&mut self, len: usize) {
            self.0.truncate(len);
        }
    }

    #[test]
    fn the_smallest_record_has_room_for_every_note() {
        assert_eq!(delivered(Step::Certificate, &[0]).last(), Some(&22));
        let record = delivered(Step::Data, &[0]);
        let (kind, record) = record.split_last().unwrap();
        assert_eq!(*kind, 23);
        assert_eq!(Delivery::of(record), Some(Delivery::Refused(Why::NoContent.into())));
    }

    #[test]
    fn application_data_loses_its_padding_and_gains_its_delivery() {
        let record = delivered(Step::Data, b"hello\x17\0\0\0");
        assert_eq!(record, b"hello\0\x17");
        assert_eq!(Delivery::of(&record[..6]), Some(Delivery::Data(b"hello")));
    }

    #[test]
    fn a_record_that_did_not_pass_the_guard_is_not_decrypted() {
        let key = [7; 16].into();
        let nonce = Nonce::<Aes128Gcm>::default();
        let header = [23, 3, 3, 0, 17];
        let mut record: Vec<u8> = Vec::from(b"\x17");
        let tag = Aes128Gcm::new(&key).encrypt_in_place_detached(&nonce, &header, &mut record).unwrap();
        record.extend_from_slice(&tag);
        let mut buffer = heapless_buffer(&record);
        assert!(Inspected::new(&key).decrypt_in_place(&nonce, &header, &mut buffer).is_err());
    }
}
