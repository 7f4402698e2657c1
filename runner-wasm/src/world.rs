//! Everything that the device is plugged into: cable, router, proxy, Cloud, another machine on the network, and the
//! inspector that looks at the cable.

mod answers;
mod capture;
mod inspector;
mod lan;
mod laptop;
mod pki;
mod settings;
mod tls;

use crate::{clock, identity, random};
use aclk_cloud::admin::{self, Place};
use aclk_cloud::{Cloud, Config, KeyLogLines, State};
use aclk_core::clock::Instant;
use aclk_host::{Host, PORT};
use aclk_lan::{Cable, End, Router};
use answers::Answers;
use capture::Capture;
use core::time::Duration;
use laptop::Laptop;
use pki::Pki;
use rand_core::Rng;
use serde_json::{Value, json};
use settings::{Conditions, Network};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

/// The name of the Cloud.
const HOST: &str = "cloud.test";
/// What happens in the world in one step at most, so that its worker hears what it is told.
const ROUNDS: u32 = 64;

/// The world around a device.
#[wasm_bindgen]
pub struct World {
    cable: Cable,
    router: Router,
    host: Host<Pki>,
    network: Network,
    place: Place,
    capture: Capture,
    /// Secrets of TLS that the inspector has not got yet.
    secrets: Arc<Mutex<String>>,
    laptops: Vec<Laptop>,
    answers: Answers,
    outbox: VecDeque<String>,
    /// The number of the last event of the Cloud that was told.
    told: u64,
    random: chacha20::ChaCha20Rng,
}

#[wasm_bindgen]
impl World {
    /// A Cloud that remembers `state` (its own JSON; empty for a new one), behind a cable of these `conditions`
    /// (`CableConditions` of types.ts) and in this `network` (`NetworkSettings`).
    ///
    /// # Errors
    /// If one of them makes no sense.
    #[wasm_bindgen(constructor)]
    pub fn new(state: &str, conditions: &str, network: &str) -> Result<Self, JsError> {
        let conditions = Conditions::read(conditions).map_err(|error| JsError::new(&error))?;
        let network = Network::read(network).map_err(|error| JsError::new(&error))?;
        let mut random = random::generator().map_err(JsError::new)?;
        let config = Config {
            seed: random.next_u64(),
            unix_start: Duration::from_micros(clock::epoch_us()),
            listen_port: PORT,
            ..Config::default()
        };
        // What cannot be read any more is not worth keeping: another Space is made at a click.
        let cloud = match serde_json::from_str::<State>(state) {
            Ok(state) => Cloud::restore(config, state),
            Err(_) => Cloud::new(config),
        };
        let secrets = Arc::new(Mutex::new(String::new()));
        let log = Arc::clone(&secrets);
        let key_log = KeyLogLines::new(move |line| log.lock().unwrap_or_else(PoisonError::into_inner).push_str(line));
        let pki = Pki::new(HOST, key_log, Duration::from_micros(clock::epoch_us()) + since_start(), &mut random);
        let place = Place {
            url: url(),
            ca_file: "cloud_fullchain.pem".to_owned(),
            ca_pem: identity::pem("CERTIFICATE", &pki.authority),
            keeps: true,
        };
        let router = Router::new(lan::config(random.next_u64())).map_err(|error| JsError::new(&error.to_string()))?;
        let mut cable = Cable::new(conditions.seed, conditions.faults());
        let capture = Capture::new(&mut cable);
        let host = Host::new(cloud, pki, None);
        let (answers, outbox) = (Answers::default(), VecDeque::new());
        let (laptops, told) = (Vec::new(), 0);
        let mut world = Self {
            cable,
            router,
            host,
            network: Network::default(),
            place,
            capture,
            secrets,
            laptops,
            answers,
            outbox,
            told,
            random,
        };
        world.apply(network);
        Ok(world)
    }

    /// Base URL of the Cloud.
    #[wasm_bindgen(getter)]
    pub fn url(&self) -> String {
        self.place.url.clone()
    }

    /// Its certification authority, as DER.
    #[wasm_bindgen(getter)]
    pub fn authority(&self) -> Vec<u8> {
        self.host.servers.authority.clone()
    }

    /// Does what there is to do, and says in how many milliseconds it wants to be called again, if nothing happens before:
    /// 0 for at once, infinity for never.
    pub fn step(&mut self) -> f64 {
        clock::ring();
        let rounds = (0..ROUNDS).take_while(|_| self.round()).count();
        self.tell_events();
        self.answer();
        self.hand_over_secrets();
        self.outbox.extend(self.capture.news().iter().map(Value::to_string));
        if rounds == ROUNDS as usize {
            return 0.0;
        }
        let now = now();
        let events = [
            self.cable.next_event(now),
            self.router.next_event(now),
            self.host.next_event(),
            self.answers.next(),
            self.laptops.iter().map(Laptop::until).min(),
        ];
        let next = events.into_iter().flatten().map(|at| at.as_micros()).chain(clock::next_alarm()).min();
        // What was due has had its turn.
        clock::ms_until(next.map(|at| at.max(now.as_micros() + 1)))
    }

    /// A frame of the device.
    pub fn receive(&mut self, frame: &[u8]) {
        self.cable.send(End::Device, now(), frame.to_vec());
    }

    /// A frame for the device, if one has arrived.
    pub fn transmit(&mut self) -> Option<Vec<u8>> {
        self.cable.receive(End::Device, now())
    }

    /// Whether the link of the device is up.
    #[wasm_bindgen(getter, js_name = isUp)]
    pub fn is_up(&self) -> bool {
        self.cable.is_up(now())
    }

    /// Puts the cable in, or pulls it out.
    pub fn plug(&mut self, plugged: bool) {
        if plugged { self.cable.plug() } else { self.cable.unplug() }
    }

    /// What the cable does to frames from now on: a `CableConditions` of types.ts.
    ///
    /// # Errors
    /// If it is none.
    #[wasm_bindgen(js_name = setCable)]
    pub fn set_cable(&mut self, conditions: &str) -> Result<(), JsError> {
        let conditions = Conditions::read(conditions).map_err(|error| JsError::new(&error))?;
        self.cable.set_faults(conditions.faults());
        Ok(())
    }

    /// How the network is from now on: a `NetworkSettings` of types.ts.
    ///
    /// # Errors
    /// If it is none.
    #[wasm_bindgen(js_name = setNetwork)]
    pub fn set_network(&mut self, network: &str) -> Result<(), JsError> {
        self.apply(Network::read(network).map_err(|error| JsError::new(&error))?);
        Ok(())
    }

    /// Asks the administrator's API of docs/cloud.md. The answer comes as a message, under this number.
    pub fn request(&mut self, number: u32, method: &str, path: &str, body: &str) {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = admin::Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            body: body.as_bytes().to_vec(),
        };
        let outcome = admin::respond(&mut self.host.cloud, since_start(), &self.place, &request);
        self.answers.add(number, outcome);
    }

    /// Asks the local API of the device, as another machine on the network. The answer comes as a message.
    pub fn call(&mut self, number: u32, path: &str) {
        match self.router.leased_to(crate::device::MAC, now()) {
            Some(device) => self.laptops.push(Laptop::new(number, device, path, self.random.next_u64())),
            None => self.outbox.push_back(answer(number, 0, &json!("the device has no address"))),
        }
    }

    /// Something to tell: a `FromCloud` of wire.ts, as JSON.
    pub fn told(&mut self) -> Option<String> {
        self.outbox.pop_front()
    }

    /// What it has to remember, if that has changed since it was asked for last.
    #[wasm_bindgen(js_name = changedState)]
    pub fn changed_state(&mut self) -> Option<String> {
        self.host.cloud.changes()?;
        self.host.cloud.saved();
        serde_json::to_string(self.host.cloud.state()).ok()
    }
}

impl World {
    /// Lets everything happen that happens now, once. Says whether there was anything.
    fn round(&mut self) -> bool {
        let now = now();
        let mut progress = false;
        while let Some(frame) = self.cable.receive(End::Router, now) {
            self.router.receive(now, &frame);
            self.laptops.iter().for_each(|laptop| laptop.receive(&frame));
            progress = true;
        }
        while let Some(action) = self.router.poll(now) {
            self.host.act(&mut self.router, now, action);
            progress = true;
        }
        progress |= self.host.serve(&mut self.router, now);
        while let Some(frame) = self.router.transmit(now) {
            self.cable.send(End::Router, now, frame);
            progress = true;
        }
        for laptop in &mut self.laptops {
            progress |= laptop.step();
            while let Some(frame) = laptop.transmit() {
                self.cable.send(End::Router, now, frame);
            }
        }
        progress
    }

    fn apply(&mut self, network: Network) {
        let time_us = clock::epoch_us();
        lan::apply(&network, self.router.services(), time_us);
        self.host.direct = network.direct;
        self.host.proxy = network.proxy();
        self.network = network;
    }

    fn tell_events(&mut self) {
        // The recent ones are those that an administrator sees, with their numbers.
        let request = admin::Request {
            method: "GET".to_owned(),
            path: "/api/events".to_owned(),
            query: format!("after={}", self.told),
            body: Vec::new(),
        };
        self.host.cloud.drain_events();
        let outcome = admin::respond(&mut self.host.cloud, since_start(), &self.place, &request);
        let admin::Outcome::Now(admin::Answer { body: Some(Value::Object(mut body)), .. }) = outcome else { return };
        self.told = body.get("next").and_then(Value::as_u64).unwrap_or(self.told);
        if let Some(Value::Array(events)) = body.remove("events") {
            self.outbox.extend(events.into_iter().map(|event| json!({ "type": "cloud", "event": event }).to_string()));
        }
    }

    /// Answers what can be answered by now.
    fn answer(&mut self) {
        for (number, admin::Answer { status, body }) in self.answers.ready(&mut self.host.cloud, since_start()) {
            self.outbox.push_back(answer(number, status, &body.unwrap_or_default()));
        }
        let now = now();
        let outbox = &mut self.outbox;
        self.laptops.retain(|laptop| match laptop.outcome(now) {
            Some((status, body)) => {
                outbox.push_back(answer(laptop.number(), status, &body));
                false
            }
            None => true,
        });
    }

    fn hand_over_secrets(&mut self) {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        if !secrets.is_empty() {
            self.capture.add_secrets(&secrets);
            secrets.clear();
        }
    }
}

/// A message with an `ApiAnswer` of types.ts.
fn answer(number: u32, status: u16, body: &Value) -> String {
    json!({ "type": "answer", "number": number, "answer": { "status": status, "body": body } }).to_string()
}

fn url() -> String {
    format!("https://{HOST}:{PORT}")
}

/// The present.
fn now() -> Instant {
    Instant::from_micros(clock::now_us())
}

/// The same for the Cloud.
fn since_start() -> Duration {
    Duration::from_micros(clock::now_us())
}
