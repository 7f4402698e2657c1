//! How the device is set up: `DeviceSettings` of types.ts.

use crate::input::{CLOCK_SECONDS, parse, within};
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

impl Settings {
    /// Reads them.
    ///
    /// # Errors
    /// If they are none, or make no sense.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let settings: Self = parse("the settings of the device", text)?;
        within("clock", settings.clock.unwrap_or_default(), &CLOCK_SECONDS)?;
        Ok(settings)
    }
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
