//! On which machine the identity was used last. One that turns up on another machine may be a copy: then two machines take
//! turns (protocol.md section 7, row 11). That is explained and not refused, since a disk or volume may also have moved.
//!
//! A machine is told by three marks, as far as there are any: `/etc/machine-id`, which every installation has; the UUID of its
//! hardware, which only root can read; the permanent addresses of its network cards, which a copied virtual machine has new
//! ones of. A container usually has no machine id and no card: its marks are those of the machine below it, if it may see
//! them, and not its name or its addresses, which every new container has new ones of. They are stored as hashes.

use crate::store::conf::Conf;
use crate::store::disk::{Dir, Disk};
use crate::store::error::{Problem, StoreError};
use aclk_core::identity::guid::Guid;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

/// What is said of an identity that was used elsewhere before.
pub(crate) const ELSEWHERE: &str = "this identity was last used on another machine (a cloned disk, volume or container?): if \
    that one still runs, unclaim one of the two, delete its claim.d and machine GUID, and claim it again with a new -id";

pub(crate) const FILE: &str = "last-used-on";
const TEMPORARY: &str = ".last-used-on.new";
const MODE: u32 = 0o644;
const LIMIT: usize = 4_096;
/// Longest mark that is read, in bytes.
const MARK_MAX: usize = 128;
/// The most network cards that are looked at.
const CARDS: usize = 16;

/// What tells one machine from another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Marks {
    machine: Option<String>,
    hardware: Option<String>,
    cards: Vec<String>,
}

/// Reads the marks of this machine, once: with the rights that the process has when it is called first.
pub(crate) fn look_around() {
    let _ = here();
}

fn here() -> &'static Marks {
    static HERE: OnceLock<Marks> = OnceLock::new();
    HERE.get_or_init(|| Marks::of_machine(Path::new("/")))
}

/// Notes in `directory` that `identity` is used here. Says whether it was used on another machine before.
///
/// # Errors
/// If the note cannot be read or written.
pub(crate) fn was_elsewhere(directory: &Path, identity: Guid) -> Result<bool, StoreError> {
    note(directory, identity, &here().hidden_for(identity))
}

fn note(directory: &Path, identity: Guid, here: &Marks) -> Result<bool, StoreError> {
    let at = |problem: Problem| problem.at(directory.join(FILE));
    let Some(mut dir) = Dir::open(directory).map_err(|problem| problem.at(directory))? else { return Ok(false) };
    let found = dir.read(FILE, LIMIT).map_err(at)?;
    let found = Conf::new(String::from_utf8_lossy(&found.unwrap_or_default()));
    // Another claim begins anew.
    let is_same = found.value("", "claimed_id").and_then(|id| Guid::parse(id).ok()) == Some(identity);
    let before = if is_same { Marks::read(&found) } else { Marks::default() };
    let now = before.with(here);
    if !is_same || now != before {
        let text = format!("claimed_id = {identity}\n{}", now.text());
        dir.remove(TEMPORARY).map_err(at)?;
        let mut file = dir.create(TEMPORARY, MODE).map_err(at)?;
        dir.write(&mut file, text.as_bytes()).map_err(at)?;
        dir.rename(TEMPORARY, FILE).map_err(at)?;
    }
    Ok(before.is_another(here))
}

impl Marks {
    /// Those of the machine whose files are below `root`.
    fn of_machine(root: &Path) -> Self {
        let net = fs::read_dir(root.join("sys/class/net")).into_iter().flatten().flatten();
        let mut cards: Vec<String> = net.filter_map(|card| permanent_address(&card.path())).take(CARDS).collect();
        cards.sort_unstable();
        Self {
            machine: mark(&root.join("etc/machine-id")),
            hardware: mark(&root.join("sys/class/dmi/id/product_uuid")),
            cards,
        }
    }

    /// The same as hashes that say nothing about the machine, and are others for every identity.
    fn hidden_for(&self, identity: Guid) -> Self {
        let hide = |mark: &String| {
            let digest = Sha256::digest(format!("{identity} {mark}").as_bytes());
            digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        Self {
            machine: self.machine.as_ref().map(hide),
            hardware: self.hardware.as_ref().map(hide),
            cards: self.cards.iter().map(hide).collect(),
        }
    }

    fn read(conf: &Conf) -> Self {
        let mark = |key| conf.value("", key).map(str::to_owned);
        let cards = conf.value("", "cards").unwrap_or_default();
        Self {
            machine: mark("machine"),
            hardware: mark("hardware"),
            cards: cards.split_whitespace().map(str::to_owned).collect(),
        }
    }

    fn text(&self) -> String {
        let line = |key: &str, mark: Option<&str>| mark.map_or_else(String::new, |mark| format!("{key} = {mark}\n"));
        let cards = self.cards.join(" ");
        line("machine", self.machine.as_deref())
            + &line("hardware", self.hardware.as_deref())
            + &line("cards", Some(cards.as_str()).filter(|cards| !cards.is_empty()))
    }

    /// These, and what else is known from before: not every start may see everything.
    fn with(&self, here: &Self) -> Self {
        if self.is_another(here) {
            return here.clone();
        }
        Self {
            machine: here.machine.clone().or_else(|| self.machine.clone()),
            hardware: here.hardware.clone().or_else(|| self.hardware.clone()),
            cards: if here.cards.is_empty() { self.cards.clone() } else { here.cards.clone() },
        }
    }

    /// Whether the other ones are certainly those of another machine. A card that was replaced makes no other machine of one
    /// whose hardware says that it is the same.
    fn is_another(&self, other: &Self) -> bool {
        let differ = |a: &Option<String>, b: &Option<String>| matches!((a, b), (Some(a), Some(b)) if a != b);
        let is_known = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some();
        if differ(&self.machine, &other.machine) || differ(&self.hardware, &other.hardware) {
            return true;
        }
        let both_have_cards = !self.cards.is_empty() && !other.cards.is_empty();
        let share_one = self.cards.iter().any(|card| other.cards.contains(card));
        !is_known(&self.hardware, &other.hardware) && both_have_cards && !share_one
    }
}

/// The content of a small file with one word.
fn mark(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let text = text.trim();
    // What says that there is nothing to say: "uninitialized", all zeros or ones.
    let is_mark = text.bytes().filter(u8::is_ascii_hexdigit).any(|digit| !matches!(digit, b'0' | b'f' | b'F'));
    (text.len() <= MARK_MAX
        && is_mark
        && text.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'-' | b':')))
    .then(|| text.to_ascii_lowercase())
}

/// The address that a card of this machine was made with.
fn permanent_address(card: &Path) -> Option<String> {
    let is_hardware = card.join("device").exists();
    let kind = fs::read_to_string(card.join("addr_assign_type")).ok()?;
    if is_hardware && kind.trim() == "0" { mark(&card.join("address")) } else { None }
}

#[cfg(test)]
mod tests {
    use super::{Marks, note};
    use crate::scratch::Scratch;
    use aclk_core::identity::guid::Guid;
    use std::fs;

    fn marks(machine: &str, hardware: &str, cards: &[&str]) -> Marks {
        let known = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Marks {
            machine: known(machine),
            hardware: known(hardware),
            cards: cards.iter().map(|card| (*card).to_owned()).collect(),
        }
    }

    #[test]
    fn another_machine_is_told_by_what_cannot_be_copied() {
        let here = marks("m", "h", &["c", "d"]);
        for (other, is_another, what) in [
            (marks("m", "h", &["c", "d"]), false, "the same"),
            (marks("n", "h", &["c", "d"]), true, "another installation"),
            (marks("m", "i", &["c"]), true, "a disk in other hardware"),
            (marks("m", "", &["e"]), true, "a copied virtual machine, seen without rights"),
            (marks("m", "h", &["e"]), false, "a new card"),
            (marks("m", "", &["d", "e"]), false, "one of two cards"),
            (marks("m", "", &[]), false, "a container that may see less"),
            (marks("", "", &[]), false, "one that may see nothing"),
        ] {
            assert_eq!((here.is_another(&other), other.is_another(&here)), (is_another, is_another), "{what}");
        }
    }

    #[test]
    fn it_is_told_once_and_for_each_claim() {
        let scratch = Scratch::new();
        let id = Guid::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").unwrap();
        let other = Guid::parse("bbbbbbbb-bbbb-4ccc-8ddd-eeeeeeeeeeee").unwrap();
        let (first, second) = (marks("m", "h", &["c"]), marks("n", "", &["d"]));
        let note = |id, marks: &Marks| note(scratch.path(), id, marks).unwrap();
        assert!(!note(id, &first) && !note(id, &marks("", "", &[])) && !note(id, &first));
        assert!(note(id, &second), "it has moved");
        assert!(!note(id, &second), "it is at home here now");
        assert!(note(id, &first), "they take turns");
        assert!(!note(other, &second), "claimed anew");
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_machine_does_not_say_is_no_mark() {
        let scratch = Scratch::new();
        let root = scratch.path();
        for folder in
            ["etc", "sys/class/dmi/id", "sys/class/net/eth0/device", "sys/class/net/veth0", "sys/class/net/lo"]
        {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        for (file, content) in [
            ("etc/machine-id", "uninitialized\n"),
            ("sys/class/dmi/id/product_uuid", "00000000-0000-0000-0000-000000000000\n"),
            ("sys/class/net/eth0/address", "52:54:00:12:34:56\n"),
            ("sys/class/net/eth0/addr_assign_type", "0\n"),
            ("sys/class/net/veth0/address", "02:42:ac:11:00:02\n"),
            ("sys/class/net/veth0/addr_assign_type", "3\n"),
            ("sys/class/net/lo/address", "00:00:00:00:00:00\n"),
            ("sys/class/net/lo/addr_assign_type", "0\n"),
        ] {
            fs::write(root.join(file), content).unwrap();
        }
        assert_eq!(Marks::of_machine(root), marks("", "", &["52:54:00:12:34:56"]));
        fs::write(root.join("etc/machine-id"), "3d1219c7c4c5404aaa1f6d2a48adfda4\n").unwrap();
        let found = Marks::of_machine(root);
        assert_eq!(found.machine.as_deref(), Some("3d1219c7c4c5404aaa1f6d2a48adfda4"));
        let id = Guid::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").unwrap();
        let hidden = found.hidden_for(id).text();
        assert!(!hidden.contains("3d1219c7") && !hidden.contains("52:54"), "{hidden}");
    }
}
