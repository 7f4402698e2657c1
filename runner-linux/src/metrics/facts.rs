//! What is known about this machine, read once.

use super::disks::folder;
use super::file::{FILE_MAX, once};
use super::many::{Found, Watched};
use super::text::{decimal, find, lines, number, printable, value};
use super::virtualization::{self, Verdict};
use rustix::fs::statvfs;
use rustix::system::uname;
use std::ffi::OsString;
use std::path::Path;

/// Longest fact, in bytes.
pub(super) const FACT_MAX: usize = 64;
/// Longest file that is looked at, in bytes.
const TEXT_MAX: usize = 16 << 10;
/// The kernel counts in sectors of 512 bytes, whatever the disk has.
const SECTOR: u64 = 512;

/// The facts, as [`Facts`](aclk_core::metrics::Facts) has them. What is not known is empty or 0.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) os_id: String,
    pub(super) os_name: String,
    pub(super) os_version: String,
    pub(super) kernel_name: String,
    pub(super) kernel_version: String,
    pub(super) architecture: String,
    pub(super) cpus: u32,
    pub(super) cpu_frequency: u64,
    pub(super) memory: u64,
    pub(super) disk_space: u64,
    pub(super) timezone: String,
    pub(super) virtualization: Verdict,
    pub(super) container: Verdict,
}

impl Known {
    /// Reads them below `root`, which is `/` but in tests. `variable` looks into the environment.
    pub(super) fn read(root: &Path, variable: &dyn Fn(&str) -> Option<OsString>, disks: &Watched) -> Self {
        let release = os_release(root);
        let field = |key| release_field(&release, key);
        let stat = once(&root.join("proc/stat"), FILE_MAX);
        let cpuinfo = once(&root.join("proc/cpuinfo"), TEXT_MAX);
        let system = uname();
        let text = |text: &std::ffi::CStr| printable(text.to_bytes(), FACT_MAX);
        Self {
            os_id: field("ID").unwrap_or_else(|| "linux".to_owned()),
            os_name: field("NAME").unwrap_or_else(|| "Linux".to_owned()),
            os_version: field("VERSION").or_else(|| field("VERSION_ID")).unwrap_or_default(),
            kernel_name: text(system.sysname()),
            kernel_version: text(system.release()),
            architecture: text(system.machine()),
            cpus: cpus(&stat),
            cpu_frequency: frequency(root, &cpuinfo),
            memory: memory(root),
            disk_space: disk_space(root, disks),
            timezone: timezone(root, variable),
            virtualization: virtualization::machine(root, &cpuinfo),
            container: virtualization::container(root, variable),
        }
    }
}

fn os_release(root: &Path) -> Vec<u8> {
    let files = ["etc/os-release", "usr/lib/os-release"].map(|file| once(&root.join(file), TEXT_MAX));
    files.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}

/// The last assignment to `key`, as a shell would read it.
fn release_field(release: &[u8], key: &str) -> Option<String> {
    let values = lines(release).filter_map(|line| line.trim_ascii().strip_prefix(key.as_bytes())?.strip_prefix(b"="));
    let value = values.last()?;
    let quoted = |quote: u8| value.strip_prefix(&[quote])?.strip_suffix(&[quote]);
    let value = quoted(b'"').or_else(|| quoted(b'\'')).unwrap_or(value);
    Some(printable(value, FACT_MAX)).filter(|value| !value.is_empty())
}

/// Processors that are on: lines `cpu0` and so on.
fn cpus(stat: &[u8]) -> u32 {
    let is_one =
        |line: &&[u8]| line.strip_prefix(b"cpu").is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_digit));
    let counted = lines(stat).filter(is_one).count();
    let known = || std::thread::available_parallelism().map_or(0, usize::from);
    u32::try_from(if counted > 0 { counted } else { known() }).unwrap_or(0)
}

/// The highest clock of the first processor, else its clock now, in hertz.
fn frequency(root: &Path, cpuinfo: &[u8]) -> u64 {
    let most = once(&root.join("sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq"), FACT_MAX);
    if let Some(hertz) = number(most.trim_ascii()).and_then(|khz| khz.checked_mul(1_000)) {
        return hertz;
    }
    let mhz = find(cpuinfo, "cpu MHz").and_then(decimal).unwrap_or(0.0);
    (mhz * 1e6) as u64
}

/// In bytes.
fn memory(root: &Path) -> u64 {
    let kib = value(&once(&root.join("proc/meminfo"), TEXT_MAX), "MemTotal");
    kib.and_then(|kib| kib.checked_mul(1 << 10)).unwrap_or(0)
}

/// What all disks have together, in bytes; where none is seen, what `/` has.
fn disk_space(root: &Path, disks: &Watched) -> u64 {
    let size = |disk: &Found| {
        let path = root.join("sys/block").join(folder(&disk.name)).join("size");
        number(once(&path, FACT_MAX).trim_ascii())
    };
    let sectors = disks.found.iter().filter_map(size).fold(0, u64::saturating_add);
    if sectors > 0 {
        return sectors.saturating_mul(SECTOR);
    }
    statvfs(root).map_or(0, |disk| disk.f_blocks.saturating_mul(disk.f_frsize))
}

/// From the variable TZ, else `/etc/timezone`, else where the link `/etc/localtime` points to. Without that file it is UTC.
fn timezone(root: &Path, variable: &dyn Fn(&str) -> Option<OsString>) -> String {
    let is_zone = |zone: &String| {
        let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+' | ':' | ',' | '.');
        !zone.is_empty() && !zone.starts_with(['/', ':']) && zone.chars().all(is_good)
    };
    let named = |bytes: &[u8]| Some(printable(bytes, FACT_MAX)).filter(is_zone);
    let from_variable = || named(variable("TZ")?.as_encoded_bytes().trim_ascii());
    let from_file = || named(lines(&once(&root.join("etc/timezone"), TEXT_MAX)).next()?);
    let from_link = || {
        let target = std::fs::read_link(root.join("etc/localtime")).ok()?;
        let (_, zone) = target.to_str()?.rsplit_once("/zoneinfo/")?;
        named(zone.trim_start_matches("posix/").as_bytes())
    };
    let utc = || if root.join("etc/localtime").exists() { String::new() } else { "UTC".to_owned() };
    from_variable().or_else(from_file).or_else(from_link).unwrap_or_else(utc)
}
