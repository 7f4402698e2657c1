//! The loop: the engine is asked what to do, and it is done.

use super::connection::Work;
use super::{Control, Observer, connection, measure};
use crate::body::Prepared;
use crate::clock::Clock;
use crate::engine::event::{Input, Output};
use crate::engine::{Agent, Buffer};
use crate::identity::key::Key;
use crate::metrics::Device;
use crate::node::Node;
use crate::stage::Purpose;
use crate::store::Store;
use crate::tls::Anchors;
use crate::transport::Network;
use core::cell::RefCell;
use core::pin::pin;
use embassy_futures::select::select;
use rand_core::CryptoRng;

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
pub async fn drive<B, N, C, S, K, R, O, W>(agent: &mut Agent<'_, B>, machine: Machine<'_, N, C, S, K, R, O, W>)
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
    let measuring = measure(machine.clock, machine.node);
    let (clock, node) = (machine.clock, machine.node);
    select(measuring, work(agent, machine)).await;
    node.borrow_mut().status.on_stopped(clock.now());
}

async fn work<B, N, C, S, K, R, O, W>(agent: &mut Agent<'_, B>, machine: Machine<'_, N, C, S, K, R, O, W>)
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
        if agent.take_reloaded() {
            // Under a new identity the engine has ended the connection by now, if there was one.
            let reloading: Work<'_, ()> = pin!(machine.reload_key());
            reloading.await;
        }
        machine.node.borrow_mut().status.on_traffic(agent.traffic());
        let output = agent.poll();
        match output {
            Output::Done => return,
            Output::Connect { purpose, .. } => {
                if purpose == Purpose::Challenge {
                    // Its failure shows when the challenge is to be decrypted.
                    let loading: Work<'_, _> = pin!(machine.load_key(false));
                    let _ = loading.await;
                }
                let connection: Work<'_, ()> = pin!(connection::run(agent, &mut machine, purpose));
                connection.await;
            }
            // There is no connection: nothing to close, and nothing that could be sent.
            Output::Close | Output::Send(_) | Output::Body(_) => {}
            Output::Prepare(_) => agent.handle(machine.clock.now(), Input::Prepared(Prepared::Nothing)),
            Output::Wait(deadline) => {
                let mut wish = None;
                {
                    let sleep = connection::sleep(machine.clock, deadline);
                    let wishing: Work<'_, ()> = pin!(connection::wished(&mut *machine.control, &mut wish));
                    let waiting: Work<'_, _> = pin!(select(sleep, wishing));
                    waiting.await;
                }
                match wish {
                    None => agent.handle(machine.clock.now(), Input::Tick),
                    Some(_) => machine.obey(agent, &mut wish),
                }
            }
            Output::Event(event) => machine.tell(&event),
            // Each has its own frame on the stack.
            Output::NeedKey => {
                let providing: Work<'_, ()> = pin!(machine.provide_key(agent));
                providing.await;
            }
            Output::Decrypt(_) => {
                let answering: Work<'_, ()> = pin!(machine.answer_challenge(agent));
                answering.await;
            }
            Output::Save(save) => {
                let outcome = match save.record() {
                    Some(record) => {
                        let saving: Work<'_, _> = pin!(machine.save(record));
                        saving.await
                    }
                    None => {
                        let saving: Work<'_, _> = pin!(machine.save_key());
                        saving.await
                    }
                };
                machine.saved(agent, outcome);
            }
        }
    }
}
