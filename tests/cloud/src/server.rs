//! The front end for sockets and TLS: a [`Cloud`] that real clients can reach.
//!
//! ```no_run
//! use aclk_cloud::server::{Options, Running};
//!
//! let cloud = Running::start(Options::default())?;
//! println!("{} {}", cloud.url(), cloud.ca_file().display());
//! let token = cloud.with(|cloud, _| cloud.token().to_owned());
//! # drop(token);
//! # Ok::<(), std::io::Error>(())
//! ```

mod admin;
mod certificates;
mod connection;
mod database;
mod process;
mod shared;
mod store;

pub use certificates::KeyKind;
pub use process::raise_file_limit;

use crate::admin::Place;
use crate::admin::guard::Guard;
use crate::cloud::Cloud;
use crate::config::{Config, Peer};
use crate::event::Event;
use crate::fault::Certificate;
use admin::Desk;
use certificates::Identity;
use rustls::KeyLog;
use shared::{Shared, keep_time};
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU8;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use store::Store;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// A connection after its TLS handshake.
type Stream = tokio_rustls::server::TlsStream<TcpStream>;

/// How long a client may take for its TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(15);
/// TLS handshakes at a time; others wait to be accepted. If thousands of devices come at once, as after a restart, some are served
/// soon: all together would all be too late, and come again.
const HANDSHAKES: usize = 256;
/// How long clients have to leave when the Cloud stops.
const FAREWELL: Duration = Duration::from_secs(2);
/// How long to wait with the next connection when the system gives us none.
const BREATH: Duration = Duration::from_millis(100);
/// Bytes that may wait for a client that does not read.
const QUEUED: usize = 64 << 20;

/// The file with the administrator's credential.
const CREDENTIAL: &str = "admin-token";

/// Told of everything that happens.
pub type OnEvent = Box<dyn FnMut(&Event) + Send>;

/// How to serve.
pub struct Options {
    /// Where to listen; port 0 is any free one.
    pub listen: SocketAddr,
    /// Where Spaces, tokens, nodes and the certification authority are kept. Without it, they are as new and forgotten.
    pub state: Option<PathBuf>,
    /// The host in the URL: `localhost` unless a client knows this machine by another name.
    pub host: String,
    /// Where administrators are served, over plain HTTP; nowhere without it.
    pub admin: Option<SocketAddr>,
    /// Names and addresses of the certificate, beside `localhost`, loopback, and [`host`](Self::host).
    pub names: Vec<String>,
    /// The kind of all keys of the certificate chain; P-256, or that of the state, if it does not matter.
    pub key: Option<KeyKind>,
    /// Intermediate certificates between that of the authority and that of the server.
    pub intermediates: NonZeroU8,
    /// How the Cloud is set up. Seed, start and port are chosen here; the rest counts.
    pub config: Config,
    /// Told of everything that happens, on the thread of the Cloud. Must not call the Cloud.
    pub on_event: Option<OnEvent>,
    /// Whether an administrator may have it begin anew: whoever runs it then sees to that ([`Handle::restart`]). It takes a
    /// [state](Self::state) that remembers.
    pub restarts: bool,
    /// Told the secrets of all TLS connections of clients, as [`KeyLogLines`](crate::KeyLogLines) is.
    pub key_log: Option<Arc<dyn KeyLog>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            state: None,
            host: "localhost".to_owned(),
            admin: None,
            names: Vec::new(),
            key: None,
            intermediates: NonZeroU8::MIN,
            config: Config::default(),
            on_event: None,
            restarts: false,
            key_log: None,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("listen", &self.listen).field("state", &self.state).finish_non_exhaustive()
    }
}

/// A Cloud that listens and does not serve yet.
pub struct Server {
    listener: TcpListener,
    acceptors: Acceptors,
    desk: Option<(Desk, TcpListener)>,
    handle: Handle,
}

/// A grip on a Cloud that is served. Clones are the same Cloud.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
    address: SocketAddr,
    url: String,
    ca_file: PathBuf,
    ca_pem: String,
    admin: Option<Arc<Admin>>,
}

/// How an administrator gets in.
struct Admin {
    url: String,
    address: SocketAddr,
    credential: String,
}

impl Server {
    /// Listens. Needs a tokio runtime with I/O and time.
    ///
    /// # Errors
    /// If the address cannot be used, or if the state cannot be read, is damaged, or belongs to another running Cloud.
    pub async fn bind(options: Options) -> io::Result<Self> {
        let Options {
            listen,
            state,
            host,
            admin,
            mut names,
            key,
            intermediates,
            mut config,
            on_event,
            restarts,
            key_log,
        } = options;
        if !names.contains(&host) {
            names.push(host.clone());
        }
        let store = Store::open(state.as_deref())?;
        let identity = Identity::load_or_make(&store, key, intermediates, &names)?;
        let (listener, address) = bind(listen).await?;
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).map_err(io::Error::other)?;
        config.seed = u64::from_le_bytes(seed);
        config.unix_start = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        config.listen_port = address.port();
        let url = match &config.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => base_url(&host, address.port()),
        };
        let cloud = match store.load()? {
            Some((state, history)) => {
                let mut cloud = Cloud::restore(config, state);
                cloud.restore_history(history);
                cloud
            }
            None => Cloud::new(config),
        };
        let (ca_file, ca_pem) = (store.ca_file().to_owned(), identity.ca_pem.clone());
        let acceptors = Acceptors::new(identity, key_log)?;
        let shared = Arc::new(Shared::new(cloud, store.clone(), on_event, QUEUED));
        // What is new is safe before anybody is told of it.
        shared.with(|_, _| ());
        let mut handle = Handle { shared, address, url, ca_file, ca_pem, admin: None };
        let desk = match admin {
            Some(listen) => {
                let (listener, address) = bind(listen).await?;
                let restarts = restarts && state.is_some();
                Some((handle.open_desk(&store, address, names, state.is_some())?.restarting(restarts), listener))
            }
            None => None,
        };
        Ok(Self { listener, acceptors, desk, handle })
    }

    /// A grip on the Cloud, for as long as somebody needs it.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Serves until [`Handle::stop`] is called, and lets the clients leave. Dropping the future ends it at once.
    pub async fn run(mut self) {
        let shared = self.handle.shared.clone();
        let timekeeper = tokio::spawn(keep_time(shared.clone()));
        let desk = self.desk.take().map(|(desk, listener)| tokio::spawn(desk.run(listener)));
        let mut clients = tokio::task::JoinSet::new();
        let mut told = false;
        let handshakes = Arc::new(Semaphore::new(HANDSHAKES));
        let mut room = None;
        loop {
            tokio::select! {
                () = shared.stopped() => break,
                permit = handshakes.clone().acquire_owned(), if room.is_none() => room = permit.ok(),
                accepted = self.listener.accept(), if room.is_some() => match accepted {
                    Ok((socket, address)) => {
                        let shown = shared.with(|cloud, now| cloud.certificate(now));
                        match self.acceptors.of(shown) {
                            Ok(acceptor) => {
                                clients.spawn(serve(shared.clone(), acceptor, socket, address, room.take()));
                            }
                            Err(error) => eprintln!("aclk-cloud: no certificate for fault {shown:?}: {error}"),
                        }
                    }
                    // Out of files, most likely: those who are here will leave.
                    Err(error) => {
                        if !std::mem::replace(&mut told, true) {
                            eprintln!("aclk-cloud: {error}: {}", process::out_of_files());
                        }
                        tokio::time::sleep(BREATH).await;
                    }
                },
                Some(_) = clients.join_next() => {}
            }
        }
        drop(self.listener);
        // One that begins anew does so as if it had crashed: nobody hears a farewell.
        if shared.restart().is_none() {
            shared.with(|cloud, now| cloud.shut_down(now));
            let everybody = async { while clients.join_next().await.is_some() {} };
            let _ = timeout(FAREWELL, everybody).await;
        }
        timekeeper.abort();
        if let Some(desk) = desk {
            desk.abort();
        }
    }
}

/// TLS handshake, for which there is `room`, then the connection to its end.
async fn serve(
    shared: Arc<Shared>,
    acceptor: TlsAcceptor,
    socket: TcpStream,
    address: SocketAddr,
    room: Option<OwnedSemaphorePermit>,
) {
    // Small packets are what this is about.
    let _ = socket.set_nodelay(true);
    let Ok(Ok(stream)) = timeout(HANDSHAKE, acceptor.accept(socket)).await else { return };
    drop(room);
    let server_name = stream.get_ref().1.server_name().map(str::to_owned);
    connection::run(&shared, stream, Peer { server_name, address: Some(address) }).await;
}

async fn bind(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"));
    let listener = TcpListener::bind(address).await.map_err(named)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// TLS with every certificate that was asked for so far.
struct Acceptors {
    identity: Identity,
    key_log: Option<Arc<dyn KeyLog>>,
    made: HashMap<Certificate, TlsAcceptor>,
}

impl Acceptors {
    fn new(identity: Identity, key_log: Option<Arc<dyn KeyLog>>) -> io::Result<Self> {
        let mut acceptors = Self { identity, key_log, made: HashMap::new() };
        acceptors.of(Certificate::Good)?;
        Ok(acceptors)
    }

    fn of(&mut self, shown: Certificate) -> io::Result<TlsAcceptor> {
        if let Some(acceptor) = self.made.get(&shown) {
            return Ok(acceptor.clone());
        }
        let mut config = self.identity.tls_config(shown)?;
        if let Some(key_log) = &self.key_log {
            config.key_log = Arc::clone(key_log);
        }
        let acceptor = TlsAcceptor::from(Arc::new(config));
        self.made.insert(shown, acceptor.clone());
        Ok(acceptor)
    }
}

fn base_url(host: &str, port: u16) -> String {
    if host.contains(':') { format!("https://[{host}]:{port}") } else { format!("https://{host}:{port}") }
}

impl Handle {
    /// Calls the Cloud, with the time since its start. It stands still meanwhile.
    pub fn with<R>(&self, call: impl FnOnce(&mut Cloud, Duration) -> R) -> R {
        self.shared.with(call)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL for claims.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The file with the certificate of the certification authority. It exists for as long as the Cloud does.
    #[must_use]
    pub fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// What is in it.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The URL of the administrator's page, if there is one.
    #[must_use]
    pub fn admin_url(&self) -> Option<&str> {
        self.admin.as_deref().map(|admin| admin.url.as_str())
    }

    /// The administrator's credential, if there is a page.
    #[must_use]
    pub fn admin_credential(&self) -> Option<&str> {
        self.admin.as_deref().map(|admin| admin.credential.as_str())
    }

    /// A place for administrators, with the credential of the state or a new one.
    fn open_desk(&mut self, store: &Store, address: SocketAddr, names: Vec<String>, keeps: bool) -> io::Result<Desk> {
        let saved = store.read(CREDENTIAL)?.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let credential = match saved {
            Some(credential) => credential,
            None => {
                let credential = admin::random()?;
                store.write_secret(CREDENTIAL, &credential)?;
                credential
            }
        };
        let shown = if address.ip().is_unspecified() {
            SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port())
        } else {
            address
        };
        let place = Place {
            url: self.url.clone(),
            ca_file: self.ca_file.display().to_string(),
            ca_pem: self.ca_pem.clone(),
            keeps,
        };
        let guard = Guard::new(credential.clone(), address.port(), names);
        self.admin = Some(Arc::new(Admin { url: format!("http://{shown}/"), address, credential }));
        Ok(Desk::new(self.shared.clone(), place, guard))
    }

    /// Where administrators are served, if they are.
    #[must_use]
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_deref().map(|admin| admin.address)
    }

    /// How long an administrator wants it to be away, if it is to begin anew: [`Server::run`] has ended because of that.
    #[must_use]
    pub fn restart(&self) -> Option<Duration> {
        self.shared.restart()
    }

    /// Ends [`Server::run`], in order.
    pub fn stop(&self) {
        self.shared.stop();
    }
}

/// A Cloud on a thread of its own. Dropping it stops it, in order.
pub struct Running {
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Listens and serves.
    ///
    /// # Errors
    /// As [`Server::bind`].
    pub fn start(options: Options) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::Builder::new().name("cloud".to_owned()).spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build();
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(error) => return drop(sender.send(Err(error))),
            };
            runtime.block_on(async {
                match Server::bind(options).await {
                    Ok(server) => {
                        let _ = sender.send(Ok(server.handle()));
                        server.run().await;
                    }
                    Err(error) => drop(sender.send(Err(error))),
                }
            });
        })?;
        let handle = receiver.recv().unwrap_or_else(|_| Err(io::Error::other("the thread of the Cloud has ended")))?;
        Ok(Self { handle, thread: Some(thread) })
    }
}

impl std::ops::Deref for Running {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.stop();
        if let Some(thread) = self.thread.take() {
            // If it panicked, that was printed.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle.fmt(f)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("url", &self.url).finish_non_exhaustive()
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle.fmt(f)
    }
}
