//! What the engine asks of the machine itself: key, decryption, storage, and telling people.

use super::connection::Work;
use super::{Command, Control, Machine, Observer, note};
use crate::clock::Clock;
use crate::engine::event::{Event, Input};
use crate::engine::{Agent, Buffer};
use crate::identity::key::{Key, KeyError};
use crate::stage::{Failure, Stage};
use crate::store::{Record, Saved, Store};
use crate::transport::Network;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use embassy_futures::{poll_once, yield_now};
use rand_core::CryptoRng;

/// Why something was not stored. Much smaller than the [`Failure`] that is made of it.
pub(super) enum NotSaved<E> {
    /// What the store says.
    Store(E),
    /// What the key says.
    Key(KeyError),
}

/// What `look` says to what comes of `work`. A key is shown where it is: who awaits it has it on the stack twice.
async fn shown<T, U>(work: impl Future<Output = T>, mut look: impl FnMut(&T) -> U) -> U {
    let mut work = pin!(work);
    poll_fn(|cx| match &work.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(look(done)),
        Poll::Pending => Poll::Pending,
    })
    .await
}

/// How often the progress of key generation is told.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

// What hands something to the engine is not a part of its caller: a stack is as deep as the frames on it are large.
impl<N: Network, C: Clock, S: Store, K: Key, R: CryptoRng, O: Observer, W: Control> Machine<'_, N, C, S, K, R, O, W> {
    /// Tells of something that has happened.
    #[inline(never)]
    pub(super) fn tell(&mut self, event: &Event<'_>) {
        note(&mut self.node.borrow_mut().status, event, self.clock.now());
        self.observer.event(event);
    }

    /// Hands a wish to the engine, if there is one.
    pub(super) fn obey<B: Buffer>(&mut self, agent: &mut Agent<'_, B>, wish: &mut Option<Command>) {
        if wish.is_some() {
            self.hand_over(agent, wish);
        }
    }

    #[inline(never)]
    fn hand_over<B: Buffer>(&mut self, agent: &mut Agent<'_, B>, wish: &mut Option<Command>) {
        match wish {
            Some(Command::Reload(saved)) => {
                self.node.borrow_mut().status.reload(saved, agent.url(), self.clock.now());
                agent.handle(self.clock.now(), Input::Reload(saved));
            }
            Some(Command::Stop) => agent.handle(self.clock.now(), Input::Stop),
            None => {}
        }
        *wish = None;
    }

    /// Makes sure that there is a key, and tells the engine.
    pub(super) async fn provide_key<B: Buffer>(&mut self, agent: &mut Agent<'_, B>) {
        let mut reload = None;
        let fresh = match self.load_key(true).await {
            Ok(()) => Ok(Some(false)),
            Err(KeyError::Missing) => {
                let generating: Work<'_, _> = pin!(self.generate(&mut reload));
                generating.await
            }
            // A key file that cannot be read is not overwritten: it may be all that proves an earlier claim.
            Err(error) => Err(error),
        };
        // In this order: the agent starts anew once it has the answer that it waits for.
        if let Some(saved) = &reload {
            agent.handle(self.clock.now(), Input::Reload(saved));
        }
        self.provided(agent, fresh);
    }

    #[inline(never)]
    fn provided<B: Buffer>(&self, agent: &mut Agent<'_, B>, fresh: Result<Option<bool>, KeyError>) {
        let input = match fresh {
            Ok(None) => Input::Stop,
            Ok(Some(fresh)) => match self.key.public_pem() {
                Ok(public_pem) => Input::Key { public_pem, fresh },
                Err(error) => Input::KeyFailed(error),
            },
            Err(error) => Input::KeyFailed(error),
        };
        agent.handle(self.clock.now(), input);
    }

    /// Decrypts the challenge, and hands the answer to the engine.
    pub(super) async fn answer_challenge<B: Buffer>(&mut self, agent: &mut Agent<'_, B>) {
        let loaded = self.load_key(true).await;
        self.decrypt(agent, loaded);
    }

    #[inline(never)]
    fn decrypt<B: Buffer>(&mut self, agent: &mut Agent<'_, B>, loaded: Result<(), KeyError>) {
        let answer = match loaded {
            Ok(()) => self.key.decrypt(agent.challenge(), self.rng),
            Err(error) => Err(error),
        };
        agent.handle(self.clock.now(), Input::Decrypted(answer));
    }

    /// Tells the engine what became of what was to be stored.
    #[inline(never)]
    pub(super) fn saved<B: Buffer>(&self, agent: &mut Agent<'_, B>, outcome: Result<(), NotSaved<S::Error>>) {
        let input = match outcome {
            Ok(()) => Input::Saved,
            Err(NotSaved::Store(error)) => Input::SaveFailed(Failure::new(Stage::Storage, error)),
            Err(NotSaved::Key(error)) => Input::SaveFailed(Failure::new(Stage::Key, error)),
        };
        agent.handle(self.clock.now(), input);
    }

    /// Reads the stored key, if there is one, in place of the one in memory. To be called while there is no connection: a
    /// connection and the reading of a key are the two that take most of a stack.
    pub(super) async fn reload_key(&mut self) {
        shown(self.store.load_key(), |stored| {
            if let Ok(Some(pem)) = stored {
                // A key that cannot be read leaves the one in memory; the failure shows when it is used.
                let _ = self.key.import_pem(pem.expose());
            }
        })
        .await;
    }

    /// Makes sure that the stored key, if there is one, is in memory. `tells` whether people hear of a store that cannot be
    /// read.
    pub(super) async fn load_key(&mut self, tells: bool) -> Result<(), KeyError> {
        if self.key.is_present() {
            return Ok(());
        }
        let Self { store, key, observer, .. } = self;
        shown(store.load_key(), |stored| match stored {
            Ok(Some(pem)) => key.import_pem(pem.expose()),
            Ok(None) => Err(KeyError::Missing),
            Err(error) => {
                if tells {
                    observer.event(&Event::Notice(&Failure::new(Stage::Storage, error)));
                }
                Err(KeyError::Unreadable)
            }
        })
        .await
    }

    /// Generates a key in small steps, letting others run between them, unless somebody wishes to stop or brings a key, which
    /// is then in `reload`. Yields whether the key is a fresh one; `None` if it is no longer wished for.
    async fn generate(&mut self, reload: &mut Option<Saved>) -> Result<Option<bool>, KeyError> {
        let mut told = self.clock.instant();
        loop {
            let progress = self.key.generate_step(self.rng)?;
            let now = self.clock.instant();
            if progress.done || now.since(told) >= PROGRESS_EVERY {
                told = now;
                self.observer.key_progress(progress);
            }
            if progress.done {
                return Ok(Some(true));
            }
            yield_now().await;
            match poll_once(self.control.next()) {
                Poll::Ready(Command::Stop) => return Ok(None),
                Poll::Ready(Command::Reload(saved)) => {
                    *reload = Some(saved);
                    match self.load_key(true).await {
                        Ok(()) => return Ok(Some(false)),
                        Err(KeyError::Missing) => {}
                        Err(error) => return Err(error),
                    }
                }
                Poll::Pending => {}
            }
        }
    }

    /// Stores something.
    pub(super) async fn save(&mut self, record: Record<'_>) -> Result<(), NotSaved<S::Error>> {
        self.store.save(record).await.map_err(NotSaved::Store)
    }

    /// Stores the key. Its text is a large part of a future, so that this has one of its own.
    pub(super) async fn save_key(&mut self) -> Result<(), NotSaved<S::Error>> {
        // Looked at where they are: a future would keep what is moved out of them as well.
        let private_pem = self.key.private_pem();
        let public_pem = self.key.public_pem();
        match (&private_pem, &public_pem) {
            (Ok(private_pem), Ok(public_pem)) => {
                self.store.save(Record::Key { private_pem, public_pem }).await.map_err(NotSaved::Store)
            }
            // It lives in hardware, which is as durable as it gets.
            (Err(KeyError::NotExportable), Ok(_)) => Ok(()),
            (Err(error), _) | (_, Err(error)) => Err(NotSaved::Key(*error)),
        }
    }
}
