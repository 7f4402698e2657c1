//! The file operations of a program, one by one, by strace; and the program stopped at one of them.

use crate::support::{Ended, Machine, run};
use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Everything that changes files or directories, on any architecture.
const CHANGES: &str = "?open,openat,?creat,?mkdir,mkdirat,?rename,?renameat,renameat2,?unlink,unlinkat,?rmdir,write,writev,\
                       pwrite64,fsync,fdatasync,ftruncate,?chmod,fchmod,fchmodat,?chown,fchown,fchownat,?link,linkat,\
                       ?symlink,symlinkat,flock,?utimensat";

/// One call that changes something on the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) name: String,
    /// It is the call of this number with this name, the first one being 1.
    pub(crate) number: usize,
    /// Which file or directory it is about.
    pub(crate) file: String,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:10} {:3}  {:30}", self.name, self.number, self.file)
    }
}

/// What happens at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The program is killed before it is done.
    Kill,
    /// It is not done, and fails with this error.
    Fails(&'static str),
}

/// Whether strace is here and may trace.
pub(crate) fn can_trace() -> bool {
    if !crate::support::have(&["strace"]) {
        return false;
    }
    let tried = Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).output().unwrap();
    if !tried.status.success() {
        println!("skipped: strace may not trace here: {}", String::from_utf8_lossy(&tried.stderr).trim());
    }
    tried.status.success()
}

/// Runs `command` on `machine`, with trouble at one call if there is to be some. Says how it ended and what it changed; a
/// call at which it was killed comes last.
pub(crate) fn traced(machine: &Machine, command: &Command, trouble: Option<(&Call, Trouble)>) -> (Ended, Vec<Call>) {
    let ended = run(tracing(machine, command, trouble));
    (ended, changes_of(machine))
}

/// What runs `command` so; when it has ended, [`changes_of`] the machine are known.
pub(crate) fn tracing(machine: &Machine, command: &Command, trouble: Option<(&Call, Trouble)>) -> Command {
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-y", "-qq", "-s", "0", "-e", "signal=none", "-e", &format!("trace={CHANGES}"), "-o"])
        .arg(log(machine));
    if let Some((call, trouble)) = trouble {
        let what = match trouble {
            Trouble::Kill => "signal=KILL".to_owned(),
            Trouble::Fails(error) => format!("error={error}"),
        };
        strace.arg("-e").arg(format!("inject={}:{what}:when={}", call.name, call.number));
    }
    strace.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => strace.env(name, value),
            None => strace.env_remove(name),
        };
    }
    strace.stdin(std::process::Stdio::null());
    strace
}

/// What the program has changed that ran last under [`tracing`].
pub(crate) fn changes_of(machine: &Machine) -> Vec<Call> {
    let text = fs::read_to_string(log(machine)).unwrap();
    fs::remove_file(log(machine)).unwrap();
    changes(&text, machine.root().to_str().unwrap())
}

fn log(machine: &Machine) -> PathBuf {
    machine.root().join("strace.log")
}

/// The calls in a log that change something below `root` and did not fail by themselves.
fn changes(log: &str, root: &str) -> Vec<Call> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mut calls = Vec::new();
    // Another thread looks up names; it changes nothing.
    let main = log.split_whitespace().next().unwrap_or_default();
    for line in log.lines() {
        let Some((process, line)) = line.split_once(' ') else { continue };
        let Some((name, arguments)) = line.trim_start().split_once('(') else { continue };
        if process != main || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue;
        }
        let count = counts.entry(name).or_default();
        *count += 1;
        let opens_only = name.starts_with("open") && !arguments.contains("O_CREAT");
        let failed = arguments.contains(") = -1 ") && !arguments.contains("(INJECTED)");
        if arguments.contains(root) && !opens_only && !failed {
            calls.push(Call { name: name.to_owned(), number: *count, file: file(arguments, root) });
        }
    }
    calls
}

/// The name that arguments end with: `"name"` if there is one, else that of a descriptor, `3</name>`.
fn file(arguments: &str, root: &str) -> String {
    let arguments = arguments.split(") = ").next().unwrap_or_default();
    let quoted = arguments.split('"').skip(1).step_by(2).filter(|name| !name.is_empty()).last();
    let descriptor = || arguments.split('<').nth(1).and_then(|rest| rest.split('>').next());
    let path = quoted.or_else(descriptor).unwrap_or_default();
    let path = path.strip_prefix(root).unwrap_or(path).trim_matches('/');
    path.strip_prefix("etc/claim.d/").unwrap_or(path).to_owned()
}
