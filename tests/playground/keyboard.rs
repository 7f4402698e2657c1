//! Who has no mouse, or does not see.

use crate::visit::{DESKTOP, HEIGHT, VIEWS, Visit};
use serde_json::{Value, json};

/// Keys without a character, as WebDriver has them.
const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";

/// Marks what can have the focus with its place in the document, from 0 on, and yields how many there are.
const NUMBER: &str = "
  const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')];
  document.querySelectorAll('[data-place]').forEach((one) => delete one.dataset.place);
  const open = all.filter((one) => !one.disabled && one.tabIndex >= 0 && one.checkVisibility({ visibilityProperty: true }));
  open.forEach((one, place) => (one.dataset.place = place));
  return open.length";

/// Where the focus is: its place, whether it is seen, and what it is.
const FOCUS: &str = "
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
  const at = document.elementFromPoint(box.left + box.width / 2, Math.max(0, box.top) + Math.min(box.height, innerHeight) / 2);
  return {
    place: one.dataset.place === undefined ? null : Number(one.dataset.place),
    ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    seen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    covered: !(at && (one.contains(at) || at.contains(one) || at.closest('label')?.contains(one))),
    what: one.outerHTML.slice(0, 160),
  }";

/// The focus is on the first thing of the page.
fn begin(visit: &Visit) {
    visit.run("document.querySelector('.skip').focus()");
}

/// Presses Tab until the button or link with this text has the focus, and then Enter.
fn press(visit: &Visit, text: &str) {
    begin(visit);
    let said = "return (document.activeElement.ariaLabel ?? document.activeElement.textContent).trim()";
    for _ in 0..400 {
        visit.press_key(TAB);
        if visit.run(said) == text {
            return visit.press_key(ENTER);
        }
    }
    panic!("Tab does not come to {text:?}");
}

#[test]
fn tab_comes_to_everything_in_the_order_of_the_page_and_it_is_seen_where_it_is() {
    let Some(visit) = Visit::first() else { return };
    visit.claim();
    visit.wait_for_state("Live");
    // Nothing more comes or goes while somebody tabs through it.
    visit.press("Pull the cable");
    visit.wait_for_state("Offline");
    for view in VIEWS {
        visit.view(view);
        if view == "Faults" {
            visit.until("the list", "return document.querySelectorAll('[data-fault]').length > 100");
        }
        begin(&visit);
        let all = visit.run(NUMBER).as_u64().unwrap();
        assert!(all > 15, "{view}: {all}");
        let mut places = vec![0];
        // What comes meanwhile is passed, too, before the end is reached.
        for _ in 0..2 * all {
            visit.press_key(TAB);
            let focus = visit.run(FOCUS);
            if focus["what"].as_str().is_some_and(|what| what.starts_with("<body")) {
                break;
            }
            assert_eq!(focus["ring"], true, "{view}: no ring around {}", focus["what"]);
            assert_eq!(focus["seen"], true, "{view}: out of sight: {}", focus["what"]);
            if focus["covered"] == true {
                // A notice may lie over it, which goes by itself.
                let bare = format!("const focus = (() => {{ {FOCUS} }})(); return !focus.covered");
                visit.until(&format!("{view}: {} uncovered", focus["what"]), &bare);
            }
            // What has come meanwhile, such as a row of a log, has no number.
            places.extend(focus["place"].as_u64());
        }
        assert!(places.is_sorted(), "{view}: {places:?}");
        let missed: Vec<u64> = (0..all).filter(|place| !places.contains(place)).collect();
        let name = |place: &u64| {
            visit.run(&format!("return document.querySelector('[data-place=\"{place}\"]')?.outerHTML.slice(0, 160)"))
        };
        let missed: Vec<Value> = missed.iter().map(name).filter(|what| !what.is_null()).collect();
        assert!(missed.is_empty(), "{view}: Tab does not come to {missed:#?}");
        println!("{view}: {} places", places.len());
    }
    visit.leave();
}

#[test]
fn a_device_is_claimed_with_tab_and_enter_alone() {
    let Some(visit) = Visit::first() else { return };
    visit.resize(DESKTOP, HEIGHT);
    visit.wait_for("Add a device");
    visit.press_key(TAB);
    assert_eq!(visit.run("return document.activeElement.textContent"), "Skip to the content");
    assert_eq!(visit.run("return document.activeElement.getBoundingClientRect().left >= 0"), true);
    visit.press_key(ENTER);
    assert_eq!(visit.run("return document.activeElement.id"), "main");
    press(&visit, "Create a token");
    visit.wait_for("Take it to the device");
    press(&visit, "Take it to the device");
    visit.wait_for("Claim the device");
    press(&visit, "Claim the device");
    visit.wait_for_state("Live");
    visit.leave();
}

#[test]
fn everything_has_a_name_and_words_explain_themselves() {
    let Some(visit) = Visit::first() else { return };
    // Everything that can be pressed has a name, every field a label, and every picture words.
    let nameless = "return [...document.querySelectorAll('button, a, input, select, textarea, svg[role=img]')].filter((one) => !one.closest('[hidden]') && !(one.ariaLabel || one.getAttribute('aria-labelledby') || one.labels?.length || one.textContent.trim() || one.querySelector('img')?.alt)).map((one) => one.outerHTML.slice(0, 200))";
    for view in VIEWS {
        visit.view(view);
        assert_eq!(visit.run(nameless), json!([]), "{view}");
    }
    // A word explains itself, and Escape puts the explanation away.
    visit.view("Administrator");
    visit.wait_for("Add a device");
    visit.run("document.querySelector('.term .word').focus()");
    visit.press_key(ENTER);
    visit.wait_for("A secret of the Space.");
    visit.press_key(ESCAPE);
    visit.until("the explanation is gone", "return !document.body.innerText.includes('A secret of the Space.')");
    visit.leave();
}
