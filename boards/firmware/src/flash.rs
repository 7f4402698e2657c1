//! What a device keeps, in NOR flash: who it is, whom to claim for, what became of the claim, whom it trusts.
//!
//! A [`FlashStore`] is a [`Store`] over anything that implements `embedded_storage_async`'s [`NorFlash`]. Its records are
//! items of sequential-storage: appended, with checksums, spread over all pages, and copied on before a page is erased. Each
//! change is one record, so a power cut leaves the old state or the new one. What an erase that was cut off leaves behind is
//! put right when the store is opened (`flash/mend.rs`).
//!
//! | record | what is in it | bytes at most |
//! |---|---|---|
//! | mark | magic and format | 9 |
//! | state | machine GUID, claim, pending claim, node id | 609 |
//! | key | private key as DER (usually 1 218 bytes) | 1 540 |
//! | order | token, rooms, URL | 1 803 |
//! | setup | host name, proxy | 770 |
//! | anchors | names and keys of certificate authorities | 2 048 |
//!
//! Nothing is erased because it cannot be read. The error says why ([`FlashError`]), and [`FlashStore::unclaim`] is what a
//! person does about it. A format that is newer than [`FORMAT`] is refused: the mark is found without the library, whose own
//! format changes with its major version, and [`FORMAT`] has to change with that.
//!
//! The flash is not encrypted. Records that were replaced, tokens among them, stay in it until their page is erased.

mod error;
mod mend;
mod records;
mod store;
#[cfg(test)]
mod tests;
mod view;

pub use aclk_core::settings::HOSTNAME_MAX;
pub use error::FlashError;

use aclk_core::identity::guid::Guid;
use aclk_core::secret::Secret;
use aclk_core::settings::{ROOMS_MAX, Settings, TOKEN_MAX};
use aclk_core::store::Saved;
#[cfg(doc)]
use aclk_core::store::Store;
use aclk_core::wire::proxy::{Proxy, ProxyUrlError};
use aclk_core::wire::url::Url;
use core::fmt;
use core::ops::Range;
use embedded_storage_async::nor_flash::{NorFlash, NorFlashErrorKind};
use rand_core::CryptoRng;
use records::{Encode, MAGIC, Mark, Order, OrderMark, Ordered, Outgoing, PrivateKey, PrivatePem, Record, Slot, State};
use rustls_pki_types::TrustAnchor;
use sequential_storage::cache::{Cache, CacheImpl};
use sequential_storage::map::{MapConfig, MapStorage};
use view::{Plain, View};
use zeroize::Zeroize;

/// The format of the records and of sequential-storage 8.
pub const FORMAT: u8 = 1;
/// The most one record has, in bytes: a list of trust anchors, most likely.
pub const RECORD_MAX: usize = 2048;
/// The smallest page: a record has to fit between its marks. Let a driver with smaller ones erase several as one.
pub const PAGE_MIN: usize = RECORD_MAX + 256;
/// Pages that a store has at least. Four of 4 KiB hold everything at its longest.
pub const PAGES_MIN: usize = 3;
/// Trust anchors in flash.
pub const ANCHORS_MAX: usize = 8;
/// Longest proxy in flash, as a URL, in bytes.
pub const PROXY_URL_MAX: usize = 512;
/// How far into blank flash the first mark may have been written when the power was cut, some times over.
const BEGINNING: u32 = 256;

/// Whom to claim for.
#[derive(Debug, Clone, Default)]
pub struct ClaimOrder {
    /// The claiming token.
    pub token: Secret<TOKEN_MAX>,
    /// War Room ids, comma separated; may be empty.
    pub rooms: heapless::String<ROOMS_MAX>,
    /// The Cloud's base URL; `None` for that of the product.
    pub url: Option<Url>,
}

/// What a device is told once, apart from the claim. Empty is what the product has.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// The host name shown in the War Rooms.
    pub hostname: heapless::String<HOSTNAME_MAX>,
    /// The URL of the proxy, which may have credentials in it.
    pub proxy: Secret<PROXY_URL_MAX>,
}

/// Whom TLS trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorList<'a>(
    /// Names and keys of certificate authorities.
    pub heapless::Vec<TrustAnchor<'a>, ANCHORS_MAX>,
);

/// Memory for the trust anchors of a store, which live as long as it.
#[derive(Debug)]
pub struct AnchorMemory(Buffer);

impl AnchorMemory {
    /// All zero, so that a `static` costs no flash.
    #[must_use]
    pub const fn new() -> Self {
        Self(Buffer([0; RECORD_MAX]))
    }
}

impl Default for AnchorMemory {
    fn default() -> Self {
        Self::new()
    }
}

/// Some flash controllers read in words.
#[repr(align(4))]
#[derive(Debug)]
struct Buffer([u8; RECORD_MAX]);

/// Takes host name and proxy of a record over.
#[inline(never)]
fn set_up(settings: &mut Settings, found: Option<&[u8]>) -> Result<(), FlashError> {
    let Some(Setup { hostname, proxy }) = decoded(found)? else { return Ok(()) };
    if !hostname.is_empty() {
        settings.hostname = hostname;
    }
    if !proxy.is_empty() {
        settings.proxy = Some(Proxy::parse(proxy.expose_str()).map_err(|error| match error {
            ProxyUrlError::NotBuiltIn => FlashError::WithoutProxies,
            _ => FlashError::Damaged,
        })?);
    }
    Ok(())
}

/// Takes an order over, unless it is the one that is over and done with.
#[inline(never)]
fn take_order(settings: &mut Settings, found: Option<&[u8]>, spent: u32) -> Result<(), FlashError> {
    let Some(Ordered { number, token, rooms, url }) = decoded(found)? else { return Ok(()) };
    if number != spent {
        settings.token.replace(token).map_err(|_| FlashError::Damaged)?;
        settings.rooms.clear();
        settings.rooms.push_str(rooms).map_err(|_| FlashError::Damaged)?;
        if let Some(url) = url {
            settings.url = url;
        }
    }
    Ok(())
}

/// A [`Store`] in a range of a NOR flash.
///
/// It has a buffer of [`RECORD_MAX`] bytes, which is wiped after each use. A future of it that is dropped is like a power
/// cut: the next call puts things right.
pub struct FlashStore<F> {
    flash: Plain<F>,
    range: Range<u32>,
    buffer: Buffer,
    /// Whether the flash is known to be ours and in order.
    is_open: bool,
}

impl<F> fmt::Debug for FlashStore<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlashStore").field("range", &self.range).field("is_open", &self.is_open).finish_non_exhaustive()
    }
}

impl<F: NorFlash> FlashStore<F> {
    /// A store in the bytes `range` of `flash`. Nothing is read yet.
    ///
    /// # Errors
    /// [`FlashError::Range`] unless the range is [`PAGES_MIN`] whole pages of the flash at least. A flash with pages below
    /// [`PAGE_MIN`] does not compile.
    pub fn new(flash: F, range: Range<u32>) -> Result<Self, FlashError> {
        const {
            assert!(F::ERASE_SIZE >= PAGE_MIN, "the pages of the flash are smaller than PAGE_MIN");
            assert!(F::READ_SIZE <= 32 && F::WRITE_SIZE <= 32, "the words of the flash are longer than 32 bytes");
        }
        let pages = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX) / F::ERASE_SIZE;
        let is_inside = usize::try_from(range.end).is_ok_and(|end| end <= flash.capacity());
        if pages < PAGES_MIN || !is_inside {
            return Err(FlashError::Range);
        }
        let _ = MapConfig::<Plain<F>>::try_new(range.clone()).map_err(|_| FlashError::Range)?;
        Ok(Self { flash: Plain(flash), range, buffer: Buffer([0; RECORD_MAX]), is_open: false })
    }

    /// Gives the flash back.
    pub fn into_flash(self) -> F {
        self.flash.0
    }

    /// Erases all of the range: identity, settings, trust anchors.
    ///
    /// # Errors
    /// [`FlashError::Driver`].
    pub async fn erase(&mut self) -> Result<(), FlashError> {
        self.is_open = false;
        self.flash.erase(self.range.start, self.range.end).await.map_err(FlashError::Driver)
    }

    /// What the flash says over what the product has; see [`fill_in`](Self::fill_in).
    ///
    /// # Errors
    /// [`FlashError`].
    pub async fn settings(&mut self, product: &Settings, rng: &mut impl CryptoRng) -> Result<Settings, FlashError> {
        let mut settings = product.clone();
        self.fill_in(&mut settings, rng).await?;
        Ok(settings)
    }

    /// Puts what the flash says over what the product has, which is in `settings`: host name, proxy, and, until the claim is
    /// over and done with, token, rooms and URL. A device without a machine GUID is given one, which is stored.
    ///
    /// # Errors
    /// [`FlashError`]; then `settings` are of no use.
    pub async fn fill_in(&mut self, settings: &mut Settings, rng: &mut impl CryptoRng) -> Result<(), FlashError> {
        let (machine, spent) = self.machine(rng).await?;
        (settings.id, settings.machine_guid) = (machine, machine);
        // What is read is taken over at once, in a function of its own: it is in no future that way.
        let setup = self.read(Setup::SLOT).await.and_then(|found| set_up(settings, found));
        self.buffer.0.zeroize();
        setup?;
        let ordered = self.read(Ordered::SLOT).await.and_then(|found| take_order(settings, found, spent));
        self.buffer.0.zeroize();
        ordered
    }

    /// The machine GUID, a new one if there is none, and which order is over and done with.
    async fn machine(&mut self, rng: &mut impl CryptoRng) -> Result<(Guid, u32), FlashError> {
        let mut state = self.state().await?;
        if let Some(machine) = state.machine {
            return Ok((machine, state.spent));
        }
        let machine = Guid::random(rng);
        state.machine = Some(machine);
        self.put(&state).await?;
        Ok((machine, state.spent))
    }

    /// Keeps whom to claim for, until a claim succeeds.
    ///
    /// # Errors
    /// [`FlashError`]; the order before then still holds.
    pub async fn order(&mut self, order: ClaimOrder) -> Result<(), FlashError> {
        let last = self.get::<OrderMark>().await?.map_or(0, |order| order.number);
        let spent = self.state().await?.spent;
        self.put(&Order { number: last.max(spent).wrapping_add(1), order: Some(&order) }).await
    }

    /// Keeps host name and proxy. The proxy is not looked at before it is used.
    ///
    /// # Errors
    /// [`FlashError`]; those before then still hold.
    pub async fn set_up(&mut self, setup: &Setup) -> Result<(), FlashError> {
        self.put(setup).await
    }

    /// Keeps a machine GUID, that of a factory. Another one is another node: what was claimed is forgotten.
    ///
    /// # Errors
    /// [`FlashError`]; the one before then still holds.
    pub async fn set_machine_guid(&mut self, machine: Guid) -> Result<(), FlashError> {
        let before = self.state().await?;
        if before.machine == Some(machine) {
            return Ok(());
        }
        self.put(&State { machine: Some(machine), spent: before.spent, saved: Saved::default() }).await
    }

    /// The trust anchors in flash, in `memory`; `None` if it has none and those of the program count.
    ///
    /// # Errors
    /// [`FlashError`].
    pub async fn anchors<'m>(&mut self, memory: &'m mut AnchorMemory) -> Result<Option<AnchorList<'m>>, FlashError> {
        self.open().await?;
        let bytes = fetch(whole(&mut self.flash), &self.range, AnchorList::SLOT, &mut memory.0).await?;
        let anchors = decoded::<AnchorList<'m>>(bytes)?;
        Ok(anchors.filter(|anchors| !anchors.0.is_empty()))
    }

    /// Keeps trust anchors, which then count instead of those of the program. An empty list brings those back.
    ///
    /// # Errors
    /// [`FlashError`]; those before then still hold.
    pub async fn set_anchors(&mut self, anchors: &AnchorList<'_>) -> Result<(), FlashError> {
        self.put(anchors).await
    }

    /// Forgets who the device is: claim, node id, key, machine GUID and token. The next claim makes it another node. Host
    /// name, proxy and trust anchors stay. A flash that cannot be read is erased: that is what a person asks for by this.
    ///
    /// # Errors
    /// [`FlashError::Driver`].
    pub async fn unclaim(&mut self) -> Result<(), FlashError> {
        match self.forget().await {
            Ok(()) => Ok(()),
            Err(FlashError::Driver(kind)) => Err(FlashError::Driver(kind)),
            Err(_) => self.erase().await,
        }
    }

    async fn forget(&mut self) -> Result<(), FlashError> {
        // What stays has to be readable as well, or the device would be no better off.
        decoded::<PrivateKey<'_>>(self.read(PrivateKey::SLOT).await?)?;
        drop(self.get::<Setup>().await?);
        decoded::<AnchorList<'_>>(self.read(AnchorList::SLOT).await?)?;
        let spent = match self.get::<OrderMark>().await? {
            Some(order) => order.number,
            None => self.state().await?.spent,
        };
        // From here on it is unclaimed. A key that stayed behind would serve the next identity just as well.
        self.put(&State { machine: None, spent, saved: Saved::default() }).await?;
        self.put(&PrivatePem(None)).await?;
        self.put(&Order { number: spent, order: None }).await
    }

    async fn state(&mut self) -> Result<State, FlashError> {
        Ok(self.get().await?.unwrap_or_default())
    }

    /// Makes sure that the flash is ours, in a format we know, and in order.
    async fn open(&mut self) -> Result<(), FlashError> {
        if self.is_open {
            return Ok(());
        }
        match self.format().await? {
            Some(found) if found > FORMAT => return Err(FlashError::Newer { found }),
            Some(_) => {}
            None => {
                let rest = self.range.start.saturating_add(BEGINNING)..self.range.end;
                if !mend::is_blank(&mut self.flash, rest).await? {
                    return Err(FlashError::Foreign);
                }
            }
        }
        mend::mend(&mut self.flash, &self.range, &mut self.buffer).await?;
        let mark = fetch(whole(&mut self.flash), &self.range, Mark::SLOT, &mut self.buffer).await?;
        if decoded::<Mark>(mark)?.is_none() {
            self.write(&Mark { format: FORMAT }).await?;
        }
        self.buffer.0.zeroize();
        self.is_open = true;
        Ok(())
    }

    /// The newest format that is found in the range, whatever is around it.
    async fn format(&mut self) -> Result<Option<u8>, FlashError> {
        let mut newest = None;
        let (mut matched, mut before, mut format) = (0, 0, 0);
        let look = |bytes: &[u8]| {
            for byte in bytes {
                // The first byte of the magic is in it once.
                matched = match MAGIC.get(matched) {
                    Some(expected) if expected == byte => matched + 1,
                    _ => usize::from(MAGIC.first() == Some(byte)),
                };
                match matched {
                    1 => format = before,
                    len if len == MAGIC.len() => newest = newest.max(Some(format)),
                    _ => {}
                }
                before = *byte;
            }
        };
        mend::each_window(&mut self.flash, self.range.clone(), look).await?;
        Ok(newest)
    }

    async fn get<T: for<'d> Record<'d>>(&mut self) -> Result<Option<T>, FlashError> {
        let found = self.read(T::SLOT).await.and_then(decoded);
        self.buffer.0.zeroize();
        found
    }

    /// The newest record of its kind, in the buffer.
    async fn read(&mut self, slot: Slot) -> Result<Option<&[u8]>, FlashError> {
        self.open().await?;
        fetch(whole(&mut self.flash), &self.range, slot, &mut self.buffer).await
    }

    async fn put(&mut self, record: &dyn Encode) -> Result<(), FlashError> {
        self.open().await?;
        // If this is dropped, or if it fails, the flash is looked at anew.
        self.is_open = false;
        let written = self.write(record).await;
        self.buffer.0.zeroize();
        self.is_open = written.is_ok();
        written
    }

    /// Appends a record and reads it back.
    async fn write(&mut self, record: &dyn Encode) -> Result<(), FlashError> {
        let (slot, outgoing) = (record.slot(), Outgoing::new(record));
        map(whole(&mut self.flash), &self.range)?.store_item(&mut self.buffer.0, &slot, &outgoing).await?;
        match fetch(whole(&mut self.flash), &self.range, slot, &mut self.buffer).await? {
            Some(bytes) if outgoing.is(bytes) => Ok(()),
            _ => Err(FlashError::Worn),
        }
    }
}

/// A flash of which nothing looks erased that is not.
const fn whole<F>(flash: &mut F) -> View<'_, F> {
    View { flash, veil: None }
}

/// The items in `range` of a flash.
fn map<'f, F: NorFlash<Error = NorFlashErrorKind>>(
    view: View<'f, F>,
    range: &Range<u32>,
) -> Result<MapStorage<Slot, View<'f, F>, impl CacheImpl<Slot> + use<F>>, FlashError> {
    let config = MapConfig::try_new(range.clone()).map_err(|_| FlashError::Range)?;
    Ok(MapStorage::new(view, config, Cache::new_uncached()))
}

/// The newest record of its kind, as bytes.
async fn fetch<'b, F: NorFlash<Error = NorFlashErrorKind>>(
    view: View<'_, F>,
    range: &Range<u32>,
    slot: Slot,
    buffer: &'b mut Buffer,
) -> Result<Option<&'b [u8]>, FlashError> {
    Ok(map(view, range)?.fetch_item::<&'b [u8]>(&mut buffer.0, &slot).await?)
}

/// The record that `bytes` are, if there are any.
// Not a part of the caller, which waits for the flash with its stack.
#[inline(never)]
fn decoded<'b, T: Record<'b>>(bytes: Option<&'b [u8]>) -> Result<Option<T>, FlashError> {
    bytes.map(|bytes| records::decode(bytes).ok_or(FlashError::Damaged)).transpose()
}
