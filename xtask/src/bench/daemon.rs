//! The daemon: from its start to online, idle, and asked over its link.

use super::Programs;
use super::figures::{Figures, median};
use super::worlds::claimed;
use crate::firmware::emulated_cloud::Cloud;
use crate::process::Problem;
use crate::size::host::{Daemon, around};
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

/// How often it is started.
const STARTS: usize = 9;
/// How long it is watched while it has nothing to do.
const IDLE: Duration = Duration::from_secs(30);
/// Who asks at the same time, and how often each.
const ASKERS: usize = 4;
const QUESTIONS: usize = 250;

pub(super) fn measure(figures: &mut Figures, programs: &Programs) -> Result<(), Problem> {
    let cloud = Cloud::of_program(&programs.full, "")?;
    let folder = claimed("daemon", &cloud, programs)?;
    let start = || Daemon::start(around(&programs.small, &folder).args(["run", "--listen=off"]), &programs.small);
    let (mut walls, mut cpus) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let begun = Instant::now();
        let mut daemon = start()?;
        daemon.wait_for("ACLK: online as")?;
        walls.push(begun.elapsed().as_micros() as u64);
        cpus.push(cpu_us(daemon.pid())?);
    }
    figures.set("online_wall_us", median(walls));
    figures.set("online_cpu_us", median(cpus));

    let mut daemon = start()?;
    daemon.live()?;
    figures.set("idle_resident_bytes", daemon.resident()?);
    figures.set("idle_threads_count", tasks(daemon.pid())?.len() as u64);
    let (begun, before) = (Instant::now(), cpu_us(daemon.pid())?);
    thread::sleep(IDLE);
    let used = cpu_us(daemon.pid())? - before;
    figures.set("idle_cpu_us_per_minute", (used as f64 * 60.0 / begun.elapsed().as_secs_f64()) as u64);

    let id = folder.join("etc/claim.d/claimed_id");
    let id = fs::read_to_string(&id).map_err(|cause| io(&id, cause))?;
    let (per_second, p99_us) = ask(&cloud, id.trim())?;
    figures.set("queries_per_s", per_second);
    figures.set("query_p99_us", p99_us);
    Ok(())
}

/// Queries a second, and what the slowest but one in a hundred took between Cloud and node, in microseconds.
fn ask(cloud: &Cloud, node: &str) -> Result<(u64, u64), Problem> {
    let path = format!("/api/nodes/{node}/query");
    let (times, wrong) = (Mutex::new(Vec::new()), Mutex::new(None));
    let begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..ASKERS {
            scope.spawn(|| {
                for _ in 0..QUESTIONS {
                    let answer = match cloud.ask("POST", &path, r#"{"path":"/api/v1/info"}"#) {
                        Ok(reply) if reply.status == 200 => took_us(&reply.body),
                        _ => None,
                    };
                    match (answer, times.lock(), wrong.lock()) {
                        (Some(us), Ok(mut times), _) => times.push(us),
                        (_, _, Ok(mut wrong)) => *wrong = Some("a query over the link is not answered".to_owned()),
                        _ => {}
                    }
                }
            });
        }
    });
    let took = begun.elapsed();
    if let Some(wrong) = wrong.into_inner().ok().flatten() {
        return Err(Problem::Findings(vec![wrong]));
    }
    let mut times = times.into_inner().unwrap_or_default();
    times.sort_unstable();
    let p99 = times.get(times.len() * 99 / 100).copied().unwrap_or_default();
    Ok(((times.len() as f64 / took.as_secs_f64()) as u64, p99))
}

fn took_us(body: &str) -> Option<u64> {
    let text = body.split_once("\"took_ms\":")?.1;
    let end = text.find([',', '}'])?;
    text.get(..end)?.trim().parse::<f64>().ok().map(|ms| (ms * 1e3) as u64)
}

fn io(path: &Path, cause: std::io::Error) -> Problem {
    Problem::Io { attempt: format!("read {}", path.display()), cause }
}

/// The threads of a process.
fn tasks(pid: u32) -> Result<Vec<std::path::PathBuf>, Problem> {
    let path = std::path::PathBuf::from(format!("/proc/{pid}/task"));
    let entries = fs::read_dir(&path).map_err(|cause| io(&path, cause))?;
    Ok(entries.flatten().map(|entry| entry.path()).collect())
}

/// Processor time of all threads that there are now (proc(5), `schedstat`): finer than the hundredths of a second elsewhere.
fn cpu_us(pid: u32) -> Result<u64, Problem> {
    let mut sum = 0;
    for task in tasks(pid)? {
        let path = task.join("schedstat");
        // A thread may have ended just now.
        let text = fs::read_to_string(&path).unwrap_or_default();
        sum += text.split(' ').next().and_then(|ns| ns.parse::<u64>().ok()).unwrap_or_default();
    }
    Ok(sum / 1_000)
}
