//! `aclk claim` and `netdata-claim.sh`: makes this machine a node of a Space.

pub(super) mod notify;
pub(crate) mod options;
mod script;

use super::print;
use crate::clock::HostClock;
use crate::fault::{Fault, exit};
use crate::hidden::Hidden;
use crate::host::{self, Host, Work};
use crate::paths::Paths;
use crate::proxy::{self, Choice, Environment};
use crate::report::masked::Masked;
use crate::report::record::{Record, json_of_fault};
use crate::report::screen::{CLAIMED, Screen};
use crate::report::wire::Wire;
use crate::report::{Both, Maybe};
use crate::settings;
use crate::sources::{self, Place, switch};
use crate::store::claim_dir::Terms;
use crate::store::reading::Written;
use crate::trust::INSECURE;
use crate::user::{self, User};
use aclk_core::clock::Clock;
use aclk_core::driver::NoControl;
use aclk_core::engine::event::Goal;
use aclk_core::metrics::NoDevice;
use aclk_core::node::Node;
use aclk_core::settings::Settings;
use aclk_core::store::Claim;
use aclk_core::wire::url::Url;
use notify::{Notified, notify};
use options::{Called, Options};
use std::cell::RefCell;
use std::ffi::OsString;
use std::io::{Stderr, stderr};

/// Runs `aclk claim`. What people read goes to standard error, as with the documented script; `--json` to standard output.
pub(crate) fn run(arguments: Vec<OsString>) -> u8 {
    run_as(Called::Claim, arguments)
}

/// Runs `netdata-claim.sh`.
pub(crate) fn script(arguments: Vec<OsString>) -> u8 {
    run_as(Called::Script, arguments)
}

fn run_as(called: Called, arguments: Vec<OsString>) -> u8 {
    match options::parse(called, arguments) {
        Ok(Some(options)) => carry_out(options),
        Ok(None) => {
            print(called.page());
            0
        }
        Err(fault) => {
            Screen::new(stderr()).fault(&fault);
            fault.code
        }
    }
}

/// How a claim and what follows from it went.
struct Outcome {
    record: Record,
    notified: Notified,
}

impl Outcome {
    fn code(&self) -> u8 {
        match (&self.notified, self.record.exit_code()) {
            (Notified::Failed(_), 0) => exit::NOT_NOTIFIED,
            (_, code) => code,
        }
    }
}

/// Claims, tells a running daemon, and says what came of it. Returns the exit code.
pub(crate) fn carry_out(options: Options) -> u8 {
    let Options { called, verbose, json, notify: shall_notify, .. } = options;
    let paths = Paths::from_env();
    let (record, url) = match claim(options, &paths) {
        Ok(claimed) => claimed,
        Err(fault) => {
            if json {
                print(json_of_fault(&fault).member("daemon", None::<&str>).end().0);
            } else {
                Screen::new(stderr()).fault(&fault);
            }
            return fault.code;
        }
    };
    let is_claimed = record.claimed().is_some();
    // By now the claim directory is nobody's any more: the daemon needs it.
    let notified = if is_claimed && shall_notify { notify(&paths) } else { Notified::Not };
    let outcome = Outcome { record, notified };
    if json {
        print(outcome.record.json().member("daemon", outcome.notified.word()).end().0);
    } else if is_claimed {
        say_claimed(&outcome.notified);
    } else if called == Called::Script {
        script::say_failed(&outcome.record, &url, verbose);
    }
    outcome.code()
}

/// The documented line comes last.
fn say_claimed(notified: &Notified) {
    let mut screen = Screen::new(stderr());
    match notified {
        Notified::Not => {}
        Notified::Nobody => screen.note(
            "no daemon is running here: start it (\"systemctl start aclk\", or \"aclk run\"), and the node comes online",
        ),
        Notified::Done(words) => screen.line(words),
        Notified::Failed(why) => {
            screen.failed(format_args!("The claim was successful but the agent could not be notified ({why})"));
            screen.hint("a daemon that uses this claim directory sees the claim by itself within seconds; any other is to be restarted");
            return;
        }
    }
    screen.success(CLAIMED);
}

/// What came of it, and where it was tried.
fn claim(options: Options, paths: &Paths) -> Result<(Record, Url), Fault> {
    let Options { called, given, verbose, json, .. } = options;
    switch::allow_claim(paths)?;
    let screen = || Screen::new(stderr()).with_stages(called == Called::Claim || verbose).without_success();
    let mut screen = Maybe((!json).then(screen));
    let (user, mended) = user::act_for(options.user.as_deref(), paths)?;
    if let Some(screen) = &mut screen.0 {
        mended.iter().for_each(|note| screen.note(note));
    }
    let mut store = sources::store(paths, Place::ClaimDir, &Written::default())?;
    store.hold()?;
    let dir = store.open()?;
    let defaults = sources::defaults(paths)?;
    let given = sources::with_proxy_of_environment(given, paths, dir.as_ref(), &defaults)?;
    let (given_proxy, insecure) = (given.proxy.clone(), given.insecure);
    let proxy = Choice::make(given_proxy.as_ref().map(Hidden::expose), paths, dir.as_ref(), Environment::of_process())?;
    store.remember(Terms { proxy: given_proxy.clone(), insecure });
    if let Some(finished) = store.recover()?
        && given.asks_for(&finished)
    {
        if let Some(screen) = &mut screen.0 {
            screen.line("An earlier run was interrupted after the Cloud had confirmed the claim; it is finished now.");
        }
        return Ok((Record::of_claimed(finished.id), finished.url));
    }
    let machine_guid = host::machine_guid(paths, |note| {
        if let Some(screen) = &mut screen.0 {
            screen.note(note);
        }
    })?;
    let dir = store.open()?;
    let mut settings = settings::assemble_with(given, dir.as_ref(), defaults, machine_guid)?;
    settings::require_token(&settings, store.path())?;
    if let Some(screen) = &mut screen.0 {
        if called == Called::Script || verbose {
            describe(screen, &settings, &proxy, &user);
        }
        warn_of_agent(screen, paths);
        warn_of_other_proxy(screen, given_proxy.as_ref(), paths);
        if let Some(warning) = proxy.exposed() {
            screen.note(warning);
        }
        if insecure {
            screen.note(INSECURE);
        }
    }
    let mut host = Host::new(store, insecure)?;
    if let Some(screen) = &mut screen.0
        && verbose
    {
        describe_more(screen, &settings, &host);
    }
    proxy.apply_to(&mut settings);
    let url = settings.url.clone();
    host::block_on(async {
        let saved = host.saved().await?;
        if let Some(screen) = &mut screen.0 {
            warn(screen, saved.pending.as_ref(), &settings);
        }
        let wire = Maybe((verbose && screen.0.is_some()).then(|| Wire::new(stderr(), settings.token.expose())));
        // The exchange is shown in front of what came of it.
        let observer = Both(Record::default(), Both(wire, screen));
        let mut observer = Masked::new(settings.token.expose(), observer);
        // There is no link to tell of what this machine measures.
        let node = RefCell::new(Node::new(NoDevice::default(), &settings, &saved, HostClock.now()));
        let work = Work { goal: Goal::Claim, settings, saved };
        host.drive(work, &node, &mut observer, &mut NoControl).await?;
        Ok((observer.observer.0, url))
    })?
}

/// What the documented script says before it starts (protocol.md 1.4).
fn describe(screen: &mut Screen<Stderr>, settings: &Settings, proxy: &Choice, user: &User) {
    screen.line(format_args!("Token: {}", "*".repeat(16)));
    screen.line(format_args!("Base URL: {}", settings.url));
    screen.line(format_args!("Id: {}", settings.id));
    screen.line(format_args!("Rooms: {}", settings.rooms));
    screen.line(format_args!("Hostname: {}", settings.hostname));
    screen.line(format_args!("Proxy: {proxy}"));
    screen.line(format_args!("Netdata user: {}", user.name()));
}

/// What else decides how it goes.
fn describe_more(screen: &mut Screen<Stderr>, settings: &Settings, host: &Host) {
    screen.line(format_args!("Machine GUID: {}", settings.machine_guid));
    screen.line(format_args!("Claim directory: {}", host.store.path().display()));
    screen.line(format_args!("Trust anchors: {}", host.trust.len()));
    for note in &host.trust.notes {
        screen.note(note);
    }
}

/// The identity of a real Agent goes out of use with this claim, and the Cloud may know this machine by it.
fn warn_of_agent(screen: &mut Screen<Stderr>, paths: &Paths) {
    // One that cannot be read is none that counts.
    if let Ok(identity) = sources::identity(paths, &Written::default())
        && identity.place == Place::CloudDir
        && let Some(claimed) = identity.saved.claimed
    {
        screen.note(format_args!(
            "this machine is claimed as {} by {}, the identity of a Netdata Agent; from this claim on, the new one counts",
            claimed.id,
            paths.cloud_dir().display()
        ));
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
