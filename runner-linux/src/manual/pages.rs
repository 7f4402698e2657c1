//! The table.

mod claim;
mod daemon;
mod doctor;
mod lab;
mod small;

use super::Page;
pub(crate) use claim::{CLAIM, SCRIPT, UNCLAIM};
pub(crate) use daemon::{NETDATA, RUN};
pub(crate) use doctor::DOCTOR;
#[cfg(feature = "lab")]
pub(crate) use lab::{CLOUD, DEMO, FLEET, PLAYGROUND, PROVISION};
pub(crate) use small::{ACLK, ACLK_STATE, COMPLETIONS, HELP, MAN, NETDATACLI, STATUS, VERSION};

/// The commands of `aclk`, in the order of the overview.
pub(crate) const COMMANDS: &[&Page] = &[
    &CLAIM,
    &UNCLAIM,
    &RUN,
    &STATUS,
    &DOCTOR,
    &ACLK_STATE,
    #[cfg(feature = "lab")]
    &DEMO,
    #[cfg(feature = "lab")]
    &CLOUD,
    #[cfg(feature = "lab")]
    &FLEET,
    #[cfg(feature = "lab")]
    &PLAYGROUND,
    #[cfg(feature = "lab")]
    &PROVISION,
    &COMPLETIONS,
    &MAN,
    &HELP,
    &VERSION,
];

/// The other names of the program.
pub(crate) const PROGRAMS: &[&Page] = &[&SCRIPT, &NETDATA, &NETDATACLI];

/// The page of a command of `aclk`, or of another name of the program.
pub(crate) fn find(word: &str) -> Option<&'static Page> {
    COMMANDS.iter().chain(PROGRAMS).find(|page| page.word() == word).copied()
}
