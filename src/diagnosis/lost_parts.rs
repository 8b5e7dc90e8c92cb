//! A service that goes on with a part of it lost: something took that away at a start, or takes it away again and again,
//! and the program says so and lives.

use super::case::Case;
use super::causes::{self, Verdict as Judged};
use super::ends::End;
use super::model::{Cause, Incident, Verdict};
use super::runs::{FaultSeen, Run};
use crate::evidence::Id;
use crate::grammar::{SECOND, Time};
use crate::signature::{Phase, Role, Signature};
use std::collections::{BTreeMap, BTreeSet};

/// A program that is ready may still tell of its boot for so long (nanoseconds).
const STILL_BOOTING: i64 = 5 * SECOND;
/// What takes something away from a service that is ready says so this often.
const AGAIN: u64 = 3;
/// Silence of what was tried again before (nanoseconds), and how many times as long as that took.
const GOT_OVER: i64 = 300 * SECOND;
const FAR_LONGER: i64 = 20;

/// What the runs that did not fail went on without.
pub fn incident(case: &Case, judged: &[Option<Judged>]) -> Option<Incident> {
    let runs = &case.chronicle.runs;
    let mut by_root: BTreeMap<Id, Vec<usize>> = BTreeMap::new();
    for at in (0..runs.len()).filter(|&at| judged[at].is_none()) {
        roots(case, &runs[at]).into_iter().for_each(|id| by_root.entry(id).or_default().push(at));
    }
    let affected: BTreeSet<usize> = by_root.values().flatten().copied().collect();
    let (first, last) = (*affected.first()?, *affected.last()?);
    let cause = |(id, runs): (&Id, &Vec<usize>)| {
        let why = match runs.len() {
            1 => "a run went on without what it takes away".into(),
            all => format!("{all} runs went on without what it takes away"),
        };
        Some(Cause { why: vec![why], confidence: 0.8, ..case.cause(*id, Role::Root, runs, affected.len())? })
    };
    let span = &runs[first..=last];
    Some(Incident {
        verdict: Verdict::Degraded,
        first: span.first().and_then(|run| run.began()).map(Time::rfc3339),
        last: span.iter().filter_map(|run| run.ended()).max().map(Time::rfc3339),
        ongoing: case.ends[last] == End::Open,
        runs: affected.len() as u64,
        ready_runs: affected.iter().filter(|&&at| runs[at].is_ready()).count() as u64,
        causes: by_root.iter().filter_map(cause).collect(),
        ..Incident::default()
    })
}

/// What took parts of a run away. Of a symptom it may have been said before.
fn roots(case: &Case, run: &Run) -> BTreeSet<Id> {
    let lost: BTreeSet<Id> =
        run.faults.iter().map(|seen| seen.fault).filter(|id| degrades(case, *id).is_some()).collect();
    let lost: BTreeSet<Id> = lost.into_iter().filter(|id| is_lost(case, run, *id)).collect();
    let explained = |id: &Id| lost.iter().any(|other| other != id && case.faults.explains(*other, *id));
    let root_of = |id: &Id| match case.faults.get(*id).is_some_and(|fault| fault.role == Role::Symptom) {
        // That the run outlived what it lost a part by is the very thing.
        true => causes::judge(&until(run, *id), &case.known(&BTreeSet::new())).root.unwrap_or(*id),
        false => *id,
    };
    // Whoever says each time that it is tried again says the same as one who does not.
    lost.iter().filter(|id| !explained(id)).map(|id| case.faults.plain(root_of(id))).collect()
}

/// A run up to the first word of a fault. Another log may tell of the same moment a little later.
fn until<'e>(run: &Run<'e>, id: Id) -> Run<'e> {
    let Some(at) = run.faults.iter().position(|seen| seen.fault == id) else { return Run::default() };
    let first = &run.faults[at];
    let is_beside = |seen: &&FaultSeen| {
        let at_once = seen.time.zip(first.time).is_some_and(|(seen, first)| seen.ns - first.ns <= SECOND);
        seen.part != first.part && at_once
    };
    let beside = run.faults[at + 1..].iter().filter(is_beside);
    Run { faults: run.faults[..=at].iter().chain(beside).copied().collect(), ..run.clone() }
}

fn degrades<'c>(case: &Case<'c, '_>, id: Id) -> Option<&'c Signature> {
    case.faults.get(id)?.signature.filter(|signature| signature.degrades)
}

/// Whether a run is without what a fault takes away: it said so at its start, or again and again, and did not get over it.
fn is_lost(case: &Case, run: &Run, id: Id) -> bool {
    let Some(signature) = degrades(case, id) else { return false };
    let seen: Vec<&FaultSeen> = run.faults.iter().filter(|seen| seen.fault == id).collect();
    let ready = run.ready.and_then(|ready| ready.time);
    let is_late = |seen: &FaultSeen| {
        let soon = ready.zip(seen.time).map(|(ready, time)| time.ns - ready.ns <= STILL_BOOTING);
        // Without times, what can only be said at a start was.
        seen.after_ready && !soon.unwrap_or(signature.phase == Phase::Init)
    };
    // Once after readiness may be an accident, and so may be at any time what comes with the work.
    let at_start = || signature.phase != Phase::Runtime && seen.iter().any(|seen| !is_late(seen));
    let again = || {
        let late = seen.iter().filter(|seen| seen.after_ready);
        late.map(|seen| u64::from(seen.count)).sum::<u64>() >= AGAIN
    };
    let is_lost = signature.for_good || at_start() || again();
    is_lost && !is_healed(case, run, signature, &seen) && !is_got_over(case, run, &seen)
}

/// Whether a run said after the last word of a fault that it is over.
fn is_healed(case: &Case, run: &Run, signature: &Signature, seen: &[&FaultSeen]) -> bool {
    let place = |seen: &FaultSeen| (seen.time, seen.part, seen.offset);
    let last = seen.iter().map(|seen| place(seen)).max();
    let heals = |other: &FaultSeen| {
        let other = case.faults.get(other.fault).and_then(|fault| fault.signature);
        other.is_some_and(|other| other.heals.contains(&signature.id))
    };
    run.faults.iter().any(|other| heals(other) && Some(place(other)) > last)
}

/// Whether a run tried something several times at its start and was silent of it for most of its life: what took it away
/// was over then.
fn is_got_over(case: &Case, run: &Run, seen: &[&FaultSeen]) -> bool {
    let times = || seen.iter().filter_map(|seen| Some(seen.time?.ns));
    let (Some(first), Some(last)) = (times().min(), times().max()) else { return false };
    let until = run.stop.or(run.exit).and_then(|end| end.time).or(case.last_line()).map_or(last, |time| time.ns);
    let (tried, silent) = (last - first, until - last);
    tried > SECOND && silent >= GOT_OVER.max(tried.saturating_mul(FAR_LONGER))
}
