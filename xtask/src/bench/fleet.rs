//! Thousands of devices, and a restart of their Cloud.

use super::Programs;
use super::figures::Figures;
use super::plot::{Line, lines};
use crate::firmware::emulated_cloud::Cloud;
use crate::process::{Problem, Process, root};
use std::fs;
use std::path::Path;

/// How long the Cloud is away, in seconds.
const AWAY: u64 = 10;
/// The plot of what happens then.
const PLOT: &str = "docs/figures/fleet-restart.svg";

/// The members of the result that are kept, and what a figure counts in: so many for one of the member.
const MEMBERS: [(&str, &str, f64); 12] = [
    ("devices", "fleet_devices_count", 1.0),
    ("online", "fleet_online_count", 1.0),
    ("online_after_ms", "fleet_online_after_us", 1e3),
    ("cpu_us_per_connect", "fleet_connect_cpu_us", 1.0),
    ("cloud_cpu_us_per_connect", "fleet_cloud_connect_cpu_us", 1.0),
    ("bytes_per_device", "fleet_device_bytes", 1.0),
    ("cloud_bytes_per_device", "fleet_cloud_device_bytes", 1.0),
    ("cpu_us_per_heartbeat", "fleet_heartbeat_cpu_us", 1.0),
    ("cloud_cpu_us_per_heartbeat", "fleet_cloud_heartbeat_cpu_us", 1.0),
    ("online_again_after_ms", "fleet_online_again_after_us", 1e3),
    ("attempts", "fleet_attempts_count", 1.0),
    ("most_attempts_in_a_second", "fleet_most_attempts_count", 1.0),
];

pub(super) fn measure(
    figures: &mut Figures,
    programs: &Programs,
    devices: usize,
    plotted: bool,
) -> Result<(), Problem> {
    let folder = root().join("target/bench/fleet");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|cause| io("make", &folder, cause))?;
    let cloud = Cloud::of_program(&programs.full, &format!("--state {}", folder.join("cloud").display()))?;
    let series = folder.join("series.csv");
    let options = format!("fleet --devices={devices} --restart-cloud={AWAY} --json --cloud={}", cloud.url);
    let fleet = Process::new(&programs.full.display().to_string(), &options)
        .argument(format!("--admin={}", cloud.page()))
        .argument(format!("--series={}", series.display()));
    let mut result = String::new();
    fleet.show_and_look(|line| {
        if line.starts_with('{') {
            result = line.to_owned();
        }
    })?;
    for (member, name, unit) in MEMBERS {
        if let Some(value) = number(&result, member) {
            figures.set(name, (value * unit).round() as u64);
        }
    }
    if plotted { draw(&series) } else { Ok(()) }
}

/// The number that is the value of `name`.
fn number(object: &str, name: &str) -> Option<f64> {
    let text = object.split_once(&format!("\"{name}\":"))?.1;
    text.get(..text.find([',', '}'])?)?.trim().parse().ok()
}

/// Draws what a table of `aclk fleet --series` has from the end of the hold on: who is online, and who tries.
pub(super) fn draw(series: &Path) -> Result<(), Problem> {
    let text = fs::read_to_string(series).map_err(|cause| io("read", series, cause))?;
    let mut rows = text.lines();
    let names: Vec<&str> = rows.next().unwrap_or_default().split(',').collect();
    let column = |name: &str| names.iter().position(|known| *known == name).unwrap_or(usize::MAX);
    let (ms, phase, online, attempts) = (column("ms"), column("phase"), column("online"), column("attempts"));
    let states = ["off", "connecting", "online", "waiting", "stopped"].map(column);
    let (mut linked, mut trying, mut devices) = (Vec::new(), Vec::new(), 1.0);
    let (mut begun, mut before): (Option<f64>, Option<(f64, f64)>) = (None, None);
    for row in rows.map(|row| row.split(',').collect::<Vec<_>>()) {
        let value = |at: usize| row.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default();
        devices = states.iter().map(|at| value(*at)).sum::<f64>().max(1.0);
        let (at, tried) = (value(ms) / 1e3, value(attempts));
        if row.get(phase) == Some(&"restart") {
            let begun = *begun.get_or_insert(before.map_or(at, |(at, _)| at));
            linked.push((at - begun, value(online) / devices));
            if let Some((last, tried_before)) = before.filter(|(last, _)| at > *last) {
                trying.push((at - begun, (tried - tried_before) / (at - last)));
            }
        }
        before = Some((at, tried));
    }
    let most = trying.iter().map(|(_, value)| *value).fold(1.0, f64::max);
    let scaled = trying.iter().map(|(at, value)| (*at, value / most)).collect();
    let title = format!("{devices} devices after a restart of the Cloud");
    let svg = lines(
        &title,
        "seconds",
        &[
            Line { name: "online".to_owned(), most: format!("{devices}"), points: linked },
            Line { name: "attempts a second".to_owned(), most: format!("{most:.0}"), points: scaled },
        ],
    );
    let path = root().join(PLOT);
    fs::write(&path, svg).map_err(|cause| io("write", &path, cause))
}

fn io(attempt: &str, path: &Path, cause: std::io::Error) -> Problem {
    Problem::Io { attempt: format!("{attempt} {}", path.display()), cause }
}
