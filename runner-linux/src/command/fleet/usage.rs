//! What this process takes, and how many connections it may have.

use crate::fault::Fault;
use aclk_core::stage::Stage;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use std::fs;
use std::time::Duration;

/// Files beside the connections of the devices: standard streams, epoll, the administrator's API, the time series, and those
/// that are about to be closed when the next ones open.
const OTHER_FILES: u64 = 64;

/// What a process takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// Resident memory, in bytes.
    pub(super) resident: u64,
    /// Processor time since it began.
    pub(super) cpu: Duration,
}

impl Usage {
    /// What this one takes now.
    pub(super) fn now() -> Self {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        let cpu = Duration::new(
            u64::try_from(time.tv_sec).unwrap_or_default(),
            u32::try_from(time.tv_nsec).unwrap_or_default(),
        );
        Self { resident: resident().unwrap_or_default(), cpu }
    }
}

fn resident() -> Option<u64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    pages.checked_mul(rustix::param::page_size() as u64)
}

/// Sees to it that this process may have a connection for each of `devices`.
pub(super) fn allow_connections(devices: usize) -> Result<(), Fault> {
    let needed = devices as u64 + OTHER_FILES;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|soft| soft >= needed) {
        return Ok(());
    }
    // Root may have a higher maximum, too.
    let wanted = Rlimit { current: Some(needed), maximum: maximum.map(|hard| hard.max(needed)) };
    setrlimit(Resource::Nofile, wanted).map_err(|_| {
        let most = maximum.unwrap_or(u64::MAX);
        Fault::new(
            Stage::Permission,
            format_args!("{devices} devices need {needed} open files, and this process may have {most}"),
        )
        .hint(format_args!(
            "raise the hard limit (ulimit -Hn {needed} as root, nofile in /etc/security/limits.conf, LimitNOFILE= of a \
                 unit), or ask for at most {} devices",
            most.saturating_sub(OTHER_FILES)
        ))
    })
}
