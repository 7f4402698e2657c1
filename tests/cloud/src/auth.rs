//! Challenge and password (protocol.md 2.5 to 2.7).

use crate::claim::parse_key;
use crate::cloud::Cloud;
use crate::deviation::{Dialect, rule};
use crate::event::What;
use crate::http::answer::ErrorBody;
use crate::http::judge::Findings;
use crate::http::{Answer, Request};
use crate::ident::{ConnectionId, Rng, random_text};
use crate::presence::{Challenge, Credentials};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand_core::Rng as _;
use rsa::{Oaep, RsaPublicKey};
use serde_json::Value;
use sha1::Sha1;

/// Bytes of a challenge: not a multiple of three, which the base64 encoder of older agents needs.
pub(crate) const CHALLENGE_LEN: usize = 32;
/// Characters of an MQTT password.
const PASSWORD_LEN: usize = 27;

/// Encrypts a challenge with RSAES-OAEP, SHA-1 and MGF1-SHA-1, empty label.
pub(crate) fn encrypt(key: &RsaPublicKey, plaintext: &[u8], rng: &mut Rng) -> String {
    let ciphertext = key.encrypt(rng, Oaep::<Sha1>::new(), plaintext);
    STANDARD.encode(ciphertext.expect("a key of 2048 bits takes 214 bytes"))
}

impl Cloud {
    /// A new challenge for a claimed node; the one before is void.
    pub(crate) fn challenge(&mut self, id: ConnectionId, claim_id: &str) -> Answer {
        let key = match self.key_of(claim_id) {
            Ok(key) => key,
            Err(error) => return self.refuse_login(id, claim_id, &error),
        };
        let (plaintext, text) = self.script.challenge().unwrap_or_else(|| {
            let mut plaintext = vec![0; CHALLENGE_LEN];
            self.rng.fill_bytes(&mut plaintext);
            let text = encrypt(&key, &plaintext, &mut self.rng);
            (plaintext, text)
        });
        self.remember_secret(&plaintext);
        self.presence_of(claim_id).challenge = Some(Challenge { plaintext });
        self.note(id, Some(claim_id), What::Challenged);
        let mut answer = Answer::json(200, "OK", format!("{{\"challenge\":\"{text}\"}}"));
        answer.key = self.state.nodes.get(claim_id).map(|node| node.public_key.clone());
        answer
    }

    /// Credentials in return for the decrypted challenge. Right or wrong, the challenge is used up.
    pub(crate) fn password(&mut self, id: ConnectionId, claim_id: &str, request: &Request) -> Answer {
        if let Err(error) = self.key_of(claim_id) {
            return self.refuse_login(id, claim_id, &error);
        }
        let dialect = self.presence_of(claim_id).dialect;
        let (response, findings) = read_response(&request.body, dialect);
        self.deviations_of(id, findings);
        let challenge = self.presence_of(claim_id).challenge.take();
        let right =
            challenge.is_some_and(|challenge| response.as_deref() == Some(&STANDARD.encode(challenge.plaintext)));
        if !right {
            let error = ErrorBody::new(403, "Forbidden", "ErrIncorrectResponse", "incorrect challenge response");
            return self.refuse_login(id, claim_id, &error);
        }
        let credentials = self.script.credentials().unwrap_or_else(|| Credentials {
            client_id: format!("c-{claim_id}"),
            username: format!("u-{claim_id}"),
            password: random_text(&mut self.rng, PASSWORD_LEN),
        });
        self.remember_secret(credentials.password.as_bytes());
        let answer = Answer::json(201, "Created", self.password_reply(&credentials));
        self.clients.insert(credentials.client_id.clone(), claim_id.to_owned());
        self.presence_of(claim_id).credentials = Some(credentials);
        self.note(id, Some(claim_id), What::Authenticated);
        answer
    }

    fn password_reply(&self, credentials: &Credentials) -> String {
        let quoted = |text: &str| Value::from(text).to_string();
        let topics = self.config.topics.iter();
        let topics: Vec<_> = topics
            .map(|topic| format!("{{\"name\":{},\"topic\":{}}}", quoted(&topic.name), quoted(&topic.topic)))
            .collect();
        format!(
            "{{\"clientID\":{},\"username\":{},\"password\":{},\"topics\":[{}]}}",
            quoted(&credentials.client_id),
            quoted(&credentials.username),
            quoted(&credentials.password),
            topics.join(",")
        )
    }

    /// The key of a node that may log in.
    fn key_of(&self, claim_id: &str) -> Result<RsaPublicKey, ErrorBody> {
        let unknown = || ErrorBody::new(404, "Not Found", "ErrNotFound", "node is not claimed");
        let node = self.state.nodes.get(claim_id).ok_or_else(unknown)?;
        if node.banned {
            let error = ErrorBody::new(403, "Forbidden", "ErrForbidden", "node is banned");
            return Err(ErrorBody { non_retryable: Some(true), ..error });
        }
        parse_key(&node.public_key).ok_or_else(unknown)
    }

    fn refuse_login(&mut self, id: ConnectionId, claim_id: &str, error: &ErrorBody) -> Answer {
        let (key, message) = (error.key.clone(), error.message.clone());
        self.note(id, Some(claim_id), What::Refused { key, message });
        self.error(error)
    }
}

/// The `response` of a password request, and what is wrong with the rest of it.
fn read_response(body: &[u8], dialect: Option<Dialect>) -> (Option<String>, Findings) {
    let mut findings = Findings::new();
    let mut found = |detail: &str| findings.push((rule::OTP, detail.to_owned()));
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        found("the body is not JSON");
        return (None, findings);
    };
    let Some(object) = value.as_object() else {
        found("the body is not a JSON object");
        return (None, findings);
    };
    if object.keys().any(|key| key != "response" && key != "agent_version") {
        found("the body has keys besides agent_version and response");
    }
    if let Some(version) = object.get("agent_version") {
        let good = version.as_str().is_some_and(|text| match dialect {
            Some(Dialect::Agent) => text.starts_with('v') && text.len() > 1,
            _ => !text.is_empty(),
        });
        if !good {
            found("agent_version is not a version");
        }
    }
    let response = object.get("response").and_then(Value::as_str);
    match response.map(|text| STANDARD.decode(text)) {
        Some(Ok(bytes)) if !bytes.is_empty() => {}
        Some(Ok(_)) => found("the response is empty: a client that cannot decrypt must not answer"),
        Some(Err(_)) => found("the response is not base64 with padding"),
        None => found("there is no string `response`"),
    }
    (response.map(str::to_owned), findings)
}
