//! `aclk doctor`: where the way to the Cloud ends, why, and what to do. Each row of docs/troubleshooting.md is a case here.

mod cloud;
mod daemon;
mod here;
mod network;
mod tls;

use crate::support::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Where the way ends: the exit code and the stage.
type End = (i32, &'static str);
/// Phrases that are said.
type Says = &'static [&'static str];

/// What it prints with its line breaks and indentation taken away, so that a phrase is found wherever it is broken.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Looks at `machine` twice, for people and for programs: both end at `stage` with `code`, and both say all of `says`.
fn assert_ends(machine: &Machine, arguments: &[&str], (code, stage): (i32, &str), says: &[&str]) -> Value {
    let command = |more: &[&str]| {
        let mut all = vec!["doctor"];
        all.extend(arguments);
        all.extend(more);
        machine.command(&all)
    };
    assert_ends_as(command, (code, stage), says)
}

/// The same for a command of one's own, to which the arguments are added.
fn assert_ends_as(
    command: impl Fn(&[&str]) -> std::process::Command,
    (code, stage): (i32, &str),
    says: &[&str],
) -> Value {
    let text = run(command(&[]));
    assert_eq!((text.code, text.stderr.as_str()), (code, ""), "{}", text.stdout);
    let words = flat(&text.stdout);
    for phrase in says {
        assert!(words.contains(phrase), "no {phrase:?} in\n{}", text.stdout);
    }
    assert!(words.contains(&format!("It ends at {stage}")), "{}", text.stdout);
    assert!(words.contains("What to do: "), "{}", text.stdout);
    assert!(text.stdout.lines().any(|line| line.starts_with(&format!("FAIL  {stage}"))), "{}", text.stdout);
    let json = run(command(&["--json"]));
    assert_eq!((json.code, json.stderr.as_str()), (code, ""), "{}", json.stdout);
    let value = json.json();
    assert_eq!((&value["failed"], &value["exit_code"]), (&stage.into(), &code.into()), "{value:#}");
    let failed = step(&value, stage, "failed");
    assert_eq!(failed["exit_code"], code, "{value:#}");
    assert!(!failed["hint"].as_str().unwrap().is_empty(), "{value:#}");
    let all = flat(&json.stdout.replace("\\n", " ").replace("\\\"", "\""));
    for phrase in says {
        assert!(all.contains(phrase), "no {phrase:?} in\n{value:#}");
    }
    value
}

/// The step of `stage` with this outcome.
fn step<'v>(value: &'v Value, stage: &str, outcome: &str) -> &'v Value {
    let steps = value["steps"].as_array().unwrap();
    let found = steps.iter().find(|step| step["stage"] == stage && step["outcome"] == outcome);
    found.unwrap_or_else(|| panic!("no {outcome} {stage} in {value:#}"))
}

/// Everything below `root`, with content, rights and time of change.
fn snapshot(root: &Path) -> BTreeMap<String, (Vec<u8>, u32, i64, i64)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            if metadata.is_dir() {
                folders.push(path.clone());
            }
            let content = if metadata.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
            let is = (content, metadata.mode(), metadata.mtime(), metadata.mtime_nsec());
            found.insert(path.display().to_string(), is);
        }
    }
    found
}

const STAGES: [&str; 15] = [
    "config",
    "permission",
    "storage",
    "clock",
    "key",
    "dns",
    "tcp",
    "proxy",
    "tls",
    "http",
    "json",
    "decrypt",
    "websocket",
    "mqtt",
    "app",
];

#[test]
fn all_is_well_is_a_line_for_each_step_with_what_was_seen() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let before = snapshot(machine.root());
    let ended = machine.run(&["doctor"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{ended:?}");
    let words: Vec<&str> = ended.stdout.lines().filter_map(|line| line.strip_prefix("ok    ")).collect();
    let stages: Vec<&str> = words.iter().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(stages, STAGES, "{}", ended.stdout);
    assert!(ended.stdout.lines().all(|line| line.chars().count() <= 100), "{}", ended.stdout);
    let text = flat(&ended.stdout);
    let (id, url, port) = (machine.claimed_id(), cloud.url(), cloud.address().port());
    for phrase in [
        format!("claimed as {id} at {url}"),
        format!("connected to the Cloud at 127.0.0.1:{port}"),
        "\"localhost\" is ".to_owned(),
        "issued by \"aclk emulated Cloud intermediate\" of \"aclk emulated Cloud root\", valid from 20".to_owned(),
        "/env: status 200".to_owned(),
        "private.pem is the key of the claimed id".to_owned(),
        "All is well: the link came up, and was left in order.".to_owned(),
        "Start one with \"aclk run\"".to_owned(),
    ] {
        assert!(text.contains(&phrase), "no {phrase:?} in\n{}", ended.stdout);
    }
    let events = events(&cloud);
    assert!(events.iter().any(|event| event.contains("the client disconnected")), "{events:#?}");
    let json = machine.run(&["doctor", "--json"]);
    let value = json.json();
    assert_eq!((json.code, &value["failed"], &value["exit_code"]), (0, &Value::Null, &0.into()), "{value:#}");
    let steps: Vec<&str> =
        value["steps"].as_array().unwrap().iter().map(|step| step["stage"].as_str().unwrap()).collect();
    assert_eq!(steps, STAGES);
    assert!(value["steps"].as_array().unwrap().iter().all(|step| step["outcome"] == "ok"), "{value:#}");
    assert_eq!((&value["claimed_id"], &value["daemon"]), (&id.as_str().into(), &Value::Null));
    assert_eq!(snapshot(machine.root()), before, "nothing is written, mended or deleted");
    assert_eq!(cloud.with(|cloud, _| cloud.deviations().to_vec()), []);
}

#[test]
fn a_machine_that_is_not_claimed_is_looked_at_as_far_as_that_goes_and_stays_so() {
    let cloud = cloud("");
    let machine = Machine::new();
    fs::write(machine.file("cloud_fullchain.pem"), cloud.ca_pem()).unwrap();
    let before = snapshot(machine.root());
    // A claim that is tried out.
    let mut arguments = claim_arguments(&cloud);
    arguments[0] = "doctor".to_owned();
    let ended = machine.run(&arguments);
    assert_eq!(ended.code, 20, "{ended:?}");
    let text = flat(&ended.stdout);
    let url = cloud.url();
    for phrase in [
        format!("not claimed; the Cloud is {url}"),
        "/env: status 200".to_owned(),
        format!("The way to {url} is open as far as it goes without a claim, and this machine is not claimed."),
        format!("aclk claim -token=TOKEN -rooms=ROOM1,ROOM2 -url={url}"),
    ] {
        assert!(text.contains(&phrase), "no {phrase:?} in\n{}", ended.stdout);
    }
    assert!(!ended.stdout.contains(cloud.with(|cloud, _| cloud.token().to_owned()).as_str()), "the token is a secret");
    arguments.push("--json".to_owned());
    let value = machine.run(&arguments).json();
    assert_eq!((&value["claimed"], &value["exit_code"], &value["failed"]), (&false.into(), &20.into(), &Value::Null));
    assert_eq!(step(&value, "decrypt", "not tried")["hint"], Value::Null);
    assert_eq!(snapshot(machine.root()), before, "no key, no machine GUID, no claim");
    assert!(cloud.with(|cloud, _| cloud.view()).nodes.is_empty());
    let asked = events(&cloud);
    assert!(asked.iter().all(|event| !event.contains("PUT") && !event.contains("challenge")), "{asked:#?}");
}

#[test]
fn another_cloud_is_tried_without_touching_the_claim() {
    let (home, other) = (cloud(""), cloud(""));
    let machine = Machine::claimed(&home);
    fs::write(machine.file("cloud_fullchain.pem"), format!("{}{}", home.ca_pem(), other.ca_pem())).unwrap();
    events(&home);
    let before = snapshot(machine.root());
    let ended = machine.run(&["doctor", &format!("-url={}", other.url())]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let text = flat(&ended.stdout);
    assert!(text.contains(&format!("at {}; {} is tried", home.url(), other.url())), "{}", ended.stdout);
    assert!(text.contains("This machine is claimed at another Cloud, so /env is where it ends."), "{}", ended.stdout);
    assert_eq!(snapshot(machine.root()), before);
    assert_eq!(events(&home), [""; 0]);
    assert!(!events(&other).iter().any(|event| event.contains("challenge")));
}

#[test]
fn arguments_are_checked_before_anything_is_tried() {
    let machine = Machine::new();
    for (arguments, says) in [
        (&["-tokn=SECRET"][..], "unknown argument -tokn"),
        (&["-url=\"https://app.netdata.cloud\""], "quot"),
        (&["-url=http://SECRET"], "http://"),
        (&["-proxy=ftp://u:SECRET@h"], "the proxy of -proxy= cannot be used"),
        (&["-token=SEC RET"], "the claiming token contains blanks"),
        (&["--json=SECRET"], "takes no value"),
    ] {
        let mut all = vec!["doctor"];
        all.extend(arguments);
        let ended = machine.run(&all);
        assert_eq!((ended.code, ended.stdout.as_str()), (1, ""), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(says) && !ended.stderr.contains("SEC"), "{ended:?}");
    }
    let help = machine.run(&["help", "doctor"]);
    assert_eq!(help.code, 0);
    for (stage, code) in STAGES.iter().zip(20..) {
        assert!(flat(&help.stdout).contains(&format!("{code} {stage}: ")), "{}", help.stdout);
    }
    assert_eq!(machine.run(&["doctor", "--help"]).stdout, help.stdout);
}
