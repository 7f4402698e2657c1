//! HTTP requests over the link: the queue they wait in, and the answers, each as long as it says.

use crate::bench::device;
use crate::input::Steps;
use aclk_core::body::{Bodies, Prepare, Prepared};
use aclk_core::link::queries::{Outcome, Queue, ReplyHead};
use aclk_core::wire::buffer::Writer;
use aclk_core::wire::mqtt::is_topic_name;

/// Longest answer of the small device: its info, its charts, or two minutes of samples.
const LONGEST: u64 = 200_000;

pub(crate) fn run(input: &[u8]) {
    let mut steps = Steps::of(input);
    let maximum = u16::from(steps.byte() % 9);
    let mut queue = Queue::new(vec![0; 2_048]);
    let mut node = device::node();
    let now = device::now(0);
    let mut bodies = Bodies::new();
    while let Some(step) = steps.next(4) {
        match step {
            0 => {
                let packet = Some(steps.number()).filter(|packet| *packet != 0);
                if let Outcome::Lost(why) = queue.receive(steps.bytes(), packet, maximum, now) {
                    assert!(!why.is_empty());
                }
            }
            1 => queue.cancel(&steps.text()),
            2 => queue.clear(),
            _ => {
                let Some(at) = queue.next() else { continue };
                let entry = queue.get(at).expect("it is the next one");
                assert!(is_topic_name(entry.callback) && !entry.msg_id.is_empty(), "{entry:?}");
                let (code, error) = entry.refusal.map_or((200, None), |refusal| refusal.codes());
                let head = ReplyHead { msg_id: entry.msg_id, now_us: 2, session_id: 1, received_us: 1, code, error };
                let mut buffer = [0; 1_024];
                let mut writer = Writer::new(&mut buffer);
                head.write(&mut writer);
                let len = writer.finish().expect("a head is short");
                let envelope: serde_json::Value = serde_json::from_slice(&buffer[..len]).expect("it is JSON");
                assert_eq!(envelope["msg-id"], entry.msg_id, "as it was asked");
                let prepared = bodies.prepare(Prepare::Answer(entry.request), &mut node, now);
                let Prepared::Answer { len, status, .. } = prepared else { panic!("{prepared:?}") };
                assert!(len <= LONGEST && (200..600).contains(&status), "{prepared:?}");
                let mut written = 0;
                loop {
                    let mut piece = vec![0; 1 + usize::from(steps.byte()) * 16];
                    match bodies.fill(&mut node, &mut piece) {
                        0 => break,
                        more => written += more as u64,
                    }
                }
                assert_eq!(written, len, "{:?}", queue.get(at));
                queue.remove(at);
            }
        }
    }
    bodies.release(&mut node);
}
