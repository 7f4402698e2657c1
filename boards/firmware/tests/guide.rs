//! The numbers in docs/firmware-guide.md are those of the program.

use aclk_firmware::Memory;
use aclk_firmware::flash::{AnchorMemory, FORMAT, PAGE_MIN, PAGES_MIN};
use aclk_firmware::limits::{
    API_SOCKETS, LINE_MAX, LINES_LEN, QUERIES, RECEIVE, RECORD_MAX, RECORD_READ_LEN, SEND, TCP_RECEIVE, TCP_SEND,
    TLS_WRITE,
};
use aclk_firmware::local_api::ApiMemory;
use std::mem::size_of;

const GUIDE: &str = include_str!("../../../docs/firmware-guide.md");

/// The rows of the table of limits: name, value, bytes of RAM.
fn rows() -> Vec<(String, String, String)> {
    let (_, table) = GUIDE.split_once("| limit |").expect("there is a table of limits");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let mut cells = row.split('|').skip(1).map(|cell| cell.trim().trim_matches('`').replace(' ', ""));
        let mut cell = || cells.next().unwrap_or_default();
        (cell(), cell(), cell())
    })
    .collect()
}

#[test]
fn every_limit_is_in_the_guide_with_its_value_and_its_cost() {
    let expected = [
        ("RECORD_READ_LEN", RECORD_READ_LEN, RECORD_READ_LEN),
        ("RECEIVE", RECEIVE, RECEIVE),
        ("SEND", SEND, SEND),
        ("QUERIES", QUERIES, QUERIES),
        ("TLS_WRITE", TLS_WRITE, TLS_WRITE),
        ("TCP_RECEIVE", TCP_RECEIVE, TCP_RECEIVE),
        ("TCP_SEND", TCP_SEND, TCP_SEND),
        ("API_SOCKETS", API_SOCKETS, size_of::<ApiMemory>()),
        ("Memory", 1, size_of::<Memory>()),
        ("RECORD_MAX", RECORD_MAX, 2 * RECORD_MAX),
        ("LINE_MAX", LINE_MAX, LINE_MAX),
        ("LINES_LEN", LINES_LEN, LINES_LEN),
    ];
    let expected = expected.map(|(name, value, bytes)| (name.to_owned(), value.to_string(), bytes.to_string()));
    assert_eq!(rows(), expected);
    assert_eq!(size_of::<AnchorMemory>(), RECORD_MAX);
}

#[test]
fn the_parts_of_the_memory_add_up() {
    let parts = RECORD_READ_LEN + RECEIVE + SEND + QUERIES + TLS_WRITE + TCP_RECEIVE + TCP_SEND;
    assert_eq!(size_of::<Memory>(), parts + size_of::<ApiMemory>());
}

#[test]
fn the_numbers_of_the_flash_are_in_the_text() {
    for text in [
        format!("{PAGES_MIN} pages of {PAGE_MIN} bytes at least"),
        format!("format {FORMAT}"),
        format!("a record has {RECORD_MAX} bytes at most"),
    ] {
        assert!(GUIDE.contains(&text), "{text}");
    }
}
