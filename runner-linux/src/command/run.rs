//! `aclk run`: keeps the Agent-Cloud Link of this machine up.

use super::print;
use crate::args::Args;
use crate::fault::{Fault, exit};
use crate::help;
use crate::host::{self, Host};
use crate::journal::Journal;
use crate::live::{self, Live};
use crate::paths::Paths;
use crate::report::log::{Log, Tag};
use crate::report::screen::Screen;
use crate::settings::{self, Given};
use crate::store::FileStore;
use crate::wishes::{End, Wishes};
use aclk_core::engine::event::Goal;
use std::ffi::OsString;
use std::io::{Stderr, stderr};
use std::net::SocketAddr;

/// Which TCP/IP stack is used.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Net {
    /// The sockets of this machine.
    Host,
    /// Our own stack on this TAP device.
    Tap(String),
}

#[derive(Debug)]
struct Options {
    given: Given,
    listen: Option<SocketAddr>,
    net: Net,
    address: Option<String>,
}

/// Runs the command.
pub(crate) fn run(arguments: Vec<OsString>) -> u8 {
    let result = match parse(arguments) {
        Ok(Some(options)) => link(options),
        Ok(None) => {
            print(help::RUN);
            Ok(())
        }
        Err(fault) => Err(fault),
    };
    match result {
        Ok(()) => 0,
        Err(fault) => {
            Screen::new(stderr()).fault(&fault);
            fault.code
        }
    }
}

fn parse(arguments: Vec<OsString>) -> Result<Option<Options>, Fault> {
    let mut options = Options { given: Given::default(), listen: None, net: Net::Host, address: None };
    let mut args = Args::new("run", arguments);
    while let Some(argument) = args.next()? {
        let name = argument.name().to_owned();
        match name.as_str() {
            "help" | "h" => return Ok(None),
            "listen" => options.listen = listen(&argument.value()?)?,
            "net" => options.net = net(&argument.value()?)?,
            "address" => options.address = Some(argument.value()?.to_string()),
            "hostname" => options.given.take(&name, argument.value()?)?,
            _ => return Err(argument.unknown()),
        }
    }
    if options.address.is_some() && options.net == Net::Host {
        return Err(Fault::usage("--address only makes sense with --net tap:NAME"));
    }
    Ok(Some(options))
}

fn listen(text: &str) -> Result<Option<SocketAddr>, Fault> {
    if text == "off" {
        return Ok(None);
    }
    let hint = "write it as in --listen 127.0.0.1:19999, or --listen off";
    text.parse().map(Some).map_err(|_| Fault::usage("--listen is not an address with a port").hint(hint))
}

fn net(text: &str) -> Result<Net, Fault> {
    match text.strip_prefix("tap:") {
        // The kernel's limit is 15 bytes (IFNAMSIZ with the final zero).
        Some(name) if (1..=15).contains(&name.len()) && !name.contains(['/', ' ']) => Ok(Net::Tap(name.to_owned())),
        Some(_) => Err(Fault::usage("the name of the TAP device must have 1 to 15 characters")),
        None if text == "host" => Ok(Net::Host),
        None => Err(Fault::usage("--net is neither host nor tap:NAME")),
    }
}

fn link(options: Options) -> Result<(), Fault> {
    let paths = Paths::from_env();
    if let Net::Tap(name) = &options.net {
        let cause = format_args!("there is no TCP/IP stack for --net tap:{name} in this build");
        return Err(Fault::usage(cause).code(exit::UNAVAILABLE));
    }
    let live = Live::new(&paths.live(), live::PATIENCE)?;
    let journal = Journal::new(Log::new(stderr()), live);
    host::block_on(keep(&paths, &options, &journal))?
}

/// Links, and begins anew whenever that is asked for, until it is asked to end.
async fn keep(paths: &Paths, options: &Options, journal: &Journal<Stderr>) -> Result<(), Fault> {
    let mut wishes = Wishes::new(&paths.claim_dir(), journal.clone())?;
    let start = format!("aclk {} starts, claim directory {}", env!("CARGO_PKG_VERSION"), paths.claim_dir().display());
    journal.line(Tag::Link, start);
    if let Some(address) = options.listen {
        let text = format!("note: --listen {address} has no effect yet: this version has no local API");
        journal.line(Tag::Link, text);
    }
    let mut is_first = true;
    loop {
        match once(paths, options, journal, &mut wishes).await {
            Ok(()) => {}
            Err(fault) if is_first => return Err(fault),
            // What was wrong may be mended while we wait.
            Err(fault) => {
                journal.trouble(&fault);
                wishes.wait().await;
            }
        }
        is_first = false;
        match wishes.end() {
            End::Stop => {
                journal.line(Tag::Link, "ends");
                return Ok(());
            }
            End::Restart(why) => journal.line(Tag::Link, format_args!("begins anew: {why}")),
        }
    }
}

/// Links with what the files say now, until a wish ends that.
async fn once(
    paths: &Paths,
    options: &Options,
    journal: &Journal<Stderr>,
    wishes: &mut Wishes<Stderr>,
) -> Result<(), Fault> {
    let mut store = FileStore::new(&paths.claim_dir());
    match store.recover() {
        Ok(None) => {}
        Ok(Some(claim)) => {
            let text = format!("the claim of {} had been confirmed and is finished now", claim.id);
            journal.line(Tag::Claim, text);
        }
        // A claim directory that can only be read is enough for a link.
        Err(error) => journal.line(Tag::Claim, format_args!("note: {error}")),
    }
    let guid = host::machine_guid(paths)?;
    let given = Given { hostname: options.given.hostname.clone(), ..Given::default() };
    let settings = settings::for_link(given, guid)?;
    let mut host = Host::new(store)?;
    for note in &host.trust.notes {
        journal.line(Tag::Link, format_args!("note: {note}"));
    }
    let saved = wishes.begin()?;
    host.drive(Goal::Link, settings, saved, &mut journal.clone(), wishes).await
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
    fn options_are_checked_before_anything_is_done() {
        let options_ = options(&["--listen", "127.0.0.1:19999", "--net=tap:tap0", "--address", "10.0.0.2/24"]).unwrap();
        assert_eq!(options_.listen, Some("127.0.0.1:19999".parse().unwrap()));
        assert_eq!(options_.net, Net::Tap("tap0".to_owned()));
        assert_eq!(options(&["--listen", "off"]).unwrap().listen, None);
        assert_eq!(options(&["--listen=[::1]:1"]).unwrap().listen, Some("[::1]:1".parse().unwrap()));
        for (list, cause) in [
            (&["--listen", "localhost"][..], "--listen is not an address with a port"),
            (&["--net", "wifi"], "--net is neither host nor tap:NAME"),
            (&["--net", "tap:"], "the name of the TAP device must have 1 to 15 characters"),
            (&["--net", "tap:../../etc"], "the name of the TAP device must have 1 to 15 characters"),
            (&["--address", "10.0.0.2/24"], "--address only makes sense with --net tap:NAME"),
            (&["--token=x"], "unknown argument --token"),
        ] {
            let fault = options(list).unwrap_err();
            assert_eq!((fault.cause.as_str(), fault.code), (cause, exit::USAGE));
        }
    }
}
