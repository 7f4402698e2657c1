//! One run: things go wrong, then no more, and then all has to be well.

use super::coverage::{Coverage, State, kind};
use super::plan::{Act, Plan, SIEGE};
use super::rules::{RECOVERY, RESTART, Violation, Watch};
use aclk_cloud::message::DisconnectReq;
use aclk_cloud::{FaultPlan, What};
use aclk_core::stage::Next;
use aclk_pair::{Done, Pair};
use core::time::Duration;
use serde::Serialize;

/// How long a device may take to come back when nothing is wrong any more: the longest delay between two attempts, and some.
const PATIENCE: Duration = Duration::from_secs(2 * 3_600);
/// How long it may take from the link to a live node.
const LIVE: Duration = Duration::from_secs(300);
/// How long it is looked at then.
const AFTERWARDS: Duration = Duration::from_secs(90);

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// The device tells something.
    Device,
    /// The Cloud saw or did something.
    Cloud,
    /// Power, network, a person.
    World,
}

/// A line of a transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Virtual time, in milliseconds.
    pub at_ms: u64,
    /// Who.
    pub who: Who,
    /// What.
    pub text: String,
}

/// A run, told step by step: `CampaignTranscript` of types.ts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Transcript {
    /// Its seed.
    pub seed: u64,
    /// What was to go wrong.
    pub plan: Vec<String>,
    /// What happened.
    pub lines: Vec<Line>,
    /// What may never happen, and did.
    pub violations: Vec<Violation>,
}

/// What came of a run.
pub(super) struct Outcome {
    pub(super) handshakes: u64,
    pub(super) took: Duration,
    pub(super) violations: Vec<Violation>,
}

/// Makes the run of a seed.
pub(super) fn run(seed: u64, coverage: &mut Coverage, transcript: Option<&mut Transcript>) -> Outcome {
    let Plan { setup, connect_faults, mut acts, words } = Plan::of(seed);
    let mut run = Run { pair: Pair::new(setup), watch: Watch::default(), coverage, transcript, told: 0, tried: 0 };
    if let Some(transcript) = &mut run.transcript {
        transcript.plan = words;
    }
    run.pair.connect_faults = connect_faults;
    while let Some((at, act)) = acts.pop_front() {
        run.until(at);
        run.act(act);
    }
    run.until(SIEGE);
    run.recover();
    let Run { pair, watch, .. } = run;
    let violations = watch.end(&pair, seed);
    Outcome { handshakes: pair.attempts.len() as u64, took: pair.now(), violations }
}

struct Run<'r> {
    pair: Pair,
    watch: Watch,
    coverage: &'r mut Coverage,
    transcript: Option<&'r mut Transcript>,
    /// Events and attempts of the device that were told.
    told: usize,
    tried: usize,
}

impl Run<'_> {
    /// Lets time pass until then.
    fn until(&mut self, at: Duration) {
        let span = at.saturating_sub(self.pair.now());
        self.step(span, |_| false);
    }

    /// Lets time pass until `condition` holds, and says whether it does.
    fn step(&mut self, span: Duration, condition: impl Fn(&Pair) -> bool) -> bool {
        let end = self.pair.now() + span;
        loop {
            let (told, tried) = (self.pair.happened.len(), self.pair.attempts.len());
            let rest = end.saturating_sub(self.pair.now());
            let is_news = |pair: &Pair| pair.happened.len() > told || pair.attempts.len() > tried || condition(pair);
            let stopped = self.pair.run_until(is_news, rest);
            self.note();
            if condition(&self.pair) {
                return true;
            }
            if !stopped {
                return false;
            }
        }
    }

    fn act(&mut self, act: Act) {
        let state = State::of(&self.pair);
        let (event, text) = match act {
            Act::Reboot => ("reboot", "power goes, and comes back".to_owned()),
            Act::Outage(span) => ("outage", format!("the Cloud is away for {} s", span.as_secs())),
            Act::Disconnect => ("disconnect", "the Cloud asks the device to leave".to_owned()),
            Act::Reload => ("reload", "what is stored is read anew".to_owned()),
            Act::Remove => ("remove", "the administrator removes the node from its Space".to_owned()),
        };
        self.coverage.event(state, event);
        self.say(Who::World, text);
        match act {
            Act::Reboot => {
                self.watch.forgive();
                self.pair.reboot();
            }
            Act::Outage(span) => {
                self.pair.cloud_down();
                self.step(span, |_| false);
                self.pair.cloud_up();
                self.say(Who::World, "the Cloud is back".to_owned());
            }
            Act::Disconnect | Act::Remove => {
                let nodes: Vec<String> = self.pair.cloud.state().nodes.keys().cloned().collect();
                let (now, cloud) = (self.pair.now(), &mut self.pair.cloud);
                for node in nodes {
                    // Without a link there is nobody to tell.
                    let _ = match act {
                        Act::Remove => cloud.remove_node(now, &node),
                        _ => cloud.disconnect(now, &node, &DisconnectReq::default()),
                    };
                }
            }
            Act::Reload => {
                self.watch.forgive();
                self.pair.reload();
            }
        }
    }

    /// Nothing goes wrong any more: the device has to come back, by itself or, where only a person can help, when it is
    /// restarted.
    fn recover(&mut self) {
        self.pair.cloud.set_faults(FaultPlan::default());
        self.pair.set_proxy_fault(None);
        self.pair.connect_faults.clear();
        self.say(Who::World, "nothing goes wrong any more".to_owned());
        if !self.step(PATIENCE, Pair::is_online) {
            if self.waits_for_nobody() {
                self.watch.add(RECOVERY, format!("{} after {} s", State::of(&self.pair).name(), PATIENCE.as_secs()));
            }
            self.act(Act::Reboot);
            if !self.step(PATIENCE, Pair::is_online) {
                self.act(Act::Remove);
                self.act(Act::Reboot);
            }
            if !self.step(PATIENCE, Pair::is_online) {
                let last = self.pair.failures().last().map_or_else(String::new, ToString::to_string);
                self.watch.add(RESTART, format!("{}: {last}", State::of(&self.pair).name()));
                return;
            }
        }
        if !self.step(LIVE, Pair::is_live) {
            // What the Cloud itself has lost on this link is said again on the next one.
            self.act(Act::Disconnect);
            if !self.step(PATIENCE, Pair::is_live) {
                self.watch.add(RECOVERY, format!("{}, and not live", State::of(&self.pair).name()));
                return;
            }
        }
        self.step(AFTERWARDS, |_| false);
        if !self.pair.is_live() {
            self.watch.add(RECOVERY, format!("{} after it was live", State::of(&self.pair).name()));
        }
    }

    /// Whether the device has not said that somebody has to act.
    fn waits_for_nobody(&self) -> bool {
        let last = self.pair.happened.iter().rev().find_map(|happened| match &happened.what {
            Done::Offline(failure) | Done::ClaimFailed { failure, .. } => Some(failure.next),
            _ => None,
        });
        !matches!(last, Some(Next::Stop | Next::Banned))
    }

    /// Counts, tells and judges what is new.
    fn note(&mut self) {
        let state = State::of(&self.pair);
        self.watch.look(&self.pair);
        for event in self.pair.cloud.drain_events() {
            if let What::Fault { fault } = &event.what {
                let name = fault.split(['=', '@', '*']).next().unwrap_or_default();
                self.coverage.fault(state, name);
                self.watch.fault(event.at);
            }
            let text = event.what.to_string();
            if let Some(transcript) = &mut self.transcript {
                transcript.lines.push(Line { at_ms: ms(event.at), who: Who::Cloud, text });
            }
        }
        for (at, purpose) in self.pair.attempts.iter().skip(self.tried) {
            self.coverage.event(state, "connection");
            if let Some(transcript) = &mut self.transcript {
                transcript.lines.push(Line {
                    at_ms: ms(*at),
                    who: Who::Device,
                    text: format!("connects for {purpose}"),
                });
            }
        }
        for happened in self.pair.happened.iter().skip(self.told) {
            self.coverage.event(state, kind(&happened.what));
            if let Some(transcript) = &mut self.transcript {
                transcript.lines.push(Line { at_ms: ms(happened.at), who: Who::Device, text: words(&happened.what) });
            }
        }
        (self.told, self.tried) = (self.pair.happened.len(), self.pair.attempts.len());
    }

    fn say(&mut self, who: Who, text: String) {
        let at_ms = ms(self.pair.now());
        if let Some(transcript) = &mut self.transcript {
            transcript.lines.push(Line { at_ms, who, text });
        }
    }
}

/// What a device tells, in words.
fn words(done: &Done) -> String {
    match done {
        Done::Stage(report) => match report.purpose {
            Some(purpose) => format!("{purpose}: {} passed", report.stage),
            None => format!("{} passed", report.stage),
        },
        Done::Answer(answer) => format!("{}: HTTP status {}", answer.purpose, answer.status),
        Done::Claimed { id, proved } => {
            format!("claimed as {id}{}", if *proved { ", proved with the key" } else { "" })
        }
        Done::ClaimFailed { failure, .. } => format!("not claimed: {failure}"),
        Done::Online { .. } => "online".to_owned(),
        Done::Live { node } => node.map_or_else(|| "live".to_owned(), |node| format!("live as node {node}")),
        Done::Offline(failure) => format!("offline: {failure}"),
        Done::Notice(failure) => format!("note: {failure}"),
    }
}

fn ms(at: Duration) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or(u64::MAX)
}
