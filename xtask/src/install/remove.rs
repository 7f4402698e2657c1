//! `cargo xtask install --uninstall`: the same table, backwards.

use super::layout::{Item, Layout, What};
use super::options::Options;
use super::{read, system, write};
use crate::process::Problem;
use std::fs;
use std::io::ErrorKind;

/// Removes what was installed. Settings that were changed, the user and the identity stay, the last two unless they are to
/// be purged.
pub(super) fn remove(options: &Options) -> Result<(), Problem> {
    if options.purge && !options.touches_the_system() {
        return Err(Problem::Usage("--purge is for root, and for the system itself".to_owned()));
    }
    let layout = Layout::new(options);
    for item in layout.items() {
        let path = item.at.display();
        match why_kept(item, &layout)? {
            Some(why) => println!("kept: {path} ({why})"),
            None => match fs::remove_file(&item.at) {
                Ok(()) => println!("removed: {path}"),
                Err(cause) if cause.kind() == ErrorKind::NotFound => println!("not there: {path}"),
                Err(cause) => return Err(Problem::Io { attempt: format!("remove {path}"), cause }),
            },
        }
    }
    if options.purge {
        system::purge()?;
    }
    Ok(())
}

/// Why this one is not ours to remove.
fn why_kept(item: &Item, layout: &Layout) -> Result<Option<&'static str>, Problem> {
    if write::is_of_another(item) {
        return Ok(Some("it belongs to another program"));
    }
    let What::Setting(source) = item.what else { return Ok(None) };
    let is_changed = match fs::read(&item.at) {
        Ok(there) => there != layout.adapted(&read(source)?).as_bytes(),
        Err(cause) if cause.kind() == ErrorKind::NotFound => false,
        Err(cause) => return Err(Problem::Io { attempt: format!("read {}", item.at.display()), cause }),
    };
    Ok(is_changed.then_some("it is not as it was installed"))
}
