//! The store on a flash that tears, wears out and lies.

mod cuts;
mod fake;
mod hostile;

use super::{AnchorList, AnchorMemory, ClaimOrder, FlashError, FlashStore, RECORD_MAX, Setup};
use aclk_core::identity::guid::Guid;
use aclk_core::identity::key::{PRIVATE_PEM_MAX, PublicPem};
use aclk_core::identity::pem::{Form, PrivateDer};
use aclk_core::secret::Secret;
use aclk_core::settings::{Limits, Settings, Timing};
use aclk_core::store::{Claim, NodeId, Record, Saved, Store};
use aclk_core::wire::proxy::Exceptions;
use aclk_core::wire::url::Url;
use embassy_futures::block_on;
use fake::{Fake, PAGE};
use rand_core::{Infallible, TryCryptoRng, TryRng};
use rustls_pki_types::{Der, TrustAnchor};
use std::format;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

/// Four pages, all of them the store's.
const PAGES: usize = 4;

fn store(flash: Fake) -> FlashStore<Fake> {
    let end = flash.bytes.len() as u32;
    FlashStore::new(flash, 0..end).unwrap()
}

fn guid(last: u32) -> Guid {
    Guid::parse(&format!("0f0e0d0c-0b0a-4908-8706-0504{last:08x}")).unwrap()
}

fn claim(last: u32) -> Claim {
    Claim { id: guid(last), url: Url::parse("https://cloud.example").unwrap() }
}

/// As long as a key of RSA-2048.
fn private_pem(fill: u8) -> Secret<PRIVATE_PEM_MAX> {
    PrivateDer { form: Form::Pkcs8, der: Secret::copy_of(&[fill; 1_218]).unwrap() }.to_pem().unwrap()
}

fn save_key(store: &mut FlashStore<Fake>, fill: u8) -> Result<(), FlashError> {
    let public_pem = PublicPem::new();
    block_on(store.save(Record::Key { private_pem: &private_pem(fill), public_pem: &public_pem }))
}

fn key(store: &mut FlashStore<Fake>) -> Option<String> {
    block_on(store.load_key()).unwrap().map(|pem| pem.expose_str().to_string())
}

fn order(token: &str) -> ClaimOrder {
    ClaimOrder {
        token: Secret::copy_of(token.as_bytes()).unwrap(),
        rooms: "room-1,room-2".try_into().unwrap(),
        url: Some(Url::parse("https://other.example:8443/base").unwrap()),
    }
}

fn product() -> Settings {
    Settings {
        url: Url::parse("https://product.example").unwrap(),
        id: guid(0xffff),
        machine_guid: guid(0xffff),
        hostname: "product".try_into().unwrap(),
        token: Secret::new(),
        rooms: heapless::String::new(),
        claim_attempts: None,
        proxy: None,
        no_proxy: Exceptions::NONE,
        timing: Timing::DEFAULT,
        limits: Limits::DEVICE,
    }
}

/// What people would see of the settings.
fn settings(store: &mut FlashStore<Fake>) -> String {
    let settings = block_on(store.settings(&product(), &mut Counting(7))).unwrap();
    let proxy = settings.proxy.map(|proxy| proxy.to_string()).unwrap_or_default();
    let (url, hostname, rooms) = (settings.url, settings.hostname, settings.rooms);
    format!("{url} {hostname} {} {rooms} {proxy}", settings.token.expose_str())
}

/// Counts up.
struct Counting(u8);

impl TryRng for Counting {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0 = self.0.wrapping_add(1);
        Ok(self.0.into())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.try_next_u32().map(u64::from)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for byte in bytes {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
        Ok(())
    }
}

impl TryCryptoRng for Counting {}

#[test]
fn a_blank_flash_is_an_unclaimed_device_with_an_identity_of_its_own() {
    let mut device = store(Fake::new(PAGES));
    assert_eq!(block_on(device.load()).unwrap(), Saved::default());
    assert_eq!(key(&mut device), None);
    assert_eq!(settings(&mut device), "https://product.example product   ");
    let machine = |device: &mut FlashStore<Fake>, seed| {
        block_on(device.settings(&product(), &mut Counting(seed))).unwrap().machine_guid
    };
    let first = machine(&mut device, 1);
    let mut device = store(device.into_flash());
    assert_eq!(machine(&mut device, 99), first, "it keeps it");
    assert_ne!(first, guid(0xffff));
}

#[test]
fn everything_is_there_after_a_restart() {
    let mut device = store(Fake::new(PAGES));
    block_on(device.set_machine_guid(guid(1))).unwrap();
    save_key(&mut device, 1).unwrap();
    block_on(device.order(order("secret-token"))).unwrap();
    let proxy = Secret::copy_of(b"http://user:word@proxy.example:3128").unwrap();
    block_on(device.set_up(&Setup { hostname: "pump-7".try_into().unwrap(), proxy })).unwrap();
    block_on(device.save(Record::Pending(&claim(1)))).unwrap();

    let mut device = store(device.into_flash());
    let pending = Saved { pending: Some(claim(1)), ..Saved::default() };
    assert_eq!(block_on(device.load()).unwrap(), pending);
    assert_eq!(key(&mut device).as_deref(), Some(private_pem(1).expose_str()));
    let all = "https://other.example:8443/base pump-7 secret-token room-1,room-2 \
               http://proxy.example:3128 (with credentials)";
    assert_eq!(settings(&mut device), all);
    block_on(device.save(Record::Refused)).unwrap();
    assert_eq!(settings(&mut device), all, "a refusal leaves the token");
    assert_eq!(block_on(device.load()).unwrap(), Saved::default());

    block_on(device.save(Record::Pending(&claim(1)))).unwrap();
    block_on(device.save(Record::Claimed(&claim(1)))).unwrap();
    let node = NodeId { claimed: guid(1), node: guid(2) };
    block_on(device.save(Record::Node(node))).unwrap();
    let mut device = store(device.into_flash());
    let claimed = Saved { claimed: Some(claim(1)), pending: None, node: Some(node) };
    assert_eq!(block_on(device.load()).unwrap(), claimed);
    assert_eq!(
        settings(&mut device),
        "https://product.example pump-7   http://proxy.example:3128 (with credentials)",
        "a claim takes the token"
    );

    block_on(device.unclaim()).unwrap();
    let mut device = store(device.into_flash());
    assert_eq!(block_on(device.load()).unwrap(), Saved::default());
    assert_eq!(key(&mut device), None);
    let again = block_on(device.settings(&product(), &mut Counting(7))).unwrap();
    assert_eq!((again.hostname.as_str(), again.token.is_empty()), ("pump-7", true));
    assert_ne!(again.machine_guid, guid(1), "another identity");
    block_on(device.order(order("next-token"))).unwrap();
    assert!(settings(&mut device).contains("next-token"));
}

#[test]
fn the_longest_of_everything_fits_four_pages_over_and_over() {
    let mut device = store(Fake::new(PAGES));
    let url = |letter: &str| Url::parse(&format!("https://c.example/{}", letter.repeat(238))).unwrap();
    for round in 0..6 {
        let claim = Claim { id: guid(round), url: url("a") };
        save_key(&mut device, round as u8).unwrap();
        let order = ClaimOrder {
            token: Secret::copy_of(&[b't'; 512]).unwrap(),
            rooms: "r".repeat(1024).as_str().try_into().unwrap(),
            url: Some(url("b")),
        };
        block_on(device.order(order)).unwrap();
        let hostname = "h".repeat(253).as_str().try_into().unwrap();
        let proxy = Secret::copy_of(format!("http://{}@p.example", "u".repeat(255)).as_bytes()).unwrap();
        block_on(device.set_up(&Setup { hostname, proxy })).unwrap();
        let text = [b'x'; RECORD_MAX - 7];
        let anchor = TrustAnchor {
            subject: Der::from_slice(&text[..100]),
            subject_public_key_info: Der::from_slice(&text[100..]),
            name_constraints: None,
        };
        let anchors = AnchorList(heapless::Vec::from_iter([anchor]));
        block_on(device.set_anchors(&anchors)).unwrap();
        block_on(device.save(Record::Pending(&claim))).unwrap();
        let mut memory = AnchorMemory::new();
        assert_eq!(block_on(device.anchors(&mut memory)).unwrap(), Some(anchors));
        assert_eq!(key(&mut device).as_deref(), Some(private_pem(round as u8).expose_str()));
        assert!(settings(&mut device).contains(&"t".repeat(512)));
        assert_eq!(block_on(device.load()).unwrap().pending, Some(claim));
    }
}

#[test]
fn trust_anchors_are_replaced_and_given_back() {
    let mut device = store(Fake::new(PAGES));
    let mut memory = AnchorMemory::new();
    assert_eq!(block_on(device.anchors(&mut memory)).unwrap(), None);
    let anchor = |name: &'static [u8], constraints: Option<&'static [u8]>| TrustAnchor {
        subject: Der::from_slice(name),
        subject_public_key_info: Der::from_slice(b"key"),
        name_constraints: constraints.map(Der::from_slice),
    };
    let two = AnchorList(heapless::Vec::from_iter([anchor(b"one", None), anchor(b"two", Some(b"only this"))]));
    block_on(device.set_anchors(&two)).unwrap();
    let mut device = store(device.into_flash());
    let mut memory = AnchorMemory::new();
    assert_eq!(block_on(device.anchors(&mut memory)).unwrap(), Some(two));
    block_on(device.set_anchors(&AnchorList(heapless::Vec::new()))).unwrap();
    let mut memory = AnchorMemory::new();
    assert_eq!(block_on(device.anchors(&mut memory)).unwrap(), None);

    let long = vec![0; RECORD_MAX];
    let long = TrustAnchor { subject: Der::from_slice(&long), ..anchor(b"", None) };
    let long = AnchorList(heapless::Vec::from_iter([long]));
    assert_eq!(block_on(device.set_anchors(&long)), Err(FlashError::TooLong));
}

#[test]
fn a_store_keeps_to_its_range() {
    let mut flash = Fake::new(6);
    flash.bytes[..PAGE].fill(0xab);
    flash.bytes[5 * PAGE..].fill(0xcd);
    let mut device = FlashStore::new(flash, PAGE as u32..5 * PAGE as u32).unwrap();
    for round in 0..60 {
        block_on(device.save(Record::Pending(&claim(round)))).unwrap();
        save_key(&mut device, round as u8).unwrap();
    }
    block_on(device.erase()).unwrap();
    let flash = device.into_flash();
    assert!(flash.bytes[..PAGE].iter().all(|byte| *byte == 0xab));
    assert!(flash.bytes[5 * PAGE..].iter().all(|byte| *byte == 0xcd));
    let page = PAGE as u32;
    for range in [0..2 * page, 0..3 * page + 4, 4..3 * page + 4, 3 * page..0, 4 * page..8 * page, 0..0] {
        assert_eq!(FlashStore::new(flash.clone(), range.clone()).unwrap_err(), FlashError::Range, "{range:?}");
    }
}

/// The numbers in docs/firmware-guide.md.
#[test]
fn wear_is_spread_and_small() {
    let mut device = store(Fake::new(PAGES));
    let spent = |store: &mut FlashStore<Fake>, count: u32, cycle: &dyn Fn(&mut FlashStore<Fake>, u32)| {
        let before: usize = store.flash.0.erases.iter().sum();
        (0..count).for_each(|round| cycle(store, round));
        store.flash.0.erases.iter().sum::<usize>() - before
    };
    let claims = spent(&mut device, 100, &|device, round| {
        block_on(device.unclaim()).unwrap();
        block_on(device.order(order("secret-token"))).unwrap();
        let machine = block_on(device.settings(&product(), &mut Counting(round as u8))).unwrap().machine_guid;
        save_key(device, round as u8).unwrap();
        let claim = Claim { id: machine, ..claim(0) };
        block_on(device.save(Record::Pending(&claim))).unwrap();
        block_on(device.save(Record::Claimed(&claim))).unwrap();
        block_on(device.save(Record::Node(NodeId { claimed: machine, node: guid(round) }))).unwrap();
    });
    assert!((40..=55).contains(&claims), "{claims} erases in 100 claims");
    let before = device.flash.0.operations;
    let year = spent(&mut device, 2_000, &|device, _| {
        let saved = block_on(device.load()).unwrap();
        let _ = key(device);
        block_on(device.save(Record::Node(saved.node.unwrap()))).unwrap();
    });
    assert_eq!((year, device.flash.0.operations), (0, before), "reconnecting writes nothing");
    let erases = &device.flash.0.erases;
    let (least, most) = (erases.iter().min().unwrap(), erases.iter().max().unwrap());
    assert!(most - least <= 1, "{erases:?}");
}

/// A debug print shows no secrets.
#[test]
fn nothing_secret_is_printed() {
    let mut device = store(Fake::new(PAGES));
    block_on(device.order(order("secret-token"))).unwrap();
    let shown = format!("{device:?} {:?}", order("secret-token"));
    assert!(!shown.contains("secret-token"), "{shown}");
    assert!(device.buffer.0.iter().all(|byte| *byte == 0), "the buffer is wiped");
    let _: Vec<u8> = device.into_flash().bytes;
}
