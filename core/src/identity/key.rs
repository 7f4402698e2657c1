//! What the rest needs of a key pair, wherever it lives.

use crate::secret::Secret;
use core::fmt;
use rand_core::CryptoRng;

/// Bytes of an RSA-2048 ciphertext, and so of a challenge.
pub const CIPHERTEXT_LEN: usize = 256;
/// The most an RSA-2048 OAEP-SHA1 ciphertext can carry, in bytes (protocol.md 9.9).
pub const PLAINTEXT_MAX: usize = 214;
/// Room for a private key as PKCS#8 or PKCS#1 PEM (1 704 bytes from OpenSSL), in bytes.
pub const PRIVATE_PEM_MAX: usize = 2048;
/// Length of the public key of an RSA-2048 pair as SubjectPublicKeyInfo PEM, in bytes.
pub const PUBLIC_PEM_LEN: usize = 451;

/// A public key as PEM text.
pub type PublicPem = heapless::String<PUBLIC_PEM_LEN>;

/// Where the generation of a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Prime candidates looked at so far.
    pub candidates: u32,
    /// Primes found so far: 0, 1 or 2.
    pub primes: u8,
    /// Whether the key is complete.
    pub done: bool,
}

/// Why a key could not be made, read or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyError {
    /// There is no key.
    Missing,
    /// It is stored, and the store cannot read it.
    Unreadable,
    /// Not PEM, or not PKCS#8 or PKCS#1 inside.
    Format,
    /// The private key is protected by a passphrase.
    Encrypted,
    /// A valid key of the wrong kind or size: RSA-2048 is required.
    Unsupported,
    /// The parts of the key contradict each other.
    Inconsistent,
    /// The ciphertext was not made with our public key.
    Decrypt,
    /// The key lives in hardware and cannot be read out.
    NotExportable,
    /// The hardware failed, or the calculation.
    Device,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "there is no key",
            Self::Unreadable => "the private key is stored and cannot be read",
            Self::Format => "not a private key in PEM form (PKCS#8 or PKCS#1)",
            Self::Encrypted => {
                "the private key is encrypted: store it without a passphrase, nobody is there to type it"
            }
            Self::Unsupported => "not an RSA key of 2048 bits with a usual exponent",
            Self::Inconsistent => "the parts of the key contradict each other",
            Self::Decrypt => {
                "the challenge was not made for our key: private.pem is not the key registered for this id"
            }
            Self::NotExportable => "the key cannot be read out of its hardware",
            Self::Device => "the key hardware failed",
        })
    }
}

impl core::error::Error for KeyError {}

/// An RSA-2048 key pair: software today, a TPM or secure element tomorrow.
pub trait Key {
    /// Whether a complete key is held.
    fn is_present(&self) -> bool;

    /// Does one bounded piece of work towards a new key pair and says where it stands. Call it until
    /// [`Progress::done`]. A key that is already held is replaced only when the new one is complete.
    ///
    /// # Errors
    /// [`KeyError::Device`] if it cannot go on.
    fn generate_step(&mut self, rng: &mut dyn CryptoRng) -> Result<Progress, KeyError>;

    /// The public key as SubjectPublicKeyInfo PEM.
    ///
    /// # Errors
    /// [`KeyError::Missing`].
    fn public_pem(&self) -> Result<PublicPem, KeyError>;

    /// RSAES-OAEP with SHA-1, MGF1-SHA-1 and an empty label (protocol.md 2.5), blinded.
    ///
    /// # Errors
    /// [`KeyError::Missing`], [`KeyError::Decrypt`].
    fn decrypt(
        &self,
        ciphertext: &[u8; CIPHERTEXT_LEN],
        rng: &mut dyn CryptoRng,
    ) -> Result<Secret<PLAINTEXT_MAX>, KeyError>;

    /// The private key as PKCS#8 PEM, for the [`Store`](crate::store::Store).
    ///
    /// # Errors
    /// [`KeyError::Missing`], [`KeyError::NotExportable`].
    fn private_pem(&self) -> Result<Secret<PRIVATE_PEM_MAX>, KeyError>;

    /// Takes over a private key in PKCS#8 or PKCS#1 form (PEM).
    ///
    /// # Errors
    /// [`KeyError::Format`], [`KeyError::Encrypted`], [`KeyError::Unsupported`], [`KeyError::Inconsistent`]; the key held
    /// before stays.
    fn import_pem(&mut self, pem: &[u8]) -> Result<(), KeyError>;

    /// Gives up the key that is held and one that is being generated: the device is to be another node. A key that lives in
    /// hardware stays.
    fn forget(&mut self) {}
}
