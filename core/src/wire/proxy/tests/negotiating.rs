//! What is said to a proxy, and what its answers mean.

use crate::wire::proxy::{HEAD_MAX, Negotiation, Proxy, ProxyError, REQUEST_MAX, Step, Target};
use crate::wire::testing::{cuts, unhex};
use base64ct::{Base64, Encoding};
use core::net::IpAddr;
use proptest::prelude::*;
use std::format;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

/// How a talk ended: what was sent, and what was left of the proxy's bytes.
#[derive(Debug, PartialEq)]
struct Talk {
    sent: Vec<u8>,
    end: Result<(), ProxyError>,
    unread: usize,
}

/// Talks with a proxy that says `answers` in pieces of at most `cuts` bytes and then ends.
fn talk(proxy: &str, target: Target<'_>, answers: &[u8], cuts: &[usize]) -> Talk {
    let proxy = Proxy::parse(proxy).unwrap();
    let mut negotiation = Negotiation::new(&proxy, target);
    let mut buffer = [0; REQUEST_MAX];
    let (mut sent, mut rest) = (Vec::new(), answers);
    let mut cuts = cuts.iter().cycle();
    let end = loop {
        match negotiation.poll(&mut buffer) {
            Ok(Step::Send(bytes)) => sent.extend_from_slice(bytes),
            Ok(Step::Receive(most)) => {
                assert!(most > 0, "to wait for nothing is to wait for ever");
                let (piece, behind) = rest.split_at(most.min(*cuts.next().unwrap()).min(rest.len()));
                if piece.is_empty() {
                    break Err(negotiation.on_end());
                }
                rest = behind;
                if let Err(error) = negotiation.receive(piece) {
                    break Err(error);
                }
            }
            Ok(Step::Done) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    Talk { sent, end, unread: rest.len() }
}

const WHOLE: &[usize] = &[usize::MAX];

fn target(host: &str) -> Target<'_> {
    Target { host, address: None, port: 443 }
}

fn http(answer: &str) -> Result<(), ProxyError> {
    talk("http://proxy", target("cloud.example"), answer.as_bytes(), WHOLE).end
}

fn socks(proxy: &str, answer: &str) -> Talk {
    talk(proxy, target("cloud.example"), &unhex(answer), WHOLE)
}

#[test]
fn connect_names_host_and_port_and_carries_credentials() {
    let said = |proxy: &str, host: &str| {
        let talk = talk(proxy, Target { host, address: None, port: 8443 }, b"HTTP/1.1 200 \r\n\r\n", WHOLE);
        assert_eq!(talk.end, Ok(()));
        String::from_utf8(talk.sent).unwrap()
    };
    assert_eq!(
        said("http://proxy", "cloud.example"),
        "CONNECT cloud.example:8443 HTTP/1.1\r\nHost: cloud.example:8443\r\n\r\n"
    );
    assert_eq!(said("http://proxy", "::1"), "CONNECT [::1]:8443 HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n");
    // The example of RFC 7617 2.
    assert!(
        said("http://Aladdin:open%20sesame@proxy", "h")
            .ends_with("\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n")
    );
    assert!(said("http://user@proxy", "h").contains("Basic dXNlcjo=\r\n"), "an empty password is one, too");
}

#[test]
fn the_longest_request_fits_and_a_small_buffer_is_said() {
    let host = ["a".repeat(63).as_str(); 4].join(".").split_at(253).0.to_string();
    let long = "%ff".repeat(255);
    for scheme in ["http", "socks5h"] {
        let url = format!("{scheme}://{}:{long}@proxy", "%fe".repeat(255));
        let proxy = Proxy::parse(&url).unwrap();
        let mut negotiation = Negotiation::new(&proxy, Target { host: &host, address: None, port: 65535 });
        let mut buffer = [0; REQUEST_MAX];
        let Ok(Step::Send(request)) = negotiation.poll(&mut buffer) else { panic!("{scheme}") };
        if scheme == "http" {
            let credentials = [&[0xfe; 255][..], b":", &[0xff; 255]].concat();
            let mut expected = [0; 700];
            let expected = Base64::encode(&credentials, &mut expected).unwrap();
            assert!(request.ends_with(format!("Basic {expected}\r\n\r\n").as_bytes()), "nothing is left out");
        }
    }
    let proxy = Proxy::parse("http://proxy").unwrap();
    let error = Negotiation::new(&proxy, target("h")).poll(&mut [0; 10]).unwrap_err();
    assert_eq!(error.to_string(), "the request to it does not fit the 10 byte send buffer");
}

#[test]
fn only_200_opens_the_tunnel_and_the_status_line_is_told() {
    for ok in [
        "HTTP/1.1 200 Connection established\r\n\r\n",
        "HTTP/1.0 200 Connection established\r\nProxy-agent: x\r\n\r\n",
        "HTTP/1.1 200\r\n\r\n",
        "HTTP/1.1 200\n\n",
        // RFC 9110 9.3.6: of no meaning here.
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        // RFC 9110 15.2.
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ] {
        assert_eq!(http(ok), Ok(()), "{ok:?}");
    }
    for line in
        ["HTTP/1.1 201 Created", "HTTP/1.0 302 Found", "HTTP/1.1 403 Forbidden", "HTTP/1.1 407", "HTTP/1.1 101 x"]
    {
        let error = http(&format!("{line}\r\nA: b\r\n\r\nbody")).unwrap_err();
        assert_eq!(error.to_string(), format!("answered \"{line}\""));
    }
}

/// Each step is a system call on the way to every connection.
#[test]
fn an_answer_is_not_read_byte_by_byte() {
    let proxy = Proxy::parse("http://proxy").unwrap();
    let mut negotiation = Negotiation::new(&proxy, target("h"));
    let mut rest = &b"HTTP/1.1 200 Connection established\r\n\r\n"[..];
    let (whole, mut steps) = (rest.len(), 0);
    loop {
        match negotiation.poll(&mut [0; 99]).unwrap() {
            Step::Send(_) => {}
            Step::Receive(most) => {
                let (piece, behind) = rest.split_at(most);
                rest = behind;
                steps += 1;
                negotiation.receive(piece).unwrap();
            }
            Step::Done => break,
        }
    }
    assert!(rest.is_empty() && steps < whole / 2, "{steps} for {whole} bytes");
}

#[test]
fn what_is_no_http_is_noticed_at_once() {
    // SOCKS, a TLS alert, another version, SSH, nothing that ends.
    for bytes in ["\u{5}\0", "\u{15}\u{3}\u{1}", "HTTP/2 200\r\n\r\n", "SSH-2.0-x", "\r\n\r\n", "HTTX"] {
        assert_eq!(http(bytes), Err(ProxyError::NotHttp), "{bytes:?}");
    }
    for line in
        ["HTTP/1.2 200 OK", "HTTP/1.1  200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000", "HTTP/1.1 +20", "HTTP/1.1 099 x"]
    {
        assert_eq!(http(&format!("{line}\r\n\r\n")), Err(ProxyError::NotHttp), "{line}");
    }
}

#[test]
fn the_head_is_bounded_interim_answers_included() {
    let of_length = |start: &str, len: usize| format!("{start}A: {}\r\n\r\n", "b".repeat(len - start.len() - 7));
    for start in ["HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"] {
        assert_eq!(http(&of_length(start, HEAD_MAX)), Ok(()));
        assert_eq!(http(&of_length(start, HEAD_MAX + 1)), Err(ProxyError::HeadTooLong));
    }
    assert_eq!(http(&"HTTP/1.1 100 Continue\r\n\r\n".repeat(1_000)), Err(ProxyError::HeadTooLong));
    assert_eq!(http(&format!("HTTP/1.1 200 {}", "x".repeat(10_000))), Err(ProxyError::HeadTooLong));
}

#[test]
fn words_of_a_proxy_are_shown_without_control_characters_and_cut() {
    let error = http("HTTP/1.1 502 \u{1b}[2J\u{7}evil\r\n\r\n").unwrap_err().to_string();
    assert_eq!(error, "answered \"HTTP/1.1 502 \\u{1b}[2J\\u{7}evil\"");
    let error = http(&format!("HTTP/1.1 502 {}\r\n\r\n", "x".repeat(3_000))).unwrap_err().to_string();
    assert!(error.len() < 120 && error.ends_with("…\""), "{error}");
    let latin = talk("http://proxy", target("h"), b"HTTP/1.1 502 na\xefve\r\n\r\n", WHOLE).end.unwrap_err();
    assert_eq!(latin.to_string(), "answered \"HTTP/1.1 502 na\u{fffd}ve\"");
}

#[test]
fn a_proxy_that_repeats_credentials_does_not_get_them_shown() {
    let proxy = Proxy::parse("http://alice:hunter2@alice.example").unwrap();
    let error = talk(
        "http://alice:hunter2@alice.example",
        target("h"),
        b"HTTP/1.1 407 alice:hunter2 YWxpY2U6aHVudGVyMg==\r\n\r\n",
        WHOLE,
    );
    let failure = proxy.failure(&error.end.unwrap_err());
    assert_eq!(failure.to_string(), "proxy: alice.example:8080: answered \"HTTP/1.1 407 ***:*** ***\"");
}

#[test]
fn a_hint_says_what_to_do_about_it() {
    let hint = |proxy: &str, answer: &str| {
        let error = talk(proxy, target("h"), answer.as_bytes(), WHOLE).end.unwrap_err();
        let proxy = Proxy::parse(proxy).unwrap();
        (proxy.failure(&error).hint, error.is_about_credentials(&proxy))
    };
    let wanted = "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=\"a\"\r\n\r\n";
    let (text, lasts) = hint("http://proxy", wanted);
    assert!(text.contains("wants a user name and a password") && lasts, "{text}");
    let (text, lasts) = hint("http://u:p@proxy", wanted);
    assert!(text.starts_with("check user name and password") && lasts, "{text}");
    let (text, _) =
        hint("http://u:p@proxy", "HTTP/1.1 407 x\r\nproxy-authenticate: NTLM\r\nProxy-Authenticate:Negotiate\r\n\r\n");
    assert!(text.contains("supported is Basic"), "{text}");
    let (text, _) = hint("http://u:p@proxy", "HTTP/1.1 407 x\r\nProxy-Authenticate: NTLM, basic realm=x\r\n\r\n");
    assert!(text.starts_with("check"), "{text}");
    // As tinyproxy says it.
    let (text, lasts) = hint("http://u:p@proxy", "HTTP/1.0 401 Unauthorized\r\n\r\n");
    assert!(text.starts_with("check user name and password") && lasts, "{text}");
    let (text, lasts) = hint("http://proxy", "HTTP/1.1 401 Unauthorized\r\n\r\n");
    assert!(text.starts_with("a web server answers there") && !lasts, "{text}");
    let (text, lasts) = hint("http://proxy", "HTTP/1.1 403 x\r\n\r\n");
    assert!(text.contains("rules do not allow") && !lasts, "{text}");
    let (text, _) = hint("http://proxy", "HTTP/1.1 503 x\r\n\r\n");
    assert!(text.contains("look up the name"), "{text}");
    let (text, lasts) = hint("socks5://proxy", "HTTP/1.1 400 Bad\r\n\r\n");
    assert!(text.contains("write http://") && !lasts, "{text}");
}

const GRANTED: &str = "05 00 00 01 00000000 0000";

#[test]
fn socks_is_spoken_as_the_rfcs_have_it() {
    let plain = socks("socks5h://proxy", &format!("0500 {GRANTED}"));
    let asked = format!("05 01 00 03 0d {} 01bb", "636c6f75642e6578616d706c65");
    assert_eq!((plain.sent, plain.end), (unhex(&format!("05 01 00 {asked}")), Ok(())));

    let authenticated = socks("socks5h://u:pw@proxy", &format!("0502 0100 {GRANTED}"));
    let said = unhex(&format!("05 02 00 02  01 01 75 02 7077 {asked}"));
    assert_eq!((authenticated.sent, authenticated.end), (said, Ok(())));

    // A proxy that wants no credentials gets none.
    let unasked = socks("socks5h://u:pw@proxy", &format!("0500 {GRANTED}"));
    assert_eq!((unasked.sent, unasked.end), (unhex(&format!("05 02 00 02 {asked}")), Ok(())));
}

#[test]
fn addresses_are_sent_as_addresses() {
    let sent = |host: &str, address: Option<&str>| {
        let address = address.map(|text| text.parse::<IpAddr>().unwrap());
        let talk =
            talk("socks5://proxy", Target { host, address, port: 443 }, &unhex(&format!("0500 {GRANTED}")), WHOLE);
        assert_eq!(talk.end, Ok(()));
        talk.sent.get(3..).unwrap().to_vec()
    };
    let v4 = unhex("05 01 00 01 c0000201 01bb");
    let v6 = unhex("05 01 00 04 20010db8000000000000000000000001 01bb");
    assert_eq!(sent("cloud.example", Some("192.0.2.1")), v4);
    assert_eq!(sent("cloud.example", Some("2001:db8::1")), v6);
    assert_eq!(sent("192.0.2.1", None), v4);
    assert_eq!(sent("2001:db8::1", None), v6);
}

#[test]
fn a_reply_is_read_with_its_address_and_not_one_byte_further() {
    for reply in [
        GRANTED.to_string(),
        format!("05 00 00 04 {} 0000", "00".repeat(16)),
        "05 00 00 03 00 0000".to_string(),
        format!("05 00 00 03 ff {} 0000", "61".repeat(255)),
    ] {
        let answer = unhex(&format!("0500 {reply} 160303"));
        let talk = talk("socks5h://proxy", target("h"), &answer, WHOLE);
        assert_eq!((talk.end, talk.unread), (Ok(()), 3), "{reply}");
    }
    let talk = talk("http://proxy", target("h"), b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n\x16\x03\x03", WHOLE);
    assert_eq!((talk.end, talk.unread), (Ok(()), 3));
}

#[test]
fn every_refusal_of_socks_has_a_name() {
    for (answer, words) in [
        ("05 ff", "accepts none of the ways to authenticate that were offered"),
        ("05 01", "chose a way to authenticate that was not offered: 1 (GSSAPI)"),
        ("05 02", "chose a way to authenticate that was not offered: 2 (user name and password)"),
        ("04 00", "does not answer as a SOCKS5 proxy does, but with version 4"),
        ("48", "does not answer as a SOCKS5 proxy does, but with version 72"),
        ("0500 04", "does not answer as a SOCKS5 proxy does, but with version 4"),
        ("0500 0501", "refused the connection: general failure (SOCKS reply 1)"),
        ("0500 0502", "refused the connection: not allowed by its rules (SOCKS reply 2)"),
        ("0500 0503", "refused the connection: network unreachable (SOCKS reply 3)"),
        ("0500 0504", "refused the connection: host unreachable (SOCKS reply 4)"),
        ("0500 0505", "refused the connection: connection refused by the target (SOCKS reply 5)"),
        ("0500 0506", "refused the connection: TTL expired (SOCKS reply 6)"),
        ("0500 0507", "refused the connection: command not supported (SOCKS reply 7)"),
        ("0500 0508", "refused the connection: address type not supported (SOCKS reply 8)"),
        ("0500 05fe", "refused the connection: for a reason that has no name (SOCKS reply 254)"),
        ("0500 05000002", "its SOCKS reply has an address of the unknown kind 2"),
        ("", "closed the connection without an answer"),
        ("05", "closed the connection in the middle of its answer"),
        ("0500 050000", "closed the connection in the middle of its answer"),
    ] {
        assert_eq!(socks("socks5h://proxy", answer).end.unwrap_err().to_string(), words, "{answer}");
    }
    for (answer, words) in [
        ("0502 0101", "refused user name or password (code 1)"),
        ("0502 0500", "does not answer to user name and password as it should, but with version 5"),
    ] {
        let talk = socks("socks5h://u:p@proxy", answer);
        assert_eq!(talk.end.unwrap_err().to_string(), words);
    }
}

#[test]
fn a_name_that_does_not_fit_is_refused() {
    let host = "a".repeat(256);
    let talk = talk("socks5h://proxy", Target { host: &host, address: None, port: 1 }, &unhex("0500"), WHOLE);
    assert!(matches!(talk.end, Err(ProxyError::Full(_))), "{talk:?}");
}

#[test]
fn bytes_that_nobody_asked_for_are_refused() {
    let proxy = Proxy::parse("socks5://proxy").unwrap();
    let mut negotiation = Negotiation::new(&proxy, target("h"));
    assert!(matches!(negotiation.poll(&mut [0; 16]), Ok(Step::Send(_))));
    assert_eq!(negotiation.receive(&[5, 0, 5]), Err(ProxyError::TooTalkative));
    let proxy = Proxy::parse("http://proxy").unwrap();
    let mut negotiation = Negotiation::new(&proxy, target("h"));
    assert!(matches!(negotiation.poll(&mut [0; 99]), Ok(Step::Send(_))));
    assert_eq!(negotiation.receive(b"HTTP/1.1 200 OK\r\n\r\n<"), Err(ProxyError::TooTalkative));
}

fn proxies() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("http://proxy"), Just("http://u:p@proxy"), Just("socks5://proxy"), Just("socks5h://u:p@proxy"),]
}

/// Bytes that a proxy could well say, damaged a little.
fn answers() -> impl Strategy<Value = Vec<u8>> {
    let likely = prop_oneof![
        Just(b"HTTP/1.1 ".to_vec()),
        Just(b"200 ".to_vec()),
        Just(b"100 ".to_vec()),
        Just(b"407 ".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"Proxy-Authenticate: Basic".to_vec()),
        Just(vec![5, 0]),
        Just(vec![5, 2]),
        Just(vec![1, 0]),
        Just(vec![5, 0, 0, 1]),
        Just(vec![5, 0, 0, 3]),
        proptest::collection::vec(any::<u8>(), 0..300),
        Just(vec![b'x'; 2_000]),
    ];
    proptest::collection::vec(likely, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    /// Whatever a proxy says, in whatever pieces: it ends with a tunnel or a name, and the limit holds.
    #[test]
    fn a_hostile_proxy_is_named(proxy in proxies(), answer in answers(), cuts in cuts()) {
        let talk = talk(proxy, target("cloud.example"), &answer, &cuts);
        prop_assert!(answer.len() - talk.unread <= HEAD_MAX);
        if let Err(error) = &talk.end {
            let failure = Proxy::parse(proxy).unwrap().failure(error);
            prop_assert!(!failure.cause.is_empty() && !failure.cause.as_str().chars().any(char::is_control));
        }
        // How the bytes were cut makes no difference.
        let whole = self::talk(proxy, target("cloud.example"), &answer, WHOLE);
        prop_assert_eq!((&talk.sent, &talk.end), (&whole.sent, &whole.end));
        prop_assert!(talk.end.is_err() || talk.unread == whole.unread);
    }

    #[test]
    fn any_bytes_at_all_are_named(proxy in proxies(), answer in proptest::collection::vec(any::<u8>(), 0..600), cuts in cuts()) {
        let talk = talk(proxy, target("h"), &answer, &cuts);
        prop_assert!(talk.end.is_ok() || !talk.end.unwrap_err().to_string().is_empty());
    }
}
