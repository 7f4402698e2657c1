//! Campaigns, as a worker asks for them.

use crate::bench::{ODD_NUMBERS, taken};
use aclk_wasm::Campaign;
use serde_json::Value;
use wasm_bindgen_test::wasm_bindgen_test;

fn report(campaign: &Campaign) -> Value {
    serde_json::from_str(&taken(campaign.report())).expect("JSON")
}

#[wasm_bindgen_test]
fn a_campaign_is_as_long_as_it_was_told() {
    let mut campaign = Campaign::new(3.0, 2.0);
    assert_eq!(report(&campaign)["done"], 0);
    assert!(campaign.step());
    assert!(!campaign.step());
    assert!(!campaign.step());
    let report = report(&campaign);
    assert_eq!((&report["done"], &report["violations"]), (&Value::from(2), &Value::Array(Vec::new())));
    assert!(report["handshakes"].as_u64() >= Some(2));
}

#[wasm_bindgen_test]
fn a_replay_is_the_same_every_time() {
    let first = taken(Campaign::replay(7.0));
    assert_eq!(first, taken(Campaign::replay(7.0)));
    assert_ne!(first, taken(Campaign::replay(8.0)));
}

#[wasm_bindgen_test]
fn any_number_is_a_seed_and_a_count() {
    for odd in ODD_NUMBERS {
        let mut campaign = Campaign::new(odd, odd);
        campaign.step();
        assert!(report(&campaign)["done"].as_u64() <= Some(1));
        taken(Campaign::replay(odd));
    }
}
