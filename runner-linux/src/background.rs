//! A daemon in the background, as `netdata` is without `-D`.
//!
//! ```text
//!  netdata ──starts itself again──> netdata, in a session of its own
//!     │ waits on a pipe                │ opens its log, reads everything, listens
//!     │ <──── one zero byte ───────────│ lets go of terminal and folder
//!   exit 0                             │ works
//!     │ <── or words, and the end ─────│
//!   exit as it did
//! ```
//!
//! Nothing is forked: a fork of a program with threads or open runtimes is not safe, and a start is.

use crate::fault::Fault;
use crate::report::screen::Screen;
use aclk_core::stage::Stage;
use rustix::io::Errno;
use std::env;
use std::ffi::CStr;
use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::{Read, Write, stderr, stdout};
use std::os::unix::process::{CommandExt, ExitStatusExt, parent_id};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

/// Says who started this process in the background: a process id.
const STARTER: &str = "ACLK_BACKGROUND_OF";
/// Which nobody else would say.
const RUNS: u8 = 0;
/// What `ps` and `pidof` call the daemon.
const NAME: &CStr = c"netdata";

/// Starts this program again in the background with the same arguments, and waits until it runs. Returns the code to exit
/// with: 0, or that of the daemon if it has ended instead.
///
/// # Errors
/// If it cannot be started, or ended without a word.
pub(crate) fn start() -> Result<u8, Fault> {
    let mut arguments = env::args_os();
    let name = arguments.next().unwrap_or_else(|| NAME.to_string_lossy().into_owned().into());
    let child = Command::new(program())
        .arg0(name)
        .args(arguments)
        .env(STARTER, std::process::id().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    let child = child.map_err(|error| {
        Fault::new(Stage::Config, format_args!("cannot start in the background: {error}"))
            .hint("with -D it stays in the foreground")
    })?;
    attend(child)
}

/// This program, or what is left of it after an upgrade.
fn program() -> PathBuf {
    env::current_exe().ok().filter(|path| path.is_file()).unwrap_or_else(|| PathBuf::from("/proc/self/exe"))
}

/// Passes on what the daemon says until it runs or ends.
fn attend(mut child: Child) -> Result<u8, Fault> {
    let Some(mut words) = child.stdout.take() else { return Ok(0) };
    let mut buffer = [0; 1024];
    while let Ok(len @ 1..) = words.read(&mut buffer) {
        let said = buffer.get(..len).unwrap_or_default();
        let runs = said.contains(&RUNS);
        let said: Vec<u8> = said.iter().copied().filter(|byte| *byte != RUNS).collect();
        let _ = stderr().write_all(&said);
        if runs {
            return Ok(0);
        }
    }
    let ended = child.wait();
    match ended.as_ref().ok().and_then(ExitStatus::code).and_then(|code| u8::try_from(code).ok()) {
        Some(code) => Ok(code),
        None => {
            let signal = ended.ok().and_then(|status| status.signal());
            let how = signal.map_or_else(String::new, |signal| format!(" by signal {signal}"));
            Err(Fault::new(Stage::Config, format_args!("the daemon was ended{how} before it ran"))
                .hint("its log may say more"))
        }
    }
}

/// Whether this process is to be the daemon: it was started by [`start`].
pub(crate) fn is_daemon() -> bool {
    env::var(STARTER).is_ok_and(|starter| starter.parse() == Ok(parent_id()))
}

/// Leaves the session of whoever started it: no terminal, and no signals from one.
pub(crate) fn detach() {
    // It fails for a leader of a process group only, which somebody who starts the daemon by hand may have made of it.
    let _ = rustix::process::setsid();
    // A name is for people.
    let _ = rustix::thread::set_name(NAME);
}

/// Tells whoever waits in [`start`] why it does not run.
pub(crate) fn complain(fault: &Fault) {
    Screen::new(stdout()).fault(fault);
}

/// Tells whoever waits in [`start`] something else.
pub(crate) fn say(words: impl Display) {
    let _ = writeln!(stdout(), "{words}");
}

/// Tells whoever waits in [`start`] that it runs, and lets go of what it was started with: terminal, pipe and folder.
/// Standard error is the log's.
///
/// # Errors
/// If something is still held. That is no reason not to work.
pub(crate) fn let_go() -> Result<(), Errno> {
    let mut pipe = stdout();
    // Nobody may be waiting any more.
    let _ = pipe.write_all(&[RUNS]);
    let _ = pipe.flush();
    let null = OpenOptions::new().read(true).write(true).open("/dev/null");
    let null = null.map_err(|error| error.raw_os_error().map_or(Errno::IO, Errno::from_raw_os_error))?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::process::chdir("/")
}
