//! The local API over real sockets: what browsers, scripts and strangers do to it.

use crate::support::*;
use aclk_cloud::server::Handle;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Connections that are served at once, as the documentation has it.
const CONNECTIONS: usize = 16;

/// Where the page of a program that was just started is.
pub(crate) fn page_of(link: &Daemon) -> String {
    link.wait_for("status page at http://", 0);
    let said = link.said();
    let (_, url) = said.split_once("status page at ").unwrap();
    url.lines().next().unwrap().to_owned()
}

pub(crate) fn address(url: &str) -> SocketAddr {
    url.trim_start_matches("http://").trim_end_matches('/').parse().unwrap()
}

/// A response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Response {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A connection on which one thing is asked after the other.
pub(crate) struct Client(TcpStream);

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
    }

    /// Reads one response; `None` at the end.
    fn hear(&mut self, has_body: bool) -> Option<Response> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if self.0.read(&mut byte).unwrap() == 0 {
                assert!(head.is_empty(), "half a head: {}", String::from_utf8_lossy(&head));
                return None;
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut response = Response { status, head, body: String::new() };
        if has_body {
            let mut body = vec![0; response.header("content-length").unwrap().parse().unwrap()];
            self.0.read_exact(&mut body).unwrap();
            response.body = String::from_utf8(body).unwrap();
        }
        Some(response)
    }

    pub(crate) fn get(&mut self, target: &str) -> Response {
        self.say(&format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        self.hear(true).unwrap()
    }
}

pub(crate) fn get(address: SocketAddr, target: &str) -> Response {
    Client::connect(address).get(target)
}

/// Whether there is room for one more: it may be turned away, or worse.
fn is_served(address: SocketAddr) -> bool {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut start = [0; 15];
    let asked = stream.write_all(b"GET /api/v1/info HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    asked.and_then(|()| stream.read_exact(&mut start)).is_ok() && start.ends_with(b"200 OK")
}

#[test]
fn everything_that_is_documented_can_be_asked_for() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let link = machine.start(&["--listen=127.0.0.1:0"]);
    let address = address(&page_of(&link));
    link.wait_for("ACLK: live as", 0);
    let claimed_id = cloud.with(|cloud, _| cloud.view()).nodes[0].claimed_id.clone();
    // One connection for all of it.
    let mut client = Client::connect(address);

    let info = client.get("/api/v1/info").json();
    for key in ["cloud-enabled", "cloud-available", "agent-claimed", "aclk-available"] {
        assert_eq!(info[key], true, "{key}");
    }
    assert_eq!(info["mirrored_hosts"][0], "edge-1");
    assert_eq!(info["mirrored_hosts_status"][0]["claim_id"], claimed_id.as_str());
    for key in ["version", "uid", "alarms", "os_id", "os_name", "architecture", "cores_total", "host_labels"] {
        assert!(!info[key].is_null(), "{key}");
    }
    let v3 = client.get("/api/v3/info").json();
    assert_eq!((&v3["cloud"]["status"], &v3["cloud"]["claim_id"]), (&"online".into(), &claimed_id.as_str().into()));
    assert_eq!(v3["cloud"]["url"], cloud.url());
    assert_eq!(v3["agents"][0]["cloud"], v3["cloud"]);

    let charts = client.get("/api/v1/charts").json();
    assert!(charts["charts"].as_object().unwrap().len() as u64 == charts["charts_count"].as_u64().unwrap());
    for (id, chart) in charts["charts"].as_object().unwrap() {
        assert_eq!(client.get(&format!("/api/v1/chart?chart={id}")).json()["id"], chart["id"]);
        wait_until("there are samples", || {
            let data = client.get(&format!("/api/v1/data?chart={id}&after=-5&format=json")).json();
            data["labels"][0] == "time" && data["data"].as_array().is_some_and(|rows| rows.len() > 1)
        });
        let csv = client.get(&format!("/api/v1/data?chart={id}&after=-3&points=2&group=max&format=csv"));
        assert_eq!((csv.status, csv.header("content-type")), (200, Some("text/csv; charset=utf-8")), "{csv:?}");
        let columns: Vec<_> = csv.body.lines().map(|line| line.split(',').count()).collect();
        assert!(columns.len() > 1 && columns.iter().all(|count| *count == columns[0]), "{csv:?}");
    }
    let metrics = client.get("/api/v1/allmetrics?format=prometheus");
    assert_eq!(metrics.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    for line in metrics.body.lines() {
        let (name, rest) = line.split_once('{').unwrap();
        let (labels, value) = rest.rsplit_once("} ").unwrap();
        assert!(name.starts_with("netdata_") && labels.contains("=\""), "{line}");
        assert!(value.split(' ').all(|number| number.parse::<f64>().is_ok()), "{line}");
    }
    assert!(metrics.body.lines().count() > 1);

    client.say("GET /api/v1/info HTTP/1.1\r\nHost: x\r\nAccept-Encoding: br, gzip\r\n\r\n");
    let head = client.hear(false).unwrap();
    assert_eq!(head.header("content-encoding"), Some("gzip"));
    let mut packed = vec![0; head.header("content-length").unwrap().parse().unwrap()];
    client.0.read_exact(&mut packed).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut text).unwrap();
    assert!(text.starts_with('{') && text.ends_with("\"aclk-available\":true}"), "{text}");

    let history = client.get("/api/aclk/history").json();
    assert_eq!((&history["state"], &history["failure"]), (&"online".into(), &Value::Null));
    let steps: Vec<_> =
        history["steps"].as_array().unwrap().iter().map(|step| step["stage"].as_str().unwrap()).collect();
    assert_eq!(steps[steps.len() - 3..], ["websocket", "mqtt", "app"]);

    let page = client.get("/");
    assert!(page.body.starts_with("<!doctype html>") && page.header("content-security-policy").is_some());
    for part in
        page.body.split('"').filter(|word| word.ends_with(".js") || word.ends_with(".css") || word.ends_with(".svg"))
    {
        assert_eq!(client.get(&format!("/{part}")).status, 200, "{part}");
    }

    // The samples are counted there, and a digit may be added at any time.
    let before = info_length(&mut client);
    client.say("HEAD /api/v1/info HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
    let head = client.hear(false).unwrap();
    assert_eq!(client.hear(true).unwrap().status, 404);
    let lengths = [before, info_length(&mut client)];
    let told = head.header("content-length").unwrap();
    assert!(head.status == 200 && lengths.iter().any(|length| length == told), "{head:?}, {lengths:?}");
    for (request, status) in [
        ("GET /api/v1/data HTTP/1.1", 400),
        ("GET /api/v1/data?chart=no HTTP/1.1", 404),
        ("DELETE /api/v1/info HTTP/1.1", 405),
        ("OPTIONS /api/v1/info HTTP/1.1", 200),
    ] {
        client.say(&format!("{request}\r\nHost: x\r\n\r\n"));
        assert_eq!(client.hear(true).unwrap().status, status, "{request}");
    }
    client.say("GARBAGE\r\n\r\n");
    assert_eq!(client.hear(true).unwrap().status, 400);
    assert!(client.hear(true).is_none(), "and the connection ends");
}

fn info_length(client: &mut Client) -> String {
    client.get("/api/v1/info").body.len().to_string()
}

#[test]
fn it_answers_whatever_the_link_does_and_keeps_its_samples() {
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    let link = machine.start(&["--listen=127.0.0.1:0"]);
    let address = address(&page_of(&link));
    let status = || get(address, "/api/v3/info").json()["cloud"]["status"].as_str().unwrap().to_owned();
    let first = || get(address, "/api/v1/charts").json()["charts"]["system.uptime"]["first_entry"].as_u64().unwrap();
    wait_until("it measures", || first() > 0);
    let begun = first();
    // One connection through everything.
    assert_eq!(status(), "available");
    assert_eq!(get(address, "/api/v1/info").json()["agent-claimed"], false);

    assert_eq!(machine.claim(&cloud, &[]).code, 0);
    wait_until("online", || status() == "online");
    link.signal("HUP");
    link.wait_for("begins anew: SIGHUP", 0);
    wait_until("online again", || status() == "online");
    assert_eq!(first(), begun, "the samples are still there");

    let claimed = cloud.with(|cloud, _| cloud.view()).nodes[0].claimed_id.clone();
    cloud.with(|cloud, now| cloud.ban(now, &claimed, true)).unwrap();
    wait_until("banned", || status() == "banned");
    assert_eq!(get(address, "/api/aclk/history").json()["state"], "banned");
    drop(cloud);

    // A trust anchor that is none: nothing can be linked, and that is said.
    std::fs::write(machine.file("cloud_fullchain.pem"), "nonsense").unwrap();
    link.signal("HUP");
    wait_until("it says why", || {
        get(address, "/api/v3/info").json()["cloud"]["reason"]
            .as_str()
            .is_some_and(|why| why.contains("cloud_fullchain.pem"))
    });
    assert!(get(address, "/api/aclk/history").json()["reason"].as_str().unwrap().contains("cloud_fullchain.pem"));
    assert_eq!(get(address, "/api/v1/info").status, 200);
}

#[test]
fn fifty_clients_that_hang_do_not_disturb_the_link_and_are_let_go() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let link = machine.start(&["--listen=127.0.0.1:0"]);
    let address = address(&page_of(&link));
    link.wait_for("ACLK: live as", 0);
    let hanging: Vec<_> = (0..50)
        .map(|number| {
            let mut client = Client::connect(address);
            // Some say nothing, some half of something, some ask and do not listen.
            match number % 3 {
                0 => {}
                1 => client.say("GET /api/v1/info HTT"),
                _ => client.say("GET /api/v1/data?chart=system.uptime&after=-600 HTTP/1.1\r\nHost: x\r\n\r\n"),
            }
            client
        })
        .collect();
    // The link answers meanwhile.
    let claimed = cloud.with(|cloud, _| cloud.view()).nodes[0].claimed_id.clone();
    let answered = query(&cloud, &claimed, "/api/v1/info");
    assert!(answered.contains("\"aclk-available\":true"), "{answered}");
    // Once those who hang were let go, everybody is served.
    wait_until("there is room again", || is_served(address));
    assert!(!link.said().contains("offline"), "{}", link.said());
    assert_eq!(machine.status().0, 0);
    drop(hanging);
    link.assert_idle();
}

#[test]
fn a_connection_too_many_is_told_so_at_once() {
    let machine = Machine::new();
    let link = machine.start(&["--listen=127.0.0.1:0"]);
    let address = address(&page_of(&link));
    let held: Vec<_> = (0..CONNECTIONS).map(|_| Client::connect(address)).collect();
    let mut late = Client::connect(address);
    late.say("GET /api/v1/info HTTP/1.1\r\nHost: x\r\n\r\n");
    let response = late.hear(true).unwrap();
    assert_eq!((response.status, response.header("connection")), (503, Some("close")));
    drop(held);
    // Whoever leaves makes room.
    wait_until("there is room", || is_served(address));
}

#[test]
fn who_leaves_or_is_half_gone_costs_nothing() {
    let machine = Machine::new();
    let link = machine.start(&["--listen=127.0.0.1:0"]);
    let address = address(&page_of(&link));
    for number in 0..200 {
        let mut client = Client::connect(address);
        client.say("GET /api/v1/charts HTTP/1.1\r\nHost: x\r\n\r\n");
        if number % 2 == 0 {
            client.0.shutdown(Shutdown::Write).unwrap();
            assert_eq!(client.hear(true).unwrap().status, 200, "one that has said all it has to say is answered");
            assert!(client.hear(true).is_none());
        }
    }
    let mut client = Client::connect(address);
    client.0.write_all(&vec![b'x'; 1 << 20]).ok();
    wait_until("served", || get(address, "/api/v1/info").status == 200);
    let open = std::fs::read_dir(format!("/proc/{}/fd", link.pid())).unwrap().count();
    assert!(open < 40, "{open} files are open");
}

/// In a network namespace, where nobody else has the port.
#[test]
fn without_an_option_it_listens_where_the_help_says_and_nowhere_else() {
    let machine = Machine::new();
    let help = machine.run(&["help", "run"]).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains("--listen ADDR:PORT|off where the local API"), "{help}");
    assert!(help.contains("default: 127.0.0.1:19999, and if that is taken, nowhere"), "{help}");
    if !have(&["unshare", "ip"]) {
        return;
    }
    match run(machine.around(Command::new("unshare"), &["--net", "true"])) {
        ended if ended.code == 0 => {}
        ended => return println!("skipped: {}", ended.stderr.trim()),
    }
    let mut command = Command::new("unshare");
    command.args(["--net", "sh", "-c", "ip link set lo up && exec \"$0\" run", ACLK]);
    let link = Daemon::start(machine.around::<&str>(command, &[]));
    assert_eq!(page_of(&link), "http://127.0.0.1:19999/");
    let listening: Vec<String> = ["tcp", "tcp6"]
        .iter()
        .flat_map(|kind| {
            let sockets = std::fs::read_to_string(format!("/proc/{}/net/{kind}", link.pid())).unwrap_or_default();
            sockets.lines().skip(1).map(|line| line.split_whitespace().nth(1).unwrap().to_owned()).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(listening, [format!("{:08X}:{:04X}", u32::from_ne_bytes([127, 0, 0, 1]), 19_999)]);
}

#[test]
fn a_port_that_is_taken_stops_nobody_unless_it_was_chosen() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let first = machine.start(&["--listen=127.0.0.1:0"]);
    let taken = address(&page_of(&first)).to_string();
    let other = Machine::new();
    let ended = other.run(&["run", &format!("--listen={taken}")]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stderr.contains(&format!("cannot listen on {taken}: address ")), "{ended:?}");
    assert!(ended.stderr.contains("hint: "), "{ended:?}");
    let off = other.start(&["--listen=off"]);
    off.wait_for("not claimed", 0);
    assert!(!off.said().contains("local API"), "{}", off.said());
}

/// The program under the name of a Netdata Agent.
fn netdata(machine: &Machine, conf: &str, arguments: &[&str]) -> Command {
    std::fs::create_dir_all(machine.root().join("etc")).unwrap();
    std::fs::write(machine.root().join("etc/netdata.conf"), conf).unwrap();
    let mut command = machine.command(arguments);
    command.arg0("/usr/sbin/netdata");
    command
}

#[test]
fn under_the_name_of_netdata_it_listens_where_netdata_conf_says() {
    let machine = Machine::new();
    let port = free_port();
    let conf = format!(
        "[global]\n  page cache size = 32\n[web]\n  bind to = 127.0.0.1:{port}=dashboard|registry [::1]:{port}\n"
    );
    let link = Daemon::start(netdata(&machine, &conf, &["-D"]));
    link.wait_for(&format!("status page at http://127.0.0.1:{port}/"), 0);
    link.wait_for("not claimed", 0);
    assert_eq!(get(([127, 0, 0, 1], port).into(), "/api/v1/info").json()["agent-claimed"], false);
    assert!(link.stop().0.success());

    let everywhere = Daemon::start(netdata(&machine, &format!("[web]\n default port = {port}\n"), &["-D"]));
    everywhere.wait_for(&format!("status page at http://localhost:{port}/"), 0);
    assert_eq!(get(([127, 0, 0, 1], port).into(), "/").status, 200);
    assert!(everywhere.stop().0.success());

    let off = Daemon::start(netdata(&machine, "[web]\nmode = none\n", &["-D"]));
    off.wait_for("not claimed", 0);
    assert!(!off.said().contains("local API"), "{}", off.said());
    assert!(off.stop().0.success());

    let ended = run(netdata(&machine, "[web]\nbind to = 127.0.0.1:http\n", &["-D"]));
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("netdata.conf, [web]: bind to \"127.0.0.1:http\": the port is none"), "{ended:?}");
}

#[test]
fn the_demo_shows_the_page_of_its_device() {
    for net in ["host", "cable"] {
        let machine = Machine::new();
        let demo = Daemon::start(machine.command(&["demo", "--stay", "--net", net]));
        let line = demo.wait_for_within(KEY_PATIENCE, "And at the device itself:", 0);
        let number = demo.wait_for("  http://", line);
        let address = address(demo.said().lines().nth(number - 1).unwrap().trim());
        let cloud = get(address, "/api/v3/info").json()["cloud"].clone();
        assert_eq!(cloud["status"], "online", "{net}");
        assert!(cloud["age"].as_u64().unwrap() < 600, "the clock is that of the device: {cloud}");
        assert!(get(address, "/").body.contains("status.js"));
        assert!(demo.stop().0.success());
    }
}

/// Asks a node over its link.
fn query(cloud: &Handle, claimed_id: &str, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\n\r\n");
    let query = cloud.with(|cloud, now| cloud.send_request(now, claimed_id, request.as_bytes(), PATIENCE)).unwrap();
    let mut reply = None;
    wait_until("the node replies", || {
        reply = cloud.with(|cloud, _| cloud.take_reply(&query));
        reply.is_some()
    });
    String::from_utf8(reply.unwrap().unwrap().body.to_vec()).unwrap()
}
