//! `aclk demo`: an emulated Cloud and a device that comes online there, on this machine.

mod ask;
mod audience;
mod seen;
mod wait;

use super::print;
use crate::args::Args;
use crate::clock::{HostClock, NodeClock};
use crate::daemon::SharedNode;
use crate::device::cable;
use crate::device::{self, OwnStack};
use crate::fault::Fault;
use crate::host::{self, Host, Work};
use crate::local_api;
use crate::local_api::listen::Listen;
use crate::manual::pages;
use crate::metrics::Machine;
use crate::paths::Paths;
use crate::report::Maybe;
use crate::report::record::json_of_fault;
use crate::report::screen::Screen;
use crate::scratch::Scratch;
use crate::settings::{self, Given};
use crate::store::FileStore;
use crate::store::claim_dir::CLOUD_FULLCHAIN;
use aclk_cloud::FaultPlan;
use aclk_cloud::server::{Handle, Options as CloudOptions, Running};
use aclk_core::clock::{Clock, Now};
use aclk_core::engine::event::Goal;
use aclk_core::node::Node;
use aclk_core::secret::Secret;
use aclk_core::stage::Stage;
use aclk_core::wire::url::Url;
use aclk_lan::Faults;
use audience::{Audience, Watch};
use std::cell::RefCell;
use std::ffi::OsString;
use std::fs;
use std::io::{Stdout, stderr, stdout};
use std::net::Ipv4Addr;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;
use tokio::task::LocalSet;
use wait::Wait;

/// Exit code after Ctrl-C before everything was shown, as shells count it.
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
            print(pages::DEMO);
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
    let mut args = Args::of(&pages::DEMO, arguments);
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
    let guid = host::machine_guid(&paths, drop)?;
    let settings = settings::assemble(given, store.open()?.as_ref(), guid)?;
    let mut host = Host::new(store, false)?;
    let audience = RefCell::new(Audience::new(&cloud, options, screen, begun));
    let work = async {
        let mut control = Wait::new(audience.borrow().over())?;
        let saved = host.saved().await?;
        // For the tasks of the local API, which live as long as the program does.
        let machine: &Machine = Box::leak(Box::new(host.machine()));
        let stack: &OwnStack = Box::leak(Box::new(OwnStack::new()));
        let (now, own): (fn() -> Now, _) = match options.net {
            Net::Host => (|| HostClock.now(), None),
            Net::Cable => (device::now, Some(stack)),
        };
        let node: SharedNode = Rc::new(RefCell::new(Node::new(host::device(machine, own), &settings, &saved, now())));
        // Only one who stays can look at it. On a port of its own: the usual one may be that of a real link.
        let listen = if options.stay { Listen::of_option("127.0.0.1:0")? } else { Listen::Off };
        let (listeners, _) = listen.bind()?;
        audience.borrow_mut().is_shown_at(local_api::urls(&listeners).into_iter().next());
        let history = audience.borrow().history();
        let serve = local_api::serve(&listeners, node.clone(), NodeClock::new(now), history, |_| {});
        let mut observer = Watch(&audience);
        let device = async {
            let work = Work { goal: Goal::ClaimAndLink, settings, saved };
            match options.net {
                Net::Host => host.drive(work, &*node, &mut observer, &mut control).await,
                Net::Cable => {
                    let lan = cable::lan(SEED, Faults::none())?;
                    cable::drive_on_cable(&mut host, lan, stack, work, &node, &mut observer, &mut control).await;
                    Ok(())
                }
            }
        };
        let asking = async {
            Audience::ask(&audience).await;
            std::future::pending().await
        };
        tokio::select! {
            ended = device => ended?,
            () = asking => {}
            () = serve => {}
        }
        Ok::<_, Fault>(control.interrupted)
    };
    let tasks = LocalSet::new();
    let interrupted = host::block_on(tasks.run_until(work))??;
    Ok(audience.into_inner().conclude(interrupted))
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

fn how_to_go_on(cloud: &Handle, status_page: Option<&str>) -> String {
    let (token, room) =
        cloud.with(|cloud, _| (cloud.token().to_owned(), cloud.rooms().first().map(|room| room.id.clone())));
    let page = match cloud.admin_url().zip(cloud.admin_credential()) {
        Some((url, credential)) => format!("Look at it in a browser:\n  {url}#{credential}\n"),
        None => String::new(),
    };
    let page = match status_page {
        Some(url) => format!("{page}And at the device itself:\n  {url}\n"),
        None => page,
    };
    format!(
        "\nThe device stays online until Ctrl-C. {page}To claim another one here, put\n  {}\ninto its claim.d as \
         cloud_fullchain.pem, and run\n  aclk claim -token={token} -rooms={} -url={}",
        cloud.ca_file().display(),
        room.unwrap_or_default(),
        cloud.url()
    )
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
