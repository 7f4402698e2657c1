//! Where our code in an image can panic: every jump to what panics, and every trap, that is in a line of ours. Each has to be
//! in boards/panics.txt, with the reason why nothing from a network brings the program there.
//!
//! What the compiler has proved not to happen is not in the image, so that this is the list of what it could not prove. A trap
//! where it knows that nobody comes is one, too.

mod lines;
mod permitted;
mod sites;
mod thumb;

use crate::firmware::Board;
use crate::firmware::image;
use crate::process::{Problem, is_installed};
use crate::setup::ADDR2LINE;
use lines::Frame;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A place in our code that may panic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// From the root of the repository.
    file: String,
    /// The name of the function, without its path and what it is generic over.
    function: String,
    /// What panics there: the name of a function of the core library, or `trap`.
    how: String,
    /// The number of the line, for people only: it changes with every change above.
    line: String,
}

/// The places in the images that are not permitted, a sentence each. If these are not `all` images, others may need what none of
/// these does.
pub(super) fn judge(images: &[(&Board, PathBuf)], all: bool) -> Result<Vec<String>, Problem> {
    if !is_installed(ADDR2LINE) {
        println!("skipped: where boards may panic, {ADDR2LINE} is missing");
        return Ok(Vec::new());
    }
    let mut places = BTreeSet::new();
    for (board, image) in images {
        let found = find(image)?;
        println!("{}: {} places in lines of ours can panic as far as the compiler knows", board.name, found.len());
        places.extend(found);
    }
    permitted::judge(&places, all)
}

fn find(image: &Path) -> Result<BTreeSet<Place>, Problem> {
    let bytes = image::read(image)?;
    let elf = image::parse(image, &bytes)?;
    let Some(code) = elf.code() else {
        return Err(Problem::Findings(vec![format!("{}: no code in it", image.display())]));
    };
    let sites = sites::find(&code);
    let frames = lines::look_up(image, sites.iter().flat_map(|site| [Some(site.at), site.to]).flatten())?;
    let frames = |address: u32| frames.get(&address).map_or(&[][..], Vec::as_slice);
    Ok(sites.iter().filter_map(|site| place(frames(site.at), site.to.map(frames))).collect())
}

/// The place, if it is in a line of ours. `frames` are those of the jump or trap, what is inlined first; `to` those of where the
/// jump goes.
fn place(frames: &[Frame], to: Option<&[Frame]>) -> Option<Place> {
    let inside_core = frames.iter().take_while(|frame| frame.is_core()).last();
    let ours = frames.iter().find(|frame| !frame.is_core())?;
    let file = ours.ours()?;
    let how = match to {
        // The function itself is the outermost.
        Some(to) => to.last().map_or("?", Frame::name),
        None => inside_core.map_or("trap", Frame::name),
    };
    let [file, function, how, line] = [file, ours.name(), how, ours.line()].map(str::to_owned);
    Some(Place { file, function, how, line })
}

#[cfg(test)]
mod tests {
    use super::lines::Frame;
    use super::place;

    fn frame(function: &str, file: &str) -> Frame {
        Frame::new(function, file)
    }

    #[test]
    fn a_place_is_ours_if_only_the_core_library_is_inside() {
        let core = frame("core::slice::copy_from_slice", "/rust/library/core/src/slice/mod.rs:1");
        let ours = frame("<aclk_core::wire::Window>::put::<u8>", "core/src/wire/parts.rs:20");
        let other = frame("smoltcp::emit", "/registry/smoltcp-0.13/src/wire.rs:3");
        let panic = frame("core::panicking::panic_fmt", "/rust/library/core/src/panicking.rs:1");

        let found = place(&[core.clone(), ours.clone()], Some(std::slice::from_ref(&panic))).unwrap();
        assert_eq!((found.file.as_str(), found.function.as_str()), ("core/src/wire/parts.rs", "put"));
        assert_eq!(found.how, "panic_fmt");
        assert_eq!(place(&[other.clone(), ours.clone()], Some(std::slice::from_ref(&panic))), None);
        assert_eq!(place(&[core.clone(), ours.clone()], None).unwrap().how, "copy_from_slice");
        assert_eq!(place(std::slice::from_ref(&ours), None).unwrap().how, "trap");
        assert_eq!(place(&[core], None), None);
        assert_eq!(place(&[], None), None);
    }
}
