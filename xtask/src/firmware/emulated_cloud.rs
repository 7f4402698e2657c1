//! The emulated Cloud beside an emulated board, and what an administrator asks of it.

use super::http::{self, Reply};
use crate::lines::Lines;
use crate::process::{Problem, Process};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long it may take until it listens: it makes its keys first, and cargo may wait for another cargo before.
const PATIENCE: Duration = Duration::from_secs(600);

/// The host as a guest of QEMU's user network sees it.
pub(crate) const HOST: &str = "10.0.2.2";

/// A Cloud of our own on loopback, which ends with this.
pub(crate) struct Cloud {
    child: Child,
    pub(crate) url: String,
    pub(crate) token: String,
    pub(crate) rooms: String,
    pub(crate) authority: PathBuf,
    admin: String,
    credential: String,
}

impl Cloud {
    /// Builds and starts it, and waits until it listens.
    pub(crate) fn start() -> Result<Self, Problem> {
        Self::start_as(HOST, "")
    }

    /// The same by the name of `host`, with more `options` for the command `aclk cloud` (split at blanks).
    pub(crate) fn start_as(host: &str, options: &str) -> Result<Self, Problem> {
        Process::cargo("build --quiet --package aclk").show()?;
        let line = format!("run --quiet --package aclk -- cloud --json --quiet --host {host} {options}");
        Self::hear(Process::cargo(&line).start(Stdio::null(), Stdio::inherit())?)
    }

    /// The same of a `program` that was built already, for clients on this machine.
    pub(crate) fn of_program(program: &Path, options: &str) -> Result<Self, Problem> {
        let process = Process::new(&program.display().to_string(), &format!("cloud --json --quiet {options}"));
        Self::hear(process.start(Stdio::null(), Stdio::inherit())?)
    }

    /// Waits until it listens, and takes in what it says of itself.
    fn hear(mut child: Child) -> Result<Self, Problem> {
        let introduction = child.stdout.take().map(|output| Lines::of(output).next(PATIENCE));
        let introduction = introduction.and_then(Result::ok).unwrap_or_default();
        let member = |name| member(&introduction, name).map(str::to_owned);
        let found = (|| {
            let rooms = introduction.split_once("\"rooms\":[")?.1.split_once(']')?.0.replace('"', "");
            let admin = member("admin_url")?.strip_prefix("http://")?.trim_end_matches('/').to_owned();
            Some((member("url")?, member("token")?, rooms, member("ca")?, admin, member("admin_token")?))
        })();
        let Some((url, token, rooms, authority, admin, credential)) = found else {
            end(&mut child);
            return Err(Problem::Findings(vec![format!("the emulated Cloud does not start: {introduction:?}")]));
        };
        Ok(Self { child, url, token, rooms, authority: authority.into(), admin, credential })
    }

    /// The address of the administrator's page, with the credential.
    pub(crate) fn page(&self) -> String {
        format!("http://{}/#{}", self.admin, self.credential)
    }

    /// Asks the administrator's API.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> Result<Reply, Problem> {
        let Self { admin, credential, .. } = self;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {admin}\r\nAuthorization: Bearer {credential}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        http::exchange(admin, &request).map_err(|cause| Problem::Io { attempt: format!("{method} {path}"), cause })
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// In order, if that is possible: it removes its files then.
fn end(child: &mut Child) {
    let asked = Command::new("kill").arg(child.id().to_string()).status();
    if !asked.is_ok_and(|status| status.success()) {
        let _ = child.kill();
    }
    let _ = child.wait();
}

/// The text that is the value of `name` in a JSON object which is known to have no escapes there.
pub(crate) fn member<'t>(object: &'t str, name: &str) -> Option<&'t str> {
    object.split_once(&format!("\"{name}\":\""))?.1.split_once('"').map(|(value, _)| value)
}

/// The number that is the value of `name`.
pub(crate) fn number(object: &str, name: &str) -> Option<u64> {
    let value = object.split_once(&format!("\"{name}\":"))?.1;
    let digits = value.len() - value.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    value.get(..digits)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{member, number};

    #[test]
    fn a_member_is_found_by_its_name() {
        let object = r#"{"ca":"/tmp/ca.pem","url":"https://10.0.2.2:1","admin_url":"http://127.0.0.1:2/"}"#;
        assert_eq!(member(object, "url"), Some("https://10.0.2.2:1"));
        assert_eq!(member(object, "admin_url"), Some("http://127.0.0.1:2/"));
        assert_eq!(member(object, "token"), None);
        assert_eq!(number(r#"{"events":[],"next":42,"lost":false}"#, "next"), Some(42));
        assert_eq!(number(object, "url"), None);
    }
}
