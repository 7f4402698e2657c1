//! `cargo xtask container`: everything that is in the image, in a folder that the `Containerfile` copies.

use crate::Command;
use crate::install;
use crate::process::{Problem, Process, has_target, is_installed, root};
use crate::setup::STATIC;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub(crate) const COMMAND: Command = Command {
    name: "container",
    arguments: "[OPTION…]",
    about: "makes target/container/files, from which `podman build .` makes the image; takes --target and --binary\n\
            of `install`",
    run: |arguments| make(arguments).map(drop),
};

/// Where the content of the image is, from the root of the repository. The `Containerfile` says so too.
const ROOT: &str = "target/container/files";
/// What belongs to the user that the daemon becomes.
const THEIRS: &str = "target/container/netdata";
/// Of what is installed on a machine, an image has no use for this.
const LEFT_OUT: [&str; 3] = ["usr/share", "usr/lib", "etc/logrotate.d"];
/// The user of the images of the original, with its number, so that its volumes can be used.
const PASSWD: &str = "root:x:0:0:root:/:/sbin/nologin\nnetdata:x:201:201:netdata:/var/lib/netdata:/sbin/nologin\n";
const GROUP: &str = "root:x:0:\nnetdata:x:201:\n";
/// Directories that the daemon writes to.
const DIRECTORIES: [&str; 4] = ["etc/netdata", "var/lib/netdata", "var/log/netdata", "run/netdata"];
/// Where a bundle of certificate authorities may be on the machine that builds: Debian and Alpine, Fedora, others.
const BUNDLES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];
/// Where the program looks for them.
const BUNDLE: &str = "etc/ssl/certs/ca-certificates.crt";

/// Makes the folder, and says where it is.
pub(crate) fn make(arguments: &[String]) -> Result<PathBuf, Problem> {
    let folder = root().join(ROOT);
    remove(&folder)?;
    install::stage(folder.clone(), arguments)?;
    for path in LEFT_OUT {
        remove(&folder.join(path))?;
    }
    let theirs = root().join(THEIRS);
    remove(&theirs)?;
    done(format!("make {THEIRS}"), fs::create_dir_all(theirs.join("etc")))?;
    done("move the configuration".to_owned(), fs::rename(folder.join("etc/netdata"), theirs.join("etc/netdata")))?;
    for path in DIRECTORIES {
        done(format!("make {path}"), fs::create_dir_all(theirs.join(path)))?;
    }
    done("make tmp".to_owned(), fs::create_dir_all(folder.join("tmp")))?;
    write(&folder.join("etc/passwd"), PASSWD.as_bytes())?;
    write(&folder.join("etc/group"), GROUP.as_bytes())?;
    write(&folder.join(BUNDLE), &authorities()?)?;
    println!("made: {ROOT}; next: podman build --tag aclk .");
    Ok(folder)
}

/// The certificate authorities of this machine: those of Mozilla (MPL 2.0), as its distribution packs them.
fn authorities() -> Result<Vec<u8>, Problem> {
    let Some(bundle) = BUNDLES.iter().find(|path| Path::new(path).is_file()) else {
        return Err(Problem::Usage(
            "this machine has no bundle of certificate authorities for the image: install ca-certificates".to_owned(),
        ));
    };
    println!("certificate authorities: {bundle}");
    done(format!("read {bundle}"), fs::read(bundle))
}

fn write(path: &Path, content: &[u8]) -> Result<(), Problem> {
    let folder = path.parent().unwrap_or(path);
    done(format!("make {}", folder.display()), fs::create_dir_all(folder))?;
    done(format!("write {}", path.display()), fs::write(path, content))
}

fn remove(path: &Path) -> Result<(), Problem> {
    match fs::remove_dir_all(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => done(format!("remove {}", path.display()), Err(cause)),
        _ => Ok(()),
    }
}

fn done<T>(attempt: String, result: io::Result<T>) -> Result<T, Problem> {
    result.map_err(|cause| Problem::Io { attempt, cause })
}

/// The name of the image that is tested.
const IMAGE: &str = "localhost/aclk:test";

/// The gate: makes the image, and runs the tests of it.
pub(crate) fn check() -> Result<(), Problem> {
    if !cfg!(target_arch = "x86_64") || !has_target(STATIC)? {
        println!("skipped: the target {STATIC} is not here (cargo xtask setup adds it)");
        return Ok(());
    }
    for program in ["podman", "runc"] {
        if !is_installed(program) {
            println!("skipped: there is no {program} (cargo xtask setup installs it as root on Debian)");
            return Ok(());
        }
    }
    // Not made small: that takes minutes.
    Process::cargo(&format!(
        "build --package aclk --no-default-features --features link --target {STATIC} --target-dir target/cross"
    ))
    .show()?;
    make(&["--binary".to_owned(), format!("target/cross/{STATIC}/debug/aclk")])?;
    let podman = Podman::new()?;
    podman.run(&format!("build --quiet --tag {IMAGE} ."))?.show()?;
    if podman.run(&format!("run --rm --network=host {IMAGE} /usr/sbin/netdata -v"))?.read().is_err() {
        println!("skipped: podman makes images here, but does not run them");
        return Ok(());
    }
    Process::cargo("test --workspace --test e2e container::")
        .env("ACLK_IMAGE", IMAGE)
        .env("ACLK_PODMAN", &podman.line)
        .env("CONTAINERS_CONF", &podman.conf)
        .show()
}

/// Podman with a store of its own, and without what it needs a whole system for.
struct Podman {
    line: String,
    conf: String,
}

impl Podman {
    fn new() -> Result<Self, Problem> {
        let folder = root().join("target/container");
        let conf = folder.join("containers.conf");
        write(&conf, b"[containers]\ndefault_ulimits = []\n")?;
        let line = format!(
            "--root {0}/store --runroot {0}/run --runtime runc --storage-driver vfs --cgroup-manager cgroupfs",
            folder.display()
        );
        Ok(Self { line, conf: conf.display().to_string() })
    }

    fn run(&self, arguments: &str) -> Result<Process, Problem> {
        Ok(Process::new("podman", &format!("{} {arguments}", self.line)).env("CONTAINERS_CONF", &self.conf))
    }
}
