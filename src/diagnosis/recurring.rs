//! What fails by the clock under a service that stays up: something in it tries, fails, and tries again until the end.
//!
//! Errors that users or the world bring about come at odd times, and say little of the service. A retry has a rhythm:
//! where all attempts fail by it until the log ends, the service lacks what they are for.

use super::case::Case;
use super::causes;
use super::model::{Incident, Verdict};
use super::runs::{FaultSeen, Run};
use crate::evidence::Id;
use crate::grammar::{SECOND, Time};
use crate::signature::Role;
use std::collections::{BTreeMap, BTreeSet};

/// So many attempts have a rhythm.
const ATTEMPTS: usize = 6;
/// Nanoseconds between them, at least: what comes faster is a storm of one cause.
const PAUSE: i64 = 2 * SECOND;
/// All of them take so long, at least (nanoseconds).
const SPAN: i64 = 30 * SECOND;
/// What comes so soon after an attempt's first error is part of it: one in so many parts of the pause.
const BURST: i64 = 4;
/// The longest of nine pauses in ten is no longer than this many times the shortest.
const EVEN: f64 = 1.6;
/// Silence of so many pauses says that it got over it.
const SILENT: i64 = 3;

/// What its last run fails at again and again, if it goes on.
pub fn incident(case: &Case) -> Option<Incident> {
    // Somebody may have stopped it at last.
    let run = case.chronicle.runs.last().filter(|_| case.ends.last().is_some_and(|end| !end.is_unplanned()))?;
    let last = run.stop.and_then(|stop| stop.time).or(case.last_line())?;
    let is_error = |seen: &&FaultSeen| {
        let fault = case.faults.get(seen.fault);
        // What came before readiness was got over by it.
        let counts = seen.after_ready || !run.is_ready();
        counts && fault.is_some_and(|fault| !fault.dealt_with && fault.rank().is_some_and(|rank| rank <= 4))
    };
    let errors: Vec<&FaultSeen> = run.faults.iter().filter(is_error).collect();
    let mut by_fault: BTreeMap<Id, Vec<i64>> = BTreeMap::new();
    for seen in &errors {
        by_fault.entry(seen.fault).or_default().extend(seen.time.map(|time| time.ns));
    }
    let rhythm_of =
        |times: &[i64]| attempts(times).filter(|(_, pause, latest)| last.ns.saturating_sub(*latest) / SILENT <= *pause);
    // One attempt may fail by this error or that.
    let all: Vec<i64> = by_fault.values().flatten().copied().collect();
    let rhythms: BTreeMap<Id, _> = by_fault.iter().filter_map(|(id, times)| Some((*id, rhythm_of(times)?))).collect();
    let (count, pause, _) = rhythms.values().copied().max().or_else(|| rhythm_of(&all))?;
    let is_meant = |seen: &FaultSeen| rhythms.is_empty() || rhythms.contains_key(&seen.fault);
    let faults: Vec<FaultSeen> = errors.into_iter().filter(|seen| is_meant(seen)).copied().collect();
    let first = faults.iter().filter_map(|seen| seen.time).min();
    // That the service outlives it is the very thing.
    let judged = causes::judge(&Run { faults, ..run.clone() }, &case.known(&BTreeSet::new()));
    let at = case.chronicle.runs.len() - 1;
    let mut cause = case.cause(judged.root?, Role::Root, &[at], 1)?;
    let every = pause as f64 / SECOND as f64;
    cause.why = vec![format!("the service stays up and fails at it by the clock, {count} times, every {every:.0} s")];
    cause.confidence = 0.6;
    Some(Incident {
        verdict: Verdict::Degraded,
        first: first.map(Time::rfc3339),
        last: Some(last.rfc3339()),
        ongoing: !run.is_over(),
        runs: 1,
        ready_runs: u64::from(run.is_ready()),
        causes: vec![cause],
        ..Incident::default()
    })
}

/// How many attempts errors at these times are, the pause between them and the last one's time, if they have a rhythm.
fn attempts(times: &[i64]) -> Option<(usize, i64, i64)> {
    let mut times = times.to_vec();
    times.sort_unstable();
    let span = times.last()?.saturating_sub(*times.first()?);
    let apart = (span / times.len() as i64 / BURST).max(SECOND);
    times.dedup_by(|later, earlier| {
        let is_same = later.saturating_sub(*earlier) <= apart;
        if is_same {
            *earlier = *later;
        }
        is_same
    });
    if times.len() < ATTEMPTS || span < SPAN {
        return None;
    }
    let mut pauses: Vec<i64> = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    pauses.sort_unstable();
    let (shortest, longest) = (pauses[0], pauses[(pauses.len() * 9).div_ceil(10) - 1]);
    let pause = pauses[pauses.len() / 2];
    let is_even = pause >= PAUSE && longest as f64 <= EVEN * shortest as f64;
    is_even.then_some((times.len(), pause, *times.last()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn even(seconds: &[i64]) -> Option<(usize, i64)> {
        let times: Vec<i64> = seconds.iter().map(|second| second * SECOND).collect();
        attempts(&times).map(|(count, pause, _)| (count, pause / SECOND))
    }

    #[test]
    fn retries_have_a_rhythm() {
        assert_eq!(even(&[0, 30, 60, 91, 120, 151]), Some((6, 30)));
        // Two lines each.
        assert_eq!(even(&[0, 1, 30, 31, 60, 61, 90, 91, 120, 121, 150, 151]), Some((6, 30)));
    }

    #[test]
    fn what_comes_at_odd_times_has_none() {
        assert_eq!(even(&[0, 30, 60, 91, 120]), None);
        assert_eq!(even(&[0, 3, 60, 70, 120, 400, 401]), None);
        assert_eq!(even(&[0, 1, 2, 3, 4, 5, 6, 7]), None);
    }
}
