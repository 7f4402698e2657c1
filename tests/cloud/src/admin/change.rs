//! What an administrator changes.

use super::{Answer, Place, Wait, no_node, show};
use crate::claim::{is_hostname, parse_key};
use crate::cloud::Cloud;
use crate::control::NotSent;
use crate::fault::FaultPlan;
use crate::ident::is_uuid;
use crate::message::DisconnectReq;
use crate::space::{Node, Space};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// Longest name of a Space or War Room, in characters.
const NAME_MAX: usize = 100;
/// Longest path of a query, in bytes.
const PATH_MAX: usize = 8_000;
/// Longest time that a node may be given for a reply.
const TIMEOUT_MAX: u64 = 600_000;
const TIMEOUT: u64 = 10_000;
/// Longest life of a token: a hundred years.
const EXPIRY_MAX: u64 = 100 * 366 * 86_400;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSpace {
    name: String,
    #[serde(default)]
    administrator: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRoom {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewToken {
    #[serde(default)]
    expires_in: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneToken {
    token: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewNodes {
    #[serde(default)]
    space: Option<String>,
    nodes: Vec<NewNode>,
}

/// A device that brings its identity along.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewNode {
    claimed_id: String,
    hostname: String,
    public_key: String,
    #[serde(default)]
    machine_guid: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Leave {
    #[serde(default)]
    reconnect_after: u64,
    #[serde(default)]
    permaban: bool,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    #[serde(default)]
    method: Option<String>,
    path: String,
    #[serde(default)]
    timeout_ms: Option<u64>,
    #[serde(default)]
    body: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFault {
    fault: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPlan {
    plan: String,
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Answer> {
    serde_json::from_slice(body)
        .map_err(|error| Answer::error(400, &format!("the body is not what it should be: {error}")))
}

fn bad(reason: &str) -> Answer {
    Answer::error(400, reason)
}

fn name(text: &str) -> Result<&str, Answer> {
    let text = text.trim();
    let good = !text.is_empty() && text.chars().count() <= NAME_MAX && !text.contains(char::is_control);
    if good { Ok(text) } else { Err(bad("a name has 1 to 100 characters, and no control characters")) }
}

pub(super) fn known_space(cloud: &Cloud, id: &str) -> Result<Space, Answer> {
    let found = cloud.state.spaces.iter().find(|space| space.id == id);
    found.cloned().ok_or_else(|| Answer::error(404, "there is no Space of this id"))
}

pub(super) fn add_space(cloud: &mut Cloud, body: &[u8]) -> Result<Value, Answer> {
    let wanted: NewSpace = read(body)?;
    let administrator = wanted.administrator.as_deref().unwrap_or("admin@example.com");
    let id = cloud.add_space(name(&wanted.name)?, name(administrator)?);
    cloud.add_token(&id, None);
    Ok(json!({ "id": id }))
}

pub(super) fn add_room(cloud: &mut Cloud, space: &str, body: &[u8]) -> Result<Value, Answer> {
    let space = known_space(cloud, space)?;
    let wanted: NewRoom = read(body)?;
    Ok(json!({ "id": cloud.add_room(&space.id, name(&wanted.name)?) }))
}

pub(super) fn add_token(cloud: &mut Cloud, place: &Place, space: &str, body: &[u8]) -> Result<Value, Answer> {
    let space = known_space(cloud, space)?;
    let wanted: NewToken = read(body)?;
    if wanted.expires_in.is_some_and(|seconds| seconds == 0 || seconds > EXPIRY_MAX) {
        return Err(bad("expires_in is from a second to a hundred years"));
    }
    let expires = wanted.expires_in.map(|seconds| cloud.now + Duration::from_secs(seconds));
    cloud.add_token(&space.id, expires);
    let token = cloud.state.tokens.last().ok_or_else(|| bad("there is no token"))?;
    Ok(show::token(cloud, place, token))
}

/// Takes nodes in as if they had been claimed: all of them, or none if one is wrong or there already.
pub(super) fn add_nodes(cloud: &mut Cloud, body: &[u8]) -> Result<Value, Answer> {
    let wanted: NewNodes = read(body)?;
    let space = match &wanted.space {
        Some(id) => known_space(cloud, id)?.id,
        None => cloud.space().id.clone(),
    };
    let rooms = cloud.state.rooms_for(&space, &[]).unwrap_or_default();
    let claimed_at = cloud.unix_now();
    let mut seen = BTreeSet::new();
    for node in &wanted.nodes {
        let is_known = cloud.state.nodes.contains_key(&node.claimed_id) || !seen.insert(node.claimed_id.as_str());
        if is_known {
            return Err(Answer::error(409, &format!("{} is claimed already", node.claimed_id)));
        }
        check(node)?;
    }
    let count = wanted.nodes.len();
    for node in wanted.nodes {
        let NewNode { claimed_id, hostname, public_key, machine_guid } = node;
        cloud.changes.nodes.insert(claimed_id.clone());
        let node = Node {
            claimed_id: claimed_id.clone(),
            hostname,
            machine_guid,
            space: space.clone(),
            rooms: rooms.clone(),
            public_key,
            claimed_at,
            banned: false,
            instances: Vec::new(),
        };
        cloud.state.nodes.insert(claimed_id, node);
    }
    Ok(json!({ "added": count }))
}

/// The same rules as for a claim.
fn check(node: &NewNode) -> Result<(), Answer> {
    let of_node = |what: &str| bad(&format!("{:?}: {what}", node.claimed_id));
    if !is_uuid(&node.claimed_id) || !node.machine_guid.as_deref().is_none_or(is_uuid) {
        return Err(of_node("claimed_id and machine_guid are UUIDs"));
    }
    if !is_hostname(&node.hostname) {
        return Err(of_node("hostname has 1 to 255 bytes, and no control characters"));
    }
    if parse_key(&node.public_key).is_none() {
        return Err(of_node("public_key is not an RSA key of 2048 bits in PEM form"));
    }
    Ok(())
}

pub(super) fn revoke(cloud: &mut Cloud, body: &[u8]) -> Result<(), Answer> {
    let OneToken { token } = read(body)?;
    if cloud.revoke_token(&token) { Ok(()) } else { Err(Answer::error(404, "there is no such token")) }
}

pub(super) fn disconnect(cloud: &mut Cloud, node: &str, body: &[u8]) -> Result<(), Answer> {
    let wanted: Leave = read(body)?;
    let request = DisconnectReq {
        reconnect_after_seconds: wanted.reconnect_after,
        permaban: wanted.permaban,
        created_at: Some(cloud.timestamp()),
        error_description: wanted.reason.unwrap_or_else(|| "asked to leave by an administrator".to_owned()),
        ..DisconnectReq::default()
    };
    cloud.disconnect(cloud.now, node, &request).map_err(not_sent)
}

pub(super) fn ban(cloud: &mut Cloud, node: &str, banned: bool) -> Result<(), Answer> {
    cloud.ban(cloud.now, node, banned).map_err(not_sent)
}

pub(super) fn remove(cloud: &mut Cloud, node: &str) -> Result<(), Answer> {
    cloud.remove_node(cloud.now, node).map_err(not_sent)
}

/// Sends an HTTP request over the link of a node (protocol.md 3.3).
pub(super) fn ask(cloud: &mut Cloud, node: &str, body: &[u8]) -> Result<Wait, Answer> {
    let wanted: Ask = read(body)?;
    let method = wanted.method.as_deref().unwrap_or("GET");
    if !["GET", "POST", "PUT", "DELETE"].contains(&method) {
        return Err(bad("method is GET, POST, PUT or DELETE"));
    }
    let path = &wanted.path;
    if !path.starts_with('/') || path.len() > PATH_MAX || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(bad("path starts with / and has no blanks; what is not ASCII is percent-encoded"));
    }
    let timeout = wanted.timeout_ms.unwrap_or(TIMEOUT);
    if timeout == 0 || timeout > TIMEOUT_MAX {
        return Err(bad("timeout_ms is from 1 to 600000"));
    }
    let mut request = format!("{method} {path} HTTP/1.1\r\nAccept-Encoding: gzip\r\n");
    if let Some(body) = &wanted.body {
        request += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    }
    request += "\r\n";
    request += wanted.body.as_deref().unwrap_or_default();
    let query = cloud.send_request(cloud.now, node, request.as_bytes(), Duration::from_millis(timeout));
    Ok(Wait::Reply { claimed_id: node.to_owned(), query: query.map_err(not_sent)? })
}

pub(super) fn set_faults(cloud: &mut Cloud, body: &[u8]) -> Result<(), Answer> {
    let wanted: NewPlan = read(body)?;
    let plan: FaultPlan = wanted.plan.parse().map_err(|error: crate::FaultError| bad(&error.to_string()))?;
    cloud.set_faults(plan);
    Ok(())
}

pub(super) fn add_fault(cloud: &mut Cloud, body: &[u8]) -> Result<(), Answer> {
    let wanted: NewFault = read(body)?;
    cloud.faults.add(wanted.fault.trim()).map_err(|error| bad(&error.to_string()))
}

fn not_sent(error: NotSent) -> Answer {
    match error {
        NotSent::Unknown => no_node(),
        NotSent::Offline | NotSent::NotSubscribed => Answer::error(409, &error.to_string()),
        NotSent::TooLarge(_) => Answer::error(413, &error.to_string()),
    }
}
