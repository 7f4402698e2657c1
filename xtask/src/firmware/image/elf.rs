//! As much of an ELF file of 32 bits, little-endian, as tells the sizes of sections and symbols.

/// The file.
pub(super) struct Elf<'b> {
    bytes: &'b [u8],
    headers: Vec<Header>,
    /// Which section has their names.
    names: usize,
}

struct Header {
    name: usize,
    kind: u32,
    offset: usize,
    size: usize,
    link: usize,
}

/// A part of the file, or of memory.
pub(super) struct Section {
    pub(super) name: String,
    pub(super) size: u64,
}

/// A function or a value.
pub(super) struct Symbol {
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) is_in_ram: bool,
}

const SYMBOLS: u32 = 2;
const HEADER_LEN: usize = 40;
const SYMBOL_LEN: usize = 16;
/// Functions and values; the rest is about files and sections.
const KINDS: [u8; 2] = [1, 2];
/// Where the RAM of a Cortex-M begins (ARMv7-M B3.1).
const RAM: u32 = 0x2000_0000;

impl<'b> Elf<'b> {
    /// `None` if it is not such a file.
    pub(super) fn read(bytes: &'b [u8]) -> Option<Self> {
        if bytes.get(..6)? != b"\x7fELF\x01\x01" {
            return None;
        }
        let first = word(bytes, 32)? as usize;
        let (size, count, names) = (half(bytes, 46)?, half(bytes, 48)?, half(bytes, 50)?);
        if size != HEADER_LEN {
            return None;
        }
        let header = |index: usize| {
            let at = first + index * HEADER_LEN;
            let field = |number: usize| word(bytes, at + number * 4);
            Some(Header {
                name: field(0)? as usize,
                kind: field(1)?,
                offset: field(4)? as usize,
                size: field(5)? as usize,
                link: field(6)? as usize,
            })
        };
        let headers = (0..count).map(header).collect::<Option<_>>()?;
        Some(Self { bytes, headers, names })
    }

    pub(super) fn sections(&self) -> impl Iterator<Item = Section> {
        self.headers.iter().map(|header| Section { name: self.text(self.names, header.name), size: header.size as u64 })
    }

    pub(super) fn symbols(&self) -> impl Iterator<Item = Symbol> {
        self.headers.iter().filter(|header| header.kind == SYMBOLS).flat_map(|header| {
            let places = (header.offset..header.offset + header.size).step_by(SYMBOL_LEN);
            places.filter_map(|at| {
                let kind = self.bytes.get(at + 12)? & 0xf;
                let name = self.text(header.link, word(self.bytes, at)? as usize);
                let size = word(self.bytes, at + 8)?.into();
                let is_in_ram = word(self.bytes, at + 4)? >= RAM;
                KINDS.contains(&kind).then_some(Symbol { name, size, is_in_ram })
            })
        })
    }

    /// The text at `offset` of the section `index`.
    fn text(&self, index: usize, offset: usize) -> String {
        let start = self.headers.get(index).map_or(0, |header| header.offset) + offset;
        let bytes = self.bytes.get(start..).unwrap_or_default();
        let len = bytes.iter().position(|byte| *byte == 0).unwrap_or(0);
        String::from_utf8_lossy(bytes.get(..len).unwrap_or_default()).into_owned()
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn half(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?).into())
}
