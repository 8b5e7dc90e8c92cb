//! Restarts for changed files, which are planned, where the files are what the program itself writes: a loop of its own
//! making.
//!
//! A log may say so. Else the rhythm does, where no source file is named: nobody writes one again and again just as long
//! after each start.

use super::case::Case;
use super::ends::{End, Stopper};
use super::model::{Cause, Incident, Verdict};
use super::runs::Run;
use crate::grammar::{SECOND, Time};
use crate::signature::Role;

/// So many in a row are no accident.
const LEAST: usize = 4;
/// The signature of such a file.
const OWN_FILE: &str = "watch-own-file";
/// So many runs of about one length, most of the row, are no person's work.
const LEAST_EVEN: usize = 5;
const MOST: f64 = 0.7;
/// By how much their lengths differ from the median, and the longest that is looked at (nanoseconds).
const EVEN: f64 = 0.35;
const LONGEST: i64 = 120 * SECOND;

/// Files that people write.
const SOURCES: [&str; 14] =
    [".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".vue", ".py", ".rb", ".php", ".go", ".rs", ".css", ".html"];

/// The longest row of runs that ended so.
pub fn incident(case: &Case) -> Option<Incident> {
    by_own_file(case).or_else(|| by_rhythm(case))
}

/// Runs that were restarted for a file of which a log says that the program writes it.
fn by_own_file(case: &Case) -> Option<Incident> {
    let (id, _) = case.faults.iter().find(|(_, fault)| fault.id == OWN_FILE)?;
    let had = case.sightings.runs(id);
    let row = longest_row(case, |at| had.binary_search(&at).is_ok());
    if row.len() < LEAST {
        return None;
    }
    let mut cause = case.cause(id, Role::Root, &row, row.len())?;
    cause.confidence = 0.7;
    cause.why = vec![format!("{} runs in a row were ended for such a file, and none of them failed", row.len())];
    Some(of_row(case, &row, cause))
}

/// Runs that were restarted for a change as long after each start.
fn by_rhythm(case: &Case) -> Option<Incident> {
    let row = longest_row(case, |_| true);
    let mut lives: Vec<i64> = row.iter().filter_map(|&at| case.chronicle.runs[at].lived()).collect();
    lives.sort_unstable();
    let median = *lives.get(lives.len() / 2)?;
    let apart = |life: &&i64| (**life - median).abs() as f64 <= EVEN * median as f64;
    let even = lives.iter().filter(apart).count();
    if even < LEAST_EVEN || (even as f64) < MOST * row.len() as f64 || !(1..=LONGEST).contains(&median) {
        return None;
    }
    let seconds = median as f64 / SECOND as f64;
    let why =
        format!("{} runs in a row were ended for a change, {even} of them {seconds:.1} s after their start", row.len());
    let cause = Cause {
        id: "change-loop".into(),
        title: "The service is restarted for a change that each start brings about".into(),
        why: vec![why, "nobody changes a file just as long after each start".into()],
        confidence: 0.7,
        meaning: "What watches the files sees something that the program, a plugin or a tool beside it writes after each start, and restarts it for that.".into(),
        fix: "Leave what is written out of what is watched, or stop what writes it.".into(),
        ..case.cause_by_marks(&row, row.len(), |run| run.stop.or(run.exit))
    };
    let names_source =
        |text: &str| text.split([' ', '"', '\'', ',']).any(|word| SOURCES.iter().any(|end| word.ends_with(end)));
    if cause.evidence.iter().any(|line| names_source(&line.text)) {
        return None;
    }
    Some(of_row(case, &row, cause))
}

/// The longest row of runs that a change ended and of which this holds.
fn longest_row(case: &Case, holds: impl Fn(usize) -> bool) -> Vec<usize> {
    let is_own = |at: &usize| case.ends[*at] == End::Planned(Stopper::Change) && holds(*at);
    let all: Vec<usize> = (0..case.ends.len()).collect();
    let rows = all.chunk_by(|before, at| is_own(before) && is_own(at));
    rows.max_by_key(|row| row.len()).into_iter().flatten().copied().filter(is_own).collect()
}

fn of_row(case: &Case, row: &[usize], cause: Cause) -> Incident {
    let runs = || row.iter().map(|&at| &case.chronicle.runs[at]);
    let ready = runs().filter(|run| run.is_ready()).count();
    Incident {
        verdict: Verdict::Flapping,
        first: runs().find_map(Run::began).map(Time::rfc3339),
        last: runs().filter_map(Run::ended).max().map(Time::rfc3339),
        ongoing: row.last().is_some_and(|&last| last + 2 >= case.ends.len()),
        runs: row.len() as u64,
        restarts: row.len() as u64,
        ready_runs: ready as u64,
        causes: vec![cause],
        ..Incident::default()
    }
}
