//! One connection: bytes in, actions out.

use super::Stream;
use super::shared::{Inbox, Shared};
use crate::config::Peer;
use crate::connection::Action;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// How much is read at once. Each connection keeps room for it, and there may be thousands.
const READ: usize = 4 << 10;
/// How long a client may refuse to take what is sent to it.
const WRITE: Duration = Duration::from_secs(30);
/// How long a client has to close after us.
const LINGER: Duration = Duration::from_secs(5);

/// Serves a connection to its end, whoever ends it.
pub(super) async fn run(shared: &Shared, mut stream: Stream, peer: Peer) {
    let (id, mut inbox) = shared.open(peer);
    let mut buffer = vec![0; READ];
    let end = loop {
        tokio::select! {
            action = inbox.next() => match action {
                Some(Action::Send(bytes)) => {
                    if write(&mut stream, &bytes).await.is_err() {
                        break None;
                    }
                }
                end => break end,
            },
            read = stream.read(&mut buffer) => match read {
                // An end without close_notify is an error in TLS and the way of the original agents.
                Ok(0) | Err(_) => break None,
                Ok(len) => shared.receive(id, &buffer[..len]),
            },
        }
    };
    finish(stream, end, &mut buffer).await;
    shared.hang_up(id);
    drop::<Inbox>(inbox);
}

async fn write(stream: &mut Stream, bytes: &[u8]) -> io::Result<()> {
    let write = async {
        stream.write_all(bytes).await?;
        stream.flush().await
    };
    timeout(WRITE, write).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Ends the connection as the action says. What the client says meanwhile is read and forgotten, so that the end of ours
/// arrives there and no reset overtakes it.
async fn finish(mut stream: Stream, end: Option<Action>, buffer: &mut [u8]) {
    match end {
        Some(Action::Abort) => {
            // Without this it would be an end in order, which is not what the fault is about.
            let _ = stream.get_ref().0.set_zero_linger();
            return;
        }
        Some(Action::Cut) => {
            let _ = timeout(WRITE, stream.get_mut().0.shutdown()).await;
        }
        Some(Action::Close | Action::Send(_)) | None => {
            let _ = timeout(WRITE, stream.shutdown()).await;
        }
    }
    let drain = async { while matches!(stream.get_mut().0.read(buffer).await, Ok(len) if len > 0) {} };
    let _ = timeout(LINGER, drain).await;
}
