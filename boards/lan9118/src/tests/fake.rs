//! The chip, as far as its manual describes what the driver uses. What the manual forbids fails the test.

use crate::registers::*;
use aclk_fifo_ethernet::fake;
use core::task::Waker;
use std::collections::{BTreeMap, VecDeque};
use std::vec::Vec;

/// Frames that the receive FIFO holds.
pub(super) const RX_FRAMES: usize = 6;

#[derive(Debug)]
pub(super) struct Model {
    pub(super) byte_test: u32,
    pub(super) id: u32,
    pub(super) resets: u32,
    pub(super) is_reset_stuck: bool,
    /// How often the MAC says that it is busy after each access.
    pub(super) mac_delay: u32,
    mac_busy: u32,
    mac_data: u32,
    mac_command: u32,
    /// All registers that only keep what is written.
    pub(super) registers: BTreeMap<u8, u32>,
    pub(super) mac: [u32; 16],
    pub(super) phy: [u32; 32],
    pub(super) phy_reads: u32,
    rx_data: VecDeque<u32>,
    rx_status: VecDeque<u32>,
    rx_dropped: u32,
    pub(super) read_beyond_end: u32,
    pub(super) was_emptied_while_receiving: bool,
    /// Arrives when the interrupt is acknowledged: just before that, or just after it.
    pub(super) arrives_before: Option<Vec<u8>>,
    pub(super) arrives_after: Option<Vec<u8>>,
    /// The cable is pulled when the driver has just seen that it is plugged in.
    pub(super) is_pulled_when_seen: bool,
    tx: Vec<u32>,
    pub(super) tx_room: u32,
    pub(super) tx_result: u32,
    pub(super) tx_status: VecDeque<u32>,
    pub(super) sent: Vec<Vec<u8>>,
    pub(super) int_sts: u32,
    listener: Option<Waker>,
    pub(super) lost: u32,
}

impl Model {
    pub(super) fn new() -> Self {
        let mut phy = [0; 32];
        phy[usize::from(PHY_STATUS)] = 0x7809 | PHY_LINK;
        phy[usize::from(PHY_ADVERTISED)] = 0x01e1;
        phy[usize::from(PHY_PARTNER)] = 0x01e1;
        Self {
            byte_test: BYTE_TEST_VALUE,
            id: 0x0118_0001,
            resets: 0,
            is_reset_stuck: false,
            mac_delay: 2,
            mac_busy: 0,
            mac_data: 0,
            mac_command: 0,
            registers: BTreeMap::new(),
            mac: [0; 16],
            phy,
            phy_reads: 0,
            rx_data: VecDeque::new(),
            rx_status: VecDeque::new(),
            rx_dropped: 0,
            read_beyond_end: 0,
            was_emptied_while_receiving: false,
            arrives_before: None,
            arrives_after: None,
            is_pulled_when_seen: false,
            tx: Vec::new(),
            tx_room: 4608,
            tx_result: 0,
            tx_status: VecDeque::new(),
            sent: Vec::new(),
            int_sts: 0,
            listener: None,
            lost: 0,
        }
    }
}

impl Model {
    /// A frame comes in, with a checksum that nobody looks at.
    pub(super) fn arrives(&mut self, frame: &[u8]) {
        self.arrives_with(frame, 0);
    }

    pub(super) fn arrives_with(&mut self, frame: &[u8], errors: u32) {
        assert!(self.mac[usize::from(MAC_CR)] & MAC_RX != 0, "nobody receives");
        if self.rx_status.len() == RX_FRAMES {
            self.rx_dropped += 1;
            return self.raise(INT_RX_DROPPED);
        }
        let mut bytes = frame.to_vec();
        bytes.extend([0xcc; 4]);
        self.rx_status.push_back((bytes.len() as u32) << 16 | errors);
        bytes.resize(bytes.len().next_multiple_of(4), 0xee);
        self.rx_data.extend(bytes.chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())));
        self.raise(INT_RX);
    }

    /// The cable is plugged in or out.
    pub(super) fn link(&mut self, up: bool) {
        let status = &mut self.phy[usize::from(PHY_STATUS)];
        *status = *status & !PHY_LINK | if up { PHY_LINK } else { 0 };
        self.phy[usize::from(PHY_INT_SOURCE)] |= if up { 1 << 6 } else { 1 << 4 };
        // A link that was lost is told once, even if it is back.
        self.phy[31] |= u32::from(!up);
        self.update_phy_interrupt();
    }

    fn update_phy_interrupt(&mut self) {
        if self.phy[usize::from(PHY_INT_SOURCE)] & self.phy[usize::from(PHY_INT_MASK)] != 0 {
            self.raise(INT_PHY);
        }
    }

    /// An interrupt source becomes active.
    pub(super) fn raise(&mut self, source: u32) {
        self.int_sts |= source;
        self.update_line();
    }

    fn register(&self, offset: u8) -> u32 {
        self.registers.get(&offset).copied().unwrap_or(0)
    }

    fn update_line(&mut self) {
        let wanted = IRQ_ENABLE | IRQ_ACTIVE_HIGH | IRQ_PUSH_PULL;
        let is_active = self.register(IRQ_CFG) & wanted == wanted && self.int_sts & self.register(INT_EN) != 0;
        if is_active && let Some(waker) = self.listener.take() {
            waker.wake();
        }
    }

    fn beyond_end(&mut self) -> u32 {
        self.read_beyond_end += 1;
        0
    }

    fn access_mac(&mut self, register: u8, is_read: bool) {
        let slot = usize::from(register);
        if is_read {
            self.mac_data = self.mac[slot];
            return;
        }
        self.mac[slot] = self.mac_data;
        if register == MAC_MII_ACC {
            let access = self.mac_data;
            self.mac[slot] = access & !MII_BUSY;
            assert_eq!(access & 0x1f << 11, MII_PHY, "there is no other PHY");
            self.access_phy((access >> 6 & 0x1f) as u8, access & MII_WRITE != 0);
        }
    }

    fn access_phy(&mut self, register: u8, is_write: bool) {
        let data = usize::from(MAC_MII_DATA);
        let slot = usize::from(register);
        if is_write {
            self.phy[slot] = self.mac[data];
            return self.update_phy_interrupt();
        }
        self.phy_reads += 1;
        self.mac[data] = self.phy[slot];
        match register {
            PHY_STATUS if self.phy[31] != 0 => {
                self.phy[31] = 0;
                self.mac[data] &= !PHY_LINK;
            }
            PHY_INT_SOURCE => {
                self.phy[slot] = 0;
                self.int_sts &= !INT_PHY;
            }
            PHY_PARTNER if std::mem::take(&mut self.is_pulled_when_seen) => self.link(false),
            _ => {}
        }
    }

    /// A word of a command or of data. A frame is sent with its last word.
    fn push(&mut self, word: u32) {
        assert!(self.register(TX_CFG) & TX_ON != 0 && self.mac[usize::from(MAC_CR)] & MAC_TX != 0, "nobody sends");
        self.tx.push(word);
        let [command, length, data @ ..] = &self.tx[..] else { return };
        let offset = (command >> 16 & 0x1f) as usize;
        let size = (command & 0x7ff) as usize;
        assert_eq!(command & 0x3000, 0x3000, "frames of several buffers are not what this driver sends");
        assert_eq!(command & 0x8300_0000, 0, "no interrupt, no end alignment");
        assert_eq!((length & 0x7ff) as usize, size);
        if data.len() == (offset + size).div_ceil(4) {
            let bytes: Vec<u8> = data.iter().flat_map(|word| word.to_le_bytes()).collect();
            self.sent.push(bytes[offset..offset + size].to_vec());
            self.tx.clear();
            self.tx_status.push_back(self.tx_result);
        }
    }
}

impl fake::Model for Model {
    fn read(&mut self, offset: u8) -> u32 {
        match offset {
            BYTE_TEST => self.byte_test,
            ID_REV => self.id,
            PMT_CTRL => PMT_READY,
            HW_CFG if self.is_reset_stuck => HW_RESET,
            E2P_CMD => 0,
            RX_CFG | TX_CFG => self.register(offset) & !(RX_DUMP | TX_DUMP),
            RX_FIFO_INF => ((self.rx_status.len() as u32) << 16) | (self.rx_data.len() as u32 * 4),
            RX_STATUS => self.rx_status.pop_front().unwrap_or_else(|| self.beyond_end()),
            RX_DATA => self.rx_data.pop_front().unwrap_or_else(|| self.beyond_end()),
            RX_DROP => core::mem::take(&mut self.rx_dropped),
            TX_FIFO_INF => (self.tx_status.len() as u32) << 16 | self.tx_room,
            TX_STATUS => self.tx_status.pop_front().expect("a status that there is"),
            INT_STS => self.int_sts,
            MAC_CSR_CMD if self.mac_busy > 0 => {
                self.mac_busy -= u32::from(self.mac_busy != u32::MAX);
                self.mac_command | BUSY
            }
            MAC_CSR_CMD => self.mac_command,
            MAC_CSR_DATA => {
                assert_eq!(self.mac_busy, 0, "the MAC is busy");
                self.mac_data
            }
            offset => self.register(offset),
        }
    }

    fn write(&mut self, offset: u8, value: u32) {
        match offset {
            HW_CFG if value & HW_RESET != 0 => self.resets += 1,
            TX_DATA => self.push(value),
            INT_STS => {
                if value & INT_RX != 0
                    && let Some(frame) = self.arrives_before.take()
                {
                    self.arrives(&frame);
                }
                self.int_sts &= !value;
                if value & INT_RX != 0
                    && let Some(frame) = self.arrives_after.take()
                {
                    self.arrives(&frame);
                }
            }
            RX_CFG if value & RX_DUMP != 0 => {
                self.was_emptied_while_receiving |= self.mac[usize::from(MAC_CR)] & MAC_RX != 0;
                self.rx_data.clear();
                self.rx_status.clear();
            }
            MAC_CSR_DATA => self.mac_data = value,
            MAC_CSR_CMD => {
                assert_eq!(self.mac_busy, 0, "the MAC is busy");
                self.mac_busy = self.mac_delay;
                self.mac_command = value & !BUSY;
                self.access_mac(value as u8 & 0xf, value & MAC_READ != 0);
            }
            offset => {
                self.registers.insert(offset, value);
                self.update_line();
            }
        }
    }

    fn listen(&mut self, waker: Waker) {
        self.listener = Some(waker);
        self.update_line();
    }

    fn lost(&mut self, frames: u32) {
        self.lost += frames;
    }
}
