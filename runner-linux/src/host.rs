//! This machine as the engine sees it: sockets, clock, claim directory, key and trust anchors.

#[cfg_attr(not(feature = "link"), path = "without_link/host.rs")]
mod linked;
#[cfg(all(test, feature = "lab"))]
mod tests;

pub(crate) use linked::Host;

use crate::device::OwnStack;
use crate::fault::Fault;
use crate::gzip::Compressing;
use crate::metrics::{LinuxDevice, Machine as Measured};
use crate::paths::Paths;
use crate::random;
use aclk_core::engine::event::Goal;
use aclk_core::identity::guid::Guid;
use aclk_core::settings::Settings;
use aclk_core::stage::Stage;
use aclk_core::store::Saved;
use std::io;
use tokio::runtime::Runtime;

/// What is to be worked towards, with what is known so far.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) goal: Goal,
    pub(crate) settings: Settings,
    pub(crate) saved: Saved,
}

/// This machine as something that is measured, and with it the TCP/IP stack that the link goes over, if it is ours.
pub(crate) fn device<'m>(machine: &'m Measured, stack: Option<&'m OwnStack>) -> Compressing<LinuxDevice<'m>> {
    Compressing::new(stack.map_or_else(|| machine.device(), |stack| machine.device_over(stack)))
}

/// The machine GUID of `paths`, made if need be. If it takes the place of another one, `tell` is told why.
pub(crate) fn machine_guid(paths: &Paths, tell: impl FnOnce(String)) -> Result<Guid, Fault> {
    crate::machine_guid::load_or_create(&paths.registry(), &mut random::rng()?, tell)
}

/// Runs `work` on a runtime of its own. Whatever it leaves behind (a name lookup that hangs) is abandoned.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Fault> {
    let runtime = runtime().map_err(|error| Fault::new(Stage::Config, format_args!("cannot start: {error}")))?;
    let result = runtime.block_on(work);
    runtime.shutdown_background();
    Ok(result)
}

fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
