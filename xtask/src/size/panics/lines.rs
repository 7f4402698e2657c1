//! Which lines of which functions an address of an image is of.

use crate::process::{Problem, Process, root};
use crate::setup::ADDR2LINE;
use std::collections::BTreeMap;
use std::path::Path;

/// A function that is executed at an address, and where: the one that is inlined into all others comes first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    function: String,
    /// As the compiler was given it; from the root of the repository if it is in there.
    file: String,
    /// Its number, or `?`.
    line: String,
}

/// The folders of ours.
const OURS: [&str; 2] = ["core/src/", "boards/firmware/src/"];
/// In the path of the core library's source.
const CORE: &str = "/library/";

impl Frame {
    pub(super) fn new(function: &str, place: &str) -> Self {
        let (file, line) = place.rsplit_once(':').unwrap_or((place, "?"));
        let root = format!("{}/", root().display());
        Self {
            function: function.to_owned(),
            file: file.strip_prefix(&root).unwrap_or(file).to_owned(),
            line: line.split(' ').next().unwrap_or("?").to_owned(),
        }
    }

    pub(super) fn line(&self) -> &str {
        &self.line
    }

    /// Whether it is in the core library.
    pub(super) fn is_core(&self) -> bool {
        self.file.contains(CORE)
    }

    /// The file, if it is ours.
    pub(super) fn ours(&self) -> Option<&str> {
        OURS.iter().any(|folder| self.file.starts_with(folder)).then_some(self.file.as_str())
    }

    /// The name of the function, without its path, what it is generic over, and closures in it.
    pub(super) fn name(&self) -> &str {
        let mut depth = 0_u32;
        let (mut start, mut end, mut name) = (0, None, "");
        let text = self.function.as_str();
        let mut keep = |start: usize, end: usize| {
            let segment = text.get(start..end).unwrap_or_default();
            if !segment.is_empty() && !segment.starts_with(['{', '<']) {
                name = segment;
            }
        };
        for (index, byte) in text.bytes().enumerate() {
            match byte {
                b'<' => {
                    if depth == 0 {
                        end = end.or(Some(index));
                    }
                    depth += 1;
                }
                // Not that of an arrow.
                b'>' if !text.get(..index).is_some_and(|before| before.ends_with('-')) => {
                    depth = depth.saturating_sub(1)
                }
                b':' if depth == 0 => {
                    keep(start, end.take().unwrap_or(index));
                    start = index + 1;
                }
                _ => {}
            }
        }
        keep(start, end.unwrap_or(text.len()));
        if name.is_empty() { "(inlined)" } else { name }
    }
}

/// The frames at each of `addresses`.
pub(super) fn look_up(
    image: &Path,
    addresses: impl Iterator<Item = u32>,
) -> Result<BTreeMap<u32, Vec<Frame>>, Problem> {
    let addresses: Vec<String> = addresses.map(|address| format!("{address:#x}")).collect();
    let mut frames = BTreeMap::new();
    // A command line has an end.
    for some in addresses.chunks(500) {
        let output = Process::new(ADDR2LINE, "-a -i -f -C -e").argument(image).arguments(some).read()?;
        parse(&output, &mut frames);
    }
    Ok(frames)
}

/// An address on a line of its own, then two lines for each frame: the function, and file and line.
fn parse(output: &str, frames: &mut BTreeMap<u32, Vec<Frame>>) {
    let mut here = None;
    let mut lines = output.lines();
    while let Some(line) = lines.next() {
        match line.strip_prefix("0x").and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            Some(address) => here = Some(address),
            None => {
                let frame = Frame::new(line, lines.next().unwrap_or_default());
                frames.entry(here.unwrap_or_default()).or_default().push(frame);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Frame, parse};
    use std::collections::BTreeMap;

    #[test]
    fn functions_have_short_names() {
        for (function, name) in [
            ("<aclk_core::wire::Window<'_>>::put::<u8>", "put"),
            ("aclk_core::tls::read::<a::B<c::D>>::{closure#0}", "read"),
            ("write_str", "write_str"),
            ("on_complete<aclk_core::engine::Env, &mut [u8]>", "on_complete"),
            ("<T as core::future::Future>::poll", "poll"),
            ("core::ops::function::FnOnce::call_once::<fn(u8) -> u8>", "call_once"),
            ("{async_fn#0}<aclk_core::tls::Guard>", "(inlined)"),
            ("OUTLINED_FUNCTION_3", "OUTLINED_FUNCTION_3"),
        ] {
            assert_eq!(Frame::new(function, "").name(), name, "{function}");
        }
    }

    #[test]
    fn what_the_tool_prints_is_read() {
        let mut frames = BTreeMap::new();
        parse("0x00000010\nf\n/a/b.rs:7 (discriminator 2)\ng\n??:0\n0x00000020\n??\n??:0\n", &mut frames);
        assert_eq!(frames.get(&0x10).map(Vec::len), Some(2));
        assert_eq!(frames.get(&0x10).unwrap()[0], Frame::new("f", "/a/b.rs:7"));
        assert_eq!(frames.get(&0x20).map(Vec::len), Some(1));
    }
}
