//! The status page: a few files inside the program, and what it asks for beside the API.

use super::history::History;
use aclk_firmware::local_api::{Page, Pages};
use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
const JSON: &str = "application/json; charset=utf-8";

/// Nothing from elsewhere, nothing in line, and nobody's frame.
const GUARDED: &str = "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\
    X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n";

const FILES: [(&str, &str, &str); 8] = [
    ("/", HTML, include_str!("page/index.html")),
    ("/index.html", HTML, include_str!("page/index.html")),
    ("/status.css", CSS, include_str!("page/status.css")),
    ("/status.js", SCRIPT, include_str!("page/status.js")),
    ("/chart.js", SCRIPT, include_str!("page/chart.js")),
    ("/words.js", SCRIPT, include_str!("page/words.js")),
    ("/dom.js", SCRIPT, include_str!("page/dom.js")),
    ("/icon.svg", SVG, include_str!("page/icon.svg")),
];

/// Where the page finds out how the link came to be as it is.
const HISTORY: &str = "/api/aclk/history";

/// The status page and its parts.
pub(super) struct StatusPages {
    history: Rc<RefCell<History>>,
}

impl StatusPages {
    pub(super) const fn new(history: Rc<RefCell<History>>) -> Self {
        Self { history }
    }
}

impl Pages for StatusPages {
    type Page = File;

    fn page(&self, path: &str) -> Option<File> {
        if path == HISTORY {
            let json = self.history.borrow().json().into_bytes();
            return Some(File { content_type: JSON, bytes: Cow::Owned(json), at: 0 });
        }
        let (_, content_type, text) = FILES.into_iter().find(|(name, _, _)| *name == path)?;
        Some(File { content_type, bytes: Cow::Borrowed(text.as_bytes()), at: 0 })
    }
}

/// A page, and how much of it was written.
pub(super) struct File {
    content_type: &'static str,
    bytes: Cow<'static, [u8]>,
    at: usize,
}

impl Page for File {
    fn content_type(&self) -> &'static str {
        self.content_type
    }

    fn headers(&self) -> &'static str {
        GUARDED
    }

    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn fill(&mut self, buffer: &mut [u8]) -> usize {
        let rest = &self.bytes[self.at..];
        let len = rest.len().min(buffer.len());
        buffer[..len].copy_from_slice(&rest[..len]);
        self.at += len;
        len
    }
}
