//! Whether this is a virtual machine, or a container, by what such are known for. Root is not needed, and no program is run.

use super::facts::FACT_MAX;
use super::file::once;
use super::text::{find, identifier, words};
use std::ffi::OsString;
use std::path::Path;

/// What was found, and where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Verdict {
    /// Its kind, by the names that systemd has for them; `none`, or empty if nobody can say.
    pub(super) kind: String,
    /// What said so; `none` if nothing did.
    pub(super) detection: &'static str,
}

impl Verdict {
    fn new(kind: impl Into<String>, detection: &'static str) -> Self {
        Self { kind: kind.into(), detection }
    }
}

/// Names in the firmware of virtual machines.
const FIRMWARE: [(&str, &str); 15] = [
    ("VMware", "vmware"),
    ("VMW", "vmware"),
    ("innotek GmbH", "oracle"),
    ("VirtualBox", "oracle"),
    ("Xen", "xen"),
    ("Bochs", "bochs"),
    ("Parallels", "parallels"),
    ("BHYVE", "bhyve"),
    ("Hyper-V", "microsoft"),
    ("Apple Virtualization", "apple"),
    ("Amazon EC2", "amazon"),
    ("Google Compute Engine", "google"),
    ("KVM", "kvm"),
    ("OpenStack", "kvm"),
    ("QEMU", "qemu"),
];

/// Which kind of virtual machine it is.
pub(super) fn machine(root: &Path, cpuinfo: &[u8]) -> Verdict {
    let verdict = by_firmware(root, cpuinfo);
    // QEMU goes with KVM or without, and small machines have no firmware at all. KVM gives its guests a clock.
    let clocks = once(&root.join("sys/devices/system/clocksource/clocksource0/available_clocksource"), 256);
    let is_kvm =
        matches!(verdict.kind.as_str(), "qemu" | "vm-other") && words(&clocks).any(|name| name == b"kvm-clock");
    if is_kvm { Verdict::new("kvm", "clocksource") } else { verdict }
}

fn by_firmware(root: &Path, cpuinfo: &[u8]) -> Verdict {
    let read = |path: &str| once(&root.join(path), 256);
    let dmi = ["sys_vendor", "product_name", "board_vendor", "bios_vendor"]
        .map(|file| String::from_utf8_lossy(&read(&format!("sys/class/dmi/id/{file}"))).trim().to_owned());
    let known = FIRMWARE.iter().find(|(name, _)| dmi.iter().any(|text| text.contains(name)));
    if let Some((_, kind)) = known {
        // Metal of those who are known for virtual machines has no hypervisor.
        return if has_flag(cpuinfo) == Some(false) { Verdict::new("none", "dmi") } else { Verdict::new(*kind, "dmi") };
    }
    if dmi[0].starts_with("Microsoft") && dmi[1] == "Virtual Machine" {
        return Verdict::new("microsoft", "dmi");
    }
    if read("sys/hypervisor/type").trim_ascii() == b"xen" {
        return Verdict::new("xen", "/sys/hypervisor");
    }
    let compatible = read("proc/device-tree/hypervisor/compatible");
    if !compatible.is_empty() {
        let kind = if compatible.starts_with(b"linux,kvm") { "kvm" } else { "vm-other" };
        return Verdict::new(kind, "device-tree");
    }
    match has_flag(cpuinfo) {
        Some(true) => Verdict::new("vm-other", "/proc/cpuinfo"),
        Some(false) => Verdict::new("none", "/proc/cpuinfo"),
        None if dmi.iter().any(|text| !text.is_empty()) => Verdict::new("none", "dmi"),
        None => Verdict::new("", "none"),
    }
}

/// Whether the processor says that there is a hypervisor. Only those of PCs can.
fn has_flag(cpuinfo: &[u8]) -> Option<bool> {
    Some(words(find(cpuinfo, "flags")?).any(|flag| flag == b"hypervisor"))
}

/// Names in the control groups of containers.
const GROUPS: [(&[u8], &str); 6] = [
    (b"kubepods", "docker"),
    (b"docker", "docker"),
    (b"libpod", "podman"),
    (b"containerd", "docker"),
    (b"/lxc", "lxc"),
    (b"garden", "garden"),
];

/// Which kind of container it is.
pub(super) fn container(root: &Path, variable: &dyn Fn(&str) -> Option<OsString>) -> Verdict {
    let exists = |path: &str| root.join(path).exists();
    let named = once(&root.join("run/systemd/container"), FACT_MAX);
    let named = identifier(named.trim_ascii());
    if !named.is_empty() {
        return Verdict::new(named, "/run/systemd/container");
    }
    if exists("run/.containerenv") {
        return Verdict::new("podman", "/run/.containerenv");
    }
    if exists(".dockerenv") {
        return Verdict::new("docker", "/.dockerenv");
    }
    let named = variable("container").map(|kind| identifier(kind.as_encoded_bytes().trim_ascii()));
    if let Some(kind) = named.filter(|kind| !kind.is_empty() && kind.len() <= FACT_MAX) {
        return Verdict::new(kind, "container");
    }
    let groups = once(&root.join("proc/1/cgroup"), 4 << 10);
    let found = GROUPS.iter().find(|(name, _)| groups.windows(name.len()).any(|part| part == *name));
    if let Some((_, kind)) = found {
        return Verdict::new(*kind, "/proc/1/cgroup");
    }
    let release = once(&root.join("proc/sys/kernel/osrelease"), 256);
    if release.windows(9).any(|part| part.eq_ignore_ascii_case(b"microsoft")) {
        return Verdict::new("wsl", "/proc/sys/kernel/osrelease");
    }
    Verdict::new("none", "none")
}
