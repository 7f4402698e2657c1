//! `aclk claim` and `netdata-claim.sh`: the same options under two names.

use super::super::{Opt, Page};

const TOKEN: Opt = Opt::new(
    &["-token", "--claim-token"],
    "TOKEN",
    '=',
    "claiming token; default: the file claim.d/token. Others can see arguments in the process list",
);
const ROOMS: Opt = Opt::new(
    &["-rooms", "--claim-rooms"],
    "ROOM1,...",
    '=',
    "War Rooms to add the node to; default: the file claim.d/rooms, else none",
);
const URL: Opt = Opt::new(
    &["-url", "--claim-url"],
    "URL",
    '=',
    "base URL of the Cloud; default: [cloud] cloud base url in netdata.conf, else that of the last claim, else \
     https://app.netdata.cloud",
)
.offers(&["https://app.netdata.cloud"]);
const ID: Opt = Opt::new(
    &["-id"],
    "UUID",
    '=',
    "id to claim; default: the machine GUID. A new one: -id=$(uuidgen), or what is in /proc/sys/kernel/random/uuid",
);
const HOSTNAME: Opt = Opt::new(&["-hostname"], "NAME", '=', "name to show; default: the host name");
const PROXY: Opt = Opt::new(
    &["-proxy", "--claim-proxy"],
    "PROXY",
    '=',
    "none, env, or [http|socks5|socks5h]://[USER:PASSWORD@]HOST[:PORT]; stored for the link. Default: [cloud] proxy in \
     netdata.conf, else that of the last claim, else none",
)
.offers(&["none", "env", "http://", "socks5://", "socks5h://"]);
const NOPROXY: Opt = Opt::new(&["-noproxy"], "", '=', "the same as -proxy=none");
const NORELOAD: Opt = Opt::new(&["-noreload"], "", '=', "do not tell a running daemon of the claim");
const DAEMON_NOT_RUNNING: Opt =
    Opt::new(&["-daemon-not-running"], "", '=', "the same: there is no daemon that could be told");
const USER: Opt = Opt::new(
    &["-user"],
    "USER",
    '=',
    "user that Netdata runs as; default: [global] run as user in netdata.conf, else netdata if there is such a user, else \
     whoever runs this. Only root and that user may claim, and the files are that user's",
);
const INSECURE: Opt =
    Opt::new(&["-insecure"], "", '=', "do not check who the Cloud is. Anybody on the way can read the token");
const VERBOSE: Opt = Opt::new(
    &["-verbose"],
    "",
    '=',
    "show every step, the request (but for the token) and the answer, and whom TLS trusts",
);
const JSON: Opt = Opt::new(
    &["--json"],
    "",
    '=',
    "print one JSON object on standard output instead: claimed_id, online, stages, failures, daemon",
);
const HELP: Opt = Opt::new(&["--help", "-h"], "", '=', "this text");

const EXIT: &[(&str, &str)] = &[
    ("0", "claimed"),
    ("1", "arguments"),
    ("2", "claim directory or key"),
    ("4", "the Cloud cannot be reached: name, connection, proxy or TLS"),
    ("5", "claimed, and a running daemon could not be told"),
    ("6", "the wrong user"),
    ("7", "an unexpected answer"),
    ("8", "invalid id"),
    ("9", "invalid name"),
    ("10", "invalid room"),
    ("11", "invalid public key"),
    ("12", "token invalid or expired"),
    ("13", "already claimed; nothing was changed"),
    ("14", "the Cloud is still working on an earlier claim"),
    ("15", "the Cloud has a problem; so do 16 and 17"),
    ("18", "no machine GUID"),
];

const NOTES: &[&str] = &[
    "The Cloud's certificate is checked against the system's certificate authorities ($SSL_CERT_FILE and $SSL_CERT_DIR are \
     honoured) and against every certificate authority in claim.d/cloud_fullchain.pem.",
    "With socks5:// the name of the Cloud is looked up here, with socks5h:// by the proxy. The proxy env is the first of \
     socks_proxy, https_proxy, http_proxy and all_proxy that is set, each in lower case before upper case, but for the \
     hosts in no_proxy. Special characters in user name and password are percent-encoded. Others can see arguments in the \
     process list, so credentials are better kept in netdata.conf.",
    "A running daemon is told of the claim and links at once. Where none runs, the node is online once one is started. A \
     claim that is interrupted at any moment is finished by running the same command again; it is tried three times, and \
     only again if the Cloud was not reached or has a problem.",
];

/// `aclk claim`.
pub(crate) const CLAIM: Page = Page {
    command: "aclk claim",
    summary: "make this machine a node of your Space",
    usage: &["-token=TOKEN [-rooms=ROOM1,ROOM2] [OPTIONS]"],
    about: &[
        "Makes this machine a node of the Space that the token belongs to. Copy the token from your Space in Netdata Cloud.",
    ],
    options: &[
        TOKEN,
        ROOMS,
        URL,
        ID,
        HOSTNAME,
        PROXY,
        NOPROXY,
        NORELOAD,
        DAEMON_NOT_RUNNING,
        USER,
        INSECURE,
        VERBOSE,
        JSON,
        HELP,
    ],
    notes: NOTES,
    exit: EXIT,
};

/// `netdata-claim.sh`.
pub(crate) const SCRIPT: Page = Page {
    command: "netdata-claim.sh",
    summary: "the documented claiming script",
    usage: &["-token=TOKEN -rooms=ROOM1,ROOM2 -url=URL [OPTIONS]"],
    about: &[
        "Makes this machine a node of the Space that the token belongs to. Does what \"aclk claim\" does, and speaks like the script.",
    ],
    options: &[
        TOKEN,
        ROOMS,
        URL,
        ID,
        HOSTNAME,
        PROXY,
        NOPROXY,
        NORELOAD,
        DAEMON_NOT_RUNNING,
        USER,
        INSECURE,
        VERBOSE,
        HELP,
    ],
    notes: NOTES,
    exit: EXIT,
};

/// `aclk unclaim`.
pub(crate) const UNCLAIM: Page = Page {
    command: "aclk unclaim",
    summary: "remove the identity of this machine",
    usage: &["[--yes] [--json] [--user USER]"],
    about: &[
        "Makes this machine no node of any Space: removes claimed id, private and public key, node id, cloud.conf, a claim \
         that is open, and a claiming token from claim.d. Rooms and certificates that you put there stay. A daemon that runs \
         takes its leave of the Cloud, which then removes the node from its rooms; without one the Cloud shows the node as \
         offline until somebody removes it there. To claim this machine again, give the claim a new id: -id=$(uuidgen).",
    ],
    options: &[
        Opt::new(&["--yes", "-y"], "", ' ', "do not ask; needed where nobody can be asked"),
        Opt::new(
            &["--json"],
            "",
            ' ',
            "print one JSON object on standard output instead: was, claimed_id, url, removed, kept, daemon, cloud_told, \
             others, failure; needs --yes",
        ),
        Opt::new(&["--user"], "USER", ' ', "user that Netdata runs as: see \"aclk help claim\""),
        Opt::new(&["--help", "-h"], "", ' ', "this text"),
    ],
    notes: &[
        "The key is gone for good. What is interrupted at any moment leaves this machine claimed or not, and can be done \
         again.",
    ],
    exit: &[
        ("0", "not claimed any more, or it was not"),
        ("1", "arguments, or nobody said yes"),
        ("2", "files"),
        ("3", "done, and something else still claims this machine, which is named"),
        ("6", "the wrong user"),
    ],
};
