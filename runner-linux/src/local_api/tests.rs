//! Answers over this machine's sockets that are longer than any buffer.

use super::history::History;
use super::{NodeClock, serve};
use crate::clock::HostClock;
use crate::daemon::SharedNode;
use crate::gzip::Compressing;
use crate::host::block_on;
use crate::settings::{Given, for_link};
use crate::wide::{SECONDS, Wide};
use aclk_core::clock::Clock;
use aclk_core::identity::guid::Guid;
use aclk_core::node::Node;
use aclk_core::store::Saved;
use flate2::read::GzDecoder;
use std::cell::RefCell;
use std::io::Read;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::LocalSet;

/// Bytes that the sockets at both ends hold: the answer has to wait for its client again and again.
const HELD: u32 = 4 << 10;

/// After this time something that is waited for counts as lost.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks for all samples, and reads the head and as much of a body as it promises.
async fn ask(client: &mut TcpStream, headers: &str) -> (String, Vec<u8>) {
    let target = "/api/v1/data?chart=bench.wide&after=-3600";
    client.write_all(format!("GET {target} HTTP/1.1\r\nHost: x\r\n{headers}\r\n").as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    client.read_exact(&mut body).await.unwrap();
    (head, body)
}

#[test]
fn an_answer_of_200_kib_arrives_whole_plain_and_packed() {
    let now = HostClock.now();
    let settings = for_link(Given::default(), Guid::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").unwrap()).unwrap();
    let node = Node::new(Compressing::new(Wide::new(now)), &settings, &Saved::default(), now);
    let node: SharedNode = Rc::new(RefCell::new(node));
    let talk = async {
        let socket = TcpSocket::new_v4().unwrap();
        // Connections have it from their listener.
        socket.set_send_buffer_size(HELD).unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let history = Rc::new(RefCell::new(History::new()));
        let serving = async move {
            serve(&[listener], node, NodeClock::new(|| HostClock.now()), history, |note| panic!("{note}")).await;
        };
        tokio::task::spawn_local(serving);
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(HELD).unwrap();
        let mut client = socket.connect(address).await.unwrap();
        // One after the other on one connection: a byte too many or too few would be seen in the next head.
        let (head, plain) = ask(&mut client, "").await;
        assert!(head.starts_with("HTTP/1.1 200 ") && !head.contains("Content-Encoding"), "{head}");
        assert!(plain.len() > 200 << 10, "{}", plain.len());
        let data: serde_json::Value = serde_json::from_slice(&plain).unwrap();
        let rows = data["data"].as_array().unwrap();
        assert_eq!(rows.len() as u64, SECONDS);
        let newest = now.wall.unix_seconds() - 1;
        let expected = (newest % 1_000) as f64 + 0.015_625;
        assert_eq!((&rows[0][0], &rows[0][6]), (&newest.into(), &expected.into()));

        let (head, packed) = ask(&mut client, "Accept-Encoding: gzip\r\n").await;
        assert!(head.contains("\r\nContent-Encoding: gzip\r\n"), "{head}");
        assert!(packed.len() < plain.len(), "{}", packed.len());
        let mut unpacked = Vec::new();
        GzDecoder::new(packed.as_slice()).read_to_end(&mut unpacked).unwrap();
        assert!(unpacked == plain, "{} bytes instead of {}", unpacked.len(), plain.len());
        let (_, again) = ask(&mut client, "").await;
        assert!(again == plain, "{} bytes instead of {}", again.len(), plain.len());
    };
    let timed = async { tokio::time::timeout(PATIENCE, talk).await.expect("the answers arrive") };
    block_on(LocalSet::new().run_until(timed)).unwrap();
}
