//! The administrator's API of the emulated Cloud (docs/cloud.md), as far as a fleet needs it.

use crate::fault::Fault;
use crate::hidden::Hidden;
use crate::store::error::words;
use aclk_core::stage::Stage;
use serde_json::{Value, json};
use std::fmt::Display;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an answer may take. A Cloud that is busy with thousands of handshakes takes its time.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest answer, in bytes.
const ANSWER_MAX: u64 = 1 << 20;

/// Where the administrator is served, and the credential.
#[derive(Debug)]
pub(super) struct Admin {
    address: SocketAddr,
    credential: Hidden,
}

/// What the Cloud takes, and what it has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct CloudUsage {
    /// Its process: another one after a restart by somebody else.
    pub(super) pid: u64,
    /// Resident memory, in bytes.
    pub(super) resident: u64,
    /// Processor time since it began.
    pub(super) cpu: Duration,
    /// PINGREQs answered since it began.
    pub(super) heartbeats: u64,
    /// What devices did against the protocol since it began.
    pub(super) deviations: u64,
}

impl Admin {
    /// As `http://127.0.0.1:8000/#CREDENTIAL`.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let wrong = || {
            Fault::usage("--admin is not the address of an administrator's page with its credential")
                .hint("it looks like http://127.0.0.1:8000/#CREDENTIAL: \"aclk cloud\" prints both")
        };
        let (address, credential) =
            text.trim().strip_prefix("http://").and_then(|rest| rest.split_once('#')).ok_or_else(wrong)?;
        let address = address.trim_end_matches('/').parse().map_err(|_| wrong())?;
        if credential.is_empty() || !credential.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong());
        }
        Ok(Self { address, credential: Hidden::new(credential) })
    }

    /// The certificate of the Cloud's certification authority, PEM.
    pub(super) async fn ca_pem(&self) -> Result<String, Fault> {
        let cloud = self.ask("GET", "cloud", &Value::Null).await?;
        cloud["ca_pem"].as_str().map(str::to_owned).ok_or_else(|| self.fault("there is no certificate in its answer"))
    }

    /// What the Cloud takes now.
    pub(super) async fn usage(&self) -> Result<CloudUsage, Fault> {
        let cloud = self.ask("GET", "cloud", &Value::Null).await?;
        let number = |value: &Value| value.as_u64().unwrap_or_default();
        let process = &cloud["process"];
        Ok(CloudUsage {
            pid: number(&process["pid"]),
            resident: number(&process["resident_bytes"]),
            cpu: Duration::from_micros(number(&process["cpu_us"])),
            heartbeats: number(&cloud["heartbeats"]),
            deviations: number(&cloud["deviations"]),
        })
    }

    /// Tells the Cloud of nodes, as `POST /api/nodes` has them.
    pub(super) async fn inject(&self, nodes: Vec<Value>) -> Result<(), Fault> {
        self.ask("POST", "nodes", &json!({ "nodes": nodes })).await.map(drop)
    }

    /// Has the Cloud end at once, and begin anew after `away`.
    pub(super) async fn restart(&self, away: Duration) -> Result<(), Fault> {
        self.ask("POST", "restart", &json!({ "away": away.as_secs() })).await.map(drop)
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, Fault> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = format!(
            "{method} /api/{path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            self.credential.expose(),
            body.len()
        );
        let exchange = async {
            let mut stream = TcpStream::connect(self.address).await?;
            stream.write_all(request.as_bytes()).await?;
            let mut answer = Vec::new();
            stream.take(ANSWER_MAX).read_to_end(&mut answer).await?;
            Ok::<_, std::io::Error>(answer)
        };
        let answer = match timeout(PATIENCE, exchange).await {
            Ok(answer) => answer.map_err(|error| self.fault(words(&error)))?,
            Err(_) => return Err(self.fault(format_args!("no answer within {} s", PATIENCE.as_secs()))),
        };
        let text = String::from_utf8_lossy(&answer);
        let (head, body) = text.split_once("\r\n\r\n").ok_or_else(|| self.fault("that is no HTTP"))?;
        let status: u16 = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        match (status, body["error"].as_str()) {
            (200..300, _) => Ok(body),
            (_, Some(why)) => Err(self.fault(format_args!("{why} (status {status})"))),
            (_, None) => Err(self.fault(format_args!("status {status}"))),
        }
    }

    fn fault(&self, cause: impl Display) -> Fault {
        Fault::new(Stage::Http, format_args!("the administrator's API at {}: {cause}", self.address))
    }
}
