//! The graph as a page that a person can read.

use super::state::Place;
use super::{Graph, Happening};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Events that lead further on the way to the link; the figure has these, and the table all.
const FURTHER: [Happening; 9] = [
    Happening::Connected,
    Happening::Good,
    Happening::AlreadyClaimed,
    Happening::KeyMade,
    Happening::KeyFound,
    Happening::Stored,
    Happening::Decrypted,
    Happening::NamesNode,
    Happening::Time,
];

fn name(place: Place) -> String {
    match place {
        Place::Idle => "idle".to_owned(),
        Place::Waiting => "waiting".to_owned(),
        Place::Done => "done".to_owned(),
        Place::Key => "wants a key".to_owned(),
        Place::Save(record) => format!("stores {record}"),
        Place::Decrypt => "wants the challenge decrypted".to_owned(),
        Place::Connect(purpose) => format!("connects for {purpose}"),
        Place::Ask("link") => "asks for the upgrade".to_owned(),
        Place::Ask(purpose) => format!("asks for {purpose}"),
        Place::Connack => "CONNECT sent".to_owned(),
        Place::Suback(count) => format!("SUBSCRIBE {count} sent"),
        Place::Announced => "announced".to_owned(),
        Place::Online => "online".to_owned(),
        Place::Ping => "online, PINGREQ sent".to_owned(),
        Place::Leaving => "farewell sent".to_owned(),
    }
}

/// `a_name`, for Mermaid.
fn id(place: Place) -> String {
    name(place).replace([' ', ','], "_")
}

/// From place to place, with the events that lead there.
fn places(graph: &Graph) -> BTreeMap<(Place, Place), BTreeSet<Happening>> {
    let mut edges: BTreeMap<(Place, Place), BTreeSet<Happening>> = BTreeMap::new();
    for ((from, event), to) in &graph.edges {
        edges.entry((from.place, to.place)).or_default().insert(*event);
    }
    edges
}

fn list(events: impl IntoIterator<Item = Happening>) -> String {
    events.into_iter().map(|event| event.to_string()).collect::<Vec<_>>().join(", ")
}

/// docs/engine-states.md: the counts of all `graphs`, and figure and table of the last one. `ways` is how many unmerged ways of which
/// length have been gone.
#[must_use]
pub fn page(graphs: &[Graph], ways: (usize, usize)) -> String {
    let mut page = String::from(
        "# The states of the engine\n\n\
         Made by `tests/properties/tests/exploration.rs`, which fails if this page is not up to date; `UPDATE_SNAPSHOTS=1` writes it.\n\n\
         A state is what can be seen of the engine from outside: the place where it stands, what is stored, whether messages wait for \
         their PUBACK, how many attempts failed, whether the token has done its work. The search is breadth first from a device that is \
         not claimed, and tries every event in every state until nothing new is found. On each edge it is checked that there is one \
         connection at most and nothing is sent without, that the claim comes before everything else and its mark before the claim, that \
         no secret is where it does not belong (after the claim was taken back: nowhere), that failures have a cause, that every wait has \
         an end unless the engine is idle, and that it comes to rest.\n\n\
         | goal | states | edges | the farthest state takes |\n|---|---|---|---|\n",
    );
    for graph in graphs {
        let (states, edges, depth) = graph.counts();
        let _ = writeln!(page, "| {:?} | {states} | {edges} | {depth} events |", graph.goal);
    }
    let _ = writeln!(
        page,
        "\nBesides, every way of {} events was gone without taking two states for one: {} ways.",
        ways.0, ways.1
    );
    let Some(graph) = graphs.last() else { return page };
    let _ = writeln!(
        page,
        "\n## How it gets on\n\n\
         With the goal {:?}, the places and what leads on from one to the next. What goes wrong is in the table below.\n\n\
         ```mermaid\nflowchart TD",
        graph.goal
    );
    let edges = places(graph);
    let all: BTreeSet<Place> = graph.states.keys().map(|state| state.place).collect();
    for place in &all {
        let _ = writeln!(page, "    {}[\"{}\"]", id(*place), name(*place));
    }
    for ((from, to), events) in &edges {
        let further: Vec<Happening> = events.iter().copied().filter(|event| FURTHER.contains(event)).collect();
        let is_late = *to == Place::Waiting || (further == [Happening::Time] && *from != Place::Waiting);
        if from != to && !further.is_empty() && !is_late {
            let _ = writeln!(page, "    {} -->|{}| {}", id(*from), list(further), id(*to));
        }
    }
    page.push_str("```\n\n## Everything that can happen\n\nWhere several places stand for one event, it depends on what happened before.\n\n");
    page.push_str("| place | what happens | leads to |\n|---|---|---|\n");
    for from in all {
        for ((_, to), events) in edges.range((from, Place::Idle)..=(from, Place::Leaving)) {
            let _ = writeln!(page, "| {} | {} | {} |", name(from), list(events.iter().copied()), name(*to));
        }
    }
    page
}
