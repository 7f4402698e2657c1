//! What passes the device's end of the cable, for the inspector.

use crate::clock;
use crate::input::parse;
use aclk_inspect::view::{Direction, Filter};
use aclk_inspect::{Inspector, Limits};
use aclk_lan::{Cable, End};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wasm_bindgen::JsError;

/// Rows that are told at a time.
const ROWS: usize = 1_000;

/// The inspector, told of every frame.
pub(super) struct Capture {
    inspector: Arc<Mutex<Inspector>>,
    /// The number of the first frame that was not told yet.
    next: u64,
}

impl Capture {
    /// Looks at `cable` from now on.
    pub(super) fn new(cable: &mut Cable) -> Self {
        let inspector = Arc::new(Mutex::new(Inspector::new(Limits::default())));
        let told = Arc::clone(&inspector);
        cable.watch(End::Device, move |frame| {
            let direction = if frame.outbound { Direction::Out } else { Direction::In };
            let time_us = clock::epoch_us().saturating_add(frame.at.as_micros());
            lock(&told).frame(time_us, direction, frame.frame, frame.remark);
        });
        Self { inspector, next: 0 }
    }

    /// Secrets of TLS, as lines of a key log.
    pub(super) fn add_secrets(&self, lines: &str) {
        lock(&self.inspector).key_log(lines);
    }

    /// What there is to tell, as `FromCloud` of wire.ts: the frames that are new, and from which on more is known than was
    /// told before, because their secret has come or a segment that was missing in front of them.
    pub(super) fn news(&mut self) -> Vec<Value> {
        let mut inspector = lock(&self.inspector);
        // In order: the first one is the oldest. Those that nobody was told of come with all that is known.
        let changed = inspector.changed().into_iter().next().filter(|first| *first < self.next);
        let rows = inspector.frames(self.next, &Filter { limit: Some(ROWS), ..Filter::default() });
        self.next = rows.last().map_or(self.next, |row| row.id + 1);
        let changed = changed.map(|from| json!({ "type": "frames-changed", "from": from }));
        let new = rows.into_iter().map(|row| {
            let from = if row.direction == Direction::Out { "device" } else { "network" };
            let at = row.time_us as f64 / 1e3;
            let frame = json!({ "id": row.id, "at": at, "from": from, "bytes": row.length, "fate": row.remark });
            json!({ "type": "frame", "frame": frame })
        });
        changed.into_iter().chain(new).collect()
    }

    /// `Summary[]` of inspect.ts.
    pub(super) fn frames(&self, from: f64, filter: &str) -> Result<String, JsError> {
        let filter: Filter = parse("the filter", filter).map_err(|error| JsError::new(&error))?;
        Ok(serde_json::to_string(&lock(&self.inspector).frames(from as u64, &filter))?)
    }

    /// `Dissection | null` of inspect.ts.
    pub(super) fn dissect(&self, id: f64) -> Result<String, JsError> {
        Ok(serde_json::to_string(&lock(&self.inspector).dissect(id as u64))?)
    }

    /// `Connection[]` of inspect.ts.
    pub(super) fn connections(&self) -> Result<String, JsError> {
        Ok(serde_json::to_string(&lock(&self.inspector).connections())?)
    }

    pub(super) fn pcap(&self) -> Vec<u8> {
        lock(&self.inspector).pcap()
    }

    pub(super) fn pcapng(&self) -> Vec<u8> {
        lock(&self.inspector).pcapng()
    }

    pub(super) fn key_log(&self) -> String {
        lock(&self.inspector).key_log_text().to_owned()
    }

    pub(super) fn clear(&self) {
        lock(&self.inspector).clear();
    }
}

/// No code of others runs under the lock.
fn lock(inspector: &Mutex<Inspector>) -> MutexGuard<'_, Inspector> {
    inspector.lock().unwrap_or_else(PoisonError::into_inner)
}
