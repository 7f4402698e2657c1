//! `aclk run`: keeps the Agent-Cloud Link of this machine up.

use super::print;
use crate::args::{Args, Argument};
use crate::background;
use crate::clock::{HostClock, NodeClock};
use crate::daemon::Daemon;
use crate::device;
use crate::device::OwnStack;
use crate::device::address::{self, Addressing};
use crate::device::tap::Tap;
use crate::fault::Fault;
use crate::first_claim::{self, Outcome, Wanted};
use crate::host::{self, Host, Work};
use crate::journal::Journal;
use crate::live::{self, Live};
use crate::local_api;
use crate::local_api::listen::Listen;
use crate::manual::pages;
use crate::metrics::Machine;
use crate::netdata_conf;
use crate::notify::Manager;
use crate::paths::Paths;
use crate::pid_file::PidFile;
use crate::privileges::Rights;
use crate::proxy::{Choice, Environment};
use crate::report::log::{Log, Tag};
use crate::report::output::Output;
use crate::report::screen::Screen;
use crate::settings::{self, Defaults, Given};
use crate::sightings::{self, ELSEWHERE};
use crate::socket;
use crate::sources::{self, Identity};
use crate::store::FileStore;
use crate::wishes::{End, Signals, Wishes};
use aclk_core::clock::{Clock, Now};
use aclk_core::driver::measure;
use aclk_core::engine::event::Goal;
use aclk_core::identity::guid::Guid;
use aclk_core::node::Node;
use aclk_core::settings::Settings;
use aclk_core::store::Saved;
use embassy_futures::select::{Either, select, select3};
use std::cell::RefCell;
use std::ffi::OsString;
use std::io::stderr;
use std::path::PathBuf;
use std::rc::Rc;
use tokio::net::TcpListener;
use tokio::task::LocalSet;

/// What to do where a daemon is in the way of another one.
const RUNS_ALREADY: &str =
    "a daemon runs already: \"aclk status\" says how it is, and \"netdatacli shutdown-agent\" ends it";

/// Under which name the program was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Called {
    /// `aclk run`.
    Run,
    /// `netdata`: what starts and configures a Netdata Agent starts and configures this.
    Netdata,
}

/// Which TCP/IP stack is used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Net {
    /// The sockets of this machine.
    #[default]
    Host,
    /// Our own stack on the TAP device of this name.
    Tap(String, Addressing),
}

/// What was asked for.
#[derive(Debug, Default)]
pub(super) struct Options {
    given: Given,
    /// Where the local API listens; `None` where nothing was said.
    listen: Option<Listen>,
    net: Net,
    /// Where the files of the machine are that is measured; `None` where nothing was said.
    pub(super) host_prefix: Option<PathBuf>,
    /// What the log begins with, for who has asked for what there is not.
    pub(super) notes: Vec<String>,
    /// What `-W "claim …"` said.
    pub(super) claim: Option<Wanted>,
    /// The user to run as.
    pub(super) user: Option<String>,
    /// Whether a `netdata` stays with its terminal.
    pub(super) foreground: bool,
    /// Where to say which process this is.
    pub(super) pid_file: Option<PathBuf>,
}

/// Takes options, one after the other.
#[derive(Debug, Default)]
pub(super) struct Parser {
    pub(super) options: Options,
    tap: Option<String>,
    address: address::Given,
}

/// Runs `aclk run`.
pub(crate) fn run(arguments: Vec<OsString>) -> u8 {
    match parse(arguments) {
        Ok(Some(options)) => start(Called::Run, &options),
        Ok(None) => {
            print(pages::RUN);
            0
        }
        Err(fault) => fail(&fault),
    }
}

/// Keeps the link up until it is asked to end; the exit code.
pub(super) fn start(called: Called, options: &Options) -> u8 {
    let in_background = called == Called::Netdata && !options.foreground;
    if in_background {
        background::detach();
    }
    match link(called, options, in_background) {
        Ok(()) => 0,
        Err(fault) if in_background => {
            background::complain(&fault);
            fault.code
        }
        Err(fault) => fail(&fault),
    }
}

fn fail(fault: &Fault) -> u8 {
    Screen::new(stderr()).fault(fault);
    fault.code
}

fn parse(arguments: Vec<OsString>) -> Result<Option<Options>, Fault> {
    let mut parser = Parser::default();
    let mut args = Args::of(&pages::RUN, arguments);
    while let Some(argument) = args.next()? {
        match argument.name() {
            "help" | "h" => return Ok(None),
            _ => parser.take(argument)?,
        }
    }
    parser.finish().map(Some)
}

impl Parser {
    /// Takes an option that `aclk run` and `netdata` both know.
    pub(super) fn take(&mut self, argument: Argument<'_>) -> Result<(), Fault> {
        let name = argument.name().to_owned();
        match name.as_str() {
            "listen" => self.options.listen = Some(Listen::of_option(&argument.value()?)?),
            "user" => self.options.user = Some(argument.value()?.to_string()),
            "net" => self.tap = net(&argument.value()?)?,
            "host-prefix" => self.options.host_prefix = Some(PathBuf::from(argument.value()?.as_str())),
            name if address::Given::knows(name) => self.address.take(name, &argument.value()?)?,
            "hostname" => self.options.given.take(&name, argument.value()?)?,
            _ => return Err(argument.unknown()),
        }
        Ok(())
    }

    /// Everything that was asked for, if it makes sense together.
    pub(super) fn finish(self) -> Result<Options, Fault> {
        let Self { mut options, tap, address } = self;
        match tap {
            Some(name) => options.net = Net::Tap(name, address.addressing()?),
            None if address.is_empty() => {}
            None => return Err(Fault::usage("--address, --gateway and --dns only make sense with --net tap:NAME")),
        }
        Ok(options)
    }
}

/// The name of the TAP device, unless it is the sockets of this machine that are to be used.
fn net(text: &str) -> Result<Option<String>, Fault> {
    match text.strip_prefix("tap:") {
        Some(name) if is_interface(name) => Ok(Some(name.to_owned())),
        Some(_) => Err(Fault::usage(
            "the name of the TAP device must be 1 to 15 letters, digits, dots, hyphens or underscores",
        )),
        None if text == "host" => Ok(None),
        None => Err(Fault::usage("--net is neither host nor tap:NAME")),
    }
}

/// The kernel takes up to 15 bytes (IFNAMSIZ with the final zero), and more kinds of them than are good.
fn is_interface(name: &str) -> bool {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (1..=15).contains(&name.len()) && name.bytes().all(is_good) && !matches!(name, "." | "..")
}

fn link(called: Called, options: &Options, in_background: bool) -> Result<(), Fault> {
    let paths = Paths::from_env();
    let rights = Rights::find(called == Called::Netdata, options.user.as_deref(), &paths)?;
    let mut notes = rights.prepare(&paths)?;
    let (output, note) = if in_background { Output::of_background(&paths)? } else { Output::of_foreground(&paths) };
    if in_background && let Some(note) = &note {
        background::say(format_args!("note: {note}"));
    }
    notes.extend(note);
    let result = work(called, options, &paths, &rights, &output, notes);
    if in_background && let Err(fault) = &result {
        Log::new(output).fault(fault);
    }
    result
}

/// Does everything that a daemon does, and logs to `output`, first of all these notes.
fn work(
    called: Called,
    options: &Options,
    paths: &Paths,
    rights: &Rights,
    output: &Output,
    notes: Vec<String>,
) -> Result<(), Fault> {
    let listen = match (&options.listen, called) {
        (Some(listen), _) => listen.clone(),
        (None, Called::Run) => Listen::default(),
        (None, Called::Netdata) => Listen::of_conf(&netdata_conf::load(paths)?)?,
    };
    // Root sees more than the user that it becomes.
    sightings::look_around();
    let live = Live::new(&paths.live(), live::PATIENCE).map_err(|error| {
        let hint = if error.is_busy() { RUNS_ALREADY } else { "" };
        Fault::from(error).hint(hint)
    })?;
    let journal = Journal::new(Log::new(output.clone()), live, Manager::from_env());
    for note in notes {
        journal.line(Tag::Link, format_args!("note: {note}"));
    }
    // On the heap: those it is handed through would keep copies of it.
    let work = Box::pin(keep(paths, options, rights, &listen, &journal, output));
    host::block_on(LocalSet::new().run_until(work))?
}

/// Holds the link, listens to commands, and serves the local API.
async fn keep(
    paths: &Paths,
    options: &Options,
    rights: &Rights,
    listen: &Listen,
    journal: &Journal<Output>,
    output: &Output,
) -> Result<(), Fault> {
    // First of all: whoever knows that this runs may send a signal.
    let signals = Signals::listen()?;
    let _pid_file = options.pid_file.as_deref().map(PidFile::write).transpose()?;
    let start = format!("aclk {} starts, claim directory {}", env!("CARGO_PKG_VERSION"), paths.claim_dir().display());
    journal.line(Tag::Link, start);
    for note in &options.notes {
        journal.line(Tag::Link, format_args!("note: {note}"));
    }
    let settings = read_settings(paths, options, journal)?;
    // The node outlives every beginning, and what it measures stays the same: it is kept until the program ends.
    let machine: &'static Machine =
        Box::leak(Box::new(Machine::find(&netdata_conf::load(paths)?, options.host_prefix.as_deref())));
    let (stack, now): (Option<&'static OwnStack>, fn() -> Now) = match options.net {
        Net::Host => (None, || HostClock.now()),
        Net::Tap(..) => (Some(Box::leak(Box::new(OwnStack::new()))), device::now),
    };
    let node = Node::new(host::device(machine, stack), &settings, &Saved::default(), now());
    let daemon = Rc::new(Daemon::new(Rc::new(RefCell::new(node)), now, output.clone()));
    let listeners = open(listen, journal)?;
    let tap = open_tap(options, stack, journal)?;
    // Nothing was said to the network yet.
    for note in rights.give_up(paths)? {
        journal.line(Tag::Link, note);
    }
    let tell = |text| journal.line(Tag::Link, text);
    let api = local_api::serve(&listeners, daemon.node.clone(), NodeClock::new(now), journal.history(), tell);
    let commands = socket::serve(paths, daemon.clone(), journal.clone());
    // These first: whoever waits for the daemon to run may command it at once.
    let serve = select3(commands, api, journal.keep_alive());
    match select(serve, link_again(paths, options, machine, tap.as_ref(), journal, &daemon, signals)).await {
        Either::First(_) => Ok(()),
        Either::Second(result) => result,
    }
}

/// Opens the TAP device, if one is wanted. Once, and not with every new beginning: a device that we made goes when it is
/// closed.
fn open_tap(
    options: &Options,
    stack: Option<&'static OwnStack>,
    journal: &Journal<Output>,
) -> Result<Option<Tap>, Fault> {
    let (Net::Tap(name, addressing), Some(stack)) = (&options.net, stack) else { return Ok(None) };
    let journal = journal.clone();
    Tap::open(name, addressing.clone(), stack, move |text| journal.line(Tag::Link, text)).map(Some)
}

/// Opens the local API, and says where it is.
fn open(listen: &Listen, journal: &Journal<Output>) -> Result<Vec<TcpListener>, Fault> {
    let (listeners, notes) = listen.bind()?;
    for note in notes {
        journal.line(Tag::Link, format_args!("note: local API: {note}"));
    }
    for url in local_api::urls(&listeners) {
        journal.line(Tag::Link, format_args!("local API and status page at {url}"));
    }
    Ok(listeners)
}

fn read_settings(paths: &Paths, options: &Options, journal: &Journal<Output>) -> Result<Settings, Fault> {
    let guid = host::machine_guid(paths, |note| journal.line(Tag::Link, format_args!("note: {note}")))?;
    let given = Given { hostname: options.given.hostname.clone(), ..Given::default() };
    let defaults = Defaults { url: sources::url_of_netdata_conf(paths)?, ..Defaults::default() };
    settings::assemble_with(given, None, defaults, guid)
}

/// Links, and begins anew whenever that is asked for, until it is asked to end.
async fn link_again(
    paths: &Paths,
    options: &Options,
    machine: &Machine,
    tap: Option<&Tap>,
    journal: &Journal<Output>,
    daemon: &Rc<Daemon>,
    signals: Signals,
) -> Result<(), Fault> {
    let mut wishes = Wishes::new(paths, journal.clone(), daemon.clone(), signals);
    for note in machine.notes() {
        journal.line(Tag::Link, format_args!("note: {note}"));
    }
    let mut is_first = true;
    loop {
        match once(paths, options, tap, journal, daemon, &mut wishes).await {
            Ok(()) => {}
            Err(fault) if is_first && wishes.is_hindered_by(&fault) => return Err(fault),
            Err(fault) if tap.is_some_and(Tap::is_gone) => return Err(fault),
            // What was wrong may be mended while we wait.
            Err(fault) => {
                journal.trouble(&fault);
                daemon.fail(&fault);
                wait(tap, daemon, &mut wishes).await;
            }
        }
        is_first = false;
        match wishes.end() {
            End::Stop => {
                journal.line(Tag::Link, "ends");
                return Ok(());
            }
            End::Restart(why) => {
                journal.line(Tag::Link, format_args!("begins anew: {why}"));
                if let Err(error) = daemon.reopen_log() {
                    journal.line(Tag::Link, format_args!("note: the log is not begun anew: {error}"));
                }
            }
        }
    }
}

/// Waits for a wish, and measures meanwhile.
async fn wait(tap: Option<&Tap>, daemon: &Daemon, wishes: &mut Wishes<Output>) {
    match tap {
        None => match select(measure(&HostClock, &daemon.node), wishes.wait()).await {
            Either::First(()) | Either::Second(()) => {}
        },
        Some(_) => wishes.wait().await,
    }
}

/// Links with what the files say now, until a wish ends that.
async fn once(
    paths: &Paths,
    options: &Options,
    tap: Option<&Tap>,
    journal: &Journal<Output>,
    daemon: &Daemon,
    wishes: &mut Wishes<Output>,
) -> Result<(), Fault> {
    match FileStore::new(&paths.claim_dir()).recover() {
        Ok(None) => {}
        Ok(Some(claim)) => {
            let text = format!("the claim of {} had been confirmed and is finished now", claim.id);
            journal.line(Tag::Claim, text);
        }
        // A claim directory that can only be read is enough for a link.
        Err(error) => journal.line(Tag::Claim, format_args!("note: {error}")),
    }
    let Identity { place, saved, insecure, notes, .. } = wishes.begin()?.clone();
    for note in notes {
        journal.line(Tag::Link, format_args!("note: {note}"));
    }
    journal.others(&sources::others(paths, place, options.claim.as_ref()));
    if let Some(outcome) = claim_first(paths, options, tap, journal, daemon, wishes).await {
        match outcome {
            Outcome::Claimed => wishes.begin_anew("this machine is claimed"),
            Outcome::Interrupted => {}
            Outcome::Failed => wishes.wait().await,
        }
        return Ok(());
    }
    let store = sources::store(paths, place, &daemon.written.borrow())?;
    let mut settings = read_settings(paths, options, journal)?;
    let proxy = Choice::make(None, paths, store.open()?.as_ref(), Environment::of_process())?;
    journal.proxy(&proxy);
    let proxy_in_state = proxy.in_state();
    proxy.apply_to(&mut settings);
    let mut host = Host::new(store, insecure)?;
    for note in &host.trust.notes {
        journal.line(Tag::Link, format_args!("note: {note}"));
    }
    wishes.tell();
    daemon.begin(&settings, &saved, &proxy_in_state);
    if let Some(claim) = &saved.claimed {
        look_for_clones(paths, claim.id, journal, daemon);
    }
    let (node, mut observer) = (&daemon.node, journal.clone());
    host.drive_over(tap, Work { goal: Goal::Link, settings, saved }, node, &mut observer, wishes).await
}

/// Warns if the identity that is linked from now on was used on another machine before.
fn look_for_clones(paths: &Paths, id: Guid, journal: &Journal<Output>, daemon: &Daemon) {
    match sightings::was_elsewhere(&paths.live(), id) {
        Ok(false) => {}
        Ok(true) => {
            journal.warn(ELSEWHERE);
            daemon.node.borrow_mut().status.warning = Some(ELSEWHERE);
        }
        Err(error) => journal.line(Tag::Link, format_args!("note: where this identity is used is not noted: {error}")),
    }
}

/// Claims this machine if it is not claimed and something says with what; `None` if there is nothing to claim, or what was
/// claimed before is to be linked.
async fn claim_first(
    paths: &Paths,
    options: &Options,
    tap: Option<&Tap>,
    journal: &Journal<Output>,
    daemon: &Daemon,
    wishes: &mut Wishes<Output>,
) -> Option<Outcome> {
    let said = options.claim.as_ref();
    let is_claimed = wishes.identity().saved.claimed.is_some();
    let is_first = daemon.is_first_beginning();
    let tried = match first_claim::due(paths, said, wishes.identity(), journal) {
        Ok(None) => return None,
        Ok(Some(_)) if is_claimed && !is_first => return None,
        Ok(Some(wanted)) => first_claim::claim(paths, wanted, tap, journal, daemon, wishes).await,
        Err(fault) => Err(fault),
    };
    let outcome = tried.unwrap_or_else(|fault| {
        first_claim::tell(&fault, is_claimed, journal, daemon);
        wishes.claims();
        Outcome::Failed
    });
    if outcome == Outcome::Failed && is_claimed {
        journal.line(Tag::Claim, "what was claimed before is linked");
        wishes.begin_anew("the claim has failed");
        return Some(Outcome::Interrupted);
    }
    Some(outcome)
}

#[cfg(test)]
mod tests {
    use super::{Net, parse};
    use crate::device::address::Addressing;
    use crate::fault::{Fault, exit};
    use std::ffi::OsString;

    use crate::local_api::listen::Listen;

    fn options(list: &[&str]) -> Result<super::Options, Fault> {
        parse(list.iter().map(OsString::from).collect()).map(Option::unwrap)
    }

    fn listen(list: &[&str]) -> Option<Listen> {
        options(list).unwrap().listen
    }

    #[test]
    fn options_are_checked_before_anything_is_done() {
        let options_ = options(&["--listen", "127.0.0.1:19999", "--net=tap:tap0", "--address", "10.0.0.2/24"]).unwrap();
        assert_eq!(options_.listen, Some(Listen::of_option("127.0.0.1:19999").unwrap()));
        assert!(matches!(options_.net, Net::Tap(name, Addressing::Static(_)) if name == "tap0"));
        let dhcp = options(&["--net=tap:a-b_c.4"]).unwrap().net;
        assert_eq!(dhcp, Net::Tap("a-b_c.4".to_owned(), Addressing::Dhcp));
        let bad_name = "the name of the TAP device must be 1 to 15 letters, digits, dots, hyphens or underscores";
        assert_eq!(listen(&["--listen", "off"]), Some(Listen::Off));
        assert_eq!(listen(&["--listen=[::1]:1"]), Some(Listen::of_option("[::1]:1").unwrap()));
        assert_eq!(listen(&[]), None);
        for (list, cause) in [
            (&["--listen", "localhost"][..], "--listen is not an address with a port"),
            (&["--net", "wifi"], "--net is neither host nor tap:NAME"),
            (&["--net", "tap:"], bad_name),
            (&["--net", "tap:../../etc"], bad_name),
            (&["--net", "tap:.."], bad_name),
            (&["--net", "tap:tap%d"], bad_name),
            (&["--net", "tap:abcdefghijklmnop"], bad_name),
            (&["--net", "tap:tap\u{e4}"], bad_name),
            (&["--net", "tap:tap0", "--address", "10.0.0.2"], "--address is not an IPv4 address with a prefix length"),
            (&["--address", "10.0.0.2/24"], "--address, --gateway and --dns only make sense with --net tap:NAME"),
            (&["--token=x"], "unknown argument --token"),
            (&["-D"], "unknown argument 1 (not shown, as it could be a secret)"),
        ] {
            let fault = options(list).unwrap_err();
            assert_eq!((fault.cause.as_str(), fault.code), (cause, exit::USAGE));
        }
    }
}
