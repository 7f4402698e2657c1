//! The fault plan: everything that can go wrong on the side of the Cloud, by name.
//!
//! A fault is written `NAME`, `NAME=VALUE`, `NAME@STEP` or `NAME@STEP*TIMES`, as in `status-503@env*2`. Without a step it
//! hits every step it applies to; with `*TIMES` only the first so many times.

mod http;
mod json;
mod link;
mod list;

pub(crate) use link::CALLBACK;

use crate::broker::link::LinkAnswer;
use crate::http::Answer;
use crate::ident::Rng;
use std::fmt;
use std::str::FromStr;

/// Where on the way to a live node a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The certificate of the TLS handshake, of whatever connection comes next. The front end shows it.
    Tls,
    /// The answer to `PUT /api/v1/spaces/nodes/{id}`.
    Claim,
    /// The answer to `GET /api/v1/env`.
    Env,
    /// The answer to `GET …/challenge`.
    Challenge,
    /// The answer to `POST …/password`.
    Password,
    /// The answer to the WebSocket upgrade.
    Upgrade,
    /// The answer to MQTT CONNECT.
    Connect,
    /// The answer to each SUBSCRIBE.
    Subscribe,
    /// The answer to the first UpdateAgentConnection.
    Announce,
    /// The answer to the UpdateNodeInstanceConnection that makes the node live.
    Online,
}

impl Step {
    /// All steps, in their order.
    pub const ALL: [Self; 10] = [
        Self::Tls,
        Self::Claim,
        Self::Env,
        Self::Challenge,
        Self::Password,
        Self::Upgrade,
        Self::Connect,
        Self::Subscribe,
        Self::Announce,
        Self::Online,
    ];

    /// The word after `@`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Claim => "claim",
            Self::Env => "env",
            Self::Challenge => "challenge",
            Self::Password => "password",
            Self::Upgrade => "upgrade",
            Self::Connect => "connect",
            Self::Subscribe => "subscribe",
            Self::Announce => "announce",
            Self::Online => "online",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a fault may use besides the answer it bends.
pub(crate) struct Context<'a> {
    pub(crate) rng: &'a mut Rng,
    /// The number after `=`.
    pub(crate) value: Option<u64>,
    pub(crate) step: Step,
}

type BendAnswer = fn(&mut Answer, &mut Context<'_>);
type BendLink = fn(&mut LinkAnswer, &mut Context<'_>);

/// How a fault works.
#[derive(Clone, Copy)]
pub(crate) enum Apply {
    /// The request is not looked at; this is the answer.
    Instead(BendAnswer),
    /// The request has its effect; the answer to it is bent.
    After(BendAnswer),
    /// What the broker says is bent.
    Link(BendLink),
    /// [`Instead`](Self::Instead) for HTTP steps, [`Link`](Self::Link) for the others.
    Both(BendAnswer, BendLink),
    /// The server shows this certificate.
    Tls(Certificate),
}

/// What the server shows in a TLS handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Certificate {
    /// A certificate that is all right.
    #[default]
    Good,
    /// One that expired yesterday.
    Expired,
    /// One that will be valid in a year.
    NotYetValid,
    /// One for `wrong.example`.
    OtherName,
    /// One by an authority that nobody trusts, with the name of the trusted one.
    UnknownAuthority,
    /// One by nobody but itself.
    SelfSigned,
}

/// One thing that can go wrong.
pub struct Fault {
    /// Its name, as the plan spells it.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// Where it can strike.
    pub steps: &'static [Step],
    /// What the number after `=` means and its default, if the fault takes one.
    pub value: Option<(&'static str, u64)>,
    pub(crate) apply: Apply,
}

impl Fault {
    /// Every fault there is.
    #[must_use]
    pub fn list() -> &'static [Self] {
        list::FAULTS
    }

    /// The fault of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::list().iter().find(|fault| fault.name == name)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A fault in a plan.
#[derive(Debug, Clone)]
pub struct Planned {
    fault: &'static Fault,
    value: Option<u64>,
    step: Option<Step>,
    times: Option<u32>,
    struck: u32,
}

impl Planned {
    /// The fault.
    #[must_use]
    pub fn fault(&self) -> &'static Fault {
        self.fault
    }

    /// How often it has struck so far.
    #[must_use]
    pub fn struck(&self) -> u32 {
        self.struck
    }

    fn strikes_at(&self, step: Step) -> bool {
        let here = self.step.map_or_else(|| self.fault.steps.contains(&step), |only| only == step);
        here && self.times.is_none_or(|times| self.struck < times)
    }
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.fault.name)?;
        if let Some(value) = self.value {
            write!(f, "={value}")?;
        }
        if let Some(step) = self.step {
            write!(f, "@{step}")?;
        }
        if let Some(times) = self.times {
            write!(f, "*{times}")?;
        }
        Ok(())
    }
}

/// Why a text is not a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultError {
    /// There is no fault of that name.
    Unknown(String),
    /// There is no step of that name.
    Step(String),
    /// The fault cannot strike at that step.
    NotThere(&'static Fault, Step),
    /// The fault takes no value.
    NoValue(&'static Fault),
    /// Not a number.
    Number(String),
}

impl PartialEq for Fault {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Fault {}

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "there is no fault {name:?} (--list-faults shows them all)"),
            Self::Step(name) => {
                let names: Vec<_> = Step::ALL.iter().map(|step| step.name()).collect();
                write!(f, "there is no step {name:?}, only {}", names.join(", "))
            }
            Self::NotThere(fault, step) => {
                let names: Vec<_> = fault.steps.iter().map(|step| step.name()).collect();
                write!(f, "fault {} does not apply to {step}, only to {}", fault.name, names.join(", "))
            }
            Self::NoValue(fault) => write!(f, "fault {} takes no value", fault.name),
            Self::Number(text) => write!(f, "{text:?} is not a number"),
        }
    }
}

impl std::error::Error for FaultError {}

impl FromStr for Planned {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (rest, times) = match text.rsplit_once('*') {
            Some((rest, times)) => (rest, Some(number(times)?)),
            None => (text, None),
        };
        let (rest, step) = match rest.split_once('@') {
            Some((rest, name)) => {
                let step = Step::ALL.into_iter().find(|step| step.name() == name);
                (rest, Some(step.ok_or_else(|| FaultError::Step(name.to_owned()))?))
            }
            None => (rest, None),
        };
        let (name, value) = match rest.split_once('=') {
            Some((name, value)) => (name, Some(number(value)?)),
            None => (rest, None),
        };
        let fault = Fault::named(name).ok_or_else(|| FaultError::Unknown(name.to_owned()))?;
        if let Some(step) = step.filter(|step| !fault.steps.contains(step)) {
            return Err(FaultError::NotThere(fault, step));
        }
        if value.is_some() && fault.value.is_none() {
            return Err(FaultError::NoValue(fault));
        }
        Ok(Self { fault, value, step, times, struck: 0 })
    }
}

fn number<N: FromStr>(text: &str) -> Result<N, FaultError> {
    text.parse().map_err(|_| FaultError::Number(text.to_owned()))
}

/// The faults to inject, in the order in which they bend an answer.
#[derive(Debug, Clone, Default)]
pub struct FaultPlan(Vec<Planned>);

impl FaultPlan {
    /// No faults.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Adds a fault by its text form.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn add(&mut self, text: &str) -> Result<(), FaultError> {
        self.0.push(text.parse()?);
        Ok(())
    }

    /// Takes every fault of this name out of the plan.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|planned| planned.fault.name != name);
    }

    /// Takes everything out of the plan.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The faults of the plan.
    pub fn iter(&self) -> impl Iterator<Item = &Planned> {
        self.0.iter()
    }

    /// The faults that strike at `step` now, counted as struck.
    pub(crate) fn strike(&mut self, step: Step) -> Vec<Strike> {
        let mut strikes = Vec::new();
        for planned in self.0.iter_mut().filter(|planned| planned.strikes_at(step)) {
            planned.struck = planned.struck.saturating_add(1);
            let value = planned.value.or(planned.fault.value.map(|(_, default)| default));
            strikes.push(Strike { fault: planned.fault, value, step });
        }
        strikes
    }
}

impl FromStr for FaultPlan {
    type Err = FaultError;

    /// Faults separated by commas or blanks.
    fn from_str(text: &str) -> Result<Self, FaultError> {
        let parts = text.split([',', ' ', '\n']).filter(|part| !part.is_empty());
        parts.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for FaultPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, planned) in self.0.iter().enumerate() {
            write!(f, "{}{planned}", if at == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

/// A fault that strikes here and now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Strike {
    fault: &'static Fault,
    value: Option<u64>,
    step: Step,
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.fault.name, self.step)
    }
}

impl Strike {
    /// Whether the request must have no effect.
    pub(crate) fn is_instead(&self) -> bool {
        matches!(self.fault.apply, Apply::Instead(_) | Apply::Both(..))
    }

    pub(crate) fn bend_answer(&self, answer: &mut Answer, rng: &mut Rng) {
        let mut context = Context { rng, value: self.value, step: self.step };
        match self.fault.apply {
            Apply::Instead(bend) | Apply::After(bend) | Apply::Both(bend, _) => bend(answer, &mut context),
            Apply::Link(_) | Apply::Tls(_) => {}
        }
    }

    pub(crate) fn bend_link(&self, answer: &mut LinkAnswer, rng: &mut Rng) {
        let mut context = Context { rng, value: self.value, step: self.step };
        match self.fault.apply {
            Apply::Link(bend) | Apply::Both(_, bend) => bend(answer, &mut context),
            Apply::Instead(_) | Apply::After(_) | Apply::Tls(_) => {}
        }
    }

    pub(crate) fn certificate(&self) -> Option<Certificate> {
        match self.fault.apply {
            Apply::Tls(certificate) => Some(certificate),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, FaultError, FaultPlan, Planned, Step};
    use std::collections::BTreeSet;

    #[test]
    fn a_fault_reads_and_prints_the_same() {
        for text in ["status-503", "status-503@env", "truncate=120@password*2", "reset*1", "reset@online"] {
            assert_eq!(text.parse::<Planned>().unwrap().to_string(), text);
        }
        assert_eq!("reset@env, stall*3".parse::<FaultPlan>().unwrap().to_string(), "reset@env,stall*3");
    }

    #[test]
    fn a_fault_that_makes_no_sense_is_refused_with_the_reason() {
        let error = |text: &str| text.parse::<Planned>().unwrap_err();
        assert_eq!(error("nonsense"), FaultError::Unknown("nonsense".to_owned()));
        assert_eq!(error("reset@nowhere"), FaultError::Step("nowhere".to_owned()));
        assert_eq!(error("reset*x"), FaultError::Number("x".to_owned()));
        assert_eq!(error("reset=1"), FaultError::NoValue(Fault::named("reset").unwrap()));
        let text = error("missing-topic@env").to_string();
        assert_eq!(text, "fault missing-topic does not apply to env, only to password");
    }

    #[test]
    fn a_counted_fault_strikes_that_often() {
        let mut plan: FaultPlan = "reset@env*2".parse().unwrap();
        let struck = |plan: &mut FaultPlan, step| plan.strike(step).len();
        assert_eq!(struck(&mut plan, Step::Claim), 0);
        assert_eq!(
            (struck(&mut plan, Step::Env), struck(&mut plan, Step::Env), struck(&mut plan, Step::Env)),
            (1, 1, 0)
        );
        assert_eq!(plan.iter().next().unwrap().struck(), 2);
    }

    #[test]
    fn every_fault_has_a_name_of_its_own_a_line_of_text_and_a_step() {
        let names: BTreeSet<_> = Fault::list().iter().map(|fault| fault.name).collect();
        assert_eq!(names.len(), Fault::list().len());
        for fault in Fault::list() {
            assert!(!fault.steps.is_empty() && !fault.about.is_empty() && !fault.about.contains('\n'), "{fault:?}");
            assert!(fault.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)), "{fault:?}");
        }
    }
}
