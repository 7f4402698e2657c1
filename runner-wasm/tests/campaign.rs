//! Campaigns: the same seed gives the same run, and nothing that may never happen does.

use aclk_wasm::campaign::{replay, run};

#[test]
fn a_campaign_finds_nothing_that_may_never_happen() {
    let report = run(1, 60);
    assert_eq!(report.violations, []);
    let (events, faults) = report.coverage.met();
    println!(
        "{} runs, {} handshakes, {} pairs of state and event, {} of state and fault",
        report.done, report.handshakes, events, faults
    );
    assert!(report.handshakes > 400 && events > 40 && faults > 30, "{} {events} {faults}", report.handshakes);
}

#[test]
fn a_seed_gives_the_same_run_again() {
    let (one, other) = (replay(7), replay(7));
    assert_eq!(one, other);
    assert!(one.lines.iter().any(|line| line.text.starts_with("live as node ")), "{:?}", one.lines);
    assert!(one.lines.is_sorted_by_key(|line| line.at_ms), "a transcript is in order");
    assert_ne!(one.lines, replay(8).lines);
}
