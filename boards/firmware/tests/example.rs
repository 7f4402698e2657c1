//! What an application adds to be a node stays short.

#[test]
fn claiming_and_the_link_are_added_in_forty_lines() {
    let added = include_str!("../examples/node/node.rs");
    assert!(added.lines().count() <= 40, "{} lines", added.lines().count());
    assert!(added.lines().all(|line| line.len() <= 120), "and none of them is long");
    assert_eq!(added.matches(" chart(").count(), 2, "with two charts");
}
