//! Power is cut at each write and each erase of each change, in every way.

use super::fake::{Cut, Fake};
use super::{Counting, PAGES, claim, guid, key, order, private_pem, product, save_key, settings, store};
use crate::flash::{AnchorList, ClaimOrder, FlashError, FlashStore, Setup};
use aclk_core::secret::Secret;
use aclk_core::store::{NodeId, Record, Store};
use embassy_futures::block_on;
use rustls_pki_types::{Der, TrustAnchor};
use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

/// A change, which a device that is cut off begins anew.
type Change = fn(&mut FlashStore<Fake>) -> Result<(), FlashError>;

const CHANGES: [(&str, Change); 8] = [
    ("another machine GUID", |device| block_on(device.set_machine_guid(guid(5)))),
    ("a new key", |device| save_key(device, 9)),
    ("a claim is sent", |device| block_on(device.save(Record::Pending(&claim(9))))),
    ("a claim is confirmed", |device| block_on(device.save(Record::Claimed(&claim(9))))),
    ("a node id", |device| block_on(device.save(Record::Node(NodeId { claimed: guid(1), node: guid(9) })))),
    ("an order", |device| block_on(device.order(order("another-token")))),
    ("a setup", |device| {
        let proxy = Secret::copy_of(b"http://proxy.example").unwrap();
        block_on(device.set_up(&Setup { hostname: "another".try_into().unwrap(), proxy }))
    }),
    ("trust anchors", |device| {
        let anchor = TrustAnchor {
            subject: Der::from_slice(b"somebody else"),
            subject_public_key_info: Der::from_slice(&[7; 294]),
            name_constraints: None,
        };
        block_on(device.set_anchors(&AnchorList(heapless::Vec::from_iter([anchor]))))
    }),
];

/// A device that has been used.
fn device(age: u32) -> Fake {
    let mut device = store(Fake::new(PAGES));
    block_on(device.set_machine_guid(guid(1))).unwrap();
    save_key(&mut device, 1).unwrap();
    block_on(device.order(order("secret-token"))).unwrap();
    for round in 0..age {
        grow(&mut device, round);
    }
    Fake { operations: 0, ..device.into_flash() }
}

fn grow(device: &mut FlashStore<Fake>, round: u32) {
    block_on(device.save(Record::Node(NodeId { claimed: guid(1), node: guid(round + 100) }))).unwrap();
    // Of many lengths, so that the end of a page is met in many ways.
    let hostname = "h".repeat(1 + round as usize % 50).as_str().try_into().unwrap();
    block_on(device.set_up(&Setup { hostname, proxy: Secret::new() })).unwrap();
}

fn erases(device: &FlashStore<Fake>) -> usize {
    device.flash.0.erases.iter().sum()
}

/// All that is kept, as text.
fn shown(flash: Fake) -> (String, Fake) {
    let mut device = store(flash);
    let key =
        key(&mut device).map_or("no key", |pem| if pem == private_pem(1).expose_str() { "key 1" } else { "key 9" });
    let saved = block_on(device.load()).unwrap();
    let settings = settings(&mut device);
    let mut memory = super::AnchorMemory::new();
    let anchors = block_on(device.anchors(&mut memory)).unwrap().map(|anchors| anchors.0.len());
    (format!("{key} {saved:?} {settings} {anchors:?}"), device.into_flash())
}

/// Devices of some ages: young, and one or two at which the change needs an erase.
fn images(name: &str, change: Change) -> Vec<Fake> {
    let mut images = vec![device(0)];
    let mut device = store(device(0));
    for round in 0..300 {
        grow(&mut device, round);
        let image = Fake { operations: 0, ..device.flash.0.clone() };
        let mut changed = store(image.clone());
        change(&mut changed).unwrap();
        if erases(&changed) > erases(&device) {
            images.push(image);
            // The next one in another page.
            let before = erases(&device);
            (round + 1..)
                .take_while(|round| {
                    grow(&mut device, *round);
                    erases(&device) == before
                })
                .for_each(drop);
            if images.len() == 3 {
                break;
            }
        }
    }
    assert!(images.len() >= 2, "{name}: it never needs an erase");
    images
}

#[test]
fn a_power_cut_leaves_the_old_state_or_the_new_one_and_a_store_that_works() {
    let mut cuts = 0;
    for (name, change) in CHANGES {
        for (age, image) in images(name, change).into_iter().enumerate() {
            let (old, _) = shown(image.clone());
            let mut whole = store(image.clone());
            change(&mut whole).unwrap();
            let operations = whole.flash.0.operations;
            let (new, _) = shown(whole.into_flash());
            for at in 0..operations {
                for cut in Cut::ALL {
                    let context = format!("{name}, age {age}, operation {at} of {operations}, {cut:?}");
                    let mut torn = store(Fake { cut: Some((at, cut)), ..image.clone() });
                    // A change may be whole before its last write, or do without it.
                    let _ = change(&mut torn);
                    let (found, flash) = shown(torn.into_flash().restarted());
                    assert!(found == old || found == new, "{context}\nold {old}\nnew {new}\nis  {found}");
                    let mut again = store(flash.clone());
                    change(&mut again).unwrap_or_else(|error| panic!("{context}: {error}"));
                    assert_eq!(shown(again.into_flash()).0, new, "{context}");
                    // And it goes on working, through all pages.
                    if at % 5 == 0 {
                        let mut on = store(flash);
                        for round in 0..15 {
                            save_key(&mut on, round).unwrap_or_else(|error| panic!("{context}: {error}"));
                        }
                        assert!(key(&mut on).is_some(), "{context}");
                    }
                    cuts += 1;
                }
            }
        }
    }
    assert!(cuts > 300, "{cuts}");
}

#[test]
fn an_unclaim_that_is_cut_off_leaves_a_claimed_device_or_one_that_can_be_claimed() {
    let image = {
        let mut device = store(device(20));
        block_on(device.save(Record::Claimed(&claim(1)))).unwrap();
        Fake { operations: 0, ..device.into_flash() }
    };
    let (old, _) = shown(image.clone());
    let mut whole = store(image.clone());
    block_on(whole.unclaim()).unwrap();
    for at in 0..whole.flash.0.operations {
        for cut in Cut::ALL {
            let mut torn = store(Fake { cut: Some((at, cut)), ..image.clone() });
            let _ = block_on(torn.unclaim());
            let (found, flash) = shown(torn.into_flash().restarted());
            let mut device = store(flash);
            let saved = block_on(device.load()).unwrap();
            assert!(found == old || saved == Default::default(), "{at} {cut:?}: {found}");
            assert!(!settings(&mut device).contains("token"), "{at} {cut:?}: an old token does not come back");
            block_on(device.unclaim()).unwrap();
            assert_eq!(key(&mut device), None);
            block_on(device.order(ClaimOrder { rooms: heapless::String::new(), ..order("new-token") })).unwrap();
            assert!(settings(&mut device).contains("new-token"), "{at} {cut:?}");
        }
    }
}

#[test]
fn a_blank_flash_whose_first_power_is_cut_again_and_again_is_taken_in_the_end() {
    for cut in Cut::ALL {
        let mut flash = Fake::new(PAGES);
        for at in [0, 0, 1, 1, 2, 0, 3, 1] {
            flash.operations = 0;
            flash.cut = Some((at, cut));
            let mut device = store(flash);
            let _ = block_on(device.settings(&product(), &mut Counting(1)));
            flash = device.into_flash().restarted();
        }
        let mut device = store(flash);
        assert_eq!(settings(&mut device), "https://product.example product   ", "{cut:?}");
    }
}
