//! The network of an emulated board, when it is to go wrong: a cable with faults, and a router with DHCP and a time server at its
//! other end (`tests/lan/examples/qemu.rs`).

use crate::lines::{Lines, NoLine};
use crate::process::{Problem, Process, root};
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::ops::Range;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::time::Duration;

/// The router, and behind it the host, as the board sees it.
pub(crate) const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
/// The hardware address of the board.
const MAC: &str = "02:00:00:00:00:42";
/// The socket between the two, in the folder of the board: absolute paths of sockets have to be short.
const SOCKET: &str = "network";

/// How long it may take to do what it is told: longer than the longest of that.
const PATIENCE: Duration = Duration::from_secs(120);

/// The network, until this is dropped.
pub(crate) struct Network {
    child: Child,
    input: ChildStdin,
    output: Lines,
    /// Where the monitor of the emulator listens on loopback.
    monitor: u16,
}

impl Network {
    /// Builds and starts it, and waits until a board can be plugged in. `folder` is that of the board, from the root of the
    /// repository.
    pub(crate) fn start(folder: &str) -> Result<Self, Problem> {
        const PROGRAM: &str = "--quiet --package aclk-lan --example qemu";
        Process::cargo(&format!("build {PROGRAM}")).show()?;
        let process = Process::cargo(&format!("run {PROGRAM} -- {folder}/{SOCKET}"));
        let mut child = process.start(Stdio::piped(), Stdio::inherit())?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Problem::Findings(vec!["the network has no input or output".to_owned()]));
        };
        let network = Self { child, input, output: Lines::of(output), monitor: free_port()? };
        match network.output.next(PATIENCE).as_deref() {
            Ok("listening") => Ok(network),
            other => Err(Problem::Findings(vec![format!("the network does not start: {other:?}")])),
        }
    }

    /// How QEMU plugs its board in, and offers its monitor.
    pub(crate) fn options(&self) -> String {
        let card = format!("-net nic,netdev=lan,macaddr={MAC}");
        let monitor = format!("-monitor tcp:127.0.0.1:{},server=on,wait=off", self.monitor);
        format!("-netdev stream,id=lan,server=off,addr.type=unix,addr.path={SOCKET} {card} {monitor}")
    }

    /// Has it do what `line` says, and yields what it says to that.
    pub(crate) fn tell(&mut self, line: &str) -> Result<String, Problem> {
        writeln!(self.input, "{line}").map_err(|cause| io(&format!("tell the network `{line}`"), cause))?;
        let finding = match self.output.next(PATIENCE) {
            Ok(said) if said.starts_with("error") => format!("the network: {said}"),
            Ok(said) => return Ok(said),
            Err(NoLine::Silent) => format!("the network has not done `{line}` within {} s", PATIENCE.as_secs()),
            Err(NoLine::Ended) => format!("the network has ended, told `{line}`"),
        };
        Err(Problem::Findings(vec![finding]))
    }

    /// The address that the board has leased.
    pub(crate) fn address(&mut self) -> Result<String, Problem> {
        self.tell(&format!("address {MAC}"))
    }

    /// Waits until the board has leased another address than `before`, and yields that.
    pub(crate) fn moved(&mut self, before: &str) -> Result<String, Problem> {
        self.tell(&format!("moved {MAC} {before}"))
    }

    /// Pulls the plug out of the card of the board, which can see that, and puts it in again before the board can look.
    pub(crate) fn plug_again(&self) -> Result<(), Problem> {
        const COMMANDS: &[u8] = b"set_link lan off\nset_link lan on\n";
        let mut said = String::new();
        let mut exchange = || {
            let mut monitor = TcpStream::connect((Ipv4Addr::LOCALHOST, self.monitor))?;
            monitor.set_read_timeout(Some(PATIENCE))?;
            monitor.write_all(COMMANDS)?;
            monitor.shutdown(Shutdown::Write)?;
            monitor.read_to_string(&mut said)
        };
        let len = exchange().map_err(|cause| io("talk to the monitor of QEMU", cause))?;
        if len > 0 && !said.contains("Error") {
            return Ok(());
        }
        Err(Problem::Findings(vec![format!("the monitor of QEMU: {said:?}")]))
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lets the board in `folder` ask the router for the time, by a name that the router knows.
pub(crate) fn offer_time(folder: &Path) -> Result<(), Problem> {
    let file = folder.join("time-server");
    std::fs::write(&file, "time.test").map_err(|cause| io(&format!("write {}", file.display()), cause))
}

/// A port of this machine that nobody uses, and that no other story gets until this process has ended.
///
/// It is none of those that the system hands out by itself, to whoever connects or listens on port 0: one of these can
/// be taken between the time at which it is chosen and the time at which it is used. The tests of the programs do it in
/// the same way, with the same names (`tests/e2e/support/ports.rs`).
pub(crate) fn free_port() -> Result<u16, Problem> {
    let range = ports();
    let start = RandomState::new().build_hasher().finish();
    let count = u64::from(range.end - range.start);
    for number in 0..count {
        let Ok(offset) = u16::try_from((start % count + number) % count) else { continue };
        let port = range.start + offset;
        let is_ours = take(port).map_err(|cause| io("find a free port", cause))?;
        if is_ours && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(Problem::Findings(vec![format!("none of the ports {range:?} is free")]))
}

/// The ports from 20000 to those that the system hands out by itself.
fn ports() -> Range<u16> {
    const FIRST: u16 = 20_000;
    /// Where Linux begins to hand them out unless it is told otherwise.
    const USUAL: u16 = 32_768;
    let told = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let handed_out = told.split_whitespace().next().and_then(|port| port.parse().ok());
    // Where there are hardly any below, these are as good as others.
    FIRST..handed_out.filter(|port| *port > FIRST + 1_000).unwrap_or(USUAL)
}

/// Makes `port` ours, unless it is somebody's already. What says so is a socket with an abstract name: it is no file,
/// and it goes with the process, however that ends.
fn take(port: u16) -> std::io::Result<bool> {
    let name = SocketAddr::from_abstract_name(format!("aclk-test-port-{port}"))?;
    match UnixDatagram::bind_addr(&name) {
        Ok(socket) => {
            // It stays open as long as the process lives.
            std::mem::forget(socket);
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::AddrInUse => Ok(false),
        Err(error) => Err(error),
    }
}

/// `folder` from the root of the repository, in which programs are started.
pub(crate) fn from_root(folder: &Path) -> String {
    folder.strip_prefix(root()).unwrap_or(folder).display().to_string()
}

fn io(attempt: &str, cause: std::io::Error) -> Problem {
    Problem::Io { attempt: attempt.to_owned(), cause }
}

#[cfg(test)]
mod tests {
    use super::{free_port, ports, take};

    #[test]
    fn a_port_is_given_to_one_only() {
        let (first, second) = (free_port().unwrap(), free_port().unwrap());
        assert!(first != second && ports().contains(&first) && ports().contains(&second), "{first} and {second}");
        assert!(!take(first).unwrap() && !take(second).unwrap(), "they are somebody's");
    }
}
