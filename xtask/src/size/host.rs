//! What the program for Linux takes, on the disk and while it lives, and the playground in a browser.

use super::figures::{Figures, HOST};
use crate::firmware::emulated_cloud::Cloud;
use crate::firmware::machine::{fresh, io};
use crate::lines::{Lines, NoLine};
use crate::process::{Problem, Process, is_installed, root};
use crate::test::dist;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where the playground is built.
const WEB: &str = "target/web";

pub(super) fn measure(figures: &mut Figures) -> Result<(), Problem> {
    if let Some(program) = dist::build()? {
        figures.set(HOST, "program", dist::len(&program)?);
        figures.set(HOST, "resident", resident(&program)?);
    }
    let modules = modules(&root().join(WEB));
    if modules.is_empty() {
        println!("skipped: the playground: it was not built (cargo xtask web)");
    } else if is_installed("gzip") {
        let sizes = modules.iter().map(|module| compressed(module)).collect::<Result<Vec<u64>, Problem>>()?;
        figures.set(HOST, "web", sizes.iter().sum());
    }
    Ok(())
}

/// Bytes of memory of the daemon that are resident once it is live (proc(5), `VmRSS`).
fn resident(program: &Path) -> Result<u64, Problem> {
    let cloud = Cloud::start_as("localhost", "")?;
    let folder = fresh(root().join("target/size/host"))?;
    let trust = folder.join("etc/claim.d");
    fs::create_dir_all(&trust).map_err(|cause| io("make", &trust, cause))?;
    let authority = trust.join("cloud_fullchain.pem");
    fs::copy(&cloud.authority, &authority).map_err(|cause| io("write", &authority, cause))?;
    let token = format!("-token={}", cloud.token);
    let (rooms, url) = (format!("-rooms={}", cloud.rooms), format!("-url={}", cloud.url));
    let claimed = around(program, &folder).args(["claim", &token, &rooms, &url]).stdout(Stdio::null()).status();
    let claimed = claimed.map_err(|cause| io("start", program, cause))?;
    if !claimed.success() {
        return Err(Problem::Findings(vec![format!("the program for Linux does not claim ({claimed})")]));
    }
    let mut daemon = Daemon::start(around(program, &folder).args(["run", "--listen=off"]), program)?;
    daemon.live()?;
    daemon.resident()
}

/// The program in a world of its own.
pub(crate) fn around(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, place) in [("USER_CONFIG_DIR", "etc"), ("VARLIB_DIR", "lib"), ("RUN_DIR", "run"), ("LOG_DIR", "log")] {
        command.env(format!("NETDATA_{name}"), folder.join(place));
    }
    for name in ["PIPENAME", "CLAIM_TOKEN", "CLAIM_URL", "CLAIM_ROOMS", "CLAIM_PROXY", "CLAIM_INSECURE"] {
        command.env_remove(format!("NETDATA_{name}"));
    }
    command.env_remove("NOTIFY_SOCKET").stdin(Stdio::null());
    command
}

/// How long the daemon may take to log what is waited for, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The daemon, which ends with this.
pub(crate) struct Daemon {
    child: Child,
    log: Lines,
}

impl Daemon {
    pub(crate) fn start(command: &mut Command, program: &Path) -> Result<Self, Problem> {
        let mut child = command.stderr(Stdio::piped()).spawn().map_err(|cause| io("start", program, cause))?;
        let log = child.stderr.take().map_or_else(|| Lines::of(std::io::empty()), Lines::of);
        Ok(Self { child, log })
    }

    /// Waits until the Cloud takes it for live.
    pub(crate) fn live(&mut self) -> Result<(), Problem> {
        self.wait_for("live as the node")
    }

    /// Waits until it logs a line with `text`.
    pub(crate) fn wait_for(&mut self, text: &str) -> Result<(), Problem> {
        let mut said = Vec::new();
        let begin = Instant::now();
        loop {
            let why = match self.log.next(PATIENCE.saturating_sub(begin.elapsed())) {
                Ok(line) if line.contains(text) => return Ok(()),
                Ok(line) => {
                    said.push(format!("  | {line}"));
                    continue;
                }
                Err(NoLine::Silent) => format!("within {} s", PATIENCE.as_secs()),
                Err(NoLine::Ended) => "before it ended".to_owned(),
            };
            said.insert(0, format!("the program for Linux has not said {text:?} {why}; it said:"));
            return Err(Problem::Findings(said));
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn resident(&self) -> Result<u64, Problem> {
        let path = PathBuf::from(format!("/proc/{}/status", self.child.id()));
        let status = fs::read_to_string(&path).map_err(|cause| io("read", &path, cause))?;
        let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok());
        kib.map(|kib: u64| kib * 1024).ok_or_else(|| Problem::Findings(vec![format!("{}: no VmRSS", path.display())]))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The WebAssembly modules below `folder`.
fn modules(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let found = entries.flat_map(|path| match path.is_dir() {
        true => modules(&path),
        false => vec![path],
    });
    found.filter(|path| path.extension().is_some_and(|extension| extension == "wasm")).collect()
}

/// Bytes after gzip, as a web server sends them.
fn compressed(path: &Path) -> Result<u64, Problem> {
    let process = Process::new("gzip", "-9 --stdout").argument(path);
    let mut child = process.start(Stdio::null(), Stdio::inherit())?;
    let output = child.stdout.take().map_or(Ok(0), |mut output| std::io::copy(&mut output, &mut std::io::sink()));
    let len = output.map_err(|cause| io("compress", path, cause))?;
    let status = child.wait().map_err(|cause| io("compress", path, cause))?;
    if status.success() { Ok(len) } else { Err(Problem::Findings(vec![format!("gzip fails on {}", path.display())])) }
}
