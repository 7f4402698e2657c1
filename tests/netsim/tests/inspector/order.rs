//! Secrets and segments come late, twice, or never.

use crate::recorded::{dissections, life, rows};
use aclk_inspect::view::{Direction, Dissection, Filter, Flag, Protocol, Purpose, Reading};
use aclk_inspect::{Inspector, Limits};
use aclk_lan::Faults;
use aclk_netsim::Setup;
use std::collections::BTreeSet;
use std::time::Duration;

/// What is found above TCP, in its order, whatever frame it was found in.
fn messages(all: &[Dissection]) -> Vec<String> {
    let layers = all.iter().flat_map(|frame| frame.layers.iter());
    let above = layers.filter(|layer| layer.protocol > Protocol::Data && layer.title != "Part of a message");
    above
        .map(|layer| format!("{} {:?}", layer.title, layer.fields.iter().map(|field| &field.value).collect::<Vec<_>>()))
        .collect()
}

#[test]
fn secrets_may_come_after_the_frames_and_then_it_is_said_what_has_changed() {
    let recorded = life(Setup::default());
    let before = dissections(&recorded.inspector());

    let mut late = Inspector::new(Limits::default());
    recorded.show(&mut late);
    assert!(late.changed().is_empty());
    let closed: BTreeSet<u64> =
        late.frames(0, &Filter { flag: Some(Flag::Encrypted), ..Filter::default() }).iter().map(|row| row.id).collect();
    assert!(closed.len() > 20);
    assert!(rows(&late).iter().all(|row| row.protocol <= Protocol::Tls));
    assert!(late.connections().iter().all(|connection| matches!(connection.tls, Reading::None | Reading::Waiting)));

    late.key_log(&recorded.key_log);
    let changed: BTreeSet<u64> = late.changed().into_iter().collect();
    assert!(changed.is_superset(&closed), "{changed:?}");
    assert!(late.changed().is_empty());
    assert_eq!(dissections(&late), before);
}

/// As in the playground: lines come one by one, and each connection's later than some of its frames.
#[test]
fn secrets_may_come_line_by_line_in_the_midst_of_it() {
    let recorded = life(Setup::default());
    let before = dissections(&recorded.inspector());
    let mut inspector = Inspector::new(Limits::default());
    let mut lines = recorded.key_log.lines();
    for (number, frame) in recorded.frames.iter().enumerate() {
        inspector.frame(frame.time_us, frame.direction, &frame.bytes, &frame.remark);
        if number % 7 == 6
            && let Some(line) = lines.next()
        {
            inspector.key_log(line);
        }
    }
    lines.for_each(|line| inspector.key_log(line));
    assert_eq!(dissections(&inspector), before);
}

#[test]
fn without_secrets_the_purpose_stays_unknown_and_only_lengths_are_told() {
    let recorded = life(Setup::default());
    let mut inspector = Inspector::new(Limits::default());
    recorded.show(&mut inspector);
    let purposes: BTreeSet<String> =
        inspector.connections().iter().map(|connection| format!("{:?}", connection.purpose)).collect();
    assert_eq!(purposes.into_iter().collect::<Vec<_>>(), ["Address", "Name", "Time", "Unknown"]);
    assert!(
        rows(&inspector)
            .iter()
            .any(|row| row.text.starts_with("application data, ") && row.text.ends_with(" bytes encrypted"))
    );
}

#[test]
fn a_secret_that_does_not_fit_is_named_and_harms_no_other_connection() {
    let recorded = life(Setup::default());
    let line = recorded.key_log.lines().find(|line| line.starts_with("CLIENT_TRAFFIC_SECRET_0")).expect("a secret");
    let wrong = recorded.key_log.replace(line, &format!("{}00", &line[..line.len() - 2]));
    let mut inspector = Inspector::new(Limits::default());
    inspector.key_log(&wrong);
    recorded.show(&mut inspector);
    let readings: Vec<Reading> = inspector.connections().iter().map(|connection| connection.tls).collect();
    let count = |wanted| readings.iter().filter(|reading| **reading == wanted).count();
    assert_eq!((count(Reading::Unreadable), count(Reading::Decrypted)), (1, 4));
    let said = format!("{:?}", dissections(&inspector));
    assert!(said.contains("the secret in the key log does not fit"));
}

#[test]
fn what_is_lost_comes_twice_or_in_another_order_is_put_together_all_the_same() {
    let good = Setup::default().faults;
    let hold = Duration::from_millis(50);
    let bad = [
        (Faults { loss: 0.2, ..good.clone() }, Flag::Retransmission),
        (Faults { duplicate: 0.3, ..good.clone() }, Flag::Retransmission),
        (Faults { reorder: 0.3, hold, ..good.clone() }, Flag::OutOfOrder),
        (Faults { corrupt: 0.1, ..good.clone() }, Flag::BadChecksum),
    ];
    for (faults, expected) in bad {
        // Which frames suffer is up to the seed: one of these hits those that the device receives.
        let shows_it = (1..=8).any(|seed| {
            let recorded = life(Setup { seed, faults: faults.clone(), ..Setup::default() });
            let all = dissections(&recorded.inspector());
            is_told(&all, &format!("{faults:?}, seed {seed}"));
            all.iter().any(|frame| frame.frame.flags.contains(&expected))
        });
        assert!(shows_it, "{faults:?}: no frame is {expected:?}");
    }
}

/// Nothing of the story is missing.
fn is_told(all: &[Dissection], name: &str) {
    let titles: Vec<&str> = all.iter().flat_map(|frame| &frame.layers).map(|layer| layer.title.as_str()).collect();
    for wanted in [
        "HTTP response to PUT /api/v1/spaces/nodes/aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
        "MQTT CONNECT",
        "CreateNodeInstanceResult",
        "ContextsSnapshot",
        "HTTP over the link",
    ] {
        assert!(titles.contains(&wanted), "{name}: {wanted} is missing");
    }
    assert!(!all.iter().any(|frame| frame.frame.flags.contains(&Flag::Gap)), "{name}");
}

#[test]
fn frames_that_the_capture_has_missed_are_a_gap_and_what_is_behind_it_is_not_guessed() {
    let mut recorded = life(Setup::default());
    let claim = rows(&recorded.inspector()).into_iter().find(|row| row.purpose == Some(Purpose::Claim));
    let first = claim.expect("a claim").connection;
    let number = rows(&recorded.inspector())
        .iter()
        .position(|row| row.connection == first && row.text.contains("Certificate"))
        .expect("a handshake");
    recorded.frames.remove(number);
    let inspector = recorded.inspector();
    let rows = rows(&inspector);
    let gaps: Vec<_> = rows.iter().filter(|row| row.flags.contains(&Flag::Gap)).collect();
    assert_eq!(gaps.len(), 1, "{gaps:#?}");
    assert!(gaps[0].text.contains("bytes in front of this were never seen"), "{}", gaps[0].text);
    let connections = inspector.connections();
    let lost = connections.iter().find(|connection| Some(connection.id) == first).expect("it is there");
    assert_eq!((lost.tls, lost.purpose), (Reading::Unreadable, Purpose::Unknown));
    // The next one is not harmed.
    assert!(connections.iter().any(|connection| connection.purpose == Purpose::Env));
}

#[test]
fn every_filter_lists_what_it_says() {
    let inspector = life(Setup::default()).inspector();
    let all = rows(&inspector);
    let list = |filter: Filter| inspector.frames(0, &filter);
    let everything = || Filter { limit: Some(usize::MAX), ..Filter::default() };
    let out = list(Filter { direction: Some(Direction::Out), ..everything() });
    assert!(!out.is_empty() && out.iter().all(|row| row.direction == Direction::Out));
    let mqtt = list(Filter { protocol: Some(Protocol::Mqtt), ..everything() });
    assert!(mqtt.len() > 20 && mqtt.iter().any(|row| row.protocol == Protocol::Aclk));
    let link = list(Filter { purpose: Some(Purpose::Link), ..everything() });
    let id = link[0].connection;
    assert_eq!(list(Filter { connection: id, ..everything() }), link);
    let text = list(Filter { text: Some("CONTEXTSsnapshot".to_owned()), ..everything() });
    assert_eq!(text.len(), 2, "the message and its acknowledgement: {text:#?}");
    assert_eq!(inspector.frames(100, &Filter { limit: Some(3), ..Filter::default() }), all[100..103]);
}

#[test]
fn the_messages_are_the_same_whatever_the_segments_are() {
    let recorded = life(Setup::default());
    let whole = messages(&dissections(&recorded.inspector()));
    // Each frame twice, the second time late.
    let mut doubled = recorded.clone();
    doubled.frames = recorded.frames.iter().flat_map(|frame| [frame.clone(), frame.clone()]).collect();
    assert_eq!(messages(&dissections(&doubled.inspector())), whole);
}
