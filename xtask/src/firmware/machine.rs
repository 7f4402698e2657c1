//! An emulated machine with a board in it: its console, and the folder that is its flash.

use crate::lines::{Lines, NoLine};
use crate::process::{Problem, Process};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::time::{Duration, Instant};

/// A board that is switched on, until this is dropped.
pub(crate) struct Machine {
    child: Child,
    keyboard: Option<ChildStdin>,
    lines: Lines,
    /// Everything that it has printed, as far as it was looked at.
    log: Vec<String>,
}

impl Machine {
    /// Switches the `machine` of QEMU on. `folder` is what it keeps when it is off.
    pub(crate) fn switch_on(machine: &str, image: &Path, folder: &Path) -> Result<Self, Problem> {
        Self::switch_on_with(machine, image, folder, "-nic user")
    }

    /// The same, with other `options` for QEMU (split at blanks), which say where the network is.
    pub(crate) fn switch_on_with(machine: &str, image: &Path, folder: &Path, options: &str) -> Result<Self, Problem> {
        // Time is that of the host (no -icount): there is a network.
        let line = format!(
            "-M {machine} {options} -nographic -monitor none -serial stdio \
             -semihosting-config enable=on,target=native -kernel"
        );
        let process = Process::new("qemu-system-arm", &line).argument(image).within(folder);
        let mut child = process.start(Stdio::piped(), Stdio::inherit())?;
        let Some(output) = child.stdout.take() else {
            return Err(Problem::Findings(vec!["QEMU has no output".to_owned()]));
        };
        Ok(Self { keyboard: child.stdin.take(), child, lines: Lines::of(output), log: Vec::new() })
    }

    /// Waits until it prints a line with `wanted` in it, and yields that line and those before it since the last call.
    pub(crate) fn expect(&mut self, wanted: &str, patience: Duration) -> Result<Vec<String>, Problem> {
        let begin = Instant::now();
        let first = self.log.len();
        loop {
            match self.lines.next(patience.saturating_sub(begin.elapsed())) {
                Ok(line) => {
                    let is_it = line.contains(wanted);
                    self.log.push(line);
                    if is_it {
                        return Ok(self.log.get(first..).unwrap_or_default().to_vec());
                    }
                }
                Err(NoLine::Silent) => {
                    return Err(self.problem(&format!("no \"{wanted}\" within {} s", patience.as_secs())));
                }
                Err(NoLine::Ended) => {
                    return Err(self.problem(&format!("QEMU ended before \"{wanted}\"")));
                }
            }
        }
    }

    /// Whether `text` was in any of its lines.
    pub(super) fn has_said(&self, text: &str) -> bool {
        self.log.iter().any(|line| line.contains(text))
    }

    /// Types a line.
    pub(crate) fn type_line(&mut self, line: &str) -> Result<(), Problem> {
        let attempt = || format!("type `{line}` on the console");
        let Some(keyboard) = &mut self.keyboard else {
            return Err(Problem::Findings(vec![format!("cannot {}", attempt())]));
        };
        writeln!(keyboard, "{line}").map_err(|cause| Problem::Io { attempt: attempt(), cause })
    }

    /// What went wrong, and everything that the board has said.
    pub(crate) fn problem(&self, what: &str) -> Problem {
        let mut lines = vec![format!("{what}; the console said:")];
        lines.extend(self.log.iter().cloned().chain(self.lines.waiting()).map(|line| format!("  | {line}")));
        Problem::Findings(lines)
    }
}

/// A power cut.
impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An empty folder in place of one that may be there.
pub(crate) fn fresh(folder: PathBuf) -> Result<PathBuf, Problem> {
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|cause| io("empty", &folder, cause))?;
    }
    std::fs::create_dir_all(&folder).map_err(|cause| io("make", &folder, cause))?;
    Ok(folder)
}

pub(crate) fn io(what: &str, path: &Path, cause: std::io::Error) -> Problem {
    Problem::Io { attempt: format!("{what} {}", path.display()), cause }
}
