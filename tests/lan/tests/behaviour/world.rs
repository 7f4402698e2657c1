//! A device, a cable, a router and a host, in virtual time.

use crate::device::Device;
use aclk_core::clock::Instant;
use aclk_lan::{Action, Config, Faults, FlowId, HostEvent, Lan};
use core::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use core::time::Duration;
use std::collections::BTreeMap;

/// Steps at one point of time after which it is stuck there.
const LIVELOCK: usize = 100_000;

pub(crate) struct World {
    pub(crate) lan: Lan,
    pub(crate) device: Device,
    pub(crate) host: Host,
    pub(crate) now: Instant,
}

/// What the host does with a connection to a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    /// Sends back what it gets, and closes when the device does.
    Echo,
    /// Keeps what it gets.
    Sink,
    /// Keeps what it gets, but reads only when told to, by [`Host::read`].
    Lazy,
    /// Never answers.
    BlackHole,
}

/// The host behind the router. Nobody listens on a port that is not among its servers.
#[derive(Default)]
pub(crate) struct Host {
    pub(crate) servers: BTreeMap<u16, Server>,
    pub(crate) connections: BTreeMap<FlowId, Connection>,
    /// Ports connected to, in order.
    pub(crate) asked: Vec<SocketAddr>,
}

pub(crate) struct Connection {
    server: Server,
    pub(crate) device: SocketAddrV4,
    pub(crate) received: Vec<u8>,
    /// Bytes on their way to the device.
    pub(crate) outgoing: Vec<u8>,
    pub(crate) close: bool,
    closed: bool,
    pub(crate) reset: bool,
    /// The device has sent FIN.
    pub(crate) finished: bool,
    /// The device has sent RST, or is lost.
    pub(crate) aborted: bool,
    unread: usize,
}

impl World {
    pub(crate) fn new(seed: u64, faults: Faults, config: Config, device: Device) -> Self {
        let lan = Lan::new(seed, faults, config).expect("a valid configuration");
        Self { lan, device, host: Host::default(), now: Instant::START }
    }

    /// A perfect cable and a device that knows its address.
    pub(crate) fn simple() -> Self {
        Self::new(1, Faults::none(), Config::default(), Device::configured(1, 1_500))
    }

    pub(crate) fn serve(mut self, port: u16, server: Server) -> Self {
        self.host.servers.insert(port, server);
        self
    }

    /// Runs until `done` says so, and fails if it does not within `limit`.
    #[track_caller]
    pub(crate) fn run_until(&mut self, limit: Duration, mut done: impl FnMut(&mut Self) -> bool) {
        let end = self.now + limit;
        loop {
            self.settle();
            if done(self) {
                self.settle();
                return;
            }
            let next = self.next_event().filter(|next| *next <= end);
            self.now = next.unwrap_or_else(|| panic!("it does not happen within {limit:?}"));
        }
    }

    /// Lets `span` pass.
    #[track_caller]
    pub(crate) fn run_for(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            self.settle();
            match self.next_event().filter(|next| *next <= end) {
                Some(next) => self.now = next,
                None => break self.now = end,
            }
        }
        self.settle();
    }

    /// Lets everything happen that happens now.
    #[track_caller]
    pub(crate) fn settle(&mut self) {
        for _ in 0..LIVELOCK {
            if !self.step() {
                return;
            }
        }
        panic!("the world does not come to rest at {:?}", self.now);
    }

    fn next_event(&mut self) -> Option<Instant> {
        let events = [self.lan.next_event(self.now), self.device.next_event(self.now)];
        events.into_iter().flatten().min().map(|event| event.max(Instant::from_micros(self.now.as_micros() + 1)))
    }

    fn step(&mut self) -> bool {
        let mut progress = false;
        self.device.poll(self.now);
        while let Some(frame) = self.device.take() {
            self.lan.send(self.now, frame);
            progress = true;
        }
        while let Some(action) = self.lan.poll(self.now) {
            self.host.act(&mut self.lan, self.now, action);
            progress = true;
        }
        progress |= self.host.serve(&mut self.lan, self.now);
        while let Some(frame) = self.lan.receive(self.now) {
            self.device.give(frame);
            progress = true;
        }
        progress
    }
}

impl Host {
    /// The only connection there is.
    #[track_caller]
    pub(crate) fn only(&mut self) -> &mut Connection {
        assert_eq!(self.connections.len(), 1, "connections to the host");
        self.connections.values_mut().next().expect("one connection")
    }

    /// Lets a [`Server::Lazy`] read what has come, and says how much that was.
    pub(crate) fn read(&mut self, lan: &mut Lan, now: Instant) -> usize {
        let mut read = 0;
        for (flow, connection) in &mut self.connections {
            if connection.unread > 0 {
                read += core::mem::take(&mut connection.unread);
                lan.router.host(now, *flow, HostEvent::Written).expect("no data");
            }
        }
        read
    }

    fn act(&mut self, lan: &mut Lan, now: Instant, action: Action) {
        match action {
            Action::Connect { flow, device, target } => {
                assert_eq!(target.ip(), Ipv4Addr::LOCALHOST, "where the router connects to");
                self.asked.push(target);
                let server = self.servers.get(&target.port()).copied();
                let event = match server {
                    Some(Server::BlackHole) => return,
                    Some(server) => {
                        self.connections.insert(flow, Connection::new(server, device));
                        HostEvent::Connected
                    }
                    None => HostEvent::Refused,
                };
                lan.router.host(now, flow, event).expect("no data");
            }
            Action::Send { flow, bytes } => {
                let connection = self.connections.get_mut(&flow).expect("a known connection");
                assert!(!connection.finished, "data after FIN");
                connection.received.extend_from_slice(&bytes);
                match connection.server {
                    Server::Echo => connection.outgoing.extend_from_slice(&bytes),
                    Server::Lazy => return connection.unread += bytes.len(),
                    Server::Sink | Server::BlackHole => {}
                }
                lan.router.host(now, flow, HostEvent::Written).expect("no data");
            }
            Action::Shutdown { flow } => {
                let connection = self.connections.get_mut(&flow).expect("a known connection");
                assert!(!core::mem::replace(&mut connection.finished, true), "FIN is told once");
                connection.close |= connection.server == Server::Echo;
            }
            Action::Abort { flow } => {
                if let Some(connection) = self.connections.get_mut(&flow) {
                    connection.aborted = true;
                }
            }
        }
    }

    fn serve(&mut self, lan: &mut Lan, now: Instant) -> bool {
        let mut progress = false;
        for (flow, connection) in self.connections.iter_mut().filter(|(_, connection)| !connection.aborted) {
            if core::mem::take(&mut connection.reset) {
                lan.router.host(now, *flow, HostEvent::Reset).expect("no data");
                connection.aborted = true;
                progress = true;
                continue;
            }
            let room = lan.router.room(*flow).min(connection.outgoing.len());
            if room > 0 {
                let rest = connection.outgoing.split_off(room);
                lan.router.host(now, *flow, HostEvent::Data(&connection.outgoing)).expect("room");
                connection.outgoing = rest;
                progress = true;
            }
            if connection.close && connection.outgoing.is_empty() && !connection.closed {
                connection.closed = true;
                lan.router.host(now, *flow, HostEvent::Closed).expect("no data");
                progress = true;
            }
        }
        progress
    }
}

impl Connection {
    const fn new(server: Server, device: SocketAddrV4) -> Self {
        Self {
            server,
            device,
            received: Vec::new(),
            outgoing: Vec::new(),
            close: false,
            closed: false,
            reset: false,
            finished: false,
            aborted: false,
            unread: 0,
        }
    }
}

/// Bytes without any pattern that a lost or repeated part would fit into.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x1234_5678_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    (0..length).map(|_| next()).collect()
}
