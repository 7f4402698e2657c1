//! How much memory the inspector may use.

/// Limits of an [`Inspector`](crate::Inspector). Beyond them it forgets what is oldest, or does not look inside; it says
/// so where that shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Frames that are kept.
    pub frames: usize,
    /// Bytes of all frames that are kept, and of what was decrypted and put together from them. The newest frame is kept
    /// in any case, which may be a few times [`message`](Self::message) more.
    pub kept: usize,
    /// Bytes of one frame; of a longer one only the front is kept and understood.
    pub frame: usize,
    /// Connections that are known.
    pub connections: usize,
    /// Bytes of one message (an HTTP request with its body, a TLS record, an MQTT packet) that are put together.
    pub message: usize,
    /// Bytes of segments that arrived before what belongs in front of them, for each direction of a connection.
    pub early: usize,
    /// Bytes of records that wait for their secret, for each connection.
    pub waiting: usize,
    /// Bytes of all connections together that wait for the rest of a message, for a segment, or for a secret. Beyond it
    /// the connections that were quiet for longest are no longer read.
    pub unfinished: usize,
    /// Bytes of the key log.
    pub key_log: usize,
}

impl Default for Limits {
    /// Enough for an hour of a device that is online, in 40 MiB at most.
    fn default() -> Self {
        Self {
            frames: 8192,
            kept: 24 << 20,
            frame: 9216,
            connections: 512,
            message: 1 << 20,
            early: 128 << 10,
            waiting: 256 << 10,
            unfinished: 8 << 20,
            key_log: 1 << 20,
        }
    }
}
