//! What is not to be shown before somebody asks for it.

use crate::recorded::{Recorded, behind, dissections, field, find, life};
use aclk_inspect::view::{Dissection, Field, Layer};
use aclk_lan::Faults;
use aclk_netsim::Setup;
use aclk_proxy::Kind;
use std::time::Duration;

/// What is shown of a frame without asking: the texts, and the bytes with everything that is hidden blanked out.
fn shown(frame: &Dissection) -> (String, Vec<Vec<u8>>) {
    fn without_reveals(fields: &[Field]) -> Vec<Field> {
        let plain = |field: &Field| Field { reveal: None, fields: without_reveals(&field.fields), ..field.clone() };
        fields.iter().map(plain).collect()
    }
    let plain = |layer: &Layer| Layer { fields: without_reveals(&layer.fields), ..layer.clone() };
    let layers: Vec<Layer> = frame.layers.iter().map(plain).collect();
    let text = format!("{:?} {layers:?}", frame.frame);
    let bytes = frame.sources.iter().map(|source| {
        let hex = &source.hex;
        let mut bytes: Vec<u8> =
            (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hex")).collect();
        for (start, end) in &source.hidden {
            bytes[*start..*end].fill(0);
        }
        bytes
    });
    (text, bytes.collect())
}

/// The secrets of a run, or parts of them that are long enough to be told from chance.
fn secrets(recorded: &Recorded, all: &[Dissection]) -> Vec<String> {
    let answer =
        all.iter().flat_map(|frame| &frame.layers).find(|layer| layer.title == "HTTP request" && asks_password(layer));
    let answer = answer.expect("it asks for the password");
    let (_, connect) = find(all, "MQTT CONNECT");
    let mut secrets =
        vec![recorded.token.clone(), "hunter2-hunter2".to_owned(), "YWxpY2U6aHVudGVyMi1odW50ZXIy".to_owned()];
    secrets.extend(field(&answer.fields, "response").reveal.clone());
    secrets.extend(field(&connect.fields, "Password").reveal.clone());
    assert_eq!(secrets.len(), 5);
    secrets
}

fn asks_password(layer: &Layer) -> bool {
    layer.fields.iter().any(|field| field.value.ends_with("/password"))
}

fn nothing_is_shown(setup: Setup) {
    let recorded = life(setup);
    let all = dissections(&recorded.inspector());
    let secrets = secrets(&recorded, &all);
    let mut hidden = 0;
    for frame in &all {
        let (text, sources) = shown(frame);
        hidden += frame.sources.iter().map(|source| source.hidden.len()).sum::<usize>();
        for secret in &secrets {
            // A half is told as well as the whole.
            let (front, back) = secret.split_at(secret.len() / 2);
            for part in [front, back] {
                assert!(!text.contains(part), "{} shows a secret", frame.frame.text);
                let is_in = |bytes: &Vec<u8>| bytes.windows(part.len()).any(|window| window == part.as_bytes());
                assert!(!sources.iter().any(is_in), "the bytes of \"{}\" show a secret", frame.frame.text);
            }
        }
    }
    assert!(hidden > 4, "something is hidden");
}

#[test]
fn no_secret_is_shown_before_somebody_asks() {
    nothing_is_shown(behind(Kind::Http));
    nothing_is_shown(behind(Kind::Socks));
}

#[test]
fn no_part_of_a_secret_is_shown_where_messages_are_cut_into_pieces() {
    let hold = Duration::from_millis(50);
    let faults = Faults { loss: 0.1, reorder: 0.1, duplicate: 0.1, mtu: 576, hold, ..Setup::default().faults };
    for kind in [Kind::Http, Kind::Socks] {
        let mut setup = behind(kind);
        setup.router.mtu = 576;
        nothing_is_shown(Setup { faults: faults.clone(), ..setup });
    }
}
