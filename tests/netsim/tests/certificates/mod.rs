//! Certificates that are no good, and clocks that are wrong: the row "TLS" of protocol.md 8.3 (expired; another host; unknown
//! CA) and of the row "around it" the clock far in the past. TLS, its checks and the clock are those of the firmware; the
//! certificates are what the emulated Cloud's faults of these names describe.

use aclk_core::stage::{Failure, Next, Purpose, Stage};
use aclk_lan::{Answer, SntpFault};
use aclk_netsim::{Setup, Simulation, What};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);
/// From the time of day of the simulation, 2026-01-01, back to 2001-01-01, in seconds.
const TO_2001: i64 = -788_918_400;

/// What the device says of each certificate. Its clock is right.
const CAUSES: [(&str, &str); 5] = [
    ("tls-expired", "certificate expired on 2025-06-01"),
    ("tls-not-yet-valid", "certificate is not valid before 2033-01-01: is the clock right, which says 2026-01-01?"),
    ("tls-wrong-host", "certificate is for \"wrong.example\", not \"cloud.test\""),
    (
        "tls-unknown-ca",
        "a signature in the server's certificate chain is wrong, or its key too short (issuer \"authority\")",
    ),
    ("tls-self-signed", "server's certificate is self-signed and not trusted"),
];
/// What it says of a certificate that is younger than its firmware while it does not know the time.
const NO_TIME: &str = "certificate is not valid before 2025-11-01: the clock is not set, it counts as 2025-10-09";

fn online(simulation: &mut Simulation) {
    let online = simulation.run_until(2 * HOUR, |simulation| simulation.is_online());
    assert!(online, "{:#?}", simulation.happened());
    assert_eq!(simulation.cloud().deviations(), []);
}

/// The next two connections end in the TLS handshake.
fn twice(fault: &str) -> String {
    format!("{fault}@tls*2")
}

/// What the device told of TLS: each time for `purpose`, and each time it tries again, in the end later than at first.
fn refusals(failures: &[Failure], purpose: Purpose) -> Vec<&str> {
    let refusals: Vec<&Failure> = failures.iter().filter(|failure| failure.stage == Stage::Tls).collect();
    let pauses: Vec<Duration> = refusals
        .iter()
        .map(|failure| match failure.next {
            Next::Retry(pause) if failure.purpose == Some(purpose) => pause,
            _ => panic!("{failure:?}"),
        })
        .collect();
    assert!(!pauses.contains(&Duration::ZERO) && pauses.first() < pauses.last(), "{pauses:?}");
    refusals.iter().map(|failure| failure.cause.as_str()).collect()
}

#[test]
fn a_certificate_that_is_no_good_keeps_a_device_from_claiming_until_it_is_replaced() {
    for (fault, cause) in CAUSES {
        let mut setup = Setup::default();
        setup.cloud.faults.add(&twice(fault)).expect("the fault exists");
        let mut simulation = Simulation::new(setup);
        online(&mut simulation);
        let failures = simulation.failures();
        assert_eq!(refusals(&failures, Purpose::Claim), [cause; 2], "{fault}");
        assert_eq!(failures.len(), 2, "nothing else went wrong with {fault}: {failures:?}");
    }
}

#[test]
fn a_certificate_that_is_no_good_any_more_keeps_a_claimed_device_offline_until_it_is_replaced() {
    for (fault, cause) in CAUSES {
        let mut simulation = Simulation::new(Setup::default());
        online(&mut simulation);
        simulation.cloud_down();
        assert!(simulation.run_until(MINUTE, |simulation| !simulation.is_online()));
        simulation.cloud_up();
        simulation.cloud().faults_mut().add(&twice(fault)).expect("the fault exists");
        online(&mut simulation);
        assert_eq!(refusals(&simulation.failures(), Purpose::Env), [cause; 2], "{fault}");
        let claimed = simulation.happened().iter().filter(|happened| happened.what == What::Claimed).count();
        assert_eq!(claimed, 1, "{fault}");
    }
}

/// The clock faults: no answer, and an answer out of the past.
const CLOCKS: [(SntpFault, &str); 2] = [
    (SntpFault::Silent, "the time server does not answer"),
    (SntpFault::Off(TO_2001), "the time server tells a time before this program was built"),
];

#[test]
fn a_clock_far_in_the_past_counts_as_the_time_of_the_build() {
    for (fault, cause) in CLOCKS {
        let mut setup = Setup::default();
        setup.router.sntp.fault = Some(fault);
        let mut simulation = Simulation::new(setup);
        online(&mut simulation);
        let failures = simulation.failures();
        let told: Vec<_> = failures.iter().map(|failure| (failure.stage, failure.cause.as_str())).collect();
        assert_eq!(told, [(Stage::Clock, cause)]);
    }
}

#[test]
fn a_device_that_does_not_know_the_time_is_kept_offline_by_a_younger_certificate_until_it_learns_it() {
    for (fault, cause) in CLOCKS {
        let mut setup = Setup { renewed: true, ..Setup::default() };
        setup.router.sntp.fault = Some(fault);
        let mut simulation = Simulation::new(setup);
        assert!(!simulation.run_until(HOUR, |simulation| simulation.is_online()), "{:#?}", simulation.happened());
        let failures = simulation.failures();
        assert_eq!((failures[0].stage, failures[0].cause.as_str()), (Stage::Clock, cause));
        let refusals = refusals(&failures, Purpose::Claim);
        assert!(refusals.len() > 5 && refusals.iter().all(|refusal| *refusal == NO_TIME), "{refusals:?}");

        simulation.lan.router.services().sntp.fault = None;
        online(&mut simulation);
    }
}

#[test]
fn a_time_server_may_have_a_name() {
    let mut simulation = Simulation::new(Setup { renewed: true, time_server: "time.test", ..Setup::default() });
    online(&mut simulation);
    assert_eq!(simulation.failures(), [], "the certificate is younger than the firmware, and the time is known");
}

#[test]
fn a_time_server_whose_name_nobody_knows_is_told_of_and_looked_for_again() {
    let mut simulation = Simulation::new(Setup { renewed: true, time_server: "ntp.test", ..Setup::default() });
    assert!(!simulation.run_until(HOUR, |simulation| simulation.is_online()), "{:#?}", simulation.happened());
    let failures = simulation.failures();
    let told = (failures[0].stage, failures[0].cause.as_str());
    assert_eq!(told, (Stage::Clock, "the name of the time server cannot be resolved"));
    assert_eq!(failures.iter().filter(|failure| failure.stage == Stage::Clock).count(), 1, "it is said once");

    simulation.lan.router.services().dns.insert("ntp.test", Answer::Router);
    online(&mut simulation);
}
