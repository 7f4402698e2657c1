//! A conversation with the emulated Cloud, recorded: claim, login, link, requests, farewell.

use aclk_cloud::{Action, Cloud, Config, Peer};
use aclk_core::body::{Prepare, Prepared};
use aclk_core::clock::{Instant, Now, Trust, WallTime};
use aclk_core::engine::event::{Goal, Input, Output};
use aclk_core::engine::{Agent, Buffers};
use aclk_core::identity::guid::Guid;
use aclk_core::identity::key::Key;
use aclk_core::identity::software::SoftwareKey;
use aclk_core::secret::Secret;
use aclk_core::settings::{Limits, Settings, Timing};
use aclk_core::stage::Purpose;
use aclk_core::store::Saved;
use aclk_core::wire::proxy::Exceptions;
use aclk_core::wire::url::Url;
use chacha20::ChaCha20Rng;
use rand_core::SeedableRng;
use std::time::Duration;

/// What was said on one connection.
pub(crate) struct Connection {
    pub(crate) purpose: Purpose,
    pub(crate) by_device: Vec<u8>,
    pub(crate) by_cloud: Vec<u8>,
}

const MINUTE: Duration = Duration::from_secs(60);

fn at(now: Duration) -> Now {
    let us = now.as_micros() as u64;
    let wall = WallTime { unix_us: 1_748_736_000_000_000 + us, trust: Trust::Trusted };
    Now { instant: Instant::from_micros(us), wall }
}

/// All connections, in order.
pub(crate) fn conversation() -> Vec<Connection> {
    let config = Config { unix_start: Duration::from_secs(1_748_736_000), ..Config::default() };
    let mut cloud = Cloud::new(config);
    let id = Guid::parse(aclk_pair::GUID).unwrap();
    let settings = Settings {
        url: Url::parse("https://cloud.test").unwrap(),
        id,
        machine_guid: id,
        hostname: "edge-1".try_into().unwrap(),
        token: Secret::copy_of(cloud.token().as_bytes()).unwrap(),
        rooms: "".try_into().unwrap(),
        claim_attempts: Some(3),
        proxy: None,
        no_proxy: Exceptions::NONE,
        timing: Timing::DEFAULT,
        limits: Limits::DEVICE,
    };
    let mut key = SoftwareKey::new();
    key.import_pem(aclk_pair::PRIVATE_PEM.as_bytes()).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let buffers = Buffers { receive: vec![0; 8 << 10], send: vec![0; 2 << 10], queries: vec![0; 2 << 10] };
    let mut agent = Agent::new(Goal::ClaimAndLink, &settings, &Saved::default(), buffers, [7; 32], at(Duration::ZERO));
    let (mut all, mut open, mut now) = (Vec::<Connection>::new(), None, Duration::ZERO);
    let requests = ["/api/v1/info", "/api/v1/charts", "/api/v1/data?chart=system.uptime&after=-5", "/no/such/path"];
    let (mut requests, mut has_left) = (requests.into_iter(), false);
    loop {
        let wait = loop {
            match agent.poll() {
                Output::Wait(until) => break until,
                Output::Done => return all,
                Output::Connect { purpose, host, .. } => {
                    open = Some(cloud.open(now, Peer { server_name: Some(host.to_owned()), address: None }));
                    all.push(Connection { purpose, by_device: Vec::new(), by_cloud: Vec::new() });
                    agent.handle(at(now), Input::Connected);
                }
                Output::Send(bytes) => {
                    all.last_mut().unwrap().by_device.extend_from_slice(bytes);
                    cloud.receive(now, open.unwrap(), bytes);
                }
                Output::Close => {
                    if let Some(id) = open.take() {
                        cloud.hang_up(now, id);
                    }
                }
                Output::NeedKey => {
                    let public_pem = key.public_pem().unwrap();
                    agent.handle(at(now), Input::Key { public_pem, fresh: false });
                }
                Output::Decrypt(ciphertext) => {
                    let answer = key.decrypt(ciphertext, &mut rng);
                    agent.handle(at(now), Input::Decrypted(answer));
                }
                // What the device says of itself is not what is recorded here.
                Output::Prepare(Prepare::Answer(_)) => {
                    let (content_type, encoding) = ("text/plain", aclk_core::encoding::Encoding::Identity);
                    let answer = Prepared::Answer { status: 200, content_type, encoding, len: 3 };
                    agent.handle(at(now), Input::Prepared(answer));
                }
                Output::Prepare(_) => agent.handle(at(now), Input::Prepared(Prepared::Nothing)),
                Output::Body(_) => agent.handle(at(now), Input::Body(b"yes")),
                Output::Save(_) => agent.handle(at(now), Input::Saved),
                Output::Event(_) => {}
            }
        };
        let mut has_heard = false;
        while let Some((id, action)) = cloud.poll(now) {
            if Some(id) != open {
                continue;
            }
            has_heard = true;
            match action {
                Action::Send(bytes) => {
                    all.last_mut().unwrap().by_cloud.extend_from_slice(&bytes);
                    agent.receive(at(now), &bytes);
                }
                _ => {
                    open = None;
                    agent.handle(at(now), Input::Ended);
                }
            }
            break;
        }
        if has_heard {
            continue;
        }
        let is_linked = all.last().is_some_and(|last| last.purpose == Purpose::Link);
        if is_linked && now < MINUTE {
            // Some time first, for what the Cloud asks by itself.
            now += Duration::from_secs(4);
            cloud.handle_timeout(now);
            let line = requests.next().map(|path| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
            if let Some(line) = line {
                let _ = cloud.send_request(now, aclk_pair::GUID, line.as_bytes(), Duration::from_secs(10));
            }
            agent.handle(at(now), Input::Tick);
        } else if is_linked && !has_left {
            has_left = true;
            agent.handle(at(now), Input::Stop);
        } else {
            let until = wait.map_or(now, |until| Duration::from_micros(until.as_micros()));
            assert!(until > now || has_left, "nothing happens any more");
            now = until.max(now);
            cloud.handle_timeout(now);
            agent.handle(at(now), Input::Tick);
        }
    }
}
