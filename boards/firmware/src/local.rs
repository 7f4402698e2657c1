//! A node without claim and link: whoever is in its network can ask it.

use crate::clock::DeviceClock;
use crate::local_api::{self, ApiMemory, Holdings, NoPages, Server, Timing};
use aclk_core::driver::measure;
use aclk_core::metrics::Device;
use aclk_core::node::Node;
use core::cell::RefCell;
use embassy_futures::select::select;
use embassy_net::Stack;

/// Measures the node every second and serves the local API on `port`, for ever. What [`run`](crate::run) does, without a
/// Cloud: it needs no key, no flash and no memory but this.
pub async fn run_local_api(
    stack: Stack<'_>,
    port: u16,
    memory: &mut ApiMemory,
    node: &RefCell<Node<dyn Device + '_>>,
    clock: &DeviceClock,
) {
    let holdings = Holdings::new();
    let server = Server::new(node, clock, &NoPages, Timing::DEFAULT, &holdings);
    select(measure(clock, node), local_api::listen(stack, port, memory, &server)).await;
}
