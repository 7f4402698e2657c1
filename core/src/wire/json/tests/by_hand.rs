//! Documents with a `Reader`: the same values and the same errors as with a type.

use crate::wire::json::{JsonCause, JsonError, Reader, Shape, Unfit, parse, read};
use proptest::prelude::*;
use serde::Deserialize;
use std::string::{String, ToString};
use std::vec::Vec;
use std::{format, vec};

/// Every kind of value that a reply has.
#[derive(Debug, Default, Deserialize, PartialEq)]
struct Reply {
    name: heapless::String<8>,
    list: Vec<Entry>,
    #[serde(default)]
    maybe: Option<heapless::String<8>>,
    #[serde(default)]
    flag: bool,
    #[serde(default)]
    small: u16,
    #[serde(default)]
    wide: u64,
    #[serde(default)]
    signed: i64,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
struct Entry {
    kind: heapless::String<8>,
    numbers: Vec<u16>,
}

const REPLY: Shape =
    Shape { what: "struct Reply", members: &["name", "list", "maybe", "flag", "small", "wide", "signed"], required: 2 };
const ENTRY: Shape = Shape { what: "struct Entry", members: &["kind", "numbers"], required: 2 };
const TEXT: &str = "a string no more than 8 bytes long";

impl Reply {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Unfit> {
        reader.object(&REPLY, &mut |reader, member| {
            match member {
                0 => reader.string_into(TEXT, &mut self.name)?,
                1 => reader.array("a sequence", &mut |reader, index| {
                    assert_eq!(index, self.list.len());
                    let mut entry = Entry::default();
                    entry.read(reader)?;
                    self.list.push(entry);
                    Ok(())
                })?,
                2 if reader.is_null() => {}
                2 => {
                    let mut text = heapless::String::new();
                    reader.string_into(TEXT, &mut text)?;
                    self.maybe = Some(text);
                }
                3 => self.flag = reader.boolean()?,
                4 => self.small = reader.unsigned("u16", u16::MAX.into())?.try_into().unwrap(),
                5 => self.wide = reader.unsigned("u64", u64::MAX)?,
                6 => self.signed = reader.signed("i64")?,
                _ => unreachable!("there is no such member"),
            }
            Ok(())
        })
    }
}

impl Entry {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Unfit> {
        reader.object(&ENTRY, &mut |reader, member| match member {
            0 => reader.string_into(TEXT, &mut self.kind),
            _ => reader.array("a sequence", &mut |reader, _| {
                self.numbers.push(reader.unsigned("u16", u16::MAX.into())?.try_into().unwrap());
                Ok(())
            }),
        })
    }
}

fn by_hand(document: &[u8], scratch: &mut [u8]) -> Result<Reply, JsonError> {
    let mut reply = Reply::default();
    read(document, scratch, &mut |reader| reply.read(reader))?;
    Ok(reply)
}

/// Both ways; they have to agree.
fn both(document: &[u8]) -> Result<Reply, JsonError> {
    let hand = by_hand(document, &mut [0; 16]);
    assert_eq!(parse::<Reply>(document, &mut [0; 16]), hand, "{}", String::from_utf8_lossy(document));
    hand
}

const DOCUMENT: &str = r#"{"name":"n\u006fde","list":[{"kind":"a","numbers":[]},{"x":[{}],"numbers":[0,65535],"kind":"\ud83d\ude00"}],
    "maybe":null,"unknown":{"name":[1.5e3]},"flag":true,"sm\u0061ll":7,"wide":18446744073709551615,"signed":-9223372036854775808}"#;

#[test]
fn every_kind_of_value_is_read() {
    let reply = both(DOCUMENT.as_bytes()).unwrap();
    assert_eq!((reply.name.as_str(), reply.flag, reply.small), ("node", true, 7));
    assert_eq!((reply.wide, reply.signed, reply.maybe), (u64::MAX, i64::MIN, None));
    assert_eq!((reply.list[1].kind.as_str(), reply.list[1].numbers.as_slice()), ("😀", &[0, 65535][..]));
}

#[test]
fn each_error_is_that_of_a_type() {
    for (from, to, cause) in [
        ("\"name\":\"n\\u006fde\",", "", "\"name\" is missing at byte 0"),
        ("\"kind\":\"a\",", "", "\"kind\" is missing in \"list\" at byte 28"),
        ("\"unknown\"", "\"name\"", "\"name\" is there twice at byte 0"),
        ("[0,65535]", "[0,65536]", "expected u16 in \"numbers\""),
        ("n\\u006fde", "123456789", "expected a string no more than 8 bytes long in \"name\""),
        ("n\\u006fde", "\\u00611234567890123456", "an escaped string does not fit 16 bytes in \"name\""),
        ("null", "5", "expected a string no more than 8 bytes long in \"maybe\""),
        ("\"flag\":true", "\"flag\":null", "expected a boolean in \"flag\""),
        ("18446744073709551615", "18446744073709551616", "expected u64 in \"wide\""),
        ("18446744073709551615", "-1", "expected u64 in \"wide\""),
        ("-9223372036854775808", "-9223372036854775809", "expected i64 in \"signed\""),
        ("-9223372036854775808", "9223372036854775808", "expected i64 in \"signed\""),
        ("-9223372036854775808", "1.0", "expected i64 in \"signed\""),
        ("[{}]", "[{}", "not JSON: expected a comma or ]"),
    ] {
        let document = DOCUMENT.replacen(from, to, 1);
        let error = both(document.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with(cause), "{error} should be {cause}");
    }
    assert_eq!(both(b"{\"name\":\"\",\"list\":[],\"small\":-0}").unwrap().small, 0);
    assert_eq!(by_hand(b"[]", &mut []).unwrap_err().to_string(), "expected struct Reply at byte 0");
}

#[test]
fn a_place_may_be_refused_for_a_reason_of_ones_own() {
    let error = read(b"{\"a\": [1]}", &mut [], &mut |reader| {
        reader.object(&Shape { what: "an object", members: &["a"], required: 1 }, &mut |reader, _| {
            let at = reader.at();
            reader.array("numbers", &mut |reader, _| reader.unsigned("a digit", 9).map(|_| ()))?;
            Err(reader.refuse(at, "two numbers"))
        })
    });
    let error = error.unwrap_err();
    assert_eq!((error.at, error.cause), (6, JsonCause::Mismatch(crate::text::Text::of("two numbers"))));
    assert_eq!(error.member.as_str(), "a");
}

#[test]
fn what_nobody_reads_is_no_value() {
    let error = read(b"{}", &mut [], &mut |_| Err(Unfit)).unwrap_err();
    assert_eq!(error.to_string(), "not JSON: expected a value at byte 0");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_documents_are_the_same_to_both(
        at in any::<proptest::sample::Index>(), len in 0_usize..24, with in "[\\[\\]{}\",:0-9a-z\\\\ -]{0,8}",
    ) {
        let at = at.index(DOCUMENT.len());
        let mut document = DOCUMENT.as_bytes().to_vec();
        document.splice(at..(at + len).min(DOCUMENT.len()), with.bytes());
        let _ = both(&document);
    }

    #[test]
    fn members_may_come_in_any_order(order in Just(vec![0, 1, 2, 3, 4, 5, 6]).prop_shuffle(), count in 0_usize..=7) {
        let members = [
            "\"name\":\"n\"", "\"list\":[]", "\"maybe\":\"m\"", "\"flag\":false", "\"small\":1", "\"wide\":2", "\"signed\":-3",
        ];
        let chosen: Vec<&str> = order.iter().take(count).map(|index| members[*index]).collect();
        let _ = both(format!("{{{}}}", chosen.join(",")).as_bytes());
    }
}
