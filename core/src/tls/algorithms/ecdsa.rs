//! ECDSA signatures by the crates of RustCrypto.

use p256_013::ecdsa::signature::hazmat::PrehashVerifier as _;

pub(super) fn p256(key: &[u8], hash: &[u8], r: &[u8], s: &[u8]) -> Option<()> {
    let key = p256_013::ecdsa::VerifyingKey::from_sec1_bytes(uncompressed::<65>(key)?).ok()?;
    let signature = p256_013::ecdsa::Signature::from_scalars(padded::<32>(r)?, padded::<32>(s)?).ok()?;
    key.verify_prehash(hash, &signature).ok()
}

#[cfg(feature = "p384")]
pub(super) fn p384(key: &[u8], hash: &[u8], r: &[u8], s: &[u8]) -> Option<()> {
    use p384::ecdsa::signature::hazmat::PrehashVerifier as _;
    let (key, signature) = (p384_key(key)?, p384_signature(r, s)?);
    key.verify_prehash(hash, &signature).ok()
}

// Neither is a part of the caller, which takes most of a stack without them.
#[cfg(feature = "p384")]
#[inline(never)]
fn p384_key(key: &[u8]) -> Option<p384::ecdsa::VerifyingKey> {
    p384::ecdsa::VerifyingKey::from_sec1_bytes(uncompressed::<97>(key)?).ok()
}

#[cfg(feature = "p384")]
#[inline(never)]
fn p384_signature(r: &[u8], s: &[u8]) -> Option<p384::ecdsa::Signature> {
    p384::ecdsa::Signature::from_scalars(padded::<48>(r)?, padded::<48>(s)?).ok()
}

/// The key if it is an uncompressed point.
fn uncompressed<const N: usize>(key: &[u8]) -> Option<&[u8]> {
    (key.len() == N && key.first() == Some(&4)).then_some(key)
}

/// The number with zeros in front, if it is not too long.
fn padded<const N: usize>(number: &[u8]) -> Option<[u8; N]> {
    let mut padded = [0; N];
    let start = N.checked_sub(number.len())?;
    padded.get_mut(start..)?.copy_from_slice(number);
    Some(padded)
}
