//! The files of the administrator's page, built in.

/// A file and what it is.
pub(super) struct File {
    pub(super) kind: &'static str,
    pub(super) text: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! files {
    ($($path:literal $kind:ident $file:literal,)*) => {
        /// The file at a path.
        pub(super) fn file(path: &str) -> Option<File> {
            match path {
                $($path => Some(File { kind: $kind, text: include_str!(concat!("../page/", $file)) }),)*
                _ => None,
            }
        }
    };
}

files! {
    "/" HTML "index.html",
    "/style.css" CSS "style.css",
    "/icon.svg" SVG "icon.svg",
    "/app.js" SCRIPT "app.js",
    "/api.js" SCRIPT "api.js",
    "/dom.js" SCRIPT "dom.js",
    "/chart.js" SCRIPT "chart.js",
    "/spaces.js" SCRIPT "spaces.js",
    "/node.js" SCRIPT "node.js",
    "/query.js" SCRIPT "query.js",
    "/faults.js" SCRIPT "faults.js",
    "/events.js" SCRIPT "events.js",
}
