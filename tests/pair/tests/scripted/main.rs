//! What no well-behaved Cloud says, byte for byte, and what the engine makes of it.

mod bench;

use aclk_core::engine::event::Goal;
use aclk_core::stage::Next;
use bench::{Bench, Script, claimed, env, json};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// The delays the engine announced.
fn delays(bench: &Bench) -> Vec<Duration> {
    let delay = |failure: &aclk_core::stage::Failure| match failure.next {
        Next::Retry(delay) => Some(delay),
        _ => None,
    };
    bench.failures.iter().filter_map(delay).collect()
}

#[test]
fn a_back_off_of_years_is_cut_to_a_day() {
    for backoff in [
        r#""base":10,"minSeconds":2147483647,"maxSeconds":2147483647"#,
        r#""base":2,"minSeconds":9000000,"maxSeconds":2147483647"#,
    ] {
        let challenge = json("503 Service Unavailable", "");
        let mut bench = Bench::new(Goal::Link, claimed(), Script { env: env(backoff), challenge, ..Script::default() });
        bench.run_for(3 * DAY);
        assert!(delays(&bench).iter().all(|delay| (DAY..=DAY * 3 / 2).contains(delay)), "{:?}", delays(&bench));
        assert!(delays(&bench).len() >= 2);
    }
}
