//! The faults: each is explained, and strikes as it says.

use crate::visit::Visit;
use serde_json::{Value, json};

/// Opens a fault, chooses one step after the other, and yields what is explained then: what stands under each heading.
/// Not faster than that: a browser leaves out changes of the address when there are more than 200 in ten seconds.
const EXPLAIN: &str = "
  await new Promise((next) => setTimeout(next, 120));
  location.hash = `#/faults/${encodeURIComponent(fault)}`;
  const found = [];
  for (const step of steps) {
    for (let turn = 0; turn < 2000; turn += 1) {
      const card = document.querySelector(`[data-explained='${fault}']`);
      if (card?.dataset.step === step) {
        found.push(Object.fromEntries([...card.querySelectorAll('dt')].map((title) => [title.textContent, title.nextElementSibling.textContent.trim()])));
        break;
      }
      const select = card?.querySelector('select');
      if (select && select.value !== step) {
        select.value = step;
        select.dispatchEvent(new Event('change', { bubbles: true }));
      }
      await new Promise((next) => setTimeout(next, 5));
    }
  }
  return found;";

fn explanations(visit: &Visit, fault: &str, steps: &[&str]) -> Vec<Value> {
    let (fault, steps) = (Value::from(fault), json!(steps));
    let found = visit.run(&format!("const fault = {fault}, steps = {steps}; return (async () => {{ {EXPLAIN} }})()"));
    found.as_array().unwrap().clone()
}

/// What is said of every fault.
const HEADINGS: [&str; 4] = [
    "Where it comes from",
    "What a real user would have seen",
    "What the original agent says",
    "What this device says",
];

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
        let steps: Vec<&str> = fault.steps.iter().map(|step| step.name()).collect();
        let found = explanations(&visit, fault.name, &steps);
        assert_eq!(found.len(), steps.len(), "{}: {found:?}", fault.name);
        for (step, found) in steps.iter().zip(&found) {
            let is_said = |heading: &&str| found[*heading].as_str().is_some_and(|text| text.len() > 5);
            if !HEADINGS.iter().all(is_said) {
                poor.push(format!("{}@{step}: {found}", fault.name));
            }
        }
    }
    assert!(poor.is_empty(), "{poor:#?}");
    visit.leave();
}

/// Lets it strike at a device that is live, and looks whether the device says what the page has foretold.
fn strikes_as_foretold(visit: &Visit, fault: &str, step: &str) {
    let foretold = explanations(visit, fault, &[step]).remove(0);
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
    visit.reboot();
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
fn an_address_with_nonsense_in_it_is_read_as_far_as_it_makes_sense() {
    let nonsense = "#/link/%E0%A4%A?latency=1e300&jitter=-5&loss=900&dice=1.5&bandwidth=1e99&clock=1e300&time=-1e99&via=http:%:%:of-nobody&dhcp=x&key=y&plan=of-nobody,,@&&=";
    let Some(visit) = Visit::at(nonsense) else { return };
    visit.wait_for("60000 ms");
    visit.wait_for("100 % lost");
    // What only the device itself can tell: it says so, and is not claimed around its proxy.
    visit.open("about:blank");
    visit.open(&format!("{}#/device?proxy=http://proxy.test:99999", visit.url()));
    visit.wait_for("config: the proxy cannot be used: ");
    visit.wait_for("The device cannot be as it is set up, and stays off");
    visit.until("the switch is off", "return document.querySelector('.switch').ariaChecked === 'false'");
    visit.fill("Proxy", "nonsense");
    visit.wait_for("It begins with http://, socks5:// or socks5h://, and a host follows.");
    visit.leave();
    let Some(visit) = Visit::at("#/of-nobody/?latency=fast&step=%00") else { return };
    visit.wait_for("Add a device");
    visit.claim();
    visit.wait_for_state("Live");
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
