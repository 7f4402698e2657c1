//! Every jump to what panics, and every trap.

use super::thumb::{Does, decode};
use crate::firmware::image::elf::{Code, Function};
use crate::firmware::image::owner;
use std::collections::{BTreeMap, BTreeSet};

/// Something that the program would not come back from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Site {
    /// Where it is.
    pub(super) at: u32,
    /// Where it jumps to; `None` for a trap.
    pub(super) to: Option<u32>,
}

/// What functions of the core library that panic have in their mangled names (RFC 2603).
const PANICS: [&str; 10] = [
    "4core9panicking",
    "6option13unwrap_failed",
    "6option13expect_failed",
    "6result13unwrap_failed",
    "slice_index_fail",
    "copy_from_slice_impl",
    "slice_error_fail",
    "4cell22panic_already",
    "4cell30panic_already",
    "18handle_alloc_error",
];
/// What the compiler calls pieces that several functions share.
const SHARED: &str = "OUTLINED_FUNCTION_";

/// Looks at every instruction. A function that is only a piece of others, or one of the core library that was made for ours, is
/// in the place of whoever jumps to it.
pub(super) fn find(code: &Code<'_>) -> Vec<Site> {
    let jumps = jumps(code);
    let mut sites: Vec<Site> = Vec::new();
    let mut open: Vec<(&Function, Site)> = Vec::new();
    for (function, site) in &jumps {
        let ends = site.to.is_none_or(|to| code_at(code, to).is_some_and(panics));
        if ends && !panics(function) {
            open.push((function, *site));
        }
    }
    // Each function is looked at once, so this ends.
    let mut seen = BTreeSet::new();
    let callers = callers(&jumps);
    while let Some((function, site)) = open.pop() {
        if !is_shared(function) {
            sites.push(site);
            continue;
        }
        for (caller, at) in callers.get(&function.range.start).into_iter().flatten() {
            if seen.insert((*at, site.to)) && !panics(caller) {
                open.push((caller, Site { at: *at, to: site.to }));
            }
        }
    }
    sites.sort_by_key(|site| site.at);
    sites
}

/// All traps, and all jumps from one function to another.
fn jumps<'c>(code: &'c Code<'_>) -> Vec<(&'c Function, Site)> {
    let mut found = Vec::new();
    for function in &code.functions {
        let mut at = function.range.start;
        while at < function.range.end {
            if !is_code(code, at) {
                at += 2;
                continue;
            }
            let Some(first) = code.half(at) else { break };
            let (does, len) = decode(at, first, code.half(at + 2).unwrap_or(0));
            match does {
                Does::Trap => found.push((function, Site { at, to: None })),
                Does::Jump(to) if !function.range.contains(&to) => found.push((function, Site { at, to: Some(to) })),
                Does::Jump(_) | Does::Else => {}
            }
            at += len;
        }
    }
    found
}

/// Who jumps to a function, and from where.
fn callers<'c>(jumps: &[(&'c Function, Site)]) -> BTreeMap<u32, Vec<(&'c Function, u32)>> {
    let mut callers: BTreeMap<u32, Vec<(&Function, u32)>> = BTreeMap::new();
    for (function, site) in jumps {
        if let Some(to) = site.to {
            callers.entry(to).or_default().push((function, site.at));
        }
    }
    callers
}

fn is_code(code: &Code<'_>, address: u32) -> bool {
    let behind = code.marks.partition_point(|(at, _)| *at <= address);
    behind.checked_sub(1).and_then(|index| code.marks.get(index)).is_none_or(|(_, is_code)| *is_code)
}

fn code_at<'c>(code: &'c Code<'_>, address: u32) -> Option<&'c Function> {
    let index = code.functions.binary_search_by_key(&address, |function| function.range.start).ok()?;
    code.functions.get(index)
}

fn panics(function: &Function) -> bool {
    PANICS.iter().any(|part| function.name.contains(part))
}

fn is_shared(function: &Function) -> bool {
    let is_core = matches!(owner(&function.name), "core" | "alloc");
    function.name.starts_with(SHARED) || is_core && function.name.contains("aclk_")
}

#[cfg(test)]
mod tests {
    use super::{Site, find};
    use crate::firmware::image::elf::{Code, Function};

    fn function(name: &str, start: u32, len: u32) -> Function {
        Function { name: name.to_owned(), range: start..start + len }
    }

    /// `main` traps and calls a shared piece, which goes on in a panic; behind it is a constant that looks like a trap.
    #[test]
    fn pieces_count_where_they_are_called_and_constants_do_not_count() {
        let halves: [u16; 12] = [0xdefe, 0xf000, 0xf801, 0xdefe, 0xe000, 0x0000, 0x4770, 0x4770, 0, 0, 0, 0];
        let bytes: Vec<u8> = halves.iter().flat_map(|half| half.to_le_bytes()).collect();
        let code = Code::new(
            vec![
                function("main", 0x100, 8),
                function("OUTLINED_FUNCTION_1", 0x108, 4),
                function("_RNvNtCs1_4core9panicking5panic", 0x10c, 4),
            ],
            vec![(0x100, true), (0x106, false), (0x108, true)],
            0x100,
            &bytes,
        );
        assert_eq!(find(&code), [Site { at: 0x100, to: None }, Site { at: 0x102, to: Some(0x10c) }]);
    }
}
