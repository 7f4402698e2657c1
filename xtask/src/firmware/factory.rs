//! What a factory does: `aclk provision` makes the flash of a device.

use super::emulated_cloud::Cloud;
use super::machine::io;
use crate::process::{Problem, Process};
use std::fs;
use std::path::Path;

/// What is known of a device before it is switched on. Empty is not known.
#[derive(Debug, Default)]
pub(crate) struct Device<'d> {
    pub(crate) hostname: &'d str,
    pub(crate) guid: &'d str,
    /// Whether it claims itself.
    pub(crate) has_token: bool,
    /// A file with its private key.
    pub(crate) key: Option<&'d Path>,
    /// As whom it was claimed with that key.
    pub(crate) claimed: &'d str,
}

impl Device<'_> {
    /// Makes its flash, `flash.bin` in `folder`, in which the authority of `cloud` is trusted.
    pub(crate) fn provision(&self, cloud: &Cloud, folder: &Path) -> Result<(), Problem> {
        let Self { hostname, guid, has_token, key, claimed } = self;
        let (token, rooms) = if *has_token { (cloud.token.as_str(), cloud.rooms.as_str()) } else { ("", "") };
        let url = if *has_token || !claimed.is_empty() { cloud.url.as_str() } else { "" };
        // Files are relative to the table, unless they say otherwise.
        let absolute = |key: &Path| std::path::absolute(key).map_err(|cause| io("find", key, cause));
        let key = key.map(absolute).transpose()?.map(|key| key.display().to_string()).unwrap_or_default();
        let table = folder.join("devices.csv");
        let text = format!(
            "hostname,guid,token,rooms,url,key,claimed\n{hostname},{guid},{token},\"{rooms}\",{url},\"{key}\",{claimed}\n"
        );
        fs::write(&table, text).map_err(|cause| io("write", &table, cause))?;
        let option = |name: &str, path: &Path| format!("--{name}={}", path.display());
        Process::cargo("run --quiet --package aclk -- provision --force")
            .argument(option("csv", &table))
            .argument(option("out", folder))
            .argument(option("anchors", &cloud.authority))
            .show()?;
        let (image, flash) = (folder.join(format!("{hostname}.bin")), folder.join("flash.bin"));
        fs::rename(&image, &flash).map_err(|cause| io("rename", &image, cause))
    }
}
