//! What always comes before what, over all runs: the order of known faults where knowledge says nothing of it.
//!
//! Two roots in one run are most often one and what became of it. Where the one comes first in every run that has
//! either, it leads to the other.

use super::causes::{LAST_MINUTE, Verdict};
use super::faults::{Fault, Faults};
use super::runs::Run;
use crate::evidence::{Class, Id};
use crate::grammar::SECOND;
use crate::signature::Role;
use crate::signature::wording::{lacks_file, lacks_value, was_not_given};
use std::collections::{BTreeMap, BTreeSet};

/// In so many runs the order must hold: once is chance.
const MIN_RUNS: usize = 2;
/// Families of what a program asks others for.
const OUTSIDE: [&str; 5] = ["network", "auth", "database", "stores", "brokers"];
/// So often in a run is again and again.
const REPEATED: u32 = 3;
/// What is missing was asked for this long before at the most (nanoseconds).
const JUST_BEFORE: i64 = 5 * SECOND;
/// What became of it, in words that no signature knows, comes so soon (nanoseconds).
const AT_ONCE: i64 = SECOND;

/// Moves roots to what comes before them in all runs.
pub fn settle(runs: &[Run], faults: &Faults, background: &BTreeSet<Id>, judged: &mut [Option<Verdict>]) {
    let mut by_root: BTreeMap<Id, Vec<usize>> = BTreeMap::new();
    for (at, verdict) in judged.iter().enumerate() {
        if let Some(root) = verdict.as_ref().and_then(|verdict| verdict.root) {
            by_root.entry(root).or_default().push(at);
        }
    }
    for (root, of_root) in by_root {
        let is_known =
            |id: Id| faults.get(id).is_some_and(|fault| fault.rank() == Some(0)) && !background.contains(&id);
        // A value that was not there is no reason: what failed just before, known or not as a root, is.
        let says = |words: fn(&str) -> bool| faults.get(root).is_some_and(|fault| fault.template.is_some_and(words));
        let lacks_value = says(lacks_value);
        // Nor is a file that was to hold what was not given.
        let lacks = lacks_value || says(lacks_file);
        // What no signature knows may be what became of something that one does.
        let is_unknown = faults.get(root).is_some_and(|fault| fault.signature.is_none() && !fault.is_cause);
        if of_root.len() < MIN_RUNS || !is_known(root) && !lacks && !is_unknown {
            continue;
        }
        let failed = |id: Id| {
            let fault = faults.get(id).filter(|fault| fault.role == Role::Symptom && !fault.dealt_with);
            fault.and_then(|fault| fault.signature).is_some_and(|known| OUTSIDE.contains(&known.family.as_str()))
        };
        // Some time before, what says that it was not given: no signature knows it.
        let not_given = |id: Id| {
            let complains = |class| matches!(class, Class::Fatal | Class::Error | Class::Worded);
            let fault = faults.get(id).filter(|_| !background.contains(&id));
            let says = |fault: &Fault| fault.class.is_some_and(complains) && fault.template.is_some_and(was_not_given);
            // What the program did without at its start is what it lacks later.
            fault.is_some_and(|fault| fault.dealt_with || says(fault))
        };
        // What is tried again and again is what the run gives up on.
        let is_repeated = |id: Id| is_known(id) && of_root.iter().all(|&at| times(&runs[at], id) >= REPEATED);
        let may_lead = |id: Id| match is_known(root) || lacks {
            true => is_known(id) || lacks_value && failed(id) || lacks && not_given(id),
            false => failed(id) || is_repeated(id),
        };
        // What comes first in the first of the runs may come first in all.
        let mut met = BTreeSet::new();
        let seen = runs[of_root[0]].faults.iter().map(|seen| seen.fault);
        let candidates: Vec<Id> = seen.filter(|id| met.insert(*id) && may_lead(*id)).collect();
        let leads = |first: &Id| {
            let most = match failed(*first) {
                true if is_unknown && !lacks => AT_ONCE,
                true => JUST_BEFORE,
                // Of what comes again the first has the time.
                false if is_unknown && !lacks => i64::MAX,
                false => LAST_MINUTE,
            };
            *first != root
                // Knowledge says that it is the other way round.
                && !faults.explains(root, *first)
                && of_root.iter().all(|&at| precedes(&runs[at], *first, root, most))
                && runs.iter().all(|run| !has(run, *first) || has(run, root))
        };
        let Some(first) = candidates.into_iter().find(leads) else { continue };
        for at in of_root {
            if let Some(verdict) = &mut judged[at] {
                verdict.explained.retain(|id| *id != first);
                verdict.explained.insert(0, root);
                verdict.root = Some(faults.plain(first));
                verdict.by_order = true;
                verdict.quoted = false;
            }
        }
    }
}

fn times(run: &Run, fault: Id) -> u32 {
    run.faults.iter().filter(|seen| seen.fault == fault).map(|seen| seen.count).fold(0, u32::saturating_add)
}

fn has(run: &Run, fault: Id) -> bool {
    run.faults.iter().any(|seen| seen.fault == fault)
}

/// Whether one fault comes before another in a run, and not longer before than this.
fn precedes(run: &Run, first: Id, then: Id, most: i64) -> bool {
    let place = |id: Id| run.faults.iter().position(|seen| seen.fault == id);
    let Some((a, b)) = place(first).zip(place(then)) else { return false };
    let near = run.faults[a].time.zip(run.faults[b].time).is_none_or(|(a, b)| b.ns - a.ns <= most);
    // Of two streams only the times tell the order.
    let (one, other) = (&run.faults[a], &run.faults[b]);
    a < b && near && (one.part == other.part || one.time < other.time)
}
