//! JSON documents against serde_json: the same values out of the same types.

use crate::compare::json::{Reply, TOLERATED, compare, ours};
use crate::support::{Comparison, damage, same_every_time};
use aclk_core::wire::json::{DEPTH_MAX, JsonCause, parse};
use proptest::prelude::*;

/// A string in quotes, with some of its characters escaped though they need not be.
fn quoted() -> impl Strategy<Value = String> {
    proptest::collection::vec((any::<char>(), any::<bool>()), 0..6).prop_map(|characters| {
        let mut text = String::from("\"");
        for (c, escaped) in characters {
            if escaped || matches!(c, '"' | '\\' | '\0'..='\x1f') {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| text.push_str(&format!("\\u{unit:04x}")));
            } else {
                text.push(c);
            }
        }
        text.push('"');
        text
    })
}

/// A value that nobody asks for.
fn anything() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        quoted(),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,4})?([eE][+-]?[0-9]{1,2})?",
        Just("null".to_owned()),
        Just("true".to_owned()),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|values| format!("[{}]", values.join(", "))),
            proptest::collection::vec((quoted(), inner), 0..4).prop_map(|members| {
                let members: Vec<String> = members.iter().map(|(name, value)| format!("{name} :{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn document() -> impl Strategy<Value = String> {
    let or_null = |value: BoxedStrategy<String>| prop_oneof![3 => value, 1 => Just("null".to_owned())];
    let list = proptest::collection::vec(or_null(any::<u16>().prop_map(|n| n.to_string()).boxed()), 0..6);
    let members: Vec<(&str, BoxedStrategy<String>)> = vec![
        ("text", quoted().boxed()),
        ("maybe", or_null(quoted().boxed()).boxed()),
        ("small", any::<u8>().prop_map(|n| n.to_string()).boxed()),
        ("signed", any::<i32>().prop_map(|n| n.to_string()).boxed()),
        ("wide", any::<u64>().prop_map(|n| n.to_string()).boxed()),
        ("deep", any::<i64>().prop_map(|n| n.to_string()).boxed()),
        ("ratio", "-?[0-9]\\.[0-9]{1,5}(e[+-]?[0-9])?".boxed()),
        ("flag", any::<bool>().prop_map(|flag| flag.to_string()).boxed()),
        (
            "kind",
            proptest::sample::select(vec!["\"proto\"", "\"json\"", "\"js\\u006fn\""]).prop_map(str::to_owned).boxed(),
        ),
        ("list", list.prop_map(|list| format!("[{}]", list.join(","))).boxed()),
        ("pair", (any::<i8>(), any::<bool>()).prop_map(|(n, flag)| format!("[{n},{flag}]")).boxed()),
        (
            "inner",
            (quoted(), 0..3_usize)
                .prop_map(|(name, n)| format!("{{\"name\":{name},\"more\":[{}]}}", vec!["[true, false]"; n].join(",")))
                .boxed(),
        ),
        ("unknown", anything().boxed()),
    ];
    let members: Vec<_> = members
        .into_iter()
        .map(|(name, value)| value.prop_map(move |value| format!("\"{name}\":{value}")).boxed())
        .collect();
    let space = proptest::sample::select(vec!["", " ", "\r\n\t"]);
    (members.prop_shuffle(), space).prop_map(|(members, space)| {
        format!("{space}{{{space}{}{space}}}{space}", members.join(&format!("{space},{space}")))
    })
}

proptest! {
    #[test]
    fn every_document_is_read_alike(document in document()) {
        match (ours(document.as_bytes()), serde_json::from_str::<Reply>(&document)) {
            (Ok(ours), Ok(theirs)) => prop_assert_eq!(ours, theirs),
            // Strings are as long as they happen to be: both have to find them too long.
            (Err(ours), Err(_)) => prop_assert!(matches!(ours.cause, JsonCause::Mismatch(_)), "{}", ours),
            (ours, theirs) => prop_assert!(false, "{:?} {:?}", ours, theirs),
        }
    }
}

/// What damage does not lead to: a place in a good document, and what becomes of it.
const MADE: [(&str, &str); 4] = [
    (r#"{"name":"n","more":[]}"#, r#"["n",[]]"#),
    (r#""kind":"json""#, r#""kind":{"json":null}"#),
    (r#""signed":1"#, r#""signed":-0"#),
    (r#""name":"n""#, r#""name":"n","\u0061aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa":1"#),
];
const GOOD: &str = r#"{"text":"","small":1,"signed":1,"wide":1,"deep":1,"ratio":1,"flag":true,"kind":"json","list":[],"pair":[1,true],"inner":{"name":"n","more":[]}}"#;

#[test]
fn damaged_documents_are_refused_by_both_or_read_alike() {
    let likely = b"{}[]\",:\\/0123456789-+.eE tfn\x1f\x80\xc3u";
    let cases = (document(), proptest::collection::vec(damage(likely), 0..3));
    let damaged = same_every_time(cases, 30_000).map(|(document, damages)| {
        let mut bytes = document.into_bytes();
        damages.iter().for_each(|damage| damage.apply(&mut bytes));
        bytes
    });
    let made = MADE.map(|(from, to)| {
        assert!(ours(GOOD.as_bytes()).is_ok() && GOOD.contains(from), "{from}");
        GOOD.replace(from, to).into_bytes()
    });
    let mut comparison = Comparison::default();
    for bytes in damaged.chain(made) {
        comparison.add(compare(&bytes), &bytes);
    }
    comparison.conclude("JSON documents", TOLERATED);
}

#[test]
fn depth_is_limited_by_us_alone() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for depth in [1, DEPTH_MAX, DEPTH_MAX + 1, 100] {
        let document = nested(depth);
        assert!(serde_json::from_str::<serde::de::IgnoredAny>(&document).is_ok());
        let ours = parse::<serde::de::IgnoredAny>(document.as_bytes(), &mut []);
        assert_eq!(ours.is_ok(), depth <= DEPTH_MAX, "{depth}");
    }
}
