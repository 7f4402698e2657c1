//! Real frames, damaged behind their checksums: nothing panics, and no limit is exceeded.

use crate::recorded::{Frame, life, rows};
use aclk_inspect::{Inspector, Limits};
use aclk_netsim::Setup;
use chacha20::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

const LIMITS: Limits = Limits {
    frames: 200,
    kept: 80_000,
    frame: 1_514,
    connections: 6,
    message: 20_000,
    early: 4_000,
    waiting: 4_000,
    unfinished: 2_000,
    key_log: 10_000,
};

/// Rounds over the whole traffic of a device.
const ROUNDS: u64 = 60;

/// Makes the checksums of IPv4, TCP and UDP right, where there are any.
fn seal(frame: &mut [u8]) {
    let sum = |bytes: &[u8], start: u32| {
        let mut sum = bytes
            .chunks(2)
            .fold(start, |sum, pair| sum + (u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0))));
        while sum > 0xffff {
            sum = (sum >> 16) + (sum & 0xffff);
        }
        !(sum as u16)
    };
    if frame.len() < 34 || frame[12..14] != [8, 0] {
        return;
    }
    frame[24..26].fill(0);
    let header = sum(&frame[14..34], 0);
    frame[24..26].copy_from_slice(&header.to_be_bytes());
    let end = (14 + usize::from(u16::from_be_bytes([frame[16], frame[17]]))).min(frame.len());
    let at = match frame[23] {
        6 => 50,
        17 => 40,
        _ => return,
    };
    if end < at + 2 {
        return;
    }
    frame[at..at + 2].fill(0);
    let pseudo = u32::from(frame[23]) + (end - 34) as u32;
    let pseudo =
        frame[26..34].chunks(2).fold(pseudo, |sum, pair| sum + u32::from(u16::from_be_bytes([pair[0], pair[1]])));
    let all = sum(&frame[34..end], pseudo);
    frame[at..at + 2].copy_from_slice(&all.to_be_bytes());
}

/// Does something to a frame, or to the order of frames.
fn damage(frames: &mut Vec<Frame>, rng: &mut ChaCha20Rng) {
    let mut number = |below: usize| rng.next_u32() as usize % below.max(1);
    for _ in 0..20 {
        let at = number(frames.len());
        match number(5) {
            0 => {
                let frame = frames[at].clone();
                frames.insert(number(frames.len()), frame);
            }
            1 => {
                let frame = frames.remove(at);
                frames.insert(number(frames.len()), frame);
            }
            2 => drop(frames.remove(at)),
            3 => {
                let keep = number(frames[at].bytes.len());
                frames[at].bytes.truncate(keep);
            }
            _ => {
                for _ in 0..=number(4) {
                    let place = number(frames[at].bytes.len());
                    let byte = [0, 1, 0x7f, 0xff, number(256) as u8][number(5)];
                    if let Some(slot) = frames[at].bytes.get_mut(place) {
                        *slot = byte;
                    }
                }
            }
        }
        if number(4) > 0 {
            let at = at.min(frames.len() - 1);
            seal(&mut frames[at].bytes);
        }
    }
}

#[test]
fn damaged_frames_do_no_harm_and_use_no_more_than_is_allowed() {
    let recorded = life(Setup::default());
    for round in 0..ROUNDS {
        let mut rng = ChaCha20Rng::seed_from_u64(round);
        let mut frames = recorded.frames.clone();
        damage(&mut frames, &mut rng);
        let mut inspector = Inspector::new(LIMITS);
        let mut lines = recorded.key_log.lines();
        for frame in &frames {
            inspector.frame(frame.time_us, frame.direction, &frame.bytes, &frame.remark);
            if rng.next_u32().is_multiple_of(5)
                && let Some(line) = lines.next()
            {
                inspector.key_log(line);
            }
            let (kept, unfinished) = inspector.in_use();
            assert!(kept <= LIMITS.kept && unfinished <= LIMITS.unfinished, "round {round}: {kept}, {unfinished}");
            assert!(inspector.connections().len() <= LIMITS.connections);
        }
        lines.for_each(|line| inspector.key_log(line));
        let (kept, _) = inspector.in_use();
        assert!(kept <= LIMITS.kept && inspector.key_log_text().len() <= LIMITS.key_log, "round {round}");
        let listed = rows(&inspector);
        assert!(!listed.is_empty() && listed.len() <= LIMITS.frames);
        for row in listed {
            let frame = inspector.dissect(row.id).expect("it is there");
            for layer in &frame.layers {
                assert!(layer.start <= layer.end && 2 * layer.end <= frame.sources[layer.source].hex.len());
            }
            for source in &frame.sources {
                assert!(source.hidden.iter().all(|(start, end)| start < end && 2 * end <= source.hex.len()));
            }
        }
        assert!(inspector.pcap().len() > 24 && inspector.pcapng().len() > 24);
    }
}
