//! A file of the kernel that is read again and again.

use rustix::io::{Errno, pread};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Longest file that is looked at, in bytes: `/proc/stat` of a machine with hundreds of processors fits.
pub(super) const FILE_MAX: usize = 256 << 10;
/// What a buffer grows by, in bytes.
const STEP: usize = 4 << 10;

/// A file that stays open, because opening it costs more than reading it.
#[derive(Debug)]
pub(super) struct Kept {
    path: PathBuf,
    file: Option<File>,
}

impl Kept {
    /// Nothing is opened yet.
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    /// Reads it into `buffer`, which grows if need be. Of a file longer than [`FILE_MAX`] the first whole lines are there.
    ///
    /// # Errors
    /// If it cannot be opened or read. It is opened anew the next time.
    pub(super) fn read<'b>(&mut self, buffer: &'b mut Vec<u8>) -> std::io::Result<&'b [u8]> {
        let file = match self.file.take() {
            Some(file) => file,
            None => File::open(&self.path)?,
        };
        let len = fill(&file, buffer)?;
        self.file = Some(file);
        let text = buffer.get(..len).unwrap_or_default();
        if len < FILE_MAX {
            return Ok(text);
        }
        let end = text.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
        Ok(text.get(..end).unwrap_or_default())
    }
}

fn fill(file: &File, buffer: &mut Vec<u8>) -> Result<usize, Errno> {
    let mut len = 0;
    loop {
        if len == buffer.len() {
            if len >= FILE_MAX {
                return Ok(len);
            }
            buffer.resize(len + STEP, 0);
        }
        match pread(file, buffer.get_mut(len..).unwrap_or_default(), len as u64) {
            Ok(0) => return Ok(len),
            Ok(more) => len += more,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}

/// The beginning of a file that is read once, at most `max` bytes of it; nothing if it cannot be read. Devices and pipes
/// are not waited for.
pub(super) fn once(path: &Path, max: usize) -> Vec<u8> {
    use std::io::Read;
    use std::os::unix::fs::OpenOptionsExt;
    let mut bytes = Vec::new();
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    if let Ok(file) = File::options().read(true).custom_flags(flags).open(path) {
        // What was read before an error is as good as what there is.
        let _ = file.take(max as u64).read_to_end(&mut bytes);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::{FILE_MAX, Kept, once};
    use crate::scratch::Scratch;
    use std::fs;

    #[test]
    fn a_file_is_read_as_it_is_now_and_found_when_it_appears() {
        let scratch = Scratch::new();
        let path = scratch.path().join("stat");
        let (mut kept, mut buffer) = (Kept::new(path.clone()), Vec::new());
        kept.read(&mut buffer).unwrap_err();
        for text in ["one\n", "", "longer\nthan\nbefore\n"] {
            fs::write(&path, text).unwrap();
            assert_eq!(kept.read(&mut buffer).unwrap(), text.as_bytes());
        }
        let kept_open = "y".repeat(10_000);
        fs::write(&path, &kept_open).unwrap();
        assert_eq!(kept.read(&mut buffer).unwrap(), kept_open.as_bytes());
    }

    #[test]
    fn of_a_file_without_end_only_whole_lines_at_its_beginning_are_read() {
        let scratch = Scratch::new();
        let path = scratch.path().join("stat");
        fs::write(&path, "0123456\n".repeat(100_000).split_at(799_999).0).unwrap();
        let (mut kept, mut buffer) = (Kept::new(path.clone()), Vec::new());
        let text = kept.read(&mut buffer).unwrap();
        assert!(text.len() < FILE_MAX && text.len() > FILE_MAX - 9 && text.ends_with(b"\n0123456"));
        fs::write(&path, "x".repeat(1 << 20)).unwrap();
        assert_eq!(kept.read(&mut buffer).unwrap(), b"");
        assert_eq!(buffer.len(), FILE_MAX);
        assert_eq!(once(&path, 10), b"xxxxxxxxxx");
        assert_eq!(once(scratch.path(), 10), b"");
    }
}
