//! The identity of a device as files: what `aclk run` and a Netdata Agent keep in `claim.d`.

mod tar;

use crate::device::flash_store;
use aclk_core::identity::key::Key;
use aclk_core::identity::software::SoftwareKey;
use aclk_core::store::Store;
use aclk_firmware::flash::FlashError;
use core::fmt::Write;
use embassy_futures::block_on;
use tar::Archive;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

const PRIVATE: u32 = 0o600;
const PUBLIC: u32 = 0o644;

/// A tar archive of the identity in a flash, and of the certificate that it trusts (DER): the folder `claim.d`. `undefined`
/// if the device is not claimed.
///
/// # Errors
/// If the flash cannot be read.
#[wasm_bindgen(js_name = claimArchive)]
pub fn claim_archive(flash: &[u8], authority: &[u8]) -> Result<Option<Vec<u8>>, JsError> {
    block_on(archive(flash, authority)).map_err(|error| JsError::new(&error.to_string()))
}

async fn archive(flash: &[u8], authority: &[u8]) -> Result<Option<Vec<u8>>, FlashError> {
    let mut store = flash_store(flash)?;
    let saved = store.load().await?;
    let (Some(claim), Some(private)) = (&saved.claimed, store.load_key().await?) else { return Ok(None) };
    let mut key = SoftwareKey::new();
    let public = key.import_pem(private.expose()).and_then(|()| key.public_pem()).map_err(|_| FlashError::Key)?;
    let mut files = Archive::new("claim.d");
    files.add("private.pem", PRIVATE, private.expose());
    files.add("public.pem", PUBLIC, public.as_bytes());
    files.add("claimed_id", PUBLIC, claim.id.to_string().as_bytes());
    let conf = format!("[global]\n    enabled = yes\n    cloud base url = {}\n", claim.url);
    files.add("cloud.conf", PUBLIC, conf.as_bytes());
    if let Some(node) = saved.node_of(Some(claim.id)) {
        let text = format!("claimed_id = {}\nnode_id = {node}\n", claim.id);
        files.add("node_id", PUBLIC, text.as_bytes());
    }
    files.add("cloud_fullchain.pem", PUBLIC, pem("CERTIFICATE", authority).as_bytes());
    Ok(Some(files.end()))
}

/// DER as PEM (RFC 7468).
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    use base64ct::{Base64, Encoding};
    let text = Base64::encode_string(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        // A string takes everything.
        let _ = writeln!(pem, "{}", String::from_utf8_lossy(line));
    }
    let _ = writeln!(pem, "-----END {label}-----");
    pem
}
