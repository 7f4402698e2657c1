//! What a Cloud says that is all right, so that an attack gets past the first step.

use super::PASSWORD;
use aclk_core::stage::Purpose;
use aclk_core::wire::websocket::accept_of;

/// A reply with a JSON body.
pub(crate) fn reply(status: u16, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {status} Fuzz\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

/// The reply to a request.
pub(super) fn http(purpose: Purpose, request: &[u8]) -> Vec<u8> {
    match purpose {
        Purpose::Claim => reply(204, b""),
        Purpose::Env => reply(
            200,
            br#"{"authEndpoint":"https://cloud.test/auth","encoding":"proto","capabilities":["proto"],
            "transports":[{"type":"MQTTv5","endpoint":"https://cloud.test/mqtt"}],
            "backoff":{"base":2,"minSeconds":0,"maxSeconds":64}}"#,
        ),
        Purpose::Challenge => reply(200, format!(r#"{{"challenge":"{}=="}}"#, "A".repeat(342)).as_bytes()),
        Purpose::Password => {
            let topics = [
                ("inbox-cmd", "inbound/cmd"),
                ("inbox-cmd-v1", "inbound/v1/cmd/+"),
                ("agent-connection", "outbound/v1/agent-connection"),
                ("create-node-instance", "outbound/v1/node-instance/create"),
                ("node-instance-connection", "outbound/v1/node-instance/connection"),
                ("node-instance-info", "outbound/v1/node-instance/info"),
                ("node-instance-collectors", "outbound/v1/node-instance/collectors"),
                ("contexts-snapshot", "outbound/v1/contexts/snapshot"),
                ("contexts-updated", "outbound/v1/contexts/updated"),
            ];
            let topics =
                topics.map(|(name, topic)| format!(r##"{{"name":"{name}","topic":"/agent/#{{claim_id}}/{topic}"}}"##));
            let topics = topics.join(",");
            let body = format!(r#"{{"clientID":"c","username":"u","password":"{PASSWORD}","topics":[{topics}]}}"#);
            reply(201, body.as_bytes())
        }
        Purpose::Link => {
            let request = String::from_utf8_lossy(request);
            let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap_or_default();
            format!("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: {}\r\n\r\n", accept_of(key)).into_bytes()
        }
    }
}

/// The replies to the MQTT packets in what was heard, which are taken out of it.
pub(super) fn packets(heard: &mut Vec<u8>) -> Vec<u8> {
    let mut replies = Vec::new();
    while let Some((opcode, payload, len)) = unmask(heard) {
        heard.drain(..len);
        if opcode == 9 {
            replies.extend(frame(10, &payload));
        }
        let Some((&kind, body)) = payload.split_first() else { continue };
        let Some(at) = body.iter().position(|byte| byte & 0x80 == 0) else { continue };
        let body = &body[at + 1..];
        match (kind, body) {
            (0x10, _) => replies.extend(frame(2, &packet(0x20, &[0, 0, 0]))),
            (0x82, [high, low, ..]) => replies.extend(frame(2, &packet(0x90, &[*high, *low, 0, 1]))),
            (0x32, [high, low, rest @ ..]) => {
                let topic = usize::from(u16::from_be_bytes([*high, *low]));
                if let Some(id) = rest.get(topic..topic + 2) {
                    replies.extend(frame(2, &packet(0x40, id)));
                }
            }
            (0xc0, _) => replies.extend(frame(2, &packet(0xd0, &[]))),
            _ => {}
        }
    }
    replies
}

/// A frame of a server.
pub(crate) fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        len @ 0..126 => frame.push(len as u8),
        len @ 126..65_536 => {
            frame.push(126);
            frame.extend((len as u16).to_be_bytes());
        }
        len => {
            frame.push(127);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}

/// An MQTT packet with its length.
pub(crate) fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut left = body.len();
    loop {
        let low = (left & 0x7f) as u8;
        left >>= 7;
        packet.push(if left > 0 { low | 0x80 } else { low });
        if left == 0 {
            break;
        }
    }
    packet.extend(body);
    packet
}

/// A PUBLISH, with QoS 1 if it has a number.
pub(crate) fn publish(topic: &str, id: u16, payload: &[u8]) -> Vec<u8> {
    let mut body = (topic.len() as u16).to_be_bytes().to_vec();
    body.extend(topic.as_bytes());
    if id > 0 {
        body.extend(id.to_be_bytes());
    }
    body.push(0);
    body.extend(payload);
    packet(if id > 0 { 0x32 } else { 0x30 }, &body)
}

/// Opcode and payload of the first frame of a client, and the length of that frame.
fn unmask(bytes: &[u8]) -> Option<(u8, Vec<u8>, usize)> {
    let (len, header) = match bytes.get(1)? & 0x7f {
        126 => (usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])), 4),
        127 => (usize::try_from(u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?)).ok()?, 10),
        len => (usize::from(len), 2),
    };
    let mask = bytes.get(header..header + 4)?;
    let payload = bytes.get(header + 4..header + 4 + len)?;
    let payload = payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    Some((bytes.first()? & 0xf, payload, header + 4 + len))
}
