//! The whole engine: a hostile Cloud, connections that break, storage and keys that fail, people who interfere, and time.

use crate::bench::device::TOKEN;
use crate::bench::engine::{ANSWER, Bench, Connect, PASSWORD, frame, packet, publish, reply};
use crate::input::Steps;
use aclk_core::engine::event::{Goal, Input, Until};
use aclk_core::stage::{Failure, Stage};
use std::time::Duration;

/// What an attack can do.
const KINDS: u8 = 16;
const GOALS: [Goal; 6] = [
    Goal::Link,
    Goal::ClaimAndLink,
    Goal::Claim,
    Goal::Check(Until::Environment),
    Goal::Check(Until::Upgrade),
    Goal::Check(Until::Online),
];
/// Where the Cloud publishes to.
const INBOUND: [&str; 10] = [
    "inbound/cmd",
    "inbound/v1/cmd/DisconnectReq",
    "inbound/v1/cmd/SendNodeInstances",
    "inbound/v1/cmd/CreateNodeInstanceResult",
    "inbound/v1/cmd/ContextsCheckpoint",
    "inbound/v1/cmd/StopStreamingContexts",
    "inbound/v1/cmd/CancelPendingRequest",
    "inbound/v1/cmd/StartAlarmStreaming",
    "inbound/v1/cmd/Surprise",
    "",
];
const STATUSES: [u16; 12] = [200, 201, 204, 400, 401, 403, 404, 409, 410, 429, 500, 503];
/// How long it goes on when the attack is over: everything that it waits for has ended by then.
const AFTERWARDS: Duration = Duration::from_secs(600);

pub(crate) fn run(input: &[u8]) {
    let has = |secret: &[u8]| input.windows(8).any(|part| secret.windows(8).any(|window| window == part));
    let knows_secrets = has(TOKEN.as_bytes()) || has(PASSWORD.as_bytes()) || has(ANSWER);
    let mut steps = Steps::of(input);
    let goal = GOALS[usize::from(steps.next(6).unwrap_or_default())];
    let is_claimed = !matches!(goal, Goal::Claim | Goal::ClaimAndLink);
    let mut bench = Bench::new(goal, is_claimed, knows_secrets);
    let mut piece = usize::MAX;
    while let Some(step) = steps.next(KINDS) {
        if bench.is_done {
            return;
        }
        match step {
            0 => bench.say(steps.bytes(), piece),
            // As it should be, until nothing is asked any more.
            1 => {
                for _ in 0..16 {
                    let answer = bench.good_answer();
                    if answer.is_empty() {
                        break;
                    }
                    bench.say(&answer, piece);
                }
            }
            // As it should be, but for one byte.
            2 => {
                let (at, byte) = (usize::from(steps.number()), steps.byte());
                let mut answer = bench.good_answer();
                if let Some(place) = answer.len().checked_sub(1).map(|last| at % (last + 1)) {
                    answer[place] = byte;
                }
                bench.say(&answer, piece);
            }
            3 => {
                let status = STATUSES[usize::from(steps.byte()) % STATUSES.len()];
                bench.say(&reply(status, steps.bytes()), piece);
            }
            4 => {
                let opcode = steps.byte() & 0xf;
                bench.say(&frame(opcode, steps.bytes()), piece);
            }
            5 => {
                let first = steps.byte();
                bench.say(&frame(2, &packet(first, steps.bytes())), piece);
            }
            6 => {
                let (topic, id) = (INBOUND[usize::from(steps.byte()) % INBOUND.len()], steps.number());
                let topic = format!("/agent/{}/{topic}", aclk_pair::GUID);
                bench.say(&frame(2, &publish(&topic, id, steps.bytes())), piece);
            }
            // The size of all pieces from now on.
            7 => piece = usize::from(steps.byte()).checked_sub(1).map_or(usize::MAX, |len| len + 1),
            8 => bench.pass_to_next(),
            9 => bench.pass(Duration::from_millis(u64::from(steps.number()) * 10)),
            10 => bench.end(Input::Ended),
            11 => bench.end(Input::Broken(Failure::new(Stage::Tcp, "connection reset by peer"))),
            12 => bench.faults.connect = Some(if steps.byte() & 1 == 0 { Connect::Failed } else { Connect::Refused }),
            13 => match steps.byte() % 3 {
                0 => bench.faults.key = true,
                1 => bench.faults.decrypt = true,
                _ => bench.faults.save = true,
            },
            14 => bench.reload(steps.byte() & 1 == 0),
            _ => bench.tell(Input::Stop),
        }
    }
    bench.pass(AFTERWARDS);
    // Asked to end, it does, whatever the Cloud says or does not say.
    if !bench.is_done {
        bench.tell(Input::Stop);
        bench.pass(AFTERWARDS);
        assert!(bench.is_done, "it does not end");
    }
    assert!(!bench.is_open(), "a connection is left behind");
}
