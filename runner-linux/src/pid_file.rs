//! The file that says which process the daemon is: `-P FILE`.

use crate::store::disk::{Dir, Disk};
use crate::store::error::{Problem, StoreError, Verb};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process;

const MODE: u32 = 0o644;
/// Longest content that can be ours.
const LIMIT: usize = 32;

/// There as long as this is. One that a killed daemon left behind is no obstacle: two daemons are kept apart by a lock
/// ([`Live`](crate::live::Live)), never by this file.
#[derive(Debug)]
pub(crate) struct PidFile(PathBuf);

impl PidFile {
    /// Writes the number of this process into `path`, in one step. The folder must be there.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn write(path: &Path) -> Result<Self, StoreError> {
        let at = |problem: Problem| problem.at(path);
        // The daemon leaves its folder, and comes back to remove the file.
        let absolute = std::path::absolute(path).map_err(|error| at(Problem::of_io(Verb::Write, &error)))?;
        let (folder, name) = split(&absolute).ok_or_else(|| at(Problem::NotAFile))?;
        let missing = || at(Problem::Failed { verb: Verb::Write, words: "its folder does not exist".to_owned() });
        let mut dir = Dir::open(folder).map_err(at)?.ok_or_else(missing)?;
        let temporary = format!(".{name}.new");
        dir.remove(&temporary).map_err(at)?;
        let mut file = dir.create(&temporary, MODE).map_err(at)?;
        dir.write(&mut file, content().as_bytes()).map_err(at)?;
        if let Err(problem) = dir.rename(&temporary, name) {
            let _ = dir.remove(&temporary);
            return Err(at(problem));
        }
        Ok(Self(absolute))
    }
}

impl Drop for PidFile {
    /// Unless another daemon has written its own number meanwhile.
    fn drop(&mut self) {
        let Some((folder, name)) = split(&self.0) else { return };
        if let Ok(Some(mut dir)) = Dir::open(folder)
            && let Ok(Some(found)) = dir.read(name, LIMIT)
            && *found == content().as_bytes()
        {
            let _ = dir.remove(name);
        }
    }
}

fn content() -> String {
    format!("{}\n", process::id())
}

fn split(path: &Path) -> Option<(&Path, &str)> {
    Some((path.parent()?, path.file_name().and_then(OsStr::to_str)?))
}

#[cfg(test)]
mod tests {
    use super::PidFile;
    use crate::scratch::Scratch;
    use std::fs;
    use std::process;

    #[test]
    fn it_replaces_a_stale_one_and_goes_in_the_end() {
        let scratch = Scratch::new();
        let path = scratch.path().join("netdata.pid");
        fs::write(&path, "1234567\n").unwrap();
        let file = PidFile::write(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", process::id()));
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1);
        drop(file);
        assert!(!path.exists());
    }

    #[test]
    fn that_of_another_daemon_stays() {
        let scratch = Scratch::new();
        let path = scratch.path().join("netdata.pid");
        let file = PidFile::write(&path).unwrap();
        fs::write(&path, "1234567\n").unwrap();
        drop(file);
        assert_eq!(fs::read_to_string(&path).unwrap(), "1234567\n");
    }

    #[test]
    fn a_folder_that_is_missing_is_named() {
        let scratch = Scratch::new();
        let error = PidFile::write(&scratch.path().join("run/netdata.pid")).unwrap_err().to_string();
        assert!(error.contains("run/netdata.pid: its folder does not exist"), "{error}");
    }
}
