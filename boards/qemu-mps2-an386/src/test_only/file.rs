//! Files of the host, as a whole.

use core::ffi::CStr;
use core::fmt;
use semihosting::fs::{File, remove_file, rename};
use semihosting::io::{ErrorKind, Read, Write};

/// Where a new version of a file is written before it takes the place of the old one.
const NEW: &CStr = c"new";

/// Why a file of the host cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileError {
    /// The host does not let us.
    Host,
    /// It is larger than we can hold, or not what it should be.
    Content,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "the host of the emulator does not read or write the file",
            Self::Content => "a file in the folder of the emulator is damaged",
        })
    }
}

/// The content of `name`; `None` if there is no such file.
pub(crate) fn read<'b>(name: &CStr, buffer: &'b mut [u8]) -> Result<Option<&'b [u8]>, FileError> {
    let mut file = match File::open(name) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(_) => return Err(FileError::Host),
    };
    let mut len = 0;
    loop {
        let room = buffer.get_mut(len..).unwrap_or_default();
        if room.is_empty() {
            return Err(FileError::Content);
        }
        match file.read(room).map_err(|_| FileError::Host)? {
            0 => return Ok(buffer.get(..len)),
            count => len += count,
        }
    }
}

/// Makes `parts` the content of `name`: all of it or nothing.
pub(crate) fn replace(name: &CStr, parts: &[&[u8]]) -> Result<(), FileError> {
    let write = || -> semihosting::io::Result<()> {
        let mut file = File::create(NEW)?;
        for part in parts {
            file.write_all(part)?;
        }
        drop(file);
        rename(NEW, name)
    };
    write().map_err(|_| FileError::Host)
}

/// Removes `name`, if there is such a file.
pub(crate) fn remove(name: &CStr) -> Result<(), FileError> {
    match remove_file(name) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(FileError::Host),
        _ => Ok(()),
    }
}
