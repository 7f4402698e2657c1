//! The claim request: `PUT {url}/api/v1/spaces/nodes/{id}` (protocol.md 1.5 and 1.13).

use crate::identity::guid::Guid;
use crate::settings::Settings;
use crate::text::is_blank;
use crate::wire::buffer::Writer;
use crate::wire::json;
use serde::{Serialize, Serializer};

#[derive(Serialize)]
struct Body<'a> {
    node: Node<'a>,
    token: &'a str,
    rooms: Rooms<'a>,
    #[serde(rename = "publicKey")]
    public_key: &'a str,
    #[serde(rename = "mGUID")]
    machine_guid: &'a str,
}

#[derive(Serialize)]
struct Node<'a> {
    id: &'a str,
    hostname: &'a str,
}

/// A comma separated list.
struct Rooms<'a>(&'a str);

impl Serialize for Rooms<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(rooms(self.0))
    }
}

/// Writes the body of the request: compact JSON, every text in it escaped.
///
/// Rooms are separated by commas; blanks around them and empty ones are dropped.
pub fn write_body(w: &mut Writer<'_>, id: Guid, settings: &Settings, public_pem: &str) {
    let body = Body {
        node: Node { id: &id.text(), hostname: &settings.hostname },
        token: settings.token.expose_str(),
        rooms: Rooms(&settings.rooms),
        public_key: public_pem,
        machine_guid: &settings.machine_guid.text(),
    };
    json::put(w, &body);
}

/// The War Rooms in a comma separated list.
pub fn rooms(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(|room| room.trim_matches(is_blank)).filter(|room| !room.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{rooms, write_body};
    use crate::identity::guid::Guid;
    use crate::secret::Secret;
    use crate::settings::{Limits, Settings, Timing};
    use crate::wire::buffer::Writer;
    use crate::wire::proxy::Exceptions;
    use crate::wire::url::Url;
    use std::vec::Vec;

    fn settings(hostname: &str, token: &str, rooms: &str) -> Settings {
        let guid = Guid::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").unwrap();
        Settings {
            url: Url::parse("https://localhost").unwrap(),
            id: guid,
            machine_guid: guid,
            hostname: hostname.try_into().unwrap(),
            token: Secret::copy_of(token.as_bytes()).unwrap(),
            rooms: rooms.try_into().unwrap(),
            claim_attempts: None,
            proxy: None,
            no_proxy: Exceptions::NONE,
            timing: Timing::DEFAULT,
            limits: Limits::DEVICE,
        }
    }

    #[test]
    fn the_body_is_that_of_the_current_agent() {
        let settings = settings("edge-1", "tok", "r1,r2");
        let mut buffer = [0; 512];
        let mut w = Writer::new(&mut buffer);
        let id = Guid::parse("11111111-2222-4333-8444-555555555555").unwrap();
        write_body(&mut w, id, &settings, "-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n");
        assert_eq!(
            core::str::from_utf8(w.written()).unwrap(),
            concat!(
                r#"{"node":{"id":"11111111-2222-4333-8444-555555555555","hostname":"edge-1"},"token":"tok","#,
                r#""rooms":["r1","r2"],"publicKey":"-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n","#,
                r#""mGUID":"aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"}"#
            )
        );
    }

    #[test]
    fn what_people_type_cannot_break_the_json() {
        let settings = settings("a\"b\\c\n", "t\"}", "r\"1");
        let mut buffer = [0; 512];
        let mut w = Writer::new(&mut buffer);
        write_body(&mut w, settings.id, &settings, "");
        let value: serde_json::Value = serde_json::from_slice(w.written()).unwrap();
        assert_eq!(value["node"]["hostname"], "a\"b\\c\n");
        assert_eq!(value["token"], "t\"}");
        assert_eq!(value["rooms"][0], "r\"1");
    }

    #[test]
    fn blanks_and_empty_rooms_are_dropped() {
        assert_eq!(rooms(" r1 ,, r2,").collect::<Vec<_>>(), ["r1", "r2"]);
        assert_eq!(rooms("").count(), 0);
    }
}
