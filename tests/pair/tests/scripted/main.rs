//! What no well-behaved Cloud says, byte for byte, and what the engine makes of it.

mod bench;

use aclk_core::engine::event::Goal;
use aclk_core::stage::{Next, Purpose};
use aclk_core::store::Saved;
use bench::{Bench, Script, claim, claimed, env, frame, json, publish};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
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

/// A dead path shows only if somebody asks: a Cloud that needs no keep-alive, or a long one, does not change that.
#[test]
fn a_link_that_went_dead_is_noticed_whatever_keep_alive_the_cloud_grants() {
    for seconds in [0_u16, 30, 60, 65_535] {
        let [high, low] = seconds.to_be_bytes();
        let connack = vec![0x20, 6, 0, 0, 3, 0x13, high, low];
        let mut bench = Bench::online(Script { connack, ..Script::default() });
        bench.run_for(HOUR);
        assert!(bench.online && bench.failures.is_empty(), "{seconds}: {:?}", bench.failures);
        bench.script.answers = false;
        bench.run_for(2 * MINUTE);
        let causes: Vec<&str> = bench.failures.iter().map(|failure| failure.cause.as_str()).collect();
        assert_eq!(causes.first(), Some(&"no PINGRESP within 30 s"), "{seconds}");
    }
}
