//! Values out of a document that has been checked, one after the other.

use super::de::unescape;
use super::error::{Fault, JsonCause};
use super::scan::{Malformed, Raw, Scanner};
use crate::text::Text;
use heapless::string::StringView;

/// What an object is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// What it is, in errors.
    pub what: &'static str,
    /// The names of its members, 32 at most. Others are passed over.
    pub members: &'static [&'static str],
    /// How many of these, from the front, have to be there.
    pub required: usize,
}

/// Something in the document is not what was asked for. The [`Reader`] knows what, and [`read`](super::read) tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfit;

/// A place in a document, from which the next value can be read as what it should be.
///
/// One that is not, or that is there twice, or not at all, is [`Unfit`]; that ends the reading. Whoever reads goes only as deep
/// as the values it asks for, and what nobody asks for is passed over without recursion. Nothing here is generic, so that a
/// reply costs firmware what its members cost.
#[derive(Debug)]
pub struct Reader<'d> {
    scanner: Scanner<'d>,
    scratch: &'d mut [u8],
    fault: Option<Fault>,
}

/// What is done with each member or element.
type Take<'t> = &'t mut dyn FnMut(&mut Reader<'_>, usize) -> Result<(), Unfit>;

impl<'d> Reader<'d> {
    pub(super) const fn new(text: &'d str, scratch: &'d mut [u8]) -> Self {
        Self { scanner: Scanner::new(text), scratch, fault: None }
    }

    pub(super) fn into_fault(self) -> Fault {
        self.fault.unwrap_or(Fault::syntax(self.scanner.at(), "a value"))
    }

    /// Reads an object: `take` gets the value of each member of `shape` that is there, and its position there. A member that
    /// is there twice is an error.
    ///
    /// # Errors
    /// [`Unfit`].
    pub fn object(&mut self, shape: &Shape, take: Take<'_>) -> Result<(), Unfit> {
        let at = self.open(b'{', shape.what)?;
        let mut seen = 0_u32;
        let mut is_first = true;
        while self.next(b'}', &mut is_first)? {
            let begin = self.scanner.at();
            let name = self.scanner.string("a member name in quotes");
            let name = self.well_formed(name)?;
            let text = self.text(&name, begin)?;
            let asked = shape.members.iter().position(|member| *member == text);
            let colon = self.scanner.expect(b':', "a colon");
            self.well_formed(colon)?;
            self.scanner.token();
            let Some((index, member)) = asked.and_then(|index| Some((index, *shape.members.get(index)?))) else {
                let passed = self.scanner.value();
                self.well_formed(passed)?;
                continue;
            };
            let bit = bit(index);
            if seen & bit != 0 {
                return Err(self.fail(at, JsonCause::Twice(member)));
            }
            seen |= bit;
            if take(self, index).is_err() {
                if let Some(fault) = &mut self.fault {
                    fault.place_in(&name.range);
                }
                return Err(Unfit);
            }
        }
        let missing = shape.members.iter().take(shape.required).enumerate().find(|(index, _)| seen & bit(*index) == 0);
        match missing {
            Some((_, member)) => Err(self.fail(at, JsonCause::Missing(member))),
            None => Ok(()),
        }
    }

    /// Reads an array: `take` gets each of its elements, and its position.
    ///
    /// # Errors
    /// [`Unfit`].
    pub fn array(&mut self, what: &'static str, take: Take<'_>) -> Result<(), Unfit> {
        self.open(b'[', what)?;
        let mut is_first = true;
        let mut index = 0_usize;
        while self.next(b']', &mut is_first)? {
            take(self, index)?;
            index = index.saturating_add(1);
        }
        Ok(())
    }

    /// Where the next value begins, for [`refuse`](Self::refuse).
    pub fn at(&mut self) -> usize {
        self.scanner.token();
        self.scanner.at()
    }

    /// Another reason why what was read at `at` is not `what` it should be.
    pub fn refuse(&mut self, at: usize, what: &'static str) -> Unfit {
        self.mismatch(at, what)
    }

    /// Takes `null` if it is there.
    pub fn is_null(&mut self) -> bool {
        self.scanner.token() == Some(b'n') && self.scanner.word("null").is_ok()
    }

    /// Reads a string, without its escapes. `take` says whether it is what it should be.
    ///
    /// # Errors
    /// [`Unfit`].
    pub fn string(&mut self, what: &'static str, take: &mut dyn FnMut(&str) -> bool) -> Result<(), Unfit> {
        let at = self.begin(b'"', what)?;
        let raw = self.scanner.string(what);
        let raw = self.well_formed(raw)?;
        if take(self.text(&raw, at)?) { Ok(()) } else { Err(self.mismatch(at, what)) }
    }

    /// Reads a string into the place of what was there before.
    ///
    /// # Errors
    /// [`Unfit`] if it is longer than `place`, too; `what` should tell the limit.
    pub fn string_into(&mut self, what: &'static str, place: &mut StringView) -> Result<(), Unfit> {
        self.string(what, &mut |text| {
            place.clear();
            place.push_str(text).is_ok()
        })
    }

    /// Reads an integer of 0 to `max`.
    ///
    /// # Errors
    /// [`Unfit`].
    pub fn unsigned(&mut self, what: &'static str, max: u64) -> Result<u64, Unfit> {
        let (at, is_negative, size) = self.integer(what)?;
        match size {
            Some(size) if size <= max && !(is_negative && size > 0) => Ok(size),
            _ => Err(self.mismatch(at, what)),
        }
    }

    /// Reads an integer of 64 bits with a sign.
    ///
    /// # Errors
    /// [`Unfit`].
    pub fn signed(&mut self, what: &'static str) -> Result<i64, Unfit> {
        let (at, is_negative, size) = self.integer(what)?;
        let value =
            size.and_then(|size| if is_negative { 0_i64.checked_sub_unsigned(size) } else { size.try_into().ok() });
        value.ok_or_else(|| self.mismatch(at, what))
    }

    /// Reads `true` or `false`.
    ///
    /// # Errors
    /// [`Unfit`].
    pub fn boolean(&mut self) -> Result<bool, Unfit> {
        let (word, value) = match self.scanner.token() {
            Some(b't') => ("true", true),
            Some(b'f') => ("false", false),
            _ => return Err(self.mismatch(self.scanner.at(), "a boolean")),
        };
        let read = self.scanner.word(word);
        self.well_formed(read).map(|()| value)
    }

    /// The number that comes next: where it is, whether it has a sign, and how large it is; `None` if it is no integer, or too
    /// large for 64 bits.
    fn integer(&mut self, what: &'static str) -> Result<(usize, bool, Option<u64>), Unfit> {
        let token = self.scanner.token();
        let at = self.scanner.at();
        if !matches!(token, Some(b'-' | b'0'..=b'9')) {
            return Err(self.mismatch(at, what));
        }
        let number = self.scanner.number();
        let number = self.well_formed(number)?;
        let digits = number.strip_prefix('-').unwrap_or(number);
        Ok((at, digits.len() < number.len(), digits.parse().ok()))
    }

    /// Goes to the token that should come next; yields where that is.
    fn begin(&mut self, token: u8, what: &'static str) -> Result<usize, Unfit> {
        let is_there = self.scanner.token() == Some(token);
        let at = self.scanner.at();
        if is_there { Ok(at) } else { Err(self.mismatch(at, what)) }
    }

    fn open(&mut self, token: u8, what: &'static str) -> Result<usize, Unfit> {
        let at = self.begin(token, what)?;
        self.scanner.advance(1);
        Ok(at)
    }

    /// Goes to the next member or element; takes `end` if there is none.
    fn next(&mut self, end: u8, is_first: &mut bool) -> Result<bool, Unfit> {
        self.scanner.token();
        if self.scanner.eat(end) {
            return Ok(false);
        }
        if !core::mem::take(is_first) {
            let comma = self.scanner.expect(b',', "a comma");
            self.well_formed(comma)?;
        }
        self.scanner.token();
        Ok(true)
    }

    /// A string without its escapes.
    fn text<'t>(&'t mut self, raw: &Raw<'t>, at: usize) -> Result<&'t str, Unfit> {
        if !raw.escaped {
            return Ok(raw.text);
        }
        let size = self.scratch.len();
        let Self { scratch, fault, .. } = self;
        unescape(raw, scratch).ok_or_else(|| {
            *fault = Some(Fault::new(at, JsonCause::Scratch(size)));
            Unfit
        })
    }

    /// The document was found to be well-formed, so that there is no such error any more.
    fn well_formed<T>(&mut self, read: Result<T, Malformed>) -> Result<T, Unfit> {
        read.map_err(|malformed| {
            self.fault = Some(malformed.into());
            Unfit
        })
    }

    fn mismatch(&mut self, at: usize, what: &'static str) -> Unfit {
        self.fail(at, JsonCause::Mismatch(Text::of(what)))
    }

    #[inline(never)]
    fn fail(&mut self, at: usize, cause: JsonCause) -> Unfit {
        self.fault = Some(Fault::new(at, cause));
        Unfit
    }
}

/// That of a member; 0 for one beyond the limit, which may then be there twice.
fn bit(index: usize) -> u32 {
    u32::try_from(index).ok().and_then(|index| 1_u32.checked_shl(index)).unwrap_or(0)
}
