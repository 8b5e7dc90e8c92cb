//! Dates in the names of logs: a log of times of day may have its date nowhere else.

use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The end of the day that a file's name tells, in nanoseconds since 1970.
pub fn end_of_day(path: &str, zone: &TimeZone) -> Option<i64> {
    let name = path.rsplit('/').next()?;
    let date = (0..name.len()).find_map(|at| date_at(name.as_bytes(), at))?;
    let midnight = date.tomorrow().ok()?.at(0, 0, 0, 0);
    let end = zone.to_ambiguous_timestamp(midnight).compatible().ok()?;
    i64::try_from(end.as_nanosecond()).ok()
}

/// A file's name without the date in it, and what parts the date from the rest; None where there is none.
pub fn without_date(name: &str) -> Option<String> {
    let at = (0..name.len()).find(|&at| date_at(name.as_bytes(), at).is_some())?;
    let width = if name.as_bytes().get(at + 4) == Some(&b'-') { 10 } else { 8 };
    let before = name.get(..at)?.trim_end_matches(['-', '.', '_']);
    Some(format!("{before}{}", name.get(at + width..)?))
}

/// `YYYY-MM-DD` or `YYYYMMDD` of this century, no longer number around it.
fn date_at(name: &[u8], at: usize) -> Option<Date> {
    let is_digit = |at: usize| name.get(at).is_some_and(u8::is_ascii_digit);
    if at.checked_sub(1).is_some_and(is_digit) {
        return None;
    }
    let number = |from: usize, len: usize| {
        let digits = name.get(from..from + len).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
        std::str::from_utf8(digits).ok()?.parse::<i16>().ok()
    };
    let gap = usize::from(name.get(at + 4) == Some(&b'-'));
    if gap == 1 && name.get(at + 7) != Some(&b'-') {
        return None;
    }
    let (month, day) = (at + 4 + gap, at + 6 + 2 * gap);
    let year = number(at, 4).filter(|year| (2000..2100).contains(year))?;
    if is_digit(day + 2) {
        return None;
    }
    Date::new(year, number(month, 2)? as i8, number(day, 2)? as i8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Option<&str>) {
        let end =
            end_of_day(name, &TimeZone::UTC).map(|ns| jiff::Timestamp::from_nanosecond(ns.into()).unwrap().to_string());
        assert_eq!(end.as_deref(), expected, "{name}");
    }

    #[test]
    fn names_without_their_dates() {
        let without = |name| without_date(name);
        assert_eq!(without("x-2026-01-13.log").as_deref(), Some("x.log"));
        assert_eq!(without("x.log-20260113.gz").as_deref(), Some("x.log.gz"));
        assert_eq!(without("2026-01-13.log").as_deref(), Some(".log"));
        assert_eq!(without("x.log.1"), None);
    }

    #[test]
    fn names_tell_their_day() {
        check("logs/gateway-2026-02-03.log", Some("2026-02-04T00:00:00Z"));
        check("x.log-20260228.gz", Some("2026-03-01T00:00:00Z"));
        check("app__2026-01-14_00-00-00.log", Some("2026-01-15T00:00:00Z"));
        check("2026-02-30.log", None);
        check("trace-120260203.log", None);
        check("build-2026-1.log", None);
        check("20260203/gateway.log", None);
    }
}
