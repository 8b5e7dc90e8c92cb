//! Two clocks in one file, and clocks that jump.
//!
//! Lines that tell a zone and lines that tell none may stand in one file. When the zone that was assumed for these is
//! wrong, they lie whole half hours beside their neighbours, again and again; then they are moved to where these are.

use crate::grammar::{SECOND, Time};
use std::collections::BTreeMap;

/// Zones differ by multiples of this (nanoseconds).
const STEP: i64 = 1800 * SECOND;
/// Neighbours are this close, give or take (nanoseconds).
const NEAR: i64 = 120 * SECOND;
/// Zones are at most this far apart, in steps.
const MAX_STEPS: i64 = 28;
/// So many pairs of neighbours must say the same, and so large a share of all.
const MIN_PAIRS: usize = 3;
const MIN_SHARE: f64 = 0.6;
/// A fall of less than this is disorder among writers (nanoseconds).
const DISORDER: i64 = 60 * SECOND;

/// What one piece of a log tells of its clocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clocks {
    /// How far times without a zone are to be moved, in nanoseconds.
    shift: i64,
    /// How often the time jumps back, and from when to when it first does.
    falls: usize,
    first_fall: Option<(Time, Time)>,
}

impl Clocks {
    /// Of times in the order of their piece.
    pub fn of(times: impl Iterator<Item = Time> + Clone) -> Clocks {
        let mut clocks = Clocks { shift: shift(times.clone()), ..Clocks::default() };
        let mut before: Option<Time> = None;
        for time in times {
            let time = clocks.settled(time);
            if let Some(before) = before.replace(time).filter(|before| before.ns - time.ns > DISORDER) {
                clocks.falls += 1;
                clocks.first_fall.get_or_insert((before, time));
            }
        }
        clocks
    }

    /// A time of the piece by the clock of the lines that tell a zone.
    pub fn settled(&self, time: Time) -> Time {
        if time.is_assumed() { time.later(self.shift) } else { time }
    }

    /// What a reader must know.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.shift != 0 {
            let hours = self.shift as f64 / (3600 * SECOND) as f64;
            notes.push(format!(
                "its lines without a zone lie {} h from those with one, and were moved by {hours:+}; --tz would tell their zone",
                hours.abs()
            ));
        }
        if let Some((from, to)) = self.first_fall {
            notes.push(format!(
                "times jump back by over a minute {} times, first from {} to {}; the order of the lines was kept",
                self.falls,
                from.rfc3339(),
                to.rfc3339()
            ));
        }
        notes
    }
}

/// From what neighbours say, one of which tells a zone and one of which does not.
fn shift(times: impl Iterator<Item = Time>) -> i64 {
    let mut votes: BTreeMap<i64, usize> = BTreeMap::new();
    let mut pairs = 0;
    let mut before: Option<Time> = None;
    for time in times {
        if let Some(before) = before.replace(time)
            && before.is_assumed() != time.is_assumed()
        {
            pairs += 1;
            let (zoned, assumed) = if time.is_assumed() { (before, time) } else { (time, before) };
            let apart = zoned.ns - assumed.ns;
            let steps = (apart + apart.signum() * STEP / 2) / STEP;
            if (apart - steps * STEP).abs() <= NEAR && steps.abs() <= MAX_STEPS {
                *votes.entry(steps).or_default() += 1;
            }
        }
    }
    let best = votes.into_iter().max_by_key(|(steps, votes)| (*votes, -steps.abs()));
    best.filter(|(_, votes)| *votes >= MIN_PAIRS && *votes as f64 >= MIN_SHARE * pairs as f64)
        .map_or(0, |(steps, _)| steps * STEP)
}
