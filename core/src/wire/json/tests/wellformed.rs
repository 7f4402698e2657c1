//! What is JSON and what is not; serde_json is the judge where it is as strict.

use crate::wire::json::{DEPTH_MAX, JsonCause, check};
use proptest::prelude::*;
use std::string::{String, ToString};
use std::vec::Vec;
use std::{format, vec};

/// Where a document stops being JSON, and what was expected there.
fn refused(document: &str) -> (usize, &'static str) {
    let error = check(document.as_bytes()).expect_err(document);
    match error.cause {
        JsonCause::Syntax(expected) => (error.at, expected),
        other => panic!("{other:?} for {document:?}"),
    }
}

#[test]
fn json_is_accepted() {
    for document in [
        "null",
        "true",
        " \t\r\n false \n",
        "0",
        "-0",
        "10",
        "-1.5e+10",
        "1E5",
        "0.0",
        "1e-0",
        "123456789012345678901234567890",
        "\"\"",
        "\"a\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\"",
        "\"é😀\u{7f}\u{2028}\"",
        "[]",
        "[ ]",
        "{}",
        "{ }",
        "[1,2 , 3]",
        "{\"a\":1}",
        "{ \"a\" : [ { } , [ ] ] , \"a\" : null }",
        "[[],{},\"]\",\"}\"]",
    ] {
        assert_eq!(check(document.as_bytes()), Ok(document));
    }
}

#[test]
fn what_is_not_json_says_where_and_what_was_expected() {
    for (document, at, expected) in [
        ("", 0, "a value"),
        (" ", 1, "a value"),
        ("<!DOCTYPE html>", 0, "a value"),
        ("\u{feff}{}", 0, "a value"),
        ("'a'", 0, "a value"),
        ("+1", 0, "a value"),
        (".5", 0, "a value"),
        ("NaN", 0, "a value"),
        ("]", 0, "a value"),
        ("[,1]", 1, "a value"),
        ("[1,]", 3, "a value"),
        ("{\"a\":}", 5, "a value"),
        ("{\"a\":1", 6, "a comma or }"),
        ("{\"a\":1]", 6, "a comma or }"),
        ("[1", 2, "a comma or ]"),
        ("[1}", 2, "a comma or ]"),
        ("[1 2]", 3, "a comma or ]"),
        ("[01]", 2, "a comma or ]"),
        ("[0x1]", 2, "a comma or ]"),
        ("{", 1, "a member name in quotes"),
        ("{,}", 1, "a member name in quotes"),
        ("{\"a\":1,}", 7, "a member name in quotes"),
        ("{a:1}", 1, "a member name in quotes"),
        ("{1:1}", 1, "a member name in quotes"),
        ("{\"a\"}", 4, "a colon"),
        ("{\"a\" 1}", 5, "a colon"),
        ("{\"a\"", 4, "a colon"),
        ("null null", 5, "nothing behind the document"),
        ("{}x", 2, "nothing behind the document"),
        ("1 ,", 2, "nothing behind the document"),
        ("{}\0", 2, "nothing behind the document"),
        ("-", 1, "a digit"),
        ("-a", 1, "a digit"),
        ("1.", 2, "a digit"),
        ("1.e5", 2, "a digit"),
        ("1e", 2, "a digit"),
        ("1e+", 3, "a digit"),
        ("1e+-1", 3, "a digit"),
        ("nul", 0, "true, false or null"),
        ("True", 0, "a value"),
        ("trux", 0, "true, false or null"),
        ("truex", 4, "nothing behind the document"),
        ("\"", 1, "the end of the string"),
        ("\"a", 2, "the end of the string"),
        ("\"a\\\"", 4, "the end of the string"),
        ("\"a\nb\"", 2, "no bare control character in a string"),
        ("\"\0\"", 1, "no bare control character in a string"),
        ("\"\\x\"", 1, "a valid escape sequence"),
        ("\"\\", 1, "a valid escape sequence"),
        ("\"\\u12\"", 1, "a valid escape sequence"),
        ("\"\\u+123\"", 1, "a valid escape sequence"),
        ("\"\\u12é\"", 1, "a valid escape sequence"),
        ("\"\\ud83d\"", 1, "a valid escape sequence"),
        ("\"\\ud83d\\n\"", 1, "a valid escape sequence"),
        ("\"\\ud83d\\ud83d\"", 1, "a valid escape sequence"),
        ("\"\\ude00\"", 1, "a valid escape sequence"),
        ("\"\\ude00\\ud83d\"", 1, "a valid escape sequence"),
        ("{\"\\x\":1}", 2, "a valid escape sequence"),
    ] {
        assert_eq!(refused(document), (at, expected), "{document:?}");
    }
    let error = check(b"{\"a\":1,}").unwrap_err();
    assert_eq!(error.to_string(), "not JSON: expected a member name in quotes at byte 7");
}

#[test]
fn text_is_utf8() {
    for (document, at) in [(&b"\"\xff\""[..], 1), (b"\"\xc3\"", 1), (b"\xef\xbb", 0), (b"{\"a\":\"\xed\xa0\x80\"}", 6)]
    {
        let error = check(document).unwrap_err();
        assert_eq!((error.at, error.cause), (at, JsonCause::Utf8));
    }
}

#[test]
fn nesting_has_a_limit() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
        let levels = open.matches(['[', '{']).count();
        let nested = |depth: usize| {
            let times = depth / levels;
            format!("{}1{}", open.repeat(times), close.repeat(times))
        };
        assert!(check(nested(DEPTH_MAX).as_bytes()).is_ok());
        let document = nested(DEPTH_MAX + levels);
        let error = check(document.as_bytes()).unwrap_err();
        assert_eq!(error.cause, JsonCause::TooDeep);
        // The position is that of the bracket too many.
        let opened = document[..=error.at].matches(['[', '{']).count();
        assert_eq!(opened, DEPTH_MAX + 1);
    }
    // Side by side is not one inside the other.
    assert!(check(format!("[{}1]", "[[]],".repeat(100)).as_bytes()).is_ok());
}

#[test]
fn a_body_of_brackets_is_refused_without_recursion() {
    for bracket in ["[", "{\"a\":", "[[{\"a\":"] {
        // On a stack that has no room for thousands of anything.
        let document = bracket.repeat(1_000_000);
        let small = std::thread::Builder::new().stack_size(64 * 1024);
        let error = small.spawn(move || check(document.as_bytes()).unwrap_err()).unwrap().join().unwrap();
        assert_eq!(error.cause, JsonCause::TooDeep);
    }
    assert_eq!(check("[".repeat(3000).as_bytes()).unwrap_err().to_string(), "nested deeper than 16 levels at byte 16");
}

fn depth_of(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Array(values) => 1 + values.iter().map(depth_of).max().unwrap_or(0),
        serde_json::Value::Object(members) => 1 + members.values().map(depth_of).max().unwrap_or(0),
        _ => 0,
    }
}

/// Text that is JSON rather often.
fn document() -> impl Strategy<Value = String> {
    let words = vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\"a\"",
        "\"a\":",
        "0",
        "1",
        "-",
        ".",
        "e",
        "E+",
        "1.5",
        "true",
        "false",
        "null",
        " ",
        "\n",
        "\\u",
        "d83d",
        "de00",
        "\"\\ud83d\\ude00\"",
        "\\n",
        "é",
        "[1,",
        "{\"a\":1",
        "x",
    ];
    proptest::collection::vec(proptest::sample::select(words), 0..14).prop_map(|words| words.concat())
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            proptest::collection::vec((any::<String>(), inner), 0..5)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn serde_json_agrees_on_what_is_json(document in document()) {
        // serde_json refuses numbers it cannot hold as a float; that is not a question of form.
        match serde_json::from_str::<serde_json::Value>(&document) {
            Ok(value) if depth_of(&value) <= DEPTH_MAX => prop_assert_eq!(check(document.as_bytes()), Ok(&document[..])),
            Ok(_) => {}
            Err(error) if error.to_string().starts_with("number out of range") => {}
            Err(error) => prop_assert!(check(document.as_bytes()).is_err(), "{}", error),
        }
    }
}

proptest! {
    #[test]
    fn what_serde_json_writes_is_json(value in value()) {
        prop_assert!(check(value.to_string().as_bytes()).is_ok());
        prop_assert!(check(&serde_json::to_vec_pretty(&value).unwrap()).is_ok());
    }

    #[test]
    fn any_bytes_are_checked(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = check(&bytes);
    }

    #[test]
    fn a_document_that_is_cut_short_is_refused(value in value(), at in any::<proptest::sample::Index>()) {
        let document = format!("[{value}]");
        let bytes: Vec<u8> = document.into_bytes();
        prop_assert!(check(&bytes[..at.index(bytes.len())]).is_err());
    }
}
