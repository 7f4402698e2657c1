//! What was told already: the same is told again with growing spacing, so that a Cloud that is away for a week does not
//! fill a disk.

/// The least time until the same is told for the second time, in seconds; it doubles with each time.
const FIRST: u64 = 10;
/// The most, in seconds.
const LONGEST: u64 = 3_600;
/// How many different things are known at a time. Whoever alternates between more of them is told of.
const KNOWN: usize = 8;

/// Things that were told.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    /// The last one was told or left out last.
    known: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    what: String,
    /// Seconds since 1970.
    told: u64,
    spacing: u64,
    left_out: u64,
}

/// Whether something is worth a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is. It was left out so many times since this time (seconds since 1970).
    Tell { left_out: u64, since: u64 },
    /// The same was told not long ago.
    LeaveOut,
}

impl Repeats {
    /// Somebody has acted: everything is new.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// Judges `what`, which happens `now`. What `matters` is always told.
    pub(super) fn judge(&mut self, what: String, now: u64, matters: bool) -> Verdict {
        let Some(place) = self.known.iter().position(|known| known.what == what) else {
            if self.known.len() == KNOWN {
                self.known.remove(0);
            }
            self.known.push(Known { what, told: now, spacing: FIRST, left_out: 0 });
            return Verdict::Tell { left_out: 0, since: now };
        };
        let mut known = self.known.remove(place);
        // A clock that was set back must not silence anything for years.
        let is_due = now < known.told || now - known.told >= known.spacing;
        let verdict = if is_due || matters {
            let verdict = Verdict::Tell { left_out: known.left_out, since: known.told };
            known.spacing = (known.spacing * 2).min(LONGEST);
            known.told = now;
            known.left_out = 0;
            verdict
        } else {
            known.left_out += 1;
            Verdict::LeaveOut
        };
        self.known.push(known);
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::{KNOWN, LONGEST, Repeats, Verdict};

    /// When something that happens every second from 1000 on is told during `seconds`.
    fn told(seconds: u64) -> Vec<u64> {
        let mut repeats = Repeats::default();
        let is_told = |second: &u64| repeats.judge("x".to_owned(), 1_000 + second, false) != Verdict::LeaveOut;
        (0..seconds).filter(is_told).collect()
    }

    #[test]
    fn the_spacing_doubles_up_to_an_hour() {
        let told = told(86_400);
        assert_eq!(told[..6], [0, 10, 30, 70, 150, 310]);
        assert_eq!(told[told.len() - 1] - told[told.len() - 2], LONGEST);
        assert!(told.len() < 40, "{}", told.len());
    }

    #[test]
    fn what_was_left_out_is_counted() {
        let mut repeats = Repeats::default();
        let mut judge = |now| repeats.judge("x".to_owned(), now, false);
        assert_eq!(judge(100), Verdict::Tell { left_out: 0, since: 100 });
        assert_eq!((judge(101), judge(105)), (Verdict::LeaveOut, Verdict::LeaveOut));
        assert_eq!(judge(110), Verdict::Tell { left_out: 2, since: 100 });
        assert_eq!(judge(1), Verdict::Tell { left_out: 0, since: 110 }, "the clock was set back");
    }

    #[test]
    fn something_else_is_told_and_what_matters_always_is() {
        let mut repeats = Repeats::default();
        let mut judge = |what: &str, matters| repeats.judge(what.to_owned(), 5, matters) != Verdict::LeaveOut;
        assert!(judge("x", false) && judge("y", false) && judge("x", true));
        assert!(!judge("x", false) && !judge("y", false), "two that take turns");
        repeats.forget();
        assert_ne!(repeats.judge("x".to_owned(), 5, false), Verdict::LeaveOut);
        for number in 0..10 * KNOWN {
            repeats.judge(number.to_string(), 5, false);
        }
        assert_eq!(repeats.known.len(), KNOWN);
    }
}
