//! Where programs are run that are measured: each time in a folder of its own, and on a machine that is busy or not.

use super::Programs;
use super::figures::Figures;
use crate::firmware::emulated_cloud::Cloud;
use crate::process::{Problem, root};
use crate::size::host::around;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn io(attempt: &str, path: &Path, cause: std::io::Error) -> Problem {
    Problem::Io { attempt: format!("{attempt} {}", path.display()), cause }
}

/// A machine that trusts `cloud` and was not claimed.
pub(super) fn fresh(name: &str, cloud: &Cloud) -> Result<PathBuf, Problem> {
    let folder = root().join("target/bench").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|cause| io("empty", &folder, cause))?;
    }
    let claim_dir = folder.join("etc/claim.d");
    fs::create_dir_all(&claim_dir).map_err(|cause| io("make", &claim_dir, cause))?;
    let authority = claim_dir.join("cloud_fullchain.pem");
    fs::copy(&cloud.authority, &authority).map_err(|cause| io("write", &authority, cause))?;
    Ok(folder)
}

/// The arguments of a claim at `cloud`.
pub(super) fn claim_arguments(cloud: &Cloud) -> [String; 4] {
    let Cloud { url, token, rooms, .. } = cloud;
    ["claim".to_owned(), format!("-token={token}"), format!("-rooms={rooms}"), format!("-url={url}")]
}

/// A machine that is claimed at `cloud`.
pub(super) fn claimed(name: &str, cloud: &Cloud, programs: &Programs) -> Result<PathBuf, Problem> {
    let folder = fresh(name, cloud)?;
    let mut claim = around(&programs.small, &folder);
    let status = claim.args(claim_arguments(cloud)).stdout(Stdio::null()).status();
    match status.map_err(|cause| io("start", &programs.small, cause))? {
        status if status.success() => Ok(folder),
        status => Err(Problem::Findings(vec![format!("the claim fails ({status})")])),
    }
}

/// What a program took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Took {
    pub(super) wall_us: u64,
    pub(super) cpu_us: u64,
    /// The most memory of any process.
    pub(super) peak_bytes: u64,
}

/// Runs `program` to its end in `folder`.
pub(super) fn take(programs: &Programs, folder: &Path, program: &Path, arguments: &[String]) -> Result<Took, Problem> {
    let mut command: Command = around(&programs.bench, folder);
    let output = command.arg("run").arg(program).args(arguments).stderr(Stdio::inherit()).output();
    let output = output.map_err(|cause| io("start", &programs.bench, cause))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<u64> = text.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    match (output.status.success(), numbers.as_slice()) {
        (true, &[wall_us, cpu_us, peak_bytes]) => Ok(Took { wall_us, cpu_us, peak_bytes }),
        _ => Err(Problem::Findings(vec![format!("{} fails", program.display())])),
    }
}

/// How busy the machine is before anything begins: the load of the last minute, in thousandths, and its processors.
pub(super) fn note_load(figures: &mut Figures) -> Result<(), Problem> {
    let path = Path::new("/proc/loadavg");
    let text = fs::read_to_string(path).map_err(|cause| io("read", path, cause))?;
    let load: f64 = text.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or_default();
    figures.set("load_permille", (load * 1_000.0) as u64);
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    figures.set("processors_count", processors as u64);
    Ok(())
}
