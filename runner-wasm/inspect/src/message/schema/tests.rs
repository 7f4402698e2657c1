//! The schema is that of protocol.md 3.5.

use super::{Entry, Kind, Message, of_topic};
use std::collections::{BTreeMap, BTreeSet};

const PROTOCOL: &str = include_str!("../../../../../docs/protocol.md");

/// The fields of each message in the tables of 3.5: number and name.
fn documented() -> BTreeMap<String, BTreeSet<(u32, String)>> {
    let section = PROTOCOL.split("### 3.5").nth(1).expect("a section 3.5").split("### 3.6").next().expect("its end");
    let rows = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| message"));
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let fields = cells.last().expect("cells").split(';').next().expect("a list").replace(" and ", ", ");
        let mut depth = 0;
        let flat: String = fields
            .chars()
            .filter(|char| {
                depth += i32::from(*char == '{');
                let is_outside = depth == 0;
                depth -= i32::from(*char == '}');
                is_outside
            })
            .collect();
        let entry = |item: &str| {
            let mut words = item.split_whitespace();
            let name = words.next()?.to_owned();
            words.find_map(|word| word.parse().ok()).map(|number| (number, name))
        };
        (cells[0].to_owned(), flat.split(',').filter_map(entry).collect())
    };
    rows.map(row).collect()
}

/// All messages, those inside of others included.
fn known() -> BTreeMap<&'static str, &'static Message> {
    let topics = PROTOCOL.split(['`', '/', ' ', '\n', '|', ',']).filter_map(of_topic);
    let mut known = BTreeMap::new();
    let mut queue: Vec<&'static Message> = topics.collect();
    while let Some(message) = queue.pop() {
        known.insert(message.name, message);
        queue.extend(message.fields.iter().filter_map(|entry| match entry.kind {
            Kind::Message(inner) => Some(inner),
            _ => None,
        }));
    }
    known
}

#[test]
fn every_message_has_the_fields_of_the_reference() {
    let documented = documented();
    let known = known();
    let mut compared = 0;
    for (name, fields) in &documented {
        let Some(message) = known.get(name.as_str()) else { panic!("{name} is in protocol.md and not known here") };
        let ours: BTreeSet<(u32, String)> =
            message.fields.iter().map(|Entry { number, name, .. }| (*number, (*name).to_owned())).collect();
        assert_eq!(&ours, fields, "{name}");
        compared += 1;
    }
    assert!(compared > 20, "{documented:?}");
}
