//! HTTP CONNECT.

use crate::{Answer, Config, Fault};
use base64ct::{Base64, Encoding};

/// A request that is longer is no request.
const REQUEST_MAX: usize = 8 << 10;

/// The talk with one client.
#[derive(Debug)]
pub(crate) struct Connect {
    credentials: Option<String>,
    fault: Option<Fault>,
    heard: Vec<u8>,
}

impl Connect {
    pub(crate) fn new(config: &Config) -> Self {
        let basic =
            |(user, password): &(String, String)| Base64::encode_string(format!("{user}:{password}").as_bytes());
        Self { credentials: config.credentials.as_ref().map(basic), fault: config.fault, heard: Vec::new() }
    }

    pub(crate) fn receive(&mut self, bytes: &[u8]) -> Vec<Answer> {
        self.heard.extend(bytes);
        let Some(end) = self.heard.windows(4).position(|window| window == b"\r\n\r\n") else {
            return if self.heard.len() > REQUEST_MAX { vec![refuse(431, "")] } else { Vec::new() };
        };
        if end + 4 < self.heard.len() {
            // A client that does not wait for the answer.
            return vec![refuse(400, "")];
        }
        let head = String::from_utf8_lossy(&self.heard[..end]).into_owned();
        vec![self.judge(&head)]
    }

    fn judge(&self, head: &str) -> Answer {
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (Some("CONNECT"), Some(target), Some("HTTP/1.1"), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return refuse(400, "");
        };
        let headers: Vec<(String, &str)> =
            lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value)).collect();
        let header = |name: &str| headers.iter().find(|(found, _)| found == name).map(|(_, value)| *value);
        if header("host") != Some(target) {
            return refuse(400, "");
        }
        let Some((host, port)) = split(target) else { return refuse(400, "") };
        match self.fault {
            Some(Fault::Status(status)) => return refuse(status, ""),
            Some(Fault::OtherScheme) => {
                return refuse(407, "Proxy-Authenticate: NTLM\r\nProxy-Authenticate: Negotiate\r\n");
            }
            Some(Fault::OversizedHead) => {
                return Answer::Refuse(format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(8 << 10)).into_bytes());
            }
            _ => {}
        }
        let given = header("proxy-authorization").and_then(|value| value.strip_prefix("Basic "));
        if self.credentials.is_some() && given != self.credentials.as_deref() {
            return refuse(407, "Proxy-Authenticate: Basic realm=\"emulated\"\r\n");
        }
        Answer::Connect(host, port)
    }

    pub(crate) fn on_connected(&self, reached: bool) -> Answer {
        let head = match self.fault {
            _ if !reached => return refuse(502, ""),
            Some(Fault::Http10) => "HTTP/1.0 200 Connection established\r\nProxy-agent: emulated\r\n\r\n",
            Some(Fault::Interim) => "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 Connection established\r\n\r\n",
            _ => "HTTP/1.1 200 Connection established\r\nVia: emulated\r\n\r\n",
        };
        Answer::Grant(head.as_bytes().to_vec())
    }
}

fn refuse(status: u16, headers: &str) -> Answer {
    let reason = match status {
        204 => "No Content",
        302 => "Found",
        400 => "Bad Request",
        403 => "Forbidden",
        405 => "Method Not Allowed",
        407 => "Proxy Authentication Required",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Refused",
    };
    let body = "<html>no</html>";
    let head = format!("HTTP/1.1 {status} {reason}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len());
    Answer::Refuse(head.into_bytes())
}

/// `host:port`, an IPv6 address in brackets.
fn split(target: &str) -> Option<(String, u16)> {
    let (host, port) = target.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    Some((host.to_owned(), port.parse().ok()?))
}
