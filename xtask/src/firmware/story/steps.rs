//! What was done, and how long it took.

use std::time::Instant;

/// Prints a line for each step.
pub(super) struct Steps {
    begun: Instant,
}

impl Steps {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now() }
    }

    pub(super) fn done(&mut self, what: &str) {
        println!("  {:7.1} s  {what}", self.begun.elapsed().as_secs_f64());
        self.begun = Instant::now();
    }
}
