//! In the place of `doctor/way.rs`: without a link there is no way to go.

use super::Report;
use super::advice::Situation;
use super::certificate::Shown;
use crate::fault::Fault;
use crate::store::FileStore;
use crate::trust::Trust;
use aclk_core::engine::event::Until;
use aclk_core::settings::Settings;
use aclk_core::store::Saved;

/// Nothing is ever seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) certificate: Option<Shown>,
    pub(crate) status: u16,
}

/// What the way would need.
pub(crate) struct Way {
    pub(crate) store: FileStore,
    pub(crate) trust: Trust,
    pub(crate) settings: Settings,
    pub(crate) saved: Saved,
    pub(crate) until: Until,
    pub(crate) situation: Situation,
}

/// There is nothing in this program that could read a key.
pub(crate) fn check_key(_: &[u8]) -> Result<(), String> {
    Ok(())
}

impl Way {
    /// Never called: the configuration of a program without the link ends the way before it begins.
    pub(crate) fn go(self, _: &mut Report) -> Result<(), Fault> {
        Ok(())
    }
}
