//! Where the console and the application meet.

use crate::flash::{ClaimOrder, FlashError};
use aclk_core::driver::{Command, Control, Observer};
use aclk_core::engine::event::Event;
use aclk_core::identity::key::Progress;
use aclk_core::stage::{Failure, Stage};
use aclk_core::store::Saved;
use aclk_core::text::Text;
use core::cell::{Cell, RefCell};
use core::fmt;
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::signal::Signal;
use heapless::Deque;

/// Bytes of lines that wait until the console has time for them, a byte more for each; older ones make room. Three of the
/// longest, or some fifteen of the usual ones.
pub const LINES_LEN: usize = 1024;
/// The longest line, in bytes.
pub const LINE_LEN: usize = 256;
/// What ends a line that waits.
const END: u8 = b'\n';
const _: () = assert!(LINE_LEN < LINES_LEN, "there is room for the longest line");
/// A key search is told of anew after so many candidates. It takes some 700.
const CANDIDATES_STEP: u32 = 100;

/// What a person wants of the application. It ends the link in order first.
#[derive(Debug)]
pub enum Wish {
    /// To be claimed.
    Claim(ClaimOrder),
    /// To be nobody any more.
    Unclaim,
    /// To start anew.
    Reboot,
}

/// Where the console leaves wishes and hears of what happens.
///
/// A `&Desk` is the [`Observer`] and the [`Control`] of the application.
pub struct Desk {
    wish: RefCell<Option<Wish>>,
    ordered: Signal<NoopRawMutex, ()>,
    told: Cell<Told>,
    answer: Signal<NoopRawMutex, Result<(), FlashError>>,
    /// One after the other, each with [`END`] behind it, which is in none of them: they are fit to be printed.
    lines: RefCell<Deque<u8, LINES_LEN>>,
    lost: Cell<u32>,
    spoken: Signal<NoopRawMutex, ()>,
    progress: Cell<Progress>,
}

/// What the link was told because of the wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    /// That the device is nobody any more. The Cloud hears it, too, if there is a link.
    Forgotten,
    /// That it has to end.
    Ended,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("wish", &self.wish).finish_non_exhaustive()
    }
}

impl Default for Desk {
    fn default() -> Self {
        Self::new()
    }
}

impl Desk {
    /// Nothing is wished, and nothing has happened.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            wish: RefCell::new(None),
            ordered: Signal::new(),
            told: Cell::new(Told::Nothing),
            answer: Signal::new(),
            lines: RefCell::new(Deque::new()),
            lost: Cell::new(0),
            spoken: Signal::new(),
            progress: Cell::new(Progress { candidates: 0, primes: 0, done: false }),
        }
    }

    /// Wishes something, in place of what was wished before and is not begun yet. [`done`](Self::done) waits for it.
    pub fn wish(&self, wish: Wish) {
        self.answer.reset();
        self.wish.replace(Some(wish));
        self.ordered.signal(());
    }

    /// Waits until the wish is fulfilled.
    ///
    /// # Errors
    /// What the flash says to it.
    pub async fn done(&self) -> Result<(), FlashError> {
        self.answer.wait().await
    }

    /// What is wished.
    pub fn take(&self) -> Option<Wish> {
        self.told.set(Told::Nothing);
        self.wish.take()
    }

    /// Waits until something is wished.
    pub(crate) async fn wished(&self) {
        while self.wish.borrow().is_none() {
            self.ordered.wait().await;
        }
    }

    /// The wish is fulfilled, or not.
    pub fn answer(&self, result: Result<(), FlashError>) {
        self.answer.signal(result);
    }

    /// Leaves a line for the console.
    pub fn say(&self, line: impl fmt::Display) {
        let line = Text::<LINE_LEN>::of(line);
        self.keep(line.as_str().as_bytes());
    }

    fn keep(&self, line: &[u8]) {
        let mut lines = self.lines.borrow_mut();
        while line.len() >= LINES_LEN - lines.len() {
            while lines.pop_front().is_some_and(|byte| byte != END) {}
            self.lost.set(self.lost.get().saturating_add(1));
        }
        for byte in line.iter().chain(&[END]) {
            let _ = lines.push_back(*byte);
        }
        self.spoken.signal(());
    }

    /// Waits until there is a line.
    pub(super) async fn said(&self) {
        while self.lost.get() == 0 && self.lines.borrow().is_empty() {
            self.spoken.wait().await;
        }
    }

    /// Puts the next line into `line`. Whether there is one.
    pub(super) fn next_line(&self, line: &mut Text<LINE_LEN>) -> bool {
        if let lost @ 1.. = self.lost.take() {
            *line = Text::of(format_args!("({lost} lines were lost)"));
            return true;
        }
        let mut bytes = heapless::Vec::<u8, LINE_LEN>::new();
        let mut lines = self.lines.borrow_mut();
        let is_there = !lines.is_empty();
        while let Some(byte) = lines.pop_front().filter(|byte| *byte != END) {
            let _ = bytes.push(byte);
        }
        *line = Text::of(core::str::from_utf8(&bytes).unwrap_or_default());
        is_there
    }

    fn failure(&self, what: &str, failure: &Failure) {
        self.say(format_args!("{what}: {failure}"));
        if let Some(said) = &failure.server {
            self.say(format_args!("  the Cloud said: {said}"));
        }
        if !failure.hint.is_empty() {
            self.say(format_args!("  hint: {}", failure.hint));
        }
    }
}

impl Control for &Desk {
    async fn next(&mut self) -> Command {
        self.wished().await;
        let is_unclaim = matches!(*self.wish.borrow(), Some(Wish::Unclaim));
        match self.told.get() {
            Told::Nothing if is_unclaim => {
                self.told.set(Told::Forgotten);
                Command::Reload(Saved::default())
            }
            Told::Nothing | Told::Forgotten => {
                self.told.set(Told::Ended);
                Command::Stop
            }
            Told::Ended => core::future::pending().await,
        }
    }
}

impl Observer for &Desk {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Stage(report) if report.purpose.is_none() => match report.stage {
                Stage::Config => self.say("config: the device has an address"),
                Stage::Clock => self.say("clock: set by the time server"),
                Stage::Key => self.say(format_args!("key: ready after {} s", report.elapsed.as_secs())),
                _ => {}
            },
            Event::Stage(_) | Event::Answer(_) => {}
            Event::Claimed { id, .. } => self.say(format_args!("claimed as {id}")),
            Event::ClaimFailed { failure, .. } => self.failure("not claimed", failure),
            Event::Online { .. } => self.say("online"),
            Event::Live { node: Some(node) } => self.say(format_args!("live as node {node}")),
            Event::Live { node: None } => self.say("live"),
            Event::Offline { failure } => self.failure("offline", failure),
            Event::Notice(failure) => self.failure("note", failure),
        }
    }

    fn key_progress(&mut self, progress: Progress) {
        let told = self.progress.get();
        let is_news = progress.done
            || progress.primes != told.primes
            || progress.candidates >= told.candidates.saturating_add(CANDIDATES_STEP)
            || progress.candidates < told.candidates;
        if is_news {
            self.progress.set(progress);
            let Progress { candidates, primes, .. } = progress;
            self.say(format_args!("key: {primes} of 2 primes found, {candidates} candidates tried"));
        }
    }
}
