//! The user that Netdata runs as: who may claim, whose the files are, and who a daemon that root has started becomes.
//!
//! | from | |
//! |---|---|
//! | `-user=`, `--user` | a name, a number, or `UID:GID`, which need not be known |
//! | `[global] run as user` in `netdata.conf` | |
//! | `netdata` | if there is such a user |
//! | whoever started the program | |
//!
//! Names are looked up by the C library. With glibc that is all that `nsswitch.conf` names, LDAP included; a static build
//! (musl) reads `/etc/passwd` and `/etc/group`, and asks nscd.

use crate::fault::{Fault, exit};
use crate::netdata_conf;
use crate::paths::Paths;
use crate::store::owner::Owner;
use crate::store::repair::{repair, require_writable};
use aclk_core::stage::Stage;
use nix::errno::Errno;
use nix::unistd::{self, Gid, Uid, geteuid};
use std::ffi::CString;
use std::fmt;

/// The user that packages of Netdata make.
const USUAL: &str = "netdata";
/// The longest name that is repeated in a message.
const NAME_MAX: usize = 32;

/// Who said which user it is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Option,
    Conf(String),
    Usual,
    Invoker,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option => f.write_str("-user="),
            Self::Conf(file) => write!(f, "[global] run as user in {file}"),
            Self::Usual => f.write_str("the default"),
            Self::Invoker => f.write_str("whoever started this"),
        }
    }
}

/// A user of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    name: String,
    uid: Uid,
    gid: Gid,
    source: Source,
    /// What was not believed.
    note: Option<String>,
}

impl User {
    /// The user that Netdata runs as; `given` is the value of `-user=`.
    ///
    /// # Errors
    /// If somebody named one that does not exist, or users cannot be looked up.
    pub(crate) fn find(given: Option<&str>, paths: &Paths) -> Result<Self, Fault> {
        if let Some(text) = given.map(str::trim).filter(|text| !text.is_empty()) {
            return Self::named(text, Source::Option);
        }
        if let Some(text) = configured(paths)? {
            let user = Self::named(&text, Source::Conf(paths.netdata_conf().display().to_string()))?;
            let Some(note) = user.doubt(paths) else { return Ok(user) };
            return Ok(Self { note: Some(note), ..Self::usual()? });
        }
        Self::usual()
    }

    /// The user where nobody names one.
    fn usual() -> Result<Self, Fault> {
        if let Some(user) = look_up(USUAL)? {
            return Ok(Self::of(user, Source::Usual));
        }
        Ok(Self::invoker())
    }

    /// Why root does not work for this user, whom `netdata.conf` names: its owner must not choose for whom.
    fn doubt(&self, paths: &Paths) -> Option<String> {
        let deciders = netdata_conf::deciders(paths, "global", "run as user");
        // The numbers of a user may come with those of a group that is not his.
        let own = unistd::User::from_uid(self.uid).ok().flatten().is_some_and(|user| user.gid == self.gid);
        let is_other = |uid: &u32| *uid != self.uid.as_raw() || !own;
        let other = deciders.into_iter().find(is_other).filter(|_| geteuid().is_root())?;
        Some(format!(
            "{} = {} does not count for root, as the file or its directory belongs to {}; --user names one, or give \
             both to root",
            self.source,
            self.name,
            name_of(other)
        ))
    }

    fn named(text: &str, source: Source) -> Result<Self, Fault> {
        if let Some((uid, gid)) = numbers(text) {
            let name = name_of(uid.as_raw());
            return Ok(Self { name, uid, gid, source, note: None });
        }
        let by_number = || text.parse().ok().and_then(|uid| unistd::User::from_uid(Uid::from_raw(uid)).ok().flatten());
        match look_up(text)?.or_else(by_number) {
            Some(user) => Ok(Self::of(user, source)),
            None => Err(unknown(text, &source)),
        }
    }

    fn of(user: unistd::User, source: Source) -> Self {
        Self { name: user.name, uid: user.uid, gid: user.gid, source, note: None }
    }

    fn invoker() -> Self {
        let uid = geteuid();
        Self { name: name_of(uid.as_raw()), uid, gid: unistd::getegid(), source: Source::Invoker, note: None }
    }

    /// The name, or the number where there is none.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) const fn uid(&self) -> Uid {
        self.uid
    }

    pub(crate) const fn gid(&self) -> Gid {
        self.gid
    }

    /// What a person should know about the choice.
    pub(crate) fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Whether a person named it, in an argument or in `netdata.conf`.
    pub(crate) const fn is_chosen(&self) -> bool {
        matches!(self.source, Source::Option | Source::Conf(_))
    }

    /// The groups that it belongs to, its own among them.
    pub(crate) fn groups(&self) -> Result<Vec<Gid>, Fault> {
        let name = CString::new(self.name.as_str()).unwrap_or_default();
        unistd::getgrouplist(&name, self.gid).map_err(|error| cannot_look_up(&self.name, error))
    }

    /// Only this user and root may go on (protocol.md 1.4, step 3).
    pub(crate) fn require(&self) -> Result<(), Fault> {
        if geteuid().is_root() || geteuid() == self.uid {
            return Ok(());
        }
        let name = &self.name;
        Err(Fault::new(Stage::Permission, format_args!("This script must be run by the {name} user account"))
            .hint(format_args!(
                "switch to that user with \"sudo su -s /bin/bash {name}\", or put sudo in front of the same command"
            ))
            .code(exit::USER))
    }

    /// If root works for somebody: from here on every file is made for this user.
    ///
    /// Where nobody named a user and there is no `netdata`, files go to the owner of their directory.
    pub(crate) fn own_files(&self) {
        if self.source != Source::Invoker {
            Owner::new(self.uid.as_raw(), self.gid.as_raw()).appoint();
        }
    }
}

/// Makes sure that a command that changes the identity may do so, and that what it makes belongs to whom it should. To be
/// called before anything is read, made or sent. Says what was mended for that user.
///
/// # Errors
/// For everybody but root and the user that Netdata runs as, and where the claim directory cannot be written to.
pub(crate) fn act_for(given: Option<&str>, paths: &Paths) -> Result<(User, Vec<String>), Fault> {
    let user = User::find(given, paths)?;
    user.require()?;
    user.own_files();
    let mut notes: Vec<String> = user.note().map(str::to_owned).into_iter().collect();
    notes.extend(repair(&paths.claim_dir())?);
    require_writable(&paths.claim_dir())?;
    Ok((user, notes))
}

/// The name of a user, or its number where it has none.
pub(crate) fn name_of(uid: u32) -> String {
    unistd::User::from_uid(Uid::from_raw(uid)).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name)
}

/// The name of a group, or its number where it has none.
pub(crate) fn group_name_of(gid: u32) -> String {
    unistd::Group::from_gid(Gid::from_raw(gid)).ok().flatten().map_or_else(|| gid.to_string(), |group| group.name)
}

/// What `netdata.conf` says. Who may not read that file is not the user that Netdata runs as, and finds that out soon.
fn configured(paths: &Paths) -> Result<Option<String>, Fault> {
    match netdata_conf::load(paths) {
        Ok(conf) => Ok(conf.value("global", "run as user").map(str::to_owned)),
        Err(fault) if fault.stage == Stage::Permission && !geteuid().is_root() => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// `UID:GID`.
fn numbers(text: &str) -> Option<(Uid, Gid)> {
    let (uid, gid) = text.split_once(':')?;
    // The largest number means "leave it as it is" to the kernel.
    let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number != u32::MAX);
    Some((Uid::from_raw(number(uid)?), Gid::from_raw(number(gid)?)))
}

fn look_up(name: &str) -> Result<Option<unistd::User>, Fault> {
    if name.contains('\0') {
        return Ok(None);
    }
    match unistd::User::from_name(name) {
        Ok(user) => Ok(user),
        // The ways of different C libraries and services to say that there is none (getpwnam(3)).
        Err(Errno::UnknownErrno | Errno::ENOENT | Errno::ESRCH | Errno::EBADF | Errno::EPERM | Errno::ENOTDIR) => {
            Ok(None)
        }
        Err(error) => Err(cannot_look_up(name, error)),
    }
}

fn cannot_look_up(name: &str, error: Errno) -> Fault {
    Fault::new(Stage::Permission, format_args!("cannot look up {}: {}", shown(name), error.desc())).code(exit::USER)
}

fn unknown(text: &str, source: &Source) -> Fault {
    Fault::new(Stage::Permission, format_args!("there is no {} on this machine, which {source} asks for", shown(text)))
        .hint("name a user that exists with -user=, or one by its numbers as in -user=1000:1000")
        .code(exit::USER)
}

/// A name is repeated only if it cannot be a token that got into the wrong place.
fn shown(name: &str) -> String {
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.');
    if name.len() <= NAME_MAX && name.bytes().all(is_name) {
        format!("user {name}")
    } else {
        "user of that name (not shown, as it could be a secret)".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{User, numbers};
    use crate::fault::exit;
    use crate::paths::Paths;
    use crate::scratch::Scratch;
    use std::fs;

    fn find(given: Option<&str>, netdata_conf: &str) -> Result<User, crate::fault::Fault> {
        let scratch = Scratch::new();
        let paths = Paths::below(scratch.path());
        fs::create_dir(paths.config()).unwrap();
        fs::write(paths.netdata_conf(), netdata_conf).unwrap();
        User::find(given, &paths)
    }

    #[test]
    fn an_argument_counts_before_the_configuration() {
        let conf = "[global]\n\trun as user = root\n";
        let user = find(Some("4711:4712"), conf).unwrap();
        assert_eq!((user.name(), user.uid().as_raw(), user.gid().as_raw()), ("4711", 4711, 4712));
        assert!(user.is_chosen());
        let user = find(None, conf).unwrap();
        assert_eq!((user.name(), user.uid().as_raw()), ("root", 0));
        assert!(user.is_chosen());
        assert_eq!(find(Some(" "), conf).unwrap().uid(), user.uid(), "an empty value counts as not given");
        assert_eq!(find(Some("0"), "").unwrap().name(), "root");
        assert!(!find(None, "[global]\nrun as user =\n").unwrap().is_chosen());
    }

    #[test]
    fn a_user_that_does_not_exist_is_named_and_a_token_is_not() {
        let fault = find(Some("no-such-user"), "").unwrap_err();
        assert_eq!(fault.code, exit::USER);
        assert_eq!(fault.cause, "there is no user no-such-user on this machine, which -user= asks for");
        let fault = find(None, "[global]\nrun as user = no-such-user\n").unwrap_err();
        assert!(fault.cause.contains("which [global] run as user in /"), "{fault}");
        for secret in ["TOKEN", "a-long-token-in-lower-case-that-nobody-may-see", "4294967295", "a\0b"] {
            let fault = find(Some(secret), "").unwrap_err();
            assert!(secret == "4294967295" || !fault.cause.contains(secret), "{fault}");
        }
    }

    #[test]
    fn the_number_that_changes_nothing_is_no_user() {
        assert!(numbers("1:2").is_some());
        for text in ["4294967295:1", "1:4294967295", "1:", ":1", "-1:1", "1:2:3", "1"] {
            assert_eq!(numbers(text), None, "{text}");
        }
    }
}
