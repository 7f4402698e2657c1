//! Dates of the calendar, in UTC.

use core::fmt;

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A second since 1970 in the calendar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Date {
    seconds: u64,
    year: u64,
    month: u64,
    day: u64,
}

impl Date {
    /// Years of 400 years' cycles with March first, as in "chrono-compatible low-level date algorithms".
    pub(super) const fn of(seconds: u64) -> Self {
        let days = seconds / 86_400 + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        Self { seconds, year, month, day }
    }

    const fn clock(self) -> (u64, u64, u64) {
        (self.seconds / 3_600 % 24, self.seconds / 60 % 60, self.seconds % 60)
    }

    /// As in `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 5.6.7).
    pub(super) fn http(self) -> impl fmt::Display {
        fmt::from_fn(move |f| {
            let weekday = DAYS.get((self.seconds / 86_400 % 7) as usize).copied().unwrap_or_default();
            let month = MONTHS.get(self.month as usize - 1).copied().unwrap_or_default();
            let (hour, minute, second) = self.clock();
            write!(f, "{weekday}, {:02} {month} {} {hour:02}:{minute:02}:{second:02} GMT", self.day, self.year)
        })
    }

    /// As in `1994-11-06 08:49:37`.
    pub(super) fn plain(self) -> impl fmt::Display {
        fmt::from_fn(move |f| {
            let (hour, minute, second) = self.clock();
            write!(f, "{}-{:02}-{:02} {hour:02}:{minute:02}:{second:02}", self.year, self.month, self.day)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Date;
    use std::string::ToString;

    #[test]
    fn the_calendar_is_that_of_the_rfc_and_of_leap_years() {
        assert_eq!(Date::of(784_111_777).http().to_string(), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(Date::of(0).http().to_string(), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(Date::of(951_782_400).plain().to_string(), "2000-02-29 00:00:00");
        assert_eq!(Date::of(4_107_542_400).plain().to_string(), "2100-03-01 00:00:00");
        assert_eq!(Date::of(1_767_225_599).plain().to_string(), "2025-12-31 23:59:59");
    }
}
