//! The machine GUID: who this machine is, whatever it is claimed as.

use crate::fault::{Fault, exit};
use crate::store::disk::{Dir, Disk};
use crate::store::error::{Problem, StoreError};
use crate::store::lock::Lock;
use aclk_core::identity::guid::Guid;
use aclk_core::stage::Stage;
use rand_core::CryptoRng;
use rustix::fs::Mode;
use std::path::Path;
use std::time::Duration;

/// 36 characters and no end of line (protocol.md 1.1).
const FILE: &str = "netdata.public.unique.id";
const TEMPORARY: &str = ".netdata.public.unique.id.new";
/// The directory is open to everybody, this is not.
const LOCK: &str = ".netdata.public.unique.id.lock";
const FILE_MODE: u32 = 0o644;
const DIRECTORY_MODE: Mode = Mode::from_raw_mode(0o755);
const LIMIT: usize = 64;
const PATIENCE: Duration = Duration::from_secs(2);

/// The machine GUID in `registry`. A random one is stored if there is none, or one that many machines are known to
/// share (protocol.md 1.3): `tell` is then told.
pub(crate) fn load_or_create(
    registry: &Path,
    rng: &mut dyn CryptoRng,
    tell: impl FnOnce(String),
) -> Result<Guid, Fault> {
    let found = look(registry)?;
    if let Some(guid) = found.filter(|guid| !guid.is_known_clone()) {
        return Ok(guid);
    }
    let guid = create(registry, rng)?;
    if let Some(shared) = found {
        let file = registry.join(FILE);
        tell(format!(
            "the machine GUID {shared} in {} was shipped in images and is that of many machines; it is {guid} from now on",
            file.display()
        ));
    }
    Ok(guid)
}

/// The machine GUID as it is stored, one that many machines share included. Nothing is made.
///
/// # Errors
/// If it cannot be read, or is none.
pub(crate) fn look(registry: &Path) -> Result<Option<Guid>, Fault> {
    match Dir::open(registry).map_err(|problem| problem.at(registry)) {
        Ok(Some(dir)) => read_in(&dir, registry),
        Ok(None) => Ok(None),
        Err(error) => Err(fault(error)),
    }
}

fn read_in(dir: &Dir, registry: &Path) -> Result<Option<Guid>, Fault> {
    let path = registry.join(FILE);
    let Some(content) = dir.read(FILE, LIMIT).map_err(|problem| fault(problem.at(&path)))? else { return Ok(None) };
    match Guid::parse(&String::from_utf8_lossy(&content)) {
        Ok(guid) => Ok(Some(guid)),
        Err(error) => {
            let expected = format!("should hold the machine GUID, but: {error} (remove the file to get a new one)");
            Err(fault(Problem::Malformed { expected }.at(&path)))
        }
    }
}

fn create(registry: &Path, rng: &mut dyn CryptoRng) -> Result<Guid, Fault> {
    let mode = match Dir::open(registry) {
        Ok(Some(dir)) => dir.mode(),
        _ => DIRECTORY_MODE,
    };
    let mut dir = Dir::open_or_create_with_parent(registry, mode).map_err(|problem| fault(problem.at(registry)))?;
    let _lock = Lock::take_file(&dir, LOCK, PATIENCE).map_err(|problem| fault(problem.at(registry)))?;
    // Another process may have been faster.
    if let Some(guid) = read_in(&dir, registry)?.filter(|guid| !guid.is_known_clone()) {
        return Ok(guid);
    }
    let guid = Guid::random(rng);
    write(&mut dir, guid).map_err(|problem| fault(problem.at(registry.join(FILE))))?;
    Ok(guid)
}

fn write(dir: &mut Dir, guid: Guid) -> Result<(), Problem> {
    dir.remove(TEMPORARY)?;
    let mut file = dir.create(TEMPORARY, FILE_MODE)?;
    dir.write(&mut file, guid.text().as_bytes())?;
    dir.sync(&mut file)?;
    dir.rename(TEMPORARY, FILE)?;
    dir.sync_names()
}

fn fault(error: StoreError) -> Fault {
    let stage = if error.is_permission() { Stage::Permission } else { Stage::Storage };
    let hint = if error.is_busy() {
        "another process is making one: do the same again when it has ended"
    } else {
        "set NETDATA_VARLIB_DIR to a directory that can be written to"
    };
    Fault::new(stage, format_args!("there is no machine GUID: {error}")).hint(hint).code(exit::MACHINE_GUID)
}

#[cfg(test)]
mod tests {
    use super::{FILE, load_or_create};
    use crate::fault::exit;
    use crate::random::host_rng;
    use crate::scratch::Scratch;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_missing_guid_is_made_once() {
        let scratch = Scratch::new();
        let registry = scratch.path().join("lib/registry");
        let first = load_or_create(&registry, &mut host_rng(), drop).unwrap();
        assert_eq!(fs::read_to_string(registry.join(FILE)).unwrap(), first.to_string());
        assert_eq!(load_or_create(&registry, &mut host_rng(), drop).unwrap(), first);
        assert_eq!(fs::metadata(registry.join(FILE)).unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(fs::read_dir(&registry).unwrap().count(), 1);
    }

    #[test]
    fn the_guid_of_an_original_agent_is_kept() {
        let scratch = Scratch::new();
        let text = "0f0e0d0c-0b0a-4908-8706-050403020100";
        fs::write(scratch.path().join(FILE), format!("{text}\n")).unwrap();
        assert_eq!(load_or_create(scratch.path(), &mut host_rng(), drop).unwrap().to_string(), text);
    }

    #[test]
    fn a_guid_that_cloned_machines_share_is_replaced() {
        let scratch = Scratch::new();
        fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o711)).unwrap();
        for clone in ["8a795b0c-2311-11e6-8563-000c295076a6", "4aed1458-1c3e-11e6-a53f-000c290fc8f5"] {
            fs::write(scratch.path().join(FILE), clone).unwrap();
            let mut told = String::new();
            let guid = load_or_create(scratch.path(), &mut host_rng(), |note| told = note).unwrap();
            assert!(told.contains(clone) && told.contains(&guid.to_string()), "{told}");
            assert_ne!(guid.to_string(), clone);
            assert_eq!(fs::read_to_string(scratch.path().join(FILE)).unwrap(), guid.to_string());
        }
        assert_eq!(fs::metadata(scratch.path()).unwrap().permissions().mode() & 0o777, 0o711, "not our directory");
    }

    #[test]
    fn a_damaged_guid_is_not_overwritten() {
        let scratch = Scratch::new();
        fs::write(scratch.path().join(FILE), "half a gu").unwrap();
        let fault = load_or_create(scratch.path(), &mut host_rng(), drop).unwrap_err();
        assert_eq!(fault.code, exit::MACHINE_GUID);
        assert!(fault.to_string().contains(FILE) && fault.to_string().contains("remove the file"), "{fault}");
        assert_eq!(fs::read_to_string(scratch.path().join(FILE)).unwrap(), "half a gu");
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_named() {
        let scratch = Scratch::new();
        fs::write(scratch.path().join("lib"), "").unwrap();
        let fault = load_or_create(&scratch.path().join("lib/registry"), &mut host_rng(), drop).unwrap_err();
        assert_eq!(fault.code, exit::MACHINE_GUID);
        assert!(fault.hint.contains("NETDATA_VARLIB_DIR"));
    }
}
