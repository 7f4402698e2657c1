use super::{End, LOOKS, Signals, TRUST_CHANGED, Wishes};
use crate::clock::HostClock;
use crate::daemon::{Daemon, Order};
use crate::host::block_on;
use crate::journal::Journal;
use crate::live::{self, Live};
use crate::notify::Manager;
use crate::paths::Paths;
use crate::report::log::Log;
use crate::report::output::Output;
use crate::scratch::Scratch;
use crate::settings::{Given, for_link};
use aclk_core::clock::Clock;
use aclk_core::driver::{Command, Control};
use aclk_core::identity::guid::Guid;
use aclk_core::metrics::NoDevice;
use aclk_core::node::Node;
use aclk_core::store::Saved;
use std::cell::RefCell;
use std::fs;
use std::rc::Rc;

const ID: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";

/// A claimed machine, as far as its claim directory says so, whose daemon links.
struct Machine {
    paths: Paths,
    daemon: Rc<Daemon>,
    wishes: Wishes<Output>,
    _scratch: Scratch,
}

impl Machine {
    /// Must be called on the runtime.
    fn linked() -> Self {
        let scratch = Scratch::new();
        let paths = Paths::below(scratch.path());
        fs::create_dir_all(paths.claim_dir()).unwrap();
        for (name, content) in [
            ("claimed_id", ID),
            ("cloud.conf", "[global]\n    cloud base url = https://cloud.example\n"),
            ("private.pem", "a key"),
            ("cloud_fullchain.pem", "an authority"),
        ] {
            fs::write(paths.claim_dir().join(name), content).unwrap();
        }
        let output = Output::of_foreground(&paths).0;
        let live = Live::new(&paths.live(), live::PATIENCE).unwrap();
        let journal = Journal::new(Log::new(output.clone()), live, Manager::from_env());
        let now = || HostClock.now();
        let settings = for_link(Given::default(), Guid::parse(ID).unwrap()).unwrap();
        let node = Node::new(NoDevice::default(), &settings, &Saved::default(), now());
        let daemon = Rc::new(Daemon::new(Rc::new(RefCell::new(node)), now, output));
        let mut wishes = Wishes::new(&paths, journal, daemon.clone(), Signals::listen().unwrap());
        assert!(wishes.begin().unwrap().saved.claimed.is_some());
        Self { paths, daemon, wishes, _scratch: scratch }
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.paths.claim_dir().join(name)).unwrap();
    }
}

/// `rm -rf claim.d`, which is how the documentation unclaims, removes one file after the other.
#[test]
fn half_of_a_change_is_not_taken_for_the_whole() {
    block_on(async {
        for first in ["cloud_fullchain.pem", "cloud.conf", "private.pem"] {
            let mut machine = Machine::linked();
            assert!(!machine.wishes.has_changed(), "nothing was");
            machine.remove(first);
            assert!(!machine.wishes.has_changed(), "{first}: it may go on");
            fs::remove_dir_all(machine.paths.claim_dir()).unwrap();
            assert!(!machine.wishes.has_changed(), "{first}: it went on");
            assert!(machine.wishes.has_changed(), "{first}: and has come to its end");
            // The Cloud is told.
            let command = machine.wishes.look();
            assert!(
                matches!(&command, Some(Command::Reload(saved)) if saved.claimed.is_none()),
                "{first}: {command:?}"
            );
        }
    })
    .unwrap();
}

#[test]
fn a_change_that_stays_is_told_by_the_second_look_and_once() {
    block_on(async {
        let mut machine = Machine::linked();
        machine.remove("cloud_fullchain.pem");
        assert!(!machine.wishes.has_changed() && machine.wishes.has_changed());
        assert!(matches!(machine.wishes.look(), Some(Command::Stop)));
        assert_eq!(machine.wishes.end(), End::Restart(TRUST_CHANGED));
        assert!(!machine.wishes.has_changed() && machine.wishes.look().is_none());
    })
    .unwrap();
}

#[test]
fn what_was_changed_and_is_as_before_was_not_changed() {
    block_on(async {
        let mut machine = Machine::linked();
        let (from, to) = (machine.paths.claim_dir(), machine.paths.claim_dir().with_extension("away"));
        fs::rename(&from, &to).unwrap();
        assert!(!machine.wishes.has_changed());
        fs::rename(&to, &from).unwrap();
        assert!(!machine.wishes.has_changed() && !machine.wishes.has_changed());
    })
    .unwrap();
}

#[test]
fn who_changes_the_files_without_end_is_not_waited_for() {
    block_on(async {
        let mut machine = Machine::linked();
        let trusted = machine.paths.claim_dir().join("trusted.pem");
        let changes = (1..100).find(|len| {
            fs::write(&trusted, "x".repeat(*len)).unwrap();
            machine.wishes.has_changed()
        });
        assert_eq!(changes, Some(LOOKS as usize + 1));
    })
    .unwrap();
}

#[test]
fn nothing_overrules_the_wish_to_end() {
    block_on(async {
        let mut machine = Machine::linked();
        machine.daemon.place(Order::Stop);
        assert!(matches!(machine.wishes.next().await, Command::Stop));
        machine.daemon.place(Order::Reload);
        machine.wishes.begin_anew("this machine is claimed");
        let more = tokio::time::timeout(std::time::Duration::from_millis(50), machine.wishes.next()).await;
        assert!(more.is_err(), "it is told once: {more:?}");
        // A link that ends with a failure meanwhile waits for nothing.
        machine.wishes.wait().await;
        assert_eq!(machine.wishes.end(), End::Stop);
    })
    .unwrap();
}

/// The Cloud is told first that the machine is no longer claimed, and the link ends after that.
#[test]
fn who_unclaims_and_stops_at_once_has_done_both() {
    block_on(async {
        let mut machine = Machine::linked();
        fs::remove_dir_all(machine.paths.claim_dir()).unwrap();
        machine.daemon.place(Order::Stop);
        let first = machine.wishes.next().await;
        assert!(matches!(&first, Command::Reload(saved) if saved.claimed.is_none()), "{first:?}");
        assert!(matches!(machine.wishes.next().await, Command::Stop));
        assert_eq!(machine.wishes.end(), End::Stop);
    })
    .unwrap();
}
