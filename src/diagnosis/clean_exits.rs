//! Runs that end by themselves and call it success, and are started again at once: a loop without an error.

use super::case::Case;
use super::model::Cause;

/// So many such ends are a loop of their own.
const LEAST: usize = 3;

/// The cause of those failed runs of which nothing else tells, if they are most of all, and the runs.
pub fn cause(case: &Case, failed: &[usize], unexplained: &[usize]) -> Option<(Cause, Vec<usize>)> {
    let clean: Vec<usize> = unexplained.iter().copied().filter(|&at| is_clean(case, at)).collect();
    if clean.len() < LEAST || clean.len() * 2 <= failed.len() {
        return None;
    }
    let cause = Cause {
        id: "clean-exit".into(),
        title: "The program ends by itself, calls it success, and is started again".into(),
        why: vec![format!("{} of {} failed runs ended with status 0, and no error or stop stands before", clean.len(), failed.len())],
        meaning: "It has done what it was started for, or has put itself into the background, and its manager takes that for an end.".into(),
        fix: "Let the program stay in the foreground, or tell the manager that it is a job (no restart after success).".into(),
        ..case.cause_by_marks(&clean, failed.len(), |run| run.exit)
    };
    Some((cause, clean))
}

fn is_clean(case: &Case, at: usize) -> bool {
    let run = &case.chronicle.runs[at];
    let exit = run.exit.and_then(|exit| exit.mark);
    let quiet = run.stop.is_none() && run.fatal.is_none() && run.killed.is_none();
    quiet && exit.is_some_and(|mark| mark.code == Some(0) && mark.signal == 0)
}
