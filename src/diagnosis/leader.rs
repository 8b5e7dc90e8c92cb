//! What holds for a service's streams as a whole: which one leads, and what each of them tells at all.

use super::part::{MarkKinds, Part};
use super::services::{Cast, actor_of};
use super::story::Story;
use crate::evidence::{ActorKind, Id, Told};
use crate::grammar::MarkKind;
use std::collections::{BTreeMap, BTreeSet};

/// What holds for a service as a whole and decides how single marks are taken.
pub struct Traits {
    pub tells_ready: bool,
    pub has_application: bool,
    /// By part: how good a leader it is.
    pub weight: Vec<(u8, usize)>,
    /// By part: whether it tells starts at all.
    pub has_starts: Vec<bool>,
    /// By part: the weak start that stands at the head of the log, if any; only its like counts.
    pub head_start: Vec<Option<Id>>,
    /// By part: whether a new pid is a new run.
    pub pids_are_runs: Vec<bool>,
    /// A manager tells of process starts; then weak ones only help to lay streams side by side.
    pub managed: bool,
    /// It tells of first starts alone.
    pub silent_respawns: bool,
    /// It tells of each process as well: its word of a service's start is that of its first process, said once more.
    pub tells_processes: bool,
    /// By part: how many runs it tells a start or an end of, at the least.
    pub landmarks: Vec<usize>,
    /// By part: whether it tells ends.
    pub tells_ends: Vec<bool>,
    /// By part: what the program calls itself when it starts.
    pub called: Vec<BTreeSet<Id>>,
    /// By part: no line of it has a time, so only the order of its events tells where they belong.
    pub untimed: Vec<bool>,
}

/// A weak start counts only where its first instance begins within so many bytes of its stream.
const LOG_HEAD: u64 = 8 << 10;

impl Traits {
    pub fn of(stories: &[Story], cast: &Cast) -> Traits {
        let marks = || cast.parts.iter().flat_map(Part::marks);
        let speakers = || {
            cast.parts.iter().flat_map(|part| part.speakers().into_iter().filter_map(|id| actor_of(stories, part, id)))
        };
        let tells_ready =
            speakers().any(|actor| actor.tells_ready) || marks().any(|mark| !mark.manager && mark.tells_ready);
        let has_application = cast.parts.iter().any(|part| {
            let own = part.marks().filter(|mark| !mark.manager).map(|mark| mark.actor);
            own.chain(part.kinds.fault_tellers.iter().copied())
                .any(|id| actor_of(stories, part, id).is_some_and(|actor| actor.kind == ActorKind::Application))
        });
        let sure_starts = marks().any(|mark| mark.kind == MarkKind::Start && !mark.weak && !mark.manager);
        let manager_starts = || marks().filter(|mark| mark.kind == MarkKind::Start && mark.manager);
        let managed = manager_starts().next().is_some();
        let silent_respawns = managed && manager_starts().all(|mark| mark.first_only);
        let of_first = manager_starts().find(|mark| mark.first_only).map(|mark| mark.step);
        let tells_processes =
            of_first.is_some_and(|step| manager_starts().any(|mark| !mark.first_only && mark.step < step));
        let head_start: Vec<Option<Id>> = cast.parts.iter().map(|part| head_start(part, sure_starts)).collect();
        let is_end = |mark: &Told| matches!(mark.kind, MarkKind::Exit | MarkKind::Fatal);
        let tells_ends = cast.parts.iter().map(|part| part.marks().any(is_end)).collect();
        let untimed = cast.parts.iter().map(|part| !part.kinds.is_timed).collect();
        let called = |part: &Part| {
            let own = part.marks().filter(|mark| mark.kind == MarkKind::Start && !mark.manager && mark.service != 0);
            own.map(|mark| mark.service).collect()
        };
        let called = cast.parts.iter().map(called).collect();
        let with_head = || cast.parts.iter().zip(&head_start);
        let weight = with_head().map(|(part, head)| weight(part, *head)).collect();
        let pids_are_runs: Vec<bool> = cast.parts.iter().map(|part| follow_each_other(stories, part)).collect();
        let has_starts = with_head()
            .zip(&pids_are_runs)
            .map(|((part, head), pids_are_runs)| {
                let usable = |mark: &Told| mark.kind == MarkKind::Start && (!mark.weak || Some(mark.words) == *head);
                *pids_are_runs || part.marks().any(usable)
            })
            .collect();
        let landmarks = with_head().map(|(part, head)| landmarks(part, *head)).collect();
        Traits {
            tells_ready,
            has_application,
            weight,
            has_starts,
            head_start,
            pids_are_runs,
            managed,
            silent_respawns,
            tells_processes,
            landmarks,
            tells_ends,
            called,
            untimed,
        }
    }
}

/// Whether a stream has the pids of several processes that came one after the other. Those of workers mix.
fn follow_each_other(stories: &[Story], part: &Part) -> bool {
    let pid_of = |id: Id| actor_of(stories, part, id).and_then(|actor| actor.run_pid);
    if part.speakers().into_iter().all(|id| pid_of(id).is_none()) {
        return false;
    }
    let mut met: BTreeSet<u32> = BTreeSet::new();
    let (mut latest, mut speaker) = (None, None);
    for event in &part.events {
        if speaker.replace(event.actor) == Some(event.actor) {
            continue;
        }
        let Some(pid) = pid_of(event.actor) else { continue };
        if latest != Some(pid) && !met.insert(pid) {
            return false;
        }
        latest = Some(pid);
    }
    met.len() > 1
}

/// The weak start at the head of a log, where no start is sure.
fn head_start(part: &Part, sure_starts: bool) -> Option<Id> {
    let first = part.kinds.marks.iter().find(|kind| kind.told.kind == MarkKind::Start && kind.told.weak)?;
    (!sure_starts && first.offset < LOG_HEAD).then_some(first.told.words)
}

/// How many runs a stream tells of, at the least: several words for one start or one end are one. What ends before the
/// first start ends other runs than those that start.
fn landmarks(part: &Part, head_start: Option<Id>) -> usize {
    let usable = |mark: &Told| match mark.kind {
        MarkKind::Start => !mark.weak || Some(mark.words) == head_start,
        MarkKind::Exit | MarkKind::Fatal => true,
        _ => false,
    };
    let mut counts: BTreeMap<(MarkKind, u8), usize> = BTreeMap::new();
    let mut first_start = None;
    for &MarkKinds { told: mark, count, offset, .. } in part.kinds.marks.iter().filter(|kind| usable(kind.told)) {
        *counts.entry((mark.kind, mark.step)).or_default() += count;
        if mark.kind == MarkKind::Start {
            first_start = Some(first_start.map_or(offset, |first: u64| first.min(offset)));
        }
    }
    let mut early: BTreeMap<(MarkKind, u8), usize> = BTreeMap::new();
    let before = part.events.iter().take_while(|event| first_start.is_some_and(|first| event.offset < first));
    for mark in before.filter_map(|event| event.mark()).filter(|mark| usable(mark)) {
        *early.entry((mark.kind, mark.step)).or_default() += 1;
    }
    let late = counts.iter().map(|(kind, count)| count.saturating_sub(early.get(kind).copied().unwrap_or(0)));
    early.values().copied().max().unwrap_or(0) + late.max().unwrap_or(0)
}

/// Managers lead, then those that tell of starts, then those that tell of ends.
fn weight(part: &Part, head_start: Option<Id>) -> (u8, usize) {
    // The steps of one boot are one start.
    let mut manager_starts = [0usize; 4];
    let (mut starts, mut weak_starts) = (0, 0);
    let mut ends = 0;
    for &MarkKinds { told: mark, count, .. } in &part.kinds.marks {
        match mark.kind {
            // What it may say more than once, or only when it is asked: no better than a program's own word.
            MarkKind::Start if mark.manager && mark.weak => weak_starts += count,
            MarkKind::Start if mark.manager => manager_starts[usize::from(mark.step.min(3))] += count,
            MarkKind::Start if !mark.weak || Some(mark.words) == head_start => starts += count,
            MarkKind::Exit | MarkKind::Fatal => ends += count,
            _ => {}
        }
    }
    match (manager_starts.into_iter().max().unwrap_or(0), starts.max(weak_starts), ends) {
        (0, 0, 0) => (0, 0),
        (0, 0, ends) => (1, ends),
        (0, starts, _) => (2, starts),
        (manager_starts, _, _) => (3, manager_starts),
    }
}
