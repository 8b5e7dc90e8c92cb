//! A start that goes on without an end: the process is alive, never becomes ready, and says the same error again and
//! again. Nothing restarts it, so no end of a run tells of it.

use super::ailing::Ailing;
use super::case::Case;
use super::model::Incident;
use super::runs::{Chronicle, FaultSeen, Run};
use crate::evidence::Id;
use crate::grammar::{SECOND, Time};
use std::collections::{BTreeMap, BTreeSet};

/// A start without readiness for so long is a matter of its own (nanoseconds).
const SLOW_BOOT: i64 = 120 * SECOND;
/// An error that is told so often is why.
const AGAIN: u64 = 3;
/// Told more often than that, it need not last so long: how often, and how long (nanoseconds).
const OFTEN: (u64, i64) = (8, 60 * SECOND);
/// Whoever was silent about it for so long has got over it (nanoseconds).
const SILENT: i64 = 60 * SECOND;

/// The last run, if it should be ready by now and is not, and for how long it has been on its way at `last`.
pub fn waiting<'r, 'e>(chronicle: &'r Chronicle<'e>, last: Option<Time>) -> Option<(&'r Run<'e>, i64)> {
    let run = chronicle.runs.last().filter(|run| is_unready(chronicle, run) && !run.is_over())?;
    let waits = last?.ns - run.began()?.ns;
    (waits > SLOW_BOOT).then_some((run, waits))
}

/// Whether a run is not ready, of a program that says so when it is.
fn is_unready(chronicle: &Chronicle, run: &Run) -> bool {
    !run.is_ready() && chronicle.tells_ready
}

/// What keeps it from being ready, if it says so.
pub fn incident(case: &Case, background: &BTreeSet<Id>) -> Option<Incident> {
    let ailing = Ailing::of(case).filter(|ailing| is_unready(case.chronicle, &ailing.run))?;
    let (run, until) = (&*ailing.run, ailing.until);
    let least = match until.ns - run.began()?.ns {
        waits if waits > SLOW_BOOT => AGAIN,
        waits if waits > OFTEN.1 => OFTEN.0,
        _ => return None,
    };
    let mut told: BTreeMap<Id, (u64, Option<Time>)> = BTreeMap::new();
    for seen in &run.faults {
        let (times, latest) = told.entry(case.faults.plain(seen.fault)).or_default();
        *times += u64::from(seen.count);
        *latest = seen.time.max(*latest);
    }
    let told_of = |id: Id| told.get(&case.faults.plain(id)).copied().unwrap_or_default();
    let goes_on = |seen: &&FaultSeen| {
        let (times, latest) = told_of(seen.fault);
        times >= least && latest.is_some_and(|latest| until.ns - latest.ns <= SILENT)
    };
    let faults = run.faults.iter().filter(goes_on).copied().collect();
    let lives = if run.is_over() { "lived" } else { "is alive" };
    let why = |root| {
        let (times, _) = told_of(root);
        format!("the process {lives} and never became ready, and says it again and again ({times} times)")
    };
    ailing.incident(case, faults, background, (0.7, why))
}
