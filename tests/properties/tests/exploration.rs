//! Every state of the engine, every event in it. The result is docs/engine-states.md; read the difference before you accept it with
//! `UPDATE_SNAPSHOTS=1`.

use aclk_core::engine::event::{Goal, Until};
use aclk_properties::exploration::{every_way, explore, page};
use std::path::Path;

/// No state is farther away than this.
const DEPTH: usize = 60;
/// Ways of so many events are gone one by one: there are some ten events in every state.
const WAYS: usize = 5;

const GOALS: [Goal; 4] = [Goal::Claim, Goal::Link, Goal::Check(Until::Online), Goal::ClaimAndLink];

#[test]
fn every_state_is_reached_every_event_is_tried_and_the_page_is_up_to_date() {
    let graphs = GOALS.map(|goal| explore(goal, DEPTH).unwrap_or_else(|reason| panic!("{reason}")));
    for graph in &graphs {
        let (states, edges, depth) = graph.counts();
        println!("{:?}: {states} states, {edges} edges, {depth} deep", graph.goal);
        assert!(depth < DEPTH, "there may be more states");
    }
    let ways = every_way(Goal::ClaimAndLink, WAYS).unwrap_or_else(|reason| panic!("{reason}"));
    let now = page(&graphs, (WAYS, ways));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/engine-states.md");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &now).expect("the page can be written");
    }
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    for (now, before) in now.lines().zip(before.lines()) {
        assert_eq!(now, before);
    }
    assert_eq!(now.lines().count(), before.lines().count());
}
