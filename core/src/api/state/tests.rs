//! Every combination of lines, as people and programs read them.

use super::{write_json, write_text};
use crate::clock::{Instant, Now, Trust, Utc, WallTime, Zone};
use crate::identity::guid::Guid;
use crate::metrics::NoDevice;
use crate::node::{Node, Status, Traffic};
use crate::secret::Secret;
use crate::settings::{Limits, Settings, Timing};
use crate::stage::{Failure, Next, ServerSaid, Stage};
use crate::store::{Claim, NodeId, Saved};
use crate::text::Text;
use crate::wire::proxy::{Exceptions, Proxy};
use crate::wire::url::Url;
use core::time::Duration;
use serde_json::{Value, json};
use std::format;
use std::string::{String, ToString};

const GUID: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
const NODE: &str = "99999999-8888-4777-8666-555555555555";

/// So many seconds after the program started, which was on 2023-11-14 at 22:13:20 UTC.
fn at(second: u64) -> Now {
    let wall = WallTime { unix_us: (1_700_000_000 + second) * 1_000_000 + 900_000, trust: Trust::Trusted };
    Now { instant: Instant::from_micros(second * 1_000_000), wall }
}

fn status(claimed: bool, node: bool) -> Status {
    status_of(settings(), claimed, node)
}

fn settings() -> Settings {
    let id = Guid::parse(GUID).unwrap();
    Settings {
        url: Url::parse("https://cloud.test").unwrap(),
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
    }
}

fn status_of(settings: Settings, claimed: bool, node: bool) -> Status {
    let (id, url) = (settings.id, settings.url.clone());
    let saved = Saved {
        claimed: claimed.then(|| Claim { id, url }),
        pending: None,
        node: node.then(|| NodeId { claimed: id, node: Guid::parse(NODE).unwrap() }),
    };
    Node::new(NoDevice::default(), &settings, &saved, at(0)).status
}

fn text(status: &Status, now: Now) -> String {
    let mut text = String::new();
    write_text(status, now, &Utc, &mut text).unwrap();
    text
}

fn value(status: &Status, now: Now) -> Value {
    let mut json = String::new();
    write_json(status, now, &mut json).unwrap();
    serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

const HEAD: &str = "\
ACLK Available: Yes
ACLK Version: 2
Protocols Supported: Protobuf
Protocol Used: Protobuf
MQTT Version: 5
";

fn instance(claimed: &str, node: &str) -> String {
    format!(
        "\n\n> Node Instance for mGUID: \"{GUID}\" hostname \"edge-1\"\n\tClaimed ID: {claimed}\n\tNode ID: {node}\n\
         \tStreaming Hops: 0\n\tRelationship: self\n\tAlert Streaming Status:\n\t\tUpdates: 0\n\t\tCheckpoints: 0\n\
         \t\tAlert count: 0\n\t\tAlert snapshot count: 0\n"
    )
}

const SESSION: Traffic = Traffic {
    received: 7,
    acknowledged: 5,
    pending: 1,
    receive_maximum: 20,
    proved: Some(Instant::from_micros(12_000_000)),
    latency: Some(Duration::from_micros(23_456)),
};

/// Online since the eleventh second.
fn online() -> Status {
    let mut status = status(true, true);
    status.on_online(at(11));
    status.on_traffic(SESSION);
    status
}

fn expired(next: Next) -> Failure {
    Failure::new(Stage::Tls, "certificate has expired").hint("renew it").then(next)
}

#[test]
fn who_is_not_claimed_is_told_so() {
    let expected = format!(
        "{HEAD}Claimed: No\nOnline: No\nReconnect count: 0\nBanned By Cloud: No\n{}\nReason: Agent is not claimed yet\n\
         Hint: claim it with a token of your Space\n",
        instance("null", "null")
    );
    assert_eq!(text(&status(false, false), at(5)), expected);
}

#[test]
fn who_has_switched_it_off_is_named() {
    let mut status = status(false, false);
    status.switched_off = Some("switched off by \"enabled = no\" in cloud.conf");
    assert!(text(&status, at(5)).ends_with("\n\nReason: switched off by \"enabled = no\" in cloud.conf\n"));
    assert_eq!(value(&status, at(5))["reason"], "switched off by \"enabled = no\" in cloud.conf");
}

#[test]
fn a_link_that_never_was_has_no_times() {
    let expected = format!(
        "{HEAD}Claimed: Yes\nClaimed Id: {GUID}\nCloud URL: https://cloud.test\nACLK Proxy: none\nOnline: No\n\
         Reconnect count: 0\nBanned By Cloud: No\n{}\nReason: there has been no attempt yet that ended\n\
         Next Step: an attempt is being made\n",
        instance(GUID, "null")
    );
    assert_eq!(text(&status(true, false), at(5)), expected);
}

#[test]
fn a_link_that_is_up_has_counters_and_nothing_to_complain_about() {
    let expected = format!(
        "{HEAD}Claimed: Yes\nClaimed Id: {GUID}\nCloud URL: https://cloud.test\nACLK Proxy: none\n\
         Publish Latency: 23.456 ms\nOnline: Yes\nReconnect count: 0\nBanned By Cloud: No\n\
         Last Connection Time: 2023-11-14 22:13:31\nLast Connection Time + 3 PUBACKs received: 2023-11-14 22:13:32\n\
         Received Cloud MQTT Messages: 7\nMQTT Messages Confirmed by Remote Broker (PUBACKs): 5\nPending PUBACKS: 1\n\
         Server Receive Maximum: 20\n{}",
        instance(GUID, NODE)
    );
    assert_eq!(text(&online(), at(60)), expected);
}

#[test]
fn a_device_tells_its_proxy_without_credentials() {
    for (url, told) in [
        ("http://alice:hunter2@proxy.test:3128", "http://proxy.test:3128 (with credentials)"),
        ("socks5h://[::1]", "socks5h://[::1]:1080 (without credentials)"),
    ] {
        let proxy = Some(Proxy::parse(url).unwrap());
        let mut status = status_of(Settings { proxy, ..settings() }, true, true);
        assert!(text(&status, at(60)).contains(&format!("ACLK Proxy: {told}\n")), "{told}");
        assert_eq!(value(&status, at(60))["aclk_proxy"], told);
        status.configure(&settings());
        assert_eq!(value(&status, at(60))["aclk_proxy"], "none");
    }
}

/// With a proxy, which another part of the program describes.
fn lost() -> Status {
    let mut status = online();
    status.proxy = Text::of("http://proxy.test:3128 (with credentials, from netdata.conf)");
    status.on_failure(&expired(Next::Retry(Duration::from_millis(3_214))), at(61));
    status.on_traffic(Traffic { pending: 0, ..SESSION });
    status
}

#[test]
fn a_link_that_was_lost_says_where_why_and_when_it_is_tried_again() {
    let expected = format!(
        "{HEAD}Claimed: Yes\nClaimed Id: {GUID}\nCloud URL: https://cloud.test\n\
         ACLK Proxy: http://proxy.test:3128 (with credentials, from netdata.conf)\nPublish Latency: 23.456 ms\n\
         Online: No\nReconnect count: 0\nBanned By Cloud: No\nLast Connection Time: 2023-11-14 22:13:31\n\
         Last Connection Time + 3 PUBACKs received: 2023-11-14 22:13:32\nLast Disconnect Time: 2023-11-14 22:14:21\n\
         Next Connection Attempt At: 2023-11-14 22:14:25\nLast Backoff: 3.214{}\nStage: tls\n\
         Reason: certificate has expired\nHint: renew it\nNext Step: retry in 2 s\n",
        instance(GUID, NODE)
    );
    assert_eq!(text(&lost(), at(63)), expected);
    let under_way = text(&lost(), at(70));
    assert!(under_way.ends_with("Hint: renew it\nNext Step: an attempt is being made\n"), "{under_way}");
}

#[test]
fn a_link_that_came_back_counts_as_reconnected_and_forgets_the_reason() {
    let mut status = lost();
    status.on_online(at(70));
    let text = text(&status, at(80));
    assert!(text.contains("Online: Yes\nReconnect count: 1\n"), "{text}");
    assert!(text.contains("Last Connection Time: 2023-11-14 22:14:30\nLast Connection Time + 3 PUBACKs received: 2023-11-14 22:13:32\nLast Disconnect Time: 2023-11-14 22:14:21\nReceived"), "{text}");
    assert!(!text.contains("Backoff") && !text.contains("Reason"), "{text}");
}

#[test]
fn a_ban_and_what_the_cloud_said_are_shown() {
    let mut status = status(true, false);
    let said = ServerSaid { status: 403, key: Text::of("ErrGone"), ..ServerSaid::default() };
    status.on_failure(&Failure::new(Stage::Http, "go away").said(said).then(Next::Banned), at(9));
    let expected = format!(
        "{HEAD}Claimed: Yes\nClaimed Id: {GUID}\nCloud URL: https://cloud.test\nACLK Proxy: none\nOnline: No\n\
         Reconnect count: 0\nBanned By Cloud: Yes\n{}\nStage: http\nReason: go away\n\
         Cloud Said: HTTP status 403, errorMsgKey \"ErrGone\"\nNext Step: none: the Cloud asked not to be called again \
         (reload or restart to try again)\n",
        instance(GUID, "null")
    );
    assert_eq!(text(&status, at(10)), expected);
    let value = value(&status, at(10));
    assert_eq!((&value["banned-by-cloud"], &value["next-connection-attempt-utc"]), (&json!(true), &json!(null)));
    let said = json!({"status": 403, "errorMsgKey": "ErrGone", "errorMessage": "", "errorCode": ""});
    assert_eq!(value["cloud-said"], said);
}

#[test]
fn trouble_that_does_not_go_away_by_itself_says_so() {
    let mut status = online();
    status.on_failure(&expired(Next::Stop), at(61));
    let text = text(&status, at(62));
    assert!(text.contains("Last Disconnect Time: 2023-11-14 22:14:21\n\n\n>"), "{text}");
    assert!(text.ends_with("Next Step: none by itself: mend the cause, then reload or restart\n"), "{text}");
}

#[test]
fn times_for_people_are_those_of_their_zone_and_times_for_programs_are_in_utc() {
    struct Nepal;
    impl Zone for Nepal {
        fn ahead_of_utc(&self, unix_seconds: u64) -> i32 {
            assert_eq!(unix_seconds / 3_600, 1_700_000_011 / 3_600, "the time that is shown, not the present one");
            20_700
        }
    }
    let mut text = String::new();
    write_text(&online(), at(86_400), &Nepal, &mut text).unwrap();
    assert!(text.contains("Last Connection Time: 2023-11-15 03:58:31\n"), "{text}");
    assert_eq!(value(&online(), at(86_400))["last-connect-time-utc"], "2023-11-14 22:13:31");
}

/// A device without a battery learns the time after it came up.
#[test]
fn a_clock_that_was_set_since_does_not_leave_old_times_behind() {
    let mut status = status(true, false);
    let unset = WallTime { unix_us: 0, trust: Trust::Floor };
    status.on_online(Now { wall: unset, ..at(11) });
    assert!(text(&status, at(60)).contains("Last Connection Time: 2023-11-14 22:13:31\n"));
}

#[test]
fn the_object_has_the_members_of_the_original_in_their_order() {
    let mut json = String::new();
    write_json(&lost(), at(63), &mut json).unwrap();
    let expected = format!(
        "{{\"aclk-available\":true,\"aclk-version\":2,\"protocols-supported\":[\"Protobuf\"],\"agent-claimed\":true,\
         \"claimed-id\":\"{GUID}\",\"cloud-url\":\"https://cloud.test\",\"aclk_proxy\":\"http://proxy.test:3128 (with \
         credentials, from netdata.conf)\",\"publish_latency_us\":23456,\"online\":false,\
         \"used-cloud-protocol\":\"Protobuf\",\"mqtt-version\":5,\"received-app-layer-msgs\":7,\
         \"received-mqtt-pubacks\":5,\"pending-mqtt-pubacks\":0,\"server-receive-maximum\":20,\"reconnect-count\":0,\
         \"last-connect-time-utc\":\"2023-11-14 22:13:31\",\"last-connect-time-puback-utc\":\"2023-11-14 22:13:32\",\
         \"last-disconnect-time-utc\":\"2023-11-14 22:14:21\",\"next-connection-attempt-utc\":\"2023-11-14 22:14:25\",\
         \"last-backoff-value\":3.214,\"banned-by-cloud\":false,\"node-instances\":[{{\"hostname\":\"edge-1\",\
         \"mguid\":\"{GUID}\",\"claimed_id\":\"{GUID}\",\"node-id\":\"{NODE}\",\"streaming-hops\":0,\
         \"relationship\":\"self\",\"streaming-online\":true,\"alert-sync-status\":{{\"updates\":0,\
         \"checkpoint-count\":0,\"alert-count\":0,\"alert-snapshot-count\":0,\"alert-version\":0}}}}],\
         \"stage\":\"tls\",\"reason\":\"certificate has expired\",\"hint\":\"renew it\",\"next-step\":\"retry in 2 s\"}}"
    );
    assert_eq!(json, expected);
}

#[test]
fn what_never_was_is_null_and_what_was_never_counted_is_zero() {
    let value = value(&status(false, false), at(5));
    for key in [
        "claimed-id",
        "cloud-url",
        "last-connect-time-utc",
        "last-connect-time-puback-utc",
        "last-disconnect-time-utc",
        "next-connection-attempt-utc",
        "last-backoff-value",
    ] {
        assert_eq!(value[key], Value::Null, "{key}");
    }
    for key in ["publish_latency_us", "received-app-layer-msgs", "pending-mqtt-pubacks", "reconnect-count"] {
        assert_eq!(value[key], 0, "{key}");
    }
    assert_eq!((&value["agent-claimed"], &value["online"]), (&json!(false), &json!(false)));
    assert_eq!(value["node-instances"][0]["claimed_id"], Value::Null);
    // While the link is up there is no next attempt, and nothing to explain.
    let up = super::tests::value(&online(), at(60));
    assert_eq!((&up["next-connection-attempt-utc"], &up["last-backoff-value"]), (&Value::Null, &Value::Null));
    assert!(["stage", "reason", "hint", "next-step"].iter().all(|key| up.get(key).is_none()), "{up}");
}

#[test]
fn a_host_name_brings_neither_lines_nor_quotes_of_its_own() {
    let mut status = status(true, false);
    status.hostname = "a\"b\nOnline: Yes\0".try_into().unwrap();
    let text = text(&status, at(5));
    assert!(text.contains("hostname \"a\"b\\u{a}Online: Yes\\u{0}\"\n"), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("Online")).count(), 1);
    assert_eq!(value(&status, at(5))["node-instances"][0]["hostname"], status.hostname.to_string());
}
