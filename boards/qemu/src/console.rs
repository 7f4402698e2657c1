//! What can be typed for these boards, beside what can be typed for every device.

use crate::trace;
use aclk_cortex_m::{last_words, stack};
use aclk_firmware::console::{Commands, Desk};

/// How the memory is, and what becomes of the board when something goes wrong.
#[derive(Debug)]
pub struct Tests;

impl Commands for Tests {
    const HELP: &'static [&'static str] = &[
        "memory                     what of the memory was ever in use",
        "panic                      as if something had gone wrong",
        "overflow                   as if the stack were too small",
    ];

    fn obey(&mut self, line: &str, desk: &Desk) -> bool {
        match line {
            "memory" => memory(desk),
            "panic" => last_words::panic_on_demand(),
            "overflow" => _ = stack::overflow(0),
            _ => return false,
        }
        true
    }
}

fn memory(desk: &Desk) {
    trace::asked();
    let (deepest, all) = (stack::peak(), stack::size());
    desk.say(format_args!("memory: no heap; stack peak {deepest} of {all} B"));
}
