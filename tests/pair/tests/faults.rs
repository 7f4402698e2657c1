//! Every fault the emulated Cloud knows, at every step where it can strike: what the device says, and what becomes of it.
//!
//! The table is pinned in `faults.txt`. Read the difference before you accept it with `UPDATE_SNAPSHOTS=1`.

use aclk_cloud::{Config, Fault, FaultPlan, Step};
use aclk_core::stage::{Failure, Next, Stage};
use aclk_pair::{Done, Pair, Setup};
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
/// How long a fault stays where it stays.
const SIEGE: Duration = Duration::from_secs(600);

/// The steps a device goes through here: there is no TLS.
fn cases() -> impl Iterator<Item = (&'static Fault, Step)> {
    Fault::list()
        .iter()
        .flat_map(|fault| fault.steps.iter().map(move |step| (fault, *step)))
        .filter(|(_, step)| *step != Step::Tls)
}

fn with_fault(fault: &Fault, step: Step, times: &str) -> Setup {
    let mut faults = FaultPlan::default();
    faults.add(&format!("{}@{step}{times}", fault.name)).expect("the fault is one of the list");
    Setup { cloud: Config { faults, ..Config::default() }, ..Setup::default() }
}

fn describe(failure: &Failure) -> String {
    let mut text = failure.purpose.map_or_else(String::new, |purpose| format!("{purpose} "));
    let next = match failure.next {
        Next::Stop => "stop",
        Next::Retry(_) => "retry",
        Next::Banned => "banned",
    };
    let _ = write!(text, "{}: {} [{next}]", failure.stage, failure.cause);
    if let Some(said) = failure.server.as_ref().filter(|said| !said.key.is_empty()) {
        let _ = write!(text, " <{}>", said.key);
    }
    text
}

/// What a fault that strikes once leads to: the first failure, and how it ends.
fn outcome(fault: &'static Fault, step: Step) -> String {
    let mut pair = Pair::new(with_fault(fault, step, "*1"));
    let online = pair.run_until(Pair::is_online, HOUR);
    // Faults that follow the announcement show only afterwards.
    pair.run_for(Duration::from_secs(180));
    let ended = match (pair.is_online(), online, pair.is_claimed()) {
        (true, ..) if pair.is_live() => "live",
        (true, ..) => "online",
        (false, true, _) => "was online",
        (false, false, true) => "claimed",
        (false, false, false) => "not claimed",
    };
    let failures = pair.failures();
    let first = failures.first().map_or_else(|| "-".to_owned(), |failure| describe(failure));
    let more = failures.len().saturating_sub(1);
    let more = if more == 0 { String::new() } else { format!(" (+{more})") };
    format!("{:38} {ended:12} {first}{more}\n", format!("{}@{step}", fault.name))
}

#[test]
fn every_fault_has_the_outcome_that_is_pinned() {
    let table: String = cases().map(|(fault, step)| outcome(fault, step)).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults.txt");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &table).expect("the table can be written");
    }
    let pinned = std::fs::read_to_string(&path).unwrap_or_default();
    for (now, before) in table.lines().zip(pinned.lines()) {
        assert_eq!(now, before);
    }
    assert_eq!(table.lines().count(), pinned.lines().count());
}

/// A Cloud that stays broken is called no faster than the back-off allows, and nothing grows or stands still.
#[test]
fn a_fault_that_stays_is_never_met_with_impatience() {
    for (fault, step) in cases() {
        let mut pair = Pair::new(with_fault(fault, step, ""));
        pair.run_for(Duration::from_secs(100));
        if pair.failures().is_empty() {
            continue;
        }
        pair.run_for(SIEGE);
        let mut due = Duration::ZERO;
        let mut failures = 0_u32;
        for happened in &pair.happened {
            let Some(failure) = happened.what.failure().filter(|_| !matches!(happened.what, Done::Notice(_))) else {
                continue;
            };
            assert!(happened.at >= due, "{}@{step}: {failure} at {:?}, due {due:?}", fault.name, happened.at);
            assert!(!failure.cause.is_empty());
            failures += 1;
            due = match failure.next {
                Next::Retry(delay) => {
                    assert!(delay >= Duration::from_secs(1), "{failure}");
                    happened.at + delay
                }
                Next::Stop | Next::Banned => Duration::MAX,
            };
        }
        // A delay of the Cloud's own is at least five seconds; the usual ones double.
        assert!(u64::from(failures) <= (100 + SIEGE.as_secs()) / 5 + 1, "{}@{step}: {failures} failures", fault.name);
    }
}

#[test]
fn no_failure_shows_a_secret_or_a_control_character() {
    for (fault, step) in cases() {
        let mut pair = Pair::new(with_fault(fault, step, "*1"));
        pair.run_for(Duration::from_secs(65));
        let told = format!("{:?}", pair.happened);
        assert!(!told.contains(pair.cloud.token()), "{}@{step}", fault.name);
        for failure in pair.failures() {
            let text = format!("{failure} {:?}", failure.server);
            assert!(!text.contains("PRIVATE KEY"), "{}@{step}: {text}", fault.name);
            assert!(!text.chars().any(char::is_control), "{}@{step}: {text:?}", fault.name);
        }
    }
}

/// An answer that ends early, at every byte it can end at, is a failure with a name; the next one is taken.
#[test]
fn an_answer_cut_off_at_any_byte_is_a_named_failure() {
    // The last one has no end: a link that closes right behind its 101 is cut off as well.
    let steps = [(Step::Claim, 9_999), (Step::Env, 9_999), (Step::Challenge, 9_999), (Step::Password, 9_999)];
    for (step, most) in steps.into_iter().chain([(Step::Upgrade, 200)]) {
        let mut cut = 0;
        for bytes in 1..=most {
            let mut faults = FaultPlan::default();
            faults.add(&format!("truncate={bytes}@{step}*1")).expect("there is such a fault");
            let mut pair = Pair::new(Setup { cloud: Config { faults, ..Config::default() }, ..Setup::default() });
            assert!(pair.run_until(Pair::is_online, HOUR), "{bytes} bytes of {step}: {:?}", pair.failures());
            let Some(failure) = pair.failures().first().copied().cloned() else { break };
            assert!(matches!(failure.stage, Stage::Http | Stage::Websocket | Stage::Tcp), "{failure}");
            assert_eq!(pair.failures().len(), 1, "{bytes} bytes of {step}: {:?}", pair.failures());
            cut = bytes;
        }
        println!("{step}: cut off at each of its {cut} bytes");
        assert!(cut > 20, "{step}");
    }
}
