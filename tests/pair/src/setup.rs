//! How a pair is set up, and what is made of that: settings, key, engine.

use crate::life::{Life, Watch};
use crate::{Measured, Memory, Pieces, ProxySetup};
use aclk_cloud::{Cloud, Config};
use aclk_core::clock::{Instant, Now, Trust, WallTime};
use aclk_core::engine::event::Goal;
use aclk_core::engine::{Agent, Buffers};
use aclk_core::identity::guid::Guid;
use aclk_core::identity::key::Key;
use aclk_core::identity::software::SoftwareKey;
use aclk_core::secret::Secret;
use aclk_core::settings::{Limits, Settings, Timing};
use aclk_core::wire::proxy::{Exceptions, Proxy};
use aclk_core::wire::url::Url;
use chacha20::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use std::time::Duration;

/// The machine GUID of the device, which is the id it claims too.
pub const GUID: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";

/// How a [`Pair`](crate::Pair) is set up.
#[derive(Debug, Clone)]
pub struct Setup {
    /// What the engine is for.
    pub goal: Goal,
    /// Seed of the engine, of the network and of the key operations.
    pub seed: u64,
    /// How the Cloud is set up.
    pub cloud: Config,
    /// What the Cloud remembers of an earlier life.
    pub cloud_state: Option<aclk_cloud::State>,
    /// Time of a byte from one end to the other, at least.
    pub latency: Duration,
    /// What is added to it at most, by chance and anew for every delivery. Nothing overtakes what was sent before.
    pub jitter: Duration,
    /// How bytes for the engine are cut.
    pub pieces: Pieces,
    /// Sizes of the receive and send buffers of the engine.
    pub buffers: (usize, usize),
    /// Bytes for requests that wait.
    pub queries: usize,
    /// What the device measures.
    pub measured: Measured,
    /// Deadlines of the engine.
    pub timing: Timing,
    /// How often the engine tries to claim.
    pub claim_attempts: Option<u32>,
    /// What the device has stored before it starts.
    pub memory: Memory,
    /// The token; `None` for the valid one.
    pub token: Option<String>,
    /// Host name of the device.
    pub hostname: String,
    /// Bytes of a body that the driver writes at a time.
    pub piece: usize,
    /// What is announced to the Cloud.
    pub limits: Limits,
    /// The proxy that the device goes through.
    pub proxy: Option<ProxySetup>,
    /// Hosts that it is not used for.
    pub no_proxy: &'static str,
    /// Bytes that the device can send in a second; `None` for any number. While it sends it does nothing else.
    pub uplink: Option<u64>,
    /// Answers that the device can compress at a time.
    pub gzip: usize,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            goal: Goal::ClaimAndLink,
            seed: 1,
            // Not the port that a URL can leave out.
            cloud: Config { listen_port: 8443, ..Config::default() },
            cloud_state: None,
            latency: Duration::from_millis(20),
            jitter: Duration::ZERO,
            pieces: Pieces::Whole,
            buffers: (8 << 10, 4 << 10),
            queries: 4 << 10,
            measured: Measured::HOUR,
            timing: Timing::DEFAULT,
            claim_attempts: None,
            memory: Memory::with_key(),
            token: None,
            hostname: "edge-1".to_owned(),
            piece: 1_024,
            limits: Limits::DEVICE,
            proxy: None,
            no_proxy: "",
            uplink: None,
            gzip: 0,
        }
    }
}

pub(crate) fn now_at(setup: &Setup, now: Duration) -> Now {
    let unix = setup.cloud.unix_start + now;
    Now { instant: Instant::from_micros(micros(now)), wall: WallTime { unix_us: micros(unix), trust: Trust::Trusted } }
}

pub(crate) fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).expect("virtual time does not last that long")
}

pub(crate) fn load_key(memory: &Memory) -> SoftwareKey {
    let mut key = SoftwareKey::new();
    if let Some(pem) = &memory.private_pem {
        key.import_pem(pem.as_bytes()).expect("the stored key is valid");
    }
    key
}

pub(crate) fn settings(setup: &Setup, cloud: &Cloud) -> Settings {
    let guid = Guid::parse(GUID).expect("the GUID is valid");
    let token = setup.token.clone().unwrap_or_else(|| cloud.token().to_owned());
    let rooms: Vec<&str> = cloud.rooms().iter().map(|room| room.id.as_str()).collect();
    Settings {
        url: Url::parse(&format!("https://cloud.test:{}", setup.cloud.listen_port)).expect("the URL is valid"),
        id: guid,
        machine_guid: guid,
        hostname: setup.hostname.as_str().try_into().expect("the host name fits"),
        token: Secret::copy_of(token.as_bytes()).expect("the token fits"),
        rooms: rooms.join(",").as_str().try_into().expect("the rooms fit"),
        claim_attempts: setup.claim_attempts,
        proxy: setup.proxy.as_ref().map(|proxy| Proxy::parse(&proxy.url).expect("the proxy has a URL")),
        no_proxy: Exceptions::new(setup.no_proxy),
        timing: setup.timing,
        limits: setup.limits,
    }
}

pub(crate) fn make_life(
    setup: &Setup,
    cloud: &Cloud,
    memory: &Memory,
    now: Duration,
    reboots: u64,
    watch: Watch,
) -> Life {
    let mut seed = [0; 32];
    ChaCha20Rng::seed_from_u64(setup.seed ^ (reboots << 32)).fill_bytes(&mut seed);
    let (receive, send) = setup.buffers;
    let buffers = Buffers { receive: vec![0; receive], send: vec![0; send], queries: vec![0; setup.queries] };
    let settings = settings(setup, cloud);
    Life::new(
        settings,
        |settings| Agent::new(setup.goal, settings, &memory.saved, buffers, seed, now_at(setup, now)),
        watch,
    )
}
