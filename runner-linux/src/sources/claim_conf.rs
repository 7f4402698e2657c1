//! `claim.conf`: what a current Agent is told to claim with (protocol.md 1.13). It is read and never written.

use crate::fault::Fault;
use crate::paths::{CLAIM_CONF, Paths};
use crate::settings::Given;
use crate::store::conf::{Conf, without_quotes, yes_or_no};
use crate::store::disk::{Dir, Disk};
use crate::store::error::Problem;
use zeroize::Zeroizing;

const SECTION: &str = "global";
const LIMIT: usize = 64 << 10;

/// What the file says, and what is odd about it. Nothing if it has no token.
///
/// # Errors
/// If it cannot be read, or what it says makes no sense; file and key are named.
pub(crate) fn read(paths: &Paths) -> Result<(Option<Given>, Vec<String>), Fault> {
    let file = paths.claim_conf();
    let directory = paths.config();
    let Some(dir) = Dir::open(directory).map_err(|problem| problem.at(directory))? else {
        return Ok((None, Vec::new()));
    };
    let content = dir.read(CLAIM_CONF, LIMIT).map_err(|problem| problem.at(&file))?;
    let Some(content) = content else { return Ok((None, Vec::new())) };
    let malformed = |expected: String| Fault::from(Problem::Malformed { expected }.at(&file));
    let text = std::str::from_utf8(&content).map_err(|_| malformed("not a text in UTF-8".to_owned()))?;
    let conf = Conf::new(text);
    let mut notes = Vec::new();
    let mut given = Given::default();
    for key in ["url", "token", "rooms", "proxy"] {
        let Some(value) = conf.value(SECTION, key) else { continue };
        let bare = without_quotes(value);
        if bare.is_some() {
            notes.push(format!("[{SECTION}] {key} in {}: the quotes around the value do not count", file.display()));
        }
        let value = Zeroizing::new(bare.unwrap_or(value).to_owned());
        given.take(key, value).map_err(|fault| Fault { cause: at(&file, key, &fault.cause), ..fault })?;
    }
    if let Some(value) = conf.value(SECTION, "insecure") {
        let neither = || malformed(format!("[{SECTION}] insecure is neither yes nor no"));
        given.insecure = yes_or_no(value).ok_or_else(neither)?;
    }
    if given.token.is_none() {
        notes.push(format!("{} has no token, so it claims nothing", file.display()));
        return Ok((None, notes));
    }
    Ok((Some(given), notes))
}

fn at(file: &std::path::Path, key: &str, cause: &str) -> String {
    format!("{}: [{SECTION}] {key}: {cause}", file.display())
}
