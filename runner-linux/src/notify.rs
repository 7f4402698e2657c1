//! What those are told who started this program: a service manager, by datagrams to the socket that `$NOTIFY_SOCKET` names
//! (sd_notify(3)); and whoever waits for a daemon in the background.

use crate::background;
use aclk_core::driver::Observer;
use aclk_core::engine::event::Event;
use rustix::time::{ClockId, clock_gettime};
use std::env;
use std::ffi::OsString;
use std::fmt::Display;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// Someone who wants to know how the service is; nobody, if it was not started as one. That telling fails is no reason for
/// anything.
#[derive(Debug)]
pub(crate) struct Manager {
    listener: Option<(UnixDatagram, SocketAddr)>,
    is_awaited: bool,
    is_ready: bool,
}

impl Manager {
    /// From `$NOTIFY_SOCKET`: a path, or a name in the abstract namespace behind `@`.
    pub(crate) fn from_env() -> Self {
        let address = env::var_os("NOTIFY_SOCKET").and_then(|name| address(&name));
        let listener = address.and_then(|address| {
            let socket = UnixDatagram::unbound().ok()?;
            // A manager that reads slowly must not hold up the link.
            socket.set_nonblocking(true).ok()?;
            Some((socket, address))
        });
        Self { listener, is_awaited: background::is_daemon(), is_ready: false }
    }

    /// The service works from now on (again), and is doing this.
    pub(crate) fn ready(&mut self, doing: impl Display) {
        self.is_ready = true;
        if std::mem::take(&mut self.is_awaited) {
            let _ = background::let_go();
        }
        self.tell(format_args!("READY=1\nMAINPID={}\nSTATUS={doing}", std::process::id()));
    }

    /// The service reads everything again.
    pub(crate) fn reloading(&mut self) {
        self.tell(format_args!("RELOADING=1\nMONOTONIC_USEC={}", monotonic_us()));
    }

    /// The service ends.
    pub(crate) fn stopping(&mut self) {
        self.tell("STOPPING=1\nSTATUS=ends");
    }

    /// The service is alive.
    pub(crate) fn alive(&self) {
        self.tell("WATCHDOG=1");
    }

    fn status(&self, doing: impl Display) {
        if self.is_ready {
            self.tell(format_args!("STATUS={doing}"));
        }
    }

    fn tell(&self, words: impl Display) {
        if let Some((socket, address)) = &self.listener {
            let _ = socket.send_to_addr(words.to_string().as_bytes(), address);
        }
    }
}

impl Observer for Manager {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Online { id, .. } => self.status(format_args!("online as {id}")),
            Event::Offline { failure } => self.status(format_args!("offline: {failure}")),
            Event::ClaimFailed { failure, .. } => self.status(format_args!("not claimed: {failure}")),
            Event::Claimed { .. } | Event::Stage(_) | Event::Answer(_) | Event::Live { .. } | Event::Notice(_) => {}
        }
    }
}

/// How often the manager wants to hear that the service is alive, if it does: twice as often as `$WATCHDOG_USEC` says, if
/// `$WATCHDOG_PID` is this process or nobody in particular.
pub(crate) fn watchdog() -> Option<Duration> {
    let number = |name| env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
    let us = number("WATCHDOG_USEC").filter(|us| is_ours && *us > 1)?;
    Some(Duration::from_micros(us / 2))
}

fn address(name: &OsString) -> Option<SocketAddr> {
    match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name).ok(),
        [b'/', ..] => SocketAddr::from_pathname(name).ok(),
        _ => None,
    }
}

fn monotonic_us() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec.saturating_mul(1_000_000).saturating_add(now.tv_nsec / 1_000)
}
