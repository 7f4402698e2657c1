//! SHA-256 and HMAC with it.

use rustls::crypto::hash::{Context, Hash, HashAlgorithm, Output};
use rustls::crypto::hmac::{Hmac, Key, Tag};
use sha2::Digest;

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;
/// Bytes of a hash.
const LEN: usize = 32;

/// FIPS 180-4.
pub(super) struct Sha256;

struct Running(sha2::Sha256);

impl Hash for Sha256 {
    fn start(&self) -> Box<dyn Context> {
        Box::new(Running(sha2::Sha256::new()))
    }

    fn hash(&self, data: &[u8]) -> Output {
        Output::new(&sha2::Sha256::digest(data))
    }

    fn output_len(&self) -> usize {
        LEN
    }

    fn algorithm(&self) -> HashAlgorithm {
        HashAlgorithm::SHA256
    }
}

impl Context for Running {
    fn fork_finish(&self) -> Output {
        Output::new(&self.0.clone().finalize())
    }

    fn fork(&self) -> Box<dyn Context> {
        Box::new(Self(self.0.clone()))
    }

    fn finish(self: Box<Self>) -> Output {
        Output::new(&self.0.finalize())
    }

    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
}

/// RFC 2104.
pub(super) struct HmacSha256;

/// The hash after the inner and the outer padded key.
struct Keyed {
    inner: sha2::Sha256,
    outer: sha2::Sha256,
}

impl Hmac for HmacSha256 {
    fn with_key(&self, key: &[u8]) -> Box<dyn Key> {
        let mut block = [0; BLOCK];
        match block.get_mut(..key.len()) {
            Some(front) => front.copy_from_slice(key),
            None => block[..LEN].copy_from_slice(&sha2::Sha256::digest(key)),
        }
        let padded = |pad: u8| sha2::Sha256::new_with_prefix(block.map(|byte| byte ^ pad));
        Box::new(Keyed { inner: padded(0x36), outer: padded(0x5c) })
    }

    fn hash_output_len(&self) -> usize {
        LEN
    }
}

impl Key for Keyed {
    fn sign_concat(&self, first: &[u8], middle: &[&[u8]], last: &[u8]) -> Tag {
        let mut inner = self.inner.clone();
        inner.update(first);
        middle.iter().for_each(|piece| inner.update(piece));
        inner.update(last);
        Tag::new(&self.outer.clone().chain_update(inner.finalize()).finalize())
    }

    fn tag_len(&self) -> usize {
        LEN
    }
}
