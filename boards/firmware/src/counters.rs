//! What goes through the network stack, counted.

use core::cell::Cell;

/// Counters that [`Guarded`](crate::Guarded) and the application fill, and [`BoardDevice`](crate::BoardDevice) shows. They
/// begin anew when they are full: whoever looks at them every second loses nothing below 34 Gbit/s.
#[derive(Debug, Default)]
pub struct Counters {
    pub(crate) frames_received: Count,
    pub(crate) bytes_received: Count,
    pub(crate) frames_sent: Count,
    pub(crate) bytes_sent: Count,
    /// Frames that the stack could not stand.
    pub(crate) frames_refused: Count,
    /// TCP connections that came to be, ...
    pub(crate) tcp_opened: Count,
    /// ... that did not, ...
    pub(crate) tcp_failed: Count,
    /// ... and that ended by a RST, whoever sent it.
    pub(crate) tcp_reset: Count,
}

impl Counters {
    /// Nothing was counted yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            frames_received: Count::new(),
            bytes_received: Count::new(),
            frames_sent: Count::new(),
            bytes_sent: Count::new(),
            frames_refused: Count::new(),
            tcp_opened: Count::new(),
            tcp_failed: Count::new(),
            tcp_reset: Count::new(),
        }
    }

    /// All of them as they are now, in this order: bytes, then frames, received and sent; frames refused; TCP connections
    /// opened, failed and reset.
    pub(crate) fn all(&self) -> [u32; 8] {
        [
            &self.bytes_received,
            &self.bytes_sent,
            &self.frames_received,
            &self.frames_sent,
            &self.frames_refused,
            &self.tcp_opened,
            &self.tcp_failed,
            &self.tcp_reset,
        ]
        .map(|count| count.0.get())
    }
}

/// A counter that begins anew when it is full.
#[derive(Debug, Default)]
pub(crate) struct Count(Cell<u32>);

impl Count {
    const fn new() -> Self {
        Self(Cell::new(0))
    }

    pub(crate) fn add(&self, more: usize) {
        // Modulo 2^32 on purpose.
        self.0.set(self.0.get().wrapping_add(more as u32));
    }
}
