//! ECDSA signatures (FIPS 186-5 6.4.2) on P-256 and P-384 by code of our own, one for both: numbers that are public, all of
//! them. Takes a tenth of the code of the crates, and a quarter of their stack.
//!
//! Points are added by one formula that is right for every pair of points of these curves, equal ones, opposite ones and the
//! one at infinity too: Renes, Costello, Batina, "Complete addition formulas for prime order elliptic curves", algorithm 4.

use crate::modular::{self, Modulus, WORD_BYTES, Word};

/// Bytes of the longest number, one of P-384, …
const BYTES_MAX: usize = 48;
/// … and its words. The numbers of P-256 have zeros above them.
const WORDS: usize = BYTES_MAX / WORD_BYTES;

/// A number, lowest word first.
type Number = [Word; WORDS];

const ZERO: Number = [0; WORDS];
const ONE: Number = {
    let mut one = ZERO;
    one[0] = 1;
    one
};

/// A curve y² = x³ - 3x + b of prime order (SP 800-186 3.2.1), its numbers big-endian and of the same length.
struct Curve {
    /// The field that coordinates are in.
    p: &'static [u8],
    b: &'static [u8],
    /// The order of the curve, a prime.
    n: &'static [u8],
    /// The base point.
    x: &'static [u8],
    y: &'static [u8],
}

const P256: Curve = Curve {
    p: &[
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    ],
    b: &[
        0x5a, 0xc6, 0x35, 0xd8, 0xaa, 0x3a, 0x93, 0xe7, 0xb3, 0xeb, 0xbd, 0x55, 0x76, 0x98, 0x86, 0xbc, 0x65, 0x1d,
        0x06, 0xb0, 0xcc, 0x53, 0xb0, 0xf6, 0x3b, 0xce, 0x3c, 0x3e, 0x27, 0xd2, 0x60, 0x4b,
    ],
    n: &[
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
        0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ],
    x: &[
        0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03,
        0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
    ],
    y: &[
        0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce,
        0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
    ],
};

#[cfg(feature = "p384")]
const P384: Curve = Curve {
    p: &[
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff,
    ],
    b: &[
        0xb3, 0x31, 0x2f, 0xa7, 0xe2, 0x3e, 0xe7, 0xe4, 0x98, 0x8e, 0x05, 0x6b, 0xe3, 0xf8, 0x2d, 0x19, 0x18, 0x1d,
        0x9c, 0x6e, 0xfe, 0x81, 0x41, 0x12, 0x03, 0x14, 0x08, 0x8f, 0x50, 0x13, 0x87, 0x5a, 0xc6, 0x56, 0x39, 0x8d,
        0x8a, 0x2e, 0xd1, 0x9d, 0x2a, 0x85, 0xc8, 0xed, 0xd3, 0xec, 0x2a, 0xef,
    ],
    n: &[
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a, 0x0d, 0xb2,
        0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
    ],
    x: &[
        0xaa, 0x87, 0xca, 0x22, 0xbe, 0x8b, 0x05, 0x37, 0x8e, 0xb1, 0xc7, 0x1e, 0xf3, 0x20, 0xad, 0x74, 0x6e, 0x1d,
        0x3b, 0x62, 0x8b, 0xa7, 0x9b, 0x98, 0x59, 0xf7, 0x41, 0xe0, 0x82, 0x54, 0x2a, 0x38, 0x55, 0x02, 0xf2, 0x5d,
        0xbf, 0x55, 0x29, 0x6c, 0x3a, 0x54, 0x5e, 0x38, 0x72, 0x76, 0x0a, 0xb7,
    ],
    y: &[
        0x36, 0x17, 0xde, 0x4a, 0x96, 0x26, 0x2c, 0x6f, 0x5d, 0x9e, 0x98, 0xbf, 0x92, 0x92, 0xdc, 0x29, 0xf8, 0xf4,
        0x1d, 0xbd, 0x28, 0x9a, 0x14, 0x7c, 0xe9, 0xda, 0x31, 0x13, 0xb5, 0xf0, 0xb8, 0xc0, 0x0a, 0x60, 0xb1, 0xce,
        0x1d, 0x7e, 0x81, 0x9d, 0x7a, 0x43, 0x1d, 0x7c, 0x90, 0xea, 0x0e, 0x5f,
    ],
};

pub(super) fn p256(key: &[u8], hash: &[u8], r: &[u8], s: &[u8]) -> Option<()> {
    P256.verify(key, hash, r, s)
}

#[cfg(feature = "p384")]
pub(super) fn p384(key: &[u8], hash: &[u8], r: &[u8], s: &[u8]) -> Option<()> {
    P384.verify(key, hash, r, s)
}

impl Curve {
    /// See `Verify`. Not a part of its callers, whose stack it would be.
    #[inline(never)]
    fn verify(&self, key: &[u8], hash: &[u8], r: &[u8], s: &[u8]) -> Option<()> {
        let (p_words, n_words) = (number(self.p)?, number(self.n)?);
        let (p, n) = (Field::new(&p_words)?, Field::new(&n_words)?);
        let (r, s) = (n.nonzero(r)?, n.nonzero(s)?);
        let inverse = n.inverse(&n.enter(&s));
        // Of a longer hash as many bits as n has. That it may be larger than n does not matter here.
        let hash = number(hash.get(..self.n.len()).unwrap_or(hash))?;
        let (u1, u2) = (n.times(&hash, &inverse), n.times(&r, &inverse));

        let b = p.enter(&number(self.b)?);
        let base = Point::new(&p, self.x, self.y)?;
        let Some((4, coordinates)) = key.split_first().map(|(&form, coordinates)| (form, coordinates)) else {
            return None;
        };
        if coordinates.len() != 2 * self.p.len() {
            return None;
        }
        let (x, y) = coordinates.split_at_checked(self.p.len())?;
        let key = Point::new(&p, x, y)?;
        if !key.is_on_curve(&p, &b) {
            return None;
        }
        let both = base.plus(&key, &p, &b);
        let mut sum = Point { x: ZERO, y: p.enter(&ONE), z: ZERO };
        for bit in (0..8 * self.n.len()).rev() {
            sum = sum.plus(&sum, &p, &b);
            let addend = match (is_set(&u1, bit), is_set(&u2, bit)) {
                (false, false) => continue,
                (true, false) => &base,
                (false, true) => &key,
                (true, true) => &both,
            };
            sum = sum.plus(addend, &p, &b);
        }

        if sum.z == ZERO {
            return None;
        }
        // x/z modulo n is r: x/z is r, or r + n, which may still be below p.
        let is_x = |x: &Number| p.times(&p.enter(x), &sum.z) == sum.x;
        let mut gap = p_words;
        modular::subtract_if(1, &mut gap, &n_words);
        (is_x(&r) || modular::is_below(&r, &gap) && is_x(&p.plus(&r, &n_words))).then_some(())
    }
}

/// A big-endian number. `None` if it is too long.
fn number(bytes: &[u8]) -> Option<Number> {
    let mut number = ZERO;
    modular::load(&mut number, bytes)?;
    Some(number)
}

fn is_set(number: &Number, bit: usize) -> bool {
    let word = number.get(bit / Word::BITS as usize).copied().unwrap_or_default();
    word >> (bit % Word::BITS as usize) & 1 == 1
}

/// Numbers modulo a prime. What is multiplied is in Montgomery form, or one of both is, and the product is not.
struct Field<'m> {
    words: &'m Number,
    modulus: Modulus<'m>,
    square_of_r: Number,
}

impl<'m> Field<'m> {
    fn new(words: &'m Number) -> Option<Self> {
        let modulus = Modulus::new(words);
        let mut square_of_r = ZERO;
        modulus.square_of_r(&mut square_of_r, &mut [0; 2 * WORDS])?;
        Some(Self { words, modulus, square_of_r })
    }

    /// A number that is none of the field is not reduced, but refused.
    fn element(&self, bytes: &[u8]) -> Option<Number> {
        number(bytes).filter(|number| modular::is_below(number, self.words))
    }

    fn nonzero(&self, bytes: &[u8]) -> Option<Number> {
        self.element(bytes).filter(|number| *number != ZERO)
    }

    /// x in Montgomery form.
    fn enter(&self, x: &Number) -> Number {
        self.times(x, &self.square_of_r)
    }

    fn times(&self, x: &Number, y: &Number) -> Number {
        let mut product = *x;
        self.modulus.multiply(&mut product, y, &mut [0; 2 * WORDS]);
        product
    }

    fn plus(&self, x: &Number, y: &Number) -> Number {
        let mut sum = *x;
        self.modulus.add(&mut sum, y);
        sum
    }

    fn minus(&self, x: &Number, y: &Number) -> Number {
        let mut difference = *self.words;
        modular::subtract_if(1, &mut difference, y);
        self.modulus.add(&mut difference, x);
        difference
    }

    /// 1/x, both in Montgomery form: by Fermat, to the power of the prime without two, of which the lowest word is larger than one.
    fn inverse(&self, x: &Number) -> Number {
        let mut exponent = *self.words;
        if let Some(lowest) = exponent.first_mut() {
            *lowest = lowest.wrapping_sub(2);
        }
        let mut power = self.enter(&ONE);
        for bit in (0..WORDS * Word::BITS as usize).rev() {
            power = self.times(&power, &power);
            if is_set(&exponent, bit) {
                power = self.times(&power, x);
            }
        }
        power
    }
}

/// x/z and y/z, in Montgomery form; at infinity z is zero.
struct Point {
    x: Number,
    y: Number,
    z: Number,
}

impl Point {
    fn new(p: &Field<'_>, x: &[u8], y: &[u8]) -> Option<Self> {
        Some(Self { x: p.enter(&p.element(x)?), y: p.enter(&p.element(y)?), z: p.enter(&ONE) })
    }

    /// Whether y² = x³ - 3x + b, with a z of one.
    fn is_on_curve(&self, p: &Field<'_>, b: &Number) -> bool {
        let Self { x, y, .. } = self;
        let cubed = p.times(&p.times(x, x), x);
        let right = p.plus(&p.minus(&cubed, &p.plus(&p.plus(x, x), x)), b);
        p.times(y, y) == right
    }

    #[inline(never)]
    fn plus(&self, other: &Self, p: &Field<'_>, b: &Number) -> Self {
        let (xx, yy, zz) = (p.times(&self.x, &other.x), p.times(&self.y, &other.y), p.times(&self.z, &other.z));
        // What is multiplied crosswise: (x1 + y1)(x2 + y2) - x1x2 - y1y2.
        let cross = |(a1, b1): (&Number, &Number), (a2, b2): (&Number, &Number), aa: &Number, bb: &Number| {
            let both = p.times(&p.plus(a1, b1), &p.plus(a2, b2));
            p.minus(&both, &p.plus(aa, bb))
        };
        let xy = cross((&self.x, &self.y), (&other.x, &other.y), &xx, &yy);
        let yz = cross((&self.y, &self.z), (&other.y, &other.z), &yy, &zz);
        let xz = cross((&self.x, &self.z), (&other.x, &other.z), &xx, &zz);
        let thrice = |a: &Number| p.plus(&p.plus(a, a), a);

        let right = thrice(&p.minus(&xz, &p.times(b, &zz)));
        let (low, high) = (p.minus(&yy, &right), p.plus(&yy, &right));
        let zz = thrice(&zz);
        let middle = thrice(&p.minus(&p.minus(&p.times(b, &xz), &zz), &xx));
        let slope = p.minus(&thrice(&xx), &zz);
        Self {
            x: p.minus(&p.times(&xy, &high), &p.times(&yz, &middle)),
            y: p.plus(&p.times(&high, &low), &p.times(&slope, &middle)),
            z: p.plus(&p.times(&yz, &low), &p.times(&xy, &slope)),
        }
    }
}
