//! Our own TCP/IP stack, where a link goes over one: the charts of the firmware application on this machine.

use super::chart::{Part, Values};
use super::file::Kept;
use super::text::value;
use crate::device::OwnStack;
use aclk_core::metrics::ChartInfo;
use aclk_firmware::meter::{self, Meter};
use aclk_firmware::{Board, Stack};
use rustix::process::{Resource, getrlimit};
use std::cell::RefCell;

/// This process as a board. It has no arena: its memory is the chart `aclk.mem`.
#[derive(Debug)]
struct Process {
    status: RefCell<(Kept, Vec<u8>)>,
}

impl Board for Process {
    /// That of the first thread, which never shrinks.
    fn stack(&self) -> Option<Stack> {
        let (file, buffer) = &mut *self.status.borrow_mut();
        let peak = value(file.read(buffer).ok()?, "VmStk")?.checked_mul(1 << 10)?;
        let size = getrlimit(Resource::Stack).current?;
        Some(Stack { peak: u32::try_from(peak).ok()?, size: u32::try_from(size).ok()? })
    }
}

/// Measures it.
#[derive(Debug)]
pub(super) struct Measured<'m>(Meter<'m, Process>);

impl<'m> Measured<'m> {
    /// `status` is `/proc/self/status`.
    pub(super) fn new(status: Kept, stack: &'m OwnStack) -> Self {
        let status = RefCell::new((status, Vec::new()));
        Self(Meter::new(Process { status }, &stack.clock, &stack.counters))
    }
}

impl<'m> Part<'m> for Measured<'m> {
    fn charts(&self) -> Vec<ChartInfo<'m>> {
        meter::CHARTS.to_vec()
    }

    fn measure(&mut self, _: &mut Vec<u8>, elapsed: Option<f64>, values: &mut Values<'_>) {
        for value in self.0.measure(elapsed) {
            values.put(Some(f64::from(value)));
        }
    }
}
