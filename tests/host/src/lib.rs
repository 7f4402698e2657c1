//! The machine behind the router of `aclk-lan`: TLS, and the emulated Cloud; perhaps a proxy in front of it.
//!
//! It has no socket and no clock. Whoever drives the router hands over what that asks for ([`Host::act`]), lets the Cloud
//! work ([`Host::serve`]), and comes back at [`Host::next_event`]. `tests/netsim` does so in virtual time, the playground
//! in a browser. Which certificates are shown, and with which cryptography, is for [`Servers`] to say.
#![forbid(unsafe_code)]

use aclk_cloud::{Action as CloudAction, Certificate, Cloud, ConnectionId, Peer};
use aclk_core::clock::Instant;
use aclk_lan::{Action, FlowId, HostEvent, Router};
use aclk_proxy::{Action as ProxyAction, Session};
use rustls::{ServerConfig, ServerConnection};
use std::collections::BTreeMap;
use std::fmt;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// The port that the Cloud listens on.
pub const PORT: u16 = 8443;
/// The port that the proxy listens on.
pub const PROXY_PORT: u16 = 3128;

/// Makes TLS servers.
pub trait Servers {
    /// A server that shows this.
    fn server(&mut self, shown: Certificate) -> Arc<ServerConfig>;
}

/// A machine on which the Cloud runs, or does not.
pub struct Host<S> {
    /// The Cloud.
    pub cloud: Cloud,
    /// Whether anybody listens.
    pub up: bool,
    /// Whether the Cloud can be reached without the proxy.
    pub direct: bool,
    /// What is in front of the Cloud.
    pub proxy: Option<aclk_proxy::Config>,
    /// Who makes TLS servers.
    pub servers: S,
    connections: BTreeMap<FlowId, Connection>,
}

impl<S> fmt::Debug for Host<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("up", &self.up)
            .field("connections", &self.connections.len())
            .finish_non_exhaustive()
    }
}

struct Connection {
    /// The talk with the proxy, until it has made the tunnel.
    proxy: Option<Session>,
    tls: ServerConnection,
    /// Where the client is.
    from: SocketAddr,
    /// The Cloud's name for it: from the end of the handshake to the end of the connection.
    id: Option<ConnectionId>,
    /// TLS records that the router has no room for yet.
    outgoing: Vec<u8>,
    end: End,
}

/// How far the end of a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Nobody has ended it.
    Open,
    /// FIN follows the last byte.
    Closing,
    /// FIN is sent.
    Closed,
    /// RST is due.
    Aborting,
}

impl<S: Servers> Host<S> {
    /// A host on which the Cloud runs. With a proxy in front of it, it cannot be reached without.
    pub const fn new(cloud: Cloud, servers: S, proxy: Option<aclk_proxy::Config>) -> Self {
        Self { cloud, up: true, direct: proxy.is_none(), proxy, servers, connections: BTreeMap::new() }
    }

    /// The Cloud goes down: every connection is reset, and new ones are refused.
    pub fn go_down(&mut self, now: Instant) {
        self.up = false;
        for connection in self.connections.values_mut() {
            connection.hang_up(&mut self.cloud, now);
            connection.end = End::Aborting;
        }
    }

    /// Does what the router asks for.
    pub fn act(&mut self, router: &mut Router, now: Instant, action: Action) {
        match action {
            Action::Connect { flow, device, target } => {
                let proxy = self.proxy.as_ref().filter(|_| target.port() == PROXY_PORT);
                let is_served = proxy.is_some() || (self.direct && target.port() == PORT);
                let event = if self.up && is_served {
                    let shown = self.cloud.certificate(since_start(now));
                    let tls = ServerConnection::new(self.servers.server(shown)).expect("the configuration is valid");
                    let (proxy, from) = (proxy.map(Session::new), device.into());
                    let connection = Connection { proxy, tls, from, id: None, outgoing: Vec::new(), end: End::Open };
                    self.connections.insert(flow, connection);
                    HostEvent::Connected
                } else {
                    HostEvent::Refused
                };
                tell(router, now, flow, event);
            }
            Action::Send { flow, bytes } => {
                if let Some(connection) = self.connections.get_mut(&flow) {
                    connection.receive(&mut self.cloud, now, &bytes);
                }
                tell(router, now, flow, HostEvent::Written);
            }
            Action::Shutdown { flow } => {
                if let Some(connection) = self.connections.get_mut(&flow) {
                    connection.hang_up(&mut self.cloud, now);
                    connection.close();
                }
            }
            Action::Abort { flow } => {
                if let Some(mut connection) = self.connections.remove(&flow) {
                    connection.hang_up(&mut self.cloud, now);
                }
            }
        }
    }

    /// Lets the Cloud work, and hands what it says to the router. Says whether there was anything.
    pub fn serve(&mut self, router: &mut Router, now: Instant) -> bool {
        let mut progress = false;
        self.cloud.handle_timeout(since_start(now));
        while let Some((id, action)) = self.cloud.poll(since_start(now)) {
            progress = true;
            if let Some(connection) = self.connections.values_mut().find(|connection| connection.id == Some(id)) {
                connection.act(action);
            }
        }
        let flows: Vec<FlowId> = self.connections.keys().copied().collect();
        for flow in flows {
            progress |= self.flush(router, now, flow);
        }
        progress
    }

    /// When [`serve`](Self::serve) has something to do next, if nothing happens before.
    #[must_use]
    pub fn next_event(&self) -> Option<Instant> {
        self.cloud.next_timeout().map(|at| Instant::START + at)
    }

    /// Hands the router what it has room for. Says whether that was anything.
    fn flush(&mut self, router: &mut Router, now: Instant, flow: FlowId) -> bool {
        let Some(connection) = self.connections.get_mut(&flow) else { return false };
        connection.take_records();
        if connection.end == End::Aborting {
            self.connections.remove(&flow);
            tell(router, now, flow, HostEvent::Reset);
            return true;
        }
        let mut progress = false;
        let room = router.room(flow).min(connection.outgoing.len());
        if room > 0 {
            let sent: Vec<u8> = connection.outgoing.drain(..room).collect();
            tell(router, now, flow, HostEvent::Data(&sent));
            progress = true;
        }
        if connection.end == End::Closing && connection.outgoing.is_empty() {
            connection.end = End::Closed;
            tell(router, now, flow, HostEvent::Closed);
            progress = true;
        }
        progress
    }
}

impl Connection {
    /// What the device says to the proxy, if there is one that has made no tunnel yet.
    fn negotiate(&mut self, bytes: &[u8]) {
        let Some(session) = &mut self.proxy else { return };
        session.receive(bytes);
        while let Some(action) = session.poll() {
            match action {
                ProxyAction::Send(bytes) => self.outgoing.extend(bytes),
                ProxyAction::Connect(..) => session.on_connected(true),
                ProxyAction::Pass => return self.proxy = None,
                ProxyAction::Close => self.end = End::Closing,
            }
        }
    }

    /// Records of the device.
    fn receive(&mut self, cloud: &mut Cloud, now: Instant, bytes: &[u8]) {
        if self.proxy.is_some() {
            return self.negotiate(bytes);
        }
        let mut rest = bytes;
        let mut buffer = [0; 4096];
        while !rest.is_empty() && self.end == End::Open {
            let read = self.tls.read_tls(&mut rest);
            if !matches!(read, Ok(1..)) || self.tls.process_new_packets().is_err() {
                // The alert is among the records.
                self.hang_up(cloud, now);
                return self.close();
            }
            if self.id.is_none() && !self.tls.is_handshaking() {
                let server_name = self.tls.server_name().map(str::to_owned);
                self.id = Some(cloud.open(since_start(now), Peer { server_name, address: Some(self.from) }));
            }
            loop {
                match self.tls.reader().read(&mut buffer) {
                    Ok(0) => {
                        self.hang_up(cloud, now);
                        return self.close();
                    }
                    Ok(len) => {
                        if let Some(id) = self.id {
                            cloud.receive(since_start(now), id, &buffer[..len]);
                        }
                    }
                    Err(_) => break,
                }
            }
        }
    }

    /// What the Cloud does.
    fn act(&mut self, action: CloudAction) {
        match action {
            CloudAction::Send(bytes) => {
                self.tls.writer().write_all(&bytes).expect("the buffer has no limit");
                self.take_records();
                return;
            }
            CloudAction::Close => self.close(),
            CloudAction::Cut => self.end = End::Closing,
            CloudAction::Abort => self.end = End::Aborting,
        }
        self.id = None;
    }

    fn close(&mut self) {
        if self.end == End::Open {
            self.tls.send_close_notify();
            self.end = End::Closing;
        }
    }

    fn hang_up(&mut self, cloud: &mut Cloud, now: Instant) {
        if let Some(id) = self.id.take() {
            cloud.hang_up(since_start(now), id);
        }
    }

    fn take_records(&mut self) {
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.outgoing).expect("a vector takes everything");
        }
    }
}

fn since_start(now: Instant) -> Duration {
    now.since(Instant::START)
}

/// There is room for every byte that is told: it was asked for just before.
fn tell(router: &mut Router, now: Instant, flow: FlowId, event: HostEvent<'_>) {
    router.host(now, flow, event).expect("there is room");
}
