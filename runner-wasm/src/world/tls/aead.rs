//! AES-128-GCM for records (RFC 8446, 5.2).

use aes_gcm::aead::{AeadInPlace, KeyInit};
use aes_gcm::{Nonce as GcmNonce, Tag};
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, MessageDecrypter, MessageEncrypter, Nonce,
    OutboundOpaqueMessage, OutboundPlainMessage, PrefixedPayload, Tls13AeadAlgorithm, UnsupportedOperationError,
    make_tls13_aad,
};
use rustls::{ConnectionTrafficSecrets, ContentType, Error, ProtocolVersion};

const KEY: usize = 16;
const TAG: usize = 16;

/// The algorithm.
pub(super) struct Aes128Gcm;

/// One direction of a connection.
struct Records {
    key: aes_gcm::Aes128Gcm,
    iv: Iv,
}

impl Records {
    fn new(key: &AeadKey, iv: Iv) -> Box<Self> {
        let key = aes_gcm::Aes128Gcm::new_from_slice(key.as_ref()).expect("rustls makes keys of key_len bytes");
        Box::new(Self { key, iv })
    }
}

impl Tls13AeadAlgorithm for Aes128Gcm {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Records::new(&key, iv)
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Records::new(&key, iv)
    }

    fn key_len(&self) -> usize {
        KEY
    }

    fn extract_keys(&self, key: AeadKey, iv: Iv) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Ok(ConnectionTrafficSecrets::Aes128Gcm { key, iv })
    }
}

impl MessageEncrypter for Records {
    fn encrypt(&mut self, message: OutboundPlainMessage<'_>, sequence: u64) -> Result<OutboundOpaqueMessage, Error> {
        let len = self.encrypted_payload_len(message.payload.len());
        let mut payload = PrefixedPayload::with_capacity(len);
        payload.extend_from_chunks(&message.payload);
        payload.extend_from_slice(&message.typ.to_array());
        let (nonce, header) = (Nonce::new(&self.iv, sequence), make_tls13_aad(len));
        let sealed = self.key.encrypt_in_place_detached(GcmNonce::from_slice(&nonce.0), &header, payload.as_mut());
        payload.extend_from_slice(&sealed.map_err(|_| Error::EncryptError)?);
        Ok(OutboundOpaqueMessage::new(ContentType::ApplicationData, ProtocolVersion::TLSv1_2, payload))
    }

    fn encrypted_payload_len(&self, len: usize) -> usize {
        len + 1 + TAG
    }
}

impl MessageDecrypter for Records {
    fn decrypt<'a>(
        &mut self,
        mut message: InboundOpaqueMessage<'a>,
        sequence: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let payload = &mut message.payload;
        let header = make_tls13_aad(payload.len());
        let len = payload.len().checked_sub(TAG).ok_or(Error::DecryptError)?;
        let nonce = Nonce::new(&self.iv, sequence);
        let (sealed, tag) = payload.split_at_mut(len);
        let opened =
            self.key.decrypt_in_place_detached(GcmNonce::from_slice(&nonce.0), &header, sealed, Tag::from_slice(tag));
        opened.map_err(|_| Error::DecryptError)?;
        payload.truncate(len);
        message.into_tls13_unpadded_message()
    }
}
