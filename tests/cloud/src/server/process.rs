//! The process that a Cloud is: what it takes, and how many connections it may hold.

use rustix::process::{Resource, Rlimit, getpid, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use std::fs;

/// What the process takes now: its id, resident memory in bytes, processor time in microseconds.
pub(super) fn usage() -> Value {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    json!({
        "pid": getpid().as_raw_nonzero().get(),
        "resident_bytes": resident(),
        "cpu_us": time.tv_sec * 1_000_000 + time.tv_nsec / 1_000,
    })
}

/// `None` where the kernel does not say.
fn resident() -> Option<u64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

/// Lets the process have as many open files as the system permits, each connection being one: root as many as the kernel
/// takes, everybody else up to the hard limit. Programs usually begin with 1024.
pub fn raise_file_limit() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let Some(soft) = current else { return };
    if let Some(most) = most_files().filter(|most| maximum.is_some_and(|hard| hard < *most) && soft < *most)
        && setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: Some(most) }).is_ok()
    {
        return;
    }
    // What it may have without asking anybody; that cannot fail.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

/// The most that the kernel lets anybody have.
fn most_files() -> Option<u64> {
    fs::read_to_string("/proc/sys/fs/nr_open").ok()?.trim().parse().ok()
}

/// What to do when there are no more files for connections.
pub(super) fn out_of_files() -> String {
    let limit = getrlimit(Resource::Nofile).current.map_or_else(|| "no limit".to_owned(), |limit| limit.to_string());
    format!(
        "a connection is turned away: this process may have {limit} open files; raise the hard limit (ulimit -Hn, or \
         LimitNOFILE= of a unit) for more"
    )
}
