//! What there may be many of, each with two counters: network interfaces and disks.

use super::rate::Counter;
use super::text::{identifier, printable};

/// How many of a kind have a chart of their own.
pub(super) const CHARTED_MAX: usize = 8;
/// How many of a kind count in the sum.
const WATCHED_MAX: usize = 64;
/// Longest name, in bytes.
const NAME_MAX: usize = 64;

/// One that was there at the start.
#[derive(Debug)]
pub(super) struct Found {
    /// What the kernel calls it.
    pub(super) name: Vec<u8>,
    /// For people.
    pub(super) label: String,
    /// The id of its chart.
    pub(super) id: String,
    is_charted: bool,
    is_summed: bool,
}

/// Something that may be watched.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) name: Vec<u8>,
    /// Those with a low rank get the charts.
    pub(super) rank: u8,
    pub(super) is_summed: bool,
}

/// All of a kind that are watched: those with charts first.
#[derive(Debug, Default)]
pub(super) struct Watched {
    pub(super) found: Vec<Found>,
    /// How many were left out.
    pub(super) left_out: usize,
}

impl Watched {
    /// Chooses among `candidates`. The ids of their charts begin with `prefix`.
    pub(super) fn choose(prefix: &str, mut candidates: Vec<Candidate>) -> Self {
        candidates.sort_by_key(|candidate| candidate.rank);
        let mut watched = Self::default();
        for Candidate { name, is_summed, .. } in candidates {
            let id = format!("{prefix}{}", identifier(&name));
            let is_known = watched.found.iter().any(|found| found.id == id);
            let is_charted = watched.found.len() < CHARTED_MAX;
            if name.len() > NAME_MAX || is_known || watched.found.len() >= WATCHED_MAX || !(is_charted || is_summed) {
                watched.left_out += 1;
                continue;
            }
            watched.left_out += usize::from(!is_charted);
            watched.found.push(Found { label: printable(&name, NAME_MAX), id, is_charted, is_summed, name });
        }
        watched
    }

    /// Those with charts of their own.
    pub(super) fn charted(&self) -> impl Iterator<Item = &Found> {
        self.found.iter().filter(|found| found.is_charted)
    }

    /// Whether any counts in the sum.
    pub(super) fn has_sum(&self) -> bool {
        self.found.iter().any(|found| found.is_summed)
    }
}

/// The two rates of one of them.
type Rates = [Option<f64>; 2];

/// The counters of all of them.
#[derive(Debug)]
pub(super) struct Counters<'m> {
    watched: &'m Watched,
    counters: Vec<[Counter; 2]>,
    rates: Vec<Rates>,
}

impl<'m> Counters<'m> {
    pub(super) fn new(watched: &'m Watched) -> Self {
        let count = watched.found.len();
        Self { watched, counters: vec![[Counter::default(); 2]; count], rates: vec![[None; 2]; count] }
    }

    /// Takes what the counters are now; of a name that comes twice, the last one counts.
    pub(super) fn step<'t>(
        &mut self,
        now: impl Iterator<Item = (&'t [u8], [Option<u64>; 2])> + Clone,
        elapsed: Option<f64>,
    ) {
        for ((found, counters), rates) in self.watched.found.iter().zip(&mut self.counters).zip(&mut self.rates) {
            let values = now.clone().filter(|(name, _)| *name == found.name).last();
            let [first, second] = values.map_or([None; 2], |(_, values)| values);
            let [one, other] = counters;
            *rates = [one.rate(first, elapsed), other.rate(second, elapsed)];
        }
    }

    /// What those that are there have together, per second.
    pub(super) fn sum(&self) -> Rates {
        let summed = self.watched.found.iter().zip(&self.rates).filter(|(found, _)| found.is_summed);
        summed.fold([None; 2], |[a, b], (_, [more_a, more_b])| [add(a, *more_a), add(b, *more_b)])
    }

    /// The rates of those with charts.
    pub(super) fn charted(&self) -> impl Iterator<Item = Rates> {
        self.watched.found.iter().zip(&self.rates).filter(|(found, _)| found.is_charted).map(|(_, rates)| *rates)
    }
}

fn add(sum: Option<f64>, more: Option<f64>) -> Option<f64> {
    match (sum, more) {
        (Some(sum), Some(more)) => Some(sum + more),
        (sum, more) => sum.or(more),
    }
}

#[cfg(test)]
mod tests {
    use super::{CHARTED_MAX, Candidate, Counters, WATCHED_MAX, Watched};

    fn candidate(name: &str, rank: u8, is_summed: bool) -> Candidate {
        Candidate { name: name.as_bytes().to_vec(), rank, is_summed }
    }

    #[test]
    fn the_first_few_have_charts_and_more_count_in_the_sum() {
        let many = (0..100).map(|n| candidate(&format!("eth{n}"), 1, n % 10 != 9));
        let watched = Watched::choose("net.", many.chain([candidate("first", 0, false)]).collect());
        let charted: Vec<_> = watched.charted().map(|found| found.id.as_str()).collect();
        assert_eq!(charted.len(), CHARTED_MAX);
        assert_eq!(charted[..3], ["net.first", "net.eth0", "net.eth1"]);
        assert_eq!((watched.found.len(), watched.left_out), (WATCHED_MAX, 101 - CHARTED_MAX));
    }

    #[test]
    fn names_that_would_be_the_same_chart_or_are_endless_are_left_out() {
        let names = ["a b", "a\"b", "a_b", &"x".repeat(65)];
        let watched = Watched::choose("net.", names.iter().map(|name| candidate(name, 0, true)).collect());
        let ids: Vec<_> = watched.found.iter().map(|found| (found.id.as_str(), found.label.as_str())).collect();
        assert_eq!((ids, watched.left_out), (vec![("net.a_b", "a b")], 3));
    }

    #[test]
    fn what_goes_away_is_a_gap_and_not_in_the_sum() {
        let watched = Watched::choose("", vec![candidate("a", 0, true), candidate("b", 0, true)]);
        let mut counters = Counters::new(&watched);
        let mut step = |list: &[(&'static str, u64, u64)]| {
            let list = list.iter().map(|(name, a, b)| (name.as_bytes(), [Some(*a), Some(*b)]));
            counters.step(list, Some(1.0));
            (counters.sum(), counters.charted().collect::<Vec<_>>())
        };
        step(&[("a", 10, 1), ("b", 100, 5), ("c", 0, 0)]);
        let both = step(&[("b", 150, 5), ("a", 12, 2)]);
        assert_eq!(both, ([Some(52.0), Some(1.0)], vec![[Some(2.0), Some(1.0)], [Some(50.0), Some(0.0)]]));
        let one = step(&[("a", 13, 2)]);
        assert_eq!(one, ([Some(1.0), Some(0.0)], vec![[Some(1.0), Some(0.0)], [None, None]]));
        // It is back: the first time there is nothing to compare with.
        assert_eq!(step(&[("a", 13, 2), ("b", 900, 9)]).0, [Some(0.0), Some(0.0)]);
        assert_eq!(step(&[]), ([None; 2], vec![[None; 2]; 2]));
    }
}
