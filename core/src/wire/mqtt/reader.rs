//! Fields out of a packet, front to back.

use super::MqttError;

/// The rest of a packet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    packet: &'static str,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(rest: &'a [u8], packet: &'static str) -> Self {
        Self { rest, packet }
    }

    pub(super) const fn packet(&self) -> &'static str {
        self.packet
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Everything that is left.
    pub(super) const fn rest(self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn byte(&mut self) -> Result<u8, MqttError> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn two(&mut self) -> Result<u16, MqttError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn four(&mut self) -> Result<u32, MqttError> {
        self.array().map(u32::from_be_bytes)
    }

    /// A packet identifier, which is never zero (2.2.1).
    pub(super) fn id(&mut self) -> Result<u16, MqttError> {
        match self.two()? {
            0 => Err(MqttError::PacketId { packet: self.packet }),
            id => Ok(id),
        }
    }

    /// A variable byte integer in its shortest form (1.5.5).
    pub(super) fn varint(&mut self) -> Result<u32, MqttError> {
        let mut value = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return if byte == 0 && shift > 0 { Err(MqttError::Length) } else { Ok(value) };
            }
        }
        Err(MqttError::Length)
    }

    pub(super) fn binary(&mut self) -> Result<&'a [u8], MqttError> {
        let len = usize::from(self.two()?);
        self.bytes(len)
    }

    /// A string: UTF-8 without U+0000 (1.5.4).
    pub(super) fn text(&mut self) -> Result<&'a str, MqttError> {
        let text = core::str::from_utf8(self.binary()?).ok().filter(|text| !text.contains('\0'));
        text.ok_or(MqttError::Text { packet: self.packet })
    }

    /// A block with its length in front, as a reader of its own.
    pub(super) fn block(&mut self) -> Result<Self, MqttError> {
        let len = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
        Ok(Self { rest: self.bytes(len)?, packet: self.packet })
    }

    /// Nothing may be left.
    pub(super) const fn end(self) -> Result<(), MqttError> {
        if self.rest.is_empty() { Ok(()) } else { Err(MqttError::Trailing { packet: self.packet }) }
    }

    fn bytes(&mut self, len: usize) -> Result<&'a [u8], MqttError> {
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(MqttError::Truncated { packet: self.packet })?;
        self.rest = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], MqttError> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(MqttError::Truncated { packet: self.packet })?;
        self.rest = rest;
        Ok(*bytes)
    }
}
