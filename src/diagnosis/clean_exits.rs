//! Runs that end by themselves and call it success, and are started again at once: a loop without an error.

use super::case::{Case, MAX_LINES, share};
use super::model::Cause;
use crate::evidence::Id;
use crate::grammar::Time;
use std::collections::BTreeSet;

/// So many such ends are a loop of their own.
const LEAST: usize = 3;
/// Nine runs in ten end so, at least.
const NEARLY_ALL: usize = 90;

/// The cause of failed runs of which nothing else tells.
pub fn cause(case: &Case, failed: &[usize]) -> Option<Cause> {
    let clean: Vec<usize> = failed.iter().copied().filter(|&at| is_clean(case, at)).collect();
    if clean.len() < LEAST || clean.len() * 100 < failed.len() * NEARLY_ALL {
        return None;
    }
    let runs = || clean.iter().map(|&at| &case.chronicle.runs[at]);
    let exits = || runs().filter_map(|run| run.exit);
    let words: BTreeSet<Id> = exits().filter_map(|exit| exit.mark).map(|mark| mark.words).collect();
    let times = || exits().filter_map(|exit| exit.time);
    let window = (times().min(), times().max());
    let ready = runs().filter(|run| run.is_ready()).count();
    Some(Cause {
        id: "clean-exit".into(),
        title: "The program ends by itself, calls it success, and is started again".into(),
        role: "root".into(),
        phase: if ready * 2 > clean.len() { "runtime".into() } else { "init".into() },
        runs: clean.len() as u64,
        share: share(clean.len(), failed.len()),
        first: window.0.map(Time::rfc3339),
        last: window.1.map(Time::rfc3339),
        confidence: 0.5,
        why: vec![format!("{} of {} failed runs ended with status 0, and no error or stop stands before", clean.len(), failed.len())],
        meaning: "It has done what it was started for, or has put itself into the background, and its manager takes that for an end.".into(),
        fix: "Let the program stay in the foreground, or tell the manager that it is a job (no restart after success).".into(),
        evidence: case.lines.of(&words.into_iter().collect::<Vec<_>>(), window, MAX_LINES),
        ..Cause::default()
    })
}

fn is_clean(case: &Case, at: usize) -> bool {
    let run = &case.chronicle.runs[at];
    let exit = run.exit.and_then(|exit| exit.mark);
    let quiet = run.stop.is_none() && run.fatal.is_none() && !run.killed;
    quiet && exit.is_some_and(|mark| mark.code == Some(0) && mark.signal == 0)
}
