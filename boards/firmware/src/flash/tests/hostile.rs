//! Flash that holds what it should not.

use super::fake::{Fake, PAGE};
use super::{PAGES, claim, guid, key, order, product, save_key, settings, store};
use crate::flash::records::{MAGIC, Slot};
use crate::flash::{FORMAT, FlashError, FlashStore};
use aclk_core::store::{NodeId, Record, Saved, Store};
use embassy_futures::block_on;
use proptest::prelude::*;
use sequential_storage::cache::Cache;
use sequential_storage::map::{MapConfig, MapStorage};
use std::vec;
use std::vec::Vec;

/// A claimed device.
fn claimed() -> Fake {
    let mut device = store(Fake::new(PAGES));
    block_on(device.set_machine_guid(guid(1))).unwrap();
    save_key(&mut device, 1).unwrap();
    block_on(device.order(order("secret-token"))).unwrap();
    block_on(device.save(Record::Claimed(&claim(1)))).unwrap();
    for round in 0..9 {
        block_on(device.save(Record::Node(NodeId { claimed: guid(1), node: guid(round + 1) }))).unwrap();
    }
    Fake { operations: 0, ..device.into_flash() }
}

/// Everything that can be asked, and everything that can be changed.
fn exercise(device: &mut FlashStore<Fake>) -> Vec<FlashError> {
    let mut memory = super::AnchorMemory::new();
    let all = [
        block_on(device.load()).map(drop),
        block_on(device.load_key()).map(drop),
        block_on(device.anchors(&mut memory)).map(drop),
        block_on(device.settings(&product(), &mut super::Counting(1))).map(drop),
        block_on(device.save(Record::Pending(&claim(3)))),
        block_on(device.save(Record::Claimed(&claim(3)))),
        block_on(device.order(order("third-token"))),
        save_key(device, 3),
    ];
    all.into_iter().filter_map(Result::err).collect()
}

#[test]
fn what_is_not_ours_is_named_and_left_alone_until_somebody_unclaims() {
    for bytes in
        [vec![0; PAGES * PAGE], vec![0x5a; PAGES * PAGE], (0..PAGES * PAGE).map(|index| (index * 7) as u8).collect(), {
            let mut bytes = vec![0xff; PAGES * PAGE];
            bytes[300] = 0x7f;
            bytes
        }]
    {
        let mut device = store(Fake::with(bytes.clone()));
        assert!(exercise(&mut device).iter().all(|error| *error == FlashError::Foreign));
        let mut device = store(device.into_flash());
        assert_eq!(block_on(device.load()), Err(FlashError::Foreign));
        assert_eq!((device.flash.0.operations, &device.flash.0.bytes), (0, &bytes), "nothing was changed");
        block_on(device.unclaim()).unwrap();
        assert_eq!(block_on(device.load()), Ok(Saved::default()));
    }
}

#[test]
fn a_newer_format_is_refused_by_name_wherever_its_mark_is() {
    for at in [0, 500, 2 * PAGE - 4, PAGES * PAGE - 8] {
        let mut flash = claimed();
        flash.bytes[at] = FORMAT + 1;
        flash.bytes[at + 1..at + 8].copy_from_slice(&MAGIC);
        let before = flash.bytes.clone();
        let mut device = store(flash);
        assert_eq!(block_on(device.load()), Err(FlashError::Newer { found: FORMAT + 1 }), "{at}");
        assert!(exercise(&mut device).iter().all(|error| *error == FlashError::Newer { found: FORMAT + 1 }));
        assert_eq!(device.flash.0.bytes, before, "{at}: nothing was changed");
        let said = std::string::ToString::to_string(&FlashError::Newer { found: FORMAT + 1 });
        assert!(said.contains("written by a newer firmware (format 2, this one knows 1)"), "{said}");
    }
}

#[test]
fn an_item_without_content_is_damage_and_no_panic() {
    let mut flash = claimed();
    let range = 0..flash.bytes.len() as u32;
    let mut map = MapStorage::<Slot, _, _>::new(&mut flash, MapConfig::new(range), Cache::new_uncached());
    block_on(map.store_item::<&[u8]>(&mut [0; 64], &Slot::ALL[1], &[].as_slice())).unwrap();
    let mut device = store(flash);
    let _ = exercise(&mut device);
    block_on(device.unclaim()).unwrap();
    assert_eq!(block_on(device.load()), Ok(Saved::default()));
}

#[test]
fn a_record_that_is_no_record_is_damage_until_somebody_unclaims() {
    for (slot, content) in [(1, &b"\x01short"[..]), (1, &[1; 700]), (2, &[2, 8, 255, 255]), (3, &[3]), (4, &[4, 1])] {
        let mut flash = claimed();
        let range = 0..flash.bytes.len() as u32;
        let mut map = MapStorage::<Slot, _, _>::new(&mut flash, MapConfig::new(range), Cache::new_uncached());
        block_on(map.store_item(&mut [0; 1024], &Slot::ALL[slot], &content)).unwrap();
        let mut device = store(flash);
        let errors = exercise(&mut device);
        assert!(errors.contains(&FlashError::Damaged), "{slot} {errors:?}");
        assert!(device.flash.0.erases.iter().sum::<usize>() < 8, "it does not go on erasing");
        block_on(device.unclaim()).unwrap();
        assert_eq!(block_on(device.load()), Ok(Saved::default()));
        assert_eq!(key(&mut device), None);
        let _ = settings(&mut device);
    }
}

#[test]
fn flash_that_does_not_keep_what_it_is_told_is_worn_out() {
    let mut device = store(claimed());
    assert!(block_on(device.load()).unwrap().claimed.is_some());
    device.flash.0.is_worn = true;
    assert_eq!(block_on(device.save(Record::Pending(&claim(5)))), Err(FlashError::Worn));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_to_the_flash_nothing_panics_and_nothing_is_erased_in_circles(
        changes in prop::collection::vec((0..PAGES * PAGE, any::<u8>(), 1_usize..300), 1..12),
    ) {
        let mut flash = claimed();
        for (at, value, len) in changes {
            let end = (at + len).min(flash.bytes.len());
            flash.bytes[at..end].fill(value);
        }
        let mut device = store(flash);
        let _ = exercise(&mut device);
        let _ = exercise(&mut device);
        let erases: usize = device.flash.0.erases.iter().sum();
        prop_assert!(erases <= 40, "{} erases", erases);
        prop_assert_eq!(block_on(device.unclaim()), Ok(()));
        prop_assert_eq!(block_on(device.load()), Ok(Saved::default()));
    }
}
