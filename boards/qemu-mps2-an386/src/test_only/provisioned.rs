//! What a factory would have written into the flash of the device: whom to claim for, and whom to trust.
//!
//! The file `settings` has a line `name=value` for each of `url`, `hostname`, `guid` and `rooms`. The file `token` has the
//! claiming token until the device is claimed. The file `anchor.der` has the certificate of the authority.

use super::file::{self, FileError};
use aclk_core::identity::guid::Guid;
use aclk_core::secret::Secret;
use aclk_core::settings::{HOSTNAME_MAX, ROOMS_MAX, TOKEN_MAX};
use aclk_core::wire::url::Url;
use core::ffi::CStr;

const SETTINGS: &CStr = c"settings";
pub(super) const TOKEN: &CStr = c"token";
const ANCHOR: &CStr = c"anchor.der";
/// Bytes of the settings.
const SETTINGS_MAX: usize = 1024;
/// Bytes of a certificate that is trusted.
pub(crate) const ANCHOR_MAX: usize = 1024;

/// What was found.
#[derive(Debug)]
pub(crate) struct Provisioned {
    pub(crate) url: Url,
    pub(crate) hostname: heapless::String<HOSTNAME_MAX>,
    pub(crate) guid: Guid,
    pub(crate) rooms: heapless::String<ROOMS_MAX>,
    pub(crate) token: Secret<TOKEN_MAX>,
}

/// Reads all of it, and the certificate into `anchor`, whose length is returned.
pub(crate) fn read(anchor: &mut [u8; ANCHOR_MAX]) -> Result<(Provisioned, usize), FileError> {
    let mut buffer = [0; SETTINGS_MAX];
    let text = file::read(SETTINGS, &mut buffer)?.ok_or(FileError::Content)?;
    let text = core::str::from_utf8(text).map_err(|_| FileError::Content)?;
    let value = |wanted: &str| {
        let mut pairs = text.lines().filter_map(|line| line.split_once('='));
        pairs.find(|(name, _)| *name == wanted).map_or("", |(_, value)| value)
    };
    let mut buffer = [0; TOKEN_MAX];
    let token = file::read(TOKEN, &mut buffer)?.unwrap_or_default();
    let provisioned = Provisioned {
        url: Url::parse(value("url")).map_err(|_| FileError::Content)?,
        hostname: value("hostname").try_into().map_err(|_| FileError::Content)?,
        guid: Guid::parse(value("guid")).map_err(|_| FileError::Content)?,
        rooms: value("rooms").try_into().map_err(|_| FileError::Content)?,
        token: Secret::copy_of(token.trim_ascii()).map_err(|_| FileError::Content)?,
    };
    let len = file::read(ANCHOR, anchor)?.ok_or(FileError::Content)?.len();
    Ok((provisioned, len))
}
