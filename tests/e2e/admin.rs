//! The administrator's API over real sockets, against real devices.

use crate::support::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

/// `aclk cloud` and its administrator.
struct Cloud {
    daemon: Daemon,
    printed: Value,
}

/// What an HTTP request was answered with.
#[derive(Debug)]
struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Cloud {
    fn start(machine: &Machine, more: &[&str]) -> Self {
        let mut arguments = vec!["cloud", "--json"];
        arguments.extend(more);
        let mut command = machine.command(&arguments);
        // It is killed in the end, and leaves its certificate where it goes with the machine.
        command.env("TMPDIR", machine.root());
        let daemon = Daemon::start(command);
        daemon.wait_for("\"url\"", 0);
        let said = daemon.said();
        let line = said.lines().find(|line| line.starts_with('{')).unwrap();
        let printed = serde_json::from_str(line).unwrap();
        Self { daemon, printed }
    }

    fn text(&self, key: &str) -> &str {
        self.printed[key].as_str().unwrap()
    }

    fn address(&self) -> &str {
        self.text("admin_url").strip_prefix("http://").unwrap().trim_end_matches('/')
    }

    /// A request with these lines in its head; `None` if nobody is there any more.
    fn try_send(&self, method: &str, path: &str, lines: &[&str], body: &str) -> Option<Reply> {
        let mut stream = TcpStream::connect(self.address()).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        for line in lines {
            request += &format!("{line}\r\n");
        }
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Reply { status, head: head.to_ascii_lowercase(), body: body.to_owned() })
    }

    fn send(&self, method: &str, path: &str, lines: &[&str], body: &str) -> Reply {
        self.try_send(method, path, lines, body).unwrap()
    }

    /// A request of the administrator.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Reply {
        let (host, bearer) = (format!("Host: {}", self.address()), self.bearer());
        self.send(method, path, &[&host, &bearer, "Content-Type: application/json"], &body.to_string())
    }

    fn bearer(&self) -> String {
        format!("Authorization: Bearer {}", self.text("admin_token"))
    }

    fn get(&self, path: &str) -> Value {
        let reply = self.ask("GET", path, &Value::Null);
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        serde_json::from_str(&reply.body).unwrap_or_else(|error| panic!("{error}: {reply:?}"))
    }

    fn done(&self, method: &str, path: &str, body: Value) {
        let reply = self.ask(method, path, &body);
        assert_eq!(reply.status, 204, "{method} {path}: {reply:?}");
    }

    fn state(&self) -> String {
        self.get("/api/nodes")["nodes"][0]["state"].as_str().unwrap_or("none").to_owned()
    }

    fn claim(&self, machine: &Machine, more: &[&str]) -> Ended {
        fs::copy(self.text("ca"), machine.file("cloud_fullchain.pem")).unwrap();
        let mut arguments =
            vec!["claim".to_owned(), format!("-token={}", self.text("token")), format!("-url={}", self.text("url"))];
        arguments.extend(more.iter().map(|argument| (*argument).to_owned()));
        machine.run(&arguments)
    }
}

/// A machine with a key that is claimed at `cloud`, and its path in the API.
fn claimed(cloud: &Cloud) -> (Machine, String) {
    let machine = Machine::new();
    machine.give_key();
    let ended = cloud.claim(&machine, &[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let path = format!("/api/nodes/{}", fs::read_to_string(machine.file("claimed_id")).unwrap());
    (machine, path)
}

#[test]
fn without_the_credential_nothing_is_shown_or_changed() {
    let home = Machine::new();
    let cloud = Cloud::start(&home, &[]);
    let (_machine, node) = claimed(&cloud);
    let host = format!("Host: {}", cloud.address());
    let space = format!("/api/spaces/{}", cloud.text("space"));
    let before = cloud.get("/api/nodes");
    for wrong in ["X: y", "Authorization: Bearer wrong", "Cookie: aclk_admin=wrong"] {
        for (method, path) in [
            ("GET", "/api/cloud"),
            ("GET", "/api/spaces"),
            ("GET", &format!("{space}/tokens")),
            ("POST", &format!("{space}/tokens")),
            ("GET", "/api/nodes"),
            ("GET", &node),
            ("DELETE", &node),
            ("POST", &format!("{node}/ban")),
            ("POST", &format!("{node}/query")),
            ("GET", "/api/events"),
            ("DELETE", "/api/faults"),
            ("GET", "/api/nonsense"),
        ] {
            let reply = cloud.send(method, path, &[&host, wrong, "Content-Type: application/json"], "{}");
            assert_eq!(reply.status, 401, "{method} {path} with {wrong}: {reply:?}");
            assert!(!reply.body.contains(cloud.text("token")) && !reply.body.contains("edge-1"), "{reply:?}");
        }
    }
    let page = cloud.send("GET", "/", &[&host], "");
    assert!(page.status == 200 && !page.body.contains(cloud.text("token")), "{page:?}");
    assert!(page.head.contains("content-security-policy: default-src 'none'; script-src 'self'"), "{page:?}");
    assert_eq!(cloud.get("/api/nodes"), before);
    let said = cloud.daemon.said();
    assert_eq!(said.matches(cloud.text("admin_token")).count(), 1, "printed once, and never again: {said}");
}

#[test]
fn a_page_of_somebody_else_is_refused_and_a_login_is_kept_in_a_cookie() {
    let home = Machine::new();
    let cloud = Cloud::start(&home, &[]);
    let (host, bearer) = (format!("Host: {}", cloud.address()), cloud.bearer());
    let port = cloud.address().rsplit_once(':').unwrap().1;
    let json_type = "Content-Type: application/json";
    for path in ["/", "/api/nodes"] {
        let rebound = format!("Host: evil.example:{port}");
        assert_eq!(cloud.send("GET", path, &[&rebound, &bearer], "").status, 421);
        assert_eq!(cloud.send("GET", path, &[&bearer], "").status, 421);
    }
    for origin in ["http://evil.example".to_owned(), "null".to_owned(), "http://127.0.0.1:1".to_owned()] {
        let origin = format!("Origin: {origin}");
        assert_eq!(cloud.send("DELETE", "/api/faults", &[&host, &bearer, &origin], "").status, 403, "{origin}");
    }
    let form = "Content-Type: application/x-www-form-urlencoded";
    assert_eq!(cloud.send("POST", "/api/faults", &[&host, &bearer, form], "fault=reset").status, 415);

    let ours = format!("Origin: http://{}", cloud.address());
    let wrong = cloud.send("POST", "/api/login", &[&host, &ours, json_type], "{\"credential\":\"x\"}");
    assert_eq!(wrong.status, 401);
    let body = json!({ "credential": cloud.text("admin_token") }).to_string();
    let reply = cloud.send("POST", "/api/login", &[&host, &ours, json_type], &body);
    assert_eq!(reply.status, 204, "{reply:?}");
    let cookie = reply.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap().to_owned();
    assert!(cookie.ends_with("; path=/; httponly; samesite=strict"), "{cookie}");
    let cookie = format!("Cookie: {}", cookie.split(';').next().unwrap());
    assert_eq!(cloud.send("GET", "/api/nodes", &[&host, &cookie], "").status, 200);
    assert_eq!(cloud.send("DELETE", "/api/faults", &[&host, &cookie], "").status, 403, "no Origin");
    assert_eq!(cloud.send("DELETE", "/api/faults", &[&host, &cookie, &ours], "").status, 204);
    assert_eq!(cloud.send("POST", "/api/logout", &[&host, &cookie, &ours, json_type], "{}").status, 204);
    assert_eq!(cloud.send("GET", "/api/nodes", &[&host, &cookie], "").status, 401);
    let big = " ".repeat(2 << 20);
    let reply = cloud.try_send("PUT", "/api/faults", &[&host, &bearer, json_type], &big);
    assert!(reply.is_none_or(|reply| reply.status == 413));
}

#[test]
fn a_device_is_listed_disconnected_banned_let_in_again_and_removed() {
    let home = Machine::new();
    let cloud = Cloud::start(&home, &[]);
    let (machine, node) = claimed(&cloud);
    assert_eq!(cloud.state(), "claimed");
    let link = machine.start(&[]);
    let seen = link.wait_for("ACLK: online as", 0);
    wait_until("it is online", || cloud.state() == "online");
    assert_eq!(cloud.get(&node)["hostname"], "edge-1");

    cloud.done("POST", &format!("{node}/disconnect"), json!({ "reconnect_after": 1, "reason": "moving house" }));
    let seen = link.wait_for("moving house (retry in 1 s)", seen);
    let seen = link.wait_for("ACLK: online as", seen);
    let history = cloud.get(&format!("{node}/history"))["history"].clone();
    let turns: Vec<_> = history.as_array().unwrap().iter().map(|turn| turn["turn"].as_str().unwrap()).collect();
    assert_eq!(turns, ["connected", "disconnected", "connected"]);

    let after = cloud.get("/api/events")["next"].as_u64().unwrap();
    cloud.done("POST", &format!("{node}/ban"), json!({}));
    let seen = link.wait_for("offline: ", seen);
    wait_until("it is gone", || cloud.state() == "offline");
    let news = |cloud: &Cloud| cloud.get(&format!("/api/events?after={after}&wait=10"))["events"].clone();
    wait_until("it is told", || news(&cloud).as_array().unwrap().iter().any(|event| event["event"] == "disconnected"));
    link.signal("HUP");
    let seen = link.wait_for("node is banned", seen);
    cloud.done("POST", &format!("{node}/unban"), json!({}));
    link.signal("HUP");
    let seen = link.wait_for("ACLK: online as", seen);

    let reply = cloud.ask("POST", &format!("{node}/query"), &json!({ "path": "no slash" }));
    assert_eq!(reply.status, 400, "{reply:?}");
    cloud.done("DELETE", &node, Value::Null);
    link.wait_for("offline: ", seen);
    assert_eq!(cloud.get("/api/nodes")["nodes"], json!([]));
    assert_eq!(cloud.ask("GET", &node, &Value::Null).status, 404);
}

#[test]
fn a_revoked_token_and_a_fault_are_met_by_the_next_claim() {
    let home = Machine::new();
    let cloud = Cloud::start(&home, &[]);
    let machine = Machine::new();
    machine.give_key();
    cloud.done("POST", "/api/faults", json!({ "fault": "err-invalid-room-id@claim*1" }));
    assert_eq!(cloud.claim(&machine, &[]).code, 10);
    assert_eq!(cloud.get("/api/faults")["plan"][0]["struck"], 1);
    cloud.done("POST", "/api/tokens/revoke", json!({ "token": cloud.text("token") }));
    let ended = cloud.claim(&machine, &[]);
    assert_eq!(ended.code, 12, "{ended:?}");
    assert!(ended.stderr.contains("ErrForbidden"), "{ended:?}");
    let reply = cloud.ask("POST", &format!("/api/spaces/{}/tokens", cloud.text("space")), &json!({}));
    let made: Value = serde_json::from_str(&reply.body).unwrap();
    let arguments: Vec<&str> = made["claim"].as_str().unwrap().split(' ').skip(1).collect();
    let ended = machine.run(&arguments);
    assert_eq!(ended.code, 0, "the command that is shown works as it is: {ended:?}");
}

/// Every claim that was answered is there after `kill -9`, and the database is whole.
#[test]
fn a_kill_in_the_middle_of_a_storm_of_claims_loses_nothing_that_was_told() {
    let home = Machine::new();
    let state = home.root().join("cloud");
    let start = || Cloud::start(&home, &["--state", state.to_str().unwrap(), "--quiet"]);
    let cloud = start();
    let (credential, token) = (cloud.text("admin_token").to_owned(), cloud.text("token").to_owned());
    let (machine, node) = claimed(&cloud);
    let link = machine.start(&[]);
    link.wait_for("ACLK: online as", 0);
    let public = fs::read_to_string(machine.file("public.pem")).unwrap();
    let told = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|worker| {
                scope.spawn({
                    let (cloud, token, public, folder) = (&cloud, &token, &public, home.root());
                    move || storm(cloud, token, public, folder, worker)
                })
            })
            .collect();
        wait_until("a dozen claims", || {
            let reply = cloud.ask("GET", "/api/nodes", &Value::Null);
            reply.body.matches("claimed_id").count() > 12
        });
        cloud.daemon.signal("KILL");
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect::<Vec<String>>()
    });
    cloud.daemon.wait();
    if told.is_empty() {
        return println!("skipped: there is no curl");
    }
    let cloud = start();
    assert_eq!((cloud.text("admin_token"), cloud.text("token")), (credential.as_str(), token.as_str()));
    let nodes = cloud.get("/api/nodes")["nodes"].as_array().unwrap().clone();
    let ids: Vec<&str> = nodes.iter().map(|node| node["claimed_id"].as_str().unwrap()).collect();
    let lost: Vec<_> = told.iter().filter(|id| !ids.contains(&id.as_str())).collect();
    assert!(lost.is_empty(), "of {} claims these are lost: {lost:?}", told.len());
    let history = cloud.get(&format!("{node}/history"))["history"].clone();
    assert_eq!((&history[1]["turn"], &history[0]["why"]), (&json!("connected"), &json!("the Cloud was ended")));
    assert_eq!(cloud.get(&node)["state"], "offline");
    let public = ["cloud.redb", "admin-token"].map(|name| mode(&state.join(name)));
    assert_eq!(public, [0o600; 2]);
}

/// What a node measures passes through. The database knows who is claimed, not what they said.
#[test]
fn what_a_node_measures_is_never_in_the_database() {
    let home = Machine::new();
    let state = home.root().join("cloud");
    let cloud = Cloud::start(&home, &["--state", state.to_str().unwrap()]);
    let (machine, node) = claimed(&cloud);
    let link = machine.start(&[]);
    link.wait_for("ACLK: live as", 0);
    let contexts = || -> Vec<String> {
        let shown = cloud.get(&node);
        let contexts = shown["node_instances"][0]["contexts"].as_array().cloned().unwrap_or_default();
        contexts.iter().map(|context| context["id"].as_str().unwrap().to_owned()).collect()
    };
    wait_until("its contexts are known", || !contexts().is_empty());
    let asked = |path: &str| -> Value {
        let answer = cloud.ask("POST", &format!("{node}/query"), &json!({ "path": path }));
        let answer: Value = serde_json::from_str(&answer.body).unwrap();
        serde_json::from_str(answer["body"].as_str().unwrap_or_else(|| panic!("{path}: {answer}"))).unwrap()
    };
    let charts = asked("/api/v1/charts")["charts"].as_object().unwrap().clone();
    let data = asked("/api/v1/data?chart=system.ram&after=-60");
    assert!(charts.contains_key("system.ram") && data["labels"].is_array(), "{data}");
    let names: BTreeSet<String> = charts.keys().cloned().chain(contexts()).collect();
    link.stop();
    let (status, said) = cloud.daemon.stop();
    assert!(status.success(), "{said}");

    let claimed_id = machine.claimed_id();
    let mut is_known = false;
    for file in fs::read_dir(&state).unwrap().map(|entry| entry.unwrap().path()) {
        let bytes = fs::read(&file).unwrap();
        let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        // Names are found by this search, if they are there.
        is_known |= file.ends_with("cloud.redb") && has(&claimed_id) && has("edge-1");
        let found: Vec<_> = names.iter().filter(|name| has(name)).collect();
        assert!(found.is_empty(), "in {}: {found:?}", file.display());
    }
    assert!(is_known, "cloud.redb does not know the node");
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Claims under one id after the other until the Cloud is gone. Returns those that were answered.
fn storm(cloud: &Cloud, token: &str, public: &str, folder: &Path, worker: u32) -> Vec<String> {
    let mut told = Vec::new();
    for number in 0..10_000_u32 {
        let id = format!("0f0e0d0c-0b0a-4908-{:04x}-{number:012x}", 0x8000 + worker);
        let body = json!({"node": {"id": id, "hostname": "storm"}, "token": token, "rooms": [], "publicKey": public});
        let file = folder.join(format!("claim-{worker}.json"));
        fs::write(&file, body.to_string()).unwrap();
        let mut curl = std::process::Command::new("curl");
        curl.args(["-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", "PUT", "-d"])
            .arg(format!("@{}", file.display()))
            .args(["--cacert", cloud.text("ca")])
            .arg(format!("{}/api/v1/spaces/nodes/{id}", cloud.text("url")))
            .env("no_proxy", "*");
        match curl.output() {
            Ok(output) if output.stdout == b"204" => told.push(id),
            _ => break,
        }
    }
    told
}
