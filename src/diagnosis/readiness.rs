//! Readiness in a program's own words.
//!
//! Marks know how most programs say that they are ready. Where none of them speaks in any run, lines that may say so
//! (`relay is live`) are held against all runs together: what tells of readiness is there in every run that lived long
//! enough to say it, and the last such line of the boot is the one that counts.

use super::runs::{Chronicle, FaultSeen, Point, Run};
use crate::evidence::Id;
use crate::evidence::event::is_hint;
use crate::grammar::{SECOND, Time};
use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

/// Of the runs that lived long enough, so many in a hundred have the line; the log may have lost some.
const NEARLY_ALL: usize = 90;
/// A boot may be silent for so long between two such lines (nanoseconds).
const SAME_BOOT: i64 = 60 * SECOND;

/// Whoever dies within this time of a line dies at once (nanoseconds).
const AT_ONCE: i64 = 2 * SECOND;

/// A line that may tell of readiness, by the part that has it and its template.
type Hint = (usize, Id);

/// Takes the hints out of all runs, and makes one of them readiness where `by_hint`. Lines of an `untimed` part have the
/// times of others; `last_lines` is when each part ends.
pub fn settle(chronicle: &mut Chronicle, untimed: &[bool], last_lines: &[Option<Time>], by_hint: bool) {
    let mut told: BTreeMap<Hint, BTreeMap<usize, FaultSeen>> = BTreeMap::new();
    for at in 0..chronicle.runs.len() {
        let mut hints: Vec<FaultSeen> = chronicle.runs[at].faults.extract_if(.., |seen| is_hint(seen.fault)).collect();
        hints.sort_by_key(|hint| hint.offset);
        for mut hint in hints {
            hint.time = hint.time.filter(|_| !untimed[hint.part]);
            let lines = told.entry((hint.part, hint.fault)).or_default();
            // Said once more while several instances run, it is another one's.
            let is_one_of_many = chronicle.runs[at].instance.is_some() && lines.contains_key(&at);
            let waits = |run: usize| !lines.contains_key(&run);
            let other = hint.time.filter(|_| is_one_of_many).and_then(|time| chronicle.beside(at, time, waits));
            lines.entry(other.unwrap_or(at)).or_insert(hint);
        }
    }
    told.values_mut().for_each(|lines| go_to_their_runs(lines, &chronicle.runs));
    chronicle.loose.retain(|seen| !is_hint(seen.fault));
    if !by_hint {
        return;
    }
    if let Some(chosen) = last_of_boot(&chronicle.runs, &told, last_lines)
        && let Some(lines) = told.get(&chosen)
    {
        for (&at, line) in lines {
            let FaultSeen { time, part, offset, .. } = *line;
            let run = &mut chronicle.runs[at];
            if run.never_ready {
                continue;
            }
            let time = time.or(run.began());
            run.ready = Some(Point { time, part, offset, mark: None, last_words: 0 });
        }
    }
}

/// A manager that writes whole seconds tells in one of them that a run ended and the next began. A line of that second is
/// taken for the last words of the one that ended; but that it is ready is the next one's to say, if it says so at all.
fn go_to_their_runs(lines: &mut BTreeMap<usize, FaultSeen>, runs: &[Run]) {
    let next_of = |at: usize| (at + 1..runs.len()).find(|&next| runs[next].instance == runs[at].instance);
    let moved: Vec<(usize, usize)> = lines
        .iter()
        .filter_map(|(&at, line)| Some((at, line, next_of(at)?)))
        // A stream that tells its starts itself knows whose line it is.
        .filter(|(at, line, _)| runs[*at].witnesses.of(line.part).application_step.is_none())
        .filter(|(_, _, next)| !lines.contains_key(next))
        .filter(|&(at, line, next)| {
            let after = |told: Option<Time>| told.zip(line.time).is_some_and(|(told, line)| line.ns >= told.ns);
            after(runs[at].exit.and_then(|exit| exit.time)) && after(runs[next].start.and_then(|start| start.time))
        })
        .map(|(at, _, next)| (at, next))
        .collect();
    for (from, to) in moved {
        if let Some(line) = lines.remove(&from) {
            lines.insert(to, line);
        }
    }
}

/// The last hint of the boot that every run has that lived so long.
fn last_of_boot(
    runs: &[Run],
    told: &BTreeMap<Hint, BTreeMap<usize, FaultSeen>>,
    last_lines: &[Option<Time>],
) -> Option<Hint> {
    // Where nothing tells of an end, the next run's start does.
    let is_open = |at: usize| !runs[at].is_over() && at + 1 == runs.len();
    let over = (0..runs.len()).filter(|&at| !is_open(at));
    let of_others: LazyCell<BTreeSet<Id>, _> =
        LazyCell::new(|| over.flat_map(|at| &runs[at].faults).map(|seen| seen.fault).collect());
    let mut held: Vec<(i64, Hint)> = Vec::new();
    for (&hint, lines) in told {
        let mut delays: Vec<i64> = lines.iter().filter_map(|(&at, line)| delay(&runs[at], line)).collect();
        delays.sort_unstable();
        let longest = delays.last().copied().unwrap_or_default();
        let long: Vec<usize> =
            (0..runs.len()).filter(|&at| runs[at].lived().is_some_and(|lived| lived > longest + SECOND)).collect();
        let with = long.iter().filter(|at| lines.contains_key(at)).count();
        // A line after which every run dies at once says nothing. Its end may be told in whole seconds.
        let lives_on = lines.iter().any(|(&at, line)| {
            if is_open(at) {
                // What ended others may come after.
                let mut after =
                    runs[at].faults.iter().filter(|seen| seen.part == line.part && seen.offset > line.offset);
                let ends_at_once =
                    last_lines[line.part].zip(line.time).is_some_and(|(last, time)| last.ns - time.ns <= AT_ONCE);
                let others_die = || lines.keys().any(|&other| !is_open(other));
                return !(after.any(|seen| of_others.contains(&seen.fault)) || ends_at_once && others_die());
            }
            let after = runs[at].ended().zip(line.time).map(|(ended, time)| ended.ns - time.ns);
            runs[at].stop.is_some() || after.is_none_or(|after| !(-SECOND..=AT_ONCE).contains(&after))
        });
        let median = delays.get(delays.len() / 2).copied().unwrap_or_default();
        // A boot that fails may take longer than one that does not, when it tries again and again.
        let in_boot = median <= SAME_BOOT;
        if lives_on && (in_boot || with * 100 >= long.len() * NEARLY_ALL) {
            held.push((median, hint));
        }
    }
    held.sort_unstable();
    let (mut after, mut last) = *held.first()?;
    for &(delay, hint) in &held[1..] {
        if delay - after <= SAME_BOOT {
            (after, last) = (delay, hint);
        }
    }
    Some(last)
}

fn delay(run: &Run, line: &FaultSeen) -> Option<i64> {
    Some(line.time?.ns - run.began()?.ns)
}
