//! Which proxy is used, and who says so: one rule for claim and link, where the original has several (protocol.md 4.2).
//!
//! The first of these that says anything counts:
//!
//! 1. `-proxy=` or `-noproxy` of `aclk claim`, which also stores it for the link that follows;
//! 2. `[cloud] proxy` in netdata.conf;
//! 3. `[global] proxy` in cloud.conf, where a claim has stored it;
//! 4. nobody: no proxy.
//!
//! It says `none`, `env` or a URL. `env` is the first variable of [`VARIABLES`] that is set and not empty, but for the hosts
//! in `no_proxy`. A URL that is written down is meant for all of them.

use crate::fault::Fault;
use crate::hidden::Hidden;
use crate::netdata_conf;
use crate::paths::Paths;
use crate::store::claim_dir::{CLOUD_CONF, ClaimDir};
use crate::store::disk::Dir;
use aclk_core::settings::Settings;
use aclk_core::stage::Stage;
use aclk_core::wire::proxy::{Exceptions, Proxy};
use std::ffi::OsString;
use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::OnceLock;

/// The variables that `env` looks at, in this order. `socks_proxy` comes first, as in the original; then what every other
/// program uses for HTTPS; then what the original uses; then what is for everything.
const VARIABLES: [&str; 8] =
    ["socks_proxy", "SOCKS_PROXY", "https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];

/// The variables with the hosts that `env` makes exceptions for; the first one that is not empty counts.
const EXCEPTIONS: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// The value that means a direct connection.
pub(crate) const NONE: &str = "none";
/// The value that means the environment.
const ENV: &str = "env";

/// What the variables say. There may be passwords in it, so it has no `Debug`.
pub(crate) struct Environment {
    proxies: Vec<(&'static str, OsString)>,
    exceptions: String,
}

impl Environment {
    /// That of this process, which does not change.
    pub(crate) fn of_process() -> &'static Self {
        static ENVIRONMENT: OnceLock<Environment> = OnceLock::new();
        ENVIRONMENT.get_or_init(|| Self::read(|name| std::env::var_os(name)))
    }

    /// The variables that name a proxy.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.proxies.iter().map(|(name, _)| *name).collect()
    }

    fn read(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &'static str| variable(name).filter(|value| !value.is_empty()).map(|value| (name, value));
        let exceptions = EXCEPTIONS.into_iter().find_map(set).map(|(_, value)| value.to_string_lossy().into_owned());
        Self { proxies: VARIABLES.into_iter().filter_map(set).collect(), exceptions: exceptions.unwrap_or_default() }
    }
}

/// Whether a setting leaves it to the environment.
pub(crate) fn is_env(setting: &str) -> bool {
    setting.eq_ignore_ascii_case(ENV)
}

/// Who says which proxy is used.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Argument,
    NetdataConf(PathBuf),
    CloudConf(PathBuf),
    Nobody,
}

impl Source {
    /// Where exactly it is written, for whoever has to change it.
    fn place(&self) -> String {
        match self {
            Self::Argument => "-proxy=".to_owned(),
            Self::NetdataConf(path) => format!("[cloud] proxy in {}", path.display()),
            Self::CloudConf(path) => format!("[global] proxy in {}", path.display()),
            Self::Nobody => "the default".to_owned(),
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Argument => "-proxy= or -noproxy",
            Self::NetdataConf(_) => "[cloud] proxy in netdata.conf",
            Self::CloudConf(_) => "[global] proxy in cloud.conf",
            Self::Nobody => "default",
        }
    }
}

/// The proxy that is used, if any, and where it comes from. Displays without credentials.
#[derive(Debug)]
pub(crate) struct Choice {
    proxy: Option<Proxy>,
    exceptions: Exceptions,
    source: Source,
    /// Whether the source says `env`, and which variable of it counts.
    variable: Option<Option<&'static str>>,
}

impl Choice {
    /// Chooses by the rule above. `given` is what was given on the command line, `dir` the claim directory.
    ///
    /// # Errors
    /// If a file cannot be read, or what counts is no proxy. The text is not repeated: it may hold a password.
    pub(crate) fn make(
        given: Option<&str>,
        paths: &Paths,
        dir: Option<&ClaimDir<Dir>>,
        environment: &'static Environment,
    ) -> Result<Self, Fault> {
        if let Some(setting) = given {
            return Self::of(setting, Source::Argument, environment);
        }
        if let Some(setting) = configured(paths)? {
            return Self::of(setting.expose(), Source::NetdataConf(paths.netdata_conf()), environment);
        }
        let stored = dir.map_or(Ok(None), ClaimDir::proxy)?;
        let stored = stored.as_ref().map(|setting| without_comment(setting.expose()));
        if let Some(setting) = stored.filter(|setting| !setting.is_empty()) {
            let directory = dir.map_or_else(|| paths.claim_dir(), |dir| dir.path().to_owned());
            return Self::of(setting, Source::CloudConf(directory.join(CLOUD_CONF)), environment);
        }
        Self::of(NONE, Source::Nobody, environment)
    }

    fn of(setting: &str, source: Source, environment: &'static Environment) -> Result<Self, Fault> {
        if setting.eq_ignore_ascii_case(NONE) {
            return Ok(Self { proxy: None, exceptions: Exceptions::NONE, source, variable: None });
        }
        if !setting.eq_ignore_ascii_case(ENV) {
            let proxy = Proxy::parse(setting).map_err(|error| refused(&source.place(), error))?;
            return Ok(Self { proxy: Some(proxy), exceptions: Exceptions::NONE, source, variable: None });
        }
        let Some((name, value)) = environment.proxies.first() else {
            return Ok(Self { proxy: None, exceptions: Exceptions::NONE, source, variable: Some(None) });
        };
        let place = format!("the environment variable {name}");
        let value = value.to_str().ok_or_else(|| refused(&place, "it is not text in UTF-8"))?;
        let proxy = Proxy::parse(value).map_err(|error| refused(&place, error))?;
        let exceptions = Exceptions::new(&environment.exceptions);
        Ok(Self { proxy: Some(proxy), exceptions, source, variable: Some(Some(name)) })
    }

    /// The proxy without credentials.
    pub(crate) fn url(&self) -> Option<String> {
        self.proxy.as_ref().map(ToString::to_string)
    }

    /// Whether somebody decided against a proxy, in place of nobody having thought of one.
    pub(crate) const fn is_decided(&self) -> bool {
        !matches!(self.source, Source::Nobody)
    }

    /// Who says so.
    pub(crate) fn source(&self) -> String {
        let source = self.source.name();
        match self.variable {
            None => source.to_owned(),
            Some(None) => format!("{source}, which is env; none of the variables is set"),
            Some(Some(variable)) => format!("{variable} in the environment, as {source} is env"),
        }
    }

    /// The proxy as `aclk-state` describes it (protocol.md 5.3).
    pub(crate) fn in_state(&self) -> String {
        let Some(proxy) = &self.proxy else { return NONE.to_owned() };
        let with = if proxy.has_credentials() { "with" } else { "without" };
        let source = match (self.variable, &self.source) {
            (Some(Some(variable)), _) => variable,
            (_, Source::Argument) => "-proxy=",
            (_, Source::NetdataConf(_)) => netdata_conf::NETDATA_CONF,
            (_, Source::CloudConf(_)) => CLOUD_CONF,
            (_, Source::Nobody) => "default",
        };
        format!("{}://{} ({with} credentials, from {source})", proxy.scheme().name(), proxy.endpoint())
    }

    /// A warning, if the password of the proxy is in a file that everybody can read.
    pub(crate) fn exposed(&self) -> Option<String> {
        let (Source::NetdataConf(path) | Source::CloudConf(path)) = &self.source else { return None };
        let is_written_there = self.variable.is_none() && self.proxy.as_ref().is_some_and(Proxy::has_credentials);
        let mode = path.metadata().ok().filter(|_| is_written_there)?.permissions().mode();
        let path = path.display();
        (mode & 0o004 != 0)
            .then(|| format!("everybody can read the credentials of the proxy in {path}: chmod o-r {path}"))
    }

    /// Makes it the proxy of `settings`.
    pub(crate) fn apply_to(self, settings: &mut Settings) {
        settings.proxy = self.proxy;
        settings.no_proxy = self.exceptions;
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.url().as_deref().unwrap_or(NONE), self.source())
    }
}

/// What netdata.conf says; nothing is there by default.
pub(crate) fn configured(paths: &Paths) -> Result<Option<Hidden>, Fault> {
    let conf = netdata_conf::load(paths)?;
    let setting = conf.value("cloud", "proxy").map(without_comment).filter(|setting| !setting.is_empty());
    Ok(setting.map(Hidden::new))
}

/// The examples of the documentation have comments behind the value.
fn without_comment(value: &str) -> &str {
    let comment =
        value.char_indices().zip(value.chars().skip(1)).find(|((_, c), next)| c.is_whitespace() && *next == '#');
    let value = match comment {
        Some(((at, _), _)) => &value[..at],
        None if value.starts_with('#') => "",
        None => value,
    };
    value.trim()
}

fn refused(place: &str, error: impl fmt::Display) -> Fault {
    Fault::new(Stage::Config, format_args!("the proxy of {place} cannot be used: {error}"))
        .hint("write none, env, or a URL as in http://USER:PASSWORD@HOST:PORT or socks5h://HOST:PORT")
}

#[cfg(test)]
mod tests {
    use super::{Choice, Environment};
    use crate::fault::{Fault, exit};
    use crate::paths::Paths;
    use crate::scratch::Scratch;
    use crate::store::FileStore;
    use std::ffi::OsString;
    use std::fs;
    use std::os::unix::ffi::OsStringExt;
    use std::os::unix::fs::PermissionsExt;

    /// A machine with this in its files and variables.
    struct Machine {
        _scratch: Scratch,
        paths: Paths,
        environment: &'static Environment,
    }

    impl Machine {
        fn new(netdata_conf: &str, cloud_conf: &str, variables: &'static [(&'static str, &'static str)]) -> Self {
            let scratch = Scratch::new();
            let paths = Paths::below(scratch.path());
            fs::create_dir_all(paths.claim_dir()).unwrap();
            fs::write(paths.netdata_conf(), netdata_conf).unwrap();
            fs::write(paths.claim_dir().join("cloud.conf"), cloud_conf).unwrap();
            let value = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
            Self { _scratch: scratch, paths, environment: Box::leak(Box::new(Environment::read(value))) }
        }

        fn choose(&self, given: Option<&str>) -> Result<Choice, Fault> {
            let dir = FileStore::new(&self.paths.claim_dir()).open()?;
            Choice::make(given, &self.paths, dir.as_ref(), self.environment)
        }
    }

    const NETDATA_CONF: &str = "[cloud]\n\tproxy = http://netdata:1 # With an IP address\n";
    const CLOUD_CONF: &str = "[global]\nproxy = socks5h://cloud:2\n";
    const VARIABLES: &[(&str, &str)] =
        &[("https_proxy", "http://u:hunter2@https:3"), ("no_proxy", "a.example,b.example:1")];

    #[test]
    fn arguments_come_before_files_and_files_before_nothing() {
        let all = Machine::new(NETDATA_CONF, CLOUD_CONF, VARIABLES);
        let shown = |machine: &Machine, given| machine.choose(given).unwrap().to_string();
        assert_eq!(shown(&all, Some("socks5://given")), "socks5://given:1080 (-proxy= or -noproxy)");
        assert_eq!(shown(&all, Some("none")), "none (-proxy= or -noproxy)");
        assert_eq!(
            shown(&all, Some("env")),
            "http://https:3 (with credentials) (https_proxy in the environment, as -proxy= or -noproxy is env)"
        );
        assert_eq!(all.choose(Some("env")).unwrap().in_state(), "http://https:3 (with credentials, from https_proxy)");
        assert_eq!(shown(&all, None), "http://netdata:1 ([cloud] proxy in netdata.conf)");
        assert_eq!(all.choose(None).unwrap().in_state(), "http://netdata:1 (without credentials, from netdata.conf)");
        assert_eq!(all.choose(Some("none")).unwrap().in_state(), "none");
        let stored = Machine::new("[cloud]\n# proxy = http://x\nproxy =\n", CLOUD_CONF, VARIABLES);
        assert_eq!(shown(&stored, None), "socks5h://cloud:2 ([global] proxy in cloud.conf)");
        let nothing = Machine::new("[global]\nproxy = http://x\n", "", VARIABLES);
        assert_eq!(shown(&nothing, None), "none (default)");
        let none = Machine::new("[cloud]\nproxy = none\n", CLOUD_CONF, VARIABLES);
        assert_eq!(shown(&none, None), "none ([cloud] proxy in netdata.conf)");
        let env = Machine::new("[cloud]\nproxy = env\n", "", &[]);
        assert_eq!(
            shown(&env, None),
            "none ([cloud] proxy in netdata.conf, which is env; none of the variables is set)"
        );
    }

    #[test]
    fn the_variables_have_an_order_and_empty_ones_do_not_count() {
        type Variables = &'static [(&'static str, &'static str)];
        let cases: &[(Variables, Option<&str>)] = &[
            (&[("all_proxy", "http://all"), ("http_proxy", "http://http")], Some("http://http:8080")),
            (&[("http_proxy", "http://http"), ("HTTPS_PROXY", "http://https")], Some("http://https:8080")),
            (&[("https_proxy", "http://lower"), ("HTTPS_PROXY", "http://upper")], Some("http://lower:8080")),
            (&[("https_proxy", ""), ("HTTPS_PROXY", "http://upper")], Some("http://upper:8080")),
            (&[("SOCKS_PROXY", "socks5://socks"), ("https_proxy", "http://https")], Some("socks5://socks:1080")),
            (&[("ALL_PROXY", "socks5h://all")], Some("socks5h://all:1080")),
            (&[("ftp_proxy", "http://ftp"), ("http_proxy", "")], None),
        ];
        for (variables, expected) in cases {
            let choice = Machine::new("", "", variables).choose(Some("env")).unwrap();
            assert_eq!(choice.url().as_deref(), *expected, "{variables:?}");
        }
    }

    #[test]
    fn exceptions_are_for_the_environment_only() {
        let machine = Machine::new(NETDATA_CONF, "", VARIABLES);
        let exceptions = machine.choose(Some("env")).unwrap().exceptions;
        assert!(exceptions.cover("sub.a.example", 443) && !exceptions.cover("b.example", 443));
        assert!(!machine.choose(None).unwrap().exceptions.cover("a.example", 443));
        let upper = Machine::new("", "", &[("http_proxy", "http://x"), ("no_proxy", ""), ("NO_PROXY", "*")]);
        assert!(upper.choose(Some("env")).unwrap().exceptions.cover("a.example", 443));
    }

    #[test]
    fn what_is_no_proxy_names_its_source_and_is_not_repeated() {
        let bad = "https://u:SECRET@proxy.example";
        let variable = Machine::new("[cloud]\nproxy = env\n", "", &[("http_proxy", "u:SECRET@proxy.example:3128")]);
        let netdata_conf = Machine::new(&format!("[cloud]\nproxy = {bad}\n"), "", &[]);
        let cloud_conf = Machine::new("", &format!("[global]\nproxy = \"{bad}\"\n"), &[]);
        for (machine, given, start, cause) in [
            (&variable, None, "the proxy of the environment variable http_proxy cannot be used", "does not start with"),
            (&variable, Some(bad), "the proxy of -proxy= cannot be used", "TLS to the proxy itself is not supported"),
            (
                &netdata_conf,
                None,
                "the proxy of [cloud] proxy in /",
                "netdata.conf cannot be used: it starts with https",
            ),
            (
                &cloud_conf,
                None,
                "the proxy of [global] proxy in /",
                "claim.d/cloud.conf cannot be used: it contains a quot",
            ),
        ] {
            let fault = machine.choose(given).unwrap_err();
            assert!(fault.cause.starts_with(start) && fault.cause.contains(cause), "{fault}");
            assert_eq!(fault.code, exit::USAGE);
            assert!(!format!("{fault:?}").contains("SECRET"));
        }
        let value = |name: &str| (name == "all_proxy").then(|| OsString::from_vec(vec![b'h', 0xff]));
        let environment = Box::leak(Box::new(Environment::read(value)));
        let scratch = Scratch::new();
        let fault = Choice::make(Some("env"), &Paths::below(scratch.path()), None, environment).unwrap_err();
        assert!(fault.cause.contains("all_proxy cannot be used: it is not text"), "{fault}");
    }

    #[test]
    fn credentials_that_everybody_can_read_are_warned_of() {
        let machine = Machine::new("[cloud]\nproxy = http://u:SECRET@h\n", "", VARIABLES);
        let file = machine.paths.netdata_conf();
        for (mode, warned) in [(0o644, true), (0o640, false), (0o600, false)] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let warning = machine.choose(None).unwrap().exposed();
            assert_eq!(warning.is_some(), warned, "{mode:o}");
            assert!(warning.is_none_or(|text| text.contains(file.to_str().unwrap()) && !text.contains("SECRET")));
        }
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(machine.choose(Some("http://u:SECRET@h")).unwrap().exposed(), None);
        for harmless in ["http://h", "env", "none"] {
            fs::write(&file, format!("[cloud]\nproxy = {harmless}\n")).unwrap();
            assert_eq!(machine.choose(None).unwrap().exposed(), None, "{harmless}");
        }
    }

    #[test]
    fn a_comment_is_not_part_of_the_value_and_a_hash_in_a_password_is() {
        for (value, expected) in [
            ("socks5h://203.0.113.0:1080 # With an IP address", "socks5h://203.0.113.0:1080"),
            ("none\t#x", "none"),
            ("# all of it", ""),
            ("http://u:a#b@h", "http://u:a#b@h"),
            ("", ""),
        ] {
            assert_eq!(super::without_comment(value), expected);
        }
    }
}
