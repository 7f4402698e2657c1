//! A device on embassy-net, and real sockets of 127.0.0.1.

use crate::device::MAC;
use crate::world::noise;
use aclk_lan::host::{Handle, Host};
use aclk_lan::{Config, Faults, Forward, Lan, ROUTER_ADDRESS, Target};
use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use embassy_net::dns::DnsQueryType;
use embassy_net::tcp::{ConnectError, Error, TcpSocket};
use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_net::{Stack, StackResources};
use std::io::ErrorKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Ends a test that hangs.
const WATCHDOG: Duration = Duration::from_secs(120);

async fn on_device<R>(faults: Faults, config: Config, work: impl AsyncFnOnce(Stack<'_>, Handle) -> R) -> R {
    let lan = Lan::new(1, faults, config).expect("a valid configuration");
    let (device, host) = Host::new(lan, MAC);
    let handle = host.handle();
    let mut resources = StackResources::<4>::new();
    let dhcp = embassy_net::Config::dhcpv4(Default::default());
    let (stack, mut runner) = embassy_net::new(device, dhcp, &mut resources, 1);
    tokio::select! {
        never = runner.run() => never,
        () = host.run() => panic!("the network ends before the device does"),
        result = tokio::time::timeout(WATCHDOG, work(stack, handle)) => result.expect("the test hangs"),
    }
}

/// A socket of the device, connected to a socket of the host.
async fn connected<R>(work: impl AsyncFnOnce(&mut TcpSocket<'_>, TcpStream) -> R) -> R {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let port = listener.local_addr().expect("a bound socket").port();
    on_device(Faults::none(), Config::default(), async |stack, _| {
        stack.wait_config_up().await;
        let (mut receive, mut send) = ([0; 4_096], [0; 4_096]);
        let mut socket = TcpSocket::new(stack, &mut receive, &mut send);
        let (device, host) = tokio::join!(socket.connect((ROUTER_ADDRESS, port)), listener.accept());
        device.expect("a connection");
        work(&mut socket, host.expect("a connection").0).await
    })
    .await
}

#[tokio::test]
async fn a_device_gets_an_address_and_resolves_names() {
    on_device(Faults::none(), Config::default(), async |stack, handle| {
        stack.wait_config_up().await;
        let config = stack.config_v4().expect("an address");
        assert_eq!(config.gateway, Some(ROUTER_ADDRESS));
        let leased = handle.with(|lan, now| lan.router.leased_to(MAC, now));
        assert_eq!(leased, Some(config.address.address()));
        let addresses = stack.dns_query("cloud.test", DnsQueryType::A).await.expect("an address");
        assert_eq!(addresses[..], [ROUTER_ADDRESS.into()]);
        assert!(stack.dns_query("nowhere.test", DnsQueryType::A).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn a_device_asks_for_the_time() {
    on_device(Faults::none(), Config::default(), async |stack, _| {
        stack.wait_config_up().await;
        let (mut meta, mut buffers) = ([[PacketMetadata::EMPTY; 2]; 2], [[0; 256]; 2]);
        let [receive_meta, send_meta] = &mut meta;
        let [receive, send] = &mut buffers;
        let mut socket = UdpSocket::new(stack, receive_meta, receive, send_meta, send);
        socket.bind(4_123).expect("a free port");
        let mut message = [0; 48];
        message[0] = 0x23;
        socket.send_to(&message, (ROUTER_ADDRESS, 123)).await.expect("a route");
        let (length, from) = socket.recv_from(&mut message).await.expect("an answer");
        assert_eq!((length, from.endpoint.port, message[0], message[1]), (48, 123, 0x24, 1));
    })
    .await;
}

#[tokio::test]
async fn a_megabyte_passes_both_ways_at_once_and_then_fin() {
    connected(async |device, mut host| {
        let data = noise(1_000_000);
        let echo = async {
            let (mut reader, mut writer) = host.split();
            let count = tokio::io::copy(&mut reader, &mut writer).await.expect("an open connection");
            writer.shutdown().await.expect("an open connection");
            count
        };
        let talk = async {
            let (mut reader, mut writer) = device.split();
            let send = async {
                let mut rest = &data[..];
                while !rest.is_empty() {
                    let count = writer.write(rest).await.expect("an open connection");
                    rest = &rest[count..];
                }
                writer.flush().await.expect("an open connection");
            };
            let receive = async {
                let mut back = vec![0; data.len()];
                let mut length = 0;
                while length < back.len() {
                    length += reader.read(&mut back[length..]).await.expect("an open connection");
                }
                back
            };
            let ((), back) = tokio::join!(send, receive);
            device.close();
            assert_eq!(device.read(&mut [0; 1]).await, Ok(0), "the host's FIN");
            back
        };
        let (count, back) = tokio::join!(echo, talk);
        assert_eq!(count, 1_000_000, "the device's FIN ends the copy");
        assert!(back == data);
    })
    .await;
}

#[tokio::test]
async fn reset_of_the_device_reaches_the_host() {
    connected(async |device, mut host| {
        device.abort();
        let mut nothing = [0; 1];
        let (_, error) = tokio::join!(device.flush(), host.read(&mut nothing));
        assert_eq!(error.expect_err("a reset").kind(), ErrorKind::ConnectionReset);
    })
    .await;
}

#[tokio::test]
async fn reset_of_the_host_reaches_the_device() {
    connected(async |device, host| {
        host.set_zero_linger().expect("a socket");
        drop(host);
        assert_eq!(device.read(&mut [0; 1]).await, Err(Error::ConnectionReset));
    })
    .await;
}

#[tokio::test]
async fn a_host_that_stops_reading_still_gets_everything_later() {
    connected(async |device, mut host| {
        let data = noise(300_000);
        let mut rest = &data[..];
        let mut received = vec![0; data.len()];
        // The device writes until everything on the way is full, and only then the host begins to read.
        let mut length = 0;
        while length < data.len() {
            tokio::select! {
                biased;
                count = device.write(rest), if !rest.is_empty() => rest = &rest[count.expect("an open connection")..],
                count = host.read(&mut received[length..]) => length += count.expect("an open connection"),
            }
        }
        assert!(received == data);
    })
    .await;
}

#[tokio::test]
async fn a_port_nobody_listens_on_is_refused() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let port = listener.local_addr().expect("a bound socket").port();
    drop(listener);
    on_device(Faults::none(), Config::default(), async |stack, _| {
        stack.wait_config_up().await;
        let (mut receive, mut send) = ([0; 512], [0; 512]);
        let mut socket = TcpSocket::new(stack, &mut receive, &mut send);
        assert_eq!(socket.connect((ROUTER_ADDRESS, port)).await, Err(ConnectError::ConnectionReset));
    })
    .await;
}

#[tokio::test]
async fn a_forward_leads_to_another_port() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let target = Target::Host(listener.local_addr().expect("a bound socket"));
    let mut config = Config::default();
    config.nat.forwards = vec![Forward { address: None, port: Some(443), target }];
    on_device(Faults::none(), config, async |stack, _| {
        stack.wait_config_up().await;
        let (mut receive, mut send) = ([0; 512], [0; 512]);
        let mut socket = TcpSocket::new(stack, &mut receive, &mut send);
        let (device, host) = tokio::join!(socket.connect((ROUTER_ADDRESS, 443)), listener.accept());
        device.expect("a connection");
        host.expect("a connection").0.write_all(b"hello").await.expect("an open connection");
        let mut hello = [0; 5];
        embedded_io_async::Read::read_exact(&mut socket, &mut hello).await.expect("five bytes");
        assert_eq!(&hello, b"hello");
    })
    .await;
}

#[tokio::test]
async fn a_pulled_cable_shows_and_all_is_well_when_it_is_back() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let port = listener.local_addr().expect("a bound socket").port();
    on_device(Faults::none(), Config::default(), async |stack, handle| {
        stack.wait_config_up().await;
        let before = stack.config_v4().expect("an address");
        handle.with(|lan, _| lan.cable.unplug());
        stack.wait_link_down().await;
        assert!(!stack.is_link_up());
        handle.with(|lan, _| lan.cable.plug());
        stack.wait_link_up().await;
        stack.wait_config_up().await;
        assert_eq!(stack.config_v4(), Some(before), "asked for anew, and the same");
        let (mut receive, mut send) = ([0; 512], [0; 512]);
        let mut socket = TcpSocket::new(stack, &mut receive, &mut send);
        let (device, host) = tokio::join!(socket.connect((ROUTER_ADDRESS, port)), listener.accept());
        device.expect("a connection");
        host.expect("a connection");
    })
    .await;
}

#[tokio::test]
async fn latency_and_loss_only_slow_things_down() {
    let faults = Faults { latency: Duration::from_millis(2), loss: 0.02, ..Faults::none() };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let port = listener.local_addr().expect("a bound socket").port();
    on_device(faults, Config::default(), async |stack, handle| {
        stack.wait_config_up().await;
        let (mut receive, mut send) = ([0; 4_096], [0; 4_096]);
        let mut socket = TcpSocket::new(stack, &mut receive, &mut send);
        let (device, host) = tokio::join!(socket.connect((ROUTER_ADDRESS, port)), listener.accept());
        device.expect("a connection");
        let mut host = host.expect("a connection").0;
        let data = noise(100_000);
        let mut received = vec![0; data.len()];
        let receive = embedded_io_async::Read::read_exact(&mut socket, &mut received);
        let (sent, received_all) = tokio::join!(host.write_all(&data), receive);
        sent.expect("an open connection");
        received_all.expect("everything");
        assert!(received == data);
        let counters = handle.with(|lan, _| lan.cable.counters(aclk_lan::End::Router));
        assert!(counters.lost > 0, "{counters:?}");
    })
    .await;
}

#[tokio::test]
async fn the_network_ends_with_the_device() {
    let lan = Lan::new(1, Faults::none(), Config::default()).expect("a valid configuration");
    let (device, host) = Host::new(lan, MAC);
    let run = tokio::spawn(host.run());
    drop(device);
    tokio::time::timeout(WATCHDOG, run).await.expect("it ends").expect("and without a panic");
}

mod executors {
    //! The device on embassy's executor in one thread, the network on tokio in another.

    use super::*;
    use aclk_lan::DeviceEnd;
    use embassy_executor::{Executor, Spawner};
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;

    static DONE: AtomicBool = AtomicBool::new(false);

    #[embassy_executor::task]
    async fn device(end: DeviceEnd, port: u16, text: mpsc::Sender<String>) {
        let mut resources = StackResources::<4>::new();
        let dhcp = embassy_net::Config::dhcpv4(Default::default());
        let (stack, mut runner) = embassy_net::new(end, dhcp, &mut resources, 1);
        let talk = async {
            stack.wait_config_up().await;
            let (mut receive, mut send) = ([0; 512], [0; 512]);
            let mut socket = TcpSocket::new(stack, &mut receive, &mut send);
            socket.connect((ROUTER_ADDRESS, port)).await.expect("a connection");
            let mut buffer = [0; 5];
            embedded_io_async::Read::read_exact(&mut socket, &mut buffer).await.expect("five bytes");
            String::from_utf8_lossy(&buffer).into_owned()
        };
        let hello = tokio::select! {
            never = runner.run() => never,
            hello = talk => hello,
        };
        DONE.store(true, Ordering::SeqCst);
        text.send(hello).expect("a test that waits");
    }

    #[tokio::test]
    async fn a_device_on_an_executor_of_its_own_is_woken_across_threads() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let SocketAddr::V4(address) = listener.local_addr().expect("a bound socket") else { panic!("IPv4") };
        let lan = Lan::new(1, Faults::none(), Config::default()).expect("a valid configuration");
        let (end, host) = Host::new(lan, MAC);
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let executor = Box::leak(Box::new(Executor::new()));
            let spawn = |spawner: Spawner| spawner.spawn(device(end, address.port(), sender).expect("one task"));
            executor.run_until(spawn, || DONE.load(Ordering::SeqCst));
        });
        let serve = async {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            stream.write_all(b"hello").await.expect("an open connection");
            stream
        };
        let ((), _stream) = tokio::time::timeout(WATCHDOG, async { tokio::join!(host.run(), serve) })
            .await
            .expect("the network ends when the device does");
        thread.join().expect("a sound thread");
        assert_eq!(receiver.recv().as_deref(), Ok("hello"));
    }
}
