//! Each rule that the engine can be told to break is noticed by the property that is about it: the same properties, the same
//! scenarios, no more cases than every run tries.
//!
//! `cargo test -p aclk-properties --features broken --test broken`, or the gate `broken`.

mod server;

use aclk_core::broken::{Broken, with};
use aclk_core::engine::event::Goal;
use aclk_properties::exploration::explore;
use aclk_properties::{PROPERTIES, Scenario, play, scenarios};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

/// Cases that every run tries.
const CASES: u32 = 1_000;

/// Tries `property` while the engine breaks `rule`; yields what was found, and prints the smallest case of it.
fn caught<S: Strategy>(rule: Broken, cases: S, property: impl Fn(&S::Value) -> Result<(), String>) -> Option<String> {
    let config = Config { cases: CASES, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let outcome = with(rule, || runner.run(&cases, |case| property(&case).map_err(TestCaseError::fail)));
    match outcome {
        Ok(()) => None,
        Err(TestError::Fail(reason, case)) => {
            println!("{rule:?}: {reason}\n{case:#?}");
            Some(reason.message().to_owned())
        }
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

/// The first property that does not hold, in front of why.
fn all_hold(scenario: &Scenario) -> Result<(), String> {
    let run = play(scenario);
    PROPERTIES
        .iter()
        .try_for_each(|property| (property.check)(&run).map_err(|reason| format!("{}: {reason}", property.name)))
}

#[track_caller]
fn is_caught_by(rule: Broken, name: &str) {
    let reason = caught(rule, scenarios(), all_hold).unwrap_or_else(|| panic!("nobody noticed {rule:?}"));
    assert!(reason.starts_with(name), "{rule:?} was noticed by another property: {reason}");
}

#[test]
fn a_back_off_in_milliseconds_is_caught() {
    is_caught_by(Broken::Backoff, "back-off never below the rule: ");
}

#[test]
fn a_token_that_leaks_is_caught() {
    is_caught_by(Broken::Token, "a secret leaves only where it belongs: the token: env");
}

#[test]
fn an_upgrade_that_nobody_verifies_is_caught() {
    is_caught_by(Broken::Upgrade, "a password goes only to who has proved the upgrade: ");
}

#[test]
fn a_certificate_that_nobody_verifies_is_caught() {
    let property = server::hears_the_secret_only_if_it_is_the_right_one;
    let reason = caught(Broken::Certificate, server::servers(), property);
    assert_eq!(reason.as_deref(), Some("a server that is not the right one was told the secret"));
}

#[test]
fn a_token_that_leaks_is_met_on_a_short_way_too() {
    let reason = with(Broken::Token, || explore(Goal::ClaimAndLink, 60)).expect_err("nobody noticed");
    assert!(reason.starts_with("a secret is sent on the connection for env"), "{reason}");
}

#[test]
fn nothing_is_broken_behind_the_test_or_on_another_thread() {
    with(Broken::Certificate, || {
        let elsewhere = std::thread::spawn(|| caught_none(64));
        elsewhere.join().expect("the other thread keeps every rule");
    });
    caught_none(64);
}

/// All servers are judged rightly.
fn caught_none(cases: u32) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let outcome = runner.run(&server::servers(), |server| {
        server::hears_the_secret_only_if_it_is_the_right_one(&server).map_err(TestCaseError::fail)
    });
    outcome.expect("every rule is kept");
}
