use crate::wire::buffer::Writer;
use crate::wire::http::Request;
use crate::wire::url::Url;
use proptest::prelude::*;
use std::string::String;
use std::vec::Vec;

fn bytes_of(request: &Request<'_>) -> String {
    let mut buffer = [0; 2048];
    let mut writer = Writer::new(&mut buffer);
    request.encode(&mut writer);
    let len = writer.finish().unwrap();
    String::from_utf8(buffer[..len].to_vec()).unwrap()
}

const ID: &str = "8a2e1880-633a-4f88-b61b-149a4a50db42";

#[test]
fn a_get_has_the_bytes_of_the_original() {
    let request = Request {
        method: "GET",
        target: format_args!("/api/v1/env?v={}&cap=proto,ctx&claim_id={ID}", "2.10.4"),
        host: format_args!("localhost"),
        headers: &[("User-Agent", "Netdata/rocks newhttpclient")],
        body: None,
    };
    assert_eq!(
        bytes_of(&request),
        "GET /api/v1/env?v=2.10.4&cap=proto,ctx&claim_id=8a2e1880-633a-4f88-b61b-149a4a50db42 HTTP/1.1\r\n\
         Host: localhost\r\nUser-Agent: Netdata/rocks newhttpclient\r\n\r\n"
    );
}

#[test]
fn a_post_announces_its_body_last() {
    let url = Url::parse("https://[::1]:8443/api/v1/auth/").unwrap();
    let request = Request {
        method: "POST",
        target: format_args!("{}/node/{ID}/password", url.path()),
        host: format_args!("{}", url.host_header()),
        headers: &[("User-Agent", "Netdata/rocks newhttpclient")],
        body: Some(br#"{"response":"Ag=="}"#),
    };
    assert_eq!(
        bytes_of(&request),
        "POST /api/v1/auth/node/8a2e1880-633a-4f88-b61b-149a4a50db42/password HTTP/1.1\r\nHost: [::1]:8443\r\n\
         User-Agent: Netdata/rocks newhttpclient\r\nContent-Length: 19\r\n\r\n{\"response\":\"Ag==\"}"
    );
    let empty = Request { body: Some(b""), ..request };
    assert!(bytes_of(&empty).ends_with("\r\nContent-Length: 0\r\n\r\n"));
}

#[test]
fn the_upgrade_has_the_bytes_of_the_original() {
    let request = Request {
        method: "GET",
        target: format_args!("/mqtt"),
        host: format_args!("localhost"),
        headers: &[
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", "+Uttd0dFSvhwcLKo50ciBQ=="),
            ("Origin", ""),
            ("Sec-WebSocket-Protocol", "mqtt"),
            ("Sec-WebSocket-Version", "13"),
        ],
        body: None,
    };
    assert_eq!(
        bytes_of(&request),
        "GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: +Uttd0dFSvhwcLKo50ciBQ==\r\nOrigin: \r\nSec-WebSocket-Protocol: mqtt\r\n\
         Sec-WebSocket-Version: 13\r\n\r\n"
    );
}

#[test]
fn nothing_in_a_value_can_end_a_line_or_a_field() {
    let request = Request {
        method: "GET",
        target: format_args!("/a b\r\nX: 1\0é"),
        host: format_args!("h\r\nEvil: 1"),
        headers: &[("Na me:\r\n", "va\tlue\r\nEvil: 2\0\u{7f}")],
        body: None,
    };
    assert_eq!(
        bytes_of(&request),
        "GET /a%20b%0D%0AX:%201%00%C3%A9 HTTP/1.1\r\nHost: h%0D%0AEvil:%201\r\nNa_me___: va lue  Evil: 2  \r\n\r\n"
    );
}

#[test]
fn a_request_that_does_not_fit_is_refused() {
    let request =
        Request { method: "GET", target: format_args!("/"), host: format_args!("h"), headers: &[], body: Some(b"x") };
    let len = bytes_of(&request).len();
    for size in 0..len {
        let mut buffer = std::vec![0; size];
        let mut writer = Writer::new(&mut buffer);
        request.encode(&mut writer);
        assert!(writer.finish().is_err(), "{size}");
    }
}

proptest! {
    #[test]
    fn whatever_the_values_are_the_request_has_its_lines_and_no_others(
        target in any::<String>(), host in any::<String>(), name in ".{1,20}", value in any::<String>(),
    ) {
        let mut buffer = std::vec![0; 16 * 1024];
        let mut writer = Writer::new(&mut buffer);
        Request {
            method: "GET",
            target: format_args!("/{target}"),
            host: format_args!("{host}"),
            headers: &[(&name, &value)],
            body: None,
        }
        .encode(&mut writer);
        let len = writer.finish().unwrap();
        let mut headers = [httparse::EMPTY_HEADER; 8];
        let mut parsed = httparse::Request::new(&mut headers);
        prop_assert_eq!(parsed.parse(&buffer[..len]), Ok(httparse::Status::Complete(len)));
        let names: Vec<_> = parsed.headers.iter().map(|header| header.name).collect();
        prop_assert_eq!(names.len(), 2);
        prop_assert_eq!(names[0], "Host");
        prop_assert!(parsed.path.is_some_and(|path| path.starts_with('/')));
    }
}
