//! `cargo xtask mutants`: whether the tests notice a change of the code. cargo-mutants makes the changes, one at a time.
//!
//! All of them would take a day, so a sample is tried: the same for the same seed and the same code. It is not part of
//! `cargo xtask test`.

use crate::Command;
use crate::process::{Problem, Process};

pub(crate) const COMMAND: Command = Command {
    name: "mutants",
    arguments: "[--sample N] [--seed S]",
    about: "changes claim, link, wire and engine of the core in N places (300 without a word) that are drawn with the seed\n\
            S (1), one at a time, and says which changes no test notices; takes hours and needs cargo-mutants",
    run: mutants,
};

/// What is changed.
const CHANGED: [&str; 4] = ["claim", "link", "wire", "engine"];

/// The tests that look, quick ones only: those of the core itself, and some with a Cloud.
const TESTS: [&str; 8] = [
    "--lib",
    "--test=check",
    "--test=claim",
    "--test=link",
    "--test=live",
    "--test=proxy",
    "--test=scripted",
    "--test=session",
];

fn mutants(arguments: &[String]) -> Result<(), Problem> {
    let (sample, seed) = options(arguments)?;
    if Process::cargo("mutants --version").read().is_err() {
        return Err(Problem::Usage("cargo-mutants is not here: `cargo install --locked cargo-mutants`".to_owned()));
    }
    let files = CHANGED.map(|name| format!("--file=core/src/{name}/**"));
    let list = Process::cargo("mutants --list --colors never --package aclk-core").arguments(&files).read()?;
    let all: Vec<&str> = list.lines().collect();
    let chosen = draw(&all, sample, seed);
    println!("{} of {} mutants, seed {seed}", chosen.len(), all.len());
    // Its own tests would be enough for most; but much of what the engine does shows only with a Cloud.
    let run = "mutants --package aclk-core --test-package aclk-core,aclk-pair --no-shuffle --colors never --cap-lints true \
               --timeout 120 --build-timeout 600 --output target";
    let only = chosen.iter().map(|name| format!("--re=^{}$", escaped(name)));
    Process::cargo(run)
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .arguments(&files)
        .arguments(&only.collect::<Vec<_>>())
        .argument("--")
        .arguments(&TESTS)
        .show()
}

fn options(arguments: &[String]) -> Result<(usize, u64), Problem> {
    let (mut sample, mut seed) = (300, 1);
    let mut rest = arguments.iter();
    while let Some(name) = rest.next() {
        let value = rest.next().and_then(|value| value.parse().ok());
        match (name.as_str(), value) {
            ("--sample", Some(value)) => sample = usize::try_from(value).unwrap_or(usize::MAX),
            ("--seed", Some(value)) => seed = value,
            _ => return Err(Problem::Usage(format!("{name}: there are --sample N and --seed S, with numbers"))),
        }
    }
    Ok((sample, seed))
}

/// `count` of `all`, in their order.
fn draw<'t>(all: &[&'t str], count: usize, seed: u64) -> Vec<&'t str> {
    let mut places: Vec<usize> = (0..all.len()).collect();
    let mut state = seed;
    for at in (1..places.len()).rev() {
        let other = next(&mut state) % (at as u64 + 1);
        places.swap(at, other as usize);
    }
    places.truncate(count);
    places.sort_unstable();
    places.into_iter().filter_map(|place| all.get(place).copied()).collect()
}

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// `text` as a regular expression that matches nothing else.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        // `\<` and `\>` would be the ends of words.
        if letter.is_ascii_punctuation() && !matches!(letter, '<' | '>') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{draw, escaped, options};

    #[test]
    fn a_sample_is_the_same_for_the_same_seed_and_in_order() {
        let names: Vec<String> = (100..200).map(|number| number.to_string()).collect();
        let all: Vec<&str> = names.iter().map(String::as_str).collect();
        let drawn = draw(&all, 10, 7);
        assert_eq!(drawn, draw(&all, 10, 7));
        assert_ne!(drawn, draw(&all, 10, 8));
        assert!(drawn.len() == 10 && drawn.is_sorted_by(|one, other| one < other));
        assert_eq!(draw(&all, 1_000, 7), all);
    }

    #[test]
    fn a_name_matches_itself_only() {
        assert_eq!(escaped("a.rs:1:2: replace f -> Ok(())"), r"a\.rs\:1\:2\: replace f \-> Ok\(\(\)\)");
    }

    #[test]
    fn an_option_that_is_unknown_or_no_number_is_refused() {
        let of = |text: &str| options(&text.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(of("--seed 5 --sample 20").unwrap(), (20, 5));
        assert!(of("--seed x").is_err() && of("--sample").is_err() && of("--all 3").is_err());
    }
}
