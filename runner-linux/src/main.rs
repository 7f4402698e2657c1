//! The `aclk` command: claims this machine into Netdata Cloud and holds the Agent-Cloud Link.

#![forbid(unsafe_code)]
// A build without the link keeps the types that tell of one, and has nobody who uses all of them.
#![cfg_attr(not(feature = "link"), allow(dead_code))]

mod args;
mod background;
mod clock;
mod command;
mod daemon;
#[cfg_attr(not(feature = "link"), path = "without_link/device.rs")]
mod device;
mod doctor;
mod erased;
mod fault;
mod first_claim;
mod gzip;
mod hidden;
mod host;
mod journal;
mod json;
mod live;
mod local_api;
mod machine_guid;
mod manual;
mod metrics;
mod names;
mod net;
mod netdata_conf;
mod notify;
mod paths;
mod pid_file;
mod privileges;
mod proxy;
mod random;
mod report;
#[cfg(any(test, feature = "lab"))]
mod scratch;
mod settings;
mod sightings;
mod socket;
mod sources;
mod store;
#[cfg_attr(not(feature = "link"), path = "without_link/trust.rs")]
mod trust;
mod user;
#[cfg(test)]
mod wide;
mod wishes;
mod zone;

use names::Name;
use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    match Name::of(arguments.next().as_deref()) {
        Name::Aclk => aclk(arguments),
        Name::Netdata => ExitCode::from(command::netdata::run(arguments.collect())),
        Name::ClaimScript => ExitCode::from(command::claim::script(arguments.collect())),
        Name::Netdatacli => ExitCode::from(command::cli::netdatacli(arguments.collect())),
    }
}

fn aclk(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let command = arguments.next().unwrap_or_default();
    let rest = arguments.collect::<Vec<_>>();
    match &*command.to_string_lossy() {
        #[cfg(feature = "lab")]
        "cloud" => aclk_cloud::command::run(rest),
        command => ExitCode::from(dispatch(command, rest)),
    }
}

fn dispatch(command: &str, arguments: Vec<OsString>) -> u8 {
    match command {
        "claim" => command::claim::run(arguments),
        "run" => command::run::run(arguments),
        "unclaim" => command::unclaim::run(arguments),
        "status" => command::status::run(arguments),
        "doctor" => command::doctor::run(arguments),
        "aclk-state" => command::cli::state(arguments),
        #[cfg(feature = "lab")]
        "demo" => command::demo::run(arguments),
        #[cfg(feature = "lab")]
        "fleet" => command::fleet::run(arguments),
        #[cfg(feature = "lab")]
        "provision" => command::provision::run(arguments),
        #[cfg(feature = "lab")]
        "playground" => command::playground::run(arguments),
        #[cfg(not(feature = "lab"))]
        "demo" | "cloud" | "fleet" | "provision" | "playground" => command::help::unavailable(command),
        "completions" => command::manual::completions(arguments),
        "man" => command::manual::man(arguments),
        "" | "help" | "--help" | "-help" | "-h" => command::help::run(arguments),
        "version" | "--version" | "-version" | "-V" | "-v" => command::help::version(),
        unknown => command::help::unknown(unknown),
    }
}
