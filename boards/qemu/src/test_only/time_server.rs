//! Where the time comes from, which a product would have built in.

use core::ffi::CStr;
use core::net::Ipv4Addr;
use semihosting::fs::File;
use semihosting::io::Read;

/// The four bytes of its IPv4 address.
const FILE: &CStr = c"time-server";

/// The time server of these boards. `None` if the host has no such file: there is none in QEMU's user network.
#[must_use]
pub fn time_server() -> Option<Ipv4Addr> {
    let mut address = [0; 4];
    File::open(FILE).ok()?.read_exact(&mut address).ok()?;
    Some(Ipv4Addr::from(address))
}
