//! What everything in a running daemon shares: the node, and what is ordered of it over the run-time socket. It lives
//! through every new beginning of the link.

use crate::fault::Fault;
use crate::first_claim::Outcome;
use crate::report::output::Output;
use crate::store::error::StoreError;
use crate::store::reading::Written;
use aclk_core::clock::Now;
use aclk_core::metrics::Device;
use aclk_core::node::Node;
use aclk_core::settings::Settings;
use aclk_core::stage::Failure;
use aclk_core::store::Saved;
use aclk_core::text::Text;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use tokio::sync::Notify;

/// A node that more than one part of the program uses: each borrows it for one call at a time, never across a wait.
pub(crate) type SharedNode = Rc<RefCell<Node<dyn Device>>>;

/// An order that came over the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Read everything again and link anew.
    Reload,
    /// End in order.
    Stop,
}

/// The node and the orders.
pub(crate) struct Daemon {
    pub(crate) node: SharedNode,
    /// The clock that the node is kept by.
    now: fn() -> Now,
    log: Output,
    order: Cell<Option<Order>>,
    told: Notify,
    placed: Cell<u64>,
    taken: Cell<u64>,
    carried_out: Cell<u64>,
    is_claiming: Cell<bool>,
    /// Whether what this daemon was told to claim when it was started has been looked at.
    has_begun: Cell<bool>,
    /// What this daemon has claimed the machine with.
    claimed_with: RefCell<Option<String>>,
    /// Whose files claim it, where they are not our own.
    claimed_by: RefCell<Option<String>>,
    /// What was written to the configuration over the run-time socket.
    pub(crate) written: RefCell<Written>,
}

impl Daemon {
    /// A daemon that has not begun yet, and logs to `log`. The node must be kept by the clock behind `now`.
    pub(crate) fn new(node: SharedNode, now: fn() -> Now, log: Output) -> Self {
        Self {
            node,
            now,
            log,
            order: Cell::new(None),
            told: Notify::new(),
            placed: Cell::new(0),
            taken: Cell::new(0),
            carried_out: Cell::new(0),
            is_claiming: Cell::new(false),
            has_begun: Cell::new(false),
            claimed_with: RefCell::new(None),
            claimed_by: RefCell::new(None),
            written: RefCell::new(Written::default()),
        }
    }

    pub(crate) fn now(&self) -> Now {
        (self.now)()
    }

    /// Opens the log anew; see [`Output::reopen`].
    pub(crate) fn reopen_log(&self) -> Result<(), StoreError> {
        self.log.reopen()
    }

    // --- orders ---

    /// Places an order and yields its number. An order to stop is not undone by another one.
    pub(crate) fn place(&self, order: Order) -> u64 {
        if self.order.get() != Some(Order::Stop) {
            self.order.set(Some(order));
        }
        self.placed.set(self.placed.get() + 1);
        self.told.notify_one();
        self.placed.get()
    }

    /// The next order. Dropping the future loses nothing.
    pub(crate) async fn next_order(&self) -> Order {
        loop {
            if let Some(order) = self.order.take() {
                self.taken.set(self.placed.get());
                return order;
            }
            self.told.notified().await;
        }
    }

    /// Whether the link has begun anew since order `number` was placed, or it has shown that it cannot.
    pub(crate) fn has_carried_out(&self, number: u64) -> bool {
        self.carried_out.get() >= number
    }

    // --- beginnings ---

    /// A link begins with these settings and what is stored; `proxy` is what `aclk-state` says of the proxy.
    pub(crate) fn begin(&self, settings: &Settings, saved: &Saved, proxy: &str) {
        let status = &mut self.node.borrow_mut().status;
        status.configure(settings);
        status.proxy = Text::of(proxy);
        status.reload(saved, &settings.url, self.now());
        self.is_claiming.set(false);
        self.carried_out.set(self.taken.get());
    }

    /// The same for a claim that is to come before the link.
    pub(crate) fn begin_claim(&self, settings: &Settings, saved: &Saved, proxy: &str) {
        self.begin(settings, saved, proxy);
        self.is_claiming.set(true);
    }

    /// Whether a claim is being made.
    pub(crate) fn is_claiming(&self) -> bool {
        self.is_claiming.get()
    }

    /// How a claim of this daemon's own has ended; `source` is what it was made with.
    pub(crate) fn has_claimed(&self, outcome: Outcome, source: &str) {
        if outcome == Outcome::Claimed {
            *self.claimed_with.borrow_mut() = Some(source.to_owned());
        }
    }

    /// Whether this is the first beginning. It is only then that the command line counts above a claim that was made: a person
    /// who claims this machine anew afterwards means that.
    pub(crate) fn is_first_beginning(&self) -> bool {
        !self.has_begun.replace(true)
    }

    /// Whose files claim this machine from now on, where they are not our own.
    pub(crate) fn is_claimed(&self, is_claimed: bool, by: Option<String>) {
        if !is_claimed {
            *self.claimed_with.borrow_mut() = None;
        }
        *self.claimed_by.borrow_mut() = by;
    }

    /// Who has claimed this machine, where that was not a person with a claim of his own: for the answer to a reload.
    pub(crate) fn claimant(&self) -> Option<String> {
        if let Some(by) = &*self.claimed_by.borrow() {
            return Some(format!("It is claimed by {by}."));
        }
        self.claimed_with.borrow().as_ref().map(|source| format!("It was claimed with {source}."))
    }

    /// A link cannot begin because of this.
    pub(crate) fn fail(&self, fault: &Fault) {
        let failure = Failure::new(fault.stage, &fault.cause).hint("the log says what can be done");
        self.node.borrow_mut().status.on_failure(&failure, self.now());
        self.is_claiming.set(false);
        self.carried_out.set(self.taken.get());
    }
}

#[cfg(test)]
mod tests {
    use super::{Daemon, Order};
    use crate::clock::HostClock;
    use crate::host::block_on;
    use crate::paths::Paths;
    use crate::report::output::Output;
    use crate::scratch::Scratch;
    use crate::settings::{Given, for_link};
    use aclk_core::clock::Clock;
    use aclk_core::identity::guid::Guid;
    use aclk_core::metrics::NoDevice;
    use aclk_core::node::Node;
    use aclk_core::store::Saved;
    use std::cell::RefCell;
    use std::rc::Rc;

    #[test]
    fn an_order_to_stop_is_not_undone_and_a_reload_is_carried_out_by_the_beginning_after_it() {
        let guid = Guid::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").unwrap();
        let scratch = Scratch::new();
        let settings = for_link(Given::default(), guid).unwrap();
        let now = || HostClock.now();
        let node = Node::new(NoDevice::default(), &settings, &Saved::default(), now());
        let log = Output::of_foreground(&Paths::below(scratch.path())).0;
        let daemon = Daemon::new(Rc::new(RefCell::new(node)), now, log);
        let first = daemon.place(Order::Reload);
        // A beginning that was under way already does not count.
        daemon.begin(&settings, &Saved::default(), "none");
        assert!(!daemon.has_carried_out(first));
        assert_eq!(block_on(daemon.next_order()).unwrap(), Order::Reload);
        assert!(!daemon.has_carried_out(first));
        daemon.begin(&settings, &Saved::default(), "none");
        assert!(daemon.has_carried_out(first));

        daemon.place(Order::Stop);
        daemon.place(Order::Reload);
        assert_eq!(block_on(daemon.next_order()).unwrap(), Order::Stop);
    }
}
