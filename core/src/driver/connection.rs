//! One connection, from the name of its host to its end.

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
use crate::tls::{Buffers, Received, Secure, Shared};
use crate::transport::Network;
use core::future::Future;
use core::pin::{Pin, pin};
use core::task::Poll;
use core::time::Duration;
use embassy_futures::poll_once;
use embassy_futures::select::{Either, Either3, select, select3};
use embedded_nal_async::TcpConnect;
use rand_core::CryptoRng;
use zeroize::Zeroize;

/// Longest host name, in bytes.
const HOST_MAX: usize = 253;
/// Received plaintext that is handed to the engine at a time.
const CHUNK: usize = 1024;

/// Where to connect to, and what for.
pub(super) struct Endpoint {
    pub(super) host: heapless::String<HOST_MAX>,
    pub(super) port: u16,
    pub(super) purpose: Purpose,
}

impl Endpoint {
    pub(super) fn new(host: &str, port: u16, purpose: Purpose) -> Result<Self, Failure> {
        let host = host.try_into().map_err(|_| Failure::new(Stage::Dns, "the host name is too long"))?;
        Ok(Self { host, port, purpose })
    }
}

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

/// Does `work` within `span`. It must not be interrupted, so a wish that comes meanwhile waits for its end, but no longer
/// than `patience`: then the work is given up, and with it the connection. Yields what came of it and the wish.
async fn within_or_wish<C: Clock, W: Control, T>(
    clock: &C,
    control: &mut W,
    span: Duration,
    patience: Duration,
    work: Work<'_, T>,
) -> (Option<T>, Option<Command>) {
    let mut wish = None;
    let impatience = async {
        wish = Some(control.next().await);
        clock.sleep_until(clock.instant() + patience).await;
    };
    let done = match select3(work, passed(clock, span), impatience).await {
        Either3::First(done) => Some(done),
        Either3::Second(()) | Either3::Third(()) => None,
    };
    (done, wish)
}

/// Opens a connection, runs the engine over it and ends it. On return there is no connection, and the engine knows.
pub(super) async fn run<B, N, C, S, K, R, O, W>(
    agent: &mut Agent<B>,
    machine: &mut Machine<'_, N, C, S, K, R, O, W>,
    endpoint: &Endpoint,
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
    let timing = *agent.timing();
    // The buffers stay with the connection; everything else of the machine is needed beside it.
    let tls_read = core::mem::take(&mut machine.tls_read);
    let tls_write = core::mem::take(&mut machine.tls_write);
    let mut shared = Shared::new();
    let established = {
        let buffers = Buffers { read: &mut *tls_read, write: &mut *tls_write, shared: &mut shared };
        let establish = Establish {
            network: machine.network,
            clock: machine.clock,
            observer: &mut *machine.observer,
            anchors: machine.anchors,
            build_unix_seconds: machine.build_unix_seconds,
            timing: &timing,
            proxy: agent.proxy_to(&endpoint.host, endpoint.port),
            endpoint,
        };
        let establish: Work<'_, _> = pin!(establish.run(buffers, &mut *machine.rng));
        select(establish, machine.control.next()).await
    };
    match established {
        Either::First(Ok(mut secure)) => {
            agent.handle(machine.clock.now(), Input::Connected);
            let mut bodies = Bodies::new();
            let end = {
                let conversation: Work<'_, End> =
                    pin!(converse(agent, machine, &mut secure, endpoint.purpose, &timing, &mut bodies));
                conversation.await
            };
            bodies.release(&mut machine.node.borrow_mut());
            if end == End::InOrder {
                let close = pin!(async { machine.network.close(secure.close().await).await });
                let _ = within(machine.clock, timing.close, close).await;
            }
        }
        Either::First(Err(NotEstablished { failure, refused })) => {
            let failure = failure.on(endpoint.purpose);
            let input = if refused { Input::ConnectRefused(failure) } else { Input::ConnectFailed(failure) };
            agent.handle(machine.clock.now(), input);
        }
        Either::Second(command) => machine.obey(agent, command),
    }
    // A password for a proxy may be left in it, if that was interrupted.
    if agent.proxy_to(&endpoint.host, endpoint.port).is_some() {
        tls_write.zeroize();
    }
    machine.tls_read = tls_read;
    machine.tls_write = tls_write;
}

/// How a connection is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// With close_notify and FIN.
    InOrder,
    /// It is gone already, or given up.
    AtOnce,
}

/// Moves bytes between the engine and the connection until one of them ends it.
async fn converse<'n, B, N, C, S, K, R, O, W>(
    agent: &mut Agent<B>,
    machine: &mut Machine<'n, N, C, S, K, R, O, W>,
    secure: &mut Secure<'_, <N as TcpConnect>::Connection<'n>>,
    purpose: Purpose,
    timing: &Timing,
    bodies: &mut Bodies,
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
                let work = async {
                    secure.write_all(bytes).await?;
                    secure.flush().await
                };
                let (clock, control) = (machine.clock, &mut *machine.control);
                let (sent, wish) = within_or_wish(clock, control, timing.write, timing.farewell, pin!(work)).await;
                let end = match sent {
                    Some(sent) => sent.err().map(Input::Broken),
                    None if wish.is_some() => None,
                    None => {
                        let seconds = timing.write.as_secs();
                        let cause = format_args!("the peer took no data for {seconds} s");
                        Some(Input::Broken(Failure::new(Stage::Tcp, cause)))
                    }
                };
                if machine.conclude(agent, end, wish) {
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
                        let failure = Failure::new(Stage::App, "the peer sent what nobody asked for");
                        agent.handle(machine.clock.now(), Input::Broken(failure));
                        return End::AtOnce;
                    }
                    waiting.start += taken;
                    continue;
                }
                let sleep = sleep(machine.clock, deadline);
                // In this order: a peer that always has something to say must hold up neither deadlines nor wishes.
                let next = {
                    let mut next: Work<'_, _> = pin!(select3(sleep, machine.control.next(), secure.ready()));
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
                    Either3::Second(command) => machine.obey(agent, command),
                    Either3::Third(Ok(())) => {
                        let (clock, control) = (machine.clock, &mut *machine.control);
                        let work = secure.read(&mut chunk);
                        let (read, wish) =
                            within_or_wish(clock, control, timing.http, timing.farewell, pin!(work)).await;
                        let end = match read {
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
                            Some(Ok(Received::Closed | Received::Cut)) => Some(Input::Ended),
                            Some(Err(failure)) => Some(Input::Broken(failure)),
                            None if wish.is_some() => None,
                            None => {
                                let failure = Failure::new(Stage::Tls, "a TLS record did not come to its end");
                                Some(Input::Broken(failure))
                            }
                        };
                        if machine.conclude(agent, end, wish) {
                            return End::AtOnce;
                        }
                    }
                    Either3::Third(Err(failure)) => {
                        agent.handle(machine.clock.now(), Input::Broken(failure));
                        return End::AtOnce;
                    }
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
