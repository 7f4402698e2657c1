//! What holds whatever happens, tried on random scenarios: 1 000, or as many as `ACLK_PROPERTY_CASES` says.

use aclk_properties::{PROPERTIES, cases, config, play, scenarios};
use proptest::prelude::*;

proptest! {
    #![proptest_config(config("scenarios", cases(1_000)))]

    #[test]
    fn every_property_holds_in_every_scenario(scenario in scenarios()) {
        let run = play(&scenario);
        for property in PROPERTIES {
            let outcome = (property.check)(&run);
            prop_assert!(outcome.is_ok(), "{}: {}", property.name, outcome.unwrap_err());
        }
    }
}

proptest! {
    // Each takes two runs.
    #![proptest_config(config("transcripts", cases(1_000) / 4))]

    #[test]
    fn the_same_seed_gives_the_same_transcript(scenario in scenarios()) {
        let (one, other) = (play(&scenario), play(&scenario));
        let differs = one.transcript.iter().zip(&other.transcript).find(|(one, other)| one != other);
        prop_assert!(differs.is_none() && one.transcript.len() == other.transcript.len(), "{differs:?}");
    }
}
