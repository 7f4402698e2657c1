//! A Cloud that repeats what it must not: nothing of it may be shown.

use super::bench::{ANSWER_BASE64, Bench, PASSWORD, Script, TOKEN, claimed, frame, json, publish};
use aclk_core::engine::event::Goal;
use aclk_core::store::Saved;
use std::time::Duration;

/// An error body that repeats `secret` in every text, in one of them where it is cut off.
fn repeating(secret: &str) -> String {
    let pad = "x".repeat(110);
    format!(r#"{{"errorCode":"{secret}","errorMsgKey":"Err{secret}","errorMessage":"{pad} {secret} is wrong"}}"#)
}

/// Nothing that was told contains a secret or the beginning of one, as text or as a list of bytes.
fn assert_discreet(bench: &Bench) {
    assert!(!bench.failures.is_empty());
    for secret in [TOKEN, PASSWORD, ANSWER_BASE64] {
        let beginning = &secret[..8];
        assert!(!bench.told.contains(beginning), "{secret}: {}", bench.told);
        let bytes = format!("{:?}", beginning.as_bytes());
        assert!(!bench.told.contains(bytes.trim_matches(['[', ']'])), "{secret} as bytes");
    }
}

#[test]
fn the_token_is_not_shown_when_the_cloud_repeats_it() {
    for status in ["403 Forbidden", "503 Service Unavailable", "422 Unprocessable Content"] {
        let claim = vec![json(status, &repeating(TOKEN)); 3].into();
        let mut bench = Bench::new(Goal::Claim, Saved::default(), Script { claim, ..Script::default() });
        bench.run_for(Duration::from_secs(60));
        assert_discreet(&bench);
        assert!(bench.told.contains("Err***"), "{}", bench.told);
    }
    let env = json("403 Forbidden", &repeating(TOKEN));
    let mut bench = Bench::new(Goal::Link, claimed(), Script { env, ..Script::default() });
    bench.run_for(Duration::from_secs(60));
    assert_discreet(&bench);
}

#[test]
fn the_answer_to_the_challenge_is_not_shown_when_the_cloud_repeats_it() {
    for answer in [ANSWER_BASE64.to_owned(), ANSWER_BASE64.replace('/', "\\/")] {
        let password = json("403 Forbidden", &repeating(&answer));
        let saved = [claimed(), Saved { pending: claimed().claimed, claimed: None, node: None }];
        for (goal, saved) in [Goal::Link, Goal::Claim].into_iter().zip(saved) {
            let claim = vec![json("409 Conflict", r#"{"errorMsgKey":"ErrAlreadyClaimed"}"#)].into();
            let script = Script { claim, password: password.clone(), ..Script::default() };
            let mut bench = Bench::new(goal, saved, script);
            bench.run_for(Duration::from_millis(500));
            assert_discreet(&bench);
        }
    }
}

#[test]
fn the_mqtt_password_is_not_shown_when_the_cloud_repeats_it() {
    let upgrade = Some(json("403 Forbidden", &repeating(PASSWORD)));
    let mut bench = Bench::new(Goal::Link, claimed(), Script { upgrade, ..Script::default() });
    bench.run_for(Duration::from_millis(500));
    assert_discreet(&bench);

    let reason = [&1008_u16.to_be_bytes(), PASSWORD.as_bytes()].concat();
    let request = [&[0x2a, PASSWORD.len() as u8], PASSWORD.as_bytes()].concat();
    for words in [
        frame(8, &reason),
        frame(2, &publish("/agent/x/inbound/v1/cmd/DisconnectReq", &request)),
        frame(2, &publish(&format!("/agent/x/inbound/v1/cmd/{PASSWORD}"), b"")),
    ] {
        let mut bench = Bench::online(Script::default());
        bench.say_bytes(&words);
        bench.run_for(Duration::from_millis(500));
        assert_discreet(&bench);
    }
}
