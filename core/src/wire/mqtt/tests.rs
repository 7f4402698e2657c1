//! Packets as they are on the wire, and as another implementation reads and writes them.

mod framing;
mod incoming;
mod outgoing;
mod peer;
