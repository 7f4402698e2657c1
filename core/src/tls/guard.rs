//! The record guard: what stands between the transport and embedded-tls.
//!
//! embedded-tls trusts the record layer: a length that it does not expect, an unencrypted record after the handshake or a
//! ServerHello of the wrong shape make it panic, wait for ever or accept too much. The guard lets nothing through that RFC
//! 8446 5 does not allow at this point, reads record headers so that nothing is lost when a wait is cancelled, and stamps
//! every encrypted record with the step the handshake has reached, for the suite to check the content against.

use super::guarantees::{Guarantee, holds};
use super::hello::Offer;
use super::refusal::{Refusal, Why};
use super::shared::{Shared, Step};
use super::suite::Mark;
use embedded_io_async::{Error as _, ErrorKind, ErrorType, Read, Write};

/// Length of a record header.
pub(crate) const HEADER: usize = 5;
/// Bytes of an encrypted record: a tag and a content type at least, 2^14 + 256 at most (RFC 8446 5.2).
pub(crate) const ENCRYPTED: core::ops::RangeInclusive<usize> = 17..=16_640;
/// Most bytes of an unencrypted record (RFC 8446 5.1).
const PLAIN: usize = 16_384;
/// Records that the server may send between ServerHello and the end of the handshake, change_cipher_spec included. Seven
/// are enough for a server that sends every message on its own.
const HANDSHAKE_RECORDS: u16 = 16;
/// Records per direction and key; RFC 8446 5.5 allows AES-GCM 2^24.5, and embedded-tls cannot change keys.
const KEY_RECORDS: u32 = 1 << 24;

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// The transport that embedded-tls sees.
#[derive(Debug)]
pub(crate) struct Guard<'b, S> {
    socket: S,
    shared: &'b Shared,
    offer: Offer,
    /// The header of the record that is being read, as received until it is checked, stamped for the suite after that.
    header: [u8; HEADER],
    /// How many bytes of it have been received.
    have: usize,
    /// How many bytes of it embedded-tls has taken; `None` until it is checked.
    taken: Option<usize>,
    /// Bytes of the current record that embedded-tls has not taken.
    body: usize,
    /// Bytes of our current record that the transport has not taken.
    outgoing: usize,
    handshake_records: u16,
    received_records: u32,
    sent_records: u32,
}

/// What embedded-tls is told when the guard does not go on. The cause is in [`Shared`], except for that of the socket.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The transport failed.
    Socket(ErrorKind),
    /// The guard refuses what the server sent, or the connection ended.
    Refused,
    /// A whole header is there and `Shared` says to wait.
    Paused,
}

impl core::fmt::Display for Stop {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl core::error::Error for Stop {}

impl embedded_io_async::Error for Stop {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Socket(kind) => *kind,
            Self::Refused => ErrorKind::InvalidData,
            Self::Paused => ErrorKind::Interrupted,
        }
    }
}

impl<'b, S: Read + Write> Guard<'b, S> {
    pub(crate) fn new(socket: S, shared: &'b Shared) -> Self {
        Self {
            socket,
            shared,
            offer: Offer::default(),
            header: [0; HEADER],
            have: 0,
            taken: None,
            body: 0,
            outgoing: 0,
            handshake_records: 0,
            received_records: 0,
            sent_records: 0,
        }
    }

    pub(crate) fn into_socket(self) -> S {
        self.socket
    }

    /// Receives until `self.header` is complete, allowed and stamped. Cancel-safe if reading the socket is.
    async fn receive_header(&mut self) -> Result<(), Stop> {
        while self.taken.is_none() {
            while let Some(missing) = self.header.get_mut(self.have..)
                && !missing.is_empty()
            {
                let count = read(&mut self.socket, self.shared, missing).await?;
                self.have += count;
            }
            self.check_header().await?;
        }
        Ok(())
    }

    /// Decides about the record whose header is complete. What is not for embedded-tls (alerts, change_cipher_spec) is
    /// dealt with here.
    async fn check_header(&mut self) -> Result<(), Stop> {
        let [kind, major, minor, high, low] = self.header;
        let len = usize::from(u16::from_be_bytes([high, low]));
        let step = self.shared.step.get();
        let verdict = match (step, kind) {
            (Step::Hello, HANDSHAKE) if (1..=PLAIN).contains(&len) => Ok(()),
            (Step::Hello, HANDSHAKE) => Err(Why::RecordLength.with(u16::from_be_bytes([high, low]))),
            (Step::Hello, CHANGE_CIPHER_SPEC) => Err(Why::ChangeCipherSpec.into()),
            (Step::Hello, APPLICATION_DATA) => Err(Why::HelloEncrypted.into()),
            (Step::Hello, ALERT) => return Err(self.receive_alert(len).await),
            (Step::Hello, _) => Err(Why::NotTls.with(kind.into())),
            (_, HANDSHAKE) if !holds(Guarantee::Records) => Ok(()),
            (_, APPLICATION_DATA) => self.check_encrypted(step, [major, minor], len),
            (Step::Data, CHANGE_CIPHER_SPEC) => Err(Why::ChangeCipherSpec.into()),
            (Step::Data, _) => Err(Why::RecordType.with(kind.into())),
            (_, CHANGE_CIPHER_SPEC) => return self.skip_change_cipher_spec(len).await,
            (_, ALERT) => return Err(self.receive_alert(len).await),
            (_, _) => Err(Why::RecordType.with(kind.into())),
        };
        match verdict {
            Ok(()) => {
                self.body = len;
                self.taken = Some(0);
                Ok(())
            }
            Err(refusal) => Err(self.refuse(refusal).await),
        }
    }

    /// Checks the header of an encrypted record and stamps it with what the suite has to know.
    fn check_encrypted(&mut self, step: Step, version: [u8; 2], len: usize) -> Result<(), Refusal> {
        if version != [3, 3] {
            return Err(Why::RecordVersion.with(u16::from_be_bytes(version)));
        }
        if holds(Guarantee::Records) && !ENCRYPTED.contains(&len) {
            return Err(Why::RecordLength.with(u16::try_from(len).unwrap_or(u16::MAX)));
        }
        match step {
            Step::Data => {
                self.received_records += 1;
                if self.received_records >= KEY_RECORDS {
                    return Err(Why::Exhausted.into());
                }
            }
            _ => self.count_handshake_record()?,
        }
        Mark { step, names_host: self.offer.names_host() }.stamp(&mut self.header);
        if step == Step::Extensions {
            // Messages are never split over records, so the first record begins with EncryptedExtensions.
            self.shared.step.set(Step::Certificate);
        }
        Ok(())
    }

    fn count_handshake_record(&mut self) -> Result<(), Refusal> {
        self.handshake_records += 1;
        if self.handshake_records > HANDSHAKE_RECORDS {
            return Err(Why::TooManyRecords.with(HANDSHAKE_RECORDS));
        }
        Ok(())
    }

    /// Servers in middlebox compatibility mode send one change_cipher_spec, the byte 1, which means nothing (RFC 8446 5).
    async fn skip_change_cipher_spec(&mut self, len: usize) -> Result<(), Stop> {
        let mut content = [0];
        if len == content.len() {
            self.receive(&mut content).await?;
        }
        if content != [1] {
            return Err(self.refuse(Why::ChangeCipherSpec).await);
        }
        if let Err(refusal) = self.count_handshake_record() {
            return Err(self.refuse(refusal).await);
        }
        self.have = 0;
        Ok(())
    }

    /// An unencrypted alert ends the handshake, whatever its level says (RFC 8446 6).
    async fn receive_alert(&mut self, len: usize) -> Stop {
        let mut content = [0; 2];
        if len != content.len() {
            return self.refuse(Why::RecordLength.with(u16::try_from(len).unwrap_or(u16::MAX))).await;
        }
        match self.receive(&mut content).await {
            Ok(()) => self.refuse(Why::Alert.with(content[1].into())).await,
            Err(stop) => stop,
        }
    }

    /// Fills `buf` from the socket.
    async fn receive(&mut self, mut buf: &mut [u8]) -> Result<(), Stop> {
        while !buf.is_empty() {
            let count = read(&mut self.socket, self.shared, buf).await?;
            buf = buf.get_mut(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// Notes the refusal, and tells the server as long as an unencrypted alert is allowed: afterwards embedded-tls alone
    /// has the keys, and it can send no alert but close_notify.
    async fn refuse(&mut self, refusal: impl Into<Refusal>) -> Stop {
        let refusal = refusal.into();
        self.shared.refuse(refusal);
        if let Some(alert) = refusal.alert()
            && self.shared.step.get() != Step::Data
        {
            // Best effort: the refusal is what counts.
            let _ = self.send_alert([2, alert]).await;
        }
        Stop::Refused
    }

    async fn send_alert(&mut self, [level, description]: [u8; 2]) -> Result<(), Stop> {
        let record = [ALERT, 3, 3, 0, 2, level, description];
        let mut rest = record.as_slice();
        while !rest.is_empty() {
            let count = self.send(rest).await?;
            rest = rest.get(count..).unwrap_or_default();
        }
        self.socket.flush().await.map_err(|error| Stop::Socket(error.kind()))
    }

    /// Writes to the socket once and counts; at least one byte.
    async fn send(&mut self, bytes: &[u8]) -> Result<usize, Stop> {
        let count = self.socket.write(bytes).await.map_err(|error| Stop::Socket(error.kind()))?;
        if count == 0 {
            // `write_all` of embedded-io panics on that.
            return Err(Stop::Socket(ErrorKind::WriteZero));
        }
        self.shared.count_sent(count);
        Ok(count.min(bytes.len()))
    }

    /// Looks at our own record whose whole encoding `record` is.
    fn check_outgoing(&mut self, record: &[u8]) -> Result<Outgoing, Stop> {
        let Some((&[kind, _, _, high, low], content)) = record.split_first_chunk::<HEADER>() else {
            return Ok(Outgoing::AsItIs);
        };
        self.outgoing = HEADER + usize::from(u16::from_be_bytes([high, low]));
        match (kind, content) {
            (HANDSHAKE, message) => {
                let Some(offer) = Offer::read(message) else {
                    self.shared.refuse(Why::Unreadable.into());
                    return Err(Stop::Refused);
                };
                self.offer = offer;
            }
            // embedded-tls labels its unencrypted alerts as change_cipher_spec.
            (CHANGE_CIPHER_SPEC, &[level, description]) => return Ok(Outgoing::Alert([level, description])),
            (APPLICATION_DATA, _) => {
                self.sent_records += 1;
                if self.sent_records >= KEY_RECORDS {
                    self.shared.refuse(Why::Exhausted.into());
                    return Err(Stop::Refused);
                }
            }
            _ => {}
        }
        Ok(Outgoing::AsItIs)
    }
}

/// What becomes of a record that embedded-tls sends.
enum Outgoing {
    AsItIs,
    /// It is an unencrypted alert of this content.
    Alert([u8; 2]),
}

/// Reads from the socket once and counts; at least one byte.
async fn read<S: Read>(socket: &mut S, shared: &Shared, buf: &mut [u8]) -> Result<usize, Stop> {
    let count = socket.read(buf).await.map_err(|error| Stop::Socket(error.kind()))?;
    if count == 0 {
        shared.ended.set(true);
        match shared.step.get() {
            Step::Hello => shared.refuse(Why::EndedBeforeHello.into()),
            // What an end means there is for the caller to judge.
            Step::Data => {}
            _ => shared.refuse(Why::EndedInHandshake.into()),
        }
        return Err(Stop::Refused);
    }
    shared.count_received(count);
    Ok(count.min(buf.len()))
}

impl<S> ErrorType for Guard<'_, S> {
    type Error = Stop;
}

impl<S: Read + Write> Read for Guard<'_, S> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Stop> {
        if buf.is_empty() {
            return Ok(0);
        }
        if self.shared.refusal().is_some() || self.shared.ended.get() {
            return Err(Stop::Refused);
        }
        self.receive_header().await?;
        if self.shared.pause.get() {
            return Err(Stop::Paused);
        }

        let taken = self.taken.unwrap_or_default();
        if let Some(rest) = self.header.get(taken..)
            && !rest.is_empty()
        {
            let count = copy(rest, buf);
            self.taken = Some(taken + count);
            return Ok(count);
        }

        let room = self.body.min(buf.len());
        let buf = buf.get_mut(..room).unwrap_or_default();
        let count = if self.shared.step.get() == Step::Hello {
            self.receive_hello(buf).await?
        } else {
            read(&mut self.socket, self.shared, buf).await?
        };
        self.body -= count;
        if self.body == 0 {
            self.have = 0;
            self.taken = None;
        }
        Ok(count)
    }
}

impl<S: Read + Write> Guard<'_, S> {
    /// Receives the record of the ServerHello as a whole, which is how embedded-tls asks for it, and checks it.
    async fn receive_hello(&mut self, record: &mut [u8]) -> Result<usize, Stop> {
        if record.len() != self.body {
            return Err(self.refuse(Why::HelloSplit).await);
        }
        self.receive(record).await?;
        match self.offer.check(record) {
            Ok(()) => {
                self.shared.step.set(Step::Extensions);
                Ok(record.len())
            }
            Err(refusal) => Err(self.refuse(refusal).await),
        }
    }
}

impl<S: Read + Write> Write for Guard<'_, S> {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Stop> {
        if buf.is_empty() || self.shared.mute.get() {
            return Ok(buf.len());
        }
        // embedded-tls writes one whole record at a time; what the socket did not take comes again.
        if self.outgoing == 0
            && let Outgoing::Alert(alert) = self.check_outgoing(buf)?
        {
            self.send_alert(alert).await?;
            self.outgoing = 0;
            return Ok(buf.len());
        }
        let count = self.send(buf).await?;
        self.outgoing = self.outgoing.saturating_sub(count);
        Ok(count)
    }

    async fn flush(&mut self) -> Result<(), Stop> {
        if self.shared.mute.get() || (self.shared.step.get() == Step::Data && !self.shared.flush.get()) {
            return Ok(());
        }
        self.socket.flush().await.map_err(|error| Stop::Socket(error.kind()))
    }
}

/// Copies as much of `from` to the start of `to` as fits.
fn copy(from: &[u8], to: &mut [u8]) -> usize {
    from.iter().zip(to.iter_mut()).map(|(from, to)| *to = *from).count()
}

#[cfg(test)]
mod tests {
    use super::{Guard, KEY_RECORDS, Stop};
    use crate::tls::refusal::Why;
    use crate::tls::shared::{Shared, Step};
    use embassy_futures::block_on;
    use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
    use std::vec::Vec;

    /// A socket with something to read, which takes `takes` bytes at once.
    struct Tape {
        input: &'static [u8],
        output: Vec<u8>,
        takes: usize,
    }

    impl ErrorType for Tape {
        type Error = ErrorKind;
    }

    impl Read for Tape {
        async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
            self.input.read(buf).await.map_err(|never| match never {})
        }
    }

    impl Write for Tape {
        async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
            let count = bytes.len().min(self.takes);
            self.output.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        async fn flush(&mut self) -> Result<(), ErrorKind> {
            Ok(())
        }
    }

    const DATA: [u8; 22] = [23, 3, 3, 0, 17, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17];

    fn connected(shared: &Shared, takes: usize) -> Guard<'_, Tape> {
        shared.step.set(Step::Data);
        Guard::new(Tape { input: &DATA, output: Vec::new(), takes }, shared)
    }

    #[test]
    fn a_key_protects_so_many_records_and_no_more() {
        for records in [KEY_RECORDS - 2, KEY_RECORDS - 1] {
            let (sending, receiving) = (Shared::new(), Shared::new());
            let is_last = records == KEY_RECORDS - 1;
            let mut guard = connected(&receiving, usize::MAX);
            guard.received_records = records;
            assert_eq!(block_on(guard.read(&mut [0; 5])).is_err(), is_last);
            assert_eq!(receiving.refusal().is_some(), is_last);
            let mut guard = connected(&sending, usize::MAX);
            guard.sent_records = records;
            assert_eq!(block_on(guard.write_all(&DATA)).is_err(), is_last);
            assert_eq!(sending.refusal().is_some(), is_last);
        }
    }

    #[test]
    fn a_socket_that_takes_nothing_is_an_error_and_no_panic() {
        let shared = Shared::new();
        let outcome = block_on(connected(&shared, 0).write_all(&DATA));
        assert!(matches!(outcome, Err(Stop::Socket(ErrorKind::WriteZero))));
    }

    #[test]
    fn a_record_that_is_sent_in_pieces_is_counted_once() {
        let shared = Shared::new();
        let mut guard = connected(&shared, 1);
        block_on(guard.write_all(&DATA)).unwrap();
        assert_eq!(guard.sent_records, 1);
        assert_eq!(guard.socket.output, DATA);
        assert_eq!(shared.sent.get(), 22);
    }

    #[test]
    fn a_hello_of_ours_that_cannot_be_read_is_not_sent() {
        let shared = Shared::new();
        let mut guard = Guard::new(Tape { input: &[], output: Vec::new(), takes: usize::MAX }, &shared);
        assert!(block_on(guard.write_all(&[22, 3, 1, 0, 4, 1, 0, 0, 0])).is_err());
        assert_eq!(shared.refusal(), Some(Why::Unreadable.into()));
        assert!(guard.socket.output.is_empty());
    }
}
