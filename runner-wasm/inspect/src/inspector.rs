//! The inspector itself.

use crate::connections::{Arrival, Connections, World};
use crate::datagram::Datagram;
use crate::dissect;
use crate::export;
use crate::limits::Limits;
use crate::packet::{Network, Transport};
use crate::ring::Ring;
use crate::secrets::Secrets;
use crate::tls::KeyLog;
use crate::trace::What;
use crate::view::{Connection, Direction, Dissection, Filter, Summary};
use core::fmt;
use std::sync::Arc;

/// Frames that are listed at a time if the filter does not say.
const LISTED: usize = 1000;

/// Follows the traffic of a device and explains it. See the [crate](crate) for an example.
pub struct Inspector {
    limits: Limits,
    ring: Ring,
    connections: Connections,
    keys: KeyLog,
    secrets: Secrets,
}

impl Inspector {
    /// Nothing was seen yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ring: Ring::new(),
            connections: Connections::default(),
            keys: KeyLog::default(),
            secrets: Secrets::default(),
        }
    }

    /// A frame has passed the device's network card, at `time_us` microseconds since 1970: from the destination address
    /// on, without Ethernet's checksum. `remark` says what the cable did to it, if anything. Yields its number.
    pub fn frame(&mut self, time_us: u64, direction: Direction, bytes: &[u8], remark: &str) -> u64 {
        let limits = self.limits;
        let kept: Arc<[u8]> = bytes.get(..limits.frame).unwrap_or(bytes).into();
        let mut remark = remark.to_owned();
        crate::field::shorten(&mut remark, 200);
        let id = self.ring.push(&limits, (time_us, direction, bytes.len()), Arc::clone(&kept), remark);
        self.follow(id, direction, &kept);
        self.ring.settle(&limits);
        id
    }

    /// Lines of a key log in the format of `SSLKEYLOGFILE`. They may come before or after the frames they are for: see
    /// [`changed`](Self::changed).
    pub fn key_log(&mut self, lines: &str) {
        if self.keys.add(lines, self.limits.key_log) {
            let Self { limits, ring, connections, keys, secrets } = self;
            connections.keys_changed(&mut World { ring, keys, limits, secrets });
            self.ring.settle(&self.limits);
        }
    }

    /// The frames about which more is known than when they came, since this was last asked: their secret has come, or a
    /// segment that was missing in front of them. In order.
    pub fn changed(&mut self) -> Vec<u64> {
        self.ring.take_changed().into_iter().collect()
    }

    /// The rows of the frames from number `from` on that pass `filter`.
    #[must_use]
    pub fn frames(&self, from: u64, filter: &Filter) -> Vec<Summary> {
        let rows = self.ring.from(from).map(|kept| dissect::summary(kept, &self.connections, &self.secrets));
        rows.filter(|row| passes(row, filter)).take(filter.limit.unwrap_or(LISTED)).collect()
    }

    /// Everything about one frame; `None` if it is forgotten or has not come.
    #[must_use]
    pub fn dissect(&self, id: u64) -> Option<Dissection> {
        self.ring.get(id).map(|kept| dissect::dissect(kept, &self.connections, &self.secrets))
    }

    /// All connections that are known, in the order in which they began.
    #[must_use]
    pub fn connections(&self) -> Vec<Connection> {
        self.connections.views().collect()
    }

    /// The frames that are kept, as a pcap file. The [key log](Self::key_log_text) belongs beside it.
    #[must_use]
    pub fn pcap(&self) -> Vec<u8> {
        export::pcap(&self.ring, self.limits.frame)
    }

    /// The frames that are kept, as a pcapng file with the key log in it. Whoever has the file can read everything.
    #[must_use]
    pub fn pcapng(&self) -> Vec<u8> {
        export::pcapng(&self.ring, self.keys.text())
    }

    /// The key log, with a line feed behind each line.
    #[must_use]
    pub fn key_log_text(&self) -> &str {
        self.keys.text()
    }

    /// Forgets all frames and connections. Numbers go on, and the key log stays.
    pub fn clear(&mut self) {
        self.ring.clear();
        self.connections.clear();
    }

    /// Bytes in use: those of frames and of what was found in them, and those that wait for something. The
    /// [`Limits`] hold for the two.
    #[must_use]
    pub fn in_use(&self) -> (usize, usize) {
        (self.ring.weight(), self.connections.held())
    }

    /// Finds out what the frame belongs to.
    fn follow(&mut self, id: u64, direction: Direction, bytes: &Arc<[u8]>) {
        let Some(packet) = self.ring.get(id).and_then(|kept| kept.packet.clone()) else { return };
        let Network::Ipv4(ip) = &packet.network else { return };
        let arrival = Arrival { frame: id, direction, bytes, ip };
        let connection = match &ip.transport {
            // What the receiver throws away belongs to nothing.
            _ if !ip.intact => return,
            Transport::Udp(datagram) if datagram.intact => {
                let what = Datagram::between(datagram.from, datagram.to);
                if let Some(what) = what {
                    let headline = what.headline(bytes, datagram.payload.clone()).unwrap_or_default();
                    self.ring.add(id, None, (0, datagram.payload.clone()), headline, What::Datagram(what));
                }
                self.connections.udp(arrival, datagram, what, &self.limits)
            }
            Transport::Tcp(segment) if segment.intact => {
                let Self { limits, ring, connections, keys, secrets } = self;
                let (connection, place) = connections.tcp(arrival, segment, &mut World { ring, keys, limits, secrets });
                if let Some(kept) = self.ring.get_mut(id) {
                    kept.trace.place = place;
                }
                connection
            }
            _ => return,
        };
        if let Some(kept) = self.ring.get_mut(id) {
            kept.connection = Some(connection);
        }
    }
}

impl fmt::Debug for Inspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspector").field("limits", &self.limits).finish_non_exhaustive()
    }
}

fn passes(row: &Summary, filter: &Filter) -> bool {
    let text = filter.text.as_ref().is_none_or(|text| {
        let text = text.to_lowercase();
        row.text.to_lowercase().contains(&text) || row.remark.to_lowercase().contains(&text)
    });
    text && filter.direction.is_none_or(|direction| row.direction == direction)
        && filter.protocol.is_none_or(|protocol| row.protocols.contains(&protocol))
        && filter.connection.is_none_or(|connection| row.connection == Some(connection))
        && filter.purpose.is_none_or(|purpose| row.purpose == Some(purpose))
        && filter.flag.is_none_or(|flag| row.flags.contains(&flag))
}
