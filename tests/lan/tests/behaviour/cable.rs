//! The cable alone.

use aclk_core::clock::Instant;
use aclk_lan::{Cable, Counters, End, Faults, Frame};
use core::time::Duration;
use proptest::prelude::*;

const fn ms(ms: u64) -> Instant {
    Instant::from_micros(ms * 1_000)
}

fn frame(number: u32, length: usize) -> Frame {
    let mut frame = vec![0; length.max(4)];
    frame[..4].copy_from_slice(&number.to_be_bytes());
    frame
}

fn number(frame: &[u8]) -> u32 {
    u32::from_be_bytes([frame[0], frame[1], frame[2], frame[3]])
}

/// Sends `count` frames, one each millisecond, and takes out what arrives until nothing is left.
fn carry(cable: &mut Cable, count: u32) -> Vec<(Instant, Frame)> {
    let mut arrived = Vec::new();
    let mut drain = |cable: &mut Cable, now| {
        while let Some(frame) = cable.receive(End::Router, now) {
            arrived.push((now, frame));
        }
    };
    for index in 0..count {
        let now = ms(u64::from(index));
        drain(cable, now);
        cable.send(End::Device, now, frame(index, 60));
        drain(cable, now);
    }
    let mut now = ms(u64::from(count));
    drain(cable, now);
    while let Some(next) = cable.next_event(now) {
        now = next;
        drain(cable, now);
    }
    arrived
}

fn numbers(arrived: &[(Instant, Frame)]) -> Vec<u32> {
    arrived.iter().map(|(_, frame)| number(frame)).collect()
}

#[test]
fn a_perfect_cable_carries_every_frame_at_once_and_in_order() {
    let mut cable = Cable::new(1, Faults::none());
    let arrived = carry(&mut cable, 100);
    assert!(arrived.iter().all(|(at, frame)| *at == ms(u64::from(number(frame)))));
    assert_eq!(numbers(&arrived), (0..100).collect::<Vec<_>>());
    assert_eq!(cable.counters(End::Device), Counters { sent: 100, delivered: 100, ..Counters::default() });
    assert_eq!(cable.counters(End::Router), Counters::default());
}

#[test]
fn a_frame_arrives_after_the_latency_and_not_before() {
    let mut cable = Cable::new(1, Faults { latency: Duration::from_millis(20), ..Faults::none() });
    cable.send(End::Router, ms(5), vec![7; 60]);
    assert_eq!(cable.next_event(ms(5)), Some(ms(25)));
    assert_eq!(cable.receive(End::Device, Instant::from_micros(24_999)), None);
    assert_eq!(cable.receive(End::Router, ms(25)), None, "a frame does not come back");
    assert_eq!(cable.receive(End::Device, ms(25)), Some(vec![7; 60]));
    assert_eq!(cable.next_event(ms(25)), None);
}

#[test]
fn jitter_delays_frames_within_its_bound_but_keeps_their_order() {
    let jitter = Duration::from_millis(30);
    let mut cable = Cable::new(3, Faults { jitter, ..Faults::none() });
    let arrived = carry(&mut cable, 200);
    assert_eq!(numbers(&arrived), (0..200).collect::<Vec<_>>());
    let late = |(at, frame): &(Instant, Frame)| at.since(ms(u64::from(number(frame))));
    let tick = Duration::from_millis(1);
    assert!(arrived.iter().all(|arrival| late(arrival) < jitter + tick), "as this test looks once a millisecond");
    assert!(arrived.iter().any(|arrival| late(arrival) > jitter / 2));
}

#[test]
fn loss_takes_about_its_share_of_the_frames() {
    let mut cable = Cable::new(4, Faults { loss: 0.3, ..Faults::none() });
    let arrived = carry(&mut cable, 1_000);
    let counters = cable.counters(End::Device);
    assert_eq!(arrived.len() as u64, counters.delivered);
    assert_eq!(counters.lost + counters.delivered, 1_000);
    assert!((240..360).contains(&counters.lost), "{counters:?}");
}

#[test]
fn more_loss_takes_the_same_frames_and_some_more() {
    let survivors = |loss| numbers(&carry(&mut Cable::new(5, Faults { loss, ..Faults::none() }), 500));
    let (few, many) = (survivors(0.1), survivors(0.3));
    assert!(many.len() < few.len());
    assert!(many.iter().all(|number| few.contains(number)));
}

#[test]
fn a_duplicate_follows_its_original() {
    let mut cable = Cable::new(6, Faults { duplicate: 1.0, ..Faults::none() });
    assert_eq!(numbers(&carry(&mut cable, 3)), [0, 0, 1, 1, 2, 2]);
    assert_eq!(cable.counters(End::Device).duplicated, 3);
}

#[test]
fn a_frame_held_back_is_overtaken() {
    let mut cable = Cable::new(7, Faults { reorder: 0.2, hold: Duration::from_millis(5), ..Faults::none() });
    let order = numbers(&carry(&mut cable, 200));
    let overtaken = order.windows(2).filter(|pair| pair[0] > pair[1]).count();
    assert!(overtaken > 10, "{overtaken} frames were overtaken");
    let mut sorted = order;
    sorted.sort_unstable();
    assert_eq!(sorted, (0..200).collect::<Vec<_>>(), "none is lost");
    assert!(cable.counters(End::Device).reordered as usize >= overtaken);
}

#[test]
fn corruption_flips_one_bit() {
    let mut cable = Cable::new(8, Faults { corrupt: 1.0, ..Faults::none() });
    for index in 0..100 {
        let original = frame(index, 60);
        cable.send(End::Device, Instant::START, original.clone());
        let damaged = cable.receive(End::Router, Instant::START).expect("it arrives");
        let flipped: u32 = original.iter().zip(&damaged).map(|(a, b)| (a ^ b).count_ones()).sum();
        assert_eq!((damaged.len(), flipped), (60, 1));
    }
    assert_eq!(cable.counters(End::Device).corrupted, 100);
}

#[test]
fn a_frame_longer_than_the_mtu_vanishes() {
    let mut cable = Cable::new(9, Faults { mtu: 576, ..Faults::none() });
    cable.send(End::Device, Instant::START, vec![0; 576 + 14]);
    cable.send(End::Device, Instant::START, vec![0; 576 + 15]);
    assert_eq!(cable.receive(End::Router, Instant::START).map(|frame| frame.len()), Some(590));
    assert_eq!(cable.receive(End::Router, Instant::START), None);
    assert_eq!(cable.counters(End::Device).oversized, 1);
}

#[test]
fn bandwidth_spaces_frames_and_a_full_backlog_drops_them() {
    // 1000 bytes take 8 ms.
    let faults = Faults { bandwidth: Some(1_000_000), backlog: 2_000, ..Faults::none() };
    let mut cable = Cable::new(10, faults);
    for index in 0..6 {
        cable.send(End::Device, Instant::START, frame(index, 1_000));
    }
    let mut arrivals = Vec::new();
    while let Some(at) = cable.next_event(Instant::START) {
        arrivals.push((at, number(&cable.receive(End::Router, at).expect("a frame"))));
    }
    assert_eq!(arrivals, [(ms(8), 0), (ms(16), 1), (ms(24), 2)], "one on the wire and two in the backlog");
    assert_eq!(cable.counters(End::Device).overflowed, 3);
}

#[test]
fn nothing_passes_while_the_link_is_down_and_frames_on_their_way_are_cut_off() {
    let down = vec![ms(10)..ms(20)];
    let mut cable = Cable::new(11, Faults { latency: Duration::from_millis(5), down, ..Faults::none() });
    cable.send(End::Device, ms(4), frame(1, 60));
    cable.send(End::Device, ms(6), frame(2, 60));
    assert!(cable.is_up(ms(9)));
    assert_eq!(numbers(&[(ms(9), cable.receive(End::Router, ms(9)).expect("the first frame"))]), [1]);
    assert_eq!(cable.next_event(ms(9)), Some(ms(10)), "whoever watches the link is woken");
    assert!(!cable.is_up(ms(10)));
    cable.send(End::Device, ms(15), frame(3, 60));
    assert_eq!(cable.next_event(ms(15)), Some(ms(20)));
    assert!(cable.is_up(ms(20)));
    cable.send(End::Device, ms(20), frame(4, 60));
    assert_eq!(cable.receive(End::Router, ms(25)).map(|frame| number(&frame)), Some(4));
    assert_eq!(cable.counters(End::Device).cut, 2);
}

#[test]
fn a_window_in_one_direction_takes_the_whole_link_down() {
    let mut cable = Cable::new(12, Faults::none());
    cable.faults_mut(End::Router).down.push(ms(10)..ms(20));
    cable.send(End::Device, ms(12), frame(1, 60));
    assert!(!cable.is_up(ms(12)));
    assert_eq!(cable.counters(End::Device).cut, 1);
}

#[test]
fn a_pulled_cable_loses_what_it_carries() {
    let mut cable = Cable::new(13, Faults { latency: Duration::from_millis(5), ..Faults::none() });
    cable.send(End::Device, ms(1), frame(1, 60));
    cable.unplug();
    assert!(!cable.is_up(ms(2)));
    cable.send(End::Device, ms(2), frame(2, 60));
    cable.plug();
    cable.send(End::Device, ms(3), frame(3, 60));
    assert_eq!(cable.receive(End::Router, ms(10)).map(|frame| number(&frame)), Some(3));
    assert_eq!(cable.receive(End::Router, ms(10)), None);
    assert_eq!(cable.counters(End::Device).cut, 2);
}

#[test]
fn traffic_one_way_does_not_disturb_the_other() {
    let faults = || Faults { loss: 0.3, duplicate: 0.1, corrupt: 0.2, ..Faults::none() };
    let alone = carry(&mut Cable::new(14, faults()), 100);
    let mut busy = Cable::new(14, faults());
    for _ in 0..37 {
        busy.send(End::Router, Instant::START, vec![0; 100]);
    }
    while busy.receive(End::Device, Instant::START).is_some() {}
    assert_eq!(carry(&mut busy, 100), alone);
}

fn any_faults() -> impl Strategy<Value = Faults> {
    let ratios = (0.0..1.0, 0.0..1.0, 0.0..1.0, 0.0..1.0);
    let spans = (0_u64..50, 0_u64..50, 0_u64..50);
    let limits = (500_usize..1_600, proptest::option::of(10_000_u64..10_000_000), 0_usize..10_000);
    let windows = proptest::collection::vec((0_u64..100, 1_u64..20), 0..3);
    (ratios, spans, limits, windows).prop_map(|(ratios, spans, limits, windows)| Faults {
        loss: ratios.0,
        duplicate: ratios.1,
        reorder: ratios.2,
        corrupt: ratios.3,
        latency: Duration::from_millis(spans.0),
        jitter: Duration::from_millis(spans.1),
        hold: Duration::from_millis(spans.2),
        mtu: limits.0,
        bandwidth: limits.1,
        backlog: limits.2,
        down: windows.into_iter().map(|(start, length)| ms(start)..ms(start + length)).collect(),
    })
}

proptest! {
    #[test]
    fn every_frame_is_accounted_for_and_a_seed_repeats_itself(
        seed: u64,
        faults in any_faults(),
        lengths in proptest::collection::vec(0_usize..1_700, 1..100),
    ) {
        let run = || {
            let mut cable = Cable::new(seed, faults.clone());
            let mut arrived = Vec::new();
            for (index, length) in lengths.iter().enumerate() {
                cable.send(End::Device, ms(index as u64), frame(index as u32, *length));
            }
            let mut now = ms(lengths.len() as u64);
            loop {
                while let Some(frame) = cable.receive(End::Router, now) {
                    arrived.push((now, frame));
                }
                match cable.next_event(now) {
                    Some(next) => now = next,
                    None => break,
                }
            }
            (arrived, cable.counters(End::Device))
        };
        let (arrived, counters) = run();
        let Counters { sent, delivered, lost, duplicated, oversized, overflowed, cut, .. } = counters;
        prop_assert_eq!(sent, lengths.len() as u64);
        prop_assert_eq!(delivered, arrived.len() as u64);
        prop_assert_eq!(sent + duplicated, delivered + lost + oversized + overflowed + cut);
        prop_assert_eq!(run(), (arrived, counters));
    }
}
