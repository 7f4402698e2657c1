//! Key exchange on P-256 (RFC 8446, 4.2.8.2).

use crate::random;
use p256::PublicKey;
use p256::ecdh::diffie_hellman;
use p256::elliptic_curve::sec1::ToSec1Point;
use rustls::crypto::{ActiveKeyExchange, GetRandomFailed, SharedSecret, SupportedKxGroup};
use rustls::{Error, NamedGroup, PeerMisbehaved};

/// The group.
#[derive(Debug)]
pub(super) struct P256;

/// Our half of an exchange.
struct Half {
    secret: p256::NonZeroScalar,
    public: Vec<u8>,
}

impl SupportedKxGroup for P256 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut random = random::generator().map_err(|_| GetRandomFailed)?;
        let key = super::signing_key(&mut random);
        let secret = *key.as_nonzero_scalar();
        let public = PublicKey::from_secret_scalar(&secret).to_sec1_point(false).as_bytes().to_vec();
        Ok(Box::new(Half { secret, public }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::secp256r1
    }
}

impl ActiveKeyExchange for Half {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let misbehaved = || Error::from(PeerMisbehaved::InvalidKeyShare);
        // TLS 1.3 has no compressed points.
        if peer.first() != Some(&0x04) {
            return Err(misbehaved());
        }
        let peer = PublicKey::from_sec1_bytes(peer).map_err(|_| misbehaved())?;
        let shared = diffie_hellman(self.secret, peer.as_affine());
        Ok(SharedSecret::from(shared.raw_secret_bytes().as_slice()))
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::secp256r1
    }
}
