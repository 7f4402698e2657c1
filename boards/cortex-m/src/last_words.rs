//! Why the device had to start anew: kept in memory that a reset leaves alone, and shown by the next start.

use crate::stack;
use core::arch::global_asm;
use core::cell::UnsafeCell;
use core::fmt::{self, Write};
use core::mem::MaybeUninit;
use core::panic::PanicInfo;
use cortex_m::peripheral::SCB;
use cortex_m_rt::exception;

/// Bytes of text that are kept.
pub const TEXT_MAX: usize = 232;
/// Memory that was not written by us looks different, most likely.
const MARK: u32 = 0xacc1_dead;

#[derive(Clone, Copy)]
#[repr(C)]
struct Words {
    mark: u32,
    len: u32,
    text: [u8; TEXT_MAX],
    /// So that a power cut, after which memory may hold a part of it, is no panic.
    sum: u32,
}

/// How many words these are. They are read and written one by one in a loop: as a whole that would be an instruction for each.
const WORDS: usize = size_of::<Words>() / size_of::<u32>();
/// Where the text begins, in words, and where the sum is.
const TEXT_AT: usize = 2;
const SUM_AT: usize = WORDS - 1;

impl Words {
    fn word(&self, index: usize) -> u32 {
        match index {
            0 => self.mark,
            1 => self.len,
            SUM_AT => self.sum,
            _ => self.text.as_chunks().0.get(index - TEXT_AT).map_or(0, |bytes| u32::from_ne_bytes(*bytes)),
        }
    }

    fn set(&mut self, index: usize, word: u32) {
        match index {
            0 => self.mark = word,
            1 => self.len = word,
            SUM_AT => self.sum = word,
            _ => {
                if let Some(bytes) = self.text.as_chunks_mut().0.get_mut(index - TEXT_AT) {
                    *bytes = word.to_ne_bytes();
                }
            }
        }
    }
}

struct Slot(UnsafeCell<MaybeUninit<Words>>);

// SAFETY: it is read by the start, before anything else runs, and written by a panic, after which nothing else does.
unsafe impl Sync for Slot {}

#[unsafe(link_section = ".uninit.last_words")]
static SLOT: Slot = Slot(UnsafeCell::new(MaybeUninit::uninit()));

/// Why a run has ended, in words.
pub type Reason = heapless::String<TEXT_MAX>;

/// What the last run ended with, if it was a panic. It is told once.
#[must_use]
pub fn take() -> Option<Reason> {
    let words = SLOT.0.get().cast::<u32>();
    let mut found = Words { mark: 0, len: 0, text: [0; TEXT_MAX], sum: 0 };
    for index in 0..WORDS {
        // SAFETY: the slot is memory of so many words, every value of which is one of this type; see above for others.
        let word = unsafe { words.wrapping_add(index).read_volatile() };
        found.set(index, word);
    }
    // SAFETY: the same; the mark comes first.
    unsafe { words.write_volatile(0) };
    let text = found.text.get(..found.len as usize)?;
    if found.mark != MARK || found.sum != sum(text) {
        return None;
    }
    heapless::String::try_from(core::str::from_utf8(text).ok()?).ok()
}

fn sum(text: &[u8]) -> u32 {
    text.iter().fold(MARK, |sum, byte| sum.rotate_left(5) ^ u32::from(*byte))
}

/// Keeps what fits.
struct Pen<'w>(&'w mut Words);

impl Write for Pen<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            let len = self.0.len as usize;
            let room = self.0.text.get_mut(len..).and_then(|rest| rest.get_mut(..character.len_utf8()));
            let Some(room) = room else { return Err(fmt::Error) };
            character.encode_utf8(room);
            self.0.len += character.len_utf8() as u32;
        }
        Ok(())
    }
}

/// Where a build has `-Cpanic=immediate-abort`, nobody comes here: a panic is a trap, and so a [`fault`].
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    end(format_args!("{}", info.message()))
}

/// Starts the board anew, with a reason in words. What is wrong with the board rather than with the program is told like this:
/// of a panic only the place is kept.
pub fn end(reason: fmt::Arguments<'_>) -> ! {
    cortex_m::interrupt::disable();
    let mut words = Words { mark: MARK, len: 0, text: [0; TEXT_MAX], sum: 0 };
    let _ = Pen(&mut words).write_fmt(reason);
    words.sum = sum(words.text.get(..words.len as usize).unwrap_or_default());
    let slot = SLOT.0.get().cast::<u32>();
    for index in 0..WORDS {
        // SAFETY: the slot is memory of so many words, interrupts are off, and nobody goes on after a panic.
        unsafe { slot.wrapping_add(index).write_volatile(words.word(index)) };
    }
    SCB::sys_reset()
}

/// A panic like any other, to show what becomes of the device: the next start names this place.
#[inline(never)]
pub fn panic_on_demand() {
    panic!("somebody asked for it");
}

// The processor found something that it cannot do. If that is because the stack has come to its end, there is none left to say
// so, and nothing below it to read: `fault` always begins at the top of the stack, which nobody returns to. Source of the
// frame: Armv7-M Architecture Reference Manual, B1.5.6.
global_asm!(
    ".section .HardFault.user, \"ax\"",
    ".global HardFault",
    ".type HardFault, %function",
    ".thumb_func",
    "HardFault:",
    // Instructions of Armv6-M only.
    "mov r0, sp",
    "ldr r3, =_stack_end",
    // The end may have been met by a push of all registers, which then has not moved the stack pointer.
    "adds r3, #{push}",
    "cmp r0, r3",
    "blo 1f",
    "ldr r1, [r0, #24]",
    "ldr r2, [r0, #20]",
    "b 2f",
    "1:",
    "movs r0, #0",
    "2:",
    "ldr r3, =_stack_start",
    "mov sp, r3",
    "bl {fault}",
    ".pool",
    ".size HardFault, . - HardFault",
    push = const PUSH_MAX,
    fault = sym fault,
);

/// Bytes that one instruction pushes, at most.
const PUSH_MAX: u32 = 64;

/// `frame` is where the processor has put the registers, or 0 if there was no stack left. Without it, the others say nothing.
extern "C" fn fault(frame: u32, pc: u32, lr: u32) -> ! {
    if frame == 0 {
        end(format_args!("the stack of {} B is too small", stack::size()));
    }
    let what = if is_trap(pc) { "panicked" } else { "hard fault" };
    end(format_args!("{what} at {pc:#010x}, called from {lr:#010x}"))
}

/// Whether there is the instruction that the compiler puts where a panic would begin: `udf #254`.
fn is_trap(pc: u32) -> bool {
    unsafe extern "C" {
        /// Where the code begins, by its address, ...
        static __stext: u8;
        /// ... and where it ends.
        static __etext: u8;
    }
    let place = pc as *const u16;
    let code = (&raw const __stext).cast::<u16>()..(&raw const __etext).cast::<u16>();
    // SAFETY: it lies in the code, which can be read, on an even address.
    code.contains(&place) && place.is_aligned() && unsafe { place.read_volatile() } == TRAP
}

/// `udf #254`.
const TRAP: u16 = 0xdefe;

/// An interrupt that nobody handles.
#[exception]
unsafe fn DefaultHandler(number: i16) {
    end(format_args!("nobody handles interrupt {number}"))
}
