//! One sequence of runs from what every stream tells: the same start told twice is one start.
//!
//! One stream leads: that of the service manager, or the one with the most starts. Its order is exact, so its runs are
//! read off it. The other streams are laid beside it, each with its own starts and ends as landmarks; what they know
//! more (a start that the leader missed, the end's reason, faults) is added. Marks lie, so a manager's "running" is
//! not readiness where the application has a word of its own for it.

use super::leader::Traits;
use super::readiness;
use super::runs::{AFTERMATH, Chronicle, Witnesses};
use super::services::Cast;
use super::story::Story;
use super::teller::{Origins, Silent, Stale, Teller};
use crate::grammar::{SECOND, Time};
use std::collections::BTreeSet;

/// What a manager calls running, and runs so long, was ready (nanoseconds).
const LIVED_ON: i64 = 300 * SECOND;

/// Reconciles all parts of a service.
pub fn chronicle<'e>(stories: &[Story<'e>], cast: &Cast<'e>) -> Chronicle<'e> {
    let traits = Traits::of(stories, cast);
    let mut chronicle = Chronicle {
        tells_ready: traits.tells_ready,
        has_application: traits.has_application || cast.has_silent_log,
        ..Chronicle::default()
    };
    let mut order: Vec<usize> = (0..cast.parts.len()).collect();
    order.sort_by_key(|&part| (std::cmp::Reverse(traits.weight[part]), part));
    for (nth, &part) in order.iter().enumerate() {
        let mut teller = Teller {
            stories,
            cast,
            traits: &traits,
            chronicle: &mut chronicle,
            part,
            leads: nth == 0,
            at: 0,
            silent: Silent::default(),
            stale: Stale::default(),
            origins: Origins::default(),
            pending: Vec::new(),
            complaints: Default::default(),
        };
        teller.tell();
    }
    let silent = !traits.tells_ready && chronicle.runs.iter().all(|run| run.ready.is_none());
    let last_lines: Vec<Option<Time>> = cast.parts.iter().map(|part| stories[part.story].last_time()).collect();
    readiness::settle(&mut chronicle, &traits.untimed, &last_lines, silent);
    settle(&mut chronicle, &last_lines);
    chronicle
}

/// What can be said only when all streams have told: readiness by the manager's word, the order of faults.
fn settle(chronicle: &mut Chronicle, last_lines: &[Option<Time>]) {
    let by_manager = !chronicle.has_application;
    // A program without a word for it, as far as it was ever seen: its manager's word counts where the run lived on.
    let has_no_word = !chronicle.tells_ready && chronicle.runs.iter().all(|run| run.ready.is_none());
    let refused: BTreeSet<(usize, u64)> = chronicle.refused.iter().map(|point| (point.part, point.offset)).collect();
    if let Some(run) = chronicle.runs.last_mut()
        && let Some(fatal) = run.fatal.filter(|fatal| fatal.mark.is_some_and(|mark| mark.weak))
        && run.exit.is_none()
        && last_lines[fatal.part].zip(fatal.time).is_some_and(|(last, fatal)| last.ns > fatal.ns + AFTERMATH)
    {
        // Its log goes on after the exception, so it does as well.
        run.fatal = None;
    }
    // A manager that waited for readiness with most starts waits for it with all, however soon it comes.
    let started = || chronicle.runs.iter().filter(|run| run.started.is_some());
    let waits = has_no_word && 2 * started().filter(|run| run.waited_for).count() > started().count();
    for run in &mut chronicle.runs {
        if run.waited_for || waits {
            run.manager_ready = run.manager_ready.or(run.started);
        }
        // A manager's end long after what looked like the program's last words: they were a child's, or caught.
        let lived_on = run.exit.and_then(|exit| exit.time).zip(run.fatal.and_then(|fatal| fatal.time));
        let asked = run.stop.and_then(|stop| stop.mark).is_some_and(|mark| mark.asked.is_some());
        if run.fatal.is_some_and(|fatal| asked || fatal.mark.is_some_and(|mark| mark.weak))
            && lived_on.is_some_and(|(exit, fatal)| exit.ns - fatal.ns > 5 * SECOND)
        {
            run.fatal = None;
        }
        // Nor did a program die by what looked so that its manager had to stop afterwards.
        let stopped = run.stop.filter(|stop| stop.mark.is_some_and(|mark| mark.manager)).and_then(|stop| stop.time);
        if run.fatal.is_some_and(|fatal| {
            let lived_on = fatal.time.zip(stopped).is_some_and(|(fatal, stopped)| stopped.ns > fatal.ns + AFTERMATH);
            fatal.mark.is_some_and(|mark| mark.weak) && lived_on
        }) {
            run.fatal = None;
        }
        // A refused start is no part of the run before it.
        let outside = run.faults.extract_if(.., |fault| refused.contains(&(fault.part, fault.offset)));
        chronicle.loose.extend(outside);
        let lived_on = run.ended().zip(run.manager_ready.and_then(|ready| ready.time));
        let lived_on = has_no_word && lived_on.is_some_and(|(end, ready)| end.ns - ready.ns > LIVED_ON);
        if (by_manager || lived_on || waits && run.started.is_some() || has_no_word && run.waited_for)
            && let Some(point) = run.manager_ready
        {
            // Running a moment before its end is not ready.
            let ended_at_once = run
                .exit
                .and_then(|exit| exit.time)
                .zip(point.time)
                .is_some_and(|(exit, ready)| exit.ns - ready.ns < 5 * SECOND);
            let asked = run.stop.is_some();
            if !ended_at_once || asked {
                run.ready = Some(point);
            }
        }
        run.witnesses = Witnesses::default();
        run.order_faults();
    }
}
