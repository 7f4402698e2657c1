//! What passes the device's end of the cable, for the inspector.

use crate::clock;
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

    /// The frames that are new: `FrameSummary` of types.ts.
    pub(super) fn news(&mut self) -> Vec<Value> {
        let mut inspector = lock(&self.inspector);
        // Whoever wants to know more of a frame asks for it.
        let _ = inspector.changed();
        let rows = inspector.frames(self.next, &Filter { limit: Some(ROWS), ..Filter::default() });
        self.next = rows.last().map_or(self.next, |row| row.id + 1);
        let told = rows.into_iter().map(|row| {
            let from = if row.direction == Direction::Out { "device" } else { "network" };
            json!({ "id": row.id, "at": row.time_us as f64 / 1e3, "from": from, "bytes": row.length, "fate": row.remark })
        });
        told.collect()
    }

    /// `Summary[]` of inspect.ts.
    pub(super) fn frames(&self, from: f64, filter: &str) -> Result<String, JsError> {
        let filter: Filter = serde_json::from_str(filter)?;
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
