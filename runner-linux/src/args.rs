//! Command line arguments: `-name=value`, `--name=value`, `--name value`.
//!
//! No message ever repeats what could be a value: a token behind a misspelt option is still a token.

use crate::fault::Fault;
use crate::manual::Page;
use std::ffi::OsString;
use zeroize::Zeroizing;

/// The longest name of an option that is repeated in a message.
const NAME_MAX: usize = 20;

/// The arguments that are left.
#[derive(Debug)]
pub(crate) struct Args {
    list: std::vec::IntoIter<OsString>,
    position: usize,
    command: &'static str,
    /// The table of all options, if what is not in it is not even to be looked at.
    page: Option<&'static Page>,
}

/// One option, perhaps with a value.
pub(crate) struct Argument<'a> {
    rest: &'a mut Args,
    name: String,
    dashes: &'static str,
    value: Option<Zeroizing<String>>,
}

impl Args {
    /// The arguments of `command`, which messages refer to: `aclk claim`, `netdata-claim.sh`.
    pub(crate) fn new(command: &'static str, list: Vec<OsString>) -> Self {
        Self { list: list.into_iter(), position: 0, command, page: None }
    }

    /// The arguments of a command that has a page in the manual: nothing is an option that is not there.
    pub(crate) fn of(page: &'static Page, list: Vec<OsString>) -> Self {
        Self { page: Some(page), ..Self::new(page.command, list) }
    }

    /// The next option.
    pub(crate) fn next(&mut self) -> Result<Option<Argument<'_>>, Fault> {
        let Some(text) = self.pop()? else { return Ok(None) };
        let (dashes, body) = match text.strip_prefix("--") {
            Some(body) => ("--", body),
            None => ("-", text.strip_prefix('-').ok_or_else(|| self.unexpected())?),
        };
        let (name, value) = match body.split_once('=') {
            Some((name, value)) => (name, Some(Zeroizing::new(value.to_owned()))),
            None => (body, None),
        };
        let name = name.to_owned();
        let argument = Argument { rest: self, name, dashes, value };
        if argument.rest.page.is_some_and(|page| page.find(&argument.name).is_none()) {
            return Err(argument.unknown());
        }
        Ok(Some(argument))
    }

    /// Whether the next argument is a long option, with two hyphens.
    pub(crate) fn is_long(&self) -> bool {
        self.list.as_slice().first().is_some_and(|next| next.as_encoded_bytes().starts_with(b"--"))
    }

    /// The next argument as it is, whatever it looks like.
    pub(crate) fn word(&mut self) -> Result<Option<Zeroizing<String>>, Fault> {
        self.pop()
    }

    /// Whether `text` is rather the next option than a value. A token may well begin with a hyphen.
    fn is_option(&self, text: &str) -> bool {
        let name = text.split_once('=').map_or(text, |(name, _)| name);
        match self.page {
            Some(page) => text.starts_with('-') && page.find(name.trim_start_matches('-')).is_some(),
            None => text.starts_with('-'),
        }
    }

    /// The fault of an argument that is none of the options; it is not repeated.
    pub(crate) fn unexpected(&self) -> Fault {
        let cause =
            format_args!("argument {} is not an option; it is not shown, as it could be a secret", self.position);
        self.wrong(cause)
    }

    /// The fault of arguments that cannot be right because of `cause`.
    pub(crate) fn wrong(&self, cause: impl std::fmt::Display) -> Fault {
        Fault::usage(cause).hint(self.advice())
    }

    fn pop(&mut self) -> Result<Option<Zeroizing<String>>, Fault> {
        let Some(argument) = self.list.next() else { return Ok(None) };
        self.position += 1;
        let text = argument.into_string().map_err(|_| {
            Fault::usage(format_args!("argument {} is not text in UTF-8", self.position)).hint(self.advice())
        })?;
        Ok(Some(Zeroizing::new(text)))
    }

    fn advice(&self) -> String {
        format!("see \"{} --help\"", self.command)
    }
}

impl Argument<'_> {
    /// The name without dashes.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The value, behind the `=` or in the next argument.
    pub(crate) fn value(mut self) -> Result<Zeroizing<String>, Fault> {
        if let Some(value) = self.value.take() {
            return Ok(value);
        }
        match self.rest.pop()? {
            Some(value) if !self.rest.is_option(&value) => Ok(value),
            _ => {
                let cause = format_args!("{} needs a value", self.shown());
                Err(Fault::usage(cause).hint(format_args!("write {}{}=VALUE", self.dashes, self.name)))
            }
        }
    }

    /// There must be no value.
    pub(crate) fn flag(self) -> Result<(), Fault> {
        match self.value {
            None => Ok(()),
            Some(_) => Err(Fault::usage(format_args!("{} takes no value", self.shown())).hint(self.rest.advice())),
        }
    }

    /// Whether it asks for help.
    pub(crate) fn is_help(&self) -> bool {
        matches!(self.name.as_str(), "help" | "h")
    }

    /// Nobody knows this option.
    pub(crate) fn unknown(self) -> Fault {
        Fault::usage(format_args!("unknown argument {}", self.shown())).hint(self.rest.advice())
    }

    /// The option as it was written, unless it could be a value that lost its name.
    fn shown(&self) -> String {
        let is_word = self.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        if is_word && self.name.len() <= NAME_MAX {
            format!("{}{}", self.dashes, self.name)
        } else {
            format!("{} (not shown, as it could be a secret)", self.rest.position)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Args;
    use crate::fault::{Fault, exit};
    use crate::manual::pages::CLAIM;
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    fn args(list: &[&str]) -> Args {
        Args::new("aclk claim", list.iter().map(OsString::from).collect())
    }

    fn value(list: &[&str]) -> Result<(String, String), Fault> {
        let mut args = args(list);
        let option = args.next()?.unwrap();
        Ok((option.name().to_owned(), option.value()?.to_string()))
    }

    #[test]
    fn every_way_to_write_a_value_is_understood() {
        let expected = ("token".to_owned(), "a=b".to_owned());
        for list in [&["-token=a=b"][..], &["--token=a=b"], &["-token", "a=b"], &["--token", "a=b"]] {
            assert_eq!(value(list).unwrap(), expected, "{list:?}");
        }
        assert_eq!(value(&["-token=-x"]).unwrap().1, "-x");
        assert_eq!(value(&["-url="]).unwrap().1, "");
    }

    #[test]
    fn a_missing_value_is_noticed() {
        for list in [&["-token"][..], &["-token", "-rooms=a"]] {
            let fault = value(list).unwrap_err();
            assert_eq!(fault.to_string(), "config: -token needs a value");
            assert_eq!(fault.code, exit::USAGE);
            assert_eq!(fault.hint, "write -token=VALUE");
        }
    }

    #[test]
    fn a_value_may_begin_with_a_hyphen_unless_it_is_an_option() {
        let value = |list: &[&str]| {
            let mut args = Args::of(&CLAIM, list.iter().map(OsString::from).collect());
            args.next().unwrap().unwrap().value().map(|value| value.to_string())
        };
        assert_eq!(value(&["--claim-token", "-a-token_"]).unwrap(), "-a-token_");
        for next in ["-rooms=a", "--claim-rooms", "-verbose"] {
            assert_eq!(value(&["--claim-token", next]).unwrap_err().cause, "--claim-token needs a value");
        }
    }

    #[test]
    fn a_flag_takes_no_value() {
        assert!(args(&["-verbose"]).next().unwrap().unwrap().flag().is_ok());
        let fault = args(&["-verbose=1"]).next().unwrap().unwrap().flag().unwrap_err();
        assert_eq!(fault.to_string(), "config: -verbose takes no value");
    }

    #[test]
    fn no_message_repeats_what_could_be_a_token() {
        let secrets = ["TOKEN-x", "-TOKEN-x", "-tokn=TOKEN-x", "-tokenTOKEN-x", "-x-token-that-is-lower-case-and-long"];
        for secret in secrets {
            let mut args = args(&[secret]);
            let fault = match args.next() {
                Err(fault) => fault,
                Ok(option) => option.unwrap().unknown(),
            };
            let text = format!("{fault} {} {fault:?}", fault.hint);
            assert!(!text.contains("TOKEN-x") && !text.contains("long"), "{text}");
            assert!(text.contains("argument"), "{text}");
        }
    }

    #[test]
    fn a_misspelt_option_is_named() {
        let fault = args(&["-tokn=x"]).next().unwrap().unwrap().unknown();
        assert_eq!(fault.to_string(), "config: unknown argument -tokn");
        assert_eq!(fault.hint, "see \"aclk claim --help\"");
    }

    #[test]
    fn what_is_not_text_is_refused() {
        let mut args = Args::new("aclk claim", vec![OsString::from_vec(vec![b'-', 0xff])]);
        assert_eq!(args.next().err().unwrap().to_string(), "config: argument 1 is not text in UTF-8");
    }
}
