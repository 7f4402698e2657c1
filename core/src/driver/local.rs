//! What the engine asks of the machine itself: key, decryption, storage, and telling people.

use super::connection::Work;
use super::{Command, Control, Machine, Observer, note};
use crate::body::Prepared;
use crate::clock::{Clock, Now};
use crate::engine::event::{Event, Input, Output, Save};
use crate::engine::{Agent, Buffer};
use crate::identity::key::{Key, KeyError, PLAINTEXT_MAX, PublicPem};
use crate::secret::Secret;
use crate::stage::{Failure, Stage};
use crate::store::{Record, Saved, Store};
use crate::transport::Network;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use embassy_futures::{poll_once, yield_now};
use rand_core::CryptoRng;

/// How often the progress of key generation is told.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// An input that borrows nothing.
pub(super) enum Answer {
    Key {
        public_pem: PublicPem,
        fresh: bool,
        reload: Option<Saved>,
    },
    KeyFailed(KeyError),
    Decrypted(Result<Secret<PLAINTEXT_MAX>, KeyError>),
    Saved,
    SaveFailed(Failure),
    Obeyed(Command),
    /// There is no connection that a body could be for.
    NothingPrepared,
}

/// How the generation of a key ended.
enum Generated {
    Done { fresh: bool, reload: Option<Saved> },
    Stopped,
}

impl Answer {
    // Not a part of the caller, which is a connection; neither are the two below that hand something to the engine.
    #[inline(never)]
    pub(super) fn give<B: Buffer>(self, agent: &mut Agent<B>, now: Now) {
        match self {
            Self::Key { public_pem, fresh, reload } => {
                // In this order: the agent starts anew once it has the answer that it waits for.
                if let Some(saved) = reload {
                    agent.handle(now, Input::Reload(&saved));
                }
                agent.handle(now, Input::Key { public_pem, fresh });
            }
            Self::KeyFailed(error) => agent.handle(now, Input::KeyFailed(error)),
            Self::Decrypted(answer) => agent.handle(now, Input::Decrypted(answer)),
            Self::Saved => agent.handle(now, Input::Saved),
            Self::SaveFailed(failure) => agent.handle(now, Input::SaveFailed(failure)),
            Self::NothingPrepared => agent.handle(now, Input::Prepared(Prepared::Nothing)),
            Self::Obeyed(Command::Stop) => agent.handle(now, Input::Stop),
            Self::Obeyed(Command::Reload(saved)) => agent.handle(now, Input::Reload(&saved)),
        }
    }
}

impl<N: Network, C: Clock, S: Store, K: Key, R: CryptoRng, O: Observer, W: Control> Machine<'_, N, C, S, K, R, O, W> {
    /// Does what `output` asks, as far as it asks the machine itself.
    pub(super) async fn answer(&mut self, output: Output<'_>) -> Option<Answer> {
        match output {
            Output::Event(event) => {
                note(&mut self.node.borrow_mut().status, &event, self.clock.now());
                self.observer.event(&event);
                None
            }
            // Each has its own frame on the stack, which is that of the connection.
            Output::NeedKey => {
                let providing: Work<'_, _> = pin!(self.provide_key());
                Some(providing.await)
            }
            Output::Decrypt(ciphertext) => Some(Answer::Decrypted(match self.load_key(true).await {
                Ok(()) => self.key.decrypt(ciphertext, self.rng),
                Err(error) => Err(error),
            })),
            Output::Save(save) => {
                let saving: Work<'_, _> = pin!(self.save(save));
                Some(match saving.await {
                    Ok(()) => Answer::Saved,
                    Err(failure) => Answer::SaveFailed(failure),
                })
            }
            Output::Prepare(_) => Some(Answer::NothingPrepared),
            Output::Connect { .. }
            | Output::Send(_)
            | Output::Body(_)
            | Output::Close
            | Output::Wait(_)
            | Output::Done => None,
        }
    }

    /// Hands a wish to the engine.
    #[inline(never)]
    pub(super) fn obey<B: Buffer>(&mut self, agent: &mut Agent<B>, command: Command) {
        if let Command::Reload(saved) = &command {
            self.node.borrow_mut().status.reload(saved, agent.url(), self.clock.now());
        }
        Answer::Obeyed(command).give(agent, self.clock.now());
    }

    /// Tells the engine of the end of the connection, if that is what came of the work, and of a wish that had to wait for
    /// it. Says whether it was the end.
    #[inline(never)]
    pub(super) fn conclude<B: Buffer>(
        &mut self,
        agent: &mut Agent<B>,
        end: Option<Input<'_>>,
        wish: Option<Command>,
    ) -> bool {
        let is_over = end.is_some();
        if let Some(end) = end {
            agent.handle(self.clock.now(), end);
        }
        if let Some(wish) = wish {
            self.obey(agent, wish);
        }
        is_over
    }

    /// Reads the stored key, if there is one, in place of the one in memory. To be called while there is no connection: a
    /// connection and the reading of a key are the two that take most of a stack.
    pub(super) async fn reload_key(&mut self) {
        if let Ok(Some(pem)) = self.store.load_key().await {
            // A key that cannot be read leaves the one in memory; the failure shows when it is used.
            let _ = self.key.import_pem(pem.expose());
        }
    }

    /// Makes sure that the stored key, if there is one, is in memory. `tells` whether people hear of a store that cannot be
    /// read.
    pub(super) async fn load_key(&mut self, tells: bool) -> Result<(), KeyError> {
        if self.key.is_present() {
            return Ok(());
        }
        match self.store.load_key().await {
            Ok(Some(pem)) => self.key.import_pem(pem.expose()),
            Ok(None) => Err(KeyError::Missing),
            Err(error) => {
                if tells {
                    self.tell(Failure::new(Stage::Storage, error));
                }
                Err(KeyError::Unreadable)
            }
        }
    }

    async fn provide_key(&mut self) -> Answer {
        let (fresh, reload) = match self.load_key(true).await {
            Ok(()) => (false, None),
            Err(KeyError::Missing) => match self.generate().await {
                Ok(Generated::Done { fresh, reload }) => (fresh, reload),
                Ok(Generated::Stopped) => return Answer::Obeyed(Command::Stop),
                Err(error) => return Answer::KeyFailed(error),
            },
            // A key file that cannot be read is not overwritten: it may be all that proves an earlier claim.
            Err(error) => return Answer::KeyFailed(error),
        };
        match self.key.public_pem() {
            Ok(public_pem) => Answer::Key { public_pem, fresh, reload },
            Err(error) => Answer::KeyFailed(error),
        }
    }

    /// Generates a key in small steps, letting others run between them, unless somebody wishes to stop or brings a key.
    async fn generate(&mut self) -> Result<Generated, KeyError> {
        let mut told = self.clock.instant();
        let mut reload = None;
        loop {
            let progress = self.key.generate_step(self.rng)?;
            let now = self.clock.instant();
            if progress.done || now.since(told) >= PROGRESS_EVERY {
                told = now;
                self.observer.key_progress(progress);
            }
            if progress.done {
                return Ok(Generated::Done { fresh: true, reload });
            }
            yield_now().await;
            match poll_once(self.control.next()) {
                Poll::Ready(Command::Stop) => return Ok(Generated::Stopped),
                Poll::Ready(Command::Reload(saved)) => {
                    reload = Some(saved);
                    match self.load_key(true).await {
                        Ok(()) => return Ok(Generated::Done { fresh: false, reload }),
                        Err(KeyError::Missing) => {}
                        Err(error) => return Err(error),
                    }
                }
                Poll::Pending => {}
            }
        }
    }

    async fn save(&mut self, save: Save<'_>) -> Result<(), Failure> {
        let storage = |error: S::Error| Failure::new(Stage::Storage, error);
        match save {
            Save::Key => {
                let key = |error: KeyError| Failure::new(Stage::Key, error);
                let public_pem = self.key.public_pem().map_err(key)?;
                match self.key.private_pem() {
                    Ok(private_pem) => {
                        let record = Record::Key { private_pem: &private_pem, public_pem: &public_pem };
                        self.store.save(record).await.map_err(storage)
                    }
                    // It lives in hardware, which is as durable as it gets.
                    Err(KeyError::NotExportable) => Ok(()),
                    Err(error) => Err(key(error)),
                }
            }
            Save::Pending(claim) => self.store.save(Record::Pending(claim)).await.map_err(storage),
            Save::Refused => self.store.save(Record::Refused).await.map_err(storage),
            Save::Claimed(claim) => self.store.save(Record::Claimed(claim)).await.map_err(storage),
            Save::Node(id) => self.store.save(Record::Node(id)).await.map_err(storage),
        }
    }

    fn tell(&mut self, failure: Failure) {
        self.observer.event(&Event::Notice(&failure));
    }
}
