//! Beginning anew, as after a crash: what devices do then is worth seeing.

use super::Desk;
use crate::admin::Answer;
use serde::Deserialize;
use std::time::Duration;

/// The longest it can be away, in seconds.
const AWAY_MAX: u64 = 3_600;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    away: u64,
}

impl Desk {
    /// Ends everything at once, to begin anew. The answer may arrive or not: its connection ends as well.
    pub(super) fn restart(&self, body: &[u8]) -> Answer {
        if !self.restarts {
            return Answer::error(
                409,
                "only \"aclk cloud\" with --state can begin anew: others would forget every node",
            );
        }
        match serde_json::from_slice::<Wanted>(body) {
            Ok(Wanted { away }) if away <= AWAY_MAX => {
                self.shared.begin_anew(Duration::from_secs(away));
                Answer { status: 202, body: Some(serde_json::json!({ "away": away })) }
            }
            Ok(_) => Answer::error(400, "away is from 0 to 3600 seconds"),
            Err(error) => Answer::error(400, &format!("the body is not what it should be: {error}")),
        }
    }
}
