//! What an image takes of the memory of its board.

pub(crate) mod elf;

use crate::process::Problem;
use elf::Elf;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Crates that are named in the table; the rest is added up.
const ROWS: usize = 16;

/// What an image takes, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// Code, constants, and what static variables begin with.
    pub(crate) flash: u64,
    /// Static variables; not the stack.
    pub(crate) ram: u64,
}

/// What `image` takes.
pub(crate) fn sizes(image: &Path) -> Result<Sizes, Problem> {
    let bytes = read(image)?;
    Ok(sum(&parse(image, &bytes)?))
}

pub(crate) fn read(image: &Path) -> Result<Vec<u8>, Problem> {
    fs::read(image).map_err(|cause| Problem::Io { attempt: format!("read {}", image.display()), cause })
}

pub(crate) fn parse<'b>(image: &Path, bytes: &'b [u8]) -> Result<Elf<'b>, Problem> {
    Elf::read(bytes).ok_or_else(|| Problem::Findings(vec![format!("{}: not an ELF image of 32 bits", image.display())]))
}

/// What is written to the board, in the order of its addresses.
pub(crate) fn flashed(elf: &Elf<'_>) -> Vec<u8> {
    let mut segments = elf.segments();
    segments.sort_by_key(|(address, _)| *address);
    segments
        .iter()
        .flat_map(|(address, bytes)| address.to_be_bytes().into_iter().chain(bytes.iter().copied()))
        .collect()
}

/// What images of the ESP32-C3 have besides: code that runs in RAM lies in flash before, and what its radio needs is apart.
const ESP_FLASH: [&str; 6] = [".trap", ".rwtext", ".rwtext.wifi", ".data.wifi", ".flash.appdesc", ".rodata.wifi"];
const ESP_RAM: [&str; 6] = [".trap", ".rwtext", ".rwtext.wifi", ".data.wifi", ".noinit", ".dram2_uninit"];

fn sum(elf: &Elf<'_>) -> Sizes {
    let size = |names: &[&str]| -> u64 {
        let sections = elf.sections().filter(|section| names.contains(&section.name.as_str()));
        sections.map(|section| section.size).sum()
    };
    let (flash, ram) =
        ([".boot2", ".vector_table", ".start_block", ".text", ".rodata", ".data"], [".data", ".bss", ".uninit"]);
    Sizes { flash: size(&flash) + size(&ESP_FLASH), ram: size(&ram) + size(&ESP_RAM) }
}

/// Prints the sections of `image`, and which crates they are of.
pub(super) fn describe(image: &Path) -> Result<(), Problem> {
    let bytes = read(image)?;
    let elf = parse(image, &bytes)?;
    let Sizes { flash, ram } = sum(&elf);
    println!("\n{}: {flash} B of flash, {ram} B of RAM without the stack", image.display());
    let (mut in_flash, mut in_ram) = (BTreeMap::new(), BTreeMap::new());
    for symbol in elf.symbols() {
        let table = if symbol.is_in_ram { &mut in_ram } else { &mut in_flash };
        *table.entry(owner(&symbol.name).to_owned()).or_insert(0) += symbol.size;
    }
    print("flash by crate", in_flash);
    print("RAM by crate", in_ram);
    Ok(())
}

fn print(title: &str, table: BTreeMap<String, u64>) {
    let mut rows: Vec<(String, u64)> = table.into_iter().filter(|(_, size)| *size > 0).collect();
    rows.sort_by_key(|(_, size)| core::cmp::Reverse(*size));
    let rest: u64 = rows.iter().skip(ROWS).map(|(_, size)| size).sum();
    println!("  {title}:");
    for (name, size) in rows.iter().take(ROWS) {
        println!("    {size:8}  {name}");
    }
    if rest > 0 {
        println!("    {rest:8}  others");
    }
}

/// The crate that a symbol is of: the first one in its mangled name (RFC 2603: `C`, disambiguator, length, name).
pub(crate) fn owner(symbol: &str) -> &str {
    let Some(mut rest) = symbol.strip_prefix("_R") else { return "(none: assembly, C names)" };
    while let Some((_, after)) = rest.split_once('C') {
        rest = after;
        let length = match after.strip_prefix('s') {
            Some(disambiguated) => disambiguated.split_once('_').map_or("", |(_, length)| length),
            None => after,
        };
        let digits = length.len() - length.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, name) = length.split_at(digits);
        let name = name.strip_prefix('_').unwrap_or(name);
        if let Some(name) = number.parse().ok().and_then(|len: usize| name.get(..len))
            && !name.is_empty()
        {
            return name;
        }
    }
    "(none: assembly, C names)"
}

#[cfg(test)]
mod tests {
    use super::owner;

    #[test]
    fn the_crate_of_a_symbol_is_read_from_its_name() {
        assert_eq!(owner("_RNvMs_NtNtCs1bC4zX2qLk7_9aclk_core6engine5agentNtB4_5Agent4poll"), "aclk_core");
        assert_eq!(owner("_RNvNtCsd3z6gKzGqW4_4core3fmt5write"), "core");
        assert_eq!(owner("_RNvC4main3run"), "main");
        assert!(owner("memcpy").contains("none"));
    }
}
