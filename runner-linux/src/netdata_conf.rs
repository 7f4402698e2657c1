//! `netdata.conf`, the configuration of the original Agent, as far as it concerns us. It is read and never written.

use crate::fault::Fault;
use crate::paths::Paths;
use crate::store::conf::Conf;
use crate::store::disk::{Dir, Disk};
use crate::store::error::Problem;

/// The name of the file, in the configuration directory.
pub(crate) const NETDATA_CONF: &str = "netdata.conf";
/// That of a large installation has some 200 KiB.
const LIMIT: usize = 1 << 20;

/// What is in the file; nothing if there is none.
///
/// # Errors
/// If it is there and cannot be read, is not text, or has more than a MiB.
pub(crate) fn load(paths: &Paths) -> Result<Conf, Fault> {
    let directory = paths.config();
    let file = paths.netdata_conf();
    let Some(dir) = Dir::open(directory).map_err(|problem| problem.at(directory))? else { return Ok(Conf::default()) };
    let content = dir.read(NETDATA_CONF, LIMIT).map_err(|problem| problem.at(&file))?;
    let Some(content) = content else { return Ok(Conf::default()) };
    let malformed = |_| Problem::Malformed { expected: "not a text in UTF-8".to_owned() }.at(&file);
    Ok(Conf::new(std::str::from_utf8(&content).map_err(malformed)?))
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
