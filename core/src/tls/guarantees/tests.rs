//! Each guarantee of design.md 3.4 is seen failing: an attack that is refused with it, and what becomes of the same attack
//! without it. `cargo xtask tables guarantees` shows the table.

use super::Guarantee;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::prelude::v1::*;
use std::sync::Once;

mod data;
mod handshake;
mod trust;
#[cfg(feature = "compact-rsa")]
mod waits;

/// The hostile servers of the integration tests.
#[path = "../../../tests/tls/support/mod.rs"]
#[allow(dead_code, unreachable_pub)] // the other tests need more of it
mod support;

std::thread_local! {
    /// The guarantees that the connections of this thread do without.
    static REMOVED: Cell<&'static [Guarantee]> = const { Cell::new(&[]) };
}

/// Whether `guarantee` is kept on this thread.
pub(crate) fn holds(guarantee: Guarantee) -> bool {
    !REMOVED.get().contains(&guarantee)
}

/// Runs `attack` without the guarantees in `removed`, and says what became of it.
fn without(removed: &'static [Guarantee], attack: fn() -> String) -> String {
    /// Gives the guarantees back, however the attack ended.
    struct Restore;
    impl Drop for Restore {
        fn drop(&mut self) {
            REMOVED.set(&[]);
        }
    }
    keep_quiet_about_attacks();
    let _restore = Restore;
    REMOVED.set(removed);
    catch_unwind(AssertUnwindSafe(attack)).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<&str>().map(|words| String::from(*words));
        let words = words.or_else(|| panic.downcast_ref::<String>().cloned());
        format!("panic: {}", words.unwrap_or_default())
    })
}

/// Panics of an attack are in the table; elsewhere they would only be in its way.
fn keep_quiet_about_attacks() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if REMOVED.get().is_empty() {
                before(panic);
            }
        }));
    });
}

/// An attack, and what must become of it.
struct Attack {
    /// What the peer does.
    what: &'static str,
    /// Does it, and says how it ended.
    run: fn() -> String,
    /// How it ends with all guarantees.
    with: &'static str,
    /// How it ends without some of them.
    without: &'static [(&'static [Guarantee], &'static str)],
}

/// Runs every attack both ways, and prints one line for it.
fn table(title: &str, attacks: &[Attack]) {
    let mut lines = format!("\n{title}\n");
    let mut wrong = Vec::new();
    for Attack { what, run, with, without: cases } in attacks {
        lines += &format!("  {what}");
        let all: &[(&[Guarantee], &str)] = &[(&[], with)];
        for (removed, expected) in all.iter().chain(*cases) {
            let outcome = without(removed, *run);
            let names: Vec<String> = removed.iter().map(|guarantee| format!("{guarantee:?}")).collect();
            let how = if removed.is_empty() { "".into() } else { format!("without {}: ", names.join(" and ")) };
            lines += &format!(" | {how}{outcome}");
            if outcome != *expected {
                wrong.push(format!("{what}, {how}{outcome}\n  instead of: {expected}"));
            }
        }
        lines.push('\n');
    }
    println!("{lines}");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
