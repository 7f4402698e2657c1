//! In the place of `host/linked.rs`: a machine that is measured, and holds no link.

use super::Work;
use crate::clock::HostClock;
use crate::device::tap::Tap;
use crate::erased::Wish;
use crate::fault::Fault;
use crate::store::FileStore;
use crate::trust::Trust;
use aclk_core::clock::Clock;
use aclk_core::driver::{Command, Observer, measure};
use aclk_core::metrics::Device;
use aclk_core::node::Node;
use aclk_core::store::{Saved, Store};
use embassy_futures::select::{Either, select};
use std::cell::RefCell;
use std::pin::pin;

/// What is kept of this machine, and nobody to trust.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) store: FileStore,
    pub(crate) trust: Trust,
}

impl Host {
    pub(crate) fn new(store: FileStore, _: bool) -> Result<Self, Fault> {
        Ok(Self { store, trust: Trust::default() })
    }

    /// What is stored now.
    pub(crate) async fn saved(&mut self) -> Result<Saved, Fault> {
        Ok(self.store.load().await?)
    }

    /// There is no TAP device here.
    pub(crate) async fn drive_over(
        &mut self,
        _: Option<&Tap>,
        work: Work,
        node: &RefCell<Node<dyn Device + '_>>,
        observer: &mut dyn Observer,
        control: &mut dyn Wish,
    ) -> Result<(), Fault> {
        self.drive(work, node, observer, control).await
    }

    /// Measures every second until `control` ends it.
    pub(crate) async fn drive(
        &mut self,
        work: Work,
        node: &RefCell<Node<dyn Device + '_>>,
        _: &mut dyn Observer,
        control: &mut dyn Wish,
    ) -> Result<(), Fault> {
        let clock = HostClock;
        let mut measuring = pin!(measure(&clock, node));
        loop {
            match select(measuring.as_mut(), control.next_wish()).await {
                Either::First(()) | Either::Second(Command::Stop) => return Ok(()),
                Either::Second(Command::Reload(saved)) => {
                    node.borrow_mut().status.reload(&saved, &work.settings.url, clock.now());
                }
            }
        }
    }
}
