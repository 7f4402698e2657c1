//! What a factory would have written into the flash of the device: whom to claim for, and whom to trust.
//!
//! The file `settings` has a line `name=value` for each of `url`, `hostname`, `guid` and `rooms`. The file `token` has the
//! claiming token until the device is claimed. The file `anchor.der` has the certificate of the authority.

use super::file::{self, FileError};
use aclk_core::identity::guid::Guid;
use aclk_core::secret::Secret;
use aclk_core::settings::{Limits, Settings, TOKEN_MAX, Timing};
use aclk_core::wire::proxy::Exceptions;
use aclk_core::wire::url::Url;
use core::ffi::CStr;

const SETTINGS: &CStr = c"settings";
pub(super) const TOKEN: &CStr = c"token";
const ANCHOR: &CStr = c"anchor.der";
/// Bytes of the settings.
const SETTINGS_MAX: usize = 1024;
/// Bytes of a certificate that is trusted.
pub(crate) const ANCHOR_MAX: usize = 1024;

/// Reads all of it, and the certificate into `anchor`, whose length is returned.
pub(crate) fn read(anchor: &mut [u8; ANCHOR_MAX]) -> Result<(Settings, usize), FileError> {
    let mut buffer = [0; SETTINGS_MAX];
    let text = file::read(SETTINGS, &mut buffer)?.ok_or(FileError::Content)?;
    let text = core::str::from_utf8(text).map_err(|_| FileError::Content)?;
    let value = |wanted: &str| {
        let mut pairs = text.lines().filter_map(|line| line.split_once('='));
        pairs.find(|(name, _)| *name == wanted).map_or("", |(_, value)| value)
    };
    let guid = Guid::parse(value("guid")).map_err(|_| FileError::Content)?;
    let settings = Settings {
        url: Url::parse(value("url")).map_err(|_| FileError::Content)?,
        id: guid,
        machine_guid: guid,
        hostname: value("hostname").try_into().map_err(|_| FileError::Content)?,
        token: token()?,
        rooms: value("rooms").try_into().map_err(|_| FileError::Content)?,
        claim_attempts: None,
        proxy: None,
        no_proxy: Exceptions::NONE,
        timing: Timing::DEFAULT,
        limits: Limits::DEVICE,
    };
    let len = file::read(ANCHOR, anchor)?.ok_or(FileError::Content)?.len();
    Ok((settings, len))
}

/// Empty once the device is claimed.
fn token() -> Result<Secret<TOKEN_MAX>, FileError> {
    let mut buffer = [0; TOKEN_MAX];
    let token = file::read(TOKEN, &mut buffer)?.unwrap_or_default();
    Secret::copy_of(token.trim_ascii()).map_err(|_| FileError::Content)
}
