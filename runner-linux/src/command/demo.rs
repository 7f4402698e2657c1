//! `aclk demo`: an emulated Cloud and a device that comes online there, on this machine.

use super::print;
use crate::args::Args;
use crate::clock::rfc3339;
use crate::device::cable;
use crate::fault::Fault;
use crate::help;
use crate::host::{self, Host};
use crate::json::{Object, Raw};
use crate::paths::Paths;
use crate::report::log::unix_seconds;
use crate::report::record::{Record, json_of_fault};
use crate::report::screen::Screen;
use crate::report::{Maybe, Span};
use crate::scratch::Scratch;
use crate::settings::{self, Given};
use crate::store::FileStore;
use crate::store::claim_dir::CLOUD_FULLCHAIN;
use aclk_cloud::server::{Handle, Options as CloudOptions, Running};
use aclk_cloud::{FaultPlan, NodeState};
use aclk_core::driver::{Command, Control, Observer};
use aclk_core::engine::event::{Event, Goal};
use aclk_core::identity::guid::Guid;
use aclk_core::identity::key::Progress;
use aclk_core::secret::Secret;
use aclk_core::stage::{Next, Stage};
use aclk_core::wire::url::Url;
use aclk_lan::Faults;
use std::cell::Cell;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::{Stdout, stderr, stdout};
use std::net::Ipv4Addr;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

/// After so many failures of the link the demonstration ends: nobody waits for a back-off of minutes.
const FAILURES: u32 = 3;
/// Exit code after Ctrl-C before anything was achieved, as shells count it.
const INTERRUPTED: u8 = 130;

/// Any number will do: a cable without faults draws none.
const SEED: u64 = 1;

/// Which TCP/IP stack the device has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Net {
    /// That of this machine.
    Host,
    /// Its own, on an Ethernet cable made of memory.
    Cable,
}

#[derive(Debug)]
struct Options {
    net: Net,
    stay: bool,
    json: bool,
    faults: FaultPlan,
}

/// Runs the command. What people read goes to standard output: it is what they asked for.
pub(crate) fn run(arguments: Vec<OsString>) -> u8 {
    let options = match parse(arguments) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print(help::DEMO);
            return 0;
        }
        Err(fault) => {
            Screen::new(stderr()).fault(&fault);
            return fault.code;
        }
    };
    match demonstrate(&options) {
        Ok(code) => code,
        Err(fault) => {
            if options.json {
                print(json_of_fault(&fault).end().0);
            } else {
                Screen::new(stderr()).fault(&fault);
            }
            fault.code
        }
    }
}

fn parse(arguments: Vec<OsString>) -> Result<Option<Options>, Fault> {
    let mut options = Options { net: Net::Host, stay: false, json: false, faults: FaultPlan::none() };
    let mut args = Args::new("demo", arguments);
    while let Some(argument) = args.next()? {
        match argument.name() {
            "help" | "h" => return Ok(None),
            "stay" => {
                argument.flag()?;
                options.stay = true;
            }
            "json" => {
                argument.flag()?;
                options.json = true;
            }
            "net" => options.net = net(&argument.value()?)?,
            "fault" => {
                let text = argument.value()?;
                options.faults.add(&text).map_err(|error| {
                    Fault::usage(format_args!("--fault: {error}")).hint("see \"aclk cloud --list-faults\"")
                })?;
            }
            _ => return Err(argument.unknown()),
        }
    }
    Ok(Some(options))
}

fn net(text: &str) -> Result<Net, Fault> {
    match text {
        "host" => Ok(Net::Host),
        "cable" => Ok(Net::Cable),
        _ => Err(Fault::usage("--net is neither host nor cable")),
    }
}

fn demonstrate(options: &Options) -> Result<u8, Fault> {
    let begun = Instant::now();
    let scratch = Scratch::create().map_err(|error| Fault::new(Stage::Storage, error))?;
    let cloud = Running::start(CloudOptions {
        host: options.net.cloud_host().to_owned(),
        config: aclk_cloud::Config { faults: options.faults.clone(), ..aclk_cloud::Config::default() },
        // Only one who stays can look at it.
        admin: options.stay.then(|| (Ipv4Addr::LOCALHOST, 0).into()),
        ..CloudOptions::default()
    });
    let cloud = cloud.map_err(|error| Fault::new(Stage::Config, format_args!("cannot start the Cloud: {error}")))?;
    let mut screen = Maybe((!options.json).then(|| Screen::new(stdout())));
    if let Some(screen) = &mut screen.0 {
        introduce(screen, &cloud, options.net);
    }
    let paths = Paths::below(scratch.path());
    let given = prepare(&paths.claim_dir(), &cloud)?;
    let store = FileStore::new(&paths.claim_dir());
    let guid = host::machine_guid(&paths)?;
    let settings = settings::assemble(given, store.open()?.as_ref(), guid)?;
    let mut host = Host::new(store)?;
    let until = Rc::new(Until::default());
    let mut observer = Audience {
        record: Record::default(),
        screen,
        cloud: &cloud,
        options,
        until: until.clone(),
        failures: 0,
        begun,
        seen: None,
    };
    let work = async {
        let mut control = Wait::new(until)?;
        let saved = host.saved().await?;
        match options.net {
            Net::Host => host.drive(Goal::ClaimAndLink, settings, saved, &mut observer, &mut control).await?,
            Net::Cable => {
                let lan = cable::lan(SEED, Faults::none())?;
                let goal = Goal::ClaimAndLink;
                cable::drive_on_cable(&mut host, lan, goal, settings, saved, &mut observer, &mut control).await;
            }
        }
        Ok::<_, Fault>(control.interrupted)
    };
    let interrupted = host::block_on(work)??;
    Ok(observer.conclude(interrupted))
}

impl Net {
    /// How the device calls the Cloud. On the cable that is the router, which hands everything on to this machine.
    const fn cloud_host(self) -> &'static str {
        match self {
            Self::Host => "localhost",
            Self::Cable => "cloud.test",
        }
    }
}

fn introduce(screen: &mut Screen<Stdout>, cloud: &Handle, net: Net) {
    let device = match net {
        Net::Host => "on the sockets of this machine",
        Net::Cable => "with its own TCP/IP stack on an Ethernet cable made of memory",
    };
    screen.line(format_args!("An emulated Netdata Cloud at {}, and a new device {device}.", cloud.url()));
    screen.line("");
}

/// What the user of a device does: the claiming token, and the Cloud's private certification authority.
fn prepare(claim_dir: &Path, cloud: &Handle) -> Result<Given, Fault> {
    let write = || {
        fs::create_dir_all(claim_dir)?;
        fs::write(claim_dir.join(CLOUD_FULLCHAIN), cloud.ca_pem())
    };
    write().map_err(|error| Fault::new(Stage::Storage, format_args!("{}: {error}", claim_dir.display())))?;
    let (token, rooms) = cloud.with(|cloud, _| {
        let rooms: Vec<String> = cloud.rooms().iter().map(|room| room.id.clone()).collect();
        (Secret::copy_of(cloud.token().as_bytes()), rooms.join(","))
    });
    Ok(Given {
        token: Some(token.map_err(Fault::usage)?),
        rooms: Some(rooms),
        url: Some(Url::parse(cloud.url()).map_err(Fault::usage)?),
        ..Given::default()
    })
}

/// When there is nothing more to see.
#[derive(Default)]
struct Until {
    over: Cell<bool>,
    changed: Notify,
}

impl Until {
    fn is_over(&self) {
        self.over.set(true);
        self.changed.notify_one();
    }

    async fn wait(&self) {
        while !self.over.get() {
            self.changed.notified().await;
        }
    }
}

/// Lets the device run until there is nothing more to see, or somebody has seen enough.
struct Wait {
    until: Rc<Until>,
    terminate: Signal,
    interrupt: Signal,
    interrupted: bool,
    told: bool,
}

impl Wait {
    /// Must be called on the runtime.
    fn new(until: Rc<Until>) -> Result<Self, Fault> {
        let listen = |kind| signal(kind).map_err(|error| Fault::new(Stage::Config, error));
        let (terminate, interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
        Ok(Self { until, terminate, interrupt, interrupted: false, told: false })
    }
}

impl Control for Wait {
    async fn next(&mut self) -> Command {
        tokio::select! {
            // A wish is told once: the farewell takes its time.
            () = self.until.wait(), if !self.told => {}
            _ = self.terminate.recv() => self.interrupted = true,
            _ = self.interrupt.recv() => self.interrupted = true,
        }
        self.told = true;
        Command::Stop
    }
}

/// Everybody who wants to know, and who decides when it is over.
struct Audience<'a> {
    record: Record,
    screen: Maybe<Screen<Stdout>>,
    cloud: &'a Handle,
    options: &'a Options,
    until: Rc<Until>,
    failures: u32,
    begun: Instant,
    /// What the Cloud saw when the device came online.
    seen: Option<Seen>,
}

impl Observer for Audience<'_> {
    fn event(&mut self, event: &Event<'_>) {
        self.record.event(event);
        self.screen.event(event);
        match event {
            Event::Online { .. } => self.online(),
            Event::ClaimFailed { failure, .. } if failure.next == Next::Stop => self.until.is_over(),
            Event::Offline { failure } => {
                self.failures += 1;
                let is_patient = self.options.stay || self.failures < FAILURES;
                if !is_patient || !matches!(failure.next, Next::Retry(_)) {
                    self.until.is_over();
                }
            }
            _ => {}
        }
    }

    fn key_progress(&mut self, progress: Progress) {
        self.screen.key_progress(progress);
    }
}

impl Audience<'_> {
    fn online(&mut self) {
        let is_first = self.seen.is_none();
        let Some(seen) = Seen::look(self.cloud, self.record.claimed()) else { return };
        if let Some(screen) = self.screen.0.as_mut().filter(|_| is_first) {
            let took = Span(self.begun.elapsed());
            screen.line(format_args!("From nothing to online in {took}.\n\nWhat the Cloud sees:\n{seen}"));
            if self.options.stay {
                screen.line(how_to_go_on(self.cloud));
            }
        }
        self.seen = Some(seen);
        if !self.options.stay {
            self.until.is_over();
        } else if is_first && self.options.json {
            print(self.json());
        }
    }

    fn json(&self) -> String {
        self.record.json().member("cloud", self.seen.as_ref().map(Seen::json)).end().0
    }

    /// The last words, and the exit code.
    fn conclude(mut self, interrupted: bool) -> u8 {
        if self.options.json && !(self.options.stay && self.seen.is_some()) {
            print(self.json());
        }
        if self.seen.is_some() {
            return 0;
        }
        if let Some(screen) = &mut self.screen.0 {
            screen.line(if interrupted { "Interrupted." } else { "The device did not come online." });
        }
        if interrupted { INTERRUPTED } else { self.record.link_exit_code() }
    }
}

fn how_to_go_on(cloud: &Handle) -> String {
    let (token, room) =
        cloud.with(|cloud, _| (cloud.token().to_owned(), cloud.rooms().first().map(|room| room.id.clone())));
    let page = match cloud.admin_url().zip(cloud.admin_credential()) {
        Some((url, credential)) => format!("Look at it in a browser:\n  {url}#{credential}\n"),
        None => String::new(),
    };
    format!(
        "\nThe device stays online until Ctrl-C. {page}To claim another one here, put\n  {}\ninto its claim.d as \
         cloud_fullchain.pem, and run\n  aclk claim -token={token} -rooms={} -url={}",
        cloud.ca_file().display(),
        room.unwrap_or_default(),
        cloud.url()
    )
}

/// A node as the Cloud sees it.
struct Seen {
    space: String,
    rooms: Vec<String>,
    hostname: String,
    claimed_id: String,
    state: NodeState,
    /// Seconds since 1970.
    online_since: Option<u64>,
}

impl Seen {
    fn look(cloud: &Handle, claimed_id: Option<Guid>) -> Option<Self> {
        let (view, now) = cloud.with(|cloud, now| (cloud.view(), now));
        let node = view.node(&claimed_id?.to_string())?;
        let space = view.spaces.iter().find(|space| space.id == node.space)?;
        let name = |id: &String| view.rooms.iter().find(|room| room.id == *id).map(|room| room.name.clone());
        Some(Self {
            space: space.name.clone(),
            rooms: node.rooms.iter().filter_map(name).collect(),
            hostname: node.hostname.clone(),
            claimed_id: node.claimed_id.clone(),
            state: node.state,
            online_since: node.online_since.map(|since| unix_seconds() - now.saturating_sub(since).as_secs()),
        })
    }

    const fn state(&self) -> &'static str {
        match self.state {
            NodeState::Claimed => "claimed",
            NodeState::Online => "online",
            NodeState::Offline => "offline",
        }
    }

    fn json(&self) -> Raw {
        Object::new()
            .member("space", &self.space)
            .member("rooms", self.rooms.clone())
            .member("hostname", &self.hostname)
            .member("claimed_id", &self.claimed_id)
            .member("state", self.state())
            .member("online_since", self.online_since.map(rfc3339))
            .end()
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  Space      {}", self.space)?;
        writeln!(f, "  War Rooms  {}", self.rooms.join(", "))?;
        writeln!(f, "  Node       {} ({})", self.hostname, self.claimed_id)?;
        write!(f, "  State      {}", self.state())?;
        match self.online_since {
            Some(since) => write!(f, " since {}", rfc3339(since)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Net, parse};
    use crate::fault::{Fault, exit};
    use std::ffi::OsString;

    fn options(list: &[&str]) -> Result<super::Options, Fault> {
        parse(list.iter().map(OsString::from).collect()).map(Option::unwrap)
    }

    #[test]
    fn every_option_is_taken() {
        let options = options(&["--net", "cable", "--stay", "--json", "--fault=status-503@env*1"]).unwrap();
        assert!(options.stay && options.json && options.net == Net::Cable);
        assert_eq!(options.faults.to_string(), "status-503@env*1");
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_reason() {
        for (list, cause) in [
            (&["--net", "wifi"][..], "--net is neither host nor cable"),
            (&["--fault=nonsense"], "--fault: there is no fault \"nonsense\" (--list-faults shows them all)"),
            (&["--json=yes"], "--json takes no value"),
            (&["--listen=x"], "unknown argument --listen"),
        ] {
            let fault = options(list).unwrap_err();
            assert_eq!((fault.cause.as_str(), fault.code), (cause, exit::USAGE));
        }
    }
}
