//! `aclk doctor`.

use super::super::{Opt, Page};

/// `aclk doctor`. Its exit codes are those of [`exit_code`](crate::doctor::exit_code).
pub(crate) const DOCTOR: Page = Page {
    command: "aclk doctor",
    summary: "go the way to the Cloud step by step: where it ends, why, and what to do",
    usage: &["[--json] [OPTIONS]"],
    about: &[
        "Goes the way of the link from this machine to Netdata Cloud, one step after the other, and ends at the first one that \
         does not work: with its cause, with what was seen, and with what to do. Nothing is changed: nothing is claimed, \
         written, mended or deleted. As root it sees the most.",
    ],
    options: &[
        Opt::new(
            &["--json"],
            "",
            '=',
            "print one JSON object instead: program, claimed, claimed_id, url, daemon, steps (stage, purpose, outcome, \
             evidence, cause, hint, exit_code), failed, summary, advice, exit_code. Tokens, keys and the credentials of a \
             proxy are in neither form",
        ),
        Opt::new(
            &["-url"],
            "URL",
            '=',
            "try the way to this Cloud; if that is not where the machine is claimed, as far as /env",
        )
        .offers(&["https://app.netdata.cloud"]),
        Opt::new(&["-proxy"], "PROXY", '=', "go through this proxy: none, env or a URL, as with \"aclk claim\"")
            .offers(&["none", "env", "http://", "socks5://", "socks5h://"]),
        Opt::new(&["-noproxy"], "", '=', "the same as -proxy=none"),
        Opt::new(&["-insecure"], "", '=', "do not check certificates, as a claim with -insecure does"),
        Opt::new(
            &["-token"],
            "TOKEN",
            '=',
            "checked for its form, so that a claim can be tried out; nothing is claimed",
        ),
        Opt::new(&["-rooms"], "ROOM1,...", '=', "the same"),
        Opt::new(&["-id"], "UUID", '=', "the same"),
        Opt::new(&["-hostname"], "NAME", '=', "the same"),
        Opt::new(&["--help", "-h"], "", '=', "this text"),
    ],
    notes: &[
        "A machine that is not claimed is looked at as far as that needs no claim: up to the answer of the Cloud to /env. Where \
         a daemon runs, it is asked, and what would disturb it is not tried: whoever logs in with the same id takes its session \
         away. Beside a daemon that is online or about to be, the way ends with /env, and the rest is what the daemon says; \
         beside one that waits or was told to keep away, with the WebSocket; without one, the link is brought up once, and \
         left in order.",
    ],
    exit: &[
        ("0", "all is well"),
        ("1", "arguments"),
        ("20", "config: settings and their files; also where all is well, but for a claim"),
        ("21", "permission: rights on files"),
        ("22", "storage: the files of the identity"),
        ("23", "clock: the time of day"),
        ("24", "key: private.pem"),
        ("25", "dns: names"),
        ("26", "tcp: connections"),
        ("27", "proxy: the tunnel"),
        ("28", "tls: certificate and handshake"),
        ("29", "http: the Cloud's answers"),
        ("30", "json: what they mean"),
        ("31", "decrypt: the key is that of the claimed id"),
        ("32", "websocket: the upgrade"),
        ("33", "mqtt: the session"),
        ("34", "app: the node is announced"),
    ],
};
