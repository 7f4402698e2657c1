//! `cargo xtask bench`: what `aclk` takes on this machine, beside what a user would otherwise run. Nothing here asserts a time.
//!
//! What is measured and how: docs/benchmarks.md. Instructions are counted and compared with a baseline by the gate `bench`.

mod claim;
mod counts;
mod daemon;
mod figures;
mod fleet;
mod plot;
mod readme;
mod worlds;

use crate::Command;
use crate::process::{Problem, Process, root, target_folder};
use figures::Figures;
use std::fs;
use std::path::PathBuf;

pub(crate) const COMMAND: Command = Command {
    name: "bench",
    arguments: "[--pairs N] [--fleet N] [--write] | --counts [--write] | --draw | --plot FILE",
    about: "measures a claim beside one by curl and openssl (N pairs, 15 without --pairs), the daemon from start to online\n\
            and idle, queries over the link, sizes and instructions; with --fleet also N devices and a restart of the\n\
            Cloud. Writes target/bench.json. --write: the figures become those of docs/figures and README.md. --counts:\n\
            instructions alone; --write makes them the baseline. --draw: README and plots from docs/figures/bench.json.\n\
            --plot: the restart in a table of `aclk fleet --series`, into docs/figures",
    run: bench,
};

/// Where the figures are written for programs to read.
const JSON: &str = "target/bench.json";
/// Pairs of claims.
const PAIRS: usize = 15;

struct Wanted {
    pairs: usize,
    fleet: Option<usize>,
    write: bool,
    only_counts: bool,
    only_draw: bool,
    plot: Option<PathBuf>,
}

/// The programs that are measured.
struct Programs {
    /// With everything: the emulated Cloud, and the fleet.
    full: PathBuf,
    /// The one that is distributed: static, with link only. The full one where that cannot be built.
    small: PathBuf,
    /// Counts, and says what others take.
    bench: PathBuf,
}

impl Programs {
    fn build() -> Result<Self, Problem> {
        Process::cargo("build --release --package aclk --package aclk-bench").show()?;
        let folder = target_folder()?.join("release");
        let full = folder.join("aclk");
        let small = crate::test::dist::build()?.unwrap_or_else(|| full.clone());
        Ok(Self { small, full, bench: folder.join("aclk-bench") })
    }
}

fn bench(arguments: &[String]) -> Result<(), Problem> {
    let wanted = parse(arguments)?;
    if wanted.only_counts {
        return counts::run(wanted.write);
    }
    if let Some(series) = wanted.plot {
        return fleet::draw(&series);
    }
    if wanted.only_draw {
        return readme::write(&Figures::committed()?);
    }
    let programs = Programs::build()?;
    let mut figures = Figures::default();
    worlds::note_load(&mut figures)?;
    counts::measure(&mut figures)?;
    figures.set("size_small_bytes", crate::test::dist::len(&programs.small)?);
    claim::measure(&mut figures, &programs, wanted.pairs)?;
    daemon::measure(&mut figures, &programs)?;
    if let Some(devices) = wanted.fleet {
        fleet::measure(&mut figures, &programs, devices, wanted.write)?;
    }
    print!("\n{}", readme::table(&figures));
    let path = root().join(JSON);
    fs::write(&path, figures.json())
        .map_err(|cause| Problem::Io { attempt: format!("write {}", path.display()), cause })?;
    if wanted.write {
        // What was not measured this time is as it was.
        let mut all = Figures::committed().unwrap_or_default();
        all.extend(figures);
        all.commit()?;
        readme::write(&all)?;
    }
    Ok(())
}

/// The gate of `cargo xtask test`: the README and the plots are those of the figures, and nothing takes more instructions than
/// the baseline says.
pub(crate) fn check() -> Result<(), Problem> {
    let mut findings = readme::outdated(&Figures::committed()?)?;
    findings.extend(counts::compare()?);
    Problem::unless_empty(findings)
}

fn parse(arguments: &[String]) -> Result<Wanted, Problem> {
    let mut wanted =
        Wanted { pairs: PAIRS, fleet: None, write: false, only_counts: false, only_draw: false, plot: None };
    let mut rest = arguments.iter().map(String::as_str);
    while let Some(argument) = rest.next() {
        let mut number = |most: usize| {
            let number = rest.next().and_then(|text| text.parse().ok()).filter(|number| (1..=most).contains(number));
            number.ok_or_else(|| Problem::Usage(format!("{argument} needs a number from 1 to {most}")))
        };
        match argument {
            "--pairs" => wanted.pairs = number(1_000)?,
            "--fleet" => wanted.fleet = Some(number(1_000_000)?),
            "--write" => wanted.write = true,
            "--counts" => wanted.only_counts = true,
            "--draw" => wanted.only_draw = true,
            "--plot" => {
                let file = rest.next().ok_or_else(|| Problem::Usage("--plot needs a file".to_owned()))?;
                wanted.plot = Some(PathBuf::from(file));
            }
            other => return Err(Problem::Usage(format!("`{other}` means nothing here"))),
        }
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::{Problem, parse};

    fn parsed(arguments: &[&str]) -> Result<(usize, Option<usize>, bool), Problem> {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        parse(&arguments).map(|wanted| (wanted.pairs, wanted.fleet, wanted.write))
    }

    #[test]
    fn fifteen_pairs_and_no_fleet_unless_somebody_says_otherwise() {
        assert_eq!(parsed(&[]).unwrap(), (15, None, false));
        assert_eq!(parsed(&["--pairs", "3", "--fleet", "100", "--write"]).unwrap(), (3, Some(100), true));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for arguments in [&["--pairs"][..], &["--pairs", "0"], &["--fleet", "x"], &["--fast"]] {
            assert!(matches!(parsed(arguments), Err(Problem::Usage(_))), "{arguments:?}");
        }
    }
}
