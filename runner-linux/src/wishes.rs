//! What is wished of a running link: signals, orders over the run-time socket, and changes of the claim directory.

use crate::daemon::{Daemon, Order};
use crate::fault::Fault;
use crate::journal::Journal;
use crate::paths::Paths;
use crate::report::log::Tag;
use crate::sources::switch::Off;
use crate::sources::{self, Identity, Place};
use crate::store::claim_dir::{CLAIMED_ID, CLOUD_CONF, CLOUD_FULLCHAIN, PRIVATE_PEM, TRUSTED};
use crate::store::disk::Dir;
use aclk_core::driver::{Command, Control};
use aclk_core::stage::Stage;
use aclk_core::store::{Claim, Saved};
use std::io::Write;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Interval, MissedTickBehavior};

/// How often the claim directory is looked at: a claim made while this runs is online well within the 60 s that the
/// documentation promises.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// When it is looked again after something was found changed, which may be half of a change: files are written and removed one
/// by one.
const SETTLES_WITHIN: Duration = Duration::from_millis(200);
/// How often that is done while there is always another change.
const LOOKS: u32 = 10;
const TRUST_CHANGED: &str = "cloud_fullchain.pem or trusted.pem was changed";

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
    claim_dir: Files,
    cloud_dir: Files,
}

/// Those of one directory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Files {
    key: Version,
    claim: [Version; 2],
    trust: [Version; 2],
}

/// The signals that a daemon obeys.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    reload: Signal,
}

/// Signals, orders, the claim directory and that of a real Agent.
pub(crate) struct Wishes<W> {
    paths: Paths,
    journal: Journal<W>,
    daemon: Rc<Daemon>,
    signals: Signals,
    look: Interval,
    versions: Versions,
    /// What was found when it was last looked, if that was a change, and how often there was another one.
    unsettled: Option<(Versions, u32)>,
    found: Identity,
    /// Whether a claim is being made, or has failed: our own files change meanwhile, and only a claim that somebody else makes
    /// is of interest.
    is_claiming: bool,
    end: End,
    /// Whether the daemon is to end. Nothing that comes afterwards overrules that, except a second signal, which ends it at once.
    stops: bool,
    /// What could not be read when it was last looked, and has been told.
    trouble: String,
    /// A wish to end that waits until the Cloud has been told that this machine is no longer claimed.
    ending: bool,
}

impl<W: Write> Wishes<W> {
    /// Must be called on the runtime.
    pub(crate) fn new(paths: &Paths, journal: Journal<W>, daemon: Rc<Daemon>, signals: Signals) -> Self {
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            paths: paths.clone(),
            journal,
            daemon,
            signals,
            look,
            versions: Versions::default(),
            unsettled: None,
            found: Identity::default(),
            is_claiming: false,
            end: End::Stop,
            stops: false,
            trouble: String::new(),
            ending: false,
        }
    }

    /// The identity that counts now, for a link that begins. Changes are told from here on, so whatever else a link depends on
    /// is to be read after this.
    pub(crate) fn begin(&mut self) -> Result<&Identity, Fault> {
        self.ending = false;
        self.is_claiming = false;
        self.versions = Versions::of(&self.paths);
        self.found = self.read()?;
        Ok(&self.found)
    }

    /// The identity of the last [`begin`](Self::begin).
    pub(crate) const fn identity(&self) -> &Identity {
        &self.found
    }

    /// Whether this keeps a daemon from starting. Whoever is not claimed connects to nobody, so there need not be anybody to
    /// trust: "delete `claim.d`" is the documented way to unclaim, and the only trusted authority may have been there.
    pub(crate) fn is_hindered_by(&self, fault: &Fault) -> bool {
        fault.stage != Stage::Tls || self.found.saved.claimed.is_some()
    }

    /// From now on, until the next [`begin`](Self::begin), a claim is being made.
    pub(crate) const fn claims(&mut self) {
        self.is_claiming = true;
    }

    /// Lets everything begin anew at once, because of this, unless the daemon is to end.
    pub(crate) const fn begin_anew(&mut self, why: &'static str) {
        if !self.stops {
            self.end = End::Restart(why);
        }
    }

    /// Tells what is linked from now on, and which files say so where these are not our own.
    pub(crate) fn tell(&self) {
        let Identity { place, saved, off, .. } = &self.found;
        let switched_off = off.map(Off::state);
        self.daemon.node.borrow_mut().status.switched_off = switched_off;
        if let Some(claim) = &saved.claimed {
            self.journal.line(Tag::Cloud, format_args!("cloud base url {}, enabled", claim.url));
        }
        let reason = switched_off.or_else(|| saved.claimed.is_none().then_some("not claimed"));
        if let Some(reason) = reason {
            let (tag, advice) =
                if off.is_some() { (Tag::Cloud, "") } else { (Tag::Link, "; waiting for \"aclk claim\"") };
            self.journal.line(tag, format_args!("{reason}{advice}"));
        }
        let agents = (*place == Place::CloudDir && saved.claimed.is_some())
            .then(|| format!("{}, the identity of a Netdata Agent", self.paths.cloud_dir().display()));
        if let Some(agents) = &agents {
            let text = format!(
                "claimed by {agents}, which is used as it is and not changed; while it is there, removing {} does not unclaim",
                self.paths.claim_dir().display()
            );
            self.journal.line(Tag::Claim, text);
        }
        self.daemon.is_claimed(saved.claimed.is_some(), agents);
        self.journal.begin(saved.claimed.as_ref(), reason);
    }

    /// Why the last link ended.
    pub(crate) const fn end(&self) -> End {
        self.end
    }

    /// Waits until there is a reason to try again, or to stop.
    pub(crate) async fn wait(&mut self) {
        if self.stops {
            return;
        }
        let end = loop {
            tokio::select! {
                end = self.signals.next() => break end,
                order = self.daemon.next_order() => break order.into(),
                _ = self.look.tick() => {
                    if !self.has_changed() {
                        continue;
                    }
                    if !self.is_claiming {
                        break End::Restart("the claim directory was changed");
                    }
                    if self.look().is_some() {
                        break self.end;
                    }
                }
            }
        };
        self.will_end(end);
    }

    /// What a link may use: nothing where it is switched off.
    fn read(&self) -> Result<Identity, Fault> {
        let mut found = sources::identity(&self.paths, &self.daemon.written.borrow())?;
        if found.off.is_some() {
            found.saved.claimed = None;
        }
        Ok(found)
    }

    /// Whether the files were changed and stay as they are now. If they may not, it is looked again soon.
    fn has_changed(&mut self) -> bool {
        let versions = Versions::of(&self.paths);
        let before = self.unsettled.take();
        if versions == self.versions {
            return false;
        }
        let looks = before.as_ref().map_or(0, |(_, looks)| looks + 1);
        if before.is_some_and(|(before, _)| before == versions) || looks >= LOOKS {
            return true;
        }
        self.unsettled = Some((versions, looks));
        self.look.reset_after(SETTLES_WITHIN);
        false
    }

    /// The wish that follows from the files, if they were changed.
    fn look(&mut self) -> Option<Command> {
        let versions = Versions::of(&self.paths);
        if versions == self.versions {
            return None;
        }
        let changed = std::mem::replace(&mut self.versions, versions);
        if self.is_claiming {
            let Ok(found) = self.read() else {
                self.versions = changed;
                return None;
            };
            let is_new = found.saved.claimed.is_some() && found.saved.claimed != self.found.saved.claimed;
            return is_new.then(|| self.restart("it was claimed meanwhile"));
        }
        let key_changed = changed.of_place(self.found.place).key != self.versions.of_place(self.found.place).key;
        let trust_changed = changed.trust() != self.versions.trust();
        let found = match self.read() {
            Ok(found) => found,
            Err(_) if trust_changed => return Some(self.restart(TRUST_CHANGED)),
            // It may be half of a change; the link goes on as it was until the files say something else.
            Err(fault) => {
                // What was changed beside it is to be told once all of it can be read.
                self.versions = changed;
                let text = fault.to_string();
                if self.trouble != text {
                    self.journal.line(Tag::Claim, format_args!("note: {text}"));
                    self.trouble = text;
                }
                return None;
            }
        };
        self.trouble.clear();
        let (now, before) = (&found.saved.claimed, &self.found.saved.claimed);
        // To the Cloud that is not the same as a claim that was given up.
        if found.off != self.found.off {
            return Some(self.restart("cloud.conf was changed"));
        }
        if now.is_none() && before.is_some() {
            if trust_changed {
                self.ending = true;
                self.will_end(End::Restart(TRUST_CHANGED));
            }
            return Some(self.changed(found));
        }
        if now.is_some() && found.place != self.found.place {
            return Some(self.moves(found));
        }
        if trust_changed {
            return Some(self.restart(TRUST_CHANGED));
        }
        if found.insecure != self.found.insecure {
            return Some(self.restart("\"insecure\" in cloud.conf was changed"));
        }
        if found.proxy != self.found.proxy {
            return Some(self.restart("the proxy in cloud.conf was changed"));
        }
        // Whoever writes the same again has changed nothing.
        (now != before || key_changed).then(|| self.changed(found))
    }

    /// The identity is in another directory now. One that was given up is told so to the Cloud.
    fn moves(&mut self, found: Identity) -> Command {
        const WHY: &str = "the identity is in another directory now";
        let id = |claim: &Option<Claim>| claim.as_ref().map(|claim| claim.id);
        let before = id(&self.found.saved.claimed);
        if before.is_none() || before == id(&found.saved.claimed) {
            return self.restart(WHY);
        }
        self.ending = true;
        self.will_end(End::Restart(WHY));
        Command::Reload(Saved::default())
    }

    fn changed(&mut self, found: Identity) -> Command {
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
        self.will_end(End::Restart(why));
        Command::Stop
    }

    fn will_end(&mut self, end: End) {
        self.end = end;
        match end {
            End::Stop => {
                self.stops = true;
                self.journal.stopping();
            }
            End::Restart(_) => self.journal.reloading(),
        }
    }
}

impl<W: Write> Control for Wishes<W> {
    async fn next(&mut self) -> Command {
        if std::mem::take(&mut self.ending) {
            return Command::Stop;
        }
        if self.stops {
            // It has been told.
            return std::future::pending().await;
        }
        loop {
            let end = tokio::select! {
                end = self.signals.next() => end,
                order = self.daemon.next_order() => order.into(),
                _ = self.look.tick() => {
                    if self.has_changed()
                        && let Some(command) = self.look()
                    {
                        return command;
                    }
                    continue;
                }
            };
            if self.is_claiming {
                self.will_end(end);
                return Command::Stop;
            }
            // Whoever removes the identity and stops or reloads the daemon at once has unclaimed, too.
            let was_claimed = self.found.saved.claimed.is_some();
            let unclaimed = self.look().filter(|_| was_claimed && self.found.saved.claimed.is_none());
            self.will_end(end);
            self.ending = unclaimed.is_some();
            return unclaimed.unwrap_or(Command::Stop);
        }
    }
}

impl Versions {
    fn of(paths: &Paths) -> Self {
        Self { claim_dir: Files::of(&paths.claim_dir()), cloud_dir: Files::of(&paths.cloud_dir()) }
    }

    fn of_place(&self, place: Place) -> &Files {
        match place {
            Place::ClaimDir => &self.claim_dir,
            Place::CloudDir => &self.cloud_dir,
        }
    }

    fn trust(&self) -> [&[Version; 2]; 2] {
        [&self.claim_dir.trust, &self.cloud_dir.trust]
    }
}

impl Files {
    fn of(path: &Path) -> Self {
        // What cannot be looked at will be an error where it is read.
        let Ok(Some(dir)) = Dir::open(path) else { return Self::default() };
        let version = |name| {
            let stat = dir.stat(name)?;
            Some((stat.st_ino, stat.st_size, stat.st_mtime, stat.st_mtime_nsec))
        };
        Self {
            key: version(PRIVATE_PEM),
            claim: [version(CLOUD_CONF), version(CLAIMED_ID)],
            trust: [version(CLOUD_FULLCHAIN), version(TRUSTED)],
        }
    }
}

impl Signals {
    /// Listens to them from now on. Must be called on the runtime.
    ///
    /// # Errors
    /// If the system does not let us.
    pub(crate) fn listen() -> Result<Self, Fault> {
        let [terminate, interrupt, reload] =
            [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()].map(listen);
        Ok(Self { terminate: terminate?, interrupt: interrupt?, reload: reload? })
    }

    /// Waits for a signal. The first one that asks to end does so in order, the second one at once. Of several that have come
    /// already, one that asks to end counts.
    async fn next(&mut self) -> End {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.reload.recv() => return End::Restart("SIGHUP"),
        }
        if let (Ok(mut terminate), Ok(mut interrupt)) =
            (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
        {
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
}

fn listen(kind: SignalKind) -> Result<Signal, Fault> {
    signal(kind).map_err(|error| Fault::new(Stage::Config, format_args!("cannot listen to signals: {error}")))
}

#[cfg(test)]
mod tests;
