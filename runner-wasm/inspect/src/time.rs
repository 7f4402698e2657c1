//! Dates for people.

/// Seconds since 1970 as in `2026-01-31 08:30:00 UTC`, from the year 1970 to the year 9999.
pub(crate) fn date_words(unix: u64) -> String {
    let (day, second) = (unix / 86_400, unix % 86_400);
    if day > 2_932_896 {
        return "after the year 9999".to_owned();
    }
    // Days since 0000-03-01, in eras of 400 years (Howard Hinnant's way to count).
    let shifted = day + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{year:04}-{month:02}-{day_of_month:02} {hour:02}:{minute:02}:{:02} UTC", second % 60)
}
