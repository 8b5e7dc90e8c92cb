//! Two clocks in one file, and clocks that jump.
//!
//! Lines that tell a zone and lines that tell none may stand in one file. When the zone that was assumed for these is
//! wrong, they lie whole half hours beside their neighbours, again and again; then they are moved to where these are.
//! Where no line tells a zone, two writers may still be of two minds, one in UTC and one in local time: then the time
//! jumps to and fro by whole half hours, and the lines of the one are moved to those of the other.

use crate::grammar::{SECOND, Time};
use std::collections::BTreeMap;

/// Zones differ by multiples of this (nanoseconds).
const STEP: i64 = 1800 * SECOND;
/// Neighbours are this close, give or take (nanoseconds).
const NEAR: i64 = 120 * SECOND;
/// Zones are at most this far apart, in steps.
const MAX_STEPS: i64 = 28;
/// So many pairs of neighbours must say the same, and so large a share of those that say anything.
const MIN_PAIRS: usize = 3;
const MIN_SHARE: f64 = 0.6;
/// Pairs with a pause between them say nothing; there may be so many to each that does.
const MAX_PAUSES: usize = 4;
/// A fall of less than this is disorder among writers (nanoseconds).
const DISORDER: i64 = 60 * SECOND;

/// What one piece of a log tells of its clocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clocks {
    /// How far times without a zone are to be moved, in nanoseconds.
    shift: i64,
    /// How far they are moved besides, from which offset on, in order: where two writers without a zone disagree.
    aside: Vec<(u64, i64)>,
    /// How often the time jumps back, and from when to when it first does.
    falls: usize,
    first_fall: Option<(Time, Time)>,
}

impl Clocks {
    /// Of times, each with its offset, in the order of their piece.
    pub fn of(times: impl Iterator<Item = (u64, Time)> + Clone) -> Clocks {
        // Nearly always all tell a zone, and once through them is enough: of a long loop there are very many.
        let (all_tell, clocks) = Clocks::default().with_falls(times.clone());
        if all_tell {
            return clocks;
        }
        let shift = shift(times.clone().map(|(_, time)| time));
        let aside = if shift == 0 { aside(times.clone()) } else { Vec::new() };
        Clocks { shift, aside, ..Clocks::default() }.with_falls(times).1
    }

    /// Counts the falls; also gives whether all times tell a zone.
    fn with_falls(mut self, times: impl Iterator<Item = (u64, Time)>) -> (bool, Clocks) {
        let mut all_tell = true;
        let mut before: Option<Time> = None;
        for (offset, time) in times {
            all_tell &= !time.is_assumed();
            let time = self.settled(offset, time);
            if let Some(before) = before.replace(time).filter(|before| before.ns - time.ns > DISORDER) {
                self.falls += 1;
                self.first_fall.get_or_insert((before, time));
            }
        }
        (all_tell, self)
    }

    /// Whether any time is moved.
    pub fn moves(&self) -> bool {
        self.shift != 0 || !self.aside.is_empty()
    }

    /// The time of the record at an offset by the clock of the others.
    pub fn settled(&self, offset: u64, time: Time) -> Time {
        if !time.is_assumed() {
            return time;
        }
        let place = self.aside.partition_point(|(from, _)| *from <= offset);
        let aside = place.checked_sub(1).map_or(0, |place| self.aside[place].1);
        time.later(self.shift + aside)
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
        if let Some(aside) = self.aside.iter().map(|(_, aside)| *aside).find(|aside| *aside != 0) {
            let hours = aside as f64 / (3600 * SECOND) as f64;
            notes.push(format!(
                "two clocks without a zone take turns in it, {} h apart; the lines of the one were moved by {hours:+} to those of the other; --tz would not settle which is right",
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
    let cast: usize = votes.values().sum();
    let best = votes.into_iter().max_by_key(|(steps, votes)| (*votes, -steps.abs()));
    best.filter(|(_, votes)| *votes >= MIN_PAIRS && *votes as f64 >= MIN_SHARE * cast as f64)
        .filter(|_| pairs <= cast * (1 + MAX_PAUSES))
        .map_or(0, |(steps, _)| steps * STEP)
}

/// Two writers that disagree: from which offset on times are moved, and by how much. Most of the lines stay.
fn aside(times: impl Iterator<Item = (u64, Time)> + Clone) -> Vec<(u64, i64)> {
    let all_assumed = times.clone().all(|(_, time)| time.is_assumed());
    if !all_assumed {
        return Vec::new();
    }
    let jumps =
        || times.clone().zip(times.clone().skip(1)).map(|((_, before), (offset, time))| (offset, time.ns - before.ns));
    let steps_of = |jump: i64| {
        let steps = (jump + jump.signum() * STEP / 2) / STEP;
        ((jump - steps * STEP).abs() <= NEAR && (2..=MAX_STEPS).contains(&steps.abs())).then_some(steps)
    };
    // By how many steps the time falls, how often.
    let mut falls: BTreeMap<i64, usize> = BTreeMap::new();
    let mut all_falls = 0;
    for (_, jump) in jumps().filter(|(_, jump)| *jump < -DISORDER) {
        all_falls += 1;
        if let Some(steps) = steps_of(jump) {
            *falls.entry(-steps).or_default() += 1;
        }
    }
    let Some((apart, count)) = falls.into_iter().max_by_key(|(steps, count)| (*count, -steps)) else {
        return Vec::new();
    };
    let rises = jumps().filter(|(_, jump)| steps_of(*jump) == Some(apart)).count();
    if count < MIN_PAIRS || rises + 1 < count || (count as f64) < MIN_SHARE * all_falls as f64 {
        return Vec::new();
    }
    // Whether each stretch is of the later clock; the first one is unless the time rises first.
    let mut is_late = jumps()
        .find_map(|(_, jump)| steps_of(jump).filter(|steps| steps.abs() == apart))
        .is_some_and(|steps| steps < 0);
    let mut stretches = vec![(0, is_late, 1usize)];
    for (offset, jump) in jumps() {
        match steps_of(jump) {
            Some(steps) if steps == -apart && is_late => is_late = false,
            Some(steps) if steps == apart && !is_late => is_late = true,
            _ => {
                stretches.iter_mut().next_back().into_iter().for_each(|(.., count)| *count += 1);
                continue;
            }
        }
        stretches.push((offset, is_late, 1));
    }
    let lines = |late: bool| {
        stretches.iter().filter(|(_, is_late, _)| *is_late == late).map(|(.., count)| count).sum::<usize>()
    };
    let move_late = lines(true) <= lines(false);
    let by = if move_late { -apart * STEP } else { apart * STEP };
    stretches.into_iter().map(|(offset, is_late, _)| (offset, if is_late == move_late { by } else { 0 })).collect()
}
