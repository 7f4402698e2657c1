//! A line a second.

use super::admin::CloudUsage;
use super::options::Options;
use super::series::Moment;
use super::tally::Tally;
use crate::command::print;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::spawn_local;
use tokio::time::sleep;

/// How often the Cloud is asked what it takes.
const ASK: Duration = Duration::from_secs(1);

/// Tells how things are, and remembers what was told last.
#[derive(Debug)]
pub(super) struct Progress {
    to_stderr: bool,
    /// Whether there is a way to ask the Cloud.
    asks: bool,
    cloud: Rc<Cell<Option<CloudUsage>>>,
    last: Option<(Moment, u64, u64)>,
    /// The most attempts in one second since somebody asked for that.
    busiest: u64,
}

impl Progress {
    /// Begins to ask the Cloud. With `json`, standard output is for the result alone.
    pub(super) fn new(options: &'static Options) -> Self {
        let cloud = Rc::new(Cell::new(None));
        if let Some(admin) = &options.admin {
            let cloud = cloud.clone();
            spawn_local(async move {
                loop {
                    cloud.set(admin.usage().await.ok());
                    sleep(ASK).await;
                }
            });
        }
        Self { to_stderr: options.json, asks: options.admin.is_some(), cloud, last: None, busiest: 0 }
    }

    /// What the Cloud takes, if it can be asked.
    pub(super) fn cloud(&self) -> Option<CloudUsage> {
        self.cloud.get()
    }

    /// From now on the busiest second counts.
    pub(super) const fn busiest_from_now(&mut self) {
        self.busiest = 0;
    }

    /// The most attempts in a second since then.
    pub(super) const fn busiest(&self) -> u64 {
        self.busiest
    }

    pub(super) fn tell(&mut self, phase: &str, moment: &Moment, tally: &Tally) {
        let (attempts, connects) = (tally.attempts.get(), tally.connects.get());
        let (before, attempts_before, connects_before) =
            self.last.unwrap_or((Moment { at: Duration::ZERO, ..*moment }, 0, 0));
        let seconds = (moment.at.saturating_sub(before.at)).as_secs_f64().max(0.001);
        let share = |after: Duration, before: Duration| 100.0 * after.saturating_sub(before).as_secs_f64() / seconds;
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        let cloud = match (moment.cloud, before.cloud) {
            (Some(now), before) => {
                let busy = share(now.cpu, before.map_or(now.cpu, |before| before.cpu));
                format!("; Cloud {busy:.0} % CPU, {:.0} MB", megabytes(now.resident))
            }
            (None, _) if self.asks => "; the Cloud does not answer".to_owned(),
            (None, _) => String::new(),
        };
        let per_second = (connects - connects_before) as f64 / seconds;
        self.busiest = self.busiest.max(((attempts - attempts_before) as f64 / seconds.max(1.0)).round() as u64);
        self.line(format_args!(
            "{:4.0} s {phase:8} online {}, on the way {}, waiting {}, stopped {}; {per_second:.0}/s, {} failed; fleet {:.0} % \
             CPU, {:.0} MB{cloud}",
            moment.at.as_secs_f64(),
            tally.online.get(),
            tally.connecting.get(),
            tally.waiting.get(),
            tally.stopped.get(),
            tally.failed(),
            share(moment.fleet.cpu, before.fleet.cpu),
            megabytes(moment.fleet.resident),
        ));
        self.last = Some((*moment, attempts, connects));
    }

    fn line(&self, line: std::fmt::Arguments<'_>) {
        if self.to_stderr { eprintln!("{line}") } else { print(line) }
    }
}
