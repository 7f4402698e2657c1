//! `aclk provision`: makes the flash images of a series of devices, for a factory line.

mod device;
mod image;
mod table;

use super::print;
use crate::args::Args;
use crate::fault::Fault;
use crate::manual::pages;
use crate::random;
use crate::report::screen::Screen;
use aclk_core::stage::Stage;
use aclk_firmware::flash::PAGES_MIN;
use device::{Geometry, KeySource, Provision, certificates};
use rustls_pki_types::CertificateDer;
use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write, stderr};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use table::{TABLE_MAX, Wrong};
use zeroize::Zeroizing;

/// Who is not the owner of an image has no business with the secrets in it.
const FILE_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;
/// The most pages a store can have.
const PAGES_MAX: usize = 64;
/// Lines of a table that are told of when they are wrong.
const TOLD_MAX: usize = 20;

#[derive(Debug)]
struct Options {
    table: PathBuf,
    directory: PathBuf,
    anchors: Option<PathBuf>,
    geometry: Geometry,
    force: bool,
}

/// Runs the command. What was made goes to standard output, a line for each device.
pub(crate) fn run(arguments: Vec<OsString>) -> u8 {
    let outcome = parse(arguments).and_then(|options| match options {
        Some(options) => provision(&options),
        None => {
            print(pages::PROVISION);
            Ok(())
        }
    });
    match outcome {
        Ok(()) => 0,
        Err(fault) => {
            Screen::new(stderr()).fault(&fault);
            fault.code
        }
    }
}

fn parse(arguments: Vec<OsString>) -> Result<Option<Options>, Fault> {
    let (mut table, mut directory, mut anchors, mut force) = (None, None, None, false);
    let mut geometry = Geometry { pages: 4, page: 4096, word: 4 };
    let mut args = Args::of(&pages::PROVISION, arguments);
    while let Some(argument) = args.next()? {
        match argument.name() {
            "help" | "h" => return Ok(None),
            "csv" => table = Some(PathBuf::from(argument.value()?.as_str())),
            "out" => directory = Some(PathBuf::from(argument.value()?.as_str())),
            "anchors" => anchors = Some(PathBuf::from(argument.value()?.as_str())),
            "pages" => geometry.pages = number("--pages", &argument.value()?)?,
            "page-size" => geometry.page = number("--page-size", &argument.value()?)?,
            "word-size" => geometry.word = number("--word-size", &argument.value()?)?,
            "force" => {
                argument.flag()?;
                force = true;
            }
            _ => return Err(argument.unknown()),
        }
    }
    let table = table.ok_or_else(|| args.wrong("--csv is missing: the table of the devices"))?;
    let directory = directory.ok_or_else(|| args.wrong("--out is missing: where the images go"))?;
    if !(PAGES_MIN..=PAGES_MAX).contains(&geometry.pages) {
        return Err(args.wrong(format_args!("--pages is not a number from {PAGES_MIN} to {PAGES_MAX}")));
    }
    if !Geometry::KNOWN.contains(&(geometry.page, geometry.word)) {
        let known: Vec<_> = Geometry::KNOWN.iter().map(|(page, word)| format!("{page} with {word}")).collect();
        return Err(args.wrong(format_args!("--page-size and --word-size are none of: {}", known.join(", "))));
    }
    Ok(Some(Options { table, directory, anchors, geometry, force }))
}

fn number(option: &str, text: &str) -> Result<usize, Fault> {
    let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let number = digits.and_then(|digits| digits.parse().ok());
    number.ok_or_else(|| Fault::usage(format_args!("{option} is not a number")))
}

/// Checks everything first. Only then is anything written.
fn provision(options: &Options) -> Result<(), Fault> {
    let mut rng = random::rng()?;
    let devices = devices(options, &mut rng)?;
    let anchors = match &options.anchors {
        Some(path) => {
            let wrong = |cause: &dyn std::fmt::Display| Fault::usage(format_args!("{}: {cause}", path.display()));
            certificates(&fs::read(path).map_err(|error| wrong(&error))?).map_err(|cause| wrong(&cause))?
        }
        None => Vec::new(),
    };
    if !options.force {
        let there = devices.iter().map(|device| file(options, device)).find(|path| path.symlink_metadata().is_ok());
        if let Some(path) = there {
            return Err(exists(&path));
        }
    }
    let at =
        |path: &Path, error: &std::io::Error| Fault::new(Stage::Storage, format_args!("{}: {error}", path.display()));
    DirBuilder::new()
        .recursive(true)
        .mode(DIRECTORY_MODE)
        .create(&options.directory)
        .map_err(|error| at(&options.directory, &error))?;
    for device in &devices {
        let path = file(options, device);
        let image = image(device, options, &anchors, &mut rng)?;
        write(&path, &image, options.force).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => exists(&path),
            _ => at(&path, &error),
        })?;
        let key = match device.key {
            KeySource::Device => "made by the device",
            KeySource::Generate => "generated",
            KeySource::Given(_) => "given",
        };
        print(format_args!("{} {} key: {key}", path.display(), device.guid));
    }
    Ok(())
}

fn file(options: &Options, device: &Provision) -> PathBuf {
    options.directory.join(format!("{}.bin", device.hostname))
}

fn exists(path: &Path) -> Fault {
    let hint = "--force replaces it; a device that was made from it would have lost its key";
    Fault::new(Stage::Storage, format_args!("{} is there already: nothing was written over", path.display())).hint(hint)
}

fn devices(options: &Options, rng: &mut impl rand_core::CryptoRng) -> Result<Vec<Provision>, Fault> {
    let path = &options.table;
    let wrong = |cause: &dyn std::fmt::Display| Fault::usage(format_args!("{}: {cause}", path.display()));
    let mut text = Zeroizing::new(String::new());
    let mut table = File::open(path).map_err(|error| wrong(&error))?.take(TABLE_MAX + 1);
    table.read_to_string(&mut text).map_err(|error| wrong(&error))?;
    if text.len() as u64 > TABLE_MAX {
        return Err(wrong(&format_args!("longer than {TABLE_MAX} bytes")));
    }
    let rows = table::read(&text).map_err(|list| malformed(path, &list))?;
    let base = path.parent().unwrap_or(Path::new(""));
    let (mut devices, mut wrongs) = (Vec::new(), Vec::new());
    let (mut names, mut guids) = (HashSet::new(), HashSet::new());
    for row in &rows {
        match Provision::read(row, base, rng) {
            // Some file systems do not tell capital letters from small ones.
            Ok(device) if !names.insert(device.hostname.to_ascii_lowercase()) => {
                wrongs.push(Wrong::new(row.line, "the hostname is there twice"));
            }
            Ok(device) if !guids.insert(device.guid) => wrongs.push(Wrong::new(row.line, "the guid is there twice")),
            Ok(device) => devices.push(device),
            Err(wrong) => wrongs.push(wrong),
        }
    }
    if wrongs.is_empty() { Ok(devices) } else { Err(malformed(path, &wrongs)) }
}

/// Names the lines, none of their content.
fn malformed(path: &Path, list: &[Wrong]) -> Fault {
    let lines: Vec<_> =
        list.iter().take(TOLD_MAX).map(|Wrong { line, cause }| format!("line {line}: {cause}")).collect();
    let more = match list.len().saturating_sub(TOLD_MAX) {
        0 => String::new(),
        more => format!("\n  and {more} more"),
    };
    Fault::usage(format_args!("{}:\n  {}{more}", path.display(), lines.join("\n  "))).hint("nothing was written")
}

fn image(
    device: &Provision,
    options: &Options,
    anchors: &[CertificateDer<'_>],
    rng: &mut impl rand_core::CryptoRng,
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let image = device.image(options.geometry, anchors, rng);
    image.map_err(|cause| Fault::new(Stage::Storage, format_args!("{}: {cause}", device.hostname)))
}

/// All of it or nothing, readable by its owner only.
fn write(path: &Path, image: &[u8], force: bool) -> std::io::Result<()> {
    let temporary = path.with_extension("bin.new");
    let create = |path: &Path| OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path);
    // What an earlier run that was killed has left.
    if let Err(error) = fs::remove_file(&temporary)
        && error.kind() != ErrorKind::NotFound
    {
        return Err(error);
    }
    let written = create(&temporary).and_then(|mut file| {
        file.write_all(image)?;
        file.sync_all()?;
        // A link does not replace what is there; a rename does.
        if force { fs::rename(&temporary, path) } else { fs::hard_link(&temporary, path) }
    });
    if !force || written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}
