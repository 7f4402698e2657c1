//! The connections that frames belong to.

use crate::datagram::Datagram;
use crate::layer::Place;
use crate::limits::Limits;
use crate::packet::{ACK, FIN, Ipv4, RST, SYN, Tcp, Udp};
use crate::ring::Ring;
use crate::secrets::Secrets;
use crate::stream::{Chunk, Half, Run, Side, Verdict};
use crate::talk::{About, Context, Talk};
use crate::tls::KeyLog;
use crate::view::{Connection, Direction, Purpose, Reading, State, Transport, Via};
use core::net::Ipv4Addr;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The two ends of a connection: the device's first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Ends {
    transport: Transport,
    device: (Ipv4Addr, u16),
    peer: (Ipv4Addr, u16),
}

impl Ends {
    fn of(transport: Transport, direction: Direction, ip: &Ipv4, from: u16, to: u16) -> Self {
        let (source, destination) = ((ip.source, from), (ip.destination, to));
        match direction {
            Direction::Out => Self { transport, device: source, peer: destination },
            Direction::In => Self { transport, device: destination, peer: source },
        }
    }
}

/// All that are known.
#[derive(Default)]
pub(crate) struct Connections {
    /// By their numbers.
    known: BTreeMap<u32, Known>,
    /// The newest between two ends.
    newest: HashMap<Ends, u32>,
    next: u32,
}

struct Known {
    ends: Ends,
    about: About,
    state: State,
    first_frame: u64,
    last_frame: u64,
    frames: u64,
    /// Who opened it.
    client: Direction,
    out: Half,
    back: Half,
    talk: Talk,
    /// Payload of datagrams.
    datagrams: [u64; 2],
}

impl Known {
    fn new(ends: Ends, client: Direction, frame: u64) -> Self {
        let about = About {
            purpose: Purpose::Unknown,
            host: String::new(),
            via: Via::None,
            tls: Reading::None,
            calls_device: client == Direction::In,
        };
        let state = if ends.transport == Transport::Udp { State::Open } else { State::Opening };
        Self {
            ends,
            about,
            state,
            first_frame: frame,
            last_frame: frame,
            frames: 0,
            client,
            out: Half::default(),
            back: Half::default(),
            talk: Talk::new(),
            datagrams: [0; 2],
        }
    }

    const fn halves(&mut self, direction: Direction) -> (&mut Half, &mut Half) {
        match direction {
            Direction::Out => (&mut self.out, &mut self.back),
            Direction::In => (&mut self.back, &mut self.out),
        }
    }

    fn held(&self) -> usize {
        let halves = self.out.held().saturating_add(self.back.held());
        self.talk.held().saturating_add(halves)
    }

    fn side(&self, direction: Direction) -> Side {
        if direction == self.client { Side::Client } else { Side::Server }
    }

    fn view(&self, id: u32) -> Connection {
        let [sent, received] = match self.ends.transport {
            Transport::Tcp => [self.out.bytes(), self.back.bytes()],
            Transport::Udp => self.datagrams,
        };
        let end = |(address, port): (Ipv4Addr, u16)| format!("{address}:{port}");
        Connection {
            id,
            transport: self.ends.transport,
            device: end(self.ends.device),
            peer: end(self.ends.peer),
            purpose: self.about.purpose,
            host: self.about.host.clone(),
            proxy: self.about.via,
            tls: self.about.tls,
            state: self.state,
            first_frame: self.first_frame,
            last_frame: self.last_frame,
            frames: self.frames,
            bytes_out: sent,
            bytes_in: received,
        }
    }
}

/// What is beside the table.
pub(crate) struct World<'a> {
    pub(crate) ring: &'a mut Ring,
    pub(crate) keys: &'a KeyLog,
    pub(crate) limits: &'a Limits,
    pub(crate) secrets: &'a mut Secrets,
}

impl World<'_> {
    fn context<'a>(&'a mut self, about: &'a mut About) -> Context<'a> {
        Context { ring: self.ring, keys: self.keys, limits: self.limits, about, secrets: self.secrets }
    }
}

/// A frame on its way into the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival<'a> {
    pub(crate) frame: u64,
    pub(crate) direction: Direction,
    pub(crate) bytes: &'a Arc<[u8]>,
    pub(crate) ip: &'a Ipv4,
}

impl Connections {
    pub(crate) fn clear(&mut self) {
        self.known.clear();
        self.newest.clear();
    }

    pub(crate) fn views(&self) -> impl Iterator<Item = Connection> {
        self.known.iter().map(|(id, known)| known.view(*id))
    }

    pub(crate) fn purpose(&self, id: u32) -> Option<Purpose> {
        self.known.get(&id).map(|known| known.about.purpose)
    }

    /// Bytes that wait for the rest of a message, for a segment, or for a secret.
    pub(crate) fn held(&self) -> usize {
        self.known.values().map(Known::held).sum()
    }

    /// A datagram. Yields the number of its exchange.
    pub(crate) fn udp(&mut self, arrival: Arrival<'_>, datagram: &Udp, what: Option<Datagram>, limits: &Limits) -> u32 {
        let ends = Ends::of(Transport::Udp, arrival.direction, arrival.ip, datagram.from, datagram.to);
        // DHCP: before there is an address, and to everybody. It is one exchange nevertheless.
        let ends = match what {
            Some(Datagram::Dhcp) => {
                Ends { device: (Ipv4Addr::UNSPECIFIED, 68), peer: (Ipv4Addr::BROADCAST, 67), ..ends }
            }
            _ => ends,
        };
        let id =
            self.newest.get(&ends).copied().unwrap_or_else(|| self.add(ends, arrival.direction, arrival.frame, limits));
        if let Some(known) = self.known.get_mut(&id) {
            known.last_frame = arrival.frame;
            known.frames = known.frames.saturating_add(1);
            let [sent, received] = &mut known.datagrams;
            let count = if arrival.direction == Direction::Out { sent } else { received };
            *count = count.saturating_add(datagram.payload.len() as u64);
            known.about.purpose = what.map_or(Purpose::Unknown, Datagram::purpose);
        }
        id
    }

    /// A segment. Yields the number of its connection, and where it is in that.
    pub(crate) fn tcp(&mut self, arrival: Arrival<'_>, segment: &Tcp, world: &mut World<'_>) -> (u32, Place) {
        let ends = Ends::of(Transport::Tcp, arrival.direction, arrival.ip, segment.from, segment.to);
        let opens = segment.has(SYN) && !segment.has(ACK);
        let current =
            self.newest.get(&ends).copied().filter(|id| !opens || self.continues(*id, arrival.direction, segment));
        let client = match (opens, segment.has(SYN), arrival.direction) {
            (true, _, direction) | (_, false, direction) => direction,
            (false, true, Direction::Out) => Direction::In,
            (false, true, Direction::In) => Direction::Out,
        };
        let id = current.unwrap_or_else(|| self.add(ends, client, arrival.frame, world.limits));
        let Some(known) = self.known.get_mut(&id) else { return (id, Place::default()) };
        known.last_frame = arrival.frame;
        known.frames = known.frames.saturating_add(1);
        let place = known.segment(arrival, segment, world);
        self.relieve(world.limits);
        (id, place)
    }

    /// Whether a segment that opens a connection belongs to the one that is known already.
    fn continues(&mut self, id: u32, direction: Direction, segment: &Tcp) -> bool {
        self.known.get_mut(&id).is_some_and(|known| known.halves(direction).0.base() == Some(segment.seq))
    }

    fn add(&mut self, ends: Ends, client: Direction, frame: u64, limits: &Limits) -> u32 {
        while self.known.len() >= limits.connections.max(1) {
            let quietest = self.known.iter().min_by_key(|(_, known)| known.last_frame).map(|(id, _)| *id);
            let Some(old) = quietest.and_then(|id| self.known.remove(&id).map(|known| (id, known.ends))) else { break };
            if self.newest.get(&old.1) == Some(&old.0) {
                self.newest.remove(&old.1);
            }
        }
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        self.known.insert(id, Known::new(ends, client, frame));
        self.newest.insert(ends, id);
        id
    }

    /// There are new secrets.
    pub(crate) fn keys_changed(&mut self, world: &mut World<'_>) {
        for known in self.known.values_mut() {
            known.talk.keys_changed(&mut world.context(&mut known.about));
        }
        self.relieve(world.limits);
    }

    /// Lets the quietest connections go if too much waits.
    fn relieve(&mut self, limits: &Limits) {
        while self.held() > limits.unfinished {
            let waiting = self.known.values_mut().filter(|known| known.held() > 0);
            let Some(quietest) = waiting.min_by_key(|known| known.last_frame) else { return };
            quietest.talk.forget();
            quietest.about.tls = match quietest.about.tls {
                Reading::None => Reading::None,
                _ => Reading::Unreadable,
            };
            quietest.out.forget();
            quietest.back.forget();
        }
    }
}

impl Known {
    fn segment(&mut self, arrival: Arrival<'_>, segment: &Tcp, world: &mut World<'_>) -> Place {
        let side = self.side(arrival.direction);
        let (mut mine, mut theirs) = (Vec::new(), Vec::new());
        let (half, other) = self.halves(arrival.direction);
        let opening = segment.has(SYN).then(|| half.open(segment.seq));
        let seq = segment.seq.wrapping_add(u32::from(segment.has(SYN)));
        let range = segment.payload.clone();
        let chunk = Chunk { frame: arrival.frame, source: 0, root: None, whole: Arc::clone(arrival.bytes), range };
        let verdict = half.segment(seq, chunk, world.limits.early, &mut mine);
        let ends_again = segment.has(FIN) && !half.close(seq, segment.payload.len());
        let missing = if segment.has(ACK) { other.acknowledged(segment.ack, &mut theirs) } else { 0 };
        let place = Place {
            base: half.base(),
            other_base: other.base(),
            retransmission: verdict == Verdict::Again
                || opening == Some(Verdict::Again)
                || (ends_again && verdict == Verdict::Empty),
            out_of_order: verdict == Verdict::Early,
            missing,
        };
        self.state = self.next_state(segment);
        let other_side = if side == Side::Client { Side::Server } else { Side::Client };
        // What the other side has acknowledged came first.
        for (side, runs) in [(other_side, theirs), (side, mine)] {
            for run in runs {
                let mut context = world.context(&mut self.about);
                match run {
                    Run::Bytes(chunk) => self.talk.feed(side, chunk, &mut context),
                    Run::Gap(missing) => self.talk.gap(arrival.frame, missing, &mut context),
                }
            }
        }
        place
    }

    const fn next_state(&self, segment: &Tcp) -> State {
        match self.state {
            _ if segment.has(RST) => State::Reset,
            State::Reset | State::Closed => self.state,
            _ if self.out.has_ended() && self.back.has_ended() => State::Closed,
            _ if self.out.has_ended() || self.back.has_ended() => State::Closing,
            State::Opening if !segment.has(SYN) => State::Open,
            state => state,
        }
    }
}
