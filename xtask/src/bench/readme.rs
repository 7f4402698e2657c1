//! The tables of the README and the plots, made from the figures.

use super::figures::Figures;
use super::plot::{Bar, Group, bars};
use crate::process::{Problem, root};
use std::fs;

const FILE: &str = "README.md";
const BEGIN: &str = "<!-- bench:begin -->\n";
const END: &str = "<!-- bench:end -->";
const DRAW: &str = "cargo xtask bench --draw";

/// What the original takes: its Agent v2.10.4 and its documented script. Measured once, before, on a machine of this kind.
mod original {
    pub(super) const ONLINE: (u64, u64) = (910_000, 240_000);
    pub(super) const RESIDENT: u64 = 38_600_000;
    pub(super) const THREADS: u64 = 38;
    pub(super) const SIZE: &str = "13.6 MB stripped, and 23 MB of libraries";
    pub(super) const CLAIM: (u64, u64, u64) = (530_000, 440_000, 18_000_000);
}

/// The phases and codecs, as people read them.
const COUNTS: [(&str, &str); 9] = [
    ("handshake_tls_instr", "TLS handshake"),
    ("handshake_decrypt_instr", "challenge decrypted"),
    ("handshake_otp_instr", "challenge and password read"),
    ("handshake_mqtt_instr", "WebSocket and MQTT connect"),
    ("http_instr", "HTTP reply of 2 KB"),
    ("websocket_instr", "WebSocket, 1 KB each way"),
    ("mqtt_instr", "MQTT, 1 KB each way"),
    ("json_instr", "JSON of /env"),
    ("protobuf_instr", "protobuf, node info"),
];

/// The tables of Markdown.
pub(super) fn table(figures: &Figures) -> String {
    [against_the_agent(figures), claims(figures), fleet(figures), instructions(figures)].concat()
}

fn against_the_agent(figures: &Figures) -> String {
    let get = |name| figures.get(name);
    let mut text = "| | Agent v2.10.4 ¹ | aclk |\n|---|---|---|\n".to_owned();
    let mut row = |name: &str, theirs: String, ours: Option<String>| {
        if let Some(ours) = ours {
            text.push_str(&format!("| {name} | {theirs} | {ours} |\n"));
        }
    };
    let times = |wall, cpu| format!("{}; {} of CPU", seconds(wall), seconds(cpu));
    let online = get("online_wall_us").zip(get("online_cpu_us"));
    row("from start to online", times(original::ONLINE.0, original::ONLINE.1), online.map(|(w, c)| times(w, c)));
    row("memory, resident, idle", megabytes(original::RESIDENT), get("idle_resident_bytes").map(megabytes));
    row("threads", original::THREADS.to_string(), get("idle_threads_count").map(|count| count.to_string()));
    row(
        "program",
        original::SIZE.to_owned(),
        get("size_small_bytes").map(|size| format!("{}, static", megabytes(size))),
    );
    row("CPU in a minute, idle", String::new(), get("idle_cpu_us_per_minute").map(seconds));
    let asked = get("queries_per_s").zip(get("query_p99_us"));
    row(
        "queries over the link",
        String::new(),
        asked.map(|(rate, p99)| format!("{rate} a second, 99 in 100 within {}", milliseconds(p99))),
    );
    text
}

fn claims(figures: &Figures) -> String {
    let of = |who: &str| {
        let get = |what: &str| figures.get(&format!("claim_{who}_{what}"));
        Some((get("wall_us")?, get("cpu_us")?, get("peak_bytes")?))
    };
    let (Some(script), Some(ours), Some(pairs)) = (of("script"), of("aclk"), figures.get("claim_pairs_count")) else {
        return String::new();
    };
    let row = |name: &str, show: fn(u64) -> String, of: fn((u64, u64, u64)) -> u64| {
        let cells = [original::CLAIM, script, ours].map(|took| show(of(took)));
        format!("| {name} | {} |\n", cells.join(" | "))
    };
    format!(
        "\n| a claim, the key pair included; medians of {pairs} | documented script ¹ | curl and openssl | aclk |\n\
         |---|---|---|---|\n{}{}{}",
        row("time", seconds, |took| took.0),
        row("CPU", seconds, |took| took.1),
        row("most memory", megabytes, |took| took.2)
    )
}

fn fleet(figures: &Figures) -> String {
    let get = |name| figures.get(name);
    let Some((devices, online)) = get("fleet_devices_count").zip(get("fleet_online_count")) else {
        return String::new();
    };
    let mut text = format!("\n| {devices} devices in one process | fleet | emulated Cloud |\n|---|---|---|\n");
    let mut row = |name: &str, fleet: Option<String>, cloud: Option<String>| {
        if let Some(fleet) = fleet {
            text.push_str(&format!("| {name} | {fleet} | {} |\n", cloud.unwrap_or_default()));
        }
    };
    row("online at once", Some(online.to_string()), None);
    row("memory of a device", get("fleet_device_bytes").map(kilobytes), get("fleet_cloud_device_bytes").map(kilobytes));
    let connect = (get("fleet_connect_cpu_us"), get("fleet_cloud_connect_cpu_us"));
    row("CPU of coming online", connect.0.map(milliseconds), connect.1.map(milliseconds));
    let beat = (get("fleet_heartbeat_cpu_us"), get("fleet_cloud_heartbeat_cpu_us"));
    let us = |us: u64| format!("{us} µs");
    row("CPU of a heartbeat", beat.0.map(us), beat.1.map(us));
    let rate = get("fleet_online_after_us").filter(|us| *us > 0);
    row("connects a second", rate.map(|us| format!("{:.0}", online as f64 * 1e6 / us as f64)), None);
    row(
        "all online again after a restart of the Cloud",
        get("fleet_online_again_after_us").map(|us| format!("{:.0} s", us as f64 / 1e6)),
        None,
    );
    text
}

fn instructions(figures: &Figures) -> String {
    let rows: String = COUNTS
        .iter()
        .filter_map(|(name, title)| Some(format!("| {title} | {} |\n", thousands(figures.get(name)?))))
        .collect();
    if rows.is_empty() { rows } else { format!("\n| on x86_64 | instructions |\n|---|---|\n{rows}") }
}

fn seconds(us: u64) -> String {
    format!("{:.3} s", us as f64 / 1e6)
}

fn milliseconds(us: u64) -> String {
    format!("{:.1} ms", us as f64 / 1e3)
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn kilobytes(bytes: u64) -> String {
    format!("{:.0} kB", bytes as f64 / 1e3)
}

fn thousands(count: u64) -> String {
    format!("{:.1} k", count as f64 / 1e3)
}

/// Path and content of the plots that the figures suffice for.
fn plots(figures: &Figures) -> Vec<(&'static str, String)> {
    let get = |name: &str| figures.get(name);
    let bar = |name: &str, colour, value: u64, show: fn(u64) -> String| Bar {
        name: name.to_owned(),
        value: value as f64,
        text: show(value),
        colour,
    };
    let mut plots = Vec::new();
    let mut groups = Vec::new();
    for (name, of, show) in [
        ("time", "wall_us", seconds as fn(u64) -> String),
        ("CPU", "cpu_us", seconds),
        ("most memory", "peak_bytes", megabytes),
    ] {
        let (script, ours) = (get(&format!("claim_script_{of}")), get(&format!("claim_aclk_{of}")));
        if let Some((script, ours)) = script.zip(ours) {
            let bars = vec![bar("curl and openssl", 1, script, show), bar("aclk", 0, ours, show)];
            groups.push(Group { name: name.to_owned(), bars });
        }
    }
    if !groups.is_empty() {
        plots.push(("docs/figures/claim.svg", bars("A claim, the key pair included (medians)", &groups)));
    }
    let counts: Vec<Bar> =
        COUNTS.iter().filter_map(|(name, title)| Some(bar(title, 0, get(name)?, thousands))).collect();
    let (phases, codecs): (Vec<Bar>, Vec<Bar>) = counts
        .into_iter()
        .partition(|bar| COUNTS.iter().any(|(name, title)| bar.name == *title && name.starts_with("hand")));
    if !phases.is_empty() {
        let groups = [("phases of the handshake", phases), ("codecs", codecs)]
            .map(|(name, bars)| Group { name: name.to_owned(), bars });
        plots.push(("docs/figures/instructions.svg", bars("Instructions on x86_64", &groups)));
    }
    plots
}

/// Puts the tables into the README, and draws.
pub(super) fn write(figures: &Figures) -> Result<(), Problem> {
    let text = read(FILE)?;
    let old = between(&text)?;
    let new = text.replacen(&format!("{BEGIN}{old}{END}"), &format!("{BEGIN}{}{END}", table(figures)), 1);
    write_file(FILE, &new)?;
    plots(figures).iter().try_for_each(|(path, svg)| write_file(path, svg))
}

/// What of README and plots is not made from the figures, a sentence each.
pub(super) fn outdated(figures: &Figures) -> Result<Vec<String>, Problem> {
    let mut findings = Vec::new();
    if between(&read(FILE)?)? != table(figures) {
        findings.push(format!("{FILE} does not have the figures of docs/figures/bench.json; `{DRAW}` makes it so"));
    }
    for (path, svg) in plots(figures) {
        if read(path).ok().as_ref() != Some(&svg) {
            findings.push(format!("{path} does not show the figures of docs/figures/bench.json; `{DRAW}` draws it"));
        }
    }
    Ok(findings)
}

fn read(path: &str) -> Result<String, Problem> {
    fs::read_to_string(root().join(path)).map_err(|cause| Problem::Io { attempt: format!("read {path}"), cause })
}

fn write_file(path: &str, text: &str) -> Result<(), Problem> {
    fs::write(root().join(path), text).map_err(|cause| Problem::Io { attempt: format!("write {path}"), cause })
}

fn between(text: &str) -> Result<&str, Problem> {
    let found = text.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END)).map(|(table, _)| table);
    found
        .ok_or_else(|| Problem::Findings(vec![format!("{FILE}: no line {} with a line {END} below", BEGIN.trim_end())]))
}

#[cfg(test)]
mod tests {
    use super::super::figures::Figures;
    use super::{plots, table};

    #[test]
    fn what_was_not_measured_has_no_row() {
        let mut figures = Figures::default();
        figures.set("idle_resident_bytes", 2_200_000);
        let text = table(&figures);
        assert!(text.contains("| memory, resident, idle | 38.6 MB | 2.2 MB |\n"), "{text}");
        assert!(!text.contains("a claim") && !text.contains("devices") && !text.contains("instructions"), "{text}");
        assert_eq!(plots(&figures), []);
    }

    #[test]
    fn claims_are_shown_beside_each_other() {
        let mut figures = Figures::default();
        for (name, value) in [("wall_us", 90_000), ("cpu_us", 80_000), ("peak_bytes", 9_000_000)] {
            figures.set(&format!("claim_script_{name}"), 2 * value);
            figures.set(&format!("claim_aclk_{name}"), value);
        }
        figures.set("claim_pairs_count", 15);
        assert!(table(&figures).contains("| CPU | 0.440 s | 0.160 s | 0.080 s |\n"), "{}", table(&figures));
        assert_eq!(plots(&figures).len(), 1);
    }
}
