//! `netdata.conf`, the configuration of the original Agent, as far as it concerns us. It is read and never written.

mod overlay;

use crate::fault::Fault;
use crate::paths::Paths;
use crate::store::conf::Conf;
use crate::store::disk::{Dir, Disk};
use crate::store::error::Problem;
use aclk_core::stage::Stage;
pub(crate) use overlay::Overlay;
use std::path::{Path, PathBuf};

/// The name of the file, in the configuration directory.
pub(crate) const NETDATA_CONF: &str = "netdata.conf";
/// That of a large installation has some 200 KiB.
const LIMIT: usize = 1 << 20;

/// What is in the file, and what the command line of `netdata` says beside it. Without a file there is only the latter.
///
/// # Errors
/// If it is there and cannot be read, is not text, or has more than a MiB; if it is not there, and the command line names
/// it.
pub(crate) fn load(paths: &Paths) -> Result<Conf, Fault> {
    let Some(overlay) = overlay::installed() else {
        return Ok(read(&paths.config().join(NETDATA_CONF))?.unwrap_or_default());
    };
    let mut conf = match overlay.file() {
        Some(file) => read(file)?.ok_or_else(|| {
            Fault::new(Stage::Config, format_args!("there is no configuration file {}", file.display()))
                .hint("-c names it: leave that out to use netdata.conf of the configuration directory")
        })?,
        None => read(&paths.config().join(NETDATA_CONF))?.unwrap_or_default(),
    };
    overlay.apply(&mut conf);
    Ok(conf)
}

/// Who but root decides what is in the file: its owner, and that of its directory. Nobody if the command line says what
/// `key` is, which is the word of whoever starts the program.
pub(crate) fn deciders(paths: &Paths, section: &str, key: &str) -> Vec<u32> {
    let file = paths.netdata_conf();
    if overlay::installed().is_some_and(|overlay| overlay.insists(section, key)) {
        return Vec::new();
    }
    let (Some(folder), Some(name)) = (file.parent(), file.file_name().and_then(|name| name.to_str())) else {
        return Vec::new();
    };
    let Ok(Some(dir)) = Dir::open(folder) else { return Vec::new() };
    let owners = [Some(dir.owner_uid()), dir.stat(name).map(|file| file.st_uid)];
    owners.into_iter().flatten().filter(|uid| *uid != 0).collect()
}

/// Where the file is, or would be.
pub(crate) fn path(config: &Path) -> PathBuf {
    overlay::installed().and_then(Overlay::file).map_or_else(|| config.join(NETDATA_CONF), Clone::clone)
}

/// What is in `file`; `None` if there is none.
fn read(file: &Path) -> Result<Option<Conf>, Fault> {
    let directory = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(name) = file.file_name().and_then(|name| name.to_str()) else { return Ok(None) };
    let Some(dir) = Dir::open(directory).map_err(|problem| problem.at(directory))? else { return Ok(None) };
    let content = dir.read(name, LIMIT).map_err(|problem| problem.at(file))?;
    let Some(content) = content else { return Ok(None) };
    let malformed = |_| Problem::Malformed { expected: "not a text in UTF-8".to_owned() }.at(file);
    Ok(Some(Conf::new(std::str::from_utf8(&content).map_err(malformed)?)))
}

#[cfg(test)]
mod tests {
    use super::{LIMIT, load};
    use crate::fault::exit;
    use crate::paths::Paths;
    use crate::scratch::Scratch;
    use std::fs;

    #[test]
    fn a_missing_file_says_nothing() {
        let scratch = Scratch::new();
        let paths = Paths::below(scratch.path());
        assert_eq!(load(&paths).unwrap().as_str(), "");
        fs::create_dir(paths.config()).unwrap();
        assert_eq!(load(&paths).unwrap().as_str(), "");
        fs::write(paths.netdata_conf(), "[cloud]\n\tproxy = none\n").unwrap();
        assert_eq!(load(&paths).unwrap().value("cloud", "proxy"), Some("none"));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let scratch = Scratch::new();
        let paths = Paths::below(scratch.path());
        fs::create_dir_all(paths.netdata_conf()).unwrap();
        let fault = load(&paths).unwrap_err();
        assert!(fault.cause.contains("netdata.conf is not a regular file"), "{fault}");
        assert_eq!(fault.code, exit::STORAGE);
        fs::remove_dir(paths.netdata_conf()).unwrap();
        for (content, cause) in [(vec![0xff], "not a text in UTF-8"), (vec![b'#'; LIMIT + 1], "is larger than")] {
            fs::write(paths.netdata_conf(), content).unwrap();
            assert!(load(&paths).unwrap_err().cause.contains(cause));
        }
    }
}
