//! The status page in a real browser. Its pictures are kept in `target/screenshots`.

#[allow(dead_code, reason = "this page has nothing to fill in")]
#[path = "../cloud/tests/page/browser.rs"]
mod browser;

use crate::local_api::page_of;
use crate::support::*;
use aclk_cloud::FaultPlan;
use browser::Browser;

const DESKTOP: u32 = 1_280;
const PHONE: u32 = 390;

/// Light, dark, and on a phone.
fn pictures(browser: &Browser, name: &str) {
    for (suffix, width, dark) in
        [("", DESKTOP, false), ("-dark", DESKTOP, true), ("-phone", PHONE, false), ("-phone-dark", PHONE, true)]
    {
        browser.dark(dark);
        browser.picture(&format!("status-{name}{suffix}"), width);
    }
    browser.dark(false);
    browser.resize(DESKTOP, 800);
}

/// How many samples the first chart shows, as far as its path tells.
fn samples_shown(browser: &Browser) -> u64 {
    let script = "return (document.querySelector('[data-chart] path')?.getAttribute('d') ?? '').split('L').length";
    browser.run(script).as_u64().unwrap()
}

#[test]
fn the_status_page_shows_how_the_link_comes_up_breaks_and_why() {
    let Some(browser) = Browser::start() else { return };
    let cloud = cloud("status-503@env");
    let machine = Machine::trusting(&cloud);
    let link = machine.start(&["--listen=127.0.0.1:0"]);
    let url = page_of(&link);
    browser.dark(false);
    browser.resize(DESKTOP, 800);

    browser.open(&url);
    browser.wait_for("Not claimed");
    browser.wait_for("aclk claim -token=TOKEN");
    browser.wait_for("updating");
    wait_until("the chart moves", || samples_shown(&browser) > 2);
    pictures(&browser, "unclaimed");

    // It follows by itself.
    assert_eq!(machine.claim(&cloud, &[]).code, 0);
    browser.wait_for("It fails at the step Request, while asking the Cloud where to go env · http");
    browser.wait_for("HTTP status 503");
    browser.wait_for("What to do: ");
    browser.wait_for("Next attempt in ");
    pictures(&browser, "offline");

    // However long the browser took for that: only now does the Cloud answer again.
    cloud.with(|cloud, _| cloud.set_faults(FaultPlan::default()));
    browser.wait_for("The link is up");
    browser.wait_for("in all");
    let legs = browser.run("return [...document.querySelectorAll('.leg')].map((leg) => leg.className)");
    assert_eq!(legs, serde_json::json!(["leg done", "leg done", "leg done", "leg done"]));
    browser.wait_for(&cloud.with(|cloud, _| cloud.view()).nodes[0].claimed_id);
    pictures(&browser, "online");

    // With the keyboard one can look at a chart, too.
    browser.run("const chart = document.querySelector('[data-chart]'); chart.focus(); chart.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', bubbles: true }))");
    let at = browser.run("return document.querySelector('.legend .at').textContent");
    assert!(at.as_str().unwrap().starts_with("at "), "{at}");

    assert_eq!(browser.console(), Vec::<String>::new());
    let (status, said) = link.stop();
    assert!(status.success(), "{said}");
    browser.wait_for("no answer");
}
