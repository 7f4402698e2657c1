//! The controller, as far as its data sheet describes what the driver uses. What it forbids fails the test.

use crate::registers::*;
use aclk_fifo_ethernet::fake;
use core::task::Waker;
use std::collections::{BTreeMap, VecDeque};
use std::vec::Vec;

#[derive(Debug, Default)]
pub(super) struct Model {
    /// All registers that only keep what is written.
    pub(super) registers: BTreeMap<u8, u32>,
    pub(super) ris: u32,
    /// Frames in the receive FIFO, as words.
    frames: VecDeque<VecDeque<u32>>,
    pub(super) receiver_resets: u32,
    pub(super) read_beyond_end: u32,
    /// Arrives when the interrupt is acknowledged: just before that, or just after it.
    pub(super) arrives_before: Option<Vec<u8>>,
    pub(super) arrives_after: Option<Vec<u8>>,
    tx: Vec<u8>,
    /// Whether a frame that is sent stays on its way until the test says so.
    pub(super) is_slow: bool,
    is_sending: bool,
    pub(super) sent: Vec<Vec<u8>>,
    pub(super) phy: [u32; 32],
    pub(super) phy_reads: u32,
    pub(super) is_phy_stuck: bool,
    listener: Option<Waker>,
    pub(super) lost: u32,
}

impl Model {
    /// A chip with a PHY that has negotiated everything, and an address that the start of the board has put there.
    pub(super) fn new() -> Self {
        let mut model = Model::default();
        model.phy[usize::from(PHY_ID)] = 0x000e;
        model.phy[usize::from(PHY_STATUS)] = 0x7849 | PHY_LINK;
        model.phy[usize::from(PHY_ADVERTISED)] = 0x01e1;
        model.phy[usize::from(PHY_PARTNER)] = 0x01e1;
        model.registers.insert(IA0, 0x3322_1102);
        model.registers.insert(IA1, 0x5544);
        model
    }
}

impl Model {
    pub(super) fn register(&self, offset: u8) -> u32 {
        self.registers.get(&offset).copied().unwrap_or(0)
    }

    /// A frame arrives with a length in front and a checksum behind.
    pub(super) fn arrives(&mut self, frame: &[u8]) {
        self.arrives_as(frame.len() + 6, frame);
    }

    /// The same with another length.
    pub(super) fn arrives_as(&mut self, len: usize, frame: &[u8]) {
        assert!(self.register(RCTL) & RX_ON != 0, "nobody receives");
        let mut bytes = (len as u16).to_le_bytes().to_vec();
        bytes.extend(frame);
        bytes.extend([0xc5; 4]);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        self.frames.push_back(bytes.chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect());
        self.raise(INT_RX);
    }

    pub(super) fn raise(&mut self, interrupts: u32) {
        self.ris |= interrupts;
        self.update();
    }

    /// What was on its way has been sent.
    pub(super) fn send_ends(&mut self) {
        self.is_sending = false;
        self.raise(INT_TX_EMPTY);
    }

    fn update(&mut self) {
        if self.ris & self.register(IM) != 0
            && let Some(listener) = self.listener.take()
        {
            listener.wake();
        }
    }

    fn acknowledge(&mut self, interrupts: u32) {
        if interrupts & INT_RX != 0
            && let Some(frame) = self.arrives_before.take()
        {
            self.arrives(&frame);
        }
        self.ris &= !interrupts;
        if interrupts & INT_TX_ERROR != 0 {
            self.tx.clear();
        }
        if interrupts & INT_RX != 0
            && let Some(frame) = self.arrives_after.take()
        {
            self.arrives(&frame);
        }
    }

    /// The length in front counts what is behind the header.
    fn send(&mut self) {
        assert_eq!(self.register(THR), THR_WHOLE, "a frame would have been sent before it was whole");
        let len = usize::from(u16::from_le_bytes([self.tx[0], self.tx[1]])) + 14;
        assert_eq!(self.tx.len(), (len + 2).next_multiple_of(4), "no word too few or too many");
        self.sent.push(self.tx[2..2 + len].to_vec());
        self.tx.clear();
        if self.is_slow { self.is_sending = true } else { self.ris |= INT_TX_EMPTY }
    }

    fn access_phy(&mut self, access: u32) {
        if self.is_phy_stuck {
            self.registers.insert(MCTL, access);
            return;
        }
        self.registers.insert(MCTL, access & !MII_START);
        let register = access >> MII_REGISTER & 0x1f;
        let slot = register as usize;
        if access & MII_WRITE != 0 {
            self.phy[slot] = self.register(MTXD);
            return;
        }
        self.phy_reads += 1;
        self.registers.insert(MRXD, self.phy[slot]);
    }
}

impl fake::Model for Model {
    fn read(&mut self, offset: u8) -> u32 {
        match offset {
            RIS => self.ris,
            NP => self.frames.len() as u32,
            TR => u32::from(self.is_sending),
            DATA => {
                let Some(frame) = self.frames.front_mut() else {
                    self.read_beyond_end += 1;
                    return 0;
                };
                let word = frame.pop_front().unwrap_or(0);
                if frame.is_empty() {
                    self.frames.pop_front();
                }
                word
            }
            _ => self.register(offset),
        }
    }

    fn write(&mut self, offset: u8, value: u32) {
        match offset {
            RIS => self.acknowledge(value),
            RCTL if value & RX_RESET != 0 => {
                self.frames.clear();
                self.receiver_resets += 1;
                self.registers.insert(RCTL, value & !RX_RESET);
            }
            DATA => {
                assert!(!self.is_sending, "what is on its way is written over");
                assert!(self.register(TCTL) & TX_ON != 0, "nobody sends");
                self.tx.extend(value.to_le_bytes());
            }
            TR if value & TR_NEW != 0 => self.send(),
            MCTL => self.access_phy(value),
            _ => _ = self.registers.insert(offset, value),
        }
        self.update();
    }

    fn listen(&mut self, waker: Waker) {
        self.listener = Some(waker);
        self.update();
    }

    fn lost(&mut self, frames: u32) {
        self.lost += frames;
    }
}
