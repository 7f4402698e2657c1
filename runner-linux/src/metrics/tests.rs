//! The device on machines made of files: good ones, odd ones, and such as there cannot be.

mod facts;
mod hostile;

use super::{LinuxDevice, Machine};
use crate::clock::HostClock;
use crate::device::OwnStack;
use crate::scratch::Scratch;
use crate::store::conf::Conf;
use aclk_core::clock::{Clock, Instant, Now, Trust, WallTime};
use aclk_core::metrics::{Device, first_dimension};
use std::fs;
use std::net::UdpSocket;
use std::path::Path;

/// When the tests begin, in seconds since 1970.
const START: u64 = 1_760_000_000;

const STAT: &str = "cpu  1000 200 300 5000 40 5 15 10 100 20\ncpu0 500 100 150 2500 20 2 8 5 50 10\n\
    cpu1 500 100 150 2500 20 3 7 5 50 10\nintr 90000 1 2 3\nctxt 70000\nbtime 1759990000\nprocesses 400\n\
    procs_running 3\nprocs_blocked 1\nsoftirq 5 1 1\n";
const LATER: &str = "cpu  1060 210 320 5090 44 6 17 12 120 22\ncpu0 500 100 150 2500 20 2 8 5 50 10\n\
    cpu1 500 100 150 2500 20 3 7 5 50 10\nintr 90500 1 2 3\nctxt 71000\nbtime 1759990000\nprocesses 404\n\
    procs_running 5\nprocs_blocked 0\nsoftirq 5 1 1\n";
const LOADAVG: &str = "0.52 1.25 12.00 3/345 6789\n";
const MEMINFO: &str = "MemTotal:       16384 kB\nMemFree:         4096 kB\nMemAvailable:    9999 kB\nBuffers:         1024 kB\n\
    Cached:          3072 kB\nSwapTotal:       8192 kB\nSwapFree:        6144 kB\nShmem:            512 kB\n\
    SReclaimable:     512 kB\nHugePages_Total:       0\n";
const NET_HEAD: &str = "Inter-|   Receive                    |  Transmit\n face |bytes    packets errs drop fifo frame compressed \
    multicast|bytes    packets errs drop fifo colls carrier compressed\n";
const DISKSTATS: &str = "   7       0 loop0 9 0 900 0 9 0 900 0 0 0 0\n 259       0 nvme0n1 22 6 5000 32 50 43 9000 13 0 2 4\n \
    259       1 nvme0n1p1 22 6 5000 32 50 43 9000 13 0 2 4 5 6 7 8 9 10\n   8       0 sda 22 6 1000 32 50 43 2000 13 0 2 4\n   \
    8       1 sda1 22 6 1000 32 50 43 2000 13 0 2 4\n 253       0 dm-0 22 6 1000 32 50 43 2000 13 0 2 4\n";
const UPTIME: &str = "12345.67 54321.00\n";
const STATM: &str = "1000 500 300 10 0 200 0\n";

/// A line of `/proc/net/dev`.
fn interface(name: &str, received: u64, sent: u64) -> String {
    format!(
        "{name:>6}: {received} 20592    0    0    0     0          0         0  {sent}   12662    0    0    0     0       0          0\n"
    )
}

fn network(lines: &[(&str, u64, u64)]) -> String {
    lines.iter().fold(NET_HEAD.to_owned(), |text, (name, received, sent)| text + &interface(name, *received, *sent))
}

/// The root directory of a machine.
struct Tree(Scratch);

impl Tree {
    /// With nothing in it.
    fn empty() -> Self {
        Self(Scratch::new())
    }

    /// With all files that are measured.
    fn new() -> Self {
        let tree = Self::empty();
        tree.write("proc/stat", STAT);
        tree.write("proc/loadavg", LOADAVG);
        tree.write("proc/meminfo", MEMINFO);
        tree.write("proc/net/dev", network(&[("lo", 100, 100), ("eth0", 10_000, 2_000)]));
        tree.write("proc/diskstats", DISKSTATS);
        tree.write("proc/uptime", UPTIME);
        tree.write("proc/self/statm", STATM);
        tree
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn machine(&self) -> Machine {
        Machine::below(self.root(), &Conf::default(), &|_| None)
    }
}

/// So many milliseconds after the start.
fn at(millis: u64) -> Now {
    let unix_us = START * 1_000_000 + millis * 1_000;
    Now { instant: Instant::from_micros(millis * 1_000), wall: WallTime { unix_us, trust: Trust::Trusted } }
}

/// What a chart showed in a second after the start; empty if there is no such chart.
fn shown(device: &LinuxDevice<'_>, chart: &str, second: u64) -> Vec<Option<f32>> {
    let charts = device.charts();
    let Some(index) = charts.iter().position(|one| one.id == chart) else { return Vec::new() };
    let first = first_dimension(charts, index);
    let dimensions = first..first + charts[index].dimensions.len();
    dimensions.map(|dimension| device.samples().value(dimension, START + second)).collect()
}

fn is_gap(values: &[Option<f32>]) -> bool {
    !values.is_empty() && values.iter().all(Option::is_none)
}

fn some<const N: usize>(values: [f32; N]) -> Vec<Option<f32>> {
    values.into_iter().map(Some).collect()
}

fn ids<'d>(device: &'d LinuxDevice<'_>) -> Vec<&'d str> {
    device.charts().iter().map(|chart| chart.id).collect()
}

#[test]
fn the_files_are_shown_as_the_charts_of_netdata() {
    let tree = Tree::new();
    let machine = tree.machine();
    assert_eq!(machine.notes(), Vec::<String>::new());
    let mut device = machine.device();
    device.sample(at(0));
    tree.write("proc/stat", LATER);
    tree.write("proc/net/dev", network(&[("lo", 1_100, 600), ("eth0", 35_000, 4_500)]));
    tree.write("proc/diskstats", DISKSTATS.replace("sda 22 6 1000 32 50 43 2000", "sda 22 6 1020 32 50 43 2100"));
    device.sample(at(2_000));
    // Shares of 200 ticks; guests are not counted twice.
    let cpu = shown(&device, "system.cpu", 2);
    assert_eq!(cpu.len(), 9);
    let expected = [2.0, 20.0, 2.0, 2.0, 1.0, 40.0, 20.0, 8.0, 4.0].map(|ticks: f32| ticks * 100.0 / 189.0);
    for (value, expected) in cpu.iter().zip(expected) {
        assert!((value.unwrap() - expected).abs() < 1e-3, "{cpu:?}");
    }
    for (chart, values) in [
        ("system.intr", some([250.0])),
        ("system.ctxt", some([500.0])),
        ("system.forks", some([2.0])),
        ("system.processes", some([5.0, 0.0])),
        ("system.load", some([0.52, 1.25, 12.0])),
        ("system.active_processes", some([345.0])),
        ("system.ram", some([4.0, 8.0, 3.0, 1.0])),
        ("system.swap", some([6.0, 2.0])),
        ("system.net", some([100.0, 10.0])),
        ("net.eth0", some([100.0, 10.0])),
        ("net.lo", some([4.0, 2.0])),
        ("system.io", some([5.0, 25.0])),
        ("disk.sda", some([5.0, 25.0])),
        ("disk.nvme0n1", some([0.0, 0.0])),
        ("system.uptime", some([12_345.0])),
        ("aclk.mem", some([500.0 * rustix::param::page_size() as f32 / 1024.0])),
    ] {
        assert_eq!(shown(&device, chart, 2), values, "{chart}");
    }
    // The first sample has nothing to compare with.
    for chart in ["system.cpu", "system.intr", "system.net", "net.lo", "system.io", "disk.sda", "aclk.cpu"] {
        assert!(is_gap(&shown(&device, chart, 0)), "{chart}");
    }
    assert_eq!(shown(&device, "system.ram", 0), some([4.0, 8.0, 3.0, 1.0]));
    let space = shown(&device, "disk_space./", 2);
    assert!(space.len() == 3 && space.iter().all(|value| value.is_some_and(|gib| gib >= 0.0)), "{space:?}");
}

#[test]
fn a_chart_has_a_context_and_an_id_of_its_own() {
    let machine = Machine::find(&Conf::default(), None);
    let device = machine.device();
    let charts = ids(&device);
    for (index, chart) in charts.iter().enumerate() {
        assert!(!charts[..index].contains(chart), "{chart} twice");
        assert!(chart.contains('.') && !device.charts()[index].context.is_empty());
    }
}

#[test]
fn counters_that_start_anew_are_a_gap_and_no_peak() {
    let tree = Tree::new();
    tree.write("proc/stat", LATER);
    let machine = tree.machine();
    let mut device = machine.device();
    device.sample(at(0));
    tree.write("proc/stat", STAT);
    tree.write("proc/net/dev", network(&[("lo", 100, 100), ("eth0", 5, u64::MAX)]));
    device.sample(at(1_000));
    tree.write("proc/stat", LATER);
    tree.write("proc/net/dev", network(&[("lo", 100, 100), ("eth0", 1_005, 7)]));
    device.sample(at(2_000));
    for chart in ["system.cpu", "system.intr", "system.ctxt", "system.forks"] {
        assert!(is_gap(&shown(&device, chart, 1)), "{chart}");
        assert!(shown(&device, chart, 2).iter().all(Option::is_some), "{chart}");
    }
    let sent = (u64::MAX - 2_000) as f32 * 8.0 / 1000.0;
    assert_eq!(
        (shown(&device, "net.eth0", 1), shown(&device, "net.eth0", 2)),
        (vec![None, Some(sent)], vec![Some(8.0), None])
    );
    // The kernel takes back what it said about waiting; that is no restart.
    tree.write("proc/stat", LATER.replace("cpu  1060 210 320 5090 44", "cpu  1070 210 320 5080 40"));
    device.sample(at(3_000));
    assert_eq!(shown(&device, "system.cpu", 3)[5], Some(100.0));
    // One column is enough.
    tree.write("proc/stat", LATER.replace("cpu  1060 210 320 5090 44", "cpu  1069 300 400 6000 90"));
    device.sample(at(4_000));
    assert!(is_gap(&shown(&device, "system.cpu", 4)));
}

#[test]
fn rates_are_those_of_the_time_that_has_passed_and_of_no_other() {
    let tree = Tree::new();
    let machine = tree.machine();
    let mut device = machine.device();
    let mut received = 0;
    let mut sample = |millis: u64| {
        received += 1_000;
        tree.write("proc/net/dev", network(&[("eth0", received, 0)]));
        device.sample(at(millis));
        let shown = |chart| shown(&device, chart, millis / 1_000)[0];
        (shown("net.eth0"), shown("system.uptime"))
    };
    let uptime = Some(12_345.0);
    assert_eq!(sample(500), (None, uptime));
    assert_eq!(sample(1_750), (Some(6.4), uptime));
    assert_eq!(sample(4_250), (Some(3.2), uptime));
    assert_eq!(sample(3_600_000), (None, uptime), "it was suspended");
    assert_eq!(sample(3_601_000), (Some(8.0), uptime));
    // The time of day jumps, the other clock does not.
    let day = WallTime { unix_us: (START + 90_000) * 1_000_000, trust: Trust::Trusted };
    tree.write("proc/net/dev", network(&[("eth0", 9_000, 0)]));
    device.sample(Now { instant: at(3_603_000).instant, wall: day });
    assert_eq!(shown(&device, "net.eth0", 90_000)[0], Some(16.0));
}

#[test]
fn an_interface_that_goes_away_is_a_gap_and_a_new_one_is_not_shown() {
    let tree = Tree::new();
    let lines = [("lo", 1, 1), ("eth0", 1, 1), ("wlan0", 1, 1)];
    tree.write("proc/net/dev", network(&lines));
    let machine = tree.machine();
    let mut device = machine.device();
    device.sample(at(0));
    tree.write("proc/net/dev", network(&[("lo", 1, 1), ("eth0", 126, 1), ("usb0", 1_000, 1_000)]));
    device.sample(at(1_000));
    assert_eq!(shown(&device, "net.eth0", 1), some([1.0, 0.0]));
    assert_eq!(shown(&device, "system.net", 1), some([1.0, 0.0]));
    assert!(is_gap(&shown(&device, "net.wlan0", 1)) && shown(&device, "net.usb0", 1).is_empty());
    tree.write("proc/net/dev", network(&[("wlan0", 500_000, 1)]));
    device.sample(at(2_000));
    assert!(["net.eth0", "net.wlan0", "system.net"].iter().all(|chart| is_gap(&shown(&device, chart, 2))));
}

#[test]
fn of_many_interfaces_those_of_hardware_have_charts_and_are_summed() {
    let tree = Tree::new();
    let veths: Vec<String> = (0..100).map(|n| format!("veth{n}")).collect();
    let mut lines: Vec<(&str, u64, u64)> = veths.iter().map(|name| (name.as_str(), 0, 0)).collect();
    lines.extend([("eth0", 0, 0), ("lo", 0, 0), ("eth1", 0, 0)]);
    tree.write("proc/net/dev", network(&lines));
    for name in ["eth0", "eth1"] {
        fs::create_dir_all(tree.root().join("sys/class/net").join(name).join("device")).unwrap();
    }
    let machine = tree.machine();
    assert_eq!(machine.notes(), ["95 network interfaces have no chart: there is room for 8"]);
    let mut device = machine.device();
    let charts: Vec<_> = ids(&device).into_iter().filter(|id| id.starts_with("net.")).collect();
    assert_eq!(charts[..4], ["net.eth0", "net.eth1", "net.lo", "net.veth0"]);
    assert_eq!(charts.len(), 8);
    device.sample(at(0));
    for line in &mut lines {
        (line.1, line.2) = (250, 125);
    }
    tree.write("proc/net/dev", network(&lines));
    device.sample(at(1_000));
    assert_eq!(shown(&device, "system.net", 1), some([4.0, 2.0]));
}

#[test]
fn disks_are_whole_disks_with_and_without_sysfs() {
    for has_sysfs in [false, true] {
        let tree = Tree::new();
        if has_sysfs {
            // A disk that looks like a partition, and one that looks like nothing.
            for (disk, sectors) in [("nvme0n1", "1000"), ("sda", "24"), ("sda1", "1"), ("cciss!c0d0", "x")] {
                tree.write(&format!("sys/block/{disk}/size"), format!("{sectors}\n"));
            }
            tree.write("proc/diskstats", format!("{DISKSTATS} 9 0 cciss/c0d0 1 1 1 1 1 1 1 1 1 1 1\n"));
        }
        let machine = tree.machine();
        let device = machine.device();
        let charts: Vec<_> = ids(&device).into_iter().filter(|id| id.starts_with("disk.")).collect();
        if has_sysfs {
            assert_eq!(charts, ["disk.nvme0n1", "disk.sda", "disk.sda1", "disk.cciss_c0d0"]);
            assert_eq!(device.facts().disk_space, 1_025 * 512);
        } else {
            assert_eq!(charts, ["disk.nvme0n1", "disk.sda"]);
            assert!(device.facts().disk_space > 0, "that of /");
        }
    }
}

#[test]
fn a_machine_without_proc_is_full_of_gaps_until_there_is_one() {
    let tree = Tree::empty();
    let machine = tree.machine();
    let mut device = machine.device();
    device.sample(at(0));
    let expected = ["system.cpu", "system.load", "system.ram", "system.swap", "system.uptime", "aclk.mem"];
    for chart in expected {
        assert!(is_gap(&shown(&device, chart, 0)), "{chart}");
    }
    assert_eq!(
        machine.notes(),
        ["what is in /proc/stat, /proc/loadavg, /proc/meminfo, /proc/net/dev, /proc/diskstats, /proc/uptime, \
          /proc/self/statm is not measured: it cannot be read"]
    );
    tree.write("proc/meminfo", MEMINFO);
    device.sample(at(1_000));
    assert_eq!(shown(&device, "system.ram", 1), some([4.0, 8.0, 3.0, 1.0]));
    fs::remove_dir_all(tree.root().join("proc")).unwrap();
    tree.write("proc/stat", "");
    device.sample(at(2_000));
    assert!(is_gap(&shown(&device, "system.processes", 2)));
}

#[test]
fn over_a_stack_of_our_own_its_charts_stand_beside_those_of_the_machine() {
    let (machine, stack) = (Machine::find(&Conf::default(), None), OwnStack::new());
    let mut device = machine.device_over(&stack);
    let charts = ids(&device);
    assert!(charts.contains(&"system.cpu") && charts.contains(&"firmware.tcp"), "{charts:?}");
    assert_eq!(charts.iter().filter(|id| **id == "system.uptime").count(), 1);
    (0..2).for_each(|second| device.sample(at(second * 1_000)));
    assert_eq!(shown(&device, "firmware.tcp", 1), some([0.0, 0.0, 0.0]));
    let deepest = shown(&device, "firmware.stack", 1)[0];
    assert!(deepest.is_some_and(|peak| peak >= 4_096.0), "{deepest:?}");
    assert!(is_gap(&shown(&device, "firmware.arena", 1)));
    hostile::assert_answers(device, 2);
}

#[test]
fn work_of_this_machine_shows_in_its_charts() {
    let machine = Machine::find(&Conf::default(), None);
    let mut device = machine.device();
    let (one, other) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    other.connect(one.local_addr().unwrap()).unwrap();
    let mut sum = 0_u64;
    // Each time more work, until the ticks of the kernel show it.
    for round in 1_u64.. {
        let now = HostClock.now();
        let moment = |second| Now { wall: at(second * 1_000).wall, ..HostClock.now() };
        device.sample(Now { wall: at(round * 10_000).wall, ..now });
        let (mut sent, mut buffer) = (0, [0; 2_000]);
        for _ in 0..200 {
            sent += other.send(&[7; 1_400]).unwrap();
            one.recv(&mut buffer).unwrap();
            sum = (0..round * 20_000).fold(sum, |sum, n| std::hint::black_box(sum.wrapping_mul(31).wrapping_add(n)));
        }
        device.sample(moment(round * 10 + 1));
        let elapsed = HostClock.now().instant.since(now.instant).as_secs_f32();
        let shown = |chart| shown(&device, chart, round * 10 + 1);
        let Some(user) = shown("system.cpu").get(5).copied().flatten() else { continue };
        if user == 0.0 || elapsed > 8.0 {
            assert!(round < 100, "{:?}", shown("system.cpu"));
            continue;
        }
        assert!(user <= 100.0 && shown("aclk.cpu")[0].unwrap() > 0.0);
        let through_lo = shown("net.lo")[1].unwrap() * 1_000.0 / 8.0 * elapsed;
        assert!(through_lo >= sent as f32, "{through_lo} of {sent} bytes");
        let ram: f32 = shown("system.ram").into_iter().flatten().sum();
        assert!((ram * 1_048_576.0 / device.facts().memory as f32 - 1.0).abs() < 1e-4);
        assert!(shown("aclk.mem")[0].unwrap() > 500.0 && shown("system.uptime")[0].unwrap() > 0.0);
        return;
    }
}
