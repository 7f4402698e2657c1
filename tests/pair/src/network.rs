//! What is between the two: latency, pieces, and connections that do not come about.

use aclk_cloud::{Action, ConnectionId};
use aclk_core::engine::event::Input;
use aclk_core::stage::{Failure, Purpose, Stage};
use chacha20::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use std::collections::VecDeque;
use std::time::Duration;

/// How bytes for the engine are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pieces {
    /// As the Cloud sends them.
    Whole,
    /// So many at a time.
    Of(usize),
    /// The first so many of each connection, then the rest.
    SplitAt(usize),
    /// By chance, of 1 to 64 bytes.
    Random,
}

/// What becomes of an attempt to connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectFault {
    /// It succeeds.
    None,
    /// The name does not resolve.
    Dns,
    /// The port is closed.
    Refused,
    /// Nobody answers, and the driver gives up after this time.
    Silence(Duration),
    /// The certificate does not verify.
    Certificate,
}

impl ConnectFault {
    pub(crate) fn failure(self, host: &str, port: u16, purpose: Purpose) -> Option<Failure> {
        let failure = match self {
            Self::None => return None,
            Self::Dns => Failure::new(Stage::Dns, format_args!("\"{host}\" has no address")),
            Self::Refused => Failure::new(Stage::Tcp, format_args!("{host}:{port}: connection refused")),
            Self::Silence(_) => Failure::new(Stage::Tcp, format_args!("{host}:{port}: no answer")),
            Self::Certificate => Failure::new(Stage::Tls, "certificate has expired"),
        };
        Some(failure.on(purpose))
    }

    pub(crate) const fn delay(self, usual: Duration) -> Duration {
        match self {
            Self::Silence(delay) => delay,
            _ => usual,
        }
    }
}

/// Something on its way to the engine.
#[derive(Debug)]
pub(crate) enum Flight {
    Connected,
    Failed(Input<'static>),
    Data(Vec<u8>),
    Ended,
    Reset,
}

/// How long bytes are under way.
#[derive(Debug)]
pub(crate) struct Latency {
    least: Duration,
    jitter: Duration,
    rng: ChaCha20Rng,
}

impl Latency {
    /// `least`, and by chance up to `jitter` more.
    pub(crate) fn new(least: Duration, jitter: Duration, seed: u64) -> Self {
        // Not the numbers that cut the bytes.
        Self { least, jitter, rng: ChaCha20Rng::seed_from_u64(seed.rotate_left(32)) }
    }

    /// How long the next delivery takes: the jitter in whole microseconds, as the engine counts them.
    pub(crate) fn next(&mut self) -> Duration {
        let most = self.jitter.as_micros() as u64;
        let more = if most == 0 { 0 } else { self.rng.next_u64() % (most + 1) };
        self.least + Duration::from_micros(more)
    }
}

pub(crate) struct Network {
    /// Each way has its own, and nothing on it overtakes what was sent before.
    up: Latency,
    down: Latency,
    pieces: Pieces,
    rng: ChaCha20Rng,
    pub(crate) refuse_all: bool,
    connection: Option<ConnectionId>,
    to_cloud: VecDeque<(Duration, ConnectionId, Option<Vec<u8>>)>,
    to_agent: VecDeque<(Duration, Flight)>,
    /// Bytes sent to the engine on this connection.
    sent: usize,
}

impl Network {
    pub(crate) fn new(latency: Duration, jitter: Duration, pieces: Pieces, seed: u64) -> Self {
        Self {
            up: Latency::new(latency, jitter, seed),
            down: Latency::new(latency, jitter, !seed),
            pieces,
            rng: ChaCha20Rng::seed_from_u64(!seed),
            refuse_all: false,
            connection: None,
            to_cloud: VecDeque::new(),
            to_agent: VecDeque::new(),
            sent: 0,
        }
    }

    pub(crate) const fn connection(&self) -> Option<ConnectionId> {
        self.connection
    }

    pub(crate) fn open(&mut self, at: Duration, id: ConnectionId) {
        self.connection = Some(id);
        self.sent = 0;
        self.to_agent.push_back((at, Flight::Connected));
    }

    /// No connection comes about.
    pub(crate) fn fail_connect(&mut self, at: Duration, answer: Input<'static>) {
        self.to_agent.push_back((at, Flight::Failed(answer)));
    }

    /// The engine ends the connection: nothing more reaches it, but what it sent before arrives.
    pub(crate) fn hang_up(&mut self, now: Duration) {
        self.to_agent.clear();
        if let Some(id) = self.connection.take() {
            let at = now + self.up.next();
            self.to_cloud.push_back((at, id, None));
        }
    }

    /// The connection breaks, with everything on its way.
    pub(crate) fn sever(&mut self) -> Option<ConnectionId> {
        self.to_cloud.clear();
        self.to_agent.clear();
        self.connection.take()
    }

    pub(crate) fn send_to_cloud(&mut self, now: Duration, bytes: Vec<u8>) {
        if let Some(id) = self.connection {
            let at = now + self.up.next();
            self.to_cloud.push_back((at, id, Some(bytes)));
        }
    }

    pub(crate) fn send_to_agent(&mut self, now: Duration, id: ConnectionId, action: Action) {
        if self.connection != Some(id) {
            return;
        }
        match action {
            Action::Send(bytes) => {
                for piece in self.cut(&bytes) {
                    self.arrive(now, Flight::Data(piece));
                }
            }
            Action::Close | Action::Cut => self.arrive(now, Flight::Ended),
            Action::Abort => self.arrive(now, Flight::Reset),
        }
    }

    fn arrive(&mut self, now: Duration, flight: Flight) {
        let at = now + self.down.next();
        self.to_agent.push_back((at, flight));
    }

    /// There and back.
    pub(crate) fn round_trip(&mut self) -> Duration {
        self.up.next() + self.down.next()
    }

    /// A new connection begins, and with it the count of what was sent on it.
    pub(crate) const fn begin(&mut self) {
        self.sent = 0;
    }

    /// Cuts what is sent to the engine into pieces.
    pub(crate) fn cut(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut pieces = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(self.piece(rest.len()));
            self.sent += piece.len();
            pieces.push(piece.to_vec());
            rest = behind;
        }
        pieces
    }

    fn piece(&mut self, len: usize) -> usize {
        let wanted = match self.pieces {
            Pieces::Whole => len,
            Pieces::Of(size) => size,
            Pieces::SplitAt(at) if self.sent < at => at - self.sent,
            Pieces::SplitAt(_) => len,
            Pieces::Random => 1 + self.rng.next_u32() as usize % 64,
        };
        wanted.clamp(1, len)
    }

    pub(crate) fn next_due(&self) -> Option<Duration> {
        let to_cloud = self.to_cloud.front().map(|(at, ..)| *at);
        let to_agent = self.to_agent.front().map(|(at, _)| *at);
        [to_cloud, to_agent].into_iter().flatten().min()
    }

    /// Bytes for the Cloud, or `None` for the end of the connection.
    pub(crate) fn arrived_at_cloud(&mut self, now: Duration) -> Option<(ConnectionId, Option<Vec<u8>>)> {
        self.to_cloud.front().filter(|(at, ..)| *at <= now)?;
        self.to_cloud.pop_front().map(|(_, id, bytes)| (id, bytes))
    }

    pub(crate) fn arrived_at_agent(&mut self, now: Duration) -> Option<Flight> {
        self.to_agent.front().filter(|(at, _)| *at <= now)?;
        let (_, flight) = self.to_agent.pop_front()?;
        if matches!(flight, Flight::Ended | Flight::Reset) {
            self.connection = None;
        }
        Some(flight)
    }
}
