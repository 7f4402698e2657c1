//! `no_proxy`.

use crate::wire::proxy::Exceptions;

fn covers(list: &'static str, host: &str) -> bool {
    Exceptions::new(list).cover(host, 443)
}

#[test]
fn a_name_covers_itself_and_what_is_below_it() {
    for list in ["example.com", ".example.com", "*.example.com", "EXAMPLE.com.", "a,example.com", " a  example.com ,"] {
        for host in ["example.com", "app.example.com", "a.b.Example.COM", "example.com."] {
            assert!(covers(list, host), "{list}: {host}");
        }
        for host in ["badexample.com", "example.com.evil", "example.org", "com", "", "203.0.113.1"] {
            assert!(!covers(list, host), "{list}: {host}");
        }
    }
    assert!(covers("localhost", "localhost"));
}

#[test]
fn a_star_covers_everything_and_nothing_covers_nothing() {
    for host in ["example.com", "10.0.0.1", "::1"] {
        assert!(covers("*", host) && covers("a, *", host));
        for list in
            ["", " ", ",,", ".", "*.", "[]", "/", ":", "10.0.0.0/", "/8", "10.0.0.0/33", "10.0.0.0/-1", "::/129"]
        {
            assert!(!covers(list, host), "{list:?}: {host}");
        }
    }
}

#[test]
fn addresses_are_compared_as_addresses() {
    for (list, host) in [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("192.0.2.1:443", "192.0.2.1"),
        ("192.0.2.0/24", "192.0.2.255"),
        ("0.0.0.0/0", "192.0.2.255"),
        ("192.0.2.1/32", "192.0.2.1"),
        ("2001:db8::/32", "2001:db8:ffff::1"),
        ("::/0", "2001:db8:ffff::1"),
    ] {
        assert!(covers(list, host), "{list}: {host}");
    }
    for (list, host) in [
        ("92.0.2.1", "192.0.2.1"),
        ("2.1", "192.0.2.1"),
        ("192.0.2.0/24", "192.0.3.0"),
        ("192.0.2.0/25", "192.0.2.128"),
        ("2001:db8::/32", "2001:db9::1"),
        ("0.0.0.0/0", "::1"),
        ("[2001:db8::1]:80", "2001:db8::1"),
        ("192.0.2.0/24", "a.example"),
    ] {
        assert!(!covers(list, host), "{list}: {host}");
    }
}

#[test]
fn an_entry_with_a_port_covers_that_port_only() {
    let list = Exceptions::new("example.com:8443");
    assert!(list.cover("app.example.com", 8443) && !list.cover("app.example.com", 443));
    for bad in ["example.com:", "example.com:x", "example.com:99999"] {
        assert!(!covers(bad, "example.com"), "{bad}");
    }
}
