//! A person at a terminal, by script.

use super::{Commands, Desk, LINE_MAX, Wish, console_with};
use crate::flash::FlashError;
use crate::{BoardDevice, Counters, DeviceClock};
use aclk_core::clock::{Clock, Instant, Now, WallTime};
use aclk_core::driver::Observer;
use aclk_core::engine::event::Event;
use aclk_core::identity::guid::Guid;
use aclk_core::identity::key::Progress;
use aclk_core::metrics::Facts;
use aclk_core::node::Node;
use aclk_core::settings::{Limits, Settings, Timing};
use aclk_core::stage::{Failure, Next, ServerSaid, Stage};
use aclk_core::store::Saved;
use aclk_core::text::Text;
use aclk_core::wire::proxy::Exceptions;
use aclk_core::wire::url::Url;
use core::cell::RefCell;
use core::convert::Infallible;
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use embedded_io_async::{ErrorType, Read, Write};
use std::collections::VecDeque;
use std::format;
use std::string::String;
use std::vec::Vec;

/// Both ends of a serial line.
#[derive(Default)]
struct Wire {
    keys: RefCell<VecDeque<u8>>,
    screen: RefCell<Vec<u8>>,
}

impl ErrorType for &Wire {
    type Error = Infallible;
}

impl Read for &Wire {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        poll_fn(|_| {
            let mut keys = self.keys.borrow_mut();
            let len = keys.len().min(buffer.len());
            if len == 0 {
                return Poll::Pending;
            }
            for (slot, key) in buffer.iter_mut().zip(keys.drain(..len)) {
                *slot = key;
            }
            Poll::Ready(Ok(len))
        })
        .await
    }
}

impl Write for &Wire {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.screen.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// A clock that stands still, ten seconds after the start.
struct Still;

impl Clock for Still {
    fn instant(&self) -> Instant {
        Instant::START + Duration::from_secs(10)
    }

    fn wall(&self) -> WallTime {
        WallTime { unix_us: 0, trust: aclk_core::clock::Trust::Floor }
    }

    async fn sleep_until(&self, _: Instant) {}
}

fn settings() -> Settings {
    let id = Guid::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").unwrap();
    Settings {
        url: Url::parse("https://cloud.example").unwrap(),
        id,
        machine_guid: id,
        hostname: "pump-7".try_into().unwrap(),
        token: Default::default(),
        rooms: heapless::String::new(),
        claim_attempts: None,
        proxy: None,
        no_proxy: Exceptions::NONE,
        timing: Timing::DEFAULT,
        limits: Limits::DEVICE,
    }
}

/// Somebody who types, and the application behind the desk.
struct Person<'p> {
    wire: &'p Wire,
    console: Pin<&'p mut dyn Future<Output = ()>>,
}

impl Person<'_> {
    /// Lets the console do what it can, and says what has appeared on the screen since.
    fn look(&mut self) -> String {
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..4 {
            assert!(self.console.as_mut().poll(&mut cx).is_pending(), "the console ended");
        }
        String::from_utf8(self.wire.screen.take()).unwrap()
    }

    fn types(&mut self, keys: &[u8]) -> String {
        self.wire.keys.borrow_mut().extend(keys);
        self.look()
    }
}

/// A console in front of a device that `prepare` has changed.
fn with(
    prepare: impl FnOnce(&mut Node<dyn aclk_core::metrics::Device + '_>),
    run: impl FnOnce(&mut Person<'_>, &Desk),
) {
    with_commands(&mut (), prepare, run);
}

/// The same, of a product with commands of its own.
fn with_commands(
    commands: &mut impl Commands,
    prepare: impl FnOnce(&mut Node<dyn aclk_core::metrics::Device + '_>),
    run: impl FnOnce(&mut Person<'_>, &Desk),
) {
    let (clock, counters, mut samples) = (DeviceClock::new(0), Counters::new(), [0.0; 64]);
    let device = BoardDevice::new(Facts::default(), (), (), &clock, &counters, &mut samples);
    let now = Now { instant: Instant::START, wall: Still.wall() };
    let node = RefCell::new(Node::new(device, &settings(), &Saved::default(), now));
    let node: &RefCell<Node<dyn aclk_core::metrics::Device + '_>> = &node;
    prepare(&mut node.borrow_mut());
    let (wire, desk) = (Wire::default(), Desk::new());
    let console = pin!(console_with(&wire, &wire, &desk, node, &Still, commands));
    let mut person = Person { wire: &wire, console };
    assert_eq!(person.look(), "> ");
    run(&mut person, &desk);
}

fn fresh(run: impl FnOnce(&mut Person<'_>, &Desk)) {
    with(|_| {}, run);
}

#[test]
fn a_claim_is_echoed_without_its_token_and_reaches_the_application() {
    fresh(|person, desk| {
        assert_eq!(
            person.types(b"claim secret-token room-1, https://other.example\r"),
            "claim ************ room-1, https://other.example\r\n"
        );
        let Some(Wish::Claim(order)) = desk.take() else { panic!("nothing was wished") };
        assert_eq!((order.token.expose(), order.rooms.as_str()), (&b"secret-token"[..], "room-1"));
        assert_eq!(order.url.unwrap().as_str(), "https://other.example");
        assert_eq!(person.look(), "", "it waits");
        desk.answer(Ok(()));
        assert_eq!(person.look(), "the order is kept: claiming\r\n> ");
    });
}

#[test]
fn rooms_and_url_may_be_missing() {
    for (line, rooms, url) in [
        ("claim tok\r", "", None),
        ("claim tok a,,b\r", "a,b", None),
        ("claim  tok   other.example\n", "", Some("https://other.example")),
        ("\tclaim tok https://other.example:8443\r\n", "", Some("https://other.example:8443")),
    ] {
        fresh(|person, desk| {
            person.types(line.as_bytes());
            let Some(Wish::Claim(order)) = desk.take() else { panic!("{line:?}") };
            assert_eq!((order.token.expose(), order.rooms.as_str()), (&b"tok"[..], rooms), "{line:?}");
            assert_eq!(order.url.as_ref().map(Url::as_str), url, "{line:?}");
        });
    }
}

#[test]
fn what_cannot_be_meant_is_explained_and_does_nothing() {
    let long_token = format!("claim {}\r", "t".repeat(513));
    let long_rooms = format!("claim t {}\r", "r".repeat(1025));
    let long_line = format!("claim {}\r", "t".repeat(LINE_MAX));
    for (line, answer) in [
        (&b"claim\r"[..], "a token is missing, as in: claim TOKEN"),
        (b"claim tok a https://c.example more\r", "there is more on the line than the command takes: try \"help\""),
        (b"status now\r", "there is more on the line than the command takes: try \"help\""),
        (b"rm -rf\r", "unknown command: try \"help\""),
        (b"claim tok http://c.example\r", "the URL: "),
        (b"claim \xff\xfe\r", "the line is not text in UTF-8"),
        (long_token.as_bytes(), "the token is longer than 512 bytes"),
        (long_rooms.as_bytes(), "the rooms are longer than 1024 bytes"),
        (long_line.as_bytes(), "the line is longer than 1840 bytes: nothing was done"),
    ] {
        fresh(|person, desk| {
            person.wire.keys.borrow_mut().extend(line);
            let mut cx = Context::from_waker(Waker::noop());
            assert!(person.console.as_mut().poll(&mut cx).is_pending());
            let seen = person.wire.screen.take();
            let seen = String::from_utf8_lossy(&seen).into_owned();
            let (_, seen) = seen.split_once("\r\n").unwrap();
            assert!(seen.starts_with(answer), "{seen}");
            assert!(seen.ends_with("\r\n> "), "{seen}");
            assert!(desk.take().is_none(), "{answer}");
            assert_eq!(person.types(b"help\r").lines().count(), 7, "it goes on");
        });
    }
}

#[test]
fn a_line_can_be_mended_and_given_up() {
    fresh(|person, desk| {
        assert_eq!(
            person.types("claim tök\x7f\x7fokx\x08en\r".as_bytes()),
            "claim ***\x08 \x08\x08 \x08***\x08 \x08**\r\n"
        );
        let Some(Wish::Claim(order)) = desk.take() else { panic!("nothing was wished") };
        assert_eq!(order.token.expose(), b"token");
        desk.answer(Ok(()));
        person.look();
        assert_eq!(person.types(b"\x7f"), "", "there is nothing to take back");
        assert_eq!(person.types(b"unclaim\x03"), "unclaim^C\r\n> ");
        assert_eq!(person.types(b"\x1b[A\x1bOP\x1b[1;5Cstat\x01us\x1b[3~"), "status", "keys that mean nothing here");
        assert!(person.types(b"\r\n").starts_with("\r\nhost name  pump-7\r\n"));
        assert_eq!(person.types(b"\r\n\n"), "\r\n> \r\n> ", "CR LF is one end of a line");
        assert!(desk.take().is_none());
    });
}

#[test]
fn news_come_between_and_the_line_is_shown_again() {
    fresh(|person, mut desk| {
        assert_eq!(person.types(b"claim sec"), "claim ***");
        desk.event(&Event::Live { node: None });
        assert_eq!(person.look(), "\r\x1b[Klive\r\n> claim ***");
        let failure = Failure::new(Stage::Tls, "certificate has expired")
            .said(ServerSaid { status: 503, key: Text::of("ErrBusy"), ..ServerSaid::default() })
            .hint("set the clock")
            .then(Next::Retry(Duration::from_secs(4)));
        desk.event(&Event::Offline { failure: &failure });
        assert_eq!(
            person.look(),
            "\r\x1b[Koffline: tls: certificate has expired (retry in 4 s)\r\n> claim ***\
             \r\x1b[K  the Cloud said: HTTP status 503, errorMsgKey \"ErrBusy\"\r\n> claim ***\
             \r\x1b[K  hint: set the clock\r\n> claim ***"
        );
        person.types(b"ret\r");
        assert!(matches!(desk.take(), Some(Wish::Claim(order)) if order.token.expose() == b"secret"));
    });
}

#[test]
fn news_that_nobody_reads_are_counted_and_never_fill_the_memory() {
    fresh(|person, desk| {
        // Five of 200 bytes have room.
        for number in 0..20 {
            desk.say(format_args!("line {number:>195}"));
        }
        let seen = person.look();
        assert!(
            seen.contains("(15 lines were lost)") && seen.contains(" 15\r\n") && seen.contains(" 19\r\n"),
            "{seen}"
        );
        assert!(!seen.contains(" 14\r\n"), "{seen}");
    });
    // With what ends them these leave room for the longest line, but not for its end.
    fresh(|person, desk| {
        for number in 1..=3 {
            desk.say(format_args!("{number:>253}"));
        }
        desk.say("short");
        desk.say("x".repeat(900));
        desk.say("behind");
        let seen = person.look();
        let longest = format!("{}…\r\n", "x".repeat(253));
        for line in ["(1 lines were lost)\r\n", " 2\r\n", "short\r\n", &longest, "\x1b[Kbehind\r\n"] {
            assert!(seen.contains(line), "{line}: {seen}");
        }
        assert!(!seen.contains(" 1\r\n"), "{seen}");
    });
    // What a server says cannot end a line.
    fresh(|person, desk| {
        desk.say("one\ntwo");
        assert_eq!(person.look(), "\r\x1b[Kone\\u{a}two\r\n> ");
    });
}

#[test]
fn the_search_for_a_key_is_told_in_steps() {
    fresh(|person, mut desk| {
        let mut progress = Progress::default();
        for candidates in 1..=700 {
            progress = Progress { candidates, primes: (candidates / 400) as u8, done: candidates == 700 };
            desk.key_progress(progress);
            // The console reads as fast as it can.
            person.look();
        }
        assert!(progress.done);
        desk.key_progress(Progress { candidates: 5, primes: 0, done: false });
        assert!(person.look().contains("key: 0 of 2 primes found, 5 candidates tried"), "another search");
    });
    fresh(|person, mut desk| {
        desk.key_progress(Progress { candidates: 1, primes: 0, done: false });
        assert_eq!(person.look(), "", "a search that has only begun is not told");
        desk.key_progress(Progress { candidates: 101, primes: 0, done: false });
        desk.key_progress(Progress { candidates: 102, primes: 1, done: false });
        desk.key_progress(Progress { candidates: 103, primes: 1, done: false });
        desk.key_progress(Progress { candidates: 104, primes: 2, done: true });
        let seen = person.look();
        assert_eq!(seen.matches("key: ").count(), 3, "{seen}");
        assert!(seen.contains("key: 2 of 2 primes found, 104 candidates tried"), "{seen}");
    });
}

#[test]
fn status_says_stage_cause_and_hint() {
    let claimed = Guid::parse("11111111-2222-4333-8444-555555555555").unwrap();
    let now = Now { instant: Instant::START + Duration::from_secs(2), wall: Still.wall() };
    fresh(|person, _| {
        let seen = person.types(b"status\r");
        assert!(seen.contains("claimed    no\r\n") && seen.contains("link       none: the device is not claimed\r\n"));
    });
    let offline = |node: &mut Node<dyn aclk_core::metrics::Device + '_>| {
        node.status.on_claimed(claimed, now);
        let failure = Failure::new(Stage::Dns, "cloud.example: no such host").hint("look at the network");
        node.status.on_failure(&failure.then(Next::Retry(Duration::from_secs(9))), now);
    };
    with(offline, |person, _| {
        let seen = person.types(b"status\r");
        assert!(seen.contains("claimed    as 11111111-2222-4333-8444-555555555555\r\n"), "{seen}");
        assert!(seen.contains("link       offline: dns: cloud.example: no such host (retry in 9 s)\r\n"), "{seen}");
        assert!(seen.contains("hint       look at the network\r\n"), "{seen}");
    });
    let online = |node: &mut Node<dyn aclk_core::metrics::Device + '_>| {
        node.status.on_claimed(claimed, now);
        node.status.on_online(now);
    };
    with(online, |person, desk| {
        assert!(person.types(b"status\r").contains("link       online for 8 s\r\n"));
        let refusal = "already claimed as 11111111-2222-4333-8444-555555555555: \"unclaim\" first\r\n> ";
        assert!(person.types(b"claim another\r").ends_with(refusal));
        assert!(desk.take().is_none());
    });
}

#[test]
fn unclaim_and_reboot_reach_the_application_and_the_flash_may_refuse() {
    fresh(|person, desk| {
        assert_eq!(person.types(b"unclaim\r"), "unclaim\r\n");
        assert!(matches!(desk.take(), Some(Wish::Unclaim)));
        desk.answer(Err(FlashError::Worn));
        assert_eq!(person.look(), "storage: the flash did not keep what was written: it is worn out\r\n> ");
        assert_eq!(person.types(b"reboot\r"), "reboot\r\nrebooting\r\n");
        assert!(matches!(desk.take(), Some(Wish::Reboot)));
    });
}

/// A product that has a lamp.
#[derive(Default)]
struct Lamp {
    is_on: bool,
}

impl Commands for Lamp {
    const HELP: &'static [&'static str] = &["lamp  turn the lamp on or off"];

    fn obey(&mut self, line: &str, desk: &Desk) -> bool {
        // Nobody can take a command away that every device has.
        let is_known = matches!(line, "lamp" | "status");
        if is_known {
            self.is_on = !self.is_on;
            desk.say(if self.is_on { "the lamp is on" } else { "the lamp is off" });
        }
        is_known
    }
}

#[test]
fn a_product_has_commands_of_its_own_behind_those_of_everybody() {
    let mut lamp = Lamp::default();
    with_commands(
        &mut lamp,
        |_| {},
        |person, _| {
            assert!(person.types(b"  lamp \r").contains("the lamp is on"));
            assert!(person.types(b"lamp now\r").contains("unknown command"));
            let status = person.types(b"status\r");
            assert!(status.contains("pump-7") && !status.contains("lamp"), "{status}");
            let help = person.types(b"help\r");
            assert!(help.contains("claim TOKEN") && help.ends_with("lamp  turn the lamp on or off\r\n> "), "{help}");
        },
    );
    assert!(lamp.is_on);
}
