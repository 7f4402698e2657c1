//! A plugin for QEMU (`-plugin libaclk_counter.so,out=FILE`): counts the instructions that firmware executes, exactly and
//! whatever the time takes. A processor that waits for an interrupt executes none.
//!
//! Firmware says where it is by writing to a stimulus port of the Instrumentation Trace Macrocell (Armv7-M Architecture
//! Reference Manual, C1.7), as it would for a probe on a real board. Each such write becomes a line in the file: the number of
//! the port, and how many instructions were executed since the machine was switched on. A reset does not begin anew.
//!
//! Source: QEMU, "QEMU TCG Plugins". What is used of the interface is the same in its versions 1 (QEMU 6 to 8) and 2 (from 9 on),
//! neither of which takes a plugin for the other.
#![allow(unsafe_code)]
#![cfg(unix)]

use core::ffi::{CStr, c_char, c_int, c_uint, c_void};
use core::ptr::null_mut;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The first stimulus port, and what lies behind the last of 32.
const PORTS: core::ops::Range<u64> = 0xe000_0000..0xe000_0080;
/// Bytes of a port.
const PORT_LEN: u64 = 4;

/// A translated block and an instruction in it are QEMU's own.
type Block = c_void;
type Instruction = c_void;

/// A callback that looks at no register.
const NO_REGISTERS: c_int = 0;
/// What is written, not what is read.
const WRITES: c_int = 2;

unsafe extern "C" {
    fn qemu_plugin_register_vcpu_tb_trans_cb(id: u64, callback: extern "C" fn(u64, *mut Block));
    fn qemu_plugin_register_vcpu_tb_exec_cb(
        block: *mut Block,
        callback: extern "C" fn(c_uint, *mut c_void),
        registers: c_int,
        data: *mut c_void,
    );
    fn qemu_plugin_register_vcpu_mem_cb(
        instruction: *mut Instruction,
        callback: extern "C" fn(c_uint, u32, u64, *mut c_void),
        registers: c_int,
        direction: c_int,
        data: *mut c_void,
    );
    fn qemu_plugin_tb_n_insns(block: *const Block) -> usize;
    fn qemu_plugin_tb_get_insn(block: *const Block, index: usize) -> *mut Instruction;
}

/// Which interface this speaks, as whoever builds it wants it.
#[unsafe(export_name = "qemu_plugin_version")]
pub static VERSION: c_int = if option_env!("ACLK_QEMU_PLUGIN_2").is_some() { 2 } else { 1 };

static EXECUTED: AtomicU64 = AtomicU64::new(0);
static OUT: OnceLock<File> = OnceLock::new();

/// Called by QEMU when it starts. Anything but 0 ends it.
///
/// # Safety
/// `arguments` are `count` texts, as QEMU promises.
#[unsafe(export_name = "qemu_plugin_install")]
pub unsafe extern "C" fn install(id: u64, _: *const c_void, count: c_int, arguments: *const *const c_char) -> c_int {
    let texts = (0..usize::try_from(count).unwrap_or(0)).map(|index| {
        // SAFETY: there are as many.
        let text = unsafe { *arguments.add(index) };
        // SAFETY: each is a text, which ends in zero and outlives the call.
        unsafe { CStr::from_ptr(text) }.to_bytes()
    });
    let Some(name) = texts.filter_map(|text| text.strip_prefix(b"out=")).next_back() else {
        eprintln!("aclk-counter: say out=FILE");
        return 1;
    };
    match File::create(OsStr::from_bytes(name)) {
        Ok(file) => OUT.get_or_init(|| file),
        Err(error) => {
            eprintln!("aclk-counter: {error}");
            return 1;
        }
    };
    // SAFETY: the id is the one that QEMU has given.
    unsafe { qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation) };
    0
}

/// Code is about to be executed for the first time.
extern "C" fn on_translation(_: u64, block: *mut Block) {
    // SAFETY: the block is the one that QEMU has just given.
    let count = unsafe { qemu_plugin_tb_n_insns(block) };
    // SAFETY: the same; the data is a number in the place of a pointer, which nobody follows.
    unsafe { qemu_plugin_register_vcpu_tb_exec_cb(block, on_execution, NO_REGISTERS, count as *mut c_void) };
    for index in 0..count {
        // SAFETY: the block has as many.
        let instruction = unsafe { qemu_plugin_tb_get_insn(block, index) };
        // SAFETY: it was just given.
        unsafe { qemu_plugin_register_vcpu_mem_cb(instruction, on_write, NO_REGISTERS, WRITES, null_mut()) };
    }
}

/// A block is executed, all of it but for faults.
extern "C" fn on_execution(_: c_uint, count: *mut c_void) {
    EXECUTED.fetch_add(count as usize as u64, Relaxed);
}

extern "C" fn on_write(_: c_uint, _: u32, address: u64, _: *mut c_void) {
    if PORTS.contains(&address)
        && let Some(mut file) = OUT.get()
    {
        let port = (address - PORTS.start) / PORT_LEN;
        // In one piece and at once: the machine may be switched off at any time. Who cannot write finds the line missing.
        let _ = file.write_all(format!("{port} {}\n", EXECUTED.load(Relaxed)).as_bytes());
    }
}
