//! Another machine on the device's network, whose browser asks the device's local API.

use crate::executor::{Task, side_by_side};
use aclk_core::clock::Instant;
use aclk_firmware::local_api::PORT;
use aclk_lan::{Frame, Jack, ROUTER_ADDRESS, device_end};
use core::net::Ipv4Addr;
use core::pin::pin;
use core::time::Duration;
use embassy_net::tcp::TcpSocket;
use embassy_net::{Config, IpAddress, Ipv4Cidr, StackResources, StaticConfigV4};
use embedded_io_async::Write;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::rc::Rc;

/// Its address ends with this and the number of the call; those of the router's DHCP server are lower.
const FIRST: u8 = 220;
/// So many addresses it has.
const ADDRESSES: u32 = 32;
/// Prefix length of the network.
const PREFIX: u8 = 24;
const MTU: usize = 1_500;
/// Bytes that TCP holds for it, each way.
const BUFFER: usize = 4_096;
/// Bytes of an answer at most.
const ANSWER: usize = 4 << 20;
/// How long it waits for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// A machine with one request.
pub(super) struct Laptop {
    number: u32,
    jack: Jack,
    task: Task,
    heard: Rc<RefCell<Heard>>,
    until: Instant,
}

#[derive(Debug, Default)]
struct Heard {
    bytes: Vec<u8>,
    is_over: bool,
}

impl Laptop {
    /// Asks the device at `device` for `path`, as call `number`.
    pub(super) fn new(number: u32, device: Ipv4Addr, path: &str, seed: u64) -> Self {
        let own = (number % ADDRESSES) as u8;
        let (ethernet, jack) = device_end([0x02, 0, 0, 0, 1, own], MTU);
        jack.set_link(true);
        let [a, b, c, _] = ROUTER_ADDRESS.octets();
        let address = Ipv4Cidr::new(Ipv4Addr::new(a, b, c, FIRST + own), PREFIX);
        // A blank or a line end would be another request.
        let path: String = path.chars().filter(|character| character.is_ascii_graphic()).collect();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {device}:{PORT}\r\nConnection: close\r\n\r\n");
        let heard = Rc::new(RefCell::new(Heard::default()));
        let ear = Rc::clone(&heard);
        let task = Task::new(async move {
            let mut resources = StackResources::<2>::new();
            let config = StaticConfigV4 { address, gateway: None, dns_servers: heapless::Vec::new() };
            let (stack, mut runner) = embassy_net::new(ethernet, Config::ipv4_static(config), &mut resources, seed);
            let (mut receive, mut send) = ([0; BUFFER], [0; BUFFER]);
            let talk = async {
                let mut socket = TcpSocket::new(stack, &mut receive, &mut send);
                if socket.connect((IpAddress::Ipv4(device), PORT)).await.is_ok()
                    && socket.write_all(request.as_bytes()).await.is_ok()
                {
                    let mut piece = [0; BUFFER];
                    while let Ok(len @ 1..) = socket.read(&mut piece).await {
                        let mut heard = ear.borrow_mut();
                        if heard.bytes.len() + len > ANSWER {
                            break;
                        }
                        heard.bytes.extend_from_slice(&piece[..len]);
                    }
                    socket.close();
                    let _ = socket.flush().await;
                }
                ear.borrow_mut().is_over = true;
            };
            side_by_side(pin!(runner.run()), pin!(talk)).await;
        });
        let until = super::now() + PATIENCE;
        Self { number, jack, task, heard, until }
    }

    /// The number of the call.
    pub(super) const fn number(&self) -> u32 {
        self.number
    }

    /// Lets it do what it has to do. Says whether there was anything.
    pub(super) fn step(&mut self) -> bool {
        self.task.step()
    }

    /// A frame on the cable, for it or for others.
    pub(super) fn receive(&self, frame: &[u8]) {
        self.jack.give(frame.to_vec());
    }

    /// A frame of it.
    pub(super) fn transmit(&self) -> Option<Frame> {
        self.jack.take()
    }

    /// Status and body, once there is an answer or nothing to wait for.
    pub(super) fn outcome(&self, now: Instant) -> Option<(u16, Value)> {
        let heard = self.heard.borrow();
        if !heard.is_over && now < self.until {
            return None;
        }
        Some(read(&heard.bytes).unwrap_or_else(|| (0, json!("the device does not answer"))))
    }

    /// When it loses patience.
    pub(super) const fn until(&self) -> Instant {
        self.until
    }
}

/// Status and body of an answer; JSON is parsed.
fn read(answer: &[u8]) -> Option<(u16, Value)> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = core::str::from_utf8(&answer[..end]).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let body = String::from_utf8_lossy(&answer[end + 4..]).into_owned();
    Some((status, serde_json::from_str(&body).unwrap_or(Value::String(body))))
}
