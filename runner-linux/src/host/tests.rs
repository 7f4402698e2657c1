//! The driver with everything real below it: sockets, TLS, an emulated Cloud on another thread.

use super::{Host, Work, block_on};
use crate::clock::HostClock;
use crate::gzip::Compressing;
use crate::scratch::Scratch;
use crate::settings::{self, Given};
use crate::store::FileStore;
use crate::store::claim_dir::{CLOUD_FULLCHAIN, PRIVATE_PEM};
use crate::wide::Wide;
use aclk_cloud::server::{Options, Running};
use aclk_cloud::{QueryId, Reply};
use aclk_core::clock::Clock;
use aclk_core::driver::{Command, Control, Observer};
use aclk_core::engine::event::{Event, Goal};
use aclk_core::identity::guid::Guid;
use aclk_core::node::{LinkState, Node};
use aclk_core::secret::Secret;
use aclk_core::store::Saved;
use aclk_core::wire::url::Url;
use std::cell::RefCell;
use std::fs;
use std::time::Duration;
use tokio::sync::Notify;

const GUID: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
const TIMEOUT: Duration = Duration::from_secs(60);

/// Says when the node is live.
struct Watch<'n>(&'n Notify);

impl Observer for Watch<'_> {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Live { .. } => self.0.notify_one(),
            Event::Notice(failure) | Event::Offline { failure } | Event::ClaimFailed { failure, .. } => {
                panic!("{failure}");
            }
            _ => {}
        }
    }
}

struct Until<'n>(&'n Notify);

impl Control for Until<'_> {
    async fn next(&mut self) -> Command {
        self.0.notified().await;
        Command::Stop
    }
}

async fn reply(cloud: &Running, query: &QueryId) -> Reply {
    loop {
        if let Some(reply) = cloud.with(|cloud, _| cloud.take_reply(query)) {
            return reply.expect("there is a reply");
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn a_long_answer_is_sent_in_pieces_while_the_cloud_goes_on_talking() {
    let cloud = Running::start(Options::default()).unwrap();
    let scratch = Scratch::create().unwrap();
    let dir = scratch.path().join("claim.d");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join(CLOUD_FULLCHAIN), cloud.ca_pem()).unwrap();
    fs::write(dir.join(PRIVATE_PEM), include_str!("../../../tests/pair/fixtures/private.pem")).unwrap();
    let token = cloud.with(|cloud, _| Secret::copy_of(cloud.token().as_bytes()).unwrap());
    let given = Given { token: Some(token), url: Some(Url::parse(cloud.url()).unwrap()), ..Given::default() };
    let store = FileStore::new(&dir);
    let settings = settings::assemble(given, store.open().unwrap().as_ref(), Guid::parse(GUID).unwrap()).unwrap();
    let mut host = Host::new(store, false).unwrap();
    let now = HostClock.now();
    let node = RefCell::new(Node::new(Compressing::new(Wide::new(now)), &settings, &Saved::default(), now));
    let (live, over) = (Notify::new(), Notify::new());

    let talk = async {
        live.notified().await;
        let ask = |target: &str, headers: &str| {
            let request = format!("GET {target} HTTP/1.1\r\n{headers}\r\n");
            cloud.with(|cloud, now| cloud.send_request(now, GUID, request.as_bytes(), TIMEOUT)).expect("it has a link")
        };
        for _ in 0..3 {
            let target = "/api/v1/data?chart=bench.wide&after=-3600";
            let (long, packed) = (ask(target, ""), ask(target, "Accept-Encoding: gzip\r\n"));
            let short = ask("/api/v1/info", "");
            for _ in 0..20 {
                cloud.with(|cloud, now| cloud.ping(now, GUID, b"still there?")).expect("it has a link");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let long = reply(&cloud, &long).await;
            let packed = reply(&cloud, &packed).await;
            for long in [&long, &packed] {
                assert_eq!(long.code, 200);
                assert!(long.body.len() > 200 << 10 && long.body.ends_with(b"]\n]}"), "{}", long.body.len());
            }
            assert!(!long.head.contains("\r\nContent-Encoding:"), "{}", long.head);
            assert!(packed.head.contains("\r\nContent-Encoding: gzip\r\n"), "{}", packed.head);
            assert_eq!(reply(&cloud, &short).await.code, 200);
        }
        over.notify_one();
    };
    let (mut watch, mut until) = (Watch(&live), Until(&over));
    block_on(async {
        let drive = host.drive(
            Work { goal: Goal::ClaimAndLink, settings, saved: Saved::default() },
            &node,
            &mut watch,
            &mut until,
        );
        let ((), driven) = tokio::join!(talk, drive);
        driven.unwrap();
    })
    .unwrap();
    cloud.with(|cloud, _| assert_eq!(cloud.deviations(), []));
    // Whoever shares the node sees that nobody holds the link any more.
    let link = node.borrow().status.link.clone();
    assert_eq!((link.state, link.connections.count), (LinkState::Offline, 1));
    assert!(link.connections.last_down > link.connections.last_up && link.traffic.acknowledged >= 6, "{link:?}");
    let stored = fs::read_to_string(dir.join("node_id")).unwrap();
    let known = node.borrow().status.link.node.expect("the node has an id");
    assert_eq!(stored, format!("claimed_id = {GUID}\nnode_id = {known}\n"));
}
