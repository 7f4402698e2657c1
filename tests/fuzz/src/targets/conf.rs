//! `netdata.conf`, `claim.conf` and `cloud.conf`: the very source of the program, which is no library.

#[path = "../../../../runner-linux/src/store/conf.rs"]
#[allow(dead_code)] // the program needs more of it
mod format;

use crate::input::Steps;
use aclk_core::wire::proxy::Proxy;
use aclk_core::wire::url::Url;
use format::{Conf, without_quotes, yes_or_no};

const SECTIONS: [&str; 3] = ["global", "cloud", "web"];
const KEYS: [&str; 6] = ["url", "cloud base url", "token", "rooms", "proxy", "bind to"];

pub(crate) fn run(input: &[u8]) {
    let mut steps = Steps::of(input);
    let section = SECTIONS[usize::from(steps.next(3).unwrap_or_default())];
    let key = KEYS[usize::from(steps.byte() % 6)];
    let value = steps.text();
    let mut conf = Conf::new(String::from_utf8_lossy(steps.rest()));
    for key in KEYS {
        if let Some(value) = conf.value(section, key) {
            assert_eq!(value, value.trim(), "blanks around a value");
            look_at(without_quotes(value).unwrap_or(value));
        }
    }
    assert!(conf.entries(section).count() <= conf.as_str().lines().count());
    look_at(&value);

    // What is written is read, in place of what was there, and nothing else changes.
    let others = |conf: &Conf| -> Vec<String> {
        let all = SECTIONS.iter().flat_map(|name| KEYS.iter().map(move |known| (*name, *known)));
        let all = all.filter(|it| *it != (section, key));
        all.map(|(name, known)| format!("{:?}", conf.value(name, known))).collect()
    };
    let before = others(&conf);
    let line = value.lines().next().unwrap_or_default().trim();
    if !line.is_empty() && !line.contains(['\r', '\n']) {
        conf.set(section, key, line);
        assert_eq!(conf.value(section, key), Some(line));
        let again = conf.clone();
        conf.set(section, key, line);
        // One CR of several in front of LF is a part of the line end.
        assert!(conf.as_str().lines().map(str::trim).eq(again.as_str().lines().map(str::trim)), "set twice");
    }
    conf.remove(section, key);
    assert!(!conf.has(section, key));
    assert_eq!(others(&conf), before);
}

/// What becomes of a value.
fn look_at(value: &str) {
    let _ = yes_or_no(value);
    match Url::parse(value) {
        Ok(url) => {
            assert_eq!(Url::parse(url.as_str()).as_ref(), Ok(&url), "it is read as it is written");
            assert!(!url.host().is_empty() && url.port() > 0, "{url}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let _ = Proxy::parse(value);
}
