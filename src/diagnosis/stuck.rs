//! A start that goes on without an end: the process is alive, never becomes ready, and says the same error again and
//! again. Nothing restarts it, so no end of a run tells of it.

use super::case::Case;
use super::causes;
use super::model::{Incident, Verdict};
use super::runs::{Chronicle, FaultSeen, Run};
use crate::evidence::Id;
use crate::grammar::{SECOND, Time};
use crate::signature::Role;
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
    let run = unready(chronicle).filter(|run| !run.is_over())?;
    let waits = last?.ns - run.began()?.ns;
    (waits > SLOW_BOOT).then_some((run, waits))
}

fn unready<'r, 'e>(chronicle: &'r Chronicle<'e>) -> Option<&'r Run<'e>> {
    chronicle.runs.last().filter(|run| !run.is_ready() && chronicle.tells_ready)
}

/// What keeps it from being ready, if it says so.
pub fn incident(case: &Case, background: &BTreeSet<Id>) -> Option<Incident> {
    // Somebody may have stopped it at last.
    let run = unready(case.chronicle).filter(|_| case.ends.last().is_some_and(|end| !end.is_unplanned()))?;
    let last = run.stop.and_then(|stop| stop.time).or(case.last_line())?;
    let least = match last.ns - run.began()?.ns {
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
    let goes_on = |seen: &&FaultSeen| {
        let (times, latest) = told.get(&case.faults.plain(seen.fault)).copied().unwrap_or_default();
        times >= least && latest.is_some_and(|latest| last.ns - latest.ns <= SILENT)
    };
    let faults: Vec<FaultSeen> = run.faults.iter().filter(goes_on).copied().collect();
    let judged = causes::judge(&Run { faults, ..run.clone() }, &case.known(background));
    let at = case.chronicle.runs.len() - 1;
    let mut cause = case.cause(judged.root?, Role::Root, &[at], 1)?;
    let times = told.get(&judged.root?).map_or(0, |(times, _)| *times);
    cause.why =
        vec![format!("the process is alive and never became ready, and says it again and again ({times} times)")];
    cause.confidence = 0.7;
    Some(Incident {
        verdict: Verdict::Degraded,
        first: run.began().map(Time::rfc3339),
        last: Some(last.rfc3339()),
        ongoing: !run.is_over(),
        runs: 1,
        causes: vec![cause],
        ..Incident::default()
    })
}
