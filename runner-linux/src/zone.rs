//! Local time of this machine, without the C library: its `localtime` reads the environment unsafely from threads, and a
//! static build of it knows no zones.

use aclk_core::clock::Zone;
use std::env;
use tz::TimeZone;

/// What `TZ` says, else `/etc/localtime`, else UTC.
#[derive(Debug)]
pub(crate) struct LocalZone(Option<TimeZone>);

impl LocalZone {
    /// Reads it now: it may be changed while a daemon runs.
    pub(crate) fn read() -> Self {
        let variable = env::var("TZ").ok().filter(|text| !text.is_empty());
        Self(match variable {
            Some(text) => TimeZone::from_posix_tz(&text).ok(),
            None => TimeZone::local().ok(),
        })
    }
}

impl Zone for LocalZone {
    fn ahead_of_utc(&self, unix_seconds: u64) -> i32 {
        let (Some(zone), Ok(seconds)) = (&self.0, i64::try_from(unix_seconds)) else { return 0 };
        zone.find_local_time_type(seconds).map_or(0, tz::LocalTimeType::ut_offset)
    }
}

#[cfg(test)]
mod tests {
    use super::LocalZone;
    use aclk_core::clock::Zone;
    use tz::TimeZone;

    fn zone(text: &str) -> LocalZone {
        LocalZone(TimeZone::from_posix_tz(text).ok())
    }

    #[test]
    fn daylight_saving_time_is_that_of_the_moment_that_is_shown() {
        let berlin = zone("CET-1CEST,M3.5.0,M10.5.0/3");
        // 2025-01-15 and 2025-07-15.
        assert_eq!((berlin.ahead_of_utc(1_736_942_400), berlin.ahead_of_utc(1_752_580_800)), (3_600, 7_200));
        assert_eq!(zone("<+0545>-5:45").ahead_of_utc(1_736_942_400), 20_700);
    }

    #[test]
    fn a_zone_that_nobody_knows_is_utc() {
        for text in ["No/Such_Zone", "\u{e4}", "CET-99999999999999999999"] {
            assert_eq!(zone(text).ahead_of_utc(1_736_942_400), 0, "{text}");
        }
        assert_eq!(zone("CET-1").ahead_of_utc(u64::MAX), 0);
    }
}
