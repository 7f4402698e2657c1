//! How the fleet was, second by second.

use super::admin::CloudUsage;
use super::tally::Tally;
use super::usage::Usage;
use crate::fault::Fault;
use crate::store::error::words;
use aclk_core::stage::Stage;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The first line of the file. Times are milliseconds, memory is bytes; what counts, counts from the beginning.
const COLUMNS: &str = "ms,phase,off,connecting,online,waiting,stopped,attempts,connects,failures,fleet_resident,fleet_cpu_ms,\
                       cloud_resident,cloud_cpu_ms,heartbeats";

/// One moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// Since the first device began.
    pub(super) at: Duration,
    pub(super) fleet: Usage,
    /// None while the Cloud is away, or if nobody may ask it.
    pub(super) cloud: Option<CloudUsage>,
}

/// A file with a line for every second, or nothing.
#[derive(Debug)]
pub(super) struct Series(Option<(BufWriter<File>, PathBuf)>);

impl Series {
    pub(super) fn create(path: Option<&Path>) -> Result<Self, Fault> {
        let Some(path) = path else { return Ok(Self(None)) };
        let file = File::create(path).map_err(|error| at(path, &error))?;
        let mut series = Self(Some((BufWriter::new(file), path.to_owned())));
        series.line(format_args!("{COLUMNS}"))?;
        Ok(series)
    }

    /// Adds how it is now.
    pub(super) fn add(&mut self, phase: &str, moment: &Moment, tally: &Tally) -> Result<(), Fault> {
        let Moment { at, fleet, cloud } = moment;
        let of_cloud = cloud.map_or_else(
            || ",,".to_owned(),
            |cloud| format!("{},{},{}", cloud.resident, cloud.cpu.as_millis(), cloud.heartbeats),
        );
        self.line(format_args!(
            "{},{phase},{},{},{},{},{},{},{},{},{},{},{of_cloud}",
            at.as_millis(),
            tally.off.get(),
            tally.connecting.get(),
            tally.online.get(),
            tally.waiting.get(),
            tally.stopped.get(),
            tally.attempts.get(),
            tally.connects.get(),
            tally.failed(),
            fleet.resident,
            fleet.cpu.as_millis(),
        ))
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) -> Result<(), Fault> {
        let Some((file, path)) = &mut self.0 else { return Ok(()) };
        // Somebody may be watching.
        writeln!(file, "{line}").and_then(|()| file.flush()).map_err(|error| self::at(path, &error))
    }
}

fn at(path: &Path, error: &std::io::Error) -> Fault {
    Fault::new(Stage::Storage, format_args!("{}: {}", path.display(), words(error)))
}
