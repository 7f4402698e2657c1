//! The controller: set up, FIFOs, PHY.

use crate::registers::*;
use crate::{Error, Port};
use aclk_fifo_ethernet::FifoChip;
use core::task::Waker;

/// How often a register is asked whether an access to the PHY is over. It takes 64 periods of a clock of 2.5 MHz.
const PATIENCE: u32 = 1_000_000;
/// The fastest clock that a PHY stands (IEEE 802.3 22.2.2.11), in Hz.
const PHY_CLOCK_MAX: u32 = 2_500_000;
/// Bytes of the length in front of a received frame, and of the checksum behind it.
const AROUND: usize = 2 + 4;
/// Bytes of the header of a frame, which the length in front of one to be sent does not count.
const HEADER: usize = 14;
/// The most the receive FIFO can hold, in bytes: a length beyond that is none.
const FIFO: usize = 2048;

/// What is known of the PHY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phy {
    Unknown,
    /// There is none, as in an emulator: the link is always up.
    Absent,
    /// There is one: whether there is a link.
    Linked(bool),
}

/// The chip, set up.
#[derive(Debug)]
pub struct Chip<P> {
    port: P,
    /// The largest frame, in bytes.
    frame: usize,
    /// The next frame of the receive FIFO, whose first word was read and the rest was not: its length, and its first bytes.
    next: Option<(usize, [u8; 2])>,
    phy: Phy,
    is_full_duplex: bool,
}

/// The address that the start of the board has put into the registers.
pub(crate) fn own_address(port: &mut impl Port) -> Result<[u8; 6], Error> {
    let [a, b, c, d] = port.read(IA0).to_le_bytes();
    let [e, f, ..] = port.read(IA1).to_le_bytes();
    let address = [a, b, c, d, e, f];
    // One that is a group's is nobody's own.
    if a & 1 != 0 || address == [0; 6] { Err(Error::NoAddress) } else { Ok(address) }
}

impl<P: Port> Chip<P> {
    pub(crate) fn new(port: P, address: [u8; 6], clock_hz: u32, frame: usize) -> Self {
        let mut chip = Self { port, frame, next: None, phy: Phy::Unknown, is_full_duplex: false };
        chip.port.write(IM, 0);
        chip.port.write(RCTL, 0);
        chip.port.write(TCTL, 0);
        let [a, b, c, d, e, f] = address;
        chip.port.write(IA0, u32::from_le_bytes([a, b, c, d]));
        chip.port.write(IA1, u32::from_le_bytes([e, f, 0, 0]));
        // The clock of the PHY is that of the processor, divided by twice one more than this.
        chip.port.write(MDV, clock_hz.div_ceil(2 * PHY_CLOCK_MAX).saturating_sub(1));
        chip.port.write(THR, THR_WHOLE);
        chip.restart_receiver();
        chip.set_transmitter();
        chip.port.write(RIS, INT_ALL);
        chip.port.write(IM, INT_RX | INT_TX_ERROR | INT_OVERRUN | INT_RX_ERROR);
        chip
    }

    /// Empties the receive FIFO, and receives.
    fn restart_receiver(&mut self) {
        self.next = None;
        self.port.write(RCTL, RX_RESET);
        self.port.write(RCTL, RX_ON | RX_REJECT_BAD);
    }

    fn set_transmitter(&mut self) {
        let duplex = if self.is_full_duplex { TX_FULL_DUPLEX } else { 0 };
        self.port.write(TCTL, TX_ON | TX_PAD | TX_CHECKSUM | duplex);
    }

    /// The next frame that is whole and fits. What does not is thrown away, and lost.
    fn good_frame(&mut self) -> Option<(usize, [u8; 2])> {
        while self.port.read(NP) & 0x3f > 0 {
            let [low, high, first, second] = self.port.read(DATA).to_le_bytes();
            let taken = usize::from(u16::from_le_bytes([low, high]));
            match taken.checked_sub(AROUND) {
                Some(frame) if (HEADER..=self.frame).contains(&frame) => return Some((frame, [first, second])),
                _ => {
                    self.port.lost(1);
                    if (AROUND..=FIFO).contains(&taken) {
                        self.skip(taken.div_ceil(4).saturating_sub(1));
                    } else {
                        // Where the next frame begins is not known any more.
                        self.restart_receiver();
                    }
                }
            }
        }
        None
    }

    fn skip(&mut self, words: usize) {
        for _ in 0..words {
            self.port.read(DATA);
        }
    }

    /// Counts what was lost. To take note of a frame that could not be sent empties the FIFO.
    fn mend(&mut self) {
        let status = self.port.read(RIS) & (INT_TX_ERROR | INT_OVERRUN | INT_RX_ERROR);
        if status != 0 {
            self.port.write(RIS, status);
            self.port.lost(status.count_ones());
        }
    }

    fn look_at_phy(&mut self) -> Option<Phy> {
        if self.phy == Phy::Unknown {
            let id = self.read_phy(PHY_ID)?;
            if id == 0 || id == 0xffff {
                self.is_full_duplex = true;
                self.set_transmitter();
                return Some(Phy::Absent);
            }
            self.write_phy(PHY_INTERRUPT, PHY_TELL_LINK)?;
            let enabled = self.port.read(IM);
            self.port.write(IM, enabled | INT_PHY);
        }
        // What it had to tell is read before that is acknowledged. A link that changes after that is a new one.
        self.read_phy(PHY_INTERRUPT)?;
        self.port.write(RIS, INT_PHY);
        // A link that was lost is remembered until it is read (IEEE 802.3 22.2.4.2.13): the second time it is of now.
        self.read_phy(PHY_STATUS)?;
        let is_up = self.read_phy(PHY_STATUS)? & PHY_LINK != 0;
        if is_up {
            let common = self.read_phy(PHY_ADVERTISED)? & self.read_phy(PHY_PARTNER)?;
            self.is_full_duplex = PHY_MODES.iter().find(|(mode, _)| common & mode != 0).is_some_and(|(_, full)| *full);
            self.set_transmitter();
        }
        Some(Phy::Linked(is_up))
    }

    fn read_phy(&mut self, register: u8) -> Option<u32> {
        self.access_phy(register, 0)?;
        Some(self.port.read(MRXD) & 0xffff)
    }

    fn write_phy(&mut self, register: u8, value: u32) -> Option<()> {
        self.port.write(MTXD, value);
        self.access_phy(register, MII_WRITE)
    }

    /// `None` if it does not come to an end.
    fn access_phy(&mut self, register: u8, direction: u32) -> Option<()> {
        self.port.write(MCTL, u32::from(register) << MII_REGISTER | direction | MII_START);
        for _ in 0..PATIENCE {
            if self.port.read(MCTL) & MII_START == 0 {
                return Some(());
            }
        }
        None
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
            self.port.write(RIS, INT_RX);
            self.port.listen(waker);
            self.next = self.good_frame();
        }
        self.next.map(|(len, _)| len)
    }

    fn take_frame(&mut self, frame: &mut [u8]) {
        let Some((_, start)) = self.next.take() else { return };
        let len = frame.len();
        let (first, rest) = frame.split_at_mut(len.min(start.len()));
        first.iter_mut().zip(start).for_each(|(byte, value)| *byte = value);
        let mut words = (len + AROUND).div_ceil(4).saturating_sub(1);
        for bytes in rest.chunks_mut(4) {
            let word = self.port.read(DATA).to_le_bytes();
            bytes.iter_mut().zip(word).for_each(|(byte, value)| *byte = value);
            words = words.saturating_sub(1);
        }
        // The checksum.
        self.skip(words);
    }

    fn tidy(&mut self) {
        self.mend();
    }

    /// There is room for one frame at a time.
    fn room(&mut self) -> bool {
        self.port.read(TR) & TR_NEW == 0
    }

    fn listen_for_room(&mut self, waker: Option<&Waker>) {
        let enabled = self.port.read(IM) & !INT_TX_EMPTY;
        let Some(waker) = waker else { return self.port.write(IM, enabled) };
        self.port.write(RIS, INT_TX_EMPTY);
        self.port.write(IM, enabled | INT_TX_EMPTY);
        self.port.listen(waker);
    }

    fn send_frame(&mut self, frame: &[u8]) {
        let (first, rest) = frame.split_at(frame.len().min(2));
        let [low, high] = (frame.len().saturating_sub(HEADER) as u16).to_le_bytes();
        let mut word = [low, high, 0, 0];
        word.iter_mut().skip(2).zip(first).for_each(|(slot, byte)| *slot = *byte);
        self.port.write(DATA, u32::from_le_bytes(word));
        for bytes in rest.chunks(4) {
            let mut word = [0; 4];
            word.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
            self.port.write(DATA, u32::from_le_bytes(word));
        }
        self.port.write(TR, TR_NEW);
    }

    // The PHY is only asked when it has something to tell.
    fn is_link_up(&mut self, waker: &Waker) -> bool {
        let has_news = self.port.read(RIS) & INT_PHY != 0;
        match self.phy {
            Phy::Absent => return true,
            Phy::Linked(is_up) if !has_news => return is_up,
            Phy::Unknown | Phy::Linked(_) => {}
        }
        // One that does not answer has no link.
        self.phy = self.look_at_phy().unwrap_or(Phy::Linked(false));
        self.port.listen(waker);
        !matches!(self.phy, Phy::Linked(false))
    }
}
