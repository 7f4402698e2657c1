//! The way to the Cloud, gone by the engine that holds the link.

use super::advice::{Situation, of_failure};
use super::certificate::{Shown, span};
use super::{Report, Step};
use crate::clock::HostClock;
use crate::fault::Fault;
use crate::host::{self, Host, Work};
use crate::store::FileStore;
use crate::trust::{INSECURE, Trust};
use aclk_core::clock::Clock;
use aclk_core::driver::{Evidence, NoControl, Observer};
use aclk_core::engine::event::{Answer, Event, Goal, Until};
use aclk_core::identity::key::Key;
use aclk_core::identity::software::SoftwareKey;
use aclk_core::metrics::NoDevice;
use aclk_core::node::Node;
use aclk_core::settings::Settings;
use aclk_core::stage::{Purpose, Stage};
use aclk_core::store::Saved;
use std::cell::RefCell;

/// Clocks that differ by less are right, in seconds.
const CLOSE: u64 = 60;

/// What was seen on the connection at hand.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The name that was looked up last, and its addresses.
    resolved: Option<(String, Vec<String>)>,
    /// Addresses that could not be reached.
    unreached: Vec<String>,
    reached: Option<String>,
    pub(crate) certificate: Option<Shown>,
    /// The status of the last answer; 0 without one.
    pub(crate) status: u16,
}

/// Everything that the way needs.
pub(crate) struct Way {
    pub(crate) store: FileStore,
    pub(crate) trust: Trust,
    pub(crate) settings: Settings,
    pub(crate) saved: Saved,
    pub(crate) until: Until,
    pub(crate) situation: Situation,
}

/// Whether this is a private key that a link can use.
///
/// # Errors
/// If it is none, in words for people.
pub(crate) fn check_key(pem: &[u8]) -> Result<(), String> {
    SoftwareKey::new().import_pem(pem).map_err(|error| error.to_string())
}

impl Way {
    /// Goes the way, and adds a step for each stage to `report`.
    ///
    /// # Errors
    /// If it cannot even begin.
    pub(crate) fn go(self, report: &mut Report) -> Result<(), Fault> {
        host::block_on(Box::pin(self.walk(report)))?
    }

    async fn walk(self, report: &mut Report) -> Result<(), Fault> {
        let Self { store, trust, settings, saved, until, situation } = self;
        let node = RefCell::new(Node::new(NoDevice::default(), &settings, &saved, HostClock.now()));
        let has_proxy = settings.proxy_to(settings.url.host(), settings.url.port()).is_some();
        let mut witness = Witness { report, situation: &situation, seen: Seen::default(), has_proxy };
        let work = Work { goal: Goal::Check(until), settings, saved };
        Host::looking(store, trust)?.drive(work, &node, &mut witness, &mut NoControl).await?;
        witness.end();
        Ok(())
    }
}

/// Makes steps of what the engine tells.
struct Witness<'w> {
    report: &'w mut Report,
    situation: &'w Situation,
    seen: Seen,
    /// Whether the way to the URL leads through a proxy.
    has_proxy: bool,
}

impl Witness<'_> {
    /// A stage of the first connection, the one for `/env`. Those that follow go the same way, and only their failures tell
    /// something new.
    fn on_env(&mut self, stage: Stage) {
        match stage {
            Stage::Dns => {
                let Some((host, addresses)) = &self.seen.resolved else { return };
                let text = format!("\"{host}\" is {}", addresses.join(", "));
                if !self.report.has(Stage::Dns) {
                    self.report.add(Step::passed(Stage::Dns, text));
                }
            }
            Stage::Tcp => {
                if !self.report.has(Stage::Dns) {
                    self.report.add(Step::passed(Stage::Dns, "nothing to look up: the URL has an address"));
                }
                let reached = self.seen.reached.clone().unwrap_or_default();
                let what = if self.has_proxy { "the proxy" } else { "the Cloud" };
                let text = format!("connected to {what} at {reached}");
                let unreached = std::mem::take(&mut self.seen.unreached);
                if unreached.is_empty() {
                    self.report.add(Step::passed(Stage::Tcp, text));
                } else {
                    let advice = "Addresses that cannot be reached cost time at every connection: mend the route to them, or have \
                                  the name server not tell them.";
                    let cause = unreached.join("; ");
                    self.report.add(Step::doubtful(Stage::Tcp, cause, advice).seen(text));
                }
                if !self.has_proxy {
                    self.no_proxy();
                }
            }
            Stage::Proxy => {
                let (url, source) = self.situation.proxy.clone().unwrap_or_default();
                self.report.add(Step::passed(Stage::Proxy, format!("{url} made a tunnel ({source})")));
            }
            Stage::Tls => {
                let text = self.seen.certificate.as_ref().map(Shown::describe).unwrap_or_default();
                let text = format!("TLS 1.3, {text}");
                self.report.add(if self.situation.insecure {
                    let advice = "Take \"insecure\" away from cloud.conf, the environment or the command, and put the authority of the \
                                  Cloud into claim.d/cloud_fullchain.pem.";
                    Step::doubtful(Stage::Tls, INSECURE, advice).seen(text)
                } else {
                    Step::passed(Stage::Tls, text)
                });
            }
            _ => {}
        }
    }

    fn no_proxy(&mut self) {
        let text = match &self.situation.proxy {
            None => "none is used".to_owned(),
            Some((url, source)) => format!("{url} ({source}) is not for this host: no_proxy"),
        };
        if self.situation.unused.is_empty() {
            return self.report.add(Step::passed(Stage::Proxy, text));
        }
        let cause = format!("{text}, though the environment names one ({})", self.situation.unused.join(", "));
        let advice = "The way is open without it. If claim and link are to use it, say so in netdata.conf:\n  [cloud]\n      \
                      proxy = env";
        self.report.add(Step::doubtful(Stage::Proxy, cause, advice));
    }

    /// The Cloud has answered to `/env`: it told its time of day.
    fn on_env_answer(&mut self, answer: Answer) {
        let ours = self.situation.wall.unix_seconds();
        let (step, doubt) = match answer.date {
            None => (format!("/env: status {}", answer.status), None),
            Some(theirs) => {
                let apart = ours.abs_diff(theirs);
                let text =
                    format!("/env: status {}; the clocks there and here are {} apart", answer.status, span(apart));
                let way = if ours > theirs { "fast" } else { "slow" };
                (
                    text,
                    (apart > CLOSE).then(|| format!("by the clock of the Cloud this machine is {} {way}", span(apart))),
                )
            }
        };
        if let Some(cause) = doubt {
            let advice =
                "Certificates and sessions depend on the time of day. Set the clock:\n  timedatectl set-ntp true";
            self.report.add(Step::doubtful(Stage::Clock, cause, advice));
        }
        if answer.status == 200 {
            self.report.add(Step::passed(Stage::Http, step));
        }
    }

    /// What `/env` says was understood: the engine goes on.
    fn understood(&mut self) {
        if self.report.has(Stage::Http) && !self.report.has(Stage::Json) {
            self.report.add(Step::passed(Stage::Json, "the answer says where to log in and where the link goes"));
        }
    }

    fn fresh(&mut self, purpose: Purpose) {
        if purpose != Purpose::Env {
            self.understood();
        }
    }

    /// The engine has ended.
    fn end(&mut self) {
        if self.report.failure().is_none() {
            self.understood();
        }
    }
}

impl Observer for Witness<'_> {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Answer(answer) => {
                self.seen.status = answer.status;
                match (answer.purpose, answer.status) {
                    (Purpose::Env, _) => self.on_env_answer(*answer),
                    (Purpose::Password, 201) => {
                        let text =
                            "private.pem is the key of the claimed id: the Cloud took our answer to its challenge";
                        self.report.add(Step::passed(Stage::Decrypt, text));
                    }
                    _ => {}
                }
            }
            Event::Stage(report) => match (report.purpose, report.stage) {
                (Some(Purpose::Env), stage) => self.on_env(stage),
                (_, Stage::Websocket) => {
                    let host =
                        self.seen.resolved.as_ref().map(|(host, _)| format!(" to \"{host}\"")).unwrap_or_default();
                    self.report.add(Step::passed(Stage::Websocket, format!("a WebSocket{host} is open")));
                }
                (_, Stage::Mqtt) => {
                    self.report.add(Step::passed(Stage::Mqtt, "the session is accepted, the topics are subscribed"))
                }
                (_, Stage::App) => {
                    self.report.add(Step::passed(Stage::App, "the Cloud took the news that the agent is there"))
                }
                _ => {}
            },
            Event::Offline { failure } | Event::ClaimFailed { failure, .. } => {
                if failure.purpose.is_some_and(|purpose| purpose != Purpose::Env) {
                    self.understood();
                }
                let mut step = of_failure(failure, &self.seen, self.situation);
                if failure.stage == Stage::Tcp && self.seen.unreached.len() > 1 {
                    step.evidence.extend(self.seen.unreached.iter().map(|text| format!("tried: {text}")));
                }
                self.report.add(step);
            }
            Event::Notice(failure) => {
                self.report.add(Step::doubtful(failure.stage, failure.cause.as_str(), failure.hint));
            }
            Event::Claimed { .. } | Event::Online { .. } | Event::Live { .. } => {}
        }
    }

    fn evidence(&mut self, evidence: &Evidence<'_>) {
        match *evidence {
            Evidence::Resolved { purpose, host, addresses } => {
                self.fresh(purpose);
                let addresses = addresses.iter().map(ToString::to_string).collect();
                self.seen = Seen { resolved: Some((host.to_owned(), addresses)), ..Seen::default() };
            }
            Evidence::Unreached { purpose, failure } => {
                self.fresh(purpose);
                self.seen.unreached.push(failure.cause.as_str().to_owned());
            }
            Evidence::Reached { purpose, address } => {
                self.fresh(purpose);
                self.seen.reached = Some(address.to_string());
                self.seen.certificate = None;
            }
            Evidence::Certificate { certificate, .. } => self.seen.certificate = Some(Shown::of(certificate)),
        }
    }
}
