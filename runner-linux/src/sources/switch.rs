//! Whether the Agent-Cloud Link is allowed at all: `netdata cloud` in netdata.conf, and the variable
//! `NETDATA_DISABLE_CLOUD` (protocol.md 5.5).

use crate::fault::{Fault, exit};
use crate::netdata_conf;
use crate::paths::Paths;
use aclk_core::stage::Stage;

/// The words of the original for a claim that is not to be made (protocol.md 1.10).
pub(crate) const REFUSED: &str = "Refusing to claim agent -> cloud functionality has been disabled";
/// Whether claiming and link are in this program.
pub(crate) const IS_BUILT: bool = cfg!(feature = "link");
const WITHOUT: &str =
    "this program was built without cloud features: with --disable-cloud, or because they failed to build";
pub(crate) const REINSTALL: &str = "install it again without --disable-cloud; with --require-cloud the installation says why cloud \
                         features fail to build";
/// The variable that switches the link off if it is 1 (protocol.md 5.5).
const VARIABLE: &str = "NETDATA_DISABLE_CLOUD";
/// The sections that the key may be in: that of the original, and that of the documentation.
const SECTIONS: [&str; 2] = ["global", "general"];
/// The key, and as the documentation misspells it.
const KEYS: [&str; 2] = ["netdata cloud", MISSPELT];
const MISSPELT: &str = "netadata cloud";

/// Who switched the link off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Off {
    /// Whoever built this program: claiming and link are not in it.
    NotBuilt,
    /// `netdata cloud = disable`.
    NetdataConf,
    /// [`VARIABLE`].
    Variable,
    /// `enabled = no` in `claim.d/cloud.conf`.
    ClaimDir,
    /// The same in `cloud.d/cloud.conf`.
    CloudDir,
    /// `write-config cloud|global|enabled|no`.
    Written,
}

impl Off {
    /// By what, and so how to switch it on again.
    pub(crate) const fn how(self) -> &'static str {
        match self {
            Self::NotBuilt => WITHOUT,
            Self::NetdataConf => "by \"netdata cloud = disable\" in netdata.conf",
            Self::Variable => "by the variable NETDATA_DISABLE_CLOUD",
            Self::ClaimDir => "by \"enabled = no\" in cloud.conf",
            Self::CloudDir => "by \"enabled = no\" in the cloud.conf of a Netdata Agent (cloud.d)",
            Self::Written => "by write-config cloud|global|enabled|no",
        }
    }

    /// The same as a state of the link.
    pub(crate) const fn state(self) -> &'static str {
        match self {
            Self::NotBuilt => {
                "switched off: this program was built without cloud features (--disable-cloud, or they failed to build)"
            }
            Self::NetdataConf => "switched off by \"netdata cloud = disable\" in netdata.conf",
            Self::Variable => "switched off by the variable NETDATA_DISABLE_CLOUD",
            Self::ClaimDir => "switched off by \"enabled = no\" in cloud.conf",
            Self::CloudDir => "switched off by \"enabled = no\" in the cloud.conf of a Netdata Agent (cloud.d)",
            Self::Written => "switched off by write-config cloud|global|enabled|no",
        }
    }

    /// Why a claim is refused, and how to allow it.
    fn fault(self, paths: &Paths) -> Fault {
        if self == Self::NotBuilt {
            return not_built();
        }
        let fault = Fault::new(Stage::Config, format_args!("{REFUSED} ({})", self.how()));
        match self {
            Self::Variable => fault.hint(format_args!("unset {VARIABLE}")),
            _ => fault.hint(format_args!(
                "write \"netdata cloud = enable\" into the section [global] of {}",
                paths.netdata_conf().display()
            )),
        }
    }
}

/// Why this program does nothing of what is for the link, and what to do about it.
pub(crate) fn not_built() -> Fault {
    Fault::new(Stage::Config, format_args!("{REFUSED} ({WITHOUT})")).hint(REINSTALL).code(exit::UNAVAILABLE)
}

/// Whether the link is switched off, and what is odd about how that is said.
pub(crate) fn read(paths: &Paths) -> Result<(Option<Off>, Vec<String>), Fault> {
    let conf = netdata_conf::load(paths)?;
    let file = paths.netdata_conf();
    let mut notes = Vec::new();
    let mut off = None;
    for (section, key) in SECTIONS.iter().flat_map(|section| KEYS.map(|key| (*section, key))) {
        let Some(value) = conf.value(section, key) else { continue };
        let place = format!("[{section}] {key} in {}", file.display());
        if key == MISSPELT {
            notes.push(format!("{place} is misspelt and counts as \"netdata cloud\""));
        }
        match value {
            "enable" => {}
            "disable" => off = Some(Off::NetdataConf),
            _ => notes.push(format!("{place} is neither \"enable\" nor \"disable\" and does not count")),
        }
    }
    // Nobody can switch on what is not there.
    let off = if IS_BUILT { off } else { Some(Off::NotBuilt) };
    let by_variable = std::env::var_os(VARIABLE).is_some_and(|value| value == "1");
    Ok((off.or(by_variable.then_some(Off::Variable)), notes))
}

/// Refuses a claim where the Cloud is switched off.
///
/// # Errors
/// Then, with what to do; and if netdata.conf cannot be read.
pub(crate) fn allow_claim(paths: &Paths) -> Result<(), Fault> {
    let (off, _) = read(paths)?;
    off.map_or(Ok(()), |off| Err(off.fault(paths)))
}
