//! Campaigns: many handshakes with accidents, and nothing happens that must not.

use crate::visit::Visit;

#[test]
fn a_campaign_of_a_thousand_handshakes_ends_without_a_violation() {
    let Some(visit) = Visit::at("#/campaign?seed=7&count=200") else { return };
    visit.press("Run");
    visit.until("the end of the campaign", "return document.querySelector('[data-campaign=done]') !== null");
    let said = visit.said();
    assert!(said.contains("0 violations: nothing happened that must not happen."), "{said}");
    assert!(said.contains("200 runs of 200"), "{said}");
    let handshakes = said
        .lines()
        .find_map(|line| line.split_once(" handshakes")?.0.rsplit_once(", ")?.1.replace(',', "").parse::<u32>().ok());
    println!("{handshakes:?} handshakes");
    assert!(handshakes >= Some(1_000), "{said}");
    let met =
        "return [...document.querySelectorAll('.coverage td')].filter((cell) => Number(cell.textContent) > 0).length";
    let met = visit.run(met).as_u64().unwrap();
    println!("{met} pairs of state and event or fault were met");
    assert!(met > 20, "only {met} pairs were met");
    visit.leave();
}

#[test]
fn a_seed_is_replayed_by_its_address_and_always_the_same() {
    let Some(visit) = Visit::at("#/campaign?replay=7") else { return };
    let lines = "const list = document.querySelector('[data-transcript=\"7\"]'); return list && [...list.querySelectorAll('li, code')].map((line) => line.textContent)";
    let first = visit.until("the transcript", lines);
    assert!(first.as_array().unwrap().len() > 10, "{first}");
    visit.open("about:blank");
    visit.open(&format!("{}#/campaign?replay=7", visit.url()));
    assert_eq!(visit.until("the transcript again", lines), first);
    visit.leave();
}
