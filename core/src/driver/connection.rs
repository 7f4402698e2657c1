//! One connection, from the name of its host to its end.
//!
//! A stack is as deep here as it is while a certificate is checked or a reply is read, on top of whatever the functions on
//! the way keep in their frames. So those keep little: what is large (a connection, a failure, a wish) stays in a place that
//! the caller lends, and what builds failures or feeds the engine is a function of its own, whose frame is gone afterwards.

use super::establish::{Establish, NotEstablished};
use super::{Command, Control, Direction, Machine, Observer};
use crate::body::Bodies;
use crate::clock::{Clock, Instant};
use crate::engine::event::{Input, Output};
use crate::engine::{Agent, Buffer};
use crate::identity::key::Key;
use crate::settings::Timing;
use crate::stage::{Failure, Purpose, Stage};
use crate::store::Store;
use crate::tls::guarantees::{Guarantee, holds};
use crate::tls::{Broken, Buffers, Received, Secure, Shared};
use crate::transport::Network;
use crate::wire::url::Url;
use core::future::Future;
use core::pin::{Pin, pin};
use core::task::Poll;
use core::time::Duration;
use embassy_futures::poll_once;
use embassy_futures::select::{Either, Either3, select, select3};
use embedded_nal_async::TcpConnect;
use rand_core::CryptoRng;
use zeroize::Zeroize;

/// Received plaintext that is handed to the engine at a time.
const CHUNK: usize = 1024;

/// Resolves at `deadline`, or never.
pub(super) async fn sleep<C: Clock>(clock: &C, deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => clock.sleep_until(deadline).await,
        None => core::future::pending().await,
    }
}

/// Resolves when `span` has passed since this call.
fn passed<C: Clock>(clock: &C, span: Duration) -> impl Future<Output = ()> {
    let deadline = clock.instant() + span;
    sleep(clock, holds(Guarantee::Deadlines).then_some(deadline))
}

/// What is done under a deadline. It stays where it is, and whoever waits for it does not know what it is: a future that is handed
/// on by value is kept twice, and one whose kind is known is compiled anew for each.
pub(super) type Work<'w, T> = Pin<&'w mut (dyn Future<Output = T> + 'w)>;

/// `work`, unless it takes longer than `span`.
pub(super) async fn within<C: Clock, T>(clock: &C, span: Duration, work: Work<'_, T>) -> Option<T> {
    match select(work, passed(clock, span)).await {
        Either::First(done) => Some(done),
        Either::Second(()) => None,
    }
}

/// Waits for a wish, and puts it into `wish`. Wishes are large, so this is [`Work`] wherever it is waited for.
pub(super) async fn wished<W: Control>(control: &mut W, wish: &mut Option<Command>) {
    *wish = Some(control.next().await);
}

/// Does `work` within `span`. It must not be interrupted, so a wish that comes meanwhile waits for its end, but no longer
/// than `patience`: then the work is given up, and with it the connection. Yields what came of it; the wish is put into `wish`.
async fn within_or_wish<C: Clock, W: Control, T>(
    clock: &C,
    control: &mut W,
    wish: &mut Option<Command>,
    span: Duration,
    patience: Duration,
    work: Work<'_, T>,
) -> Option<T> {
    let impatience = async {
        let wishing: Work<'_, ()> = pin!(wished(control, wish));
        wishing.await;
        clock.sleep_until(clock.instant() + patience).await;
    };
    match select3(work, passed(clock, span), impatience).await {
        Either3::First(done) => Some(done),
        Either3::Second(()) | Either3::Third(()) => None,
    }
}

/// Opens the connection that the engine has asked for, runs the engine over it and ends it. On return there is no connection,
/// and the engine knows.
pub(super) async fn run<B, N, C, S, K, R, O, W>(
    agent: &mut Agent<'_, B>,
    machine: &mut Machine<'_, N, C, S, K, R, O, W>,
    purpose: Purpose,
) where
    B: Buffer,
    N: Network,
    C: Clock,
    S: Store,
    K: Key,
    R: CryptoRng,
    O: Observer,
    W: Control,
{
    let timing = agent.timing();
    // The buffers stay with the connection; everything else of the machine is needed beside it.
    let tls_read = core::mem::take(&mut machine.tls_read);
    let tls_write = core::mem::take(&mut machine.tls_write);
    let has_proxy = agent.proxy().is_some();
    let mut shared = Shared::new();
    let mut wish = None;
    {
        let mut secure = None;
        {
            let mut failed = None;
            let established = {
                let buffers = Buffers { read: &mut *tls_read, write: &mut *tls_write, shared: &mut shared };
                let establish = Establish {
                    network: machine.network,
                    clock: machine.clock,
                    observer: &mut *machine.observer,
                    anchors: machine.anchors,
                    build_unix_seconds: machine.build_unix_seconds,
                    timing,
                    proxy: agent.proxy(),
                    host: agent.peer().map_or("", Url::host),
                    port: agent.peer().map_or(0, Url::port),
                    purpose,
                    failed: &mut failed,
                };
                let establishing: Work<'_, ()> = pin!(establish.run(buffers, &mut *machine.rng, &mut secure));
                let wishing: Work<'_, ()> = pin!(wished(&mut *machine.control, &mut wish));
                select(establishing, wishing).await
            };
            if failed.is_some() || matches!(established, Either::Second(())) {
                // Whatever there is of it is given up.
                secure = None;
            }
            if failed.is_some() {
                machine.not_established(agent, &mut failed, purpose);
            }
        }
        if let Some(established) = &mut secure {
            let mut bodies = Bodies::new();
            let end = {
                let conversation: Work<'_, End> =
                    pin!(converse(agent, machine, established, purpose, timing, &mut bodies, &mut wish));
                conversation.await
            };
            bodies.release(&mut machine.node.borrow_mut());
            if end == End::AtOnce {
                secure = None;
            }
        }
        if secure.is_some() {
            let ending: Work<'_, ()> = pin!(end(machine.network, &mut secure));
            let _ = within(machine.clock, timing.close, ending).await;
        }
    }
    // A password for a proxy may be left in it, if that was interrupted.
    if has_proxy {
        tls_write.zeroize();
    }
    machine.tls_read = tls_read;
    machine.tls_write = tls_write;
    machine.obey(agent, &mut wish);
}

/// Ends a connection in order.
async fn end<'n, N: Network>(network: &'n N, secure: &mut Option<Secure<'_, <N as TcpConnect>::Connection<'n>>>) {
    // Pinned where it is made: it holds the connection twice as it is.
    let mut closing = pin!(secure.take().map(Secure::into_closing));
    if let Some(closing) = closing.as_mut().as_pin_mut() {
        let closed = closing.await;
        network.close(Secure::into_socket(closed)).await;
    }
}

/// How a connection is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// With close_notify and FIN.
    InOrder,
    /// It is gone already, or given up.
    AtOnce,
}

impl End {
    /// The engine does not ask for anything about the key while there is a connection.
    fn without_a_key() -> Self {
        debug_assert!(false, "the engine asks for the key while there is a connection");
        Self::AtOnce
    }
}

/// What has ended a connection.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cause {
    /// The peer, in order.
    Ended,
    /// The connection itself.
    Broken(Broken),
    /// The peer took no data for so long.
    NotTaken(Duration),
    /// The peer began a record and did not go on.
    HalfARecord,
    /// The peer says something although it is not its turn.
    Unasked,
}

impl Cause {
    fn input(self) -> Input<'static> {
        Input::Broken(match self {
            Self::Ended => return Input::Ended,
            Self::Broken(broken) => broken.into(),
            Self::NotTaken(span) => {
                Failure::new(Stage::Tcp, format_args!("the peer took no data for {} s", span.as_secs()))
            }
            Self::HalfARecord => Failure::new(Stage::Tls, "a TLS record did not come to its end"),
            Self::Unasked => Failure::new(Stage::App, "the peer sent what nobody asked for"),
        })
    }
}

impl<N: Network, C: Clock, S: Store, K: Key, R: CryptoRng, O: Observer, W: Control> Machine<'_, N, C, S, K, R, O, W> {
    /// Tells the engine why there is no connection.
    #[inline(never)]
    fn not_established<B: Buffer>(&self, agent: &mut Agent<'_, B>, why: &mut Option<NotEstablished>, purpose: Purpose) {
        let Some(not) = why.take() else { return };
        let failure = not.failure.on(purpose);
        let input = if not.refused { Input::ConnectRefused(failure) } else { Input::ConnectFailed(failure) };
        agent.handle(self.clock.now(), input);
    }

    /// Tells the engine what has ended the connection.
    #[inline(never)]
    fn ended<B: Buffer>(&self, agent: &mut Agent<'_, B>, cause: Cause) -> End {
        agent.handle(self.clock.now(), cause.input());
        End::AtOnce
    }

    /// Tells the engine what has ended the connection, if that is what came of the work, and of a wish that had to wait for it.
    /// Says whether it was the end.
    fn conclude<B: Buffer>(
        &mut self,
        agent: &mut Agent<'_, B>,
        cause: Option<Cause>,
        wish: &mut Option<Command>,
    ) -> bool {
        if let Some(cause) = cause {
            self.ended(agent, cause);
        }
        self.obey(agent, wish);
        cause.is_some()
    }
}

/// Moves bytes between the engine and the connection until one of them ends it.
async fn converse<'n, B, N, C, S, K, R, O, W>(
    agent: &mut Agent<'_, B>,
    machine: &mut Machine<'n, N, C, S, K, R, O, W>,
    secure: &mut Secure<'_, <N as TcpConnect>::Connection<'n>>,
    purpose: Purpose,
    timing: &Timing,
    bodies: &mut Bodies,
    wish: &mut Option<Command>,
) -> End
where
    B: Buffer,
    N: Network + 'n,
    C: Clock,
    S: Store,
    K: Key,
    R: CryptoRng,
    O: Observer,
    W: Control,
{
    agent.handle(machine.clock.now(), Input::Connected);
    let mut chunk = [0; CHUNK];
    // Received and not yet taken by the engine.
    let mut waiting = 0..0;
    // While a body is being sent, a piece of it and what the peer has to say take turns.
    let mut is_peers_turn = false;
    loop {
        machine.node.borrow_mut().status.on_traffic(agent.traffic());
        let output = agent.poll();
        let is_body = matches!(output, Output::Body(_));
        let deadline = if let Output::Wait(deadline) = output { deadline } else { None };
        match output {
            Output::Prepare(what) => {
                let now = machine.clock.now();
                let prepared = bodies.prepare(what, &mut machine.node.borrow_mut(), now);
                agent.handle(now, Input::Prepared(prepared));
            }
            Output::Body(most) if waiting.is_empty() && !is_peers_turn => {
                let piece = chunk.get_mut(..most.min(CHUNK)).unwrap_or_default();
                let len = bodies.fill(&mut machine.node.borrow_mut(), piece);
                is_peers_turn = true;
                agent.handle(machine.clock.now(), Input::Body(piece.get(..len).unwrap_or_default()));
            }
            Output::Send(bytes) => {
                if purpose == Purpose::Claim {
                    machine.observer.claim_bytes(Direction::Sent, bytes);
                }
                let sent = {
                    let work: Work<'_, Result<(), Broken>> = pin!(async {
                        secure.write_all(bytes).await?;
                        secure.flush().await
                    });
                    let (clock, control) = (machine.clock, &mut *machine.control);
                    within_or_wish(clock, control, wish, timing.write, timing.farewell, work).await
                };
                let cause = match sent {
                    Some(sent) => sent.err().map(Cause::Broken),
                    None if wish.is_some() => None,
                    None => Some(Cause::NotTaken(timing.write)),
                };
                if machine.conclude(agent, cause, wish) {
                    return End::AtOnce;
                }
            }
            Output::Close | Output::Done => return End::InOrder,
            // The engine ends a connection before it asks for the next one.
            Output::Connect { .. } => return End::AtOnce,
            Output::Wait(_) | Output::Body(_) => {
                is_peers_turn = false;
                if !waiting.is_empty() {
                    let bytes = chunk.get(waiting.clone()).unwrap_or_default();
                    let taken = agent.receive(machine.clock.now(), bytes);
                    if taken == 0 {
                        return machine.ended(agent, Cause::Unasked);
                    }
                    waiting.start += taken;
                    continue;
                }
                let next = {
                    let sleep = sleep(machine.clock, deadline);
                    let wishing: Work<'_, ()> = pin!(wished(&mut *machine.control, wish));
                    // In this order: a peer that always has something to say must hold up neither deadlines nor wishes.
                    let mut next: Work<'_, _> = pin!(select3(sleep, wishing, secure.ready()));
                    if is_body {
                        // A body does not wait for the peer.
                        let Poll::Ready(next) = poll_once(next.as_mut()) else { continue };
                        next
                    } else {
                        next.await
                    }
                };
                match next {
                    Either3::First(()) => agent.handle(machine.clock.now(), Input::Tick),
                    Either3::Second(()) => machine.obey(agent, wish),
                    Either3::Third(Ok(())) => {
                        let read = {
                            let (clock, control) = (machine.clock, &mut *machine.control);
                            let work: Work<'_, Result<Received, Broken>> = pin!(secure.read(&mut chunk));
                            within_or_wish(clock, control, wish, timing.http, timing.farewell, work).await
                        };
                        let cause = match read {
                            Some(Ok(Received::Data(len))) => {
                                waiting = 0..len;
                                if purpose == Purpose::Claim {
                                    let bytes = chunk.get(..len).unwrap_or_default();
                                    machine.observer.claim_bytes(Direction::Received, bytes);
                                }
                                None
                            }
                            Some(Ok(Received::Nothing)) => None,
                            // Every reply says itself where it ends, so a missing close_notify is no news here.
                            Some(Ok(Received::Closed | Received::Cut)) => Some(Cause::Ended),
                            Some(Err(broken)) => Some(Cause::Broken(broken)),
                            None if wish.is_some() => None,
                            None => Some(Cause::HalfARecord),
                        };
                        if machine.conclude(agent, cause, wish) {
                            return End::AtOnce;
                        }
                    }
                    Either3::Third(Err(broken)) => return machine.ended(agent, Cause::Broken(broken)),
                }
            }
            Output::Event(event) => machine.tell(&event),
            Output::Save(save) => {
                // What is about the key the engine wants while there is no connection: `drive` sees to that.
                let Some(record) = save.record() else { return End::without_a_key() };
                let outcome = {
                    let saving: Work<'_, _> = pin!(machine.save(record));
                    saving.await
                };
                machine.saved(agent, outcome);
            }
            Output::NeedKey | Output::Decrypt(_) => return End::without_a_key(),
        }
    }
}
