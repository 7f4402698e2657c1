//! Where the files of the machine are that is measured: `/`, or where its host put them into a container.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The variable that names the place, as in the container images of the original.
const VARIABLE: &str = "NETDATA_HOST_PREFIX";
/// Where the documented `docker run` mounts the files of the host.
const DOCUMENTED: &str = "/host";

/// The place, and what a person should know of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) root: PathBuf,
    pub(super) note: Option<String>,
}

/// The first of these that has the files: `prefix`, [`VARIABLE`], [`DOCUMENTED`], `/`. Who names a place without them is told.
pub(super) fn find(prefix: Option<&Path>, variable: &dyn Fn(&str) -> Option<OsString>) -> Found {
    let named = prefix.map(Path::to_owned).or_else(|| variable(VARIABLE).map(PathBuf::from));
    let named = named.filter(|prefix| !prefix.as_os_str().is_empty());
    choose(named.as_deref(), Path::new(DOCUMENTED))
}

fn choose(named: Option<&Path>, documented: &Path) -> Found {
    let has_files = |root: &Path| root.join("proc/stat").is_file();
    let at = |root: &Path| Found {
        root: root.to_owned(),
        note: (root != Path::new("/"))
            .then(|| format!("measures the machine whose files are below {}", root.display())),
    };
    match named {
        Some(prefix) if has_files(prefix) => at(prefix),
        Some(prefix) => Found {
            root: PathBuf::from("/"),
            note: Some(format!("there is no {}: what is below / is measured", prefix.join("proc/stat").display())),
        },
        None if has_files(documented) => at(documented),
        None => at(Path::new("/")),
    }
}

#[cfg(test)]
mod tests {
    use super::{choose, find};
    use crate::scratch::Scratch;
    use std::fs;
    use std::path::Path;

    #[test]
    fn a_host_is_measured_where_its_files_are_mounted() {
        let scratch = Scratch::new();
        let (named, documented) = (scratch.path().join("named"), scratch.path().join("host"));
        let root = |named: Option<&Path>| choose(named, &documented).root;
        assert_eq!(choose(None, &documented).note, None);
        assert_eq!(root(None), Path::new("/"));
        fs::create_dir_all(documented.join("proc")).unwrap();
        fs::write(documented.join("proc/stat"), "").unwrap();
        assert_eq!(root(None), documented);
        let missing = choose(Some(&named), &documented);
        assert_eq!(missing.root, Path::new("/"));
        assert!(missing.note.unwrap().ends_with("named/proc/stat: what is below / is measured"));
        fs::create_dir_all(named.join("proc")).unwrap();
        fs::write(named.join("proc/stat"), "").unwrap();
        assert_eq!(root(Some(&named)), named);
        let variable = |name: &str| (name == "NETDATA_HOST_PREFIX").then(|| named.clone().into_os_string());
        assert_eq!(find(None, &variable).root, named);
        assert_eq!(find(Some(&documented), &variable).root, documented);
    }
}
