//! Hides a secret in what a peer said before anybody is told. The engine hides it where it stands as it is; here every
//! escape of it is looked for, and parts of it.

use super::mask::Mask;
#[cfg(feature = "link")]
use aclk_core::driver::Evidence;
use aclk_core::driver::{Direction, Observer};
use aclk_core::engine::event::Event;
use aclk_core::identity::key::Progress;
use aclk_core::stage::{Failure, ServerSaid};
use aclk_core::text::Text;

/// Tells another observer, without the secret. The bytes of the claim are passed on as they are.
pub(crate) struct Masked<O> {
    mask: Mask,
    pub(crate) observer: O,
}

impl<O> Masked<O> {
    /// Hides `secret`.
    pub(crate) fn new(secret: &[u8], observer: O) -> Self {
        Self { mask: Mask::new(secret), observer }
    }

    fn failure(&self, failure: &Failure) -> Failure {
        let mut failure = failure.clone();
        failure.cause = self.text(&failure.cause);
        if let Some(ServerSaid { key, message, code, .. }) = &mut failure.server {
            (*key, *message, *code) = (self.text(key), self.text(message), self.text(code));
        }
        failure
    }

    fn text<const N: usize>(&self, text: &Text<N>) -> Text<N> {
        Text::of(self.mask.hide(text.as_str()))
    }
}

impl<O: Observer> Observer for Masked<O> {
    fn event(&mut self, event: &Event<'_>) {
        match *event {
            Event::ClaimFailed { failure, refusal } => {
                let failure = &self.failure(failure);
                self.observer.event(&Event::ClaimFailed { failure, refusal });
            }
            Event::Offline { failure } => {
                let failure = &self.failure(failure);
                self.observer.event(&Event::Offline { failure });
            }
            Event::Notice(failure) => {
                let failure = self.failure(failure);
                self.observer.event(&Event::Notice(&failure));
            }
            Event::Stage(_) | Event::Answer(_) | Event::Claimed { .. } | Event::Online { .. } | Event::Live { .. } => {
                self.observer.event(event);
            }
        }
    }

    fn claim_bytes(&mut self, direction: Direction, bytes: &[u8]) {
        self.observer.claim_bytes(direction, bytes);
    }

    fn key_progress(&mut self, progress: Progress) {
        self.observer.key_progress(progress);
    }

    #[cfg(feature = "link")]
    fn evidence(&mut self, evidence: &Evidence<'_>) {
        self.observer.evidence(evidence);
    }
}
