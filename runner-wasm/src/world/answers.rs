//! Requests of the administrator that wait for their answer.

use aclk_cloud::Cloud;
use aclk_cloud::admin::{self, Answer, Outcome, Wait};
use aclk_core::clock::Instant;
use core::time::Duration;

/// Waits at most; one more takes the place of the oldest, which is refused.
const WAITS: usize = 64;

/// What is there, and what is waited for, by the number of the request.
#[derive(Debug, Default)]
pub(super) struct Answers {
    there: Vec<(u32, Answer)>,
    waits: Vec<(u32, Wait)>,
}

impl Answers {
    /// What came of request `number`.
    pub(super) fn add(&mut self, number: u32, outcome: Outcome) {
        match outcome {
            Outcome::Now(answer) => self.there.push((number, answer)),
            Outcome::Later(wait) => {
                if self.waits.len() == WAITS {
                    let (oldest, _) = self.waits.remove(0);
                    self.there.push((oldest, Answer::error(503, "too many requests wait")));
                }
                self.waits.push((number, wait));
            }
        }
    }

    /// Those that can be answered by now.
    pub(super) fn ready(&mut self, cloud: &mut Cloud, now: Duration) -> Vec<(u32, Answer)> {
        let there = &mut self.there;
        self.waits.retain(|(number, wait)| match admin::resume(cloud, now, wait) {
            Some(answer) => {
                there.push((*number, answer));
                false
            }
            None => true,
        });
        core::mem::take(there)
    }

    /// When the next wait is over, whatever happens.
    pub(super) fn next(&self) -> Option<Instant> {
        let ends = self.waits.iter().filter_map(|(_, wait)| match wait {
            Wait::Events { until, .. } => Some(Instant::START + *until),
            // The Cloud sees to that.
            Wait::Reply { .. } => None,
        });
        ends.min()
    }
}
