//! Captures for Wireshark and tcpdump.

use aclk_core::clock::Instant;
use core::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Which way a captured frame went, seen from the interface it was captured on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Received.
    Inbound,
    /// Sent.
    Outbound,
}

/// A writer of captures in the pcapng format (draft-ietf-opsawg-pcapng), which can say more than the older pcap: the
/// direction of a frame, a remark about it, and the TLS secrets that decrypt it.
///
/// Times are those of the caller, counted from a given Unix time, so a run in virtual time gives the same bytes again.
/// Anything that implements [`Write`] will do: a file, or a [`PcapBuffer`].
pub struct Pcap {
    out: Box<dyn Write + Send>,
    unix_us: u64,
}

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
const DECRYPTION_SECRETS: u32 = 10;

const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
const LINK_TYPE_ETHERNET: u16 = 1;
const TLS_KEY_LOG: u32 = 0x544c_534b;

const COMMENT: u16 = 1;
const USER_APPLICATION: u16 = 4;
const INTERFACE_NAME: u16 = 2;
const PACKET_FLAGS: u16 = 2;

impl Pcap {
    /// A capture whose clock reads 1970-01-01T00:00:00Z at the start.
    #[must_use]
    pub fn new(out: impl Write + Send + 'static) -> Self {
        Self::starting_at(out, 0)
    }

    /// A capture whose clock reads `unix_us`, in microseconds since 1970, at [`Instant::START`].
    #[must_use]
    pub fn starting_at(out: impl Write + Send + 'static, unix_us: u64) -> Self {
        Self { out: Box::new(out), unix_us }
    }

    /// Begins the capture on the interface called `name`. Called once, before anything else.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn interface(&mut self, name: &str) -> io::Result<()> {
        let mut section = Block::new(SECTION_HEADER);
        section.u32(BYTE_ORDER_MAGIC).u16(1).u16(0).u64(u64::MAX);
        section.option(USER_APPLICATION, b"aclk-lan").end_of_options();
        section.write(&mut self.out)?;

        let mut interface = Block::new(INTERFACE_DESCRIPTION);
        interface.u16(LINK_TYPE_ETHERNET).u16(0).u32(0);
        interface.option(INTERFACE_NAME, name.as_bytes()).end_of_options();
        interface.write(&mut self.out)
    }

    /// Adds a frame that passed at `now`, with a remark, if that is not empty.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn frame(&mut self, now: Instant, direction: Direction, frame: &[u8], remark: &str) -> io::Result<()> {
        let time = self.unix_us.saturating_add(now.as_micros());
        let length = u32::try_from(frame.len()).map_err(io::Error::other)?;
        let flags: u32 = match direction {
            Direction::Inbound => 1,
            Direction::Outbound => 2,
        };
        let mut packet = Block::new(ENHANCED_PACKET);
        packet.u32(0).u32((time >> 32) as u32).u32(time as u32).u32(length).u32(length).padded(frame);
        packet.option(PACKET_FLAGS, &flags.to_le_bytes());
        if !remark.is_empty() {
            packet.option(COMMENT, remark.as_bytes());
        }
        packet.end_of_options();
        packet.write(&mut self.out)
    }

    /// Adds TLS secrets, in the format of `SSLKEYLOGFILE`, for the frames that follow.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn secrets(&mut self, key_log: &[u8]) -> io::Result<()> {
        let length = u32::try_from(key_log.len()).map_err(io::Error::other)?;
        let mut secrets = Block::new(DECRYPTION_SECRETS);
        secrets.u32(TLS_KEY_LOG).u32(length).padded(key_log);
        secrets.write(&mut self.out)
    }
}

impl fmt::Debug for Pcap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pcap").field("unix_us", &self.unix_us).finish_non_exhaustive()
    }
}

/// A capture kept in memory, to look at while it grows. Clones share one memory.
#[derive(Debug, Clone, Default)]
pub struct PcapBuffer(Arc<Mutex<Vec<u8>>>);

impl PcapBuffer {
    /// Everything captured so far: the bytes of a pcapng file.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Write for PcapBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A pcapng block under construction; its length is known only at the end.
struct Block {
    kind: u32,
    body: Vec<u8>,
}

impl Block {
    const fn new(kind: u32) -> Self {
        Self { kind, body: Vec::new() }
    }

    fn u16(&mut self, value: u16) -> &mut Self {
        self.body.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.body.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn u64(&mut self, value: u64) -> &mut Self {
        self.body.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn padded(&mut self, bytes: &[u8]) -> &mut Self {
        self.body.extend_from_slice(bytes);
        self.body.resize(self.body.len().next_multiple_of(4), 0);
        self
    }

    /// `value` comes from this crate and is short.
    fn option(&mut self, code: u16, value: &[u8]) -> &mut Self {
        self.u16(code).u16(value.len() as u16).padded(value)
    }

    fn end_of_options(&mut self) -> &mut Self {
        self.u16(0).u16(0)
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let length = u32::try_from(self.body.len() + 12).map_err(io::Error::other)?;
        out.write_all(&self.kind.to_le_bytes())?;
        out.write_all(&length.to_le_bytes())?;
        out.write_all(&self.body)?;
        out.write_all(&length.to_le_bytes())
    }
}
