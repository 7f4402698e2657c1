//! What a daemon tells: its log, its state for `aclk status`, and how that came to be, for the status page.

use crate::fault::Fault;
use crate::live::Live;
use crate::local_api::history::History;
use crate::notify::{self, Manager};
use crate::proxy::Choice;
use crate::report::log::{Log, Tag};
use aclk_core::driver::Observer;
use aclk_core::engine::event::Event;
use aclk_core::identity::guid::Guid;
use aclk_core::identity::key::Progress;
use aclk_core::node::CLONED;
use aclk_core::store::Claim;
use std::cell::RefCell;
use std::fmt::Display;
use std::io::Write;
use std::rc::Rc;

/// Log, state and history; clones write to the same ones, since both the engine and the wishes have something to tell.
#[derive(Debug)]
pub(crate) struct Journal<W> {
    inner: Rc<RefCell<Inner<W>>>,
    history: Rc<RefCell<History>>,
}

#[derive(Debug)]
struct Inner<W> {
    log: Log<W>,
    live: Live,
    manager: Manager,
    claimed: Option<Guid>,
}

impl<W: Write> Journal<W> {
    pub(crate) fn new(log: Log<W>, live: Live, manager: Manager) -> Self {
        let history = Rc::new(RefCell::new(History::new()));
        Self { inner: Rc::new(RefCell::new(Inner { log, live, manager, claimed: None })), history }
    }

    /// What happened so far.
    pub(crate) fn history(&self) -> Rc<RefCell<History>> {
        self.history.clone()
    }

    /// One line in the log.
    pub(crate) fn line(&self, tag: Tag, text: impl Display) {
        self.inner.borrow_mut().log.line(tag, text);
    }

    /// What every connection goes through from now on.
    pub(crate) fn proxy(&self, proxy: &Choice) {
        self.line(Tag::Cloud, format_args!("proxy: {proxy}"));
        if let Some(warning) = proxy.exposed() {
            self.line(Tag::Cloud, format_args!("note: {warning}"));
        }
        self.inner.borrow_mut().live.proxy(proxy.url(), proxy.source());
    }

    /// What else would claim this machine.
    pub(crate) fn others(&self, others: &[String]) {
        self.inner.borrow_mut().live.others(others);
    }

    /// What is linked from now on: this claim, or nothing because of this reason.
    pub(crate) fn begin(&self, claim: Option<&Claim>, reason: Option<&str>) {
        let mut history = self.history.borrow_mut();
        history.begin(claim.is_some(), reason);
        let mut inner = self.inner.borrow_mut();
        let claimed = claim.map(|claim| claim.id);
        if std::mem::replace(&mut inner.claimed, claimed) != claimed {
            history.warn(None);
            inner.live.warn(None);
        }
        inner.log.begin();
        inner.live.begin(claim, reason);
        inner.check();
        match (claim, reason) {
            (_, Some(reason)) => inner.manager.ready(reason),
            (Some(claim), None) => inner.manager.ready(format_args!("connecting to {}", claim.url)),
            (None, None) => inner.manager.ready("nothing to link"),
        }
    }

    /// A person should know this of the identity that is linked, whatever becomes of the link.
    pub(crate) fn warn(&self, warning: &'static str) {
        self.history.borrow_mut().warn(Some(warning));
        self.inner.borrow_mut().live.warn(Some(warning));
        self.line(Tag::Link, format_args!("warning: {warning}"));
    }

    /// Everything is read again.
    pub(crate) fn reloading(&self) {
        self.inner.borrow_mut().manager.reloading();
    }

    /// This program ends.
    pub(crate) fn stopping(&self) {
        self.inner.borrow_mut().manager.stopping();
    }

    /// Says to the service manager, if it wants to hear that, that the program is alive; never resolves.
    pub(crate) async fn keep_alive(&self) {
        let Some(every) = notify::watchdog() else { return std::future::pending().await };
        loop {
            self.inner.borrow().manager.alive();
            tokio::time::sleep(every).await;
        }
    }

    /// Nothing is linked because of this.
    pub(crate) fn trouble(&self, fault: &Fault) {
        self.begin(None, Some(&fault.to_string()));
        self.inner.borrow_mut().log.fault(fault);
    }
}

impl<W> Clone for Journal<W> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), history: self.history.clone() }
    }
}

impl<W: Write> Inner<W> {
    fn check(&mut self) {
        if let Some(error) = self.live.take_problem() {
            self.log.line(Tag::Link, format_args!("note: the state for \"aclk status\" is lost: {error}"));
        }
    }
}

impl<W: Write> Observer for Journal<W> {
    fn event(&mut self, event: &Event<'_>) {
        let mut history = self.history.borrow_mut();
        history.event(event);
        let mut inner = self.inner.borrow_mut();
        if let Event::Offline { failure } = event
            && failure.hint == CLONED
        {
            history.warn(Some(CLONED));
            inner.live.warn(Some(CLONED));
        }
        // The log last: whoever has read a line there and asks for the state finds it.
        inner.live.event(event);
        inner.manager.event(event);
        inner.log.event(event);
        inner.check();
    }

    fn key_progress(&mut self, progress: Progress) {
        self.inner.borrow_mut().log.key_progress(progress);
    }
}

#[cfg(test)]
mod tests {
    use super::Journal;
    use crate::fault::Fault;
    use crate::live::{Live, look};
    use crate::notify::Manager;
    use crate::report::log::Log;
    use crate::scratch::Scratch;
    use aclk_core::driver::Observer;
    use aclk_core::engine::event::Event;
    use aclk_core::identity::guid::Guid;
    use aclk_core::stage::{Failure, Stage};
    use std::cell::RefCell;
    use std::io::{self, Write};
    use std::path::PathBuf;
    use std::rc::Rc;
    use std::time::Duration;

    /// Somebody who reads the log and asks for the state with every line.
    struct Reader {
        path: PathBuf,
        found: Rc<RefCell<Vec<(String, String)>>>,
    }

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let status = look(&self.path).unwrap().status.unwrap();
            let state = format!("{:?} {}", status.state, status.warning.or(status.reason).unwrap_or_default());
            self.found.borrow_mut().push((String::from_utf8_lossy(bytes).into_owned(), state));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn who_has_read_a_line_of_the_log_finds_the_state_that_it_tells() {
        let scratch = Scratch::new();
        let found = Rc::new(RefCell::new(Vec::new()));
        let reader = Reader { path: scratch.path().to_owned(), found: found.clone() };
        let live = Live::new(scratch.path(), Duration::ZERO).unwrap();
        let mut journal = Journal::new(Log::new(reader), live, Manager::from_env());
        let id = Guid::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").unwrap();
        let assert_told = |word: &str, state: &str| {
            let lines = std::mem::take(&mut *found.borrow_mut());
            let line: String = lines.iter().map(|(text, _)| text.as_str()).collect();
            assert!(line.contains(word) && lines.iter().all(|(_, found)| found == state), "{word}: {lines:?}");
        };
        journal.event(&Event::Online { id, session_id: 1 });
        assert_told("online as", "Online ");
        let failure = Failure::new(Stage::Tcp, "the network is gone");
        journal.event(&Event::Offline { failure: &failure });
        assert_told("the network is gone", "Stopped the network is gone");
        journal.trouble(&Fault::new(Stage::Config, "cloud.conf is nonsense"));
        assert_told("cloud.conf is nonsense", "Idle config: cloud.conf is nonsense");
        journal.warn("somebody else has it, too");
        assert_told("somebody else", "Idle somebody else has it, too");
    }
}
