//! The room on the disk of `/`.

use super::chart::{Part, Values};
use aclk_core::metrics::{ChartInfo, ChartKind, DimensionInfo};
use rustix::fs::statvfs;
use std::path::PathBuf;

const BYTES_PER_GIB: f64 = (1_u64 << 30) as f64;

const CHARTS: &[ChartInfo<'static>] = &[ChartInfo {
    id: "disk_space./",
    context: "disk.space",
    family: "/",
    title: "Disk Space Usage",
    units: "GiB",
    kind: ChartKind::Stacked,
    priority: 2023,
    plugin: "diskspace.plugin",
    module: "",
    dimensions: &[
        DimensionInfo { id: "avail", name: "avail" },
        DimensionInfo { id: "used", name: "used" },
        DimensionInfo { id: "reserved_for_root", name: "reserved for root" },
    ],
}];

/// Asks the file system.
#[derive(Debug)]
pub(super) struct Space(pub(super) PathBuf);

impl<'m> Part<'m> for Space {
    fn charts(&self) -> Vec<ChartInfo<'m>> {
        CHARTS.to_vec()
    }

    fn measure(&mut self, _: &mut Vec<u8>, _: Option<f64>, values: &mut Values<'_>) {
        let Ok(disk) = statvfs(&self.0) else { return };
        let block = disk.f_frsize as f64 / BYTES_PER_GIB;
        let reserved = disk.f_bfree.saturating_sub(disk.f_bavail);
        for blocks in [disk.f_bavail, disk.f_blocks.saturating_sub(disk.f_bfree), reserved] {
            values.put(Some(blocks as f64 * block));
        }
    }
}
