//! `aclk playground`: serves the page in which firmware and emulated Cloud run. It is static; everything happens in the
//! browser.

mod serve;
mod site;

use super::print;
use crate::args::Args;
use crate::fault::{Fault, exit};
use crate::manual::pages;
use crate::report::screen::Screen;
use crate::store::error::words;
use aclk_core::stage::Stage;
use site::Site;
use std::ffi::OsString;
use std::io::{self, ErrorKind, stderr};
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// The usual port: browsers keep what was done under the address, so it should be the same one the next time.
const PORT: u16 = 19_990;

/// Runs the command, until a signal ends it.
pub(crate) fn run(arguments: Vec<OsString>) -> u8 {
    let outcome = parse(arguments).and_then(|listen| match listen {
        Some(listen) => play(listen),
        None => {
            print(pages::PLAYGROUND);
            Ok(())
        }
    });
    match outcome {
        Ok(()) => 0,
        Err(fault) => {
            Screen::new(stderr()).fault(&fault);
            fault.code
        }
    }
}

/// Where to listen.
#[derive(Debug, Clone, Copy)]
enum Listen {
    /// At the usual port, or another one.
    Usual,
    /// Here and nowhere else.
    At(SocketAddr),
}

fn parse(arguments: Vec<OsString>) -> Result<Option<Listen>, Fault> {
    let mut listen = Listen::Usual;
    let mut args = Args::of(&pages::PLAYGROUND, arguments);
    while let Some(argument) = args.next()? {
        match argument.name() {
            "help" | "h" => return Ok(None),
            "listen" => {
                let address = argument.value()?.parse().map_err(|_| {
                    Fault::usage("--listen is not an address with a port")
                        .hint("write it as in --listen 127.0.0.1:19990")
                })?;
                listen = Listen::At(address);
            }
            _ => return Err(argument.unknown()),
        }
    }
    Ok(Some(listen))
}

fn play(listen: Listen) -> Result<(), Fault> {
    let Some(site) = Site::embedded() else {
        let fault = Fault::usage("the page of the playground is not part of this program").code(exit::UNAVAILABLE);
        return Err(fault.hint("build it with \"cargo xtask web\", then \"cargo run --release -- playground\""));
    };
    let system = |what: &str, error: &io::Error| {
        Fault::new(Stage::Config, format_args!("cannot {what}: {}", words(error))).code(exit::UNAVAILABLE)
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| system("start", &error))?;
    runtime.block_on(async {
        let (listener, is_elsewhere) = bind(listen).await.map_err(|error| system("listen", &error))?;
        let address = listener.local_addr().map_err(|error| system("listen", &error))?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| system("wait for a signal", &error))?;
        let mut terminate = signal(SignalKind::terminate()).map_err(|error| system("wait for a signal", &error))?;
        print(format_args!("The playground is at http://{address}/ until Ctrl-C. Open it in a browser."));
        if is_elsewhere {
            print(format_args!(
                "Port {PORT} is taken. What the browser has kept for that address is not seen at this one."
            ));
        }
        if !address.ip().is_loopback() {
            print("Other machines see it, too; browsers let a page copy to the clipboard only over HTTPS or from this machine.");
        }
        tokio::select! {
            () = serve::serve(listener, site) => {}
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        Ok(())
    })
}

/// Listens, and yields whether that is at another port than the usual one.
async fn bind(listen: Listen) -> io::Result<(TcpListener, bool)> {
    match listen {
        Listen::At(address) => Ok((TcpListener::bind(address).await?, false)),
        Listen::Usual => match TcpListener::bind((Ipv4Addr::LOCALHOST, PORT)).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                Ok((TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?, true))
            }
            outcome => Ok((outcome?, false)),
        },
    }
}
