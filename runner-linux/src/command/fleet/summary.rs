//! What came of it.

use super::admin::CloudUsage;
use super::usage::Usage;
use crate::json::{Object, Raw, milliseconds};
use std::fmt;
use std::time::Duration;

/// The whole run.
#[derive(Debug, Default)]
pub(super) struct Summary {
    pub(super) devices: usize,
    /// How many were online when it ended.
    pub(super) online: usize,
    /// How the devices came online.
    pub(super) start: Option<Stretch>,
    /// How they stayed online.
    pub(super) hold: Option<Stretch>,
    /// How they came back after a restart of the Cloud.
    pub(super) restart: Option<Restart>,
    /// Memory when all were online.
    pub(super) memory: Option<(Usage, Option<CloudUsage>)>,
    /// What failed and how often, the most frequent first.
    pub(super) failures: Vec<(String, u64)>,
    /// What the Cloud found wrong with what the devices said.
    pub(super) deviations: Option<u64>,
}

/// A part of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stretch {
    pub(super) took: Duration,
    /// Links that came up.
    pub(super) connects: u64,
    /// Processor time of the fleet.
    pub(super) cpu: Duration,
    /// Processor time of the Cloud, and the PINGREQs that it answered.
    pub(super) cloud: Option<(Duration, u64)>,
}

/// The Cloud was away, and the devices came back.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Restart {
    pub(super) away: Duration,
    /// From the restart until all were online again.
    pub(super) back: Stretch,
    pub(super) attempts: u64,
    /// Attempts in the second that had most of them.
    pub(super) most_attempts: u64,
}

impl Stretch {
    fn per_second(&self) -> f64 {
        ratio(self.connects as f64, self.took.as_secs_f64())
    }

    /// Microseconds of the fleet, and of the Cloud, for each of `count`.
    fn each(&self, count: u64) -> (f64, Option<f64>) {
        let each = |cpu: Duration| ratio(cpu.as_secs_f64() * 1e6, count as f64);
        (each(self.cpu), self.cloud.map(|(cpu, _)| each(cpu)))
    }

    fn heartbeats(&self) -> u64 {
        self.cloud.map_or(0, |(_, heartbeats)| heartbeats)
    }
}

fn ratio(of: f64, by: f64) -> f64 {
    if by > 0.0 { of / by } else { 0.0 }
}

/// A number with one digit behind the point.
fn tenth(number: f64) -> Raw {
    Raw(format!("{number:.1}"))
}

impl Summary {
    /// Bytes of the fleet, and of the Cloud, for each device.
    fn bytes_each(&self) -> Option<(u64, Option<u64>)> {
        let (fleet, cloud) = self.memory?;
        let devices = self.devices as u64;
        Some((fleet.resident.checked_div(devices)?, cloud.and_then(|cloud| cloud.resident.checked_div(devices))))
    }

    /// One object. What was not measured is not in it.
    pub(super) fn json(&self) -> Raw {
        let mut object = Object::new().member("devices", self.devices as u64).member("online", self.online as u64);
        if let Some(start) = &self.start {
            let (fleet, cloud) = start.each(start.connects);
            object = object
                .member("online_after_ms", milliseconds(start.took))
                .member("connects_per_second", tenth(start.per_second()))
                .member("cpu_us_per_connect", tenth(fleet))
                .member("cloud_cpu_us_per_connect", cloud.map(tenth));
        }
        if let (Some((fleet, cloud)), Some((each, cloud_each))) = (self.memory, self.bytes_each()) {
            object = object
                .member("resident_bytes", fleet.resident)
                .member("bytes_per_device", each)
                .member("cloud_resident_bytes", cloud.map(|cloud| cloud.resident))
                .member("cloud_bytes_per_device", cloud_each);
        }
        if let Some(hold) = self.hold.filter(|hold| hold.heartbeats() > 0) {
            let (fleet, cloud) = hold.each(hold.heartbeats());
            object = object
                .member("held_ms", milliseconds(hold.took))
                .member("heartbeats", hold.heartbeats())
                .member("cpu_us_per_heartbeat", tenth(fleet))
                .member("cloud_cpu_us_per_heartbeat", cloud.map(tenth));
        }
        if let Some(restart) = &self.restart {
            object = object
                .member("cloud_away_ms", milliseconds(restart.away))
                .member("online_again_after_ms", milliseconds(restart.back.took))
                .member("attempts", restart.attempts)
                .member("most_attempts_in_a_second", restart.most_attempts);
        }
        let failure = |(why, count): &(String, u64)| Object::new().member("why", why).member("count", *count).end();
        object
            .member("failures", self.failures.iter().map(failure).collect::<Vec<_>>())
            .member("deviations", self.deviations)
            .end()
    }
}

/// For people.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let and_cloud = |cloud: Option<f64>, unit: &str| {
            cloud.map_or_else(String::new, |value| format!(", {value:.1} {unit} of the Cloud"))
        };
        write!(f, "\nonline      {} of {}", self.online, self.devices)?;
        if let Some(start) = &self.start {
            let (fleet, cloud) = start.each(start.connects);
            write!(f, ", after {:.1} s: {:.1} connects a second", start.took.as_secs_f64(), start.per_second())?;
            write!(f, "\na connect   {:.2} ms of CPU", fleet / 1e3)?;
            write!(f, "{}", and_cloud(cloud.map(|us| us / 1e3), "ms"))?;
        }
        if let Some((fleet, cloud)) = self.bytes_each() {
            write!(f, "\na device    {:.1} kB of memory", fleet as f64 / 1e3)?;
            write!(f, "{}", and_cloud(cloud.map(|bytes| bytes as f64 / 1e3), "kB"))?;
        }
        if let Some(hold) = self.hold.filter(|hold| hold.heartbeats() > 0) {
            let (fleet, cloud) = hold.each(hold.heartbeats());
            write!(f, "\na heartbeat {fleet:.1} us of CPU{}", and_cloud(cloud, "us"))?;
            write!(f, "; {} in {:.0} s", hold.heartbeats(), hold.took.as_secs_f64())?;
        }
        if let Some(restart) = &self.restart {
            let (away, back) = (restart.away.as_secs(), restart.back.took.as_secs_f64());
            write!(f, "\nrestart     the Cloud away for {away} s; all online again after {back:.1} s, with")?;
            write!(f, " {} attempts, {} in the busiest second", restart.attempts, restart.most_attempts)?;
        }
        for (why, count) in &self.failures {
            write!(f, "\nfailed      {count} times: {why}")?;
        }
        if let Some(deviations) = self.deviations.filter(|count| *count > 0) {
            write!(f, "\ndeviations  {deviations}: see the Cloud's page")?;
        }
        Ok(())
    }
}
