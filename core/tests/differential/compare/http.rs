//! HTTP/1.1 responses: `wire::http` and ureq-proto.

use super::Verdict;
use aclk_core::wire::http::{Decoder, HttpError};
use ureq_proto::BodyMode;
use ureq_proto::client::{Call, RecvResponseResult, SendRequestResult};
use ureq_proto::http::Request;

/// Where we differ. All but the last two are refused by us alone.
pub const TOLERATED: &[(&str, &str)] = &[
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

/// How both read `bytes`.
///
/// # Panics
/// If both accept it, and read something else.
pub fn compare(bytes: &[u8]) -> Verdict {
    let text = String::from_utf8_lossy(bytes);
    match (read_by_us(&[bytes]), read_by_them(bytes)) {
        (Ok(ours), Theirs::Read(theirs)) => {
            assert_eq!(ours, theirs, "{text}");
            Verdict::BothAccept
        }
        (Err(_), Theirs::Refused(_)) => Verdict::BothRefuse,
        (Ok(ours), Theirs::ToTheEnd) => {
            assert!(ours.body.is_empty(), "{text}");
            Verdict::differ("no length")
        }
        (Err(error), _) => Verdict::differ(refused_by_us(error)),
        (Ok(_), Theirs::Refused(error)) => Verdict::differ(refused_by_them(&error)),
    }
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

/// What a reader got out of a response, and how many bytes it took.
#[derive(Debug, PartialEq)]
pub struct Read {
    pub status: u16,
    pub body: Vec<u8>,
    pub taken: usize,
}

pub fn read_by_us(pieces: &[&[u8]]) -> Result<Read, HttpError> {
    let (mut decoder, mut storage, mut taken) = (Decoder::new(), [0; 4096], 0);
    for piece in pieces {
        taken += decoder.receive(&mut storage, piece)?;
    }
    decoder.end_of_stream()?;
    Ok(Read { status: decoder.status(), body: decoder.body(&storage).to_vec(), taken })
}

/// What the other has to say. It knows responses whose body ends with the connection; we do not.
#[derive(Debug)]
pub enum Theirs {
    Read(Read),
    ToTheEnd,
    Refused(String),
}

pub fn read_by_them(bytes: &[u8]) -> Theirs {
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
