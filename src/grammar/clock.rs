//! Moments, and the clock that settles what a timestamp leaves open.

use super::calendar::{civil_from_days, days_from_civil, days_in_month};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::num::NonZeroU8;
use std::sync::Arc;

/// A moment in UTC: nanoseconds since 1970, and how many fraction digits its source had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "WrittenTime")]
pub struct Time {
    pub ns: i64,
    /// One more than the number of digits, so that an absent time takes no room of its own; `ASSUMED` beside it.
    fraction: NonZeroU8,
}

/// Set where the text told no zone.
const ASSUMED: u8 = 1 << 7;

pub const SECOND: i64 = 1_000_000_000;

/// The year 2100: no log is from then, and no difference of two times under it overflows.
const END_OF_TIME: i64 = 4_102_444_800 * SECOND;

/// A time as it is written; a damaged file may hold any.
#[derive(Deserialize)]
struct WrittenTime {
    ns: i64,
    fraction: NonZeroU8,
}

impl TryFrom<WrittenTime> for Time {
    type Error = &'static str;

    fn try_from(written: WrittenTime) -> Result<Time, &'static str> {
        let time = Time { ns: written.ns, fraction: written.fraction };
        if time.is_plausible() && time.digits() <= 9 { Ok(time) } else { Err("a time that is none") }
    }
}

impl Time {
    /// A moment with so many fraction digits (0 to 9).
    pub fn new(ns: i64, digits: u8) -> Time {
        Time { ns, fraction: NonZeroU8::MIN.saturating_add(digits.min(9)) }
    }

    /// Whether a log can be from then: not before 1970, not after 2100.
    pub fn is_plausible(self) -> bool {
        (0..END_OF_TIME).contains(&self.ns)
    }

    /// The same moment, of a text that told no zone.
    pub fn assumed(self) -> Time {
        Time { fraction: self.fraction | ASSUMED, ..self }
    }

    /// So many nanoseconds later.
    pub fn later(self, by: i64) -> Time {
        Time { ns: self.ns.saturating_add(by), ..self }
    }

    /// Whether the zone was assumed.
    pub fn is_assumed(self) -> bool {
        self.fraction.get() & ASSUMED != 0
    }

    /// Fraction digits of the source.
    pub fn digits(self) -> u8 {
        (self.fraction.get() & !ASSUMED).saturating_sub(1)
    }

    /// Width of what the source's digits leave open, in nanoseconds: a whole second for a time without a fraction.
    pub fn resolution(self) -> i64 {
        SECOND / 10i64.pow(u32::from(self.digits()))
    }

    /// RFC 3339 in UTC with the source's digits.
    pub fn rfc3339(self) -> String {
        let days = self.ns.div_euclid(86_400 * SECOND);
        let of_day = self.ns.rem_euclid(86_400 * SECOND);
        let (year, month, day) = civil_from_days(days);
        let (second, fraction) = (of_day / SECOND, of_day % SECOND);
        let mut out =
            format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
        if self.digits() > 0 {
            let digits = format!("{fraction:09}");
            out.push('.');
            out.push_str(&digits[..usize::from(self.digits())]);
        }
        out.push('Z');
        out
    }
}

/// What of a record's date its text does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Open {
    #[default]
    Nothing,
    Year,
    Date,
}

/// What a form read, before a clock settles year and zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RawTime {
    pub(super) year: Option<i32>,
    pub(super) month: u8,
    pub(super) day: u8,
    pub(super) hour: u8,
    pub(super) minute: u8,
    pub(super) second: u8,
    pub(super) ns: u32,
    pub(super) digits: u8,
    /// Seconds east of UTC, where the text says so.
    pub(super) offset: Option<i32>,
    pub(super) epoch_ns: Option<i64>,
}

impl RawTime {
    /// Whether the text alone settles the moment (date, year and zone, or an epoch).
    pub fn is_complete(&self) -> bool {
        self.epoch_ns.is_some() || (self.year.is_some() && self.offset.is_some())
    }

    /// What of the date the text leaves open.
    pub fn open(&self) -> Open {
        match (self.epoch_ns, self.year) {
            (None, None) if self.month == 0 => Open::Date,
            (None, None) => Open::Year,
            _ => Open::Nothing,
        }
    }

    fn has_date(&self) -> bool {
        self.epoch_ns.is_some() || self.month > 0
    }
}

/// Settles what a timestamp leaves open: the zone of zoneless times, the year of yearless ones (the latest that does not
/// put the record more than a day after the anchor), and the date where there is none.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: TimeZone,
    /// Set where the zone never changes its offset; spares the look-up.
    fixed: Option<i32>,
    anchor: Time,
    kind: Anchor,
    /// Near anchors by place: from which offset on, in order; None where there is none.
    anchors: Arc<[(u64, Option<Time>)]>,
}

/// What a clock's anchor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Anchor {
    /// About when the stream was last written to.
    End,
    /// A moment that the stream does not reach.
    Limit,
    /// The time of a record soon after.
    Next,
}

/// Writers are out of order by so much at most (nanoseconds).
pub(super) const DISORDER: i64 = 600 * SECOND;
pub(super) const DAY: i64 = 86_400 * SECOND;

impl Clock {
    /// `anchor` is a moment not before the stream's end: its file's modification, or now for a pipe.
    pub fn new(zone: TimeZone, anchor: Time) -> Clock {
        let fixed = zone.to_fixed_offset().ok().map(|offset| offset.seconds());
        Clock { zone, fixed, anchor, kind: Anchor::End, anchors: Arc::default() }
    }

    pub fn utc(anchor: Time) -> Clock {
        Clock::new(TimeZone::UTC, anchor)
    }

    /// Whether its stream may end after a moment.
    pub fn reaches_beyond(&self, limit: Time) -> bool {
        self.anchor.ns > limit.ns
    }

    /// The clock of a stream that ends before a moment.
    pub fn not_after(self, limit: Time) -> Clock {
        if !self.reaches_beyond(limit) {
            return self;
        }
        Clock { anchor: limit, kind: Anchor::Limit, ..self }
    }

    /// The clock of a stream that goes on: what comes after its last anchor goes by another clock's moment.
    pub fn going_on(&self, now: &Clock) -> Clock {
        Clock { anchors: Arc::clone(&self.anchors), ..now.clone() }
    }

    /// Whether the zone's offset changes over time.
    pub fn has_seasons(&self) -> bool {
        self.fixed.is_none()
    }

    /// The clock where the next record is of a certain time.
    pub fn before(&self, next: Time) -> Clock {
        Clock { anchor: next, kind: Anchor::Next, anchors: Arc::default(), ..self.clone() }
    }

    /// The clock with anchors by place, each from its offset on.
    pub fn with_anchors(self, anchors: Vec<(u64, Option<Time>)>) -> Clock {
        Clock { anchors: anchors.into(), ..self }
    }

    /// The clock for the line that begins at an offset.
    pub fn at_offset(&self, offset: u64) -> Cow<'_, Clock> {
        let place = self.anchors.partition_point(|(from, _)| *from <= offset);
        match place.checked_sub(1).and_then(|place| self.anchors.get(place)) {
            Some((_, Some(anchor))) => Cow::Owned(self.before(*anchor)),
            _ => Cow::Borrowed(self),
        }
    }

    /// The moment meant.
    pub fn settle(&self, raw: &RawTime) -> Option<Time> {
        if let Some(ns) = raw.epoch_ns {
            return Some(Time::new(ns, raw.digits)).filter(|time| time.is_plausible());
        }
        if !raw.has_date() {
            return self.on_a_day(raw);
        }
        let year = match raw.year {
            Some(year) => year,
            None => self.year_of(raw)?,
        };
        self.at(raw, year)
    }

    /// A time of day: the latest not after a record that follows, or the nearest to the stream's end, as its zone may be
    /// another than that of the clock.
    fn on_a_day(&self, raw: &RawTime) -> Option<Time> {
        let offset = match raw.offset.or(self.fixed) {
            Some(offset) => i64::from(offset),
            None => {
                i64::from(self.zone.to_offset(jiff::Timestamp::from_nanosecond(self.anchor.ns.into()).ok()?).seconds())
            }
        };
        let today = (self.anchor.ns + offset * SECOND).div_euclid(DAY);
        let on = |day: i64| {
            let (year, month, day) = civil_from_days(day);
            self.at(&RawTime { month, day, ..*raw }, year).map(Time::assumed)
        };
        let times = [today + 1, today, today - 1].into_iter().filter_map(on);
        let latest = |limit: i64| times.clone().find(|time| time.ns <= limit);
        match self.kind {
            Anchor::End => times.clone().min_by_key(|time| (time.ns - self.anchor.ns).abs()),
            Anchor::Limit => latest(self.anchor.ns),
            Anchor::Next => latest(self.anchor.ns + DISORDER),
        }
    }

    fn at(&self, raw: &RawTime, year: i32) -> Option<Time> {
        if raw.day == 0 || raw.day > days_in_month(year, raw.month) {
            return None;
        }
        let civil = days_from_civil(year, raw.month, raw.day) * 86_400
            + i64::from(raw.hour) * 3600
            + i64::from(raw.minute) * 60
            + i64::from(raw.second);
        let offset = match raw.offset.or(self.fixed) {
            Some(offset) => offset,
            None => self.look_up(raw, year)?,
        };
        let ns = (civil - i64::from(offset)).checked_mul(SECOND)?.checked_add(i64::from(raw.ns))?;
        let time = Time::new(ns, raw.digits);
        Some(if raw.offset.is_some() { time } else { time.assumed() }).filter(|time| time.is_plausible())
    }

    fn year_of(&self, raw: &RawTime) -> Option<i32> {
        let latest = civil_from_days(self.anchor.ns.div_euclid(DAY)).0 + 1;
        let limit = self.anchor.ns.saturating_add(DAY);
        // 29 February may need to go back to the last leap year.
        (0..9).map(|back| latest - back).find(|&year| self.at(raw, year).is_some_and(|time| time.ns <= limit))
    }

    fn look_up(&self, raw: &RawTime, year: i32) -> Option<i32> {
        let civil = jiff::civil::DateTime::new(
            i16::try_from(year).ok()?,
            raw.month as i8,
            raw.day as i8,
            raw.hour.min(23) as i8,
            raw.minute as i8,
            raw.second.min(59) as i8,
            0,
        )
        .ok()?;
        let ambiguous = self.zone.to_ambiguous_timestamp(civil);
        // An hour that comes twice: the second pass, if what follows is not before it.
        let second = ambiguous.later().ok().filter(|later| {
            self.kind == Anchor::Next
                && ambiguous.is_ambiguous()
                && later.as_nanosecond() <= i128::from(self.anchor.ns + DISORDER)
        });
        let zoned = match second {
            Some(second) => second,
            None => ambiguous.compatible().ok()?,
        };
        Some(self.zone.to_offset(zoned).seconds())
    }
}
