//! From power-on to the link over bad networks: what the device says, and how long it takes.
//!
//! The table is pinned in `netsim.txt`. Read the difference before you accept it with `UPDATE_SNAPSHOTS=1`:
//!
//! ```sh
//! cargo test -p aclk-netsim --features virtual-time
//! ```

mod certificates;
mod console;
mod local_api;
mod metrics;
mod scenarios;

use aclk_lan::{End, Faults};
use aclk_netsim::{Setup, Simulation, What};
use scenarios::{Scenario, scenarios};
use std::path::Path;
use std::time::Duration;

/// Tenths of a second since power-on, as seconds.
fn seconds(span: Duration) -> String {
    format!("{:.1}", span.as_secs_f64())
}

/// One line of the table.
fn outcome(scenario: &Scenario) -> String {
    let simulation = scenario.run();
    let happened = simulation.happened();
    let at = |wanted: &What| {
        let found = happened.iter().rev().find(|happened| happened.what == *wanted);
        found
            .map_or_else(|| "never".to_owned(), |happened| seconds(happened.at.since(aclk_core::clock::Instant::START)))
    };
    let failures = simulation.failures();
    let first = failures.first().map_or_else(String::new, |failure| {
        let purpose = failure.purpose.map_or_else(String::new, |purpose| format!("{purpose} "));
        format!("{purpose}{}: {}", failure.stage, failure.cause)
    });
    let sent = |end| simulation.lan.cable.counters(end).sent;
    format!(
        "{:38} {:>8} {:>8} {:>8} {:>7} {:>7}  {first}",
        scenario.name,
        at(&What::Claimed),
        at(&What::Online),
        failures.len(),
        sent(End::Device),
        sent(End::Router),
    )
    .trim_end()
    .to_owned()
}

/// All lines in order, worked out on all processors: each thread has a time of its own.
fn table() -> String {
    let all = scenarios();
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let mut lines: Vec<(usize, String)> = std::thread::scope(|scope| {
        let work = |worker: usize| {
            let all = &all;
            scope.spawn(move || {
                let mine = all.iter().enumerate().skip(worker).step_by(workers);
                mine.map(|(index, scenario)| (index, outcome(scenario))).collect::<Vec<_>>()
            })
        };
        let workers: Vec<_> = (0..workers).map(work).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("every device comes online")).collect()
    });
    lines.sort();
    let head = format!(
        "{:38} {:>8} {:>8} {:>8} {:>7} {:>7}  first failure\n",
        "seconds from power-on to", "claimed", "online", "failures", "frames", "answers"
    );
    lines.iter().fold(head, |table, (_, line)| table + line + "\n")
}

#[test]
fn every_device_comes_online_as_it_is_pinned() {
    let table = table();
    print!("{table}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/netsim.txt");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &table).expect("the table can be written");
    }
    let pinned = std::fs::read_to_string(&path).unwrap_or_default();
    for (now, before) in table.lines().zip(pinned.lines()) {
        assert_eq!(now, before);
    }
    assert_eq!(table.lines().count(), pinned.lines().count());
}

/// The table has one seed; the worst of it has to hold for others, too.
#[test]
fn bad_networks_are_survived_with_any_seed() {
    for seed in 100..140 {
        let hold = Duration::from_millis(50);
        let faults = Faults { loss: 0.3, reorder: 0.1, duplicate: 0.1, corrupt: 0.05, hold, ..Setup::default().faults };
        let mut simulation = Simulation::new(Setup { seed, faults, ..Setup::default() });
        let online = simulation.run_until(Duration::from_secs(7200), |simulation| simulation.is_online());
        assert!(online, "seed {seed}: {:#?}", simulation.happened());
    }
}

#[test]
fn the_same_setup_gives_the_same_run() {
    let run = || {
        let faults = Faults { loss: 0.1, duplicate: 0.1, ..Setup::default().faults };
        let mut simulation = Simulation::new(Setup { seed: 7, faults, ..Setup::default() });
        assert!(simulation.run_until(Duration::from_secs(3600), |simulation| simulation.is_online()));
        (simulation.happened(), simulation.lan.cable.counters(End::Device), simulation.lan.cable.counters(End::Router))
    };
    assert_eq!(run(), run());
}

/// A device that waits costs nothing: nobody wakes it without a reason.
#[test]
fn a_link_that_is_up_is_quiet() {
    let mut simulation = Simulation::new(Setup::default());
    assert!(simulation.run_until(Duration::from_secs(60), |simulation| simulation.is_online()));
    let sent = |simulation: &Simulation| simulation.lan.cable.counters(End::Device).sent;
    let before = sent(&simulation);
    simulation.run_for(Duration::from_secs(3600));
    assert!(simulation.is_online() && simulation.failures().is_empty(), "{:?}", simulation.happened());
    // A ping every 45 seconds, its acknowledgements, and now and then ARP.
    let frames = sent(&simulation) - before;
    assert!((80..400).contains(&frames), "{frames} frames in an hour");
    assert_eq!(simulation.cloud().deviations(), []);
}
