//! As much of the Thumb instruction set as tells where code jumps to and where it traps (Armv7-M Architecture Reference Manual,
//! A5.2, A5.3, A7.7.12, A7.7.18, A7.7.194).

/// What an instruction does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    /// Calls, or goes on at, this address, always or on a condition.
    Jump(u32),
    /// Is not one: what the compiler puts where nobody may come, and where it aborts.
    Trap,
    /// Something else.
    Else,
}

/// What the instruction at `address` does, and its length in bytes. `first` and `second` are the half words there.
pub(super) fn decode(address: u32, first: u16, second: u16) -> (Does, u32) {
    if first >> 11 < 0b11101 {
        return (short(address, first), 2);
    }
    (long(address, u32::from(first), u32::from(second)), 4)
}

fn short(address: u32, code: u16) -> Does {
    match code >> 8 {
        0xde => Does::Trap,
        // B, T1: with a condition.
        0xd0..=0xdd => jump(address, signed(u32::from(code & 0xff) << 1, 9)),
        // B, T2.
        0xe0..=0xe7 => jump(address, signed(u32::from(code & 0x7ff) << 1, 12)),
        _ => Does::Else,
    }
}

fn long(address: u32, first: u32, second: u32) -> Does {
    let bit = |half: u32, number: u32| half >> number & 1;
    if first >> 4 == 0xf7f && second >> 12 == 0xa {
        return Does::Trap;
    }
    if first >> 11 != 0b11110 || bit(second, 15) == 0 {
        return Does::Else;
    }
    let (sign, one, two) = (bit(first, 10), bit(second, 13), bit(second, 11));
    let low = (second & 0x7ff) << 1;
    // BL, T1, and B, T4: the same place for everything.
    if bit(second, 12) == 1 {
        let (one, two) = (1 ^ one ^ sign, 1 ^ two ^ sign);
        return jump(address, signed(sign << 24 | one << 23 | two << 22 | (first & 0x3ff) << 12 | low, 25));
    }
    // B, T3: with a condition, of which two are none.
    if bit(second, 14) == 0 && (first >> 6 & 0xf) < 0xe {
        return jump(address, signed(sign << 20 | two << 19 | one << 18 | (first & 0x3f) << 12 | low, 21));
    }
    Does::Else
}

/// From the instruction behind the next half word on.
fn jump(address: u32, offset: i32) -> Does {
    Does::Jump(address.wrapping_add(4).wrapping_add_signed(offset))
}

/// A number of `bits` bits, the highest of which is its sign.
const fn signed(number: u32, bits: u32) -> i32 {
    let up = u32::BITS - bits;
    ((number << up) as i32) >> up
}

#[cfg(test)]
mod tests {
    use super::{Does, decode};

    /// As arm-none-eabi-objdump reads them.
    #[test]
    fn jumps_and_traps_are_read() {
        let cases: [(u32, u16, u16, Does, u32); 9] = [
            (0x1000, 0xf000, 0xf800, Does::Jump(0x1004), 4),   // bl
            (0x1000, 0xf7ff, 0xfffe, Does::Jump(0x1000), 4),   // bl
            (0x1000, 0xf04f, 0xbd7f, Does::Jump(0x5_0b02), 4), // b.w
            (0x1000, 0xf43f, 0xaffe, Does::Jump(0x1000), 4),   // beq.w
            (0x1000, 0xe7fe, 0, Does::Jump(0x1000), 2),        // b
            (0x1000, 0xd0fe, 0, Does::Jump(0x1000), 2),        // beq
            (0x1000, 0xdefe, 0, Does::Trap, 2),                // udf
            (0x1000, 0xf7f0, 0xa000, Does::Trap, 4),           // udf.w
            (0x1000, 0x4770, 0, Does::Else, 2),                // bx lr
        ];
        for (address, first, second, does, len) in cases {
            assert_eq!(decode(address, first, second), (does, len), "{first:04x} {second:04x}");
        }
        // svc, mov.w, ldr.w
        for (first, second) in [(0xdf01, 0), (0xf04f, 0x0001), (0xf8d0, 0xb000)] {
            assert_eq!(decode(0, first, second).0, Does::Else, "{first:04x} {second:04x}");
        }
    }
}
