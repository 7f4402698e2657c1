//! What can be found out without a network: settings, files, rights, clock and key. Nothing is written.

use super::advice::{Situation, sentence};
use super::certificate::date;
use super::holder::Holder;
use super::way::check_key;
use super::{Report, Step, rights};
use crate::clock::{BUILD_UNIX_SECONDS, HostClock, rfc3339};
use crate::fault::Fault;
use crate::first_claim;
use crate::hidden::Hidden;
use crate::machine_guid;
use crate::paths::Paths;
use crate::proxy::{Choice, Environment};
use crate::random;
use crate::settings::{self, Given};
use crate::sources::switch::{self, Off};
use crate::sources::{self, Identity};
use crate::store::FileStore;
use crate::store::claim_dir::{CLAIMED_ID, CLOUD_FULLCHAIN, ClaimDir, PRIVATE_PEM};
use crate::store::disk::Dir;
use crate::store::reading::Written;
use crate::trust::{self, Trust};
use aclk_core::clock::{Clock, Trust as ClockTrust, WallTime};
use aclk_core::identity::guid::Guid;
use aclk_core::settings::Settings;
use aclk_core::stage::Stage;
use aclk_core::store::Saved;

/// What was found, good or bad. Each part is told at its stage.
pub(crate) struct Local {
    /// The identity.
    pub(crate) saved: Saved,
    /// Whether another Cloud than that of the claim is to be tried.
    pub(crate) is_elsewhere: bool,
    pub(crate) settings: Option<Settings>,
    pub(crate) trust: Trust,
    pub(crate) situation: Situation,
    pub(crate) store: FileStore,
    /// What is wrong, each at its stage.
    faults: Vec<Fault>,
    /// Who switched the link off.
    off: Option<Off>,
    /// What is odd about the settings.
    notes: Vec<String>,
    /// What a daemon claims this machine with when it starts.
    wanted: Option<String>,
    guid: Result<Option<Guid>, Fault>,
}

impl Local {
    /// Reads everything.
    pub(crate) fn read(paths: &Paths, given: Given) -> Self {
        let mut faults = Vec::new();
        let mut keep = |fault: Fault| faults.push(fault);
        let nothing_written = Written::default();
        let identity = sources::identity(paths, &nothing_written).map_err(&mut keep).unwrap_or_default();
        let store = sources::store(paths, identity.place, &nothing_written)
            .map_err(&mut keep)
            .unwrap_or_else(|_| FileStore::new(&paths.claim_dir()));
        let dir = store.open().map_err(|error| keep(error.into())).ok().flatten();
        let Identity { saved, off, mut notes, insecure, .. } = identity;
        let defaults = sources::defaults(paths).map_err(&mut keep).unwrap_or_default();
        let is_claimed = saved.claimed.is_some();
        let wanted = if is_claimed { None } else { wanted(paths, &mut notes).map_err(&mut keep).ok().flatten() };
        let given = match is_claimed {
            true => given,
            false => sources::with_proxy_of_environment(given.clone(), paths, dir.as_ref(), &defaults)
                .map_err(&mut keep)
                .unwrap_or(given),
        };
        let (given_url, given_proxy) = (given.url.clone(), given.proxy.clone());
        let insecure = insecure || given.insecure;
        let guid = machine_guid::look(&paths.registry());
        let usable = guid.as_ref().ok().copied().flatten().filter(|guid| !guid.is_known_clone());
        // A machine without a GUID has none yet; the request for /env needs one.
        let guid_or_random = || usable.map_or_else(|| random::rng().map(|mut rng| Guid::random(&mut rng)), Ok);
        let settings = guid_or_random().and_then(|guid| settings::assemble_with(given, dir.as_ref(), defaults, guid));
        let mut settings = settings.map_err(&mut keep).ok();
        let proxy = choose(given_proxy.as_ref(), paths, dir.as_ref()).map_err(&mut keep).ok();
        let url = match (&given_url, &saved.claimed) {
            (Some(url), _) => Some(url.clone()),
            (None, Some(claim)) => Some(claim.url.clone()),
            (None, None) => settings.as_ref().map(|settings| settings.url.clone()),
        };
        let is_elsewhere =
            saved.claimed.as_ref().is_some_and(|claim| url.as_ref().is_some_and(|url| *url != claim.url));
        let mut situation = Situation {
            url: url.as_ref().map(ToString::to_string).unwrap_or_default(),
            proxy: proxy.as_ref().and_then(|choice| Some((choice.url()?, choice.source()))),
            unused: Vec::new(),
            chain: store.place_for_chain(),
            distrust: None,
            insecure,
            wall: HostClock.wall(),
        };
        if let Some(choice) = &proxy
            && choice.url().is_none()
            && !choice.is_decided()
        {
            situation.unused = Environment::of_process().names();
        }
        if let (Some(settings), Some(url)) = (&mut settings, url) {
            settings.url = url;
            if let Some(choice) = proxy {
                choice.apply_to(settings);
            }
        }
        let trust = trust::load(&store, insecure).unwrap_or_else(|fault| {
            // That nobody is trusted matters when somebody has to be.
            if fault.stage == Stage::Tls {
                situation.distrust = Some(fault);
            } else {
                keep(fault);
            }
            Trust::default()
        });
        Self { saved, is_elsewhere, settings, trust, situation, store, faults, off, notes, wanted, guid }
    }

    /// Whether this machine is claimed.
    pub(crate) fn is_claimed(&self) -> bool {
        self.saved.claimed.is_some()
    }

    /// Tells it, stage by stage.
    pub(crate) fn tell(&self, report: &mut Report, holder: &Holder, paths: &Paths) {
        self.step(report, Stage::Config, || self.config());
        self.step(report, Stage::Permission, || rights::check(self.store.path(), holder.pid(), paths));
        self.step(report, Stage::Storage, || self.storage());
        if let Ok(Some(guid)) = &self.guid
            && guid.is_known_clone()
        {
            report.add(Step::doubtful(
                Stage::Storage,
                format!("the machine GUID {guid} is one that many machines share"),
                "It came with a copied disk image. The next \"aclk run\" or \"aclk claim\" replaces it; nothing has to be done.",
            ));
        }
        self.step(report, Stage::Clock, || clock(self.situation.wall));
        self.step(report, Stage::Key, || self.key());
    }

    /// A stage that is all right by `look`, unless something was found before.
    fn step(&self, report: &mut Report, stage: Stage, look: impl FnOnce() -> Step) {
        let guid = self.guid.as_ref().err();
        match self.faults.iter().chain(guid).find(|fault| fault.stage == stage) {
            Some(fault) => report.add(Step::from(fault.clone())),
            None if report.failure().is_none() => report.add(look()),
            None => {}
        }
    }

    fn config(&self) -> Step {
        if let Some(off) = self.off {
            if off == Off::NotBuilt {
                return Step::failed(Stage::Config, off.how(), sentence(switch::REINSTALL));
            }
            let advice = format!(
                "If the link is wanted, take that away: it is switched off {}. Then tell the daemon, or restart it if it is a \
                 variable of its environment:\n  netdatacli reload-claiming-state",
                off.how()
            );
            return Step::failed(Stage::Config, format!("the link is {}", off.state()), advice);
        }
        let url = &self.situation.url;
        let text = match &self.saved.claimed {
            Some(claim) if self.is_elsewhere => format!("claimed as {} at {}; {url} is tried", claim.id, claim.url),
            Some(claim) => format!("claimed as {} at {}", claim.id, claim.url),
            None => format!("not claimed; the Cloud is {url}"),
        };
        let step = if self.notes.is_empty() {
            Step::passed(Stage::Config, text)
        } else {
            Step::doubtful(Stage::Config, self.notes.join("; "), "").seen(text)
        };
        match &self.wanted {
            Some(source) => step.seen(format!("a daemon that starts claims it by itself, with what {source} says")),
            None => step,
        }
    }

    fn storage(&self) -> Step {
        let path = self.store.path().display();
        let has = |name: &str| self.store.path().join(name).exists();
        if let Some(pending) = &self.saved.pending {
            return Step::doubtful(
                Stage::Storage,
                format!("a claim of {} at {} was sent, and its answer was lost", pending.id, pending.url),
                "Run the same claim command again: it finds out what became of it.",
            );
        }
        match (self.is_claimed(), has(PRIVATE_PEM)) {
            (true, _) => {
                let extra = if has(CLOUD_FULLCHAIN) { format!(", {CLOUD_FULLCHAIN}") } else { String::new() };
                Step::passed(Stage::Storage, format!("{path} has {CLAIMED_ID}, {PRIVATE_PEM}{extra}"))
            }
            (false, true) => Step::passed(Stage::Storage, format!("{path} has a key, and no claim was confirmed yet")),
            (false, false) => Step::passed(Stage::Storage, format!("{path} has no identity yet")),
        }
    }

    fn key(&self) -> Step {
        let path = self.store.path().join(PRIVATE_PEM);
        let path = path.display();
        let pem = match self.store.open().map(|dir| dir.map(|dir| dir.private_pem())) {
            Ok(Some(Ok(pem))) => pem,
            Ok(None) => None,
            Ok(Some(Err(error))) | Err(error) => return Step::from(Fault::from(error)),
        };
        match pem {
            None if self.is_claimed() => Step::failed(
                Stage::Key,
                format!("{path} is missing"),
                "The machine is claimed, and the key that proves it is gone. Put it back from a backup, or claim again under a new \
                 id: remove claim.d, and run the claim command of your Space with -id=$(cat /proc/sys/kernel/random/uuid) behind \
                 it.",
            ),
            None => Step::passed(Stage::Key, "none yet: a claim makes one"),
            Some(pem) => match check_key(pem.expose()) {
                Ok(()) => Step::passed(Stage::Key, format!("{path} is an RSA key of 2048 bits")),
                Err(error) => Step::failed(
                    Stage::Key,
                    format!("{path}: {error}"),
                    "Put the right file back from a backup. Without one: remove claim.d and claim again under a new id (-id=).",
                ),
            },
        }
    }
}

/// What a daemon claims an unclaimed machine with.
fn wanted(paths: &Paths, notes: &mut Vec<String>) -> Result<Option<String>, Fault> {
    let (wanted, odd) = first_claim::wanted(paths, None)?;
    notes.extend(odd);
    Ok(wanted.map(|wanted| wanted.source))
}

fn choose(given: Option<&Hidden>, paths: &Paths, dir: Option<&ClaimDir<Dir>>) -> Result<Choice, Fault> {
    Choice::make(given.map(Hidden::expose), paths, dir, Environment::of_process())
}

/// An error here is a clock that was never set; everything else shows when somebody tells another time.
fn clock(wall: WallTime) -> Step {
    if wall.trust == ClockTrust::Floor {
        return Step::doubtful(
            Stage::Clock,
            format!("the clock of this machine is not set: it is before {}", date(BUILD_UNIX_SECONDS)),
            "This program was built later than the clock says. Certificates made since then seem not to be valid yet. Set the \
             clock:\n  timedatectl set-ntp true",
        );
    }
    Step::passed(Stage::Clock, rfc3339(wall.unix_seconds()))
}
