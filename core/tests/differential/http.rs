//! HTTP/1.1 responses against ureq-proto.

use crate::support::{Comparison, cuts, damage, pieces, same_every_time};
use aclk_core::wire::http::{Decoder, HttpError};
use proptest::prelude::*;
use ureq_proto::BodyMode;
use ureq_proto::client::{Call, RecvResponseResult, SendRequestResult};
use ureq_proto::http::Request;

/// What a reader got out of a response, and how many bytes it took.
#[derive(Debug, PartialEq)]
struct Read {
    status: u16,
    body: Vec<u8>,
    taken: usize,
}

fn read_by_us(pieces: &[&[u8]]) -> Result<Read, HttpError> {
    let (mut decoder, mut storage, mut taken) = (Decoder::new(), [0; 4096], 0);
    for piece in pieces {
        taken += decoder.receive(&mut storage, piece)?;
    }
    decoder.end_of_stream()?;
    Ok(Read { status: decoder.status(), body: decoder.body(&storage).to_vec(), taken })
}

/// What the other has to say. It knows responses whose body ends with the connection; we do not.
#[derive(Debug)]
enum Theirs {
    Read(Read),
    ToTheEnd,
    Refused(String),
}

fn read_by_them(bytes: &[u8]) -> Theirs {
    try_read(bytes).unwrap_or_else(|error| Theirs::Refused(format!("{error:?}")))
}

fn try_read(bytes: &[u8]) -> Result<Theirs, ureq_proto::Error> {
    let mut call = Call::new(Request::get("http://cloud.test/").body(()).unwrap())?.proceed();
    call.write(&mut [0; 256])?;
    let Some(SendRequestResult::RecvResponse(mut call)) = call.proceed()? else { panic!("a GET has no body") };
    let incomplete = |what: &str| Ok(Theirs::Refused(format!("incomplete {what}")));
    let mut at = 0;
    let status = loop {
        match call.try_response(&bytes[at..], false)? {
            (taken, Some(response)) => {
                at += taken;
                break response.status().as_u16();
            }
            (0, None) => return incomplete("head"),
            (taken, None) => at += taken,
        }
    };
    let Some(RecvResponseResult::RecvBody(mut call)) = call.proceed() else {
        return Ok(Theirs::Read(Read { status, body: Vec::new(), taken: at }));
    };
    if call.body_mode() == BodyMode::CloseDelimited {
        return Ok(Theirs::ToTheEnd);
    }
    let (mut body, mut buffer) = (Vec::new(), [0; 4096]);
    while !call.can_proceed() {
        let (taken, written) = call.read(&bytes[at..], &mut buffer)?;
        at += taken;
        body.extend(&buffer[..written]);
        if taken == 0 && written == 0 && !call.can_proceed() {
            return incomplete("body");
        }
    }
    Ok(Theirs::Read(Read { status, body, taken: at }))
}

/// A response as it is sent, and the body in it.
#[derive(Debug, Clone)]
struct Response {
    bytes: Vec<u8>,
    status: u16,
    body: Vec<u8>,
}

fn headers() -> impl Strategy<Value = String> {
    let line =
        ("X-[A-Za-z0-9-]{1,12}", "[ -~]{0,30}").prop_map(|(name, value)| format!("{name}: {}\r\n", value.trim()));
    proptest::collection::vec(line, 0..5).prop_map(|lines| lines.concat())
}

fn interim() -> impl Strategy<Value = String> {
    // The other refuses a 100 with headers.
    let other =
        (102..=103_u16, headers()).prop_map(|(status, headers)| format!("HTTP/1.1 {status} Wait\r\n{headers}\r\n"));
    let one = prop_oneof![Just("HTTP/1.1 100 Continue\r\n\r\n".to_owned()), other];
    proptest::collection::vec(one, 0..3).prop_map(|interim| interim.concat())
}

/// A chunk: its data, leading zeros, and what follows the size.
fn chunk() -> impl Strategy<Value = (Vec<u8>, usize, String)> {
    let extension =
        prop_oneof![4 => Just(String::new()), 1 => ";[a-z]{1,4}(=[a-z0-9]{1,4})?", 1 => "[ ]{0,2};\"[a-z;]{0,5}\""];
    (proptest::collection::vec(any::<u8>(), 1..60), 0..4_usize, extension)
}

fn chunked() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    (proptest::collection::vec(chunk(), 0..5), any::<bool>(), headers()).prop_map(|(chunks, upper, trailers)| {
        let (mut coded, mut body) = (Vec::new(), Vec::new());
        for (data, zeros, extension) in chunks {
            let size = if upper { format!("{:X}", data.len()) } else { format!("{:x}", data.len()) };
            coded.extend(format!("{}{size}{extension}\r\n", "0".repeat(zeros)).bytes());
            coded.extend(&data);
            coded.extend(b"\r\n");
            body.extend(data);
        }
        coded.extend(format!("0\r\n{trailers}\r\n").bytes());
        (coded, body)
    })
}

fn response() -> impl Strategy<Value = Response> {
    let status = proptest::sample::select(vec![200, 201, 204, 304, 400, 403, 404, 409, 429, 500, 503]);
    let sized = proptest::collection::vec(any::<u8>(), 0..200).prop_map(|body| (false, body.clone(), body));
    let framed = prop_oneof![sized, chunked().prop_map(|(coded, body)| (true, coded, body))];
    let start = (interim(), status, "[A-Za-z ]{0,12}", headers(), headers());
    (start, framed).prop_map(|((interim, status, reason, before, after), (chunked, coded, body))| {
        let framing = match (status, chunked) {
            (204 | 304, _) => String::new(),
            (_, true) => "Transfer-Encoding: chunked\r\n".to_owned(),
            (_, false) => format!("content-length:{}\r\n", coded.len()),
        };
        let head = format!("{interim}HTTP/1.1 {status} {reason}\r\n{before}{framing}{after}\r\n");
        let bodiless = matches!(status, 204 | 304);
        let (coded, body) = if bodiless { (Vec::new(), Vec::new()) } else { (coded, body) };
        Response { bytes: [head.into_bytes(), coded].concat(), status, body }
    })
}

proptest! {
    #[test]
    fn every_response_is_read_alike(response in response(), cuts in cuts(), behind in "[ -~]{0,20}") {
        let expected = Read { status: response.status, body: response.body.clone(), taken: response.bytes.len() };
        let stream = [&response.bytes[..], behind.as_bytes()].concat();
        match read_by_them(&stream) {
            Theirs::Read(read) => prop_assert_eq!(&read, &expected),
            other => prop_assert!(false, "{:?}", other),
        }
        prop_assert_eq!(read_by_us(&pieces(&stream, &cuts)), Ok(expected));
    }
}

/// What two readers could read differently: something in the head of the final response, and what it becomes.
fn contradiction() -> impl Strategy<Value = (&'static str, &'static str)> {
    proptest::sample::select(vec![
        ("\r\n", "\r\nContent-Length: 3\r\n"),
        ("\r\n", "\r\nContent-Length: 3, 3\r\n"),
        ("\r\n", "\r\nContent-Length: +3\r\n"),
        ("\r\n", "\r\nTransfer-Encoding: chunked\r\n"),
        ("\r\n", "\r\nTransfer-Encoding: gzip, chunked\r\n"),
        ("\r\n", "\r\nTransfer-Encoding : chunked\r\n"),
        ("\r\n", "\r\n continued\r\n"),
        ("\r\n", "\nX: \r\n"),
        ("HTTP/1.1", "HTTP/1.1 100 Continue\r\nX: 1\r\n\r\nHTTP/1.1"),
        ("HTTP/1.1", "HTTP/1.0"),
        ("HTTP/1.1", "HTTP/2.0"),
    ])
}

/// Where we differ. All but the last two are refused by us alone.
const TOLERATED: &[(&str, &str)] = &[
    ("AmbiguousLength", "RFC 9112 6.3: both lengths at once may be an attack; the other takes the chunks"),
    ("ContentLengthTwice", "RFC 9112 6.3 allows to take equal ones for one, as the other does; no server means it"),
    ("ContentLength", "RFC 9110 8.6: digits only; the other takes a sign, and equal numbers with commas"),
    ("TransferCoding", "RFC 9112 6.1: only chunked alone can be read; the other ignores the rest, or the header"),
    ("Unframed", "HTTP/1.0 without a length ends with the connection, unnoticed if cut off; the other waits for it"),
    ("LineEnd", "RFC 9112 2.2 allows to take LF alone for a line end, as the other does; two readers could disagree"),
    ("NotHttp", "RFC 9112 2.2 asks servers to skip an empty line at the start, not clients; the other skips it"),
    ("StatusLine", "RFC 9110 15: there are no statuses of 600 and above; the other takes them"),
    ("ChunkSize", "RFC 9112 7.1: digits first, and no control characters behind; the other trims and looks no further"),
    ("Trailer", "RFC 9112 7.1.2: trailers have the form of headers; the other skips any line"),
    ("no length", "without a length we take the body for empty (protocol.md 2.3); the other reads to the end"),
    ("100 with headers", "RFC 9110 15.2 lets interim responses have headers; the other refuses them in a 100"),
];

#[test]
fn damaged_responses_are_refused_by_both_or_read_alike() {
    let likely = b"\r\n \t:;,0123456789abcdefg\0";
    let cases =
        (response(), proptest::option::weighted(0.2, contradiction()), proptest::collection::vec(damage(likely), 0..3));
    let mut comparison = Comparison::default();
    for (response, contradiction, damages) in same_every_time(cases, 20_000) {
        let mut bytes = response.bytes;
        if let Some((from, to)) = contradiction {
            // The first one is that of the final response: interim ones have another status.
            let start = format!("HTTP/1.1 {} ", response.status);
            let at = bytes.windows(start.len()).position(|part| part == start.as_bytes()).unwrap();
            let at = at + bytes[at..].windows(from.len()).position(|part| part == from.as_bytes()).unwrap();
            bytes.splice(at..at + from.len(), to.bytes());
        }
        damages.iter().for_each(|damage| damage.apply(&mut bytes));
        let text = String::from_utf8_lossy(&bytes);
        match (read_by_us(&[&bytes]), read_by_them(&bytes)) {
            (Ok(ours), Theirs::Read(theirs)) => {
                assert_eq!(ours, theirs, "{text}");
                comparison.both_accept();
            }
            (Err(_), Theirs::Refused(_)) => comparison.both_refuse(),
            (Ok(ours), Theirs::ToTheEnd) => {
                assert!(ours.body.is_empty(), "{text}");
                comparison.differ("no length", &text);
            }
            (Err(error), theirs) => comparison.differ(refused_by_us(error), (error, theirs, &text)),
            (Ok(ours), Theirs::Refused(error)) => comparison.differ(refused_by_them(&error), (ours, &error, &text)),
        }
    }
    comparison.conclude("HTTP/1.1 responses", TOLERATED);
}

/// The name of the error, without its fields.
fn refused_by_us(error: HttpError) -> String {
    let name = format!("{error:?}");
    name.split(' ').next().unwrap_or_default().to_owned()
}

fn refused_by_them(error: &str) -> &str {
    match error {
        "HeadersWith100" => "100 with headers",
        other => other,
    }
}
