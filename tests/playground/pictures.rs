//! Every view, on a desktop and on a phone, in light and dark. That nothing sticks out at the side is looked at, too.

use crate::visit::{DESKTOP, HEIGHT, PHONE, Visit};

fn pictures(visit: &Visit, name: &str) {
    for (suffix, width, dark) in
        [("", DESKTOP, false), ("-dark", DESKTOP, true), ("-phone", PHONE, false), ("-phone-dark", PHONE, true)]
    {
        visit.dark(dark);
        visit.picture(&format!("playground-{name}{suffix}"), width);
    }
    visit.dark(false);
    visit.resize(DESKTOP, HEIGHT);
}

#[test]
fn every_view_fits_desktop_and_phone() {
    let Some(visit) = Visit::first() else { return };
    visit.wait_for("Add a device");
    pictures(&visit, "first-visit");
    visit.press("Create a token");
    visit.wait_for("Take it to the device");
    pictures(&visit, "administrator");
    visit.press("Take it to the device");
    visit.wait_for("Claim command");
    pictures(&visit, "device");
    visit.press("Claim the device");
    visit.wait_for_state("Live");
    pictures(&visit, "link");
    visit.press("Who says what");
    visit.wait_for("Taken for live");
    pictures(&visit, "link-talk");
    visit.press("Every byte");
    visit.fill("Layer", "MQTT");
    visit.click("(//button[@data-frame])[1]");
    visit.wait_for("Show secrets");
    pictures(&visit, "link-bytes");
    visit.view("Cloud");
    visit.until("four charts", "return document.querySelectorAll('[data-chart]').length === 4");
    pictures(&visit, "cloud");
    visit.view("Faults");
    visit.click("//button[@data-fault='challenge-wrong-key']");
    visit.wait_for("What the original agent says");
    pictures(&visit, "faults");
    visit.fill("Times", "always");
    visit.press("Let it strike");
    visit.view("Link");
    visit.press("The way up");
    visit.wait_for("It fails at the step Decrypt");
    pictures(&visit, "link-failure");
    visit.view("Scenarios");
    pictures(&visit, "scenarios");
    visit.view("Budget");
    visit.wait_for("Memory that never moves");
    pictures(&visit, "budget");
    visit.run("location.hash = '#/campaign?count=60'");
    visit.press("Run");
    visit.until("the end of the campaign", "return document.querySelector('[data-campaign=done]') !== null");
    pictures(&visit, "campaign");
    visit.leave();
}
