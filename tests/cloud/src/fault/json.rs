//! Faults in JSON bodies: errors by key, and wrong environments, challenges and credentials.

use super::http::{need_body, status_with_body};
use super::{Context, Step};
use crate::auth::{CHALLENGE_LEN, encrypt};
use crate::claim::parse_key;
use crate::http::Answer;
use crate::http::answer::ErrorBody;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand_core::Rng as _;
use rsa::{Oaep, Pkcs1v15Encrypt};
use serde_json::{Value, json};
use sha2::Sha256;

/// A key that belongs to nobody: challenges made with it cannot be decrypted.
const FOREIGN_KEY: &str = include_str!("foreign-key.pem");
/// How deep `deep-json` goes.
const DEPTH: usize = 3_000;
/// The longest password of `long-credentials`.
const LONG_MAX: usize = 1 << 20;
const TRACE: &str = "00000000-0000-4000-8000-000000000000";

fn error(answer: &mut Answer, body: &ErrorBody) {
    answer.replace(body.answer(TRACE));
}

/// An error of the table in protocol.md 1.7.
macro_rules! claim_errors {
    ($($name:ident: $status:literal $reason:literal $key:literal $message:literal;)*) => {
        $(pub(super) fn $name(answer: &mut Answer, _: &mut Context<'_>) {
            error(answer, &ErrorBody::new($status, $reason, $key, $message));
        })*
    };
}

claim_errors! {
    invalid_node_id: 422 "Unprocessable Entity" "ErrInvalidNodeID" "invalid node id";
    invalid_node_name: 422 "Unprocessable Entity" "ErrInvalidNodeName" "invalid node name";
    invalid_room_id: 422 "Unprocessable Entity" "ErrInvalidRoomID" "invalid room id";
    invalid_public_key: 422 "Unprocessable Entity" "ErrInvalidPublicKey" "invalid public key";
    forbidden: 403 "Forbidden" "ErrForbidden" "invalid token";
    already_claimed: 409 "Conflict" "ErrAlreadyClaimed" "already claimed";
    processing_claim: 409 "Conflict" "ErrProcessingClaim" "processing claiming";
    internal_server_error: 500 "Internal Server Error" "ErrInternalServerError" "Internal Server Error";
    gateway_timeout: 504 "Gateway Timeout" "ErrGatewayTimeout" "Gateway Timeout";
    service_unavailable: 503 "Service Unavailable" "ErrServiceUnavailable" "Service Unavailable";
    unknown_key: 422 "Unprocessable Entity" "ErrNobodyKnowsThis" "a key that no table has";
    incorrect_response: 403 "Forbidden" "ErrIncorrectResponse" "incorrect challenge response";
}

/// `"errorMsgKey": "X"`: right JSON, and unreadable for the script (protocol.md 1.6).
pub(super) fn blank(answer: &mut Answer, _: &mut Context<'_>) {
    let body = r#"{"errorCode": "trace", "errorMsgKey": "ErrForbidden", "errorMessage": "invalid token"}"#;
    answer.replace(Answer::json(403, "Forbidden", body.to_owned()));
}

/// Terminal escapes and line breaks in what people will read.
pub(super) fn escapes(answer: &mut Answer, _: &mut Context<'_>) {
    error(answer, &ErrorBody::new(403, "Forbidden", "ErrForbidden", "\u{1b}[2J\u{1b}[31mred\r\nforged line\u{7}"));
}

pub(super) fn long_message(answer: &mut Answer, _: &mut Context<'_>) {
    error(answer, &ErrorBody::new(403, "Forbidden", &"ErrLong".repeat(100), &"long ".repeat(500)));
}

pub(super) fn duplicated_challenge(answer: &mut Answer, context: &mut Context<'_>) {
    let body = ErrorBody::new(409, "Conflict", "ErrDuplicatedChallenge", "challenge was asked for too soon");
    error(answer, &ErrorBody { retry_delay: context.value, ..body });
}

pub(super) fn non_retryable(answer: &mut Answer, _: &mut Context<'_>) {
    let body = ErrorBody::new(403, "Forbidden", "ErrForbidden", "node is banned");
    error(answer, &ErrorBody { non_retryable: Some(true), ..body });
}

pub(super) fn retry_delay(answer: &mut Answer, context: &mut Context<'_>) {
    let body = ErrorBody::new(429, "Too Many Requests", "ErrTooManyRequests", "too many requests");
    error(answer, &ErrorBody { non_retryable: Some(false), retry_delay: context.value, ..body });
}

/// The wrong types that abort the parsing of an original agent (protocol.md 2.6).
pub(super) fn error_types(answer: &mut Answer, _: &mut Context<'_>) {
    let body = json!({
        "errorCode": "trace", "errorMsgKey": "ErrForbidden", "errorMessage": "wrong types",
        "errorNonRetryable": "true", "errorRetryDelaySeconds": "5",
    });
    answer.replace(Answer::json(403, "Forbidden", body.to_string()));
}

pub(super) fn error_incomplete(answer: &mut Answer, _: &mut Context<'_>) {
    let body = json!({"errorMessage": "no key, no code", "errorNonRetryable": true});
    answer.replace(Answer::json(403, "Forbidden", body.to_string()));
}

/// A body of the step's own status.
fn body(answer: &mut Answer, context: &Context<'_>, body: Vec<u8>) {
    let (status, reason) = status_with_body(context.step);
    let mut json = Answer::json(status, reason, String::new());
    json.body = body;
    answer.replace(json);
}

pub(super) fn deep(answer: &mut Answer, context: &mut Context<'_>) {
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    body(answer, context, deep.into_bytes());
}

pub(super) fn not_json(answer: &mut Answer, context: &mut Context<'_>) {
    body(answer, context, b"{\"challenge\":".to_vec());
}

pub(super) fn bytes_after(answer: &mut Answer, context: &mut Context<'_>) {
    need_body(answer, context);
    answer.body.extend_from_slice(b"}garbage");
}

/// A body that is JSON but for bytes that are not UTF-8.
pub(super) fn invalid_utf8(answer: &mut Answer, context: &mut Context<'_>) {
    need_body(answer, context);
    if let Some(at) = answer.body.iter().position(|byte| *byte == b':') {
        let at = (at + 2).min(answer.body.len());
        answer.body.splice(at..at, [0xff, 0xfe, 0xc0, 0x80]);
    }
}

pub(super) fn byte_order_mark(answer: &mut Answer, context: &mut Context<'_>) {
    need_body(answer, context);
    answer.body.splice(0..0, "\u{feff}".bytes());
}

/// The same meaning with `\/` for every slash and `\u` for letters.
pub(super) fn escaped(answer: &mut Answer, context: &mut Context<'_>) {
    need_body(answer, context);
    let text = String::from_utf8_lossy(&answer.body);
    let escaped =
        text.replace('/', "\\/").replace("err", "\\u0065rr").replace("end", "\\u0065nd").replace("le", "\\u006ce");
    answer.body = escaped.into_bytes();
}

/// Blanks, line breaks and reversed members.
pub(super) fn pretty(answer: &mut Answer, context: &mut Context<'_>) {
    need_body(answer, context);
    if let Ok(value) = serde_json::from_slice::<Value>(&answer.body)
        && let Ok(pretty) = serde_json::to_vec_pretty(&value)
    {
        answer.body = pretty;
    }
}

pub(super) fn unknown_keys(answer: &mut Answer, context: &mut Context<'_>) {
    need_body(answer, context);
    answer.edit(|value| {
        value["aaaFuture"] = json!({"nested": [1, 2.5, -3e10, null, true, {"deep": []}], "text": "\u{1f600}"});
        value["zzzFuture"] = json!([[[["x"]]]]);
    });
}

/// Every value becomes one of another type.
pub(super) fn wrong_types(answer: &mut Answer, context: &mut Context<'_>) {
    need_body(answer, context);
    answer.edit(|value| {
        for member in value.as_object_mut().into_iter().flat_map(|object| object.values_mut()) {
            *member = if member.is_string() { json!(42) } else { json!("text") };
        }
    });
}

/// The first required member is left out.
pub(super) fn missing_keys(answer: &mut Answer, context: &mut Context<'_>) {
    need_body(answer, context);
    let key = match context.step {
        Step::Env => "authEndpoint",
        Step::Challenge => "challenge",
        Step::Password => "clientID",
        _ => "errorMsgKey",
    };
    answer.edit(|value| {
        value.as_object_mut().map(|object| object.remove(key));
    });
}

/// The first member comes a second time, with another value.
pub(super) fn duplicate_keys(answer: &mut Answer, context: &mut Context<'_>) {
    need_body(answer, context);
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    if let Some((key, _)) = text.strip_prefix('{').and_then(|rest| rest.split_once(':')) {
        answer.body = text.replacen('{', &format!("{{{key}:\"first\","), 1).into_bytes();
    }
}

macro_rules! edits {
    ($($name:ident: |$value:ident| $body:block)*) => {
        $(pub(super) fn $name(answer: &mut Answer, _: &mut Context<'_>) {
            answer.edit(|$value| $body);
        })*
    };
}

edits! {
    env_encoding_json: |value| { value["encoding"] = json!("json"); }
    env_no_proto: |value| { value["capabilities"] = json!(["ctx"]); }
    env_only_mqttv3: |value| {
        let endpoint = value["transports"][0]["endpoint"].clone();
        value["transports"] = json!([{"type": "MQTTv3", "endpoint": endpoint}]);
    }
    env_unknown_transport: |value| {
        if let Some(transports) = value["transports"].as_array_mut() {
            transports.insert(0, json!({"type": "QUICv1", "endpoint": "https://localhost:1/quic"}));
        }
    }
    env_no_transports: |value| { value["transports"] = json!([]); }
    env_backoff_short: |value| { value["backoff"]["maxSeconds"] = json!(499); }
    env_backoff_negative: |value| { value["backoff"]["minSeconds"] = json!(-1); }
    env_no_backoff: |value| { value.as_object_mut().map(|object| object.remove("backoff")); }
    env_auth_http: |value| {
        let url = value["authEndpoint"].as_str().unwrap_or_default().replacen("https:", "http:", 1);
        value["authEndpoint"] = json!(url);
    }
    env_auth_empty: |value| { value["authEndpoint"] = json!(""); }
    env_auth_bad_url: |value| { value["authEndpoint"] = json!("https://[::1:99999/\u{0}"); }
    env_endpoint_closed: |value| {
        for transport in value["transports"].as_array_mut().into_iter().flatten() {
            transport["endpoint"] = json!("https://localhost:1/mqtt");
        }
    }
    challenge_short: |value| { shorten(value, 4); }
    challenge_long: |value| {
        let text = format!("{}AAAA", value["challenge"].as_str().unwrap_or_default());
        value["challenge"] = json!(text);
    }
    challenge_not_base64: |value| {
        let text = value["challenge"].as_str().unwrap_or_default();
        let text = format!("!{}", text.get(1..).unwrap_or_default());
        value["challenge"] = json!(text);
    }
    missing_topic: |value| {
        if let Some(topics) = value["topics"].as_array_mut() {
            topics.retain(|topic| topic["name"] != "agent-connection");
        }
    }
    topic_without_tag: |value| {
        for topic in value["topics"].as_array_mut().into_iter().flatten() {
            if topic["name"] == "agent-connection" {
                topic["topic"] = json!("/agent/outbound/v1/agent-connection");
            }
        }
    }
    no_topics: |value| { value["topics"] = json!([]); }
    unknown_topics: |value| {
        if let Some(topics) = value["topics"].as_array_mut() {
            for at in 0..40 {
                topics.push(json!({"name": format!("future-{at}"), "topic": "/agent/#{claim_id}/outbound/v9/x", "qos": 1}));
            }
        }
    }
    empty_client_id: |value| { value["clientID"] = json!(""); }
}

pub(super) fn env_backoff(answer: &mut Answer, context: &mut Context<'_>) {
    answer.edit(|value| value["backoff"]["base"] = json!(context.value));
}

pub(super) fn challenge_wrong_key(answer: &mut Answer, context: &mut Context<'_>) {
    if let Some(key) = parse_key(FOREIGN_KEY) {
        let mut plaintext = [0; CHALLENGE_LEN];
        context.rng.fill_bytes(&mut plaintext);
        answer.edit(|value| value["challenge"] = json!(encrypt(&key, &plaintext, context.rng)));
    }
}

pub(super) fn long_credentials(answer: &mut Answer, context: &mut Context<'_>) {
    let len = context.value.and_then(|value| usize::try_from(value).ok()).unwrap_or_default().min(LONG_MAX);
    answer.edit(|value| value["password"] = json!("p".repeat(len)));
}

fn shorten(value: &mut Value, by: usize) {
    let text = value["challenge"].as_str().unwrap_or_default();
    let text = text.get(..text.len().saturating_sub(by)).unwrap_or_default().to_owned();
    value["challenge"] = json!(text);
}

/// Two `authEndpoint` members, which an original agent refuses (protocol.md 2.4).
pub(super) fn env_auth_twice(answer: &mut Answer, _: &mut Context<'_>) {
    let text = String::from_utf8_lossy(&answer.body);
    answer.body = text.replacen('{', "{\"authEndpoint\":\"https://localhost:1/first\",", 1).into_bytes();
}

/// The right key and the wrong padding: PKCS#1 v1.5.
pub(super) fn challenge_pkcs1(answer: &mut Answer, context: &mut Context<'_>) {
    with_foreign_padding(answer, |key| key.encrypt(context.rng, Pkcs1v15Encrypt, &[7; CHALLENGE_LEN]).ok());
}

/// The wrong hash: OAEP with SHA-256.
pub(super) fn challenge_sha256(answer: &mut Answer, context: &mut Context<'_>) {
    with_foreign_padding(answer, |key| key.encrypt(context.rng, Oaep::<Sha256>::new(), &[7; CHALLENGE_LEN]).ok());
}

fn with_foreign_padding(answer: &mut Answer, encrypt: impl FnOnce(&rsa::RsaPublicKey) -> Option<Vec<u8>>) {
    if let Some(ciphertext) = answer.key.as_deref().and_then(parse_key).and_then(|key| encrypt(&key)) {
        answer.edit(|value| value["challenge"] = json!(STANDARD.encode(ciphertext)));
    }
}

/// A challenge whose plaintext is empty.
pub(super) fn challenge_empty(answer: &mut Answer, context: &mut Context<'_>) {
    with_foreign_padding(answer, |key| STANDARD.decode(encrypt(key, &[], context.rng)).ok());
}

/// 200 instead of 201.
pub(super) fn password_200(answer: &mut Answer, _: &mut Context<'_>) {
    if answer.status == 201 {
        answer.status = 200;
        answer.reason = "OK".to_owned();
    }
}
