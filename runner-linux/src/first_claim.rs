//! What a daemon does that nobody has claimed yet: it claims with what it was given, as current Agents do (protocol.md
//! 1.13).
//!
//! The first of these that has a token counts:
//!
//! 1. `netdata -W "claim …"`;
//! 2. `claim.conf`;
//! 3. the variables `NETDATA_CLAIM_*` and `NETDATA_EXTRA_CLAIM_OPTS`;
//! 4. `claim.d/token`, with `claim.d/rooms`;
//! 5. `cloud.d/token`, with `cloud.d/rooms`, which are only read.
//!
//! It is claimed into `claim.d`, by the engine and its rules for repeating. Meanwhile the local API answers and signals are
//! obeyed. What the Cloud refuses for good is not tried again before `reload-claiming-state`, SIGHUP or a new start.

use crate::daemon::Daemon;
use crate::device::tap::Tap;
use crate::fault::Fault;
use crate::hidden::Hidden;
use crate::host::{self, Host, Work};
use crate::journal::Journal;
use crate::paths::Paths;
use crate::proxy::{Choice, Environment};
use crate::report::Both;
use crate::report::log::Tag;
use crate::report::masked::Masked;
use crate::settings::{self, CLAIM_ATTEMPTS, Given};
use crate::sources::{self, Identity, Place, claim_conf, switch, variables};
use crate::store::FileStore;
use crate::store::claim_dir::{ROOMS, TOKEN, Terms};
use crate::store::reading::Written;
use crate::wishes::Wishes;
use aclk_core::claim::reply::Refusal;
use aclk_core::driver::Observer;
use aclk_core::engine::event::{Event, Goal};
use aclk_core::stage::{Failure, Next};
use std::io::Write;

/// The words of the original (protocol.md 1.10).
const FAILED: &str = "Agent failed to be claimed with the following error message:";
/// When a claim that was refused is tried again. One beside another claim is only made at the start.
const fn again(is_claimed: bool) -> &'static str {
    if is_claimed {
        "it is tried again after a restart"
    } else {
        "it is tried again after \"netdatacli reload-claiming-state\", SIGHUP or a restart"
    }
}

/// What to claim with, and who says so.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) given: Given,
    /// A phrase for people: "/etc/netdata/claim.conf", "the variable NETDATA_CLAIM_TOKEN".
    pub(crate) source: String,
}

/// How a claim ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The machine is claimed, and that is stored.
    Claimed,
    /// It has failed and is not tried again.
    Failed,
    /// Somebody wants the daemon to end or to begin anew.
    Interrupted,
}

/// The first source that has a token, and what is odd about those that were looked at. `said` is what was said on the command
/// line.
///
/// # Errors
/// If a source cannot be read or makes no sense: the next one is not taken in its place.
pub(crate) fn wanted(paths: &Paths, said: Option<&Wanted>) -> Result<(Option<Wanted>, Vec<String>), Fault> {
    if let Some(said) = said {
        return Ok((Some(said.clone()), Vec::new()));
    }
    let (given, mut notes) = claim_conf::read(paths)?;
    if let Some(given) = given {
        return Ok((Some(Wanted { given, source: paths.claim_conf().display().to_string() }), notes));
    }
    let variables = variables::read(|name| std::env::var_os(name))?;
    notes.extend(variables.notes);
    if variables.given.token.is_some() {
        let source = format!("the variable {}", variables.source);
        return Ok((Some(Wanted { given: variables.given, source }), notes));
    }
    for place in [Place::ClaimDir, Place::CloudDir] {
        let Some(dir) = sources::store(paths, place, &Written::default())?.open()? else { continue };
        if let Some(token) = dir.token()? {
            let given = Given { token: Some(token), rooms: dir.rooms()?, ..variables.given };
            return Ok((Some(Wanted { given, source: place.path(paths).join(TOKEN).display().to_string() }), notes));
        }
        if place == Place::CloudDir && dir.rooms()?.is_some() {
            notes.push(format!("{} is there without a token", place.path(paths).join(ROOMS).display()));
        }
    }
    Ok((None, notes))
}

/// What is to be claimed with now, if anything: this machine is not claimed, or what was said on the command line asks for
/// another claim.
pub(crate) fn due<W: Write>(
    paths: &Paths,
    said: Option<&Wanted>,
    identity: &Identity,
    journal: &Journal<W>,
) -> Result<Option<Wanted>, Fault> {
    if let Some(claimed) = &identity.saved.claimed {
        return Ok(said.filter(|said| !said.given.asks_for(claimed) && identity.off.is_none()).cloned());
    }
    if let Some(off) = identity.off {
        if said.is_some() {
            journal.line(Tag::Claim, format_args!("{} ({})", switch::REFUSED, off.how()));
        }
        return Ok(None);
    }
    let (wanted, notes) = wanted(paths, said)?;
    for note in notes {
        journal.line(Tag::Claim, format_args!("note: {note}"));
    }
    Ok(wanted)
}

/// Says why nothing can be claimed with what there is.
pub(crate) fn tell<W: Write>(fault: &Fault, is_claimed: bool, journal: &Journal<W>, daemon: &Daemon) {
    let hint = if fault.hint.is_empty() { String::new() } else { format!("; hint: {}", fault.hint) };
    journal.line(Tag::Claim, format_args!("{FAILED} \"{}\"{hint}; {}", fault.cause, again(is_claimed)));
    journal.begin(None, Some(&fault.to_string()));
    daemon.fail(fault);
}

/// Claims this machine with `wanted`. Where it is claimed already, only a few attempts are made, and what was claimed stays if
/// they fail.
///
/// # Errors
/// If it cannot even be tried.
pub(crate) async fn claim<W: Write + 'static>(
    paths: &Paths,
    wanted: Wanted,
    tap: Option<&Tap>,
    journal: &Journal<W>,
    daemon: &Daemon,
    wishes: &mut Wishes<W>,
) -> Result<Outcome, Fault> {
    let Wanted { given, source } = wanted;
    let insecure = given.insecure;
    let mut store = sources::store(paths, Place::ClaimDir, &Written::default())?;
    let dir = store.open()?;
    let mut defaults = sources::defaults(paths)?;
    defaults.url = daemon.written.borrow().url.clone().or(defaults.url);
    let proxy = given.proxy.clone();
    let choice = Choice::make(proxy.as_ref().map(Hidden::expose), paths, dir.as_ref(), Environment::of_process())?;
    store.remember(Terms { proxy, insecure });
    let guid = host::machine_guid(paths, |note| journal.line(Tag::Claim, format_args!("note: {note}")))?;
    let mut settings = settings::assemble_with(given, dir.as_ref(), defaults, guid)?;
    settings::require_token(&settings, store.path())?;
    let saved = store.saved()?;
    settings.claim_attempts = saved.claimed.is_some().then_some(CLAIM_ATTEMPTS);
    let again = again(saved.claimed.is_some());
    let text = format_args!("claims {} at {} with {source}", settings.id, settings.url).to_string();
    journal.line(Tag::Claim, text);
    journal.proxy(&choice);
    let in_state = choice.in_state();
    choice.apply_to(&mut settings);
    let mut host = host(store, insecure, journal)?;
    journal.begin(None, Some(&format!("claims with {source}")));
    daemon.begin_claim(&settings, &saved, &in_state);
    let verdict = Verdict { journal, source: &source, again, outcome: Outcome::Interrupted };
    let mut observer = Masked::new(settings.token.expose(), Both(journal.clone(), verdict));
    wishes.claims();
    host.drive_over(tap, Work { goal: Goal::Claim, settings, saved }, &daemon.node, &mut observer, wishes).await?;
    let outcome = observer.observer.1.outcome;
    daemon.has_claimed(outcome, &source);
    Ok(outcome)
}

fn host<W: Write>(store: FileStore, insecure: bool, journal: &Journal<W>) -> Result<Host, Fault> {
    let host = Host::new(store, insecure)?;
    for note in &host.trust.notes {
        journal.line(Tag::Claim, format_args!("note: {note}"));
    }
    Ok(host)
}

/// Notes how a claim ends, and says it in the words of the original.
struct Verdict<'j, W> {
    journal: &'j Journal<W>,
    source: &'j str,
    again: &'static str,
    outcome: Outcome,
}

impl<W: Write> Observer for Verdict<'_, W> {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Claimed { .. } => {
                self.outcome = Outcome::Claimed;
                self.journal.line(Tag::Claim, format_args!("Agent was successfully claimed with {}.", self.source));
            }
            Event::ClaimFailed { failure, refusal } => {
                let text = words(failure, *refusal);
                if failure.next == Next::Stop {
                    self.outcome = Outcome::Failed;
                    self.journal.line(Tag::Claim, format_args!("{FAILED} \"{text}\"; {}", self.again));
                } else {
                    self.journal.line(Tag::Claim, format_args!("{FAILED} \"{text}\""));
                }
            }
            _ => {}
        }
    }
}

/// The text of the table in protocol.md 1.7, or what happened on the way.
fn words(failure: &Failure, refusal: Option<Refusal>) -> String {
    match refusal {
        Some(refusal) if refusal != Refusal::Unknown => refusal.message().to_owned(),
        _ => failure.to_string(),
    }
}
