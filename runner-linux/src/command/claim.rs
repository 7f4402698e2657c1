//! `aclk claim`: makes this machine a node of a Space.

use super::print;
use crate::args::Args;
use crate::fault::Fault;
use crate::help;
use crate::host::{self, Host};
use crate::paths::Paths;
use crate::report::record::{Record, json_of_fault};
use crate::report::screen::{CLAIMED, Screen};
use crate::report::{Both, Maybe};
use crate::settings::{self, Given};
use crate::store::FileStore;
use aclk_core::driver::NoControl;
use aclk_core::engine::event::Goal;
use aclk_core::settings::Settings;
use aclk_core::store::Claim;
use std::ffi::OsString;
use std::io::{Stderr, stderr};

struct Options {
    given: Given,
    verbose: bool,
    json: bool,
}

/// Runs the command. What people read goes to standard error, as with the documented script; `--json` to standard output.
pub(crate) fn run(arguments: Vec<OsString>) -> u8 {
    let options = match parse(arguments) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print(help::CLAIM);
            return 0;
        }
        Err(fault) => {
            Screen::new(stderr()).fault(&fault);
            return fault.code;
        }
    };
    let json = options.json;
    match claim(options) {
        Ok(record) => {
            if json {
                print(record.json().end().0);
            }
            record.exit_code()
        }
        Err(fault) => {
            if json {
                print(json_of_fault(&fault).end().0);
            } else {
                Screen::new(stderr()).fault(&fault);
            }
            fault.code
        }
    }
}

fn parse(arguments: Vec<OsString>) -> Result<Option<Options>, Fault> {
    let mut options = Options { given: Given::default(), verbose: false, json: false };
    let mut args = Args::new("claim", arguments);
    while let Some(argument) = args.next()? {
        let name = argument.name().to_owned();
        match name.as_str() {
            "help" | "h" => return Ok(None),
            "verbose" => {
                argument.flag()?;
                options.verbose = true;
            }
            "json" => {
                argument.flag()?;
                options.json = true;
            }
            name if Given::knows(name) => options.given.take(name, argument.value()?)?,
            _ => return Err(argument.unknown()),
        }
    }
    Ok(Some(options))
}

fn claim(options: Options) -> Result<Record, Fault> {
    let Options { given, verbose, json } = options;
    let mut screen = Maybe((!json).then(|| Screen::new(stderr())));
    let paths = Paths::from_env();
    let mut store = FileStore::new(&paths.claim_dir());
    store.hold()?;
    if let Some(finished) = store.recover()?
        && given.asks_for(&finished)
    {
        if let Some(screen) = &mut screen.0 {
            screen.line("An earlier run was interrupted after the Cloud had confirmed the claim; it is finished now.");
            screen.success(CLAIMED);
        }
        return Ok(Record::of_claimed(finished.id));
    }
    let machine_guid = host::machine_guid(&paths)?;
    let settings = settings::assemble(given, store.open()?.as_ref(), machine_guid)?;
    settings::require_token(&settings, store.path())?;
    let mut host = Host::new(store)?;
    if let Some(screen) = &mut screen.0
        && verbose
    {
        describe(screen, &settings, &host);
    }
    host::block_on(async {
        let saved = host.saved().await?;
        if let Some(screen) = &mut screen.0 {
            warn(screen, saved.pending.as_ref(), &settings);
        }
        let mut observer = Both(Record::default(), screen);
        host.drive(Goal::Claim, settings, saved, &mut observer, &mut NoControl).await?;
        Ok(observer.0)
    })?
}

/// What the documented script says before it starts, and where trust comes from.
fn describe(screen: &mut Screen<Stderr>, settings: &Settings, host: &Host) {
    screen.line(format_args!("Token: {}", "*".repeat(16)));
    screen.line(format_args!("Base URL: {}", settings.url));
    screen.line(format_args!("Id: {}", settings.id));
    screen.line(format_args!("Machine GUID: {}", settings.machine_guid));
    screen.line(format_args!("Rooms: {}", settings.rooms));
    screen.line(format_args!("Hostname: {}", settings.hostname));
    screen.line(format_args!("Claim directory: {}", host.store.path().display()));
    screen.line(format_args!("Trust anchors: {}", host.trust.anchors.len()));
    for note in &host.trust.notes {
        screen.note(note);
    }
}

/// A claim that is still open is finished only by the same claim.
fn warn(screen: &mut Screen<Stderr>, pending: Option<&Claim>, settings: &Settings) {
    let Some(pending) = pending else { return };
    if pending.id == settings.id && pending.url == settings.url {
        screen.line("An earlier claim was sent and its answer was lost; trying again.");
    } else {
        screen.note(format_args!(
            "an earlier claim of {} at {} is given up: whether it succeeded is not known",
            pending.id, pending.url
        ));
    }
}
