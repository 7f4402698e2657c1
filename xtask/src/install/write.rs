//! Writing files of the system so that each is either the old or the new one, and none is somebody else's.

use super::layout::{Item, Layout, What};
use crate::process::Problem;
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// Something that is in our program and in no other: what its help says of it.
const MARK: &[u8] = b"claim this machine into Netdata Cloud and hold the Agent-Cloud Link";

/// An error if a file of another program is where one of ours would be; with `force` only a word about it.
pub(super) fn refuse_others(layout: &Layout, force: bool) -> Result<(), Problem> {
    let others: Vec<&Item> = layout.items().iter().filter(|item| is_of_another(item)).collect();
    if others.is_empty() {
        return Ok(());
    }
    let mut lines: Vec<String> =
        others.iter().map(|item| format!("{} belongs to another program", item.at.display())).collect();
    if force {
        lines.iter().for_each(|line| println!("--force: {line} and is replaced"));
        return Ok(());
    }
    lines.push(
        "nothing was installed: remove the Netdata Agent first, install with another --prefix, or use --force"
            .to_owned(),
    );
    Err(Problem::Findings(lines))
}

/// Whether what is at the place of `item` is not from us. Files whose names are ours alone are never another's.
pub(super) fn is_of_another(item: &Item) -> bool {
    let Ok(there) = fs::symlink_metadata(&item.at) else { return false };
    match item.what {
        What::Name => fs::read_link(&item.at).ok().is_none_or(|target| target.file_name() != Some("aclk".as_ref())),
        What::Program => {
            !there.is_file()
                || !fs::read(&item.at).is_ok_and(|bytes| bytes.windows(MARK.len()).any(|part| part == MARK))
        }
        What::Printed(_) | What::Unit(_) | What::Setting(_) => false,
    }
}

/// Writes a file with this mode.
pub(super) fn file(at: &Path, bytes: &[u8], mode: u32) -> Result<(), Problem> {
    let has_mode = |at: &Path| fs::symlink_metadata(at).is_ok_and(|there| is_plain(&there, mode));
    if has_mode(at) && fs::read(at).is_ok_and(|there| there == bytes) {
        println!("unchanged: {}", at.display());
        return Ok(());
    }
    replace(at, |new| {
        let mut file = fs::File::create_new(new)?;
        file.write_all(bytes)?;
        file.set_permissions(Permissions::from_mode(mode))?;
        file.sync_all()
    })
}

fn is_plain(there: &fs::Metadata, mode: u32) -> bool {
    there.is_file() && there.permissions().mode() & 0o7777 == mode
}

/// Makes a symbolic link.
pub(super) fn link(at: &Path, target: &Path) -> Result<(), Problem> {
    if fs::read_link(at).is_ok_and(|there| there == target) {
        println!("unchanged: {}", at.display());
        return Ok(());
    }
    replace(at, |new| symlink(target, new))
}

/// Makes something beside its place and moves it there: a program that runs cannot be written to, but it can be replaced.
fn replace(at: &Path, make: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<(), Problem> {
    let problem =
        |attempt: &str, path: &Path, cause| Problem::Io { attempt: format!("{attempt} {}", path.display()), cause };
    if let Some(folder) = at.parent() {
        folders(folder).map_err(|cause| problem("make the folder", folder, cause))?;
    }
    let mut new = at.as_os_str().to_owned();
    new.push(".aclk-new");
    let new = PathBuf::from(new);
    match fs::remove_file(&new) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(problem("remove", &new, cause)),
        _ => {}
    }
    make(&new).and_then(|()| fs::rename(&new, at)).map_err(|cause| {
        let _ = fs::remove_file(&new);
        problem("write", at, cause)
    })?;
    println!("written: {}", at.display());
    Ok(())
}

/// Makes a folder and those above it, for everybody to read whatever the umask is.
pub(super) fn folders(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    folder.parent().map_or(Ok(()), folders)?;
    fs::create_dir(folder)?;
    fs::set_permissions(folder, Permissions::from_mode(0o755))
}
