//! What no well-behaved Cloud says, byte for byte, and what the engine makes of it.

#![allow(unreachable_pub)] // a test binary exports nothing

mod bench;
mod forbidden;
mod secrets;

use aclk_core::body::Prepared;
use aclk_core::encoding::Encoding;
use aclk_core::engine::event::Goal;
use aclk_core::identity::key::{Key, KeyError};
use aclk_core::identity::software::SoftwareKey;
use aclk_core::stage::{Next, Purpose, Stage};
use aclk_core::store::Saved;
use aclk_pair::{GUID, OTHER_PRIVATE_PEM};
use bench::{Bench, Script, claim, claimed, env, json, password, publish};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// The delays the engine announced.
fn delays(bench: &Bench) -> Vec<Duration> {
    let delay = |failure: &aclk_core::stage::Failure| match failure.next {
        Next::Retry(delay) => Some(delay),
        _ => None,
    };
    bench.failures.iter().filter_map(delay).collect()
}

#[test]
fn a_back_off_of_years_is_cut_to_a_day() {
    for backoff in [
        r#""base":10,"minSeconds":2147483647,"maxSeconds":2147483647"#,
        r#""base":2,"minSeconds":9000000,"maxSeconds":2147483647"#,
    ] {
        let challenge = json("503 Service Unavailable", "");
        let mut bench = Bench::new(Goal::Link, claimed(), Script { env: env(backoff), challenge, ..Script::default() });
        bench.run_for(3 * DAY);
        assert!(delays(&bench).iter().all(|delay| (DAY..=DAY * 3 / 2).contains(delay)), "{:?}", delays(&bench));
        assert!(delays(&bench).len() >= 2);
    }
}

/// Timers are not exact, and a driver may wake up for another reason.
#[test]
fn who_is_woken_up_early_goes_on_waiting() {
    let silent = [
        ("/env", Script { env: String::new(), ..Script::default() }),
        ("password", Script { password: String::new(), ..Script::default() }),
        ("challenge", Script { challenge: String::new(), ..Script::default() }),
        ("upgrade", Script { upgrade: Some(String::new()), ..Script::default() }),
        ("CONNACK", Script { connack: Vec::new(), ..Script::default() }),
        ("PUBACK", Script { answers: false, ..Script::default() }),
    ];
    for (awaited, script) in silent {
        let mut bench = Bench::new(Goal::Link, claimed(), script);
        bench.run_for(Duration::ZERO);
        let wait = bench.wait;
        bench.tick_early();
        assert!(bench.failures.is_empty(), "{awaited}: {:?}", bench.failures);
        assert_eq!(bench.wait, wait, "{awaited}");
        bench.run_for(MINUTE);
        assert!(!bench.failures.is_empty(), "{awaited} never comes");
    }
    let mut bench = Bench::online(Script::default());
    bench.tick_early();
    let packets = bench.packets.len();
    bench.tick_early();
    assert!(bench.online && bench.failures.is_empty() && bench.packets.len() == packets, "{:?}", bench.failures);
}

/// A dead path shows only if somebody asks: a Cloud that needs no keep-alive, or a long one, does not change that.
#[test]
fn a_link_that_went_dead_is_noticed_whatever_keep_alive_the_cloud_grants() {
    for seconds in [0_u16, 30, 60, 65_535] {
        let [high, low] = seconds.to_be_bytes();
        let connack = vec![0x20, 6, 0, 0, 3, 0x13, high, low];
        let mut bench = Bench::online(Script { connack, ..Script::default() });
        bench.run_for(HOUR);
        assert!(bench.online && bench.failures.is_empty(), "{seconds}: {:?}", bench.failures);
        bench.script.answers = false;
        bench.run_for(2 * MINUTE);
        let causes: Vec<&str> = bench.failures.iter().map(|failure| failure.cause.as_str()).collect();
        assert_eq!(causes.first(), Some(&"no PINGRESP within 30 s"), "{seconds}");
    }
}

/// Where less than three messages are acknowledged, only time proves a link.
#[test]
fn a_link_that_holds_for_less_than_a_minute_does_not_reset_the_delay() {
    let mut bench = Bench::online(Script::default());
    for (held, least) in [(50, 1), (50, 2), (50, 4), (61, 1), (50, 2)] {
        bench.run_for(Duration::from_secs(held));
        bench.hang_up(None);
        let (delay, least) = (delays(&bench).pop().unwrap(), Duration::from_secs(least));
        assert!((least..=least * 3 / 2).contains(&delay), "{delay:?} in place of {least:?}");
        bench.run_for(delay);
        assert!(bench.online, "{:?}", bench.failures);
    }
}

/// When the engine sends a PINGREQ on a link where nothing else is said, from `CONNACK` on.
fn pings(connack: Vec<u8>, span: Duration) -> Vec<Duration> {
    let mut bench = Bench::online(Script { connack, ..Script::default() });
    let second = Duration::from_secs(1);
    let mut pings = Vec::new();
    let mut passed = Duration::ZERO;
    while passed < span {
        let before = bench.packets.len();
        bench.run_for(second / 4);
        passed += second / 4;
        pings.extend(bench.packets[before..].iter().filter(|packet| packet[..] == [0xc0, 0]).map(|_| passed));
    }
    assert!(bench.online && bench.failures.is_empty(), "{:?}", bench.failures);
    pings
}

/// A server may end a link that is silent for one and a half times what it granted (MQTT 5, 3.2.2.3.14): nobody is silent for longer
/// than that here, nor asks much more often than needed.
#[test]
fn a_shorter_keep_alive_that_the_cloud_grants_is_kept_to_and_a_longer_one_changes_nothing() {
    for (granted, spacing) in
        [(Some(20_u16), 15), (Some(30), 22), (Some(60), 45), (Some(0), 45), (Some(65_535), 45), (None, 45)]
    {
        let connack = match granted.map(u16::to_be_bytes) {
            Some([high, low]) => vec![0x20, 6, 0, 0, 3, 0x13, high, low],
            None => vec![0x20, 3, 0, 0, 0],
        };
        let pings = pings(connack, 10 * MINUTE);
        let gaps = [&[Duration::ZERO], &pings[..]].concat();
        let gaps: Vec<u64> = gaps.windows(2).map(|pair| (pair[1] - pair[0]).as_secs()).collect();
        assert!(gaps.len() as u64 >= 600 / (spacing + 1), "{granted:?}: {gaps:?}");
        assert!(gaps.iter().all(|gap| *gap == spacing), "{granted:?}: {gaps:?}");
    }
}

const ALREADY: &str = r#"{"errorCode":"t","errorMsgKey":"ErrAlreadyClaimed","errorMessage":"already claimed"}"#;
const PROCESSING: &str = r#"{"errorCode":"t","errorMsgKey":"ErrProcessingClaim","errorMessage":"processing claiming"}"#;
const FORBIDDEN: &str = r#"{"errorCode":"t","errorMsgKey":"ErrForbidden","errorMessage":"invalid token"}"#;

fn claiming(saved: Saved, claim: &[String]) -> Bench {
    let script = Script { claim: claim.iter().cloned().collect(), ..Script::default() };
    let mut bench = Bench::new(Goal::Claim, saved, script);
    bench.run_for(MINUTE);
    bench
}

fn pending() -> Saved {
    Saved { claimed: None, pending: Some(claim()), node: None }
}

#[test]
fn a_claim_that_is_still_being_processed_is_ours_once_it_is_done() {
    let bench = claiming(Saved::default(), &[json("409 Conflict", PROCESSING)]);
    assert_eq!(bench.records, ["pending"], "{:?}", bench.failures);
    assert_eq!(bench.failures[0].next, Next::Stop, "somebody is there to try again");
    let bench = claiming(pending(), &[json("409 Conflict", ALREADY)]);
    assert_eq!(bench.records, ["claimed"], "{:?}", bench.failures);
}

/// Whoever answers like that does so again, and somebody sits in front of the terminal.
#[test]
fn a_claim_that_is_not_answered_in_http_is_not_tried_again() {
    let bench = claiming(Saved::default(), &["SSH-2.0-OpenSSH_9.6\r\n".to_owned()]);
    assert_eq!((bench.failures[0].stage, bench.failures[0].next), (Stage::Http, Next::Stop), "{:?}", bench.failures);
    assert_eq!(bench.connections, [Purpose::Claim]);
}

#[test]
fn a_conflict_without_its_error_key_is_looked_into_as_well() {
    for body in ["", "<html><h1>Conflict</h1></html>", r#"{"errorMsgKey":null}"#] {
        let bench = claiming(pending(), &[json("409 Conflict", body)]);
        assert_eq!(bench.records, ["claimed"], "{body}: {:?}", bench.failures);
        assert!(bench.connections.contains(&Purpose::Password));
    }
}

#[test]
fn a_refusal_for_another_reason_does_not_forget_an_earlier_attempt() {
    let bench = claiming(pending(), &[json("403 Forbidden", FORBIDDEN)]);
    assert_eq!(bench.failures[0].next, Next::Stop);
    assert_eq!(bench.records, [""; 0], "the mark stays");
    // Without an earlier attempt there is nothing to remember.
    let bench = claiming(Saved::default(), &[json("403 Forbidden", FORBIDDEN)]);
    assert_eq!(bench.records, ["pending", "refused"]);
}

const DISCONNECT: &str = "/agent/x/inbound/v1/cmd/DisconnectReq";

#[test]
fn who_is_asked_to_leave_says_goodbye() {
    let mut bench = Bench::online(Script::default());
    // reconnect_after_seconds = 33
    bench.say(&publish(DISCONNECT, &[0x08, 33]));
    bench.run_for(Duration::ZERO);
    assert_eq!(delays(&bench), [Duration::from_secs(33)]);
    // UpdateAgentConnection, DISCONNECT, WebSocket close 1000.
    let last: Vec<_> = bench.packets.iter().rev().take(3).rev().collect();
    assert_eq!((last[0][0], &last[1][..], &last[2][..]), (0x32, &[0xe0, 0][..], &[0x03, 0xe8][..]));
}

#[test]
fn who_is_asked_to_leave_and_not_told_for_how_long_comes_back_by_the_usual_rule() {
    for payload in [&[][..], &[0x08, 0]] {
        let mut bench = Bench::online(Script::default());
        bench.say(&publish(DISCONNECT, payload));
        bench.run_for(Duration::ZERO);
        let delay = delays(&bench)[0];
        assert!(Duration::from_secs(1) <= delay && delay <= Duration::from_millis(1_500), "{delay:?}");
    }
}

/// Such a Cloud may be older than they are, or newer.
#[test]
fn a_cloud_that_names_no_topic_for_collectors_and_contexts_is_not_told_them() {
    let topics = ["create-node-instance", "node-instance-connection", "node-instance-info"];
    let mut bench = Bench::online(Script { password: password(&topics), ..Script::default() });
    let text = |field: u8, text: &str| [&[field << 3 | 2, text.len() as u8], text.as_bytes()].concat();
    let node = "99999999-8888-4777-8666-555555555555";
    let inbox = |message: &str| format!("/agent/x/inbound/v1/cmd/{message}");
    bench.say(&publish(&inbox("SendNodeInstances"), &[]));
    bench.say(&publish(&inbox("CreateNodeInstanceResult"), &[text(1, node), text(2, GUID)].concat()));
    bench.say(&publish(&inbox("ContextsCheckpoint"), &[text(1, GUID), text(2, node), vec![0x18, 7]].concat()));
    bench.run_for(HOUR);
    assert!(bench.online && bench.failures.is_empty(), "{:?}", bench.failures);
    assert_eq!(bench.records, ["node"]);
    assert!(bench.told.contains("kind: Info"), "the node is live");
    assert!(!bench.told.contains("kind: Collectors") && !bench.told.contains("kind: Contexts"));
}

/// A request that is not HTTP is refused in a message whose length is known.
#[test]
fn what_is_as_long_as_the_cloud_takes_is_sent_and_what_is_longer_is_not() {
    let envelope = format!(
        r#"{{"type":"http","msg-id":"{}","callback-topic":"/{}","version":2,"timeout":1000}}"#,
        "m".repeat(64),
        "t".repeat(100)
    );
    let refusal = |maximum: u32| {
        let connack = [&[0x20, 8, 0, 0, 5, 0x27][..], &maximum.to_be_bytes()].concat();
        let mut bench = Bench::online(Script { connack, ..Script::default() });
        bench.say(&publish("/agent/x/inbound/cmd", format!("{envelope}\r\n\r\nBREW").as_bytes()));
        bench.run_for(Duration::ZERO);
        let last = bench.packets.last().filter(|packet| packet[0] == 0x32 && packet.len() > 200);
        (last.map(Vec::len), bench.failures)
    };
    let (sent, failures) = refusal(1_000);
    let whole = u32::try_from(sent.expect("there is room")).unwrap();
    assert_eq!((refusal(whole), failures), ((sent, Vec::new()), Vec::new()));
    let (sent, failures) = refusal(whole - 1);
    assert_eq!(sent, None);
    assert_eq!(failures[0].cause.as_str(), "not even a refusal fits the maximum packet size of the Cloud");
}

/// MQTT counts the bytes of a packet in 28 bits.
#[test]
fn an_answer_that_no_packet_can_hold_is_413() {
    let mut bench = Bench::online(Script::default());
    let (status, content_type, encoding) = (200, "text/plain", Encoding::Identity);
    bench.answer = Some(Prepared::Answer { status, content_type, encoding, len: 1 << 28 });
    let envelope = r#"{"type":"http","msg-id":"m","callback-topic":"/t","version":2}"#;
    let request = format!("{envelope}\r\n\r\nGET /api/v1/info HTTP/1.1\r\n\r\n");
    bench.say(&publish("/agent/x/inbound/cmd", request.as_bytes()));
    let last = String::from_utf8_lossy(bench.packets.last().unwrap());
    assert!(last.contains("\"http-code\":413,"), "{last}");
    assert!(bench.online && bench.failures.is_empty(), "{:?}", bench.failures);
}

#[test]
fn a_reload_lifts_a_ban_even_during_the_farewell() {
    let mut bench = Bench::online(Script::default());
    bench.script.answers = false;
    // permaban
    bench.say(&publish(DISCONNECT, &[0x10, 1]));
    bench.reload(&claimed());
    bench.script.answers = true;
    bench.run_for(MINUTE);
    assert!(bench.online && bench.failures.is_empty(), "{:?}", bench.failures);
    assert_eq!(bench.connections.len(), 8);
}

#[test]
fn what_the_cloud_says_after_the_farewell_does_no_harm() {
    let mut bench = Bench::online(Script::default());
    bench.script.answers = false;
    bench.reload(&claimed());
    bench.script.answers = true;
    // Reserved bits are set.
    bench.say_bytes(&[0xf2, 0]);
    bench.run_for(Duration::ZERO);
    assert!(bench.online && bench.failures.is_empty(), "{:?}", bench.failures);
    assert_eq!(bench.connections.len(), 8);
}

#[test]
fn a_reload_during_the_decryption_starts_anew_at_once() {
    let mut bench = Bench::new(Goal::Link, claimed(), Script::default());
    bench.reload_at_decrypt = Some(claimed());
    bench.run_for(MINUTE);
    assert!(bench.online && bench.failures.is_empty(), "{:?}", bench.failures);
    let again = [Purpose::Env, Purpose::Challenge, Purpose::Password, Purpose::Link];
    assert_eq!(bench.connections, [&[Purpose::Env, Purpose::Challenge], &again[..]].concat());
}

/// The answer to the old question is not taken for one to the new.
#[test]
fn a_reload_while_the_key_is_looked_for_claims_with_the_new_key() {
    let mut other = SoftwareKey::new();
    other.import_pem(OTHER_PRIVATE_PEM.as_bytes()).unwrap();
    let other = other.public_pem().unwrap();
    let (_, line) = other.split_once('\n').unwrap();
    let (line, _) = line.split_once('\n').unwrap();
    let claim = [json("204 No Content", "")].into();
    let mut bench = Bench::new(Goal::Claim, Saved::default(), Script { claim, ..Script::default() });
    bench.reload_at_key = Some(Saved::default());
    bench.run_for(MINUTE);
    assert_eq!(bench.requests.len(), 1, "{:?}", bench.failures);
    assert!(bench.requests[0].contains(line), "{}", bench.requests[0]);
    assert_eq!(bench.records.last(), Some(&"claimed"));
}

#[test]
fn a_key_that_cannot_be_had_or_used_is_named_and_says_what_to_do() {
    let mut bench = Bench::new(Goal::Claim, Saved::default(), Script::default());
    bench.key_fails = Some(KeyError::Unreadable);
    bench.run_for(MINUTE);
    let failure = &bench.failures[0];
    assert_eq!((failure.stage, failure.next), (Stage::Key, Next::Stop), "{failure}");
    assert!(bench.connections.is_empty() && bench.records.is_empty());

    for (error, hint) in [(KeyError::Missing, "private.pem is gone"), (KeyError::Decrypt, "private.pem was replaced")] {
        let mut bench = Bench::new(Goal::Link, claimed(), Script::default());
        bench.key_fails = Some(error);
        bench.run_for(Duration::ZERO);
        let failure = &bench.failures[0];
        assert_eq!((failure.stage, failure.purpose), (Stage::Decrypt, Some(Purpose::Challenge)), "{failure}");
        assert!(failure.hint.starts_with(hint), "{}", failure.hint);
        assert!(matches!(failure.next, Next::Retry(_)), "{failure}");
    }
}

#[test]
fn the_cloud_may_give_an_alias_to_another_topic() {
    let with_alias = |topic: &str, payload: &[u8]| {
        let mut body = vec![0, u8::try_from(topic.len()).unwrap()];
        body.extend(topic.as_bytes());
        body.extend([3, 0x23, 0, 1]);
        body.extend(payload);
        [&[0x30, u8::try_from(body.len()).unwrap()], &body[..]].concat()
    };
    let mut bench = Bench::online(Script::default());
    bench.say(&with_alias("/agent/x/inbound/v1/cmd/StartAlarmStreaming", b""));
    bench.say(&with_alias("/agent/x/inbound/v1/cmd/SendAlarmSnapshot", b""));
    bench.say(&with_alias("", b""));
    bench.run_for(MINUTE);
    assert!(bench.online && bench.failures.is_empty(), "{:?}", bench.failures);
    bench.say(&with_alias(DISCONNECT, &[0x08, 33]));
    bench.run_for(MINUTE);
    assert_eq!(delays(&bench), [Duration::from_secs(33)]);
    // A new session knows no alias.
    assert!(bench.online);
    bench.say(&with_alias("", b""));
    assert_eq!(bench.failures.last().map(|failure| failure.cause.as_str()), Some("topic alias 1 is not valid here"));
}

#[test]
fn retry_after_is_kept_to_but_the_words_of_the_cloud_come_first() {
    let reply = |status: &str, headers: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len())
    };
    for (reply, least, most) in [
        (reply("429 Too Many Requests", "Retry-After: 120\r\n", ""), 120, 120),
        (reply("503 Service Unavailable", "retry-after:120\r\n", "<html>"), 120, 120),
        (reply("503 Service Unavailable", "Retry-After: 120\r\n", r#"{"errorRetryDelaySeconds":7}"#), 7, 7),
        (reply("503 Service Unavailable", "Retry-After: soon\r\n", ""), 1, 2),
        (reply("429 Too Many Requests", "Retry-After: 99999999999999999999\r\n", ""), 1, 2),
    ] {
        let scripts = [
            Script { env: reply.clone(), ..Script::default() },
            Script { challenge: reply.clone(), ..Script::default() },
            Script { password: reply.clone(), ..Script::default() },
            Script { upgrade: Some(reply.clone()), ..Script::default() },
        ];
        for script in scripts {
            let mut bench = Bench::new(Goal::Link, claimed(), script);
            bench.run_for(Duration::ZERO);
            let delay = delays(&bench)[0].as_secs();
            assert!((least..=most).contains(&delay), "{reply}: {delay}");
        }
        let claim = [reply.clone()].into();
        let mut bench = Bench::new(Goal::Claim, Saved::default(), Script { claim, ..Script::default() });
        bench.run_for(Duration::ZERO);
        if reply.contains("429") {
            // Whoever claims in front of a terminal is told, and waits without us.
            assert_eq!(bench.failures[0].next, Next::Stop);
            continue;
        }
        let delay = delays(&bench)[0].as_secs();
        assert!((least..=most).contains(&delay), "claim, {reply}: {delay}");
    }
}
