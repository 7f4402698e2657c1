//! The proxy on a port of this machine: a thread for each direction of each connection.

use crate::{Action, Config, Fault, Session};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// How a [`Running`] proxy is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// The proxy itself.
    pub config: Config,
    /// Where to listen; port 0 is any free one.
    pub listen: SocketAddr,
    /// Names that it resolves, and to what; whatever the port. Other hosts are asked of the system.
    pub names: Vec<(String, SocketAddr)>,
}

impl Options {
    /// On a free port of the loopback interface, with no names of its own.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config, listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), names: Vec::new() }
    }
}

/// A proxy that runs until it is dropped.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    options: Mutex<Options>,
    /// Whom it was asked for, in order.
    asked: Mutex<Vec<String>>,
    /// Every connection, to be ended with the proxy.
    streams: Mutex<Vec<TcpStream>>,
    has_ended: AtomicBool,
}

impl Running {
    /// Starts to serve.
    ///
    /// # Errors
    /// If it cannot listen.
    pub fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(options.listen)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            options: Mutex::new(options),
            asked: Mutex::default(),
            streams: Mutex::default(),
            has_ended: AtomicBool::new(false),
        });
        let acceptor = {
            let shared = shared.clone();
            thread::spawn(move || accept(&listener, &shared))
        };
        Ok(Self { address, shared, acceptor: Some(acceptor) })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it does wrong from now on.
    pub fn set_fault(&self, fault: Option<Fault>) {
        lock(&self.shared.options).config.fault = fault;
    }

    /// Whom it was asked for so far, as `host:port`.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        lock(&self.shared.asked).clone()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.has_ended.store(true, Ordering::SeqCst);
        // Wakes the acceptor.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        for stream in lock(&self.shared.streams).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.has_ended.load(Ordering::SeqCst) {
            return;
        }
        let (Ok(stream), shared) = (stream, shared.clone()) else { continue };
        thread::spawn(move || {
            // A client that goes away is no concern of anybody.
            let _ = serve(stream, &shared);
        });
    }
}

impl Shared {
    fn keep(&self, stream: &TcpStream) -> io::Result<()> {
        lock(&self.streams).push(stream.try_clone()?);
        Ok(())
    }

    fn reach(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        lock(&self.asked).push(format!("{host}:{port}"));
        let known = lock(&self.options).names.iter().find(|(name, _)| name == host).map(|(_, address)| *address);
        match known {
            Some(address) => TcpStream::connect(address),
            None => TcpStream::connect((host, port)),
        }
    }
}

fn serve(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    shared.keep(&client)?;
    client.set_nodelay(true)?;
    let mut session = Session::new(&lock(&shared.options).config);
    let mut target = None;
    let mut bytes = [0; 4096];
    loop {
        while let Some(action) = session.poll() {
            match action {
                Action::Send(bytes) => client.write_all(&bytes)?,
                Action::Connect(host, port) => {
                    target = shared.reach(&host, port).ok();
                    session.on_connected(target.is_some());
                }
                Action::Close => {
                    client.shutdown(Shutdown::Write)?;
                    // What the client still says is not answered by a reset.
                    while client.read(&mut bytes)? > 0 {}
                    return Ok(());
                }
                Action::Pass => {
                    let Some(target) = target else { return Ok(()) };
                    shared.keep(&target)?;
                    return pass(client, target);
                }
            }
        }
        match client.read(&mut bytes)? {
            0 => return Ok(()),
            len => session.receive(&bytes[..len]),
        }
    }
}

/// Passes on everything, both ways, until both have ended.
fn pass(client: TcpStream, target: TcpStream) -> io::Result<()> {
    let (from_target, to_client) = (target.try_clone()?, client.try_clone()?);
    let back = thread::spawn(move || copy(from_target, to_client));
    copy(client, target);
    let _ = back.join();
    Ok(())
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}
