//! How a daemon that root has started gives up what only root may do, for good.
//!
//! It is done while there is one thread, and by the C library, which changes all threads of the process alike. Everything
//! that needs root has to be open by then.

use crate::fault::{Fault, exit};
use crate::live;
use crate::paths::{PIPE, Paths};
use crate::report::output;
use crate::sightings;
use crate::store::CLAIM_DIR_MODE;
use crate::store::claim_dir::{CLAIMED_ID, CLOUD_CONF, CLOUD_FULLCHAIN, NODE_ID, PRIVATE_PEM, temporary};
use crate::store::disk::{Dir, Disk};
use crate::store::error::Problem;
use crate::store::owner::Owner;
use crate::store::repair::{repair, require_in_place};
use crate::user::User;
use aclk_core::stage::Stage;
use nix::errno::Errno;
use nix::unistd::{self, Uid, geteuid};
use rustix::fs::Mode;
use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// More than any of these files may have is not looked at: it is only asked whether they can be opened.
const LOOK_MAX: usize = 1;
const RUN_MODE: Mode = Mode::from_raw_mode(0o755);

/// With whose rights a daemon works.
#[derive(Debug)]
pub(crate) struct Rights {
    /// For whom root works; `None` for who is not root.
    user: Option<User>,
    /// Whether root becomes that user.
    changes: bool,
}

impl Rights {
    /// Those of a daemon that was told `given` (`--user`). One that is called `netdata` becomes the user that Netdata runs
    /// as; `aclk run` only does if a person named one, in the argument or in `netdata.conf`.
    ///
    /// # Errors
    /// If there is no such user, or who is not root was told to be somebody else.
    pub(crate) fn find(is_netdata: bool, given: Option<&str>, paths: &Paths) -> Result<Self, Fault> {
        if !geteuid().is_root() {
            if given.is_some_and(|given| !given.trim().is_empty()) {
                User::find(given, paths)?.require()?;
            }
            return Ok(Self { user: None, changes: false });
        }
        let user = User::find(given, paths)?;
        let changes = (is_netdata || user.is_chosen()) && !user.uid().is_root();
        Ok(Self { user: Some(user), changes })
    }

    /// Gets everything ready that the daemon will use: as long as we are root, it can be given to the user that we work for.
    /// Says what was mended.
    ///
    /// # Errors
    /// If the claim directory cannot be trusted.
    pub(crate) fn prepare(&self, paths: &Paths) -> Result<Vec<String>, Fault> {
        let Some(user) = &self.user else { return Ok(Vec::new()) };
        user.own_files();
        let mut notes: Vec<String> = user.note().map(str::to_owned).into_iter().collect();
        let Some(owner) = Owner::appointed() else { return Ok(notes) };
        notes.extend(repair(&paths.claim_dir())?);
        // Where the configuration is root's own (a new volume of a container), the user could not make it, and not claim.
        if self.changes
            && let Err(problem) = Dir::open_or_create(&paths.claim_dir(), CLAIM_DIR_MODE)
        {
            notes.push(problem.at(paths.claim_dir()).to_string());
        }
        let live = paths.live();
        if let Ok(Some(mut dir)) = Dir::open(&live) {
            require_in_place(&dir, &live, is_ours)?;
            notes.extend(dir.give_to(owner).err().map(|problem| problem.at(&live).to_string()));
        }
        if let Some(socket) = paths.sockets().first().filter(|_| self.changes) {
            notes.extend(make_way(socket, owner).err().map(|problem| problem.at(socket).to_string()));
        }
        Ok(notes)
    }

    /// Becomes the user, for good. Everything that needs root must be open by now. Says whose rights are left, and what
    /// cannot be read with them.
    ///
    /// # Errors
    /// If the kernel does not allow it: then nothing may go on as root.
    pub(crate) fn give_up(&self, paths: &Paths) -> Result<Vec<String>, Fault> {
        let Some(user) = &self.user else { return Ok(Vec::new()) };
        if self.changes {
            become_user(user)?;
            let mut notes = vec![format!("runs as the user {} from here on", user.name())];
            notes.extend(unreadable(paths).into_iter().map(|problem| format!("note: {problem}")));
            return Ok(notes);
        }
        let note = match (user.uid().is_root(), user.is_chosen()) {
            (true, true) => return Ok(Vec::new()),
            (true, false) => "note: runs as root, as there is no user netdata; --user names another one".to_owned(),
            (false, _) => format!("note: runs as root; with --user {} it gives these rights up", user.name()),
        };
        Ok(vec![note])
    }
}

/// Whether this is the name of something that `aclk run` keeps in its directory. The log may have been rotated.
fn is_ours(name: &str) -> bool {
    let known = [live::FILE, live::LOCK, sightings::FILE, NODE_ID, PIPE];
    known.into_iter().any(|file| name == file || name == temporary(file)) || name.starts_with(output::FILE)
}

/// The directory of the run-time socket is made by root and given to `owner`; so is one that an earlier daemon under root
/// has made. A socket that nobody listens at any more goes: only root can tell.
fn make_way(socket: &Path, owner: Owner) -> Result<(), Problem> {
    let Some(folder) = socket.parent() else { return Ok(()) };
    match Dir::open(folder)? {
        None => drop(Dir::open_or_create(folder, RUN_MODE)?),
        Some(mut dir) if dir.belongs_to_root() && folder.ends_with("netdata") => drop(dir.give_to(owner)?),
        Some(_) => {}
    }
    let is_socket = fs::symlink_metadata(socket).is_ok_and(|found| found.file_type().is_socket());
    if is_socket && UnixStream::connect(socket).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
        let _ = fs::remove_file(socket);
    }
    Ok(())
}

/// Becomes `user` with its groups, and makes sure that there is no way back.
fn become_user(user: &User) -> Result<(), Fault> {
    let groups = user.groups()?;
    let (uid, gid) = (user.uid(), user.gid());
    unistd::setgroups(&groups)
        .and_then(|()| unistd::setresgid(gid, gid, gid))
        .and_then(|()| unistd::setresuid(uid, uid, uid))
        .map_err(|error| refused(user, error.desc()))?;
    let ids = unistd::getresuid().map_err(|error| refused(user, error.desc()))?;
    let is_uid = [ids.real, ids.effective, ids.saved] == [uid; 3];
    if !is_uid || unistd::seteuid(Uid::from_raw(0)) != Err(Errno::EPERM) {
        return Err(refused(user, "there is a way back"));
    }
    Ok(())
}

fn refused(user: &User, why: &str) -> Fault {
    Fault::new(Stage::Permission, format_args!("cannot become the user {}: {why}", user.name()))
        .hint("in a container, allow SETUID and SETGID; to stay root, say -u root or [global] run as user = root")
        .code(exit::USER)
}

/// What the daemon reads again and again, and must be able to read as the user that it is now. Says what it cannot, and why.
fn unreadable(paths: &Paths) -> Vec<String> {
    let mut wanted = vec![paths.netdata_conf(), paths.claim_conf()];
    for folder in [paths.claim_dir(), paths.cloud_dir()] {
        wanted.extend([CLAIMED_ID, CLOUD_CONF, PRIVATE_PEM, CLOUD_FULLCHAIN].map(|name| folder.join(name)));
    }
    wanted.extend(std::env::var_os("SSL_CERT_FILE").map(PathBuf::from));
    let mut notes: Vec<String> = wanted.iter().filter_map(|path| look(path)).collect();
    notes.dedup();
    notes
}

/// Why `path` cannot be read, if that is so: the file, or the directory that it is in.
fn look(path: &Path) -> Option<String> {
    let (folder, name) = (path.parent()?, path.file_name()?.to_str()?);
    match Dir::open(folder) {
        Ok(None) => None,
        Ok(Some(dir)) => match dir.read(name, LOOK_MAX) {
            Ok(_) | Err(Problem::TooLarge { .. }) => None,
            Err(problem) => Some(problem.at(path).to_string()),
        },
        Err(problem) => Some(problem.at(folder).to_string()),
    }
}
