//! Stretches of failing runs: their verdicts, their groups, and what else is wrong with a service.

use super::Without;
use super::case::{Case, MAX_LINES, share};
use super::causes::{self, Known, Verdict as Judged};
use super::ends::{End, Stopper, hand};
use super::model::{Cause, Cluster, Incident, Span, Verdict};
use super::rhythm;
use super::runs::Run;
use super::turns::{Turns, turns};
use super::{gave_up, lost_parts, own_changes, pace, precedence, recurring, refused, steps, stuck};
use crate::evidence::Id;
use crate::grammar::Time;
use crate::signature::Role;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The incidents of a service, in order of time, and causes that take turns in them.
pub fn incidents(case: &Case) -> (Vec<Incident>, Vec<Turns>) {
    let background = match case.without {
        Without::Sufficiency => BTreeSet::new(),
        _ => causes::background(&case.chronicle.runs, case.ends, case.faults),
    };
    let mut judged: Vec<Option<Judged>> = case.judge_all(&background);
    if case.without != Without::Precedence {
        precedence::settle(&case.chronicle.runs, case.faults, &background, &mut judged);
    }
    let stretches = case.stretches();
    let failed =
        |stretch: &Range<usize>| stretch.clone().filter(|&at| case.ends[at].is_unplanned()).collect::<Vec<_>>();
    let turns = stretches.iter().filter_map(|stretch| turns(&failed(stretch), &judged, case.faults)).collect();
    let mut incidents: Vec<Incident> = stretches.iter().map(|stretch| case.incident(stretch, &judged)).collect();
    refused::add(case, &mut incidents);
    if incidents.iter().all(|incident| incident.verdict <= Verdict::Degraded)
        || incidents.last().is_some_and(|incident| !incident.ongoing)
    {
        let lost = lost_parts::incident(case, &judged);
        // A run that goes on with the cause of the loop before it is no other illness.
        let of_loop =
            |cause: &Cause| incidents.last().is_some_and(|last| last.causes.iter().any(|own| own.id == cause.id));
        incidents.extend(lost.filter(|lost| !lost.causes.iter().all(of_loop)));
    }
    if incidents.last().is_none_or(|incident| !incident.ongoing) {
        incidents.extend(stuck::incident(case, &background));
    }
    if incidents.last().is_none_or(|incident| !incident.ongoing) {
        let again = recurring::incident(case);
        // What a service lacks in all its runs was told of already.
        let same = |cause: &Cause| again.iter().flat_map(|again| &again.causes).any(|other| other.id == cause.id);
        let is_told = |told: &Incident| told.verdict == Verdict::Degraded && told.causes.iter().any(same);
        if !incidents.last().is_some_and(is_told) {
            incidents.extend(again);
        }
    }
    if incidents.is_empty() {
        incidents.extend(gave_up::incident(case).or_else(|| own_changes::incident(case)));
    }
    // Tables of a manager show a part of the runs at best, and the program's words are those of one.
    let is_up = case.chronicle.runs.last().is_some_and(|run| run.is_ready() && !run.is_over());
    if !is_up && case.chronicle.is_told_to_loop() {
        match incidents.last_mut() {
            Some(incident) => {
                incident.verdict = Verdict::CrashLoop;
                if incident.causes.iter().all(|cause| cause.role != "root") {
                    incident.causes.extend(case.only_error(&background));
                }
            }
            None => incidents.extend(case.told(&background)),
        }
    }
    (incidents, turns)
}

impl Case<'_, '_> {
    pub(super) fn known<'k>(&'k self, background: &'k BTreeSet<Id>) -> Known<'k> {
        Known { faults: self.faults, background, without: self.without }
    }

    fn judge_all(&self, background: &BTreeSet<Id>) -> Vec<Option<Judged>> {
        let sender = causes::sender(&self.chronicle.runs, self.ends, self.faults);
        // Each by itself, on all cores: a loop of weeks has a hundred thousand runs.
        self.chronicle
            .runs
            .par_iter()
            .zip(self.ends)
            .map(|(run, end)| match end {
                End::Unplanned(Stopper::Unknown) if sender.is_some() => {
                    Some(Judged { root: sender, quoted: false, by_knowledge: true, ..Judged::default() })
                }
                End::Unplanned(_) => Some(causes::judge(run, &self.known(background))),
                _ => None,
            })
            .collect()
    }

    /// Index ranges of runs from a first failed one to a last, with nothing healthy between.
    fn stretches(&self) -> Vec<Range<usize>> {
        let mut stretches: Vec<Range<usize>> = Vec::new();
        let mut open: Option<Range<usize>> = None;
        for (at, end) in self.ends.iter().enumerate() {
            let run = &self.chronicle.runs[at];
            if end.is_unplanned() {
                open = Some(open.map_or(at..at + 1, |range| range.start..at + 1));
            } else if *end == End::Open && !run.is_ready() {
                // Still on its way up in the middle of a loop.
                if let Some(range) = &mut open
                    && range.end == at
                {
                    range.end = at + 1;
                }
            } else {
                stretches.extend(open.take());
            }
        }
        stretches.extend(open);
        stretches
    }

    fn incident(&self, stretch: &Range<usize>, judged: &[Option<Judged>]) -> Incident {
        let runs = &self.chronicle.runs[stretch.clone()];
        let failed: Vec<usize> = stretch.clone().filter(|&at| self.ends[at].is_unplanned()).collect();
        // The start that follows the last failed run is a restart of this incident as well.
        let restarts = failed.iter().filter(|&&at| at + 1 < self.chronicle.runs.len()).count();
        let ready = runs.iter().filter(|run| run.is_ready()).count();
        let last_run = stretch.end == self.chronicle.runs.len();
        let gave_up = !self.chronicle.gave_up.is_empty() && last_run;
        let verdict = if restarts >= 2 && ready * 2 <= runs.len() || ready == 0 && gave_up {
            Verdict::CrashLoop
        } else if restarts >= 2 {
            Verdict::Flapping
        } else {
            Verdict::Degraded
        };
        // Two cores' worth of going through all runs.
        let by_end = self.causes_by_end(&failed, judged);
        let (mut causes, (clusters, rule, interval_s, paces)) = rayon::join(
            || self.causes(&failed, judged),
            || {
                let refs: Vec<&Run> = runs.iter().collect();
                let rule = rhythm::rule(&refs);
                let paces = if rule == Some("back-off") { Vec::new() } else { pace::paces(&refs) };
                (self.clusters(&failed, judged, &by_end), rule, rhythm::interval(&rhythm::intervals(&refs)), paces)
            },
        );
        causes.extend(by_end.into_iter().map(|(cause, _)| cause));
        let mut stopped_by: BTreeMap<String, u64> = BTreeMap::new();
        for at in stretch.clone() {
            let cause = judged[at].as_ref().and_then(|judged| self.faults.get(judged.root?));
            let seen = &self.chronicle.runs[at].faults;
            let has =
                |id: &str| seen.iter().any(|seen| self.faults.get(seen.fault).is_some_and(|fault| fault.id == id));
            if let Some(stopper) = hand(self.ends[at], cause.map(|cause| cause.id.as_str()), has) {
                *stopped_by.entry(stopper.word().into()).or_default() += 1;
            }
        }
        Incident {
            verdict,
            first: self.begin_of(&runs[0]).map(Time::rfc3339),
            last: runs.iter().filter_map(|run| run.ended()).max().map(Time::rfc3339),
            ongoing: last_run,
            runs: runs.len() as u64,
            restarts: runs.len().saturating_sub(1) as u64,
            ready_runs: ready as u64,
            interval_s,
            paces,
            rhythm: rule.map(Into::into),
            stopped_by,
            clusters,
            causes,
        }
    }

    /// An incident begins with its first run, or where a long good run broke down.
    fn begin_of(&self, run: &Run) -> Option<Time> {
        let long = run.is_ready() && run.lived().is_some_and(|lived| lived > 600 * crate::grammar::SECOND);
        if long { run.ended() } else { run.began() }
    }

    /// Failed runs by their root, or by the cause that their end tells.
    fn clusters(&self, failed: &[usize], judged: &[Option<Judged>], by_end: &[(Cause, Vec<usize>)]) -> Vec<Cluster> {
        let mut by_root: BTreeMap<(Option<Id>, Option<&str>), Vec<usize>> = BTreeMap::new();
        for &at in failed {
            let root = judged[at].as_ref().and_then(|judged| judged.root);
            let told = |(_, runs): &&(Cause, Vec<usize>)| root.is_none() && runs.binary_search(&at).is_ok();
            let end = by_end.iter().find(told).map(|(cause, _)| cause.id.as_str());
            by_root.entry((root, end)).or_default().push(at);
        }
        let mut clusters: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::new();
        for ((root, end), runs) in by_root {
            let name = root.and_then(|id| self.faults.get(id)).map(|fault| fault.id.clone()).or(end.map(Into::into));
            let of_name = clusters.entry(name.into_iter().collect()).or_default();
            of_name.extend(runs);
            of_name.sort_unstable();
        }
        let mut clusters: Vec<Cluster> = clusters
            .into_iter()
            .map(|(causes, runs)| {
                let example = &self.chronicle.runs[runs[runs.len() / 2]];
                let all = || runs.iter().map(|&at| &self.chronicle.runs[at]);
                let time = |time: Option<Time>| time.map(Time::rfc3339);
                Cluster {
                    causes,
                    runs: runs.len() as u64,
                    share: share(runs.len(), failed.len()),
                    first: time(all().filter_map(Run::began).min()),
                    last: time(all().filter_map(Run::ended).max()),
                    steps: steps::steps(example, self.faults),
                    example: Span { start: time(example.began()), end: time(example.ended()) },
                }
            })
            .collect();
        clusters.sort_by(|a, b| b.runs.cmp(&a.runs).then_with(|| a.causes.cmp(&b.causes)));
        clusters
    }

    /// The error of a loop that only its manager tells of: all that were seen are one run's, as far as anybody knows.
    fn only_error(&self, background: &BTreeSet<Id>) -> Option<Cause> {
        let everything = self.chronicle.runs.iter().flat_map(|run| &run.faults).chain(&self.chronicle.loose);
        let run = Run { faults: everything.copied().collect(), ..Run::default() };
        let root = causes::judge(&run, &self.known(background)).root?;
        let why = vec!["the manager says that the service fails again and again; this is its error".into()];
        let evidence = self.lines.of(&[root], (None, None), MAX_LINES);
        Some(Cause { why, evidence, ..self.cause(root, Role::Root, &[], 1)? })
    }

    /// A loop that no run shows and its manager tells of (a table of pods, the events of one).
    fn told(&self, background: &BTreeSet<Id>) -> Option<Incident> {
        let (first, last) = (self.chronicle.looping.first(), self.chronicle.looping.last());
        let causes = Vec::from_iter(self.only_error(background));
        Some(Incident {
            verdict: Verdict::CrashLoop,
            first: first.and_then(|point| point.time).map(Time::rfc3339),
            last: last.and_then(|point| point.time).map(Time::rfc3339),
            ongoing: true,
            causes,
            ..Incident::default()
        })
    }
}
