//! Observers and controls of every kind behind one type each. What drives a link is large, and so it is compiled once, and
//! not once for each command that uses it.

#[cfg(feature = "link")]
use aclk_core::driver::Evidence;
use aclk_core::driver::{Command, Control, Direction, Observer};
use aclk_core::engine::event::Event;
use aclk_core::identity::key::Progress;
use std::pin::Pin;

/// Any observer.
pub(crate) struct AnyObserver<'o>(pub(crate) &'o mut (dyn Observer + 'o));

impl Observer for AnyObserver<'_> {
    fn event(&mut self, event: &Event<'_>) {
        self.0.event(event);
    }

    fn claim_bytes(&mut self, direction: Direction, bytes: &[u8]) {
        self.0.claim_bytes(direction, bytes);
    }

    fn key_progress(&mut self, progress: Progress) {
        self.0.key_progress(progress);
    }

    #[cfg(feature = "link")]
    fn evidence(&mut self, evidence: &Evidence<'_>) {
        self.0.evidence(evidence);
    }
}

/// What every [`Control`] is, in a form that needs not be known at compile time.
pub(crate) trait Wish {
    /// [`Control::next`], on the heap.
    fn next_wish(&mut self) -> Pin<Box<dyn Future<Output = Command> + '_>>;
}

impl<C: Control> Wish for C {
    fn next_wish(&mut self) -> Pin<Box<dyn Future<Output = Command> + '_>> {
        Box::pin(self.next())
    }
}

/// Any control.
pub(crate) struct AnyControl<'c>(pub(crate) &'c mut (dyn Wish + 'c));

impl Control for AnyControl<'_> {
    async fn next(&mut self) -> Command {
        self.0.next_wish().await
    }
}
