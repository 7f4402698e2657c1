//! What the comparisons share: bytes out of our writer, damage, pieces, and the count of differences.

use crate::compare::Verdict;
use aclk_core::wire::buffer::Writer;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;

/// What `write` writes.
pub fn written(write: impl Fn(&mut Writer<'_>)) -> Vec<u8> {
    let mut buffer = vec![0; 1 << 18];
    let mut writer = Writer::new(&mut buffer);
    write(&mut writer);
    let len = writer.finish().expect("it can be expressed and fits");
    buffer.truncate(len);
    buffer
}

/// `bytes` in pieces as long as `cuts` say, over and over.
pub fn pieces<'b>(bytes: &'b [u8], cuts: &[usize]) -> Vec<&'b [u8]> {
    let (mut pieces, mut rest) = (Vec::new(), bytes);
    for cut in cuts.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, behind) = rest.split_at((*cut).clamp(1, rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    pieces
}

/// Lengths for [`pieces`].
pub fn cuts() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(1..20_usize, 1..40)
}

/// A place in bytes: near the front, where the fields are that matter most, or anywhere.
#[derive(Debug, Clone)]
pub enum Place {
    Front(usize),
    Anywhere(Index),
}

impl Place {
    fn index(&self, len: usize) -> usize {
        match self {
            Self::Front(at) => (*at).min(len - 1),
            Self::Anywhere(at) => at.index(len),
        }
    }
}

/// Something that happens to bytes.
#[derive(Debug, Clone)]
pub enum Damage {
    Flip(Place, u8),
    Set(Place, u8),
    Remove(Place),
    Insert(Place, u8),
    /// Two bytes become zero.
    Clear(Place),
    Truncate(Place),
    Repeat(Place, Place),
}

impl Damage {
    pub fn apply(&self, bytes: &mut Vec<u8>) {
        let len = bytes.len();
        match self {
            Self::Insert(at, byte) => bytes.insert(at.index(len + 1), *byte),
            _ if len == 0 => {}
            Self::Flip(at, bit) => bytes[at.index(len)] ^= 1 << (bit % 8),
            Self::Set(at, byte) => bytes[at.index(len)] = *byte,
            Self::Clear(at) => bytes.iter_mut().skip(at.index(len)).take(2).for_each(|byte| *byte = 0),
            Self::Remove(at) => drop(bytes.remove(at.index(len))),
            Self::Truncate(at) => bytes.truncate(at.index(len)),
            Self::Repeat(from, to) => {
                let (from, to) = (from.index(len), to.index(len));
                let part = bytes[from.min(to)..from.max(to)].to_vec();
                bytes.splice(from.min(to)..from.min(to), part);
            }
        }
    }
}

/// Any kind of damage; `likely` are the bytes that make a difference in the format.
pub fn damage(likely: &'static [u8]) -> impl Strategy<Value = Damage> {
    let at = || prop_oneof![1 => (0..6_usize).prop_map(Place::Front), 2 => any::<Index>().prop_map(Place::Anywhere)];
    let byte = || prop_oneof![2 => proptest::sample::select(likely), 1 => any::<u8>()];
    prop_oneof![
        3 => (at(), any::<u8>()).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        3 => (at(), byte()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        2 => at().prop_map(Damage::Remove),
        2 => (at(), byte()).prop_map(|(at, byte)| Damage::Insert(at, byte)),
        1 => at().prop_map(Damage::Clear),
        1 => at().prop_map(Damage::Truncate),
        1 => (at(), at()).prop_map(|(from, to)| Damage::Repeat(from, to)),
    ]
}

/// The same `count` values of `strategy` in every run.
pub fn same_every_time<S: Strategy>(strategy: S, count: usize) -> impl Iterator<Item = S::Value> {
    use proptest::strategy::ValueTree;
    let mut runner = TestRunner::deterministic();
    (0..count).map(move |_| strategy.new_tree(&mut runner).expect("the strategy has values").current())
}

/// How two readers of the same bytes compare.
#[derive(Default)]
pub struct Comparison {
    accepted: usize,
    refused: usize,
    /// By name: how often, and the first one.
    different: BTreeMap<String, (usize, String)>,
}

impl Comparison {
    /// Counts how both took `bytes`.
    pub fn add(&mut self, verdict: Verdict, bytes: &[u8]) {
        match verdict {
            Verdict::BothAccept => self.accepted += 1,
            Verdict::BothRefuse => self.refused += 1,
            Verdict::Differ(name) => {
                self.different.entry(name).or_insert_with(|| (0, bytes.escape_ascii().to_string())).0 += 1;
            }
        }
    }

    /// Prints the counts. Fails if something differs that is not in `table`, or if something of `table` did not occur.
    #[track_caller]
    pub fn conclude(mut self, title: &str, table: &[(&str, &str)]) {
        println!("{title}: {} accepted by both, {} refused by both", self.accepted, self.refused);
        let mut absent: Vec<&str> = Vec::new();
        for (name, reason) in table {
            let (count, _) = self.different.remove(*name).unwrap_or_default();
            println!("  {count:6} {name}: {reason}");
            absent.extend((count == 0).then_some(name));
        }
        assert!(self.different.is_empty(), "differences that the table does not have: {:#?}", self.different);
        assert!(absent.is_empty(), "in the table, but it does not occur: {absent:?}");
        assert!(self.accepted > 100 && self.refused > 100, "the damage is too little or too great to tell anything");
    }
}
