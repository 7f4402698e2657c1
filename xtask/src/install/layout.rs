//! What is installed, and where.

use super::options::Options;
use std::path::{Path, PathBuf};

/// The programs that `aclk` is when it is called so. They are links to it.
pub(crate) const NAMES: [&str; 3] = ["netdata", "netdatacli", "netdata-claim.sh"];

/// What an installed file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// `aclk` itself.
    Program,
    /// A link to it, under which it behaves as another program.
    Name,
    /// What the program prints with these arguments.
    Printed(&'static [&'static str]),
    /// A file of the repository in which the program's place is filled in.
    Unit(&'static str),
    /// The same, and it belongs to the administrator once it is there.
    Setting(&'static str),
}

/// A file or link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// On the installed system.
    pub(super) path: PathBuf,
    /// The same below `--destdir`.
    pub(super) at: PathBuf,
    pub(super) what: What,
}

/// Where everything is, for one choice of options.
#[derive(Debug)]
pub(super) struct Layout {
    prefix: PathBuf,
    items: Vec<Item>,
}

/// Where systemd looks for units of packages and of administrators' programs. A unit below any other prefix goes to
/// [`UNITS_ELSEWHERE`].
const UNIT_PREFIXES: [&str; 2] = ["/usr", "/usr/local"];
const UNITS_ELSEWHERE: &str = "/etc/systemd/system";

impl Layout {
    pub(super) fn new(options: &Options) -> Self {
        let mut layout = Self { prefix: options.prefix.clone(), items: Vec::new() };
        let below = |path: &str| options.prefix.join(path);
        let mut add = |path: PathBuf, what| {
            let at = options.in_destdir(&path);
            layout.items.push(Item { path, at, what });
        };
        add(below("bin/aclk"), What::Program);
        for name in NAMES {
            add(below("sbin").join(name), What::Name);
        }
        add(below("share/man/man1/aclk.1"), What::Printed(&["man"]));
        add(below("share/bash-completion/completions/aclk"), What::Printed(&["completions", "bash"]));
        add(below("share/zsh/site-functions/_aclk"), What::Printed(&["completions", "zsh"]));
        add(below("share/fish/vendor_completions.d/aclk.fish"), What::Printed(&["completions", "fish"]));
        if options.destdir.is_some() || options.touches_the_system() {
            let has_units = UNIT_PREFIXES.iter().any(|prefix| options.prefix == Path::new(prefix));
            let units = if has_units { below("lib/systemd/system") } else { UNITS_ELSEWHERE.into() };
            add(units.join("aclk.service"), What::Unit("packaging/systemd/aclk.service"));
            add("/etc/logrotate.d/aclk".into(), What::Setting("packaging/logrotate/aclk"));
            add("/etc/netdata/netdata.conf".into(), What::Setting("packaging/netdata.conf"));
        }
        layout
    }

    pub(super) fn items(&self) -> &[Item] {
        &self.items
    }

    /// The program on the installed system.
    pub(super) fn program(&self) -> PathBuf {
        self.prefix.join("bin/aclk")
    }

    /// The program as a link at `path` names it: relative, so that the link holds wherever the tree is looked at from.
    pub(super) fn program_from(&self, path: &Path) -> PathBuf {
        let levels = path.strip_prefix(&self.prefix).map_or(0, |rest| rest.components().count().saturating_sub(1));
        let mut target: PathBuf = (0..levels).map(|_| "..").collect();
        target.push("bin/aclk");
        target
    }

    /// A text that is written for `/usr`, for this prefix.
    pub(super) fn adapted(&self, text: &str) -> String {
        let below = |path: &str| self.prefix.join(path).display().to_string();
        text.replace("/usr/bin/aclk", &below("bin/aclk")).replace("/usr/sbin/netdata", &below("sbin/netdata"))
    }
}

#[cfg(test)]
mod tests {
    use super::Layout;
    use crate::install::options::Options;
    use std::path::Path;

    fn layout(line: &str) -> Layout {
        Layout::new(&Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).unwrap())
    }

    #[test]
    fn links_are_relative_and_units_name_the_program_where_it_is() {
        let layout = layout("--prefix /opt/aclk --destdir /tmp/x");
        assert_eq!(layout.program_from(Path::new("/opt/aclk/sbin/netdata")), Path::new("../bin/aclk"));
        let unit = "ExecStart=/usr/sbin/netdata -D\nExecReload=/usr/bin/aclk aclk-state\nExecStop=/usr/bin/kill\n";
        let adapted =
            "ExecStart=/opt/aclk/sbin/netdata -D\nExecReload=/opt/aclk/bin/aclk aclk-state\nExecStop=/usr/bin/kill\n";
        assert_eq!(layout.adapted(unit), adapted);
    }

    #[test]
    fn systemd_finds_the_unit_whatever_the_prefix_is() {
        for (prefix, expected) in [
            ("/usr", "/usr/lib/systemd/system/aclk.service"),
            ("/usr/local", "/usr/local/lib/systemd/system/aclk.service"),
            ("/opt/aclk", "/etc/systemd/system/aclk.service"),
        ] {
            let layout = layout(&format!("--prefix {prefix} --destdir /tmp/x"));
            assert!(layout.items().iter().any(|item| item.path == Path::new(expected)), "{prefix}");
        }
    }
}
