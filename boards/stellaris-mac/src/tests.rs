//! The driver and a chip of software.

mod fake;

use crate::registers::*;
use crate::{Error, FRAME_MAX, FRAME_MIN, StellarisMac};
use aclk_fifo_ethernet::fake::{Bell, Fake, Wire, frame, is_linked, receive, send};
use core::task::{Context, Waker};
use embassy_net_driver::{Driver, HardwareAddress};
use fake::Model;
use std::vec;
use std::vec::Vec;

const ADDRESS: [u8; 6] = [0x02, 0x11, 0x22, 0x33, 0x44, 0x55];
const CLOCK_HZ: u32 = 50_000_000;

fn card() -> (Wire<Model>, StellarisMac<Fake<Model>>) {
    let wire = Wire::new(Model::new());
    let card = crate::with_own_address(wire.port(), CLOCK_HZ).unwrap();
    (wire, card)
}

#[test]
fn the_controller_is_set_up_for_the_address_that_it_has() {
    let (wire, card) = card();
    assert!(matches!(card.hardware_address(), HardwareAddress::Ethernet(ADDRESS)));
    wire.with(|chip| {
        assert_eq!(chip.register(RCTL), RX_ON | RX_REJECT_BAD);
        assert_eq!(chip.register(TCTL) & (TX_ON | TX_PAD | TX_CHECKSUM), TX_ON | TX_PAD | TX_CHECKSUM);
        assert_eq!(chip.register(MDV), 9, "2.5 MHz for the PHY");
        assert_eq!(chip.receiver_resets, 1);
    });
    assert_eq!(card.capabilities().max_transmission_unit, FRAME_MAX);
}

#[test]
fn another_address_can_be_given_and_one_of_a_group_or_of_nobody_is_none() {
    let wire = Wire::new(Model::new());
    let other = [0x02, 9, 8, 7, 6, 5];
    let card = crate::new::<_, FRAME_MAX>(wire.port(), other, CLOCK_HZ);
    assert!(matches!(card.hardware_address(), HardwareAddress::Ethernet(address) if address == other));
    wire.with(|chip| assert_eq!((chip.register(IA0), chip.register(IA1)), (0x0708_0902, 0x0506)));
    for (low, high) in [(0, 0), (0x3322_1103, 0x5544), (u32::MAX, 0xffff)] {
        let wire = Wire::new(Model::new());
        wire.with(|chip| (_ = chip.registers.insert(IA0, low), _ = chip.registers.insert(IA1, high)));
        let card = crate::with_own_address::<_, FRAME_MAX>(wire.port(), CLOCK_HZ);
        assert_eq!(card.unwrap_err(), Error::NoAddress);
    }
}

#[test]
fn frames_of_every_length_arrive_as_they_were_sent_to_us() {
    let (wire, mut card) = card();
    for len in [14, 15, 16, 17, 60, 61, 1513, FRAME_MAX] {
        wire.with(|chip| chip.arrives(&frame(len)));
        assert_eq!(receive(&mut card, Waker::noop()), Some(frame(len)), "{len}");
    }
    wire.with(|chip| {
        chip.arrives(&frame(77));
        chip.arrives(&frame(78));
    });
    assert_eq!(receive(&mut card, Waker::noop()), Some(frame(77)));
    assert_eq!(receive(&mut card, Waker::noop()), Some(frame(78)));
    assert_eq!(receive(&mut card, Waker::noop()), None);
    wire.with(|chip| assert_eq!((chip.lost, chip.read_beyond_end), (0, 0)));
}

#[test]
fn a_token_that_is_dropped_leaves_its_frame_in_the_chip() {
    let (wire, mut card) = card();
    wire.with(|chip| chip.arrives(&frame(100)));
    assert!(card.receive(&mut Context::from_waker(Waker::noop())).is_some());
    assert_eq!(receive(&mut card, Waker::noop()), Some(frame(100)));
}

#[test]
fn giant_and_tiny_frames_are_thrown_away_and_counted() {
    let wire = Wire::new(Model::new());
    let mut card = crate::with_own_address::<_, FRAME_MIN>(wire.port(), CLOCK_HZ).unwrap();
    wire.with(|chip| {
        chip.arrives(&frame(FRAME_MIN + 1));
        chip.arrives(&frame(13));
        chip.arrives(&[]);
        chip.arrives(&frame(FRAME_MIN));
    });
    assert_eq!(receive(&mut card, Waker::noop()), Some(frame(FRAME_MIN)), "what follows them is in step");
    wire.with(|chip| assert_eq!((chip.lost, chip.read_beyond_end, chip.receiver_resets), (3, 0, 1)));
}

#[test]
fn a_length_that_cannot_be_is_the_end_of_what_is_in_the_fifo_and_of_nothing_else() {
    let (wire, mut card) = card();
    for nonsense in [0, 5, 2049, 0xffff] {
        wire.with(|chip| {
            chip.lost = 0;
            chip.arrives_as(nonsense, &frame(60));
            chip.arrives(&frame(61));
        });
        assert_eq!(receive(&mut card, Waker::noop()), None);
        wire.with(|chip| {
            assert_eq!(chip.lost, 1, "{nonsense}");
            chip.arrives(&frame(62));
        });
        assert_eq!(receive(&mut card, Waker::noop()), Some(frame(62)));
    }
}

#[test]
fn who_waits_for_a_frame_is_woken_once_by_it() {
    let (wire, mut card) = card();
    let bell = Bell::default();
    assert_eq!(receive(&mut card, &bell.waker()), None);
    assert_eq!(bell.rings(), 0);
    wire.with(|chip| chip.arrives(&frame(60)));
    assert_eq!(bell.rings(), 1);
    assert_eq!(receive(&mut card, &bell.waker()), Some(frame(60)));
}

#[test]
fn a_frame_that_comes_while_the_interrupt_is_acknowledged_is_not_missed() {
    let (wire, mut card) = card();
    wire.with(|chip| chip.arrives_before = Some(frame(60)));
    assert_eq!(receive(&mut card, Waker::noop()), Some(frame(60)));
    let bell = Bell::default();
    wire.with(|chip| chip.arrives_after = Some(frame(61)));
    assert!(receive(&mut card, &bell.waker()) == Some(frame(61)) || bell.rings() == 1);
}

#[test]
fn frames_of_every_length_are_sent_whole() {
    let (wire, mut card) = card();
    let frames: Vec<_> = [14, 42, 43, 44, 45, 60, 1513, FRAME_MAX].map(frame).into();
    for frame in &frames {
        assert!(send(&mut card, frame, Waker::noop()));
    }
    wire.with(|chip| assert_eq!((&chip.sent, chip.lost), (&frames, 0)));
}

#[test]
fn one_frame_is_on_its_way_at_a_time_and_its_end_wakes_who_waits() {
    let (wire, mut card) = card();
    wire.with(|chip| chip.is_slow = true);
    let bell = Bell::default();
    assert!(send(&mut card, &frame(60), &bell.waker()));
    assert!(!send(&mut card, &frame(61), &bell.waker()));
    // Nor is a frame taken that could not be answered.
    wire.with(|chip| chip.arrives(&frame(99)));
    assert_eq!(receive(&mut card, &bell.waker()), None);
    wire.with(Model::send_ends);
    assert!(bell.rings() >= 1);
    assert_eq!(receive(&mut card, &bell.waker()), Some(frame(99)));
    assert!(send(&mut card, &frame(61), &bell.waker()));
    wire.with(|chip| assert_eq!(chip.sent, vec![frame(60), frame(61)]));
}

#[test]
fn what_is_lost_on_the_way_in_or_out_is_counted_and_the_rest_goes_on() {
    let (wire, mut card) = card();
    wire.with(|chip| chip.raise(INT_TX_ERROR | INT_OVERRUN | INT_RX_ERROR));
    assert!(send(&mut card, &frame(60), Waker::noop()));
    wire.with(|chip| {
        assert_eq!((chip.lost, chip.ris & (INT_TX_ERROR | INT_OVERRUN | INT_RX_ERROR)), (3, 0));
        chip.arrives(&frame(61));
    });
    assert_eq!(receive(&mut card, Waker::noop()), Some(frame(61)));
    wire.with(|chip| assert_eq!(chip.lost, 3));
}

#[test]
fn the_link_is_seen_to_go_and_to_come_back_and_the_phy_is_not_asked_meanwhile() {
    let (wire, mut card) = card();
    let bell = Bell::default();
    assert!(is_linked(&mut card, &bell.waker()));
    wire.with(|chip| assert!(chip.register(TCTL) & TX_FULL_DUPLEX != 0));
    let asked = wire.with(|chip| chip.phy_reads);
    assert!(is_linked(&mut card, &bell.waker()));
    assert_eq!(wire.with(|chip| chip.phy_reads), asked);
    wire.with(|chip| {
        chip.phy[usize::from(PHY_STATUS)] &= !PHY_LINK;
        chip.raise(INT_PHY);
    });
    assert_eq!(bell.rings(), 1);
    assert!(!is_linked(&mut card, &bell.waker()));
    wire.with(|chip| {
        chip.phy[usize::from(PHY_STATUS)] |= PHY_LINK;
        chip.phy[usize::from(PHY_PARTNER)] = 1 << 7;
        chip.raise(INT_PHY);
    });
    assert!(is_linked(&mut card, &bell.waker()));
    wire.with(|chip| assert_eq!(chip.register(TCTL) & TX_FULL_DUPLEX, 0, "in one direction at a time"));
}

#[test]
fn without_a_phy_the_link_is_up_and_with_one_that_does_not_answer_it_is_down() {
    let (wire, mut card) = card();
    wire.with(|chip| chip.phy = [0; 32]);
    assert!(is_linked(&mut card, Waker::noop()));
    let (wire, mut card) = self::card();
    wire.with(|chip| chip.is_phy_stuck = true);
    assert!(!is_linked(&mut card, Waker::noop()));
}
