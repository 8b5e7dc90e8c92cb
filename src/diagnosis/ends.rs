//! How each run ended: planned or not, and by whose hand.
//!
//! A stop that somebody known asked for is planned, and so is a lone one by an unknown sender. The same stop again and
//! again is a loop by another name, and then its sender is the cause.

use super::runs::{Chronicle, Killer, Run, asker};
use super::story::Story;
use crate::evidence::Id;
use crate::grammar::{Asker, SECOND};
use std::collections::BTreeMap;

/// Who ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stopper {
    Itself,
    Operator,
    Updater,
    /// A change of files or configuration.
    Change,
    Manager,
    /// The manager or a watchdog of its own, because it did not answer, was too slow or too large.
    Watchdog,
    /// A probe that failed.
    Probe,
    /// A start that clears the port or the pid file of the process before it.
    StalePidKiller,
    /// The kernel, for a fault in the program.
    Kernel,
    /// The kernel, for want of memory.
    OomKiller,
    /// By a signal from outside: a script, a probe, a stop that took too long, or what no log tells.
    Killed,
    /// A stop by a sender that nothing names.
    Unknown,
}

impl Stopper {
    pub fn word(self) -> &'static str {
        match self {
            Stopper::Itself => "itself",
            Stopper::Operator => "operator",
            Stopper::Updater => "updater",
            Stopper::Change => "change",
            Stopper::Manager => "manager",
            Stopper::Watchdog => "watchdog",
            Stopper::Probe => "probe",
            Stopper::StalePidKiller => "stale-pid-killer",
            Stopper::Kernel => "kernel",
            Stopper::OomKiller => "oom-killer",
            Stopper::Killed => "killed",
            Stopper::Unknown => "unknown",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It still runs, as far as the evidence goes.
    Open,
    Planned(Stopper),
    Unplanned(Stopper),
}

impl End {
    pub fn is_unplanned(self) -> bool {
        matches!(self, End::Unplanned(_))
    }
}

/// Signatures of killing for memory.
const OUT_OF_MEMORY: [&str; 5] = ["kernel-oom", "systemd-oom", "systemd-oomd", "k8s-oomkilled", "earlyoom"];

/// Signatures of a start that ends the process before it.
pub const PORT_CLEARERS: [&str; 2] = ["openclaw-stale-pid-cleared", "port-holder-stopped"];

/// Whose hand it was, more exactly: by what was seen in the run, and by the cause that it was found to die of.
pub fn hand(end: End, cause: Option<&str>, has: impl Fn(&str) -> bool) -> Option<Stopper> {
    let (End::Planned(stopper) | End::Unplanned(stopper)) = end else { return None };
    Some(match stopper {
        Stopper::Watchdog if ["k8s-liveness", "k8s-startup"].into_iter().any(&has) => Stopper::Probe,
        Stopper::Unknown if cause.is_some_and(|cause| PORT_CLEARERS.contains(&cause)) => Stopper::StalePidKiller,
        Stopper::Kernel | Stopper::Killed if OUT_OF_MEMORY.into_iter().any(&has) => Stopper::OomKiller,
        Stopper::Itself if cause.is_some_and(|cause| OUT_OF_MEMORY.contains(&cause)) => Stopper::OomKiller,
        stopper => stopper,
    })
}

/// Lifetimes under this, again and again, are no planned operation (nanoseconds).
const SHORT_LIFE: i64 = 600 * SECOND;
/// So many stops in a row by nobody known are a loop; where who sends them shows himself, and of ends that nobody asked
/// for, fewer are.
const LOOP: usize = 6;
const SHOWN: usize = 4;
const GIVEN_UP: usize = 2;
/// A start this soon after a clean end is a restart by rule, not by hand.
const AT_ONCE: i64 = 60 * SECOND;

/// What a run's own errors say of its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    None,
    /// It has an error of its own.
    Error,
    /// The program called it fatal, just before it stopped or ended: nobody else ended it.
    Fatal,
}

/// So many stops that the same error led to are a loop.
const LED_TO: usize = 3;

/// The end of each run, in the order of the runs; `omens` are errors that a run has just before its end and never else, and
/// `clears` asks whether one tells that it cleared away another.
pub fn ends(
    stories: &[Story],
    parts: &[usize],
    chronicle: &Chronicle,
    trouble: impl Fn(&Run) -> Trouble,
    omens: impl Fn(&Run) -> Vec<Id>,
    clears: impl Fn(&Run) -> bool,
) -> Vec<End> {
    let runs = &chronicle.runs;
    let mut ends: Vec<End> = runs
        .iter()
        .enumerate()
        .map(|(at, run)| first_look(stories, parts, run, next_of(runs, at), trouble(run)))
        .collect();
    // Stops by nobody known, and clean ends by nobody at all: planned when alone, a loop when they repeat at once.
    let suspect = |end: &End, run: &Run, next: Option<&Run>| {
        // Without times what never became ready was short, and came again at once; so was what ended and nobody asked.
        let is_asked = || run.stop.is_some() || run.exit.is_none();
        let is_untimed = run.ended().is_none() && (!run.is_ready() || !is_asked());
        let short = is_untimed || run.lived().is_some_and(|lived| lived < SHORT_LIFE);
        let again = next.is_some_and(|next| {
            is_untimed || next.began().zip(run.ended()).is_some_and(|(next, ended)| next.ns - ended.ns < AT_ONCE)
        });
        *end == End::Planned(Stopper::Unknown) && short && again
    };
    let suspects: Vec<usize> = (0..runs.len()).filter(|&at| suspect(&ends[at], &runs[at], next_of(runs, at))).collect();
    // An end that nobody asked for needs no sender.
    let is_asked = |row: &[usize]| 2 * row.iter().filter(|&&at| runs[at].stop.is_some()).count() > row.len();
    let shows = |at: &&usize| clears(&runs[**at]) || next_of(runs, **at).is_some_and(&clears);
    let is_shown = suspects.iter().filter(shows).take(SHOWN).count() == SHOWN;
    // A manager that gave up calls it a failure itself.
    let least = |row: &[usize]| match chronicle.gave_up.is_empty() {
        true if is_asked(row) && !is_shown => LOOP,
        true => SHOWN,
        false => GIVEN_UP,
    };
    // What failed between them is no rest.
    let in_a_row = |before: &usize, at: &usize| ends[before + 1..*at].iter().all(|end| end.is_unplanned());
    if suspects.chunk_by(in_a_row).any(|row| row.len() >= least(row)) {
        for at in suspects {
            ends[at] = End::Unplanned(Stopper::Unknown);
        }
    }
    led_to(runs, &mut ends, omens);
    ends
}

/// Stops that one error led to each time were not asked for: by nobody known, or by a signal to a start that came to
/// nothing.
fn led_to(runs: &[Run], ends: &mut [End], omens: impl Fn(&Run) -> Vec<Id>) {
    let may_be = |at: usize| match ends[at] {
        End::Planned(Stopper::Unknown) => true,
        End::Planned(Stopper::Operator) => !runs[at].is_ready(),
        _ => false,
    };
    let stops: Vec<(usize, Vec<Id>)> =
        (0..runs.len()).filter(|&at| may_be(at)).map(|at| (at, omens(&runs[at]))).collect();
    let mut counts: BTreeMap<Id, usize> = BTreeMap::new();
    stops.iter().flat_map(|(_, ids)| ids).for_each(|id| *counts.entry(*id).or_default() += 1);
    let is_led = |(_, ids): &&(usize, Vec<Id>)| ids.iter().any(|id| counts[id] >= LED_TO);
    let led: Vec<usize> = stops.iter().filter(is_led).map(|(at, _)| *at).collect();
    if 2 * led.len() > stops.len() {
        for at in led {
            ends[at] = End::Unplanned(if runs[at].is_ready() { Stopper::Unknown } else { Stopper::Itself });
        }
    }
}

/// The next run of the same instance.
fn next_of<'r, 'e>(runs: &'r [Run<'e>], at: usize) -> Option<&'r Run<'e>> {
    runs[at + 1..].iter().find(|run| run.instance == runs[at].instance)
}

fn first_look(stories: &[Story], parts: &[usize], run: &Run, next: Option<&Run>, trouble: Trouble) -> End {
    let has_error = trouble > Trouble::None;
    let exit = run.exit.and_then(|point| Some((point, point.mark?)));
    let signal = exit.map(|(point, mark)| stories[parts[point.part]].string(mark.signal)).unwrap_or_default();
    let code = exit.and_then(|(_, mark)| mark.code);
    let stopped_first = match (run.stop.and_then(|stop| stop.time), run.fatal.and_then(|fatal| fatal.time)) {
        (Some(stop), Some(fatal)) => stop <= fatal,
        (Some(_), None) => true,
        (None, _) => run.stop.is_some() && run.fatal.is_none(),
    };
    // No stop asks for these.
    if let Some(killer) = run.killed {
        return End::Unplanned(match killer {
            Killer::Kernel => Stopper::Kernel,
            Killer::Process => Stopper::Killed,
        });
    }
    if is_crash(signal) {
        return End::Unplanned(Stopper::Itself);
    }
    if run.fatal.is_some() && !stopped_first || trouble == Trouble::Fatal && asker(run).is_none() {
        return End::Unplanned(Stopper::Itself);
    }
    if let Some(asker) = asker(run)
        && (run.stop.is_none() || stopped_first)
    {
        return match asker {
            Asker::Operator => End::Planned(Stopper::Operator),
            Asker::Updater => End::Planned(Stopper::Updater),
            Asker::Change => End::Planned(Stopper::Change),
            Asker::Manager => End::Planned(Stopper::Manager),
            Asker::Watchdog => End::Unplanned(Stopper::Watchdog),
        };
    }
    if is_done(run, next, code, signal, has_error) {
        return End::Planned(Stopper::Itself);
    }
    // It says itself that it stops, by no signal that it names, before it ever was ready, and with an error.
    let names_nobody = run.stop.and_then(|stop| stop.mark).is_some_and(|mark| mark.signal == 0);
    let fails = code.is_some_and(|code| !matches!(code, 0 | 130 | 137 | 143)) && signal.is_empty();
    if names_nobody && fails && !run.is_ready() {
        return End::Unplanned(Stopper::Itself);
    }
    if run.stop.is_some() && stopped_first {
        // A crash while stopping is still a stop.
        return if run.exit.is_some() || next.is_some() || run.fatal.is_some() {
            End::Planned(Stopper::Unknown)
        } else {
            End::Open
        };
    }
    match (run.exit.is_some(), code) {
        // pm2 writes `code [0] via signal [SIGKILL]`.
        (true, None | Some(0)) if is_kill(signal) => End::Unplanned(Stopper::Killed),
        (true, Some(0)) => End::Planned(Stopper::Unknown),
        (true, None) if is_term(signal) => End::Planned(Stopper::Unknown),
        (true, Some(137)) => End::Unplanned(Stopper::Killed),
        (true, Some(143)) => End::Planned(Stopper::Unknown),
        (true, Some(_)) => End::Unplanned(Stopper::Itself),
        // The application says goodbye and nobody tells a code; it failed if it never became ready and has an error. Of a
        // run that began before the log its manager would tell a failure.
        (true, None) if signal.is_empty() && has_error && !run.is_ready() && !began_before(run) => {
            End::Unplanned(Stopper::Itself)
        }
        (true, None) if signal.is_empty() => End::Planned(Stopper::Unknown),
        (true, None) => End::Unplanned(Stopper::Itself),
        // It went on beside the next one.
        (false, _) if run.beside => End::Open,
        // Who starts the next one says whose wish it was, where it would have told of an end.
        (false, _) if next.and_then(|next| next.start?.mark?.asked) == Some(Asker::Operator) => {
            End::Planned(Stopper::Operator)
        }
        (false, _) if next.is_some_and(|next| !next.in_process) => {
            // Gone without a word: nobody knows by whose hand.
            End::Unplanned(if has_error { Stopper::Itself } else { Stopper::Unknown })
        }
        (false, _) if next.is_some() => End::Planned(Stopper::Change),
        (false, _) => End::Open,
    }
}

/// Whether a manager tells the end of a run of which nobody told a start.
fn began_before(run: &Run) -> bool {
    run.start.is_none() && run.exit.and_then(|exit| exit.mark).is_some_and(|mark| mark.manager)
}

/// Whether a run did its work and ended: by its manager's word, or a quiet one that leaves long before the next begins.
fn is_done(run: &Run, next: Option<&Run>, code: Option<i32>, signal: &str, has_error: bool) -> bool {
    if run.exit.is_some() || run.job {
        return run.job && signal.is_empty() && matches!(code, None | Some(0));
    }
    let gap = next.and_then(|next| Some(next.began()?.ns - run.last_seen?.ns));
    // A manager that tells starts tells crashes too.
    let suggested =
        run.start.and_then(|start| start.mark).is_some_and(|mark| mark.weak || mark.learned || mark.manager);
    suggested && !run.is_ready() && !has_error && gap.is_some_and(|gap| gap >= AT_ONCE)
}

/// Whether a signal or a code tells that something outside the program ended it, or that its memory was at fault.
pub(super) fn is_killed(code: Option<i32>, signal: &str) -> bool {
    is_kill(signal) || is_crash(signal) || code.is_some_and(|code| matches!(code, -11 | -9 | -6 | 132..=139))
}

pub(super) fn is_crash(signal: &str) -> bool {
    let signal = signal.to_ascii_uppercase();
    // Some write the number.
    ["4", "6", "7", "8", "11"].contains(&signal.as_str())
        || ["SEGV", "ABRT", "BUS", "ILL", "FPE"].iter().any(|name| signal.ends_with(name)) && !signal.ends_with("KILL")
        || ["SEGMENTATION FAULT", "ABORT", "BUS ERROR", "ILLEGAL INSTRUCTION"].iter().any(|name| signal.contains(name))
}

fn is_kill(signal: &str) -> bool {
    let signal = signal.to_ascii_uppercase();
    signal.contains("KILL") || signal.starts_with("9/") || signal == "9"
}

fn is_term(signal: &str) -> bool {
    let signal = signal.to_ascii_uppercase();
    ["TERM", "INT", "HUP"].iter().any(|name| signal.ends_with(name)) || signal == "15"
}
