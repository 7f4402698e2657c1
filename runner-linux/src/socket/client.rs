//! Asks a running daemon.

use super::record::Reply;
use crate::fault::Fault;
use crate::host;
use crate::paths::Paths;
use crate::store::error::words;
use aclk_core::stage::Stage;
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::{sleep, timeout};

/// Longer than the slowest command takes.
const PATIENCE: Duration = Duration::from_secs(20);
/// At a door with too many people, how often it is tried again.
const KNOCK_EVERY: Duration = Duration::from_millis(50);
/// Longest answer, in bytes.
const ANSWER_MAX: u64 = 1 << 20;

/// Sends `command` to the daemon of `paths` and waits for its answer.
///
/// # Errors
/// If nobody listens, or no answer comes.
pub(crate) fn ask(paths: &Paths, command: &str) -> Result<Reply, Fault> {
    match answer_of(paths, command)? {
        Answer::Reply(reply) => Ok(reply),
        Answer::Nobody(refusal) => Err(refusal),
    }
}

/// The same where it is no fault that nobody listens: that is `None`.
///
/// # Errors
/// If there may be a daemon, and no answer comes.
pub(crate) fn ask_if_running(paths: &Paths, command: &str) -> Result<Option<Reply>, Fault> {
    match answer_of(paths, command)? {
        Answer::Reply(reply) => Ok(Some(reply)),
        Answer::Nobody(_) => Ok(None),
    }
}

enum Answer {
    Reply(Reply),
    /// Nobody listens, which sounds like this.
    Nobody(Fault),
}

fn answer_of(paths: &Paths, command: &str) -> Result<Answer, Fault> {
    host::block_on(async {
        // A daemon that could not have the first place has the last one.
        let mut refusal = None;
        for path in paths.sockets().iter().rev() {
            match timeout(PATIENCE, exchange(path, command)).await {
                Ok(Ok(answer)) => {
                    let reply = Reply::decode(&answer).ok_or_else(|| fault(path, "it says nothing"))?;
                    return Ok(Answer::Reply(reply));
                }
                Ok(Err(error)) if is_nobody(&error) => refusal = Some(nobody(path, &error)),
                Ok(Err(error)) => return Err(nobody(path, &error)),
                Err(_) => return Err(fault(path, format_args!("no answer within {} s", PATIENCE.as_secs()))),
            }
        }
        let nowhere = || Fault::new(Stage::Config, "there is no place for a run-time socket");
        Ok(Answer::Nobody(refusal.unwrap_or_else(nowhere)))
    })?
}

async fn exchange(path: &Path, command: &str) -> io::Result<Vec<u8>> {
    let mut stream = loop {
        match UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => sleep(KNOCK_EVERY).await,
            connected => break connected?,
        }
    };
    // A daemon that does not want to hear more may have answered already.
    let _ = stream.write_all(command.as_bytes()).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    match stream.take(ANSWER_MAX).read_to_end(&mut answer).await {
        Err(error) if answer.is_empty() => Err(error),
        _ => Ok(answer),
    }
}

/// Whether this only says that no daemon listens at the path.
fn is_nobody(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

fn nobody(path: &Path, error: &io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Fault::new(
            Stage::Permission,
            format_args!("cannot ask the daemon at {}: permission denied", path.display()),
        )
        .hint("run this as root, or as the user that the daemon runs as"),
        _ => fault(path, words(error)),
    }
}

fn fault(path: &Path, why: impl std::fmt::Display) -> Fault {
    Fault::new(Stage::Config, format_args!("no daemon answers at {}: {why}", path.display())).hint(
        "start it with \"aclk run\"; if it runs: NETDATA_PIPENAME, NETDATA_RUN_DIR and NETDATA_VARLIB_DIR must be those \
         that it was started with",
    )
}
