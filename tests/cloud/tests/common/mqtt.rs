//! MQTT packets of a client, built by hand.

use super::Client;
use prost::Message as _;

/// An entry of the password reply, with the claimed id filled in.
pub struct Topic {
    pub name: String,
    pub topic: String,
}

/// A CONNECT whose parts can be bent.
pub struct Connect {
    pub flags: u8,
    pub keep_alive: u16,
    pub properties: Vec<u8>,
    pub client_id: String,
    pub will_properties: Vec<u8>,
    pub will_topic: String,
    pub will: Vec<u8>,
    pub username: String,
    pub password: String,
}

impl Connect {
    pub fn new(client: &Client) -> Self {
        let credentials = client.credentials.clone().unwrap_or_default();
        let text = |name: &str| credentials[name].as_str().unwrap_or_default().to_owned();
        Self {
            flags: 0xd6,
            keep_alive: 60,
            properties: vec![0x22, 0xff, 0xff],
            client_id: text("clientID"),
            will_properties: Vec::new(),
            will_topic: client.topic("agent-connection"),
            will: client.will().encode_to_vec(),
            username: text("username"),
            password: text("password"),
        }
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut body = b"\x00\x04MQTT\x05".to_vec();
        body.push(self.flags);
        body.extend(self.keep_alive.to_be_bytes());
        body.push(self.properties.len() as u8);
        body.extend(&self.properties);
        body.extend(binary(self.client_id.as_bytes()));
        if self.flags & 0x04 != 0 {
            body.push(self.will_properties.len() as u8);
            body.extend(&self.will_properties);
            body.extend(binary(self.will_topic.as_bytes()));
            body.extend(binary(&self.will));
        }
        body.extend(binary(self.username.as_bytes()));
        body.extend(binary(self.password.as_bytes()));
        packet(0x10, &body)
    }
}

pub fn binary(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes(), bytes].concat()
}

pub fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let mut len = body.len();
    while len > 127 {
        bytes.push(len as u8 | 0x80);
        len >>= 7;
    }
    bytes.push(len as u8);
    bytes.extend(body);
    bytes
}

pub fn subscribe(id: u16, filters: &[(&str, u8)]) -> Vec<u8> {
    let mut body = id.to_be_bytes().to_vec();
    body.push(0);
    for (filter, options) in filters {
        body.extend(binary(filter.as_bytes()));
        body.push(*options);
    }
    packet(0x82, &body)
}

pub fn publish(first: u8, topic: &str, id: Option<u16>, alias: Option<u16>, payload: &[u8]) -> Vec<u8> {
    let mut body = binary(topic.as_bytes());
    body.extend(id.map(u16::to_be_bytes).into_iter().flatten());
    match alias {
        Some(alias) => {
            body.extend([3, 0x23]);
            body.extend(alias.to_be_bytes());
        }
        None => body.push(0),
    }
    body.extend(payload);
    packet(first, &body)
}

/// Topic and payload of a QoS 1 publish without properties.
pub fn read_publish(packet: &[u8]) -> (String, Vec<u8>) {
    let at = 1 + packet[1..].iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
    let len = usize::from(u16::from_be_bytes([packet[at], packet[at + 1]]));
    let topic = String::from_utf8(packet[at + 2..at + 2 + len].to_vec()).unwrap();
    let rest = &packet[at + 2 + len..];
    assert_eq!(rest[2], 0, "properties");
    (topic, rest[3..].to_vec())
}
