//! The faults: each is explained, and strikes as it says.

use crate::visit::Visit;
use serde_json::{Value, json};

/// Opens a fault at a step, and yields its explanation: what stands under each heading.
const EXPLAIN: &str = "
  const [fault, step] = arguments_;
  location.hash = `#/faults/${encodeURIComponent(fault)}?step=${step}`;
  for (let turn = 0; turn < 200; turn += 1) {
    await new Promise((next) => setTimeout(next, 5));
    const card = document.querySelector('[data-explained]');
    if (card?.dataset.explained !== fault || card.querySelector('select').value !== step) continue;
    return Object.fromEntries([...card.querySelectorAll('dt')].map((title) => [title.textContent, title.nextElementSibling.textContent.trim()]));
  }
  return null;";

fn explanation(visit: &Visit, fault: &str, step: &str) -> Value {
    let arguments = json!([fault, step]);
    visit.run(&format!("const arguments_ = {arguments}; return (async () => {{ {EXPLAIN} }})()"))
}

#[test]
fn every_fault_is_explained_at_each_of_its_steps() {
    let Some(visit) = Visit::at("#/faults") else { return };
    visit.wait_for("faults, each with a name");
    let shown = visit.run("return [...document.querySelectorAll('[data-fault]')].map((one) => one.dataset.fault)");
    let shown: Vec<&str> = shown.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let names: Vec<&str> = aclk_cloud::Fault::list().iter().map(|fault| fault.name).collect();
    assert_eq!(shown, names);
    let mut poor = Vec::new();
    for fault in aclk_cloud::Fault::list() {
        for step in fault.steps {
            let found = explanation(&visit, fault.name, step.name());
            let headings = [
                "Where it comes from",
                "What a real user would have seen",
                "What the original agent says",
                "What this device says",
            ];
            if !headings.iter().all(|heading| found[heading].as_str().is_some_and(|text| text.len() > 5)) {
                poor.push(format!("{}@{step}: {found}", fault.name));
            }
        }
    }
    assert!(poor.is_empty(), "{poor:#?}");
    visit.leave();
}

/// Lets it strike at a device that is live, and looks whether the device says what the page has foretold.
fn strikes_as_foretold(visit: &Visit, fault: &str, step: &str) {
    let foretold = explanation(visit, fault, step);
    let cause = visit.run("return document.querySelectorAll('[data-explained] dd code')[document.querySelectorAll('[data-explained] dd code').length - 1].textContent");
    let cause = cause.as_str().unwrap();
    assert!(foretold["What this device says"].as_str().unwrap().contains(cause), "{foretold}");
    visit.fill("Times", "always");
    visit.press("Let it strike");
    visit.view("Link");
    let quoted = Value::from(cause);
    visit.until(
        &format!("{fault}@{step} with {cause:?}"),
        &format!("return [...document.querySelectorAll('[data-problem] .cause')].some((one) => one.textContent.includes({quoted}))"),
    );
    visit.wait_for("What to do:");
    visit.view("Faults");
    visit.press("Take all out");
    visit.until("an empty plan", "return !document.querySelector('.plan')");
    visit.view("Device");
    visit.click("//button[normalize-space()='reboot']");
    visit.wait_for_state("Live");
}

#[test]
fn a_fault_that_strikes_is_seen_as_it_is_explained() {
    let Some(visit) = Visit::first() else { return };
    visit.claim();
    visit.wait_for_state("Live");
    for (fault, step) in [
        ("status-503", "env"),
        ("html-body", "env"),
        ("challenge-wrong-key", "challenge"),
        ("accept-wrong", "upgrade"),
        ("connack-0x87", "connect"),
    ] {
        strikes_as_foretold(&visit, fault, step);
    }
    visit.leave();
}

#[test]
fn how_the_laboratory_is_set_is_in_the_address() {
    let Some(visit) = Visit::at("#/faults/status-503?step=env&plan=status-503@env&latency=120&host=attic") else {
        return;
    };
    visit.wait_for("status-503@env");
    visit.wait_for("120 ms");
    visit.wait_for("attic");
    assert_eq!(visit.run("return document.querySelector('[data-explained]').dataset.explained"), "status-503");
    // What is changed is in the address at once, and goes along to other views.
    visit.press("Take all out");
    visit.until("the plan has left the address", "return !location.hash.includes('plan=')");
    visit.view("Link");
    assert!(visit.run("return location.hash").as_str().unwrap().contains("latency=120"));
    visit.leave();
}
