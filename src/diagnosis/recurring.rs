//! What fails by the clock under a service that stays up: something in it tries, fails, and tries again until the end.
//!
//! Errors that users or the world bring about come at odd times, and say little of the service. A retry has a rhythm:
//! where all attempts fail by it until the log ends, the service lacks what they are for.

use super::ailing::Ailing;
use super::case::Case;
use super::faults::Fault;
use super::model::Incident;
use super::runs::FaultSeen;
use crate::evidence::Id;
use crate::grammar::{SECOND, Time};
use std::collections::{BTreeMap, BTreeSet};

/// So many attempts have a rhythm.
const ATTEMPTS: usize = 6;
/// So many of a known root at any times say that it was not got over.
const PATIENT: usize = 12;
/// Nanoseconds between them, at least: what comes faster is a storm of one cause.
const PAUSE: i64 = 2 * SECOND;
/// All of them take so long, at least (nanoseconds); of a run that was ready for a shorter time, most of that.
const SPAN: i64 = 30 * SECOND;
const SHORT_SPAN: i64 = 12 * SECOND;
const MOST: f64 = 0.7;
/// What comes so soon after an attempt's first error is part of it: one in so many parts of the pause.
const BURST: i64 = 4;
/// The longest of nine pauses in ten is no longer than this many times the shortest.
const EVEN: f64 = 1.6;
/// Silence of so many pauses says that it got over it.
const SILENT: i64 = 3;
/// Who backs off waits longer and longer, up to so many times as long at the last as at first, at least; a pause may
/// be shorter than the one before it by this part.
const BACKED_OFF: i64 = 4;
const UNEVEN: f64 = 0.8;

/// What its last run fails at again and again, if it goes on.
pub fn incident(case: &Case) -> Option<Incident> {
    let ailing = Ailing::of(case).or_else(|| Ailing::unseen(case))?;
    let (run, until) = (&*ailing.run, ailing.until);
    let is_error = |seen: &&FaultSeen| {
        let fault = case.faults.get(seen.fault);
        // What came before readiness was got over by it.
        let counts = seen.after_ready || !run.is_ready();
        // A known root may say each time that it is tried again: what counts is whether that helps.
        let is_open = |fault: &Fault| match fault.dealt_with {
            true => fault.is_known_root(),
            false => fault.is_error(),
        };
        counts && fault.is_some_and(is_open)
    };
    let errors: Vec<&FaultSeen> = run.faults.iter().filter(is_error).collect();
    let mut by_fault: BTreeMap<Id, Vec<i64>> = BTreeMap::new();
    for seen in &errors {
        by_fault.entry(seen.fault).or_default().extend(seen.time.map(|time| time.ns));
    }
    let goes_on = |rhythm: &Rhythm| until.ns.saturating_sub(rhythm.latest) / SILENT <= rhythm.pause;
    let life = run.ready.and_then(|ready| ready.time).map(|ready| until.ns.saturating_sub(ready.ns));
    let span = life.map_or(SPAN, |life| ((life as f64 * MOST) as i64).clamp(SHORT_SPAN, SPAN));
    let rhythm_of = |times: Vec<i64>| Rhythm::of(times, span).filter(goes_on);
    // One attempt may fail by this error or that.
    let is_unanswered = |id: &Id| case.faults.get(*id).is_some_and(|fault| !fault.dealt_with);
    let all: Vec<i64> =
        by_fault.iter().filter(|(id, _)| is_unanswered(id)).flat_map(|(_, times)| times).copied().collect();
    let rhythms: BTreeMap<Id, Rhythm> = by_fault
        .into_iter()
        .filter_map(|(id, times)| {
            let fault = case.faults.get(id)?;
            let patient = || Rhythm::with_patience(times.clone(), span, until.ns).filter(|_| fault.is_known_root());
            let even = || rhythm_of(times.clone()).filter(|_| !fault.dealt_with);
            let backing_off = || Rhythm::backing_off(times.clone(), span, until.ns).filter(|_| !fault.dealt_with);
            Some((id, even().or_else(backing_off).or_else(patient)?))
        })
        .collect();
    let rhythm = rhythms.values().copied().max_by_key(|rhythm| rhythm.attempts).or_else(|| rhythm_of(all))?;
    let is_meant = |seen: &&FaultSeen| rhythms.is_empty() || rhythms.contains_key(&seen.fault);
    let as_said_plainly = |seen: &FaultSeen| FaultSeen { fault: case.faults.plain(seen.fault), ..*seen };
    let faults: Vec<FaultSeen> = errors.into_iter().filter(is_meant).map(as_said_plainly).collect();
    let first = faults.iter().filter_map(|seen| seen.time).min();
    let Rhythm { attempts, pause, .. } = rhythm;
    let every = pause as f64 / SECOND as f64;
    let why = |_| format!("the service stays up and fails at it by the clock, {attempts} times, every {every:.1} s");
    // That the service outlives it is the very thing: nothing is background here.
    let incident = ailing.incident(case, faults, &BTreeSet::new(), (0.6, why))?;
    Some(Incident { first: first.map(Time::rfc3339), ..incident })
}

/// Attempts at even pauses.
#[derive(Clone, Copy, Debug)]
struct Rhythm {
    attempts: usize,
    /// Nanoseconds, at the median.
    pause: i64,
    /// When the last one was (nanoseconds).
    latest: i64,
}

impl Rhythm {
    /// Of errors at these times, if they have one and take so long (nanoseconds).
    fn of(mut times: Vec<i64>, least: i64) -> Option<Rhythm> {
        times.sort_unstable();
        let span = times.last()?.saturating_sub(*times.first()?);
        // One long silence is no measure of the pauses.
        let pauses = self::pauses(&times);
        let most = &pauses[..(pauses.len() * 9).div_ceil(10)];
        let usual = most.iter().sum::<i64>() / most.len().max(1) as i64;
        let apart = (usual / BURST).max(SECOND);
        times.dedup_by(|later, earlier| {
            let is_same = later.saturating_sub(*earlier) <= apart;
            if is_same {
                *earlier = *later;
            }
            is_same
        });
        if times.len() < ATTEMPTS || span < least {
            return None;
        }
        let pauses = self::pauses(&times);
        let (shortest, longest) = (pauses[0], pauses[(pauses.len() * 9).div_ceil(10) - 1]);
        let pause = pauses[pauses.len() / 2];
        let is_even = pause >= PAUSE && longest as f64 <= EVEN * shortest as f64;
        is_even.then_some(Rhythm { attempts: times.len(), pause, latest: *times.last()? })
    }

    /// Of attempts each of which waits as long as the one before it at least, until the log's end.
    fn backing_off(mut times: Vec<i64>, least: i64, until: i64) -> Option<Rhythm> {
        times.sort_unstable();
        times.dedup_by(|later, earlier| later.saturating_sub(*earlier) <= SECOND);
        let (first, latest) = (*times.first()?, *times.last()?);
        let waits: Vec<i64> = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
        let (shortest, longest) = (*waits.first()?, *waits.last()?);
        let grows = waits.windows(2).all(|pair| pair[1] as f64 >= UNEVEN * pair[0] as f64);
        let backs_off = grows && shortest >= PAUSE && longest >= BACKED_OFF * shortest;
        let goes_on = until.saturating_sub(latest) <= longest;
        let pause = waits[waits.len() / 2];
        let is_one = times.len() >= ATTEMPTS && latest.saturating_sub(first) >= least && backs_off && goes_on;
        is_one.then_some(Rhythm { attempts: times.len(), pause, latest })
    }

    /// Of attempts that wait longer and longer, from short pauses anew after each that gave up, until the log's end.
    fn with_patience(mut times: Vec<i64>, least: i64, until: i64) -> Option<Rhythm> {
        times.sort_unstable();
        times.dedup_by(|later, earlier| later.saturating_sub(*earlier) <= SECOND / 4);
        let (first, latest) = (*times.first()?, *times.last()?);
        let span = latest.saturating_sub(first);
        let pauses = pauses(&times);
        let (longest, pause) = (*pauses.last()?, pauses[pauses.len() / 2]);
        let goes_on = until.saturating_sub(latest) <= longest && longest <= span / SILENT;
        (times.len() >= PATIENT && span >= least && goes_on).then_some(Rhythm { attempts: times.len(), pause, latest })
    }
}

/// What lies between moments that are in order, the shortest first.
fn pauses(times: &[i64]) -> Vec<i64> {
    let mut pauses: Vec<i64> = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    pauses.sort_unstable();
    pauses
}

#[cfg(test)]
mod tests {
    use super::*;

    fn even(seconds: &[i64]) -> Option<(usize, i64)> {
        let times = seconds.iter().map(|second| second * SECOND).collect();
        Rhythm::of(times, SPAN).map(|rhythm| (rhythm.attempts, rhythm.pause / SECOND))
    }

    #[test]
    fn retries_have_a_rhythm() {
        assert_eq!(even(&[0, 30, 60, 91, 120, 151]), Some((6, 30)));
        // Not by one long silence.
        assert_eq!(even(&[0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 3700]), Some((12, 10)));
        // Two lines each.
        assert_eq!(even(&[0, 1, 30, 31, 60, 61, 90, 91, 120, 121, 150, 151]), Some((6, 30)));
    }

    #[test]
    fn who_backs_off_has_one() {
        let backing_off = |seconds: &[i64], until: i64| {
            let times = seconds.iter().map(|second| second * SECOND).collect();
            Rhythm::backing_off(times, SPAN, until * SECOND).map(|rhythm| rhythm.attempts)
        };
        assert_eq!(backing_off(&[0, 5, 15, 35, 75, 155, 235, 316], 330), Some(8));
        // It got over it.
        assert_eq!(backing_off(&[0, 5, 15, 35, 75, 155, 235, 316], 500), None);
        // Once more at short pauses: at odd times.
        assert_eq!(backing_off(&[0, 5, 15, 35, 75, 80, 160], 170), None);
    }

    #[test]
    fn what_comes_at_odd_times_has_none() {
        assert_eq!(even(&[0, 30, 60, 91, 120]), None);
        assert_eq!(even(&[0, 3, 60, 70, 120, 400, 401]), None);
        assert_eq!(even(&[0, 1, 2, 3, 4, 5, 6, 7]), None);
    }
}
