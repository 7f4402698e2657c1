//! Faults of HTTP answers: statuses, heads, lengths, codings, delivery.

use super::{Context, Step};
use crate::http::Answer;
use crate::http::answer::{Length, Then};
use rand_core::Rng as _;
use std::time::{Duration, UNIX_EPOCH};

/// The pause between single bytes of `drip`.
const DRIP: Duration = Duration::from_millis(1);
/// Bytes of the header of `headers-1mb`.
const HUGE_HEADER: usize = 1 << 20;
/// Bytes of the body of `body-10mb`.
const HUGE_BODY: usize = 10 << 20;
/// Header lines of `header-flood`, and interim answers of `interim-flood`.
const FLOOD: usize = 1_000;

/// The status of success at a step.
fn success(step: Step) -> (u16, &'static str) {
    match step {
        Step::Claim => (204, "No Content"),
        Step::Password => (201, "Created"),
        Step::Upgrade => (101, "Switching Protocols"),
        _ => (200, "OK"),
    }
}

/// The status that lets a body in at a step: success where success has a body, else an error.
pub(super) fn status_with_body(step: Step) -> (u16, &'static str) {
    match step {
        Step::Claim | Step::Upgrade => (403, "Forbidden"),
        _ => success(step),
    }
}

/// Sees to it that there is a body to bend.
pub(super) fn need_body(answer: &mut Answer, context: &Context<'_>) {
    if !answer.has_body() || answer.body.is_empty() {
        let (status, reason) = status_with_body(context.step);
        let body = r#"{"errorCode":"trace","errorMsgKey":"ErrForbidden","errorMessage":"invalid token"}"#;
        answer.replace(Answer::json(status, reason, body.to_owned()));
    }
}

fn set_lengths(answer: &mut Answer, lines: &[String]) {
    answer.length = Length::Lines(lines.to_vec());
}

fn nothing(answer: &mut Answer, then: Then) {
    answer.wire = Some(Vec::new());
    answer.then = then;
}

pub(super) fn stall(answer: &mut Answer, _: &mut Context<'_>) {
    nothing(answer, Then::Silence);
}

pub(super) fn reset(answer: &mut Answer, _: &mut Context<'_>) {
    nothing(answer, Then::Abort);
}

pub(super) fn close(answer: &mut Answer, _: &mut Context<'_>) {
    nothing(answer, Then::Close);
}

pub(super) fn cut(answer: &mut Answer, _: &mut Context<'_>) {
    nothing(answer, Then::Cut);
}

pub(super) fn close_after(answer: &mut Answer, _: &mut Context<'_>) {
    answer.then = Then::Close;
}

pub(super) fn cut_after(answer: &mut Answer, _: &mut Context<'_>) {
    answer.then = Then::Cut;
}

pub(super) fn drip(answer: &mut Answer, _: &mut Context<'_>) {
    answer.drip = Some(DRIP);
}

/// Sends so many bytes, then ends the connection without close_notify.
pub(super) fn truncate(answer: &mut Answer, context: &mut Context<'_>) {
    answer.cut = context.value.and_then(|value| usize::try_from(value).ok());
    answer.then = Then::Cut;
}

/// Sends so many bytes, then nothing more.
pub(super) fn stall_after(answer: &mut Answer, context: &mut Context<'_>) {
    answer.cut = context.value.and_then(|value| usize::try_from(value).ok());
    answer.then = Then::Silence;
}

fn status(answer: &mut Answer, status: u16, reason: &str) {
    answer.replace(Answer::text(status, reason, reason));
}

pub(super) fn status_400(answer: &mut Answer, _: &mut Context<'_>) {
    status(answer, 400, "Bad Request");
}

pub(super) fn status_401(answer: &mut Answer, _: &mut Context<'_>) {
    status(answer, 401, "Unauthorized");
}

pub(super) fn status_403(answer: &mut Answer, _: &mut Context<'_>) {
    status(answer, 403, "Forbidden");
}

pub(super) fn status_404(answer: &mut Answer, _: &mut Context<'_>) {
    status(answer, 404, "Not Found");
}

pub(super) fn status_408(answer: &mut Answer, _: &mut Context<'_>) {
    status(answer, 408, "Request Timeout");
}

pub(super) fn status_409(answer: &mut Answer, _: &mut Context<'_>) {
    status(answer, 409, "Conflict");
}

pub(super) fn status_422(answer: &mut Answer, _: &mut Context<'_>) {
    status(answer, 422, "Unprocessable Entity");
}

pub(super) fn status_429(answer: &mut Answer, _: &mut Context<'_>) {
    status(answer, 429, "Too Many Requests");
}

pub(super) fn status_500(answer: &mut Answer, _: &mut Context<'_>) {
    status(answer, 500, "Internal Server Error");
}

pub(super) fn status_502(answer: &mut Answer, _: &mut Context<'_>) {
    status(answer, 502, "Bad Gateway");
}

pub(super) fn status_503(answer: &mut Answer, _: &mut Context<'_>) {
    status(answer, 503, "Service Unavailable");
}

pub(super) fn status_504(answer: &mut Answer, _: &mut Context<'_>) {
    status(answer, 504, "Gateway Timeout");
}

pub(super) fn empty_200(answer: &mut Answer, _: &mut Context<'_>) {
    answer.replace(Answer::json(200, "OK", String::new()));
}

pub(super) fn plain_200(answer: &mut Answer, _: &mut Context<'_>) {
    status(answer, 200, "OK");
}

pub(super) fn redirect(answer: &mut Answer, _: &mut Context<'_>) {
    let moved = Answer::text(301, "Moved Permanently", "moved");
    answer.replace(moved.header("Location", "https://elsewhere.invalid/api/v1/"));
}

/// What a captive portal or a proxy puts in the way.
pub(super) fn html(answer: &mut Answer, context: &mut Context<'_>) {
    let (status, reason) = status_with_body(context.step);
    let mut page = Answer::text(status, reason, "<!DOCTYPE html><html><body><h1>Sign in</h1></body></html>\n");
    page.headers = vec![("Content-Type".to_owned(), "text/html".to_owned())];
    answer.replace(page);
}

pub(super) fn http_1_0(answer: &mut Answer, _: &mut Context<'_>) {
    answer.version = "HTTP/1.0";
}

/// `HTTP/1.1 204 `: the blank is there, the phrase is not.
pub(super) fn no_reason(answer: &mut Answer, _: &mut Context<'_>) {
    answer.reason.clear();
}

/// `HTTP/1.1 204`, without the blank that protocol.md 2.3 asks for.
pub(super) fn no_blank(answer: &mut Answer, _: &mut Context<'_>) {
    answer.reason.clear();
    let wire = String::from_utf8_lossy(&answer.encode()).replacen(" \r\n", "\r\n", 1);
    answer.wire = Some(wire.into_bytes());
}

pub(super) fn not_http(answer: &mut Answer, context: &mut Context<'_>) {
    let mut bytes = vec![0; 64];
    context.rng.fill_bytes(&mut bytes);
    // Whatever the generator says, this must not look like HTTP.
    bytes[0] = 0xff;
    answer.wire = Some(bytes);
}

pub(super) fn headers_1mb(answer: &mut Answer, _: &mut Context<'_>) {
    answer.headers.push(("X-Padding".to_owned(), "a".repeat(HUGE_HEADER)));
}

pub(super) fn header_flood(answer: &mut Answer, _: &mut Context<'_>) {
    let flood = (0..FLOOD).map(|at| (format!("X-Flood-{at}"), "1".to_owned()));
    answer.headers.extend(flood);
}

pub(super) fn header_without_colon(answer: &mut Answer, _: &mut Context<'_>) {
    edit_head(answer, "\r\n", "\r\nthis is no header\r\n");
}

pub(super) fn header_empty(answer: &mut Answer, _: &mut Context<'_>) {
    edit_head(answer, "\r\n", "\r\nX-Empty: \r\n");
}

pub(super) fn header_nul(answer: &mut Answer, _: &mut Context<'_>) {
    edit_head(answer, "\r\n", "\r\nX-Nul: a\0b\r\n");
}

pub(super) fn date(answer: &mut Answer, context: &mut Context<'_>) {
    let time = UNIX_EPOCH + Duration::from_secs(context.value.unwrap_or_default());
    answer.headers.push(("Date".to_owned(), httpdate::fmt_http_date(time)));
}

/// Replaces the first `from` of the encoded answer, which is the end of the status line.
fn edit_head(answer: &mut Answer, from: &str, to: &str) {
    let bytes = answer.encode();
    if let Some(at) = bytes.windows(from.len()).position(|window| window == from.as_bytes()) {
        answer.wire = Some([&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat());
        answer.before.clear();
    }
}

pub(super) fn bare_newlines(answer: &mut Answer, _: &mut Context<'_>) {
    let bytes = answer.encode();
    answer.wire = Some(String::from_utf8_lossy(&bytes).replace("\r\n", "\n").into_bytes());
    answer.before.clear();
}

pub(super) fn interim_100(answer: &mut Answer, _: &mut Context<'_>) {
    answer.before = b"HTTP/1.1 100 Continue\r\n\r\n".to_vec();
}

/// A 102 in front of the answer.
pub(super) fn interim_102(answer: &mut Answer, _: &mut Context<'_>) {
    answer.before = b"HTTP/1.1 102 Processing\r\n\r\n".to_vec();
}

/// A 102 with the key of protocol.md 1.7, and nothing after it.
pub(super) fn raw_102(answer: &mut Answer, _: &mut Context<'_>) {
    let body = r#"{"errorCode":"trace","errorMsgKey":"ErrProcessingClaim","errorMessage":"processing claiming"}"#;
    answer.replace(Answer::json(102, "Processing", body.to_owned()));
}

pub(super) fn interim_flood(answer: &mut Answer, _: &mut Context<'_>) {
    answer.before = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(FLOOD);
}

pub(super) fn body_10mb(answer: &mut Answer, context: &mut Context<'_>) {
    need_body(answer, context);
    answer.body = format!("{{\"padding\":\"{}\"}}", "a".repeat(HUGE_BODY)).into_bytes();
}

/// The declared length is ten bytes more than what comes, then the connection ends in order.
pub(super) fn length_too_long(answer: &mut Answer, context: &mut Context<'_>) {
    need_body(answer, context);
    let length = answer.body.len() + 10;
    set_lengths(answer, &[format!("Content-Length: {length}")]);
    answer.then = Then::Close;
}

pub(super) fn length_too_short(answer: &mut Answer, context: &mut Context<'_>) {
    need_body(answer, context);
    let length = answer.body.len() / 2;
    set_lengths(answer, &[format!("Content-Length: {length}")]);
}

pub(super) fn length_twice(answer: &mut Answer, context: &mut Context<'_>) {
    need_body(answer, context);
    let line = format!("Content-Length: {}", answer.body.len());
    set_lengths(answer, &[line.clone(), line]);
}

pub(super) fn length_contradicts(answer: &mut Answer, context: &mut Context<'_>) {
    need_body(answer, context);
    let length = answer.body.len();
    set_lengths(answer, &[format!("Content-Length: {length}"), format!("Content-Length: {}", length / 2)]);
}

pub(super) fn length_huge(answer: &mut Answer, context: &mut Context<'_>) {
    need_body(answer, context);
    set_lengths(answer, &["Content-Length: 99999999999999999999".to_owned()]);
}

pub(super) fn length_negative(answer: &mut Answer, context: &mut Context<'_>) {
    need_body(answer, context);
    set_lengths(answer, &["Content-Length: -1".to_owned()]);
}

pub(super) fn no_length(answer: &mut Answer, context: &mut Context<'_>) {
    need_body(answer, context);
    answer.length = Length::Absent;
}

/// The body in three chunks and an empty one; right, and v1.42 and later can read it.
pub(super) fn chunked(answer: &mut Answer, context: &mut Context<'_>) {
    need_body(answer, context);
    let mut coded = Vec::new();
    for chunk in answer.body.chunks(answer.body.len().div_ceil(3).max(1)) {
        coded.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        coded.extend_from_slice(chunk);
        coded.extend_from_slice(b"\r\n");
    }
    coded.extend_from_slice(b"0\r\n\r\n");
    answer.body = coded;
    set_lengths(answer, &["Transfer-Encoding: chunked".to_owned()]);
}

pub(super) fn chunked_garbage(answer: &mut Answer, context: &mut Context<'_>) {
    need_body(answer, context);
    answer.body = b"zz\r\n{\"challenge\r\nffffffffffffffffff\r\n".to_vec();
    set_lengths(answer, &["Transfer-Encoding: chunked".to_owned()]);
}

pub(super) fn chunked_and_length(answer: &mut Answer, context: &mut Context<'_>) {
    chunked(answer, context);
    let length = answer.body.len();
    set_lengths(answer, &["Transfer-Encoding: chunked".to_owned(), format!("Content-Length: {length}")]);
}

pub(super) fn gzip_label(answer: &mut Answer, context: &mut Context<'_>) {
    need_body(answer, context);
    answer.headers.push(("Content-Encoding".to_owned(), "gzip".to_owned()));
}

/// A right accept value for another key.
pub(super) fn accept_wrong(answer: &mut Answer, _: &mut Context<'_>) {
    for (name, value) in &mut answer.headers {
        if name == "Sec-WebSocket-Accept" {
            *value = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".to_owned();
        }
    }
}

pub(super) fn accept_missing(answer: &mut Answer, _: &mut Context<'_>) {
    answer.headers.retain(|(name, _)| name != "Sec-WebSocket-Accept");
}

/// 101 and the first frame in one piece: a ping, which is right and easily lost.
pub(super) fn early_frame(answer: &mut Answer, _: &mut Context<'_>) {
    let mut bytes = answer.encode();
    bytes.extend_from_slice(&[0x89, 0x05]);
    bytes.extend_from_slice(b"early");
    answer.wire = Some(bytes);
    answer.before.clear();
}
