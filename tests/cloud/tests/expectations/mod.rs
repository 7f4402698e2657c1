//! What each fault looks like from the other end of the wire.

use super::common::{Client, Wire, mqtt};
use aclk_cloud::{Action, Step};
use serde_json::Value;

/// What a client saw at a step, and what it sees without the fault.
pub(crate) struct Seen<'c> {
    pub(crate) step: Step,
    pub(crate) wire: Wire,
    pub(crate) plain: Wire,
    pub(crate) client: &'c Client,
}

type Shows = fn(&Seen<'_>) -> bool;

impl Seen<'_> {
    fn status(&self) -> u16 {
        self.wire.try_http().map_or(0, |http| http.status)
    }

    fn head(&self) -> String {
        self.wire.try_http().map_or_else(String::new, |http| http.head)
    }

    fn body(&self) -> Vec<u8> {
        self.wire.try_http().map_or_else(Vec::new, |http| http.body)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body()).unwrap_or_default()
    }

    fn plain_json(&self) -> Value {
        self.plain.try_http().map_or(Value::Null, |http| serde_json::from_slice(&http.body).unwrap_or_default())
    }

    /// `Content-Length` lines.
    fn lengths(&self) -> Vec<String> {
        let head = self.head();
        head.lines().filter_map(|line| line.strip_prefix("Content-Length: ")).map(str::to_owned).collect()
    }

    fn length(&self) -> usize {
        self.lengths().first().and_then(|length| length.parse().ok()).unwrap_or(usize::MAX)
    }

    fn key(&self, status: u16, key: &str) -> bool {
        self.status() == status && self.wire.has(format!("\"errorMsgKey\":\"{key}\",\"errorMessage\""))
    }

    /// Nothing was said, and this is how it ended.
    fn nothing_but(&self, end: Option<Action>) -> bool {
        self.wire.bytes.is_empty() && self.wire.end == end
    }

    fn challenge(&self) -> String {
        self.json()["challenge"].as_str().unwrap_or_default().to_owned()
    }

    fn topics(&self) -> Vec<Value> {
        self.json()["topics"].as_array().cloned().unwrap_or_default()
    }

    /// Whether a packet was sent in a frame of its own.
    fn packet(&self, packet: &[u8]) -> bool {
        self.wire.has([&[0x82, packet.len() as u8], packet].concat())
    }

    /// Topic and payload of the last QoS 1 publish, by searching for it: the frames may be broken.
    fn published(&self, message: &str) -> Option<Vec<u8>> {
        let publishes = self.wire.publishes();
        publishes.into_iter().filter(|(topic, _)| topic.ends_with(message)).map(|(_, payload)| payload).next_back()
    }
}

/// Bytes of a publish with QoS 0, as far as its topic and properties.
fn qos0(topic: &str, properties: &[u8]) -> Vec<u8> {
    [mqtt::binary(topic.as_bytes()).as_slice(), &[properties.len() as u8], properties].concat()
}

fn challenge_of(seen: &Seen<'_>, len: usize) -> bool {
    seen.challenge().len() == len
}

macro_rules! statuses {
    ($($name:literal: $status:literal)*) => {
        [$(($name, (|seen| seen.status() == $status && !seen.wire.has("errorMsgKey")) as Shows)),*]
    };
}

macro_rules! keys {
    ($($name:literal: $status:literal $key:literal)*) => {
        [$(($name, (|seen| seen.key($status, $key)) as Shows)),*]
    };
}

const STATUSES: [(&str, Shows); 12] = statuses! {
    "status-400": 400 "status-401": 401 "status-403": 403 "status-404": 404 "status-408": 408 "status-409": 409
    "status-422": 422 "status-429": 429 "status-500": 500 "status-502": 502 "status-503": 503 "status-504": 504
};

const KEYS: [(&str, Shows); 12] = keys! {
    "err-invalid-node-id": 422 "ErrInvalidNodeID"
    "err-invalid-node-name": 422 "ErrInvalidNodeName"
    "err-invalid-room-id": 422 "ErrInvalidRoomID"
    "err-invalid-public-key": 422 "ErrInvalidPublicKey"
    "err-forbidden": 403 "ErrForbidden"
    "err-already-claimed": 409 "ErrAlreadyClaimed"
    "err-processing-claim": 409 "ErrProcessingClaim"
    "err-internal-server-error": 500 "ErrInternalServerError"
    "err-gateway-timeout": 504 "ErrGatewayTimeout"
    "err-service-unavailable": 503 "ErrServiceUnavailable"
    "err-unknown-key": 422 "ErrNobodyKnowsThis"
    "err-incorrect-response": 403 "ErrIncorrectResponse"
};

const HTTP: &[(&str, Shows)] = &[
    ("stall", |seen| seen.nothing_but(None)),
    ("reset", |seen| seen.nothing_but(Some(Action::Abort))),
    ("close", |seen| seen.nothing_but(Some(Action::Close))),
    ("cut", |seen| seen.nothing_but(Some(Action::Cut))),
    ("close-after", |seen| !seen.wire.bytes.is_empty() && seen.wire.end == Some(Action::Close)),
    ("cut-after", |seen| !seen.wire.bytes.is_empty() && seen.wire.end == Some(Action::Cut)),
    ("drip", |seen| seen.wire.bytes.len() > 20 && seen.wire.pieces == seen.wire.bytes.len()),
    ("truncate", |seen| seen.wire.bytes.len() == 20 && seen.wire.end == Some(Action::Cut)),
    ("stall-after", |seen| seen.wire.bytes.len() == 20 && seen.wire.end.is_none()),
    ("empty-200", |seen| seen.status() == 200 && seen.body().is_empty() && seen.length() == 0),
    ("plain-200", |seen| seen.status() == 200 && seen.body() == b"OK"),
    ("redirect-301", |seen| seen.status() == 301 && seen.head().contains("Location: https://elsewhere.invalid/")),
    ("html-body", |seen| seen.head().contains("text/html") && seen.wire.has("<h1>")),
    ("http-1.0", |seen| seen.wire.bytes.starts_with(b"HTTP/1.0 ")),
    ("no-reason", |seen| seen.wire.text().lines().next().is_some_and(|line| line.len() == 13 && line.ends_with(' '))),
    ("no-blank", |seen| seen.wire.text().lines().next().is_some_and(|line| line.len() == 12)),
    ("not-http", |seen| seen.wire.bytes.len() == 64 && seen.wire.bytes[0] == 0xff),
    ("headers-1mb", |seen| seen.head().len() > 1 << 20),
    ("header-flood", |seen| seen.head().lines().count() > 1_000),
    ("header-without-colon", |seen| seen.head().contains("\r\nthis is no header\r\n")),
    ("header-empty", |seen| seen.head().contains("\r\nX-Empty: \r\n")),
    ("header-nul", |seen| seen.head().contains("a\0b")),
    ("date", |seen| seen.head().contains("\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT")),
    ("bare-newlines", |seen| seen.wire.has("\n") && !seen.wire.has("\r")),
    ("interim-100", |seen| seen.wire.bytes == [b"HTTP/1.1 100 Continue\r\n\r\n", seen.plain.bytes.as_slice()].concat()),
    ("interim-102", |seen| {
        seen.wire.bytes == [b"HTTP/1.1 102 Processing\r\n\r\n", seen.plain.bytes.as_slice()].concat()
    }),
    ("raw-102", |seen| seen.status() == 102 && seen.wire.has("ErrProcessingClaim") && seen.wire.end.is_none()),
    ("interim-flood", |seen| seen.wire.text().matches("100 Continue").count() == 1_000),
    ("body-10mb", |seen| seen.body().len() > 10 << 20 && seen.length() == seen.body().len()),
    ("length-too-long", |seen| seen.length() == seen.body().len() + 10 && seen.wire.end == Some(Action::Close)),
    ("length-too-short", |seen| seen.length() == seen.body().len() / 2 && seen.length() > 10),
    ("length-twice", |seen| seen.lengths().len() == 2 && seen.lengths()[0] == seen.lengths()[1]),
    ("length-contradicts", |seen| seen.lengths().len() == 2 && seen.lengths()[0] != seen.lengths()[1]),
    ("length-huge", |seen| seen.lengths() == ["99999999999999999999"]),
    ("length-negative", |seen| seen.lengths() == ["-1"]),
    ("no-length", |seen| seen.lengths().is_empty() && !seen.body().is_empty() && seen.wire.end.is_none()),
    ("chunked", |seen| {
        let body = seen.body();
        seen.head().contains("Transfer-Encoding: chunked\r\n")
            && body.ends_with(b"\r\n0\r\n\r\n")
            && seen.lengths().is_empty()
    }),
    ("chunked-garbage", |seen| {
        seen.head().contains("Transfer-Encoding: chunked\r\n") && seen.body().starts_with(b"zz\r\n")
    }),
    ("chunked-and-length", |seen| seen.head().contains("Transfer-Encoding: chunked\r\n") && seen.lengths().len() == 1),
    ("gzip-label", |seen| seen.head().contains("Content-Encoding: gzip\r\n") && seen.body().starts_with(b"{")),
];

const JSON: &[(&str, Shows)] = &[
    ("err-blank", |seen| seen.wire.has("\"errorMsgKey\": \"ErrForbidden\"")),
    ("err-escapes", |seen| seen.wire.has("\\u001b[2J") && seen.wire.has("\\r\\nforged line")),
    ("err-long", |seen| seen.json()["errorMsgKey"].as_str().is_some_and(|key| key.len() == 700)),
    ("err-duplicated-challenge", |seen| {
        seen.key(409, "ErrDuplicatedChallenge") && seen.json()["errorRetryDelaySeconds"] == 60
    }),
    ("err-non-retryable", |seen| seen.status() == 403 && seen.json()["errorNonRetryable"] == true),
    ("err-retry-delay", |seen| seen.status() == 429 && seen.json()["errorRetryDelaySeconds"] == 5),
    ("err-types", |seen| seen.json()["errorNonRetryable"] == "true" && seen.json()["errorRetryDelaySeconds"] == "5"),
    ("err-incomplete", |seen| seen.json()["errorNonRetryable"] == true && seen.json()["errorMsgKey"].is_null()),
    ("claim-reply-lost", |seen| seen.nothing_but(Some(Action::Abort)) && seen.client.state().is_some()),
    ("deep-json", |seen| {
        seen.wire.text().matches('[').count() == 3_000 && seen.wire.text().matches(']').count() == 3_000
    }),
    ("half-json", |seen| seen.body() == b"{\"challenge\":" && seen.length() == 13),
    ("json-and-more", |seen| seen.body().ends_with(b"}}garbage") && seen.length() == seen.body().len()),
    ("invalid-utf8", |seen| std::str::from_utf8(&seen.body()).is_err() && seen.length() == seen.body().len()),
    ("byte-order-mark", |seen| seen.body().starts_with(b"\xef\xbb\xbf{")),
    ("escaped-json", |seen| {
        let meaning = seen.step == Step::Claim || same_meaning(seen);
        (seen.wire.has("\\/") || seen.wire.has("\\u00")) && meaning && seen.json().is_object()
    }),
    ("pretty-json", |seen| seen.body().starts_with(b"{\n  \"") && (seen.step == Step::Claim || same_meaning(seen))),
    ("unknown-keys", |seen| seen.json()["aaaFuture"].is_object() && seen.json()["zzzFuture"].is_array()),
    ("wrong-types", |seen| match seen.step {
        Step::Claim => seen.json()["errorMsgKey"] == 42,
        Step::Env => seen.json()["authEndpoint"] == 42 && seen.json()["transports"] == "text",
        Step::Challenge => seen.json()["challenge"] == 42,
        _ => seen.json()["clientID"] == 42 && seen.json()["topics"] == "text",
    }),
    ("missing-keys", |seen| match seen.step {
        Step::Claim => seen.json()["errorCode"].is_string() && seen.json()["errorMsgKey"].is_null(),
        Step::Env => seen.json()["encoding"].is_string() && seen.json()["authEndpoint"].is_null(),
        Step::Challenge => seen.body() == b"{}",
        _ => seen.json()["password"].is_string() && seen.json()["clientID"].is_null(),
    }),
    ("duplicate-keys", |seen| {
        let key = match seen.step {
            Step::Claim => "errorCode",
            Step::Env => "authEndpoint",
            Step::Challenge => "challenge",
            _ => "clientID",
        };
        seen.wire.text().matches(&format!("\"{key}\":")).count() == 2
    }),
    ("env-encoding-json", |seen| seen.json()["encoding"] == "json"),
    ("env-no-proto", |seen| seen.json()["capabilities"] == serde_json::json!(["ctx"])),
    ("env-only-mqttv3", |seen| {
        seen.json()["transports"].as_array().is_some_and(|all| all.len() == 1 && all[0]["type"] == "MQTTv3")
    }),
    ("env-unknown-transport", |seen| {
        seen.json()["transports"][0]["type"] == "QUICv1" && seen.json()["transports"][1]["type"] == "MQTTv5"
    }),
    ("env-no-transports", |seen| seen.json()["transports"] == serde_json::json!([])),
    ("env-backoff", |seen| seen.json()["backoff"]["base"] == 0),
    ("env-backoff-short", |seen| seen.json()["backoff"]["maxSeconds"] == 499),
    ("env-backoff-negative", |seen| seen.json()["backoff"]["minSeconds"] == -1),
    ("env-no-backoff", |seen| seen.status() == 200 && seen.json()["backoff"].is_null()),
    ("env-auth-http", |seen| seen.json()["authEndpoint"].as_str().is_some_and(|url| url.starts_with("http:"))),
    ("env-auth-empty", |seen| seen.json()["authEndpoint"] == ""),
    ("env-auth-bad-url", |seen| {
        seen.json()["authEndpoint"].as_str().is_some_and(|url| url.starts_with("https://[::1:9"))
    }),
    ("env-auth-twice", |seen| seen.wire.text().matches("\"authEndpoint\":").count() == 2),
    ("env-endpoint-closed", |seen| seen.json()["transports"][0]["endpoint"] == "https://localhost:1/mqtt"),
    ("challenge-short", |seen| challenge_of(seen, 340)),
    ("challenge-long", |seen| challenge_of(seen, 348)),
    ("challenge-not-base64", |seen| challenge_of(seen, 344) && seen.challenge().starts_with('!')),
    ("challenge-wrong-key", |seen| challenge_of(seen, 344) && super::common::decrypt(&seen.challenge()).is_none()),
    ("challenge-pkcs1", |seen| {
        let pkcs1 = |key: &rsa::RsaPrivateKey, bytes: &[u8]| key.decrypt(rsa::Pkcs1v15Encrypt, bytes);
        decrypts(seen, pkcs1) && super::common::decrypt(&seen.challenge()).is_none()
    }),
    ("challenge-sha256", |seen| {
        let sha256 = |key: &rsa::RsaPrivateKey, bytes: &[u8]| key.decrypt(rsa::Oaep::<sha2::Sha256>::new(), bytes);
        decrypts(seen, sha256) && super::common::decrypt(&seen.challenge()).is_none()
    }),
    ("challenge-empty", |seen| super::common::decrypt(&seen.challenge()) == Some(Vec::new())),
    ("password-200", |seen| seen.status() == 200 && seen.topics().len() == 23),
    ("missing-topic", |seen| seen.topics().len() == 22 && !seen.wire.has("\"agent-connection\"")),
    ("topic-without-tag", |seen| seen.topics().iter().any(|topic| !topic["topic"].to_string().contains("#{claim_id}"))),
    ("no-topics", |seen| seen.status() == 201 && seen.topics().is_empty() && seen.json()["topics"].is_array()),
    ("unknown-topics", |seen| seen.topics().len() == 63),
    ("long-credentials", |seen| seen.json()["password"].as_str().is_some_and(|password| password.len() == 4_096)),
    ("empty-client-id", |seen| seen.json()["clientID"] == ""),
    ("accept-wrong", |seen| {
        seen.status() == 101 && seen.head().contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }),
    ("accept-missing", |seen| seen.status() == 101 && !seen.head().contains("Sec-WebSocket-Accept")),
    ("early-frame", |seen| seen.body() == b"\x89\x05early" && seen.wire.pieces == 1),
];

fn same_meaning(seen: &Seen<'_>) -> bool {
    let mut expected = seen.plain_json();
    // What is random differs between two runs that draw differently; the shape does not.
    let mut found = seen.json();
    for key in ["challenge", "password"] {
        if expected[key].is_string() && found[key].as_str().map(str::len) == expected[key].as_str().map(str::len) {
            expected[key] = Value::Null;
            found[key] = Value::Null;
        }
    }
    found == expected
}

fn decrypts(seen: &Seen<'_>, decrypt: fn(&rsa::RsaPrivateKey, &[u8]) -> rsa::Result<Vec<u8>>) -> bool {
    use base64::Engine as _;
    use rsa::pkcs8::DecodePrivateKey;
    let key = rsa::RsaPrivateKey::from_pkcs8_pem(include_str!("../common/key.pem")).unwrap();
    let bytes = base64::engine::general_purpose::STANDARD.decode(seen.challenge()).unwrap();
    decrypt(&key, &bytes).is_ok_and(|plain| plain == [7; 32])
}

/// An answer to the ping that ended the step.
fn pong(seen: &Seen<'_>) -> bool {
    seen.packet(&[0xd0, 0])
}

fn refused(seen: &Seen<'_>, code: u8) -> bool {
    seen.packet(&[0x20, 3, 0, code, 0]) && seen.wire.close_codes() == [1000] && seen.wire.end == Some(Action::Close)
}

/// A request over the link, by what follows its envelope.
fn request(seen: &Seen<'_>, rest: &str) -> bool {
    seen.published("/inbound/cmd").is_some_and(|payload| payload.ends_with(rest.as_bytes()))
}

const LINK: &[(&str, Shows)] = &[
    ("connack-0x86", |seen| refused(seen, 0x86)),
    ("connack-0x87", |seen| refused(seen, 0x87)),
    ("connack-code", |seen| refused(seen, 0x88)),
    ("connack-short", |seen| seen.packet(&[0x20, 2, 0, 0])),
    ("connack-properties", |seen| seen.packet(&[0x20, 4, 0, 0, 9, 0x22])),
    ("connack-unknown-property", |seen| seen.packet(&[0x20, 5, 0, 0, 2, 0x7f, 0])),
    ("connack-session", |seen| seen.packet(&[0x20, 3, 1, 0, 0])),
    ("connack-twice", |seen| seen.wire.packets()[0] == seen.wire.packets()[1]),
    ("connack-other", |seen| seen.wire.packets()[0] == [0xd0, 0]),
    ("connack-tight", |seen| seen.packet(&[0x20, 11, 0, 0, 8, 0x21, 0, 1, 0x27, 0, 0, 4, 0])),
    ("connack-talkative", |seen| seen.wire.has("\x1f\0\x07welcome") && seen.wire.has("assigned")),
    ("suback-0x87", |seen| seen.wire.packets() == [[0x90, 4, 0, 1, 0, 0x87]]),
    ("suback-unknown-id", |seen| seen.wire.packets() == [[0x90, 4, 0xbe, 0xef, 0, 1]]),
    ("suback-short", |seen| seen.wire.packets() == [[0x90, 3, 0, 1, 0]]),
    ("no-suback", |seen| seen.nothing_but(None) && seen.client.cloud.next_timeout().is_some()),
    ("no-puback", |seen| !seen.wire.packets().iter().any(|packet| packet[0] == 0x40) && pong(seen)),
    ("no-pingresp", |seen| !pong(seen) && !seen.wire.bytes.is_empty()),
    ("puback-unknown-id", |seen| seen.packet(&[0x40, 2, 0xbe, 0xef])),
    ("puback-0x87", |seen| seen.wire.packets()[0][..2] == [0x40, 3] && seen.wire.packets()[0][4] == 0x87),
    ("disconnect-req-ban", |seen| {
        seen.published("/DisconnectReq").is_some_and(|payload| payload.starts_with(&[0x10, 1]))
    }),
    ("disconnect-req-delay", |seen| seen.published("/DisconnectReq").is_some_and(|payload| payload == [0x08, 5])),
    ("mqtt-disconnect", |seen| seen.wire.has("\x1f\0\x0bserver busy") && seen.wire.end == Some(Action::Close)),
    ("mqtt-disconnect-only", |seen| seen.packet(&[0xe0, 1, 0x8b]) && seen.wire.end.is_none()),
    ("close-mid-frame", |seen| {
        // A frame of 83 bytes with a PUBLISH of 81, both cut off within the topic of 76.
        let half = [&[0x82, 83, 0x32, 81, 0, 76][..], b"/agent/11111111-2222-4333-8444-55555"].concat();
        seen.wire.bytes.ends_with(&half) && seen.wire.end == Some(Action::Close)
    }),
    ("ws-close", |seen| seen.wire.bytes.ends_with(&[0x88, 2, 3, 0xe9]) && seen.wire.end == Some(Action::Close)),
    ("ws-close-odd", |seen| seen.wire.has([0x88, 1, 3])),
    ("ws-masked", |seen| seen.wire.has([0x82, 0x82, 1, 2, 3, 4, 0xd1, 2])),
    ("ws-fragmented", |seen| seen.wire.has([0x02, 1, 0xd0, 0x80, 1, 0])),
    ("ws-text", |seen| seen.wire.has(b"\x81\x05hello")),
    ("ws-reserved-bits", |seen| seen.wire.has([0xc2, 2, 0xd0, 0])),
    ("ws-reserved-opcode", |seen| seen.wire.has([0x8b, 1, b'x'])),
    ("ws-long-ping", |seen| seen.wire.has([&[0x89, 126, 0, 126][..], &[b'p'; 126]].concat())),
    ("ws-ping-flood", |seen| seen.wire.frames().iter().filter(|(first, _)| *first == 0x89).count() == 100),
    ("ws-huge-frame", |seen| seen.wire.has([0x82, 127, 0x40, 0, 0, 0, 0, 0, 0, 0])),
    ("ws-padded-length", |seen| seen.wire.has([0x82, 127, 0, 0, 0, 0, 0, 0, 0, 2, 0xd0, 0])),
    ("ws-empty-frames", |seen| seen.wire.frames().iter().filter(|(_, payload)| payload.is_empty()).count() == 100),
    ("ws-byte-frames", |seen| seen.wire.frames().iter().filter(|(_, payload)| payload.len() == 1).count() >= 4),
    ("ws-joined", |seen| seen.wire.packets()[0].ends_with(&[0xd0, 0]) && seen.wire.packets()[0].len() > 4),
    ("qos2-publish", |seen| seen.wire.packets().iter().any(|packet| packet[0] == 0x34)),
    ("qos0-publish", |seen| {
        let topic = format!("/agent/{}/inbound/v1/cmd/SendNodeInstances", seen.client.claim_id);
        let body = qos0(&topic, &[]);
        seen.wire.packets().iter().any(|packet| packet[0] == 0x30 && packet.ends_with(&body))
    }),
    ("oversized-packet", |seen| seen.packet(&[0x32, 0xff, 0xff, 0xff, 0x7f, 0, 4])),
    ("long-packet", |seen| seen.wire.packets().iter().any(|packet| packet.len() > 200 << 10)),
    ("garbage-mqtt", |seen| seen.wire.packets().iter().any(|packet| packet.len() == 64 && packet[0] == 5)),
    ("mqtt-auth", |seen| seen.packet(&[0xf0, 0])),
    ("mqtt-bad-length", |seen| seen.packet(&[0x30, 0xff, 0xff, 0xff, 0xff, 1])),
    ("publish-short", |seen| seen.wire.packets().iter().any(|packet| packet.ends_with(b"/inbound/cmd\0\x09"))),
    ("publish-id-zero", |seen| seen.wire.packets().iter().any(|packet| packet.ends_with(b"SendNodeInstances\0\0\0"))),
    ("alias-unknown", |seen| seen.packet(&[0x32, 9, 0, 0, 0, 9, 3, 0x23, 0, 77, b'x'])),
    ("alias-used", |seen| {
        let set = seen.wire.packets().iter().any(|packet| packet.ends_with(b"SendNodeInstances\x03\x23\0\x01"));
        set && seen.packet(&[0x30, 6, 0, 0, 3, 0x23, 0, 1])
    }),
    ("topic-unknown", |seen| seen.published("/agent/somebody-else/inbound/cmd").is_some()),
    ("message-unknown", |seen| seen.published("/MessageOfTheFuture").is_some()),
    ("message-garbage", |seen| {
        seen.wire.publishes().iter().any(|(_, payload)| *payload == [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2])
    }),
    ("message-fields", |seen| {
        seen.wire.publishes().iter().any(|(_, payload)| payload.starts_with(&[0xa2, 0x06, 3, 1, 2, 3, 0xad, 0x06]))
    }),
    ("no-node-result", |seen| seen.published("/CreateNodeInstanceResult").is_none()),
    ("node-result-other", |seen| {
        let payload = seen.published("/CreateNodeInstanceResult").unwrap_or_default();
        !payload.ends_with(super::common::GUID.as_bytes())
    }),
    ("node-result-empty", |seen| {
        let payload = seen.published("/CreateNodeInstanceResult").unwrap_or_default();
        payload.starts_with(&[0x12, 36])
    }),
    ("request-garbage", |seen| request(seen, "nonsense\r\n\r\n\r\n")),
    ("request-no-end", |seen| request(seen, "GET /api/v1/info HTTP/1.1\r\n")),
    ("request-bad-method", |seen| request(seen, "BREW /pot HTCPCP/1.0\r\n\r\n")),
    ("request-deep-json", |seen| seen.wire.has("[".repeat(3_000))),
    ("request-bad-callback", |seen| seen.wire.has("\"callback-topic\":\"svc/fault/resp\"")),
    ("request-flood", |seen| seen.wire.packets().iter().filter(|packet| packet[0] == 0x30).count() == 100),
];

/// The expectation for every fault.
pub(crate) fn all() -> impl Iterator<Item = &'static (&'static str, Shows)> {
    STATUSES.iter().chain(&KEYS).chain(HTTP).chain(JSON).chain(LINK)
}
