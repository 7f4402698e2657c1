//! `read-config` and `write-config`: how the claiming script of v1.22 to v1.47 asks for the Cloud and tells of a claim.
//!
//! The script has put the same into `cloud.d/cloud.conf`, which is read in place. So what it writes here is kept in memory
//! only, as in the original: it counts above that file from the next `reload-claiming-state` on, until the daemon ends. Nothing
//! of it touches `claim.d`.

use super::record::Reply;
use crate::daemon::Daemon;
use crate::hidden::Hidden;
use crate::store::conf::{without_quotes, yes_or_no};
use crate::user;
use aclk_core::wire::proxy::Proxy;
use aclk_core::wire::url::Url;
use rustix::process::geteuid;

/// The configuration and the section that may be read and written.
const PLACE: [&str; 2] = ["cloud", "global"];
const KNOWN: &str = "only cloud|global|enabled, cloud|global|cloud base url and cloud|global|proxy can be read and written, \
                     and netdata|global|run as user can be read";

/// What the script asks for besides: whom it has to give the files to.
const USER: [&str; 3] = ["netdata", "global", "run as user"];

enum Key {
    Enabled,
    Url,
    Proxy,
}

/// The key of `conf|section|key`, and what stands behind it.
fn parse(argument: &str) -> Option<(Key, Option<&str>)> {
    let mut parts = argument.splitn(4, '|').map(str::trim);
    if [parts.next()?, parts.next()?] != PLACE {
        return None;
    }
    let key = match parts.next()? {
        "enabled" => Key::Enabled,
        "cloud base url" | "url" => Key::Url,
        "proxy" => Key::Proxy,
        _ => return None,
    };
    Some((key, parts.next()))
}

/// `read-config conf|section|key`: the value in effect. A proxy is shown without credentials.
pub(super) fn read(argument: &str, daemon: &Daemon) -> Reply {
    if argument.split('|').map(str::trim).eq(USER) {
        return Reply::done(user::name_of(geteuid().as_raw()));
    }
    let Some((key, None)) = parse(argument) else { return Reply::failed(KNOWN) };
    let (status, written) = (&daemon.node.borrow().status, daemon.written.borrow());
    Reply::done(match key {
        Key::Enabled => {
            let enabled = written.enabled.unwrap_or(status.switched_off.is_none());
            if enabled { "yes" } else { "no" }.to_owned()
        }
        Key::Url => written.url.as_ref().unwrap_or(&status.url).to_string(),
        Key::Proxy => status.proxy.to_string(),
    })
}

/// `write-config conf|section|key|value`.
pub(super) fn write(argument: &str, daemon: &Daemon) -> Reply {
    let Some((key, Some(value))) = parse(argument) else { return Reply::failed(KNOWN) };
    let value = without_quotes(value).unwrap_or(value);
    let mut written = daemon.written.borrow_mut();
    match key {
        Key::Enabled => match yes_or_no(value) {
            Some(enabled) => written.enabled = Some(enabled),
            None => return Reply::failed("enabled is neither yes nor no"),
        },
        Key::Url => match Url::parse(value) {
            Ok(url) => written.url = Some(url),
            Err(error) => return Reply::failed(format!("cloud base url: {error}")),
        },
        Key::Proxy => {
            let is_word = ["none", "env", ""].iter().any(|word| value.eq_ignore_ascii_case(word));
            if let Some(error) = Proxy::parse(value).err().filter(|_| !is_word) {
                return Reply::failed(format!("proxy: {error}"));
            }
            written.proxy = Some(Hidden::new(value)).filter(|_| !value.is_empty());
        }
    }
    Reply::done("")
}
