//! The overview, and the commands that have next to no options.

use super::super::{Opt, Page};

const HELP_OPTION: Opt = Opt::new(&["--help", "-h"], "", ' ', "this text");
const JSON: Opt = Opt::new(&["--json"], "", ' ', "one JSON object instead of lines");

/// `aclk` by itself; its commands are [`COMMANDS`](super::COMMANDS).
pub(crate) const ACLK: Page = Page {
    command: "aclk",
    summary: "claim this machine into Netdata Cloud and hold the Agent-Cloud Link",
    usage: &["COMMAND [OPTIONS]"],
    about: &[],
    options: &[],
    notes: &[
        "Files are in $NETDATA_USER_CONFIG_DIR/claim.d (default /etc/netdata/claim.d); the machine GUID is in \
         $NETDATA_VARLIB_DIR/registry (default /var/lib/netdata/registry).",
        "Started under the name netdata-claim.sh, netdata or netdatacli, as which a link to it will do, it is that program.",
    ],
    exit: &[],
};

/// `aclk status`.
pub(crate) const STATUS: Page = Page {
    command: "aclk status",
    summary: "is this machine claimed, and is its link up?",
    usage: &["[--json]"],
    about: &[
        "Says whether this machine is claimed and whether its link is up, and if not, where it fails, why, and when it is \
         tried again.",
    ],
    options: &[JSON, HELP_OPTION],
    notes: &[],
    exit: &[
        ("0", "online"),
        ("1", "arguments"),
        ("2", "the state cannot be read"),
        ("3", "claimed, but no daemon is running"),
        ("4", "running, but not online"),
        ("5", "not claimed"),
    ],
};

/// `aclk aclk-state`.
pub(crate) const ACLK_STATE: Page = Page {
    command: "aclk aclk-state",
    summary: "the same in the words of netdatacli, from the running daemon",
    usage: &["[json]"],
    about: &[
        "Asks the running daemon how the Agent-Cloud Link is: the lines, or the JSON object, of \"netdatacli aclk-state\", and \
         behind them the step that failed, the reason, and what happens next. Root and the user that the daemon runs as may \
         ask.",
    ],
    options: &[Opt::new(&["--json", "json"], "", ' ', "one JSON object instead of lines"), HELP_OPTION],
    notes: &[],
    exit: &[("0", "answered"), ("1", "arguments"), ("3", "no daemon answers")],
};

/// `netdatacli`.
pub(crate) const NETDATACLI: Page = Page {
    command: "netdatacli",
    summary: "command a running daemon",
    usage: &["COMMAND [ARGUMENTS]"],
    about: &["Sends a command to the running daemon and prints what it answers."],
    options: &[
        Opt::new(&["aclk-state"], "[json]", ' ', "how the Agent-Cloud Link is, and if it is not up, why"),
        Opt::new(
            &["reload-claiming-state"],
            "",
            ' ',
            "read the claim and all settings again, link anew, and say what came of it; lifts a ban",
        ),
        Opt::new(&["ping"], "", ' ', "answers pong"),
        Opt::new(&["version"], "", ' ', "the version of the daemon"),
        Opt::new(&["reopen-logs"], "", ' ', "open the log file anew, once it was moved away"),
        Opt::new(
            &["read-config"],
            "cloud|global|KEY",
            ' ',
            "a value of cloud.conf: \"cloud base url\", \"enabled\" or \"proxy\"",
        ),
        Opt::new(
            &["write-config"],
            "cloud|global|KEY|VALUE",
            ' ',
            "sets it until the daemon ends; counts at the next reload-claiming-state",
        ),
        Opt::new(&["shutdown-agent"], "", ' ', "end in order"),
        Opt::new(&["help", "--help", "-h"], "", ' ', "all commands"),
    ],
    notes: &[],
    exit: &[("0", "done"), ("1", "arguments, or the daemon refuses"), ("255", "no daemon answers")],
};

/// `aclk completions`.
pub(crate) const COMPLETIONS: Page = Page {
    command: "aclk completions",
    summary: "print completions for bash, zsh or fish",
    usage: &["bash|zsh|fish"],
    about: &["Prints a script with which the shell completes commands and options of all names of this program."],
    options: &[
        Opt::new(&["bash"], "", ' ', "for ~/.local/share/bash-completion/completions/aclk, or to be sourced"),
        Opt::new(&["zsh"], "", ' ', "for a file _aclk in a directory of $fpath"),
        Opt::new(&["fish"], "", ' ', "for ~/.config/fish/completions/aclk.fish"),
        HELP_OPTION,
    ],
    notes: &[],
    exit: &[],
};

/// `aclk man`.
pub(crate) const MAN: Page = Page {
    command: "aclk man",
    summary: "print the man page",
    usage: &["> aclk.1"],
    about: &["Prints the man page of all names of this program, in roff. To read it at once: aclk man | man -l -"],
    options: &[HELP_OPTION],
    notes: &[],
    exit: &[],
};

/// `aclk help`.
pub(crate) const HELP: Page = Page {
    command: "aclk help",
    summary: "this text, or \"aclk help COMMAND\"",
    usage: &["[COMMAND]"],
    about: &[],
    options: &[],
    notes: &[],
    exit: &[],
};

/// `aclk version`.
pub(crate) const VERSION: Page = Page {
    command: "aclk version",
    summary: "the version",
    usage: &[""],
    about: &[],
    options: &[],
    notes: &[],
    exit: &[],
};
