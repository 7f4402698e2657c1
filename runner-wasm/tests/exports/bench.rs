//! A device and its world, in virtual time.

use aclk_wasm::{Device, World, advance, stand_still};
use serde_json::Value;
use wasm_bindgen::{JsError, JsValue};

/// 2026-01-01, in milliseconds.
pub(crate) const NOW: f64 = 1_767_225_600_000.0;
pub(crate) const SETTINGS: &str = r#"{"hostname":"bench","proxy":"","key":"injected","clock":null}"#;
pub(crate) const CABLE: &str = r#"{"latencyMs":5,"jitterMs":0,"lossPercent":0,"reorderPercent":0,"duplicatePercent":0,"flipPercent":0,"bandwidth":0,"seed":1}"#;
pub(crate) const NETWORK: &str = r#"{"dhcp":null,"dns":null,"time":null,"direct":true,"proxy":null}"#;
/// Bytes of the flash.
pub(crate) const FLASH: usize = 4 * PAGE;
pub(crate) const PAGE: usize = 4_096;
/// Virtual milliseconds after which something that is waited for counts as lost.
const PATIENCE: f64 = 300_000.0;

/// Numbers that a page may have come by, and that no function expects.
pub(crate) const ODD_NUMBERS: [f64; 8] =
    [-1.0, 0.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, 4_294_967_296.0, 18_446_744_073_709_551_615.0];
/// Texts that are no settings of anything.
pub(crate) const ODD_TEXTS: [&str; 8] =
    ["", "null", "[]", "{}", "7", "\"\u{0}\"", "{\"latencyMs\":\"x\"}", "{\"hostname\":{\"hostname\":{}}}"];

/// What came of a call that has to succeed.
pub(crate) fn taken<T>(result: Result<T, JsError>) -> T {
    result.unwrap_or_else(|error| panic!("it is refused: {}", sentence(error)))
}

/// The sentence of a call that has to be refused.
pub(crate) fn refused<T>(result: Result<T, JsError>) -> String {
    match result {
        Ok(_) => panic!("it is taken"),
        Err(error) => sentence(error),
    }
}

/// The first line of `JsValue(Error: …)`.
fn sentence(error: JsError) -> String {
    let shown = format!("{:?}", JsValue::from(error));
    let text = shown.trim_start_matches("JsValue(Error: ");
    text.lines().next().unwrap_or_default().trim_end_matches(')').to_owned()
}

pub(crate) fn world() -> World {
    stand_still(NOW);
    taken(World::new("", CABLE, NETWORK))
}

/// What may be replaced by something else.
pub(crate) fn with(json: &str, name: &str, value: &str) -> String {
    let mut object: Value = serde_json::from_str(json).expect("an object");
    *object.get_mut(name).expect("a member of it") = serde_json::from_str(value).expect("a value");
    object.to_string()
}

pub(crate) struct Bench {
    pub(crate) world: World,
    pub(crate) device: Device,
    pub(crate) flash: Vec<u8>,
    /// What the serial console has shown.
    pub(crate) screen: String,
    /// All messages of both sides.
    pub(crate) told: Vec<Value>,
    calls: u32,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(SETTINGS, &[])
    }

    pub(crate) fn with(settings: &str, flash: &[u8]) -> Self {
        let world = world();
        let device = taken(Device::new(settings, flash, &world.authority(), &world.url()));
        let flash = if flash.is_empty() { vec![0xff; FLASH] } else { flash.to_vec() };
        let bench = Self { world, device, flash, screen: String::new(), told: Vec::new(), calls: 0 };
        bench.device.set_link(true);
        bench
    }

    /// One that has claimed its device, which is live.
    pub(crate) fn live() -> Self {
        let mut bench = Self::new();
        bench.claims();
        bench
    }

    /// Claims its device, and waits until it is live.
    pub(crate) fn claims(&mut self) {
        self.sees("config: ");
        let spaces = self.ask("GET", "/api/spaces", "");
        let space = spaces["spaces"][0].clone();
        let (id, room) = (space["id"].as_str().expect("an id"), space["rooms"][0]["id"].as_str().expect("a room"));
        let tokens = self.ask("GET", &format!("/api/spaces/{id}/tokens"), "");
        let token = tokens["tokens"][0]["token"].as_str().expect("a token");
        self.device.type_text(&format!("claim {token} {room}\r"));
        self.sees("live as node ");
    }

    /// Everything that happens now; milliseconds until something is due.
    pub(crate) fn step(&mut self) -> f64 {
        let mut due = self.device.step();
        while let Some(page) = self.device.changed_page() {
            let start = page as usize * PAGE;
            self.flash[start..start + PAGE].copy_from_slice(&self.device.page(page));
        }
        while let Some(frame) = self.device.transmit() {
            self.world.receive(&frame);
            due = 0.0;
        }
        due = due.min(self.world.step());
        while let Some(frame) = self.world.transmit() {
            self.device.receive(&frame);
            due = 0.0;
        }
        let told = core::iter::from_fn(|| self.device.told()).chain(core::iter::from_fn(|| self.world.told()));
        for text in told {
            let message: Value = serde_json::from_str(&text).expect("JSON");
            if message["type"] == "console" {
                self.screen.push_str(message["text"].as_str().expect("a text"));
            }
            self.told.push(message);
        }
        due
    }

    /// Runs until `found` yields something.
    pub(crate) fn run<T>(&mut self, what: &str, found: impl Fn(&Self) -> Option<T>) -> T {
        let mut passed = 0.0;
        loop {
            let due = self.step();
            if let Some(found) = found(self) {
                return found;
            }
            if due > 0.0 {
                assert!(passed < PATIENCE, "{what} does not come about:\n{}", self.screen);
                let span = due.min(1_000.0);
                advance(span);
                passed += span;
            }
        }
    }

    /// Runs until `text` is on the screen.
    pub(crate) fn sees(&mut self, text: &str) {
        self.run(text, |bench| bench.screen.contains(text).then_some(()));
    }

    /// Whatever may happen in some minutes.
    pub(crate) fn goes_on(&mut self) {
        for _ in 0..300 {
            self.step();
            advance(1_000.0);
        }
    }

    /// Status and body of an answer of the administrator's API.
    pub(crate) fn answer(&mut self, method: &str, path: &str, body: &str) -> (u64, Value) {
        self.calls += 1;
        self.world.request(self.calls, method, path, body);
        self.wait_for_answer()
    }

    /// The same of the device's local API.
    pub(crate) fn call(&mut self, path: &str) -> (u64, Value) {
        self.calls += 1;
        self.world.call(self.calls, path);
        self.wait_for_answer()
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> Value {
        let (status, answer) = self.answer(method, path, body);
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    fn wait_for_answer(&mut self) -> (u64, Value) {
        let number = self.calls;
        let answer = self.run("an answer", |bench| {
            let answers = |message: &&Value| message["type"] == "answer" && message["number"] == number;
            bench.told.iter().find(answers).map(|message| message["answer"].clone())
        });
        (answer["status"].as_u64().expect("a status"), answer["body"].clone())
    }
}
