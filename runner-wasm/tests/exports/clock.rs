//! The clock that a test moves.

use crate::bench::{Bench, NOW, ODD_NUMBERS};
use aclk_wasm::{advance, stand_still};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn time_stands_still_until_it_is_moved() {
    let mut bench = Bench::new();
    bench.sees("config: ");
    let at = |bench: &Bench| {
        let states = bench.told.iter().filter(|message| message["type"] == "state");
        states.filter_map(|message| message["state"]["now"].as_f64()).next_back()
    };
    let first = at(&bench).expect("a state");
    assert!((NOW..NOW + 300_000.0).contains(&first), "{first}");
    advance(60_000.0);
    bench.step();
    assert!(at(&bench) >= Some(first + 60_000.0), "{first}: {:?}", at(&bench));
}

#[wasm_bindgen_test]
fn a_time_that_makes_no_sense_moves_nothing_back_and_breaks_nothing() {
    for odd in ODD_NUMBERS {
        stand_still(odd);
        let mut bench = Bench::new();
        bench.step();
        advance(odd);
        bench.goes_on();
        stand_still(odd);
        bench.goes_on();
    }
}
