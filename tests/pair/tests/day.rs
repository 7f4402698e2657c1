//! A day with all that can happen to a link, again and again: the device comes back each time, never sooner than the rule
//! allows, and in the evening it holds no more than in the morning.

use aclk_cloud::message::DisconnectReq;
use aclk_cloud::{Action, QueryId, Reply};
use aclk_core::metrics::{Device as _, PINS};
use aclk_core::stage::Next;
use aclk_pair::{Done, GUID, HELD, Pair, Pieces, Setup};
use rand_core::{Rng, SeedableRng};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// The rule of protocol.md 2.12, Recommended, for a Cloud that names no other: base 2, at most this many seconds, and up to
/// half of them more.
const CAP: u64 = 1_024;
/// A link that held for so long has proved itself; so has one with three PUBACKs.
const PROVED: Duration = MINUTE;
/// The longest delay there is, jitter included.
const LONGEST_DELAY: Duration = Duration::from_secs(CAP + CAP / 2);
/// Delays that the Cloud asks for. No whole second comes about by chance.
const ASKED: [u64; 2] = [33, 77];

/// Which day it is.
const SEED: u64 = 11;
/// A day on which a farewell cannot be said in time: then nothing takes back the will.
const UNSAID: u64 = 2;
/// Bytes in a second over a slow link.
const SLOW: u64 = 50_000;
/// Over a slow link a failure is told behind what is still being sent, at most a send buffer of 4 KiB. Its delay counts from
/// when it was noticed.
const TELLING: Duration = Duration::from_millis(4_096 * 1_000 / SLOW + 1);

/// A request whose answer of some 200 KiB is still under way when trouble comes.
const LONG: [&[u8]; 2] = [
    b"GET /api/v1/data?chart=bench.wide&after=-3600 HTTP/1.1\r\n\r\n",
    b"GET /api/v1/data?chart=bench.wide&after=-3600 HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n",
];

/// Somebody told the device to begin anew: it may call at once, and counts from the beginning.
struct Kick {
    at: Duration,
    /// How much had happened before.
    after: usize,
}

struct Day {
    pair: Pair,
    dice: chacha20::ChaCha20Rng,
    kicks: Vec<Kick>,
    /// When a link had its third PUBACK.
    proofs: RefCell<BTreeSet<Duration>>,
    /// Of the lives before the last restart.
    reconnects: u32,
    restarts: u32,
    /// The longest outage, and the longest time to come back once nothing was in the way any more.
    longest: Duration,
    longest_after: Duration,
    answered: u32,
    interrupted: u32,
}

impl Day {
    fn begin(seed: u64, uplink: Option<u64>) -> Self {
        let pair = Pair::new(Setup {
            seed,
            jitter: Duration::from_millis(150),
            pieces: Pieces::Random,
            uplink,
            gzip: 1,
            ..Setup::default()
        });
        let mut day = Self {
            pair,
            dice: chacha20::ChaCha20Rng::seed_from_u64(seed),
            kicks: Vec::new(),
            proofs: RefCell::default(),
            reconnects: 0,
            restarts: 0,
            longest: Duration::ZERO,
            longest_after: Duration::ZERO,
            answered: 0,
            interrupted: 0,
        };
        assert!(day.comes_back(MINUTE), "{:#?}", day.pair.happened);
        day
    }

    fn chance(&mut self, below: u64) -> u64 {
        self.dice.next_u64() % below
    }

    fn some(&mut self, most: Duration) -> Duration {
        Duration::from_secs(self.chance(most.as_secs()))
    }

    /// Lets time pass until `condition` holds, at most `limit`.
    fn run_until(&mut self, condition: impl Fn(&Pair) -> bool, limit: Duration) -> bool {
        let proofs = &self.proofs;
        self.pair.run_until(
            |pair| {
                let proved = pair.node.status.link.connections.last_proved;
                proofs.borrow_mut().extend(proved.map(|at| Duration::from_micros(at.as_micros())));
                condition(pair)
            },
            limit,
        )
    }

    fn run_for(&mut self, span: Duration) {
        self.run_until(|_| false, span);
    }

    fn comes_back(&mut self, limit: Duration) -> bool {
        self.run_until(Pair::is_live, limit)
    }

    fn fault(&mut self, fault: &str) {
        self.pair.cloud.faults_mut().add(fault).expect("the fault exists");
    }

    fn kick(&mut self) {
        self.kicks.push(Kick { at: self.pair.now(), after: self.pair.happened.len() });
    }

    fn reload(&mut self) {
        self.kick();
        self.pair.reload();
    }

    fn reboot(&mut self) {
        self.kick();
        self.reconnects += self.pair.node.status.link.connections.reconnects();
        self.restarts += 1;
        self.pair.reboot();
    }

    /// The link breaks without a word.
    fn break_link(&mut self) {
        let how = [Action::Abort, Action::Cut, Action::Close][self.chance(3) as usize].clone();
        // It may be down already.
        let _ = self.pair.cloud.break_link(self.pair.now(), GUID, how);
        self.run_until(|pair| !pair.is_online(), MINUTE);
    }

    /// Waits until the Cloud's ban is known; however long it lasts, only a reload ends it.
    fn stays_away(&mut self) {
        assert!(self.run_until(|pair| !pair.is_online() && is_banned(pair), HOUR), "{:?}", self.pair.happened.last());
        let span = self.some(HOUR / 2);
        self.run_for(span);
        assert!(is_banned(&self.pair) && !self.pair.is_online(), "{:?}", self.pair.happened.last());
    }

    fn ask(&mut self, request: &[u8]) -> Option<QueryId> {
        self.pair.cloud.send_request(self.pair.now(), GUID, request, 30 * SECOND).ok()
    }

    fn reply(&mut self, query: &QueryId) -> Option<Reply> {
        for _ in 0..1_000 {
            if let Some(reply) = self.pair.cloud.take_reply(query) {
                return reply.ok();
            }
            self.run_for(SECOND / 10);
        }
        None
    }

    /// One of all the troubles there are.
    fn trouble(&mut self) {
        match self.chance(12) {
            0 => self.reboot(),
            1 => {
                self.pair.cloud_down();
                let span = self.some(HOUR);
                self.run_for(span);
                self.pair.cloud_up();
            }
            2 => {
                self.pair.cloud_down();
                let span = self.some(2 * MINUTE);
                self.run_for(span);
                self.pair.cloud_up();
            }
            3 => {
                // It is found out when nobody answers the next ping.
                self.fault("no-pingresp@connect*1");
                self.break_link();
            }
            4 => {
                self.fault("disconnect-req-ban@online*1");
                self.break_link();
                self.stays_away();
                self.reload();
            }
            5 => {
                let step = ["env", "challenge", "password"][self.chance(3) as usize];
                self.fault(&format!("err-non-retryable@{step}*1"));
                self.break_link();
                self.stays_away();
                self.reload();
            }
            6 => {
                // Banned by an administrator: not even a reload helps before the ban is lifted.
                self.pair.cloud.ban(self.pair.now(), GUID, true).expect("it is known");
                self.stays_away();
                self.reload();
                self.run_for(MINUTE);
                self.stays_away();
                self.pair.cloud.ban(self.pair.now(), GUID, false).expect("it is known");
                self.stays_away();
                self.reload();
            }
            7 => {
                // The credentials are refused a few times.
                let code = ["connack-0x86", "connack-0x87"][self.chance(2) as usize];
                let times = 1 + self.chance(6);
                self.fault(&format!("{code}@connect*{times}"));
                self.break_link();
            }
            8 => {
                self.fault(&format!("err-retry-delay={}@env*1", ASKED[1]));
                self.break_link();
            }
            9 => {
                let request = DisconnectReq { reconnect_after_seconds: ASKED[0], ..DisconnectReq::default() };
                let _ = self.pair.cloud.disconnect(self.pair.now(), GUID, &request);
                self.run_until(|pair| !pair.is_online(), MINUTE);
            }
            10 => {
                self.fault("reset@online*2");
                self.reload();
            }
            _ => self.break_link(),
        }
        self.run_for(SECOND);
    }

    /// Nothing is left of what was: no message under way, no view held, no stream open, no second lost.
    fn is_empty_handed(&mut self) {
        assert_eq!(self.pair.node.status.link.traffic.pending, 0);
        assert_eq!(self.pair.node.device.packers.under_way(), 0);
        let samples = self.pair.node.device.samples_mut();
        assert!(samples.range().count() <= HELD && samples.capacity() == HELD as u64);
        let pins: Vec<_> = (0..PINS).map_while(|_| samples.pin(0..u64::MAX)).collect();
        assert_eq!(pins.len(), PINS, "at {:?} somebody holds a view", self.pair.now());
        pins.into_iter().for_each(|pin| samples.unpin(pin));
    }

    /// How many of fifty requests at once are answered; the others are refused.
    fn answers_of_fifty(&mut self) -> usize {
        let request = b"GET /api/v1/data?chart=bench.wave HTTP/1.1\r\n\r\n";
        let queries: Vec<_> = (0..50).map(|_| self.ask(request).expect("it has a link")).collect();
        let codes: Vec<u16> = queries.iter().map(|query| self.reply(query).expect("an answer").code).collect();
        assert!(codes.iter().all(|code| matches!(code, 200 | 503)), "{codes:?}");
        codes.iter().filter(|code| **code == 200).count()
    }

    fn pass(&mut self) {
        let end = self.pair.now() + 24 * HOUR;
        while self.pair.now() < end {
            let span = MINUTE + self.some(15 * MINUTE);
            self.run_for(span);
            assert!(self.comes_back(HOUR), "{:?}", self.pair.happened.last());
            let info = self.ask(b"GET /api/v1/info HTTP/1.1\r\n\r\n").expect("it has a link");
            if self.reply(&info).is_some_and(|reply| reply.code == 200) {
                self.answered += 1;
            }
            self.run_for(2 * SECOND);
            if self.pair.is_live() {
                self.is_empty_handed();
            }
            let long = LONG[self.chance(2) as usize];
            let long = self.ask(long);
            self.run_for(SECOND / 2);
            let down = self.pair.now();
            self.trouble();
            let over = self.pair.now();
            assert!(self.comes_back(LONGEST_DELAY + MINUTE), "{:?}", self.pair.happened.last());
            if long.is_some_and(|long| self.reply(&long).is_none()) {
                self.interrupted += 1;
            }
            self.longest = self.longest.max(self.pair.now() - down);
            self.longest_after = self.longest_after.max(self.pair.now() - over);
        }
    }
}

fn is_banned(pair: &Pair) -> bool {
    pair.failures().last().is_some_and(|failure| failure.next == Next::Banned)
}

/// Each attempt comes when it was announced, and what was announced is the rule. Yields the delays of the rule: how many
/// seconds were due, and how long it was.
fn judge(day: &Day, telling: Duration) -> Vec<(u64, Duration)> {
    let (pair, proofs) = (&day.pair, day.proofs.borrow());
    let mut kicks = day.kicks.iter().peekable();
    let mut delays = Vec::new();
    let (mut in_a_row, mut up) = (0_u32, None);
    for (index, happened) in pair.happened.iter().enumerate() {
        while kicks.next_if(|kick| kick.after <= index).is_some() {
            (in_a_row, up) = (0, None);
        }
        let at = happened.at;
        let failure = match &happened.what {
            Done::Online { .. } => {
                up = Some(at);
                continue;
            }
            Done::Offline(failure) => failure,
            Done::ClaimFailed { failure, .. } => panic!("{failure}"),
            _ => continue,
        };
        if up.take().is_some_and(|since| at - since >= PROVED || proofs.range(since..=at).next().is_some()) {
            in_a_row = 0;
        }
        let kick = kicks.peek().map_or(Duration::MAX, |kick| kick.at);
        let next = pair.attempts.iter().map(|(at, _)| *at).find(|next| *next >= at);
        let due = match failure.next {
            Next::Retry(delay) if ASKED.contains(&delay.as_secs()) && delay.subsec_nanos() == 0 => {
                in_a_row = 0;
                at + delay
            }
            Next::Retry(delay) => {
                let seconds = 1_u64.checked_shl(in_a_row).map_or(CAP, |seconds| seconds.min(CAP));
                let least = Duration::from_secs(seconds);
                assert!((least..=least * 3 / 2).contains(&delay), "{failure}: {delay:?} where {least:?} is due");
                in_a_row += 1;
                delays.push((seconds, delay));
                at + delay
            }
            Next::Banned => Duration::MAX,
            Next::Stop => panic!("{failure}"),
        };
        let Some(next) = next else { continue };
        assert!(next + telling >= due.min(kick), "{failure}: at {at:?}, the next attempt at {next:?}, due at {due:?}");
        assert!(kick <= due || next <= due + SECOND, "{failure}: at {at:?}, the next attempt only at {next:?}");
    }
    delays
}

/// Runs a day and judges it.
fn day_of_troubles(seed: u64, uplink: Option<u64>) -> Day {
    let mut day = Day::begin(seed, uplink);
    // Who has claimed needs no token any more.
    let token = day.pair.cloud.token().to_owned();
    assert!(day.pair.cloud.revoke_token(&token));
    day.run_for(MINUTE);
    let morning = day.answers_of_fifty();
    day.pass();
    day.run_for(5 * MINUTE);
    assert!(day.comes_back(HOUR));
    day.run_for(MINUTE);
    let evening = day.answers_of_fifty();
    assert!(morning >= 4 && evening >= 4, "{morning} answers in the morning, {evening} in the evening");
    day.run_for(2 * SECOND);
    day.is_empty_handed();
    assert_eq!(day.pair.cloud.deviations(), []);

    let delays = judge(&day, if uplink.is_some() { TELLING } else { Duration::ZERO });
    let seconds: BTreeSet<u64> = delays.iter().map(|(seconds, _)| *seconds).collect();
    assert_eq!(seconds, (0..=10).map(|power| 1 << power).collect(), "the rule was seen from its beginning to its cap");
    let jitter: Vec<f64> = delays.iter().map(|(seconds, delay)| delay.as_secs_f64() / *seconds as f64 - 1.0).collect();
    assert!(jitter.iter().any(|part| *part < 0.1) && jitter.iter().any(|part| *part > 0.4), "{jitter:?}");

    let reconnects = day.reconnects + day.pair.node.status.link.connections.reconnects();
    let ups = day.pair.happened.iter().filter(|one| matches!(one.what, Done::Online { .. })).count();
    assert_eq!(ups as u32, reconnects + day.restarts + 1, "every link was counted");
    println!(
        "{reconnects} reconnects and {} restarts in a day, longest outage {:?}, {:?} of it behind the trouble at most",
        day.restarts, day.longest, day.longest_after
    );
    println!(
        "{} delays by the rule; {} requests answered, {} interrupted",
        delays.len(),
        day.answered,
        day.interrupted
    );
    assert!(day.answered > 40, "{}", day.answered);
    day
}

#[test]
fn a_day_of_troubles_passes_without_impatience_and_without_growth() {
    day_of_troubles(SEED, None);
}

/// Most troubles come in the middle of an answer that takes seconds.
#[test]
fn a_day_of_troubles_over_a_slow_link_leaves_nothing_of_the_answers_it_interrupts() {
    let day = day_of_troubles(UNSAID, Some(SLOW));
    assert!(day.interrupted > 20, "{}", day.interrupted);
}
