//! mosquitto as the broker, in place of our own: the Cloud authenticates and sends the agent there.

use super::chain::{ALL, Chain};
use super::{program, serve};
use crate::support::*;
use aclk_cloud::Config;
use aclk_cloud::message::{Message, SOURCE_AGENT, SOURCE_LWT, SendNodeInstances, UpdateAgentConnection};
use aclk_cloud::server::{Options, Running};
use std::fs;
use std::io::Write;
use std::process::Stdio;

/// A machine that is claimed at a Cloud whose broker is mosquitto, with somebody who sees everything it publishes.
struct Scene {
    machine: Machine,
    claimed_id: String,
    chain: Chain,
    /// For WebSockets over TLS, and for plain MQTT.
    ports: [u16; 2],
    _cloud: Running,
}

/// A message that somebody else got from mosquitto.
struct Seen {
    topic: String,
    payload: Vec<u8>,
}

impl Scene {
    fn new() -> Self {
        let ports = [free_port(), free_port()];
        let mqtt_url = Some(format!("https://localhost:{}/mqtt", ports[0]));
        let config = Config { mqtt_url, ..Config::default() };
        let cloud = Running::start(Options { config, ..Options::default() }).unwrap();
        let machine = Machine::claimed(&cloud);
        let chain = Chain::make(machine.root().join("chain"), ALL[0]);
        let anchors = format!("{}{}", cloud.ca_pem(), chain.root_pem());
        fs::write(machine.file("cloud_fullchain.pem"), anchors).unwrap();
        let claimed_id = fs::read_to_string(machine.file("claimed_id")).unwrap();
        Self { machine, claimed_id, chain, ports, _cloud: cloud }
    }

    fn broker(&self) -> Daemon {
        let [web, plain] = self.ports;
        let (chain, key) = (self.chain.full(), self.chain.key());
        let configuration = format!(
            "user root\nallow_anonymous true\nlog_dest stderr\nlog_type all\n\
             listener {web} 127.0.0.1\nprotocol websockets\ncertfile {}\nkeyfile {}\n\
             listener {plain} 127.0.0.1\n",
            chain.display(),
            key.display()
        );
        let file = self.chain.directory().join("mosquitto.conf");
        fs::write(&file, configuration).unwrap();
        let mut mosquitto = program("mosquitto");
        mosquitto.arg("-c").arg(file);
        let broker = serve(mosquitto, web);
        wait_until("mosquitto's second listener", || super::is_listening(plain));
        broker
    }

    /// Somebody who sees everything that agents publish.
    fn watcher(&self, broker: &Daemon) -> Daemon {
        let mut watcher = program("mosquitto_sub");
        let port = self.ports[1].to_string();
        watcher.args(["-h", "127.0.0.1", "-p", &port, "-i", "watcher", "-V", "mqttv5", "-q", "1"]);
        watcher.args(["-t", "/agent/+/outbound/#", "-F", "%t %x"]);
        let watcher = Daemon::start(watcher);
        broker.wait_for("Sending SUBACK to watcher", 0);
        watcher
    }

    /// Publishes a message of the Cloud to the agent.
    fn publish(&self, topic: &str, payload: &[u8]) {
        let mut publisher = program("mosquitto_pub");
        let port = self.ports[1].to_string();
        publisher.args(["-h", "127.0.0.1", "-p", &port, "-V", "mqttv5", "-q", "1", "-t", topic, "-s"]);
        let mut child = publisher.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(payload).unwrap();
        assert!(child.wait().unwrap().success());
    }

    /// Message number `number` among those that are about the connection of our agent.
    fn connection(&self, watcher: &Daemon, number: usize) -> UpdateAgentConnection {
        let about = || {
            let said = watcher.said();
            said.lines().filter(|line| line.contains("/agent-connection ")).nth(number).map(str::to_owned)
        };
        wait_until("a message", || about().is_some());
        let seen = Seen::of(&about().unwrap());
        assert_eq!(seen.topic, format!("/agent/{}/outbound/v1/agent-connection", self.claimed_id));
        let message = UpdateAgentConnection::decode(seen.payload.as_slice()).unwrap();
        assert_eq!(message.claim_id, self.claimed_id);
        message
    }
}

impl Seen {
    fn of(line: &str) -> Self {
        let (topic, hex) = line.split_once(' ').unwrap();
        let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        Self { topic: topic.to_owned(), payload: (0..hex.len()).step_by(2).map(byte).collect() }
    }
}

#[test]
fn a_machine_is_online_at_mosquitto_and_its_will_is_known_when_it_is_killed() {
    if !have(&["openssl", "mosquitto", "mosquitto_sub", "mosquitto_pub"]) {
        return;
    }
    let scene = Scene::new();
    let broker = scene.broker();
    let watcher = scene.watcher(&broker);
    let link = scene.machine.start(&[]);
    link.wait_for("ACLK: online as", 0);

    let id = &scene.claimed_id;
    let mut seen = broker.wait_for("New client connected", broker.wait_for("Sending SUBACK to watcher", 0));
    for step in [
        "Will message specified".to_owned(),
        format!("Sending CONNACK to c-{id} (0, 0)"),
        format!("Received SUBSCRIBE from c-{id}"),
        format!("/agent/{id}/inbound/cmd (QoS 1)"),
        format!("Sending SUBACK to c-{id}"),
        format!("Received SUBSCRIBE from c-{id}"),
        format!("/agent/{id}/inbound/v1/cmd/+ (QoS 1)"),
        format!("Sending SUBACK to c-{id}"),
        format!("Received PUBLISH from c-{id} (d0, q1, r0"),
        format!("Sending PUBACK to c-{id}"),
    ] {
        seen = broker.wait_for(&step, seen);
        println!("mosquitto: {}", broker.said().lines().nth(seen - 1).unwrap());
    }
    let online = scene.connection(&watcher, 0);
    assert!(online.reachable && online.update_source == SOURCE_AGENT && !online.capabilities.is_empty());

    // Messages that somebody else publishes arrive, and are confirmed.
    let message = SendNodeInstances { claim_id: id.clone(), ..SendNodeInstances::default() };
    scene.publish(&format!("/agent/{id}/inbound/v1/cmd/SendNodeInstances"), &message.encode_to_vec());
    broker.wait_for(&format!("Received PUBACK from c-{id}"), seen);
    // This one asks for the node, which is told at once.
    watcher.wait_for(&format!("/agent/{id}/outbound/v1/create-node-instance "), 0);

    link.signal("KILL");
    link.wait();
    let will = scene.connection(&watcher, 1);
    assert!(!will.reachable && will.update_source == SOURCE_LWT && will.capabilities.is_empty());
    assert_eq!(will.session_id, online.session_id, "the will belongs to the session that ended");
    println!("mosquitto_sub: {online:?}\nmosquitto_sub: {will:?}");
}

#[test]
fn a_machine_leaves_mosquitto_in_order_and_comes_back_after_a_restart_of_it() {
    if !have(&["openssl", "mosquitto", "mosquitto_sub"]) {
        return;
    }
    let scene = Scene::new();
    let broker = scene.broker();
    let link = scene.machine.start(&[]);
    let seen = link.wait_for("ACLK: online as", 0);
    broker.signal("KILL");
    broker.wait();
    let seen = link.wait_for("offline: ", seen);
    // It would try again within a second or two, and has to be watched when it does.
    link.signal("STOP");
    let broker = scene.broker();
    let watcher = scene.watcher(&broker);
    link.signal("CONT");
    link.wait_for("ACLK: online as", seen);
    assert!(scene.connection(&watcher, 0).reachable);

    assert!(link.stop().0.success());
    let farewell = scene.connection(&watcher, 1);
    assert!(!farewell.reachable && farewell.update_source == SOURCE_AGENT);
    broker.wait_for(&format!("Received DISCONNECT from c-{}", scene.claimed_id), 0);
    assert_eq!(watcher.said().lines().count(), 2, "and no will");
}
