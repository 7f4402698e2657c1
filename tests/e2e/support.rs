//! A machine to run `aclk` on: directories of its own, and a Cloud within reach.

mod ports;

pub(crate) use ports::free_port;

use aclk_cloud::server::{Handle, Options, Running};
use aclk_cloud::{Config, FaultPlan, Reply};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::collections::hash_map::RandomState;
use std::ffi::OsStr;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, LazyLock, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The program under test.
pub(crate) const ACLK: &str = env!("CARGO_BIN_EXE_aclk");

/// After this time something that is waited for counts as lost. It is never waited out if all is well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The same where a key is made meanwhile, by a program that was built without optimisations and on a machine that is
/// busy.
pub(crate) const KEY_PATIENCE: Duration = Duration::from_secs(240);

/// A key pair for devices that need not make their own, which takes seconds in a debug build.
const PRIVATE_PEM: &str = include_str!("../pair/fixtures/private.pem");

/// What a program printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// The JSON object on standard output, which has nothing else on it.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Directories of a machine; removed when dropped.
pub(crate) struct Machine {
    root: PathBuf,
}

impl Machine {
    /// One on which nothing is installed.
    pub(crate) fn new() -> Self {
        // The numbers of processes come again, and one that was killed may have left its directories behind.
        let root = std::env::temp_dir().join(format!("aclk-e2e-{:016x}", random()));
        fs::DirBuilder::new().mode(0o700).create(&root).unwrap();
        fs::create_dir_all(root.join("etc/claim.d")).unwrap();
        let machine = Self { root };
        if !user_of_tests().is_empty() {
            machine.configure("");
        }
        machine
    }

    /// One that trusts `cloud` and has a key pair.
    pub(crate) fn trusting(cloud: &Handle) -> Self {
        let machine = Self::new();
        fs::write(machine.file("cloud_fullchain.pem"), cloud.ca_pem()).unwrap();
        machine.give_key();
        machine
    }

    /// One that is claimed at `cloud`.
    pub(crate) fn claimed(cloud: &Handle) -> Self {
        let machine = Self::trusting(cloud);
        let ended = machine.claim(cloud, &[]);
        assert_eq!(ended.code, 0, "{ended:?}");
        machine
    }

    /// Another machine with a copy of this one's disk, as it is made with an image: the same claim, the same machine GUID.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::new();
        let mut command = Command::new("cp");
        command.arg("-a").args([self.root.join("etc"), self.root.join("lib")]).arg(&copy.root);
        assert!(command.status().unwrap().success());
        copy
    }

    pub(crate) fn give_key(&self) {
        use std::os::unix::fs::PermissionsExt;
        fs::write(self.file("private.pem"), PRIVATE_PEM).unwrap();
        fs::set_permissions(self.file("private.pem"), fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Writes netdata.conf.
    pub(crate) fn configure(&self, netdata_conf: &str) {
        fs::write(self.root.join("etc/netdata.conf"), format!("{}{netdata_conf}", user_of_tests())).unwrap();
    }

    /// A file of the claim directory.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.root.join("etc/claim.d").join(name)
    }

    pub(crate) fn claimed_id(&self) -> String {
        fs::read_to_string(self.file("claimed_id")).unwrap()
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The program, with this machine around it.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        self.around(Command::new(ACLK), arguments)
    }

    /// Another program, or the same under another name.
    pub(crate) fn around<S: AsRef<OsStr>>(&self, mut command: Command, arguments: &[S]) -> Command {
        command
            .args(arguments)
            .env("NETDATA_USER_CONFIG_DIR", self.root.join("etc"))
            .env("NETDATA_VARLIB_DIR", self.root.join("lib"))
            .env("NETDATA_RUN_DIR", self.root.join("run"))
            .env_remove("NETDATA_PIPENAME")
            .env("NETDATA_LOG_DIR", self.root.join("log"))
            .env_remove("NOTIFY_SOCKET")
            .env_remove("TZ")
            .env("HOSTNAME", "edge-1")
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null());
        for name in ["CLAIM_TOKEN", "CLAIM_URL", "CLAIM_ROOMS", "CLAIM_PROXY", "CLAIM_INSECURE", "EXTRA_CLAIM_OPTS"] {
            command.env_remove(format!("NETDATA_{name}"));
        }
        command.env_remove("NETDATA_DISABLE_CLOUD");
        // A proxy of whoever runs the tests has no business in them.
        for name in ["socks_proxy", "https_proxy", "http_proxy", "all_proxy", "no_proxy"] {
            command.env_remove(name).env_remove(name.to_uppercase());
        }
        command
    }

    /// The program under another name.
    pub(crate) fn called<S: AsRef<OsStr>>(&self, name: &str, arguments: &[S]) -> Command {
        let link = self.root.join(name);
        if !link.exists() {
            std::os::unix::fs::symlink(ACLK, &link).unwrap();
        }
        self.around(Command::new(link), arguments)
    }

    /// Runs the program to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Ended {
        run(self.command(arguments))
    }

    /// `aclk claim` with the token of `cloud` and all its rooms.
    pub(crate) fn claim(&self, cloud: &Handle, more: &[&str]) -> Ended {
        let mut arguments = claim_arguments(cloud);
        arguments.extend(more.iter().map(|argument| (*argument).to_owned()));
        self.run(&arguments)
    }

    /// `aclk run`, without a local API unless it is asked for: other tests run beside this one.
    pub(crate) fn start(&self, more: &[&str]) -> Daemon {
        let mut arguments = vec!["run", "--listen=off"];
        arguments.extend(more);
        Daemon::start(self.command(&arguments))
    }

    /// `aclk status --json`, and its exit code.
    pub(crate) fn status(&self) -> (i32, Value) {
        let ended = self.run(&["status", "--json"]);
        (ended.code, ended.json())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// What netdata.conf has to say where a Netdata is installed: that this one is run by whoever runs the tests.
fn user_of_tests() -> &'static str {
    static SAID: LazyLock<String> = LazyLock::new(|| {
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        if !users.lines().any(|line| line.starts_with("netdata:")) {
            return String::new();
        }
        let mut whoami = Command::new("id");
        whoami.arg("-un");
        format!("[global]\n\trun as user = {}\n", run(whoami).stdout.trim())
    });
    &SAID
}

/// The arguments of a claim with the token of `cloud`.
pub(crate) fn claim_arguments(cloud: &Handle) -> Vec<String> {
    let (token, rooms) = cloud.with(|cloud, _| {
        let rooms: Vec<String> = cloud.rooms().iter().map(|room| room.id.clone()).collect();
        (cloud.token().to_owned(), rooms.join(","))
    });
    vec!["claim".to_owned(), format!("-token={token}"), format!("-rooms={rooms}"), format!("-url={}", cloud.url())]
}

/// A Cloud in this process that injects `faults`.
pub(crate) fn cloud(faults: &str) -> Running {
    let faults: FaultPlan = faults.parse().unwrap();
    Running::start(Options { config: Config { faults, ..Config::default() }, ..Options::default() }).unwrap()
}

/// Everything that happened at the Cloud since the last call, a line each.
pub(crate) fn events(cloud: &Handle) -> Vec<String> {
    cloud.with(|cloud, _| cloud.drain_events()).iter().map(|event| event.what.to_string()).collect()
}

/// What the node that runs on `machine` answers over its link.
pub(crate) fn ask(cloud: &Handle, machine: &Machine, path: &str) -> Reply {
    ask_with(cloud, machine, path, "")
}

/// The same with `headers`, each with its line end.
pub(crate) fn ask_with(cloud: &Handle, machine: &Machine, path: &str, headers: &str) -> Reply {
    let request = format!("GET {path} HTTP/1.1\r\n{headers}\r\n");
    let id = machine.claimed_id();
    let query = cloud.with(|cloud, now| cloud.send_request(now, &id, request.as_bytes(), PATIENCE)).unwrap();
    let mut reply = None;
    wait_until("the node replies", || {
        reply = cloud.with(|cloud, _| cloud.take_reply(&query));
        reply.is_some()
    });
    reply.unwrap().unwrap()
}

/// Runs a program to its end.
pub(crate) fn run(mut command: Command) -> Ended {
    let output = command.output().unwrap();
    Ended {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Whether all these programs are installed. Says what is missing, because the test that asks is then skipped.
pub(crate) fn have(programs: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from)).collect();
    let missing = programs.iter().find(|program| !folders.iter().any(|folder| folder.join(program).is_file()));
    if let Some(missing) = missing {
        println!("skipped: there is no {missing} (cargo xtask setup installs it as root on Debian)");
    }
    missing.is_none()
}

/// Sends a signal by its name, as in `TERM`. It is sent at once: to run a program for it takes a while on a machine
/// that is busy.
pub(crate) fn signal(pid: u32, name: &str) -> std::io::Result<()> {
    let number = match name {
        "CONT" => Signal::CONT,
        "HUP" => Signal::HUP,
        "INT" => Signal::INT,
        "KILL" => Signal::KILL,
        "STOP" => Signal::STOP,
        "TERM" => Signal::TERM,
        _ => panic!("no test sends {name} yet"),
    };
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).unwrap();
    Ok(kill_process(pid, number)?)
}

/// A number that nobody else has.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Waits for `condition`, which is looked at again and again.
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A program that runs; killed when dropped.
pub(crate) struct Daemon {
    child: Child,
    said: Arc<Said>,
    readers: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Said {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

impl Daemon {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = Arc::new(Said::default());
        let out: Box<dyn Read + Send> = Box::new(child.stdout.take().unwrap());
        let err: Box<dyn Read + Send> = Box::new(child.stderr.take().unwrap());
        let readers = [out, err].map(|stream| {
            let said = said.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines() {
                    let Ok(line) = line else { return };
                    said.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                    said.more.notify_all();
                }
            })
        });
        Self { child, said, readers: readers.into() }
    }

    /// Writes to its standard input, which must be a pipe.
    pub(crate) fn tell(&mut self, text: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(text.as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything it said so far, on both streams.
    pub(crate) fn said(&self) -> String {
        self.said.lines.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    /// Waits for a line with `text`, behind the first `skip` lines. Returns the number of the line after it.
    pub(crate) fn wait_for(&self, text: &str, skip: usize) -> usize {
        self.wait_for_within(PATIENCE, text, skip)
    }

    /// The same for what has to happen within `limit`, counted from now.
    pub(crate) fn wait_for_within(&self, limit: Duration, text: &str, skip: usize) -> usize {
        let end = Instant::now() + limit;
        let mut lines = self.said.lines.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let found = lines.iter().enumerate().skip(skip).find(|(_, line)| line.contains(text));
            if let Some((number, _)) = found {
                return number + 1;
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no {text:?} within {limit:?} in:\n{}", lines.join("\n"));
            lines = self.said.more.wait_timeout(lines, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Looks whether it leaves the processor alone for a while.
    pub(crate) fn assert_idle(&self) {
        let before = self.cpu();
        std::thread::sleep(Duration::from_secs(3));
        let used = self.cpu() - before;
        assert!(used < 50, "{used} of 300 hundredths of a second");
    }

    /// Hundredths of a second of a processor that it has used so far.
    fn cpu(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        let (_, behind_name) = stat.rsplit_once(')').unwrap();
        behind_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
    }

    /// Sends a signal by its name, as in `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.pid(), name).unwrap();
    }

    /// Waits for its end, and returns how it ended and all it said.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < end, "still running after {PATIENCE:?}:\n{}", self.said());
            std::thread::sleep(Duration::from_millis(5));
        };
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        (status, self.said())
    }

    /// Asks it to end, and waits.
    pub(crate) fn stop(self) -> (ExitStatus, String) {
        self.signal("TERM");
        self.wait()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
