//! What a Linux machine measures, asked over its link.

use crate::support::*;
use aclk_cloud::server::Handle;
use serde_json::Value;
use std::fs;

fn json(cloud: &Handle, machine: &Machine, path: &str) -> Value {
    let reply = ask(cloud, machine, path);
    assert_eq!(reply.code, 200, "{path}");
    serde_json::from_slice(&reply.body).unwrap()
}

/// The newest values of a chart by their names, once none of them is a gap.
fn newest(cloud: &Handle, machine: &Machine, chart: &str) -> Vec<(String, f64)> {
    let mut values = Vec::new();
    wait_until("there is a sample", || {
        let data = json(cloud, machine, &format!("/api/v1/data?chart={chart}&after=-1"));
        let Some(row) = data["data"][0].as_array() else { return false };
        let names = data["labels"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned());
        let known: Option<Vec<f64>> = row.iter().map(Value::as_f64).collect();
        values = names.zip(known.unwrap_or_default()).skip(1).collect();
        !values.is_empty()
    });
    values
}

/// KiB of memory, by the kernel.
fn memory() -> f64 {
    let meminfo = fs::read_to_string("/proc/meminfo").unwrap();
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn the_cloud_is_told_what_the_machine_is_and_measures() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let conf = "[host labels]\n  rack = 7 \"b\"\n  room = east\n";
    fs::write(machine.root().join("etc/netdata.conf"), conf).unwrap();
    let link = machine.start(&[]);
    link.wait_for("live as the node", 0);

    let info = json(&cloud, &machine, "/api/v1/info");
    let total = memory();
    assert_eq!(info["ram_total"], format!("{}", total * 1024.0), "{info}");
    for key in ["os_name", "os_id", "kernel_name", "kernel_version", "architecture", "container"] {
        assert!(info[key].as_str().is_some_and(|fact| !matches!(fact, "" | "unknown")), "{key}: {info}");
    }
    assert_eq!((&info["host_labels"]["rack"], &info["host_labels"]["room"]), (&"7 b".into(), &"east".into()));
    assert_eq!(info["host_labels"]["_os_name"], info["os_name"]);

    let ram = newest(&cloud, &machine, "system.ram");
    let sum: f64 = ram.iter().map(|(_, mib)| mib).sum();
    assert!((sum * 1024.0 / total - 1.0).abs() < 1e-4, "{ram:?} of {total} KiB");
    for chart in ["system.cpu", "system.load", "system.uptime", "aclk.mem", "aclk.cpu"] {
        let values = newest(&cloud, &machine, chart);
        assert!(values.iter().all(|(_, value)| *value >= 0.0), "{chart}: {values:?}");
    }
    let metrics = String::from_utf8(ask(&cloud, &machine, "/api/v1/allmetrics").body).unwrap();
    assert!(metrics.lines().any(|line| line.starts_with("netdata_system_ram_MiB_average{chart=\"system.ram\"")));

    // UpdateNodeInfo says the same.
    let told = || cloud.with(|cloud, _| cloud.view()).nodes[0].instances[0].clone();
    wait_until("the Cloud is told", || told().os.is_some());
    let told = told();
    assert_eq!(told.os.as_deref(), Some("linux"));
    let label = |name: &str| told.labels.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str());
    assert_eq!((label("rack"), label("_os_name")), (Some("7 b"), info["os_name"].as_str()));
    assert_eq!(cloud.with(|cloud, _| cloud.deviations().to_vec()), []);
}

/// In a mount namespace, which takes root: nothing is skipped for want of a tool otherwise.
#[test]
fn a_machine_without_proc_is_a_node_with_gaps_and_says_why() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let mut probe = std::process::Command::new("unshare");
    probe.args(["--mount", "mount", "-t", "tmpfs", "none", "/proc"]);
    match probe.output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => return println!("skipped: {}", String::from_utf8_lossy(&output.stderr).trim()),
        Err(error) => return println!("skipped: unshare: {error}"),
    }
    let aclk = machine.command(&["run"]);
    let mut command = std::process::Command::new("unshare");
    command.args(["--mount", "sh", "-c", "mount -t tmpfs none /proc && exec \"$0\" run", ACLK]);
    command.envs(aclk.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let link = Daemon::start(command);
    link.wait_for("note: what is in /proc/stat, /proc/loadavg, /proc/meminfo", 0);
    link.wait_for("live as the node", 0);
    wait_until("there is a sample", || {
        let data = json(&cloud, &machine, "/api/v1/data?chart=system.ram&after=-1");
        let row = data["data"][0].as_array().cloned().unwrap_or_default();
        row.len() == 5 && row[1..].iter().all(Value::is_null)
    });
    assert!(newest(&cloud, &machine, "aclk.cpu")[0].1 >= 0.0);
}
