//! The files of the page, as they were when the program was built.

/// Paths and bodies, sorted by path.
type Files = &'static [(&'static str, &'static [u8])];

const FILES: Files = include!(concat!(env!("OUT_DIR"), "/playground.rs"));

/// The page that everything begins with.
const INDEX: &str = "index.html";

/// A file with what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct File {
    /// `Content-Type`.
    pub(super) kind: &'static str,
    pub(super) body: &'static [u8],
}

/// All files.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site(Files);

impl Site {
    /// What `cargo xtask web` had made when this program was built; `None` if nothing.
    pub(super) fn embedded() -> Option<Self> {
        let site = Self(FILES);
        site.file("/").is_some().then_some(site)
    }

    /// What is at the path of a URL.
    pub(super) fn file(self, path: &str) -> Option<File> {
        let name = path.strip_prefix('/')?;
        let name = if name.is_empty() { INDEX } else { name };
        let found = self.0.binary_search_by_key(&name, |(name, _)| name).ok()?;
        let (name, body) = self.0.get(found)?;
        Some(File { kind: kind(name), body })
    }
}

/// Browsers refuse modules and WebAssembly under another type.
fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::{File, Site};

    const SITE: Site = Site(&[("index.html", b"page"), ("wasm/engine.wasm", b"\0asm"), ("workers/device.js", b"code")]);

    #[test]
    fn the_root_is_the_page_and_each_file_has_its_type() {
        assert_eq!(SITE.file("/"), Some(File { kind: "text/html; charset=utf-8", body: b"page" }));
        assert_eq!(SITE.file("/wasm/engine.wasm").map(|file| file.kind), Some("application/wasm"));
        assert_eq!(SITE.file("/workers/device.js").map(|file| file.kind), Some("text/javascript; charset=utf-8"));
    }

    #[test]
    fn nothing_else_is_served() {
        for path in ["", "index.html", "/wasm", "/../Cargo.toml", "//index.html", "/workers/device.js/"] {
            assert_eq!(SITE.file(path), None, "{path}");
        }
    }
}
