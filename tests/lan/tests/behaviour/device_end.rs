//! The network card of a device, without any executor.

use aclk_lan::{DeviceEnd, Faults, Jack, Lan, device_end};
use core::pin::pin;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};
use embassy_net_driver::{Driver, LinkState, RxToken, TxToken};
use std::sync::Arc;
use std::task::Wake;

/// A waker that counts.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Bell {
    fn new() -> (Arc<Self>, Waker) {
        let bell = Arc::new(Self::default());
        (Arc::clone(&bell), Waker::from(bell))
    }

    fn rung(&self) -> usize {
        self.0.swap(0, Ordering::SeqCst)
    }
}

fn pair() -> (DeviceEnd, Jack) {
    device_end([2, 0, 0, 0, 0, 1], 1_500)
}

#[test]
fn a_waiting_receiver_is_woken_by_a_frame() {
    let (mut device, jack) = pair();
    let (bell, waker) = Bell::new();
    let mut cx = Context::from_waker(&waker);
    assert!(pin!(device.next_frame()).poll(&mut cx).is_pending());
    assert_eq!(bell.rung(), 0);
    jack.give(vec![1]);
    assert_eq!(bell.rung(), 1);
    assert_eq!(pin!(device.next_frame()).poll(&mut cx), Poll::Ready(Some(vec![1])));
}

#[test]
fn a_driver_is_woken_by_frames_and_by_the_link() {
    let (mut device, jack) = pair();
    let (bell, waker) = Bell::new();
    let mut cx = Context::from_waker(&waker);
    assert!(device.link_state(&mut cx) == LinkState::Down);
    jack.set_link(true);
    assert_eq!(bell.rung(), 1);
    assert!(device.link_state(&mut cx) == LinkState::Up);
    jack.set_link(true);
    assert_eq!(bell.rung(), 0, "nothing has changed");

    assert!(device.receive(&mut cx).is_none());
    jack.give(vec![1, 2, 3]);
    assert_eq!(bell.rung(), 1);
    let (received, room) = device.receive(&mut cx).expect("a frame");
    assert_eq!(received.consume(|frame| frame.to_vec()), [1, 2, 3]);
    room.consume(2, |frame| frame.copy_from_slice(&[4, 5]));
    assert_eq!(jack.take(), Some(vec![4, 5]));
}

#[test]
fn whoever_drives_the_cable_is_woken_by_a_frame_of_the_device() {
    let (mut device, jack) = pair();
    let (bell, waker) = Bell::new();
    jack.wake_on_frame(&waker);
    let (_, idle) = Bell::new();
    device.transmit(&mut Context::from_waker(&idle)).expect("room").consume(1, |frame| frame[0] = 9);
    assert_eq!(bell.rung(), 1);
    assert_eq!(jack.take(), Some(vec![9]));
    jack.wake_on_frame(&waker);
    assert!(!jack.is_abandoned());
    drop(device);
    assert_eq!(bell.rung(), 1);
    assert!(jack.is_abandoned());
}

#[test]
fn a_device_that_sends_too_fast_waits_for_the_cable() {
    let (mut device, jack) = pair();
    let (bell, waker) = Bell::new();
    let mut cx = Context::from_waker(&waker);
    let mut sent = 0;
    while let Some(room) = device.transmit(&mut cx) {
        room.consume(1, |frame| frame[0] = sent);
        sent += 1;
        assert!(sent < 200, "the ring has no end");
    }
    assert!(pin!(device.send_frame(vec![0xff])).poll(&mut cx).is_pending());
    assert_eq!(bell.rung(), 0);
    assert_eq!(jack.take(), Some(vec![0]));
    assert_eq!(bell.rung(), 1);
    assert!(pin!(device.send_frame(vec![0xff])).poll(&mut cx).is_ready());
}

#[test]
fn a_device_that_reads_too_slowly_loses_frames_and_counts_them() {
    let (mut device, jack) = pair();
    for number in 0..600_u16 {
        jack.give(number.to_be_bytes().to_vec());
    }
    assert_eq!(device.overruns(), 600 - 512);
    let (_, waker) = Bell::new();
    let mut cx = Context::from_waker(&waker);
    assert_eq!(pin!(device.next_frame()).poll(&mut cx), Poll::Ready(Some(vec![0, 0])), "the oldest is kept");
}

#[test]
fn without_a_jack_the_link_is_down_and_nobody_waits() {
    let (mut device, jack) = pair();
    jack.set_link(true);
    let (bell, waker) = Bell::new();
    let mut cx = Context::from_waker(&waker);
    assert!(pin!(device.next_frame()).poll(&mut cx).is_pending());
    drop(jack);
    assert_eq!(bell.rung(), 1);
    assert_eq!(pin!(device.next_frame()).poll(&mut cx), Poll::Ready(None));
    assert!(device.link_state(&mut cx) == LinkState::Down);
    for _ in 0..200 {
        assert!(pin!(device.send_frame(vec![0])).poll(&mut cx).is_ready());
    }
}

#[test]
fn a_task_that_is_replaced_as_the_receiver_is_not_left_asleep() {
    let (mut device, jack) = pair();
    let ((first, waker), (second, other)) = (Bell::new(), Bell::new());
    assert!(pin!(device.next_frame()).poll(&mut Context::from_waker(&waker)).is_pending());
    assert!(pin!(device.next_frame()).poll(&mut Context::from_waker(&other)).is_pending());
    assert_eq!(first.rung(), 1);
    jack.give(vec![1]);
    assert_eq!((first.rung(), second.rung()), (0, 1));
}

#[test]
fn the_link_of_the_device_follows_the_cable() {
    let (mut device, jack) = pair();
    let mut lan = Lan::new(1, Faults::none(), aclk_lan::Config::default()).expect("a valid configuration");
    let (_, waker) = Bell::new();
    let mut cx = Context::from_waker(&waker);
    let now = aclk_core::clock::Instant::START;
    for up in [true, false, true] {
        if up {
            lan.cable.plug()
        } else {
            lan.cable.unplug()
        }
        lan.exchange(now, &jack);
        assert_eq!(device.link_state(&mut cx) == LinkState::Up, up);
    }
}
