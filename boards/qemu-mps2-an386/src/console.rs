//! What the device tells on its serial line, and what can be asked of it there. Whoever has the line in hands is its
//! administrator.

use crate::test_only::HostStore;
use crate::uart::{say, typed};
use crate::{arena, stack};
use aclk_core::driver::{Command, Control, Observer};
use aclk_core::engine::event::{Event, StageReport};
use aclk_core::identity::key::Progress;
use aclk_core::stage::Failure;
use aclk_core::store::Saved;
use embassy_time_driver::TICK_HZ;

/// Bytes of a line.
const LINE_MAX: usize = 80;

/// Milliseconds since the start.
pub(crate) fn uptime_ms() -> u64 {
    embassy_time_driver::now() / (TICK_HZ / 1_000)
}

/// Tells what happens.
#[derive(Debug)]
pub(crate) struct Teller;

impl Observer for Teller {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Stage(report) => stage(report),
            Event::Claimed { id, .. } => tell(format_args!("claimed as {id}")),
            Event::ClaimFailed { failure, .. } => failed("not claimed", failure),
            Event::Online { id, .. } => tell(format_args!("online as {id}")),
            Event::Live { node: Some(node) } => {
                tell(format_args!("live as the node {node}"));
                memory();
            }
            Event::Live { node: None } | Event::Answer(_) => {}
            Event::Offline { failure } => failed("offline", failure),
            Event::Notice(failure) => failed("note", failure),
        }
    }

    fn key_progress(&mut self, progress: Progress) {
        if progress.done {
            tell(format_args!("key made, {} candidates tried", progress.candidates));
            memory();
        }
    }
}

fn tell(what: core::fmt::Arguments<'_>) {
    let now = uptime_ms();
    say!("[{:5}.{:03}] {what}", now / 1_000, now % 1_000);
}

fn stage(report: &StageReport) {
    let purpose = report.purpose.map_or("network", |purpose| purpose.name());
    tell(format_args!("{purpose}: {}, {} ms", report.stage, report.elapsed.as_millis()));
}

fn failed(what: &str, failure: &Failure) {
    tell(format_args!("{what}: {failure}"));
    if let Some(said) = &failure.server {
        tell(format_args!("  the Cloud said: {said}"));
    }
    if !failure.hint.is_empty() {
        tell(format_args!("  hint: {}", failure.hint));
    }
}

/// What of the memory was ever in use.
pub(crate) fn memory() {
    let (used, peak) = arena::used();
    tell(format_args!(
        "memory: arena {used} B, peak {peak} of {} B; stack peak {} of {} B",
        arena::SIZE,
        stack::peak(),
        stack::size()
    ));
}

/// What somebody types.
#[derive(Debug)]
pub(crate) struct Keyboard {
    line: heapless::String<LINE_MAX>,
    store: HostStore,
}

impl Keyboard {
    pub(crate) const fn new(store: HostStore) -> Self {
        Self { line: heapless::String::new(), store }
    }

    /// What the line that is complete asks for.
    fn obey(&mut self) -> Option<Command> {
        match self.line.trim() {
            "" => None,
            "memory" => {
                memory();
                None
            }
            "unclaim" => match self.store.unclaim() {
                Ok(()) => {
                    tell(format_args!("unclaimed"));
                    Some(Command::Reload(Saved::default()))
                }
                Err(error) => {
                    tell(format_args!("not unclaimed: {error}"));
                    None
                }
            },
            "reboot" => Some(Command::Stop),
            "panic" => panic!("somebody asked for it"),
            "overflow" => {
                stack::overflow(0);
                None
            }
            _ => {
                say!(
                    "memory    what was ever in use\r\nunclaim   forget the claim, and tell the Cloud\r\nreboot    say goodbye and start anew\r\npanic     as if something had gone wrong\r\noverflow  as if the stack were too small"
                );
                None
            }
        }
    }
}

impl Control for Keyboard {
    async fn next(&mut self) -> Command {
        loop {
            match typed().await {
                b'\r' | b'\n' => {
                    let command = self.obey();
                    self.line.clear();
                    if let Some(command) = command {
                        return command;
                    }
                }
                // What is too long is no command.
                byte => _ = self.line.push(char::from(byte)),
            }
        }
    }
}
