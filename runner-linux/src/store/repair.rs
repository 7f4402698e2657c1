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

/// Gives the claim directory at `path`, and the files in it that are ours, to whom root works for. Says what was mended, and
/// what could not be.
///
/// # Errors
/// If the directory cannot be opened, is a link that somebody else made, or may be another directory of root's that somebody
/// else has given this name.
pub(crate) fn repair(path: &Path) -> Result<Vec<String>, StoreError> {
    let Some(owner) = Owner::appointed() else { return Ok(Vec::new()) };
    let Some(mut dir) = Dir::open(path).map_err(|problem| problem.at(path))? else { return Ok(Vec::new()) };
    if is_displaced(&dir, path, owner).map_err(|problem| problem.at(path))? {
        return Err(Problem::Displaced.at(path));
    }
    let mut notes = Vec::new();
    let name = name_of(owner.uid.as_raw());
    let mut tell = |what: &Path, result: Result<Option<u32>, Problem>| match result {
        Ok(None) => {}
        Ok(Some(before)) => {
            notes.push(format!("{} belonged to {}; it belongs to {name} now", what.display(), name_of(before)));
        }
        Err(problem) => notes.push(problem.at(what).to_string()),
    };
    tell(path, dir.give_to(owner));
    for file in FILES {
        tell(&path.join(file), dir.give_file_to(file, owner));
    }
    Ok(notes)
}

/// Whether this may be any directory of root's: whoever may write in the directory above can give it another name. What only
/// has the files of a claim in it is a claim directory.
fn is_displaced(dir: &Dir, path: &Path, owner: Owner) -> Result<bool, Problem> {
    let can_be_moved = |above: &Path| Ok(Dir::open(above)?.is_some_and(|above| above.is_shared()));
    if owner.uid.is_root() || !dir.belongs_to_root() || !path.parent().map_or(Ok(true), can_be_moved)? {
        return Ok(false);
    }
    let is_ours = |name: &str| FILES.into_iter().any(|file| name == file || name == temporary(file)) || name == TRUSTED;
    Ok(!dir.has_only(is_ours)?)
}

/// Who cannot write to a claim directory is told so before anything is made anywhere. One that is missing is made later.
pub(crate) fn require_writable(path: &Path) -> Result<(), StoreError> {
    match Dir::open(path).map_err(|problem| problem.at(path))? {
        Some(dir) => dir.require_writable().map_err(|problem| problem.at(path)),
        None => Ok(()),
    }
}
