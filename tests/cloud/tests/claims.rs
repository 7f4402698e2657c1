//! Who may claim, who may log in, and what the others are told.

mod common;

use aclk_cloud::{Config, NodeState};
use common::{CLAIM_ID, Client, PUBLIC_PEM};
use serde_json::{Value, json};
use std::time::Duration;

/// Claims with a bent body; gives status and errorMsgKey.
fn claim_with(client: &mut Client, bend: impl FnOnce(&mut Value)) -> (u16, String) {
    let mut body = client.claim_body();
    bend(&mut body);
    let request = client.claim_request(&body.to_string());
    let wire = client.request(&request);
    let http = wire.http();
    let key = if http.status == 204 { Value::Null } else { wire.json()["errorMsgKey"].clone() };
    (http.status, key.as_str().unwrap_or_default().to_owned())
}

#[test]
fn every_reason_to_refuse_a_claim_has_its_key_and_status() {
    let short = "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAL\n-----END PUBLIC KEY-----\n";
    type Bend = (&'static str, fn(&mut Value), u16, &'static str);
    let bends: [Bend; 13] = [
        ("nothing", |_| {}, 204, ""),
        ("id of the body", |body| body["node"]["id"] = json!("other"), 422, "ErrInvalidNodeID"),
        ("no name", |body| body["node"]["hostname"] = json!(""), 422, "ErrInvalidNodeName"),
        ("long name", |body| body["node"]["hostname"] = json!("x".repeat(256)), 422, "ErrInvalidNodeName"),
        ("control character", |body| body["node"]["hostname"] = json!("a\u{7}"), 422, "ErrInvalidNodeName"),
        ("no key", |body| body["publicKey"] = json!(""), 422, "ErrInvalidPublicKey"),
        ("half a key", |body| body["publicKey"] = json!(&PUBLIC_PEM[..300]), 422, "ErrInvalidPublicKey"),
        ("room unknown", |body| body["rooms"] = json!(["nowhere"]), 422, "ErrInvalidRoomID"),
        ("rooms no list", |body| body["rooms"] = json!("all"), 422, "ErrInvalidRoomID"),
        ("room no text", |body| body["rooms"] = json!([1]), 422, "ErrInvalidRoomID"),
        ("token unknown", |body| body["token"] = json!("x"), 403, "ErrForbidden"),
        ("token no text", |body| body["token"] = json!(7), 403, "ErrForbidden"),
        ("no rooms", |body| body["rooms"] = json!([]), 204, ""),
    ];
    for (name, bend, status, key) in bends {
        let mut client = Client::new(Config::default());
        assert_eq!(claim_with(&mut client, bend), (status, key.to_owned()), "{name}");
        assert_eq!(client.state().is_some(), status == 204, "{name}");
    }
    let mut client = Client::new(Config::default());
    assert_eq!(claim_with(&mut client, |body| body["publicKey"] = json!(short)).1, "ErrInvalidPublicKey");
}

#[test]
fn an_id_that_is_no_uuid_is_refused() {
    let mut client = Client::new(Config::default());
    client.claim_id = "not-a-uuid".to_owned();
    assert_eq!(claim_with(&mut client, |_| {}), (422, "ErrInvalidNodeID".to_owned()));
}

#[test]
fn only_an_rsa_key_of_2048_bits_is_taken() {
    let mut client = Client::new(Config::default());
    let pem = |bits: u32| {
        use rsa::pkcs8::EncodePublicKey;
        let n = rsa::BoxedUint::from_be_slice(&vec![0xff; bits as usize / 8], bits).unwrap();
        let e = rsa::BoxedUint::from(65_537_u64);
        let key = rsa::RsaPublicKey::new(n, e).unwrap();
        key.to_public_key_pem(Default::default()).unwrap()
    };
    assert_eq!(claim_with(&mut client, |body| body["publicKey"] = json!(pem(3_072))).1, "ErrInvalidPublicKey");
    assert_eq!(claim_with(&mut client, |body| body["publicKey"] = json!(pem(2_048))).0, 204);
}

#[test]
fn a_second_claim_of_the_same_id_is_a_conflict_and_of_another_id_is_not() {
    let mut client = Client::new(Config::default());
    assert_eq!(claim_with(&mut client, |_| {}).0, 204);
    assert_eq!(claim_with(&mut client, |_| {}), (409, "ErrAlreadyClaimed".to_owned()));
    client.claim_id = CLAIM_ID.replace('1', "7");
    assert_eq!(claim_with(&mut client, |_| {}).0, 204);
    assert_eq!(client.cloud.view().nodes.len(), 2);
}

#[test]
fn a_token_that_expired_or_was_revoked_claims_nothing() {
    let mut client = Client::new(Config::default());
    let space = client.cloud.space().id.clone();
    let token = client.cloud.add_token(&space, Some(Duration::from_secs(100)));
    client.now = Duration::from_secs(101);
    let message = |client: &mut Client, token: &str| {
        let mut body = client.claim_body();
        body["token"] = json!(token);
        let request = client.claim_request(&body.to_string());
        let wire = client.request(&request);
        if wire.http().status == 204 {
            "claimed".to_owned()
        } else {
            wire.json()["errorMessage"].as_str().unwrap().to_owned()
        }
    };
    assert_eq!(message(&mut client, &token), "token expired");
    let first = client.cloud.token().to_owned();
    assert!(client.cloud.revoke_token(&first));
    assert!(!client.cloud.revoke_token("never was"));
    assert_eq!(message(&mut client, &first), "invalid token");
    assert_eq!(message(&mut client, "never was"), "token not found");
    let fresh = client.cloud.add_token(&space, Some(Duration::from_secs(200)));
    assert_eq!(message(&mut client, &fresh), "claimed");
}

#[test]
fn a_room_of_another_space_is_refused_and_a_node_lands_in_the_space_of_its_token() {
    let mut client = Client::new(Config::default());
    let other = client.cloud.add_space("Other", "other@example.com");
    let room = client.cloud.add_room(&other, "Elsewhere");
    assert_eq!(claim_with(&mut client, |body| body["rooms"] = json!([room])).1, "ErrInvalidRoomID");
    let token = client.cloud.add_token(&other, None);
    let both = |body: &mut Value| {
        body["rooms"] = json!([room.to_uppercase()]);
        body["token"] = json!(token);
    };
    assert_eq!(claim_with(&mut client, both).0, 204);
    let view = client.cloud.view();
    assert_eq!(view.nodes[0].space, other);
    assert!(view.nodes[0].rooms.contains(&room));
}

#[test]
fn what_is_not_json_is_refused_without_a_word_about_the_script_that_cannot_escape() {
    let mut client = Client::new(Config::default());
    let body = "{\"node\":{\"id\":\"x\",\"hostname\":\"a\"b\"}}";
    let json = client.claim_request(body);
    let form =
        String::from_utf8(json.clone()).unwrap().replace("application/json", "application/x-www-form-urlencoded");
    assert_eq!(client.request(form.as_bytes()).http().status, 400);
    assert_eq!(client.cloud.deviations(), []);
    assert_eq!(client.request(&json).http().status, 400);
    assert_eq!(client.rules(), ["protocol.md 1.5"]);
}

#[test]
fn a_challenge_is_good_for_one_answer_and_for_one_node() {
    let mut client = Client::new(Config::default());
    client.claim();
    client.env();
    let challenge = client.challenge();
    assert_eq!(client.password(&challenge).http().status, 201);
    let again = client.password(&challenge);
    assert_eq!((again.http().status, again.json()["errorMsgKey"].as_str()), (403, Some("ErrIncorrectResponse")));

    let older = client.challenge();
    let newer = client.challenge();
    assert_eq!(client.password(&older).http().status, 403, "a newer challenge voids the older");
    assert_eq!(client.password(&newer).http().status, 403, "and a wrong answer uses up the newer");

    let challenge = client.challenge();
    client.claim_id = CLAIM_ID.replace('1', "7");
    client.claim();
    client.challenge();
    assert_eq!(client.password(&challenge).http().status, 403, "the challenge of another node");
}

#[test]
fn a_node_that_was_never_claimed_gets_the_three_keys_of_an_error() {
    let mut client = Client::new(Config::default());
    client.env();
    let wire = client.challenge();
    assert_eq!(wire.http().status, 404);
    for key in ["errorCode", "errorMsgKey", "errorMessage"] {
        assert!(wire.json()[key].is_string(), "{key}");
    }
    let wire = client.password(&wire);
    assert_eq!(wire.http().status, 404);
}

#[test]
fn credentials_are_good_for_one_connect() {
    let mut client = Client::new(Config::default());
    client.claim();
    client.subscribed();
    client.vanish();
    client.upgrade();
    let wire = client.connect();
    assert_eq!(wire.packets(), [[0x20, 3, 0, 0x86, 0]]);
    assert_eq!(wire.end, Some(aclk_cloud::Action::Close));
    assert_eq!(client.rules(), ["protocol.md 2.10"]);
}

#[test]
fn wrong_credentials_are_refused_with_the_code_that_says_which() {
    for (bend, code) in [
        ((|connect| connect.client_id = "nobody".to_owned()) as fn(&mut common::mqtt::Connect), 0x85),
        (|connect| connect.username = "nobody".to_owned(), 0x86),
        (|connect| connect.password = "wrong".to_owned(), 0x86),
    ] {
        let mut client = Client::new(Config::default());
        client.claim();
        client.log_in();
        let mut connect = common::mqtt::Connect::new(&client);
        bend(&mut connect);
        assert_eq!(client.frame(2, &connect.encode()).packets(), [[0x20, 3, 0, code, 0]]);
        assert_eq!(client.state(), Some(NodeState::Claimed));
    }
}
