//! The commands, and what a running daemon answers to each.

use super::config;
use super::record::Reply;
use super::request::{Command, parse};
use crate::daemon::{Daemon, Order};
use crate::zone::LocalZone;
use aclk_core::api::state;
use aclk_core::node::{LinkState, Status};
use aclk_core::settings::AGENT_VERSION;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long `reload-claiming-state` waits for the link (protocol.md 1.13).
const RELOAD_PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What `help` prints.
pub(crate) const HELP: &str = "\
The commands of a running daemon:

  aclk-state [json]      how the Agent-Cloud Link is, and if it is not up, why
  reload-claiming-state  read the claim and all settings again, link anew, and
                         say what came of it; lifts a ban
  reopen-logs            open the log file anew, after it was given another name
                         (logrotate)
  ping                   answers pong
  version                the version of the daemon
  read-config cloud|global|KEY
                         a value of cloud.conf: \"cloud base url\", \"enabled\" or
                         \"proxy\"
  write-config cloud|global|KEY|VALUE
                         sets it until the daemon ends; counts at the next
                         reload-claiming-state
  shutdown-agent         end in order
  help                   this text";

/// What becomes of a command: the answer, and what is ordered once it has been given.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) reply: Reply,
    pub(super) order: Option<Order>,
}

impl From<Reply> for Outcome {
    fn from(reply: Reply) -> Self {
        Self { reply, order: None }
    }
}

/// Does what `command` says.
pub(super) async fn carry_out(command: &[u8], daemon: &Daemon) -> Outcome {
    let Some((command, argument)) = parse(command) else {
        return Reply::failed("unknown command: \"netdatacli help\" lists those there are").into();
    };
    match command {
        Command::State => state(argument, daemon).into(),
        Command::Reload => reload(daemon).await.into(),
        Command::ReopenLogs => reopen_logs(daemon).into(),
        Command::Ping => Reply::done("pong").into(),
        Command::Version => Reply::done(version()).into(),
        Command::ReadConfig => config::read(argument, daemon).into(),
        Command::WriteConfig => config::write(argument, daemon).into(),
        Command::Stop => Outcome { reply: Reply::done(""), order: Some(Order::Stop) },
        Command::Help => Reply::done(HELP).into(),
    }
}

fn version() -> String {
    format!("aclk {}, in the place of netdata v{AGENT_VERSION}", env!("CARGO_PKG_VERSION"))
}

fn state(argument: &str, daemon: &Daemon) -> Reply {
    let now = daemon.now();
    let status = &daemon.node.borrow().status;
    let mut text = String::new();
    let written = match argument {
        "" => state::write_text(status, now, &LocalZone::read(), &mut text),
        "json" => state::write_json(status, now, &mut text),
        _ => return Reply::failed("aclk-state takes nothing or \"json\""),
    };
    // Writing to a `String` never fails.
    let _ = written;
    Reply::done(text)
}

fn reopen_logs(daemon: &Daemon) -> Reply {
    match daemon.reopen_log() {
        Ok(()) => Reply::done(""),
        Err(error) => Reply::failed(error.to_string()),
    }
}

async fn reload(daemon: &Daemon) -> Reply {
    let number = daemon.place(Order::Reload);
    let deadline = Instant::now() + RELOAD_PATIENCE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let is_over = left.is_zero();
        if is_over || (daemon.has_carried_out(number) && is_settled(daemon, left)) {
            let mut reply = verdict(&daemon.node.borrow().status);
            if let Some(claimant) = daemon.claimant() {
                reply.stdout = format!("{}\n{claimant}", reply.stdout);
            }
            return reply;
        }
        sleep(LOOK_EVERY.min(left)).await;
    }
}

/// Whether nothing will change within `left`.
fn is_settled(daemon: &Daemon, left: Duration) -> bool {
    let link = &daemon.node.borrow().status.link;
    match (link.state, link.next_attempt) {
        (LinkState::Offline, Some(next)) => next.since(daemon.now().instant) > left,
        (LinkState::Offline, None) => link.failure.is_some(),
        (LinkState::Available, Some(next)) if daemon.is_claiming() => next.since(daemon.now().instant) > left,
        (LinkState::Available, None) if daemon.is_claiming() => link.failure.is_some(),
        (LinkState::Online | LinkState::Banned | LinkState::Available, _) => true,
    }
}

/// The sentences of the original (protocol.md 1.13).
fn verdict(status: &Status) -> Reply {
    let link = &status.link;
    let reason = link.failure.as_ref().map(|failure| {
        let hint = if failure.hint.is_empty() { String::new() } else { format!("; {}", failure.hint) };
        format!("{failure}{hint}")
    });
    match (link.state, status.switched_off) {
        (LinkState::Available, Some(why)) => Reply::failed(format!("The link is {why}.")),
        (LinkState::Available, None) => {
            let reason = reason.as_deref().unwrap_or("Agent is not claimed yet");
            Reply::done(format!("Netdata Agent is not claimed to Netdata Cloud: {reason}"))
        }
        (LinkState::Online, _) => Reply::done("Netdata Agent is claimed to Netdata Cloud and is currently online."),
        (LinkState::Banned, _) => Reply::done("Netdata Agent is claimed to Netdata Cloud, but it is banned."),
        (LinkState::Offline, _) => {
            let reason = reason.as_deref().unwrap_or("the link is still being made");
            Reply::done(format!("Netdata Agent is claimed to Netdata Cloud, but it is currently offline: {reason}"))
        }
    }
}
