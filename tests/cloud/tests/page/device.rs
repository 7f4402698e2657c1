//! A scripted device over real TLS: it comes online, tells of its contexts, and answers what it is asked.

use crate::browser::PATIENCE;
use crate::common::{self, CLAIM_ID, Client, GUID, Remote, Wire};
use aclk_cloud::message::{ContextUpdated, ContextsSnapshot, CreateNodeInstanceResult, NodeInfo};
use aclk_cloud::{Action, Config, ConnectionId};
use prost::Message;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// After so long a silence nothing more is expected.
const QUIET: Duration = Duration::from_millis(150);

type Stream = StreamOwned<ClientConnection, TcpStream>;

struct Tls {
    address: SocketAddr,
    /// Where a request was sent and its answer is not here yet.
    asked: BTreeSet<u64>,
    config: Arc<ClientConfig>,
    streams: BTreeMap<u64, Stream>,
    opened: u64,
}

impl Remote for Tls {
    fn open(&mut self) -> ConnectionId {
        let socket = TcpStream::connect(self.address).unwrap();
        socket.set_read_timeout(Some(QUIET)).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(self.config.clone(), name).unwrap();
        self.opened += 1;
        self.streams.insert(self.opened, StreamOwned::new(connection, socket));
        ConnectionId(self.opened)
    }

    fn send(&mut self, id: ConnectionId, bytes: &[u8]) {
        if ["GET ", "PUT ", "POST "].iter().any(|method| bytes.starts_with(method.as_bytes())) {
            self.asked.insert(id.0);
        }
        let stream = self.streams.get_mut(&id.0).unwrap();
        let mut rest = bytes;
        while !rest.is_empty() {
            match stream.write(rest) {
                Ok(len) => rest = &rest[len..],
                // The handshake takes its time.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn collect(&mut self, id: ConnectionId) -> Wire {
        let stream = self.streams.get_mut(&id.0).unwrap();
        let mut wire = Wire::default();
        let mut buffer = [0; 16 << 10];
        // A silence means something on a link only: an answer may take its time beside a browser that starts.
        let is_asked = self.asked.remove(&id.0);
        let end = Instant::now() + PATIENCE;
        loop {
            match stream.read(&mut buffer) {
                Ok(len) if len > 0 => wire.add(Action::Send(buffer[..len].to_vec())),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if !is_asked || is_answered(&wire) || Instant::now() >= end {
                        return wire;
                    }
                }
                Ok(_) | Err(_) => {
                    wire.add(Action::Close);
                    return wire;
                }
            }
        }
    }

    fn close(&mut self, id: ConnectionId) {
        self.streams.remove(&id.0);
    }
}

/// Whether this is an answer with all of its body.
fn is_answered(wire: &Wire) -> bool {
    let Some(answer) = wire.try_http() else { return false };
    let length = |line: &str| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok();
    answer.body.len() >= answer.head.lines().find_map(length).unwrap_or(0)
}

/// A device on a thread of its own, until it is dropped.
pub(crate) struct Device {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Device {
    /// Claims and comes online.
    pub(crate) fn start(cloud: &aclk_cloud::server::Handle) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(cloud.ca_pem().as_bytes()).unwrap()).unwrap();
        let config = Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth());
        let tls = Tls { address: cloud.address(), asked: BTreeSet::new(), config, streams: BTreeMap::new(), opened: 0 };
        let (token, room) = cloud.with(|cloud, _| (cloud.token().to_owned(), cloud.rooms()[1].id.clone()));
        let mut client = Client::new(Config::default());
        client.remote = Some(Box::new(tls));
        let body = json!({
            "node": {"id": CLAIM_ID, "hostname": client.hostname}, "token": token, "rooms": [room],
            "publicKey": common::PUBLIC_PEM, "mGUID": GUID,
        });
        let request = client.claim_request(&body.to_string());
        assert_eq!(client.request(&request).http().status, 204);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                live(&mut client, &stopped);
                std::thread::sleep(QUIET);
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // If it panicked, that was printed.
            let _ = thread.join();
        }
    }
}

/// One session, from the login to its end.
fn live(client: &mut Client, stopped: &AtomicBool) {
    client.env();
    let challenge = client.challenge();
    if client.password(&challenge).try_http().is_none_or(|http| http.status != 201) {
        return;
    }
    client.upgrade();
    client.connect();
    client.subscribe("inbox-cmd");
    client.subscribe("inbox-cmd-v1");
    client.announce();
    let created = client.create_node().publishes().into_iter().find(|(topic, _)| topic.ends_with("Result"));
    let Some((_, created)) = created else { return };
    client.remote_node = CreateNodeInstanceResult::decode(created.as_slice()).unwrap().node_id;
    client.live();
    let mut info = client.information();
    info.data = Some(NodeInfo {
        name: client.hostname.clone(),
        os: "linux".to_owned(),
        os_name: "Debian GNU/Linux".to_owned(),
        os_version: "12 (bookworm)".to_owned(),
        kernel_name: "Linux".to_owned(),
        kernel_version: "6.1.0-31-arm64".to_owned(),
        architecture: "aarch64".to_owned(),
        cpus: 4,
        memory: "536870912".to_owned(),
        version: "v2.10.4".to_owned(),
        ..NodeInfo::default()
    });
    let mut wire = client.publish("node-instance-info", &info);
    let link = client.link.unwrap();
    loop {
        // While one thing is said, the next may be heard.
        let mut heard = Wire::default();
        for (topic, payload) in wire.publishes() {
            match topic.rsplit('/').next() {
                Some("ContextsCheckpoint") => heard.join(client.publish("contexts-snapshot", &snapshot(client))),
                Some("DisconnectReq") => {
                    client.leave();
                    return client.remote.as_mut().unwrap().close(link);
                }
                Some("cmd") => heard.join(answer(client, &String::from_utf8(payload).unwrap())),
                _ => {}
            }
        }
        if wire.end.is_some() || stopped.load(Ordering::Relaxed) {
            return client.remote.as_mut().unwrap().close(link);
        }
        heard.join(client.collect(link));
        wire = heard;
    }
}

fn snapshot(client: &Client) -> ContextsSnapshot {
    let contexts: Vec<_> = [
        ("system.cpu", "Total CPU utilization", "percentage", "cpu", "stacked", 100),
        ("system.load", "System Load Average", "load", "load", "line", 101),
        ("system.ram", "System RAM", "MiB", "ram", "stacked", 102),
        ("system.net", "Physical Network Interfaces Aggregated Bandwidth", "kilobits/s", "network", "area", 103),
    ]
    .into_iter()
    .map(|(id, title, units, family, chart_type, priority)| ContextUpdated {
        id: id.to_owned(),
        version: 1,
        first_entry: 1_700_000_000,
        last_entry: 1_700_000_100,
        title: title.to_owned(),
        priority,
        chart_type: chart_type.to_owned(),
        units: units.to_owned(),
        family: family.to_owned(),
        ..ContextUpdated::default()
    })
    .collect();
    let version = contexts.iter().map(|one| one.version + one.last_entry - one.first_entry).sum();
    ContextsSnapshot { contexts, claim_id: client.claim_id.clone(), node_id: client.node_id(), version }
}

fn answer(client: &mut Client, request: &str) -> Wire {
    let (envelope, http) = request.split_once("\r\n\r\n").unwrap();
    let envelope: Value = serde_json::from_str(envelope).unwrap();
    let target = http.split(' ').nth(1).unwrap();
    let (status, body) = match target.split('?').next() {
        Some("/api/v1/info") => {
            (200, json!({"version": "v2.10.4", "uid": GUID, "cloud-available": true, "mirrored_hosts": ["edge-1"]}))
        }
        Some("/api/v1/data") => (200, data()),
        _ => (404, json!("not found")),
    };
    let body = body.to_string();
    let reply = format!(
        "{{\"type\":\"http\",\"msg-id\":{},\"timestamp\":1700000005,\"timestamp-offset-usec\":1,\"connect\":1700000000,\
         \"connect-offset-usec\":123456,\"version\":2,\"t-exec\":5,\"t-rx\":0,\"http-code\":{status}}}\r\n\r\nHTTP/1.1 \
         {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        envelope["msg-id"],
        body.len()
    );
    let topic = envelope["callback-topic"].as_str().unwrap();
    let packet = common::mqtt::publish(0x32, topic, Some(client.take_id()), None, reply.as_bytes());
    client.frame(2, &packet)
}

/// Two minutes of a processor, newest first as the Agent has it.
fn data() -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let row = |at: u64| {
        let x = (at % 3_600) as f64 / 9.0;
        let user = 22.0 + 14.0 * x.sin() + 5.0 * (x * 3.7).sin();
        let system = 9.0 + 4.0 * (x * 1.7).cos();
        let wait = (2.0 + 3.0 * (x * 0.6).sin()).max(0.0);
        json!([at, user, system, wait])
    };
    let rows: Vec<_> = (now - 119..=now).rev().map(row).collect();
    json!({"labels": ["time", "user", "system", "iowait"], "data": rows})
}
