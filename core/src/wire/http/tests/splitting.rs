//! How the bytes are cut into pieces never changes the outcome.

use crate::wire::http::{Decoder, HttpError};
use crate::wire::testing::{cuts, pieces};
use proptest::prelude::*;
use std::string::String;
use std::vec;
use std::vec::Vec;

const STORAGE: usize = 256;

/// Everything a caller can see after the end of the connection.
#[derive(Debug, PartialEq)]
struct Outcome {
    error: Option<HttpError>,
    complete: bool,
    status: u16,
    body: Vec<u8>,
    retry_after: Option<u32>,
    accept: Option<String>,
    head_bytes: usize,
    taken: Option<usize>,
}

fn run<'i>(pieces: impl Iterator<Item = &'i [u8]>) -> Outcome {
    let (mut decoder, mut storage) = (Decoder::new(), vec![0; STORAGE]);
    let (mut taken, mut error) = (0, None);
    for piece in pieces {
        match decoder.receive(&mut storage, piece) {
            Ok(len) => {
                assert!(len <= piece.len());
                assert!(len == piece.len() || decoder.is_complete(), "bytes were left though there is more to come");
                taken += len;
            }
            Err(refused) => {
                error = Some(refused);
                break;
            }
        }
    }
    // How many bytes of a refused response were taken before is nobody's business.
    let taken = error.is_none().then_some(taken);
    let error = error.or(decoder.end_of_stream().err());
    Outcome {
        error,
        complete: decoder.is_complete(),
        status: decoder.status(),
        body: decoder.body(&storage).to_vec(),
        retry_after: decoder.retry_after(),
        accept: decoder.websocket_accept().map(String::from),
        head_bytes: decoder.head_bytes(),
        taken,
    }
}

const SAMPLES: [&str; 9] = [
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\nRetry-After: 7\r\n\r\nhellorest",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n3\r\n wo\r\n0\r\nA: b\r\n\r\nrest",
    "HTTP/1.1 101 Switching\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\u{2}\u{4}",
    "HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\ncut",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloo\r\n",
    "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
    "SSH-2.0-OpenSSH_9.6\r\n",
];

#[test]
fn responses_may_be_split_at_every_byte() {
    for sample in SAMPLES.map(str::as_bytes) {
        let whole = run([sample].into_iter());
        assert_eq!(run(sample.chunks(1)), whole, "byte by byte: {:?}", String::from_utf8_lossy(sample));
        for at in 0..=sample.len() {
            let (first, second) = sample.split_at(at);
            assert_eq!(run([first, second].into_iter()), whole, "at {at}: {:?}", String::from_utf8_lossy(sample));
        }
    }
}

fn fragment() -> impl Strategy<Value = Vec<u8>> {
    let words = [
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 102 X\r\n",
        "HTTP/1.1 101 X\r\n",
        "HTTP/1.0 200 OK\r\n",
        "Content-Length: 5\r\n",
        "Content-Length: ",
        "Transfer-Encoding: chunked\r\n",
        "\r\n",
        "\r",
        "\n",
        "5\r\n",
        "hello",
        "0\r\n",
        ": ",
        " ",
        ";",
        "Retry-After: 3\r\n",
        "Sec-WebSocket-Accept: x\r\n",
        "ffffffffffffffff",
        "A: b\r\n",
    ];
    prop_oneof![
        8 => proptest::sample::select(words.to_vec()).prop_map(|word| word.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..4),
    ]
}

fn response() -> impl Strategy<Value = Vec<u8>> {
    let start = prop_oneof![4 => Just("HTTP/1.1 200 OK\r\n"), 1 => Just("")];
    (start, proptest::collection::vec(fragment(), 0..16))
        .prop_map(|(start, rest)| [start.as_bytes().to_vec(), rest.concat()].concat())
}

proptest! {
    #[test]
    fn any_bytes_have_the_same_outcome_however_they_are_cut(
        bytes in response(), cuts in cuts(),
    ) {
        let whole = run([&bytes[..]].into_iter());
        prop_assert_eq!(run(pieces(&bytes, &cuts).into_iter()), whole);
    }

    #[test]
    fn a_chunked_body_comes_out_as_it_went_in(
        chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..60), 0..4), cut in 1..9_usize,
    ) {
        let mut bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for chunk in &chunks {
            bytes.extend(std::format!("{:x}\r\n", chunk.len()).bytes());
            bytes.extend(chunk);
            bytes.extend(b"\r\n");
        }
        bytes.extend(b"0\r\n\r\n");
        let outcome = run(bytes.chunks(cut));
        prop_assert_eq!(outcome.error, None);
        prop_assert_eq!(outcome.body, chunks.concat());
    }
}
