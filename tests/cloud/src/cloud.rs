//! The engine: connections in, actions out, and the rules that hold for every connection.

use crate::broker::Link;
use crate::config::{Config, Peer};
use crate::connection::{Action, Connection, Phase};
use crate::deviation::{Deviation, rule};
use crate::event::{Event, Log, What};
use crate::fault::{Certificate, FaultPlan, Step};
use crate::history::{Changes, History, TurnKind};
use crate::http::answer::Then;
use crate::http::{Answer, BadRequest};
use crate::ident::{ConnectionId, Rng};
use crate::presence::Presence;
use crate::query::Queries;
use crate::replay::Script;
use crate::space::{Room, Space, State};
use rand_core::SeedableRng;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// An emulated Netdata Cloud. See the [crate documentation](crate) for how to drive it.
#[derive(Debug)]
pub struct Cloud {
    pub(crate) config: Config,
    pub(crate) rng: Rng,
    pub(crate) now: Duration,
    pub(crate) state: State,
    /// What was not saved yet.
    pub(crate) changes: Changes,
    /// When nodes connected and disconnected.
    pub(crate) history: History,
    pub(crate) log: Log,
    pub(crate) faults: FaultPlan,
    pub(crate) script: Script,
    /// Runtime knowledge of nodes by claimed id.
    pub(crate) presence: BTreeMap<String, Presence>,
    /// Claimed ids by MQTT client id.
    pub(crate) clients: BTreeMap<String, String>,
    pub(crate) queries: Queries,
    /// PINGREQs that were answered.
    pub(crate) heartbeats: u64,
    pub(crate) connections: BTreeMap<ConnectionId, Connection>,
    next_connection: u64,
    /// The connections with output, by the time their first action is due.
    outputs: BTreeSet<(Duration, ConnectionId)>,
    /// The connections with a deadline.
    deadlines: BTreeSet<(Duration, ConnectionId)>,
    /// WebSocket keys seen lately: they have to be random.
    pub(crate) websocket_keys: VecDeque<String>,
    /// Plaintexts of challenges and MQTT passwords, as far as they are remembered.
    secrets: VecDeque<Vec<u8>>,
}

/// How many secrets are remembered.
const SECRETS: usize = 1_000;

impl Cloud {
    /// A Cloud with one Space, one claiming token and two War Rooms, all made from the seed.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let mut rng = Rng::seed_from_u64(config.seed);
        let state = State::fresh(&mut rng);
        Self::with(config, rng, state, Script::default())
    }

    /// A Cloud that remembers `state`. Randomness comes from the seed, so a restarted Cloud needs another seed than the
    /// one before.
    #[must_use]
    pub fn restore(config: Config, state: State) -> Self {
        let mut rng = Rng::seed_from_u64(config.seed);
        let state = if state.spaces.is_empty() { State::fresh(&mut rng) } else { state };
        Self::with(config, rng, state, Script::default())
    }

    pub(crate) fn with(config: Config, rng: Rng, state: State, script: Script) -> Self {
        Self {
            faults: config.faults.clone(),
            config,
            rng,
            now: Duration::ZERO,
            changes: Changes { spaces: true, nodes: state.nodes.keys().cloned().collect(), ..Changes::default() },
            history: History::new(),
            state,
            log: Log::default(),
            script,
            presence: BTreeMap::new(),
            clients: BTreeMap::new(),
            queries: Queries::default(),
            heartbeats: 0,
            connections: BTreeMap::new(),
            next_connection: 1,
            outputs: BTreeSet::new(),
            deadlines: BTreeSet::new(),
            websocket_keys: VecDeque::new(),
            secrets: VecDeque::new(),
        }
    }

    /// A client connected, and begins its TLS handshake: what to show it. Front ends without TLS need not ask.
    pub fn certificate(&mut self, now: Duration) -> Certificate {
        self.advance(now);
        let mut shown = Certificate::Good;
        for strike in self.faults.strike(Step::Tls) {
            self.log.event(self.now, None, None, What::Fault { fault: strike.to_string() });
            shown = strike.certificate().unwrap_or(shown);
        }
        shown
    }

    /// A client connected and finished its TLS handshake.
    pub fn open(&mut self, now: Duration, peer: Peer) -> ConnectionId {
        self.advance(now);
        let id = ConnectionId(self.next_connection);
        self.next_connection += 1;
        self.connections.insert(id, Connection::new(peer));
        self.set_deadline(id, Some(self.now + self.config.limits.request));
        id
    }

    /// Plaintext arrived. What arrives on a connection that has ended is ignored.
    pub fn receive(&mut self, now: Duration, id: ConnectionId, bytes: &[u8]) {
        self.advance(now);
        let Some(connection) = self.connections.get_mut(&id).filter(|connection| !connection.silent) else { return };
        match &mut connection.phase {
            Phase::Http(reader) => {
                reader.push(bytes);
                self.read_requests(id);
            }
            Phase::Link(_) => self.read_frames(id, bytes),
            Phase::Over => {}
        }
    }

    /// The client closed the connection, or it broke.
    pub fn hang_up(&mut self, now: Duration, id: ConnectionId) {
        self.advance(now);
        if self.connections.contains_key(&id) {
            self.link_ended(id, "the connection was closed");
            self.forget(id);
        }
    }

    /// The next action that is due. Call it until it returns `None` after every other call.
    pub fn poll(&mut self, now: Duration) -> Option<(ConnectionId, Action)> {
        self.advance(now);
        let &(due, id) = self.outputs.first().filter(|(due, _)| *due <= self.now)?;
        self.outputs.remove(&(due, id));
        let connection = self.connections.get_mut(&id)?;
        let (_, action) = connection.outbox.pop_front()?;
        if let Some((next, _)) = connection.outbox.front() {
            self.outputs.insert((*next, id));
        }
        if !matches!(action, Action::Send(_)) {
            self.forget(id);
        }
        Some((id, action))
    }

    /// When [`handle_timeout`](Self::handle_timeout) and [`poll`](Self::poll) have to be called next, if ever.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Duration> {
        let first = |set: &BTreeSet<(Duration, ConnectionId)>| set.first().map(|(due, _)| *due);
        [first(&self.outputs), first(&self.deadlines), self.queries.next_timeout()].into_iter().flatten().min()
    }

    /// Does what time demands: ends connections that are too slow or silent, gives up on queries.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.advance(now);
        while let Some(&(due, id)) = self.deadlines.first().filter(|(due, _)| *due <= self.now) {
            self.deadlines.remove(&(due, id));
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.deadline = None;
                match &connection.phase {
                    Phase::Link(_) => self.link_timed_out(id),
                    Phase::Http(_) | Phase::Over => self.end(id, Action::Close),
                }
            }
        }
        self.expire_queries();
    }

    /// The first Space.
    #[must_use]
    pub fn space(&self) -> &Space {
        &self.state.spaces[0]
    }

    /// The first claiming token.
    #[must_use]
    pub fn token(&self) -> &str {
        self.state.tokens.first().map_or("", |token| token.token.as_str())
    }

    /// The War Rooms of the first Space, the one with all nodes first.
    #[must_use]
    pub fn rooms(&self) -> Vec<&Room> {
        self.state.rooms.iter().filter(|room| room.space == self.space().id).collect()
    }

    /// Another Space. Returns its id.
    pub fn add_space(&mut self, name: &str, administrator: &str) -> String {
        self.changes.spaces = true;
        self.state.add_space(&mut self.rng, name, administrator)
    }

    /// Another War Room in a Space. Returns its id.
    pub fn add_room(&mut self, space: &str, name: &str) -> String {
        self.changes.spaces = true;
        self.state.add_room(&mut self.rng, space, name)
    }

    /// Another claiming token for a Space, good until `expires` (since the start of the Cloud), if that is given.
    pub fn add_token(&mut self, space: &str, expires: Option<Duration>) -> String {
        self.changes.spaces = true;
        let expires = expires.map(|end| self.config.unix_start + end);
        self.state.add_token(&mut self.rng, space, expires)
    }

    /// Takes a claiming token back. `false` if there is none like it.
    pub fn revoke_token(&mut self, token: &str) -> bool {
        let found = self.state.tokens.iter_mut().find(|entry| entry.token == token);
        found.map(|entry| entry.revoked = true).inspect(|()| self.changes.spaces = true).is_some()
    }

    /// What clients have to keep to themselves: claiming tokens, plaintexts of challenges, MQTT passwords. A test looks for
    /// them where they must not be.
    #[must_use]
    pub fn secrets(&self) -> Vec<Vec<u8>> {
        let tokens = self.state.tokens.iter().map(|token| token.token.clone().into_bytes());
        tokens.chain(self.secrets.iter().cloned()).collect()
    }

    pub(crate) fn remember_secret(&mut self, secret: &[u8]) {
        if self.secrets.len() == SECRETS {
            self.secrets.pop_front();
        }
        self.secrets.push_back(secret.to_vec());
    }

    /// Everything that has to survive a restart.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Everything that clients did against protocol.md so far.
    #[must_use]
    pub fn deviations(&self) -> &[Deviation] {
        self.log.deviations()
    }

    /// Forgets the deviations so far.
    pub fn clear_deviations(&mut self) {
        self.log.clear_deviations();
    }

    /// What happened since the last call, oldest first.
    pub fn drain_events(&mut self) -> Vec<Event> {
        self.log.drain().collect()
    }

    /// Replaces the fault plan.
    pub fn set_faults(&mut self, plan: FaultPlan) {
        self.faults = plan;
    }

    /// The fault plan.
    pub fn faults_mut(&mut self) -> &mut FaultPlan {
        &mut self.faults
    }

    /// The time of day, since 1970.
    pub(crate) fn unix_now(&self) -> Duration {
        self.config.unix_start + self.now
    }

    /// Time never runs backwards in here.
    fn advance(&mut self, now: Duration) {
        self.now = self.now.max(now);
    }

    pub(crate) fn note(&mut self, id: ConnectionId, node: Option<&str>, what: What) {
        let turn = match &what {
            What::Connected => {
                let address = self.connections.get(&id).and_then(|connection| connection.peer.address);
                Some(TurnKind::Connected { from: address.map(|address| address.to_string()) })
            }
            What::Disconnected { why } => Some(TurnKind::Disconnected { why: why.clone() }),
            _ => None,
        };
        if let Some((node, turn)) = node.zip(turn) {
            self.turn(node, turn);
        }
        self.log.event(self.now, Some(id), node, what);
    }

    pub(crate) fn deviation(&mut self, id: ConnectionId, rule: &'static str, detail: impl Into<String>) {
        self.log.deviation(self.now, id, rule, detail);
    }

    pub(crate) fn deviations_of(&mut self, id: ConnectionId, findings: Vec<(&'static str, String)>) {
        for (rule, detail) in findings {
            self.deviation(id, rule, detail);
        }
    }

    fn read_requests(&mut self, id: ConnectionId) {
        loop {
            let Some(connection) = self.connections.get_mut(&id).filter(|connection| !connection.silent) else {
                return;
            };
            let Phase::Http(reader) = &mut connection.phase else { return };
            match reader.next(&self.config.limits) {
                Ok(None) => return,
                Ok(Some(request)) => self.answer(id, &request),
                Err(error) => return self.refuse(id, &error),
            }
        }
    }

    /// What cannot be read is answered once, and that is the end.
    fn refuse(&mut self, id: ConnectionId, error: &BadRequest) {
        self.deviation(id, rule::HTTPS, error.to_string());
        let (status, reason) = error.status();
        let mut answer = Answer::text(status, reason, &error.to_string());
        answer.then = Then::Close;
        self.deliver(id, &answer);
    }

    /// Sends an answer and starts the wait for what comes next.
    pub(crate) fn deliver(&mut self, id: ConnectionId, answer: &Answer) {
        let bytes = answer.encode();
        let mut due = self.now;
        match answer.drip {
            Some(pause) => {
                for byte in bytes {
                    self.push(id, due, Action::Send(vec![byte]));
                    due += pause;
                }
            }
            None if bytes.is_empty() => {}
            None => self.push(id, due, Action::Send(bytes)),
        }
        self.set_deadline(id, Some(due + self.config.limits.request));
        self.conclude(id, answer.then, due);
    }

    /// What follows the last thing said: at `due`, once that is said.
    pub(crate) fn conclude(&mut self, id: ConnectionId, then: Then, due: Duration) {
        let action = match then {
            Then::KeepOpen => return,
            Then::Close => Action::Close,
            Then::Cut => Action::Cut,
            Then::Abort => Action::Abort,
            Then::Silence => {
                self.set_deadline(id, None);
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.silent = true;
                }
                return;
            }
        };
        self.link_ended(id, "the Cloud closed the connection");
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.phase = Phase::Over;
        }
        self.push(id, due, action);
    }

    /// Ends a connection now, after what is already on its way.
    pub(crate) fn end(&mut self, id: ConnectionId, action: Action) {
        self.link_ended(id, "the Cloud closed the connection");
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let due = connection.outbox.back().map_or(self.now, |(due, _)| *due);
        if matches!(connection.outbox.back(), Some((_, Action::Close | Action::Cut | Action::Abort))) {
            return;
        }
        connection.phase = Phase::Over;
        connection.silent = false;
        self.set_deadline(id, None);
        self.push(id, due, action);
    }

    /// Queues an action, never before those already queued.
    pub(crate) fn push(&mut self, id: ConnectionId, due: Duration, action: Action) {
        let Some(connection) = self.connections.get_mut(&id).filter(|connection| !connection.silent) else { return };
        let due = connection.outbox.back().map_or(due, |(last, _)| due.max(*last));
        if connection.outbox.is_empty() {
            self.outputs.insert((due, id));
        }
        connection.outbox.push_back((due, action));
    }

    pub(crate) fn set_deadline(&mut self, id: ConnectionId, deadline: Option<Duration>) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let before = std::mem::replace(&mut connection.deadline, deadline);
        if before == deadline {
            return;
        }
        if let Some(before) = before {
            self.deadlines.remove(&(before, id));
        }
        if let Some(deadline) = deadline {
            self.deadlines.insert((deadline, id));
        }
    }

    /// Turns a connection into a link and reads what already arrived on it.
    pub(crate) fn upgrade(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let Phase::Http(reader) = &mut connection.phase else { return };
        let rest = reader.take_rest();
        connection.phase = Phase::Link(Box::<Link>::default());
        self.set_deadline(id, Some(self.now + self.config.limits.request));
        if !rest.is_empty() {
            self.deviation(id, rule::UPGRADE, "frames before the answer to the upgrade");
            self.read_frames(id, &rest);
        }
    }

    /// Drops everything that is kept for a connection.
    fn forget(&mut self, id: ConnectionId) {
        self.set_deadline(id, None);
        if let Some(connection) = self.connections.remove(&id)
            && let Some((due, _)) = connection.outbox.front()
        {
            self.outputs.remove(&(*due, id));
        }
    }
}
