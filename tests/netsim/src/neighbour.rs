//! Another machine on the cable, which calls the device.

use crate::tasks::as_tasks;
use aclk_lan::{Jack, ROUTER_ADDRESS, device_end};
use core::future::Future;
use core::net::Ipv4Addr;
use core::pin::{Pin, pin};
use core::task::{Context, Waker};
use embassy_net::tcp::TcpSocket;
use embassy_net::{Config, IpAddress, Ipv4Cidr, StackResources, StaticConfigV4};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Wake;

/// Prefix length of the network that all are in.
const PREFIX: u8 = 24;
/// The last byte of the address of the first neighbour; those of the router's DHCP are lower.
const FIRST: u8 = 220;
/// Bytes that TCP holds for it, each way.
const BUFFER: usize = 2048;

/// What a neighbour got for its call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Call {
    /// What the device said.
    pub heard: Vec<u8>,
    /// Whether the connection came about.
    pub connected: bool,
    /// Whether it is over, and whether it ended in order.
    pub ended: Option<bool>,
}

/// A machine with an address of its own and one connection.
pub(crate) struct Neighbour {
    pub(crate) jack: Jack,
    pub(crate) call: Rc<RefCell<Call>>,
    work: Pin<Box<dyn Future<Output = ()>>>,
    bell: Arc<Bell>,
}

impl Neighbour {
    /// Number `number` calls `port` of `device`, says `text`, and listens until the end, if it `listens` at all.
    pub(crate) fn new(number: u8, mtu: usize, device: (Ipv4Addr, u16), text: &str, listens: bool) -> Self {
        let (ethernet, jack) = device_end([0x02, 0, 0, 0, 1, number], mtu);
        jack.set_link(true);
        let [a, b, c, _] = ROUTER_ADDRESS.octets();
        let address = Ipv4Cidr::new(Ipv4Addr::new(a, b, c, FIRST + number), PREFIX);
        let (call, text) = (Rc::new(RefCell::new(Call::default())), text.to_owned());
        let told = call.clone();
        let work = async move {
            let mut resources = StackResources::<2>::new();
            let config = StaticConfigV4 { address, gateway: None, dns_servers: heapless::Vec::new() };
            let seed = u64::from(number);
            let (stack, mut runner) = embassy_net::new(ethernet, Config::ipv4_static(config), &mut resources, seed);
            let (mut receive, mut send) = ([0; BUFFER], [0; BUFFER]);
            let talk = async {
                let mut socket = TcpSocket::new(stack, &mut receive, &mut send);
                if socket.connect((IpAddress::Ipv4(device.0), device.1)).await.is_ok() {
                    told.borrow_mut().connected = true;
                    let mut rest = text.as_bytes();
                    while let Ok(len) = socket.write(rest).await {
                        rest = &rest[len..];
                        if rest.is_empty() {
                            break;
                        }
                    }
                    let mut piece = [0; BUFFER];
                    let ended = loop {
                        if !listens {
                            // The connection is looked at, and nothing is taken from it.
                            socket.wait_read_ready().await;
                            core::future::pending::<()>().await;
                        }
                        match socket.read(&mut piece).await {
                            Ok(0) => break true,
                            Ok(len) => told.borrow_mut().heard.extend(&piece[..len]),
                            Err(_) => break false,
                        }
                    };
                    told.borrow_mut().ended = Some(ended);
                    socket.close();
                } else {
                    told.borrow_mut().ended = Some(false);
                }
                core::future::pending::<()>().await;
            };
            as_tasks(pin!(runner.run()), pin!(talk)).await;
        };
        Self { jack, call, work: Box::pin(work), bell: Arc::new(Bell(AtomicBool::new(true))) }
    }

    /// Lets it do what it has to do; yields whether there was anything.
    pub(crate) fn step(&mut self) -> bool {
        let is_rung = self.bell.0.swap(false, Ordering::Relaxed);
        if is_rung {
            let waker = Waker::from(Arc::clone(&self.bell));
            let _ = self.work.as_mut().poll(&mut Context::from_waker(&waker));
        }
        is_rung
    }
}

struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
