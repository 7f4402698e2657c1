//! The store of firmware on flash that was damaged, is full of what nobody has written, or loses its power.

#[path = "../../../../boards/firmware/src/flash/tests/fake.rs"]
#[allow(dead_code)] // the tests there need more of it
mod fake;

use crate::bench::device::SETTINGS;
use crate::input::Steps;
use aclk_core::identity::guid::Guid;
use aclk_core::identity::key::PublicPem;
use aclk_core::secret::Secret;
use aclk_core::settings::Settings;
use aclk_core::store::{Claim, NodeId, Record, Saved, Store};
use aclk_firmware::flash::{AnchorMemory, ClaimOrder, FlashStore};
use aclk_pair::PRIVATE_PEM;
use chacha20::ChaCha20Rng;
use embassy_futures::block_on;
use fake::{Cut, Fake, PAGE};
use rand_core::SeedableRng;
use sequential_storage::cache::Cache;
use sequential_storage::map::{Key, MapConfig, MapStorage, SerializationError};
use std::sync::LazyLock;

const PAGES: usize = 4;
/// More erases than this are erases in circles.
const ERASES_MAX: usize = 60;

/// The flash of a device that is claimed.
static CLAIMED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut store = store(Fake::new(PAGES));
    let saves = async {
        store.set_machine_guid(guid(1)).await?;
        store.save(key()).await?;
        store.order(order()).await?;
        store.save(Record::Claimed(&claim())).await?;
        for round in 0..9 {
            store.save(Record::Node(NodeId { claimed: guid(1), node: guid(round) })).await?;
        }
        Ok::<_, aclk_firmware::flash::FlashError>(())
    };
    block_on(saves).expect("the flash is good");
    store.into_flash().bytes
});

static PUBLIC_PEM: PublicPem = PublicPem::new();

fn key() -> Record<'static> {
    Record::Key { private_pem: &PEM, public_pem: &PUBLIC_PEM }
}

static PEM: LazyLock<Secret<{ aclk_core::identity::key::PRIVATE_PEM_MAX }>> =
    LazyLock::new(|| Secret::copy_of(PRIVATE_PEM.as_bytes()).expect("it is a key"));

fn guid(last: u32) -> Guid {
    Guid::parse(&format!("0f0e0d0c-0b0a-4908-8706-0504{last:08x}")).expect("it is one")
}

fn claim() -> Claim {
    Claim { id: guid(1), url: SETTINGS.url.clone() }
}

fn order() -> ClaimOrder {
    let token = Secret::copy_of(b"secret-token").expect("it is short");
    ClaimOrder { token, rooms: "room-1".try_into().expect("it is short"), url: Some(SETTINGS.url.clone()) }
}

fn store(flash: Fake) -> FlashStore<Fake> {
    let end = flash.bytes.len() as u32;
    FlashStore::new(flash, 0..end).expect("it is large enough")
}

/// The key of a record, as the store has it: it takes no room.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Slot;

impl Key for Slot {
    fn serialize_into(&self, _: &mut [u8]) -> Result<usize, SerializationError> {
        Ok(0)
    }

    fn deserialize_from(_: &[u8]) -> Result<(Self, usize), SerializationError> {
        Ok((Self, 0))
    }
}

pub(crate) fn run(input: &[u8]) {
    let mut steps = Steps::of(input);
    let mut flash = Fake::with(CLAIMED.clone());
    while let Some(step) = steps.next(6) {
        let len = flash.bytes.len();
        match step {
            // Bytes that were something else.
            0 => {
                let at = usize::from(steps.number()) % len;
                let bytes = steps.bytes();
                let end = (at + bytes.len()).min(len);
                flash.bytes[at..end].copy_from_slice(&bytes[..end - at]);
            }
            1 => {
                let (at, more, value) = (usize::from(steps.number()) % len, usize::from(steps.number()), steps.byte());
                flash.bytes[at..(at + more).min(len)].fill(value);
            }
            // A page that was erased, or stands where another one was.
            2 => {
                let (from, to) = (usize::from(steps.byte()) % PAGES, usize::from(steps.byte()) % (PAGES + 1));
                let page = match to {
                    PAGES => vec![0xff; PAGE],
                    to => flash.bytes[to * PAGE..(to + 1) * PAGE].to_vec(),
                };
                flash.bytes[from * PAGE..(from + 1) * PAGE].copy_from_slice(&page);
            }
            // A record with any content, in order as far as sequential-storage looks.
            3 => {
                let content = steps.bytes();
                let range = 0..len as u32;
                let mut map = MapStorage::<Slot, _, _>::new(&mut flash, MapConfig::new(range), Cache::new_uncached());
                let _ = block_on(map.store_item(&mut [0; 4_096], &Slot, &content));
            }
            4 => {
                let how = Cut::ALL[usize::from(steps.byte()) % Cut::ALL.len()];
                flash.cut = Some((flash.operations + usize::from(steps.byte()), how));
            }
            _ => flash = exercise(flash).restarted(),
        }
    }
    let mut flash = Fake { operations: 0, erases: vec![0; PAGES], ..flash.restarted() };
    for _ in 0..2 {
        flash = exercise(flash);
    }
    let erases: usize = flash.erases.iter().sum();
    assert!(erases <= ERASES_MAX, "{erases} erases");
    let mut store = store(flash);
    block_on(store.unclaim()).expect("that helps always");
    assert_eq!(block_on(store.load()), Ok(Saved::default()));
    assert!(block_on(store.load_key()).expect("it is in order").is_none());
}

/// Everything that can be asked, and everything that can be changed.
fn exercise(flash: Fake) -> Fake {
    let (mut store, mut rng) = (store(flash), ChaCha20Rng::seed_from_u64(1));
    let product: &Settings = &SETTINGS;
    let mut memory = AnchorMemory::new();
    let _ = block_on(store.load());
    let _ = block_on(store.load_key()).map(|key| key.map(|pem| pem.expose_str().len()));
    let _ = block_on(store.anchors(&mut memory));
    let _ = block_on(store.settings(product, &mut rng));
    if block_on(store.save(Record::Claimed(&claim()))).is_ok()
        && let Ok(saved) = block_on(store.load())
    {
        assert_eq!(saved.claimed, Some(claim()), "what was saved is there");
    }
    let _ = block_on(store.order(order()));
    let _ = block_on(store.save(key()));
    store.into_flash()
}
