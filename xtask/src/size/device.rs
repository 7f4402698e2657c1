//! What a board takes, measured on its image and in QEMU against the emulated Cloud.

use super::counter::{self, CLAIM, DECRYPT, Mark, Marks, TLS};
use super::figures::Figures;
use crate::firmware::emulated_cloud::{Cloud, HOST};
use crate::firmware::factory::Device;
use crate::firmware::machine::{Machine, fresh, io};
use crate::firmware::story::{GUID, HOSTNAME, KEY_PATIENCE, LIVE, PATIENCE, asked};
use crate::firmware::{Board, KEY, image as of_image};
use crate::process::{Problem, root};
use std::fs;
use std::path::{Path, PathBuf};

/// How certificate chains are signed: the name that the emulated Cloud has for it, and the figure.
const CHAINS: [(&str, &str); 3] = [("p256", "tls_p256"), ("p384", "tls_p384"), ("rsa", "tls_rsa")];
/// The longest chain that is let in, with the signatures that take most of a stack at its end.
const LONGEST_CHAIN: &str = "--key rsa --intermediates 6";
/// Queries, of which the mean is taken.
const QUERIES: u64 = 10;
/// Bytes of randomness that the board takes from the host.
const ENTROPY_LEN: usize = 32;

/// What the image takes.
pub(super) fn image(figures: &mut Figures, board: &Board, image: &Path) -> Result<(), Problem> {
    let sizes = of_image::sizes(image)?;
    figures.set(board.name, "flash", sizes.flash);
    figures.set(board.name, "ram_static", sizes.ram);
    Ok(())
}

/// What the board takes while it lives: with each kind of chain, and with a key from each of `seeds` seeds.
pub(super) fn run(figures: &mut Figures, board: &Board, image: &Path, seeds: u32) -> Result<(), Problem> {
    let bench = Bench { board, image, plugin: counter::build()? };
    let keys = (1..=seeds).map(|seed| bench.key(figures, seed)).collect::<Result<Vec<u64>, Problem>>()?;
    if let [first, rest @ ..] = keys.as_slice() {
        figures.set(board.name, "key", *first);
        if !rest.is_empty() {
            figures.set(board.name, "key_mean", keys.iter().sum::<u64>() / u64::from(seeds));
        }
    }
    for (chain, name) in CHAINS {
        let marks = bench.link(figures, chain)?;
        figures.set(board.name, name, mean(&counter::costs(&marks, Mark::Stage(TLS)), name)?);
        if chain == "p256" {
            bench.phases(figures, &marks)?;
        }
    }
    bench.live(figures, LONGEST_CHAIN, "stack_longest")?;
    let (fixed, stack) = (figures.get(board.name, "ram_static"), figures.get(board.name, "stack_longest"));
    if let (Some(fixed), Some(stack)) = (fixed, stack) {
        figures.set(board.name, "ram", fixed + stack);
    }
    Ok(())
}

struct Bench<'b> {
    board: &'b Board,
    image: &'b Path,
    plugin: PathBuf,
}

impl Bench<'_> {
    /// What it takes to make the key of `seed`. Whatever the device does before and beside that is little.
    fn key(&self, figures: &mut Figures, seed: u32) -> Result<u64, Problem> {
        let cloud = Cloud::start()?;
        let folder = self.factory(&cloud, None)?;
        let path = folder.join("entropy");
        let entropy = [seed as u8; ENTROPY_LEN];
        fs::write(&path, entropy).map_err(|cause| io("write", &path, cause))?;
        let mut device = self.switch_on(&folder)?;
        device.expect("key: 2 of 2 primes", KEY_PATIENCE)?;
        // The mark comes after what is said of the last prime.
        device.expect(LIVE, PATIENCE)?;
        if seed == 1 {
            self.memory(figures, "stack_peak", &mut device)?;
        }
        drop(device);
        let marks = counter::read(&folder)?;
        let (begin, end) = (counter::begin(&marks, Mark::KeyStep), counter::at(&marks, Mark::KeyMade));
        begin.zip(end).map(|(begin, end)| end - begin).ok_or_else(|| missing("a key that is made"))
    }

    /// A life from the factory to a few queries, with a key, and certificates that are signed like `chain`.
    fn link(&self, figures: &mut Figures, chain: &str) -> Result<Marks, Problem> {
        let (cloud, mut device, folder) = self.live(figures, &format!("--key {chain}"), "stack_peak")?;
        for _ in 0..QUERIES {
            asked(&cloud, &device)?;
        }
        self.memory(figures, "stack_peak", &mut device)?;
        drop(device);
        counter::read(&folder)
    }

    /// A device with a key that is live at a Cloud with these `options`, and what of its stack was used until then, as the figure
    /// `stack`.
    fn live(
        &self,
        figures: &mut Figures,
        options: &str,
        stack: &'static str,
    ) -> Result<(Cloud, Machine, PathBuf), Problem> {
        let cloud = Cloud::start_as(HOST, options)?;
        let folder = self.factory(&cloud, Some(&root().join(KEY)))?;
        let mut device = self.switch_on(&folder)?;
        device.expect(LIVE, PATIENCE)?;
        self.memory(figures, stack, &mut device)?;
        Ok((cloud, device, folder))
    }

    /// What the marks of one life say.
    fn phases(&self, figures: &mut Figures, marks: &Marks) -> Result<(), Problem> {
        let name = self.board.name;
        let decrypt = counter::costs(marks, Mark::Stage(DECRYPT));
        figures.set(name, "decrypt", mean(&decrypt, "a challenge that is decrypted")?);
        let claimed = counter::at(marks, Mark::Claimed);
        let claim = counter::begin(marks, Mark::Purpose(CLAIM)).zip(claimed);
        let (begin, end) = claim.ok_or_else(|| missing("a claim"))?;
        figures.set(name, "claim", end - begin);
        let (begin, end) = claimed.zip(counter::at(marks, Mark::Online)).ok_or_else(|| missing("a link"))?;
        figures.set(name, "link", end - begin);
        let asked: Vec<u64> = marks.iter().filter(|(mark, _)| *mark == Mark::Asked).map(|(_, count)| *count).collect();
        let [begin, end] = asked.as_slice() else { return Err(missing("two times that somebody asked")) };
        figures.set(name, "query", (end - begin) / QUERIES);
        Ok(())
    }

    /// A folder with everything that the device has when it leaves the factory.
    fn factory(&self, cloud: &Cloud, key: Option<&Path>) -> Result<PathBuf, Problem> {
        let folder = fresh(root().join("target/size").join(self.board.name))?;
        let device = Device { hostname: HOSTNAME, guid: GUID, has_token: true, key, claimed: "" };
        device.provision(cloud, &folder)?;
        Ok(folder)
    }

    fn switch_on(&self, folder: &Path) -> Result<Machine, Problem> {
        let machine = self.board.qemu.unwrap_or_default();
        let options = format!("-nic user -plugin {},out={}", self.plugin.display(), counter::FILE);
        Machine::switch_on_with(machine, self.image, folder, &options)
    }

    /// Asks the device how much memory was in use.
    fn memory(&self, figures: &mut Figures, name: &'static str, device: &mut Machine) -> Result<(), Problem> {
        device.type_line("memory")?;
        let said = device.expect("memory: ", PATIENCE)?;
        let line = said.last().map_or("", String::as_str);
        let stack = peak(line, "stack ");
        let stack = stack.ok_or_else(|| device.problem(&format!("it does not tell its memory: {line}")))?;
        figures.raise(self.board.name, name, stack);
        Ok(())
    }
}

/// The number behind the first `peak` behind `what`.
fn peak(line: &str, what: &str) -> Option<u64> {
    let rest = line.split_once(what)?.1.split_once("peak ")?.1;
    rest.split(' ').next()?.parse().ok()
}

fn mean(values: &[u64], what: &str) -> Result<u64, Problem> {
    let count = values.len() as u64;
    values.iter().sum::<u64>().checked_div(count).ok_or_else(|| missing(what))
}

fn missing(what: &str) -> Problem {
    Problem::Findings(vec![format!("the firmware has not marked {what}")])
}

#[cfg(test)]
mod tests {
    use super::peak;

    #[test]
    fn the_peak_is_found_in_the_line_of_the_console() {
        let line = "memory: no heap; stack peak 35632 of 49152 B";
        assert_eq!(peak(line, "stack "), Some(35_632));
        assert_eq!(peak("memory: none", "stack "), None);
    }
}
