//! What is wished of a running link: signals, orders over the run-time socket, and changes of the claim directory.

use crate::daemon::{Daemon, Order};
use crate::fault::Fault;
use crate::hidden::Hidden;
use crate::journal::Journal;
use crate::report::log::Tag;
use crate::store::FileStore;
use crate::store::claim_dir::{CLAIMED_ID, CLOUD_CONF, CLOUD_FULLCHAIN, PRIVATE_PEM};
use crate::store::disk::Dir;
use aclk_core::driver::{Command, Control};
use aclk_core::stage::Stage;
use aclk_core::store::Saved;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Interval, MissedTickBehavior};

/// How often the claim directory is looked at: a claim made while this runs is online well within the 60 s that the
/// documentation promises.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const TRUST_CHANGED: &str = "cloud_fullchain.pem was changed";

/// Why the link was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// For good.
    Stop,
    /// To begin anew with everything read again, because of this.
    Restart(&'static str),
}

impl From<Order> for End {
    fn from(order: Order) -> Self {
        match order {
            Order::Stop => Self::Stop,
            Order::Reload => Self::Restart("reload-claiming-state"),
        }
    }
}

/// Which version of a file is there: its inode, size and time of change.
type Version = Option<(u64, i64, i64, u64)>;

/// The versions of the files that a link depends on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Versions {
    identity: [Version; 3],
    trust: Version,
}

/// What the files of the claim directory say.
#[derive(Debug, Default)]
struct Found {
    saved: Saved,
    /// Whether the user switched the link off.
    disabled: bool,
    /// The proxy setting in `cloud.conf`.
    proxy: Option<Hidden>,
}

/// Signals, orders and the claim directory.
pub(crate) struct Wishes<W> {
    claim_dir: PathBuf,
    journal: Journal<W>,
    daemon: Rc<Daemon>,
    terminate: Signal,
    interrupt: Signal,
    reload: Signal,
    look: Interval,
    versions: Versions,
    found: Found,
    end: End,
    /// A wish to end that waits until the Cloud has been told that this machine is no longer claimed.
    ending: bool,
}

impl<W: Write> Wishes<W> {
    /// Listens to signals from now on. Must be called on the runtime.
    pub(crate) fn new(claim_dir: &Path, journal: Journal<W>, daemon: Rc<Daemon>) -> Result<Self, Fault> {
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            claim_dir: claim_dir.to_owned(),
            journal,
            daemon,
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            reload: listen(SignalKind::hangup())?,
            look,
            versions: Versions::default(),
            found: Found::default(),
            end: End::Stop,
            ending: false,
        })
    }

    /// What is stored now, for a link that begins. Changes are told from here on, so whatever else a link depends on is to
    /// be read after this.
    pub(crate) fn begin(&mut self) -> Result<Saved, Fault> {
        self.versions = Versions::of(&self.claim_dir);
        self.found = self.read()?;
        self.ending = false;
        Ok(self.found.saved.clone())
    }

    /// Tells what is linked from now on.
    pub(crate) fn tell(&self) {
        let Found { saved, disabled, .. } = &self.found;
        let switched_off = disabled.then_some("switched off by \"enabled = no\" in cloud.conf");
        self.daemon.node.borrow_mut().status.switched_off = switched_off;
        let reason = switched_off.or_else(|| saved.claimed.is_none().then_some("not claimed"));
        if let Some(reason) = reason {
            let advice = if *disabled { "" } else { "; waiting for \"aclk claim\"" };
            self.journal.line(Tag::Link, format_args!("{reason}{advice}"));
        }
        self.journal.begin(saved.claimed.as_ref(), reason);
    }

    /// Why the last link ended.
    pub(crate) const fn end(&self) -> End {
        self.end
    }

    /// Waits until there is a reason to try again, or to stop.
    pub(crate) async fn wait(&mut self) {
        self.end = loop {
            tokio::select! {
                end = signalled(&mut self.terminate, &mut self.interrupt, &mut self.reload) => break end,
                order = self.daemon.next_order() => break order.into(),
                _ = self.look.tick() => {
                    if Versions::of(&self.claim_dir) != self.versions {
                        break End::Restart("the claim directory was changed");
                    }
                }
            }
        };
    }

    /// What a link may use: nothing where it is switched off.
    fn read(&self) -> Result<Found, Fault> {
        let mut found = Found::default();
        if let Some(dir) = FileStore::new(&self.claim_dir).open()? {
            found = Found { saved: dir.load()?, disabled: dir.is_disabled()?, proxy: dir.proxy()? };
        }
        if found.disabled {
            found.saved.claimed = None;
        }
        Ok(found)
    }

    /// The wish that follows from the files, if they were changed.
    fn look(&mut self) -> Option<Command> {
        let versions = Versions::of(&self.claim_dir);
        if versions == self.versions {
            return None;
        }
        let changed = std::mem::replace(&mut self.versions, versions);
        let key_changed = changed.identity[0] != self.versions.identity[0];
        let trust_changed = changed.trust != self.versions.trust;
        let found = match self.read() {
            Ok(found) => found,
            Err(_) if trust_changed => return Some(self.restart(TRUST_CHANGED)),
            // It may be half of a change; the link goes on as it was until the files say something else.
            Err(fault) => {
                self.journal.line(Tag::Claim, format_args!("note: {fault}"));
                return None;
            }
        };
        let (now, before) = (&found.saved.claimed, &self.found.saved.claimed);
        // To the Cloud that is not the same as a claim that was given up.
        if found.disabled != self.found.disabled {
            return Some(self.restart("cloud.conf was changed"));
        }
        if now.is_none() && before.is_some() {
            if trust_changed {
                self.ending = true;
                self.end = End::Restart(TRUST_CHANGED);
            }
            return Some(self.changed(found));
        }
        if trust_changed {
            return Some(self.restart(TRUST_CHANGED));
        }
        if found.proxy != self.found.proxy {
            return Some(self.restart("the proxy in cloud.conf was changed"));
        }
        // Whoever writes the same again has changed nothing.
        (now != before || key_changed).then(|| self.changed(found))
    }

    fn changed(&mut self, found: Found) -> Command {
        self.found = found;
        self.tell();
        let saved = &self.found.saved;
        let text = match &saved.claimed {
            Some(claim) => format!("the claim directory was changed: claimed as {} at {}", claim.id, claim.url),
            None => "the claim directory was changed: nothing to link".to_owned(),
        };
        self.journal.line(Tag::Claim, text);
        Command::Reload(saved.clone())
    }

    fn restart(&mut self, why: &'static str) -> Command {
        self.end = End::Restart(why);
        Command::Stop
    }
}

impl<W: Write> Control for Wishes<W> {
    async fn next(&mut self) -> Command {
        if std::mem::take(&mut self.ending) {
            return Command::Stop;
        }
        loop {
            let end = tokio::select! {
                end = signalled(&mut self.terminate, &mut self.interrupt, &mut self.reload) => end,
                order = self.daemon.next_order() => order.into(),
                _ = self.look.tick() => {
                    if let Some(command) = self.look() {
                        return command;
                    }
                    continue;
                }
            };
            // Whoever removes the identity and stops or reloads the daemon at once has unclaimed, too.
            let was_claimed = self.found.saved.claimed.is_some();
            let unclaimed = self.look().filter(|_| was_claimed && self.found.saved.claimed.is_none());
            self.end = end;
            self.ending = unclaimed.is_some();
            return unclaimed.unwrap_or(Command::Stop);
        }
    }
}

impl Versions {
    fn of(claim_dir: &Path) -> Self {
        // What cannot be looked at will be an error where it is read.
        let Ok(Some(dir)) = Dir::open(claim_dir) else { return Self::default() };
        let version = |name| {
            let stat = dir.stat(name)?;
            Some((stat.st_ino, stat.st_size, stat.st_mtime, stat.st_mtime_nsec))
        };
        Self {
            identity: [version(PRIVATE_PEM), version(CLOUD_CONF), version(CLAIMED_ID)],
            trust: version(CLOUD_FULLCHAIN),
        }
    }
}

/// Waits for a signal. The first one that asks to end does so in order, the second one at once.
async fn signalled(terminate: &mut Signal, interrupt: &mut Signal, reload: &mut Signal) -> End {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = reload.recv() => return End::Restart("SIGHUP"),
    }
    if let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        tokio::spawn(async move {
            let code = tokio::select! {
                _ = terminate.recv() => 128 + 15,
                _ = interrupt.recv() => 128 + 2,
            };
            std::process::exit(code);
        });
    }
    End::Stop
}

fn listen(kind: SignalKind) -> Result<Signal, Fault> {
    signal(kind).map_err(|error| Fault::new(Stage::Config, format_args!("cannot listen to signals: {error}")))
}
