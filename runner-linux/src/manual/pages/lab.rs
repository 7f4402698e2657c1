//! What needs no Netdata Cloud: `aclk demo`, `aclk playground`, `aclk fleet`, and `aclk cloud`, whose own help is in its crate.
#![cfg(feature = "lab")]

use super::super::{Opt, Page};

const FAULT: Opt = Opt::new(
    &["--fault"],
    "FAULT",
    ' ',
    "break something: NAME, NAME@STEP or NAME@STEP*TIMES, as in --fault status-503@env*1; \"aclk cloud --list-faults\" shows \
     them all",
);

/// `aclk demo`.
pub(crate) const DEMO: Page = Page {
    command: "aclk demo",
    summary: "claim and link against an emulated Cloud on this machine; needs no account",
    usage: &["[OPTIONS]"],
    about: &[
        "Starts an emulated Netdata Cloud on this machine, claims a new device there, brings its Agent-Cloud Link up, and \
         lets the Cloud ask the live node what it measures. Needs no account, no root and no network, and leaves nothing \
         behind.",
    ],
    options: &[
        Opt::new(
            &["--net"],
            "host|cable",
            ' ',
            "the device uses the sockets of this machine (default), or it is the firmware with a TCP/IP stack of its own, on \
             an Ethernet cable made of memory",
        )
        .offers(&["host", "cable"]),
        Opt::new(&["--stay"], "", ' ', "stay online until Ctrl-C, with a page on which to look at the node in a browser"),
        FAULT,
        Opt::new(
            &["--json"],
            "",
            ' ',
            "print one JSON object instead: claimed_id, online, stages, failures, cloud, queries; with --stay also admin_url, \
             admin_token and status_page",
        ),
        Opt::new(&["--help", "-h"], "", ' ', "this text"),
    ],
    notes: &[],
    exit: &[
        ("0", "the node was live and answered"),
        ("1", "arguments"),
        ("7", "it was online, and not live"),
        ("130", "interrupted before that"),
        ("…", "else that of \"aclk claim\""),
    ],
};

/// `aclk playground`.
pub(crate) const PLAYGROUND: Page = Page {
    command: "aclk playground",
    summary: "claim a device and break its link in a page for your browser",
    usage: &["[OPTIONS]"],
    about: &[
        "Serves a page in which the firmware and the emulated Cloud run, joined by an Ethernet cable made of memory: claim a \
         device, watch every byte, and break things to see what that looks like. Needs no account and no network; what is \
         done there stays in the browser.",
        "\"cargo xtask web\" builds the page. It is part of the program if it was there when that was built.",
    ],
    options: &[
        Opt::new(
            &["--listen"],
            "ADDR:PORT",
            ' ',
            "where to listen; default: 127.0.0.1:19990, or another port if that is taken. The browser keeps what you did under \
             this address",
        ),
        Opt::new(&["--help", "-h"], "", ' ', "this text"),
    ],
    notes: &[],
    exit: &[
        ("0", "ended by a signal"),
        ("1", "arguments"),
        ("3", "the page was not built, or nobody can listen there"),
    ],
};

/// `aclk fleet`.
pub(crate) const FLEET: Page = Page {
    command: "aclk fleet",
    summary: "simulate thousands of devices that are linked to that Cloud",
    usage: &[
        "--devices=N --cloud=URL --admin=PAGE [OPTIONS]",
        "--devices=N --cloud=URL --token=TOKEN --ca=FILE [OPTIONS]",
    ],
    about: &[
        "Simulates devices in this one process: each is the engine that boards run, with a TCP and TLS connection and an \
         address of its own in 127.0.0.0/8. They come online at an emulated Cloud on the same machine, stay there, and come \
         back after it was restarted. Tells every second how they are, and in the end what that took.",
        "Start the Cloud with \"aclk cloud --state DIR --quiet\". With its administrator's page the devices are made known to \
         it; with a token each one claims.",
    ],
    options: &[
        Opt::new(&["--devices"], "N", '=', "how many; each takes a file: see ulimit -n"),
        Opt::new(&["--cloud"], "URL", '=', "the URL that the Cloud prints, as in https://localhost:8443"),
        Opt::new(
            &["--admin"],
            "PAGE",
            '=',
            "the address of its administrator's page, # and the credential: makes the devices known, tells whom to trust, and \
             says what the Cloud takes",
        ),
        Opt::new(&["--token"], "TOKEN", '=', "claim each device with this token instead"),
        Opt::new(&["--rooms"], "ROOMS", '=', "into these War Rooms, separated by commas"),
        Opt::new(
            &["--ca"],
            "FILE",
            '=',
            "whom the devices trust (PEM); default: what the administrator says, else the system's authorities",
        )
        .file(),
        Opt::new(&["--keys"], "N", '=', "key pairs that the devices share; default: 32"),
        Opt::new(&["--at-once"], "N", '=', "devices that may be on their way to their first link; default: 64"),
        Opt::new(&["--hold"], "SECONDS", '=', "how long to stay when all are online; default: 60"),
        Opt::new(
            &["--restart-cloud"],
            "SECONDS",
            '=',
            "then have the Cloud restart and be away for so long, and wait until all are online again; needs --admin, and a \
             Cloud with --state",
        ),
        Opt::new(&["--patience"], "SECONDS", '=', "how long all may take to come online; default: 1800"),
        Opt::new(&["--series"], "FILE", '=', "write how it was in every second there, as CSV").file(),
        Opt::new(&["--json"], "", '=', "print the result as one JSON object; the progress goes to standard error"),
        Opt::new(&["--help", "-h"], "", '=', "this text"),
    ],
    notes: &[],
    exit: &[
        ("0", "all devices were online in the end"),
        ("1", "arguments"),
        ("2", "not enough open files, or a file"),
        ("4", "the Cloud cannot be reached, or is not trusted"),
        ("7", "some devices are not online, or the Cloud refuses them"),
        ("130", "interrupted before that"),
    ],
};

/// `aclk provision`.
pub(crate) const PROVISION: Page = Page {
    command: "aclk provision",
    summary: "make the flash images of a series of devices",
    usage: &["--csv=FILE --out=DIR [OPTIONS]"],
    about: &[
        "Makes one image for each line of a table, DIR/HOSTNAME.bin, for the part of the flash in which the firmware keeps \
         its identity. The whole table is checked first; if a line is wrong, nothing is written.",
        "The first line names the columns, in any order: hostname; token, rooms (with commas, so in quotation marks), url, \
         proxy; key (a file with a private key, \"generate\", or nothing: the device makes its own); guid (or nothing: a new \
         one); claimed (the claimed id of a device that was claimed with this key into the Cloud at url: it links without \
         claiming); anchors (a PEM file). All but hostname may be missing or empty. Files are relative to the table.",
    ],
    options: &[
        Opt::new(&["--csv"], "FILE", '=', "the table of the devices").file(),
        Opt::new(&["--out"], "DIR", '=', "where the images go; made if it is not there").directory(),
        Opt::new(&["--anchors"], "FILE", '=', "whom the devices trust instead of the roots in their program (PEM)")
            .file(),
        Opt::new(&["--pages"], "N", '=', "pages of the flash that the firmware has for it: 3 to 64; default: 4"),
        Opt::new(&["--page-size"], "BYTES", '=', "what the flash erases at a time; default: 4096")
            .offers(&["4096", "16384", "131072"]),
        Opt::new(&["--word-size"], "BYTES", '=', "what the flash writes at a time; default: 4")
            .offers(&["1", "4", "8", "32"]),
        Opt::new(&["--force"], "", '=', "replace images that are there"),
        Opt::new(&["--help", "-h"], "", '=', "this text"),
    ],
    notes: &[
        "There are private keys and tokens in the images; only their owner may read them. On standard output is a line for \
         each image: its file, the machine GUID, and where the key comes from.",
    ],
    exit: &[("0", "all images were made"), ("1", "arguments or the table"), ("2", "a file cannot be written")],
};

/// `aclk cloud`.
pub(crate) const CLOUD: Page = Page {
    command: "aclk cloud",
    summary: "run that emulated Cloud by itself",
    usage: &["[OPTIONS]"],
    about: &[
        "An emulated Netdata Cloud on this machine, for devices and Agents under test. Prints its URL, the file with its \
         certification authority, its Space, a claiming token, the War Rooms and the administrator's page, then what happens.",
    ],
    options: &[
        Opt::new(&["--listen"], "ADDR:PORT", ' ', "where to listen; default: any free port of 127.0.0.1"),
        Opt::new(&["--state"], "DIR", ' ', "keep everything there; default: forget it in the end").directory(),
        Opt::new(&["--host"], "NAME", ' ', "the host in the URL; default: localhost"),
        Opt::new(&["--name"], "NAME", ' ', "one more name or address for the certificate; may be repeated"),
        Opt::new(&["--admin"], "ADDR:PORT|off", ' ', "where administrators find the page and the API, over plain HTTP")
            .offers(&["127.0.0.1:0", "off"]),
        Opt::new(&["--public-url"], "URL", ' ', "the base URL that /env tells"),
        Opt::new(&["--mqtt-url"], "URL", ' ', "the MQTT endpoint that /env tells, if another broker is to be used"),
        Opt::new(&["--key"], "KIND", ' ', "the kind of all keys of the certificate chain")
            .offers(&["p256", "p384", "rsa"]),
        Opt::new(&["--intermediates"], "N", ' ', "intermediate certificates of the chain: 1 to 8; default: 1"),
        FAULT,
        Opt::new(&["--list-faults"], "", ' ', "all faults, their steps and values"),
        Opt::new(&["--json"], "", ' ', "print one JSON object once it listens"),
        Opt::new(&["--quiet"], "", ' ', "do not tell what happens; what thousands of devices do is a lot"),
        Opt::new(&["--help", "-h"], "", ' ', "the help of that program, with every detail"),
    ],
    notes: &[],
    exit: &[("0", "ended by a signal"), ("1", "arguments"), ("2", "cannot listen, or the state cannot be used")],
};
