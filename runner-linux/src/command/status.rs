//! `aclk status`: is this machine claimed, and is its link up?

use super::print;
use crate::args::Args;
use crate::clock::rfc3339;
use crate::fault::Fault;
use crate::json::{Object, Raw};
use crate::live::{self, Found, State, Status};
use crate::manual::pages;
use crate::paths::Paths;
use crate::proxy::{self, Choice, Environment};
use crate::report::log::unix_seconds;
use crate::report::screen::Screen;
use crate::sources::switch::Off;
use crate::sources::{self, Identity};
use crate::store::reading::Written;
use aclk_core::identity::guid::Guid;
use aclk_core::store::{Claim, Saved};
use std::ffi::OsString;
use std::fmt::Write;
use std::io::stderr;

/// Exit codes beside 0 (online), 1 (arguments) and 2 (cannot be read).
pub(crate) mod exit {
    /// `aclk run` does not run.
    pub(crate) const NOT_RUNNING: u8 = 3;
    /// It runs, and the link is down.
    pub(crate) const OFFLINE: u8 = 4;
    /// This machine is not claimed.
    pub(crate) const UNCLAIMED: u8 = 5;
}

/// Everything there is to say.
struct Report {
    saved: Saved,
    /// By what the link is switched off.
    off: Option<&'static str>,
    /// Whose files claim this machine.
    claimed_by: Option<String>,
    /// What else would claim it.
    others: Vec<String>,
    /// Whether certificates are not checked.
    insecure: bool,
    found: Found,
    /// The proxy that is configured, and who says so; or why it cannot be used.
    proxy: Result<(Option<String>, String), String>,
    now: u64,
}

/// Runs the command.
pub(crate) fn run(arguments: Vec<OsString>) -> u8 {
    match report(arguments) {
        Ok(code) => code,
        Err(fault) => {
            Screen::new(stderr()).fault(&fault);
            fault.code
        }
    }
}

fn report(arguments: Vec<OsString>) -> Result<u8, Fault> {
    let mut json = false;
    let mut args = Args::of(&pages::STATUS, arguments);
    while let Some(argument) = args.next()? {
        match argument.name() {
            "help" | "h" => {
                print(pages::STATUS);
                return Ok(0);
            }
            "json" => {
                argument.flag()?;
                json = true;
            }
            _ => return Err(argument.unknown()),
        }
    }
    let report = Report::read(&Paths::from_env())?;
    print(if json { report.json().0 } else { report.text().trim_end().to_owned() });
    Ok(report.exit_code())
}

impl Report {
    fn read(paths: &Paths) -> Result<Self, Fault> {
        let identity = sources::identity(paths, &Written::default())?;
        let Identity { place, saved, off, insecure, .. } = identity;
        let dir = sources::store(paths, place, &Written::default())?.open()?;
        let proxy = match Choice::make(None, paths, dir.as_ref(), Environment::of_process()) {
            Ok(choice) => Ok((choice.url(), choice.source())),
            Err(fault) => Err(fault.cause),
        };
        Ok(Self {
            claimed_by: saved.claimed.is_some().then(|| place.path(paths).display().to_string()),
            others: sources::others(paths, place, None),
            saved,
            off: off.map(Off::how),
            insecure,
            found: live::look(&paths.live())?,
            proxy,
            now: unix_seconds(),
        })
    }

    /// What the daemon said, if there still is one.
    fn live(&self) -> Option<&Status> {
        self.found.holder.as_ref().and(self.found.status.as_ref())
    }

    /// What else would claim this machine. The daemon has been told more than we, and has an environment of its own.
    fn others(&self) -> Vec<String> {
        match self.live().filter(|status| status.others.is_some()) {
            Some(status) => status.other_claims().map(str::to_owned).collect(),
            None => self.others.clone(),
        }
    }

    fn node(&self) -> Option<Guid> {
        self.saved.node_of(self.saved.claimed.as_ref().map(|claim| claim.id))
    }

    /// The proxy that is used, and who says so. A daemon may have another environment than we, so it has the say.
    fn proxy(&self) -> Result<(Option<&str>, &str), &str> {
        match self.live() {
            Some(Status { proxy, proxy_source: Some(source), .. }) => Ok((proxy.as_deref(), source)),
            _ => self.proxy.as_ref().map(|(url, source)| (url.as_deref(), source.as_str())).map_err(String::as_str),
        }
    }

    fn is_online(&self) -> bool {
        self.live().is_some_and(|status| status.state == State::Online)
    }

    fn exit_code(&self) -> u8 {
        match (&self.saved.claimed, &self.found.holder) {
            _ if self.is_online() => 0,
            (None, _) => exit::UNCLAIMED,
            (Some(_), None) => exit::NOT_RUNNING,
            (Some(_), Some(_)) => exit::OFFLINE,
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: &dyn std::fmt::Display| {
            // Writing to a `String` never fails.
            let _ = writeln!(text, "{name}: {value}");
        };
        line("Claimed", &yes(self.saved.claimed.is_some()));
        if let Some(claim) = &self.saved.claimed {
            line("Claimed Id", &claim.id);
            line("Cloud URL", &claim.url);
        }
        if let Some(directory) = &self.claimed_by {
            line("Claimed By", directory);
        }
        for other in &self.others() {
            line(if self.saved.claimed.is_some() { "Also Claims" } else { "Claims At Next Start" }, other);
        }
        if self.insecure && self.saved.claimed.is_some() {
            line(
                "INSECURE",
                &"certificates are not checked (\"insecure = yes\" in cloud.conf; a claim without -insecure ends it)",
            );
        }
        if let Some(node) = self.node() {
            line("Node Id", &node);
        }
        if let Some(Claim { id, url }) = &self.saved.pending {
            line("Pending Claim", &format_args!("{id} at {url} (not confirmed: run \"aclk claim\" again)"));
        }
        if let Some(how) = self.off {
            line("Switched Off", &how);
        }
        match self.proxy() {
            Ok((None, "default")) => {}
            Ok((url, source)) => line("Proxy", &format_args!("{} ({source})", url.unwrap_or(proxy::NONE))),
            Err(cause) => line("Proxy", &cause),
        }
        match (&self.found.holder, &self.found.status) {
            (Some(holder), _) => line("Running", &format_args!("Yes, as {holder}")),
            (None, None) => line("Running", &"No (start it with \"aclk run\")"),
            (None, Some(status)) => line(
                "Running",
                &format_args!(
                    "No; it ended without a word, last known to be {} since {}",
                    status.state.name(),
                    rfc3339(status.since)
                ),
            ),
        }
        line("Online", &yes(self.is_online()));
        let Some(status) = self.live() else { return text };
        line("State", &format_args!("{} since {}", status.state.name(), rfc3339(status.since)));
        for (name, value) in [("Stage", &status.stage), ("Reason", &status.reason), ("Hint", &status.hint)] {
            if let Some(value) = value {
                line(name, value);
            }
        }
        if status.state == State::Banned {
            line(
                "Banned By Cloud",
                &"Yes (lifted by \"netdatacli reload-claiming-state\", SIGHUP or a restart of aclk run)",
            );
        }
        if let Some(at) = status.next_attempt {
            let left = at.saturating_sub(self.now);
            line("Next Connection Attempt At", &format_args!("{} (in {left} s)", rfc3339(at)));
        }
        if let Some(at) = status.last_online.filter(|_| status.state != State::Online) {
            line("Last Online", &rfc3339(at));
        }
        line("Connection Count", &status.connections);
        if let Some(warning) = &status.warning {
            line("Warning", warning);
        }
        text
    }

    fn json(&self) -> Raw {
        let live = self.live();
        let (proxy, source, error) = match self.proxy() {
            Ok((url, source)) => (url, Some(source), None),
            Err(cause) => (None, None, Some(cause)),
        };
        let text = |text: Option<&String>| text.cloned();
        let time = |time: Option<u64>| time.map(rfc3339);
        Object::new()
            .member("claimed", self.saved.claimed.is_some())
            .member("claimed_id", self.saved.claimed.as_ref().map(|claim| claim.id.to_string()))
            .member("url", self.saved.claimed.as_ref().map(|claim| claim.url.to_string()))
            .member("node_id", self.node().map(|node| node.to_string()))
            .member("pending", self.saved.pending.as_ref().map(pending))
            .member("claimed_by", text(self.claimed_by.as_ref()))
            .member("would_claim", self.others())
            .member("insecure", self.insecure)
            .member("disabled", self.off.is_some())
            .member("disabled_by", self.off)
            .member("proxy", proxy)
            .member("proxy_source", source)
            .member("proxy_error", error)
            .member("running", self.found.holder.is_some())
            .member("pid", live.map(|status| status.pid))
            .member("online", self.is_online())
            .member("state", live.map(|status| status.state.name()))
            .member("since", time(live.map(|status| status.since)))
            .member("stage", text(live.and_then(|status| status.stage.as_ref())))
            .member("reason", text(live.and_then(|status| status.reason.as_ref())))
            .member("hint", text(live.and_then(|status| status.hint.as_ref())))
            .member("next_attempt", time(live.and_then(|status| status.next_attempt)))
            .member("last_online", time(live.and_then(|status| status.last_online)))
            .member("connections", live.map(|status| status.connections))
            .member("warning", text(live.and_then(|status| status.warning.as_ref())))
            .end()
    }
}

fn pending(claim: &Claim) -> Raw {
    Object::new().member("claimed_id", claim.id.to_string()).member("url", claim.url.to_string()).end()
}

const fn yes(is: bool) -> &'static str {
    if is { "Yes" } else { "No" }
}

#[cfg(test)]
mod tests {
    use super::{Report, exit};
    use crate::live::{Found, State, Status};
    use aclk_core::identity::guid::Guid;
    use aclk_core::store::{Claim, NodeId, Saved};
    use aclk_core::wire::url::Url;
    use serde_json::{Value, json};

    fn claim() -> Claim {
        Claim {
            id: Guid::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").unwrap(),
            url: Url::parse("https://cloud.example").unwrap(),
        }
    }

    fn node() -> NodeId {
        NodeId { claimed: claim().id, node: Guid::parse("99999999-8888-4777-8666-555555555555").unwrap() }
    }

    fn status(state: State) -> Status {
        Status {
            pid: 7,
            state,
            since: 1_732_276_740,
            claimed_id: None,
            url: None,
            stage: None,
            reason: None,
            hint: None,
            next_attempt: None,
            last_online: None,
            connections: 2,
            proxy: None,
            proxy_source: None,
            others: None,
            warning: None,
        }
    }

    fn report(claimed: bool, holder: bool, status: Option<Status>) -> Report {
        Report {
            saved: Saved { claimed: claimed.then(claim), pending: None, node: claimed.then(node) },
            off: None,
            claimed_by: claimed.then(|| "/etc/netdata/claim.d".to_owned()),
            others: Vec::new(),
            insecure: false,
            found: Found { holder: holder.then(|| "aclk (pid 7)".to_owned()), status },
            proxy: Ok((None, "default".to_owned())),
            now: 1_732_276_750,
        }
    }

    fn value(report: &Report) -> Value {
        serde_json::from_str(&report.json().0).unwrap()
    }

    #[test]
    fn online_is_zero_and_everything_else_has_its_code() {
        assert_eq!(report(true, true, Some(status(State::Online))).exit_code(), 0);
        for state in [State::Connecting, State::Offline, State::Stopped, State::Banned, State::Idle] {
            assert_eq!(report(true, true, Some(status(state))).exit_code(), exit::OFFLINE);
        }
        assert_eq!(report(true, false, None).exit_code(), exit::NOT_RUNNING);
        assert_eq!(report(true, false, Some(status(State::Online))).exit_code(), exit::NOT_RUNNING);
        assert_eq!(report(false, true, Some(status(State::Idle))).exit_code(), exit::UNCLAIMED);
        assert_eq!(report(false, false, None).exit_code(), exit::UNCLAIMED);
    }

    #[test]
    fn an_offline_link_says_where_why_and_when() {
        let offline = Status {
            stage: Some("tls".to_owned()),
            reason: Some("certificate has expired".to_owned()),
            hint: Some("renew it".to_owned()),
            next_attempt: Some(1_732_276_754),
            last_online: Some(1_732_276_700),
            ..status(State::Offline)
        };
        let report = report(true, true, Some(offline));
        assert_eq!(
            report.text(),
            "Claimed: Yes\n\
             Claimed Id: aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee\n\
             Cloud URL: https://cloud.example\n\
             Claimed By: /etc/netdata/claim.d\n\
             Node Id: 99999999-8888-4777-8666-555555555555\n\
             Running: Yes, as aclk (pid 7)\n\
             Online: No\n\
             State: offline since 2024-11-22T11:59:00Z\n\
             Stage: tls\n\
             Reason: certificate has expired\n\
             Hint: renew it\n\
             Next Connection Attempt At: 2024-11-22T11:59:14Z (in 4 s)\n\
             Last Online: 2024-11-22T11:58:20Z\n\
             Connection Count: 2\n"
        );
        assert_eq!(
            value(&report),
            json!({
                "claimed": true,
                "claimed_id": "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
                "url": "https://cloud.example",
                "node_id": "99999999-8888-4777-8666-555555555555",
                "pending": null,
                "claimed_by": "/etc/netdata/claim.d",
                "would_claim": [],
                "insecure": false,
                "disabled": false,
                "disabled_by": null,
                "proxy": null,
                "proxy_source": "default",
                "proxy_error": null,
                "running": true,
                "pid": 7,
                "online": false,
                "state": "offline",
                "since": "2024-11-22T11:59:00Z",
                "stage": "tls",
                "reason": "certificate has expired",
                "hint": "renew it",
                "next_attempt": "2024-11-22T11:59:14Z",
                "last_online": "2024-11-22T11:58:20Z",
                "connections": 2,
                "warning": null,
            })
        );
    }

    #[test]
    fn a_daemon_that_was_killed_is_not_online() {
        let report = report(true, false, Some(status(State::Online)));
        assert!(report.text().contains("Running: No; it ended without a word, last known to be online since"));
        assert!(report.text().ends_with("Online: No\n"));
        assert_eq!((&value(&report)["online"], &value(&report)["pid"]), (&json!(false), &json!(null)));
    }

    #[test]
    fn an_unconfirmed_claim_and_a_switch_are_shown() {
        let mut report = report(false, false, None);
        report.saved.pending = Some(claim());
        report.off = Some(crate::sources::switch::Off::ClaimDir.how());
        assert_eq!(
            report.text(),
            "Claimed: No\n\
             Pending Claim: aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee at https://cloud.example (not confirmed: run \"aclk claim\" \
             again)\n\
             Switched Off: by \"enabled = no\" in cloud.conf\n\
             Running: No (start it with \"aclk run\")\n\
             Online: No\n"
        );
        assert_eq!(value(&report)["pending"]["url"], json!("https://cloud.example"));
    }
}
