//! Documents into types.

use crate::wire::json::{DEPTH_MAX, JsonCause, JsonError, parse, parse_seed};
use proptest::prelude::*;
use serde::Deserialize;
use serde::de::{DeserializeSeed, IgnoredAny, SeqAccess, Visitor};
use std::string::{String, ToString};
use std::vec::Vec;
use std::{format, vec};

fn read<'a, T: Deserialize<'a>>(document: &'a str) -> Result<T, JsonError> {
    parse(document.as_bytes(), &mut [0; 64])
}

fn message<'a, T: Deserialize<'a> + std::fmt::Debug>(document: &'a str) -> String {
    read::<T>(document).expect_err(document).to_string()
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Env {
    auth_endpoint: heapless::String<64>,
    encoding: Encoding,
    transports: heapless::Vec<Transport, 4>,
    backoff: Backoff,
    #[serde(default)]
    capabilities: heapless::Vec<heapless::String<8>, 4>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    Json,
    Proto,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Transport {
    #[serde(rename = "type")]
    kind: heapless::String<8>,
    endpoint: heapless::String<64>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Backoff {
    base: u8,
    min_seconds: u32,
    max_seconds: u32,
}

const ENV: &str = r#"{"authEndpoint":"https://localhost:36867/api/v1/auth","encoding":"proto","transports":[{"type":"MQTTv5","endpoint":"https://localhost:36867/mqtt"}],"backoff":{"base":2,"minSeconds":0,"maxSeconds":1024},"capabilities":["proto","ctx"]}"#;

#[test]
fn the_recorded_env_is_read() {
    let env: Env = read(ENV).unwrap();
    assert_eq!(env.auth_endpoint, "https://localhost:36867/api/v1/auth");
    assert_eq!(env.encoding, Encoding::Proto);
    assert_eq!(env.transports[0].endpoint, "https://localhost:36867/mqtt");
    assert_eq!(env.backoff, Backoff { base: 2, min_seconds: 0, max_seconds: 1024 });
    assert_eq!(env.capabilities, ["proto", "ctx"]);

    // However it is spaced and escaped, and whatever else is in it.
    let spaced = ENV
        .replace(':', " :\n")
        .replace(',', ",\t")
        .replace("https :\n", "https:")
        .replace("localhost :\n", "localhost:");
    let escaped =
        spaced.replace('/', "\\/").replace("proto", "\\u0070roto").replace("\"backoff\"", "\"b\\u0061ckoff\"");
    let extended = escaped.replacen('{', "{\"new\":{\"a\":[1.5e3,{\"b\":null}],\"c\":\"\\ud83d\\ude00}\"},", 1);
    assert_eq!(read::<Env>(&format!(" {extended} ")), Ok(env));
}

#[test]
fn errors_name_the_member_the_place_and_what_was_expected() {
    let broken = |from: &str, to: &str| message::<Env>(&ENV.replacen(from, to, 1));
    // Where in the document something starts.
    let at = |text: &str| ENV.find(text).unwrap();
    let base = at("2,\"minSeconds\"");
    for value in ["\"2\"", "300", "-1", "2.0", "null", "[2]", "{}"] {
        let expected = format!("expected u8 in \"base\" at byte {base}");
        assert_eq!(broken("\"base\":2", &format!("\"base\":{value}")), expected);
    }
    let backoff = at("{\"base\"");
    let missing = format!("\"base\" is missing in \"backoff\" at byte {backoff}");
    assert_eq!(broken("\"base\":2,", ""), missing);
    let twice = format!("\"base\" is there twice in \"backoff\" at byte {backoff}");
    assert_eq!(broken("\"base\":2", "\"base\":2,\"base\":2"), twice);
    assert_eq!(broken("\"authEndpoint\"", "\"other\""), "\"authEndpoint\" is missing at byte 0");
    let encoding = at("\"proto\"");
    let one_of = format!("expected one of \"json\", \"proto\" in \"encoding\" at byte {encoding}");
    assert_eq!(broken("\"proto\"", "\"xml\""), one_of);
    let an_enum = format!("expected enum Encoding in \"encoding\" at byte {encoding}");
    assert_eq!(broken("\"proto\"", "7"), an_enum);
    let text = format!("expected a string no more than 8 bytes long in \"capabilities\" at byte {}", at("\"ctx\""));
    assert_eq!(broken("\"ctx\"", "null"), text);
    assert_eq!(message::<Backoff>("[2,0,1024]"), "expected struct Backoff at byte 0");
    assert_eq!(message::<Env>("5"), "expected struct Env at byte 0");
}

#[test]
fn an_error_never_quotes_a_value() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only its reading matters")]
    struct Login {
        password: heapless::String<4>,
    }
    for document in [r#"{"password":"hunter2"}"#, r#"{"password":["hunter2"]}"#, r#"{"password":"\u0068unter2"}"#] {
        let error = read::<Login>(document).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("unter2"), "{error:?}");
        assert!(error.to_string().starts_with("expected a string no more than 4 bytes long in \"password\""));
    }
    assert!(!message::<Encoding>("\"hunter2\"").contains("hunter2"));
}

#[test]
fn integers_are_taken_as_written() {
    assert_eq!(read("255"), Ok(255_u8));
    assert_eq!(read("-128"), Ok(-128_i8));
    assert_eq!(read("-0"), Ok(0_u8));
    assert_eq!(read("18446744073709551615"), Ok(u64::MAX));
    assert_eq!(read("-9223372036854775808"), Ok(i64::MIN));
    assert_eq!(read("65535"), Ok(65535_i32));
    for (document, at) in [("256", 0), ("-1", 0), ("1e2", 0), ("1.0", 0), ("  \"1\"", 2), ("true", 0), ("[1]", 0)] {
        assert_eq!(message::<u8>(document), format!("expected u8 at byte {at}"));
    }
    assert_eq!(message::<u64>("18446744073709551616"), "expected u64 at byte 0");
    assert_eq!(message::<i64>("-9223372036854775809"), "expected i64 at byte 0");
}

#[test]
fn floats_are_read_where_they_are_asked_for() {
    assert_eq!(read("1.5e3"), Ok(1500_f64));
    assert_eq!(read("-0.25"), Ok(-0.25_f32));
    assert_eq!(read("2"), Ok(2_f64));
    assert_eq!(message::<f64>("\"2\""), "expected f64 at byte 0");
    assert_eq!(message::<f64>("1e999"), "expected f64 at byte 0");
    assert_eq!(message::<f32>("1e99"), "expected f32 at byte 0");
}

#[test]
fn null_is_for_options_only() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Reply {
        delay: Option<u32>,
        ban: Option<bool>,
    }
    assert_eq!(read("{}"), Ok(Reply { delay: None, ban: None }));
    assert_eq!(read(r#"{"delay":null,"ban":null}"#), Ok(Reply { delay: None, ban: None }));
    assert_eq!(read(r#"{"ban":true,"delay":60}"#), Ok(Reply { delay: Some(60), ban: Some(true) }));
    assert_eq!(message::<Reply>(r#"{"ban":"true"}"#), "expected a boolean in \"ban\" at byte 7");
    assert_eq!(read("null"), Ok(()));
}

#[test]
fn members_nobody_asked_for_may_be_anything_well_formed() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Small {
        a: u8,
    }
    let deep = format!("{}{}", "[".repeat(DEPTH_MAX - 1), "]".repeat(DEPTH_MAX - 1));
    for junk in [
        "1e999999",
        "123456789012345678901234567890",
        "-0.0",
        "null",
        "\"\\u0000\"",
        "{\"a\":2}",
        "[{\"a\":[2]},\"]\"]",
        &deep,
    ] {
        let document = format!("{{\"x\":{junk},\"a\":1,\"y\":{junk}}}");
        assert_eq!(read(&document), Ok(Small { a: 1 }), "{document}");
    }
    // A long string that is skipped needs no scratch.
    let long = format!("{{\"x\":\"{}\",\"a\":1}}", "\\n".repeat(1000));
    assert_eq!(parse(long.as_bytes(), &mut []), Ok(Small { a: 1 }));
    // But it is all looked at.
    let error = read::<Small>("{\"a\":1,\"x\":tru}").unwrap_err();
    assert_eq!((error.at, error.cause), (11, JsonCause::Syntax("true, false or null")));
}

#[test]
fn borrowed_text_has_no_escapes() {
    assert_eq!(read(r#""plain""#), Ok("plain"));
    assert_eq!(message::<&str>(r#""a\/b""#), "expected a borrowed string at byte 0");
    let owned: heapless::String<16> = read(r#""a\/b\n\ud83d\ude00é""#).unwrap();
    assert_eq!(owned, "a/b\n😀é");
}

#[test]
fn scratch_holds_the_longest_escaped_string() {
    let document = br#"["\n23456","plain text needs none","\n2345678"]"#;
    let mut scratch = [0; 8];
    let strings: heapless::Vec<heapless::String<32>, 4> = parse(document, &mut scratch).unwrap();
    assert_eq!(strings[2], "\n2345678");
    let error = parse::<heapless::Vec<heapless::String<32>, 4>>(document, &mut [0; 7]).unwrap_err();
    assert_eq!((error.at, error.cause.clone()), (35, JsonCause::Scratch(7)));
    assert_eq!(error.to_string(), "an escaped string does not fit 7 bytes at byte 35");
    assert!(parse::<heapless::String<32>>(br#""\n""#, &mut []).is_err());
}

#[test]
fn arrays_have_their_length() {
    assert_eq!(read("[1,2]"), Ok([1_u8, 2]));
    assert_eq!(read("[1,true]"), Ok((1_u8, true)));
    assert_eq!(message::<[u8; 2]>("[1,2,3]"), "expected fewer elements at byte 4");
    assert_eq!(message::<[u8; 2]>("[1]"), "expected an array of length 2 at byte 0");
    assert_eq!(read("[1,2]"), Ok(heapless::Vec::<u8, 2>::from_slice(&[1, 2]).unwrap()));
    assert!(read::<heapless::Vec<u8, 2>>("[1,2,3]").is_err());
    assert_eq!(read("[ ]"), Ok(heapless::Vec::<u8, 2>::new()));
}

#[test]
fn enums_are_names() {
    assert_eq!(read("\"json\""), Ok(Encoding::Json));
    assert_eq!(read("\"\\u006ason\""), Ok(Encoding::Json));
    assert!(read::<Encoding>("{\"json\":null}").is_err());
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only its reading matters")]
    enum Value {
        Number(u8),
    }
    assert!(read::<Value>("\"Number\"").is_err());
}

/// Sums up numbers without keeping them.
struct Sum<'s>(&'s mut u32);

impl<'de> DeserializeSeed<'de> for Sum<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Sum<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("numbers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<(), A::Error> {
        while let Some(number) = numbers.next_element::<u32>()? {
            *self.0 += number;
        }
        Ok(())
    }
}

#[test]
fn a_seed_takes_in_what_it_need_not_keep() {
    let mut sum = 0;
    assert_eq!(parse_seed(Sum(&mut sum), b"[1,20,300]", &mut []), Ok(()));
    assert_eq!(sum, 321);
    assert_eq!(parse_seed(Sum(&mut sum), b"{}", &mut []).unwrap_err().to_string(), "expected numbers at byte 0");
}

#[test]
fn long_member_names_are_cut_in_errors() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only its reading matters")]
    struct Long {
        a_member_name_that_is_longer_than_thirty_two_bytes: u8,
    }
    let error = message::<Long>(r#"{"a_member_name_that_is_longer_than_thirty_two_bytes":"x"}"#);
    assert_eq!(error, "expected u8 in \"a_member_name_that_is_longer_…\" at byte 54");
}

/// What a document is as serde_json sees it, read with our deserializer.
#[derive(Debug, Clone, PartialEq)]
enum Any {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Text(String),
    Array(Vec<Any>),
    Object(Vec<(String, Any)>),
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Build;
        impl<'de> Visitor<'de> for Build {
            type Value = Any;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("anything")
            }
            fn visit_unit<E>(self) -> Result<Any, E> {
                Ok(Any::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Any, E> {
                Ok(Any::Bool(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Any, E> {
                Ok(Any::Unsigned(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Any, E> {
                Ok(Any::Signed(value))
            }
            fn visit_str<E>(self, text: &str) -> Result<Any, E> {
                Ok(Any::Text(text.to_string()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Any, A::Error> {
                let mut array = vec![];
                while let Some(element) = elements.next_element()? {
                    array.push(element);
                }
                Ok(Any::Array(array))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut members: A) -> Result<Any, A::Error> {
                let mut object = vec![];
                while let Some(member) = members.next_entry()? {
                    object.push(member);
                }
                Ok(Any::Object(object))
            }
        }
        deserializer.deserialize_any(Build)
    }
}

fn any_value() -> impl Strategy<Value = Any> {
    let leaf = prop_oneof![
        Just(Any::Null),
        any::<bool>().prop_map(Any::Bool),
        any::<u64>().prop_map(Any::Unsigned),
        (i64::MIN..0).prop_map(Any::Signed),
        any::<String>().prop_map(Any::Text),
    ];
    leaf.prop_recursive(6, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Any::Array),
            proptest::collection::vec((any::<String>(), inner), 0..5).prop_map(Any::Object),
        ]
    })
}

/// Escapes everything that is not a letter, as a cautious server would: `\u` with surrogate pairs.
fn put_escaped(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        if c.is_ascii_alphabetic() {
            out.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04X}")));
        }
    }
    out.push('"');
}

fn put(out: &mut String, value: &Any) {
    match value {
        Any::Null => out.push_str("null"),
        Any::Bool(value) => out.push_str(&value.to_string()),
        Any::Unsigned(value) => out.push_str(&value.to_string()),
        Any::Signed(value) => out.push_str(&value.to_string()),
        Any::Text(text) => put_escaped(out, text),
        Any::Array(elements) => {
            out.push('[');
            for (i, element) in elements.iter().enumerate() {
                out.push_str(if i == 0 { " " } else { " ," });
                put(out, element);
            }
            out.push(']');
        }
        Any::Object(members) => {
            out.push('{');
            for (i, (name, value)) in members.iter().enumerate() {
                out.push_str(if i == 0 { "\n" } else { ",\r\n" });
                put_escaped(out, name);
                out.push_str("\t:");
                put(out, value);
            }
            out.push('}');
        }
    }
}

proptest! {
    #[test]
    fn what_was_written_is_read(value in any_value()) {
        let mut document = String::new();
        put(&mut document, &value);
        prop_assert_eq!(parse::<Any>(document.as_bytes(), &mut vec![0; document.len()]), Ok(value));
        prop_assert!(parse::<IgnoredAny>(document.as_bytes(), &mut []).is_ok());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = parse::<Env>(&bytes, &mut [0; 16]);
    }

    #[test]
    fn any_damage_is_read_or_refused(at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let mut document = ENV.as_bytes().to_vec();
        let at = at.index(document.len());
        document[at] = byte;
        if let Err(error) = parse::<Env>(&document, &mut [0; 16]) {
            prop_assert!(error.at <= document.len());
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
