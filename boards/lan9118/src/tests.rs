//! The driver and a chip of software.

mod fake;

use crate::registers::*;
use crate::{Error, FRAME_MAX, FRAME_MIN, Lan9118};
use aclk_fifo_ethernet::fake::{Bell, Fake, Wire, frame, is_linked, receive, send};
use core::task::{Context, Waker};
use embassy_net_driver::{Driver, HardwareAddress, RxToken, TxToken};
use fake::Model;
use std::vec;
use std::vec::Vec;

const ADDRESS: [u8; 6] = [0x02, 0x11, 0x22, 0x33, 0x44, 0x55];

fn card() -> (Wire<Model>, Lan9118<Fake<Model>>) {
    let wire = Wire::new(Model::new());
    let card = crate::new(wire.port(), ADDRESS).unwrap();
    (wire, card)
}

#[test]
fn the_chip_is_reset_then_set_up_and_hears_its_own_address() {
    let (wire, card) = card();
    wire.with(|chip| {
        assert_eq!(chip.resets, 1);
        assert_eq!(chip.mac[usize::from(MAC_ADDRL)], 0x3322_1102);
        assert_eq!(chip.mac[usize::from(MAC_ADDRH)], 0x5544);
        assert_eq!(chip.mac[usize::from(MAC_CR)] & (MAC_TX | MAC_RX), MAC_TX | MAC_RX);
        assert_eq!(chip.phy[usize::from(PHY_CONTROL)] & PHY_NEGOTIATE, PHY_NEGOTIATE);
        assert!(chip.registers[&HW_CFG] & HW_STORE_AND_FORWARD != 0);
    });
    assert!(matches!(card.hardware_address(), HardwareAddress::Ethernet(ADDRESS)));
    assert_eq!(card.capabilities().max_transmission_unit, FRAME_MAX);
}

#[test]
fn the_address_of_the_eeprom_is_taken_and_that_of_a_group_or_of_nobody_is_none() {
    let card = |low, high| {
        let wire = Wire::new(Model::new());
        wire.with(|chip| (chip.mac[usize::from(MAC_ADDRL)], chip.mac[usize::from(MAC_ADDRH)]) = (low, high));
        crate::with_own_address::<_, FRAME_MAX>(wire.port())
    };
    let own = card(0x3322_1102, 0x5544).unwrap();
    assert!(matches!(own.hardware_address(), HardwareAddress::Ethernet(ADDRESS)));
    assert_eq!(card(u32::MAX, 0xffff).unwrap_err(), Error::NoAddress);
    assert_eq!(card(0x3322_1103, 0x5544).unwrap_err(), Error::NoAddress);
    assert_eq!(card(0, 0).unwrap_err(), Error::NoAddress);
}

#[test]
fn what_is_not_a_chip_of_the_family_is_refused_by_name() {
    let refusal = |prepare: fn(&mut fake::Model)| {
        let wire = Wire::new(Model::new());
        wire.with(prepare);
        crate::new::<_, FRAME_MAX>(wire.port(), ADDRESS).unwrap_err()
    };
    assert_eq!(refusal(|chip| chip.byte_test = u32::MAX), Error::NoChip(u32::MAX));
    assert_eq!(refusal(|chip| chip.id = 0x9220_0000), Error::Unknown(0x9220_0000));
    assert_eq!(refusal(|chip| chip.is_reset_stuck = true), Error::Stuck(HW_CFG));
    assert_eq!(refusal(|chip| chip.mac_delay = u32::MAX), Error::Stuck(MAC_CSR_CMD));
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
fn damaged_foreign_giant_and_tiny_frames_are_thrown_away_and_counted() {
    let (wire, mut card) = card();
    wire.with(|chip| {
        chip.arrives_with(&frame(64), RX_ERROR & 1 << 15);
        chip.arrives_with(&frame(64), 1 << 30);
        chip.arrives(&frame(FRAME_MAX + 1));
        chip.arrives(&frame(13));
        chip.arrives(&[]);
        chip.arrives(&frame(99));
    });
    assert_eq!(receive(&mut card, Waker::noop()), Some(frame(99)), "what follows them is in step");
    wire.with(|chip| assert_eq!((chip.lost, chip.read_beyond_end), (5, 0)));
}

#[test]
fn a_card_limited_to_small_frames_loses_larger_ones() {
    let wire = Wire::new(Model::new());
    let mut card = crate::new::<_, FRAME_MIN>(wire.port(), ADDRESS).unwrap();
    wire.with(|chip| {
        chip.arrives(&frame(FRAME_MIN + 1));
        chip.arrives(&frame(FRAME_MIN));
    });
    assert_eq!(receive(&mut card, Waker::noop()), Some(frame(FRAME_MIN)));
    wire.with(|chip| assert_eq!(chip.lost, 1));
    assert_eq!(card.capabilities().max_transmission_unit, FRAME_MIN);
}

#[test]
fn what_the_chip_drops_for_want_of_room_is_counted() {
    let (wire, mut card) = card();
    wire.with(|chip| {
        for _ in 0..fake::RX_FRAMES + 3 {
            chip.arrives(&frame(60));
        }
    });
    let mut received = 0;
    while receive(&mut card, Waker::noop()).is_some() {
        received += 1;
    }
    assert_eq!(received, fake::RX_FRAMES);
    wire.with(|chip| assert_eq!(chip.lost, 3));
}

#[test]
fn a_receiver_out_of_step_is_emptied_and_goes_on() {
    let (wire, mut card) = card();
    wire.with(|chip| {
        chip.arrives(&frame(60));
        chip.raise(INT_RX_BROKEN);
    });
    assert_eq!(receive(&mut card, Waker::noop()), None);
    wire.with(|chip| {
        assert_eq!(chip.lost, 1);
        assert!(!chip.was_emptied_while_receiving);
        chip.arrives(&frame(61));
    });
    assert_eq!(receive(&mut card, Waker::noop()), Some(frame(61)));
}

#[test]
fn a_transmitter_out_of_step_is_emptied_and_goes_on() {
    let (wire, mut card) = card();
    wire.with(|chip| chip.raise(INT_TX_BROKEN));
    assert!(send(&mut card, &frame(60), Waker::noop()));
    wire.with(|chip| {
        assert_eq!((chip.lost, &chip.sent), (1, &vec![frame(60)]));
        assert_eq!(chip.int_sts & INT_TX_BROKEN, 0);
    });
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
fn a_reply_is_sent_from_within_what_it_replies_to() {
    let (wire, mut card) = card();
    wire.with(|chip| chip.arrives(&frame(60)));
    let (received, room) = card.receive(&mut Context::from_waker(Waker::noop())).unwrap();
    received.consume(|question| room.consume(question.len(), |answer| answer.copy_from_slice(question)));
    wire.with(|chip| assert_eq!(chip.sent, [frame(60)]));
}

#[test]
fn without_room_nothing_is_sent_or_taken_until_the_chip_says_that_there_is_some() {
    let (wire, mut card) = card();
    let bell = Bell::default();
    wire.with(|chip| {
        chip.tx_room = 1500;
        chip.arrives(&frame(60));
        chip.int_sts &= !INT_RX;
    });
    assert!(card.transmit(&mut Context::from_waker(&bell.waker())).is_none());
    assert_eq!(receive(&mut card, &bell.waker()), None, "there would be no room for the answer");
    assert_eq!(bell.rings(), 0);
    wire.with(|chip| {
        chip.tx_room = 4608;
        chip.raise(INT_TX_ROOM);
    });
    assert_eq!(bell.rings(), 1);
    assert!(card.transmit(&mut Context::from_waker(&bell.waker())).is_some());
    assert_eq!(receive(&mut card, &bell.waker()), Some(frame(60)));
}

#[test]
fn frames_that_did_not_get_through_are_counted_and_their_status_never_piles_up() {
    let (wire, mut card) = card();
    wire.with(|chip| chip.tx_result = TX_ERROR);
    assert!(send(&mut card, &frame(60), Waker::noop()) && send(&mut card, &frame(60), Waker::noop()));
    wire.with(|chip| chip.tx_result = 0);
    assert!(send(&mut card, &frame(60), Waker::noop()) && send(&mut card, &frame(60), Waker::noop()));
    wire.with(|chip| assert_eq!((chip.lost, chip.tx_status.len()), (2, 1)));
}

#[test]
fn who_waits_for_a_frame_is_woken_once_by_it() {
    let (wire, mut card) = card();
    let bell = Bell::default();
    assert_eq!(receive(&mut card, &bell.waker()), None);
    assert_eq!(bell.rings(), 0);
    wire.with(|chip| {
        chip.arrives(&frame(60));
        chip.arrives(&frame(61));
    });
    assert_eq!(bell.rings(), 1);
    assert_eq!(receive(&mut card, &bell.waker()), Some(frame(60)));
    assert_eq!(receive(&mut card, &bell.waker()), Some(frame(61)));
    assert_eq!(receive(&mut card, &bell.waker()), None);
    assert_eq!(bell.rings(), 1, "nothing is left that could ring");
}

#[test]
fn a_frame_that_arrives_while_one_begins_to_wait_is_not_slept_over() {
    for is_before in [true, false] {
        let (wire, mut card) = card();
        let bell = Bell::default();
        wire.with(|chip| {
            *(if is_before { &mut chip.arrives_before } else { &mut chip.arrives_after }) = Some(frame(60));
        });
        let received = receive(&mut card, &bell.waker());
        assert!(received == Some(frame(60)) || bell.rings() == 1, "before: {is_before}");
    }
}

#[test]
fn the_link_is_seen_to_go_and_to_come_back() {
    let (wire, mut card) = card();
    let bell = Bell::default();
    assert!(is_linked(&mut card, &bell.waker()));
    wire.with(|chip| chip.phy_reads = 0);
    assert!(is_linked(&mut card, &bell.waker()));
    wire.with(|chip| {
        assert_eq!(chip.phy_reads, 0, "the PHY is slow, and is only asked when it has something to tell");
        chip.link(false);
    });
    assert_eq!(bell.rings(), 1);
    assert!(!is_linked(&mut card, &bell.waker()));
    wire.with(|chip| chip.link(true));
    assert_eq!(bell.rings(), 2);
    assert!(is_linked(&mut card, &bell.waker()));
}

#[test]
fn a_link_that_was_gone_for_a_moment_is_told_once_and_is_then_up() {
    let (wire, mut card) = card();
    let bell = Bell::default();
    assert!(is_linked(&mut card, Waker::noop()));
    wire.with(|chip| {
        chip.link(false);
        chip.link(true);
    });
    assert!(!is_linked(&mut card, &bell.waker()), "the other end may be in another network");
    assert_eq!(bell.rings(), 1, "nothing else would make the stack look again");
    assert!(is_linked(&mut card, Waker::noop()));
    assert!(is_linked(&mut card, Waker::noop()));
}

#[test]
fn a_link_that_goes_while_it_is_looked_at_is_not_missed() {
    let (wire, mut card) = card();
    let bell = Bell::default();
    wire.with(|chip| chip.is_pulled_when_seen = true);
    let was_up = is_linked(&mut card, &bell.waker());
    assert!(!was_up || bell.rings() == 1);
    assert!(!is_linked(&mut card, Waker::noop()));
}

#[test]
fn the_best_mode_that_both_ends_have_says_whether_frames_go_both_ways_at_once() {
    for (partner, full) in [(0x01e1, true), (0x00a1, false), (0x0061, true), (0x0021, false), (0x0001, false)] {
        let (wire, mut card) = card();
        wire.with(|chip| chip.phy[usize::from(PHY_PARTNER)] = partner);
        assert!(is_linked(&mut card, Waker::noop()));
        wire.with(|chip| {
            assert_eq!(chip.mac[usize::from(MAC_CR)] & MAC_FULL_DUPLEX != 0, full, "{partner:#x}");
        });
    }
}
