//! Packets as they are on the wire. As another implementation reads and writes them: `tests/differential/mqtt.rs`.

mod framing;
mod incoming;
mod outgoing;
