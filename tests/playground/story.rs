//! The first visit, from the token to the end of the node.

use crate::visit::{DESKTOP, HEIGHT, Visit};
use serde_json::json;

/// Whether all of an element is in the window.
fn is_seen(visit: &Visit, selector: &str) -> bool {
    let script = format!(
        "const box = document.querySelector({selector:?}).getBoundingClientRect(); return box.height > 0 && box.top >= 0 && box.bottom <= innerHeight && box.right <= innerWidth"
    );
    visit.run(&script) == true
}

#[test]
fn somebody_who_has_never_claimed_a_node_claims_one_and_sees_it_live() {
    let Some(visit) = Visit::first() else { return };
    let usable = visit.run("return performance.now()").as_f64().unwrap();
    println!("usable {usable:.0} ms after the address was opened");
    visit.resize(DESKTOP, HEIGHT);
    // The way is there without scrolling.
    visit.wait_for("Create a token");
    visit.wait_for("Paste the command");
    visit.wait_for("Watch it come online");
    visit.wait_for("Add a device");
    assert!(is_seen(&visit, ".guide"));
    assert!(is_seen(&visit, "main button.primary"), "the button of the first step is out of sight");
    visit.wait_for_state("Not claimed");

    visit.press("Create a token");
    visit.wait_for("aclk claim -token=");
    visit.press("Take it to the device");
    visit.wait_for("proves that the Space wants this device");
    visit.press("Claim the device");
    visit.wait_for("The way to the Cloud");
    visit.wait_for_state("Live");
    visit.wait_for("Your device is live.");
    let legs = visit.run("return [...document.querySelectorAll('.leg')].map((leg) => leg.className)");
    assert_eq!(legs, json!(["leg done", "leg done", "leg done", "leg done", "leg done"]));
    assert_eq!(visit.run("return document.querySelector('.machine .here').dataset.state"), "live");

    // Its charts move.
    visit.view("Cloud");
    visit.wait_for("All nodes");
    let line = "document.querySelector('[data-chart] path.line, [data-chart] path.area')?.getAttribute('d')";
    let first = visit.until("a chart", &format!("return {line}?.includes('L') && {line}"));
    visit.until("the chart moves", &format!("return {line} !== {first}"));
    visit.press("Ask");
    visit.wait_for("\"cloud-available\": true");

    // Somebody pulls the cable.
    visit.run("scrollTo(0, 0)");
    visit.press("Pull the cable");
    visit.wait_for("The cable is out");
    visit.wait_for_state("Offline");
    visit.press("Plug it in");
    visit.wait_for_state("Live");

    // The token is not needed any more.
    visit.view("Administrator");
    visit.click("//button[starts-with(@aria-label, 'Revoke')]");
    visit.wait_for("revoked");
    visit.reboot();
    visit.view("Link");
    visit.wait_for_state("Live");

    visit.view("Device");
    visit.press("Unclaim…");
    visit.press("Unclaim");
    visit.wait_for_state("Not claimed");
    visit.view("Cloud");
    visit.wait_for("No node here yet");
    visit.leave();
}

#[test]
fn what_is_typed_while_the_device_starts_is_not_lost() {
    let Some(visit) = Visit::first() else { return };
    visit.view("Administrator");
    visit.press("Create a token");
    visit.press("Take it to the device");
    visit.click("//button[@role='switch']");
    visit.wait_for_state("Off");
    // This switches it on first.
    visit.press("Claim the device");
    visit.wait_for_state("Live");

    // It says farewell, and does not read any more.
    visit.view("Device");
    visit.press("Unclaim…");
    visit.run(
        "for (const word of ['reboot', 'Unclaim']) [...document.querySelectorAll('button')].find((one) => one.textContent.trim() === word).click()",
    );
    visit.wait_for_state("Not claimed");
    visit.wait_for("unclaimed: ");
    visit.leave();
}

#[test]
fn what_was_done_is_still_there_after_the_page_was_closed() {
    let Some(visit) = Visit::first() else { return };
    visit.claim();
    visit.wait_for_state("Live");
    visit.view("Device");
    let id = visit.run("return document.querySelector('.card code')?.textContent");
    visit.open("about:blank");
    visit.open(visit.url());
    // Without a token: the claim was kept in flash.
    visit.wait_for_state("Live");
    visit.view("Device");
    visit.wait_for(id.as_str().unwrap());
    visit.leave();
}

#[test]
fn a_device_that_makes_its_own_key_says_how_far_it_is_and_freezes_nothing() {
    let Some(visit) = Visit::at("#/device?key=generate") else { return };
    // A page that answers in between is not frozen: the longest gap between two turns of its loop is measured.
    visit.run("window.gap = 0; let last = performance.now(); setInterval(() => { const now = performance.now(); window.gap = Math.max(window.gap, now - last); last = now; }, 20)");
    visit.claim();
    visit.wait_for_state("Live");
    visit.view("Device");
    visit.wait_for("tried for two prime numbers");
    println!("the page was busy for {:.0} ms at most", visit.run("return window.gap").as_f64().unwrap());
    visit.leave();
}
