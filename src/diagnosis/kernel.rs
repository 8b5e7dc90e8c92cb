//! What the kernel tells of processes that it ended, and whose they were.
//!
//! The kernel names a command (`node`, `java`), rarely the service. What it says is lent to the run that ended at that
//! moment, by a kill if any did; a name that is another service's own speaks against it.

use super::ends::is_killed;
use super::labels::same_name;
use super::node::{KERNEL, KILLER};
use super::part::Part;
use super::runs::{Chronicle, FaultSeen, Killer, Run, asker};
use super::services::{Cast, application_program};
use super::story::{Event, Story, What};
use crate::grammar::{SECOND, Time};
use std::collections::BTreeSet;

/// A manager may tell of an end so long before or after the kernel's line (nanoseconds).
const BEFORE: i64 = 2 * SECOND;
const AFTER: i64 = 5 * SECOND;
/// The kernel keeps so many bytes of a command's name.
const COMMAND: usize = 15;

/// Gives the kernel's lines to the services whose runs they ended. A lone service gets all of them; else what is left
/// is a service of its own.
pub fn lend<'e>(stories: &[Story<'e>], casts: &mut Vec<Cast<'e>>, chronicles: &mut Vec<Chronicle<'e>>) {
    let Some(at) = casts.iter().position(|cast| cast.name == KERNEL) else { return };
    let kernel = casts.remove(at);
    chronicles.remove(at);
    if casts.is_empty() {
        chronicles.push(super::reconcile::chronicle(stories, &kernel));
        casts.push(kernel);
        return;
    }
    let programs: Vec<BTreeSet<&str>> = casts.iter().map(|cast| programs(stories, cast)).collect();
    let mut left: Vec<Part> = Vec::new();
    for part in kernel.parts {
        let mut kept = Vec::new();
        let mut lent: Vec<Option<usize>> = vec![None; casts.len()];
        for event in part.events {
            let actor = stories[part.story].actor(event.actor);
            let victim = actor.map_or("", |actor| actor.service.as_str());
            let killer = match actor {
                Some(actor) if actor.program == KILLER => Killer::Process,
                _ => Killer::Kernel,
            };
            let ended = best_run(stories, casts, chronicles, &programs, victim, killer, (part.story, &event));
            let says_whom = !victim.is_empty() || ended.is_some() && killer == Killer::Process;
            let found = ended.or_else(|| {
                let lone = chronicles.len() == 1;
                lone.then(|| (0, run_at(&chronicles[0], event.time)))
            });
            let (Some((owner, run)), What::Fault { id, count, .. }) = (found, event.what) else {
                kept.push(event);
                continue;
            };
            let cast = &mut casts[owner];
            let index = *lent[owner].get_or_insert_with(|| {
                cast.parts.push(Part::new(part.story, Vec::new(), false));
                cast.parts.len() - 1
            });
            cast.parts[index].kinds.fault_tellers.insert(event.actor);
            let Event { actor, offset, time, .. } = event;
            let seen =
                FaultSeen { fault: id, actor, part: index, offset, time, count, untimed: false, after_ready: false };
            match run.and_then(|run| chronicles[owner].runs.get_mut(run)) {
                Some(run) => {
                    run.killed = run.killed.or(says_whom.then_some(killer));
                    run.faults.push(seen);
                }
                None => chronicles[owner].loose.push(seen),
            }
        }
        if !kept.is_empty() {
            left.push(Part::new(part.story, kept, false));
        }
    }
    chronicles.iter_mut().flat_map(|chronicle| &mut chronicle.runs).for_each(Run::order_faults);
    if !left.is_empty() {
        let rest = Cast { parts: left, ..kernel };
        chronicles.push(super::reconcile::chronicle(stories, &rest));
        casts.push(rest);
    }
}

fn programs<'e>(stories: &[Story<'e>], cast: &Cast<'e>) -> BTreeSet<&'e str> {
    let of = |part: &Part<'e>| {
        let story = &stories[part.story];
        let by_marks = part.marks().filter_map(|mark| application_program(story, mark.actor, Some(mark)));
        let tellers = part.kinds.fault_tellers.iter();
        by_marks.chain(tellers.filter_map(|&actor| application_program(story, actor, None))).collect::<Vec<_>>()
    };
    cast.parts.iter().flat_map(of).collect()
}

/// How well a run fits what the kernel says, the least best: whose name it is, whether it was not killed, whether it goes
/// on, how far off its end is (nanoseconds), and how far on in the log (bytes).
type Fit = (u8, bool, bool, i64, u64);

/// The service and the run that a process of this name, killed then, was of.
fn best_run(
    stories: &[Story],
    casts: &[Cast],
    chronicles: &[Chronicle],
    programs: &[BTreeSet<&str>],
    victim: &str,
    killer: Killer,
    (story, event): (usize, &Event),
) -> Option<(usize, Option<usize>)> {
    let time = event.time?;
    let is_own = |at: usize| is_named(victim, &casts[at].name);
    let mut best: Option<(Fit, usize, usize)> = None;
    for (owner, chronicle) in chronicles.iter().enumerate() {
        let affinity = match () {
            () if victim.is_empty() => 2,
            () if is_own(owner) => 0,
            () if (0..casts.len()).any(is_own) => continue,
            () if programs[owner].iter().any(|program| is_named(victim, program)) => 1,
            () => 2,
        };
        // A start at or after the kill bounds the runs that can have ended by it.
        let after = chronicle.runs.partition_point(|run| run.began().is_none_or(|began| began.ns <= time.ns + AFTER));
        for run in after.saturating_sub(3)..after {
            let next = chronicle.runs.get(run + 1).and_then(Run::began);
            let Some((killed, distance)) = ended_by(stories, &casts[owner], &chronicle.runs[run], next, time) else {
                continue;
            };
            // Whoever is asked politely leaves as if by itself.
            let killed = killed || killer == Killer::Process && is_stopped(&chronicle.runs[run], time);
            if !killed && affinity > 0 {
                continue;
            }
            // In one log of whole seconds the next end after the line is the one that it tells of.
            let exit = chronicle.runs[run].exit;
            let goes_on = exit.is_none();
            let exit = exit.filter(|exit| casts[owner].parts[exit.part].story == story);
            let further = exit.map_or(0, |exit| exit.offset.checked_sub(event.offset).unwrap_or(u64::MAX));
            let key = (affinity, !killed, goes_on, distance, further);
            if best.is_none_or(|(known, ..)| key < known) {
                best = Some((key, owner, run));
            }
        }
    }
    best.map(|(_, owner, run)| (owner, Some(run)))
}

/// Whether a run was told to stop just then, by nobody whom its own logs name.
fn is_stopped(run: &Run, time: Time) -> bool {
    let stopped = run.stop.and_then(|stop| stop.time);
    asker(run).is_none() && stopped.is_some_and(|stop| (time.ns - BEFORE..=time.ns + AFTER).contains(&stop.ns))
}

/// Whether a run can have ended by a kill at that time: whether its end looks like one, and how far off it is.
fn ended_by(stories: &[Story], cast: &Cast, run: &Run, next: Option<Time>, time: Time) -> Option<(bool, i64)> {
    let last = time.ns + time.resolution();
    if run.began().is_some_and(|began| began.ns > last + SECOND) {
        return None;
    }
    match run.exit.and_then(|exit| Some((exit, exit.time?))) {
        Some((exit, ended)) => {
            let code = exit.mark.and_then(|mark| mark.code);
            let story = &stories[cast.parts[exit.part].story];
            let signal = exit.mark.map_or("", |mark| story.string(mark.signal));
            let near = (time.ns - BEFORE..=last + AFTER).contains(&ended.ns);
            near.then_some((is_killed(code, signal), (ended.ns - time.ns).abs()))
        }
        None => {
            let silent = run.last_seen.is_none_or(|seen| seen.ns <= last + BEFORE);
            let before_next = next.is_none_or(|next| time.ns <= next.ns + SECOND);
            // What follows at once tells more than the last line that meant something.
            let near = next.or(run.last_seen).map_or(0, |near| (time.ns - near.ns).abs());
            (silent && before_next && run.fatal.is_none()).then_some((true, near))
        }
    }
}

/// The run that was alive at a time.
fn run_at(chronicle: &Chronicle, time: Option<Time>) -> Option<usize> {
    let time = time?;
    chronicle.runs.partition_point(|run| run.began().is_none_or(|began| began.ns <= time.ns)).checked_sub(1)
}

/// Whether a command's name, cut by the kernel, is this one.
fn is_named(command: &str, name: &str) -> bool {
    let cut = command.len() >= COMMAND && name.starts_with(command);
    // `mysqld` is of the service `mysql`.
    let daemon = command.strip_suffix('d').is_some_and(|stem| stem.eq_ignore_ascii_case(name));
    !command.is_empty() && (cut || daemon || same_name(command, name))
}
