//! The table of all faults.

use super::Apply::{After, Both, Instead, Link, Tls};
use super::{Certificate, Fault, Step, http, json, link};

/// Steps at which the client waits for an answer.
const EVERY: &[Step] = Step::ALL.split_at(1).1;
/// Steps that are answered over HTTP.
const HTTP: &[Step] = &[Step::Claim, Step::Env, Step::Challenge, Step::Password, Step::Upgrade];
/// Steps whose answer can have a body.
const BODY: &[Step] = &[Step::Claim, Step::Env, Step::Challenge, Step::Password];
/// Steps whose errors have the form of protocol.md 2.6.
const LOGIN: &[Step] = &[Step::Env, Step::Challenge, Step::Password];
/// Steps of the MQTT session.
const LINK: &[Step] = &[Step::Connect, Step::Subscribe, Step::Announce, Step::Online];
/// Steps at which pings can begin to go unanswered.
const PING: &[Step] = &[Step::Connect, Step::Announce, Step::Online];
/// Steps at which messages flow.
const LIVE: &[Step] = &[Step::Announce, Step::Online];

macro_rules! faults {
    ($($name:literal, $steps:expr, $apply:expr, $about:literal $(, value $meaning:literal $default:literal)?;)*) => {
        /// Every fault there is.
        pub(super) const FAULTS: &[Fault] = &[$(Fault {
            name: $name,
            about: $about,
            steps: $steps,
            value: faults!(@value $($meaning $default)?),
            apply: $apply,
        }),*];
    };
    (@value) => { None };
    (@value $meaning:literal $default:literal) => { Some(($meaning, $default)) };
}

faults! {
    // In the TLS handshake.
    "tls-expired", &[Step::Tls], Tls(Certificate::Expired), "a certificate that has expired";
    "tls-not-yet-valid", &[Step::Tls], Tls(Certificate::NotYetValid), "a certificate that is not valid yet, as for a client whose clock is slow";
    "tls-wrong-host", &[Step::Tls], Tls(Certificate::OtherName), "a certificate for wrong.example";
    "tls-unknown-ca", &[Step::Tls], Tls(Certificate::UnknownAuthority), "a certificate by an authority that nobody trusts";
    "tls-self-signed", &[Step::Tls], Tls(Certificate::SelfSigned), "a certificate by nobody but itself";

    // On every step.
    "stall", EVERY, Both(http::stall, link::stall), "no answer, and nothing ever after; the connection stays open";
    "reset", EVERY, Both(http::reset, link::reset), "the connection is reset (RST) instead of an answer";
    "close", EVERY, Both(http::close, link::close), "the connection is closed in order (close_notify, FIN) instead of an answer";
    "cut", EVERY, Both(http::cut, link::cut), "the connection is closed without close_notify instead of an answer";

    // In HTTP answers.
    "close-after", BODY, After(http::close_after), "the whole answer, and close_notify and FIN right behind it";
    "cut-after", BODY, After(http::cut_after), "the whole answer, and FIN without close_notify right behind it";
    "drip", HTTP, After(http::drip), "the answer one byte at a time, a millisecond apart";
    "truncate", HTTP, After(http::truncate), "the first bytes of the answer, then FIN without close_notify", value "bytes" 20;
    "stall-after", HTTP, After(http::stall_after), "the first bytes of the answer, then nothing", value "bytes" 20;
    "status-400", HTTP, Instead(http::status_400), "400 Bad Request with a text body";
    "status-401", HTTP, Instead(http::status_401), "401 Unauthorized with a text body";
    "status-403", HTTP, Instead(http::status_403), "403 Forbidden with a text body";
    "status-404", HTTP, Instead(http::status_404), "404 Not Found with a text body";
    "status-408", HTTP, Instead(http::status_408), "408 Request Timeout with a text body";
    "status-409", HTTP, Instead(http::status_409), "409 Conflict with a text body";
    "status-422", HTTP, Instead(http::status_422), "422 Unprocessable Entity with a text body";
    "status-429", HTTP, Instead(http::status_429), "429 Too Many Requests with a text body";
    "status-500", HTTP, Instead(http::status_500), "500 Internal Server Error with a text body";
    "status-502", HTTP, Instead(http::status_502), "502 Bad Gateway with a text body";
    "status-503", HTTP, Instead(http::status_503), "503 Service Unavailable with a text body";
    "status-504", HTTP, Instead(http::status_504), "504 Gateway Timeout with a text body";
    "empty-200", HTTP, Instead(http::empty_200), "200 with an empty body";
    "plain-200", HTTP, Instead(http::plain_200), "200 with a text body";
    "redirect-301", HTTP, Instead(http::redirect), "301 to another host";
    "html-body", HTTP, Instead(http::html), "an HTML page, as a captive portal sends it, with the status of success where that has a body";
    "http-1.0", HTTP, After(http::http_1_0), "the answer as HTTP/1.0";
    "no-reason", HTTP, After(http::no_reason), "a status line without reason phrase, but with the blank before it";
    "no-blank", HTTP, After(http::no_blank), "a status line that ends after the number";
    "not-http", HTTP, After(http::not_http), "64 random bytes instead of an answer";
    "headers-1mb", HTTP, After(http::headers_1mb), "a header line of one megabyte";
    "header-flood", HTTP, After(http::header_flood), "a thousand header lines";
    "header-without-colon", HTTP, After(http::header_without_colon), "a header line without colon";
    "header-empty", HTTP, After(http::header_empty), "a header with an empty value";
    "header-nul", HTTP, After(http::header_nul), "a NUL in a header value";
    "date", HTTP, After(http::date), "a Date header with this time", value "seconds since 1970" 0;
    "bare-newlines", HTTP, After(http::bare_newlines), "lines that end in LF instead of CR LF";
    "interim-100", HTTP, After(http::interim_100), "100 Continue in front of the answer";
    "interim-102", HTTP, After(http::interim_102), "102 Processing in front of the answer";
    "raw-102", &[Step::Claim], Instead(http::raw_102), "102 with ErrProcessingClaim as its body, and no final answer";
    "interim-flood", HTTP, After(http::interim_flood), "a thousand interim answers in front of the answer";
    "body-10mb", BODY, After(http::body_10mb), "a body of ten megabytes";
    "length-too-long", BODY, After(http::length_too_long), "Content-Length ten bytes more than what comes before the end";
    "length-too-short", BODY, After(http::length_too_short), "Content-Length half of what comes";
    "length-twice", BODY, After(http::length_twice), "Content-Length twice, both right";
    "length-contradicts", BODY, After(http::length_contradicts), "Content-Length twice, with two values";
    "length-huge", BODY, After(http::length_huge), "a Content-Length that fits no number";
    "length-negative", BODY, After(http::length_negative), "a negative Content-Length";
    "no-length", BODY, After(http::no_length), "a body without Content-Length, and the connection stays open";
    "chunked", BODY, After(http::chunked), "the body in chunks, as it should be";
    "chunked-garbage", BODY, After(http::chunked_garbage), "a chunked body whose sizes are no numbers";
    "chunked-and-length", BODY, After(http::chunked_and_length), "both Transfer-Encoding and Content-Length";
    "gzip-label", BODY, After(http::gzip_label), "Content-Encoding: gzip on a body that is plain";

    // In what the answers mean.
    "err-invalid-node-id", &[Step::Claim], Instead(json::invalid_node_id), "422 with ErrInvalidNodeID";
    "err-invalid-node-name", &[Step::Claim], Instead(json::invalid_node_name), "422 with ErrInvalidNodeName";
    "err-invalid-room-id", &[Step::Claim], Instead(json::invalid_room_id), "422 with ErrInvalidRoomID";
    "err-invalid-public-key", &[Step::Claim], Instead(json::invalid_public_key), "422 with ErrInvalidPublicKey";
    "err-forbidden", BODY, Instead(json::forbidden), "403 with ErrForbidden";
    "err-already-claimed", &[Step::Claim], Instead(json::already_claimed), "409 with ErrAlreadyClaimed";
    "err-processing-claim", &[Step::Claim], Instead(json::processing_claim), "409 with ErrProcessingClaim";
    "err-internal-server-error", BODY, Instead(json::internal_server_error), "500 with ErrInternalServerError";
    "err-gateway-timeout", BODY, Instead(json::gateway_timeout), "504 with ErrGatewayTimeout";
    "err-service-unavailable", BODY, Instead(json::service_unavailable), "503 with ErrServiceUnavailable";
    "err-unknown-key", BODY, Instead(json::unknown_key), "422 with a key that is in no table";
    "err-blank", BODY, Instead(json::blank), "403 with a blank after every colon, which the script cannot read";
    "err-escapes", BODY, Instead(json::escapes), "403 with terminal escapes and line breaks in its message";
    "err-long", BODY, Instead(json::long_message), "403 with a key of 700 and a message of 2500 characters";
    "err-incorrect-response", &[Step::Password], Instead(json::incorrect_response), "403 with ErrIncorrectResponse";
    "err-duplicated-challenge", &[Step::Challenge], Instead(json::duplicated_challenge), "409 with ErrDuplicatedChallenge and a delay", value "seconds" 60;
    "err-non-retryable", LOGIN, Instead(json::non_retryable), "403 with errorNonRetryable: true";
    "err-retry-delay", LOGIN, Instead(json::retry_delay), "429 with errorRetryDelaySeconds", value "seconds" 5;
    "err-types", LOGIN, Instead(json::error_types), "403 whose errorNonRetryable and errorRetryDelaySeconds are strings";
    "err-incomplete", LOGIN, Instead(json::error_incomplete), "403 with errorNonRetryable: true, but without errorCode and errorMsgKey";
    "claim-reply-lost", &[Step::Claim], After(http::reset), "the claim takes effect, and the connection is reset instead of an answer";
    "deep-json", BODY, Instead(json::deep), "JSON that is 3000 arrays deep";
    "half-json", BODY, Instead(json::not_json), "JSON that ends in the middle";
    "json-and-more", BODY, After(json::bytes_after), "bytes after the JSON";
    "invalid-utf8", BODY, After(json::invalid_utf8), "JSON with bytes that are not UTF-8";
    "byte-order-mark", BODY, After(json::byte_order_mark), "JSON behind a byte order mark";
    "escaped-json", BODY, After(json::escaped), "the same JSON, with escaped slashes and letters";
    "pretty-json", BODY, After(json::pretty), "the same JSON, with blanks, line breaks and sorted members";
    "unknown-keys", BODY, After(json::unknown_keys), "JSON with members nobody knows, before and behind the known ones";
    "wrong-types", BODY, After(json::wrong_types), "JSON in which every value has another type";
    "missing-keys", BODY, After(json::missing_keys), "JSON without its first required member";
    "duplicate-keys", BODY, After(json::duplicate_keys), "JSON whose first member comes twice";
    "env-encoding-json", &[Step::Env], After(json::env_encoding_json), "/env with encoding json";
    "env-no-proto", &[Step::Env], After(json::env_no_proto), "/env whose capabilities lack proto";
    "env-only-mqttv3", &[Step::Env], After(json::env_only_mqttv3), "/env with MQTTv3 as its only transport";
    "env-unknown-transport", &[Step::Env], After(json::env_unknown_transport), "/env with a transport of unknown type in front";
    "env-no-transports", &[Step::Env], After(json::env_no_transports), "/env without transports";
    "env-backoff", &[Step::Env], After(json::env_backoff), "/env with this backoff base; 1 to 10 is allowed", value "base" 0;
    "env-backoff-short", &[Step::Env], After(json::env_backoff_short), "/env with backoff maxSeconds 499";
    "env-backoff-negative", &[Step::Env], After(json::env_backoff_negative), "/env with backoff minSeconds -1";
    "env-no-backoff", &[Step::Env], After(json::env_no_backoff), "/env without backoff";
    "env-auth-http", &[Step::Env], After(json::env_auth_http), "/env with an authEndpoint without TLS";
    "env-auth-empty", &[Step::Env], After(json::env_auth_empty), "/env with an empty authEndpoint";
    "env-auth-bad-url", &[Step::Env], After(json::env_auth_bad_url), "/env with an authEndpoint that is no URL";
    "env-auth-twice", &[Step::Env], After(json::env_auth_twice), "/env with two authEndpoint members, the wrong one first";
    "env-endpoint-closed", &[Step::Env], After(json::env_endpoint_closed), "/env with transports on a port where nobody listens";
    "challenge-short", &[Step::Challenge], After(json::challenge_short), "a challenge of 340 characters";
    "challenge-long", &[Step::Challenge], After(json::challenge_long), "a challenge of 348 characters";
    "challenge-not-base64", &[Step::Challenge], After(json::challenge_not_base64), "a challenge that is not base64";
    "challenge-wrong-key", &[Step::Challenge], After(json::challenge_wrong_key), "a challenge made with another public key";
    "challenge-pkcs1", &[Step::Challenge], After(json::challenge_pkcs1), "a challenge with the padding of PKCS#1 v1.5";
    "challenge-sha256", &[Step::Challenge], After(json::challenge_sha256), "a challenge with OAEP and SHA-256";
    "challenge-empty", &[Step::Challenge], After(json::challenge_empty), "a challenge whose plaintext is empty";
    "password-200", &[Step::Password], After(json::password_200), "200 instead of 201";
    "missing-topic", &[Step::Password], After(json::missing_topic), "topics without agent-connection";
    "topic-without-tag", &[Step::Password], After(json::topic_without_tag), "a topic without #{claim_id}";
    "no-topics", &[Step::Password], After(json::no_topics), "an empty topics array";
    "unknown-topics", &[Step::Password], After(json::unknown_topics), "forty topics nobody knows behind the known ones";
    "long-credentials", &[Step::Password], After(json::long_credentials), "a password of this length", value "characters" 4096;
    "empty-client-id", &[Step::Password], After(json::empty_client_id), "an empty clientID";

    // In the upgrade and on the link.
    "accept-wrong", &[Step::Upgrade], After(http::accept_wrong), "101 with the Sec-WebSocket-Accept of another key";
    "accept-missing", &[Step::Upgrade], After(http::accept_missing), "101 without Sec-WebSocket-Accept";
    "early-frame", &[Step::Upgrade], After(http::early_frame), "101 and a first frame, a ping, in one piece";
    "connack-0x86", &[Step::Connect], Link(link::connack_86), "CONNACK 0x86 (bad user name or password), then close";
    "connack-0x87", &[Step::Connect], Link(link::connack_87), "CONNACK 0x87 (not authorized), then close";
    "connack-code", &[Step::Connect], Link(link::connack_code), "CONNACK with this reason code, then close", value "reason" 136;
    "connack-short", &[Step::Connect], Link(link::connack_short), "a CONNACK of two bytes";
    "connack-properties", &[Step::Connect], Link(link::connack_properties), "a CONNACK whose properties reach beyond its end";
    "connack-unknown-property", &[Step::Connect], Link(link::connack_unknown_property), "a CONNACK with a property that MQTT 5 does not have";
    "connack-session", &[Step::Connect], Link(link::connack_session), "a CONNACK with session present";
    "connack-twice", &[Step::Connect], Link(link::connack_twice), "two CONNACKs";
    "connack-other", &[Step::Connect], Link(link::connack_other), "PINGRESP instead of CONNACK";
    "connack-tight", &[Step::Connect], Link(link::connack_tight), "a CONNACK with no aliases, Receive Maximum 1 and this Maximum Packet Size", value "bytes" 1024;
    "connack-talkative", &[Step::Connect], Link(link::connack_talkative), "a CONNACK with every property a server may send";
    "suback-0x87", &[Step::Subscribe], Link(link::suback_87), "SUBACK 0x87 (not authorized)";
    "suback-unknown-id", &[Step::Subscribe], Link(link::suback_unknown_id), "a SUBACK for a packet id that was never used";
    "suback-short", &[Step::Subscribe], Link(link::suback_short), "a SUBACK without reason code";
    "no-suback", &[Step::Subscribe], Link(link::no_suback), "no SUBACK; everything else goes on";
    "no-puback", LIVE, Link(link::no_puback), "no PUBACK from here on";
    "no-pingresp", PING, Link(link::no_pingresp), "no PINGRESP from here on";
    "puback-unknown-id", LIVE, Link(link::puback_unknown_id), "a PUBACK for a packet id that was never used";
    "puback-0x87", LIVE, Link(link::puback_87), "the PUBACK says 0x87 (not authorized)";
    "disconnect-req-ban", LIVE, Link(link::disconnect_req_ban), "DisconnectReq with permaban";
    "disconnect-req-delay", LIVE, Link(link::disconnect_req_delay), "DisconnectReq with reconnect_after_seconds", value "seconds" 5;
    "mqtt-disconnect", LINK, Link(link::mqtt_disconnect), "DISCONNECT with this reason and a reason string, then close", value "reason" 139;
    "mqtt-disconnect-only", LIVE, Link(link::mqtt_disconnect_only), "DISCONNECT, and the connection stays open";
    "close-mid-frame", LINK, Link(link::close_mid_frame), "half a frame with a PUBLISH, then close";
    "ws-close", LINK, Link(link::ws_close), "a WebSocket close with this code, then close", value "code" 1001;
    "ws-close-odd", LIVE, Link(link::ws_close_odd), "a WebSocket close with a payload of one byte";
    "ws-masked", LINK, Link(link::ws_masked), "a masked frame";
    "ws-fragmented", LINK, Link(link::ws_fragmented), "a message in two fragments";
    "ws-text", LINK, Link(link::ws_text), "a text frame";
    "ws-reserved-bits", LINK, Link(link::ws_reserved_bits), "a frame with a reserved bit";
    "ws-reserved-opcode", LINK, Link(link::ws_reserved_opcode), "a frame with a reserved opcode";
    "ws-long-ping", LINK, Link(link::ws_long_ping), "a ping of 126 bytes";
    "ws-ping-flood", LIVE, Link(link::ws_ping_flood), "a hundred pings at once";
    "ws-huge-frame", LINK, Link(link::ws_huge_frame), "the header of a frame of four exabytes";
    "ws-padded-length", LIVE, Link(link::ws_padded_length), "a frame length in eight bytes that fits one";
    "ws-empty-frames", LIVE, Link(link::ws_empty_frames), "a hundred empty frames";
    "ws-byte-frames", LINK, Link(link::ws_byte_frames), "the packets in frames of one byte each";
    "ws-joined", LINK, Link(link::ws_joined), "the packets, and a PINGRESP, in one frame";
    "qos2-publish", LIVE, Link(link::qos2_publish), "a PUBLISH with QoS 2";
    "qos0-publish", LIVE, Link(link::qos0_publish), "a PUBLISH with QoS 0, as it should be";
    "oversized-packet", LINK, Link(link::oversized_packet), "the header of a packet of 256 megabytes";
    "long-packet", LIVE, Link(link::long_packet), "a PUBLISH of 200 KiB";
    "garbage-mqtt", LINK, Link(link::garbage_mqtt), "64 random bytes instead of a packet";
    "mqtt-auth", LINK, Link(link::mqtt_auth), "an AUTH packet";
    "mqtt-bad-length", LINK, Link(link::mqtt_bad_length), "a remaining length of five bytes";
    "publish-short", LIVE, Link(link::publish_short), "a PUBLISH that ends before its property length";
    "publish-id-zero", LIVE, Link(link::publish_id_zero), "a PUBLISH with packet id 0";
    "alias-unknown", LIVE, Link(link::alias_unknown), "a PUBLISH with a topic alias that was never set";
    "alias-used", LIVE, Link(link::alias_used), "two PUBLISHes with a topic alias, as it should be";
    "topic-unknown", LIVE, Link(link::topic_unknown), "a PUBLISH on a topic of another node";
    "message-unknown", LIVE, Link(link::message_unknown), "a message of a name nobody knows";
    "message-garbage", LIVE, Link(link::message_garbage), "a CreateNodeInstanceResult that is no protobuf message";
    "message-fields", LIVE, Link(link::message_fields), "a message with fields nobody knows";
    "no-node-result", &[Step::Announce], Link(link::no_node_result), "CreateNodeInstance is never answered";
    "node-result-other", &[Step::Announce], Link(link::node_result_other), "CreateNodeInstanceResult for another machine";
    "node-result-empty", &[Step::Announce], Link(link::node_result_empty), "CreateNodeInstanceResult without node id";
    "request-garbage", LIVE, Link(link::request_garbage), "a request over the link that is neither JSON nor HTTP";
    "request-no-end", LIVE, Link(link::request_no_end), "a request over the link whose head has no end";
    "request-bad-method", LIVE, Link(link::request_bad_method), "a request over the link with an unknown method";
    "request-deep-json", LIVE, Link(link::request_deep_json), "a request over the link whose envelope is 3000 arrays deep";
    "request-bad-callback", LIVE, Link(link::request_bad_callback), "a request over the link whose callback topic does not start with a slash";
    "request-flood", LIVE, Link(link::request_flood), "a hundred requests over the link at once";
}
