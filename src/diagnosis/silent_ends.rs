//! Runs that a signal ends again and again, without an error or a word of who sends it: the end itself is all that these
//! logs know, and it is shown for what it is. An exit status alone says nothing: of those nobody can tell.

use super::aspects::Aspects;
use super::case::{Case, MAX_LINES, share};
use super::ends::{End, Stopper, is_crash};
use super::model::{Cause, EvidenceLine};
use crate::evidence::Id;
use std::collections::{BTreeMap, BTreeSet};

/// So many such ends are no accident.
const LEAST: usize = 2;
/// They are at least this share of the failed runs: fewer may be runs whose errors were lost.
const SHARE: f64 = 0.25;

/// How a run ended of which nothing else is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// By a signal that a program's own mistake brings about.
    Crash,
    /// By SIGKILL.
    Killed,
    /// Told to stop by somebody.
    Stopped,
}

/// Exit statuses of a shell whose child died by SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE or SIGSEGV.
const CRASHES: [i32; 6] = [132, 133, 134, 135, 136, 139];

impl Way {
    fn of(case: &Case, at: usize) -> Option<Way> {
        let run = &case.chronicle.runs[at];
        let exit = || run.exit.and_then(|point| Some((point, point.mark?)));
        match case.ends[at] {
            End::Unplanned(Stopper::Unknown) if run.stop.is_some() => Some(Way::Stopped),
            End::Unplanned(Stopper::Killed) if run.killed.is_none() => Some(Way::Killed),
            End::Unplanned(Stopper::Itself) => {
                let (point, mark) = exit()?;
                let Aspects { stories, cast } = case.aspects;
                let crashed = is_crash(stories[cast.parts[point.part].story].string(mark.signal));
                let by_shell = mark.code.is_some_and(|code| CRASHES.contains(&code));
                (crashed || by_shell).then_some(Way::Crash)
            }
            _ => None,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Way::Crash => "The program dies by a signal of its own making, without a word",
            Way::Killed => "Somebody kills the program (SIGKILL), and these logs do not name him",
            Way::Stopped => "Somebody tells the program to stop, and these logs do not name him",
        }
    }

    fn id(self) -> &'static str {
        match self {
            Way::Crash => "silent-crash",
            Way::Killed => "unknown-killer",
            Way::Stopped => "unknown-stopper",
        }
    }

    fn meaning(self) -> &'static str {
        match self {
            Way::Crash => {
                "Native code went wrong: a broken or unfit library, a processor without the instructions, damaged memory."
            }
            Way::Killed => {
                "The kernel for want of memory, a manager after its patience, a script, or a person: only their logs tell."
            }
            Way::Stopped => {
                "A second manager, a scheduled job, a script, a session that ended, or a person: only their logs tell."
            }
        }
    }

    fn fix(self) -> &'static str {
        match self {
            Way::Crash => "Look at the core dump (coredumpctl, crash reports), and start it by hand under a debugger.",
            Way::Killed => "Read the kernel's log of these moments and those of whatever watches the service.",
            Way::Stopped => "Find who sends the signal: audit logs, cron, a second supervisor.",
        }
    }
}

/// The causes of those failed runs of which nothing else tells, by how they ended, and the runs.
pub fn causes(case: &Case, failed: &[usize], unexplained: &[usize]) -> Vec<(Cause, Vec<usize>)> {
    let mut by_way: BTreeMap<Way, Vec<usize>> = BTreeMap::new();
    for &at in unexplained {
        if let Some(way) = Way::of(case, at) {
            by_way.entry(way).or_default().push(at);
        }
    }
    // Where others end so for a reason, these do for the same: only their errors are lost.
    let is_explained = |at: &&usize| unexplained.binary_search(at).is_err();
    let known: BTreeSet<Way> = failed.iter().filter(is_explained).filter_map(|&at| Way::of(case, at)).collect();
    let enough = |(way, runs): &(Way, Vec<usize>)| {
        runs.len() >= LEAST && share(runs.len(), failed.len()) >= SHARE && !known.contains(way)
    };
    let cause = |(way, runs): (Way, Vec<usize>)| {
        let stops = way == Way::Stopped;
        let cause = case.cause_by_marks(&runs, failed.len(), |run| if stops { run.stop } else { run.exit });
        let evidence = with_managers_word(case, &runs, cause.evidence);
        let all = runs.len();
        let cause = Cause {
            id: way.id().into(),
            title: way.title().into(),
            why: vec![format!("{all} of {} failed runs ended so, and nothing before says why", failed.len())],
            meaning: way.meaning().into(),
            fix: way.fix().into(),
            confidence: 0.4,
            evidence,
            ..cause
        };
        (cause, runs)
    };
    by_way.into_iter().filter(enough).map(cause).filter(|(cause, _)| !cause.evidence.is_empty()).collect()
}

/// A shell may say how a process ended, and the manager of its container with which status: one line of the latter, too.
fn with_managers_word(case: &Case, runs: &[usize], mut lines: Vec<EvidenceLine>) -> Vec<EvidenceLine> {
    let seen = runs.iter().flat_map(|&at| &case.chronicle.runs[at].faults).map(|seen| seen.fault);
    let is_managers = |id: &Id| case.faults.get(*id).is_some_and(|fault| fault.by_manager && fault.signature.is_some());
    let told: BTreeSet<Id> = seen.filter(is_managers).collect();
    let word = case.lines.of(&Vec::from_iter(told), (None, None), 1);
    if word.iter().any(|line| lines.iter().all(|known| (&known.path, known.line) != (&line.path, line.line))) {
        lines.truncate(MAX_LINES - 1);
        lines.extend(word);
    }
    lines
}
