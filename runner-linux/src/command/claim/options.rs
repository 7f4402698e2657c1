//! The options of a claim: those of the documented script, under either name (protocol.md 1.2).

use crate::args::Args;
use crate::fault::Fault;
use crate::manual::Page;
use crate::manual::pages::{CLAIM, SCRIPT};
use crate::proxy;
use crate::settings::Given;
use std::ffi::OsString;
use zeroize::Zeroizing;

/// Under which name the claim was asked for. The options are the same; what is printed is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Called {
    /// `aclk claim`.
    Claim,
    /// `netdata-claim.sh`: its lines, and nothing that it does not print unless that is asked for.
    Script,
}

impl Called {
    /// Its page in the manual.
    pub(crate) const fn page(self) -> &'static Page {
        match self {
            Self::Claim => &CLAIM,
            Self::Script => &SCRIPT,
        }
    }
}

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) called: Called,
    pub(crate) given: Given,
    /// The account whose daemon this is for; `None` where nobody says.
    pub(crate) user: Option<String>,
    pub(crate) verbose: bool,
    pub(crate) json: bool,
    /// Whether a running daemon is told of a claim that succeeded.
    pub(crate) notify: bool,
}

/// Reads the arguments. `None` if it is the help that is asked for.
///
/// # Errors
/// For what nobody knows and for values that cannot be right. No value is repeated: it could be a token.
pub(crate) fn parse(called: Called, arguments: Vec<OsString>) -> Result<Option<Options>, Fault> {
    let given = Given::default();
    let mut options = Options { called, given, user: None, verbose: false, json: false, notify: true };
    let mut args = Args::of(called.page(), arguments);
    while let Some(argument) = args.next()? {
        // Later scripts of the original know some options under two names.
        let name = argument.name().to_owned();
        let name = match name.strip_prefix("claim-") {
            Some(short @ ("token" | "rooms" | "url" | "proxy")) => short,
            _ => &name,
        };
        match name {
            "help" | "h" => return Ok(None),
            "verbose" => {
                argument.flag()?;
                options.verbose = true;
            }
            "json" => {
                argument.flag()?;
                options.json = true;
            }
            "noproxy" => {
                argument.flag()?;
                options.given.take("proxy", Zeroizing::new(proxy::NONE.to_owned()))?;
            }
            "noreload" | "daemon-not-running" => {
                argument.flag()?;
                options.notify = false;
            }
            "insecure" => {
                argument.flag()?;
                options.given.insecure = true;
            }
            "user" => options.user = Some(argument.value()?.trim().to_owned()).filter(|user| !user.is_empty()),
            name if Given::knows(name) => options.given.take(name, argument.value()?)?,
            _ => return Err(argument.unknown()),
        }
    }
    Ok(Some(options))
}
