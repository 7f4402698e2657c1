//! The administrator's page in a real browser, with a scripted device over real TLS. Its pictures are kept in
//! `target/screenshots`.

#[path = "../common/mod.rs"]
mod common;

#[allow(dead_code, reason = "this page offers no files, and nobody counts what it asks for")]
mod browser;
mod device;

use aclk_cloud::server::{Options, Running};
use browser::Browser;
use common::CLAIM_ID;
use device::Device;

const DESKTOP: u32 = 1_280;
const PHONE: u32 = 390;

/// Lets the page hear the answers to what it changes later than what comes of that, and counts who waits for events.
const SLOWLY: &str = "
  const { fetch } = window;
  window.polls = 0;
  window.fetch = async (path, init) => {
    const waits = path.includes('/events');
    window.polls += waits;
    try {
      const answer = await fetch(path, init);
      if (init?.method === 'DELETE' || path.endsWith('/logout')) await new Promise((next) => setTimeout(next, 1500));
      return answer;
    } finally {
      window.polls -= waits;
    }
  };";

fn state(cloud: &Running) -> Option<aclk_cloud::NodeView> {
    cloud.with(|cloud, _| cloud.view()).node(CLAIM_ID).cloned()
}

#[test]
fn an_administrator_sees_and_does_everything() {
    let Some(browser) = Browser::start() else { return };
    let cloud = Running::start(Options { admin: Some(([127, 0, 0, 1], 0).into()), ..Options::default() }).unwrap();
    let url = cloud.admin_url().unwrap();
    browser.dark(false);
    browser.resize(DESKTOP, 800);

    browser.open(url);
    browser.wait_for("Log in");
    browser.run(SLOWLY);
    browser.picture("login", DESKTOP);
    browser.fill("Credential", cloud.admin_credential().unwrap());
    browser.press("Log in");
    browser.wait_for("No node here yet");
    browser.wait_for("live");
    let said = browser.run("return document.body.innerHTML");
    let token = cloud.with(|cloud, _| cloud.token().to_owned());
    assert!(!said.as_str().unwrap().contains(&token), "the token is shown only when it is asked for");

    // The node appears by itself.
    let device = Device::start(&cloud);
    browser.wait_for("edge-1");
    browser.wait_for("1 of 1");
    browser.press("Show command");
    browser.wait_for(&format!("aclk claim -token={token} -rooms="));
    browser.press("Hide");
    // A real Agent's link does not look into claim.d.
    let trust = "The certificate that devices and Agents have to trust";
    browser.press(trust);
    browser.wait_for("claim.d/cloud_fullchain.pem of the device");
    browser.wait_for("its link trusts the system's authorities only");
    browser.wait_for(&format!("SSL_CERT_FILE={} netdata -D", cloud.ca_file().display()));
    browser.wait_for("update-ca-certificates");
    browser.picture("trust", DESKTOP);
    browser.picture("trust-phone", PHONE);
    browser.resize(DESKTOP, 800);
    browser.press(trust);
    for (name, width, dark) in [("space", DESKTOP, false), ("space-phone", PHONE, false), ("space-dark", DESKTOP, true)]
    {
        browser.dark(dark);
        browser.picture(name, width);
    }
    browser.dark(false);
    browser.resize(DESKTOP, 800);

    browser.press("edge-1");
    browser.wait_for("Debian GNU/Linux 12 (bookworm)");
    browser.wait_for("System Load Average");
    browser.press("Ask");
    browser.wait_for("cloud-available");
    browser.click("//button[@aria-label='Chart of system.cpu']");
    browser.wait_for("iowait");
    assert_eq!(browser.run("return document.querySelectorAll('[data-chart] path[d^=M]').length"), 6);
    for (name, width, dark) in [
        ("node", DESKTOP, false),
        ("node-phone", PHONE, false),
        ("node-dark", DESKTOP, true),
        ("node-phone-dark", PHONE, true),
    ] {
        browser.dark(dark);
        browser.picture(name, width);
    }
    browser.dark(false);
    browser.resize(DESKTOP, 800);

    browser.press("Faults");
    browser.wait_for("Nothing goes wrong on purpose.");
    browser.fill("Fault", "status-503");
    browser.fill("At", "env");
    browser.fill("Times", "1");
    browser.press("Inject");
    browser.wait_for("status-503@env*1");
    browser.picture("faults", DESKTOP);
    browser.picture("faults-phone", PHONE);
    browser.resize(DESKTOP, 800);

    browser.press("Spaces");
    browser.press("edge-1");
    browser.press("Disconnect…");
    browser.press("Disconnect");
    browser.wait_for("Asked to leave.");
    browser.press("Events");
    browser.wait_for("fault status-503@env");
    browser.wait_for("edge-1");
    browser.picture("events", DESKTOP);
    browser.picture("events-phone", PHONE);
    browser.resize(DESKTOP, 800);

    browser.press("Spaces");
    browser.press("edge-1");
    browser.press("Ban…");
    browser.press("Ban");
    browser.wait_for("Let in again");
    assert!(state(&cloud).unwrap().banned);
    browser.press("Let in again");
    browser.wait_for("Ban…");
    assert!(!state(&cloud).unwrap().banned);
    browser.press("Remove…");
    browser.picture("dialog", DESKTOP);
    browser.press("Remove");
    browser.wait_for("No node here yet");
    assert_eq!(state(&cloud), None);
    drop(device);
    browser.press("Revoke");
    browser.click("//dialog//button[normalize-space()='Revoke']");
    browser.wait_for("revoked");
    browser.press("New token");
    browser.press("Make");
    browser.wait_for("Show command");
    browser.press("New Space");
    browser.fill("Name", "Lab <b>2</b>");
    browser.press("Add");
    browser.wait_for("Lab <b>2</b>");
    browser.press("New room");
    browser.fill("Name", "Shelf 1");
    browser.press("Add");
    browser.wait_for("Shelf 1 · 0");
    browser.press("Spaces");
    browser.wait_for("Demo Space");
    browser.picture("spaces", DESKTOP);
    browser.resize(DESKTOP, 800);

    assert_eq!(browser.console(), Vec::<String>::new());
    browser.press("Log out");
    browser.wait_for("Credential");
    // Nobody asks without a session, and what was asked before does not wait any longer.
    browser.run("return (async () => { while (window.polls) await new Promise((next) => setTimeout(next, 50)); })()");
    assert_eq!(browser.console(), Vec::<String>::new());

    // The address may bring the credential along, and forgets it.
    browser.open("about:blank");
    browser.open(&format!("{url}#{}", cloud.admin_credential().unwrap()));
    browser.wait_for("Demo Space");
    assert_eq!(browser.run("return location.hash"), "#/");
    assert_eq!(browser.console(), Vec::<String>::new());
}
