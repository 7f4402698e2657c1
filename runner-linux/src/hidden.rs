//! Text that may hold a password.

use std::fmt;
use zeroize::Zeroizing;

/// Text that is wiped when dropped and never printed: `Debug` shows `Hidden(..)`, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Hidden(Zeroizing<String>);

impl Hidden {
    /// A copy of `text`.
    pub(crate) fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// The text. Keep the borrow short and never format it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::Hidden;

    #[test]
    fn it_does_not_print() {
        let hidden = Hidden::new("hunter2");
        assert_eq!(format!("{hidden:?} {hidden:#?} {:?}", Some(&hidden)), "Hidden(..) Hidden(..) Some(Hidden(..))");
        assert_eq!(hidden.expose(), "hunter2");
    }
}
