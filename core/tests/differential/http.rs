//! HTTP/1.1 responses against ureq-proto.

use crate::compare::http::{Read, TOLERATED, Theirs, compare, read_by_them, read_by_us};
use crate::support::{Comparison, cuts, damage, pieces, same_every_time};
use proptest::prelude::*;

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
        comparison.add(compare(&bytes), &bytes);
    }
    comparison.conclude("HTTP/1.1 responses", TOLERATED);
}
