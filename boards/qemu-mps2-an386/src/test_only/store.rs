//! The identity of the device in files of the host: `private.pem` and `public.pem`; `claimed` and `pending`, which have the
//! claimed id and the URL of the Cloud, a line each; `node_id`, with the claimed id and the node id.

use super::file::{self, FileError};
use super::provisioned::TOKEN;
use aclk_core::identity::guid::{GUID_LEN, Guid};
use aclk_core::identity::key::PRIVATE_PEM_MAX;
use aclk_core::secret::Secret;
use aclk_core::store::{Claim, NodeId, Record, Saved, Store};
use aclk_core::wire::url::Url;
use core::ffi::CStr;

const PRIVATE: &CStr = c"private.pem";
const PUBLIC: &CStr = c"public.pem";
const CLAIMED: &CStr = c"claimed";
const PENDING: &CStr = c"pending";
const NODE: &CStr = c"node_id";
/// Bytes of a claim: an id, and a URL.
const CLAIM_MAX: usize = 512;

/// The folder that the emulator was started in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HostStore;

impl HostStore {
    /// Forgets claim, node and token. The key stays, as it does on Linux.
    pub(crate) fn unclaim(self) -> Result<(), FileError> {
        // The claim goes first: without it the rest means nothing.
        [CLAIMED, PENDING, NODE, TOKEN].into_iter().try_for_each(file::remove)
    }
}

impl Store for HostStore {
    type Error = FileError;

    async fn load(&mut self) -> Result<Saved, FileError> {
        Ok(Saved { claimed: load_claim(CLAIMED)?, pending: load_claim(PENDING)?, node: load_node()? })
    }

    async fn load_key(&mut self) -> Result<Option<Secret<PRIVATE_PEM_MAX>>, FileError> {
        // Read where it is returned: it is large.
        match Secret::fill_with(|buffer| match file::read(PRIVATE, buffer) {
            Ok(Some(pem)) => Ok(pem.len()),
            Ok(None) => Err(None),
            Err(error) => Err(Some(error)),
        }) {
            Ok(pem) => Ok(Some(pem)),
            Err(None) => Ok(None),
            Err(Some(error)) => Err(error),
        }
    }

    async fn save(&mut self, record: Record<'_>) -> Result<(), FileError> {
        match record {
            Record::Key { private_pem, public_pem } => {
                file::replace(PUBLIC, &[public_pem.as_bytes()])?;
                file::replace(PRIVATE, &[private_pem.expose()])
            }
            Record::Pending(claim) => save_claim(PENDING, claim),
            Record::Refused => file::remove(PENDING),
            Record::Claimed(claim) => {
                file::remove(NODE)?;
                save_claim(CLAIMED, claim)?;
                file::remove(PENDING)?;
                file::remove(TOKEN)
            }
            Record::Node(id) => file::replace(NODE, &[id.claimed.text().as_bytes(), b"\n", id.node.text().as_bytes()]),
        }
    }
}

fn save_claim(name: &CStr, claim: &Claim) -> Result<(), FileError> {
    file::replace(name, &[claim.id.text().as_bytes(), b"\n", claim.url.as_str().as_bytes()])
}

/// The two lines of a file.
fn lines<'b>(name: &CStr, buffer: &'b mut [u8]) -> Result<Option<(&'b str, &'b str)>, FileError> {
    let Some(content) = file::read(name, buffer)? else { return Ok(None) };
    let text = core::str::from_utf8(content).map_err(|_| FileError::Content)?;
    text.split_once('\n').map(Some).ok_or(FileError::Content)
}

fn load_claim(name: &CStr) -> Result<Option<Claim>, FileError> {
    let mut buffer = [0; CLAIM_MAX];
    let Some((id, url)) = lines(name, &mut buffer)? else { return Ok(None) };
    let id = Guid::parse(id).map_err(|_| FileError::Content)?;
    let url = Url::parse(url).map_err(|_| FileError::Content)?;
    Ok(Some(Claim { id, url }))
}

fn load_node() -> Result<Option<NodeId>, FileError> {
    let mut buffer = [0; 2 * GUID_LEN + 2];
    let Some((claimed, node)) = lines(NODE, &mut buffer)? else { return Ok(None) };
    let guid = |text| Guid::parse(text).map_err(|_| FileError::Content);
    Ok(Some(NodeId { claimed: guid(claimed)?, node: guid(node)? }))
}
