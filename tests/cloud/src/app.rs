//! What agents say: the messages behind the MQTT publishes (protocol.md 3.4 and 3.5).

use crate::broker::link::{NodeResult, Out, Session};
use crate::broker::packet::Will;
use crate::cloud::Cloud;
use crate::deviation::{Dialect, rule};
use crate::event::What;
use crate::fault::{CALLBACK, Step};
use crate::ident::{ConnectionId, is_uuid, random_uuid};
use crate::message::{
    Capability, ContextUpdated, ContextsCheckpoint, ContextsSnapshot, ContextsUpdated, CreateNodeInstance,
    CreateNodeInstanceResult, SOURCE_AGENT, SendNodeInstances, UpdateAgentConnection, UpdateNodeCollectors,
    UpdateNodeInfo, UpdateNodeInstanceConnection,
};
use crate::presence::{InstancePresence, LastDisconnect};
use crate::space::Instance;
use prost::Message;

/// What follows from a message: things to say, and the step it completes.
type Reaction = (Vec<Out>, Option<Step>);

/// What every message is checked against.
struct Speaker {
    claim_id: String,
    session_id: i64,
    dialect: Dialect,
}

impl Cloud {
    /// Takes in the payload of a publish.
    pub(crate) fn message(&mut self, id: ConnectionId, topic: &str, payload: &[u8]) -> Reaction {
        let nothing = (Vec::new(), None);
        let Some(session) = self.session(id) else { return nothing };
        let name = session.topics.name(topic).map(str::to_owned);
        let announced = session.announced;
        let speaker =
            Speaker { claim_id: session.claim_id.clone(), session_id: session.session_id, dialect: session.dialect };
        self.presence_of(&speaker.claim_id).messages += 1;
        let Some(name) = name else {
            if topic != CALLBACK && !self.reply(id, &speaker.claim_id, topic, payload) {
                self.deviation(id, rule::TOPICS, format!("published on {topic}, which nobody named"));
            }
            return nothing;
        };
        if !announced && name != "agent-connection" {
            self.deviation(id, rule::FLOW, format!("{name} before UpdateAgentConnection"));
        }
        match name.as_str() {
            "agent-connection" => self.agent_connection(id, &speaker, payload),
            "create-node-instance" => self.create_node(id, &speaker, payload),
            "node-instance-connection" => self.node_connection(id, &speaker, payload),
            "node-instance-info" => self.node_info(id, &speaker, payload),
            "node-instance-collectors" => self.collectors(id, &speaker, payload),
            "contexts-snapshot" => self.contexts_snapshot(id, &speaker, payload),
            "contexts-updated" => self.contexts_updated(id, &speaker, payload),
            "inbox-cmd" | "inbox-cmd-v1" => {
                self.deviation(id, rule::TOPICS, format!("published on {name}, a topic of the Cloud"));
                nothing
            }
            // Alerts and the topics of older protocols are taken in and not looked at.
            _ => nothing,
        }
    }

    /// The will of a link that broke. One of an older session than the current one counts for nothing.
    pub(crate) fn will(&mut self, id: ConnectionId, claim_id: &str, will: &Will) {
        let Ok(message) = UpdateAgentConnection::decode(will.payload.as_slice()) else { return };
        let newer = self.presence_of(claim_id).session_id.is_some_and(|current| current > message.session_id);
        if !newer && !message.reachable {
            self.unreachable(id, claim_id, "the connection broke (will)");
        }
    }

    /// The session of a connection is over.
    pub(crate) fn absent(&mut self, id: ConnectionId, claim_id: &str, why: &str) {
        if self.presence_of(claim_id).connection != Some(id) {
            return;
        }
        self.unreachable(id, claim_id, why);
        let at = self.now;
        let presence = self.presence_of(claim_id);
        presence.connection = None;
        presence.last_disconnect = Some(LastDisconnect { at, why: why.to_owned() });
        self.note(id, Some(claim_id), What::Disconnected { why: why.to_owned() });
        self.abandon_queries(claim_id);
        if std::mem::take(&mut self.presence_of(claim_id).unclaimed) {
            self.forget_node(claim_id);
            self.note(id, Some(claim_id), What::Removed);
        }
    }

    /// The agent is a node no longer: it leaves its War Rooms at once, and is forgotten as soon as its link ends.
    fn unclaimed(&mut self, claim_id: &str) {
        self.presence_of(claim_id).unclaimed = true;
        if let Some(node) = self.state.nodes.get_mut(claim_id) {
            node.rooms.clear();
            self.changes.nodes.insert(claim_id.to_owned());
        }
    }

    /// The agent is gone, and with it every node behind it.
    fn unreachable(&mut self, id: ConnectionId, claim_id: &str, why: &str) {
        let now = self.now;
        let presence = self.presence_of(claim_id);
        presence.reachable_since = None;
        let mut gone = Vec::new();
        for (node_id, instance) in presence.instances.iter_mut().filter(|(_, instance)| instance.live) {
            instance.live = false;
            instance.since = Some(now);
            gone.push(node_id.clone());
        }
        for node_id in gone {
            self.note(id, Some(claim_id), What::Offline { node_id, why: why.to_owned() });
        }
    }

    /// Decodes a message and checks what all messages share.
    fn decode<M: Message + Default>(&mut self, id: ConnectionId, speaker: &Speaker, payload: &[u8]) -> Option<M> {
        match M::decode(payload) {
            Ok(message) => {
                // Unknown fields, and fields that hold their default: the size tells both.
                if speaker.dialect == Dialect::Client && message.encoded_len() != payload.len() {
                    let more = format!("{} bytes, {} in the schema's fields", payload.len(), message.encoded_len());
                    self.deviation(id, rule::SCHEMA, format!("fields outside the schema or default values: {more}"));
                }
                Some(message)
            }
            Err(error) => {
                self.deviation(id, rule::SCHEMA, format!("not a protobuf message of its topic: {error}"));
                None
            }
        }
    }

    fn check(&mut self, id: ConnectionId, good: bool, detail: &str) {
        if !good {
            self.deviation(id, rule::SCHEMA, detail);
        }
    }

    fn check_capabilities(&mut self, id: ConnectionId, speaker: &Speaker, capabilities: &[Capability]) {
        let proto = capabilities.iter().any(|one| one.name == "proto" && one.version == 1 && one.enabled);
        // v1.36 and v1.37 may send none.
        let excused = capabilities.is_empty() && speaker.dialect == Dialect::Agent;
        if !proto && !excused {
            self.deviation(id, rule::CAPABILITIES, "the capability proto, version 1, is missing");
        }
    }

    fn agent_connection(&mut self, id: ConnectionId, speaker: &Speaker, payload: &[u8]) -> Reaction {
        let nothing = (Vec::new(), None);
        let Some(message) = self.decode::<UpdateAgentConnection>(id, speaker, payload) else { return nothing };
        self.check(id, message.claim_id == speaker.claim_id, "UpdateAgentConnection for another claim_id");
        self.check(id, message.session_id == speaker.session_id, "session_id is not that of the will");
        self.check(id, message.update_source == SOURCE_AGENT, "update_source is not AGENT");
        self.check(id, message.updated_at.is_some(), "updated_at is missing");
        let ours = message.mqtt_broker_addr.is_empty() && message.vmq_instance_id == 0;
        self.check(id, ours, "fields of the Cloud's side are set");
        if !message.reachable {
            if let Some(session) = self.session(id) {
                session.farewell = true;
            }
            self.unreachable(id, &speaker.claim_id, "the agent said goodbye");
            return nothing;
        }
        self.check_capabilities(id, speaker, &message.capabilities);
        let now = self.now;
        let presence = self.presence_of(&speaker.claim_id);
        presence.reachable_since.get_or_insert(now);
        presence.session_id = Some(message.session_id);
        presence.capabilities = message.capabilities;
        let Some(session) = self.session(id) else { return nothing };
        if std::mem::replace(&mut session.announced, true) {
            return nothing;
        }
        let topic = session.topics.inbound("SendNodeInstances");
        self.note(id, Some(&speaker.claim_id), What::Reachable { session_id: message.session_id });
        let space_id = self.state.nodes.get(&speaker.claim_id).map(|node| node.space.clone()).unwrap_or_default();
        let send = SendNodeInstances { claim_id: speaker.claim_id.clone(), space_id };
        (vec![Out::Publish { topic, payload: send.encode_to_vec() }], Some(Step::Announce))
    }

    fn create_node(&mut self, id: ConnectionId, speaker: &Speaker, payload: &[u8]) -> Reaction {
        let nothing = (Vec::new(), None);
        let Some(message) = self.decode::<CreateNodeInstance>(id, speaker, payload) else { return nothing };
        self.check(id, message.claim_id == speaker.claim_id, "CreateNodeInstance for another claim_id");
        self.check(id, is_uuid(&message.machine_guid), "machine_guid is not a UUID");
        self.check(id, !message.hostname.is_empty(), "hostname is empty");
        self.check(id, message.hops >= 0, "hops is negative");
        let ours = message.mqtt_broker_addr.is_empty() && message.vmq_instance_id == 0;
        self.check(id, ours, "fields of the Cloud's side are set");
        let node_id = self.node_id_for(&speaker.claim_id, &message);
        let (node_id, machine_guid) = (node_id, message.machine_guid);
        let what = What::NodeCreated { node_id: node_id.clone(), machine_guid: machine_guid.clone() };
        self.note(id, Some(&speaker.claim_id), what);
        let Some(session) = self.session(id) else { return nothing };
        let result = match session.traits.node_result {
            NodeResult::Right => CreateNodeInstanceResult { node_id, machine_guid },
            NodeResult::Nothing => return nothing,
            NodeResult::WrongGuid => CreateNodeInstanceResult { machine_guid: node_id.clone(), node_id },
            NodeResult::Empty => CreateNodeInstanceResult { node_id: String::new(), machine_guid },
        };
        let topic = session.topics.inbound("CreateNodeInstanceResult");
        (vec![Out::Publish { topic, payload: result.encode_to_vec() }], None)
    }

    /// The node id of a machine: the one it has, or a new one.
    fn node_id_for(&mut self, claim_id: &str, message: &CreateNodeInstance) -> String {
        let known = self.state.nodes.get(claim_id).and_then(|node| node.instance_of(&message.machine_guid));
        if let Some(known) = known {
            return known.node_id.clone();
        }
        let node_id = self.script.node_id().unwrap_or_else(|| random_uuid(&mut self.rng));
        if let Some(node) = self.state.nodes.get_mut(claim_id) {
            node.instances.push(Instance {
                node_id: node_id.clone(),
                machine_guid: message.machine_guid.clone(),
                hostname: message.hostname.clone(),
                hops: message.hops,
            });
            self.changes.nodes.insert(claim_id.to_owned());
        }
        node_id
    }

    /// What is known of an instance, if the Cloud gave it its id.
    fn instance(&mut self, id: ConnectionId, speaker: &Speaker, node_id: &str) -> Option<&mut InstancePresence> {
        let known = self.state.nodes.get(&speaker.claim_id).is_some_and(|node| node.instance(node_id).is_some());
        if !known {
            self.deviation(id, rule::FLOW, format!("a message about node {node_id:?}, which the Cloud did not create"));
            return None;
        }
        Some(self.presence_of(&speaker.claim_id).instances.entry(node_id.to_owned()).or_default())
    }

    fn node_connection(&mut self, id: ConnectionId, speaker: &Speaker, payload: &[u8]) -> Reaction {
        let nothing = (Vec::new(), None);
        let Some(message) = self.decode::<UpdateNodeInstanceConnection>(id, speaker, payload) else { return nothing };
        self.check(id, message.claim_id == speaker.claim_id, "UpdateNodeInstanceConnection for another claim_id");
        self.check(id, message.session_id == speaker.session_id, "session_id is not that of the will");
        self.check(id, message.updated_at.is_some(), "updated_at is missing");
        let ours = message.mqtt_broker_addr.is_empty() && message.vmq_instance_id == 0;
        self.check(id, ours, "fields of the Cloud's side are set");
        if message.liveness {
            self.check_capabilities(id, speaker, &message.capabilities);
        }
        let (now, own) = (self.now, message.hops == 0);
        let Some(instance) = self.instance(id, speaker, &message.node_id) else { return nothing };
        let before = std::mem::replace(&mut instance.live, message.liveness);
        instance.queryable = message.queryable;
        instance.capabilities = message.capabilities;
        if before != message.liveness {
            instance.since = Some(now);
            let node_id = message.node_id.clone();
            let what = if message.liveness {
                What::Online { node_id }
            } else {
                What::Offline { node_id, why: "the agent reported it".to_owned() }
            };
            self.note(id, Some(&speaker.claim_id), what);
        }
        if !message.liveness {
            if own && !message.queryable {
                self.unclaimed(&speaker.claim_id);
            }
            return nothing;
        }
        let out = self.ask_for_contexts(id, speaker, &message.node_id);
        let reached = own && self.session(id).is_some_and(|session| !std::mem::replace(&mut session.online, true));
        (out, reached.then_some(Step::Online))
    }

    fn node_info(&mut self, id: ConnectionId, speaker: &Speaker, payload: &[u8]) -> Reaction {
        let nothing = (Vec::new(), None);
        let Some(message) = self.decode::<UpdateNodeInfo>(id, speaker, payload) else { return nothing };
        self.check(id, message.claim_id == speaker.claim_id, "UpdateNodeInfo for another claim_id");
        let session_id = message.session_id;
        self.check(id, session_id == 0 || session_id == speaker.session_id, "session_id is not that of the will");
        self.check(id, message.updated_at.is_some(), "updated_at is missing");
        self.check(id, is_uuid(&message.machine_guid), "machine_guid is not a UUID");
        let Some(data) = message.data else {
            self.check(id, false, "UpdateNodeInfo without data");
            return nothing;
        };
        self.check(id, !data.name.is_empty() && !data.version.is_empty(), "NodeInfo without name or version");
        let what = What::Info { node_id: message.node_id.clone(), version: data.version.clone() };
        let Some(instance) = self.instance(id, speaker, &message.node_id) else { return nothing };
        instance.info = Some(data);
        self.note(id, Some(&speaker.claim_id), what);
        (self.ask_for_contexts(id, speaker, &message.node_id), None)
    }

    /// ContextsCheckpoint, once in a session for every node that is live and has said what it is.
    fn ask_for_contexts(&mut self, id: ConnectionId, speaker: &Speaker, node_id: &str) -> Vec<Out> {
        let presence = self.presence_of(&speaker.claim_id);
        let ready = presence.instances.get(node_id).filter(|instance| instance.live && instance.info.is_some());
        let Some(version_hash) = ready.map(|instance| instance.contexts_version) else { return Vec::new() };
        let wanted = self.config.ask_contexts;
        let Some(session) = self.session(id).filter(|_| wanted) else { return Vec::new() };
        if !session.asked.insert(node_id.to_owned()) {
            return Vec::new();
        }
        let topic = session.topics.inbound("ContextsCheckpoint");
        let (claim_id, node_id) = (speaker.claim_id.clone(), node_id.to_owned());
        let payload = ContextsCheckpoint { claim_id, node_id, version_hash }.encode_to_vec();
        vec![Out::Publish { topic, payload }]
    }

    fn collectors(&mut self, id: ConnectionId, speaker: &Speaker, payload: &[u8]) -> Reaction {
        if let Some(message) = self.decode::<UpdateNodeCollectors>(id, speaker, payload) {
            self.check(id, message.claim_id == speaker.claim_id, "UpdateNodeCollectors for another claim_id");
            if let Some(instance) = self.instance(id, speaker, &message.node_id) {
                instance.collectors = message.collectors;
            }
        }
        (Vec::new(), None)
    }

    fn contexts_snapshot(&mut self, id: ConnectionId, speaker: &Speaker, payload: &[u8]) -> Reaction {
        if let Some(message) = self.decode::<ContextsSnapshot>(id, speaker, payload) {
            self.check(id, message.claim_id == speaker.claim_id, "ContextsSnapshot for another claim_id");
            self.expect_contexts(id, &message.node_id);
            if let Some(instance) = self.instance(id, speaker, &message.node_id) {
                instance.contexts.clear();
            }
            self.contexts(id, speaker, &message.node_id, message.contexts, message.version);
        }
        (Vec::new(), None)
    }

    fn contexts_updated(&mut self, id: ConnectionId, speaker: &Speaker, payload: &[u8]) -> Reaction {
        if let Some(message) = self.decode::<ContextsUpdated>(id, speaker, payload) {
            self.check(id, message.claim_id == speaker.claim_id, "ContextsUpdated for another claim_id");
            self.expect_contexts(id, &message.node_id);
            self.contexts(id, speaker, &message.node_id, message.contexts, message.version_hash);
        }
        (Vec::new(), None)
    }

    /// Contexts come only to a Cloud that asked for them.
    fn expect_contexts(&mut self, id: ConnectionId, node_id: &str) {
        let asked = self.session(id).is_some_and(|session| session.asked.contains(node_id));
        if !asked {
            self.deviation(id, rule::FLOW, "contexts that no ContextsCheckpoint asked for");
        }
    }

    fn contexts(
        &mut self,
        id: ConnectionId,
        speaker: &Speaker,
        node_id: &str,
        contexts: Vec<ContextUpdated>,
        version: u64,
    ) {
        self.check(id, contexts.iter().all(|context| !context.id.is_empty()), "a context without id");
        let Some(instance) = self.instance(id, speaker, node_id) else { return };
        for context in contexts {
            if context.deleted {
                instance.contexts.remove(&context.id);
            } else {
                instance.contexts.insert(context.id.clone(), context);
            }
        }
        instance.contexts_version = version;
        let known = instance.contexts.len();
        let hash = version_hash(instance.contexts.values());
        if speaker.dialect == Dialect::Client && hash != version {
            self.deviation(id, rule::FLOW, format!("context version hash {version}, it should be {hash}"));
        }
        self.note(id, Some(&speaker.claim_id), What::Contexts { known });
    }
}

/// The version hash of contexts (protocol.md 3.4).
fn version_hash<'c>(contexts: impl Iterator<Item = &'c ContextUpdated>) -> u64 {
    contexts
        .fold(0, |sum, one| sum.wrapping_add(one.version).wrapping_add(one.last_entry).wrapping_sub(one.first_entry))
}

impl Session {
    /// Whether requests can be sent to this client.
    pub(crate) fn takes_requests(&self) -> bool {
        self.topics.topic("inbox-cmd").is_some_and(|topic| self.subscriptions.iter().any(|one| one == topic))
    }
}
