//! Real traffic of the device, as its own network card sees it.

use aclk_inspect::view::{Direction, Dissection, Field, Filter, Layer, Summary};
use aclk_inspect::{Inspector, Limits};
use aclk_lan::{End, Pcap, PcapBuffer};
use aclk_netsim::{Setup, Simulation, What};
use aclk_proxy::Kind;
use std::time::Duration;

pub(crate) const GUID: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
/// What the clock of the capture shows when the device is switched on.
const EPOCH: u64 = 1_767_225_600_000_000;
const MINUTE: Duration = Duration::from_secs(60);

/// A frame of a capture.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) time_us: u64,
    pub(crate) direction: Direction,
    pub(crate) bytes: Vec<u8>,
    pub(crate) remark: String,
}

/// All that passed from power-on to the farewell, and the secrets.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) frames: Vec<Frame>,
    pub(crate) key_log: String,
    /// The claiming token.
    pub(crate) token: String,
}

/// A device behind a proxy that asks for a password.
pub(crate) fn behind(kind: Kind) -> Setup {
    let credentials = Some(("alice".to_owned(), "hunter2-hunter2".to_owned()));
    let proxy = Some(aclk_proxy::Config { credentials, ..aclk_proxy::Config::new(kind) });
    Setup { proxy, ..Setup::default() }
}

/// The whole life of a device: it is claimed, goes online, answers a query, and is sent away by the Cloud.
pub(crate) fn life(setup: Setup) -> Recorded {
    let buffer = PcapBuffer::default();
    let mut simulation = Simulation::new(setup);
    simulation.lan.cable.capture(End::Device, Pcap::starting_at(buffer.clone(), EPOCH));
    let token = simulation.cloud().token().to_owned();
    let is_live = |simulation: &mut Simulation| simulation.happened().iter().any(|event| event.what == What::Live);
    assert!(simulation.run_until(60 * MINUTE, is_live), "{:?}", simulation.happened());
    simulation.run_for(MINUTE);
    let request = b"GET /api/v1/info HTTP/1.1\r\nAccept: */*\r\n\r\n";
    let now = simulation.now();
    let query = simulation.cloud().send_request(now, GUID, request, 10 * MINUTE).expect("it has a link");
    let answered = simulation.run_until(10 * MINUTE, |simulation| simulation.cloud().take_reply(&query).is_some());
    assert!(answered, "{:?}", simulation.happened());
    let farewell = aclk_cloud::message::DisconnectReq {
        reconnect_after_seconds: 3600,
        ..aclk_cloud::message::DisconnectReq::default()
    };
    let now = simulation.now();
    simulation.cloud().disconnect(now, GUID, &farewell).expect("it has a link");
    simulation.run_for(MINUTE);
    Recorded { frames: frames(&buffer.bytes()), key_log: simulation.key_log(), token }
}

/// The frames of a pcapng file (draft-ietf-opsawg-pcapng).
pub(crate) fn frames(mut file: &[u8]) -> Vec<Frame> {
    let number = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let mut frames = Vec::new();
    while !file.is_empty() {
        let len = number(file, 4) as usize;
        let body = &file[8..len - 4];
        if number(file, 0) == 6 {
            let captured = number(body, 12) as usize;
            let mut options = &body[20 + captured.next_multiple_of(4)..];
            let (mut direction, mut remark) = (Direction::Out, String::new());
            while options[..2] != [0, 0] {
                let len = usize::from(u16::from_le_bytes([options[2], options[3]]));
                match options[0] {
                    1 => remark = String::from_utf8(options[4..4 + len].to_vec()).expect("text"),
                    2 if options[4] == 1 => direction = Direction::In,
                    _ => {}
                }
                options = &options[4 + len.next_multiple_of(4)..];
            }
            frames.push(Frame {
                time_us: u64::from(number(body, 4)) << 32 | u64::from(number(body, 8)),
                direction,
                bytes: body[20..20 + captured].to_vec(),
                remark,
            });
        }
        file = &file[len..];
    }
    frames
}

impl Recorded {
    /// An inspector that has seen all of it, the key log first.
    pub(crate) fn inspector(&self) -> Inspector {
        let mut inspector = Inspector::new(Limits::default());
        inspector.key_log(&self.key_log);
        self.show(&mut inspector);
        inspector
    }

    pub(crate) fn show(&self, inspector: &mut Inspector) {
        for frame in &self.frames {
            inspector.frame(frame.time_us, frame.direction, &frame.bytes, &frame.remark);
        }
    }
}

/// All rows.
pub(crate) fn rows(inspector: &Inspector) -> Vec<Summary> {
    inspector.frames(0, &Filter { limit: Some(usize::MAX), ..Filter::default() })
}

/// Everything about all frames.
pub(crate) fn dissections(inspector: &Inspector) -> Vec<Dissection> {
    rows(inspector).iter().map(|row| inspector.dissect(row.id).expect("it is there")).collect()
}

/// The first layer with this title, and the frame it is in.
pub(crate) fn find<'d>(dissections: &'d [Dissection], title: &str) -> (&'d Dissection, &'d Layer) {
    let layers = dissections.iter().flat_map(|frame| frame.layers.iter().map(move |layer| (frame, layer)));
    let mut layers = layers.filter(|(_, layer)| layer.title.contains(title));
    layers.next().unwrap_or_else(|| panic!("no layer is called {title}"))
}

/// The first field of this name, however deep.
pub(crate) fn field<'f>(fields: &'f [Field], name: &str) -> &'f Field {
    search(fields, name).unwrap_or_else(|| panic!("no field is called {name} in {fields:#?}"))
}

fn search<'f>(fields: &'f [Field], name: &str) -> Option<&'f Field> {
    fields.iter().find_map(|field| if field.name == name { Some(field) } else { search(&field.fields, name) })
}

/// The bytes of a field.
pub(crate) fn bytes_of(frame: &Dissection, layer: &Layer, field: &Field) -> Vec<u8> {
    let hex = &frame.sources[layer.source].hex[2 * field.start..2 * field.end];
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hex")).collect()
}
