//! Clients of every kind, in virtual time: what they get to read, and that nothing of them stays.

extern crate std;

use super::{Buffers, Holdings, NoPages, PIECE_MIN, Server, Socket, Timing, VIEWS};
use aclk_core::clock::{Clock, Instant, Now, Trust, WallTime};
use aclk_core::encoding::{Encoder, Stream};
use aclk_core::identity::guid::Guid;
use aclk_core::metrics::{ChartInfo, ChartKind, Device, DimensionInfo, Facts, History, PINS, Samples};
use aclk_core::node::Node;
use aclk_core::secret::Secret;
use aclk_core::settings::{Limits, Settings};
use aclk_core::store::Saved;
use aclk_core::wire::proxy::Exceptions;
use aclk_core::wire::url::Url;
use core::cell::{Cell, RefCell};
use core::convert::Infallible;
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use embedded_io_async::{ErrorType, Read, Write};
use proptest::prelude::*;
use std::collections::VecDeque;
use std::string::{String, ToString};
use std::vec::Vec;
use std::{format, vec};

/// Samples that the device holds: enough for an answer of 200 KiB.
const HELD: usize = 12_000;
const NEWEST: u64 = 1_800_000_000;

struct Gauge(History<1, HELD>, Halving);

/// Makes half of everything: enough to see who may compress.
#[derive(Default)]
struct Halving(RefCell<[Option<Vec<u8>>; 2]>);

impl Halving {
    fn with<T>(&self, stream: &Stream, work: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        work(self.0.borrow_mut()[usize::from(stream.number())].as_mut().unwrap())
    }
}

impl Encoder for Halving {
    fn begin(&self) -> Option<Stream> {
        let mut streams = self.0.borrow_mut();
        let number = streams.iter().position(Option::is_none)?;
        streams[number] = Some(Vec::new());
        Some(Stream::new(number as u8))
    }

    fn feed(&self, stream: &Stream, piece: &[u8], _: bool) {
        self.with(stream, |kept| kept.extend(piece.iter().step_by(2)));
    }

    fn take(&self, stream: &Stream, buffer: &mut [u8]) -> usize {
        self.with(stream, |kept| {
            let len = kept.len().min(buffer.len());
            buffer.iter_mut().zip(kept.drain(..len)).for_each(|(to, from)| *to = from);
            len
        })
    }

    fn restart(&self, stream: &Stream) {
        self.with(stream, Vec::clear);
    }

    fn end(&self, stream: Stream) {
        self.0.borrow_mut()[usize::from(stream.number())] = None;
    }
}

impl Gauge {
    fn new() -> Self {
        let mut history = History::new();
        for second in NEWEST - HELD as u64..NEWEST {
            history.push(second, [second as f32]);
        }
        Self(history, Halving::default())
    }
}

impl Device for Gauge {
    fn facts(&self) -> Facts<'_> {
        Facts::default()
    }

    fn charts(&self) -> &[ChartInfo<'_>] {
        &[ChartInfo {
            id: "a.b",
            context: "a.b",
            family: "f",
            title: "T",
            units: "u",
            kind: ChartKind::Line,
            priority: 1,
            plugin: "p",
            module: "m",
            dimensions: &[DimensionInfo { id: "d", name: "d" }],
        }]
    }

    fn samples(&self) -> &dyn Samples {
        &self.0
    }

    fn samples_mut(&mut self) -> &mut dyn Samples {
        &mut self.0
    }

    fn sample(&mut self, _: Now) {}

    fn encoder(&self) -> Option<&dyn Encoder> {
        Some(&self.1)
    }
}

fn node() -> RefCell<Node<Gauge>> {
    let guid = Guid::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").unwrap();
    let settings = Settings {
        url: Url::parse("https://cloud.test").unwrap(),
        proxy: None,
        no_proxy: Exceptions::NONE,
        id: guid,
        machine_guid: guid,
        hostname: "edge".try_into().unwrap(),
        token: Secret::default(),
        rooms: heapless::String::new(),
        claim_attempts: None,
        timing: aclk_core::settings::Timing::DEFAULT,
        limits: Limits::COMPUTER,
    };
    RefCell::new(Node::new(Gauge::new(), &settings, &Saved::default(), Ticks::default().now()))
}

/// Whether every view is free: whoever was served holds none any more.
fn all_views_are_free(node: &RefCell<Node<Gauge>>) -> bool {
    let samples = node.borrow_mut();
    let mut samples = samples;
    let pins: Vec<_> = core::iter::from_fn(|| samples.device.0.pin(0..1)).collect();
    let count = pins.len();
    pins.into_iter().for_each(|pin| samples.device.0.unpin(pin));
    count == PINS
}

/// Virtual time, which moves on when everybody waits.
#[derive(Default)]
struct Ticks {
    us: Cell<u64>,
    wanted: Cell<Option<u64>>,
}

impl Ticks {
    fn want(&self, us: u64) {
        self.wanted.set(Some(self.wanted.get().map_or(us, |wanted| wanted.min(us))));
    }
}

impl Clock for Ticks {
    fn instant(&self) -> Instant {
        Instant::from_micros(self.us.get())
    }

    fn wall(&self) -> WallTime {
        WallTime { unix_us: NEWEST * 1_000_000 + self.us.get(), trust: Trust::Trusted }
    }

    async fn sleep_until(&self, deadline: Instant) {
        poll_fn(|_| {
            if deadline.as_micros() <= self.us.get() {
                return Poll::Ready(());
            }
            self.want(deadline.as_micros());
            Poll::Pending
        })
        .await;
    }
}

/// A client with a plan.
struct Client<'t> {
    ticks: &'t Ticks,
    /// What it says, and when. Nothing more comes behind it but its end, if it ends.
    says: VecDeque<(Duration, Vec<u8>)>,
    /// When it ends its side.
    ends: Option<Duration>,
    /// Bytes it takes in a second; `usize::MAX`: all.
    rate: usize,
    heard: Vec<u8>,
    is_finished: bool,
}

impl<'t> Client<'t> {
    fn saying(ticks: &'t Ticks, text: impl AsRef<[u8]>) -> Self {
        let says = VecDeque::from([(Duration::ZERO, text.as_ref().to_vec())]);
        Self { ticks, says, ends: None, rate: usize::MAX, heard: Vec::new(), is_finished: false }
    }

    fn now(&self) -> Duration {
        Duration::from_micros(self.ticks.us.get())
    }
}

impl ErrorType for Client<'_> {
    type Error = Infallible;
}

impl Read for Client<'_> {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        poll_fn(|_| {
            let now = self.now();
            match self.says.front_mut() {
                Some((at, bytes)) if *at <= now => {
                    let len = bytes.len().min(buffer.len());
                    buffer[..len].copy_from_slice(&bytes[..len]);
                    bytes.drain(..len);
                    if bytes.is_empty() {
                        self.says.pop_front();
                    }
                    Poll::Ready(Ok(len))
                }
                Some((at, _)) => {
                    self.ticks.want(at.as_micros() as u64);
                    Poll::Pending
                }
                None if self.ends.is_some_and(|at| at <= now) => Poll::Ready(Ok(0)),
                None => {
                    self.ends.iter().for_each(|at| self.ticks.want(at.as_micros() as u64));
                    Poll::Pending
                }
            }
        })
        .await
    }
}

impl Write for Client<'_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        poll_fn(|_| {
            let allowed = self.rate.saturating_mul(1 + self.now().as_secs() as usize);
            let len = bytes.len().min(allowed - self.heard.len());
            if len == 0 {
                self.ticks.want((self.now().as_secs() + 1) * 1_000_000);
                return Poll::Pending;
            }
            self.heard.extend(&bytes[..len]);
            Poll::Ready(Ok(len))
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl Socket for Client<'_> {
    async fn finish(&mut self) -> Result<(), Infallible> {
        self.is_finished = true;
        Ok(())
    }
}

/// Polls until it is done, or until nobody waits for anything that could come. Yields when that was.
fn run(ticks: &Ticks, mut work: Pin<&mut impl Future<Output = ()>>) -> Option<Duration> {
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        ticks.wanted.set(None);
        if work.as_mut().poll(&mut cx).is_ready() {
            return Some(Duration::from_micros(ticks.us.get()));
        }
        ticks.us.set(ticks.wanted.get()?.max(ticks.us.get() + 1));
    }
}

/// What a client heard, and when it was let go.
struct Heard {
    bytes: Vec<u8>,
    at: Duration,
    is_finished: bool,
}

fn serve_with(head: usize, plan: impl FnOnce(&mut Client<'_>)) -> Heard {
    let (ticks, node, holdings) = (Ticks::default(), node(), Holdings::new());
    let mut client = Client::saying(&ticks, "");
    client.says.clear();
    plan(&mut client);
    let at = {
        let (mut head, mut piece) = (vec![0; head], vec![0; PIECE_MIN]);
        let server = Server::new(&node, &ticks, &NoPages, Timing::DEFAULT, &holdings);
        let buffers = Buffers { head: &mut head, piece: &mut piece };
        run(&ticks, pin!(server.serve(&mut client, buffers, || true))).expect("it waits for ever")
    };
    assert!(all_views_are_free(&node), "a view was kept");
    Heard { bytes: client.heard, at, is_finished: client.is_finished }
}

fn serve(text: impl AsRef<[u8]>) -> Heard {
    serve_with(1536, |client| {
        client.says.push_back((Duration::ZERO, text.as_ref().to_vec()));
        client.ends = Some(Duration::ZERO);
    })
}

/// A response, taken apart by somebody else's reader.
#[derive(Debug, PartialEq)]
struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Response {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// All of them; `without_bodies` for those to HEAD.
fn responses(mut bytes: &[u8], without_bodies: bool) -> Vec<Response> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut response = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(len) = response.parse(bytes).unwrap() else { panic!("half of a head") };
        assert!(!response.reason.unwrap().is_empty());
        let status = response.code.unwrap();
        let headers: Vec<_> = response
            .headers
            .iter()
            .map(|header| (header.name.to_string(), String::from_utf8(header.value.to_vec()).unwrap()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "Content-Length").unwrap().1.parse::<usize>().unwrap();
        let body = if without_bodies { &[] } else { &bytes[len..len + length] };
        all.push(Response { status, headers, body: String::from_utf8(body.to_vec()).unwrap() });
        bytes = &bytes[len + body.len()..];
    }
    all
}

fn only(text: impl AsRef<[u8]>) -> Response {
    let mut all = responses(&serve(text).bytes, false);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

fn statuses(text: impl AsRef<[u8]>) -> Vec<u16> {
    responses(&serve(text).bytes, false).iter().map(|response| response.status).collect()
}

const H: &str = "Host: x\r\n";

#[test]
fn a_request_is_answered_with_its_exact_length() {
    let response = only(format!("GET /api/v1/info HTTP/1.1\r\n{H}\r\n"));
    assert_eq!((response.status, response.header("Connection")), (200, Some("keep-alive")));
    assert_eq!(response.header("Access-Control-Allow-Origin"), Some("*"));
    assert!(
        response.body.starts_with('{') && response.body.ends_with("\"aclk-available\":false}"),
        "{}",
        response.body
    );
}

#[test]
fn an_answer_is_longer_than_any_buffer() {
    let response = only(format!("GET /api/v1/data?chart=a.b&format=csv&after=-{HELD} HTTP/1.1\r\n{H}\r\n"));
    assert_eq!(response.status, 200);
    assert!(response.body.len() > 200 << 10, "{}", response.body.len());
    assert_eq!(response.body.lines().count(), HELD + 1);
}

#[test]
fn requests_may_follow_each_other_at_once_or_in_pieces() {
    let text =
        format!("GET /api/v1/charts HTTP/1.1\r\n{H}\r\n\r\nGET /no HTTP/1.1\r\n{H}\r\nGET /api/v3/info HTTP/1.0\n\n");
    let whole = serve(&text);
    assert_eq!(statuses(&text), [200, 404, 200]);
    for size in [1, 2, 3, 7] {
        let pieces = serve_with(1536, |client| {
            client.says = text.as_bytes().chunks(size).map(|piece| (Duration::ZERO, piece.to_vec())).collect();
            client.ends = Some(Duration::ZERO);
        });
        assert_eq!(pieces.bytes, whole.bytes, "in pieces of {size}");
    }
}

#[test]
fn a_connection_ends_where_the_client_wants_it_to() {
    for (head, keeps) in [
        (format!("HTTP/1.1\r\n{H}\r\n"), true),
        (format!("HTTP/1.1\r\n{H}Connection: foo, Close\r\n\r\n"), false),
        ("HTTP/1.0\r\n\r\n".to_string(), false),
    ] {
        let text = format!("GET /api/v1/info {head}GET /api/v1/info {head}");
        assert_eq!(statuses(text).len(), if keeps { 2 } else { 1 }, "{head}");
    }
}

#[test]
fn head_is_get_without_the_body() {
    let request = |method: &str| format!("{method} /api/v1/data?chart=a.b HTTP/1.1\r\n{H}\r\n");
    let got = only(request("GET"));
    let head = responses(&serve(request("HEAD")).bytes, true).remove(0);
    assert_eq!((head.status, head.headers, head.body.as_str()), (200, got.headers, ""));
}

#[test]
fn another_origin_may_ask_before_it_asks() {
    let response = only(format!("OPTIONS /api/v1/info HTTP/1.1\r\n{H}Origin: http://a\r\n\r\n"));
    assert_eq!((response.status, response.header("Access-Control-Allow-Methods")), (200, Some("GET, HEAD, OPTIONS")));
    assert_eq!(statuses(format!("OPTIONS * HTTP/1.1\r\n{H}\r\n")), [200]);
}

#[test]
fn what_is_not_done_here_is_said_to_be_so() {
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "get"] {
        let response = only(format!("{method} /api/v1/info HTTP/1.1\r\n{H}\r\n"));
        assert_eq!((response.status, response.header("Allow")), (405, Some("GET, HEAD, OPTIONS")), "{method}");
    }
    // Whatever is in a body is no request.
    let smuggled = "GET /api/v1/info HTTP/1.1\r\nHost: x\r\n\r\n";
    for length in [format!("Content-Length: {}", smuggled.len()), "Transfer-Encoding: chunked".to_string()] {
        assert_eq!(statuses(format!("POST / HTTP/1.1\r\n{H}{length}\r\n\r\n{smuggled}")), [405], "{length}");
        assert_eq!(statuses(format!("GET / HTTP/1.1\r\n{H}{length}\r\n\r\n{smuggled}")), [413], "{length}");
    }
}

#[test]
fn targets_are_paths_or_urls() {
    for (target, status) in [
        ("http://anything:1/api/v1/info", 200),
        ("HTTP://x/api/v1/info?a", 200),
        ("http://x", 404),
        ("/api/v1/info?x#y", 200),
        ("api/v1/info", 400),
        ("*", 400),
        ("https://x/api/v1/info", 400),
        ("//api/v1/info", 404),
        ("/api/v1/../v1/info", 404),
        ("/api/v1/data?chart=%zz", 400),
        ("/api/v1/data?chart=nothing", 404),
    ] {
        assert_eq!(statuses(format!("GET {target} HTTP/1.1\r\n{H}\r\n")), [status], "{target}");
    }
}

#[test]
fn what_could_be_read_in_two_ways_is_refused_and_the_connection_ends() {
    let after = format!("GET /api/v1/info HTTP/1.1\r\n{H}\r\n");
    for (text, status) in [
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n", 413),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999999\r\n\r\n", 413),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400),
        ("GET / HTTP/1.1 x\r\nHost: a\r\n\r\n", 400),
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 400),
        ("\u{16}\u{3}\u{1} TLS", 400),
        ("{\"not\": \"http\"}", 400),
    ] {
        let response = only(format!("{text}{after}"));
        assert_eq!((response.status, response.header("Connection")), (status, Some("close")), "{text:?}");
    }
    assert_eq!(statuses(format!("GET / HTTP/1.1\r\n{H}Content-Length: 0\r\n\r\n{after}")), [404, 200]);
}

#[test]
fn over_a_limit_is_an_answer_with_a_number() {
    let long = "a".repeat(2_000);
    for (text, status) in [
        (format!("GET /{long} HTTP/1.1\r\n{H}\r\n"), 414),
        (format!("GET / HTTP/1.1\r\nX: {long}\r\n{H}\r\n"), 431),
        (format!("GET / HTTP/1.1\r\n{H}{}\r\n", "a:b\r\n".repeat(super::HEADERS_MAX)), 431),
    ] {
        let heard = serve(text);
        let response = responses(&heard.bytes, false).remove(0);
        assert_eq!((response.status, response.header("Connection")), (status, Some("close")));
        assert!(heard.is_finished, "in order, so that it is read");
    }
    assert_eq!(statuses(format!("GET / HTTP/1.1\r\n{H}{}\r\n", "a:b\r\n".repeat(super::HEADERS_MAX - 1))), [404]);
}

#[test]
fn who_says_nothing_is_let_go() {
    let heard = serve_with(1536, |_| {});
    assert_eq!((heard.bytes.len(), heard.at), (0, Timing::DEFAULT.idle + Timing::DEFAULT.linger));
}

#[test]
fn a_request_that_trickles_in_is_given_up() {
    let heard = serve_with(1536, |client| {
        let text = format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(1_000));
        client.says = (1..).map(Duration::from_secs).zip(text.bytes().map(|byte| vec![byte])).collect();
    });
    assert_eq!(responses(&heard.bytes, false)[0].status, 408);
    let first = Duration::from_secs(1);
    assert_eq!(heard.at, first + Timing::DEFAULT.request + Timing::DEFAULT.linger);
}

#[test]
fn empty_lines_buy_no_time() {
    let heard = serve_with(1536, |client| {
        client.says = (1..).map(|number| (Duration::from_secs(4 * number), b"\r\n".to_vec())).take(100).collect();
    });
    assert_eq!(heard.bytes, b"");
    assert_eq!(heard.at, Duration::from_secs(4) + Timing::DEFAULT.request + Timing::DEFAULT.linger);
}

#[test]
fn who_takes_an_answer_too_slowly_loses_it_and_its_view() {
    for (rate, limit) in [(0, Timing::DEFAULT.stall), (100, Timing::DEFAULT.answer)] {
        let heard = serve_with(1536, |client| {
            let text = format!("GET /api/v1/data?chart=a.b&after=-{HELD} HTTP/1.1\r\n{H}\r\n");
            client.says.push_back((Duration::ZERO, text.into_bytes()));
            client.rate = rate;
        });
        assert_eq!((heard.at, heard.is_finished), (limit, false), "{rate} bytes in a second");
    }
}

#[test]
fn who_keeps_talking_after_the_end_is_not_listened_to_for_long() {
    let heard = serve_with(1536, |client| {
        client.says.push_back((Duration::ZERO, b"GET / HTTP/1.0\r\n\r\n".to_vec()));
        let ms = Duration::from_millis;
        client.says.extend((0..100_000).map(|at| (ms(10 * at), b"x".to_vec())));
    });
    assert_eq!((responses(&heard.bytes, false)[0].status, heard.at), (404, Timing::DEFAULT.linger));
}

#[test]
fn a_view_is_left_for_the_link_however_many_ask() {
    let (ticks, node, holdings) = (Ticks::default(), node(), Holdings::new());
    let server = Server::new(&node, &ticks, &NoPages, Timing::DEFAULT, &holdings);
    let text = format!("GET /api/v1/data?chart=a.b&after=-{HELD} HTTP/1.1\r\n{H}Connection: close\r\n\r\n");
    let clients = || Client { rate: 0, ..Client::saying(&ticks, &text) };
    let mut hanging: Vec<_> = (0..VIEWS).map(|_| clients()).collect();
    let mut memory = vec![(vec![0; 1536], vec![0; PIECE_MIN]); VIEWS];
    let mut cx = Context::from_waker(Waker::noop());
    {
        let mut served: Vec<Pin<std::boxed::Box<_>>> = hanging
            .iter_mut()
            .zip(&mut memory)
            .map(|(client, (head, piece))| std::boxed::Box::pin(server.serve(client, Buffers { head, piece }, || true)))
            .collect();
        assert!(served.iter_mut().all(|one| one.as_mut().poll(&mut cx).is_pending()));
        let mut late = Client { ends: Some(Duration::ZERO), ..Client::saying(&ticks, &text) };
        let (mut head, mut piece) = (vec![0; 1536], vec![0; PIECE_MIN]);
        let buffers = Buffers { head: &mut head, piece: &mut piece };
        run(&ticks, pin!(server.serve(&mut late, buffers, || true))).unwrap();
        assert_eq!(responses(&late.heard, false)[0].status, 503);
        let pin = node.borrow_mut().device.0.pin(0..1);
        assert!(pin.is_some(), "the link can answer");
        node.borrow_mut().device.0.unpin(pin.unwrap());
        // Whoever is dropped in the middle holds nothing any more.
    }
    assert!(all_views_are_free(&node));
}

#[test]
fn one_answer_at_a_time_is_compressed_and_an_encoder_is_left_for_the_link() {
    let (ticks, node, holdings) = (Ticks::default(), node(), Holdings::new());
    let server = Server::new(&node, &ticks, &NoPages, Timing::DEFAULT, &holdings);
    let text = format!("GET /api/v1/data?chart=a.b HTTP/1.1\r\n{H}Accept-Encoding: gzip\r\nConnection: close\r\n\r\n");
    let ask = || {
        let mut client = Client { ends: Some(Duration::ZERO), ..Client::saying(&ticks, &text) };
        let (mut head, mut piece) = (vec![0; 1536], vec![0; PIECE_MIN]);
        let buffers = Buffers { head: &mut head, piece: &mut piece };
        run(&ticks, pin!(server.serve(&mut client, buffers, || true))).unwrap();
        responses(&client.heard, false).remove(0)
    };
    let packed = ask();
    assert_eq!((packed.status, packed.header("Content-Encoding")), (200, Some("gzip")));
    {
        let mut hanging = Client { rate: 0, ..Client::saying(&ticks, &text) };
        let (mut head, mut piece) = (vec![0; 1536], vec![0; PIECE_MIN]);
        let mut served = pin!(server.serve(&mut hanging, Buffers { head: &mut head, piece: &mut piece }, || true));
        assert!(served.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let plain = ask();
        assert_eq!((plain.status, plain.header("Content-Encoding")), (200, None));
        assert!(plain.body.len() > packed.body.len());
        let device = &node.borrow().device.1;
        let stream = device.begin().expect("the link can compress");
        device.end(stream);
    }
    assert!(node.borrow().device.1.0.borrow().iter().all(Option::is_none), "given back");
}

#[test]
fn who_is_turned_away_is_told_so() {
    let (ticks, node, holdings) = (Ticks::default(), node(), Holdings::new());
    let server = Server::new(&node, &ticks, &NoPages, Timing::DEFAULT, &holdings);
    let mut client = Client::saying(&ticks, "GET / HTTP/1.1\r\n");
    let at = run(&ticks, pin!(server.turn_away(&mut client, super::BUSY))).unwrap();
    let response = responses(&client.heard, false).remove(0);
    assert_eq!((response.status, response.body.as_str()), (503, "too many connections are open"));
    assert_eq!((at, client.is_finished), (Timing::DEFAULT.linger, true));
}

proptest! {
    #[test]
    fn whatever_is_said_all_that_is_heard_are_responses_and_it_ends(
        words in prop::collection::vec(prop_oneof![
            prop::sample::select(vec![
                "GET ", "HEAD ", "POST ", "OPTIONS ", "/api/v1/info", "/api/v1/data?chart=a.b", "/", "*", "http://", "%", "?", "#",
                " HTTP/1.1\r\n", " HTTP/1.0\r\n", "\r\n", "\n", "\r", ":", " ", "\t", "\0", "Host: x\r\n", "Connection: close\r\n",
                "Content-Length: 5\r\n", "Content-Length: 18446744073709551615\r\n", "Transfer-Encoding: chunked\r\n",
                "GET /api/v1/charts HTTP/1.1\r\nHost: x\r\n\r\n",
            ]).prop_map(|word| word.as_bytes().to_vec()),
            prop::collection::vec(any::<u8>(), 0..9),
        ], 0..40),
        size in 1_usize..50,
        head in 16_usize..600,
        ends in any::<bool>(),
    ) {
        let bytes = words.concat();
        let heard = serve_with(head, |client| {
            client.says = bytes.chunks(size).map(|piece| (Duration::ZERO, piece.to_vec())).collect();
            client.ends = ends.then_some(Duration::ZERO);
        });
        prop_assert!(heard.at <= Duration::from_secs(60));
        // There are bodies or not, as there were GETs or HEADs: only the heads are looked at.
        let mut rest = heard.bytes.as_slice();
        while let Some(at) = rest.windows(9).position(|window| window == b"HTTP/1.1 ") {
            let status = &rest[at + 9..at + 12];
            prop_assert!([200, 400, 404, 405, 408, 413, 414, 431, 505].iter().any(|known: &u16| known.to_string().as_bytes() == status));
            rest = &rest[at + 12..];
        }
    }
}
