//! The local HTTP API and the status page, on the sockets of this machine.
//!
//! What is answered, and how, is [`aclk_firmware::local_api`], the same as on devices. Here are the addresses, the
//! connections, and the pages that only Linux has.

mod connection;
pub(crate) mod history;
pub(crate) mod listen;
mod pages;
#[cfg(test)]
mod tests;

use crate::clock::NodeClock;
use crate::daemon::SharedNode;
use aclk_firmware::local_api::{BUSY, Buffers, Holdings, Server, Timing};
use connection::Client;
use history::History;
use pages::StatusPages;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Connections that are served at once.
const CONNECTIONS: usize = 16;
/// Beyond these, connections are not kept for another request, so that there is room for others.
const KEPT: usize = CONNECTIONS / 2;
/// Connections beyond the limit that are told so at once. Others are just closed.
const TURNED_AWAY: usize = 48;
/// Bytes of a request line and its headers.
const HEAD: usize = 8 << 10;
/// Bytes of an answer that are written at a time.
const PIECE: usize = 4 << 10;
/// How long nobody is accepted after the system had no file left for another connection.
const EXHAUSTED: Duration = Duration::from_secs(1);

/// What all connections have in common.
struct Shared {
    node: SharedNode,
    clock: NodeClock,
    pages: StatusPages,
    holdings: Holdings,
    open: Cell<usize>,
}

/// The addresses that are listened on, for people.
pub(crate) fn urls(listeners: &[TcpListener]) -> Vec<String> {
    let addresses = listeners.iter().filter_map(|listener| listener.local_addr().ok());
    addresses
        .map(|address| match address {
            SocketAddr::V6(v6) if v6.ip().is_unspecified() => format!("http://localhost:{}/", v6.port()),
            SocketAddr::V4(v4) if v4.ip().is_unspecified() => format!("http://localhost:{}/", v4.port()),
            address => format!("http://{address}/"),
        })
        .collect()
}

/// Serves for ever, or not at all if there are no `listeners`. Must be polled inside a [`LocalSet`](tokio::task::LocalSet).
/// Dropping it ends every connection.
pub(crate) async fn serve(
    listeners: &[TcpListener],
    node: SharedNode,
    clock: NodeClock,
    history: Rc<RefCell<History>>,
    tell: impl Fn(String),
) {
    let shared = Rc::new(Shared {
        node,
        clock,
        pages: StatusPages::new(history),
        holdings: Holdings::new(),
        open: Cell::new(0),
    });
    let mut connections = JoinSet::new();
    let mut next = 0;
    let mut is_exhausted = false;
    loop {
        match accept(listeners, &mut next).await {
            Ok(stream) => {
                is_exhausted = false;
                while connections.try_join_next().is_some() {}
                if connections.len() < CONNECTIONS {
                    connections.spawn_local(attend(stream, shared.clone()));
                } else if connections.len() < CONNECTIONS + TURNED_AWAY {
                    connections.spawn_local(turn_away(stream, shared.clone()));
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut is_exhausted, true) {
                    tell(format!("note: local API: cannot accept a connection: {error}"));
                }
                tokio::time::sleep(EXHAUSTED).await;
            }
        }
    }
}

/// The next connection of any of `listeners`; each gets its turn.
async fn accept(listeners: &[TcpListener], next: &mut usize) -> io::Result<TcpStream> {
    poll_fn(|cx| {
        for offset in 0..listeners.len() {
            let index = (*next + offset) % listeners.len();
            if let Poll::Ready(accepted) = listeners[index].poll_accept(cx) {
                *next = index + 1;
                return Poll::Ready(accepted.map(|(stream, _)| stream));
            }
        }
        Poll::Pending
    })
    .await
}

async fn attend(stream: TcpStream, shared: Rc<Shared>) {
    let (mut head, mut piece) = (vec![0; HEAD], vec![0; PIECE]);
    let buffers = Buffers { head: &mut head, piece: &mut piece };
    let open = Open::new(&shared.open);
    let server = shared.server();
    server.serve(&mut Client::new(stream), buffers, || open.count() <= KEPT).await;
}

async fn turn_away(stream: TcpStream, shared: Rc<Shared>) {
    shared.server().turn_away(&mut Client::new(stream), BUSY).await;
}

impl Shared {
    fn server(&self) -> Server<'_, NodeClock, StatusPages> {
        Server::new(&*self.node, &self.clock, &self.pages, Timing::DEFAULT, &self.holdings)
    }
}

/// Counts a connection for as long as it is there.
struct Open<'a>(&'a Cell<usize>);

impl<'a> Open<'a> {
    fn new(count: &'a Cell<usize>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }

    fn count(&self) -> usize {
        self.0.get()
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
