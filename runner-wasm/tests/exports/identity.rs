//! The identity as a folder.

use crate::bench::{Bench, FLASH, refused, taken};
use aclk_wasm::claim_archive;
use wasm_bindgen_test::wasm_bindgen_test;

fn has(archive: &[u8], text: &str) -> bool {
    archive.windows(text.len()).any(|window| window == text.as_bytes())
}

#[wasm_bindgen_test]
fn only_a_claimed_device_has_one() {
    let mut bench = Bench::live();
    assert_eq!(taken(claim_archive(&[], &bench.world.authority())), None);
    assert_eq!(taken(claim_archive(&[0xff; FLASH], &bench.world.authority())), None);
    // The node id is stored behind the news of it.
    bench.goes_on();
    let archive = taken(claim_archive(&bench.flash, &bench.world.authority())).expect("an identity");
    for name in ["claim.d/private.pem", "claim.d/claimed_id", "claim.d/node_id", "claim.d/cloud_fullchain.pem"] {
        assert!(has(&archive, name), "{name}");
    }
    // Whatever is given as the authority is only written down.
    assert!(taken(claim_archive(&bench.flash, &[])).is_some());
}

#[wasm_bindgen_test]
fn a_flash_that_is_damaged_anywhere_is_refused_or_has_none_and_is_never_a_trap() {
    let good = {
        let mut bench = Bench::live();
        bench.goes_on();
        bench.flash
    };
    let said = refused(claim_archive(&[0x5a; FLASH], &[]));
    assert!(said.contains("flash") || said.contains("storage") || said.contains("damaged"), "{said}");
    for at in (0..FLASH).step_by(61) {
        let mut bad = good.clone();
        bad[at] ^= 0x55;
        if let Err(error) = claim_archive(&bad, &[]) {
            drop(error);
        }
    }
    for len in [1, 4_095, FLASH - 1, FLASH + 1, 1 << 20] {
        // One of another size is a new one.
        assert_eq!(taken(claim_archive(&vec![0x5a; len], &[])), None, "{len}");
    }
}
