use crate::wire::http::{Decoder, HEAD_MAX, HEADERS_MAX, HttpError};
use std::string::String;
use std::vec::Vec;
use std::{format, vec};

/// A response read in one piece: the decoder, its storage, and how many bytes it took.
fn read(bytes: impl AsRef<[u8]>) -> (Decoder, Vec<u8>, usize) {
    let (mut decoder, mut storage) = (Decoder::new(), vec![0; 1024]);
    let taken = decoder.receive(&mut storage, bytes.as_ref()).unwrap();
    (decoder, storage, taken)
}

fn error_of(bytes: impl AsRef<[u8]>) -> HttpError {
    error_in(1024, bytes)
}

fn error_in(size: usize, bytes: impl AsRef<[u8]>) -> HttpError {
    let (mut decoder, mut storage) = (Decoder::new(), vec![0; size]);
    let error = decoder.receive(&mut storage, bytes.as_ref()).expect_err("the response should be refused");
    assert_eq!(decoder.receive(&mut storage, b"x"), Err(error), "an error stays");
    assert_eq!(decoder.end_of_stream(), Err(error), "an error stays to the end");
    assert!(!decoder.is_complete());
    assert_eq!(decoder.body(&storage), b"");
    error
}

#[test]
fn a_claim_is_answered_with_204() {
    let (mut decoder, storage, taken) = read(b"HTTP/1.1 204 No Content\r\n\r\n");
    assert!(decoder.is_complete());
    assert_eq!((decoder.status(), taken, decoder.head_bytes()), (204, 27, 27));
    assert_eq!(decoder.body(&storage), b"");
    assert_eq!(decoder.end_of_stream(), Ok(()));
    assert_eq!(read(b"HTTP/1.1 204\r\n\r\n").0.status(), 204, "the reason phrase and its blank are optional");
}

#[test]
fn a_body_is_as_long_as_content_length_says() {
    let (decoder, storage, taken) = read(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhellorest");
    assert!(decoder.is_complete());
    assert_eq!((decoder.status(), decoder.body(&storage)), (200, &b"hello"[..]));
    assert_eq!((taken, decoder.received(), decoder.head_bytes()), (43, 43, 38));
}

#[test]
fn bytes_behind_a_complete_response_are_left() {
    let (mut decoder, mut storage, _) = read(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(decoder.receive(&mut storage, b"more"), Ok(0));
    assert_eq!(decoder.body(&storage), b"ok");
    assert_eq!(decoder.received(), 40);
}

#[test]
fn a_chunked_body_is_joined() {
    let (decoder, storage, taken) = read(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n\
         5;name=\"va;lue\"\r\nhello\r\n001 \r\n \r\n5 ; x\r\nworld\r\n0\r\nTrailer: yes\r\nEmpty:\r\n\r\nrest",
    );
    assert_eq!(decoder.body(&storage), b"hello world");
    assert_eq!(decoder.received(), taken as u64);
    assert!(decoder.is_complete());
}

#[test]
fn a_chunk_size_may_have_all_its_digits() {
    let (decoder, storage, _) =
        read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n000000000000000A\r\n0123456789\r\n0\r\n\r\n");
    assert_eq!(decoder.body(&storage), b"0123456789");
}

#[test]
fn an_answer_without_a_length_has_no_body() {
    let (decoder, storage, taken) = read("HTTP/1.1 200 OK\r\n\r\nbody");
    assert!(decoder.is_complete());
    assert_eq!((decoder.body(&storage), taken), (&b""[..], 19));
}

#[test]
fn some_statuses_never_have_a_body() {
    for status in [204, 304] {
        let (decoder, _, taken) = read(format!("HTTP/1.1 {status} X\r\nContent-Length: 5\r\n\r\nhello"));
        assert!(decoder.is_complete());
        assert_eq!(taken, 37);
    }
    assert!(read("HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n").0.is_complete());
}

#[test]
fn interim_responses_are_skipped_but_not_for_ever() {
    let interim = "HTTP/1.1 102 Processing\r\nSome: thing\r\n\r\n";
    let last = "HTTP/1.1 204 No Content\r\n\r\n";
    let (decoder, ..) = read(format!("HTTP/1.1 100 Continue\r\n\r\n{interim}{last}"));
    assert_eq!((decoder.status(), decoder.is_complete()), (204, true));
    assert_eq!(decoder.head_bytes(), last.len());
    assert_eq!(decoder.received() as usize, "HTTP/1.1 100 Continue\r\n\r\n".len() + interim.len() + last.len());

    assert_eq!(read(format!("{}{last}", interim.repeat(8))).0.status(), 204);
    assert_eq!(error_of(format!("{}{last}", interim.repeat(9))), HttpError::TooManyInterim);
}

#[test]
fn an_interim_response_alone_is_no_answer() {
    let (mut decoder, _, _) = read("HTTP/1.1 102 Processing\r\n\r\n");
    assert!(!decoder.is_complete());
    assert_eq!(decoder.status(), 0);
    assert_eq!(decoder.end_of_stream(), Err(HttpError::NoResponse));
}

#[test]
fn after_switching_protocols_the_first_frame_is_left() {
    let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                Sec-WebSocket-Accept: 0PDt/rYIyqy/ZGT15xKA63sKUss=\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";
    let (decoder, _, taken) = read(format!("{head}\x02\x04"));
    assert_eq!((decoder.status(), taken, decoder.is_complete()), (101, head.len(), true));
    assert_eq!(decoder.websocket_accept(), Some("0PDt/rYIyqy/ZGT15xKA63sKUss="));
}

#[test]
fn a_websocket_accept_that_cannot_be_one_is_refused() {
    let accept = |lines: &str| format!("HTTP/1.1 101 X\r\n{lines}\r\n");
    assert_eq!(read(accept("")).0.websocket_accept(), None);
    assert_eq!(read(accept("sec-websocket-ACCEPT:x\r\n")).0.websocket_accept(), Some("x"));
    let long = format!("Sec-WebSocket-Accept: {}\r\n", "A".repeat(29));
    assert_eq!(error_of(accept(&long)), HttpError::WebsocketAccept);
    assert_eq!(error_of(accept(&"Sec-WebSocket-Accept: x\r\n".repeat(2))), HttpError::WebsocketAccept);
}

#[test]
fn retry_after_is_read_in_seconds() {
    let with = |value: &str| read(format!("HTTP/1.1 429 X\r\nretry-after: {value}\r\n\r\n")).0.retry_after();
    assert_eq!(with("120"), Some(120));
    assert_eq!(with("0"), Some(0));
    assert_eq!(with("4294967295"), Some(u32::MAX));
    assert_eq!(with("4294967296"), None);
    assert_eq!(with("-1"), None);
    assert_eq!(with("Fri, 31 Dec 1999 23:59:59 GMT"), None);
    assert_eq!(read("HTTP/1.1 503 X\r\n\r\n").0.retry_after(), None);
}

#[test]
fn a_length_that_two_readers_could_read_differently_is_refused() {
    let with = |lines: &str| error_of(format!("HTTP/1.1 200 OK\r\n{lines}\r\n"));
    assert_eq!(with("Content-Length: 1\r\nContent-Length: 1\r\n"), HttpError::ContentLengthTwice);
    assert_eq!(with("Content-Length: 1\r\ncontent-length: 2\r\n"), HttpError::ContentLengthTwice);
    for value in ["", "+1", "-1", "1,1", "1 1", "0x1", "1.0", "one", "18446744073709551616", "99999999999999999999999"]
    {
        assert_eq!(with(&format!("Content-Length: {value}\r\n")), HttpError::ContentLength, "{value}");
    }
    let both = "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n";
    assert_eq!(with(both), HttpError::AmbiguousLength);
    for value in ["gzip", "gzip, chunked", "chunked, chunked", "identity", "", "chunked;x=1"] {
        assert_eq!(with(&format!("Transfer-Encoding: {value}\r\n")), HttpError::TransferCoding, "{value}");
    }
    assert_eq!(with(&"Transfer-Encoding: chunked\r\n".repeat(2)), HttpError::TransferCoding);
}

#[test]
fn http_1_0_needs_a_content_length() {
    let (decoder, storage, _) = read("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(decoder.body(&storage), b"ok");
    assert_eq!(error_of("HTTP/1.0 200 OK\r\n\r\n"), HttpError::Unframed);
    assert_eq!(error_of("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), HttpError::TransferCoding);
    assert!(read("HTTP/1.0 204 X\r\n\r\n").0.is_complete());
}

#[test]
fn what_is_not_http_is_recognised_at_its_first_wrong_byte() {
    for start in ["SSH-2.0-OpenSSH_9.6\r\n", "220 mail.example ESMTP\r\n", "<html>", "\r\nHTTP/1.1", "\0", "HTTPS/1.1"]
    {
        assert_eq!(error_of(start), HttpError::NotHttp, "{start:?}");
    }
    // An HTTP/2 server greets with a SETTINGS frame.
    assert_eq!(error_of(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00"), HttpError::NotHttp);
    assert_eq!(error_of("HTTP/2 204"), HttpError::Version);
    assert_eq!(error_of("HTTP/3.0"), HttpError::Version);
    assert_eq!(error_of("HTTP/1.2 200 OK\r\n\r\n"), HttpError::Version);
}

#[test]
fn a_malformed_head_is_refused_with_its_reason() {
    let status = |line: &str| error_of(format!("HTTP/1.1 {line}\r\n\r\n"));
    for line in ["", "20", "2000 OK", "abc", "-20 OK", " 200 OK", "099 X", "600 X", "999 X", "200 O\x01K"] {
        assert_eq!(status(line), HttpError::StatusLine, "{line:?}");
    }
    let header = |line: &str| error_of(format!("HTTP/1.1 200 OK\r\nGood: 1\r\n{line}\r\n\r\n"));
    assert_eq!(header("no colon"), HttpError::HeaderName);
    assert_eq!(header("Name : value"), HttpError::HeaderName);
    assert_eq!(header(": value"), HttpError::HeaderName);
    assert_eq!(header("Näme: value"), HttpError::HeaderName);
    assert_eq!(header("Name: a\0b"), HttpError::HeaderValue);
    assert_eq!(header("Name: a\x1bb"), HttpError::HeaderValue);
    assert_eq!(header(" folded"), HttpError::Folded);
    assert_eq!(header("\tfolded"), HttpError::Folded);
    assert_eq!(header("Name: a\nOther: b"), HttpError::LineEnd);
    assert_eq!(header("Name: a\rOther: b"), HttpError::LineEnd);
    assert_eq!(error_of("HTTP/1.1 200 OK\n"), HttpError::LineEnd);
    assert_eq!(error_of("HTTP/1.1 200 OK\r\n\n"), HttpError::LineEnd);
}

#[test]
fn heads_have_a_limit() {
    let head = |len: usize| {
        let mut head = String::from("HTTP/1.1 200 OK\r\nLong: ");
        head.push_str(&"x".repeat(len - head.len() - 4));
        head + "\r\n\r\n"
    };
    for (size, limit) in [(100, 100), (64 * 1024, HEAD_MAX)] {
        let (mut decoder, mut storage) = (Decoder::new(), vec![0; size]);
        assert_eq!(decoder.receive(&mut storage, head(limit).as_bytes()), Ok(limit));
        assert!(decoder.is_complete());
        assert_eq!(error_in(size, head(limit + 1)), HttpError::HeadTooLong { limit });
    }
    assert_eq!(error_in(0, "HTTP"), HttpError::HeadTooLong { limit: 0 });
}

#[test]
fn headers_are_counted() {
    let head = |count: usize| format!("HTTP/1.1 204 X\r\n{}\r\n", "A: b\r\n".repeat(count));
    assert_eq!(read(head(HEADERS_MAX)).0.status(), 204);
    assert_eq!(error_of(head(HEADERS_MAX + 1)), HttpError::TooManyHeaders);
}

#[test]
fn a_body_that_will_not_fit_is_refused_before_it_arrives() {
    let head = |length: u64| format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    assert_eq!(error_in(64, head(65)), HttpError::BodyTooLong { length: 65, limit: 64 });
    assert_eq!(error_in(64, head(u64::MAX)), HttpError::BodyTooLong { length: u64::MAX, limit: 64 });
    let (mut decoder, mut storage) = (Decoder::new(), vec![0; 64]);
    assert!(decoder.receive(&mut storage, head(64).as_bytes()).is_ok());

    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let first = format!("{chunked}3c\r\n{}\r\n", "x".repeat(60));
    assert_eq!(error_in(64, format!("{first}5\r\n")), HttpError::BodyTooLong { length: 65, limit: 64 });
    let overflow = HttpError::BodyTooLong { length: u64::MAX, limit: 64 };
    assert_eq!(error_in(64, format!("{first}ffffffffffffffff\r\n")), overflow);
    assert_eq!(decoder.receive(&mut storage, "x".repeat(64).as_bytes()), Ok(64));
}

#[test]
fn malformed_chunks_are_refused() {
    let chunked = |rest: &str| error_of(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{rest}"));
    for size in [
        "\r\n", ";x\r\n", " 5\r\n", "x\r\n", "-1\r\n", "0x5\r\n", "5 5\r\n", "5\n", "5\rx", "5;\x01", "5;a\nb",
        "5\r\r\n", " ", ";",
    ] {
        assert_eq!(chunked(size), HttpError::ChunkSize, "{size:?}");
    }
    assert_eq!(chunked("00000000000000005\r\n"), HttpError::ChunkSize, "seventeen digits");
    assert_eq!(chunked("2\r\nabc\r\n"), HttpError::ChunkEnd);
    assert_eq!(chunked("2\r\nab\n"), HttpError::ChunkEnd);
    assert_eq!(chunked("2\r\nab\rx"), HttpError::ChunkEnd);
    for trailer in
        ["no colon\r\n", ": x\r\n", "Name: a\x01\r\n", "Name: a\n", "\rx", "Na me: x", "Name: a\rb", "Name\r\n"]
    {
        assert_eq!(chunked(&format!("0\r\n{trailer}")), HttpError::Trailer, "{trailer:?}");
    }
}

#[test]
fn extensions_and_trailers_have_a_limit() {
    let chunked = |rest: String| format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{rest}");
    let fits = chunked(format!("0;{}\r\n\r\n", "x".repeat(254)));
    assert!(read(fits).0.is_complete());
    assert_eq!(error_of(chunked(format!("0;{}\r\n\r\n", "x".repeat(255)))), HttpError::ChunkLineTooLong);
    assert_eq!(error_of(chunked(format!("0{}\r\n\r\n", " ".repeat(256)))), HttpError::ChunkLineTooLong);

    let trailers = |lines: usize| chunked(format!("0\r\n{}\r\n", "Name: 89abcdef\r\n".repeat(lines)));
    assert!(read(trailers(64)).0.is_complete());
    assert_eq!(error_of(trailers(65)), HttpError::TrailersTooLong);
}

#[test]
fn a_connection_that_ends_too_early_says_where() {
    let ended = |bytes: &str| read(bytes).0.end_of_stream();
    assert_eq!(ended(""), Err(HttpError::NoResponse));
    assert_eq!(ended("HTTP/1.1 200 OK\r\nConte"), Err(HttpError::HeadTruncated));
    let length = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
    assert_eq!(ended(length), Err(HttpError::BodyTruncated { received: 0, expected: Some(10) }));
    assert_eq!(ended(&format!("{length}abc")), Err(HttpError::BodyTruncated { received: 3, expected: Some(10) }));
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n";
    assert_eq!(ended(chunked), Err(HttpError::BodyTruncated { received: 3, expected: None }));
    assert_eq!(ended(&format!("{chunked}\r\n")), Ok(()));
}

#[test]
fn errors_say_what_to_look_at() {
    for (error, text) in [
        (HttpError::NotHttp, "the answer is not HTTP: another service may be listening on that port"),
        (HttpError::HeadTooLong { limit: 8192 }, "the headers are longer than 8192 bytes"),
        (
            HttpError::BodyTruncated { received: 3, expected: Some(10) },
            "the server closed the connection after 3 of 10 body bytes",
        ),
        (
            HttpError::BodyTooLong { length: 65, limit: 64 },
            "the body of 65 bytes does not fit the 64 byte receive buffer",
        ),
    ] {
        assert_eq!(format!("{error}"), text);
    }
}
