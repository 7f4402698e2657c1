//! Nothing sticks out of the window, however narrow it is.

use crate::visit::{DESKTOP, HEIGHT, VIEWS, Visit};
use serde_json::json;

/// An old phone, one of today, a small tablet, and a small notebook.
const WIDTHS: [u32; 4] = [320, 390, 768, 1_024];

/// What is wider than the window, or begins or ends outside of it, and is not in a part that scrolls by itself.
const OUTSIDE: &str = "
  const width = innerWidth, page = document.scrollingElement;
  const scrolls = (one) => {
    for (let at = one.parentElement; at && at !== document.body; at = at.parentElement) {
      if (getComputedStyle(at).overflowX !== 'visible') return true;
    }
    return false;
  };
  const outside = [...document.querySelectorAll('body *')].filter((one) => {
    const box = one.getBoundingClientRect();
    return box.width > 0 && box.height > 1 && (box.right > width + 1 || box.left < -1) && !one.closest('.skip, .hidden, svg') && !scrolls(one);
  });
  const wide = page.scrollWidth > width ? [`the page has ${page.scrollWidth} of ${width}`] : [];
  return wide.concat(outside.map((one) => one.outerHTML.slice(0, 160)))";

/// Explains one word after the other, and yields those whose explanation is not in the window.
const TIPS: &str = "
  const lost = [];
  for (const word of document.querySelectorAll('main .term .word')) {
    word.click();
    await new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
    const box = word.parentElement.querySelector('.tip').getBoundingClientRect();
    if (box.width < 40 || box.left < 0 || box.right > innerWidth || document.scrollingElement.scrollWidth > innerWidth) lost.push(word.textContent);
    word.click();
    await new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
  }
  return lost";

#[test]
fn every_view_fits_every_width_and_so_does_every_explanation() {
    let Some(visit) = Visit::first() else { return };
    visit.claim();
    visit.wait_for_state("Live");
    for view in VIEWS {
        visit.resize(DESKTOP, HEIGHT);
        visit.view(view);
        for width in WIDTHS {
            visit.resize(width, HEIGHT);
            assert_eq!(visit.run(OUTSIDE), json!([]), "{view} at {width}");
            let lost = visit.run(&format!("return (async () => {{ {TIPS} }})()"));
            assert_eq!(lost, json!([]), "{view} at {width}: explanations that are not seen");
        }
    }
    // The parts of the link, and all that a fault has to say.
    for (address, waits_for) in [
        ("#/link", "The way to the Cloud"),
        ("#/faults/claim-reply-lost?step=claim", "What the original agent says"),
        ("#/faults/connack-unknown-property", "What the original agent says"),
    ] {
        visit.run(&format!("location.hash = '{address}'"));
        visit.wait_for(waits_for);
        for tab in ["The way up", "Who says what", "Every byte"] {
            visit.resize(DESKTOP, HEIGHT);
            if address == "#/link" {
                visit.press(tab);
            }
            for width in WIDTHS {
                visit.resize(width, HEIGHT);
                assert_eq!(visit.run(OUTSIDE), json!([]), "{address} at {width}, {tab}");
            }
        }
    }
    visit.leave();
}
