//! An embassy application that is also a node of Netdata Cloud. What it took is in `node.rs`; the rest was there before.
//!
//! ```sh
//! cargo run -p aclk-firmware --example node
//! ```

mod existing;
#[rustfmt::skip]
mod node;

use embassy_executor::{Executor, Spawner};
use embassy_net::{Config, Runner, StackResources};
use existing::{Entropy, Flash, Keyboard, Screen, Unplugged};
use std::hash::RandomState;

#[embassy_executor::task]
async fn network(mut runner: Runner<'static, Unplugged>) {
    runner.run().await;
}

fn start(spawner: Spawner) {
    let resources = Box::leak(Box::new(StackResources::<{ aclk_firmware::SOCKETS }>::new()));
    let (stack, runner) = embassy_net::new(Unplugged, Config::dhcpv4(Default::default()), resources, 1);
    spawner.spawn(network(runner).expect("it is the only one"));
    let line = (Keyboard, Screen);
    let node = node::node(stack, Flash::new(), Entropy(RandomState::new()), line);
    spawner.spawn(node.expect("it is the only one"));
}

fn main() {
    Box::leak(Box::new(Executor::new())).run(start)
}
