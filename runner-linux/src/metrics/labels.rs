//! Host labels: what the user says about this machine, and what is known about it, under the names of the original.

use super::facts::{FACT_MAX, Known};
use super::text::printable;
use crate::store::conf::Conf;

/// Labels of the user that are taken.
const OWN_MAX: usize = 32;
/// Longest value of a label, in bytes.
const VALUE_MAX: usize = 128;

/// Those of the section `[host labels]` of netdata.conf in front: the Cloud is told the first
/// [`LABELS_MAX`](aclk_core::metrics::LABELS_MAX).
pub(super) fn all(netdata_conf: &Conf, known: &Known) -> Vec<(String, String)> {
    let mut labels = own(netdata_conf);
    labels.extend(automatic(known));
    labels
}

fn own(conf: &Conf) -> Vec<(String, String)> {
    let mut labels: Vec<(String, String)> = Vec::new();
    for (name, value) in conf.entries("host labels") {
        let value = printable(value.as_bytes(), VALUE_MAX);
        if !is_name(name) || value.is_empty() {
            continue;
        }
        if let Some((_, known)) = labels.iter_mut().find(|(known, _)| known == name) {
            *known = value;
        } else if labels.len() < OWN_MAX {
            labels.push((name.to_owned(), value));
        }
    }
    labels
}

/// Names that begin with `_` are those of automatic labels.
fn is_name(name: &str) -> bool {
    let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    name.len() <= FACT_MAX && name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_good)
}

/// What is told to the Cloud as a fact too comes last.
fn automatic(known: &Known) -> Vec<(String, String)> {
    let number = |number: u64| if number == 0 { String::new() } else { number.to_string() };
    let text = |text: &str| text.to_owned();
    let labels = [
        ("_os_name", text(&known.os_name)),
        ("_os_version", text(&known.os_version)),
        ("_kernel_version", text(&known.kernel_version)),
        ("_architecture", text(&known.architecture)),
        ("_virtualization", text(&known.virtualization.kind)),
        ("_container", text(&known.container.kind)),
        ("_virt_detection", text(known.virtualization.detection)),
        ("_container_detection", text(known.container.detection)),
        ("_is_k8s_node", text("false")),
        ("_is_parent", text("false")),
        ("_os", text(std::env::consts::OS)),
        ("_timezone", text(&known.timezone)),
        ("_system_cores", number(u64::from(known.cpus))),
        ("_system_cpu_freq", number(known.cpu_frequency)),
        ("_system_ram_total", number(known.memory)),
        ("_system_disk_space", number(known.disk_space)),
    ];
    let known =
        |(name, value): (&str, String)| (name.to_owned(), if value.is_empty() { "unknown".to_owned() } else { value });
    labels.map(known).into()
}

#[cfg(test)]
mod tests {
    use super::{Known, OWN_MAX, all};
    use crate::store::conf::Conf;

    #[test]
    fn labels_of_the_user_come_first_and_cannot_pretend_to_be_automatic() {
        let text = "[global]\n room = 7\n[host labels]\n # type = none\n type = web server\n location=us-seattle\n \
            _os_name = mine\n bad name = x\n empty =\n type = web\x1b\"server\n[web]\n bind to = *\n";
        let known = Known { os_name: "Debian GNU/Linux".to_owned(), cpus: 4, ..Known::default() };
        let labels = all(&Conf::new(text), &known);
        let pair = |index: usize| (labels[index].0.as_str(), labels[index].1.as_str());
        assert_eq!([pair(0), pair(1)], [("type", "webserver"), ("location", "us-seattle")]);
        assert_eq!(pair(2), ("_os_name", "Debian GNU/Linux"));
        let value = |name: &str| labels.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        assert_eq!((value("_system_cores"), value("_timezone")), (Some("4"), Some("unknown")));
        assert_eq!(all(&Conf::default(), &known).len() + 2, labels.len());
    }

    #[test]
    fn a_configuration_of_any_size_gives_a_few_labels() {
        let many: String = (0..1_000).map(|n| format!("l{n} = {}\n", "v".repeat(1_000))).collect();
        let labels = all(&Conf::new(format!("[host labels]\n{many}\u{0}")), &Known::default());
        assert_eq!(labels.iter().filter(|(name, _)| name.starts_with('l')).count(), OWN_MAX);
        assert!(labels.iter().all(|(_, value)| value.len() <= 128));
    }
}
