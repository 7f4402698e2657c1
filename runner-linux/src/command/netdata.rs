//! `netdata`: takes the command line of a Netdata Agent, as scripts and container images write it, and is the daemon.

mod build;
mod options;
mod query;
mod words;

use super::claim;
use super::claim::options::Options as Claim;
use super::{print, run};
use crate::fault::Fault;
use crate::help;
use crate::paths::Paths;
use crate::report::screen::Screen;
use crate::socket::client;
use aclk_core::settings::AGENT_VERSION;
use options::Asked;
use std::ffi::OsString;
use std::io::stderr;

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
        Asked::Help => print(help::NETDATA),
        Asked::ClaimHelp => print(help::CLAIM),
        Asked::Version => print(format_args!("netdata v{AGENT_VERSION} (aclk {})", env!("CARGO_PKG_VERSION"))),
        Asked::BuildInfo => print(build::info()),
        Asked::BuildInfoJson => print(build::json()),
        Asked::Value { overlay, query } => {
            overlay.install();
            print(query.answer(&Paths::from_env())?);
        }
        Asked::Start { overlay, options, claim } => {
            overlay.install();
            if let Some(claim) = claim
                && let Some(code) = claim_first(*claim)
            {
                return Ok(code);
            }
            return Ok(run::start(run::Called::Netdata, &options));
        }
    }
    Ok(0)
}

/// Claims before the link is made. Where a daemon runs already it is told, and there is nothing left to do: the exit code
/// of that. What came of a claim without a daemon has been said; the daemon starts in any case, as the original does.
fn claim_first(claim: Claim) -> Option<u8> {
    let is_running = !matches!(client::ask_if_running(&Paths::from_env(), "ping"), Ok(None));
    let code = claim::carry_out(Claim { notify: is_running, ..claim });
    is_running.then_some(code)
}
