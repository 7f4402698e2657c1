//! The URL of a proxy.

use crate::wire::proxy::{Proxy, ProxyUrlError, Scheme};
use proptest::prelude::*;
use std::format;
use std::string::{String, ToString};

fn parts(text: &str) -> (Scheme, String, u16) {
    let proxy = Proxy::parse(text).unwrap();
    (proxy.scheme(), proxy.host().to_string(), proxy.port())
}

/// User name and password of a proxy, as they are sent.
fn credentials(text: &str) -> Option<(String, String)> {
    let credentials = Proxy::parse(text).unwrap().credentials?;
    let decoded = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Some((decoded(credentials.user.expose()), decoded(credentials.password.expose())))
}

#[test]
fn a_proxy_has_a_scheme_a_host_and_a_port() {
    assert_eq!(parts("http://Proxy.Example:3128"), (Scheme::Http, "proxy.example".to_string(), 3128));
    assert_eq!(parts("HTTP://proxy/"), (Scheme::Http, "proxy".to_string(), 8080));
    assert_eq!(parts(" socks5://203.0.113.0 "), (Scheme::Socks5, "203.0.113.0".to_string(), 1080));
    assert_eq!(parts("socks5h://[2001:DB8:0::1]:9050/"), (Scheme::Socks5h, "2001:db8::1".to_string(), 9050));
    assert_eq!(parts("socks5h://u:p@[::1]"), (Scheme::Socks5h, "::1".to_string(), 1080));
}

#[test]
fn credentials_are_decoded() {
    let pair = |user: &str, password: &str| Some((user.to_string(), password.to_string()));
    assert_eq!(credentials("http://u:p@h"), pair("u", "p"));
    assert_eq!(credentials("http://us%40er:p%3Aa%2fs%25s@h:1"), pair("us@er", "p:a/s%s"));
    assert_eq!(credentials("http://u:a:b@h"), pair("u", "a:b"));
    // What should have been encoded and can only mean one thing is understood.
    assert_eq!(credentials("socks5://u:p@ss/w#rd?@h"), pair("u", "p@ss/w#rd?"));
    assert_eq!(credentials("http://u:\u{fc}\"@h"), pair("u", "\u{fc}\""));
    assert_eq!(credentials("http://u@h"), pair("u", ""));
    assert_eq!(credentials("http://u:@h"), pair("u", ""));
    assert_eq!(credentials("http://:p@h"), pair("", "p"));
    assert_eq!(credentials("socks5://a%00b:%ff@h".replace("%ff", "c").as_str()), pair("a\0b", "c"));
    for none in ["http://h", "http://@h", "http://:@h", "socks5://:@h"] {
        assert_eq!(credentials(none), None, "{none}");
    }
}

#[test]
fn credentials_are_never_printed() {
    let proxy = Proxy::parse("http://alice:hunter2@proxy.example:3128").unwrap();
    assert_eq!(proxy.to_string(), "http://proxy.example:3128 (with credentials)");
    assert_eq!(format!("{proxy:?}"), "Proxy(http://proxy.example:3128 (with credentials))");
    assert_eq!(Proxy::parse("socks5h://[::1]").unwrap().to_string(), "socks5h://[::1]:1080");
}

#[test]
fn what_is_no_proxy_is_refused_with_a_reason() {
    let long = format!("http://{}:p@h", "u".repeat(256));
    let encoded = format!("socks5://u:{}@h", "%41".repeat(255));
    assert!(Proxy::parse(&encoded).is_ok(), "255 bytes fit, however they are written");
    for (text, reason) in [
        ("", ProxyUrlError::Empty),
        (" ", ProxyUrlError::Empty),
        ("proxy.example:3128", ProxyUrlError::NoScheme),
        ("u:p@proxy.example:3128", ProxyUrlError::NoScheme),
        ("https://proxy.example", ProxyUrlError::Tls),
        ("HTTPS://u:p@proxy.example", ProxyUrlError::Tls),
        ("socks://proxy.example", ProxyUrlError::OldSocks),
        ("socks4a://proxy.example", ProxyUrlError::OldSocks),
        ("ftp://proxy.example", ProxyUrlError::Scheme),
        ("://proxy.example", ProxyUrlError::Scheme),
        ("\"http://proxy.example\"", ProxyUrlError::Quote),
        ("http://proxy.example\"", ProxyUrlError::Quote),
        ("http://u:pa #ss@proxy.example", ProxyUrlError::Blank),
        ("socks5h://u:pass\nword@proxy.example", ProxyUrlError::Blank),
        ("socks5://u:pass\u{7f}@proxy.example", ProxyUrlError::Blank),
        ("http://", ProxyUrlError::EmptyHost),
        ("http://u:p@", ProxyUrlError::EmptyHost),
        ("http://:3128", ProxyUrlError::EmptyHost),
        ("http://pro xy", ProxyUrlError::Blank),
        ("http://pröxy", ProxyUrlError::Host),
        ("http://a..b", ProxyUrlError::Host),
        ("http://10.0.0", ProxyUrlError::Address),
        ("http://[::1", ProxyUrlError::Address),
        ("http://[fe80::1%25eth0]", ProxyUrlError::Address),
        ("http://::1", ProxyUrlError::Brackets),
        ("http://h:", ProxyUrlError::Port),
        ("http://h:0", ProxyUrlError::Port),
        ("http://h:65536", ProxyUrlError::Port),
        ("http://h:ip", ProxyUrlError::Port),
        ("http://h:1/path", ProxyUrlError::Path),
        ("http://h//", ProxyUrlError::Path),
        ("http://h?q", ProxyUrlError::Path),
        ("http://h#f", ProxyUrlError::Path),
        ("http://u:%4@h", ProxyUrlError::Percent),
        ("http://u:%@h", ProxyUrlError::Percent),
        ("http://u:%zz@h", ProxyUrlError::Percent),
        ("http://u:%+1@h", ProxyUrlError::Percent),
        (long.as_str(), ProxyUrlError::CredentialsTooLong),
        ("http://a%3Ab:p@h", ProxyUrlError::Colon),
        ("http://a:b%0d%0aX@h", ProxyUrlError::Control),
        ("socks5://user@h", ProxyUrlError::HalfCredentials),
        ("socks5h://:p@h", ProxyUrlError::HalfCredentials),
    ] {
        assert_eq!(Proxy::parse(text).err(), Some(reason), "{text}");
        assert!(!reason.to_string().is_empty());
    }
    let name = format!("http://{}.example", "a".repeat(260));
    assert_eq!(Proxy::parse(&name).err(), Some(ProxyUrlError::Host));
}

proptest! {
    #[test]
    fn any_text_is_a_proxy_or_a_reason_and_is_never_repeated(
        scheme in "(http|https|socks5|socks5h|x)?(://)?",
        secret in "[a-z%:@]{0,8}SECRET[^ ]{0,8}",
        rest in "[@]?[a-z0-9.:\\[\\]/%]{0,20}",
    ) {
        let told = match Proxy::parse(&format!("{scheme}{secret}@{rest}")) {
            Ok(proxy) => format!("{proxy} {proxy:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        prop_assert!(!told.contains("SECRET"));
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = Proxy::parse(&text);
        let _ = Proxy::parse(&format!("http://{text}"));
    }

    #[test]
    fn what_is_encoded_is_decoded(user in proptest::collection::vec(1..=255_u8, 1..=255), password in proptest::collection::vec(any::<u8>(), 1..=255)) {
        let encode = |bytes: &[u8]| bytes.iter().map(|byte| format!("%{byte:02x}")).collect::<String>();
        let proxy = Proxy::parse(&format!("socks5://{}:{}@h", encode(&user), encode(&password))).unwrap();
        let credentials = proxy.credentials.unwrap();
        prop_assert_eq!(credentials.user.expose(), user.as_slice());
        prop_assert_eq!(credentials.password.expose(), password.as_slice());
    }
}
