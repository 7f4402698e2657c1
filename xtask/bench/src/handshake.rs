//! What a device does to log in, above TLS.

use crate::counted;
use aclk_core::identity::guid::Guid;
use aclk_core::identity::key::Key;
use aclk_core::identity::software::SoftwareKey;
use aclk_core::link::otp::{Credentials, parse_challenge, write_password_request};
use aclk_core::link::session::Granted;
use aclk_core::secret::Secret;
use aclk_core::wire::buffer::Writer;
use aclk_core::wire::mqtt::{Connect, Framer, Packet, Qos, Subscribe};
use aclk_core::wire::websocket::{Opcode, accept_of, encode_key, put_frame};
use aclk_pair::PRIVATE_PEM;
use chacha20::ChaCha20Rng;
use rand_core::SeedableRng;
use rsa::pkcs8::DecodePublicKey;
use rsa::{Oaep, RsaPublicKey};

const GUID: &str = "11111111-1111-4111-8111-111111111111";

/// The same random numbers in every run.
pub(crate) fn rng() -> ChaCha20Rng {
    ChaCha20Rng::from_seed([42; 32])
}

/// The challenge is decrypted.
pub(crate) fn decrypt() {
    let mut key = SoftwareKey::new();
    key.import_pem(PRIVATE_PEM.as_bytes()).expect("it is a key");
    let public = key.public_pem().expect("it has a public half");
    let public = RsaPublicKey::from_public_key_pem(&public).expect("that is a public key");
    let ciphertext = public.encrypt(&mut rng(), Oaep::<sha1::Sha1>::new(), &[7; 32]).expect("it fits");
    let ciphertext = ciphertext.try_into().expect("a challenge has 256 bytes");
    let mut rng = rng();
    let plaintext = counted(|| key.decrypt(&ciphertext, &mut rng));
    assert_eq!(plaintext.expect("it is for this key").expose(), [7; 32]);
}

/// The challenge is read, its answer is written, and the password for it is read.
pub(crate) fn otp() {
    let challenge = format!(r#"{{"challenge":"{}=="}}"#, "A".repeat(342));
    let topics: Vec<String> = aclk_pair::Setup::default()
        .cloud
        .topics
        .iter()
        .map(|topic| format!(r#"{{"name":"{}","topic":"{}"}}"#, topic.name, topic.topic))
        .collect();
    let password = format!(
        r#"{{"clientID":"{GUID}","username":"user","password":"{}","topics":[{}]}}"#,
        "p".repeat(64),
        topics.join(",")
    );
    let answer = Secret::copy_of(&[7; 32]).expect("it fits");
    let id = Guid::parse(GUID).expect("it is one");
    let (mut buffer, mut scratch) = (vec![0; 1_024], vec![0; 1_024]);
    let good = counted(|| {
        let challenge = parse_challenge(challenge.as_bytes(), &mut scratch).is_ok();
        write_password_request(&answer, &mut Writer::new(&mut buffer));
        challenge && Credentials::parse(password.as_bytes(), id, &mut scratch).is_ok()
    });
    assert!(good, "both replies are as the Cloud sends them: {password}");
}

/// From the key of the upgrade to the subscription: what is said and what is heard.
pub(crate) fn mqtt() {
    let will = format!("/agent/{GUID}/inbound/v1/AgentConn");
    let filter = format!("/agent/{GUID}/cmd");
    let connect = Connect {
        client_id: GUID,
        username: "user",
        password: &[b'p'; 64],
        keep_alive: 60,
        receive_maximum: Some(4),
        maximum_packet_size: Some(4_096),
        topic_alias_maximum: Some(8),
        will_topic: &will,
        will_payload: &[7; 96],
        will_qos: Qos::AtLeastOnce,
    };
    let subscribe = Subscribe { id: 1, filter: &filter, options: 9 };
    // CONNACK with a Topic Alias Maximum, then SUBACK.
    let heard = [0x20, 6, 0, 0, 3, 0x22, 0xff, 0xff, 0x90, 4, 0, 1, 0, 1];
    let (mut packet, mut frame, mut storage) = (vec![0; 1_024], vec![0; 1_024], vec![0; 1_024]);
    let good = counted(|| {
        let key = encode_key(&[9; 16]);
        let accept = accept_of(&key);
        for write in [&|w: &mut Writer<'_>| connect.encode(w), &|w: &mut Writer<'_>| subscribe.encode(w)]
            as [&dyn Fn(&mut Writer<'_>); 2]
        {
            let mut w = Writer::new(&mut packet);
            write(&mut w);
            put_frame(&mut Writer::new(&mut frame), Opcode::Binary, [1, 2, 3, 4], w.written());
        }
        let (mut framer, mut rest, mut count) = (Framer::new(), &heard[..], 0);
        while let Ok((taken, Some(len))) = framer.receive(&mut storage, rest) {
            rest = &rest[taken..];
            match Packet::parse(&storage[..len]) {
                Ok(Packet::Connack { properties, .. }) if Granted::of(&properties).is_ok() => count += 1,
                Ok(Packet::Suback { reason: 1, .. }) => count += 1,
                _ => {}
            }
        }
        count == 2 && accept.len() == 28
    });
    assert!(good, "the Cloud let it in");
}
