//! Who claims what and where: arguments, then files, then what the machine knows of itself (protocol.md 1.3).

use crate::fault::Fault;
use crate::hidden::Hidden;
use crate::store::claim_dir::{ClaimDir, TOKEN};
use crate::store::disk::Dir;
use aclk_core::claim::request;
use aclk_core::identity::guid::Guid;
use aclk_core::secret::Secret;
use aclk_core::settings::{HOSTNAME_MAX, Limits, ROOMS_MAX, Settings, TOKEN_MAX, Timing};
use aclk_core::store::Claim;
use aclk_core::wire::proxy::Exceptions;
use aclk_core::wire::url::Url;
use std::path::Path;
use zeroize::Zeroizing;

/// The Cloud that is meant when nobody says otherwise.
pub(crate) const DEFAULT_URL: &str = "https://app.netdata.cloud";

/// How often `aclk claim` tries before it gives up.
pub(crate) const CLAIM_ATTEMPTS: u32 = 3;

/// What was given: on the command line, or by another source that speaks in its place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Given {
    pub(crate) token: Option<Secret<TOKEN_MAX>>,
    pub(crate) rooms: Option<String>,
    pub(crate) url: Option<Url>,
    pub(crate) id: Option<Guid>,
    pub(crate) hostname: Option<String>,
    /// `none`, `env` or a URL, which may hold a password.
    pub(crate) proxy: Option<Hidden>,
    /// `-insecure`: whoever has the key of the certificate he shows is the Cloud (design.md 3.4).
    pub(crate) insecure: bool,
}

impl Given {
    /// Whether [`take`](Self::take) takes the option `name`.
    pub(crate) fn knows(name: &str) -> bool {
        matches!(name, "token" | "rooms" | "url" | "id" | "hostname" | "proxy")
    }

    /// Takes the value of an option.
    ///
    /// An empty value counts as not given: scripts write `-url=$URL` with nothing in it.
    pub(crate) fn take(&mut self, name: &str, value: Zeroizing<String>) -> Result<(), Fault> {
        let some = || Some(value.trim()).filter(|text| !text.is_empty());
        match name {
            "token" => self.token = some().map(token).transpose()?,
            "rooms" => self.rooms = some().map(str::to_owned),
            "url" => self.url = some().map(url).transpose()?,
            "id" => self.id = some().map(id).transpose()?,
            "hostname" => self.hostname = some().map(str::to_owned),
            "proxy" => self.proxy = some().map(Hidden::new),
            _ => {}
        }
        Ok(())
    }

    /// Whether `claim` is what these options ask for.
    pub(crate) fn asks_for(&self, claim: &Claim) -> bool {
        self.id.is_none_or(|id| id == claim.id) && self.url.as_ref().is_none_or(|url| *url == claim.url)
    }
}

/// What counts where neither arguments nor the files of the claim directory say anything.
#[derive(Debug, Clone, Default)]
pub(crate) struct Defaults {
    /// `[cloud] cloud base url` of netdata.conf. It is meant for claims that are to come, so it comes before the URL of one
    /// that has been made.
    pub(crate) url: Option<Url>,
    /// What the environment says (protocol.md 1.13).
    pub(crate) variables: Given,
}

/// Everything the engine has to know, but for the proxy. `dir` is the claim directory, if there is one.
///
/// Without a token the engine can only hold a link; [`require_token`] says so before a claim is tried.
#[cfg(any(test, feature = "lab"))]
pub(crate) fn assemble(given: Given, dir: Option<&ClaimDir<Dir>>, machine_guid: Guid) -> Result<Settings, Fault> {
    assemble_with(given, dir, Defaults::default(), machine_guid)
}

/// The same with defaults.
pub(crate) fn assemble_with(
    given: Given,
    dir: Option<&ClaimDir<Dir>>,
    defaults: Defaults,
    machine_guid: Guid,
) -> Result<Settings, Fault> {
    let Defaults { url: configured, variables } = defaults;
    let url = match (given.url.or(configured), dir) {
        (Some(url), _) => Some(url),
        (None, Some(dir)) => dir.url()?,
        (None, None) => None,
    };
    let token = match (given.token, dir) {
        (Some(token), _) => Some(token),
        (None, Some(dir)) => dir.token()?,
        (None, None) => None,
    };
    let rooms = match (given.rooms, dir) {
        (Some(rooms), _) => Some(rooms),
        (None, Some(dir)) => dir.rooms()?,
        (None, None) => None,
    };
    let (url, token) = (url.or(variables.url), token.or(variables.token));
    let rooms = rooms.or(variables.rooms).unwrap_or_default();
    let (id, hostname) = (given.id.or(variables.id), given.hostname.or(variables.hostname));
    Ok(Settings {
        url: url.map_or_else(|| self::url(DEFAULT_URL), Ok)?,
        id: id.unwrap_or(machine_guid),
        machine_guid,
        hostname: self::hostname(hostname)?,
        token: checked(token.unwrap_or_default())?,
        rooms: self::rooms(&rooms)?,
        claim_attempts: Some(CLAIM_ATTEMPTS),
        proxy: None,
        no_proxy: Exceptions::NONE,
        timing: Timing::DEFAULT,
        limits: Limits::COMPUTER,
    })
}

/// Everything the engine has to know to hold a link: which one, it learns from the store.
#[cfg(test)]
pub(crate) fn for_link(given: Given, machine_guid: Guid) -> Result<Settings, Fault> {
    assemble(given, None, machine_guid)
}

/// A claim needs a token.
pub(crate) fn require_token(settings: &Settings, claim_dir: &Path) -> Result<(), Fault> {
    if !settings.token.is_empty() {
        return Ok(());
    }
    let file = claim_dir.join(TOKEN);
    Err(Fault::usage("there is no claiming token").hint(format_args!(
        "copy the claim command from your Space in Netdata Cloud; the token goes behind -token= or into {}",
        file.display()
    )))
}

fn token(text: &str) -> Result<Secret<TOKEN_MAX>, Fault> {
    Secret::copy_of(text.as_bytes()).map_err(|error| Fault::usage(format_args!("the claiming token is {error}")))
}

/// A token with blanks or control characters in it is not one that anybody was given.
fn checked(token: Secret<TOKEN_MAX>) -> Result<Secret<TOKEN_MAX>, Fault> {
    if token.expose().iter().all(u8::is_ascii_graphic) {
        return Ok(token);
    }
    Err(Fault::usage("the claiming token contains blanks or characters that no token has")
        .hint("copy it again from your Space in Netdata Cloud"))
}

fn url(text: &str) -> Result<Url, Fault> {
    Url::parse(text).map_err(|error| Fault::usage(error).hint("write it as in -url=https://app.netdata.cloud"))
}

/// The text is not repeated: somebody may have confused it with the token.
fn id(text: &str) -> Result<Guid, Fault> {
    Guid::parse(text).map_err(|error| {
        Fault::usage(format_args!("the id to claim is not a UUID: {error}"))
            .hint("leave -id= out to use the machine GUID")
    })
}

/// War Room ids by commas or, in a file, by lines.
fn rooms(list: &str) -> Result<heapless::String<ROOMS_MAX>, Fault> {
    let list = list.replace(['\n', '\r'], ",");
    let mut rooms = heapless::String::new();
    for room in request::rooms(&list) {
        if !room.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\')) {
            return Err(Fault::usage("the list of War Rooms contains blanks, quotes or characters that no id has")
                .hint("write it as in -rooms=ROOM1,ROOM2"));
        }
        let comma = if rooms.is_empty() { "" } else { "," };
        rooms
            .push_str(comma)
            .and_then(|()| rooms.push_str(room))
            .map_err(|_| Fault::usage(format_args!("the list of War Rooms is longer than {ROOMS_MAX} bytes")))?;
    }
    Ok(rooms)
}

/// The given name, else the variable HOSTNAME, else the name the system has.
fn hostname(given: Option<String>) -> Result<heapless::String<HOSTNAME_MAX>, Fault> {
    let known = || std::env::var("HOSTNAME").ok().filter(|name| !name.trim().is_empty());
    let system = || rustix::system::uname().nodename().to_string_lossy().into_owned();
    let name = given.or_else(known).unwrap_or_else(system);
    let hint = "give a name with -hostname=";
    if name.chars().any(char::is_control) {
        return Err(Fault::usage("the host name contains control characters").hint(hint));
    }
    let too_long = |_| Fault::usage(format_args!("the host name is longer than {HOSTNAME_MAX} bytes")).hint(hint);
    heapless::String::try_from(name.trim()).map_err(too_long)
}

#[cfg(test)]
mod tests {
    use super::{Given, assemble, require_token};
    use crate::fault::{Fault, exit};
    use crate::scratch::Scratch;
    use crate::store::FileStore;
    use aclk_core::identity::guid::Guid;
    use aclk_core::settings::Settings;
    use aclk_core::store::Claim;
    use aclk_core::wire::url::Url;
    use std::fs;
    use std::path::Path;
    use zeroize::Zeroizing;

    const GUID: &str = "0f0e0d0c-0b0a-4908-8706-050403020100";

    fn given(options: &[(&str, &str)]) -> Result<Given, Fault> {
        let mut given = Given::default();
        for (name, value) in options {
            assert!(Given::knows(name), "{name}");
            given.take(name, Zeroizing::new((*value).to_owned()))?;
        }
        Ok(given)
    }

    fn with(options: &[(&str, &str)], dir: &Path) -> Result<Settings, Fault> {
        assemble(given(options)?, FileStore::new(dir).open()?.as_ref(), Guid::parse(GUID).unwrap())
    }

    #[test]
    fn without_anything_the_machine_speaks_for_itself() {
        let scratch = Scratch::new();
        let settings = with(&[], &scratch.path().join("none")).unwrap();
        assert_eq!(settings.url.as_str(), "https://app.netdata.cloud");
        assert_eq!(settings.id.to_string(), GUID);
        assert!(!settings.hostname.is_empty());
        assert_eq!(settings.rooms, "");
        let fault = require_token(&settings, Path::new("/etc/netdata/claim.d")).unwrap_err();
        assert_eq!(fault.code, exit::USAGE);
        assert_eq!(fault.to_string(), "config: there is no claiming token");
        assert!(fault.hint.contains("-token=") && fault.hint.ends_with("/etc/netdata/claim.d/token"), "{}", fault.hint);
    }

    #[test]
    fn files_give_what_arguments_do_not() {
        let scratch = Scratch::new();
        fs::write(scratch.path().join("token"), "from-file\n").unwrap();
        fs::write(scratch.path().join("rooms"), "a, b\nc\r\n\n").unwrap();
        fs::write(scratch.path().join("cloud.conf"), "[global]\nurl = https://file.example/\n").unwrap();
        let settings = with(&[], scratch.path()).unwrap();
        assert_eq!(settings.token.expose(), b"from-file");
        assert_eq!(settings.rooms, "a,b,c");
        assert_eq!(settings.url.as_str(), "https://file.example");
        require_token(&settings, scratch.path()).unwrap();

        let options = [
            ("token", " from-argument "),
            ("rooms", "x,y"),
            ("url", "https://argument.example:8443"),
            ("id", "AAAAAAAA-bbbb-4ccc-8ddd-eeeeeeeeeeee"),
            ("hostname", "edge-1"),
        ];
        let settings = with(&options, scratch.path()).unwrap();
        assert_eq!(settings.token.expose(), b"from-argument");
        assert_eq!(settings.rooms, "x,y");
        assert_eq!(settings.url.as_str(), "https://argument.example:8443");
        assert_eq!(settings.id.to_string(), "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee");
        assert_eq!(settings.machine_guid.to_string(), GUID);
        assert_eq!(settings.hostname, "edge-1");
    }

    #[test]
    fn empty_arguments_count_as_absent() {
        let scratch = Scratch::new();
        fs::write(scratch.path().join("token"), "from-file").unwrap();
        let settings = with(&[("token", ""), ("url", ""), ("id", ""), ("rooms", ""), ("hostname", "")], scratch.path());
        let settings = settings.unwrap();
        assert_eq!(settings.token.expose(), b"from-file");
        assert_eq!(settings.url.as_str(), "https://app.netdata.cloud");
        assert!(!settings.hostname.is_empty());
    }

    #[test]
    fn an_interrupted_claim_is_recognised_unless_another_one_is_asked_for() {
        let claim = Claim { id: Guid::parse(GUID).unwrap(), url: Url::parse("https://a.example").unwrap() };
        assert!(given(&[]).unwrap().asks_for(&claim));
        assert!(given(&[("id", GUID), ("url", "https://a.example/")]).unwrap().asks_for(&claim));
        assert!(!given(&[("url", "https://b.example")]).unwrap().asks_for(&claim));
        assert!(!given(&[("id", "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee")]).unwrap().asks_for(&claim));
    }

    #[test]
    fn what_cannot_be_right_is_said_without_repeating_it() {
        let scratch = Scratch::new();
        let long = "SECRET".repeat(1000);
        let cases = [
            ("token", "SEC RET", "the claiming token contains blanks"),
            ("token", "SECRET\u{7f}", "the claiming token contains blanks"),
            ("token", long.as_str(), "the claiming token is longer than 512 bytes"),
            ("rooms", "SEC RET", "the list of War Rooms contains blanks"),
            ("rooms", "\"SECRET\"", "the list of War Rooms contains blanks, quotes"),
            ("rooms", long.as_str(), "the list of War Rooms is longer than 1024 bytes"),
            ("url", "http://SECRET", "the URL starts with http://"),
            ("id", "SECRET", "the id to claim is not a UUID"),
            ("hostname", "SECRET\u{1b}[2J", "the host name contains control characters"),
            ("hostname", long.as_str(), "the host name is longer than 253 bytes"),
        ];
        for (name, value, expected) in cases {
            let fault = with(&[(name, value)], scratch.path()).unwrap_err();
            assert!(fault.cause.starts_with(expected), "{name}: {fault}");
            assert_eq!(fault.code, exit::USAGE, "{name}");
            assert!(!format!("{fault:?}").contains("SEC"), "{fault:?}");
        }
    }

    #[test]
    fn a_token_file_without_a_token_is_none() {
        let scratch = Scratch::new();
        fs::write(scratch.path().join("token"), " \n").unwrap();
        let settings = with(&[], scratch.path()).unwrap();
        require_token(&settings, scratch.path()).unwrap_err();
    }
}
