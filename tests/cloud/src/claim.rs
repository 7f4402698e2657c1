//! `PUT /api/v1/spaces/nodes/{id}`: claiming (protocol.md 1.5 to 1.7).

use crate::cloud::Cloud;
use crate::deviation::rule;
use crate::event::What;
use crate::http::answer::ErrorBody;
use crate::http::judge::Findings;
use crate::http::{Answer, Request};
use crate::ident::{ConnectionId, is_uuid};
use crate::space::Node;
use rsa::pkcs8::DecodePublicKey;
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, RsaPublicKey};
use serde_json::Value;

/// Longest host name, in bytes.
const HOSTNAME_MAX: usize = 255;
/// The only size of key that gives a challenge of 344 characters (protocol.md 2.5).
const KEY_BITS: u32 = 2048;

/// What a claim asks for.
struct Claim {
    hostname: String,
    token: String,
    rooms: Vec<String>,
    public_key: String,
    machine_guid: Option<String>,
}

impl Cloud {
    /// Registers a node, or says why not.
    pub(crate) fn claim(&mut self, id: ConnectionId, claim_id: &str, request: &Request) -> Answer {
        let result = self.read_claim(id, claim_id, request).and_then(|claim| self.register(claim_id, claim));
        match result {
            Ok(node) => {
                let rooms = node.rooms.iter().map(|room| self.state.room_name(room)).collect();
                self.note(id, Some(claim_id), What::Claimed { hostname: node.hostname.clone(), rooms });
                self.state.nodes.insert(claim_id.to_owned(), node);
                self.changes.nodes.insert(claim_id.to_owned());
                Answer::bare(204, "No Content")
            }
            Err(error) => {
                let (key, message) = (error.key.clone(), error.message.clone());
                self.note(id, Some(claim_id), What::ClaimRefused { key, message });
                self.error(&error)
            }
        }
    }

    fn read_claim(&mut self, id: ConnectionId, claim_id: &str, request: &Request) -> Result<Claim, ErrorBody> {
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            // The script does not escape anything (protocol.md 1.5), so this is its way and no deviation.
            if request.header("content-type") != Some("application/x-www-form-urlencoded") {
                self.deviation(id, rule::CLAIM, "the body is not JSON");
            }
            return Err(ErrorBody::new(400, "Bad Request", "ErrBadRequest", "the body is not JSON"));
        };
        self.deviations_of(id, judge(&body));
        if !is_uuid(claim_id) || body["node"]["id"].as_str() != Some(claim_id) {
            return Err(invalid("ErrInvalidNodeID", "invalid node id"));
        }
        let hostname = body["node"]["hostname"].as_str().unwrap_or_default();
        if !is_hostname(hostname) {
            return Err(invalid("ErrInvalidNodeName", "invalid node name"));
        }
        let public_key = body["publicKey"].as_str().unwrap_or_default();
        if parse_key(public_key).is_none() {
            return Err(invalid("ErrInvalidPublicKey", "invalid public key"));
        }
        let rooms = match &body["rooms"] {
            Value::Array(rooms) => {
                rooms.iter().map(|room| room.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
            }
            Value::Null => Some(Vec::new()),
            _ => None,
        };
        Ok(Claim {
            hostname: hostname.to_owned(),
            token: body["token"].as_str().unwrap_or_default().to_owned(),
            rooms: rooms.ok_or_else(|| invalid("ErrInvalidRoomID", "invalid room id"))?,
            public_key: public_key.to_owned(),
            machine_guid: body["mGUID"].as_str().map(str::to_owned),
        })
    }

    fn register(&self, claim_id: &str, claim: Claim) -> Result<Node, ErrorBody> {
        let space = self.state.space_of_token(&claim.token, self.unix_now());
        let space = space.map_err(|why| ErrorBody::new(403, "Forbidden", "ErrForbidden", why.message()))?;
        let rooms = self.state.rooms_for(space, &claim.rooms);
        let rooms = rooms.ok_or_else(|| invalid("ErrInvalidRoomID", "invalid room id"))?;
        if self.state.nodes.contains_key(claim_id) {
            return Err(ErrorBody::new(409, "Conflict", "ErrAlreadyClaimed", "already claimed"));
        }
        Ok(Node {
            claimed_id: claim_id.to_owned(),
            hostname: claim.hostname,
            machine_guid: claim.machine_guid,
            space: space.to_owned(),
            rooms,
            public_key: claim.public_key,
            claimed_at: self.unix_now(),
            banned: false,
            instances: Vec::new(),
        })
    }
}

fn invalid(key: &str, message: &str) -> ErrorBody {
    ErrorBody::new(422, "Unprocessable Entity", key, message)
}

/// Whether a node can be called that.
pub(crate) fn is_hostname(text: &str) -> bool {
    !text.is_empty() && text.len() <= HOSTNAME_MAX && !text.contains(char::is_control)
}

/// An RSA-2048 public key out of its PEM form.
pub(crate) fn parse_key(pem: &str) -> Option<RsaPublicKey> {
    let key = RsaPublicKey::from_public_key_pem(pem).ok()?;
    (BoxedUint::bits(key.n().as_ref()) == KEY_BITS).then_some(key)
}

/// The shape of the body, whatever its values are worth.
fn judge(body: &Value) -> Findings {
    let mut findings = Findings::new();
    let mut found = |detail: String| findings.push((rule::CLAIM, detail));
    let keys = |value: &Value| value.as_object().map(|object| object.keys().cloned().collect::<Vec<_>>());
    let Some(names) = keys(body) else {
        return vec![(rule::CLAIM, "the body is not a JSON object".to_owned())];
    };
    for name in names.iter().filter(|name| !["node", "token", "rooms", "publicKey", "mGUID"].contains(&name.as_str())) {
        found(format!("unexpected key {name:?}"));
    }
    for name in ["node", "token", "rooms", "publicKey"].iter().filter(|name| body.get(**name).is_none()) {
        found(format!("key {name:?} is missing"));
    }
    let mut node = keys(&body["node"]).unwrap_or_default();
    node.sort();
    if node != ["hostname", "id"] {
        found(format!("node has the keys {}", node.join(", ")));
    }
    for name in ["token", "publicKey"] {
        if !body[name].is_string() {
            found(format!("{name} is not a string"));
        }
    }
    if !body["rooms"].is_array() {
        found("rooms is not an array".to_owned());
    }
    if body["publicKey"].as_str().is_some_and(|pem| !pem.ends_with("-----END PUBLIC KEY-----\n")) {
        found("publicKey does not end in the end line of a PEM and its newline".to_owned());
    }
    if body.get("mGUID").is_some_and(|guid| !guid.as_str().is_some_and(is_uuid)) {
        found("mGUID is not a UUID".to_owned());
    }
    findings
}
