//! `aclk run` and `netdata`: the daemon under two names.

use super::super::{Opt, Page};

const LISTEN: Opt = Opt::new(
    &["--listen"],
    "ADDR:PORT|off",
    ' ',
    "where the local API and the status page are; default: 127.0.0.1:19999, and if that is taken, nowhere",
)
.offers(&["127.0.0.1:19999", "off"]);
const HOSTNAME: Opt = Opt::new(&["--hostname"], "NAME", ' ', "name to show; default: the host name");
const HOST_PREFIX: Opt = Opt::new(
    &["--host-prefix"],
    "DIR",
    ' ',
    "measure the machine whose files are DIR/proc, DIR/sys and DIR/etc/os-release, as the host of a container; default: \
     $NETDATA_HOST_PREFIX, else /host if they are there",
)
.directory();
const USER: Opt = Opt::new(
    &["--user"],
    "USER",
    ' ',
    "if root starts it: give up those rights and become this user, once what needs them is open; default: [global] run as \
     user in netdata.conf, else stay root",
);
const NET: Opt = Opt::new(
    &["--net"],
    "host|tap:NAME",
    ' ',
    "use the sockets of this machine (default), or our own TCP/IP stack (IPv4) on this TAP device, which is made if it does \
     not exist",
)
.offers(&["host", "tap:"]);
const ADDRESS: Opt = Opt::new(
    &["--address"],
    "CIDR",
    ' ',
    "address of our own stack, as in 10.0.0.2/24; default: DHCP, which says the next two as well",
);
const GATEWAY: Opt = Opt::new(
    &["--gateway"],
    "ADDR",
    ' ',
    "router of our own stack; without it, only the network of --address can be reached",
);
const DNS: Opt = Opt::new(
    &["--dns"],
    "ADDR[,ADDR]",
    ' ',
    "name servers of our own stack; without them, the Cloud's URL must have an IP address in it",
);
const HELP: Opt = Opt::new(&["--help", "-h"], "", ' ', "this text");

const EXIT: &[(&str, &str)] = &[
    ("0", "ended by a signal or by shutdown-agent"),
    ("1", "arguments, netdata.conf, the port of the local API, or the TAP device"),
    ("2", "files, or another daemon is running"),
    ("4", "it is claimed, and nobody is trusted"),
    ("6", "no such user, or not allowed to become it"),
    ("18", "no machine GUID"),
];

const SOCKET: &str = "It listens for commands (netdatacli, \"aclk aclk-state\") from root and its own user at $NETDATA_PIPENAME, \
     else in the run directory ($NETDATA_RUN_DIR/netdata.pipe, default /run/netdata/netdata.pipe; where that cannot be, in \
     $NETDATA_VARLIB_DIR/aclk). If there is no such place the log says so, and the link is held all the same.";

/// `aclk run`.
pub(crate) const RUN: Page = Page {
    command: "aclk run",
    summary: "keep the Agent-Cloud Link up, in the foreground",
    usage: &["[OPTIONS]"],
    about: &[
        "Keeps the Agent-Cloud Link of this machine up until SIGTERM or SIGINT; a second one ends it at once. If the machine \
         is not claimed yet, waits for \"aclk claim\", and is online within 60 s of it. SIGHUP reads everything again and \
         lifts a ban. Logs to standard error, and to $NETDATA_LOG_DIR/error.log too if that variable is set; \"netdatacli \
         reopen-logs\" and SIGHUP open it anew. A service manager is told how it is ($NOTIFY_SOCKET, $WATCHDOG_USEC).",
        "The proxy is that of [cloud] proxy in netdata.conf (none, env or a URL: see \"aclk help claim\"), else that of the \
         claim.",
    ],
    options: &[LISTEN, HOSTNAME, USER, HOST_PREFIX, NET, ADDRESS, GATEWAY, DNS, HELP],
    notes: &[
        "The TAP device is an interface of this machine, to be bridged or given the router's address, and set up:",
        "  ip tuntap add tap0 mode tap user USER\n  ip addr add 10.0.0.1/24 dev tap0; ip link set tap0 up\n  \
         aclk run --net tap:tap0 --address 10.0.0.2/24 --gateway 10.0.0.1 --dns 9.9.9.9",
        SOCKET,
    ],
    exit: EXIT,
};

/// `netdata`.
pub(crate) const NETDATA: Page = Page {
    command: "netdata",
    summary: "the daemon, with the command line of a Netdata Agent",
    usage: &["[OPTIONS]"],
    about: &[
        "Keeps the Agent-Cloud Link of this machine up, as \"aclk run\" does, and takes what scripts and container images \
         give to a Netdata Agent. Listens where netdata.conf says: [web] bind to, default *, which is every address of this \
         machine.",
    ],
    options: &[
        Opt::new(&["-D"], "", ' ', "stay in the foreground, and log to standard error"),
        Opt::new(
            &["-d"],
            "",
            ' ',
            "go to the background once it runs, and log to $NETDATA_LOG_DIR/error.log (default /var/log/netdata/error.log). \
             That is what it does by itself",
        ),
        Opt::new(&["-c"], "FILE", ' ', "read this in place of netdata.conf in the configuration directory").file(),
        Opt::new(&["-i"], "ADDRESS", ' ', "where the local API and the status page are, as [web] bind to"),
        Opt::new(&["-p"], "PORT", ' ', "their port"),
        Opt::new(&["-P"], "FILE", ' ', "write the process id of the daemon to FILE, which is removed in the end").file(),
        Opt::new(&["-s"], "DIR", ' ', "the same as --host-prefix").directory(),
        Opt::new(&["-t"], "SECONDS", ' ', "known, and without effect: everything is measured every second"),
        Opt::new(
            &["-u"],
            "USER",
            ' ',
            "if root starts it: give up those rights and become this user, once what needs them is open; default: [global] \
             run as user in netdata.conf, else netdata if there is such a user",
        ),
        Opt::new(
            &["-W"],
            "\"claim OPTIONS\"",
            ' ',
            "claim first, with the options of netdata-claim.sh; if a daemon runs already it is told, and this program ends \
             with the exit code of the claim",
        )
        .offers(&["claim", "set", "set2", "get", "get2", "buildinfo", "buildinfojson"]),
        Opt::new(
            &["-W set"],
            "SECTION KEY VALUE",
            ' ',
            "as if netdata.conf said so. It counts more than the file, but for what stands in a file that -c names before it",
        ),
        Opt::new(&["-W get"], "SECTION KEY DEFAULT", ' ', "print a setting"),
        Opt::new(&["-W set2"], "FILE SECTION KEY VALUE", ' ', "the same for FILE, which is netdata or cloud"),
        Opt::new(&["-W get2"], "FILE SECTION KEY DEFAULT", ' ', "print a setting of that"),
        Opt::new(&["-W buildinfo"], "", ' ', "what this program is; buildinfojson: as JSON"),
        Opt::new(&["-v", "-V", "--version"], "", ' ', "the version"),
        Opt::new(&["--listen"], "ADDR:PORT|off", ' ', "where the local API and the status page are, or that there are none")
            .offers(&["127.0.0.1:19999", "off"]),
        HOSTNAME,
        Opt::new(&["--user"], "USER", ' ', "the same as -u"),
        HOST_PREFIX,
        NET,
        ADDRESS,
        GATEWAY,
        DNS,
        HELP,
    ],
    notes: &[
        "The documented line for a container:",
        "  netdata -D -W set global \"netdata cloud\" enable \\\n    -W set cloud \"cloud base url\" \"https://app.netdata.cloud\" \\\n    \
         -W \"claim -token=TOKEN -rooms=ROOM1,ROOM2 -url=https://app.netdata.cloud\"",
        SOCKET,
    ],
    exit: EXIT,
};
