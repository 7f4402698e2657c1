//! Everybody who wants to know what the device does, and the Cloud, which wants to know what it measures.

use super::ask::{Asked, DATA, INFO};
use super::seen::Seen;
use super::wait::Moment;
use super::{INTERRUPTED, Options, how_to_go_on};
use crate::command::print;
use crate::fault::exit;
use crate::local_api::history::History;
use crate::report::record::Record;
use crate::report::screen::Screen;
use crate::report::{Maybe, Span};
use aclk_cloud::server::Handle;
use aclk_core::driver::Observer;
use aclk_core::engine::event::Event;
use aclk_core::identity::key::Progress;
use aclk_core::stage::Next;
use std::cell::RefCell;
use std::io::Stdout;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// After so many failures of the link the demonstration ends: nobody waits for a back-off of minutes.
const FAILURES: u32 = 3;
/// How long a node that is online may take to be live.
const LIVE_WITHIN: Duration = Duration::from_secs(10);
/// How long the node measures before it is asked what it measured: two samples make a rate.
const MEASURES_FOR: Duration = Duration::from_secs(2);

/// What has been seen so far.
pub(super) struct Audience<'a> {
    record: Record,
    screen: Maybe<Screen<Stdout>>,
    cloud: &'a Handle,
    options: &'a Options,
    begun: Instant,
    failures: u32,
    /// What the Cloud saw when the node was live.
    seen: Option<Seen>,
    asked: Vec<Asked>,
    online: Rc<Moment>,
    live: Rc<Moment>,
    over: Rc<Moment>,
    history: Rc<RefCell<History>>,
    /// Where the status page of the device is.
    status_page: Option<String>,
}

/// The audience as the device knows it.
pub(super) struct Watch<'w, 'a>(pub(super) &'w RefCell<Audience<'a>>);

impl Observer for Watch<'_, '_> {
    fn event(&mut self, event: &Event<'_>) {
        self.0.borrow_mut().event(event);
    }

    fn key_progress(&mut self, progress: Progress) {
        self.0.borrow_mut().screen.key_progress(progress);
    }
}

impl<'a> Audience<'a> {
    pub(super) fn new(cloud: &'a Handle, options: &'a Options, screen: Maybe<Screen<Stdout>>, begun: Instant) -> Self {
        Self {
            record: Record::default(),
            screen,
            cloud,
            options,
            begun,
            failures: 0,
            seen: None,
            asked: Vec::new(),
            online: Rc::default(),
            live: Rc::default(),
            over: Rc::default(),
            history: Rc::new(RefCell::new(History::new())),
            status_page: None,
        }
    }

    /// Comes when there is nothing more to see.
    pub(super) fn over(&self) -> Rc<Moment> {
        self.over.clone()
    }

    /// What the status page of the device tells.
    pub(super) fn history(&self) -> Rc<RefCell<History>> {
        self.history.clone()
    }

    /// The device has a status page there.
    pub(super) fn is_shown_at(&mut self, url: Option<String>) {
        self.status_page = url;
    }

    fn event(&mut self, event: &Event<'_>) {
        self.history.borrow_mut().event(event);
        self.record.event(event);
        self.screen.event(event);
        match event {
            Event::Online { .. } if !self.online.has_come() => {
                self.line(format_args!("From nothing to online in {}.", Span(self.begun.elapsed())));
                self.online.comes();
            }
            Event::Live { .. } => self.live.comes(),
            Event::ClaimFailed { failure, .. } if failure.next == Next::Stop => self.over.comes(),
            Event::Offline { failure } => {
                self.failures += 1;
                let is_patient = self.options.stay || self.failures < FAILURES;
                if !is_patient || !matches!(failure.next, Next::Retry(_)) {
                    self.over.comes();
                }
            }
            _ => {}
        }
    }

    /// As soon as the node is live: looks at it as the Cloud does, and lets the Cloud ask it something.
    pub(super) async fn ask(this: &RefCell<Self>) {
        let (online, live) = (this.borrow().online.clone(), this.borrow().live.clone());
        online.wait().await;
        if tokio::time::timeout(LIVE_WITHIN, live.wait()).await.is_err() {
            let seconds = LIVE_WITHIN.as_secs();
            this.borrow_mut().line(format_args!("The Cloud has not made a node of it within {seconds} s."));
            return this.borrow().over.comes();
        }
        this.borrow_mut().look();
        this.borrow_mut().line("\nWhat the Cloud asks the node over the link:");
        Self::get(this, INFO).await;
        tokio::time::sleep(MEASURES_FOR).await;
        Self::get(this, DATA).await;
        this.borrow_mut().has_asked();
    }

    /// What the Cloud sees.
    fn look(&mut self) {
        let seen = Seen::look(self.cloud, self.record.claimed());
        if let Some(seen) = &seen {
            self.line(format_args!("\nWhat the Cloud sees:\n{seen}"));
        }
        self.seen = seen;
    }

    async fn get(this: &RefCell<Self>, target: &'static str) {
        let (cloud, claimed_id) = (this.borrow().cloud, this.borrow().record.claimed());
        let asked = Asked::get(cloud, &claimed_id.map(|id| id.to_string()).unwrap_or_default(), target).await;
        let mut this = this.borrow_mut();
        this.line(&asked);
        this.asked.push(asked);
    }

    fn has_asked(&mut self) {
        if !self.options.stay {
            return self.over.comes();
        }
        self.line(how_to_go_on(self.cloud, self.status_page.as_deref()));
        if self.options.json {
            print(self.json());
        }
    }

    fn line(&mut self, text: impl std::fmt::Display) {
        if let Some(screen) = &mut self.screen.0 {
            screen.line(text);
        }
    }

    fn json(&self) -> String {
        let mut object = self.record.json().member("cloud", self.seen.as_ref().map(Seen::json));
        object = object.member("queries", self.asked.iter().map(Asked::json).collect::<Vec<_>>());
        if self.options.stay {
            object = object.member("admin_url", self.cloud.admin_url());
            object = object.member("admin_token", self.cloud.admin_credential());
            object = object.member("status_page", self.status_page.as_deref());
        }
        object.end().0
    }

    /// Whether everything was shown.
    fn is_complete(&self) -> bool {
        self.seen.is_some() && self.asked.len() == 2 && self.asked.iter().all(Asked::is_good)
    }

    /// The last words, and the exit code.
    pub(super) fn conclude(mut self, interrupted: bool) -> u8 {
        if self.options.json && !(self.options.stay && self.is_complete()) {
            print(self.json());
        }
        if self.is_complete() {
            return 0;
        }
        self.line(match (interrupted, self.record.link_exit_code()) {
            (true, _) => "Interrupted.",
            (false, 0) => "The node did not answer as it should.",
            (false, _) => "The device did not come online.",
        });
        match self.record.link_exit_code() {
            _ if interrupted => INTERRUPTED,
            0 => exit::ANSWER,
            code => code,
        }
    }
}
