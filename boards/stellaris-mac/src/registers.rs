//! Registers of the controller and of the PHY behind it, and the bits that we use.

/// MACRIS and MACIACK: what has happened; written, it has not.
pub(crate) const RIS: u8 = 0x00;
pub(crate) const IM: u8 = 0x04;
pub(crate) const RCTL: u8 = 0x08;
pub(crate) const TCTL: u8 = 0x0c;
pub(crate) const DATA: u8 = 0x10;
pub(crate) const IA0: u8 = 0x14;
pub(crate) const IA1: u8 = 0x18;
pub(crate) const THR: u8 = 0x1c;
pub(crate) const MCTL: u8 = 0x20;
pub(crate) const MDV: u8 = 0x24;
pub(crate) const MTXD: u8 = 0x2c;
pub(crate) const MRXD: u8 = 0x30;
pub(crate) const NP: u8 = 0x34;
pub(crate) const TR: u8 = 0x38;

/// [`RIS`] and [`IM`]: a frame was received, ...
pub(crate) const INT_RX: u32 = 1 << 0;
/// ... one could not be sent, ...
pub(crate) const INT_TX_ERROR: u32 = 1 << 1;
/// ... one was, ...
pub(crate) const INT_TX_EMPTY: u32 = 1 << 2;
/// ... one was lost for want of room, ...
pub(crate) const INT_OVERRUN: u32 = 1 << 3;
/// ... one was damaged, ...
pub(crate) const INT_RX_ERROR: u32 = 1 << 4;
/// ... the PHY has something to tell.
pub(crate) const INT_PHY: u32 = 1 << 6;
/// All of them, and the end of an access to the PHY.
pub(crate) const INT_ALL: u32 = 0x7f;

/// [`RCTL`]: receives, without frames whose checksum is wrong; empties the FIFO.
pub(crate) const RX_ON: u32 = 1 << 0;
pub(crate) const RX_REJECT_BAD: u32 = 1 << 3;
pub(crate) const RX_RESET: u32 = 1 << 4;

/// [`TCTL`]: sends, with padding and checksum of its own, in both directions at once.
pub(crate) const TX_ON: u32 = 1 << 0;
pub(crate) const TX_PAD: u32 = 1 << 1;
pub(crate) const TX_CHECKSUM: u32 = 1 << 2;
pub(crate) const TX_FULL_DUPLEX: u32 = 1 << 4;

/// [`THR`]: a frame is sent when it is whole, and not before.
pub(crate) const THR_WHOLE: u32 = 0x3f;
/// [`TR`]: sends what is in the FIFO; clear once it is sent.
pub(crate) const TR_NEW: u32 = 1 << 0;

/// [`MCTL`]: begins an access to the PHY; clear once it is over.
pub(crate) const MII_START: u32 = 1 << 0;
pub(crate) const MII_WRITE: u32 = 1 << 1;
pub(crate) const MII_REGISTER: u32 = 3;

/// Registers of the PHY (IEEE 802.3 22.2.4; "Ethernet PHY registers").
pub(crate) const PHY_STATUS: u8 = 1;
pub(crate) const PHY_ID: u8 = 2;
pub(crate) const PHY_ADVERTISED: u8 = 4;
pub(crate) const PHY_PARTNER: u8 = 5;
/// What the PHY has to tell, in the lower half, and of what it tells, in the upper half. Reading it ends the interrupt.
pub(crate) const PHY_INTERRUPT: u8 = 17;

/// [`PHY_STATUS`].
pub(crate) const PHY_LINK: u32 = 1 << 2;
/// [`PHY_ADVERTISED`] and [`PHY_PARTNER`], best first: 100 and 10 Mbit/s, and whether in both directions at once.
pub(crate) const PHY_MODES: [(u32, bool); 4] = [(1 << 8, true), (1 << 7, false), (1 << 6, true), (1 << 5, false)];
/// [`PHY_INTERRUPT`]: the link has come or gone, or was negotiated.
pub(crate) const PHY_TELL_LINK: u32 = 1 << 10 | 1 << 8;
