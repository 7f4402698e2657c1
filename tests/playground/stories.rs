//! The cases of docs/troubleshooting.md as stories: each goes wrong as it says, and is mended as it says.

use crate::visit::Visit;
use serde_json::Value;

/// Plays all stories of a group to their ends.
fn play(group: &str) {
    let Some(visit) = Visit::at("#/scenarios") else { return };
    visit.wait_for("Each story sets up a fresh device");
    let names = visit.run(&format!(
        "return [...document.querySelectorAll('.card')].find((card) => card.querySelector('h2').textContent === {group:?}) ?.querySelectorAll('[data-story]').values().map((one) => one.dataset.story).toArray()"
    ));
    let names: Vec<&str> = names.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(!names.is_empty(), "{group}");
    for name in names {
        visit.run(&format!("document.querySelector('[data-story={name}]').scrollIntoView({{ block: 'center' }})"));
        visit.click(&format!("//*[@data-story='{name}']//button[normalize-space()='Play']"));
        visit.until(
            &format!("{name} goes wrong"),
            "return ['see', 'over'].includes(document.querySelector('.story')?.dataset.act)",
        );
        if visit
            .run("return [...document.querySelectorAll('.story button')].some((one) => one.textContent === 'Mend it')")
            == true
        {
            visit.press("Mend it");
            visit
                .until(&format!("{name} is mended"), "return document.querySelector('.story')?.dataset.act === 'over'");
        } else {
            visit.wait_for_state("Live");
        }
        println!("{name}: played");
        visit.press("Leave the story");
        visit.until(
            "the own device is back",
            "return !document.querySelector('.story') && document.querySelector('.switch')?.disabled === false",
        );
    }
    visit.leave();
}

#[test]
fn claiming() {
    play("Claiming");
}

#[test]
fn the_network() {
    play("The network");
}

#[test]
fn proxies() {
    play("Proxies");
}

#[test]
fn certificates_and_clocks() {
    play("Certificates and clocks");
}

#[test]
fn what_the_cloud_says() {
    play("What the Cloud says");
}

#[test]
fn the_device_itself() {
    play("The device itself");
}

#[test]
fn a_link_to_a_story_plays_it() {
    let Some(visit) = Visit::at("#/scenarios/captive-portal?play=yes") else { return };
    visit.until("it goes wrong", "return document.querySelector('.story')?.dataset.act === 'see'");
    visit.wait_for("An HTML page where JSON should be.");
    visit.wait_for("It fails at the step Answer");
    visit.leave();
}
