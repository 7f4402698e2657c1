//! An emulated machine with a board in it: its console, and the folder that is its flash.

use crate::process::{Problem, Process};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::spawn;
use std::time::{Duration, Instant};

/// A board that is switched on, until this is dropped.
pub(crate) struct Machine {
    child: Child,
    keyboard: Option<ChildStdin>,
    lines: Receiver<String>,
    /// Everything that it has printed.
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
        let (sender, lines) = channel();
        if let Some(output) = child.stdout.take() {
            spawn(move || {
                let mut output = BufReader::new(output);
                let mut line = Vec::new();
                // A reset in the middle of a line is no text.
                while output.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                    let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                    line.clear();
                    if sender.send(text).is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Self { keyboard: child.stdin.take(), child, lines, log: Vec::new() })
    }

    /// Waits until it prints a line with `wanted` in it, and yields that line and those before it since the last call.
    pub(crate) fn expect(&mut self, wanted: &str, patience: Duration) -> Result<Vec<String>, Problem> {
        let begin = Instant::now();
        let first = self.log.len();
        loop {
            match self.lines.recv_timeout(patience.saturating_sub(begin.elapsed())) {
                Ok(line) => {
                    let is_it = line.contains(wanted);
                    self.log.push(line);
                    if is_it {
                        return Ok(self.log.get(first..).unwrap_or_default().to_vec());
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(self.problem(&format!("no \"{wanted}\" within {} s", patience.as_secs())));
                }
                Err(RecvTimeoutError::Disconnected) => {
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
        lines.extend(self.log.iter().map(|line| format!("  | {line}")));
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
