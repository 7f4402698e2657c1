use crate::wire::buffer::Writer;
use crate::wire::json::{Escaped, parse, put};
use proptest::prelude::*;
use std::format;
use std::string::String;

fn written(text: &str) -> String {
    format!("\"{}\"", Escaped(text))
}

/// As part of a value.
fn put_written(text: &str) -> String {
    let mut buffer = [0; 8 * 1024];
    let mut writer = Writer::new(&mut buffer);
    writer.put(b"> ");
    put(&mut writer, &[text]);
    let len = writer.finish().unwrap();
    String::from_utf8(buffer[..len].to_vec()).unwrap()
}

#[test]
fn a_string_is_escaped_where_it_has_to_be() {
    assert_eq!(written(""), r#""""#);
    assert_eq!(written("edge-1 é😀/"), "\"edge-1 é😀/\"");
    assert_eq!(written("a\"b\\c"), r#""a\"b\\c""#);
    assert_eq!(written("\n\r\t\u{8}\u{c}\0\u{1f}\u{7f}"), "\"\\n\\r\\t\\u0008\\u000c\\u0000\\u001f\u{7f}\"");
    assert_eq!(format!("{}", Escaped("-----BEGIN-----\nAB\n")), r"-----BEGIN-----\nAB\n");
}

#[test]
fn a_value_is_compact_and_its_strings_are_escaped() {
    assert_eq!(put_written("edge-1 é😀/\u{7f}"), "> [\"edge-1 é😀/\u{7f}\"]");
    assert_eq!(put_written("a\"b\\c\n\r\t\u{8}\u{c}\0\u{1f}"), r#"> ["a\"b\\c\n\r\t\b\f\u0000\u001F"]"#);
}

#[test]
fn a_value_that_does_not_fit_is_refused() {
    for size in 0..8 {
        let mut buffer = std::vec![0; size];
        let mut writer = Writer::new(&mut buffer);
        put(&mut writer, &"abc\"\n");
        assert!(writer.finish().is_err());
    }
}

#[test]
fn what_follows_a_value_that_does_not_fit_does_not_fit_either() {
    let mut buffer = [0; 8];
    let mut writer = Writer::new(&mut buffer);
    put(&mut writer, &"123456789");
    put(&mut writer, &1_u8);
    assert!(writer.finish().is_err());
}

proptest! {
    #[test]
    fn a_string_reads_back(text in any::<String>()) {
        let json = written(&text);
        prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), &text[..]);
        let ours: heapless::String<2048> = parse(json.as_bytes(), &mut [0; 2048]).unwrap();
        prop_assert_eq!(ours.as_str(), &text[..]);
        prop_assert_eq!(serde_json::from_str::<[String; 1]>(&put_written(&text)[2..]).unwrap(), [text]);
    }
}
