//! A node without a Cloud: whoever is in its network can ask it at its local API.

use crate::{HOSTNAME, Measured, Shared, keyboard, network, node, or_panic, say, shared};
use aclk_core::identity::guid::Guid;
use aclk_core::secret::Secret;
use aclk_core::settings::{Limits, Settings, Timing};
use aclk_core::store::Saved;
use aclk_core::wire::proxy::Exceptions;
use aclk_core::wire::url::Url;
use aclk_firmware::local_api::{ApiMemory, PORT, SOCKETS as API_SOCKETS};
use aclk_firmware::run_local_api;
use aclk_qemu::test_only;
use core::cell::RefCell;
use embassy_executor::Spawner;
use rand_core::Rng;
use static_cell::ConstStaticCell;

/// DHCP, DNS (which the stack always has), and the local API.
pub(crate) const SOCKETS: usize = 2 + API_SOCKETS;

static MEMORY: ConstStaticCell<ApiMemory> = ConstStaticCell::new(ApiMemory::new());

// Not a part of the caller, whose stack is never given back.
#[inline(never)]
pub(crate) fn start(spawner: Spawner) {
    let mut rng = or_panic(test_only::seeded());
    let settings = settings(Guid::random(&mut rng));
    let (shared, runner) = shared(HOSTNAME, rng.next_u64());
    let node = node(&settings, &Saved::default(), shared);
    let (Ok(network), Ok(keyboard), Ok(local)) = (network(runner), keyboard(), local(shared, node)) else {
        panic!("each task is started once");
    };
    spawner.spawn(network);
    spawner.spawn(keyboard);
    spawner.spawn(local);
}

/// Of a node that is nobody's: another one at each start.
fn settings(machine: Guid) -> Settings {
    Settings {
        url: or_panic(Url::parse("https://localhost")),
        id: machine,
        machine_guid: machine,
        hostname: HOSTNAME.try_into().unwrap_or_default(),
        token: Secret::new(),
        rooms: heapless::String::new(),
        claim_attempts: None,
        proxy: None,
        no_proxy: Exceptions::NONE,
        timing: Timing::DEFAULT,
        limits: Limits::DEVICE,
    }
}

#[embassy_executor::task]
async fn local(shared: Shared, node: &'static RefCell<aclk_core::node::Node<Measured>>) {
    let Shared { clock, stack, .. } = shared;
    stack.wait_config_up().await;
    say!("config: the device has an address");
    run_local_api(stack, PORT, MEMORY.take(), node, clock).await;
}
