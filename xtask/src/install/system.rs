//! The user that the daemon runs as, and the directories that belong to it.

use super::write::folders;
use crate::process::{Problem, Process, is_installed};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

/// The user and the group of the daemon, as the documentation has them.
pub(super) const USER: &str = "netdata";
/// What a user that this program made is known by.
pub(super) const COMMENT: &str = "aclk,Agent-Cloud-Link";

/// Whom a directory belongs to. Its group is always [`USER`]'s.
#[derive(Debug, Clone, Copy)]
enum Owner {
    Root,
    User,
}

/// A directory that the daemon needs.
struct Directory {
    path: &'static str,
    owner: Owner,
    mode: u32,
}

/// The configuration is read by the daemon and not written, apart from the identity.
const DIRECTORIES: [Directory; 4] = [
    Directory { path: "/etc/netdata", owner: Owner::Root, mode: 0o755 },
    Directory { path: "/etc/netdata/claim.d", owner: Owner::User, mode: 0o770 },
    Directory { path: "/var/lib/netdata", owner: Owner::User, mode: 0o755 },
    Directory { path: "/var/log/netdata", owner: Owner::User, mode: 0o755 },
];

pub(super) fn is_root() -> bool {
    id("-u").is_some_and(|id| id == 0)
}

fn id(arguments: &str) -> Option<u32> {
    Process::new("id", arguments).read().ok()?.trim().parse().ok()
}

/// Makes the user and its group, unless they are there.
pub(super) fn make_user() -> Result<(), Problem> {
    if id(&format!("-u {USER}")).is_some() {
        println!("unchanged: user {USER}");
        return Ok(());
    }
    if !is_installed("useradd") {
        return Err(Problem::Usage(format!(
            "there is no user {USER}, and no useradd to make it: make it yourself, with a group of the same name"
        )));
    }
    let has_group = Process::new("getent", &format!("group {USER}")).read().is_ok();
    let group = if has_group { format!("--gid {USER}") } else { "--user-group".to_owned() };
    Process::new(
        "useradd",
        &format!(
            "--system {group} --no-create-home --home-dir /var/lib/netdata --shell /usr/sbin/nologin --comment {COMMENT} {USER}"
        ),
    )
    .show()
}

/// Makes the directories. One that is there is left as it is: whoever made it may have had reasons.
pub(super) fn make_directories() -> Result<(), Problem> {
    let (Some(user), Some(group)) = (id(&format!("-u {USER}")), id(&format!("-g {USER}"))) else {
        return Err(Problem::Usage(format!("the user {USER} has just been made, and is not there")));
    };
    for Directory { path, owner, mode } in DIRECTORIES {
        let owner = match owner {
            Owner::Root => 0,
            Owner::User => user,
        };
        match fs::symlink_metadata(path) {
            Ok(there) if there.uid() == owner && there.permissions().mode() & 0o7777 == mode => {
                println!("unchanged: {path}");
            }
            Ok(there) => println!(
                "kept: {path} (uid {}, mode {:04o}; a new one would have uid {owner}, mode {mode:04o})",
                there.uid(),
                there.permissions().mode() & 0o7777
            ),
            Err(_) => {
                make(Path::new(path), owner, group, mode)
                    .map_err(|cause| Problem::Io { attempt: format!("make {path}"), cause })?;
                println!("made: {path}");
            }
        }
    }
    Ok(())
}

fn make(path: &Path, user: u32, group: u32, mode: u32) -> io::Result<()> {
    path.parent().map_or(Ok(()), folders)?;
    fs::create_dir(path)?;
    chown(path, Some(user), Some(group))?;
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Removes the identity of this machine, what the daemon wrote, the directories if nothing else is in them, and the user
/// if it was made here.
pub(super) fn purge() -> Result<(), Problem> {
    let attempt = |path: &str, cause| Problem::Io { attempt: format!("remove {path}"), cause };
    for path in ["/etc/netdata/claim.d", "/var/lib/netdata/aclk"] {
        gone(path, fs::remove_dir_all(path)).map_err(|cause| attempt(path, cause))?;
    }
    gone(MACHINE_GUID, fs::remove_file(MACHINE_GUID)).map_err(|cause| attempt(MACHINE_GUID, cause))?;
    for file in fs::read_dir(LOGS).into_iter().flatten().flatten() {
        let (name, path) = (file.file_name(), file.path().display().to_string());
        if name.to_string_lossy().starts_with("error.log") {
            gone(&path, fs::remove_file(&path)).map_err(|cause| attempt(&path, cause))?;
        }
    }
    for path in ["/var/lib/netdata/registry", LOGS, "/var/lib/netdata", "/etc/netdata"] {
        match fs::remove_dir(path) {
            Err(cause) if cause.kind() == io::ErrorKind::DirectoryNotEmpty => {
                println!("kept: {path} (there are files of others in it)");
            }
            result => gone(path, result).map_err(|cause| attempt(path, cause))?,
        }
    }
    let entry = Process::new("getent", &format!("passwd {USER}")).read().unwrap_or_default();
    if entry.split(':').nth(4) == Some(COMMENT) {
        Process::new("userdel", USER).show()?;
    }
    Ok(())
}

const MACHINE_GUID: &str = "/var/lib/netdata/registry/netdata.public.unique.id";
const LOGS: &str = "/var/log/netdata";

/// Says that something was removed. That it was not there is fine.
fn gone(path: &str, result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(cause) => Err(cause),
        Ok(()) => {
            println!("removed: {path}");
            Ok(())
        }
    }
}
