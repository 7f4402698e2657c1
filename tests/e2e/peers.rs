//! Peers that are not ours: TLS of OpenSSL, GnuTLS and nginx, mosquitto as MQTT broker, dante, squid and tinyproxy as
//! proxies, the documented claiming script, and `netdatacli`.

mod chain;
mod debian;
mod mosquitto;
mod netdatacli;
mod nginx;
mod proxies;
mod script;
mod tls;

use crate::support::*;
use std::fs;
use std::process::{Command, Stdio};

/// Whether somebody listens on `port`, seen without connecting to it.
fn is_listening(port: u16) -> bool {
    let listening = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let local = words.next().is_some_and(|address| address.ends_with(&format!(":{port:04X}")));
        local && words.nth(1) == Some("0A")
    };
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .any(|table| fs::read_to_string(table).unwrap_or_default().lines().any(listening))
}

/// Starts a server that listens on `port`.
fn serve(command: Command, port: u16) -> Daemon {
    let mut daemon = Daemon::start(command);
    wait_until(&format!("a server on port {port}"), || {
        assert!(daemon.is_running(), "it ended:\n{}", daemon.said());
        is_listening(port)
    });
    daemon
}

/// A program that is not ours, from wherever it is installed, with nothing to read.
fn program(name: &str) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(name);
    command.env("PATH", format!("{path}:/usr/sbin:/sbin")).stdin(Stdio::null());
    command
}
