//! The inspector, as the worker asks it.

use super::World;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
impl World {
    /// Frames from number `from` on that pass a `Filter` of inspect.ts: a `Summary[]`, as JSON.
    ///
    /// # Errors
    /// If the filter is none.
    pub fn frames(&self, from: f64, filter: &str) -> Result<String, JsError> {
        self.capture.frames(from, filter)
    }

    /// Everything in a frame: a `Dissection` of inspect.ts, or `null`, as JSON.
    ///
    /// # Errors
    /// None that is known of.
    pub fn dissect(&self, id: f64) -> Result<String, JsError> {
        self.capture.dissect(id)
    }

    /// All connections that are known: a `Connection[]` of inspect.ts, as JSON.
    ///
    /// # Errors
    /// None that is known of.
    pub fn connections(&self) -> Result<String, JsError> {
        self.capture.connections()
    }

    /// All frames that are kept, as a classic .pcap file.
    pub fn pcap(&self) -> Vec<u8> {
        self.capture.pcap()
    }

    /// The same as .pcapng, with the secrets of TLS inside.
    pub fn pcapng(&self) -> Vec<u8> {
        self.capture.pcapng()
    }

    /// The secrets of TLS, as Wireshark reads them.
    #[wasm_bindgen(js_name = keyLog)]
    pub fn key_log(&self) -> String {
        self.capture.key_log()
    }

    /// Forgets all frames.
    #[wasm_bindgen(js_name = clearFrames)]
    pub fn clear_frames(&self) {
        self.capture.clear();
    }
}
