//! How a running `aclk run` tells `aclk status` how it is: a small file beside the machine GUID, and a lock.
//!
//! The file says what the state is, the lock whether anybody is still there to keep it true: a process that was killed
//! leaves the file, but never the lock.

use crate::json::Object;
use crate::report::log::unix_seconds;
use crate::store::disk::{Dir, Disk};
use crate::store::error::{Problem, StoreError};
use crate::store::lock::Lock;
use aclk_core::driver::Observer;
use aclk_core::engine::event::Event;
use aclk_core::stage::{Failure, Next, Purpose, Stage};
use aclk_core::store::Claim;
use aclk_core::text::Text;
use aclk_core::wire::json;
use rustix::fs::Mode;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) const FILE: &str = "link.json";
const TEMPORARY: &str = ".link.json.new";
/// Whoever holds it keeps the link. The directory is open to everybody, this is not.
pub(crate) const LOCK: &str = "lock";
const FILE_MODE: u32 = 0o644;
const DIRECTORY_MODE: Mode = Mode::from_raw_mode(0o755);
const LIMIT: usize = 4096;
/// Longest text in the file; its escapes are undone in a buffer of this size.
const TEXT_LIMIT: usize = 512;
/// `aclk status` holds the lock for a moment while it looks.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// What the link is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// There is nothing to link: not claimed, or switched off.
    Idle,
    /// On the way.
    Connecting,
    /// Up.
    Online,
    /// Down; the next attempt comes by itself.
    Offline,
    /// Down, and no attempt will be made until somebody acts.
    Stopped,
    /// The Cloud does not want to be asked again.
    Banned,
}

impl State {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Online => "online",
            Self::Offline => "offline",
            Self::Stopped => "stopped",
            Self::Banned => "banned",
        }
    }
}

/// The content of the file. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Status {
    pub(crate) pid: u64,
    pub(crate) state: State,
    pub(crate) since: u64,
    pub(crate) claimed_id: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) stage: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) hint: Option<String>,
    pub(crate) next_attempt: Option<u64>,
    pub(crate) last_online: Option<u64>,
    pub(crate) connections: u64,
    /// The proxy without credentials.
    pub(crate) proxy: Option<String>,
    /// Who says so.
    pub(crate) proxy_source: Option<String>,
    /// What else would claim this machine, one behind the other with [`BETWEEN`].
    pub(crate) others: Option<String>,
    /// What a person should know, whether the link is up or not.
    pub(crate) warning: Option<String>,
}

/// Stands between the parts of [`Status::others`].
const BETWEEN: &str = "; ";

impl Status {
    /// The parts of [`Status::others`].
    pub(crate) fn other_claims(&self) -> impl Iterator<Item = &str> {
        self.others.iter().flat_map(|others| others.split(BETWEEN)).filter(|other| !other.is_empty())
    }

    fn json(&self) -> String {
        Object::new()
            .member("pid", self.pid)
            .member("state", self.state.name())
            .member("since", self.since)
            .member("claimed_id", self.claimed_id.as_deref())
            .member("url", self.url.as_deref())
            .member("stage", self.stage.as_deref())
            .member("reason", self.reason.as_deref())
            .member("hint", self.hint.as_deref())
            .member("next_attempt", self.next_attempt)
            .member("last_online", self.last_online)
            .member("connections", self.connections)
            .member("proxy", self.proxy.as_deref())
            .member("proxy_source", self.proxy_source.as_deref())
            .member("others", self.others.as_deref())
            .member("warning", self.warning.as_deref())
            .end()
            .0
    }
}

/// Keeps the file true. Only one at a time can.
#[derive(Debug)]
pub(crate) struct Live {
    path: PathBuf,
    status: Status,
    problem: Option<StoreError>,
    _lock: Lock,
}

impl Live {
    /// Becomes the one that links this machine, waiting up to `patience` for another one to end.
    ///
    /// # Errors
    /// If another process is, or if nothing can be written in `path`.
    pub(crate) fn new(path: &Path, patience: Duration) -> Result<Self, StoreError> {
        let at = |problem: Problem| problem.at(path);
        let mode = match Dir::open(path).map_err(at)? {
            Some(dir) => dir.mode(),
            None => DIRECTORY_MODE,
        };
        let dir = Dir::open_or_create_with_parent(path, mode).map_err(at)?;
        let lock = Lock::take_file(&dir, LOCK, patience).map_err(at)?;
        let status = Status {
            pid: std::process::id().into(),
            state: State::Idle,
            since: unix_seconds(),
            claimed_id: None,
            url: None,
            stage: None,
            reason: None,
            hint: None,
            next_attempt: None,
            last_online: None,
            connections: 0,
            proxy: None,
            proxy_source: None,
            others: None,
            warning: None,
        };
        let live = Self { path: path.to_owned(), status, problem: None, _lock: lock };
        live.write()?;
        Ok(live)
    }

    /// What every connection goes through from now on: this proxy or none, because of `source`. Told with what follows.
    pub(crate) fn proxy(&mut self, url: Option<String>, source: String) {
        self.status.proxy = url;
        self.status.proxy_source = Some(source);
    }

    /// What else would claim this machine. Told with what follows.
    pub(crate) fn others(&mut self, others: &[String]) {
        self.status.others = Some(Text::<TEXT_LIMIT>::of(others.join(BETWEEN)).as_str().to_owned());
    }

    /// What is linked from now on: nothing, or this claim. `reason` says why nothing.
    pub(crate) fn begin(&mut self, claim: Option<&Claim>, reason: Option<&str>) {
        self.status.claimed_id = claim.map(|claim| claim.id.to_string());
        self.status.url = claim.map(|claim| claim.url.to_string());
        self.turn(if claim.is_some() { State::Connecting } else { State::Idle });
        self.status.reason = reason.map(str::to_owned);
        self.publish();
    }

    /// A person should know this, or need no longer.
    pub(crate) fn warn(&mut self, warning: Option<&str>) {
        self.status.warning = warning.map(str::to_owned);
        self.publish();
    }

    /// The first problem with the file since the last call. The link does not depend on it.
    pub(crate) fn take_problem(&mut self) -> Option<StoreError> {
        self.problem.take()
    }

    fn turn(&mut self, state: State) {
        if self.status.state != state {
            self.status.since = unix_seconds();
        }
        self.status.state = state;
        self.status.stage = None;
        self.status.reason = None;
        self.status.hint = None;
        self.status.next_attempt = None;
    }

    fn fail(&mut self, failure: &Failure) {
        let now = unix_seconds();
        if self.status.state == State::Online {
            self.status.last_online = Some(now);
        }
        self.turn(match failure.next {
            Next::Retry(_) => State::Offline,
            Next::Stop => State::Stopped,
            Next::Banned => State::Banned,
        });
        self.status.stage = Some(failure.stage.name().to_owned());
        self.status.reason = Some(failure.cause.to_string());
        self.status.hint = Some(failure.hint.to_owned()).filter(|hint| !hint.is_empty());
        if let Next::Retry(delay) = failure.next {
            self.status.next_attempt = Some(now + delay.as_millis().div_ceil(1_000) as u64);
        }
        self.publish();
    }

    fn publish(&mut self) {
        if let Err(error) = self.write() {
            self.problem.get_or_insert(error);
        }
    }

    fn write(&self) -> Result<(), StoreError> {
        let at = |problem: Problem| problem.at(self.path.join(FILE));
        let Some(mut dir) = Dir::open(&self.path).map_err(at)? else { return Err(at(Problem::Vanished)) };
        dir.remove(TEMPORARY).map_err(at)?;
        // It need not survive a power cut, only never be seen half written.
        let mut file = dir.create(TEMPORARY, FILE_MODE).map_err(at)?;
        dir.write(&mut file, self.status.json().as_bytes()).map_err(at)?;
        dir.rename(TEMPORARY, FILE).map_err(at)
    }
}

impl Drop for Live {
    /// Says that nobody is there any more.
    fn drop(&mut self) {
        if let Ok(Some(mut dir)) = Dir::open(&self.path) {
            let _ = dir.remove(FILE);
        }
    }
}

impl Observer for Live {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Online { id, .. } => {
                self.turn(State::Online);
                self.status.claimed_id = Some(id.to_string());
                self.status.connections += 1;
                self.status.last_online = Some(self.status.since);
                self.publish();
            }
            Event::Claimed { id, .. } => {
                self.turn(State::Connecting);
                self.status.claimed_id = Some(id.to_string());
                self.publish();
            }
            Event::ClaimFailed { failure, .. } | Event::Offline { failure } => self.fail(failure),
            // The first step of the next attempt.
            Event::Stage(report) if report.purpose == Some(Purpose::Env) && report.stage == Stage::Tcp => {
                if self.status.state == State::Offline {
                    // What has failed is told until it is known how the next attempt ends.
                    let Status { stage, reason, hint, .. } = self.status.clone();
                    self.turn(State::Connecting);
                    self.status = Status { stage, reason, hint, ..self.status.clone() };
                    self.publish();
                }
            }
            Event::Stage(_) | Event::Answer(_) | Event::Live { .. } | Event::Notice(_) => {}
        }
    }
}

/// What `aclk status` finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Who keeps the link, if somebody does.
    pub(crate) holder: Option<String>,
    /// What it said last. Without a holder that is how it was when it was killed.
    pub(crate) status: Option<Status>,
}

/// Looks whether the link of this machine is kept, and how it is.
///
/// # Errors
/// If the directory or file cannot be read.
pub(crate) fn look(path: &Path) -> Result<Found, StoreError> {
    let Some(dir) = Dir::open(path).map_err(|problem| problem.at(path))? else {
        return Ok(Found { holder: None, status: None });
    };
    let holder = Lock::is_held(&dir, LOCK).map_err(|problem| problem.at(path))?;
    let at = |problem: Problem| problem.at(path.join(FILE));
    let Some(content) = dir.read(FILE, LIMIT).map_err(at)? else { return Ok(Found { holder, status: None }) };
    let status = json::parse(&content, &mut [0; TEXT_LIMIT])
        .map_err(|error| at(Problem::Malformed { expected: format!("not what aclk run writes: {error}") }))?;
    Ok(Found { holder, status: Some(status) })
}

#[cfg(test)]
mod tests {
    use super::{Found, Live, State, Status, look};
    use crate::report::tests::{forbidden, refused_connection, stage};
    use crate::scratch::Scratch;
    use aclk_core::driver::Observer;
    use aclk_core::engine::event::Event;
    use aclk_core::identity::guid::Guid;
    use aclk_core::stage::{Failure, Next, Purpose, Stage};
    use aclk_core::store::Claim;
    use aclk_core::wire::url::Url;
    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    fn claim() -> Claim {
        Claim {
            id: Guid::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").unwrap(),
            url: Url::parse("https://cloud.example").unwrap(),
        }
    }

    fn status(path: &Path) -> Status {
        look(path).unwrap().status.unwrap()
    }

    #[test]
    fn the_state_follows_the_link() {
        let scratch = Scratch::new();
        let path = scratch.path().join("lib/aclk");
        assert_eq!(look(&path).unwrap(), Found { holder: None, status: None });
        let mut live = Live::new(&path, Duration::ZERO).unwrap();
        assert_eq!(status(&path).state, State::Idle);
        assert_eq!(status(&path).pid, u64::from(std::process::id()));

        live.begin(Some(&claim()), None);
        assert_eq!(status(&path).state, State::Connecting);
        assert_eq!(status(&path).url.as_deref(), Some("https://cloud.example"));

        live.event(&Event::Online { id: claim().id, session_id: 1 });
        assert_eq!((status(&path).state, status(&path).connections), (State::Online, 1));

        live.event(&Event::Offline { failure: &refused_connection().hint("look whether it runs") });
        let offline = status(&path);
        assert_eq!(offline.state, State::Offline);
        assert_eq!(offline.stage.as_deref(), Some("tcp"));
        assert_eq!(offline.reason.as_deref(), Some("127.0.0.1:443: connection refused"));
        assert!(offline.next_attempt.unwrap() >= offline.since + 4);
        assert!(offline.last_online.is_some() && offline.hint.is_some());

        live.event(&Event::Stage(stage(Some(Purpose::Env), Stage::Tcp, 1, 0, 0)));
        let again = status(&path);
        assert_eq!((again.state, again.next_attempt), (State::Connecting, None));
        assert_eq!(
            (again.stage, again.reason, again.hint),
            (offline.stage, offline.reason, offline.hint),
            "why it was down"
        );

        let banned = Failure::new(Stage::Http, "go away").then(Next::Banned);
        live.event(&Event::Offline { failure: &banned });
        assert_eq!((status(&path).state, status(&path).next_attempt), (State::Banned, None));
        let (failure, refusal) = forbidden();
        live.event(&Event::ClaimFailed { failure: &failure, refusal });
        assert_eq!(status(&path).state, State::Stopped);
        assert_eq!(status(&path).hint.as_deref(), Some("copy the token again"));
        assert!(live.take_problem().is_none());
    }

    #[test]
    fn a_process_that_is_gone_is_not_believed() {
        let scratch = Scratch::new();
        let live = Live::new(scratch.path(), Duration::ZERO).unwrap();
        let left_behind = fs::read(scratch.path().join("link.json")).unwrap();
        assert!(look(scratch.path()).unwrap().holder.unwrap().contains("pid"));
        drop(live);
        assert_eq!(look(scratch.path()).unwrap(), Found { holder: None, status: None });
        fs::write(scratch.path().join("link.json"), left_behind).unwrap();
        let found = look(scratch.path()).unwrap();
        assert_eq!(found.holder, None);
        assert_eq!(found.status.unwrap().state, State::Idle);
    }

    #[test]
    fn only_one_process_links_a_machine() {
        let scratch = Scratch::new();
        let _first = Live::new(scratch.path(), Duration::ZERO).unwrap();
        let error = Live::new(scratch.path(), Duration::ZERO).unwrap_err().to_string();
        assert!(error.contains("is in use by") && error.contains("(pid "), "{error}");
    }

    #[test]
    fn trouble_with_the_file_is_told_once_and_hurts_nobody() {
        let scratch = Scratch::new();
        let path = scratch.path().join("aclk");
        let mut live = Live::new(&path, Duration::ZERO).unwrap();
        fs::remove_dir_all(&path).unwrap();
        live.begin(None, Some("not claimed"));
        live.begin(None, Some("not claimed"));
        assert!(live.take_problem().unwrap().to_string().contains("link.json"));
        assert!(live.take_problem().is_none());
    }

    #[test]
    fn a_file_that_is_not_ours_is_named() {
        let scratch = Scratch::new();
        fs::write(scratch.path().join("link.json"), "[[[[").unwrap();
        let error = look(scratch.path()).unwrap_err().to_string();
        assert!(error.contains("link.json: not what aclk run writes"), "{error}");
    }

    #[test]
    fn the_longest_reason_is_read_back() {
        let scratch = Scratch::new();
        let mut live = Live::new(scratch.path(), Duration::ZERO).unwrap();
        let failure = Failure::new(Stage::Tls, "\"\\\u{e9}".repeat(100)).then(Next::Stop);
        live.event(&Event::Offline { failure: &failure });
        assert_eq!(status(scratch.path()).reason.as_deref(), Some(failure.cause.as_str()));
    }
}
