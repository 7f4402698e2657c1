//! Help, man page, completions and parsers say the same: nothing is accepted that is not explained, and nothing explained
//! that is not accepted.

use super::named;
use crate::support::*;
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

/// The commands of `aclk` that have options, and the other names that have.
const COMMANDS: &[&str] = &[
    "claim",
    "unclaim",
    "run",
    "status",
    "aclk-state",
    "demo",
    "cloud",
    "fleet",
    "playground",
    "completions",
    "man",
    "netdata",
    "netdata-claim.sh",
];

/// An option as the help has it.
#[derive(Debug, Clone)]
struct Opt {
    names: Vec<String>,
    /// `=` or a blank, and what stands for the value.
    value: Option<(char, String)>,
}

fn is_program(command: &str) -> bool {
    command.starts_with("netdata")
}

fn aclk(machine: &Machine, command: &str, arguments: &[&str]) -> Ended {
    if is_program(command) {
        return run(named(machine, command, arguments));
    }
    machine.run(&[&[command], arguments].concat())
}

fn help(machine: &Machine, command: &str) -> String {
    let ended = aclk(machine, command, &["--help"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{command}: {ended:?}");
    ended.stdout
}

/// The options that a help explains.
fn options(help: &str) -> Vec<Opt> {
    let lines = help.lines().filter(|line| line.starts_with("  -"));
    let option = |line: &str| {
        let label = line.trim_start().split("  ").next().unwrap();
        let mut names = Vec::new();
        let mut value = None;
        for part in label.split(", ") {
            let end = part.find(['=', ' ']).unwrap_or(part.len());
            names.push(part[..end].to_owned());
            value = part[end..].chars().next().map(|separator| (separator, part[end + 1..].to_owned()));
        }
        Opt { names, value }
    };
    lines.map(option).collect()
}

/// A value that is good for what stands for it.
fn samples(value: &str) -> Vec<&str> {
    match value {
        "URL" => vec!["https://x.example"],
        "UUID" => vec!["0f0e0d0c-0b0a-4908-8706-050403020100"],
        "PROXY" => vec!["none"],
        "ADDR:PORT|off" => vec!["off"],
        "ADDR:PORT" => vec!["127.0.0.1:0"],
        "host|tap:NAME" | "host|cable" => vec!["host"],
        "CIDR" => vec!["10.0.0.2/24"],
        "ADDR" | "ADDR[,ADDR]" | "ADDRESS" => vec!["10.0.0.1"],
        "KIND" => vec!["p256"],
        "FAULT" => vec!["stall@claim"],
        "PORT" | "SECONDS" | "N" => vec!["1"],
        "PAGE" => vec!["http://127.0.0.1:1/#x"],
        "\"claim OPTIONS\"" => vec!["claim -token=x"],
        "buildinfo" => vec!["buildinfo"],
        "set SECTION KEY VALUE" => vec!["set", "a", "b", "c"],
        "get SECTION KEY DEFAULT" => vec!["get", "a", "b", "c"],
        "set2 FILE SECTION KEY VALUE" => vec!["set2", "netdata", "a", "b", "c"],
        "get2 FILE SECTION KEY DEFAULT" => vec!["get2", "netdata", "a", "b", "c"],
        _ => vec!["x"],
    }
}

/// The arguments that give an option under one of its names.
fn given(name: &str, value: Option<&(char, String)>) -> Vec<String> {
    match value {
        None => vec![name.to_owned()],
        Some(('=', value)) => vec![format!("{name}={}", samples(value)[0])],
        Some(_) if name == "--mqtt-url" => vec![name.to_owned(), "wss://x.example/mqtt".to_owned()],
        Some((_, value)) => [name].into_iter().chain(samples(value)).map(str::to_owned).collect(),
    }
}

fn accepts(machine: &Machine, command: &str, arguments: &[String]) -> bool {
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    arguments.push("--help");
    let ended = aclk(machine, command, &arguments);
    assert!(ended.code == 0 || ended.code == 1, "{command} {arguments:?}: {ended:?}");
    ended.code == 0
}

#[test]
fn a_command_takes_the_options_of_its_help_and_no_others() {
    let machine = Machine::new();
    let all: Vec<(&str, Vec<Opt>)> =
        COMMANDS.iter().map(|command| (*command, options(&help(&machine, command)))).collect();
    let mut count = 0;
    for (command, own) in &all {
        let known: BTreeSet<&str> =
            own.iter().flat_map(|option| &option.names).map(|name| name.trim_start_matches('-')).collect();
        for (_, options) in &all {
            for option in options {
                for name in &option.names {
                    let is_known = known.contains(name.trim_start_matches('-'));
                    // The help of the Cloud does not name itself.
                    if matches!(name.trim_start_matches('-'), "help" | "h") {
                        continue;
                    }
                    // These two read one hyphen as one letter and its value.
                    if !is_known && matches!(*command, "netdata" | "cloud") && !name.starts_with("--") {
                        continue;
                    }
                    // One letter is the same with one hyphen and two, but means another thing where it is known.
                    if !is_known && name.trim_start_matches('-').len() == 1 {
                        continue;
                    }
                    let own = own.iter().find(|own| own.names.contains(name));
                    if is_known != own.is_some() {
                        continue;
                    }
                    let arguments = given(name, own.unwrap_or(option).value.as_ref());
                    assert_eq!(accepts(&machine, command, &arguments), is_known, "{command} {arguments:?}");
                    count += 1;
                }
            }
        }
    }
    println!("{count} options tried");
    assert!(count > 200, "{count}");
}

#[test]
fn every_letter_that_netdata_takes_is_explained() {
    let machine = Machine::new();
    let help = help(&machine, "netdata");
    for letter in ('a'..='z').chain('A'..='Z') {
        let option = format!("-{letter}");
        let ended = run(named(&machine, "netdata", &[&option, "claim -h", "-h"]));
        let is_unknown = ended.stderr.contains(&format!("unknown option {option}"));
        let is_explained = options(&help).iter().any(|known| known.names.contains(&option));
        assert_eq!(!is_unknown, is_explained, "{option}: {ended:?}");
    }
}

#[test]
fn every_help_fits_a_terminal_of_80_columns() {
    let machine = Machine::new();
    let overview = machine.run(&["--help"]).stdout;
    // That of the emulated Cloud is its own.
    let helps = COMMANDS.iter().filter(|command| **command != "cloud").map(|command| help(&machine, command));
    let of_commands = run(named(&machine, "netdatacli", &["help"])).stdout;
    for help in helps.chain([overview, of_commands]) {
        for line in help.lines() {
            assert!(line.chars().count() <= 80 && line.trim_end() == line, "{line:?}");
        }
        assert!(!help.contains("\n\n\n") && !help.ends_with("\n\n"), "{help}");
    }
}

#[test]
fn the_man_page_has_every_option_and_no_fault() {
    let machine = Machine::new();
    let page = machine.run(&["man"]).stdout;
    let plain = page.replace("\\-", "-").replace("\\fB", "").replace("\\fR", "").replace("\\fI", "");
    for command in COMMANDS {
        for option in options(&help(&machine, command)) {
            for name in &option.names {
                assert!(plain.contains(name), "{command} {name}");
            }
        }
    }
    if !have(&["mandoc"]) {
        return;
    }
    let file = machine.root().join("aclk.1");
    fs::write(&file, &page).unwrap();
    let mut lint = Command::new("mandoc");
    let lint = run({
        lint.args(["-T", "lint", "-W", "warning"]).arg(&file);
        lint
    });
    assert_eq!((lint.code, lint.stdout.as_str()), (0, ""), "{lint:?}");
}

/// What bash offers behind these words, the last of which is being typed.
fn bash(machine: &Machine, words: &[&str]) -> Vec<String> {
    let script = machine.root().join("completion");
    fs::write(&script, machine.run(&["completions", "bash"]).stdout).unwrap();
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let ask = format!(
        "set -eu\n. {}\ncomplete -p {} > /dev/null\ncompopt() {{ :; }}\nCOMP_WORDS=({})\nCOMP_CWORD={}\n_aclk\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        script.display(),
        words[0],
        quoted.join(" "),
        words.len() - 1
    );
    let mut command = Command::new("bash");
    command.args(["--norc", "-c", &ask]);
    let ended = run(command);
    assert_eq!(ended.stderr, "", "{words:?}: {ended:?}");
    ended.stdout.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_and_values() {
    if !have(&["bash"]) {
        return;
    }
    let machine = Machine::new();
    assert_eq!(bash(&machine, &["aclk", "cl"]), ["claim", "cloud"]);
    assert_eq!(bash(&machine, &["aclk", "claim", "-verb"]), ["-verbose"]);
    assert_eq!(bash(&machine, &["aclk", "claim", "-tok"]), ["-token="]);
    assert_eq!(bash(&machine, &["netdata-claim.sh", "--claim-u"]), ["--claim-url="]);
    assert_eq!(bash(&machine, &["netdata-claim.sh", "-proxy", "=", "so"]), ["socks5://", "socks5h://"]);
    assert_eq!(bash(&machine, &["aclk", "run", "--net", ""]), ["host", "tap:"]);
    assert_eq!(bash(&machine, &["netdatacli", "reload"]), ["reload-claiming-state"]);
    let offered = bash(&machine, &["netdatacli", ""]);
    let explained = run(named(&machine, "netdatacli", &["help"])).stdout;
    let commands = explained.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    for command in commands.filter_map(|line| line.split_whitespace().next()) {
        assert!(offered.contains(&command.to_owned()), "{command} is not among {offered:?}");
    }
    assert_eq!(bash(&machine, &["netdata", "-W", "bu"]), ["buildinfo", "buildinfojson"]);
    assert_eq!(bash(&machine, &["aclk", "claim", "-token", "=", ""]), [""; 0]);
    // Everything that the help explains is offered.
    for command in COMMANDS {
        let words = if is_program(command) { vec![*command, "-"] } else { vec!["aclk", command, "-"] };
        let offered = bash(&machine, &words);
        for option in options(&help(&machine, command)) {
            for name in option.names.into_iter().filter(|name| name.starts_with('-')) {
                let is_offered = offered.iter().any(|offer| offer.trim_end_matches('=') == name);
                assert!(is_offered, "{command} {name} is not among {offered:?}");
            }
        }
    }
}

#[test]
fn zsh_and_fish_take_their_scripts() {
    let machine = Machine::new();
    let script = |shell: &str| {
        let path = machine.root().join(if shell == "zsh" { "_aclk" } else { "aclk.fish" });
        fs::write(&path, machine.run(&["completions", shell]).stdout).unwrap();
        path
    };
    if have(&["zsh"]) {
        let script = script("zsh");
        let load = format!(
            "fpath=({} $fpath); autoload -Uz compinit; compinit -D -u; [[ $_comps[netdata-claim.sh] == _aclk ]] && autoload +X _aclk && print -r -- ok",
            script.parent().unwrap().display()
        );
        let mut zsh = Command::new("zsh");
        zsh.args(["-f", "-c", &load]).env("ZDOTDIR", machine.root());
        let ended = run(zsh);
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("ok\n", ""), "{ended:?}");
    }
    if have(&["fish"]) {
        let script = script("fish");
        let offered = |line: &str| {
            let mut fish = Command::new("fish");
            let ask = format!("source {}; complete -C '{line}'", script.display());
            fish.args(["--no-config", "-c", &ask]).env("HOME", machine.root());
            let ended = run(fish);
            assert_eq!(ended.stderr, "", "{line}");
            ended.stdout.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(offered("aclk cl"), ["claim", "cloud"]);
        assert_eq!(offered("aclk claim -verb"), ["-verbose"]);
        assert!(offered("netdata-claim.sh -").contains(&"-token".to_owned()));
        assert_eq!(offered("netdatacli rel"), ["reload-claiming-state"]);
    }
}
