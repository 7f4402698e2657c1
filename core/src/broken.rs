//! Rules that a test can have broken, to see that somebody notices it. Nothing of this is in a program.
//!
//! A suite that has never caught anything may be one that catches nothing. With the feature `broken`, `with` runs a piece of a
//! test while this thread breaks one rule; `tests/properties` does so for each. Without the feature there is no such function,
//! `is` is the constant `false`, and nothing is left of the question. A build with optimisation, as every one for users is,
//! refuses the feature.

#[cfg(all(feature = "broken", not(debug_assertions)))]
compile_error!(
    "the feature `broken` breaks rules on purpose: it is for tests only, and never for a build with optimisation"
);

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// The longest delay is taken for milliseconds, as the original does (protocol.md 2.12).
    Backoff,
    /// `/env` is asked with the claiming token as the name of the program.
    Token,
    /// A WebSocket server need not prove that it has read our key.
    Upgrade,
    /// A TLS server need not be who it says.
    Certificate,
}

#[cfg(feature = "broken")]
mod switch {
    use super::Broken;
    use core::cell::Cell;

    std::thread_local! {
        static PRESENT: Cell<Option<Broken>> = const { Cell::new(None) };
    }

    /// Runs `work` while this thread breaks `rule`.
    pub fn with<T>(rule: Broken, work: impl FnOnce() -> T) -> T {
        /// Mends it, however the work ends.
        struct Mend;
        impl Drop for Mend {
            fn drop(&mut self) {
                PRESENT.set(None);
            }
        }
        let _mend = Mend;
        PRESENT.set(Some(rule));
        work()
    }

    pub(crate) fn is(rule: Broken) -> bool {
        PRESENT.get() == Some(rule)
    }
}

#[cfg(feature = "broken")]
pub(crate) use switch::is;
#[cfg(feature = "broken")]
pub use switch::with;

/// Whether `rule` is broken: never.
#[cfg(not(feature = "broken"))]
#[inline(always)]
pub(crate) const fn is(_rule: Broken) -> bool {
    false
}
