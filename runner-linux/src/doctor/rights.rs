//! Who may do what with the files of the identity.

use crate::doctor::Step;
use crate::paths::Paths;
use crate::store::claim_dir::{CLAIMED_ID, CLOUD_CONF, PRIVATE_PEM};
use crate::user::User;
use aclk_core::stage::Stage;
use rustix::process::geteuid;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What a link reads.
const READ: [&str; 3] = [PRIVATE_PEM, CLAIMED_ID, CLOUD_CONF];

/// Looks at the directory of the identity. `daemon` is the process of a daemon that runs, if one does.
pub(crate) fn check(dir: &Path, daemon: Option<u64>, paths: &Paths) -> Step {
    let me = geteuid().as_raw();
    let Ok(found) = fs::metadata(dir) else {
        return Step::passed(Stage::Permission, format!("run as {}; {} is not there yet", name(me), dir.display()));
    };
    let user = match User::find(None, paths) {
        Ok(user) => user.uid().as_raw(),
        Err(fault) => return Step::from(fault),
    };
    let (reader, why) = match daemon.and_then(owner_of) {
        Some(owner) => (owner, "the daemon that runs"),
        None if me != 0 => (me, "who runs this"),
        None if user != 0 => (user, "the user that Netdata runs as"),
        None => (found.uid(), "the owner of the directory"),
    };
    for file in READ {
        let path = dir.join(file);
        let Ok(metadata) = fs::metadata(&path) else { continue };
        if reader != 0 && !may_read(&metadata, reader, found.gid()) {
            let (reader, owner) = (name(reader), name(metadata.uid()));
            return Step::failed(
                Stage::Permission,
                format!("{reader} ({why}) cannot read {}", path.display()),
                format!(
                    "The file belongs to {owner}, most likely because the claim was made as {owner}. Give all of it to {reader}:\n  \
                     chown -R {reader}: {}",
                    dir.display()
                ),
            )
            .seen(describe(&path, &metadata));
        }
    }
    let place = describe(dir, &found);
    let key = dir.join(PRIVATE_PEM);
    match fs::metadata(&key) {
        Ok(metadata) if metadata.mode() & 0o077 != 0 => Step::doubtful(
            Stage::Permission,
            format!("others than its owner may read or write {}", describe(&key, &metadata)),
            format!("Whoever has the key can be this node. Take the rights away:\n  chmod 0600 {}", key.display()),
        ),
        Ok(metadata) => Step::passed(Stage::Permission, format!("{place}; {}", describe(&key, &metadata))),
        Err(_) => Step::passed(Stage::Permission, place),
    }
}

/// Whether `user`, whose group is taken to be that of the directory, may read a file.
fn may_read(file: &Metadata, user: u32, group: u32) -> bool {
    let mode = file.mode();
    if file.uid() == user {
        return mode & 0o400 != 0;
    }
    mode & 0o004 != 0 || (file.gid() == group && mode & 0o040 != 0)
}

/// The user that a process runs as.
fn owner_of(pid: u64) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// As in `/etc/netdata/claim.d is 0770 netdata`.
fn describe(path: &Path, metadata: &Metadata) -> String {
    format!("{} is {:04o} {}", path.display(), metadata.mode() & 0o7777, name(metadata.uid()))
}

/// The name of a user, else its number.
fn name(uid: u32) -> String {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let known = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    known.unwrap_or_else(|| uid.to_string())
}
