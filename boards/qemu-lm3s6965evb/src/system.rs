//! Clocks: of the processor, and of the peripherals that are used.
//!
//! Source: Texas Instruments, LM3S6965 data sheet, "System Control", with the order of steps of its section on initialisation.

use aclk_cortex_m::mmio::Block;

// SAFETY: system control is there, and what is written below moves no memory.
const SYSTEM: Block = unsafe { Block::at(0x400f_e000) };
// SAFETY: port A is there, and moves no memory.
const PORT_A: Block = unsafe { Block::at(0x4000_4000) };
const RAW_INTERRUPTS: usize = 0x050;
const CLOCK: usize = 0x060;
const GATES_1: usize = 0x104;
const GATES_2: usize = 0x108;
const ALTERNATE: usize = 0x420;
const DIGITAL: usize = 0x51c;

/// The clock of the processor and of everything on the chip: the PLL has 200 MHz, and is divided by four.
pub(crate) const CLOCK_HZ: u32 = 50_000_000;

const DIVIDE_BY_4: u32 = 3 << 23;
const USE_DIVIDER: u32 = 1 << 22;
const POWER_DOWN: u32 = 1 << 13;
const BYPASS: u32 = 1 << 11;
const CRYSTAL_8_MHZ: u32 = 0xe << 6;
const CRYSTAL: u32 = 0xf << 6;
const SOURCE: u32 = 0b11 << 4;
const OTHER_OSCILLATOR_OFF: u32 = 1 << 1;
const PLL_LOCKED: u32 = 1 << 6;
/// How often it is asked whether the PLL is locked. It takes half a millisecond.
const PATIENCE: u32 = 100_000;

const TIMER_0: u32 = 1 << 16;
const UART_0: u32 = 1 << 0;
const PHY: u32 = 1 << 30;
const MAC: u32 = 1 << 28;
const GATE_A: u32 = 1 << 0;
/// The pins of UART 0.
const UART_PINS: u32 = 0b11;

/// Sets everything going.
pub(crate) fn start() {
    let crystal = SYSTEM.read(CLOCK) & !(CRYSTAL | SOURCE | USE_DIVIDER | 0xf << 23);
    let slow = crystal | BYPASS | POWER_DOWN | CRYSTAL_8_MHZ | OTHER_OSCILLATOR_OFF;
    SYSTEM.write(CLOCK, slow);
    let waiting = slow & !POWER_DOWN | DIVIDE_BY_4 | USE_DIVIDER;
    SYSTEM.write(CLOCK, waiting);
    for _ in 0..PATIENCE {
        if SYSTEM.read(RAW_INTERRUPTS) & PLL_LOCKED != 0 {
            break;
        }
    }
    SYSTEM.write(CLOCK, waiting & !BYPASS);
    SYSTEM.write(GATES_1, TIMER_0 | UART_0);
    SYSTEM.write(GATES_2, PHY | MAC | GATE_A);
    // A peripheral must not be touched for three cycles after that.
    cortex_m::asm::delay(8);
    PORT_A.write(ALTERNATE, PORT_A.read(ALTERNATE) | UART_PINS);
    PORT_A.write(DIGITAL, PORT_A.read(DIGITAL) | UART_PINS);
}
