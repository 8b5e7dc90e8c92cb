//! Runs that somebody restarts because they do not answer, and that have no error of their own: most often they only
//! need longer than they are given.

use super::case::{Case, MAX_LINES};
use super::ends::{End, Stopper};
use super::model::Cause;
use crate::evidence::Id;
use crate::grammar::SECOND;
use std::collections::BTreeSet;

/// So many such stops are no accident.
const LEAST: usize = 2;
/// The watcher says what is wrong this long before its stop at the most (nanoseconds).
const JUST_BEFORE: i64 = 5 * SECOND;

/// The cause of those failed runs of which nothing else tells, if they are most of all, and the runs.
pub fn cause(case: &Case, failed: &[usize], unexplained: &[usize]) -> Option<(Cause, Vec<usize>)> {
    let is_stopped = |at: &usize| case.ends[*at] == End::Unplanned(Stopper::Watchdog);
    let stopped: Vec<usize> = unexplained.iter().copied().filter(is_stopped).collect();
    if stopped.len() < LEAST || stopped.len() * 2 <= failed.len() {
        return None;
    }
    let ready = stopped.iter().filter(|&&at| case.chronicle.runs[at].is_ready()).count();
    let boots = if ready == 0 { "none of them had become ready" } else { "they have no error of their own" };
    let mut cause = Cause {
        id: "watchdog-stop".into(),
        title: "Whoever watches the service restarts it, and nothing in it fails before".into(),
        why: vec![format!("{} of {} failed runs were stopped so, and {boots}", stopped.len(), failed.len())],
        meaning: "The watcher got no answer in time. Where the service only boots slowly (recovery, migrations), each restart begins that anew, and the watcher is the cause.".into(),
        fix: "Give the watcher more patience than a boot takes, and let one thing alone restart the service.".into(),
        ..case.cause_by_marks(&stopped, failed.len(), |run| run.stop.or(run.exit))
    };
    let complaints: Vec<Id> = complaints(case, &stopped).into_iter().collect();
    let mut evidence = case.lines.of(&complaints, (None, None), MAX_LINES - 1);
    if !complaints.is_empty() {
        cause.evidence.truncate(MAX_LINES - evidence.len());
        evidence.append(&mut cause.evidence);
        cause.evidence = evidence;
    }
    Some((cause, stopped))
}

/// What the watcher itself calls wrong, just before it stops a run.
fn complaints(case: &Case, stopped: &[usize]) -> BTreeSet<Id> {
    let runs = stopped.iter().map(|&at| &case.chronicle.runs[at]);
    let of_run = runs.filter_map(|run| Some((run, run.stop?))).flat_map(|(run, stop)| {
        run.faults.iter().filter(move |seen| {
            let before =
                stop.time.zip(seen.time).is_some_and(|(stop, seen)| (0..=JUST_BEFORE).contains(&(stop.ns - seen.ns)));
            seen.part == stop.part && seen.offset < stop.offset && before
        })
    });
    of_run.map(|seen| seen.fault).filter(|id| case.faults.get(*id).is_some_and(|fault| fault.by_manager)).collect()
}
