//! Where the identity of a machine comes from, and what a daemon claims with that nobody has claimed.

mod agent;
mod config;
mod first_claim;
mod insecure;
mod switch;

use crate::support::*;
use aclk_cloud::NodeState;
use aclk_cloud::server::Handle;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

impl Machine {
    /// A file of the directory of a real Agent.
    fn agent_file(&self, name: &str) -> PathBuf {
        self.root().join("lib/cloud.d").join(name)
    }

    fn claim_conf(&self) -> PathBuf {
        self.root().join("etc/claim.conf")
    }

    /// One whose identity a real Agent made: that of a claim, in `cloud.d` and with this `cloud.conf`.
    fn of_agent(cloud: &Handle, cloud_conf: &str) -> Self {
        let machine = Self::claimed(cloud);
        let _ = machine.run(&["status"]);
        fs::rename(machine.file(""), machine.agent_file("")).unwrap();
        let id = fs::read_to_string(machine.agent_file("claimed_id")).unwrap();
        let text = cloud_conf.replace("{url}", cloud.url()).replace("{id}", &id);
        fs::write(machine.agent_file("cloud.conf"), text).unwrap();
        machine
    }

    /// `aclk run` with these variables.
    fn start_with(&self, variables: &[(&str, &str)]) -> Daemon {
        let mut command = self.command(&["run", "--listen=off"]);
        command.envs(variables.iter().copied());
        Daemon::start(command)
    }

    fn reload(&self) -> Ended {
        self.netdatacli(&["reload-claiming-state"])
    }
}

/// Everything about the files of a directory that somebody could have changed.
fn files(directory: &Path) -> BTreeMap<PathBuf, (Vec<u8>, u32, u32, i64, i64)> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let about = |path: PathBuf| {
        let stat = fs::metadata(&path).unwrap();
        let content = fs::read(&path).unwrap();
        (path, (content, stat.permissions().mode(), stat.uid(), stat.mtime(), stat.mtime_nsec()))
    };
    entries.map(about).collect()
}

fn token(cloud: &Handle) -> String {
    cloud.with(|cloud, _| cloud.token().to_owned())
}

/// `claim.conf` as the shim of current Agents writes it.
fn claim_conf(cloud: &Handle, token: &str) -> String {
    format!(
        "[global]\n    url = {}\n    token = {token}\n    rooms = \n    proxy = none\n    insecure = no\n",
        cloud.url()
    )
}

fn online(cloud: &Handle) -> usize {
    cloud.with(|cloud, _| cloud.view()).nodes.iter().filter(|node| node.state == NodeState::Online).count()
}

const SCRIPT: &str = "[global]\n  enabled = yes\n  cloud base url = {url}\n";
const CURRENT: &str = "[global]\n    url = {url}\n    proxy = env\n    token = secret-of-v2\n    rooms = \n    insecure = no\n    \
                       machine_guid = 99999999-0b0a-4908-8706-050403020100\n    claimed_id = {id}\n    hostname = elsewhere\n";
