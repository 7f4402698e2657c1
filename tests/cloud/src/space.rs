//! Spaces, their administrators, claiming tokens and War Rooms, and the nodes claimed into them.

use crate::ident::{Rng, random_text, random_uuid};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Length of a claiming token, as the real ones have it.
const TOKEN_LEN: usize = 135;

/// A Space: where nodes belong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// Its UUID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The administrators, by mail address.
    pub administrators: Vec<String>,
}

/// A War Room of a Space. The first one of every Space holds all its nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// Its UUID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The Space it is in.
    pub space: String,
}

/// A claiming token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The token itself.
    pub token: String,
    /// The Space that nodes are claimed into with it.
    pub space: String,
    /// Until when it can be used, since 1970; for ever if `None`.
    pub expires: Option<Duration>,
    /// Whether it was taken back.
    pub revoked: bool,
}

/// A node instance: the agent's own host, or a child that streams to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// The id that the Cloud gave it.
    pub node_id: String,
    /// The machine GUID that the agent gave it.
    pub machine_guid: String,
    /// Its host name.
    pub hostname: String,
    /// How many streaming hops it is away from the agent.
    pub hops: i32,
}

/// A claimed node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// The id it was claimed under.
    pub claimed_id: String,
    /// The host name of the claim.
    pub hostname: String,
    /// The machine GUID of the claim (`mGUID`), if there was one.
    pub machine_guid: Option<String>,
    /// The Space it belongs to.
    pub space: String,
    /// The War Rooms it is in.
    pub rooms: Vec<String>,
    /// The public key, PEM.
    pub public_key: String,
    /// When it was claimed, since 1970.
    pub claimed_at: Duration,
    /// Whether every further attempt is refused for good.
    pub banned: bool,
    /// What it is made of.
    pub instances: Vec<Instance>,
}

impl Node {
    pub(crate) fn instance(&self, node_id: &str) -> Option<&Instance> {
        self.instances.iter().find(|instance| instance.node_id == node_id)
    }

    pub(crate) fn instance_of(&self, machine_guid: &str) -> Option<&Instance> {
        self.instances.iter().find(|instance| instance.machine_guid == machine_guid)
    }
}

/// Everything that outlives a restart of the Cloud.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The Spaces, oldest first.
    pub spaces: Vec<Space>,
    /// The War Rooms, oldest first.
    pub rooms: Vec<Room>,
    /// The claiming tokens, oldest first.
    pub tokens: Vec<Token>,
    /// The claimed nodes by claimed id.
    pub nodes: BTreeMap<String, Node>,
}

/// Why a token does not open its Space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadToken {
    Unknown,
    Expired,
    Revoked,
}

impl BadToken {
    /// The three messages of ErrForbidden (protocol.md 1.7).
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::Unknown => "token not found",
            Self::Expired => "token expired",
            Self::Revoked => "invalid token",
        }
    }
}

impl State {
    /// One Space with an administrator, a token and two War Rooms.
    pub(crate) fn fresh(rng: &mut Rng) -> Self {
        let mut state = Self::default();
        let space = state.add_space(rng, "Demo Space", "admin@example.com");
        state.add_room(rng, &space, "Room 1");
        state.add_token(rng, &space, None);
        state
    }

    /// A new Space with the room that holds all its nodes. Returns its id.
    pub(crate) fn add_space(&mut self, rng: &mut Rng, name: &str, administrator: &str) -> String {
        let id = random_uuid(rng);
        let administrators = vec![administrator.to_owned()];
        self.spaces.push(Space { id: id.clone(), name: name.to_owned(), administrators });
        self.add_room(rng, &id, "All nodes");
        id
    }

    pub(crate) fn add_room(&mut self, rng: &mut Rng, space: &str, name: &str) -> String {
        let id = random_uuid(rng);
        self.rooms.push(Room { id: id.clone(), name: name.to_owned(), space: space.to_owned() });
        id
    }

    pub(crate) fn add_token(&mut self, rng: &mut Rng, space: &str, expires: Option<Duration>) -> String {
        let token = random_text(rng, TOKEN_LEN);
        self.tokens.push(Token { token: token.clone(), space: space.to_owned(), expires, revoked: false });
        token
    }

    /// The Space that a token opens at `unix_now`.
    pub(crate) fn space_of_token(&self, token: &str, unix_now: Duration) -> Result<&str, BadToken> {
        let found = self.tokens.iter().find(|entry| entry.token == token).ok_or(BadToken::Unknown)?;
        if found.revoked {
            return Err(BadToken::Revoked);
        }
        if found.expires.is_some_and(|end| end <= unix_now) {
            return Err(BadToken::Expired);
        }
        Ok(&found.space)
    }

    /// The rooms that a claim ends up in: those asked for, and always the one that holds all nodes. `None` if one of
    /// them is not a room of the Space.
    pub(crate) fn rooms_for(&self, space: &str, wanted: &[String]) -> Option<Vec<String>> {
        let of_space = self.rooms.iter().filter(|room| room.space == space).map(|room| room.id.as_str());
        let mut rooms: Vec<String> = of_space.clone().take(1).map(str::to_owned).collect();
        for room in wanted {
            let known = of_space.clone().find(|id| id.eq_ignore_ascii_case(room))?;
            if !rooms.iter().any(|have| have == known) {
                rooms.push(known.to_owned());
            }
        }
        Some(rooms)
    }

    pub(crate) fn room_name(&self, id: &str) -> String {
        self.rooms.iter().find(|room| room.id == id).map_or_else(|| id.to_owned(), |room| room.name.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{BadToken, State};
    use crate::ident::Rng;
    use rand_core::SeedableRng;
    use std::time::Duration;

    #[test]
    fn a_token_opens_its_space_until_it_expires_or_is_revoked() {
        let mut rng = Rng::seed_from_u64(1);
        let mut state = State::fresh(&mut rng);
        let space = state.spaces[0].id.clone();
        let token = state.add_token(&mut rng, &space, Some(Duration::from_secs(10)));
        assert_eq!(state.space_of_token(&token, Duration::from_secs(9)), Ok(space.as_str()));
        assert_eq!(state.space_of_token(&token, Duration::from_secs(10)), Err(BadToken::Expired));
        assert_eq!(state.space_of_token("other", Duration::ZERO), Err(BadToken::Unknown));
        state.tokens[1].revoked = true;
        assert_eq!(state.space_of_token(&token, Duration::ZERO), Err(BadToken::Revoked));
    }

    #[test]
    fn a_room_of_another_space_is_no_room_of_this_one() {
        let mut rng = Rng::seed_from_u64(1);
        let mut state = State::fresh(&mut rng);
        let (space, room) = (state.spaces[0].id.clone(), state.rooms[1].id.clone());
        let other = state.add_space(&mut rng, "Other", "o@example.com");
        let (all, foreign) = (state.rooms[0].id.clone(), state.rooms[2].id.clone());
        assert_eq!(state.rooms_for(&space, &[]), Some(vec![all.clone()]));
        assert_eq!(state.rooms_for(&space, &[room.to_uppercase(), all.clone()]), Some(vec![all, room.clone()]));
        assert_eq!(state.rooms_for(&space, &[foreign]), None);
        assert_eq!(state.rooms_for(&other, &[room]), None);
    }

    #[test]
    fn a_token_has_135_characters_that_need_no_escaping() {
        let state = State::fresh(&mut Rng::seed_from_u64(3));
        let token = &state.tokens[0].token;
        assert_eq!(token.len(), 135);
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'), "{token}");
    }
}
