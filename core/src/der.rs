//! As much of DER (X.690) as keys, certificates and signatures need. A reader that trusts no length, and a writer.

use crate::bytes::Bytes;

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;

/// The next element, tag and content. Definite lengths in their shortest form only.
pub(crate) fn element<'a>(bytes: &mut Bytes<'a>) -> Option<(u8, Bytes<'a>)> {
    let tag = bytes.u8()?;
    let len = match bytes.u8()? {
        len @ 0..=0x7f => usize::from(len),
        0x81 => bytes.u8().map(usize::from).filter(|&len| len > 0x7f)?,
        0x82 => bytes.u16().map(usize::from).filter(|&len| len > 0xff)?,
        0x83 => bytes.u24().filter(|&len| len > 0xffff)?,
        _ => return None,
    };
    Some((tag, Bytes::new(bytes.take(len)?)))
}

/// The next element if it has this tag; nothing is read otherwise.
pub(crate) fn element_of<'a>(bytes: &mut Bytes<'a>, tag: u8) -> Option<Bytes<'a>> {
    let mut ahead = *bytes;
    let (found, content) = element(&mut ahead)?;
    if found != tag {
        return None;
    }
    *bytes = ahead;
    Some(content)
}

/// An element that may be missing: `Some(None)` if another one, or nothing, comes next.
pub(crate) fn optional<'a>(bytes: &mut Bytes<'a>, tag: u8) -> Option<Option<Bytes<'a>>> {
    if bytes.rest().first() == Some(&tag) { element_of(bytes, tag).map(Some) } else { Some(None) }
}

/// A structure that is all there is.
pub(crate) fn whole(der: &[u8], tag: u8) -> Option<Bytes<'_>> {
    let mut outer = Bytes::new(der);
    let content = element_of(&mut outer, tag)?;
    outer.end()?;
    Some(content)
}

/// An INTEGER that is not negative, in its shortest form: big-endian without leading zeros, nothing for zero.
pub(crate) fn natural<'a>(bytes: &mut Bytes<'a>) -> Option<&'a [u8]> {
    match element_of(bytes, INTEGER)?.rest() {
        [0] => Some(&[]),
        [0, rest @ ..] if rest.first().is_some_and(|&byte| byte >= 0x80) => Some(rest),
        value @ [0x01..=0x7f, ..] => Some(value),
        _ => None,
    }
}
