//! Runs an engine over a real network: sockets, TLS, clock, key and store, one `async fn` on any executor.
//!
//! [`drive`] assumes no runtime: tokio, embassy and the browser all poll it. Its future may be dropped at any time; the
//! connection is then gone without a farewell, and what was saved stays.

mod connection;
mod establish;
mod local;
mod tunnel;

use crate::clock::{Clock, Now};
use crate::engine::event::{Event, Input, Output};
use crate::engine::{Agent, Buffer};
use crate::identity::key::{Key, Progress};
use crate::metrics::Device;
use crate::node::{Node, Status};
use crate::store::{Saved, Store};
use crate::tls::Anchors;
use crate::transport::Network;
use core::cell::RefCell;
use core::time::Duration;
use embassy_futures::select::{Either, select};
use rand_core::CryptoRng;

/// Told of everything that happens, in order.
pub trait Observer {
    /// The engine or the driver has something to tell.
    fn event(&mut self, event: &Event<'_>);

    /// A key is being generated; called about ten times a second at most.
    fn key_progress(&mut self, progress: Progress) {
        let _ = progress;
    }
}

/// Keeps the status of a node up to date with what the engine tells. Beside it, a driver calls
/// [`Status::on_traffic`] with [`Agent::traffic`] after each input.
pub fn note(status: &mut Status, event: &Event<'_>, now: Now) {
    match *event {
        Event::Claimed { id, .. } => status.on_claimed(id, now),
        Event::Online { .. } => status.on_online(now),
        Event::Live { node: Some(node) } => status.on_live(node),
        Event::ClaimFailed { failure, .. } | Event::Offline { failure } => status.on_failure(failure, now),
        Event::Live { node: None } | Event::Stage(_) | Event::Notice(_) => {}
    }
}

/// A wish from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// End in order.
    Stop,
    /// The identity was changed from outside; this is what the store says now.
    Reload(Saved),
}

/// Where wishes come from.
pub trait Control {
    /// The next wish; never resolves if there is none. Dropping the future loses nothing.
    async fn next(&mut self) -> Command;
}

/// Nobody wishes anything.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoControl;

impl Control for NoControl {
    async fn next(&mut self) -> Command {
        core::future::pending().await
    }
}

/// Everything an engine needs from the machine it runs on.
pub struct Machine<'a, N: Network, C: Clock, S: Store, K: Key, R: CryptoRng, O: Observer, W: Control> {
    /// The TCP/IP stack.
    pub network: &'a N,
    /// The clock.
    pub clock: &'a C,
    /// Durable storage.
    pub store: &'a mut S,
    /// The key pair.
    pub key: &'a mut K,
    /// Randomness.
    pub rng: &'a mut R,
    /// Told of events.
    pub observer: &'a mut O,
    /// Asked for wishes.
    pub control: &'a mut W,
    /// The node, its device included. It is borrowed for one call at a time, never across a wait, so that others (a local
    /// HTTP server) may use it too.
    pub node: &'a RefCell<Node<dyn Device + 'a>>,
    /// Whom TLS trusts.
    pub anchors: Anchors<'a>,
    /// When this program was built, in seconds since 1970: no certificate is checked at an earlier time.
    pub build_unix_seconds: u64,
    /// Buffer for incoming TLS records, [`RECORD_READ_LEN`](crate::tls::RECORD_READ_LEN) bytes.
    pub tls_read: &'a mut [u8],
    /// Buffer for outgoing TLS records, [`WRITE_MIN`](crate::tls::WRITE_MIN) bytes at least, and
    /// [`REQUEST_MAX`](crate::wire::proxy::REQUEST_MAX) where there is a proxy.
    pub tls_write: &'a mut [u8],
}

/// Runs `agent` until it is done: for ever, if its goal is the link and nobody stops it. Meanwhile the device measures
/// every second.
pub async fn drive<B, N, C, S, K, R, O, W>(agent: &mut Agent<B>, machine: Machine<'_, N, C, S, K, R, O, W>)
where
    B: Buffer,
    N: Network,
    C: Clock,
    S: Store,
    K: Key,
    R: CryptoRng,
    O: Observer,
    W: Control,
{
    machine.node.borrow_mut().status.reload(agent.saved(), agent.url(), machine.clock.now());
    let measuring = collect(machine.clock, machine.node);
    let (clock, node) = (machine.clock, machine.node);
    select(measuring, work(agent, machine)).await;
    node.borrow_mut().status.on_stopped(clock.now());
}

/// Lets the device measure every second, if it measures anything; never resolves.
async fn collect<C: Clock>(clock: &C, node: &RefCell<Node<dyn Device + '_>>) {
    if node.borrow().device.charts().is_empty() {
        return core::future::pending().await;
    }
    loop {
        let now = clock.now();
        node.borrow_mut().device.sample(now);
        // In the middle of the next second of the wall clock, so that waking a little early or late neither measures a
        // second twice nor leaves one out.
        let into = now.wall.unix_us % 1_000_000;
        clock.sleep_until(now.instant + Duration::from_micros(1_500_000 - into)).await;
    }
}

async fn work<B, N, C, S, K, R, O, W>(agent: &mut Agent<B>, machine: Machine<'_, N, C, S, K, R, O, W>)
where
    B: Buffer,
    N: Network,
    C: Clock,
    S: Store,
    K: Key,
    R: CryptoRng,
    O: Observer,
    W: Control,
{
    let mut machine = machine;
    loop {
        machine.node.borrow_mut().status.on_traffic(agent.traffic());
        let output = agent.poll();
        match output {
            Output::Done => return,
            Output::Connect { host, port, purpose } => match connection::Endpoint::new(host, port, purpose) {
                Ok(endpoint) => connection::run(agent, &mut machine, &endpoint).await,
                Err(failure) => agent.handle(machine.clock.now(), Input::ConnectFailed(failure)),
            },
            // There is no connection: nothing to close, and nothing that could be sent.
            Output::Close | Output::Send(_) => {}
            Output::Wait(deadline) => {
                let sleep = connection::sleep(machine.clock, deadline);
                match select(sleep, machine.control.next()).await {
                    Either::First(()) => agent.handle(machine.clock.now(), Input::Tick),
                    Either::Second(command) => machine.obey(agent, command).await,
                }
            }
            output => {
                if let Some(answer) = machine.answer(output).await {
                    answer.give(agent, machine.clock.now());
                }
            }
        }
    }
}
