//! `netdata`: takes the command line of a Netdata Agent, as scripts and container images write it, and is the daemon.

mod build;
mod options;
mod query;
mod words;

use super::claim;
use super::{print, run};
use crate::background;
use crate::fault::Fault;
use crate::first_claim::Wanted;
use crate::manual::pages;
use crate::paths::Paths;
use crate::report::screen::Screen;
use crate::socket::client;
use aclk_core::settings::AGENT_VERSION;
use options::Asked;
use std::ffi::OsString;
use std::io::stderr;

/// Who says what is to be claimed, as the log has it.
const SAID: &str = "-W \"claim …\"";

/// Runs the command.
pub(crate) fn run(arguments: Vec<OsString>) -> u8 {
    match carry_out(arguments) {
        Ok(code) => code,
        Err(fault) => {
            Screen::new(stderr()).fault(&fault);
            fault.code
        }
    }
}

fn carry_out(arguments: Vec<OsString>) -> Result<u8, Fault> {
    match options::parse(arguments)? {
        Asked::Help => print(pages::NETDATA),
        Asked::ClaimHelp => print(pages::SCRIPT),
        Asked::Version => print(format_args!("netdata v{AGENT_VERSION} (aclk {})", env!("CARGO_PKG_VERSION"))),
        Asked::BuildInfo => print(build::info()),
        Asked::BuildInfoJson => print(build::json()),
        Asked::Value { overlay, query } => {
            overlay.install();
            print(query.answer(&Paths::from_env())?);
        }
        // All that follows is done by the one that stays.
        Asked::Start { options, .. } if !options.foreground && !background::is_daemon() => return background::start(),
        Asked::Start { overlay, options, claim } => {
            overlay.install();
            let mut options = options;
            if let Some(claim) = claim {
                if is_running() {
                    return Ok(claim::carry_out(*claim));
                }
                options.claim = Some(Wanted { given: claim.given, source: SAID.to_owned() });
            }
            return Ok(run::start(run::Called::Netdata, &options));
        }
    }
    Ok(0)
}

/// Whether a daemon listens: then that one is told of the claim, and there is nothing left to do. Otherwise the daemon that
/// starts here claims first.
fn is_running() -> bool {
    !matches!(client::ask_if_running(&Paths::from_env(), "ping"), Ok(None))
}
