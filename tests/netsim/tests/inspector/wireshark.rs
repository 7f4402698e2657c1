//! tshark reads the captures, and sees what we see.

use crate::recorded::{Recorded, behind, dissections, life, rows};
use crate::wire::Wire;
use aclk_inspect::Limits;
use aclk_inspect::view::{Field, Protocol};
use aclk_netsim::Setup;
use aclk_proxy::Kind;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder of its own for each test, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("aclk-inspector-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).expect("it can be written");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Whether tshark is there. Says so if not.
fn has_tshark(test: &str) -> bool {
    let is_here = Command::new("tshark").arg("--version").output().is_ok_and(|output| output.status.success());
    if !is_here {
        eprintln!("skipped, for want of tshark: {test}");
    }
    is_here
}

/// What tshark says about these fields of all frames: a line for each, the fields divided by tabs.
fn tshark(capture: &Path, options: &[&str], fields: &[&str]) -> Vec<Vec<String>> {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(capture).args(["-d", "tcp.port==8443,tls"]).args(options).args(["-T", "fields"]);
    for field in fields {
        command.args(["-e", field]);
    }
    let output = command.output().expect("tshark is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

fn claims(capture: &Path, options: &[&str]) -> Vec<Vec<String>> {
    let options = [options, &["-Y", "http.request.method == \"PUT\""]].concat();
    tshark(capture, &options, &["http.request.uri", "http.file_data"])
}

#[test]
fn tshark_decrypts_the_capture_to_the_claim_with_the_key_log_beside_it_or_in_it() {
    if !has_tshark("the capture decrypted by Wireshark") {
        return;
    }
    let recorded = life(Setup::default());
    let inspector = recorded.inspector();
    let folder = Folder::new("decrypt");
    let pcap = folder.write("device.pcap", &inspector.pcap());
    let keys = folder.write("device.keys", inspector.key_log_text().as_bytes());
    let pcapng = folder.write("device.pcapng", &inspector.pcapng());

    assert!(claims(&pcap, &[]).is_empty(), "without the secrets nobody can read it");
    let option = format!("tls.keylog_file:{}", keys.display());
    for claims in [claims(&pcap, &["-o", &option]), claims(&pcapng, &[])] {
        let [claim] = &claims[..] else { panic!("one claim: {claims:?}") };
        assert_eq!(claim[0], "/api/v1/spaces/nodes/aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee");
        assert!(claim[1].contains(&recorded.token), "{claim:?}");
    }
}

/// What tshark calls our protocols. It does not look for MQTT inside of WebSocket.
fn name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Ethernet => "ETHERNET",
        Protocol::Arp => "ARP",
        Protocol::Ipv4 => "IPv4",
        Protocol::Icmp => "ICMP",
        Protocol::Udp => "UDP",
        Protocol::Dhcp => "DHCP",
        Protocol::Dns => "DNS",
        Protocol::Ntp => "NTP",
        Protocol::Tcp | Protocol::Data => "TCP",
        Protocol::Socks5 => "Socks",
        Protocol::Tls => "TLS",
        Protocol::Http => "HTTP",
        Protocol::Websocket | Protocol::Mqtt | Protocol::Aclk => "WebSocket",
    }
}

fn compare(recorded: &Recorded, folder: &str) -> usize {
    let inspector = recorded.inspector();
    let folder = Folder::new(folder);
    let pcapng = folder.write("device.pcapng", &inspector.pcapng());
    let fields = [
        "_ws.col.Protocol",
        "frame.len",
        "tls.handshake.type",
        "tcp.analysis.retransmission",
        "tcp.analysis.out_of_order",
    ];
    let theirs = tshark(&pcapng, &[], &fields);
    let ours = rows(&inspector);
    assert_eq!(theirs.len(), ours.len());
    let dissected = dissections(&inspector);
    for (row, (theirs, dissection)) in ours.iter().zip(theirs.iter().zip(&dissected)) {
        let protocol = match theirs[0].split('/').next().unwrap_or_default() {
            tls if tls.starts_with("TLS") => "TLS",
            other => other,
        };
        // What is only a part of something is explained where it is complete, by tshark and by us.
        let whole = dissection.layers.iter().filter(|layer| layer.title != "Part of a message");
        let ours = name(whole.map(|layer| layer.protocol).max().expect("it has layers"));
        assert_eq!(ours, protocol, "frame {}: {}", row.id + 1, row.text);
        assert_eq!(row.length.to_string(), theirs[1]);
        let handshake =
            dissection.layers.iter().flat_map(|layer| &layer.fields).filter(|field| field.name == "Message");
        assert_eq!(handshake.map(number).collect::<Vec<_>>().join(","), theirs[2], "frame {}", row.id + 1);
    }
    ours.len()
}

/// The number behind a name, as in `ClientHello (1)`.
fn number(field: &Field) -> &str {
    field.value.rsplit_once(" (").map_or("", |(_, number)| number.trim_end_matches(')'))
}

#[test]
fn tshark_sees_the_same_protocol_in_every_frame() {
    if !has_tshark("our dissection compared with Wireshark's") {
        return;
    }
    assert!(compare(&life(Setup::default()), "compare") > 100);
    // Of its own accord it takes port 3128 for an HTTP proxy. Behind SOCKS, tshark 4.0 decrypts nothing.
    compare(&life(behind(Kind::Http)), "http");
}

/// tshark 4.0 does not look for MQTT inside of WebSocket, so the packets are put into a connection of their own.
#[test]
fn tshark_reads_the_same_in_every_packet_of_mqtt() {
    if !has_tshark("MQTT compared with Wireshark's") {
        return;
    }
    let all = dissections(&life(Setup::default()).inspector());
    let mut wire = Wire::open(Limits::default());
    wire.peer_port = 1883;
    let mut ours = Vec::new();
    for frame in &all {
        let packets = frame.layers.iter().filter(|layer| layer.title.starts_with("MQTT "));
        for packet in packets {
            let hex = &frame.sources[packet.source].hex[2 * packet.start..2 * packet.end];
            let bytes: Vec<u8> =
                (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hex")).collect();
            wire.say(frame.frame.direction, &bytes);
            let value = |name: &str| packet.fields.iter().find(|field| field.name == name).map(|field| &field.value);
            // Both resolve aliases; only we say so.
            let topic = value("Topic").or(value("Topic filter")).map(|topic| topic.trim_end_matches(" (by its alias)"));
            ours.push(vec![
                packet.fields.first().map_or("", number).to_owned(),
                value("Packet id").cloned().unwrap_or_default(),
                topic.unwrap_or_default().to_owned(),
                value("Client id").cloned().unwrap_or_default(),
                value("Will topic").cloned().unwrap_or_default(),
                value("Keep alive").map_or("", |seconds| seconds.trim_end_matches(" s")).to_owned(),
            ]);
        }
    }
    assert!(ours.len() > 20, "{ours:#?}");
    let folder = Folder::new("mqtt");
    let pcap = folder.write("mqtt.pcap", &wire.inspector.pcap());
    let fields = ["mqtt.msgtype", "mqtt.msgid", "mqtt.topic", "mqtt.clientid", "mqtt.willtopic", "mqtt.kalive"];
    let theirs = tshark(&pcap, &["-Y", "mqtt"], &fields);
    assert_eq!(ours, theirs);
}
