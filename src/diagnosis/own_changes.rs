//! Restarts for changed files, which are planned, where the files are what the program itself writes: a loop of its own
//! making.

use super::case::Case;
use super::ends::{End, Stopper};
use super::model::{Incident, Verdict};
use super::runs::Run;
use crate::grammar::Time;
use crate::signature::Role;

/// So many in a row are no accident.
const LEAST: usize = 4;
/// The signature of such a file.
const OWN_FILE: &str = "watch-own-file";

/// The longest row of runs that ended so.
pub fn incident(case: &Case) -> Option<Incident> {
    let (id, _) = case.faults.iter().find(|(_, fault)| fault.id == OWN_FILE)?;
    let had = case.sightings.runs(id);
    let is_own = |at: &usize| case.ends[*at] == End::Planned(Stopper::Change) && had.binary_search(at).is_ok();
    let all: Vec<usize> = (0..case.ends.len()).collect();
    let rows = all.chunk_by(|before, at| is_own(before) && is_own(at));
    let row: Vec<usize> = rows.max_by_key(|row| row.len())?.iter().copied().filter(is_own).collect();
    if row.len() < LEAST {
        return None;
    }
    let mut cause = case.cause(id, Role::Root, &row, row.len())?;
    cause.confidence = 0.7;
    cause.why = vec![format!("{} runs in a row were ended for such a file, and none of them failed", row.len())];
    let runs = || row.iter().map(|&at| &case.chronicle.runs[at]);
    let ready = runs().filter(|run| run.is_ready()).count();
    Some(Incident {
        verdict: Verdict::Flapping,
        first: runs().find_map(Run::began).map(Time::rfc3339),
        last: runs().filter_map(Run::ended).max().map(Time::rfc3339),
        ongoing: row.last().is_some_and(|&last| last + 2 >= case.ends.len()),
        runs: row.len() as u64,
        restarts: row.len() as u64,
        ready_runs: ready as u64,
        causes: vec![cause],
        ..Incident::default()
    })
}
