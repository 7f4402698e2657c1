//! What is kept, as bytes. Each record begins with its slot; numbers are little endian; text has its length in front.

use super::{ANCHORS_MAX, AnchorList, ClaimOrder, FORMAT, HOSTNAME_MAX, PROXY_URL_MAX, Setup};
use aclk_core::identity::guid::Guid;
use aclk_core::identity::pem::{Form, PrivateDer};
use aclk_core::secret::Secret;
use aclk_core::store::{Claim, NodeId, Saved};
use aclk_core::wire::url::Url;
use core::cell::Cell;
use rustls_pki_types::{Der, TrustAnchor};
use sequential_storage::map::{Key, SerializationError, Value};

/// What stands in front of the name of a record, on flash that is ours.
pub(super) const MAGIC: [u8; 7] = *b"\xacACLK\xf1\x0d";

/// Which record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot(u8);

impl Slot {
    /// All there are.
    pub(super) const ALL: [Self; 6] =
        [Mark::SLOT, State::SLOT, PrivateKey::SLOT, Ordered::SLOT, Setup::SLOT, AnchorList::SLOT];
}

/// A key of no length: it is the first byte of the value. sequential-storage 8.0 shows a key the whole of its buffer, not
/// the item alone, and subtracts the length of the key from that of an item: one that is empty would be a panic.
impl Key for Slot {
    fn serialize_into(&self, _: &mut [u8]) -> Result<usize, SerializationError> {
        Ok(0)
    }

    fn deserialize_from(buffer: &[u8]) -> Result<(Self, usize), SerializationError> {
        let slot = buffer.first().ok_or(SerializationError::BufferTooSmall)?;
        Ok((Self(*slot), 0))
    }
}

/// One thing that is kept, on its way into the flash.
pub(super) trait Encode {
    fn slot(&self) -> Slot;

    fn encode(&self, writer: &mut Writer<'_>);
}

/// One thing that is kept, as it comes out of the flash.
pub(super) trait Record<'d>: Sized {
    const SLOT: Slot;

    fn decode(reader: &mut Reader<'d>) -> Option<Self>;
}

/// A record on its way into the flash, with a sum over its bytes. It does not know which: the way is there once.
pub(super) struct Outgoing<'r> {
    record: &'r dyn Encode,
    sum: Cell<u32>,
}

impl<'r> Outgoing<'r> {
    pub(super) const fn new(record: &'r dyn Encode) -> Self {
        Self { record, sum: Cell::new(0) }
    }

    /// Whether `bytes` are what went in.
    pub(super) fn is(&self, bytes: &[u8]) -> bool {
        sum(bytes) == self.sum.get()
    }
}

/// FNV-1a: tells bytes that came back from others. The flash has a checksum of its own.
fn sum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

impl<'d> Value<'d> for Outgoing<'_> {
    fn serialize_into(&self, buffer: &mut [u8]) -> Result<usize, SerializationError> {
        let mut writer = Writer { buffer, len: Some(0) };
        writer.put(&[self.record.slot().0]);
        self.record.encode(&mut writer);
        let len = writer.len.ok_or(SerializationError::BufferTooSmall)?;
        self.sum.set(sum(buffer.get(..len).unwrap_or_default()));
        Ok(len)
    }

    /// It goes one way.
    fn deserialize_from(_: &'d [u8]) -> Result<(Self, usize), SerializationError> {
        Err(SerializationError::InvalidData)
    }
}

/// Reads the record that `bytes` are.
pub(super) fn decode<'d, T: Record<'d>>(bytes: &'d [u8]) -> Option<T> {
    let mut reader = Reader { rest: bytes };
    if reader.byte()? != T::SLOT.0 {
        return None;
    }
    let record = T::decode(&mut reader)?;
    reader.rest.is_empty().then_some(record)
}

/// Appends to a buffer. What finds no room shows at the end.
pub(super) struct Writer<'b> {
    buffer: &'b mut [u8],
    /// `None` once there was no room, or nothing to write.
    len: Option<usize>,
}

impl Writer<'_> {
    fn put(&mut self, bytes: &[u8]) {
        self.len = self.len.and_then(|len| {
            let end = len.checked_add(bytes.len())?;
            self.buffer.get_mut(len..end)?.copy_from_slice(bytes);
            Some(end)
        });
    }

    /// Bytes with their length in front.
    fn put_all(&mut self, bytes: &[u8]) {
        match u16::try_from(bytes.len()) {
            Ok(len) => self.put(&len.to_le_bytes()),
            Err(_) => self.fail(),
        }
        self.put(bytes);
    }

    const fn fail(&mut self) {
        self.len = None;
    }

    fn put_guid(&mut self, guid: Option<Guid>) {
        self.put(guid.as_ref().map_or([0; 16].as_slice(), |guid| guid.as_bytes()));
    }

    fn put_claim(&mut self, claim: Option<&Claim>) {
        self.put_guid(claim.map(|claim| claim.id));
        self.put_all(claim.map_or("", |claim| claim.url.as_str()).as_bytes());
    }
}

/// Takes from the front.
pub(super) struct Reader<'d> {
    rest: &'d [u8],
}

impl<'d> Reader<'d> {
    fn take(&mut self, len: usize) -> Option<&'d [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    fn all(&mut self) -> Option<&'d [u8]> {
        let len = u16::from_le_bytes(self.array()?);
        self.take(len.into())
    }

    fn text(&mut self) -> Option<&'d str> {
        core::str::from_utf8(self.all()?).ok()
    }

    /// `None` outside is a record that is broken, inside it is a place that was never filled.
    fn guid(&mut self) -> Option<Option<Guid>> {
        self.array().map(|bytes| Guid::from_bytes(bytes).ok())
    }

    fn url(&mut self) -> Option<Option<Url>> {
        match self.text()? {
            "" => Some(None),
            text => Url::parse(text).ok().map(Some),
        }
    }

    fn claim(&mut self) -> Option<Option<Claim>> {
        match (self.guid()?, self.url()?) {
            (Some(id), Some(url)) => Some(Some(Claim { id, url })),
            (None, None) => Some(None),
            _ => None,
        }
    }
}

/// That the flash is ours, and in which format. The number stands in front of the magic: a mark that was not written to its
/// end is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) format: u8,
}

impl Encode for Mark {
    fn slot(&self) -> Slot {
        Self::SLOT
    }

    fn encode(&self, writer: &mut Writer<'_>) {
        writer.put(&[FORMAT]);
        writer.put(&MAGIC);
    }
}

impl Record<'_> for Mark {
    const SLOT: Slot = Slot(0);

    fn decode(reader: &mut Reader<'_>) -> Option<Self> {
        let format = reader.byte()?;
        (reader.array()? == MAGIC).then_some(Self { format })
    }
}

/// Who the device is, and what became of its claim: what has to change together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct State {
    /// The machine GUID, once there is one.
    pub(super) machine: Option<Guid>,
    /// The number of the last [`Ordered`] that is over and done with.
    pub(super) spent: u32,
    pub(super) saved: Saved,
}

impl Encode for State {
    fn slot(&self) -> Slot {
        Self::SLOT
    }

    fn encode(&self, writer: &mut Writer<'_>) {
        let Self { machine, spent, saved: Saved { claimed, pending, node } } = self;
        writer.put_guid(*machine);
        writer.put(&spent.to_le_bytes());
        writer.put_claim(claimed.as_ref());
        writer.put_claim(pending.as_ref());
        writer.put_guid(node.map(|node| node.claimed));
        writer.put_guid(node.map(|node| node.node));
    }
}

impl Record<'_> for State {
    const SLOT: Slot = Slot(1);

    fn decode(reader: &mut Reader<'_>) -> Option<Self> {
        let machine = reader.guid()?;
        let spent = u32::from_le_bytes(reader.array()?);
        let (claimed, pending) = (reader.claim()?, reader.claim()?);
        let node = match (reader.guid()?, reader.guid()?) {
            (Some(claimed), Some(node)) => Some(NodeId { claimed, node }),
            (None, None) => None,
            _ => return None,
        };
        Some(Self { machine, spent, saved: Saved { claimed, pending, node } })
    }
}

/// A private key as PEM, which is one: its DER is written. `None` gives the key up.
pub(super) struct PrivatePem<'p>(pub(super) Option<&'p [u8]>);

impl Encode for PrivatePem<'_> {
    fn slot(&self) -> Slot {
        PrivateKey::SLOT
    }

    fn encode(&self, writer: &mut Writer<'_>) {
        let Some(pem) = self.0 else { return };
        // Read here, so that nobody else has to keep a copy of it meanwhile.
        let read = PrivateDer::read(pem);
        let Ok(key) = &read else { return writer.fail() };
        writer.put(&[match key.form {
            Form::Pkcs8 => 8,
            Form::Pkcs1 => 1,
        }]);
        writer.put_all(key.der.expose());
    }
}

/// The private key: its form and its DER. Without content once it was given up.
pub(super) struct PrivateKey<'d>(pub(super) Option<(Form, &'d [u8])>);

impl<'d> Record<'d> for PrivateKey<'d> {
    const SLOT: Slot = Slot(2);

    fn decode(reader: &mut Reader<'d>) -> Option<Self> {
        if reader.rest.is_empty() {
            return Some(Self(None));
        }
        let form = match reader.byte()? {
            8 => Form::Pkcs8,
            1 => Form::Pkcs1,
            _ => return None,
        };
        Some(Self(Some((form, reader.all()?))))
    }
}

/// Whom to claim for; `None` for nobody any more. With the number of this order.
pub(super) struct Order<'o> {
    pub(super) number: u32,
    pub(super) order: Option<&'o ClaimOrder>,
}

impl Encode for Order<'_> {
    fn slot(&self) -> Slot {
        Ordered::SLOT
    }

    fn encode(&self, writer: &mut Writer<'_>) {
        writer.put(&self.number.to_le_bytes());
        let (token, rooms, url) = match self.order {
            Some(ClaimOrder { token, rooms, url }) => (token.expose(), rooms.as_str(), url.as_ref()),
            None => (&[][..], "", None),
        };
        writer.put_all(token);
        writer.put_all(rooms.as_bytes());
        writer.put_all(url.map_or("", Url::as_str).as_bytes());
    }
}

/// What is to be known of an order: its number, and whether there is a token in it.
#[derive(Clone, Copy)]
pub(super) struct OrderMark {
    pub(super) number: u32,
    pub(super) has_token: bool,
}

impl Record<'_> for OrderMark {
    const SLOT: Slot = Ordered::SLOT;

    fn decode(reader: &mut Reader<'_>) -> Option<Self> {
        let number = u32::from_le_bytes(reader.array()?);
        let has_token = !reader.all()?.is_empty();
        reader.text()?;
        reader.text()?;
        Some(Self { number, has_token })
    }
}

/// Whom to claim for, and the number of this order. Token and rooms may be longer than those of a [`ClaimOrder`].
pub(super) struct Ordered<'d> {
    pub(super) number: u32,
    pub(super) token: &'d [u8],
    pub(super) rooms: &'d str,
    pub(super) url: Option<Url>,
}

impl<'d> Record<'d> for Ordered<'d> {
    const SLOT: Slot = Slot(3);

    fn decode(reader: &mut Reader<'d>) -> Option<Self> {
        let number = u32::from_le_bytes(reader.array()?);
        let (token, rooms) = (reader.all()?, reader.text()?);
        Some(Self { number, token, rooms, url: reader.url()? })
    }
}

impl Encode for Setup {
    fn slot(&self) -> Slot {
        Self::SLOT
    }

    fn encode(&self, writer: &mut Writer<'_>) {
        writer.put_all(self.hostname.as_bytes());
        writer.put_all(self.proxy.expose());
    }
}

impl Record<'_> for Setup {
    const SLOT: Slot = Slot(4);

    fn decode(reader: &mut Reader<'_>) -> Option<Self> {
        let hostname = heapless::String::<HOSTNAME_MAX>::try_from(reader.text()?).ok()?;
        let proxy = Secret::<PROXY_URL_MAX>::copy_of(reader.all()?).ok()?;
        Some(Self { hostname, proxy })
    }
}

impl Encode for AnchorList<'_> {
    fn slot(&self) -> Slot {
        Self::SLOT
    }

    fn encode(&self, writer: &mut Writer<'_>) {
        for TrustAnchor { subject, subject_public_key_info, name_constraints } in &self.0 {
            writer.put_all(subject);
            writer.put_all(subject_public_key_info);
            writer.put_all(name_constraints.as_deref().unwrap_or_default());
        }
    }
}

impl<'d> Record<'d> for AnchorList<'d> {
    const SLOT: Slot = Slot(5);

    fn decode(reader: &mut Reader<'d>) -> Option<Self> {
        let mut anchors = heapless::Vec::<_, ANCHORS_MAX>::new();
        while !reader.rest.is_empty() {
            let (subject, key, constraints) = (reader.all()?, reader.all()?, reader.all()?);
            let name_constraints = Some(constraints).filter(|constraints| !constraints.is_empty()).map(Der::from_slice);
            let (subject, subject_public_key_info) = (Der::from_slice(subject), Der::from_slice(key));
            anchors.push(TrustAnchor { subject, subject_public_key_info, name_constraints }).ok()?;
        }
        Some(Self(anchors))
    }
}
