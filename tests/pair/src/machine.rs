//! The device's memory: what it stores, and what its storage refuses.

use aclk_core::engine::event::Save;
use aclk_core::identity::key::Key;
use aclk_core::identity::software::SoftwareKey;
use aclk_core::stage::{Failure, Stage};
use aclk_core::store::Saved;
use rand_core::CryptoRng;

/// A key pair for tests: to generate one takes seconds.
pub const PRIVATE_PEM: &str = include_str!("../fixtures/private.pem");
/// Another one.
pub const OTHER_PRIVATE_PEM: &str = include_str!("../fixtures/other-private.pem");

/// Durable storage, in memory.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    /// Claim and pending mark.
    pub saved: Saved,
    /// The private key, PEM.
    pub private_pem: Option<String>,
    /// Names of the records that were saved, in order.
    pub records: Vec<&'static str>,
    /// The record whose saving fails.
    pub refuses: Option<&'static str>,
    /// Whether a missing key is generated for real instead of taken from the fixture.
    pub generates: bool,
}

/// The name a record has in [`Memory::records`].
#[must_use]
pub const fn saved_record_name(save: &Save<'_>) -> &'static str {
    match save {
        Save::Key => "key",
        Save::Pending(_) => "pending",
        Save::Refused => "refused",
        Save::Claimed(_) => "claimed",
        Save::Node(_) => "node",
    }
}

impl Memory {
    /// A device that has a key and nothing else.
    #[must_use]
    pub fn with_key() -> Self {
        Self { private_pem: Some(PRIVATE_PEM.to_owned()), ..Self::default() }
    }

    pub(crate) fn generate(&self, key: &mut SoftwareKey, rng: &mut dyn CryptoRng) {
        if self.generates {
            while !key.generate_step(rng).expect("the generator goes on").done {}
        } else {
            key.import_pem(PRIVATE_PEM.as_bytes()).expect("the fixture is valid");
        }
    }

    pub(crate) fn save(&mut self, save: Save<'_>, key: &SoftwareKey) -> Result<(), Failure> {
        let name = saved_record_name(&save);
        if self.refuses == Some(name) {
            return Err(Failure::new(Stage::Storage, "no space left on device"));
        }
        self.records.push(name);
        match save {
            Save::Key => {
                let pem = key.private_pem().expect("a software key can be exported");
                self.private_pem = Some(pem.expose_str().to_owned());
            }
            Save::Pending(claim) => self.saved.pending = Some(claim.clone()),
            Save::Refused => self.saved.pending = None,
            Save::Claimed(claim) => self.saved = Saved { claimed: Some(claim.clone()), pending: None, node: None },
            Save::Node(id) => self.saved.node = Some(id),
        }
        Ok(())
    }
}
