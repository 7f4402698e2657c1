use super::{URL_MAX, Url, UrlError};
use core::net::IpAddr;
use proptest::prelude::*;
use std::string::{String, ToString};

fn parts(text: &str) -> (String, u16, String, String) {
    let url = Url::parse(text).unwrap();
    (url.host().to_string(), url.port(), url.path().to_string(), url.host_header().to_string())
}

fn owned(host: &str, port: u16, path: &str, header: &str) -> (String, u16, String, String) {
    (host.to_string(), port, path.to_string(), header.to_string())
}

#[test]
fn a_url_falls_into_host_port_and_path() {
    assert_eq!(parts("https://app.netdata.cloud"), owned("app.netdata.cloud", 443, "", "app.netdata.cloud"));
    assert_eq!(parts("https://app.netdata.cloud/"), owned("app.netdata.cloud", 443, "", "app.netdata.cloud"));
    assert_eq!(parts("https://h:8443/a/b//"), owned("h", 8443, "/a/b", "h:8443"));
    assert_eq!(parts("HTTPS://App.Netdata.CLOUD/Api"), owned("app.netdata.cloud", 443, "/Api", "app.netdata.cloud"));
    assert_eq!(parts("https://h:443"), owned("h", 443, "", "h"));
    assert_eq!(parts("https://my_cloud:65535"), owned("my_cloud", 65535, "", "my_cloud:65535"));
}

#[test]
fn a_missing_scheme_means_https() {
    assert_eq!(Url::parse("App.Example").unwrap().as_str(), "https://app.example");
    assert_eq!(parts("localhost:19999/p/"), owned("localhost", 19999, "/p", "localhost:19999"));
    assert_eq!(parts("h/a://b"), owned("h", 443, "/a://b", "h"));
}

#[test]
fn addresses_may_stand_for_names() {
    let v6 = Url::parse("https://[2001:DB8:0:0::1]:8443/x").unwrap();
    assert_eq!((v6.host(), v6.port(), v6.path()), ("2001:db8::1", 8443, "/x"));
    assert_eq!(v6.host_header().to_string(), "[2001:db8::1]:8443");
    assert_eq!(v6.host_without_port().to_string(), "[2001:db8::1]");
    assert_eq!(v6.as_str(), "https://[2001:db8::1]:8443/x");
    assert_eq!(v6.ip(), Some("2001:db8::1".parse::<IpAddr>().unwrap()));

    let default_port = Url::parse("[::1]").unwrap();
    assert_eq!((default_port.port(), default_port.host_header().to_string()), (443, "[::1]".to_string()));

    assert_eq!(Url::parse("10.0.2.2:1").unwrap().ip(), Some("10.0.2.2".parse::<IpAddr>().unwrap()));
    assert_eq!(Url::parse("https://app.example").unwrap().ip(), None);
}

#[test]
fn a_transport_may_say_wss() {
    let url = Url::parse_transport("wss://mqtt.example/mqtt").unwrap();
    assert_eq!((url.host(), url.port(), url.path()), ("mqtt.example", 443, "/mqtt"));
    assert_eq!(url.as_str(), "wss://mqtt.example/mqtt");
    assert_eq!(Url::parse_transport("https://app.example:443/mqtt").unwrap().port(), 443);
    assert_eq!(Url::parse_transport("ws://app.example/mqtt"), Err(UrlError::Plaintext));
    assert_eq!(Url::parse("wss://mqtt.example/mqtt"), Err(UrlError::Scheme));
}

#[test]
fn each_mistake_has_its_own_message() {
    for (text, error) in [
        ("http://app.example", UrlError::Plaintext),
        ("HTTP://app.example", UrlError::Plaintext),
        ("ftp://app.example", UrlError::Scheme),
        ("://app.example", UrlError::Scheme),
        ("", UrlError::EmptyHost),
        ("https://", UrlError::EmptyHost),
        ("https:///path", UrlError::EmptyHost),
        ("https://:443", UrlError::EmptyHost),
        ("/path", UrlError::EmptyHost),
        ("https://user@app.example", UrlError::Userinfo),
        ("https://user:secret@app.example", UrlError::Userinfo),
        ("user@app.example", UrlError::Userinfo),
        ("https://app.example?x=1", UrlError::Query),
        ("https://app.example/#x", UrlError::Fragment),
        ("\"https://app.example\"", UrlError::Quote),
        ("https://app.example\"", UrlError::Quote),
        ("'app.example'", UrlError::Quote),
        (" https://app.example", UrlError::Blank),
        ("https://app.example\n", UrlError::Blank),
        ("https://app.example/a b", UrlError::Blank),
        ("https://app.example\u{a0}", UrlError::Blank),
        ("https://app.example/\0", UrlError::Character),
        ("https://app.example/\u{7f}", UrlError::Character),
        ("https://bücher.example", UrlError::Character),
        ("https://app.example\\x", UrlError::Character),
        ("https://app.example:", UrlError::Port),
        ("https://app.example:0", UrlError::Port),
        ("https://app.example:65536", UrlError::Port),
        ("https://app.example:+443", UrlError::Port),
        ("https://app.example:44a", UrlError::Port),
        ("https://app.example:99999999999999999999", UrlError::Port),
        ("https:/app.example", UrlError::Port),
        ("https://app..example", UrlError::Host),
        ("https://app.example.", UrlError::Host),
        ("https://.", UrlError::Host),
        ("https://app%2eexample", UrlError::Host),
        ("https://app,example", UrlError::Host),
        ("https://::1", UrlError::Brackets),
        ("https://[::1", UrlError::Address),
        ("https://[::1]x", UrlError::Address),
        ("https://[::1]443", UrlError::Address),
        ("https://[fe80::1%25eth0]", UrlError::Address),
        ("https://[app.example]", UrlError::Address),
        ("https://1.2.3", UrlError::Address),
        ("https://1.2.3.256", UrlError::Address),
        ("https://443", UrlError::Address),
    ] {
        assert_eq!(Url::parse(text), Err(error), "{text:?}");
    }
}

#[test]
fn lengths_are_limited_and_named() {
    let label = "a".repeat(63);
    assert!(Url::parse(&label).is_ok());
    assert_eq!(Url::parse(&"a".repeat(64)), Err(UrlError::Host));

    let at_limit = std::format!("https://h/{}", "p".repeat(URL_MAX - 10));
    assert_eq!(Url::parse(&at_limit).unwrap().as_str(), at_limit);
    assert_eq!(Url::parse(&std::format!("{at_limit}p")), Err(UrlError::TooLong));
    // It is the normal form that counts: the scheme is part of it.
    assert_eq!(Url::parse(at_limit.trim_start_matches("https://")).unwrap().as_str(), at_limit);
    assert_eq!(Url::parse(&std::format!("h/{}", "p".repeat(URL_MAX - 9))), Err(UrlError::TooLong));
    assert_eq!(UrlError::TooLong.to_string(), "the URL is longer than 256 bytes");
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in "\\PC*") {
        let _ = Url::parse(&text);
        let _ = Url::parse_transport(&text);
    }

    #[test]
    fn the_normal_form_reads_back_as_itself(text in "(https://)?([a-z0-9A-Z]{1,9}\\.){0,3}([a-zA-Z]{1,9}|\\[::[0-9a-fA-F]{1,4}\\])(:[1-9][0-9]{0,3})?(/[a-z0-9./:@%-]{0,20})?") {
        if let Ok(url) = Url::parse(&text) {
            prop_assert_eq!(&Url::parse(url.as_str()).unwrap(), &url);
            prop_assert!(!url.path().ends_with('/'));
            prop_assert!(url.path().is_empty() || url.path().starts_with('/'));
            prop_assert!(!url.host().contains(['[', ']', '/']));
            prop_assert_eq!(std::format!("https://{}{}", url.host_header(), url.path()), url.as_str());
        }
    }
}
