//! A manager that no longer starts a service whose runs it ended itself: every stop was asked for, and yet it is down.

use super::case::Case;
use super::findings;
use super::model::{Incident, State, Verdict};
use crate::evidence::Id;
use crate::grammar::Time;
use crate::signature::Role;

/// What is left where nothing failed and nobody starts the service any more.
pub fn incident(case: &Case) -> Option<Incident> {
    if findings::state(case.chronicle, case.ends) != State::GaveUp {
        return None;
    }
    let told = &case.chronicle.gave_up;
    let runs = &case.chronicle.runs;
    let all: Vec<usize> = (0..runs.len()).collect();
    let cause = |id: Id| {
        let mut cause = case.cause(id, Role::Root, &all, all.len())?;
        cause.why = vec!["every stop was asked for, and then the manager refused the next start".into()];
        cause.confidence = 0.7;
        Some(cause)
    };
    let ready = runs.iter().filter(|run| run.is_ready()).count();
    let last = told.iter().filter_map(|point| point.time).max();
    Some(Incident {
        verdict: if ready > 0 { Verdict::Flapping } else { Verdict::CrashLoop },
        first: runs.first().and_then(|run| run.began()).map(Time::rfc3339),
        last: last.map(Time::rfc3339),
        ongoing: true,
        runs: runs.len() as u64,
        restarts: runs.len().saturating_sub(1) as u64,
        ready_runs: ready as u64,
        causes: case.faults_at(told).into_iter().filter_map(cause).collect(),
        ..Incident::default()
    })
}
