//! What the environment says about a claim: `NETDATA_CLAIM_*`, and the options in `NETDATA_EXTRA_CLAIM_OPTS` (protocol.md
//! 1.12 and 1.13).

use crate::fault::Fault;
use crate::proxy;
use crate::settings::Given;
use crate::store::conf::{without_quotes, yes_or_no};
use std::ffi::OsString;
use zeroize::Zeroizing;

/// A variable, and the option it stands for.
const VARIABLES: [(&str, &str); 4] = [
    ("NETDATA_CLAIM_TOKEN", "token"),
    ("NETDATA_CLAIM_URL", "url"),
    ("NETDATA_CLAIM_ROOMS", "rooms"),
    ("NETDATA_CLAIM_PROXY", "proxy"),
];
const INSECURE: &str = "NETDATA_CLAIM_INSECURE";
/// More options of the claiming script, divided by blanks. They count above the other variables.
const EXTRA: &str = "NETDATA_EXTRA_CLAIM_OPTS";
/// Options of the script that change nothing about what is claimed.
const WITHOUT_EFFECT: [&str; 4] = ["verbose", "noreload", "daemon-not-running", "user"];

/// What the variables say.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) given: Given,
    /// The variable that has the token.
    pub(crate) source: &'static str,
    /// What is odd about them.
    pub(crate) notes: Vec<String>,
}

/// Reads the variables. Without a token among them `given.token` is empty.
///
/// # Errors
/// If one makes no sense; it is named, its value is not.
pub(crate) fn read(variable: impl Fn(&str) -> Option<OsString>) -> Result<Said, Fault> {
    let mut said = Said { source: VARIABLES[0].0, ..Said::default() };
    let mut text = |name: &'static str| -> Result<Option<Zeroizing<String>>, Fault> {
        let Some(value) = variable(name) else { return Ok(None) };
        let value = value.into_string().map_err(|_| wrong(name, "it is not text in UTF-8"))?;
        let value = Zeroizing::new(value);
        let bare = without_quotes(value.trim());
        if bare.is_some() {
            said.notes.push(format!("the variable {name}: the quotes around the value do not count"));
        }
        let value = Zeroizing::new(bare.unwrap_or(value.trim()).to_owned());
        Ok(Some(value).filter(|value| !value.is_empty()))
    };
    let mut given = Given::default();
    for (name, option) in VARIABLES {
        if let Some(value) = text(name)? {
            given.take(option, value).map_err(|fault| wrong(name, fault.cause))?;
        }
    }
    if let Some(value) = text(INSECURE)? {
        given.insecure = yes_or_no(&value).ok_or_else(|| wrong(INSECURE, "it is neither yes nor no"))?;
    }
    let extra = text(EXTRA)?;
    for word in extra.iter().flat_map(|words| words.split_whitespace()) {
        if option(word, &mut given).map_err(|fault| wrong(EXTRA, fault.cause))? == Some("token") {
            said.source = EXTRA;
        }
    }
    Ok(Said { given, ..said })
}

/// Takes one option as the script has it, `-name=value`, and says which it was.
fn option<'w>(word: &'w str, given: &mut Given) -> Result<Option<&'w str>, Fault> {
    let Some(body) = word.strip_prefix("--").or_else(|| word.strip_prefix('-')) else {
        return Err(Fault::usage("a word in it is not an option"));
    };
    let (name, value) = body.split_once('=').map_or((body, None), |(name, value)| (name, Some(value)));
    let name = name.strip_prefix("claim-").unwrap_or(name);
    match (name, value) {
        ("noproxy", None) => given.take("proxy", Zeroizing::new(proxy::NONE.to_owned()))?,
        ("insecure", None) => given.insecure = true,
        (name, Some(value)) if Given::knows(name) => {
            given.take(name, Zeroizing::new(without_quotes(value).unwrap_or(value).to_owned()))?;
        }
        (name, None) if Given::knows(name) => {
            return Err(Fault::usage(format_args!("-{name} needs a value, as in -{name}=VALUE")));
        }
        (name, _) if WITHOUT_EFFECT.contains(&name) => {}
        // It is not repeated: it could be a token that has lost its name.
        _ => return Err(Fault::usage("it has an option that nobody knows")),
    }
    Ok(Some(name))
}

fn wrong(name: &str, cause: impl std::fmt::Display) -> Fault {
    Fault::usage(format_args!("the variable {name}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::{Said, read};
    use crate::fault::Fault;

    fn said(variables: &[(&str, &str)]) -> Result<Said, Fault> {
        read(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn options_count_above_variables_and_the_source_of_the_token_is_known() {
        let both = said(&[
            ("NETDATA_CLAIM_TOKEN", "one"),
            ("NETDATA_CLAIM_PROXY", "http://p:1"),
            ("NETDATA_EXTRA_CLAIM_OPTS", " -token=two  -noproxy -verbose -user=x --claim-rooms=a,b -insecure"),
        ]);
        let both = both.unwrap();
        assert_eq!(both.given.token.unwrap().expose(), b"two");
        assert_eq!(both.given.proxy.unwrap().expose(), "none");
        assert_eq!(both.given.rooms.as_deref(), Some("a,b"));
        assert!(both.given.insecure);
        assert_eq!(both.source, "NETDATA_EXTRA_CLAIM_OPTS");
        assert_eq!(said(&[("NETDATA_CLAIM_TOKEN", "one")]).unwrap().source, "NETDATA_CLAIM_TOKEN");
        assert!(said(&[("NETDATA_CLAIM_TOKEN", "")]).unwrap().given.token.is_none());
    }

    #[test]
    fn what_makes_no_sense_is_named_and_not_repeated() {
        for (name, value, cause) in [
            ("NETDATA_CLAIM_URL", "http://SECRET", "the URL starts with http://"),
            ("NETDATA_CLAIM_INSECURE", "SECRET", "it is neither yes nor no"),
            ("NETDATA_EXTRA_CLAIM_OPTS", "SECRET", "a word in it is not an option"),
            ("NETDATA_EXTRA_CLAIM_OPTS", "-SECRET=x", "it has an option that nobody knows"),
            ("NETDATA_EXTRA_CLAIM_OPTS", "-token", "-token needs a value"),
        ] {
            let fault = said(&[(name, value)]).unwrap_err();
            assert!(fault.cause.starts_with(&format!("the variable {name}: {cause}")), "{fault}");
            assert!(!format!("{fault:?}").contains("SECRET"), "{fault:?}");
        }
    }
}
