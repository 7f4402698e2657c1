//! What the Cloud asks the node over its link, as a dashboard does.

use crate::json::{Object, Raw, milliseconds};
use crate::report::Span;
use aclk_cloud::Unanswered;
use aclk_cloud::server::Handle;
use std::fmt;
use std::time::Duration;

/// What the node is.
pub(super) const INFO: &str = "/api/v1/info";
/// What it measured in the last seconds.
pub(super) const DATA: &str = "/api/v1/data?chart=system.cpu&after=-3&points=3&format=csv";

/// How long the Cloud waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked whether the answer is there.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// The longest line of an answer that is shown, in characters.
const SHOWN: usize = 100;

/// What came of a request.
pub(super) struct Asked {
    target: &'static str,
    outcome: Result<Answer, String>,
}

struct Answer {
    code: u16,
    body: Vec<u8>,
    took: Duration,
}

impl Asked {
    /// Sends `GET target` to the node over its link and waits for the answer.
    pub(super) async fn get(cloud: &Handle, claimed_id: &str, target: &'static str) -> Self {
        let request = format!("GET {target} HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n");
        let sent = cloud.with(|cloud, now| cloud.send_request(now, claimed_id, request.as_bytes(), PATIENCE));
        let query = match sent {
            Ok(query) => query,
            Err(error) => return Self { target, outcome: Err(error.to_string()) },
        };
        let reply = loop {
            if let Some(reply) = cloud.with(|cloud, _| cloud.take_reply(&query)) {
                break reply;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        };
        let outcome = match reply {
            Ok(reply) => Ok(Answer { code: reply.code, body: reply.body, took: reply.took }),
            Err(Unanswered::Late) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
            Err(Unanswered::Gone) => Err("the link ended".to_owned()),
        };
        Self { target, outcome }
    }

    /// Whether the node had what was asked for.
    pub(super) fn is_good(&self) -> bool {
        self.outcome.as_ref().is_ok_and(|answer| answer.code == 200)
    }

    pub(super) fn json(&self) -> Raw {
        let answer = self.outcome.as_ref();
        Object::new()
            .member("request", self.target)
            .member("http_code", answer.ok().map(|answer| u64::from(answer.code)))
            .member("bytes", answer.ok().map(|answer| answer.body.len() as u64))
            .member("ms", answer.ok().map(|answer| milliseconds(answer.took)))
            .member("error", answer.err().map(String::as_str))
            .end()
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Ok(Answer { code, body, took }) => {
                write!(f, "  GET {}\n  {code}, {} B in {}", self.target, body.len(), Span(*took))?;
                for line in String::from_utf8_lossy(body).lines() {
                    let shown: String = line.chars().take(SHOWN).collect();
                    let more = if shown.len() < line.len() { " …" } else { "" };
                    write!(f, "\n    {shown}{more}")?;
                }
                Ok(())
            }
            Err(why) => write!(f, "  GET {}\n  {why}", self.target),
        }
    }
}
