//! The answers, as a client reads them.

use super::{Answer, Method, Request, respond};
use crate::clock::{Instant, Now, Trust, WallTime};
use crate::identity::guid::Guid;
use crate::metrics::{ChartInfo, ChartKind, Device, DimensionInfo, Facts, History, PIN_SECONDS, Samples};
use crate::node::Node;
use crate::secret::Secret;
use crate::settings::{Limits, Settings, Timing};
use crate::stage::{Failure, Next, Stage};
use crate::store::{Claim, NodeId, Saved};
use crate::wire::proxy::Exceptions;
use crate::wire::url::Url;
use core::time::Duration;
use serde_json::Value;
use std::string::{String, ToString};
use std::vec::Vec;

const GUID: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
const NODE: &str = "99999999-8888-4777-8666-555555555555";
/// The newest sample.
const NEWEST: u64 = 1_700_000_000;

const CHARTS: &[ChartInfo<'static>] = &[
    ChartInfo {
        id: "system.uptime",
        context: "system.uptime",
        family: "uptime",
        title: "System \"Uptime\"",
        units: "seconds",
        kind: ChartKind::Line,
        priority: 1000,
        plugin: "test",
        module: "",
        dimensions: &[DimensionInfo { id: "uptime", name: "uptime" }],
    },
    ChartInfo {
        id: "system.cpu",
        context: "system.cpu",
        family: "cpu",
        title: "CPU",
        units: "percentage",
        kind: ChartKind::Stacked,
        priority: 100,
        plugin: "test",
        module: "stat",
        dimensions: &[DimensionInfo { id: "user", name: "user, mode" }, DimensionInfo { id: "gap", name: "gap" }],
    },
];

struct Bench(History<3, 100>);

impl Device for Bench {
    fn facts(&self) -> Facts<'_> {
        Facts {
            os: "test",
            os_id: "bench",
            cpus: 2,
            memory: 64 << 10,
            labels: &[("_place", "a \"desk\"")],
            ..Facts::default()
        }
    }

    fn charts(&self) -> &[ChartInfo<'_>] {
        CHARTS
    }

    fn samples(&self) -> &dyn Samples {
        &self.0
    }

    fn samples_mut(&mut self) -> &mut dyn Samples {
        &mut self.0
    }

    fn sample(&mut self, now: Now) {
        let second = now.wall.unix_seconds();
        self.0.push(second, [second as f32 - 1.6e9, (second % 10) as f32 + 0.25, f32::NAN]);
    }
}

fn now() -> Now {
    at(NEWEST)
}

fn at(second: u64) -> Now {
    let wall = WallTime { unix_us: second * 1_000_000 + 5, trust: Trust::Trusted };
    Now { instant: Instant::from_micros((second - NEWEST + 1_000) * 1_000_000), wall }
}

fn node() -> Node<Bench> {
    let id = Guid::parse(GUID).unwrap();
    let url = Url::parse("https://cloud.test").unwrap();
    let settings = Settings {
        url: url.clone(),
        id,
        machine_guid: id,
        hostname: "edge-1".try_into().unwrap(),
        token: Secret::copy_of(b"t").unwrap(),
        rooms: "".try_into().unwrap(),
        claim_attempts: None,
        proxy: None,
        no_proxy: Exceptions::NONE,
        timing: Timing::DEFAULT,
        limits: Limits::DEVICE,
    };
    let node = Some(NodeId { claimed: id, node: Guid::parse(NODE).unwrap() });
    let saved = Saved { claimed: Some(Claim { id, url }), pending: None, node };
    let mut node = Node::new(Bench(History::new()), &settings, &saved, now());
    for second in NEWEST - 149..=NEWEST {
        node.device.0.push(second, [(second + 149 - NEWEST) as f32, (second % 10) as f32 + 0.25, f32::NAN]);
    }
    node
}

fn whole(mut answer: Answer, node: &mut Node<Bench>, size: usize) -> String {
    let (mut body, mut piece) = (Vec::new(), std::vec![0; size]);
    loop {
        match answer.fill(node, &mut piece) {
            0 => break,
            len => body.extend_from_slice(&piece[..len]),
        }
    }
    assert_eq!(body.len() as u64, answer.len());
    answer.release(node);
    String::from_utf8(body).unwrap()
}

fn get(target: &str) -> (u16, String) {
    let mut node = node();
    let answer = respond(&Request::parse(Method::Get, target), &mut node, now());
    let status = answer.status;
    (status, whole(answer, &mut node, 4096))
}

fn json(target: &str) -> Value {
    let (status, body) = get(target);
    assert_eq!(status, 200, "{target}: {body}");
    serde_json::from_str(&body).unwrap_or_else(|error| panic!("{target}: {error}: {body}"))
}

#[test]
fn info_says_what_the_node_is_and_how_its_link_is() {
    let info = json("/api/v1/info");
    assert_eq!(info["uid"], GUID);
    assert_eq!(info["mirrored_hosts"][0], "edge-1");
    assert_eq!(info["mirrored_hosts_status"][0]["node_id"], NODE);
    assert_eq!((&info["cores_total"], &info["ram_total"]), (&Value::from("2"), &Value::from("65536")));
    assert_eq!(info["host_labels"]["_place"], "a \"desk\"");
    assert_eq!((&info["os_id"], &info["kernel_name"]), (&Value::from("bench"), &Value::from("unknown")));
    for (key, value) in
        [("cloud-enabled", true), ("cloud-available", true), ("agent-claimed", true), ("aclk-available", false)]
    {
        assert_eq!(info[key], value, "{key}");
    }
}

#[test]
fn a_link_that_is_switched_off_meanwhile_changes_no_answer_that_has_begun() {
    let mut node = node();
    let ask = |node: &mut Node<Bench>| respond(&Request::parse(Method::Get, "/api/v1/info"), node, at(NEWEST + 10));
    let answer = ask(&mut node);
    node.status.switched_off = Some("switched off by somebody");
    let info: Value = serde_json::from_str(&whole(answer, &mut node, 7)).unwrap();
    assert_eq!(info["cloud-enabled"], true);
    let answer = ask(&mut node);
    let info: Value = serde_json::from_str(&whole(answer, &mut node, 7)).unwrap();
    assert_eq!(info["cloud-enabled"], false);
}

#[test]
fn why_there_is_no_link_is_in_info_v3() {
    let mut node = node();
    let failure = Failure::new(Stage::Tls, "certificate has \"expired\"").then(Next::Retry(Duration::from_secs(40)));
    node.status.on_failure(&failure, now());
    let answer = respond(&Request::parse(Method::Get, "/api/v3/info"), &mut node, at(NEWEST + 10));
    let info: Value = serde_json::from_str(&whole(answer, &mut node, 7)).unwrap();
    let cloud = &info["cloud"];
    assert_eq!(*cloud, info["agents"][0]["cloud"]);
    assert_eq!((&cloud["status"], &cloud["stage"]), (&Value::from("offline"), &Value::from("tls")));
    assert_eq!((&cloud["reason"], &cloud["next_in"]), (&Value::from("certificate has \"expired\""), &Value::from(30)));
    assert_eq!(cloud["next_check"], NEWEST + 40);
    node.status.on_online(at(NEWEST + 20));
    let answer = respond(&Request::parse(Method::Get, "/api/v3/info"), &mut node, at(NEWEST + 25));
    let info: Value = serde_json::from_str(&whole(answer, &mut node, 64)).unwrap();
    assert_eq!((&info["cloud"]["status"], &info["cloud"]["age"]), (&Value::from("online"), &Value::from(5)));
    assert_eq!(info["cloud"].get("reason"), None);
}

#[test]
fn charts_are_listed_and_found() {
    let charts = json("/api/v1/charts");
    assert_eq!((&charts["charts_count"], &charts["dimensions_count"]), (&Value::from(2), &Value::from(3)));
    let one = &charts["charts"]["system.uptime"];
    assert_eq!(one["title"], "System \"Uptime\" (system.uptime)");
    assert_eq!((&one["first_entry"], &one["last_entry"]), (&Value::from(NEWEST - 99), &Value::from(NEWEST)));
    assert_eq!(*one, json("/api/v1/chart?chart=system.uptime"));
    assert_eq!(*one, json("/api/v1/chart?chart=system%2euptime"));
    assert_eq!(get("/api/v1/chart?chart=system.nothing").0, 404);
    assert_eq!(get("/api/v1/chart").0, 400);
}

fn rows(target: &str) -> Vec<Vec<f64>> {
    let data = json(target);
    let row = |row: &Value| row.as_array().unwrap().iter().map(|value| value.as_f64().unwrap_or(-1.0)).collect();
    data["data"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn data_comes_newest_first_and_as_far_back_as_asked() {
    let last = NEWEST as f64;
    let data = rows("/api/v1/data?chart=system.uptime&after=-3");
    assert_eq!(data, [[last, 149.0], [last - 1.0, 148.0], [last - 2.0, 147.0]]);
    // Everything that is held, however much is asked for.
    assert_eq!(rows("/api/v1/data?chart=system.uptime").len(), 100);
    assert_eq!(rows("/api/v1/data?chart=system.uptime&after=-100000").len(), 100);
    // Relative to before, and absolute, in whatever order.
    let data = rows("/api/v1/data?chart=system.uptime&after=-2&before=-10");
    assert_eq!(data, [[last - 10.0, 139.0], [last - 11.0, 138.0]]);
    let (a, b) = (NEWEST - 11, NEWEST - 10);
    assert_eq!(rows(&std::format!("/api/v1/data?chart=system.uptime&after={a}&before={b}")), data);
    assert_eq!(rows(&std::format!("/api/v1/data?chart=system.uptime&after={b}&before={a}")), data);
    // What is no longer or not yet held.
    assert_eq!(rows("/api/v1/data?chart=system.uptime&after=1000000000&before=1000000100").len(), 0);
    assert_eq!(rows("/api/v1/data?chart=system.uptime&after=4000000000&before=4000000100").len(), 0);
}

#[test]
fn points_join_seconds_by_the_function_that_is_asked_for() {
    let last = NEWEST as f64;
    let of = |group: &str| rows(&std::format!("/api/v1/data?chart=system.cpu&after=-20&points=2&group={group}"));
    // A row ends at a multiple of ten, and the gap stays one.
    assert_eq!(of("sum")[0], [last, 47.5, -1.0]);
    assert_eq!(of("average")[0], [last, 4.75, -1.0]);
    assert_eq!(of("min")[0], [last, 0.25, -1.0]);
    assert_eq!(of("max"), [[last, 9.25, -1.0], [last - 10.0, 9.25, -1.0]]);
    // More points than there are seconds.
    assert_eq!(rows("/api/v1/data?chart=system.cpu&after=-20&points=5000").len(), 20);
    assert_eq!(rows("/api/v1/data?chart=system.cpu&after=-20&points=1").len(), 1);
}

#[test]
fn csv_quotes_what_it_must() {
    let (status, body) = get("/api/v1/data?chart=system.cpu&after=-1&format=csv");
    assert_eq!((status, body.as_str()), (200, "time,\"user, mode\",gap\r\n2023-11-14 22:13:20,0.25,null\r\n"));
}

#[test]
fn prometheus_reads_the_newest_samples() {
    let (status, body) = get("/api/v1/allmetrics?format=prometheus");
    let expected = "netdata_info{instance=\"edge-1\",version=\"v2.10.4\"} 1\n\
        netdata_system_uptime_seconds_average{chart=\"system.uptime\",dimension=\"uptime\",family=\"uptime\"} 149 1700000000000\n\
        netdata_system_cpu_percent_average{chart=\"system.cpu\",dimension=\"user, mode\",family=\"cpu\"} 0.25 1700000000000\n";
    assert_eq!((status, body.as_str()), (200, expected));
}

#[test]
fn a_bad_parameter_is_named() {
    for (query, named) in [
        ("after=x", "after"),
        ("before=99999999999999999999", "before"),
        ("points=-1", "points"),
        ("group=median", "group"),
        ("format=ssv", "format"),
        ("after=%zz", "after"),
        ("group=%ff", "group"),
    ] {
        let (status, body) = get(&std::format!("/api/v1/data?chart=system.cpu&{query}"));
        assert_eq!(status, 400, "{query}");
        assert!(body.contains(named), "{query}: {body}");
    }
    assert_eq!(get(&std::format!("/api/v1/chart?chart={}", "x".repeat(129))).0, 400);
    assert_eq!(get("/api/v1/allmetrics?format=json").0, 400);
}

#[test]
fn whatever_is_asked_there_is_an_answer() {
    for target in ["/", "", "*", "/api/v1/nonexistent", "/api/v1/info/", "/node/", "/host/x/api/v1/info", "/\u{1b}[2J"]
    {
        let (status, body) = get(target);
        assert_eq!(status, 404, "{target}");
        assert!(!body.chars().any(char::is_control), "{body:?}");
    }
    assert_eq!(get("/api/v1/nonexistent-call").1, "Unsupported API command: /api/v1/nonexistent-call");
    for method in [Method::Post, Method::Put, Method::Delete, Method::Other] {
        let mut node = node();
        assert_eq!(respond(&Request::parse(method, "/api/v1/info"), &mut node, now()).status, 405);
    }
}

#[test]
fn this_node_can_be_named_in_front_of_the_path_and_no_other() {
    let plain = get("/api/v1/info");
    for prefix in [std::format!("/host/{GUID}"), std::format!("/node/{NODE}"), "/host/edge-1".to_string()] {
        assert_eq!(get(&std::format!("{prefix}/api/v1/info")), plain, "{prefix}");
    }
    assert_eq!(get(&std::format!("/node/{GUID}/api/v1/info")).0, 404);
    assert_eq!(get(&std::format!("/host/{NODE}/api/v1/info")).0, 404);
}

#[test]
fn an_answer_does_not_change_while_it_is_being_sent_however_long_that_takes() {
    let targets = ["/api/v1/data?chart=system.cpu", "/api/v1/info", "/api/v1/charts", "/api/v1/allmetrics"];
    for (target, pause) in targets.into_iter().flat_map(|target| [(target, 1), (target, PIN_SECONDS - 1)]) {
        let expected = get(target).1;
        let mut node = node();
        let mut answer = respond(&Request::parse(Method::Get, target), &mut node, now());
        let (mut body, mut piece, mut second) = (Vec::new(), [0; 64], NEWEST);
        loop {
            for _ in 0..pause {
                second += 1;
                node.device.sample(at(second));
            }
            node.status.on_online(at(second));
            match answer.fill(&mut node, &mut piece) {
                0 => break,
                len => body.extend_from_slice(&piece[..len]),
            }
        }
        assert_eq!(String::from_utf8(body).unwrap(), expected, "{target}");
        answer.release(&mut node);
        node.device.sample(at(second + 1));
        assert_eq!(node.device.0.range().end, second + 2, "{target}: the view was let go");
    }
}

#[test]
fn views_are_let_go_and_not_more_are_held_than_there_are() {
    let mut node = node();
    let request = Request::parse(Method::Get, "/api/v1/data?chart=system.cpu");
    let held: Vec<Answer> = (0..crate::metrics::PINS).map(|_| respond(&request, &mut node, now())).collect();
    assert!(held.iter().all(|answer| answer.status == 200));
    assert_eq!(respond(&request, &mut node, now()).status, 503);
    for answer in held {
        answer.release(&mut node);
    }
    assert_eq!(respond(&request, &mut node, now()).status, 200);
}

#[test]
fn an_answer_that_nobody_goes_on_with_gives_its_view_up_and_keeps_its_length() {
    let mut node = node();
    let mut answer = respond(&Request::parse(Method::Get, "/api/v1/data?chart=system.cpu"), &mut node, now());
    let expected = get("/api/v1/data?chart=system.cpu").1;
    let mut body = std::vec![0; usize::try_from(answer.len()).unwrap()];
    let (begin, rest) = body.split_at_mut(200);
    assert_eq!(answer.fill(&mut node, begin), 200);
    for second in NEWEST + 1..=NEWEST + 2 * PIN_SECONDS {
        node.device.sample(at(second));
    }
    assert_eq!(node.device.0.range().end, NEWEST + 2 * PIN_SECONDS + 1, "samples are taken again");
    assert_eq!(answer.fill(&mut node, rest), rest.len());
    assert_eq!(answer.fill(&mut node, &mut [0; 8]), 0);
    answer.release(&mut node);
    let body = String::from_utf8(body).unwrap();
    assert_eq!((&body[..200], body.len()), (&expected[..200], expected.len()));
    assert_ne!(body, expected);
}
