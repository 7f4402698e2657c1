//! What an earlier run of root left behind in a claim directory, so that the daemon could not read it, is given to whom it
//! belongs (protocol.md 1.1, section 7 row 24).

use super::claim_dir::{
    CLAIMED_ID, CLOUD_CONF, CLOUD_FULLCHAIN, NODE_ID, PENDING, PRIVATE_PEM, PUBLIC_PEM, ROOMS, TOKEN, TRUSTED,
    temporary,
};
use super::disk::Dir;
use super::error::{Problem, StoreError};
use super::owner::Owner;
use crate::user::name_of;
use std::path::Path;

/// Everything that has a meaning in a claim directory.
const FILES: [&str; 9] =
    [PRIVATE_PEM, PUBLIC_PEM, CLAIMED_ID, CLOUD_CONF, NODE_ID, PENDING, TOKEN, ROOMS, CLOUD_FULLCHAIN];

/// Those that we write for nobody else to read.
const SECRET: [&str; 2] = [PRIVATE_PEM, CLOUD_CONF];

/// Gives the claim directory at `path`, and the files in it that are ours, to whom root works for. Says what was mended, and
/// what could not be.
///
/// # Errors
/// If the directory cannot be opened, is a link that somebody else made, or may be another directory of root's that somebody
/// else has given this name.
pub(crate) fn repair(path: &Path) -> Result<Vec<String>, StoreError> {
    let Some(owner) = Owner::appointed() else { return Ok(Vec::new()) };
    let Some(mut dir) = Dir::open(path).map_err(|problem| problem.at(path))? else { return Ok(Vec::new()) };
    let is_ours = |name: &str| FILES.into_iter().any(|file| name == file || name == temporary(file)) || name == TRUSTED;
    require_in_place(&dir, path, is_ours)?;
    let mut notes = Vec::new();
    let name = name_of(owner.uid.as_raw());
    let mut tell = |what: &Path, result: Result<Option<u32>, Problem>| match result {
        Ok(None) => {}
        Ok(Some(before)) => {
            notes.push(format!("{} belonged to {}; it belongs to {name} now", what.display(), name_of(before)));
        }
        Err(problem) => notes.push(problem.at(what).to_string()),
    };
    // The files first: as long as the directory is root's own, nobody else can have put them there.
    for file in FILES {
        tell(&path.join(file), dir.give_file_to(file, owner, SECRET.contains(&file)));
    }
    tell(path, dir.give_to(owner));
    Ok(notes)
}

/// Makes sure that this is not just any directory of root's, which whoever may write in the directory above has given its name.
/// What only has files in it whose names are ours (`is_ours`) is our directory.
///
/// # Errors
/// [`Problem::Displaced`] if it may be another one.
pub(crate) fn require_in_place(dir: &Dir, path: &Path, is_ours: impl Fn(&str) -> bool) -> Result<(), StoreError> {
    let Some(owner) = Owner::appointed() else { return Ok(()) };
    let can_be_moved = |above: &Path| Ok(Dir::open(above)?.is_some_and(|above| above.is_shared()));
    let is_displaced = || {
        if owner.uid.is_root() || !dir.belongs_to_root() || !path.parent().map_or(Ok(true), can_be_moved)? {
            return Ok(false);
        }
        Ok(!dir.has_only(is_ours)?)
    };
    match is_displaced().map_err(|problem: Problem| problem.at(path))? {
        true => Err(Problem::Displaced.at(path)),
        false => Ok(()),
    }
}

/// Who cannot write to a claim directory is told so before anything is made anywhere. One that is missing is made later.
pub(crate) fn require_writable(path: &Path) -> Result<(), StoreError> {
    match Dir::open(path).map_err(|problem| problem.at(path))? {
        Some(dir) => dir.require_writable().map_err(|problem| problem.at(path)),
        None => Ok(()),
    }
}
