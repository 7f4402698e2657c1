//! What a machine is, by its files.

use super::Tree;
use crate::metrics::Machine;
use crate::store::conf::Conf;
use aclk_core::metrics::Device;
use std::ffi::OsString;
use std::fs;

fn variable<'v>(name: &'v str, value: &'v str) -> impl Fn(&str) -> Option<OsString> + 'v {
    move |asked| (asked == name).then(|| value.into())
}

#[test]
fn what_the_machine_is_comes_from_its_files() {
    let tree = Tree::new();
    tree.write(
        "etc/os-release",
        "PRETTY_NAME=\"x\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nVERSION='12 (bookworm)'\nID=debian\n",
    );
    tree.write("etc/timezone", "Europe/Athens\n");
    tree.write("proc/cpuinfo", "model name\t: A chip\ncpu MHz\t\t: 2596.126\nflags\t\t: fpu hypervisor lahf_lm\n");
    tree.write("sys/class/dmi/id/sys_vendor", "QEMU\n");
    let machine = tree.machine();
    let device = machine.device();
    let facts = device.facts();
    assert_eq!(
        (facts.os, facts.os_id, facts.os_name, facts.os_version),
        ("linux", "debian", "Debian GNU/Linux", "12 (bookworm)")
    );
    assert_eq!((facts.cpus, facts.cpu_frequency, facts.memory), (2, 2_596_126_000, 16_384 << 10));
    assert_eq!((facts.timezone, facts.virtualization, facts.container), ("Europe/Athens", "qemu", "none"));
    assert_eq!(facts.kernel_name, "Linux");
    assert!(!facts.kernel_version.is_empty() && !facts.architecture.is_empty() && facts.disk_space > 0);
    let label = |name: &str| facts.labels.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    assert_eq!((label("_os_name"), label("_virtualization")), (Some("Debian GNU/Linux"), Some("qemu")));
    assert_eq!((label("_virt_detection"), label("_system_cores")), (Some("dmi"), Some("2")));
    assert_eq!(label("_system_ram_total"), Some("16777216"));

    tree.write("sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", "3200000\n");
    tree.write("proc/cpuinfo", "flags: fpu\n");
    let machine = Machine::below(tree.root(), &Conf::default(), &variable("TZ", "America/Lima"));
    let device = machine.device();
    // Amazon, Google and others sell metal, too.
    assert_eq!((device.facts().cpu_frequency, device.facts().virtualization), (3_200_000_000, "none"));
    assert_eq!(device.facts().timezone, "America/Lima");
}

#[test]
fn the_time_zone_is_found_where_it_is_kept() {
    let zone = |tree: &Tree, value: &str| {
        let machine = Machine::below(tree.root(), &Conf::default(), &variable("TZ", value));
        machine.known.timezone
    };
    let tree = Tree::new();
    assert_eq!(zone(&tree, ""), "UTC");
    fs::create_dir_all(tree.root().join("etc")).unwrap();
    std::os::unix::fs::symlink("/usr/share/zoneinfo/America/Lima", tree.root().join("etc/localtime")).unwrap();
    assert_eq!(zone(&tree, ":/etc/localtime"), "America/Lima");
    tree.write("etc/timezone", "\x1b[2J\n");
    assert_eq!(zone(&tree, ""), "America/Lima");
    tree.write("etc/timezone", "Asia/Tokyo\n");
    assert_eq!(zone(&tree, "EST5EDT,M3.2.0,M11.1.0"), "EST5EDT,M3.2.0,M11.1.0");
    assert_eq!(zone(&tree, ""), "Asia/Tokyo");
}

#[test]
fn containers_and_virtual_machines_are_told_from_each_other() {
    let found = |files: &[(&str, &str)], container: &str| {
        let tree = Tree::new();
        files.iter().for_each(|(path, text)| tree.write(path, text));
        let known = Machine::below(tree.root(), &Conf::default(), &variable("container", container)).known;
        (known.virtualization.kind, known.container.kind)
    };
    let kinds = |virtualization: &str, container: &str| (virtualization.to_owned(), container.to_owned());
    let dmi = |vendor| ("sys/class/dmi/id/sys_vendor", vendor);
    assert_eq!(found(&[], ""), kinds("", "none"));
    assert_eq!(found(&[("proc/cpuinfo", "flags : fpu sse")], ""), kinds("none", "none"));
    assert_eq!(found(&[("proc/cpuinfo", "flags : fpu hypervisor")], "lxc"), kinds("vm-other", "lxc"));
    assert_eq!(found(&[dmi("VMware, Inc.\n"), (".dockerenv", "")], ""), kinds("vmware", "docker"));
    assert_eq!(found(&[dmi("LENOVO\n"), ("run/.containerenv", "")], ""), kinds("none", "podman"));
    assert_eq!(
        found(&[dmi("innotek GmbH\n"), ("run/systemd/container", "systemd-nspawn\n")], ""),
        kinds("oracle", "systemd-nspawn")
    );
    assert_eq!(
        found(&[("sys/hypervisor/type", "xen\n"), ("proc/1/cgroup", "0::/kubepods/x\n")], ""),
        kinds("xen", "docker")
    );
    assert_eq!(found(&[("proc/device-tree/hypervisor/compatible", "linux,kvm\0")], ""), kinds("kvm", "none"));
    let clock = ("sys/devices/system/clocksource/clocksource0/available_clocksource", "tsc kvm-clock \n");
    assert_eq!(found(&[dmi("QEMU\n"), clock], ""), kinds("kvm", "none"));
    assert_eq!(found(&[("proc/cpuinfo", "flags : hypervisor"), clock], ""), kinds("kvm", "none"));
    let hyper_v = [dmi("Microsoft Corporation\n"), ("sys/class/dmi/id/product_name", "Virtual Machine\n")];
    assert_eq!(found(&hyper_v, ""), kinds("microsoft", "none"));
    let wsl = [("proc/sys/kernel/osrelease", "5.15.90.1-microsoft-standard-WSL2\n")];
    assert_eq!(found(&wsl, ""), kinds("", "wsl"));
}
