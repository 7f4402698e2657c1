//! `cargo xtask install`: the program, its other names, and what a system needs to run it (docs/packaging.md).
//!
//! What goes where is the table in [`layout`]. Installing twice changes nothing, and removing goes by the same table.

pub(crate) mod layout;
mod options;
mod program;
mod remove;
mod system;
mod write;

use crate::Command;
use crate::process::Problem;
use layout::{Layout, What};
use options::Options;
use program::Program;
use std::fs;
use std::path::PathBuf;

pub(crate) const COMMAND: Command = Command {
    name: "install",
    arguments: "[OPTION…]",
    about: "builds aclk, and installs it with the names netdata, netdatacli and netdata-claim.sh, manual page,\n\
            completions, systemd unit; as root also the user netdata and its directories (docs/packaging.md)\n\
            --prefix DIR      where to (default /usr/local)\n\
            --destdir DIR     into this folder instead of the system, as packagers do; makes no user\n\
            --disable-cloud   without claiming and link\n\
            --require-cloud   fail if claiming and link cannot be built; without it, do without them\n\
            --target TRIPLE   build for this target (default: static with musl if that target is there)\n\
            --binary FILE     install this program and build nothing\n\
            --force           also over files of a Netdata Agent\n\
            --uninstall       remove what was installed; with --purge the identity of this machine as well",
    run: |arguments| run(&Options::parse(arguments)?),
};

/// Installs into `root`, the way a package has it: below `/usr`, no user, nothing of the system touched, nothing left out.
pub(crate) fn stage(root: PathBuf, arguments: &[String]) -> Result<(), Problem> {
    let left_out = install(&Options { prefix: "/usr".into(), destdir: Some(root), ..Options::parse(arguments)? })?;
    if left_out {
        return Err(Problem::Usage(
            "the program does not print its manual page here; if it is for another architecture, qemu-user-static lets it run"
                .to_owned(),
        ));
    }
    Ok(())
}

fn run(options: &Options) -> Result<(), Problem> {
    if options.uninstall { remove::remove(options) } else { install(options).map(|_| ()) }
}

/// Whether something had to be left out.
fn install(options: &Options) -> Result<bool, Problem> {
    let layout = Layout::new(options);
    // Before anything is built: it may take minutes.
    write::refuse_others(&layout, options.force)?;
    let program = Program::make(options)?;
    if options.touches_the_system() {
        system::make_user()?;
        system::make_directories()?;
    }
    let mut left_out = false;
    for item in layout.items() {
        match &item.what {
            What::Program => write::file(&item.at, &program.bytes()?, 0o755)?,
            What::Name => write::link(&item.at, &layout.program_from(&item.path))?,
            What::Printed(arguments) => match program.print(arguments) {
                Some(text) => write::file(&item.at, &text, 0o644)?,
                None => {
                    left_out = true;
                    println!("left out: {} (this program does not print it here)", item.path.display());
                }
            },
            What::Setting(source) if item.at.exists() => {
                println!("kept: {} (it is there already; a new one would be {source})", item.path.display());
            }
            What::Unit(source) | What::Setting(source) => {
                write::file(&item.at, layout.adapted(&read(source)?).as_bytes(), 0o644)?;
            }
        }
    }
    say_what_is_next(options, &layout, &program);
    Ok(left_out)
}

/// A file of the repository.
fn read(path: &str) -> Result<String, Problem> {
    let path = crate::process::root().join(path);
    fs::read_to_string(&path).map_err(|cause| Problem::Io { attempt: format!("read {}", path.display()), cause })
}

fn say_what_is_next(options: &Options, layout: &Layout, program: &Program) {
    if options.destdir.is_none() && !options.touches_the_system() {
        println!(
            "not root: there is no user netdata, unit, log rotation or directory below /etc and /var from this; \
             set NETDATA_USER_CONFIG_DIR and NETDATA_VARLIB_DIR to folders of yours"
        );
    }
    if options.touches_the_system() {
        println!("to start it now and with the machine: systemctl daemon-reload && systemctl enable --now aclk");
    }
    let kind = if program.has_cloud() { "" } else { ", WITHOUT CLOUD: it cannot be claimed, and holds no link" };
    println!("installed: {}{kind}", layout.program().display());
}
