//! Why runs died: for each one the fault that nothing explains, and over all of them the causes.
//!
//! Faults near the end count, ranked by what is known of them; knowledge (`explains`) leads from a symptom to its root.
//! What also happens in healthy runs explains nothing. What stands on the very line of the program's last words outweighs
//! what merely came before.

use super::Without;
use super::ends::{End, Stopper};
use super::faults::Faults;
use super::runs::{FaultSeen, Run};
use super::story::LONGEST_TRACE;
use crate::evidence::{Class, Id};
use crate::grammar::{SECOND, Time};
use crate::signature::Role;
use std::collections::{BTreeMap, BTreeSet};

/// Faults within this before the last one belong to the end of a run (nanoseconds).
const FINAL: i64 = 5 * SECOND;
/// A run that goes on so long after a fault did not die by it (nanoseconds).
const OUTLIVED: i64 = 20 * SECOND;
/// Unknown errors this close to the last one are one burst (nanoseconds).
const BURST: i64 = SECOND;
/// What was dealt with so often within this time before the end no longer was (nanoseconds).
pub(super) const LAST_MINUTE: i64 = 60 * SECOND;
const AGAIN: u32 = 3;
/// From this rank on an error is known by its level or its words alone.
const BURST_RANK: u8 = 3;
/// Bytes between two lines that stand beside each other.
const BESIDE: u64 = 1 << 10;
/// On the line of the last words, or this close after it: the words themselves.
const QUOTED: i64 = SECOND / 20;

/// Why one run died.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    pub root: Option<Id>,
    /// What the root explains in this run.
    pub explained: Vec<Id>,
    /// Amplifiers met in this run.
    pub amplifiers: Vec<Id>,
    /// The root stands on the line of the last words.
    pub quoted: bool,
    /// What was thrown with the root as its cause, at last.
    pub thrown: Option<Id>,
    /// Knowledge leads from what was seen last to the root.
    pub by_knowledge: bool,
    /// The root came before what was seen last, in all runs that have either.
    pub by_order: bool,
}

/// What a run is judged by.
pub struct Known<'k> {
    pub faults: &'k Faults<'k>,
    /// What ends no run.
    pub background: &'k BTreeSet<Id>,
    pub without: Without,
}

/// Faults that also happen in most good runs: they end none. Of a known root, an exception or what its program calls
/// fatal, one good run is no proof.
pub fn background(runs: &[Run], ends: &[End], faults: &Faults) -> BTreeSet<Id> {
    // Where ends by nobody known are a loop, the last of them is no better.
    let is_loop = ends.contains(&End::Unplanned(Stopper::Unknown));
    let is_good = |end: &End| match end {
        End::Unplanned(_) => false,
        End::Planned(Stopper::Unknown) => !is_loop,
        _ => true,
    };
    let good: Vec<(&Run, &End)> =
        runs.iter().zip(ends).filter(|(run, end)| run.is_ready() && is_good(end) && run.fatal.is_none()).collect();
    let mut count: BTreeMap<Id, usize> = BTreeMap::new();
    for (run, end) in &good {
        // What an open run met last may yet be its end.
        let open = Some(run).filter(|_| **end == End::Open);
        let proven = open.and_then(|run| run.last_seen).map(|last| last.ns - FINAL);
        let last = open.and_then(|run| run.faults.iter().map(|seen| (seen.part, seen.offset)).max());
        let survived = |seen: &&FaultSeen| match seen.time {
            Some(time) => proven.is_none_or(|proven| time.ns < proven),
            None => !seen.after_ready || last != Some((seen.part, seen.offset)),
        };
        let once: BTreeSet<Id> = run.faults.iter().filter(survived).map(|fault| fault.fault).collect();
        once.into_iter().for_each(|id| *count.entry(id).or_default() += 1);
    }
    let mut background = survived(runs, faults);
    let is_grave = |id: &Id| {
        let fault = faults.get(*id);
        fault.is_some_and(|fault| fault.class == Some(Class::Fatal) || fault.rank().is_some_and(|rank| rank <= 1))
    };
    let least = |id: &Id| if is_grave(id) { 2 } else { 1 };
    let common = |(id, times): &(Id, usize)| *times >= least(id).max(good.len().div_ceil(2));
    background.extend(count.into_iter().filter(common).map(|(id, _)| id));
    background
}

/// Symptoms and unknown errors that ready runs outlived far more often than they died near them.
fn survived(runs: &[Run], faults: &Faults) -> BTreeSet<Id> {
    let mut count: BTreeMap<Id, (usize, usize)> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.is_ready()) {
        let Some(end) = run.ended() else { continue };
        for seen in run.faults.iter().filter(|seen| seen.after_ready) {
            let Some(time) = seen.time else { continue };
            let (outlived, died) = count.entry(seen.fault).or_default();
            *outlived += usize::from(end.ns - time.ns > OUTLIVED);
            *died += usize::from(end.ns - time.ns <= FINAL);
        }
    }
    let is_weak = |id: &Id| faults.get(*id).and_then(|fault| fault.rank()).is_some_and(|rank| rank >= 2);
    count
        .into_iter()
        .filter(|(id, (outlived, died))| *outlived >= 3 && *outlived > 3 * died && is_weak(id))
        .map(|(id, _)| id)
        .collect()
}

/// The reason of one failed run's end.
pub fn judge(run: &Run, known: &Known) -> Verdict {
    let Known { faults, background, without } = *known;
    // Who asks of it is seldom there.
    let deals = |seen: &FaultSeen| faults.get(seen.fault).is_some_and(|fault| fault.dealt_with);
    let again = if run.faults.iter().any(deals) { repeated(run) } else { BTreeSet::new() };
    let amplifiers = distinct(
        run.faults.iter().filter(|seen| faults.get(seen.fault).is_some_and(|fault| fault.role == Role::Amplifier)),
    );
    let candidates: Vec<&FaultSeen> = run
        .faults
        .iter()
        .filter(|seen| {
            !background.contains(&seen.fault)
                && faults.get(seen.fault).is_some_and(|fault| fault.rank().is_some())
                && (without == Without::Sufficiency || can_end(run, seen, faults, &again))
        })
        .collect();
    let candidates = since_ready(run, candidates, faults);
    let Some(last) = final_moment(run, &candidates, faults) else {
        return Verdict { amplifiers, ..Verdict::default() };
    };
    // Of its own faults one that is older than it has the time of a line before it.
    let began = run.began().map_or(i64::MIN, |began| began.ns);
    let is_near = |time: Time| last - time.ns <= FINAL || time.ns < began;
    let near: Vec<&FaultSeen> = candidates.iter().copied().filter(|seen| seen.time.is_none_or(is_near)).collect();
    let quoted = |seen: &FaultSeen| is_quoted(run, seen);
    // Best rank first, then the last words' own line, then the latest, then the longer signature. Of unknown errors in
    // one burst the first is the reason, the others what became of it.
    let key = |seen: &&&FaultSeen| {
        let fault = faults.get(seen.fault);
        let rank = fault.and_then(|fault| fault.rank()).unwrap_or(u8::MAX);
        let length = fault.and_then(|fault| fault.signature).map_or(0, |signature| signature.specificity());
        let in_burst = rank >= BURST_RANK && seen.time.is_none_or(|time| last - time.ns <= BURST);
        if without == Without::Precedence {
            return (rank, false, false, seen.fault, std::cmp::Reverse((None, 0)), std::cmp::Reverse(length));
        }
        let (early, late) = if in_burst { (seen.offset, None) } else { (0, Some((seen.time, seen.offset))) };
        (rank, !quoted(seen), !in_burst, early, std::cmp::Reverse((late, seen.part)), std::cmp::Reverse(length))
    };
    let unexplained = |seen: &&&FaultSeen| !explained_in(run, seen.fault, faults, background);
    let Some(seen_last) = near.iter().min_by_key(key).copied() else {
        return Verdict { amplifiers, ..Verdict::default() };
    };
    let thrown = outermost(seen_last, &near, faults);
    let seen_last = if without == Without::Precedence { seen_last } else { innermost(seen_last, &near, faults) };
    // From what ended it, knowledge leads back to what nothing explains, wherever in the run that stands.
    let explainers: Vec<&FaultSeen> = candidates
        .iter()
        .copied()
        .filter(|other| other.fault != seen_last.fault && faults.explains(other.fault, seen_last.fault))
        .collect();
    let root = explainers.iter().filter(unexplained).min_by_key(key).copied().unwrap_or_else(|| {
        let reason = if without == Without::Precedence { None } else { reason_of(seen_last, &near, faults) };
        reason.unwrap_or(seen_last)
    });
    // What stands just beside it is about the same thing, even where it could end nothing.
    let is_beside = |seen: &&FaultSeen| {
        let at_once = seen.time.zip(root.time).is_none_or(|(seen, root)| (seen.ns - root.ns).abs() <= BURST);
        let counts = faults.get(seen.fault).is_some_and(|fault| fault.rank().is_some());
        seen.part == root.part && seen.offset.abs_diff(root.offset) <= BESIDE && at_once && counts
    };
    let beside = run.faults.iter().filter(is_beside).filter(|seen| !background.contains(&seen.fault));
    let explained = distinct(near.iter().copied().chain(beside).filter(|seen| seen.fault != root.fault));
    let thrown = Some(thrown.fault).filter(|_| root.fault == seen_last.fault && thrown.fault != root.fault);
    Verdict {
        root: Some(faults.plain(root.fault)),
        explained,
        amplifiers,
        quoted: quoted(root),
        thrown: thrown.or_else(|| outcome(run, root, faults)),
        by_knowledge: faults.explains(root.fault, seen_last.fault),
        by_order: false,
    }
}

/// Whether two lines can be of one trace: it has the time of the record that it belongs to, or each line its own.
fn is_with(one: &FaultSeen, other: &FaultSeen) -> bool {
    match (one.time, other.time) {
        (Some(one), Some(other)) => (one.ns - other.ns).abs() <= QUOTED,
        (one, other) => one.is_none() && other.is_none(),
    }
}

/// What an exception that no signature knows was thrown for, by the chain of causes that its trace ends in: the last
/// one that a signature knows, else the last one.
fn innermost<'r>(thrown: &'r FaultSeen, near: &[&'r FaultSeen], faults: &Faults) -> &'r FaultSeen {
    let unknown = |seen: &FaultSeen| faults.get(seen.fault).is_some_and(|fault| fault.class == Some(Class::Exception));
    if !unknown(thrown) {
        return thrown;
    }
    let chain = || {
        near.iter().copied().filter(|seen| {
            seen.part == thrown.part
                && is_with(seen, thrown)
                && (thrown.offset..=thrown.offset + LONGEST_TRACE).contains(&seen.offset)
        })
    };
    let cause = |known: bool| {
        let is_one = |seen: &&FaultSeen| {
            faults.get(seen.fault).is_some_and(|fault| fault.is_cause && fault.signature.is_some() == known)
        };
        chain().filter(is_one).max_by_key(|seen| seen.offset)
    };
    cause(true).or_else(|| cause(false)).unwrap_or(thrown)
}

/// The exception whose trace a cause stands in.
fn outermost<'r>(cause: &'r FaultSeen, near: &[&'r FaultSeen], faults: &Faults) -> &'r FaultSeen {
    let is_cause = |seen: &FaultSeen| faults.get(seen.fault).is_some_and(|fault| fault.is_cause);
    let unknown = |seen: &FaultSeen| faults.get(seen.fault).is_some_and(|fault| fault.class == Some(Class::Exception));
    if !is_cause(cause) {
        return cause;
    }
    let before = near.iter().copied().filter(|seen| {
        let is_near = seen.offset < cause.offset && cause.offset - seen.offset <= LONGEST_TRACE;
        seen.part == cause.part && is_with(seen, cause) && is_near && unknown(seen) && !is_cause(seen)
    });
    before.max_by_key(|seen| seen.offset).unwrap_or(cause)
}

/// What led to a symptom that only sums up, where nothing known explains it: the last known one in the burst before it,
/// else the first error there, else the last complaint close before it.
fn reason_of<'r>(symptom: &FaultSeen, near: &[&'r FaultSeen], faults: &Faults) -> Option<&'r FaultSeen> {
    let fault = faults.get(symptom.fault)?;
    if !fault.signature.is_some_and(|signature| signature.summary) || fault.dealt_with {
        return None;
    }
    let is_reason = |seen: &&FaultSeen| {
        let before = seen.part == symptom.part && seen.offset < symptom.offset;
        let at_once = seen.time.zip(symptom.time).is_none_or(|(seen, symptom)| symptom.ns - seen.ns <= BURST);
        before && at_once
    };
    let class_of = |seen: &FaultSeen| faults.get(seen.fault).and_then(|fault| fault.class);
    let reasons = || near.iter().copied().filter(is_reason);
    let sums_up = |seen: &FaultSeen| {
        let fault = faults.get(seen.fault).filter(|fault| fault.role == Role::Symptom && !fault.dealt_with);
        fault.and_then(|fault| fault.signature).map(|signature| signature.summary)
    };
    let known = reasons().filter(|seen| sums_up(seen) == Some(false)).max_by_key(|seen| seen.offset);
    let error = reasons()
        .filter(|seen| matches!(class_of(seen), Some(Class::Fatal | Class::Error)))
        .min_by_key(|seen| seen.offset);
    let complains =
        |seen: &&FaultSeen| class_of(seen) == Some(Class::Worded) && symptom.offset - seen.offset <= LONGEST_REASON;
    known.or(error).or_else(|| reasons().filter(complains).max_by_key(|seen| seen.offset))
}

/// A complaint and what sums it up stand within so many bytes.
const LONGEST_REASON: u64 = 2 << 10;

/// What an exception became: the last one of the chain that it began.
fn outcome(run: &Run, root: &FaultSeen, faults: &Faults) -> Option<Id> {
    let is_outcome = |seen: &&FaultSeen| {
        let apart = seen.time.zip(root.time).map_or(0, |(seen, root)| (seen.ns - root.ns).abs());
        seen.part == root.part
            && (root.offset..=root.offset + LONGEST_TRACE).contains(&seen.offset)
            && apart <= BURST
            && faults.get(seen.fault).is_some_and(|fault| fault.class == Some(Class::Outcome))
    };
    run.faults.iter().filter(is_outcome).max_by_key(|seen| seen.offset).map(|seen| seen.fault)
}

/// Whether some other fault of the run explains this one.
fn explained_in(run: &Run, fault: Id, faults: &Faults, background: &BTreeSet<Id>) -> bool {
    let counts = |id: Id| !background.contains(&id) && faults.get(id).is_some_and(|other| !other.dealt_with);
    run.faults.iter().any(|other| other.fault != fault && faults.explains(other.fault, fault) && counts(other.fault))
}

/// When the run's last telling fault was. After readiness only what came close to the end counts at all.
fn final_moment(run: &Run, candidates: &[&FaultSeen], faults: &Faults) -> Option<i64> {
    let best = candidates
        .iter()
        .filter(|seen| faults.get(seen.fault).and_then(|fault| fault.rank()).is_some_and(|rank| rank <= 3));
    let last = best.filter_map(|seen| seen.time).max().or(candidates.iter().filter_map(|seen| seen.time).max());
    let Some(last) = last else { return candidates.first().map(|_| 0) };
    let end = run.exit.and_then(|exit| exit.time).or(run.fatal.and_then(|fatal| fatal.time));
    match end {
        Some(end) if run.is_ready() && end.ns - last.ns > LAST_MINUTE => None,
        _ => Some(last.ns),
    }
}

/// Faults that came again and again in a run's last minute.
fn repeated(run: &Run) -> BTreeSet<Id> {
    let last = run.ended().map_or(i64::MIN, |end| end.ns - LAST_MINUTE);
    let mut counts: BTreeMap<Id, u32> = BTreeMap::new();
    for seen in run.faults.iter().filter(|seen| seen.time.is_none_or(|time| time.ns >= last)) {
        let count = counts.entry(seen.fault).or_default();
        *count = count.saturating_add(seen.count);
    }
    counts.into_iter().filter(|(_, count)| *count >= AGAIN).map(|(id, _)| id).collect()
}

/// Whether a fault can have ended a run. Of a ready one: what is known as a root may take its time, a symptom or an
/// unknown error comes with the end. What was dealt with ends a run when it comes again and again until then.
fn can_end(run: &Run, seen: &FaultSeen, faults: &Faults, again: &BTreeSet<Id>) -> bool {
    if faults.get(seen.fault).is_some_and(|fault| fault.dealt_with) && !again.contains(&seen.fault) {
        return false;
    }
    // What does not complain is the reason of a failed start at the most.
    let code = run.exit.and_then(|exit| exit.mark?.code);
    if faults.get(seen.fault).is_some_and(|fault| fault.said)
        && (run.is_ready() || run.stop.is_some() || !code.is_some_and(|code| (1..128).contains(&code)))
    {
        return false;
    }
    let rank = faults.get(seen.fault).and_then(|fault| fault.rank()).unwrap_or(u8::MAX);
    let is_worded = faults.get(seen.fault).is_some_and(|fault| fault.class == Some(Class::Worded) && !fault.dealt_with);
    let end = run.exit.and_then(|exit| exit.time).or(run.fatal.and_then(|fatal| fatal.time));
    match end.zip(seen.time) {
        // Plain words are a reason where they come last; of those that come again the first has the time.
        Some((end, time)) if is_worded && seen.count == 1 && end.ns - time.ns > LAST_MINUTE => false,
        Some((end, time)) if run.is_ready() && seen.after_ready && rank >= 2 => end.ns - time.ns <= OUTLIVED,
        _ => true,
    }
}

/// A run that became ready got over what stood before; where an exception or a known root came later, it is that. Last
/// words without a time of their own have that of the line before them, and come at the end all the same.
fn since_ready<'r>(run: &Run, candidates: Vec<&'r FaultSeen>, faults: &Faults) -> Vec<&'r FaultSeen> {
    let is_late = |seen: &&FaultSeen| seen.after_ready || is_quoted(run, seen);
    let is_grave =
        |seen: &FaultSeen| faults.get(seen.fault).and_then(|fault| fault.rank()).is_some_and(|rank| rank <= 1);
    if !run.is_ready() || !candidates.iter().any(|seen| is_late(seen) && is_grave(seen)) {
        return candidates;
    }
    candidates.into_iter().filter(is_late).collect()
}

fn is_quoted(run: &Run, seen: &FaultSeen) -> bool {
    run.fatal.is_some_and(|fatal| {
        fatal.part == seen.part
            && (fatal.offset == seen.offset
                || fatal.time.zip(seen.time).is_some_and(|(fatal, seen)| (seen.ns - fatal.ns).abs() <= QUOTED))
    })
}

fn distinct<'r>(seen: impl Iterator<Item = &'r FaultSeen>) -> Vec<Id> {
    let mut known = BTreeSet::new();
    seen.map(|seen| seen.fault).filter(|id| known.insert(*id)).collect()
}

/// For runs that a stranger's stop ended: the fault, in the next run's first moments, that tells who sends it.
pub fn sender(runs: &[Run], ends: &[End], faults: &Faults) -> Option<Id> {
    let mut votes: BTreeMap<Id, usize> = BTreeMap::new();
    for (at, end) in ends.iter().enumerate() {
        if *end != End::Unplanned(Stopper::Unknown) {
            continue;
        }
        let around = runs.get(at + 1).into_iter().chain([&runs[at]]).flat_map(|run| &run.faults);
        let senders: BTreeSet<Id> = around
            .map(|seen| seen.fault)
            .filter(|id| {
                faults
                    .get(*id)
                    .and_then(|fault| fault.signature)
                    .is_some_and(|signature| signature.explains.iter().any(|id| is_stop(id)))
            })
            .collect();
        senders.into_iter().for_each(|id| *votes.entry(id).or_default() += 1);
    }
    votes.into_iter().max_by_key(|(id, count)| (*count, std::cmp::Reverse(*id))).map(|(id, _)| id)
}

/// Signatures of a stop that was asked from outside.
fn is_stop(id: &str) -> bool {
    id.ends_with("-sigterm") || id.ends_with("-restart-drain")
}
