//! Whether a document is well-formed, without recursion.

use super::DEPTH_MAX;
use super::error::{Fault, JsonCause, JsonError};
use super::scan::{Malformed, Scanner};

/// Checks that `body` is one well-formed JSON document in UTF-8, not nested deeper than [`DEPTH_MAX`], with nothing but
/// white space around it, and returns it as text.
///
/// # Errors
/// [`JsonError`] with the first position at which it is not.
pub fn check(body: &[u8]) -> Result<&str, JsonError> {
    let text = core::str::from_utf8(body).map_err(|error| {
        let at = error.valid_up_to();
        JsonError { at, member: Default::default(), cause: JsonCause::Utf8 }
    })?;
    document(text).map_err(|malformed| Fault::from(malformed).locate(text))?;
    Ok(text)
}

fn document(text: &str) -> Result<(), Malformed> {
    let mut scanner = Scanner::new(text);
    scanner.value()?;
    match scanner.token() {
        None => Ok(()),
        Some(_) => Err(Malformed::syntax(scanner.at(), "nothing behind the document")),
    }
}

/// The arrays and objects around a place: one bit each, set for an object.
#[derive(Debug, Clone, Copy)]
struct Nesting {
    objects: u32,
    depth: usize,
}

impl Nesting {
    fn enter(&mut self, object: bool, at: usize) -> Result<(), Malformed> {
        if self.depth >= DEPTH_MAX {
            return Err(Malformed::too_deep(at));
        }
        self.depth += 1;
        self.objects = self.objects << 1 | u32::from(object);
        Ok(())
    }

    /// Whether the innermost one is an object; `None` outside of all.
    const fn innermost(self) -> Option<bool> {
        if self.depth == 0 { None } else { Some(self.objects & 1 != 0) }
    }

    const fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.objects >>= 1;
    }
}

impl Scanner<'_> {
    /// Takes one whole value, however it is nested.
    pub(super) fn value(&mut self) -> Result<(), Malformed> {
        let mut around = Nesting { objects: 0, depth: 0 };
        loop {
            // Down to a value without content of its own...
            match self.token() {
                Some(b'{') => {
                    around.enter(true, self.at())?;
                    self.advance(1);
                    if self.token() != Some(b'}') {
                        self.name()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    around.enter(false, self.at())?;
                    self.advance(1);
                    if self.token() != Some(b']') {
                        continue;
                    }
                }
                Some(b'"') => self.string("a string").map(|_| ())?,
                Some(b'-' | b'0'..=b'9') => self.number().map(|_| ())?,
                Some(b't') => self.word("true")?,
                Some(b'f') => self.word("false")?,
                Some(b'n') => self.word("null")?,
                _ => return Err(Malformed::syntax(self.at(), "a value")),
            }
            // ...and up again to the next one.
            loop {
                let Some(object) = around.innermost() else { return Ok(()) };
                let (end, expected) = if object { (b'}', "a comma or }") } else { (b']', "a comma or ]") };
                self.token();
                if self.eat(end) {
                    around.leave();
                } else if self.eat(b',') {
                    if object {
                        self.name()?;
                    }
                    break;
                } else {
                    return Err(Malformed::syntax(self.at(), expected));
                }
            }
        }
    }

    /// The name of a member and the colon behind it.
    fn name(&mut self) -> Result<(), Malformed> {
        self.token();
        self.string("a member name in quotes")?;
        self.expect(b':', "a colon")
    }
}

const _: () = assert!(DEPTH_MAX <= u32::BITS as usize);
