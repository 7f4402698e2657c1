//! How the device is set up: `DeviceSettings` of types.ts.

use serde::Deserialize;

/// What the page says.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Settings {
    pub(super) hostname: String,
    pub(super) proxy: String,
    pub(super) key: KeySource,
    /// Seconds by which its clock is wrong; `None`: it asks for the time.
    pub(super) clock: Option<f64>,
}

/// Where a device without a key has one from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum KeySource {
    /// The factory has put one into its flash.
    Injected,
    /// It makes one itself.
    Generate,
}
