//! Attends to clients: several at a time, each within a time limit. Nothing they do reaches the link but what they are
//! answered.

use super::commands;
use super::place::Place;
use super::record::Reply;
use super::{COMMAND_MAX, commands::Outcome};
use crate::daemon::Daemon;
use rustix::process::geteuid;
use std::io;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Clients at a time; others wait at the door.
const CLIENTS_MAX: usize = 32;
/// How long a client may take to say what it wants, or to take its answer.
const CLIENT_PATIENCE: Duration = Duration::from_secs(2);
/// After an error that has to do with this process (too many open files), not with a client.
const RECOVERY: Duration = Duration::from_millis(200);

/// Attends to whoever comes; never resolves. When it is dropped, so are all clients.
pub(super) async fn serve(place: &Place, daemon: Rc<Daemon>) {
    let mut clients = JoinSet::new();
    loop {
        while clients.try_join_next().is_some() {}
        if clients.len() >= CLIENTS_MAX {
            clients.join_next().await;
        }
        match place.listener.accept().await {
            Ok((stream, _)) if may_command(&stream) => {
                clients.spawn_local(attend(stream, daemon.clone()));
            }
            Ok(_) => {}
            Err(_) => sleep(RECOVERY).await,
        }
    }
}

/// Root may, and the user that this daemon runs as.
fn may_command(stream: &UnixStream) -> bool {
    let user = stream.peer_cred().map(|peer| peer.uid());
    user.is_ok_and(|user| user == 0 || user == geteuid().as_raw())
}

async fn attend(mut stream: UnixStream, daemon: Rc<Daemon>) {
    let Ok(Ok(command)) = timeout(CLIENT_PATIENCE, read_command(&mut stream)).await else { return };
    let Outcome { reply, order } = match command {
        Some(command) => commands::carry_out(&command, &daemon).await,
        None => Reply::failed(format!("a command of more than {} bytes", COMMAND_MAX - 1)).into(),
    };
    let bytes = reply.encode();
    let answer = async {
        stream.write_all(&bytes).await?;
        stream.shutdown().await
    };
    let _ = timeout(CLIENT_PATIENCE, answer).await;
    if let Some(order) = order {
        // Only now: it could be the end of this program.
        daemon.place(order);
    }
}

/// Everything up to the end of the client's half; `None` if that is too long.
async fn read_command(stream: &mut UnixStream) -> io::Result<Option<Vec<u8>>> {
    let mut command = Vec::new();
    let len = stream.take(COMMAND_MAX as u64).read_to_end(&mut command).await?;
    Ok((len < COMMAND_MAX).then_some(command))
}
