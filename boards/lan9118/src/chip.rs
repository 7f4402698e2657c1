//! The chip: set up, FIFOs, PHY.

use crate::registers::*;
use crate::{Error, Port};
use aclk_fifo_ethernet::FifoChip;
use core::task::Waker;

/// How often a register is asked whether the chip is still busy: on any bus that is longer than the 100 ms of a reset.
const PATIENCE: u32 = 2_000_000;
/// Bytes of the checksum at the end of a received frame.
const CHECKSUM: usize = 4;
/// Bytes of the shortest frame: a header.
const HEADER: usize = 14;
/// The largest number of words that lie around a frame in the transmit FIFO, in bytes: two commands, and padding.
const TX_OVERHEAD: usize = 12;
/// The unit of the fill level of the transmit FIFO that wakes, in bytes.
const TX_LEVEL: usize = 64;
/// A transmit command (section 3.12.2): the first and the last buffer of a frame, in one.
const TX_WHOLE: u32 = 1 << 13 | 1 << 12;

/// The chip, set up.
#[derive(Debug)]
pub struct Chip<P> {
    port: P,
    /// The largest frame, in bytes.
    frame: usize,
    /// The next frame of the receive FIFO, whose status was read and whose data was not: its length.
    next: Option<usize>,
    /// The state of the link, as far as it is known.
    link: Option<bool>,
    /// Whether frames go in both directions at once.
    is_full_duplex: bool,
}

impl<P: Port> Chip<P> {
    /// Sets a chip up, for the address in its EEPROM unless another one is given, and yields that as well.
    pub(crate) fn new(port: P, address: Option<[u8; 6]>, frame: usize) -> Result<(Self, [u8; 6]), Error> {
        let mut chip = Self { port, frame, next: None, link: None, is_full_duplex: false };
        chip.reset()?;
        let address = match address {
            Some(address) => address,
            None => chip.own_address()?,
        };
        chip.set_up(address)?;
        Ok((chip, address))
    }

    /// What a reset has loaded from the EEPROM (section 5.4.2).
    fn own_address(&mut self) -> Result<[u8; 6], Error> {
        let [a, b, c, d] = self.read_mac(MAC_ADDRL)?.to_le_bytes();
        let [e, f, ..] = self.read_mac(MAC_ADDRH)?.to_le_bytes();
        let address = [a, b, c, d, e, f];
        // Without an EEPROM all bits are set; one that is a group's is nobody's own.
        if a & 1 != 0 || address == [0; 6] { Err(Error::NoAddress) } else { Ok(address) }
    }

    fn reset(&mut self) -> Result<(), Error> {
        // The first access only wakes a chip that sleeps (section 3.10.2.3).
        self.port.read(BYTE_TEST);
        let test = self.port.read(BYTE_TEST);
        if test != BYTE_TEST_VALUE {
            return Err(Error::NoChip(test));
        }
        let id = self.port.read(ID_REV);
        if !CHIPS.contains(&(id >> 16)) {
            return Err(Error::Unknown(id));
        }
        self.wait(PMT_CTRL, PMT_READY, PMT_READY)?;
        self.port.write(HW_CFG, HW_RESET);
        self.wait(HW_CFG, HW_RESET, 0)?;
        // The hardware address is being loaded from the EEPROM, if there is one, and would replace ours.
        self.wait(E2P_CMD, BUSY, 0)
    }

    fn set_up(&mut self, address: [u8; 6]) -> Result<(), Error> {
        self.port.write(HW_CFG, HW_STORE_AND_FORWARD | HW_TX_FIFO);
        // Wake when there is more than no frame, and when there is more room than a frame takes.
        let room = (self.frame + TX_OVERHEAD).div_ceil(TX_LEVEL) as u32;
        self.port.write(FIFO_INT, room << 24);
        self.port.write(RX_CFG, 0);
        self.port.write(TX_CFG, TX_ON | TX_OVERRUN);
        let [a, b, c, d, e, f] = address;
        self.write_mac(MAC_ADDRL, u32::from_le_bytes([a, b, c, d]))?;
        self.write_mac(MAC_ADDRH, u32::from_le_bytes([e, f, 0, 0]))?;
        self.write_mac(MAC_CR, MAC_TX | MAC_RX)?;
        self.write_phy(PHY_INT_MASK, PHY_INT_LINK)?;
        self.write_phy(PHY_CONTROL, PHY_NEGOTIATE)?;
        self.port.write(INT_STS, u32::MAX);
        self.port.write(IRQ_CFG, IRQ_ENABLE | IRQ_ACTIVE_HIGH | IRQ_PUSH_PULL);
        self.port.write(INT_EN, INT_PHY | INT_RX | INT_RX_DROPPED | INT_RX_BROKEN | INT_TX_BROKEN);
        Ok(())
    }

    /// The length of the next frame that is whole and fits. What is neither is thrown away, and lost.
    fn good_frame(&mut self) -> Option<usize> {
        while (self.port.read(RX_FIFO_INF) >> 16) & 0xff > 0 {
            let status = self.port.read(RX_STATUS);
            let len = ((status >> 16) & 0x3fff) as usize;
            match len.checked_sub(CHECKSUM) {
                Some(frame) if status & RX_ERROR == 0 && (HEADER..=self.frame).contains(&frame) => return Some(frame),
                _ => {
                    self.skip(len.div_ceil(4));
                    self.port.lost(1);
                    self.settle(3);
                }
            }
        }
        None
    }

    /// The way to fast-forward over a frame is not for short ones (section 3.13.1.1); this is for all, and they are rare.
    fn skip(&mut self, words: usize) {
        for _ in 0..words {
            self.port.read(RX_DATA);
        }
    }

    /// Takes note of what became of frames that were sent.
    fn look_at_sent(&mut self) {
        while (self.port.read(TX_FIFO_INF) >> 16) & 0xff > 0 {
            if self.port.read(TX_STATUS) & TX_ERROR != 0 {
                self.port.lost(1);
            }
            self.settle(3);
        }
    }

    /// Counts what the chip has dropped, and gets FIFOs that are out of step going again. What is in them is lost.
    fn mend(&mut self) {
        let status = self.port.read(INT_STS);
        if status & INT_RX_DROPPED != 0 {
            self.port.write(INT_STS, INT_RX_DROPPED);
            let dropped = self.port.read(RX_DROP);
            self.port.lost(dropped);
        }
        if status & INT_RX_BROKEN != 0 {
            self.restart_receiver();
        }
        if status & INT_TX_BROKEN != 0 {
            self.restart_transmitter();
        }
    }

    /// The MAC must not receive while the FIFOs are emptied (section 3.13.4).
    fn restart_receiver(&mut self) {
        let mac = MAC_TX | MAC_RX | self.duplex();
        // A chip that is stuck is one that receives nothing: there is nobody to tell.
        let _ = self.write_mac(MAC_CR, mac & !MAC_RX);
        self.port.write(RX_CFG, RX_DUMP);
        let _ = self.wait(RX_CFG, RX_DUMP, 0);
        self.port.write(INT_STS, INT_RX_BROKEN);
        let _ = self.write_mac(MAC_CR, mac);
        self.next = None;
        self.port.lost(1);
    }

    /// The same for sending (section 3.12.8).
    fn restart_transmitter(&mut self) {
        let mac = MAC_TX | MAC_RX | self.duplex();
        let _ = self.write_mac(MAC_CR, mac & !MAC_TX);
        self.port.write(TX_CFG, TX_DUMP | TX_OVERRUN);
        let _ = self.wait(TX_CFG, TX_DUMP, 0);
        self.port.write(INT_STS, INT_TX_BROKEN);
        self.port.write(TX_CFG, TX_ON | TX_OVERRUN);
        let _ = self.write_mac(MAC_CR, mac);
        self.port.lost(1);
    }

    const fn duplex(&self) -> u32 {
        if self.is_full_duplex { MAC_FULL_DUPLEX } else { 0 }
    }

    fn look_at_link(&mut self) -> Result<bool, Error> {
        // A link that was lost is remembered until it is read (IEEE 802.3 22.2.4.2.13): the second time it is of now.
        self.read_phy(PHY_STATUS)?;
        let is_up = self.read_phy(PHY_STATUS)? & PHY_LINK != 0;
        if is_up {
            let common = self.read_phy(PHY_ADVERTISED)? & self.read_phy(PHY_PARTNER)?;
            self.is_full_duplex = PHY_MODES.iter().find(|(mode, _)| common & mode != 0).is_some_and(|(_, full)| *full);
            self.write_mac(MAC_CR, MAC_TX | MAC_RX | self.duplex())?;
        }
        Ok(is_up)
    }

    fn read_phy(&mut self, register: u8) -> Result<u32, Error> {
        self.access_phy(register, 0)?;
        Ok(self.read_mac(MAC_MII_DATA)? & 0xffff)
    }

    fn write_phy(&mut self, register: u8, value: u32) -> Result<(), Error> {
        self.write_mac(MAC_MII_DATA, value)?;
        self.access_phy(register, MII_WRITE)
    }

    fn access_phy(&mut self, register: u8, direction: u32) -> Result<(), Error> {
        self.write_mac(MAC_MII_ACC, MII_PHY | u32::from(register) << 6 | direction | MII_BUSY)?;
        for _ in 0..PATIENCE {
            if self.read_mac(MAC_MII_ACC)? & MII_BUSY == 0 {
                return Ok(());
            }
        }
        Err(Error::Stuck(MAC_CSR_CMD))
    }

    fn read_mac(&mut self, register: u8) -> Result<u32, Error> {
        self.port.write(MAC_CSR_CMD, BUSY | MAC_READ | u32::from(register));
        self.wait(MAC_CSR_CMD, BUSY, 0)?;
        Ok(self.port.read(MAC_CSR_DATA))
    }

    fn write_mac(&mut self, register: u8, value: u32) -> Result<(), Error> {
        self.port.write(MAC_CSR_DATA, value);
        self.port.write(MAC_CSR_CMD, BUSY | u32::from(register));
        self.wait(MAC_CSR_CMD, BUSY, 0)
    }

    /// Waits until the bits of `mask` in a register are `wanted`.
    fn wait(&mut self, offset: u8, mask: u32, wanted: u32) -> Result<(), Error> {
        self.settle(1);
        for _ in 0..PATIENCE {
            if self.port.read(offset) & mask == wanted {
                return Ok(());
            }
        }
        Err(Error::Stuck(offset))
    }

    /// Lets as much time pass as the chip needs between some accesses (section 6.1.1).
    fn settle(&mut self, reads: u32) {
        for _ in 0..reads {
            self.port.read(BYTE_TEST);
        }
    }
}

impl<P: Port> FifoChip for Chip<P> {
    fn next_frame(&mut self, waker: &Waker) -> Option<usize> {
        self.mend();
        if self.next.is_none() {
            self.next = self.good_frame();
        }
        if self.next.is_none() {
            // A frame that comes after this is a new interrupt; one that came before is found now.
            self.port.write(INT_STS, INT_RX);
            self.port.listen(waker);
            self.next = self.good_frame();
        }
        self.next
    }

    fn take_frame(&mut self, frame: &mut [u8]) {
        if self.next.take().is_none() {
            return;
        }
        for bytes in frame.chunks_mut(4) {
            let word = self.port.read(RX_DATA).to_le_bytes();
            for (byte, value) in bytes.iter_mut().zip(word) {
                *byte = value;
            }
        }
        // The checksum ends one word later than the frame, whatever its length.
        self.skip(1);
        self.settle(3);
    }

    fn tidy(&mut self) {
        self.mend();
        self.look_at_sent();
    }

    fn room(&mut self) -> bool {
        (self.port.read(TX_FIFO_INF) & 0xffff) as usize >= self.frame + TX_OVERHEAD
    }

    fn listen_for_room(&mut self, waker: Option<&Waker>) {
        let enabled = self.port.read(INT_EN) & !INT_TX_ROOM;
        let Some(waker) = waker else { return self.port.write(INT_EN, enabled) };
        self.port.write(INT_STS, INT_TX_ROOM);
        self.port.write(INT_EN, enabled | INT_TX_ROOM);
        self.port.listen(waker);
    }

    fn send_frame(&mut self, frame: &[u8]) {
        let len = frame.len() as u32;
        self.port.write(TX_DATA, TX_WHOLE | len);
        self.port.write(TX_DATA, len);
        for bytes in frame.chunks(4) {
            let mut word = [0; 4];
            for (slot, byte) in word.iter_mut().zip(bytes) {
                *slot = *byte;
            }
            self.port.write(TX_DATA, u32::from_le_bytes(word));
        }
    }

    // The PHY is only asked when it has something to tell.
    fn is_link_up(&mut self, waker: &Waker) -> bool {
        if self.link.is_none() || self.port.read(INT_STS) & INT_PHY != 0 {
            // Reading the source ends the interrupt as well. A link that changes after that is a new one, which is not to be
            // acknowledged with this.
            self.port.write(INT_STS, INT_PHY);
            let source = self.read_phy(PHY_INT_SOURCE);
            let is_up = source.is_ok() && self.look_at_link().unwrap_or(false);
            self.port.listen(waker);
            // A link that was gone for a moment may be one to another network, with other addresses: whoever asks has to hear of it.
            if is_up && self.link == Some(true) && source.is_ok_and(|source| source & PHY_INT_DOWN != 0) {
                self.link = None;
                waker.wake_by_ref();
                return false;
            }
            self.link = Some(is_up);
        }
        self.link == Some(true)
    }
}
