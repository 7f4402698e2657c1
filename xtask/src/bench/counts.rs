//! Instructions of each codec and each phase of the handshake, counted by callgrind, and what they were before.
//!
//! A compiler of another version makes other instructions, so a baseline counts for the compiler that it was made with.

use super::figures::Figures;
use crate::process::{Problem, Process, is_installed, root, target_folder};
use std::fs;

const BASELINE: &str = "xtask/bench/baseline.txt";
/// Parts in a thousand that a count may differ from the baseline. Certificates and signatures of the TLS handshake are
/// new each time; everything else is the same in every run.
const TOLERANCE: u64 = 30;
const REFRESH: &str = "cargo xtask bench --counts --write";

/// Counts, shows, and makes that the baseline if it is to be `written`.
pub(super) fn run(written: bool) -> Result<(), Problem> {
    let Some(counts) = count()? else { return Ok(()) };
    let before = baseline()?;
    for (name, now) in &counts {
        let was = before.of(name).map_or_else(|| "new".to_owned(), |was| format!("was {was}"));
        println!("{name:<20} {now:>12}  {was}");
    }
    if written {
        let lines: String = counts.iter().map(|(name, count)| format!("{name} {count}\n")).collect();
        let text = format!("# Instructions. Made by `{REFRESH}`\n# {}\n{lines}", compiler()?);
        fs::write(root().join(BASELINE), text)
            .map_err(|cause| Problem::Io { attempt: format!("write {BASELINE}"), cause })?;
    }
    Ok(())
}

/// Puts the counts among the figures.
pub(super) fn measure(figures: &mut Figures) -> Result<(), Problem> {
    for (name, count) in count()?.unwrap_or_default() {
        figures.set(&format!("{name}_instr"), count);
    }
    Ok(())
}

/// What takes more or less than the baseline says, a line each.
pub(super) fn compare() -> Result<Vec<String>, Problem> {
    let (before, compiler) = (baseline()?, compiler()?);
    if before.compiler != compiler {
        println!(
            "skipped: {BASELINE} is of {:?}, and this is {compiler:?}; `{REFRESH}` makes a new one",
            before.compiler
        );
        return Ok(Vec::new());
    }
    let Some(counts) = count()? else { return Ok(Vec::new()) };
    Ok(before.differences(&counts))
}

/// What it was.
#[derive(Debug, Default, PartialEq, Eq)]
struct Baseline {
    compiler: String,
    counts: Vec<(String, u64)>,
}

impl Baseline {
    fn parse(text: &str) -> Self {
        let compiler = text.lines().find_map(|line| line.strip_prefix("# rustc")).unwrap_or_default();
        let count = |line: &str| {
            let (name, count) = line.split_once(' ')?;
            Some((name.to_owned(), count.trim().parse().ok()?))
        };
        Self { compiler: format!("rustc{compiler}"), counts: text.lines().filter_map(count).collect() }
    }

    fn of(&self, name: &str) -> Option<u64> {
        self.counts.iter().find(|(known, _)| known == name).map(|(_, count)| *count)
    }

    fn differences(&self, now: &[(String, u64)]) -> Vec<String> {
        let mut findings = Vec::new();
        for (name, count) in now {
            let Some(was) = self.of(name) else {
                findings.push(format!("{BASELINE} does not have {name}; `{REFRESH}` adds it"));
                continue;
            };
            if count.abs_diff(was) * 1_000 > was * TOLERANCE {
                let percent = (*count as f64 / was as f64 - 1.0) * 100.0;
                findings.push(format!(
                    "{name} takes {count} instructions, {percent:+.1} % of the {was} of {BASELINE}; if that is meant to be, \
                     `{REFRESH}`"
                ));
            }
        }
        findings
    }
}

fn baseline() -> Result<Baseline, Problem> {
    let text = fs::read_to_string(root().join(BASELINE));
    let text = text.map_err(|cause| Problem::Io { attempt: format!("read {BASELINE}"), cause })?;
    Ok(Baseline::parse(&text))
}

fn compiler() -> Result<String, Problem> {
    Process::new("rustc", "--version").read().map(|version| version.trim().to_owned())
}

/// Name and instructions of each case; `None`, after saying so, if that is not possible here.
fn count() -> Result<Option<Vec<(String, u64)>>, Problem> {
    if !cfg!(target_arch = "x86_64") || !is_installed("valgrind") {
        println!("skipped: instructions are counted on x86_64 with valgrind (cargo xtask setup installs it)");
        return Ok(None);
    }
    Process::cargo("build --release --package aclk-bench").show()?;
    let target = target_folder()?;
    let program = target.join("release/aclk-bench");
    let program = program.display().to_string();
    let mut counts = Vec::new();
    for name in Process::new(&program, "list").read()?.lines() {
        let out = target.join("aclk-bench.callgrind");
        let quiet = "--tool=callgrind --quiet --collect-atstart=no --toggle-collect=*aclk_bench::counted*";
        let process = Process::new("valgrind", quiet).argument(format!("--callgrind-out-file={}", out.display()));
        process.argument(&program).arguments(&["count", name]).read()?;
        let text = fs::read_to_string(&out);
        let text = text.map_err(|cause| Problem::Io { attempt: format!("read {}", out.display()), cause })?;
        let total = text.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok());
        let total = total.filter(|total: &u64| *total > 0);
        let nothing = || Problem::Findings(vec![format!("callgrind counts nothing of {name}")]);
        counts.push((name.to_owned(), total.ok_or_else(nothing)?));
    }
    Ok(Some(counts))
}

#[cfg(test)]
mod tests {
    use super::Baseline;

    #[test]
    fn three_parts_in_a_hundred_more_or_less_are_told() {
        let baseline = Baseline::parse("# Instructions. Made by hand\n# rustc 1.95.0\nhttp 10000\njson 500\n");
        assert_eq!(baseline.compiler, "rustc 1.95.0");
        let with = |http, json| [("http".to_owned(), http), ("json".to_owned(), json)];
        assert_eq!(baseline.differences(&with(10_300, 485)), [""; 0]);
        let findings = baseline.differences(&with(10_301, 484));
        assert_eq!(findings.len(), 2);
        assert!(findings[0].starts_with("http takes 10301 instructions, +3.0 % of the 10000"), "{findings:?}");
        assert_eq!(baseline.differences(&[("new".to_owned(), 1)]).len(), 1);
    }
}
