//! Dates and years for logs that do not write them: a look at a log's times from its end to its beginning.
//!
//! A time of day, a date without a year, an hour that comes twice when summer ends: each is the latest one that is not
//! after what follows it. So the log is read backwards, at some thousand places, before it is scanned; what a place in it
//! is dated by does not depend on where it is cut.

use super::catalog::Catalog;
use super::clock::{Clock, DAY, DISORDER, Open, SECOND, Time};
use super::course::Course;
use super::reader::Reader;
use std::borrow::Cow;

/// Bytes at a log's start that tell whether its times leave something open.
pub const HEAD_BYTES: u64 = 64 << 10;
/// So many lines of it are read.
const HEAD_LINES: usize = 400;
/// Lines that are looked at.
const MAX_PLACES: u64 = 16_384;
/// Anchors are no closer than this (nanoseconds): less than an hour, which may come twice.
const APART: i64 = 1200 * SECOND;

/// Lines that tell whether the newest stands first.
const COURSE_PLACES: u64 = 512;

/// What follows a date lies in the half year after it, whenever the file was written: it may be a copy.
const HALF_A_YEAR: i64 = 183 * DAY;

/// Whether times at a log's start leave open what an almanac can tell.
pub fn is_wanted(catalog: &Catalog, clock: &Clock, head: &[u8]) -> bool {
    let reader = Reader::of(catalog);
    head.split(|&byte| byte == b'\n').take(HEAD_LINES).any(|line| {
        let reading = reader.read(line, clock);
        reading.open != Open::Nothing || (clock.has_seasons() && reading.time.is_some_and(Time::is_assumed))
    })
}

/// The clock for a log of so many bytes. `line_at` gives the first line that begins at an offset or after it, within
/// reach, and where it begins.
pub fn dated<'l>(
    catalog: &Catalog,
    clock: Clock,
    length: u64,
    mut line_at: impl FnMut(u64) -> Option<(u64, Cow<'l, [u8]>)>,
) -> Clock {
    let reader = Reader::of(catalog);
    // Each date without a year is the latest one there is, whatever stands before or after it.
    if is_newest_first(&reader, &clock, length, &mut line_at) {
        return clock;
    }
    let step = (length / MAX_PLACES).max(1);
    let mut clock = clock;
    let mut has_date = false;
    // From the end: from which offset on which anchor holds; the stream's own one from the last time on.
    let mut anchors: Vec<(u64, Option<Time>)> = Vec::new();
    let mut next: Option<Time> = None;
    // Of times of day alone that follow the last date: how long they go on.
    let mut of_day: Option<i64> = Some(0);
    let mut seen = length;
    let places = || (0..length.div_ceil(step)).rev().map(|place| place * step);
    let mut left = places();
    while let Some(place) = left.next() {
        let Some((offset, line)) = line_at(place).filter(|(offset, _)| *offset < seen) else { continue };
        seen = offset;
        let here = next.map_or_else(|| clock.clone(), |next| clock.before(next));
        let reading = reader.read(&line, &here);
        let Some(time) = reading.time else { continue };
        let is_last_date = reading.open == Open::Nothing && !has_date;
        has_date |= reading.open == Open::Nothing;
        let limit = time.later(match (of_day, next) {
            // The first time of day after a date is the next such time, but for what is out of order.
            (Some(length), Some(next)) => (next.ns - time.ns + DISORDER).rem_euclid(DAY) - DISORDER + length,
            _ => HALF_A_YEAR,
        });
        if is_last_date && clock.reaches_beyond(limit) {
            // What follows it was dated too late: once more from the end.
            clock = clock.not_after(limit);
            anchors.clear();
            (next, seen, left) = (None, length, places());
            continue;
        }
        of_day = of_day.filter(|_| reading.open == Open::Date).map(|length| match next {
            Some(next) => length + (next.ns - time.ns).max(0),
            None => length,
        });
        match anchors.last_mut() {
            Some((from, Some(anchor))) if anchor.ns - time.ns < APART => *from = offset,
            _ => anchors.push((offset, next)),
        }
        // What is out of order tells nothing of the lines before it.
        next = Some(next.map_or(time, |next| time.min(next)));
    }
    if anchors.last().is_some_and(|(from, _)| *from > 0) {
        anchors.push((0, next));
    }
    anchors.reverse();
    clock.with_anchors(anchors)
}

/// Whether a log's dates fall from line to line. Times of day alone do not tell that of days.
fn is_newest_first<'l>(
    reader: &Reader,
    clock: &Clock,
    length: u64,
    line_at: &mut impl FnMut(u64) -> Option<(u64, Cow<'l, [u8]>)>,
) -> bool {
    let mut course = Course::default();
    let mut place = 0;
    while let Some((offset, line)) = line_at(place).filter(|_| place < length) {
        let reading = reader.read(&line, clock);
        if reading.open == Open::Date {
            return false;
        }
        reading.time.iter().for_each(|time| course.see(time.ns));
        place = (offset + line.len() as u64 + 1).max(place + length / COURSE_PLACES);
    }
    course.is_backwards()
}

/// The first line of `bytes` that begins at a place or after it, and where.
pub fn line_in(bytes: &[u8], place: usize) -> Option<(usize, &[u8])> {
    let start = match place.checked_sub(1) {
        None => 0,
        Some(before) => place + memchr::memchr(b'\n', bytes.get(before..)?)?,
    };
    let rest = bytes.get(start..).filter(|rest| !rest.is_empty())?;
    Some((start, &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())]))
}
