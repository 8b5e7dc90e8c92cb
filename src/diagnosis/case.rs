//! Everything about one service that its incidents are made of, and a cause as the model tells it.

use super::Without;
use super::aspects::Aspects;
use super::ends::End;
use super::evidence_lines::Lines;
use super::faults::Faults;
use super::model::Cause;
use super::runs::{Chronicle, FaultSeen, Point, Run};
use super::sightings::{Sighting, Sightings};
use crate::evidence::Id;
use crate::grammar::Time;
use crate::signature::Role;
use std::collections::BTreeSet;

/// Evidence lines of one cause at most.
pub const MAX_LINES: usize = 5;

/// Everything about one service that its incidents are made of.
pub struct Case<'c, 'e> {
    pub chronicle: &'c Chronicle<'e>,
    pub ends: &'c [End],
    pub faults: &'c Faults<'c>,
    pub lines: &'c Lines<'c, 'e>,
    pub aspects: Aspects<'c, 'e>,
    pub sightings: Sightings,
    /// How many runs became ready and did not end unplanned.
    pub good: usize,
    pub without: Without,
}

impl<'c, 'e> Case<'c, 'e> {
    /// The time of the last line of its streams.
    pub fn last_line(&self) -> Option<Time> {
        let Aspects { stories, cast } = self.aspects;
        cast.parts.iter().filter_map(|part| stories[part.story].last_time()).max()
    }

    /// Every fault that was seen, in a run or outside of all.
    pub fn all_seen(&self) -> impl Iterator<Item = &FaultSeen> {
        self.chronicle.runs.iter().flat_map(|run| &run.faults).chain(&self.chronicle.loose)
    }

    /// The faults that stand on the lines of some points.
    pub fn faults_at(&self, points: &[Point]) -> BTreeSet<Id> {
        let places: BTreeSet<(usize, u64)> = points.iter().map(|point| (point.part, point.offset)).collect();
        self.all_seen().filter(|seen| places.contains(&(seen.part, seen.offset))).map(|seen| seen.fault).collect()
    }

    /// A cause with what is known of its fault and of the runs that have it, which are in order; how sure it is, others
    /// say.
    pub fn cause(&self, id: Id, role: Role, runs: &[usize], failed: usize) -> Option<Cause> {
        let fault = self.faults.get(id)?;
        let seen: Vec<&Sighting> = self.sightings.within(id, runs).collect();
        let times = || seen.iter().filter_map(|seen| seen.time);
        let after_ready = seen.iter().filter(|seen| seen.after_ready).count();
        let window = (times().min(), times().max());
        // A line without a time has that of a line before, which may be the start of the run.
        let began = runs.first().and_then(|&first| self.chronicle.runs[first].began());
        let lines_from = began.into_iter().chain(window.0).min();
        Some(Cause {
            id: fault.id.clone(),
            title: fault.title(),
            role: word(role),
            phase: if after_ready * 2 > seen.len() { "runtime".into() } else { "init".into() },
            runs: runs.len() as u64,
            share: share(runs.len(), failed),
            first: window.0.map(Time::rfc3339),
            last: window.1.map(Time::rfc3339),
            masked: false,
            explains: Vec::new(),
            comes_of: None,
            confidence: 0.5,
            why: Vec::new(),
            meaning: fault
                .signature
                .map_or_else(|| "An error that no signature knows.".into(), |signature| signature.meaning.clone()),
            fix: fault.signature.map_or_else(
                || "Read the evidence lines; look for what changed just before the first one.".into(),
                |signature| signature.fix.clone(),
            ),
            template: fault.template.map(Into::into),
            evidence: self.lines.of(&[id], (lines_from, window.1), MAX_LINES),
        })
    }

    /// A root that no fault tells of, but these marks of the runs that ended by it, which are in order.
    pub fn cause_by_marks(
        &self,
        runs: &[usize],
        failed: usize,
        mark: impl Fn(&'c Run<'e>) -> Option<Point<'e>>,
    ) -> Cause {
        let these = || runs.iter().map(|&at| &self.chronicle.runs[at]);
        let points = || these().filter_map(&mark);
        let words: BTreeSet<Id> = points().filter_map(|point| point.mark).map(|mark| mark.words).collect();
        let times = || points().filter_map(|point| point.time);
        let window = (times().min(), times().max());
        let ready = these().filter(|run| run.is_ready()).count();
        Cause {
            role: word(Role::Root),
            phase: if ready * 2 > runs.len() { "runtime".into() } else { "init".into() },
            runs: runs.len() as u64,
            share: share(runs.len(), failed),
            first: window.0.map(Time::rfc3339),
            last: window.1.map(Time::rfc3339),
            confidence: 0.5,
            evidence: self.lines.of(&words.into_iter().collect::<Vec<_>>(), window, MAX_LINES),
            ..Cause::default()
        }
    }
}

/// A part of a whole, to a thousandth.
pub fn share(part: usize, whole: usize) -> f64 {
    ((part as f64 / whole.max(1) as f64).min(1.0) * 1000.0).round() / 1000.0
}

fn word(role: Role) -> String {
    match role {
        Role::Root => "root",
        Role::Symptom => "symptom",
        Role::Amplifier => "amplifier",
        Role::Lifecycle => "lifecycle",
    }
    .into()
}
