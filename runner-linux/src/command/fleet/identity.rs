//! Who the devices are. Making a key takes a while, so they share a few; ids are their own.

use crate::fault::Fault;
use aclk_core::identity::guid::Guid;
use aclk_core::identity::key::{CIPHERTEXT_LEN, Key, KeyError, PLAINTEXT_MAX, PRIVATE_PEM_MAX, Progress, PublicPem};
use aclk_core::identity::software::SoftwareKey;
use aclk_core::secret::Secret;
use aclk_core::stage::Stage;
use rand_core::CryptoRng;
use std::net::Ipv4Addr;
use std::rc::Rc;

/// A device.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    /// Its claimed id, and its machine GUID.
    pub(super) id: Guid,
    pub(super) hostname: String,
    /// Where its connections come from.
    pub(super) source: Ipv4Addr,
    pub(super) key: SharedKey,
}

/// A key that other devices have as well.
#[derive(Debug, Clone)]
pub(super) struct SharedKey(Rc<SoftwareKey>);

/// `count` new keys.
pub(super) fn keys(count: usize, rng: &mut impl CryptoRng) -> Result<Vec<SharedKey>, Fault> {
    let one = |rng: &mut dyn CryptoRng| {
        let mut key = SoftwareKey::new();
        while !key.generate_step(rng).map_err(|error| Fault::new(Stage::Key, error))?.done {}
        Ok(SharedKey(Rc::new(key)))
    };
    (0..count).map(|_| one(rng)).collect()
}

/// Device number `index`, from 0 on.
pub(super) fn device(index: usize, keys: &[SharedKey], rng: &mut impl CryptoRng) -> Option<Identity> {
    let key = keys.get(index.checked_rem(keys.len())?)?.clone();
    Some(Identity { id: Guid::random(rng), hostname: format!("fleet-{:06}", index + 1), source: source(index), key })
}

/// An address of its own for every device: each has the ports of a machine then. From 127.1.0.1 on.
fn source(index: usize) -> Ipv4Addr {
    Ipv4Addr::from_bits(Ipv4Addr::new(127, 1, 0, 1).to_bits().saturating_add(u32::try_from(index).unwrap_or_default()))
}

impl Key for SharedKey {
    fn is_present(&self) -> bool {
        self.0.is_present()
    }

    /// There is one already.
    fn generate_step(&mut self, _: &mut dyn CryptoRng) -> Result<Progress, KeyError> {
        Err(KeyError::Device)
    }

    fn public_pem(&self) -> Result<PublicPem, KeyError> {
        self.0.public_pem()
    }

    fn decrypt(
        &self,
        ciphertext: &[u8; CIPHERTEXT_LEN],
        rng: &mut dyn CryptoRng,
    ) -> Result<Secret<PLAINTEXT_MAX>, KeyError> {
        self.0.decrypt(ciphertext, rng)
    }

    /// It is nobody's own.
    fn private_pem(&self) -> Result<Secret<PRIVATE_PEM_MAX>, KeyError> {
        Err(KeyError::NotExportable)
    }

    fn import_pem(&mut self, _: &[u8]) -> Result<(), KeyError> {
        Err(KeyError::Unsupported)
    }
}

#[cfg(test)]
mod tests {
    use super::source;
    use std::collections::BTreeSet;

    #[test]
    fn every_device_has_an_address_of_its_own_on_this_machine() {
        let all: BTreeSet<_> = (0..super::super::options::DEVICES_MAX).map(source).collect();
        assert_eq!(all.len(), super::super::options::DEVICES_MAX);
        assert!(all.iter().all(std::net::Ipv4Addr::is_loopback));
    }
}
