//! Starts that the manager refused: roots of their own, which no run shows.

use super::case::{Case, MAX_LINES};
use super::model::{Cause, Incident, Verdict, order_of};
use crate::evidence::Id;
use crate::grammar::{SECOND, Time};
use crate::signature::{Phase, Role};

/// So many refusals before a start that worked were a state of things; fewer were a race that somebody won.
const STATE: usize = 3;
/// An incident that begins this soon after the last refusal is the same one (nanoseconds).
const SAME_INCIDENT: i64 = 600 * SECOND;

/// Adds what was refused to the incident that it belongs to, or as one of its own.
pub fn add(case: &Case, incidents: &mut Vec<Incident>) {
    let times = || case.chronicle.refused.iter().filter_map(|point| point.time);
    let (first, last) = (times().min(), times().max());
    let last_start = case.chronicle.runs.last().and_then(|run| run.began());
    let never_ran = case.chronicle.runs.is_empty();
    let started = !never_ran && last_start > last;
    if case.chronicle.refused.is_empty() || started && case.chronicle.refused.len() < STATE {
        return;
    }
    let causes = causes(case, started);
    if causes.is_empty() {
        return;
    }
    let [last, soon] = [last, last.map(|last| last.later(SAME_INCIDENT))].map(|time| time.map(Time::rfc3339));
    let same = incidents.iter_mut().find(|incident| match started {
        false => incident.ongoing,
        true => order_of(&incident.last) >= order_of(&last) && order_of(&incident.first) <= order_of(&soon),
    });
    match same {
        Some(incident) => {
            incident.causes.extend(causes);
            incident.causes.sort_by_key(|cause| cause.role != "root");
        }
        None => {
            let incident = Incident {
                verdict: if never_ran || started { Verdict::CrashLoop } else { Verdict::Degraded },
                first: first.map(Time::rfc3339),
                last,
                ongoing: !started,
                causes,
                ..Incident::default()
            };
            let at = incidents.iter().position(|other| order_of(&other.first) > order_of(&incident.first));
            incidents.insert(at.unwrap_or(incidents.len()), incident);
        }
    }
}

/// The roots that stand on the lines of the refusals.
fn causes(case: &Case, started: bool) -> Vec<Cause> {
    let is_root = |id: &Id| {
        case.faults.get(*id).is_some_and(|fault| {
            fault.role == Role::Root && fault.signature.is_some_and(|signature| signature.phase == Phase::Init)
        })
    };
    let roots = case.faults_at(&case.chronicle.refused).into_iter().filter(is_root);
    let cause = |id: Id| {
        let seen = || case.all_seen().filter(|seen| seen.fault == id);
        let times = || seen().filter_map(|seen| seen.time);
        let window = (times().min(), times().max());
        let refusals: u64 = seen().map(|seen| u64::from(seen.count)).sum();
        let then = if started { "a later start went through" } else { "no start follows" };
        Some(Cause {
            first: window.0.map(Time::rfc3339),
            last: window.1.map(Time::rfc3339),
            evidence: case.lines.of(&[id], window, MAX_LINES),
            why: vec![format!("the manager refused the start {refusals} times, and {then}")],
            confidence: 0.9,
            masked: !started && !case.chronicle.runs.is_empty(),
            ..case.cause(id, Role::Root, &[], 1)?
        })
    };
    roots.filter_map(cause).collect()
}
