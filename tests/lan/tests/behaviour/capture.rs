//! Captures, read back as the pcapng specification says.

use aclk_core::clock::Instant;
use aclk_lan::{Cable, End, Faults, Pcap, PcapBuffer, Sighting};
use core::time::Duration;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

#[derive(Debug, PartialEq, Eq)]
struct Captured {
    us: u64,
    frame: Vec<u8>,
    inbound: bool,
    remark: String,
}

#[derive(Debug, Default)]
struct File {
    interface: String,
    frames: Vec<Captured>,
    secrets: Vec<u8>,
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn options(mut bytes: &[u8]) -> Vec<(u16, Vec<u8>)> {
    let mut options = Vec::new();
    loop {
        let code = u16::from_le_bytes([bytes[0], bytes[1]]);
        let length = usize::from(u16::from_le_bytes([bytes[2], bytes[3]]));
        if code == 0 {
            assert_eq!((length, bytes.len()), (0, 4), "the end of the options ends the block");
            return options;
        }
        options.push((code, bytes[4..4 + length].to_vec()));
        bytes = &bytes[4 + length.next_multiple_of(4)..];
    }
}

/// Reads a capture, and checks every length on the way.
fn read(mut bytes: &[u8]) -> File {
    let mut file = File::default();
    let mut kinds = Vec::new();
    while !bytes.is_empty() {
        let (kind, length) = (u32_at(bytes, 0), u32_at(bytes, 4) as usize);
        assert_eq!(length % 4, 0);
        assert_eq!(u32_at(bytes, length - 4) as usize, length, "the length is repeated at the end");
        let body = &bytes[8..length - 4];
        kinds.push(kind);
        match kind {
            0x0a0d_0d0a => assert_eq!(u32_at(body, 0), 0x1a2b_3c4d),
            1 => {
                assert_eq!(body[..2], [1, 0], "Ethernet");
                let (code, name) = options(&body[8..]).remove(0);
                assert_eq!(code, 2);
                file.interface = String::from_utf8(name).expect("a name");
            }
            6 => {
                let captured = u32_at(body, 12) as usize;
                assert_eq!((u32_at(body, 0), u32_at(body, 16) as usize), (0, captured));
                let options = options(&body[20 + captured.next_multiple_of(4)..]);
                let remark = options.iter().find(|(code, _)| *code == 1).map(|(_, text)| text.clone());
                file.frames.push(Captured {
                    us: u64::from(u32_at(body, 4)) << 32 | u64::from(u32_at(body, 8)),
                    frame: body[20..20 + captured].to_vec(),
                    inbound: options.iter().any(|(code, flags)| *code == 2 && flags[0] == 1),
                    remark: String::from_utf8(remark.unwrap_or_default()).expect("a remark"),
                });
            }
            10 => {
                assert_eq!(u32_at(body, 0), 0x544c_534b);
                file.secrets.extend_from_slice(&body[8..8 + u32_at(body, 4) as usize]);
            }
            other => panic!("block type {other:#x}"),
        }
        bytes = &bytes[length..];
    }
    assert_eq!(kinds[..2], [0x0a0d_0d0a, 1], "a section and its interface come first");
    file
}

fn tap(cable: &mut Cable, at: End, unix_us: u64) -> PcapBuffer {
    let buffer = PcapBuffer::default();
    cable.capture(at, Pcap::starting_at(buffer.clone(), unix_us));
    buffer
}

#[test]
fn a_capture_holds_what_passes_one_end_with_time_and_direction() {
    let mut cable = Cable::new(1, Faults { latency: Duration::from_millis(3), ..Faults::none() });
    let device = tap(&mut cable, End::Device, 1_767_225_600_000_000);
    let router = tap(&mut cable, End::Router, 0);
    cable.send(End::Device, Instant::from_micros(1_000), vec![1; 61]);
    cable.receive(End::Router, Instant::from_micros(4_000));
    cable.send(End::Router, Instant::from_micros(5_000), vec![2; 64]);
    cable.receive(End::Device, Instant::from_micros(8_000));

    let captured =
        |us, byte, length, inbound| Captured { us, frame: vec![byte; length], inbound, remark: String::new() };
    let file = read(&device.bytes());
    assert_eq!(file.interface, "device");
    let epoch = 1_767_225_600_000_000;
    assert_eq!(file.frames, [captured(epoch + 1_000, 1, 61, false), captured(epoch + 8_000, 2, 64, true)]);
    let file = read(&router.bytes());
    assert_eq!(file.interface, "router");
    assert_eq!(file.frames, [captured(4_000, 1, 61, true), captured(5_000, 2, 64, false)]);
}

#[test]
fn a_frame_that_suffers_a_fault_says_so() {
    let remarks = |faults: Faults, length: usize| {
        let mut cable = Cable::new(1, faults);
        let (device, router) = (tap(&mut cable, End::Device, 0), tap(&mut cable, End::Router, 0));
        cable.send(End::Device, Instant::START, vec![0; length]);
        while cable.receive(End::Router, Instant::from_micros(1_000_000)).is_some() {}
        let remarks = |buffer: &PcapBuffer| -> Vec<String> {
            read(&buffer.bytes()).frames.into_iter().map(|captured| captured.remark).collect()
        };
        (remarks(&device), remarks(&router))
    };
    let gone = |remark: &str| (vec![remark.to_owned()], Vec::new());
    assert_eq!(remarks(Faults { loss: 1.0, ..Faults::none() }, 60), gone("lost"));
    assert_eq!(remarks(Faults { mtu: 576, ..Faults::none() }, 600), gone("longer than the MTU"));
    let down = vec![Instant::START..Instant::from_micros(5)];
    assert_eq!(remarks(Faults { down, ..Faults::none() }, 60), gone("link down"));
    let worn = Faults { corrupt: 1.0, duplicate: 1.0, reorder: 1.0, ..Faults::none() };
    let all = "corrupted, duplicated, held back".to_owned();
    assert_eq!(remarks(worn, 60), (vec![all.clone()], vec![all.clone(), all]));
}

#[test]
fn secrets_travel_with_the_capture() {
    let mut cable = Cable::new(1, Faults::none());
    let buffer = tap(&mut cable, End::Device, 0);
    cable.capture_secrets(End::Device, b"CLIENT_RANDOM 00 11\n");
    cable.send(End::Device, Instant::START, vec![0; 60]);
    let file = read(&buffer.bytes());
    assert_eq!(file.secrets, b"CLIENT_RANDOM 00 11\n");
    assert_eq!(file.frames.len(), 1);
}

#[test]
fn a_full_disk_ends_the_capture_but_not_the_traffic() {
    struct FullDisk;
    impl Write for FullDisk {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut cable = Cable::new(1, Faults::none());
    assert!(cable.capture_error(End::Device).is_none());
    cable.capture(End::Device, Pcap::new(FullDisk));
    cable.send(End::Device, Instant::START, vec![0; 60]);
    assert!(cable.receive(End::Router, Instant::START).is_some());
    assert_eq!(cable.capture_error(End::Device).map(io::Error::kind), Some(io::ErrorKind::StorageFull));
}

#[test]
fn who_watches_an_end_sees_what_a_capture_there_has() {
    let faults =
        Faults { loss: 0.3, duplicate: 0.3, corrupt: 0.3, latency: Duration::from_millis(3), ..Faults::none() };
    let mut cable = Cable::new(5, faults);
    let buffer = PcapBuffer::default();
    cable.capture(End::Device, Pcap::new(buffer.clone()));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let eye = Arc::clone(&seen);
    cable.watch(End::Device, move |frame| {
        let Sighting { at, outbound, frame, remark } = frame;
        let captured =
            Captured { us: at.as_micros(), frame: frame.to_vec(), inbound: !outbound, remark: remark.to_owned() };
        eye.lock().expect("nobody panics").push(captured);
    });
    for number in 0..40_u8 {
        let now = Instant::from_micros(u64::from(number) * 10_000);
        let from = if number % 2 == 0 { End::Device } else { End::Router };
        cable.send(from, now, vec![number; 60]);
        for end in [End::Device, End::Router] {
            while cable.receive(end, now + Duration::from_millis(5)).is_some() {}
        }
    }
    let seen = std::mem::take(&mut *seen.lock().expect("nobody panics"));
    assert!(seen.iter().any(|frame| frame.remark == "lost") && seen.iter().any(|frame| frame.inbound));
    assert_eq!(seen, read(&buffer.bytes()).frames);
}
