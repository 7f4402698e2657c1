//! A device on embassy-net goes through its morning: it gets an address, pings the router, resolves a name, asks for the
//! time, and talks to a server on 127.0.0.1. No root, and nothing leaves this process but that last connection.
//!
//! ```text
//! cargo run -p aclk-lan --example ping [LOSS [CAPTURE]]
//! ```
//!
//! LOSS is the ratio of frames that the cable loses (0.05 unless given). With CAPTURE, all that passes the device's end
//! of the cable is written there, for Wireshark.

use aclk_lan::host::{Handle, Host};
use aclk_lan::{Config, End, Faults, Lan, Pcap, ROUTER_ADDRESS};
use core::error::Error;
use core::net::Ipv4Addr;
use core::time::Duration;
use embassy_net::dns::DnsQueryType;
use embassy_net::icmp::PacketMetadata as IcmpMetadata;
use embassy_net::icmp::ping::{PingManager, PingParams};
use embassy_net::tcp::TcpSocket;
use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_net::{IpAddress, Stack, StackResources};
use std::fs::File;
use std::time::SystemTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const MAC: [u8; 6] = [0x02, 0, 0, 0, 0, 0x42];
const MESSAGE: &[u8] = b"is anybody out there?";

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let loss = arguments.next().map_or(Ok(0.05), |loss| loss.parse())?;
    let faults = Faults { loss, latency: Duration::from_millis(5), ..Faults::none() };

    let unix_us = u64::try_from(SystemTime::UNIX_EPOCH.elapsed()?.as_micros())?;
    let mut config = Config::default();
    config.sntp.unix_us = unix_us;
    let mut lan = Lan::new(1, faults, config)?;
    if let Some(path) = arguments.next() {
        lan.cable.capture(End::Device, Pcap::starting_at(File::create(path)?, unix_us));
    }

    let echo = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let port = echo.local_addr()?.port();

    let (device, host) = Host::new(lan, MAC);
    let handle = host.handle();
    let mut resources = StackResources::<4>::new();
    let dhcp = embassy_net::Config::dhcpv4(Default::default());
    let (stack, mut runner) = embassy_net::new(device, dhcp, &mut resources, 1);
    tokio::select! {
        never = runner.run() => never,
        () = host.run() => Err("the network has ended".into()),
        result = serve(echo) => result,
        result = morning(stack, port, &handle) => result,
    }
}

async fn serve(echo: TcpListener) -> Outcome<()> {
    let (mut stream, device) = echo.accept().await?;
    println!("     host: a connection from {device}");
    let mut buffer = [0; 256];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            println!("     host: it has ended, and so does mine");
            stream.shutdown().await?;
            return core::future::pending().await;
        }
        println!("     host: {:?}, and back it goes", String::from_utf8_lossy(&buffer[..count]));
        stream.write_all(&buffer[..count]).await?;
    }
}

async fn morning(stack: Stack<'_>, port: u16, handle: &Handle) -> Outcome<()> {
    stack.wait_config_up().await;
    let lease = stack.config_v4().ok_or("no address")?;
    println!(
        "   device: I am {}, my router {:?}, my DNS servers {:?}",
        lease.address, lease.gateway, lease.dns_servers
    );

    ping(stack).await;

    let addresses = stack.dns_query("cloud.test", DnsQueryType::A).await.map_err(|e| format!("DNS: {e:?}"))?;
    let IpAddress::Ipv4(cloud) = addresses.first().copied().ok_or("cloud.test has no address")?;
    println!("   device: cloud.test is {cloud}");

    println!("   device: it is {} seconds since 1970", ask_time(stack).await?);

    talk(stack, cloud, port).await?;

    let [sent, received] = handle.with(|lan, _| [End::Device, End::Router].map(|end| lan.cable.counters(end)));
    println!("    cable: {} frames from the device, {} lost", sent.sent, sent.lost);
    println!("    cable: {} frames from the router, {} lost", received.sent, received.lost);
    Ok(())
}

async fn ping(stack: Stack<'_>) {
    let (mut receive_meta, mut send_meta) = ([IcmpMetadata::EMPTY; 2], [IcmpMetadata::EMPTY; 2]);
    let (mut receive, mut send) = ([0; 256], [0; 256]);
    let mut pinger = PingManager::new(stack, &mut receive_meta, &mut receive, &mut send_meta, &mut send);
    let mut request = PingParams::new(ROUTER_ADDRESS);
    request.set_payload(b"good morning").set_count(1);
    match pinger.ping(&request).await {
        Ok(time) => println!("   device: {ROUTER_ADDRESS} answers within {} ms", time.as_millis()),
        Err(error) => println!("   device: {ROUTER_ADDRESS} does not answer: {error:?}"),
    }
}

async fn ask_time(stack: Stack<'_>) -> Outcome<u32> {
    let (mut receive_meta, mut send_meta) = ([PacketMetadata::EMPTY; 2], [PacketMetadata::EMPTY; 2]);
    let (mut receive, mut send) = ([0; 256], [0; 256]);
    let mut socket = UdpSocket::new(stack, &mut receive_meta, &mut receive, &mut send_meta, &mut send);
    socket.bind(4_123).map_err(|error| format!("UDP: {error:?}"))?;
    for _ in 0..5 {
        let mut message = [0; 48];
        message[0] = 0x23; // version 4, client
        socket.send_to(&message, (ROUTER_ADDRESS, 123)).await.map_err(|error| format!("UDP: {error:?}"))?;
        let answer = socket.recv_from(&mut message);
        if let Ok(Ok((48, _))) = tokio::time::timeout(Duration::from_secs(1), answer).await {
            let seconds = u32::from_be_bytes([message[40], message[41], message[42], message[43]]);
            return Ok(seconds.wrapping_sub(2_208_988_800));
        }
    }
    Err("the time server does not answer".into())
}

async fn talk(stack: Stack<'_>, address: Ipv4Addr, port: u16) -> Outcome<()> {
    let (mut receive, mut send) = ([0; 1_024], [0; 1_024]);
    let mut socket = TcpSocket::new(stack, &mut receive, &mut send);
    socket.connect((address, port)).await.map_err(|error| format!("TCP: {error:?}"))?;
    println!("   device: connected to port {port} of {address}");
    socket.write(MESSAGE).await.map_err(|error| format!("TCP: {error:?}"))?;
    let mut reply = [0; MESSAGE.len()];
    embedded_io_async::Read::read_exact(&mut socket, &mut reply).await.map_err(|error| format!("TCP: {error:?}"))?;
    println!("   device: {:?} it says", String::from_utf8_lossy(&reply));
    socket.close();
    while socket.read(&mut reply).await.map_err(|error| format!("TCP: {error:?}"))? > 0 {}
    println!("   device: the end");
    Ok(())
}
