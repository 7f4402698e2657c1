//! `/proc/stat`: what the processors do, context switches, interrupts, and processes.

use super::chart::{Part, Values, chart, dimension};
use super::file::Kept;
use super::rate::Counter;
use super::text::{find, number, value, words};
use aclk_core::metrics::{ChartInfo, ChartKind};

const MODULE: &str = "/proc/stat";

const CHARTS: &[ChartInfo<'static>] = &[
    chart(
        "system.cpu",
        "system.cpu",
        "cpu",
        "Total CPU utilization",
        "percentage",
        ChartKind::Stacked,
        100,
        MODULE,
        // As Netdata shows them: what is left to 100 is idle.
        &[
            dimension("guest_nice"),
            dimension("guest"),
            dimension("steal"),
            dimension("softirq"),
            dimension("irq"),
            dimension("user"),
            dimension("system"),
            dimension("nice"),
            dimension("iowait"),
        ],
    ),
    chart(
        "system.intr",
        "system.intr",
        "interrupts",
        "CPU Interrupts",
        "interrupts/s",
        ChartKind::Line,
        900,
        MODULE,
        &[dimension("interrupts")],
    ),
    chart(
        "system.ctxt",
        "system.ctxt",
        "processes",
        "CPU Context Switches",
        "context switches/s",
        ChartKind::Line,
        800,
        MODULE,
        &[dimension("switches")],
    ),
    chart(
        "system.forks",
        "system.forks",
        "processes",
        "Started Processes",
        "processes/s",
        ChartKind::Line,
        700,
        MODULE,
        &[dimension("started")],
    ),
    chart(
        "system.processes",
        "system.processes",
        "processes",
        "System Processes",
        "processes",
        ChartKind::Line,
        600,
        MODULE,
        &[dimension("running"), dimension("blocked")],
    ),
];

/// Times of all processors together, in ticks: the columns of the line `cpu`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Times {
    user: u64,
    nice: u64,
    system: u64,
    idle: u64,
    iowait: u64,
    irq: u64,
    softirq: u64,
    steal: u64,
    /// Part of `user`.
    guest: u64,
    /// Part of `nice`.
    guest_nice: u64,
}

impl Times {
    /// Old kernels have the first four columns only.
    fn parse(text: &[u8]) -> Option<Self> {
        let mut columns = words(find(text, "cpu")?).map(number);
        let mut first = || columns.next().flatten();
        let (user, nice, system, idle) = (first()?, first()?, first()?, first()?);
        let mut further = || columns.next().unwrap_or(Some(0));
        let (iowait, irq, softirq, steal) = (further()?, further()?, further()?, further()?);
        Some(Self { user, nice, system, idle, iowait, irq, softirq, steal, guest: further()?, guest_nice: further()? })
    }

    /// What was spent since `before`; `None` if the counters started anew.
    fn since(self, before: Self) -> Option<Self> {
        Some(Self {
            user: self.user.checked_sub(before.user)?,
            nice: self.nice.checked_sub(before.nice)?,
            system: self.system.checked_sub(before.system)?,
            // The kernel takes some of these two back now and then.
            idle: self.idle.saturating_sub(before.idle),
            iowait: self.iowait.saturating_sub(before.iowait),
            irq: self.irq.checked_sub(before.irq)?,
            softirq: self.softirq.checked_sub(before.softirq)?,
            steal: self.steal.checked_sub(before.steal)?,
            guest: self.guest.checked_sub(before.guest)?,
            guest_nice: self.guest_nice.checked_sub(before.guest_nice)?,
        })
    }

    /// In percent of all time, in the order of the dimensions.
    fn shares(self) -> Option<[f64; 9]> {
        let (user, nice) = (self.user.saturating_sub(self.guest), self.nice.saturating_sub(self.guest_nice));
        let parts =
            [self.guest_nice, self.guest, self.steal, self.softirq, self.irq, user, self.system, nice, self.iowait];
        let all = parts.iter().map(|part| *part as f64).sum::<f64>() + self.idle as f64;
        (all > 0.0).then(|| parts.map(|part| part as f64 * 100.0 / all))
    }
}

/// Reads it.
#[derive(Debug)]
pub(super) struct Processor {
    file: Kept,
    times: Option<Times>,
    interrupts: Counter,
    switches: Counter,
    started: Counter,
}

impl Processor {
    pub(super) fn new(file: Kept) -> Self {
        let new = Counter::default();
        Self { file, times: None, interrupts: new, switches: new, started: new }
    }
}

impl<'m> Part<'m> for Processor {
    fn charts(&self) -> Vec<ChartInfo<'m>> {
        CHARTS.to_vec()
    }

    fn measure(&mut self, buffer: &mut Vec<u8>, elapsed: Option<f64>, values: &mut Values<'_>) {
        let text = self.file.read(buffer).unwrap_or_default();
        let times = Times::parse(text);
        let before = std::mem::replace(&mut self.times, times);
        // A share needs no clock, but one over the time that was slept through says nothing either.
        let spent = elapsed.and(times.zip(before)).and_then(|(times, before)| times.since(before));
        let shares = spent.and_then(Times::shares).map_or([None; 9], |shares| shares.map(Some));
        shares.into_iter().for_each(|share| values.put(share));
        values.put(self.interrupts.rate(value(text, "intr"), elapsed));
        values.put(self.switches.rate(value(text, "ctxt"), elapsed));
        values.put(self.started.rate(value(text, "processes"), elapsed));
        values.put(value(text, "procs_running").map(|count| count as f64));
        values.put(value(text, "procs_blocked").map(|count| count as f64));
    }
}
