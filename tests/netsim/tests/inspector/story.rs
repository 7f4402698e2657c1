//! The whole spine as the list of frames tells it, from the first question for an address to the last goodbye.
//!
//! It is pinned in `story.txt`. Read the difference before you accept it with `UPDATE_SNAPSHOTS=1`.

use crate::recorded::{behind, life, rows};
use aclk_inspect::view::{Direction, Protocol, Summary};
use aclk_netsim::Setup;
use aclk_proxy::Kind;
use std::path::Path;

/// All rows but for those of segments that say nothing, or only a part of something: how messages are cut into pieces
/// depends on the buffers of the device.
fn story(title: &str, setup: Setup) -> String {
    let recorded = life(setup);
    let inspector = recorded.inspector();
    let mut story = format!("{title}\n\n");
    let says_nothing = |row: &Summary| row.protocol == Protocol::Tcp || row.text.starts_with("part of a message");
    for row in rows(&inspector).iter().filter(|row| !says_nothing(row)) {
        let way = if row.direction == Direction::Out { ">" } else { "<" };
        let purpose = row.purpose.map_or_else(String::new, |purpose| format!("{purpose:?}").to_lowercase());
        let protocol = format!("{:?}", row.protocol).to_lowercase();
        let flags: Vec<_> = row.flags.iter().map(|flag| format!("{flag:?}")).collect();
        story += &format!("{way} {purpose:9} {protocol:9} {}{}", row.text, flags.join(" "));
        story.push('\n');
    }
    story.push('\n');
    for connection in inspector.connections() {
        let said = format!(
            "{:?} to {} for {:?}: host \"{}\", proxy {:?}, TLS {:?}, {:?}",
            connection.transport,
            connection.peer,
            connection.purpose,
            connection.host,
            connection.proxy,
            connection.tls,
            connection.state
        );
        story += &said.to_lowercase();
        story.push('\n');
    }
    story
}

#[test]
fn the_list_of_frames_tells_the_whole_story_as_it_is_pinned() {
    let stories = [
        story("directly", Setup::default()),
        story("through an HTTP proxy", behind(Kind::Http)),
        story("through a SOCKS proxy", behind(Kind::Socks)),
    ]
    .join("\n");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inspector/story.txt");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &stories).expect("the story can be written");
    }
    let pinned = std::fs::read_to_string(&path).unwrap_or_default();
    for (now, before) in stories.lines().zip(pinned.lines()) {
        assert_eq!(now, before);
    }
    assert_eq!(stories.lines().count(), pinned.lines().count());
}
