//! What the Cloud is told about the contexts of the charts (protocol.md 3.4).

use crate::metrics::{ChartInfo, Samples};

/// The Cloud is told of a new oldest sample when it has moved by this much, in seconds: with a ring of a few minutes it
/// moves every second, and nobody wants a message for that.
const MOVED: u64 = 3_600;
/// Oldest samples are told as multiples of this, in seconds, so that the version hash tells one history from the next.
const GRID: u64 = 61;

/// The span of time that all contexts have in common, since the charts of a device are collected together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// When this was found out, in seconds since 1970: the version of each context.
    pub version: u64,
    /// The oldest sample, at most a minute too early and an hour too late.
    pub first: u64,
}

impl Span {
    /// What a context that is being collected adds to the version hash.
    #[must_use]
    pub const fn hash(self) -> u64 {
        self.version.wrapping_sub(self.first)
    }
}

/// The present span and the one before.
#[derive(Debug, Clone, Copy, Default)]
pub struct Contexts {
    current: Option<Span>,
    previous: Option<Span>,
}

impl Contexts {
    /// Nothing has been told yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { current: None, previous: None }
    }

    /// The span now and the one that was told before; `None` as long as there are no samples.
    pub fn refresh(&mut self, samples: &dyn Samples, now: u64) -> Option<(Span, Option<Span>)> {
        let range = samples.range();
        if !range.is_empty() {
            let current = self.current.filter(|span| (span.first..=span.first + GRID + MOVED).contains(&range.start));
            if current.is_none() {
                let first = range.start - range.start % GRID;
                let after = self.current.map_or(first, |span| span.version).saturating_add(1);
                self.previous = self.current;
                self.current = Some(Span { version: now.max(after), first });
            }
        }
        self.current.map(|span| (span, self.previous))
    }
}

/// The charts that are the first of their context.
pub fn firsts<'a, 'c>(charts: &'a [ChartInfo<'c>]) -> impl Iterator<Item = &'a ChartInfo<'c>> {
    let is_first = |at: usize, chart: &ChartInfo<'_>| !charts.iter().take(at).any(|one| one.context == chart.context);
    charts.iter().enumerate().filter(move |(at, chart)| is_first(*at, chart)).map(|(_, chart)| chart)
}
