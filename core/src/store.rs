//! What has to survive a restart, and the trait that keeps it.

use crate::identity::guid::Guid;
use crate::identity::key::PRIVATE_PEM_MAX;
use crate::secret::Secret;
use crate::wire::url::Url;
use core::fmt::Display;

/// A node that is claimed: under which id, and at which Cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The claimed id.
    pub id: Guid,
    /// The Cloud's base URL.
    pub url: Url,
}

/// What the store knew when it was loaded. The key is loaded apart, because it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Saved {
    /// Set once the Cloud has confirmed the claim.
    pub claimed: Option<Claim>,
    /// Set before the claim is sent and until its outcome is known: a claim whose reply was lost leaves it behind, and
    /// the next run finishes the job.
    pub pending: Option<Claim>,
    /// Set once the Cloud has given the node an id.
    pub node: Option<NodeId>,
}

/// The id of the node behind a claim. It is of no use under another claimed id (protocol.md 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeId {
    /// The claimed id it was given under.
    pub claimed: Guid,
    /// The node id.
    pub node: Guid,
}

impl Saved {
    /// The node id under the claimed id `claimed`.
    #[must_use]
    pub fn node_of(&self, claimed: Option<Guid>) -> Option<Guid> {
        self.node.filter(|id| Some(id.claimed) == claimed).map(|id| id.node)
    }
}

/// One durable change. When `save` returns, the change survives a power cut; when power is cut before, the state is the
/// old one or the new one and nothing between.
#[derive(Debug, Clone, Copy)]
pub enum Record<'a> {
    /// A new key pair; the old one is replaced. Only its owner may read the private half.
    Key {
        /// PKCS#8 PEM.
        private_pem: &'a Secret<PRIVATE_PEM_MAX>,
        /// SubjectPublicKeyInfo PEM.
        public_pem: &'a str,
    },
    /// A claim is about to be sent.
    Pending(&'a Claim),
    /// The claim was refused for good: the pending mark goes, token and key stay.
    Refused,
    /// The claim is confirmed: the pending mark, the token and the id of the node go.
    Claimed(&'a Claim),
    /// The Cloud has given the node an id.
    Node(NodeId),
}

/// Files, flash or browser storage.
pub trait Store {
    /// What can go wrong; its text is the cause that people read.
    type Error: Display;

    /// What is known.
    ///
    /// # Errors
    /// If it cannot be read. Nothing stored is not an error.
    async fn load(&mut self) -> Result<Saved, Self::Error>;

    /// The private key (PEM) if there is one.
    ///
    /// # Errors
    /// If it is there and cannot be read.
    async fn load_key(&mut self) -> Result<Option<Secret<PRIVATE_PEM_MAX>>, Self::Error>;

    /// Makes one change durable.
    ///
    /// # Errors
    /// If the medium fails; the old state then still holds.
    async fn save(&mut self, record: Record<'_>) -> Result<(), Self::Error>;
}

impl<S: Store> Store for &mut S {
    type Error = S::Error;

    async fn load(&mut self) -> Result<Saved, Self::Error> {
        S::load(self).await
    }

    async fn load_key(&mut self) -> Result<Option<Secret<PRIVATE_PEM_MAX>>, Self::Error> {
        S::load_key(self).await
    }

    async fn save(&mut self, record: Record<'_>) -> Result<(), Self::Error> {
        S::save(self, record).await
    }
}
