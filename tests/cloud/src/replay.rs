//! Replaying a recorded session: what would be random comes from the recording instead.
//!
//! A recording is a text of JSON lines, as `fixtures/README.md` describes it. [`Recording::parse`] reads it,
//! [`Cloud::replay`] makes a Cloud that hands out what was handed out then, and [`Recording::play`] feeds it the bytes of
//! the client and compares what it says with the bytes of the recorded server.

mod recording;

pub use recording::{Difference, Line, Recording, RecordingError};

use crate::cloud::Cloud;
use crate::config::Config;
use crate::ident::Rng;
use crate::presence::Credentials;
use crate::space::State;
use crate::topics::Topic;
use rand_core::SeedableRng;
use std::collections::VecDeque;

/// Recorded values, used up one by one before the generator is asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    challenges: VecDeque<(Vec<u8>, String)>,
    credentials: VecDeque<Credentials>,
    node_ids: VecDeque<String>,
    queries: VecDeque<(String, String)>,
}

impl Script {
    /// Plaintext, and ciphertext in base64.
    pub(crate) fn challenge(&mut self) -> Option<(Vec<u8>, String)> {
        self.challenges.pop_front()
    }

    pub(crate) fn credentials(&mut self) -> Option<Credentials> {
        self.credentials.pop_front()
    }

    pub(crate) fn node_id(&mut self) -> Option<String> {
        self.node_ids.pop_front()
    }

    /// `msg-id` and callback topic.
    pub(crate) fn query(&mut self) -> Option<(String, String)> {
        self.queries.pop_front()
    }
}

/// What a recorded server had made up.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    /// The Space, the War Rooms and the tokens that the client was told of.
    pub state: State,
    /// Plaintext of each challenge, and its ciphertext in base64.
    pub challenges: Vec<(Vec<u8>, String)>,
    /// Client id, user name and password of each password reply.
    pub credentials: Vec<(String, String, String)>,
    /// The `topics` of the password reply.
    pub topics: Vec<Topic>,
    /// The `type` of each transport of `/env`.
    pub transports: Vec<String>,
    /// The port in the URLs of `/env`.
    pub listen_port: u16,
    /// Node ids, in the order in which they were created.
    pub node_ids: Vec<String>,
    /// `msg-id` and callback topic of each request, in their order.
    pub queries: Vec<(String, String)>,
}

impl Cloud {
    /// A Cloud that hands out what was recorded. Contexts are asked for only by call, and topics, transports and port are
    /// those of the recording, whatever `config` says.
    #[must_use]
    pub fn replay(config: Config, recorded: Recorded) -> Self {
        let config = Config {
            topics: recorded.topics,
            transports: recorded.transports,
            listen_port: recorded.listen_port,
            ask_contexts: false,
            ..config
        };
        let credentials = recorded.credentials.into_iter();
        let script = Script {
            challenges: recorded.challenges.into(),
            credentials: credentials
                .map(|(client_id, username, password)| Credentials { client_id, username, password })
                .collect(),
            node_ids: recorded.node_ids.into(),
            queries: recorded.queries.into(),
        };
        let rng = Rng::seed_from_u64(config.seed);
        Self::with(config, rng, recorded.state, script)
    }
}
