//! What the Cloud answers over HTTP: `/env`, challenge, password, and why it refuses a claim.

use crate::input::Steps;
use aclk_core::claim::reply::Refusal;
use aclk_core::identity::guid::Guid;
use aclk_core::link::env::Environment;
use aclk_core::link::error::ErrorBody;
use aclk_core::link::otp::{Credentials, parse_challenge};
use aclk_core::wire::url::Url;

pub(crate) fn run(input: &[u8]) {
    let mut steps = Steps::of(input);
    let kind = steps.next(4).unwrap_or_default();
    // A small one is an error by name.
    let mut scratch = vec![0; [512, 64, 0, 1_024][usize::from(steps.byte() % 4)]];
    let body = steps.rest();
    match kind {
        0 => match Environment::parse(body, &mut scratch) {
            Ok(environment) => environment_makes_sense(&environment),
            Err(error) => says_something(&error.to_string()),
        },
        1 => {
            if let Err(error) = parse_challenge(body, &mut scratch) {
                says_something(&error.to_string());
            }
        }
        2 => {
            let id = Guid::parse(aclk_pair::GUID).expect("it is one");
            match Credentials::parse(body, id, &mut scratch) {
                Ok(credentials) => {
                    for name in aclk_core::link::topics::Name::ALL {
                        is_filled_in(credentials.topics.topic(name), &id.to_string());
                    }
                }
                Err(error) => says_something(&error.to_string()),
            }
        }
        _ => {
            let error = ErrorBody::parse(body, &mut scratch);
            let refusal = Refusal::of(error.key.as_str());
            for status in [200, 409, 429, 503] {
                let failure = refusal.failure(status, &error);
                says_something(&failure.to_string());
                let _ = refusal.may_pass(status);
            }
            assert!(error.retry_delay().is_none_or(|delay| delay <= aclk_core::link::error::RETRY_DELAY_MAX));
        }
    }
}

/// The claimed id is in the place of the first tag, and of no other (protocol.md 2.7).
fn is_filled_in(topic: &str, id: &str) {
    let tag = topic.find("#{claim_id}");
    assert!(tag.is_none_or(|tag| topic.find(id).is_some_and(|filled| filled < tag)), "not filled in: {topic}");
}

/// Whatever is taken from `/env` can be called.
fn environment_makes_sense(environment: &Environment) {
    for url in [&environment.auth, &environment.transport] {
        assert!(!url.host().is_empty() && url.port() > 0, "{url}");
        assert_eq!(Url::parse_transport(url.as_str()).as_ref(), Ok(url), "it is read as it is written");
    }
}

/// An error that a person sees has words, and no control characters.
fn says_something(text: &str) {
    assert!(!text.is_empty() && !text.contains(char::is_control), "{text:?}");
}
