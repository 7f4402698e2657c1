//! What a connection said, and ways to read it.

use aclk_cloud::Action;

/// Everything that was said on a connection in a step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wire {
    pub bytes: Vec<u8>,
    /// How many pieces the bytes came in.
    pub pieces: usize,
    /// How the connection ended, if it did.
    pub end: Option<Action>,
}

/// A response that keeps to HTTP.
#[derive(Debug, Clone)]
pub struct Http {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Wire {
    pub fn add(&mut self, action: Action) {
        match action {
            Action::Send(bytes) => {
                self.bytes.extend(bytes);
                self.pieces += 1;
            }
            end => self.end = Some(end),
        }
    }

    pub fn join(&mut self, other: Self) {
        self.bytes.extend(other.bytes);
        self.pieces += other.pieces;
        self.end = self.end.take().or(other.end);
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn has(&self, part: impl AsRef<[u8]>) -> bool {
        let part = part.as_ref();
        self.bytes.windows(part.len()).any(|window| window == part)
    }

    /// The response, if it has a head.
    pub fn try_http(&self) -> Option<Http> {
        let at = self.bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&self.bytes[..at + 2]).into_owned();
        let status = head.split(' ').nth(1)?.trim().parse().ok()?;
        Some(Http { status, head, body: self.bytes[at + 4..].to_vec() })
    }

    pub fn http(&self) -> Http {
        self.try_http().unwrap_or_else(|| panic!("not HTTP: {:?}", self.text()))
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.http().body).unwrap_or_else(|error| panic!("{error}: {:?}", self.text()))
    }

    /// The frames: first byte and payload. Panics on anything a client could not read.
    pub fn frames(&self) -> Vec<(u8, Vec<u8>)> {
        let mut frames = Vec::new();
        let mut rest = self.bytes.as_slice();
        while let [first, len, more @ ..] = rest {
            let (len, more) = match len {
                126 => (usize::from(u16::from_be_bytes([more[0], more[1]])), &more[2..]),
                127 => (u64::from_be_bytes(more[..8].try_into().unwrap()) as usize, &more[8..]),
                len => (usize::from(*len), more),
            };
            frames.push((*first, more[..len].to_vec()));
            rest = &more[len..];
        }
        assert!(rest.is_empty(), "half a frame: {rest:02x?}");
        frames
    }

    /// The MQTT packets in whole binary frames, one per frame.
    pub fn packets(&self) -> Vec<Vec<u8>> {
        self.frames().into_iter().filter(|(first, _)| *first == 0x82).map(|(_, payload)| payload).collect()
    }

    /// The codes of the close frames.
    pub fn close_codes(&self) -> Vec<u16> {
        let frames = self.frames().into_iter().filter(|(first, _)| *first == 0x88);
        frames.map(|(_, payload)| u16::from_be_bytes([payload[0], payload[1]])).collect()
    }

    /// Topic and payload of the QoS 1 publishes.
    pub fn publishes(&self) -> Vec<(String, Vec<u8>)> {
        self.packets()
            .iter()
            .filter(|packet| packet[0] == 0x32)
            .map(|packet| super::mqtt::read_publish(packet))
            .collect()
    }
}

/// A frame with any first byte, masked if there is a mask.
pub fn frame(first: u8, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let bit = if mask.is_some() { 0x80 } else { 0 };
    if payload.len() < 126 {
        bytes.push(bit | payload.len() as u8);
    } else if payload.len() < 0x1_0000 {
        bytes.push(bit | 126);
        bytes.extend((payload.len() as u16).to_be_bytes());
    } else {
        bytes.push(bit | 127);
        bytes.extend((payload.len() as u64).to_be_bytes());
    }
    let mask = mask.inspect(|mask| bytes.extend(mask)).unwrap_or_default();
    bytes.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]));
    bytes
}
