//! What a Linux machine measures: the files of its kernel as charts, and its facts. See docs/metrics.md for the table.
//!
//! ```text
//!  Machine: facts, interfaces, disks, found once  <──borrows── LinuxDevice: parts, files kept open, a ring of samples
//! ```
//!
//! Whatever is missing or cannot be understood is a gap, never an error: a chroot, a container and an odd kernel are
//! measured as far as they can be. Nothing here keeps the link waiting: these are files in memory.

mod chart;
mod disks;
mod facts;
mod file;
mod labels;
mod load;
mod many;
mod memory;
mod network;
mod own;
mod processor;
mod rate;
mod root;
mod space;
mod stack;
#[cfg(test)]
mod tests;
mod text;
mod virtualization;

use crate::device::OwnStack;
use crate::store::conf::Conf;
use aclk_core::clock::Now;
use aclk_core::metrics::{ChartInfo, Device, Facts, Pace, Ring, Samples};
use chart::{Part, Values};
use disks::Disks;
use facts::Known;
use file::Kept;
use load::{Load, Uptime};
use many::{CHARTED_MAX, Watched};
use memory::Memory;
use network::Network;
use own::Own;
use processor::Processor;
use root::Found;
use space::Space;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Memory for samples, in bytes: 10 minutes with one disk, one network interface and `lo`, 6 with eight of each.
const HISTORY: usize = 96 << 10;

/// What is known about this machine, and what there is to be measured. It is found once and does not change.
#[derive(Debug)]
pub(crate) struct Machine {
    root: PathBuf,
    /// The same for this program: the files of a host need not know the processes of a container.
    own_root: PathBuf,
    /// What a person should know of that choice.
    root_note: Option<String>,
    known: Known,
    labels: Vec<(String, String)>,
    interfaces: Watched,
    disks: Watched,
}

impl Machine {
    /// Looks around. Host labels are those of `netdata_conf`; `prefix` is where somebody says that the files of the
    /// machine are, for a container that is to measure its host.
    pub(crate) fn find(netdata_conf: &Conf, prefix: Option<&Path>) -> Self {
        let variable = |name: &str| std::env::var_os(name);
        let Found { root, note } = root::find(prefix, &variable);
        let machine = Self::below(&root, netdata_conf, &variable);
        Self { own_root: PathBuf::from("/"), root_note: note, ..machine }
    }

    fn below(root: &Path, netdata_conf: &Conf, variable: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let disks = disks::find(root);
        let known = Known::read(root, variable, &disks);
        let labels = labels::all(netdata_conf, &known);
        let own_root = root.to_owned();
        Self { root: root.to_owned(), own_root, root_note: None, known, labels, interfaces: network::find(root), disks }
    }

    /// What a person should know: what cannot be read, and what has no chart.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self.root_note.iter().cloned().collect();
        let is_missing = |file: &&str| File::open(self.root.join(file)).is_err();
        let missing: Vec<String> =
            FILES.iter().filter(|file| is_missing(file)).map(|file| format!("/{file}")).collect();
        if !missing.is_empty() {
            notes.push(format!("what is in {} is not measured: it cannot be read", missing.join(", ")));
        }
        for (what, watched) in [("network interfaces", &self.interfaces), ("disks", &self.disks)] {
            if watched.left_out > 0 {
                notes.push(format!("{} {what} have no chart: there is room for {CHARTED_MAX}", watched.left_out));
            }
        }
        notes
    }

    /// A device that has measured nothing yet.
    pub(crate) fn device(&self) -> LinuxDevice<'_> {
        LinuxDevice::new(self, self.parts())
    }

    /// The same where the link goes over a TCP/IP stack of our own.
    pub(crate) fn device_over<'m>(&'m self, stack: &'m OwnStack) -> LinuxDevice<'m> {
        let mut parts = self.parts();
        parts.push(Box::new(stack::Measured::new(self.own_file(STATUS), stack)));
        LinuxDevice::new(self, parts)
    }

    fn file(&self, path: &str) -> Kept {
        Kept::new(self.root.join(path))
    }

    /// A file about this program.
    fn own_file(&self, path: &str) -> Kept {
        Kept::new(self.own_root.join(path))
    }

    fn parts(&self) -> Vec<Box<dyn Part<'_> + '_>> {
        vec![
            Box::new(Processor::new(self.file(STAT))),
            Box::new(Load(self.file(LOADAVG))),
            Box::new(Memory(self.file(MEMINFO))),
            Box::new(Network::new(self.file(NET_DEV), &self.interfaces)),
            Box::new(Disks::new(self.file(DISKSTATS), &self.disks)),
            Box::new(Space(self.root.clone())),
            Box::new(Uptime(self.file(UPTIME))),
            Box::new(Own::new(self.own_file(STATM))),
        ]
    }
}

const STAT: &str = "proc/stat";
const LOADAVG: &str = "proc/loadavg";
const MEMINFO: &str = "proc/meminfo";
const NET_DEV: &str = "proc/net/dev";
const DISKSTATS: &str = "proc/diskstats";
const UPTIME: &str = "proc/uptime";
const STATM: &str = "proc/self/statm";
const STATUS: &str = "proc/self/status";
const FILES: [&str; 7] = [STAT, LOADAVG, MEMINFO, NET_DEV, DISKSTATS, UPTIME, STATM];

/// This machine as a node.
#[derive(Debug)]
pub(crate) struct LinuxDevice<'m> {
    facts: &'m Known,
    labels: Vec<(&'m str, &'m str)>,
    charts: Vec<ChartInfo<'m>>,
    /// With the dimensions of each.
    parts: Vec<(usize, Box<dyn Part<'m> + 'm>)>,
    pace: Pace,
    /// The file that is being read.
    buffer: Vec<u8>,
    row: Vec<f32>,
    samples: Ring<Vec<f32>>,
}

impl<'m> LinuxDevice<'m> {
    fn new(machine: &'m Machine, parts: Vec<Box<dyn Part<'m> + 'm>>) -> Self {
        let charts: Vec<Vec<ChartInfo<'m>>> = parts.iter().map(|part| part.charts()).collect();
        let widths = charts.iter().map(|charts| charts.iter().map(|chart| chart.dimensions.len()).sum());
        let parts: Vec<_> = widths.zip(parts).collect();
        let width = parts.iter().map(|(width, _)| width).sum();
        Self {
            facts: &machine.known,
            labels: machine.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
            charts: charts.concat(),
            parts,
            pace: Pace::default(),
            buffer: Vec::new(),
            row: vec![0.0; width],
            samples: Ring::over(vec![0.0; HISTORY / size_of::<f32>()], width),
        }
    }
}

impl Device for LinuxDevice<'_> {
    fn facts(&self) -> Facts<'_> {
        let known = self.facts;
        Facts {
            os: std::env::consts::OS,
            os_id: &known.os_id,
            os_name: &known.os_name,
            os_version: &known.os_version,
            kernel_name: &known.kernel_name,
            kernel_version: &known.kernel_version,
            architecture: &known.architecture,
            cpus: known.cpus,
            cpu_frequency: known.cpu_frequency,
            memory: known.memory,
            disk_space: known.disk_space,
            timezone: &known.timezone,
            virtualization: &known.virtualization.kind,
            container: &known.container.kind,
            labels: &self.labels,
        }
    }

    fn charts(&self) -> &[ChartInfo<'_>] {
        &self.charts
    }

    fn samples(&self) -> &dyn Samples {
        &self.samples
    }

    fn samples_mut(&mut self) -> &mut dyn Samples {
        &mut self.samples
    }

    fn sample(&mut self, now: Now) {
        let elapsed = self.pace.step(now);
        let mut rest = self.row.as_mut_slice();
        for (width, part) in &mut self.parts {
            let (values, others) = rest.split_at_mut(*width);
            part.measure(&mut self.buffer, elapsed, &mut Values::new(values));
            rest = others;
        }
        self.samples.push(now.wall.unix_seconds(), &self.row);
    }
}
