//! Timestamps in logs: forms compiled to byte steps.
//!
//! A form reads at the start of a slice and says how many bytes it took. Nothing here allocates.

use super::clock::{Clock, RawTime, Time};
use super::months::month_of;
use super::shape::{Class, Shape};
use super::time_parts::{
    digits, in_range, read_epoch, read_fraction, read_iso_second, read_tai64n, read_zone, zone_word,
};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// A compiled time form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    steps: Vec<Step>,
    /// A time without a zone is UTC whatever the clock's zone is.
    utc: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Step {
    Byte(u8),
    Year4,
    Year2,
    Month2,
    /// One digit or two.
    Month,
    MonthName,
    Weekday,
    /// One or two digits, or one padded with a blank.
    Day,
    Hour,
    Hour12,
    AmPm,
    Minute,
    Second,
    /// `.` or `,` and digits, or nothing.
    Fraction,
    /// `.` or `,` and nine digits.
    Nanoseconds,
    /// `Z`, a numeric zone, ` UTC` or ` GMT`, or nothing.
    Zone,
    /// As Zone, and any other upper-case abbreviation is passed over as unknown.
    ZoneWord,
    Epoch,
    Tai64n,
    /// `YYYY-MM-DDTHH:MM:SS`, the commonest of all, in one step.
    IsoSecond,
}

/// Bytes of a fraction of nine digits.
const NANOSECONDS: usize = 10;

const NAMED: &[(&str, &str)] = &[
    ("apache", "%a %b %d %H:%M:%S%f %Y"),
    ("bsd", "%b %d %H:%M:%S%f"),
    ("clf", "%d/%b/%Y:%H:%M:%S%z"),
    ("klog", "%m%d %H:%M:%S%f"),
    ("ngx", "%Y/%m/%d %H:%M:%S%f"),
    ("tod", "%H:%M:%S%f"),
];

impl Form {
    /// Compiles a named form or a `%` form; the error says what is wrong with it.
    pub fn compile(text: &str) -> Result<Form, String> {
        let steps = match text {
            "iso" => iso_steps(),
            "epoch" => vec![Step::Epoch],
            "tai64n" => vec![Step::Tai64n],
            "sfull" => {
                let mut steps = vec![Step::Weekday, Step::Byte(b' ')];
                steps.extend(iso_steps());
                steps.pop();
                steps.push(Step::ZoneWord);
                steps
            }
            _ if text.contains('%') => return Form::compile_percent(text),
            _ => match NAMED.iter().find(|(name, _)| *name == text) {
                Some((_, form)) => return Form::compile_percent(form),
                None => {
                    let names: Vec<&str> = ["iso", "epoch", "tai64n", "sfull"]
                        .into_iter()
                        .chain(NAMED.iter().map(|(name, _)| *name))
                        .collect();
                    return Err(format!("no time form `{text}`; there are {} and % forms", names.join(", ")));
                }
            },
        };
        Ok(Form { steps, utc: text == "tai64n" })
    }

    fn compile_percent(whole: &str) -> Result<Form, String> {
        let (text, utc) = match whole.strip_suffix("@utc") {
            Some(text) => (text, true),
            None => (whole, false),
        };
        let mut steps = Vec::new();
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            if byte != b'%' {
                steps.push(Step::Byte(byte));
                continue;
            }
            steps.push(match bytes.next() {
                Some(b'Y') => Step::Year4,
                Some(b'y') => Step::Year2,
                Some(b'm') => Step::Month2,
                Some(b'n') => Step::Month,
                Some(b'b') => Step::MonthName,
                Some(b'a') => Step::Weekday,
                Some(b'd') => Step::Day,
                Some(b'H') => Step::Hour,
                Some(b'I') => Step::Hour12,
                Some(b'p') => Step::AmPm,
                Some(b'M') => Step::Minute,
                Some(b'S') => Step::Second,
                Some(b'f') => Step::Fraction,
                Some(b'N') => Step::Nanoseconds,
                Some(b'z') => Step::Zone,
                Some(b'Z') => Step::ZoneWord,
                Some(b's') => Step::Epoch,
                Some(b'%') => Step::Byte(b'%'),
                Some(other) => return Err(format!("no time item `%{}`", other as char)),
                None => return Err("a time form ends in `%`".into()),
            });
        }
        Ok(Form { steps, utc })
    }

    /// Reads a time at the start of `bytes`: the time and how many bytes it took.
    pub fn read(&self, bytes: &[u8]) -> Option<(RawTime, usize)> {
        let mut raw = RawTime::default();
        let len = self.read_into(bytes, &mut raw)?;
        Some((raw, len))
    }

    /// As `read`, into a time that holds nothing yet; returns how many bytes it took.
    pub fn read_into(&self, bytes: &[u8], raw: &mut RawTime) -> Option<usize> {
        let mut at = 0;
        let mut afternoon = None;
        for step in &self.steps {
            let rest = &bytes[at..];
            at += match step {
                Step::Byte(byte) => (rest.first() == Some(byte)).then_some(1)?,
                Step::Year4 => {
                    raw.year = Some(digits(rest, 4)? as i32);
                    4
                }
                Step::Year2 => {
                    raw.year = Some(2000 + digits(rest, 2)? as i32);
                    2
                }
                Step::Month2 => {
                    raw.month = in_range(digits(rest, 2)?, 1, 12)?;
                    2
                }
                Step::Month => {
                    let (month, len) = match digits(rest, 2) {
                        Some(month) => (month, 2),
                        None => (digits(rest, 1)?, 1),
                    };
                    raw.month = in_range(month, 1, 12)?;
                    len
                }
                Step::MonthName => {
                    let (month, len) = month_of(rest)?;
                    raw.month = month;
                    len
                }
                Step::Weekday => {
                    let name = rest.get(..3)?;
                    WEEKDAYS.iter().any(|day| day.as_slice() == name).then_some(3)?
                }
                Step::Day => {
                    let padded = usize::from(rest.first() == Some(&b' '));
                    let after = &rest[padded..];
                    let two = if padded == 0 { digits(after, 2) } else { None };
                    let (day, len) = match two {
                        Some(day) => (day, 2),
                        None => (digits(after, 1)?, 1),
                    };
                    raw.day = in_range(day, 1, 31)?;
                    padded + len
                }
                Step::Hour => {
                    raw.hour = in_range(digits(rest, 2)?, 0, 24)?;
                    2
                }
                Step::Hour12 => {
                    let (hour, len) = match digits(rest, 2) {
                        Some(hour) => (hour, 2),
                        None => (digits(rest, 1)?, 1),
                    };
                    raw.hour = in_range(hour, 1, 12)?;
                    len
                }
                Step::AmPm => {
                    afternoon = Some(match rest.get(..2)? {
                        b"AM" | b"am" => false,
                        b"PM" | b"pm" => true,
                        _ => return None,
                    });
                    2
                }
                Step::Minute => {
                    raw.minute = in_range(digits(rest, 2)?, 0, 59)?;
                    2
                }
                Step::Second => {
                    raw.second = in_range(digits(rest, 2)?, 0, 60)?;
                    2
                }
                Step::Fraction => read_fraction(rest, raw),
                Step::Nanoseconds => Some(read_fraction(rest, raw)).filter(|len| *len == NANOSECONDS)?,
                Step::Zone => read_zone(rest, raw),
                Step::ZoneWord => {
                    let read = read_zone(rest, raw);
                    if read == 0 { zone_word(rest) } else { read }
                }
                Step::Epoch => read_epoch(rest, raw)?,
                Step::Tai64n => read_tai64n(rest, raw)?,
                Step::IsoSecond => read_iso_second(rest, raw)?,
            };
        }
        if let Some(afternoon) = afternoon {
            raw.hour = raw.hour % 12 + if afternoon { 12 } else { 0 };
        }
        if self.utc && raw.offset.is_none() {
            raw.offset = Some(0);
        }
        Some(at)
    }

    /// What texts in this form look like, and perhaps a few more.
    pub fn shape(&self) -> Vec<Shape> {
        use Class::*;
        use Shape::*;
        let either = |ways: &[&[Shape]]| Either(ways.iter().map(|way| way.to_vec()).collect());
        let fraction = || either(&[&[One(Point), Run(Digit)], &[]]);
        let offset = || {
            let two = [One(Digit), One(Digit)];
            either(&[&[Is(b':'), One(Digit), One(Digit)], &two, &[]])
        };
        let zone = |words: &[&[Shape]]| {
            let blank = || either(&[&[Is(b' ')], &[]]);
            let numeric = [blank(), One(Sign), One(Digit), One(Digit), offset()];
            let named = [Is(b' '), One(Upper), One(Upper), One(Upper)];
            let mut ways: Vec<&[Shape]> = vec![&[Is(b'Z')], &numeric, &named, &[]];
            ways.extend(words);
            either(&ways)
        };
        let mut shape = Vec::new();
        for step in &self.steps {
            match step {
                Step::Byte(byte) => shape.push(Is(*byte)),
                Step::Year4 => shape.extend(std::array::from_fn::<_, 4, _>(|_| One(Digit))),
                Step::Year2 | Step::Month2 | Step::Hour | Step::Minute | Step::Second => {
                    shape.extend([One(Digit), One(Digit)]);
                }
                Step::Weekday => shape.extend([One(Letter), One(Letter), One(Letter)]),
                Step::MonthName => {
                    let number = [either(&[&[Is(b' ')], &[One(Digit)], &[]]), One(Digit), Run(Letter)];
                    shape.push(either(&[&[Run(Letter)], &number]));
                }
                Step::AmPm => shape.extend([One(Letter), One(Letter)]),
                Step::Day => shape.extend([either(&[&[Is(b' ')], &[One(Digit)], &[]]), One(Digit)]),
                Step::Month | Step::Hour12 => shape.extend([either(&[&[One(Digit)], &[]]), One(Digit)]),
                Step::Fraction => shape.push(fraction()),
                Step::Nanoseconds => {
                    shape.push(One(Point));
                    shape.extend((1..NANOSECONDS).map(|_| One(Digit)));
                }
                Step::Zone => shape.push(zone(&[])),
                Step::ZoneWord => shape.push(zone(&[&[Is(b' '), Run(Upper)]])),
                Step::Epoch => shape.extend([Run(Digit), fraction()]),
                Step::Tai64n => shape.extend([Is(b'@'), Run(Hex)]),
                Step::IsoSecond => {
                    let text = b"dddd-dd-ddTdd:dd:dd";
                    shape.extend(text.iter().map(|byte| match byte {
                        b'd' => One(Digit),
                        b'T' => One(Gap),
                        byte => Is(*byte),
                    }));
                }
            }
        }
        shape
    }
}

/// ISO text or epoch digits, as JSON members have them.
pub fn read_member_time(text: &[u8], forms: &[Form]) -> Option<RawTime> {
    let whole = |form: &Form| form.read(text).filter(|(_, len)| *len == text.len());
    if let Some((raw, _)) = forms.iter().find_map(whole) {
        return Some(raw);
    }
    let mut raw = RawTime::default();
    (read_epoch(text, &mut raw)? == text.len()).then_some(raw)
}

fn iso_steps() -> Vec<Step> {
    vec![Step::IsoSecond, Step::Fraction, Step::Zone]
}

const WEEKDAYS: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];

/// Reads an RFC 3339 time or a date, as arguments and examples give them; zoneless is in `zone`.
pub fn parse_user_time(text: &str, zone: &TimeZone) -> Option<Time> {
    let clock = Clock::new(zone.clone(), Time::new(0, 0));
    let full = if text.len() == 10 { format!("{text}T00:00:00") } else { text.to_string() };
    let (raw, len) = Form::compile("iso").ok()?.read(full.as_bytes())?;
    (len == full.len()).then(|| clock.settle(&raw)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::clock::SECOND;
    use proptest::prelude::*;

    impl Form {
        fn has_fraction(&self) -> bool {
            self.steps
                .iter()
                .any(|step| matches!(step, Step::Fraction | Step::Nanoseconds | Step::Epoch | Step::Tai64n))
        }

        /// What it tells of a time, in nanoseconds.
        fn unit(&self, digits: u8) -> i64 {
            let has = |step| self.steps.contains(&step);
            match () {
                () if has(Step::Second) || has(Step::IsoSecond) || has(Step::Epoch) || has(Step::Tai64n) => {
                    SECOND / 10i64.pow(u32::from(digits))
                }
                () if has(Step::Minute) => 60 * SECOND,
                () => 86_400 * SECOND,
            }
        }

        /// A time as this form writes it, `offset` seconds east of UTC where it tells a zone.
        fn print(&self, time: Time, offset: i32) -> String {
            let has_zone = self.steps.contains(&Step::Zone);
            let offset = if has_zone { offset } else { 0 };
            let civil = jiff::Timestamp::from_nanosecond(i128::from(time.ns) + i128::from(offset) * i128::from(SECOND));
            let civil = TimeZone::UTC.to_datetime(civil.expect("in range"));
            let ns = format!("{:09}", time.ns.rem_euclid(SECOND));
            let fraction = &ns[..usize::from(time.digits())];
            let dotted = if fraction.is_empty() { String::new() } else { format!(".{fraction}") };
            let part = |step: &Step| match step {
                Step::Byte(byte) => char::from(*byte).to_string(),
                Step::Year4 => format!("{:04}", civil.year()),
                Step::Year2 => format!("{:02}", civil.year() % 100),
                Step::Month2 | Step::Month => format!("{:02}", civil.month()),
                Step::MonthName => civil.strftime("%b").to_string(),
                Step::Weekday => civil.strftime("%a").to_string(),
                Step::Day => format!("{:2}", civil.day()),
                Step::Hour => format!("{:02}", civil.hour()),
                Step::Hour12 => format!("{:02}", (civil.hour() + 11) % 12 + 1),
                Step::AmPm => (if civil.hour() < 12 { "AM" } else { "PM" }).into(),
                Step::Minute => format!("{:02}", civil.minute()),
                Step::Second => format!("{:02}", civil.second()),
                Step::Fraction => dotted.clone(),
                Step::Nanoseconds => format!(".{ns}"),
                Step::Zone => {
                    let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() / 60);
                    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
                }
                Step::ZoneWord => " UTC".into(),
                Step::Epoch => format!("{}{dotted}", time.ns.div_euclid(SECOND)),
                Step::IsoSecond => civil.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
                Step::Tai64n => format!("@{:016x}{:08x}", (1i64 << 62) + 10 + time.ns / SECOND, time.ns % SECOND),
            };
            self.steps.iter().map(part).collect()
        }
    }

    /// Every form that a format file names.
    fn forms_of_the_grammars() -> Vec<Form> {
        let files = crate::grammar::embedded::formats();
        let names =
            files.iter().flat_map(|(_, text)| text.split("{time:").skip(1)).filter_map(|rest| rest.split('}').next());
        names
            .collect::<std::collections::BTreeSet<&str>>()
            .into_iter()
            .map(|name| Form::compile(name).unwrap())
            .collect()
    }

    fn anchor() -> Time {
        parse_user_time("2026-11-24T12:00:00Z", &TimeZone::UTC).unwrap()
    }

    #[track_caller]
    fn check(form: &str, text: &str, expected: &str) {
        let (raw, len) = Form::compile(form).unwrap().read(text.as_bytes()).expect("the form reads it");
        assert_eq!(len, text.len(), "the whole text is the time");
        assert_eq!(Clock::utc(anchor()).settle(&raw).unwrap().rfc3339(), expected);
    }

    #[test]
    fn every_form_reads_its_own_text() {
        check("iso", "2026-11-24T08:51:32.115+01:00", "2026-11-24T07:51:32.115Z");
        check("iso", "2026-11-24 08:46:08,709", "2026-11-24T08:46:08.709Z");
        check("iso", "2026-11-24 08:53:41.801 +00:00", "2026-11-24T08:53:41.801Z");
        check("iso", "2026-11-24 19:05:54.372 UTC", "2026-11-24T19:05:54.372Z");
        check("iso", "2026-02-03T04:12:07-0530", "2026-02-03T09:42:07Z");
        check("bsd", "Nov  4 01:33:48", "2026-11-04T01:33:48Z");
        check("bsd", "Dec 31 23:59:59.123", "2025-12-31T23:59:59.123Z");
        check("bsd", "Feb 29 00:00:00", "2024-02-29T00:00:00Z");
        check("clf", "03/Feb/2026:04:12:07 +0100", "2026-02-03T03:12:07Z");
        check("ngx", "2026/07/29 22:08:06", "2026-07-29T22:08:06Z");
        check("apache", "Sun Dec 04 04:47:44.000123 2005", "2005-12-04T04:47:44.000123Z");
        check("sfull", "Tue 2026-11-24 08:51:32 UTC", "2026-11-24T08:51:32Z");
        check("klog", "1124 08:51:32.224591", "2026-11-24T08:51:32.224591Z");
        check("epoch", "1768356761224", "2026-01-14T02:12:41.224Z");
        check("epoch", "1768356761.2245", "2026-01-14T02:12:41.2245Z");
        check("epoch", "1768356761224591", "2026-01-14T02:12:41.224591Z");
        check("tai64n", "@40000000693c4f3f0d6a2c1c", "2025-12-12T17:21:57.225061916Z");
        check("%Y-%m-%d_%H:%M:%S%f@utc", "2026-11-24_08:50:54.28919", "2026-11-24T08:50:54.28919Z");
        check("%d %b %Y %H:%M:%S%f", "11 Jun 2026 08:13:09.011", "2026-06-11T08:13:09.011Z");
        check("%b %d, %Y %I:%M:%S %p", "Jan 14, 2026 3:12:41 PM", "2026-01-14T15:12:41Z");
        check("%b %d, %Y %I:%M:%S %p", "Okt 14, 2026 3:12:41 PM", "2026-10-14T15:12:41Z");
        check("%b %d, %Y %I:%M:%S %p", "févr. 14, 2026 3:12:41 PM", "2026-02-14T15:12:41Z");
        check("%b %d, %Y %I:%M:%S %p", "sept 14, 2026 3:12:41 PM", "2026-09-14T15:12:41Z");
    }

    #[test]
    fn impossible_values_are_no_times() {
        let iso = Form::compile("iso").unwrap();
        assert!(iso.read(b"2026-13-01T00:00:00").is_none());
        assert!(iso.read(b"2026-01-01T25:00:00").is_none());
        assert!(iso.read(b"2026-01-01").is_none());
        let (raw, _) = iso.read(b"2026-02-30T00:00:00Z").unwrap();
        assert_eq!(Clock::utc(anchor()).settle(&raw), None);
    }

    #[test]
    fn a_zone_with_summer_time_is_looked_up() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let summer = parse_user_time("2026-07-01T12:00:00", &zone).unwrap();
        let winter = parse_user_time("2026-01-01T12:00:00", &zone).unwrap();
        assert_eq!(summer.rfc3339(), "2026-07-01T10:00:00Z");
        assert_eq!(winter.rfc3339(), "2026-01-01T11:00:00Z");
    }

    proptest! {
        #[test]
        fn a_printed_time_reads_back(ns in 0i64..4_102_444_800_000_000_000, digits in 0u8..=9) {
            let unit = SECOND / 10i64.pow(u32::from(digits));
            let time = Time::new(ns.div_euclid(unit) * unit, digits);
            prop_assert_eq!(parse_user_time(&time.rfc3339(), &TimeZone::UTC), Some(time));
        }

        #[test]
        fn a_time_printed_in_any_form_of_the_grammars_reads_back(
            second in 946_684_800i64..4_000_000_000, fraction in 0i64..SECOND, digits in 0u8..=9, quarters in -48i32..=56,
        ) {
            for form in forms_of_the_grammars() {
                let digits = if form.has_fraction() { digits } else { 0 };
                let unit = form.unit(digits);
                let time = Time::new((second * SECOND + fraction).div_euclid(unit) * unit, digits);
                let text = form.print(time, quarters * 900);
                let read = form.read(text.as_bytes());
                prop_assert_eq!(read.map(|(_, len)| len), Some(text.len()), "{}", text);
                // Yearless forms take the year of the latest such day before the anchor, times of day the nearest day.
                let anchor = Time::new(time.ns + 3600 * SECOND, 0);
                let settled = read.and_then(|(raw, _)| Clock::utc(anchor).settle(&raw));
                prop_assert_eq!(settled.map(|settled| settled.ns), Some(time.ns), "{}", text);
            }
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            for form in ["iso", "bsd", "clf", "ngx", "apache", "sfull", "klog", "tod", "epoch", "tai64n"] {
                let form = Form::compile(form).unwrap();
                if let Some((raw, len)) = form.read(&bytes) {
                    prop_assert!(len <= bytes.len());
                    Clock::utc(anchor()).settle(&raw);
                }
            }
        }
    }
}
