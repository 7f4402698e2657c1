//! The inspector of the playground: nothing panics, every range lies where it says, and no limit is exceeded.

#[path = "../../../../runner-wasm/inspect/tests/wire/mod.rs"]
mod wire;

use crate::input::Steps;
use aclk_inspect::view::{Direction, Field, Filter};
use aclk_inspect::{Inspector, Limits};
use wire::{UPGRADE, UPGRADED, Wire, datagram, websocket};

const LIMITS: Limits = Limits {
    frames: 40,
    kept: 40_000,
    frame: 1_514,
    connections: 3,
    message: 600,
    early: 300,
    waiting: 300,
    unfinished: 500,
    key_log: 1_000,
};
const PORTS: [u16; 6] = [53, 67, 68, 123, 443, 9];

pub(crate) fn run(input: &[u8]) {
    let mut steps = Steps::of(input);
    let mut wire = Wire::open(LIMITS);
    while let Some(step) = steps.next(8) {
        let direction = if steps.byte() & 1 == 0 { Direction::In } else { Direction::Out };
        match step {
            0 => {
                wire.inspector.frame(1, direction, steps.bytes(), "");
            }
            // In its order.
            1 => {
                wire.say(direction, steps.bytes());
            }
            // Somewhere else, under any flags.
            2 => {
                let (flags, at) = (steps.byte(), steps.number());
                wire.segment(direction, flags, at.into(), steps.bytes());
            }
            3 => {
                wire.say(Direction::Out, UPGRADE);
                wire.say(Direction::In, UPGRADED);
            }
            4 => wire.inspector.key_log(&steps.text()),
            5 => {
                let port = PORTS[usize::from(steps.byte()) % PORTS.len()];
                let bytes = steps.bytes();
                let frame =
                    datagram(direction, port, if port == 67 { 68 } else { 4_000 }, &bytes[..bytes.len().min(1_400)]);
                wire.inspector.frame(1, direction, &frame, "");
            }
            // What is inside of WebSocket, where no header is in the way.
            6 => {
                let bytes = steps.bytes();
                wire.say(direction, &websocket(2, None, &bytes[..bytes.len().min(1_400)]));
            }
            _ => wire.port = 49_152 + u16::from(steps.byte() % 5),
        }
        let (kept, unfinished) = wire.inspector.in_use();
        assert!(kept <= LIMITS.kept && unfinished <= LIMITS.unfinished, "{kept}, {unfinished}");
    }
    check(&mut wire.inspector);
}

fn lies_within(fields: &[Field], end: usize) {
    for field in fields {
        assert!(field.start <= field.end && field.end <= end, "{field:#?}");
        lies_within(&field.fields, end);
    }
}

/// Looks at everything there is.
fn check(inspector: &mut Inspector) {
    assert!(inspector.connections().len() <= LIMITS.connections);
    assert!(inspector.key_log_text().len() <= LIMITS.key_log);
    inspector.changed();
    let rows = inspector.frames(0, &Filter::default());
    assert!(rows.len() <= LIMITS.frames);
    for row in &rows {
        let dissection = inspector.dissect(row.id).expect("it is there");
        assert_eq!((dissection.frame.id, &dissection.frame.text), (row.id, &row.text));
        for layer in &dissection.layers {
            let end = dissection.sources[layer.source].hex.len() / 2;
            assert!(layer.start <= layer.end && layer.end <= end, "{layer:#?}");
            lies_within(&layer.fields, end);
        }
        serde_json::to_string(&dissection).expect("JSON");
    }
    assert!(inspector.pcap().len() >= 24 && !inspector.pcapng().is_empty());
}
