//! That nothing in an image allocates: there is no allocator in it, and without one whatever allocates does not link.

use crate::firmware::Board;
use crate::firmware::image;
use crate::process::Problem;
use std::path::{Path, PathBuf};

/// What the functions are called that the compiler calls to allocate (the crate `alloc`, module `alloc`), in the mangled names
/// of an image.
const ALLOCATOR: [&str; 3] = ["__rust_alloc", "__rust_realloc", "__rust_dealloc"];

/// A sentence for each image with an allocator.
pub(super) fn judge(images: &[(&Board, PathBuf)]) -> Result<Vec<String>, Problem> {
    let mut findings = Vec::new();
    for (board, image) in images {
        let found = allocators(image)?;
        if found.is_empty() {
            println!("{}: no allocator is in the image, so nothing in it allocates", board.name);
        } else {
            findings.push(format!("{}: there is a heap again, by {}", board.name, found.join(", ")));
        }
    }
    Ok(findings)
}

fn allocators(image: &Path) -> Result<Vec<String>, Problem> {
    let bytes = image::read(image)?;
    let elf = image::parse(image, &bytes)?;
    Ok(elf.symbols().map(|symbol| symbol.name).filter(|name| is_allocator(name)).collect())
}

fn is_allocator(name: &str) -> bool {
    ALLOCATOR.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::is_allocator;

    #[test]
    fn the_allocator_is_known_by_its_name() {
        assert!(is_allocator("_RNvCs691rhTbG0Ee_7___rustc12___rust_alloc"));
        assert!(is_allocator("_RNvCs691rhTbG0Ee_7___rustc14___rust_dealloc"));
        assert!(!is_allocator("_RNvMNtNtCs1_7smoltcp7storage11ring_bufferINtB2_10RingBufferhE15get_unallocated"));
    }
}
