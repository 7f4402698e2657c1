//! Answers that take long: the view of the samples that they are made from is held for as long as they are being sent.

use aclk_core::api::{Answer, Method, Request, respond};
use aclk_core::metrics::{Device, PIN_SECONDS};
use aclk_core::settings::Timing;
use aclk_core::stage::Failure;
use aclk_pair::{GUID, Pair, Setup};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);
/// Everything that the device has of its widest chart: some 200 KiB.
const TARGET: &str = "/api/v1/data?chart=bench.wide&after=-3600";

/// A link that is up, and a history that is full.
fn full() -> Pair {
    // The emulated Cloud counts a packet as a sign of life only when all of it is there (MQTT 5, 3.1.2.10).
    let timing = Timing { keep_alive: HOUR, ..Timing::DEFAULT };
    let mut pair = Pair::new(Setup { timing, ..Setup::default() });
    assert!(pair.run_until(Pair::is_live, 2 * MINUTE), "{:#?}", pair.happened);
    pair.run_for(2 * HOUR);
    catch_up(&mut pair);
    pair
}

fn catch_up(pair: &mut Pair) {
    let now = pair.wall();
    pair.node.device.sample(now);
}

/// An answer beside the link, as a local client gets it.
fn ask(pair: &mut Pair) -> Answer {
    let now = pair.wall();
    respond(&Request::parse(Method::Get, TARGET), &mut pair.node, now)
}

fn rest(mut answer: Answer, pair: &mut Pair) -> Vec<u8> {
    let mut body = vec![0; usize::try_from(answer.len()).unwrap()];
    let len = answer.fill(&mut pair.node, &mut body);
    answer.release(&mut pair.node);
    body.truncate(len);
    body
}

#[test]
fn an_answer_that_takes_ten_minutes_is_the_view_that_it_began_with() {
    let mut pair = full();
    let dropped = pair.node.device.dropped();
    // What is asked arrives within this second: the local answer sees the same samples.
    let answer = ask(&mut pair);
    let frozen = rest(answer, &mut pair);
    let request = format!("GET {TARGET} HTTP/1.1\r\n\r\n");
    let asked = pair.cloud.send_request(pair.now(), GUID, request.as_bytes(), HOUR).expect("the node takes requests");
    pair.set_uplink(Some(frozen.len() as u64 / 600));
    let mut reply = None;
    while reply.is_none() && pair.is_online() {
        pair.run_for(Duration::from_secs(1));
        reply = pair.cloud.take_reply(&asked);
    }
    let reply = reply.expect("the link stays up").expect("an answer");
    assert!(reply.took >= 10 * MINUTE, "{:?}", reply.took);
    assert_eq!((reply.code, reply.body.len()), (200, frozen.len()));
    assert!(reply.body == frozen, "the view has changed meanwhile");
    let deviations: Vec<&str> = pair.cloud.deviations().iter().map(|deviation| deviation.detail.as_str()).collect();
    assert_eq!(deviations, ["keep alive 3600 instead of 60"]);
    assert_eq!(pair.failures(), Vec::<&Failure>::new());

    // Each sample of these ten minutes was dropped and counted, and now there are new ones again.
    let dropped = pair.node.device.dropped() - dropped;
    println!("{} bytes in {:?}, {dropped} samples dropped", reply.body.len(), reply.took);
    assert!(reply.took.as_secs().abs_diff(dropped) <= 15, "{dropped} of {:?}", reply.took);
    catch_up(&mut pair);
    assert_eq!(pair.node.device.samples().range().end, pair.wall().wall.unix_seconds() + 1);
}

#[test]
fn an_answer_that_nobody_goes_on_with_stops_the_samples_for_two_minutes() {
    let mut pair = full();
    let dropped = pair.node.device.dropped();
    let abandoned = ask(&mut pair);
    for _ in 0..10 {
        pair.run_for(MINUTE);
        catch_up(&mut pair);
    }
    // The second that it ends in is taken.
    assert_eq!(pair.node.device.dropped() - dropped, PIN_SECONDS - 1);
    // It is as long as it said, but those ten minutes of it are gone.
    let (len, body) = (abandoned.len(), rest(abandoned, &mut pair));
    let gaps = body.windows(b"null,null".len()).any(|piece| piece == b"null,null");
    assert!(body.len() as u64 == len && gaps, "{} of {len}", body.len());
}
