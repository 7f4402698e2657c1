//! What there is to see, as JSON. Times are milliseconds since 1970.

use super::Place;
use crate::cloud::Cloud;
use crate::event::Event;
use crate::fault::Fault;
use crate::message::ContextUpdated;
use crate::space::{Space, Token};
use crate::view::{InstanceView, NodeState, NodeView};
use serde_json::{Value, json};
use std::time::Duration;

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A time since the start of the Cloud.
fn since_start(cloud: &Cloud, at: Duration) -> u64 {
    ms(cloud.config.unix_start + at)
}

pub(super) fn cloud(cloud: &Cloud, place: &Place) -> Value {
    json!({
        "url": place.url,
        "ca_file": place.ca_file,
        "ca_pem": place.ca_pem,
        "keeps_state": place.keeps,
        "version": env!("CARGO_PKG_VERSION"),
        "now_ms": ms(cloud.unix_now()),
        "started_ms": ms(cloud.config.unix_start),
        "last_event": cloud.log.count(),
        "deviations": cloud.log.deviations().len(),
        "connections": cloud.connections.len(),
        "online": cloud.presence.values().filter(|presence| presence.connection.is_some()).count(),
        "heartbeats": cloud.heartbeats,
    })
}

pub(super) fn spaces(cloud: &Cloud) -> Value {
    let view = cloud.view();
    let spaces = view.spaces.iter().map(|space| {
        let nodes = || view.nodes.iter().filter(|node| node.space == space.id);
        let rooms = view.rooms.iter().filter(|room| room.space == space.id).map(|room| {
            let members = nodes().filter(|node| node.rooms.contains(&room.id)).count();
            json!({ "id": room.id, "name": room.name, "nodes": members })
        });
        json!({
            "id": space.id,
            "name": space.name,
            "administrators": space.administrators,
            "rooms": rooms.collect::<Vec<_>>(),
            "nodes": nodes().count(),
            "online": nodes().filter(|node| node.state == NodeState::Online).count(),
        })
    });
    json!({ "spaces": spaces.collect::<Vec<_>>() })
}

/// The tokens of a Space, newest first, each with the commands that claim with it.
pub(super) fn tokens(cloud: &Cloud, place: &Place, space: Space) -> Value {
    let tokens = cloud.state.tokens.iter().rev().filter(|token| token.space == space.id);
    json!({ "tokens": tokens.map(|one| token(cloud, place, one)).collect::<Vec<_>>() })
}

pub(super) fn token(cloud: &Cloud, place: &Place, token: &Token) -> Value {
    let mut rooms = cloud.state.rooms.iter().filter(|room| room.space == token.space);
    let room = rooms.next().map(|room| room.id.as_str()).unwrap_or_default();
    let arguments = format!("-token={} -rooms={room} -url={}", token.token, place.url);
    let is_past = token.expires.is_some_and(|end| end <= cloud.unix_now());
    json!({
        "token": token.token,
        "expires_ms": token.expires.map(ms),
        "state": match (token.revoked, is_past) {
            (true, _) => "revoked",
            (false, true) => "expired",
            (false, false) => "valid",
        },
        "claim": format!("aclk claim {arguments}"),
        "claim_script": format!("netdata-claim.sh {arguments}"),
    })
}

pub(super) fn nodes(cloud: &Cloud) -> Value {
    let nodes = cloud.view().nodes;
    json!({ "nodes": nodes.iter().map(|node| summary(cloud, node)).collect::<Vec<_>>() })
}

/// A node in a list.
fn summary(cloud: &Cloud, node: &NodeView) -> Value {
    let claimed_at = cloud.state.nodes.get(&node.claimed_id).map(|node| node.claimed_at).unwrap_or_default();
    let last_turn = cloud.history(&node.claimed_id).next_back().map(|turn| turn.at);
    let since = match (node.state, node.online_since) {
        (NodeState::Online, Some(since)) => since_start(cloud, since),
        (NodeState::Claimed, _) => ms(claimed_at),
        _ => ms(last_turn.unwrap_or(claimed_at)),
    };
    let own = node.instances.iter().find(|instance| instance.hops == 0);
    let version = own.and_then(|own| own.version.clone()).filter(|version| !version.is_empty());
    json!({
        "claimed_id": node.claimed_id,
        "hostname": node.hostname,
        "space": node.space,
        "rooms": node.rooms,
        "state": node.state,
        "since_ms": since,
        "claimed_ms": ms(claimed_at),
        "banned": node.banned,
        "version": version.or_else(|| node.version.clone()),
        "instances": node.instances.len(),
        "live": node.instances.iter().filter(|instance| instance.live).count(),
        "queryable": node.instances.iter().filter(|instance| instance.queryable && instance.live).count(),
        "contexts": node.instances.iter().map(|instance| instance.contexts.len()).sum::<usize>(),
    })
}

/// A node with everything that is known of it.
pub(super) fn node(cloud: &Cloud, claimed_id: &str) -> Option<Value> {
    let view = cloud.view();
    let node = view.node(claimed_id)?;
    let mut shown = summary(cloud, node);
    let presence = cloud.presence.get(claimed_id);
    let connection = presence.and_then(|presence| presence.connection);
    let peer = connection.and_then(|id| cloud.connections.get(&id)).and_then(|connection| connection.peer.address);
    shown["machine_guid"] = json!(node.machine_guid);
    shown["address"] = json!(peer.map(|address| address.to_string()));
    shown["connections"] = json!(node.connections);
    shown["messages"] = json!(node.messages);
    shown["session_id"] = json!(node.session_id);
    shown["capabilities"] = json!(node.capabilities);
    shown["dialect"] = json!(presence.and_then(|presence| presence.dialect));
    shown["last_disconnect"] = json!(
        node.last_disconnect.as_ref().map(|last| { json!({ "at_ms": since_start(cloud, last.at), "why": last.why }) })
    );
    shown["public_key"] = json!(cloud.state.nodes.get(claimed_id).map(|node| node.public_key.as_str()));
    shown["node_instances"] = node.instances.iter().map(|one| instance(cloud, claimed_id, one)).collect();
    Some(shown)
}

fn instance(cloud: &Cloud, claimed_id: &str, view: &InstanceView) -> Value {
    let presence = cloud.presence.get(claimed_id).and_then(|presence| presence.instances.get(&view.node_id));
    let mut shown = json!(view);
    shown["since_ms"] = json!(presence.and_then(|one| one.since).map(|at| since_start(cloud, at)));
    // A number of 64 bits is more than JSON numbers can be trusted with.
    shown["contexts_version"] = json!(view.contexts_version.to_string());
    let contexts = presence.into_iter().flat_map(|one| one.contexts.values());
    shown["contexts"] = contexts.map(context).collect();
    if let Some(info) = presence.and_then(|one| one.info.as_ref()) {
        shown["info"] = json!({
            "os": info.os, "os_name": info.os_name, "os_version": info.os_version, "kernel": info.kernel_name,
            "kernel_version": info.kernel_version, "architecture": info.architecture, "cpus": info.cpus,
            "cpu_frequency": info.cpu_frequency, "memory": info.memory, "disk_space": info.disk_space,
        });
    }
    shown
}

fn context(context: &ContextUpdated) -> Value {
    json!({
        "id": context.id, "title": context.title, "units": context.units, "family": context.family,
        "chart_type": context.chart_type, "priority": context.priority, "first_entry": context.first_entry,
        "last_entry": context.last_entry,
    })
}

/// When a node came and went, newest first.
pub(super) fn history(cloud: &Cloud, claimed_id: &str) -> Option<Value> {
    cloud.state.nodes.get(claimed_id)?;
    let turns = cloud.history(claimed_id).rev().map(|turn| {
        let mut shown = json!(turn.kind);
        shown["number"] = json!(turn.number);
        shown["at_ms"] = json!(ms(turn.at));
        shown["text"] = json!(turn.kind.to_string());
        shown
    });
    Some(json!({ "history": turns.collect::<Vec<_>>() }))
}

pub(super) fn faults(cloud: &Cloud) -> Value {
    let faults = Fault::list().iter().map(|fault| {
        let steps: Vec<_> = fault.steps.iter().map(|step| step.name()).collect();
        let value = fault.value.map(|(meaning, default)| json!({ "meaning": meaning, "default": default }));
        json!({ "name": fault.name, "about": fault.about, "steps": steps, "value": value })
    });
    let plan = cloud.faults.iter().map(
        |planned| json!({ "fault": planned.to_string(), "about": planned.fault().about, "struck": planned.struck() }),
    );
    json!({ "plan": plan.collect::<Vec<_>>(), "faults": faults.collect::<Vec<_>>() })
}

pub(super) fn event(cloud: &Cloud, number: u64, event: &Event) -> Value {
    let mut shown = json!(event.what);
    shown["number"] = json!(number);
    shown["at_ms"] = json!(since_start(cloud, event.at));
    shown["connection"] = json!(event.connection.map(|connection| connection.0));
    shown["node"] = json!(event.node);
    let node = event.node.as_ref().and_then(|node| cloud.state.nodes.get(node));
    shown["hostname"] = json!(node.map(|node| node.hostname.as_str()));
    shown["text"] = json!(event.what.to_string());
    shown
}
