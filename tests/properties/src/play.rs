//! Lets a device live through a scenario.

use crate::heap;
use crate::scenario::{Act, Scenario};
use aclk_cloud::{FaultPlan, NodeState};
use aclk_core::stage::Next;
use aclk_core::store::Saved;
use aclk_pair::{Done, Entry, GUID, Pair};
use std::time::Duration;

/// After the last fault has ended the device is online within this time: the longest delay of the usual rule (1024 s and half of
/// that), and five minutes for an attempt that was under way, with everything that it waits for, and the good one.
pub const ONLINE_WITHIN: Duration = Duration::from_secs(1_536 + 300);

/// Nothing is under way for longer, not even a farewell.
const UNDER_WAY: Duration = Duration::from_secs(10);

/// A device and its life, all of it.
#[derive(Debug)]
pub struct Run {
    /// What happened to it.
    pub scenario: Scenario,
    /// What went in and out of the engine, in order.
    pub transcript: Vec<Entry>,
    /// The claiming token.
    pub token: String,
    /// Plaintexts of challenges and MQTT passwords.
    pub secrets: Vec<Vec<u8>>,
    /// When the last fault ended.
    pub calm: Duration,
    /// When it was online after that.
    pub online: Option<Duration>,
    /// How often the engine allocated.
    pub allocations: u64,
}

/// Plays `scenario` to its end, and then to the good one.
#[must_use]
pub fn play(scenario: &Scenario) -> Run {
    heap::taken();
    let mut pair = Pair::new(scenario.setup());
    pair.set_watch(heap::watch);
    pair.keep_transcript();
    pair.run_for(Duration::ZERO);
    for act in &scenario.acts {
        perform(&mut pair, act);
        pair.run_for(Duration::from_millis(1));
    }
    mend(&mut pair, scenario);
    let calm = pair.now();
    let limit = if scenario.claims { ONLINE_WITHIN } else { Duration::from_secs(60) };
    let online = pair.run_until(is_really_online, limit).then(|| pair.now());
    let token = pair.cloud.token().to_owned();
    let secrets = pair.cloud.secrets().into_iter().filter(|secret| !secret.is_empty() && *secret != token.as_bytes());
    Run {
        scenario: scenario.clone(),
        secrets: secrets.collect(),
        token,
        calm,
        online,
        allocations: heap::taken(),
        transcript: pair.transcript.take().unwrap_or_default(),
    }
}

/// Not only the device thinks so.
fn is_really_online(pair: &Pair) -> bool {
    pair.is_online() && pair.cloud.view().node(GUID).is_some_and(|node| node.state == NodeState::Online)
}

fn perform(pair: &mut Pair, act: &Act) {
    let now = pair.now();
    match act {
        Act::Fault(text) => pair.cloud.faults_mut().add(text).expect("the fault is of the list"),
        Act::NoFaults => pair.cloud.set_faults(FaultPlan::none()),
        Act::Wait(seconds) => pair.run_for(Duration::from_secs(*seconds)),
        Act::Connects(faults) => pair.connect_faults.extend(faults),
        Act::ProxyFault(fault) => pair.set_proxy_fault(Some(*fault)),
        Act::Down(true) => pair.cloud_down(),
        Act::Down(false) => pair.cloud_up(),
        Act::Reboot => pair.reboot(),
        Act::Reload => pair.reload(),
        Act::Unclaim => {
            let _ = pair.cloud.remove_node(now, GUID);
            pair.memory.saved = Saved::default();
            pair.reload();
        }
        Act::Storage(refuses) => pair.memory.refuses = *refuses,
        // These have nobody to go to as long as the node is not claimed, or has no link.
        Act::Ban(banned) => _ = pair.cloud.ban(now, GUID, *banned),
        Act::Leave(seconds) => {
            let request = aclk_cloud::message::DisconnectReq {
                reconnect_after_seconds: *seconds,
                error_description: "make room".to_owned(),
                ..Default::default()
            };
            _ = pair.cloud.disconnect(now, GUID, &request);
        }
        Act::Ask(request) => {
            _ = pair.cloud.send_request(now, GUID, request.as_bytes(), Duration::from_secs(30));
        }
        Act::Restart => pair.cloud.shut_down(now),
        Act::Stop => {
            pair.stop();
            pair.run_for(Duration::from_secs(60));
            pair.reboot();
        }
    }
}

/// Ends every fault. What only people can do is done by them: who was banned is let in, what was lied about is set right.
fn mend(pair: &mut Pair, scenario: &Scenario) {
    pair.cloud.set_faults(FaultPlan::none());
    pair.cloud_up();
    pair.connect_faults.clear();
    pair.set_proxy_fault(None);
    pair.memory.refuses = None;
    let _ = pair.cloud.ban(pair.now(), GUID, false);
    // What the Cloud has said before arrives yet.
    pair.run_for(UNDER_WAY);
    let saved = &pair.memory.saved;
    if saved.claimed.is_none() && saved.pending.is_none() {
        // A Cloud that refuses what it has taken leaves a node that its device knows nothing of.
        let _ = pair.cloud.remove_node(pair.now(), GUID);
    }
    let failures = pair.happened.iter().rev().map(|happened| &happened.what);
    let given_up = failures
        .take_while(|what| !matches!(what, Done::Online { .. }))
        .find_map(|what| if let Done::Notice(_) = what { None } else { what.failure() })
        .is_some_and(|failure| !matches!(failure.next, Next::Retry(_)));
    // A token is used once in a life.
    let was_unclaimed = scenario.acts.iter().any(|act| matches!(act, Act::Unclaim));
    if given_up || pair.is_done() || was_unclaimed {
        pair.reboot();
    }
}
