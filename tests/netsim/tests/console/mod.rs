//! A device with flash and serial console, from the first claim to the last unclaim.

use aclk_netsim::{Kind, Setup, Simulation, What};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(120);

fn device(kind: Kind) -> Simulation {
    Simulation::new(Setup { device: kind, ..Setup::default() })
}

/// Waits for `text` on the screen, behind the first `seen` bytes.
fn wait_for(simulation: &mut Simulation, seen: usize, text: &str) {
    let is_there = |simulation: &mut Simulation| simulation.screen().get(seen..).is_some_and(|new| new.contains(text));
    let found = simulation.run_until(PATIENCE, is_there);
    assert!(found, "{text:?} is not in {}\n{:?}", simulation.screen(), simulation.failures());
}

fn claim(simulation: &mut Simulation) -> usize {
    let seen = simulation.screen().len();
    let token = simulation.cloud().token().to_owned();
    let rooms: Vec<String> = simulation.cloud().rooms().iter().map(|room| room.id.clone()).collect();
    simulation.types(&format!("claim {token} {}\r", rooms.join(",")));
    seen
}

fn count(simulation: &Simulation, what: &What) -> usize {
    simulation.happened().iter().filter(|happened| happened.what == *what).count()
}

#[test]
fn a_device_is_claimed_over_its_console_comes_back_after_a_reboot_and_is_unclaimed() {
    let mut simulation = device(Kind::Flash);
    simulation.run_for(Duration::from_secs(20));
    simulation.types("status\r");
    wait_for(&mut simulation, 0, "link       none: the device is not claimed");
    assert!(simulation.cloud().state().nodes.is_empty());

    let seen = claim(&mut simulation);
    wait_for(&mut simulation, seen, "the order is kept: claiming");
    wait_for(&mut simulation, seen, "live as node ");
    let token = simulation.cloud().token().to_owned();
    assert!(!simulation.screen().contains(&token), "the token is not shown");
    assert_eq!(simulation.cloud().state().nodes.len(), 1);
    let seen = simulation.screen().len();
    simulation.types("status\r");
    wait_for(&mut simulation, seen, "link       online for ");

    // It says farewell, starts anew, and does not claim again.
    let seen = simulation.screen().len();
    simulation.types("reboot\r");
    wait_for(&mut simulation, seen, "live as node ");
    assert_eq!((simulation.starts(), count(&simulation, &What::Claimed)), (2, 1));

    let seen = simulation.screen().len();
    simulation.types("unclaim\r");
    wait_for(&mut simulation, seen, "unclaimed: ");
    simulation.run_for(Duration::from_secs(30));
    assert!(simulation.cloud().state().nodes.is_empty(), "the Cloud was told");
    assert!(!simulation.screen()[seen..].contains("online\r\n"), "{}", simulation.screen());
    simulation.types("reboot\r");
    wait_for(&mut simulation, seen, "rebooting");
    simulation.run_for(Duration::from_secs(30));
    assert_eq!((simulation.starts(), count(&simulation, &What::Claimed)), (3, 1), "it has forgotten");
    assert_eq!(simulation.cloud().deviations(), []);
}

#[test]
fn a_device_without_a_key_makes_one_and_says_how_far_it_is() {
    let mut simulation = device(Kind::NoKey);
    let seen = claim(&mut simulation);
    wait_for(&mut simulation, seen, "live as node ");
    let screen = simulation.screen();
    assert!(screen.contains("key: 2 of 2 primes found"), "{screen}");
    // The token is spent, the key is kept.
    simulation.types("reboot\r");
    wait_for(&mut simulation, screen.len(), "live as node ");
    assert!(!simulation.screen()[screen.len()..].contains("primes"), "{}", simulation.screen());
}

#[test]
fn a_token_that_is_refused_is_explained_and_another_one_helps() {
    let mut simulation = device(Kind::Flash);
    simulation.types("claim not-a-token\r");
    wait_for(&mut simulation, 0, "not claimed: ");
    assert!(simulation.screen().contains("hint: "), "{}", simulation.screen());
    let seen = claim(&mut simulation);
    wait_for(&mut simulation, seen, "live as node ");
    assert_eq!(simulation.cloud().state().nodes.len(), 1);
}
