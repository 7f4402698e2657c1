//! `aclk fleet`: thousands of devices in one process, each the engine and driver of the real ones over sockets and TLS of
//! its own, against the emulated Cloud. One thread has them all.

mod admin;
mod course;
mod device;
mod ground;
mod identity;
mod network;
mod options;
mod progress;
mod series;
mod summary;
mod tally;
mod usage;

use super::print;
use crate::fault::{Fault, exit};
use crate::host;
use crate::manual::pages;
use crate::report::record::json_of_fault;
use crate::report::screen::Screen;
use course::{Course, Outcome};
use options::Options;
use std::ffi::OsString;
use std::io::stderr;
use tokio::task::LocalSet;

/// Exit code after Ctrl-C before everything was done, as shells count it.
const INTERRUPTED: u8 = 130;

/// Runs the command.
pub(crate) fn run(arguments: Vec<OsString>) -> u8 {
    let options = match Options::parse(arguments) {
        // The devices have it as long as the program runs.
        Ok(Some(options)) => Box::leak(Box::new(options)),
        Ok(None) => {
            print(pages::FLEET);
            return 0;
        }
        Err(fault) => {
            Screen::new(stderr()).fault(&fault);
            return fault.code;
        }
    };
    match simulate(options) {
        Ok(outcome) => match outcome {
            Outcome::AllOnline => 0,
            Outcome::Interrupted => INTERRUPTED,
            Outcome::NotAll => exit::ANSWER,
        },
        Err(fault) => {
            if options.json {
                print(json_of_fault(&fault).end().0);
            } else {
                Screen::new(stderr()).fault(&fault);
            }
            fault.code
        }
    }
}

fn simulate(options: &'static Options) -> Result<Outcome, Fault> {
    let tasks = LocalSet::new();
    let work = async {
        let mut course = Course::prepare(options).await?;
        let outcome = course.run().await?;
        let summary = course.end(outcome).await;
        if options.json {
            print(summary.json().0);
        } else {
            print(summary);
        }
        Ok(outcome)
    };
    host::block_on(tasks.run_until(work))?
}
