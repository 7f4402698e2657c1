//! Registers of the chip and of what is behind them, and the bits that we use.

/// FIFOs (section 5.1): received data, data to send, and what became of either.
pub(crate) const RX_DATA: u8 = 0x00;
pub(crate) const TX_DATA: u8 = 0x20;
pub(crate) const RX_STATUS: u8 = 0x40;
pub(crate) const TX_STATUS: u8 = 0x48;

/// System registers (section 5.3).
pub(crate) const ID_REV: u8 = 0x50;
pub(crate) const IRQ_CFG: u8 = 0x54;
pub(crate) const INT_STS: u8 = 0x58;
pub(crate) const INT_EN: u8 = 0x5c;
pub(crate) const BYTE_TEST: u8 = 0x64;
pub(crate) const FIFO_INT: u8 = 0x68;
pub(crate) const RX_CFG: u8 = 0x6c;
pub(crate) const TX_CFG: u8 = 0x70;
pub(crate) const HW_CFG: u8 = 0x74;
pub(crate) const RX_FIFO_INF: u8 = 0x7c;
pub(crate) const TX_FIFO_INF: u8 = 0x80;
pub(crate) const PMT_CTRL: u8 = 0x84;
pub(crate) const RX_DROP: u8 = 0xa0;
pub(crate) const MAC_CSR_CMD: u8 = 0xa4;
pub(crate) const MAC_CSR_DATA: u8 = 0xa8;
pub(crate) const E2P_CMD: u8 = 0xb0;

/// What [`BYTE_TEST`] always reads.
pub(crate) const BYTE_TEST_VALUE: u32 = 0x8765_4321;
/// The upper half of [`ID_REV`]: LAN9115 to LAN9118, and LAN9215 to LAN9218.
pub(crate) const CHIPS: [u32; 8] = [0x0115, 0x0116, 0x0117, 0x0118, 0x115a, 0x116a, 0x117a, 0x118a];

/// [`RX_STATUS`]: the frame is damaged, or was not meant for us.
pub(crate) const RX_ERROR: u32 = 1 << 15 | 1 << 30;
/// [`TX_STATUS`]: the frame did not get through.
pub(crate) const TX_ERROR: u32 = 1 << 15;

/// [`IRQ_CFG`]: enabled, active high, push-pull.
pub(crate) const IRQ_ENABLE: u32 = 1 << 8;
pub(crate) const IRQ_ACTIVE_HIGH: u32 = 1 << 4;
pub(crate) const IRQ_PUSH_PULL: u32 = 1;

/// [`INT_STS`] and [`INT_EN`]: the PHY has something to tell, ...
pub(crate) const INT_PHY: u32 = 1 << 18;
/// ... the receive FIFOs were read beyond their end, ...
pub(crate) const INT_RX_BROKEN: u32 = 1 << 14;
/// ... the transmit FIFO was filled with nonsense, ...
pub(crate) const INT_TX_BROKEN: u32 = 1 << 13;
/// ... it has room, ...
pub(crate) const INT_TX_ROOM: u32 = 1 << 9;
/// ... a frame was dropped, ...
pub(crate) const INT_RX_DROPPED: u32 = 1 << 6;
/// ... a frame was received.
pub(crate) const INT_RX: u32 = 1 << 3;

/// [`RX_CFG`]: empties the receive FIFOs.
pub(crate) const RX_DUMP: u32 = 1 << 15;
/// [`TX_CFG`]: empties the FIFO of transmit status, and that of data.
pub(crate) const TX_DUMP: u32 = 1 << 15 | 1 << 14;
/// [`TX_CFG`]: goes on when the FIFO of transmit status is full.
pub(crate) const TX_OVERRUN: u32 = 1 << 2;
pub(crate) const TX_ON: u32 = 1 << 1;

/// [`HW_CFG`]: whole frames are stored before they are forwarded; 5 of 16 KiB of the FIFOs are for sending.
pub(crate) const HW_STORE_AND_FORWARD: u32 = 1 << 20;
pub(crate) const HW_TX_FIFO: u32 = 5 << 16;
pub(crate) const HW_RESET: u32 = 1;
pub(crate) const PMT_READY: u32 = 1;

/// [`MAC_CSR_CMD`] and [`E2P_CMD`].
pub(crate) const BUSY: u32 = 1 << 31;
pub(crate) const MAC_READ: u32 = 1 << 30;

/// Registers of the MAC (section 5.4), behind [`MAC_CSR_CMD`].
pub(crate) const MAC_CR: u8 = 1;
pub(crate) const MAC_ADDRH: u8 = 2;
pub(crate) const MAC_ADDRL: u8 = 3;
pub(crate) const MAC_MII_ACC: u8 = 6;
pub(crate) const MAC_MII_DATA: u8 = 7;

pub(crate) const MAC_FULL_DUPLEX: u32 = 1 << 20;
pub(crate) const MAC_TX: u32 = 1 << 3;
pub(crate) const MAC_RX: u32 = 1 << 2;

/// [`MAC_MII_ACC`]: the PHY inside has the address 1.
pub(crate) const MII_PHY: u32 = 1 << 11;
pub(crate) const MII_WRITE: u32 = 1 << 1;
pub(crate) const MII_BUSY: u32 = 1;

/// Registers of the PHY (section 5.5, IEEE 802.3 22.2.4), behind [`MAC_MII_ACC`].
pub(crate) const PHY_CONTROL: u8 = 0;
pub(crate) const PHY_STATUS: u8 = 1;
pub(crate) const PHY_ADVERTISED: u8 = 4;
pub(crate) const PHY_PARTNER: u8 = 5;
pub(crate) const PHY_INT_SOURCE: u8 = 29;
pub(crate) const PHY_INT_MASK: u8 = 30;

/// [`PHY_CONTROL`]: negotiates speed and duplex, anew.
pub(crate) const PHY_NEGOTIATE: u32 = 1 << 12 | 1 << 9;
/// [`PHY_STATUS`].
pub(crate) const PHY_LINK: u32 = 1 << 2;
/// [`PHY_ADVERTISED`] and [`PHY_PARTNER`], best first: 100 and 10 Mbit/s, and whether in both directions at once.
pub(crate) const PHY_MODES: [(u32, bool); 4] = [(1 << 8, true), (1 << 7, false), (1 << 6, true), (1 << 5, false)];
/// [`PHY_INT_SOURCE`]: the link was lost.
pub(crate) const PHY_INT_DOWN: u32 = 1 << 4;
/// [`PHY_INT_MASK`]: negotiated (the link is up), and down.
pub(crate) const PHY_INT_LINK: u32 = 1 << 6 | PHY_INT_DOWN;
