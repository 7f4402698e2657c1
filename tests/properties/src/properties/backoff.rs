//! How long it waits between attempts, by protocol.md 2.12 and 2.6, counted here once more.

use crate::evidence::{Connection, contains, head, packets, payloads};
use crate::play::Run;
use aclk_core::stage::{Next, Purpose};
use aclk_pair::{Done, Word};
use std::time::Duration;

/// First byte of PUBACK.
const PUBACK: u8 = 0x40;
/// So many of them prove a link, or so much time.
const PROVING: (usize, Duration) = (3, Duration::from_secs(60));
/// Longest delay that counts.
const DAY: u64 = 86_400;

/// The rule, as far as the transcript has come.
struct Rule {
    /// Failures in a row, at least.
    failures: u32,
    policy: Policy,
    purpose: Option<Purpose>,
    bytes: Connection,
    /// What came behind, and may have been looked at.
    left: Vec<u8>,
    online: Option<Duration>,
}

#[derive(Clone, Copy)]
struct Policy {
    base: u64,
    min: u64,
    max: u64,
}

/// What holds before the Cloud has said something else.
const FIRST: Policy = Policy { base: 2, min: 0, max: 1024 };
/// What holds if it has, and it cannot be read here: the least that it can be.
const LEAST: Policy = Policy { base: 1, min: 0, max: 500 };

impl Rule {
    fn fresh() -> Self {
        Self { failures: 0, policy: FIRST, purpose: None, bytes: Connection::default(), left: Vec::new(), online: None }
    }

    /// The least delay after one more failure.
    fn least(&self) -> Duration {
        let Policy { base, min, max } = self.policy;
        let power = base.saturating_pow(self.failures);
        Duration::from_secs(power.max(min).min(max).clamp(1, DAY))
    }

    /// Whether the link has lasted, so that the count begins anew.
    fn is_proved(&self, now: Duration) -> bool {
        let Some(since) = self.online else { return false };
        let received = [self.bytes.received.as_slice(), &self.left].concat();
        let data = payloads(&received[head(&received).unwrap_or(received.len())..]);
        let acknowledged = packets(&data).into_iter().filter(|packet| packet.first() == Some(&PUBACK)).count();
        acknowledged >= PROVING.0 || now >= since + PROVING.1
    }
}

/// The back-off that the last reply to `/env` wants.
fn policy(received: &[u8]) -> Option<Policy> {
    let text = std::str::from_utf8(&received[head(received)?..]).ok()?;
    let backoff = text.split_once("\"backoff\"")?.1;
    let number = |name: &str| {
        let rest = backoff.split_once(&format!("\"{name}\""))?.1.trim_start().strip_prefix(':')?.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        rest[..end].parse().ok()
    };
    Some(Policy { base: number("base")?, min: number("minSeconds")?, max: number("maxSeconds")? })
}

/// Each delay is at least that of the rule, or what the Cloud named; and no attempt comes before its time, nor later.
pub(super) fn is_never_below_the_rule(run: &Run) -> Result<(), String> {
    let named: Vec<Duration> = run.scenario.named_delays().into_iter().map(Duration::from_secs).collect();
    let mut rule = Rule::fresh();
    let mut due: Option<Duration> = None;
    for entry in &run.transcript {
        match &entry.what {
            Word::Rebooted => (rule, due) = (Rule::fresh(), None),
            Word::Reloaded => (rule.failures, due) = (0, None),
            Word::Stopped => due = None,
            Word::Told(Done::Claimed { .. }) => rule.failures = 0,
            Word::Told(Done::Online { .. }) => rule.online = Some(entry.at),
            Word::Connect { purpose, .. } => {
                if let Some(due) = due.filter(|due| *due != entry.at) {
                    return Err(format!("{purpose} at {:?}, and the attempt was due at {due:?}", entry.at));
                }
                due = None;
                if (rule.purpose, *purpose) == (Some(Purpose::Env), Purpose::Challenge) {
                    // Then its reply was good.
                    let is_plain = !contains(&rule.bytes.received, b"chunked");
                    rule.policy = policy(&rule.bytes.received).filter(|_| is_plain).unwrap_or(LEAST);
                }
                let Rule { failures, policy, .. } = rule;
                rule = Rule { failures, policy, purpose: Some(*purpose), ..Rule::fresh() };
            }
            Word::Received { taken, left } => {
                rule.bytes.received.extend_from_slice(taken);
                rule.left.clone_from(left);
            }
            Word::Told(Done::Offline(failure) | Done::ClaimFailed { failure, .. }) => {
                if rule.is_proved(entry.at) {
                    rule.failures = 0;
                }
                let Next::Retry(delay) = failure.next else { continue };
                let is_wished = contains(&rule.bytes.received, b"errorRetryDelaySeconds")
                    || failure.cause.as_str().contains("asked to disconnect");
                if is_wished && named.contains(&delay) {
                    rule.failures = 0;
                } else if delay < rule.least() {
                    return Err(format!(
                        "{delay:?} after failure {} in a row, not {:?}: {failure} at {:?}",
                        rule.failures + 1,
                        rule.least(),
                        entry.at
                    ));
                } else {
                    rule.failures = rule.failures.saturating_add(1);
                }
                due = Some(entry.at + delay);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Who is banned, or has given up, connects to nobody until somebody reloads or restarts it.
pub(super) fn banned_means_silent(run: &Run) -> Result<(), String> {
    let mut given_up = None;
    for entry in &run.transcript {
        match &entry.what {
            Word::Told(Done::Offline(failure) | Done::ClaimFailed { failure, .. }) => {
                given_up = (!matches!(failure.next, Next::Retry(_))).then_some(entry.at);
            }
            Word::Reloaded | Word::Rebooted => given_up = None,
            Word::Waits(Some(until)) if given_up.is_some() => {
                return Err(format!("given up at {given_up:?}, and waits for {until:?}"));
            }
            Word::Connect { purpose, .. } if given_up.is_some() => {
                return Err(format!("{purpose} at {:?}, and it had given up at {given_up:?}", entry.at));
            }
            _ => {}
        }
    }
    Ok(())
}
