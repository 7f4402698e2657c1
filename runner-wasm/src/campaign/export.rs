//! Campaigns, as a worker asks for them.

use super::{Campaign as Inner, replay};
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

/// A campaign, a run at a time.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Campaign(Inner);

#[wasm_bindgen]
impl Campaign {
    /// The runs of `count` seeds from `first` on.
    #[wasm_bindgen(constructor)]
    pub fn new(first: f64, count: f64) -> Self {
        Self(Inner::new(first as u64, count as u64))
    }

    /// Makes one run more; `false` if there is none left.
    pub fn step(&mut self) -> bool {
        self.0.step()
    }

    /// What has come of it so far, as JSON: all of `CampaignProgress` of types.ts that a worker knows.
    ///
    /// # Errors
    /// None that is known of.
    pub fn report(&self) -> Result<String, JsError> {
        Ok(serde_json::to_string(self.0.report())?)
    }

    /// One run, step by step: a `CampaignTranscript` of types.ts, as JSON.
    ///
    /// # Errors
    /// None that is known of.
    pub fn replay(seed: f64) -> Result<String, JsError> {
        Ok(serde_json::to_string(&replay(seed as u64))?)
    }
}
