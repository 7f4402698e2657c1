//! The command line: one hyphen and one letter as `getopt` reads them, and the long options of `aclk run`
//! (protocol.md 1.10).

use super::super::claim::options::{Called, Options as Claim, parse as parse_claim};
use super::super::run::{Options, Parser};
use super::query::{File, Query, in_netdata_conf};
use super::words;
use crate::args::Args;
use crate::fault::Fault;
use crate::manual::pages::NETDATA;
use crate::netdata_conf::Overlay;
use std::ffi::OsString;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// The longest word behind `-W` that is repeated in a message.
const WORD_MAX: usize = 20;

/// What is to be done.
#[derive(Debug)]
pub(super) enum Asked {
    Help,
    ClaimHelp,
    Version,
    BuildInfo,
    BuildInfoJson,
    /// A setting is to be printed.
    Value {
        overlay: Overlay,
        query: Query,
    },
    /// Be the daemon; if something is to be claimed, that comes first.
    Start {
        overlay: Overlay,
        options: Box<Options>,
        claim: Option<Box<Claim>>,
    },
}

/// What has been read so far.
#[derive(Debug, Default)]
struct Command {
    overlay: Overlay,
    parser: Parser,
    claim: Option<Box<Claim>>,
}

/// Reads the arguments.
///
/// # Errors
/// For what nobody knows, which is named unless it could be a secret.
pub(super) fn parse(arguments: Vec<OsString>) -> Result<Asked, Fault> {
    let mut args = Args::of(&NETDATA, arguments);
    let mut command = Command::default();
    loop {
        if args.is_long() {
            let Some(argument) = args.next()? else { break };
            match argument.name() {
                "help" => return Ok(Asked::Help),
                "version" => return Ok(Asked::Version),
                _ => command.parser.take(argument)?,
            }
            continue;
        }
        let Some(word) = args.word()? else { break };
        let letters = word.strip_prefix('-').filter(|letters| !letters.is_empty());
        let letters = letters.ok_or_else(|| args.unexpected())?;
        if let Some(asked) = command.take(letters, &mut args)? {
            return Ok(asked);
        }
    }
    let Command { overlay, parser, mut claim } = command;
    let options = Box::new(parser.finish()?);
    // One user for both, unless the claim says otherwise.
    if let Some(claim) = &mut claim {
        claim.user = claim.user.take().or_else(|| options.user.clone());
    }
    Ok(Asked::Start { overlay, options, claim })
}

impl Command {
    /// Takes one argument: letters without a value, then perhaps one with a value, in the same argument or in the next.
    fn take(&mut self, letters: &str, args: &mut Args) -> Result<Option<Asked>, Fault> {
        let mut rest = letters.chars();
        while let Some(letter) = rest.next() {
            match letter {
                'h' => return Ok(Some(Asked::Help)),
                'v' | 'V' => return Ok(Some(Asked::Version)),
                'D' | 'd' => {
                    self.parser.options.foreground = letter == 'D';
                    continue;
                }
                'c' | 'i' | 'p' | 'P' | 's' | 't' | 'u' | 'W' => {}
                _ if letter.is_ascii_alphabetic() && letters.len() == 1 => {
                    return Err(args.wrong(format_args!("unknown option -{letter}")));
                }
                _ => return Err(args.unexpected()),
            }
            let value = match rest.as_str() {
                "" => args.word()?.ok_or_else(|| args.wrong(format_args!("-{letter} needs a value")))?,
                value => Zeroizing::new(value.to_owned()),
            };
            return self.take_value(letter, &value, args);
        }
        Ok(None)
    }

    fn take_value(&mut self, letter: char, value: &str, args: &mut Args) -> Result<Option<Asked>, Fault> {
        match letter {
            'c' => self.overlay.read_from(absolute(value)),
            'i' => self.overlay.insist("web", "bind to", checked(value, args)?),
            'p' => self.overlay.insist("web", "default port", checked(value, args)?),
            's' => self.parser.options.host_prefix = Some(absolute(value)),
            't' if value == "1" => {}
            't' => self.note("-t changes nothing: this machine is measured every second"),
            'P' => self.parser.options.pid_file = Some(absolute(value)),
            'u' => self.parser.options.user = Some(value.to_owned()),
            _ => return self.advanced(value, args),
        }
        Ok(None)
    }

    /// What stands behind `-W`, in this argument and in those that follow.
    fn advanced(&mut self, value: &str, args: &mut Args) -> Result<Option<Asked>, Fault> {
        match value {
            "buildinfo" => return Ok(Some(Asked::BuildInfo)),
            "buildinfojson" => return Ok(Some(Asked::BuildInfoJson)),
            "get" => return self.query(File::Netdata, "-W get", args).map(Some),
            "get2" => {
                let file = file("-W get2", args)?;
                return self.query(file, "-W get2", args).map(Some);
            }
            "set" => {
                let [section, key, value] = three("-W set", "SECTION KEY VALUE", args)?;
                self.set(&section, &key, &value, args)?;
            }
            "set2" => self.set2(args)?,
            // There are none that others would have left open.
            "keepopenfds" => {}
            _ => return self.one_argument(value, args),
        }
        Ok(None)
    }

    fn set2(&mut self, args: &mut Args) -> Result<(), Fault> {
        let file = file("-W set2", args)?;
        let [section, key, value] = three("-W set2", "FILE SECTION KEY VALUE", args)?;
        match (file, in_netdata_conf(&section, &key)) {
            (File::Netdata, _) => self.set(&section, &key, &value, args),
            (File::Cloud, Some((section, key))) => self.set(section, key, switched(key, &value), args),
            (File::Cloud, None) => {
                let cause = "-W set2 cloud knows [global] enabled, cloud base url and proxy, and nothing else";
                Err(args.wrong(cause))
            }
        }
    }

    fn query(&mut self, file: File, name: &str, args: &mut Args) -> Result<Asked, Fault> {
        let [section, key, default] = three(name, "SECTION KEY DEFAULT", args)?;
        let overlay = std::mem::take(&mut self.overlay);
        Ok(Asked::Value { overlay, query: Query { file, section, key, default } })
    }

    /// What stands behind `-W` in one argument, values included.
    fn one_argument(&mut self, text: &str, args: &Args) -> Result<Option<Asked>, Fault> {
        for name in ["stacksize", "debug_flags"] {
            if text.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')) {
                self.note(&format!("-W {name} changes nothing: there is no such thing here"));
                return Ok(None);
            }
        }
        let words = words::split(text)
            .map_err(|_| args.wrong("what stands behind -W ends in the middle of a quotation, or in a backslash"))?;
        let Some((first, rest)) = words.split_first() else { return Err(args.wrong("-W needs a value")) };
        if first.as_str() != "claim" {
            let is_word =
                first.len() <= WORD_MAX && first.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
            return Err(if is_word {
                args.wrong(format_args!("-W {} is not known here", first.as_str()))
            } else {
                args.wrong("what stands behind -W is not known here (not shown, as it could be a secret)")
            });
        }
        let words = rest.iter().map(|word| OsString::from(word.as_str())).collect();
        match parse_claim(Called::Script, words)? {
            Some(claim) => self.claim = Some(Box::new(claim)),
            None => return Ok(Some(Asked::ClaimHelp)),
        }
        Ok(None)
    }

    fn set(&mut self, section: &str, key: &str, value: &str, args: &Args) -> Result<(), Fault> {
        let is_key = !key.is_empty() && !key.contains('=') && !key.starts_with(['#', ';', '[']);
        if !is_key || section.contains(['[', ']']) {
            return Err(args.wrong("-W set: no section or key of netdata.conf can look like that"));
        }
        self.overlay.set(checked(section, args)?, checked(key, args)?, checked(value, args)?);
        Ok(())
    }

    fn note(&mut self, text: &str) {
        self.parser.options.notes.push(text.to_owned());
    }
}

/// A path that stays what it is when the daemon leaves its folder.
fn absolute(path: &str) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path))
}

/// `[global] enabled = yes` of `cloud.conf` is `[global] netdata cloud = enable` of `netdata.conf`.
fn switched<'v>(key: &str, value: &'v str) -> &'v str {
    match (key, value) {
        ("netdata cloud", "yes" | "true" | "1" | "on") => "enable",
        ("netdata cloud", "no" | "false" | "0" | "off") => "disable",
        _ => value,
    }
}

/// What could not be in a line of `netdata.conf` is refused.
fn checked<'t>(text: &'t str, args: &Args) -> Result<&'t str, Fault> {
    if text.chars().any(char::is_control) {
        return Err(args.wrong("a value for netdata.conf has control characters in it"));
    }
    Ok(text)
}

fn file(name: &str, args: &mut Args) -> Result<File, Fault> {
    match args.word()?.as_ref().map(|word| word.as_str()) {
        Some("netdata") => Ok(File::Netdata),
        Some("cloud") => Ok(File::Cloud),
        _ => Err(args.wrong(format_args!("{name} is followed by netdata or cloud, the file that is meant"))),
    }
}

fn three(name: &str, what: &str, args: &mut Args) -> Result<[Zeroizing<String>; 3], Fault> {
    match (args.word()?, args.word()?, args.word()?) {
        (Some(a), Some(b), Some(c)) => Ok([a, b, c]),
        _ => Err(args.wrong(format_args!("{name} is followed by {what}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, parse};
    use crate::fault::{Fault, exit};
    use std::ffi::OsString;

    fn asked(list: &[&str]) -> Result<Asked, Fault> {
        parse(list.iter().map(OsString::from).collect())
    }

    #[test]
    fn letters_are_read_as_getopt_reads_them() {
        for list in
            [&["-D", "-p", "1", "-i", "::1"][..], &["-Dp1", "-i::1"], &["-dD", "-p1", "--listen=off", "-i", "::1"]]
        {
            assert!(matches!(asked(list).unwrap(), Asked::Start { claim: None, .. }), "{list:?}");
        }
        assert!(matches!(asked(&["-Dh"]).unwrap(), Asked::Help));
        assert!(matches!(asked(&["-V"]).unwrap(), Asked::Version));
        assert!(matches!(asked(&["-W", "buildinfo"]).unwrap(), Asked::BuildInfo));
        assert!(matches!(asked(&["-W", "claim -h"]).unwrap(), Asked::ClaimHelp));
    }

    #[test]
    fn what_nobody_knows_is_named_unless_it_could_be_a_secret() {
        for (list, cause) in [
            (&["-Z"][..], "unknown option -Z"),
            (&["-x-token"], "argument 1 is not an option; it is not shown"),
            (&["TOKEN"], "argument 1 is not an option; it is not shown"),
            (&["-"], "argument 1 is not an option; it is not shown"),
            (&["-D", "-c"], "-c needs a value"),
            (&["-W", "unittest"], "-W unittest is not known here"),
            (&["-W", "TOKEN-x"], "what stands behind -W is not known here (not shown"),
            (&["-W", "claim -token='x"], "what stands behind -W ends in the middle of a quotation"),
            (&["-W", "claim -tokn=x"], "unknown argument -tokn"),
            (&["-W", ""], "-W needs a value"),
            (&["-W", "set", "a", "b"], "-W set is followed by SECTION KEY VALUE"),
            (&["-W", "set", "a", "b=", "c"], "-W set: no section or key"),
            (&["-W", "set", "a]", "b", "c"], "-W set: no section or key"),
            (&["-W", "set", "a", "b", "c\n[cloud]"], "a value for netdata.conf has control characters"),
            (&["-W", "set2", "other", "a", "b", "c"], "-W set2 is followed by netdata or cloud"),
            (&["-W", "set2", "cloud", "global", "token", "c"], "-W set2 cloud knows"),
            (&["--frobnicate"], "unknown argument --frobnicate"),
        ] {
            let fault = asked(list).unwrap_err();
            assert!(fault.cause.starts_with(cause), "{list:?}: {fault}");
            assert_eq!(fault.code, exit::USAGE);
            assert!(!fault.to_string().contains("TOKEN"), "{fault}");
        }
    }
}
