//! As much of an ELF file of 32 bits, little-endian, as tells the sizes of sections and symbols, and where code is.

use core::ops::Range;

/// The file.
pub(crate) struct Elf<'b> {
    bytes: &'b [u8],
    headers: Vec<Header>,
    /// Which section has their names.
    names: usize,
}

struct Header {
    name: usize,
    kind: u32,
    address: u32,
    offset: usize,
    size: usize,
    link: usize,
}

/// A part of the file, or of memory.
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) size: u64,
}

/// A function or a value.
pub(crate) struct Symbol {
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) is_in_ram: bool,
}

/// A function.
#[derive(Debug, Clone)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// Its first byte, and the one behind its last.
    pub(crate) range: Range<u32>,
}

/// The code of a Cortex-M, by address.
pub(crate) struct Code<'b> {
    /// By where they begin.
    pub(crate) functions: Vec<Function>,
    /// Where instructions begin (`true`) and where constants do (ELF for the Arm Architecture, 5.5.5, mapping symbols), in
    /// order.
    pub(crate) marks: Vec<(u32, bool)>,
    start: u32,
    bytes: &'b [u8],
}

impl<'b> Code<'b> {
    /// Code whose first byte is at `start`.
    pub(crate) const fn new(functions: Vec<Function>, marks: Vec<(u32, bool)>, start: u32, bytes: &'b [u8]) -> Self {
        Self { functions, marks, start, bytes }
    }

    /// The half word at `address`.
    pub(crate) fn half(&self, address: u32) -> Option<u16> {
        half(self.bytes, address.checked_sub(self.start)? as usize).map(|half| half as u16)
    }
}

const SYMBOLS: u32 = 2;
/// A line of the table of symbols.
struct Entry {
    name: String,
    kind: u8,
    value: u32,
    size: u32,
}

const HEADER_LEN: usize = 40;
const SYMBOL_LEN: usize = 16;
/// Functions and values; the rest is about files and sections.
const KINDS: [u8; 2] = [1, 2];
const FUNCTION: u8 = 2;
/// Of a symbol that is neither.
const NO_KIND: u8 = 0;
/// Where the code is.
const TEXT: &str = ".text";
/// Where RAM is: of a Cortex-M (ARMv7-M B3.1), and of an ESP32-C3, whose one RAM has an address as data and one as code (its technical
/// reference manual, 3.3.2).
const RAM: [Range<u32>; 3] = [0x2000_0000..0x3c00_0000, 0x3fc8_0000..0x3fce_0000, 0x4037_c000..0x403e_0000];

impl<'b> Elf<'b> {
    /// `None` if it is not such a file.
    pub(crate) fn read(bytes: &'b [u8]) -> Option<Self> {
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
                address: field(3)?,
                offset: field(4)? as usize,
                size: field(5)? as usize,
                link: field(6)? as usize,
            })
        };
        let headers = (0..count).map(header).collect::<Option<_>>()?;
        Some(Self { bytes, headers, names })
    }

    /// What is loaded: its physical address, and its bytes.
    pub(crate) fn segments(&self) -> Vec<(u32, &'b [u8])> {
        const LOADED: u32 = 1;
        let (Some(first), Some(size), Some(count)) = (word(self.bytes, 28), half(self.bytes, 42), half(self.bytes, 44))
        else {
            return Vec::new();
        };
        let segment = |index: usize| {
            let at = first as usize + index * size;
            let field = |number: usize| word(self.bytes, at + number * 4);
            let (kind, offset, address, len) = (field(0)?, field(1)? as usize, field(3)?, field(4)? as usize);
            let bytes = self.bytes.get(offset..offset.checked_add(len)?)?;
            (kind == LOADED && !bytes.is_empty()).then_some((address, bytes))
        };
        (0..count).filter_map(segment).collect()
    }

    pub(crate) fn sections(&self) -> impl Iterator<Item = Section> {
        self.headers.iter().map(|header| Section { name: self.text(self.names, header.name), size: header.size as u64 })
    }

    /// Functions and values.
    pub(crate) fn symbols(&self) -> impl Iterator<Item = Symbol> {
        self.entries().filter(|entry| KINDS.contains(&entry.kind)).map(|Entry { name, value, size, .. }| Symbol {
            name,
            size: size.into(),
            is_in_ram: RAM.iter().any(|range| range.contains(&value)),
        })
    }

    /// The code.
    pub(crate) fn code(&self) -> Option<Code<'b>> {
        let text = self.headers.iter().find(|header| self.text(self.names, header.name) == TEXT)?;
        let bytes = self.bytes.get(text.offset..text.offset.checked_add(text.size)?)?;
        let (mut functions, mut marks) = (Vec::new(), Vec::new());
        for Entry { name, kind, value, size } in self.entries() {
            match kind {
                FUNCTION => {
                    // The lowest bit says that it is Thumb code.
                    let start = value & !1;
                    functions.push(Function { name, range: start..start.saturating_add(size) });
                }
                NO_KIND if name.starts_with("$t") => marks.push((value, true)),
                NO_KIND if name.starts_with("$d") => marks.push((value, false)),
                _ => {}
            }
        }
        functions.sort_by_key(|function| function.range.start);
        marks.sort_unstable();
        Some(Code::new(functions, marks, text.address, bytes))
    }

    fn entries(&self) -> impl Iterator<Item = Entry> {
        self.headers.iter().filter(|header| header.kind == SYMBOLS).flat_map(|header| {
            let places = (header.offset..header.offset + header.size).step_by(SYMBOL_LEN);
            places.filter_map(|at| {
                Some(Entry {
                    name: self.text(header.link, word(self.bytes, at)? as usize),
                    kind: self.bytes.get(at + 12)? & 0xf,
                    value: word(self.bytes, at + 4)?,
                    size: word(self.bytes, at + 8)?,
                })
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
