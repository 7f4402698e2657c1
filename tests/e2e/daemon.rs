//! The daemon as a service: in the background, its log, its signals, its manager.

mod clones;
mod ending;
mod manager;

use crate::support::*;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A daemon that has left its starter; killed when dropped.
struct Background {
    pid: u32,
    pid_file: PathBuf,
}

impl Background {
    /// `netdata` without `-D`, which has to end with 0. Also yields what it said.
    fn start(machine: &Machine, more: &[&str], log: &Path) -> (Self, Ended) {
        let ended = start(machine, more, log);
        assert_eq!(ended.code, 0, "{ended:?}");
        let pid_file = pid_file(machine);
        let pid = fs::read_to_string(&pid_file).unwrap().trim_end().parse().unwrap();
        (Self { pid, pid_file }, ended)
    }

    fn signal(&self, name: &str) {
        signal(self.pid, name).unwrap();
    }

    /// Asks it to end, and waits.
    fn stop(self) {
        self.signal("TERM");
        // It is nobody's child here: the file goes last.
        wait_until("its pid file goes", || !self.pid_file.exists());
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if self.pid_file.exists() {
            let _ = signal(self.pid, "KILL");
        }
    }
}

fn pid_file(machine: &Machine) -> PathBuf {
    machine.root().join("netdata.pid")
}

fn log(machine: &Machine) -> PathBuf {
    machine.root().join("log")
}

fn start(machine: &Machine, more: &[&str], log: &Path) -> Ended {
    let pid_file = pid_file(machine);
    let mut arguments = vec!["-P", pid_file.to_str().unwrap(), "--listen=off"];
    arguments.extend(more);
    let mut command = machine.called("netdata", &arguments);
    command.env("NETDATA_LOG_DIR", log);
    // To its end, and to that of its output: the daemon has to have let go of that.
    run(command)
}

fn wait_for_line(file: &Path, text: &str) -> String {
    let mut content = String::new();
    wait_until(text, || {
        content = fs::read_to_string(file).unwrap_or_default();
        content.contains(text)
    });
    content
}

#[test]
fn a_netdata_goes_to_the_background_once_it_runs_and_logs_to_its_file() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    fs::write(pid_file(&machine), "1234567\n").unwrap();
    let (daemon, ended) = Background::start(&machine, &[], &log(&machine));
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", ""), "nothing to tell");
    // It can be commanded as soon as its starter has ended.
    assert_eq!(machine.netdatacli(&["ping"]).stdout, "pong\n");

    let stat = fs::read_to_string(format!("/proc/{}/stat", daemon.pid)).unwrap();
    let (name, behind_name) = stat.rsplit_once(')').unwrap();
    assert!(name.ends_with("(netdata"), "what pidof looks for: {stat}");
    let session = behind_name.split_whitespace().nth(3).unwrap();
    assert_eq!((session, fields(behind_name, 4)), (daemon.pid.to_string().as_str(), "0"), "no terminal: {stat}");
    assert_eq!(fs::read_link(format!("/proc/{}/cwd", daemon.pid)).unwrap(), Path::new("/"));
    for stream in 0..2 {
        assert_eq!(fs::read_link(format!("/proc/{}/fd/{stream}", daemon.pid)).unwrap(), Path::new("/dev/null"));
    }
    let file = log(&machine).join("error.log");
    wait_for_line(&file, "ACLK: live as");
    daemon.stop();
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.ends_with("ACLK: ends\n"), "{text}");
    let events = events(&cloud);
    assert!(events.iter().any(|event| event.contains("the agent said goodbye")), "it said farewell: {events:#?}");
    assert_eq!(cloud.with(|cloud, _| cloud.deviations().to_vec()), []);
}

fn fields(behind_name: &str, number: usize) -> &str {
    behind_name.split_whitespace().nth(number).unwrap()
}

/// What the documentation tells people to type.
#[test]
fn the_documented_searches_find_what_matters() {
    let cloud = cloud("status-503@env*1");
    let machine = Machine::claimed(&cloud);
    machine.configure("[cloud]\nproxy = none\n");
    let (daemon, _) = Background::start(&machine, &[], &log(&machine));
    let file = log(&machine).join("error.log");
    let text = wait_for_line(&file, "ACLK: online as");
    let grep = |arguments: &[&str]| {
        let mut command = Command::new("grep");
        command.args(arguments).arg(&file);
        run(command).stdout
    };
    let found = grep(&["-E", "--line-buffered", "ACLK|claim|cloud"]);
    assert_eq!(text.lines().filter(|line| !found.contains(*line)).collect::<Vec<_>>(), Vec::<&str>::new());
    assert!(found.contains(&format!(" cloud: cloud base url {}, enabled\n", cloud.url())), "{found}");
    assert!(found.contains(" cloud: proxy: none ([cloud] proxy in netdata.conf)\n"), "{found}");
    let found = grep(&["-i", "ACLK"]);
    assert!(found.contains("offline: http: HTTP status 503 (Service Unavailable) (retry in "), "{found}");
    daemon.stop();
}

#[test]
fn a_start_that_fails_says_why_and_how() {
    let cloud = cloud("");
    let machine = Machine::trusting(&cloud);
    let (daemon, _) = Background::start(&machine, &[], &log(&machine));
    let second = start(&machine, &[], &log(&machine));
    assert_eq!(second.code, 2, "{second:?}");
    let holder = format!("(pid {})", daemon.pid);
    assert!(second.stderr.contains("is in use by") && second.stderr.contains(&holder), "{second:?}");
    assert!(second.stderr.contains("hint: a daemon runs already"), "{second:?}");
    let text = fs::read_to_string(log(&machine).join("error.log")).unwrap();
    assert!(text.lines().any(|line| line.contains("ACLK: storage: ") && line.contains(&holder)), "{text}");
    assert_eq!(machine.netdatacli(&["ping"]).stdout, "pong\n", "the first is left alone");
    assert_eq!(fs::read_to_string(pid_file(&machine)).unwrap(), format!("{}\n", daemon.pid));
    daemon.stop();

    let usage = start(&machine, &["--net", "wifi"], &log(&machine));
    assert!(usage.code == 1 && usage.stderr.contains("--net is neither host nor tap:NAME"), "{usage:?}");
    fs::write(machine.file("cloud_fullchain.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        .unwrap();
    let trust = start(&machine, &[], &log(&machine));
    assert!(trust.code != 0 && trust.stderr.contains("cloud_fullchain.pem"), "{trust:?}");
    assert!(!pid_file(&machine).exists());
}

#[test]
fn a_daemon_that_cannot_log_there_says_where_it_does() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    fs::write(log(&machine), "a file").unwrap();
    let (daemon, ended) = Background::start(&machine, &[], &log(&machine));
    let instead = machine.root().join("lib/aclk/error.log");
    let told = format!("is not a directory: move it away; logs to {} instead\n", instead.display());
    assert!(ended.stderr.starts_with("note: ") && ended.stderr.ends_with(&told), "{ended:?}");
    let text = wait_for_line(&instead, "ACLK: online as");
    assert!(text.contains("ACLK: note: ") && text.contains(told.trim_end()), "{text}");
    daemon.stop();
}

#[test]
fn a_log_is_rotated_without_a_line_lost() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let (daemon, _) = Background::start(&machine, &[], &log(&machine));
    let (file, old) = (log(&machine).join("error.log"), log(&machine).join("error.log.1"));
    wait_for_line(&file, "ACLK: live as");
    fs::rename(&file, &old).unwrap();
    let reopened = machine.netdatacli(&["reopen-logs"]);
    assert_eq!((reopened.code, reopened.stdout.as_str(), reopened.stderr.as_str()), (0, "", ""));
    assert_eq!(machine.state()["reconnect-count"], 0, "the link is left alone");
    assert_eq!(fs::read_to_string(&file).unwrap(), "");
    fs::rename(&file, &old).unwrap();
    daemon.signal("HUP");
    let text = wait_for_line(&file, "ACLK: live as");
    assert!(!text.contains("begins anew"), "{text}");
    assert!(fs::read_to_string(&old).unwrap().ends_with("ACLK: begins anew: SIGHUP\n"));

    fs::rename(log(&machine), machine.root().join("moved")).unwrap();
    symlink("/proc/nothing", log(&machine)).unwrap();
    let refused = machine.netdatacli(&["reopen-logs"]);
    assert!(refused.code == 1 && refused.stderr.contains("log"), "{refused:?}");
    daemon.stop();
    let text = fs::read_to_string(machine.root().join("moved/error.log")).unwrap();
    assert!(text.ends_with("ACLK: ends\n"), "the old one is kept: {text}");
}

/// As a service that is watched by its manager: both in the journal and where the documentation says.
#[test]
fn in_the_foreground_the_log_is_on_standard_error_and_in_a_file_that_is_asked_for() {
    let cloud = cloud("");
    let machine = Machine::claimed(&cloud);
    let daemon = Daemon::start(machine.called("netdata", &["-D", "--listen=off"]));
    daemon.wait_for("ACLK: online as", 0);
    let (status, said) = daemon.stop();
    assert!(status.success());
    let file = log(&machine).join("error.log");
    assert_eq!(fs::read_to_string(&file).unwrap().trim_end(), said);

    fs::remove_file(&file).unwrap();
    let mut command = machine.called("netdata", &["-D", "--listen=off"]);
    command.env_remove("NETDATA_LOG_DIR");
    let daemon = Daemon::start(command);
    daemon.wait_for("ACLK: online as", 0);
    assert!(!file.exists());
}
