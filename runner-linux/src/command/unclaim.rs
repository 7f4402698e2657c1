//! `aclk unclaim`: makes this machine no node of any Space.

use super::claim::notify::{Notified, notify};
use super::print;
use crate::args::Args;
use crate::fault::{Fault, exit};
use crate::json::{Object, Raw};
use crate::live::{self, State, Status};
use crate::manual::pages;
use crate::paths::Paths;
use crate::report::record;
use crate::report::screen::Screen;
use crate::sources::{self, Place};
use crate::store::FileStore;
use crate::store::claim_dir::TOKEN;
use crate::user;
use aclk_core::store::{Claim, Saved};
use std::ffi::OsString;
use std::io::{self, BufRead, IsTerminal, Write, stderr};

/// How long a yes or no may be.
const ANSWER_MAX: u64 = 16;

#[derive(Debug, Default)]
struct Options {
    yes: bool,
    json: bool,
    user: Option<String>,
}

/// What was there, and what became of it.
#[derive(Debug)]
struct Outcome {
    /// What was stored; or why that cannot be said.
    before: Result<Saved, String>,
    removed: Vec<&'static str>,
    kept: Vec<&'static str>,
    notified: Notified,
    /// Whether the daemon had a link, and so could take its leave.
    was_online: bool,
    /// What still claims this machine, or will.
    others: Vec<String>,
    notes: Vec<String>,
}

/// Runs the command. What people read goes to standard error, `--json` to standard output.
pub(crate) fn run(arguments: Vec<OsString>) -> u8 {
    let options = match parse(arguments) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print(pages::UNCLAIM);
            return 0;
        }
        Err(fault) => {
            Screen::new(stderr()).fault(&fault);
            return fault.code;
        }
    };
    match unclaim(&options, &Paths::from_env()) {
        Ok(outcome) => {
            if options.json {
                print(outcome.json(None).0);
            } else {
                outcome.tell(&mut Screen::new(stderr()));
            }
            if outcome.others.is_empty() { 0 } else { exit::STILL_CLAIMED }
        }
        Err(fault) => {
            if options.json {
                print(Outcome::nothing(Ok(Saved::default())).json(Some(&fault)).0);
            } else {
                Screen::new(stderr()).fault(&fault);
            }
            fault.code
        }
    }
}

fn parse(arguments: Vec<OsString>) -> Result<Option<Options>, Fault> {
    let mut options = Options::default();
    let mut args = Args::of(&pages::UNCLAIM, arguments);
    while let Some(argument) = args.next()? {
        match argument.name() {
            "help" | "h" => return Ok(None),
            "yes" | "y" => {
                argument.flag()?;
                options.yes = true;
            }
            "json" => {
                argument.flag()?;
                options.json = true;
            }
            "user" => options.user = Some(argument.value()?.to_string()),
            _ => return Err(argument.unknown()),
        }
    }
    Ok(Some(options))
}

fn unclaim(options: &Options, paths: &Paths) -> Result<Outcome, Fault> {
    let (_, notes) = user::act_for(options.user.as_deref(), paths)?;
    let mut store = FileStore::new(&paths.claim_dir());
    let Some(dir) = store.open()?.filter(|dir| dir.has_identity()) else {
        return Ok(Outcome { others: others(paths), notes, ..Outcome::nothing(Ok(Saved::default())) });
    };
    // Where files are damaged, to remove them is the cure.
    let before = store.saved().map_err(|error| error.to_string());
    if !options.yes {
        ask(options.json, before.as_ref().ok())?;
    }
    store.hold()?;
    let was_online = is_online(paths);
    let removed = store.unclaim()?;
    let kept = dir.kept();
    // The daemon needs the directory.
    drop(store);
    let notified = notify(paths);
    Ok(Outcome { before, removed, kept, notified, was_online, others: others(paths), notes })
}

/// What still claims this machine, or will. A daemon has been told more than we, and has an environment of its own; of what it
/// said before it read the files anew, the token that is gone by now does not count.
fn others(paths: &Paths) -> Vec<String> {
    let mut others = sources::others(paths, Place::ClaimDir, None);
    let token = paths.claim_dir().join(TOKEN).display().to_string();
    let daemon = live::look(&paths.live()).ok().filter(|found| found.holder.is_some()).and_then(|found| found.status);
    for other in daemon.iter().flat_map(Status::other_claims) {
        if other != token && !others.iter().any(|known| known == other) {
            others.push(other.to_owned());
        }
    }
    others
}

/// Whether a daemon runs that has a link.
fn is_online(paths: &Paths) -> bool {
    let found = live::look(&paths.live()).ok();
    found
        .is_some_and(|found| found.holder.is_some() && found.status.is_some_and(|status| status.state == State::Online))
}

/// Lets a person say yes.
fn ask(is_json: bool, saved: Option<&Saved>) -> Result<(), Fault> {
    let refused = |cause: &str| Err(Fault::usage(cause).hint("add --yes to the command, if it is meant"));
    if is_json || !io::stdin().is_terminal() {
        return refused("nothing was removed: nobody was asked, and the key would be gone for good");
    }
    let what = match saved.map(|saved| (&saved.claimed, &saved.pending)) {
        Some((Some(Claim { id, url }), _)) => format!("the node {id} at {url}"),
        Some((None, Some(Claim { id, url }))) => format!("the claim of {id} at {url}, which is not confirmed"),
        _ => "what is left of an identity".to_owned(),
    };
    // In one piece: what is typed ahead is shown in between otherwise.
    let question = format!("This removes {what}, and its key for good. Go on? [y/N] ");
    let _ = stderr().write_all(question.as_bytes());
    let mut answer = String::new();
    let read = io::Read::take(io::stdin().lock(), ANSWER_MAX).read_line(&mut answer);
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" if read.is_ok() => Ok(()),
        _ => refused("nothing was removed"),
    }
}

impl Outcome {
    fn nothing(before: Result<Saved, String>) -> Self {
        Self {
            before,
            removed: Vec::new(),
            kept: Vec::new(),
            notified: Notified::Not,
            was_online: false,
            others: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// What this machine was: its claim, or one that was not confirmed.
    fn claim(&self) -> (Option<&Claim>, &'static str) {
        match &self.before {
            Ok(Saved { claimed: Some(claim), .. }) => (Some(claim), "claimed"),
            Ok(Saved { pending: Some(claim), .. }) => (Some(claim), "pending"),
            Ok(_) => (None, "unclaimed"),
            Err(_) => (None, "unreadable"),
        }
    }

    /// Whether the daemon has said farewell to the Cloud: it had a link, and has shown that it read the files anew.
    fn is_cloud_told(&self) -> bool {
        self.was_online && matches!(self.notified, Notified::Done(_))
    }

    fn tell(&self, screen: &mut Screen<io::Stderr>) {
        self.notes.iter().for_each(|note| screen.note(note));
        match self.claim() {
            (Some(Claim { id, url }), "claimed") => {
                screen.success(format_args!("This machine was unclaimed: it is no longer the node {id} at {url}."));
                self.tell_about_cloud(screen);
            }
            (Some(Claim { id, url }), _) => screen.line(format_args!(
                "The claim of {id} at {url} is given up. Whether the Cloud has accepted it is not known: if it has, it shows a \
                 node that is never online until somebody removes it there."
            )),
            (None, _) if self.removed.is_empty() => screen.line("This machine is not claimed: there is nothing to remove."),
            (None, _) => {
                if let Err(cause) = &self.before {
                    screen.note(cause);
                }
                screen.line("What was left of an identity is removed.");
            }
        }
        for (what, names) in [("Removed", &self.removed), ("Kept", &self.kept)] {
            if !names.is_empty() {
                screen.line(format_args!("{what}: {}", names.join(", ")));
            }
        }
        if self.claim().0.is_some() {
            screen.line("To claim this machine again, give the claim a new id: -id=$(uuidgen)");
        }
        for other in &self.others {
            screen.failed(format_args!("This machine is still claimed, or will be at the next start, by {other}."));
        }
    }

    fn tell_about_cloud(&self, screen: &mut Screen<io::Stderr>) {
        match &self.notified {
            Notified::Done(_) if self.was_online => {
                screen.line("The daemon has taken its leave of the Cloud, which removes the node from its rooms.");
            }
            Notified::Failed(why) => screen.note(format_args!(
                "a daemon may be running and could not be told ({why}); if it uses this claim directory, it notices within \
                 seconds and takes its leave of the Cloud"
            )),
            _ => screen.note(
                "no link was up, so the Cloud was not told: it shows the node as offline until somebody removes it there",
            ),
        }
    }

    fn json(&self, failure: Option<&Fault>) -> Raw {
        let (claim, was) = self.claim();
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        Object::new()
            .member("was", failure.is_none().then_some(was))
            .member("claimed_id", claim.map(|claim| claim.id.to_string()))
            .member("url", claim.map(|claim| claim.url.to_string()))
            .member("removed", list(&self.removed))
            .member("kept", list(&self.kept))
            .member("daemon", self.notified.word())
            .member("cloud_told", self.is_cloud_told())
            .member("others", self.others.clone())
            .member("notes", self.notes.clone())
            .member("failure", failure.map(record::fault))
            .end()
    }
}
