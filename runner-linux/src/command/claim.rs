//! `aclk claim`: makes this machine a node of a Space.

use super::print;
use crate::args::Args;
use crate::clock::HostClock;
use crate::fault::Fault;
use crate::help;
use crate::hidden::Hidden;
use crate::host::{self, Host, Work};
use crate::paths::Paths;
use crate::proxy::{self, Choice, Environment};
use crate::report::record::{Record, json_of_fault};
use crate::report::screen::{CLAIMED, Screen};
use crate::report::{Both, Maybe};
use crate::settings::{self, Given};
use crate::store::FileStore;
use aclk_core::clock::Clock;
use aclk_core::driver::NoControl;
use aclk_core::engine::event::Goal;
use aclk_core::metrics::NoDevice;
use aclk_core::node::Node;
use aclk_core::settings::Settings;
use aclk_core::store::Claim;
use std::cell::RefCell;
use std::ffi::OsString;
use std::io::{Stderr, stderr};
use zeroize::Zeroizing;

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
            "noproxy" | "no-proxy" => {
                argument.flag()?;
                options.given.take("proxy", Zeroizing::new(proxy::NONE.to_owned()))?;
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
    let given_proxy = given.proxy.clone();
    let dir = store.open()?;
    let proxy =
        Choice::make(given_proxy.as_ref().map(Hidden::expose), &paths, dir.as_ref(), Environment::of_process())?;
    store.remember_proxy(given_proxy.clone());
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
    let dir = store.open()?;
    let mut settings = settings::assemble(given, dir.as_ref(), machine_guid)?;
    settings::require_token(&settings, store.path())?;
    if let Some(screen) = &mut screen.0 {
        warn_of_other_proxy(screen, given_proxy.as_ref(), &paths);
        if let Some(warning) = proxy.exposed() {
            screen.note(warning);
        }
    }
    let mut host = Host::new(store)?;
    if let Some(screen) = &mut screen.0
        && verbose
    {
        describe(screen, &settings, &proxy, &host);
    }
    proxy.apply_to(&mut settings);
    host::block_on(async {
        let saved = host.saved().await?;
        if let Some(screen) = &mut screen.0 {
            warn(screen, saved.pending.as_ref(), &settings);
        }
        let mut observer = Both(Record::default(), screen);
        // There is no link to tell of what this machine measures.
        let node = RefCell::new(Node::new(NoDevice::default(), &settings, &saved, HostClock.now()));
        let work = Work { goal: Goal::Claim, settings, saved };
        host.drive(work, &node, &mut observer, &mut NoControl).await?;
        Ok(observer.0)
    })?
}

/// What the documented script says before it starts, and where trust comes from.
fn describe(screen: &mut Screen<Stderr>, settings: &Settings, proxy: &Choice, host: &Host) {
    screen.line(format_args!("Token: {}", "*".repeat(16)));
    screen.line(format_args!("Base URL: {}", settings.url));
    screen.line(format_args!("Id: {}", settings.id));
    screen.line(format_args!("Machine GUID: {}", settings.machine_guid));
    screen.line(format_args!("Rooms: {}", settings.rooms));
    screen.line(format_args!("Hostname: {}", settings.hostname));
    screen.line(format_args!("Proxy: {proxy}"));
    screen.line(format_args!("Claim directory: {}", host.store.path().display()));
    screen.line(format_args!("Trust anchors: {}", host.trust.anchors.len()));
    for note in &host.trust.notes {
        screen.note(note);
    }
}

/// A claim stores its proxy for the link, but what a person has written into netdata.conf counts more there.
fn warn_of_other_proxy(screen: &mut Screen<Stderr>, given: Option<&Hidden>, paths: &Paths) {
    let Some(given) = given else { return };
    // A file that cannot be read stops the link, which will say so.
    if let Ok(Some(configured)) = proxy::configured(paths)
        && configured != *given
    {
        screen.note(format_args!(
            "[cloud] proxy in {} says otherwise, and the link follows it",
            paths.netdata_conf().display()
        ));
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
