//! What the command line of `netdata` says beside `netdata.conf`, for the whole process: `-c`, `-i`, `-p` and `-W set`
//! (protocol.md 1.10).

use crate::store::conf::Conf;
use std::path::PathBuf;
use std::sync::OnceLock;

/// Set once, before anything is read.
static OVERLAY: OnceLock<Overlay> = OnceLock::new();

/// A value in a section.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    section: String,
    key: String,
    value: String,
}

/// A file in place of the usual one, and values beside it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Overlay {
    /// The file of `-c`.
    file: Option<PathBuf>,
    /// Values in front of those of the file.
    overriding: Vec<Entry>,
    /// Values for what the file leaves open.
    defaults: Vec<Entry>,
}

impl Overlay {
    /// `-c FILE`: what is set behind it only counts where the file says nothing.
    pub(crate) fn read_from(&mut self, file: PathBuf) {
        self.file = Some(file);
    }

    /// `-W set SECTION KEY VALUE`. Behind a `-c` the file comes first, in front of it and without it this value does: that
    /// is how the original lets people choose.
    pub(crate) fn set(&mut self, section: &str, key: &str, value: &str) {
        let entries = if self.file.is_some() { &mut self.defaults } else { &mut self.overriding };
        put(entries, section, key, value);
    }

    /// What an option of its own says counts in any case.
    pub(crate) fn insist(&mut self, section: &str, key: &str, value: &str) {
        put(&mut self.overriding, section, key, value);
    }

    /// The file of `-c`, if there was one.
    pub(super) const fn file(&self) -> Option<&PathBuf> {
        self.file.as_ref()
    }

    /// Lays it over what is in the file.
    pub(super) fn apply(&self, conf: &mut Conf) {
        for Entry { section, key, value } in &self.defaults {
            if !conf.has(section, key) {
                conf.set(section, key, value);
            }
        }
        for Entry { section, key, value } in &self.overriding {
            conf.set(section, key, value);
        }
    }

    /// Whether it says this, whatever the file says.
    pub(super) fn insists(&self, section: &str, key: &str) -> bool {
        self.overriding.iter().any(|entry| entry.section == section && entry.key == key)
    }

    /// Makes it that of this process. Only the first one counts.
    pub(crate) fn install(self) {
        let _ = OVERLAY.set(self);
    }
}

/// That of this process.
pub(super) fn installed() -> Option<&'static Overlay> {
    OVERLAY.get()
}

/// A value that is set again is replaced.
fn put(entries: &mut Vec<Entry>, section: &str, key: &str, value: &str) {
    let same = |entry: &&mut Entry| entry.section == section && entry.key == key;
    match entries.iter_mut().find(same) {
        Some(entry) => value.clone_into(&mut entry.value),
        None => entries.push(Entry { section: section.to_owned(), key: key.to_owned(), value: value.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::Overlay;
    use crate::store::conf::Conf;

    const FILE: &str = "[cloud]\n  cloud base url = https://file.example # mine\n[global]\n  netdata cloud =\n";

    fn value(overlay: &Overlay, section: &str, key: &str) -> Option<String> {
        let mut conf = Conf::new(FILE);
        overlay.apply(&mut conf);
        conf.value(section, key).map(str::to_owned)
    }

    #[test]
    fn what_is_set_counts_unless_a_named_file_stands_before_it() {
        let mut overlay = Overlay::default();
        overlay.set("cloud", "cloud base url", "https://first.example");
        overlay.set("cloud", "cloud base url", "https://set.example");
        assert_eq!(value(&overlay, "cloud", "cloud base url").unwrap(), "https://set.example");

        overlay.read_from("netdata.conf".into());
        overlay.set("cloud", "proxy", "none");
        assert_eq!(value(&overlay, "cloud", "cloud base url").unwrap(), "https://set.example");
        assert_eq!(value(&overlay, "cloud", "proxy").unwrap(), "none");

        let mut overlay = Overlay::default();
        overlay.read_from("netdata.conf".into());
        overlay.set("cloud", "cloud base url", "https://set.example");
        overlay.set("global", "netdata cloud", "enable");
        assert_eq!(value(&overlay, "cloud", "cloud base url").unwrap(), "https://file.example # mine");
        assert_eq!(value(&overlay, "global", "netdata cloud").unwrap(), "enable", "an empty value says nothing");
        overlay.insist("cloud", "cloud base url", "https://option.example");
        assert_eq!(value(&overlay, "cloud", "cloud base url").unwrap(), "https://option.example");
    }
}
