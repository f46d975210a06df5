//! Times and time zones of policies. All zones are those that Sluice is built with: a policy means the same everywhere.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::{TimeZone, TimeZoneDatabase};

static PARSER: DateTimeParser = DateTimeParser::new();

/// A time zone by its IANA name, as `Europe/Berlin`, or by its distance from UTC, as `+02:00`.
pub(super) fn zone(name: &str) -> Option<TimeZone> {
    if name.starts_with(['+', '-']) {
        return PARSER.parse_time_zone_with(&TimeZoneDatabase::bundled(), name).ok();
    }
    TimeZoneDatabase::bundled().get(name).ok()
}

/// A time with its distance from UTC, as `2026-01-31T00:00:00+01:00`, or with its time zone, as
/// `2026-01-31T00:00:00[Europe/Berlin]`.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    if text.contains('[') {
        return PARSER.parse_zoned_with(&TimeZoneDatabase::bundled(), text).ok().map(|time| time.timestamp());
    }
    PARSER.parse_timestamp(text).ok()
}

/// The beginning of a time's minute.
pub(super) fn minute(time: Timestamp) -> Timestamp {
    // Before the year 1, where there is none, the time stays as it is.
    Timestamp::from_second(time.as_second().div_euclid(60) * 60).unwrap_or(time)
}
