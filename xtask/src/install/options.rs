//! The command line of `cargo xtask install`.

use super::system;
use crate::process::Problem;
use std::path::{Path, PathBuf};

/// Whether the link is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Cloud {
    /// If it can be; otherwise the installation goes on without it, and says so.
    #[default]
    IfPossible,
    /// Or the installation fails.
    Required,
    /// Not at all.
    Disabled,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Options {
    /// Absolute.
    pub(super) prefix: PathBuf,
    /// Absolute; `None` is the system itself.
    pub(super) destdir: Option<PathBuf>,
    pub(super) cloud: Cloud,
    pub(super) target: Option<String>,
    pub(super) binary: Option<PathBuf>,
    pub(super) force: bool,
    pub(super) uninstall: bool,
    pub(super) purge: bool,
}

impl Options {
    pub(super) fn parse(arguments: &[String]) -> Result<Self, Problem> {
        let mut options = Self {
            prefix: "/usr/local".into(),
            destdir: None,
            cloud: Cloud::default(),
            target: None,
            binary: None,
            force: false,
            uninstall: false,
            purge: false,
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let (name, attached) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (argument.as_str(), None),
            };
            let mut value = || {
                let value = attached.clone().or_else(|| rest.next().cloned()).filter(|value| !value.is_empty());
                value.ok_or_else(|| Problem::Usage(format!("{name} needs a value")))
            };
            match name {
                "--prefix" => options.prefix = absolute(&value()?)?,
                "--destdir" => options.destdir = Some(absolute(&value()?)?),
                "--target" => options.target = Some(value()?),
                "--binary" => options.binary = Some(absolute(&value()?)?),
                _ if attached.is_some() => return Err(unknown(argument)),
                "--disable-cloud" => options.choose(Cloud::Disabled)?,
                "--require-cloud" => options.choose(Cloud::Required)?,
                "--force" => options.force = true,
                "--uninstall" => options.uninstall = true,
                "--purge" => options.purge = true,
                _ => return Err(unknown(argument)),
            }
        }
        if options.purge && !options.uninstall {
            return Err(Problem::Usage("--purge only makes sense with --uninstall".to_owned()));
        }
        Ok(options)
    }

    fn choose(&mut self, cloud: Cloud) -> Result<(), Problem> {
        if self.cloud != Cloud::IfPossible && self.cloud != cloud {
            return Err(Problem::Usage("--disable-cloud and --require-cloud contradict each other".to_owned()));
        }
        self.cloud = cloud;
        Ok(())
    }

    /// Whether users, units and directories of this machine are to be made: root installs into the system itself.
    pub(super) fn touches_the_system(&self) -> bool {
        self.destdir.is_none() && system::is_root()
    }

    /// Where `path` of the installed system is now.
    pub(super) fn in_destdir(&self, path: &Path) -> PathBuf {
        match &self.destdir {
            Some(destdir) => destdir.join(path.strip_prefix("/").unwrap_or(path)),
            None => path.to_path_buf(),
        }
    }
}

fn unknown(argument: &str) -> Problem {
    Problem::Usage(format!("`install` does not know {argument}; `cargo xtask help` has its options"))
}

fn absolute(path: &str) -> Result<PathBuf, Problem> {
    std::path::absolute(path).map_err(|cause| Problem::Io { attempt: format!("find {path}"), cause })
}

#[cfg(test)]
mod tests {
    use super::{Cloud, Options};
    use crate::process::Problem;
    use std::path::Path;

    fn parse(line: &str) -> Result<Options, Problem> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn values_stand_behind_an_equals_sign_or_in_the_next_argument() {
        let apart = parse("--prefix /opt/aclk --destdir /tmp/x --require-cloud").unwrap();
        assert_eq!(apart, parse("--prefix=/opt/aclk --destdir=/tmp/x --require-cloud").unwrap());
        assert_eq!((apart.prefix.as_path(), apart.cloud), (Path::new("/opt/aclk"), Cloud::Required));
        assert_eq!(apart.in_destdir(Path::new("/etc/netdata")), Path::new("/tmp/x/etc/netdata"));
    }

    #[test]
    fn what_makes_no_sense_is_refused_before_anything_is_done() {
        for line in [
            "--prefix",
            "--prefix=",
            "--disable-cloud --require-cloud",
            "--purge",
            "--force=yes",
            "--preffix /usr",
            "/usr",
        ] {
            assert!(matches!(parse(line), Err(Problem::Usage(_))), "{line}");
        }
    }
}
