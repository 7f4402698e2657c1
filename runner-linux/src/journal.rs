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
        self.line(Tag::Link, format_args!("warning: {warning}"));
        self.history.borrow_mut().warn(Some(warning));
        self.inner.borrow_mut().live.warn(Some(warning));
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
        self.inner.borrow_mut().log.fault(fault);
        self.begin(None, Some(&fault.to_string()));
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
        inner.log.event(event);
        inner.live.event(event);
        inner.manager.event(event);
        inner.check();
    }

    fn key_progress(&mut self, progress: Progress) {
        self.inner.borrow_mut().log.key_progress(progress);
    }
}
