use crate::wire::buffer::Writer;
use crate::wire::json::{Escaped, parse, put_string};
use proptest::prelude::*;
use std::format;
use std::string::String;

fn written(text: &str) -> String {
    let mut buffer = [0; 8 * 1024];
    let mut writer = Writer::new(&mut buffer);
    put_string(&mut writer, text);
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
fn a_string_that_does_not_fit_is_refused() {
    for size in 0..8 {
        let mut buffer = std::vec![0; size];
        let mut writer = Writer::new(&mut buffer);
        put_string(&mut writer, "abc\"\n");
        assert!(writer.finish().is_err());
    }
}

proptest! {
    #[test]
    fn a_string_reads_back(text in any::<String>()) {
        let json = written(&text);
        prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), &text[..]);
        let ours: heapless::String<2048> = parse(json.as_bytes(), &mut [0; 2048]).unwrap();
        prop_assert_eq!(ours.as_str(), &text[..]);
    }
}
