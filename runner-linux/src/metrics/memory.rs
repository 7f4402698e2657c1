//! `/proc/meminfo`: memory and swap.

use super::chart::{Part, Values, chart, dimension};
use super::file::Kept;
use super::text::value;
use aclk_core::metrics::{ChartInfo, ChartKind};

const MODULE: &str = "/proc/meminfo";
const KIB_PER_MIB: f64 = 1024.0;

const CHARTS: &[ChartInfo<'static>] = &[
    chart(
        "system.ram",
        "system.ram",
        "ram",
        "System RAM",
        "MiB",
        ChartKind::Stacked,
        200,
        MODULE,
        &[dimension("free"), dimension("used"), dimension("cached"), dimension("buffers")],
    ),
    chart(
        "system.swap",
        "system.swap",
        "swap",
        "System Swap",
        "MiB",
        ChartKind::Stacked,
        201,
        MODULE,
        &[dimension("free"), dimension("used")],
    ),
];

/// Reads it.
#[derive(Debug)]
pub(super) struct Memory(pub(super) Kept);

/// Memory in KiB; together it is all there is.
fn memory(text: &[u8]) -> Option<[u64; 4]> {
    let get = |key| value(text, key);
    let (total, free, buffers) = (get("MemTotal")?, get("MemFree")?, get("Buffers")?);
    // What the kernel can take back of its own counts as cached, what programs share does not.
    let cached = get("Cached")?.saturating_add(get("SReclaimable").unwrap_or(0));
    let cached = cached.saturating_sub(get("Shmem").unwrap_or(0));
    let used = total.saturating_sub(free.saturating_add(buffers).saturating_add(cached));
    Some([free, used, cached, buffers])
}

/// Swap in KiB: free and used.
fn swap(text: &[u8]) -> Option<[u64; 2]> {
    let (total, free) = (value(text, "SwapTotal")?, value(text, "SwapFree")?);
    Some([free, total.saturating_sub(free)])
}

impl<'m> Part<'m> for Memory {
    fn charts(&self) -> Vec<ChartInfo<'m>> {
        CHARTS.to_vec()
    }

    fn measure(&mut self, buffer: &mut Vec<u8>, _: Option<f64>, values: &mut Values<'_>) {
        let text = self.0.read(buffer).unwrap_or_default();
        let mut put = |kib: Option<u64>| values.put(kib.map(|kib| kib as f64 / KIB_PER_MIB));
        memory(text).map_or([None; 4], |memory| memory.map(Some)).into_iter().for_each(&mut put);
        swap(text).map_or([None; 2], |swap| swap.map(Some)).into_iter().for_each(&mut put);
    }
}
