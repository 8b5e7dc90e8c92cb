//! Stretches of failing runs, with their causes counted and told.

use super::Without;
use super::aspects::Aspect;
use super::case::{Case, MAX_LINES, share};
use super::causes::{self, Known, Verdict as Judged};
use super::ends::{End, Stopper, hand};
use super::faults::Fault;
use super::model::{Cause, Cluster, EvidenceLine, Incident, Span, Verdict};
use super::rhythm;
use super::runs::{FaultSeen, Run};
use super::turns::{Turns, turns};
use super::watchdog_stops;
use super::{clean_exits, gave_up, own_changes, pace, precedence, recurring, refused, silent_ends, steps, stuck};
use crate::evidence::{Class, Id};
use crate::grammar::{SECOND, Time};
use crate::signature::Role;
use crate::signature::wording::complains;
use crate::template::skeleton;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Characters of a line that a title shows.
const MAX_TITLE: usize = 100;
/// Lines of other errors that are shown with a cause.
const MAX_BESIDE: usize = 2;
/// A program that is ready may still tell of its boot for so long (nanoseconds).
const STILL_BOOTING: i64 = 5 * SECOND;
/// What takes something away from a service that is ready says so this often.
const AGAIN: u64 = 3;
/// A symptom is told when it is in this share of a cause's runs.
const COMMON: f64 = 0.2;

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
        incidents.extend(case.degraded(&judged));
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
    // Tables of a manager show a part of the runs at best.
    let is_up = case.chronicle.runs.last().is_some_and(|run| run.is_ready() && !run.is_over());
    if !is_up && case.chronicle.is_told_to_loop() {
        match incidents.last_mut() {
            Some(incident) => incident.verdict = Verdict::CrashLoop,
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
        let (causes, (clusters, rule, interval_s, paces)) = rayon::join(
            || self.causes(&failed, judged),
            || {
                let refs: Vec<&Run> = runs.iter().collect();
                let rule = rhythm::rule(&refs);
                let paces = if rule == Some("back-off") { Vec::new() } else { pace::paces(&refs) };
                (self.clusters(&failed, judged), rule, rhythm::interval(&rhythm::intervals(&refs)), paces)
            },
        );
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

    fn clusters(&self, failed: &[usize], judged: &[Option<Judged>]) -> Vec<Cluster> {
        let mut by_root: BTreeMap<Option<Id>, Vec<usize>> = BTreeMap::new();
        for &at in failed {
            by_root.entry(judged[at].as_ref().and_then(|judged| judged.root)).or_default().push(at);
        }
        let mut clusters: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::new();
        for (root, runs) in by_root {
            let name = root.and_then(|id| self.faults.get(id)).map(|fault| fault.id.clone());
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

    fn causes(&self, failed: &[usize], judged: &[Option<Judged>]) -> Vec<Cause> {
        let mut by_root: BTreeMap<Id, Vec<usize>> = BTreeMap::new();
        for &at in failed {
            if let Some(root) = judged[at].as_ref().and_then(|judged| judged.root) {
                by_root.entry(root).or_default().push(at);
            }
        }
        self.drop_stray_roots(&mut by_root, failed.len(), judged);
        let part = |(id, runs): (Id, Vec<usize>)| self.aspects.part(id, &runs, &self.chronicle.runs, self.faults);
        let mut roots: Vec<Aspect> = by_root.into_iter().flat_map(part).collect();
        roots.sort_by_key(|root| (std::cmp::Reverse(root.runs.len()), root.runs[0], root.root));
        let root_ids: BTreeSet<Id> = roots.iter().map(|root| root.root).collect();
        let mut causes = Vec::new();
        let mut others: BTreeMap<Id, (Role, Vec<usize>)> = BTreeMap::new();
        for root in &roots {
            let runs = &root.runs;
            let explained = self.common(runs, judged, |judged| &judged.explained);
            let amplifiers = self.common(runs, judged, |judged| &judged.amplifiers);
            let told: Vec<(Id, Role)> = explained
                .iter()
                .map(|id| (*id, Role::Symptom))
                .chain(amplifiers.iter().map(|id| (*id, Role::Amplifier)))
                .filter(|(id, _)| !root_ids.contains(id) && self.faults.get(*id).is_some_and(is_worth_telling))
                .collect();
            for (id, role) in &told {
                let entry = others.entry(*id).or_insert((*role, Vec::new()));
                entry.1.extend(self.sightings.within(*id, runs).map(|seen| seen.run));
            }
            let explains = told.iter().filter_map(|(id, _)| Some(self.faults.get(*id)?.id.clone())).collect();
            let masked = roots.iter().any(|other| other.runs[other.runs.len() - 1] < runs[0]);
            let is_thrown = |id: &Id| self.faults.get(*id).is_some_and(|fault| fault.class == Some(Class::Exception));
            let is_told = |id: &Id| told.iter().any(|(told, _)| told == id);
            let beside = explained.iter().filter(|id| !root_ids.contains(id) && (is_thrown(id) || !is_told(id)));
            let beside: Vec<Id> = beside.copied().collect();
            causes.extend(self.root(root, failed.len(), judged, explains, masked, &beside));
        }
        for (id, (role, mut runs)) in others {
            runs.sort_unstable();
            runs.dedup();
            let Some(mut cause) = self.cause(id, role, &runs, failed.len()) else { continue };
            if role == Role::Amplifier && cause.phase == "init" {
                let these: Vec<&Run> = runs.iter().map(|&at| &self.chronicle.runs[at]).collect();
                if let Some((first, last)) = rhythm::slower_boots(&these) {
                    cause.why.push(format!("boots with it grew from {first:.1} s to {last:.1} s"));
                }
            }
            causes.push(cause);
        }
        let is_unexplained = |at: &usize| judged[*at].as_ref().is_none_or(|judged| judged.root.is_none());
        let unexplained: Vec<usize> = failed.iter().copied().filter(is_unexplained).collect();
        causes.extend(clean_exits::cause(self, failed, &unexplained));
        causes.extend(watchdog_stops::cause(self, failed, &unexplained));
        if !unexplained.is_empty() {
            causes.extend(silent_ends::causes(self, failed, &unexplained));
        }
        causes
    }

    /// A root of one run among many is a stray: most often a run cut short by an operator. What a signature knows, and
    /// the exception that the program died by, are surer than that.
    fn drop_stray_roots(&self, by_root: &mut BTreeMap<Id, Vec<usize>>, failed: usize, judged: &[Option<Judged>]) {
        if by_root.len() > 1 {
            by_root.retain(|id, runs| {
                let quoted = || runs.iter().any(|&at| judged[at].as_ref().is_some_and(|judged| judged.quoted));
                let known = self.faults.get(*id).is_some_and(|fault| {
                    fault.signature.is_some_and(|known| known.role == Role::Root)
                        || fault.class == Some(Class::Exception) && quoted()
                });
                runs.len() * (if known { 50 } else { 10 }) > failed
            });
        }
    }

    fn common(&self, runs: &[usize], judged: &[Option<Judged>], of: impl Fn(&Judged) -> &Vec<Id>) -> Vec<Id> {
        let mut count: BTreeMap<Id, usize> = BTreeMap::new();
        for judged in runs.iter().filter_map(|&at| judged[at].as_ref()) {
            of(judged).iter().for_each(|id| *count.entry(*id).or_default() += 1);
        }
        count.into_iter().filter(|(_, times)| *times as f64 >= COMMON * runs.len() as f64).map(|(id, _)| id).collect()
    }

    fn root(
        &self,
        root: &Aspect,
        failed: usize,
        judged: &[Option<Judged>],
        explains: Vec<String>,
        masked: bool,
        beside: &[Id],
    ) -> Option<Cause> {
        let (id, runs) = (root.root, &root.runs);
        let fault = self.faults.get(id)?;
        let mut cause = self.cause(id, Role::Root, runs, failed)?;
        self.narrow(&mut cause, root);
        let of = |test: fn(&Judged) -> bool| {
            runs.iter().filter_map(|&at| judged[at].as_ref()).filter(|judged| test(judged)).count()
        };
        let (quoted, by_knowledge) = (of(|judged| judged.quoted), of(|judged| judged.by_knowledge));
        let mut why =
            vec![format!("in {} of {failed} failed runs it is the fault that nothing else explains", runs.len())];
        if quoted > 0 {
            why.push(format!("in {quoted} of them it is part of the program's last words"));
        }
        if by_knowledge > 0 && !explains.is_empty() {
            why.push(format!("it is known to lead to {}, which follow it", explains.join(", ")));
        }
        let beside = self.beside(&cause, runs, beside);
        why.extend(self.add_outcome(&mut cause, runs, judged, beside));
        let by_order = of(|judged| judged.by_order);
        if by_order > 0 {
            why.push(format!("in all {by_order} runs that have it, it comes before {}", explains.join(", ")));
        }
        let all_with = self.sightings.runs(id);
        let died = all_with.iter().filter(|&&at| self.ends[at].is_unplanned()).count();
        let over = all_with.iter().filter(|&&at| self.ends[at] != End::Open).count();
        if died == over && died >= 2 {
            why.push(format!("all {died} runs that have it failed"));
        } else if died < over {
            why.push(format!("{} of the {over} runs that have it ended well, though", over - died));
        }
        if runs.len() == failed && failed >= 2 {
            why.push("no failed run is without it".into());
        }
        let is_good = |at: usize| self.chronicle.runs[at].is_ready() && !self.ends[at].is_unplanned();
        let good = (all_with.iter().filter(|&&at| is_good(at)).count(), self.good);
        match good {
            (0, 0) => why.push("there is no healthy run to compare with".into()),
            (0, 1) => why.push("the only healthy run does not have it".into()),
            (0, all) => why.push(format!("none of {all} healthy runs has it")),
            // What speaks against it shows in the confidence.
            _ => {}
        }
        if fault.role == Role::Symptom {
            why.push("it is a symptom by nature, but nothing in these runs explains it".into());
        }
        let steady = runs.len() as f64 / failed.max(1) as f64;
        let mut confidence = if fault.signature.is_some() { 0.7 } else { 0.55 };
        confidence += 0.1 * (quoted > 0 || by_knowledge > 0 || by_order > 0) as u8 as f64;
        confidence += 0.1 * (good.0 == 0 && good.1 > 0) as u8 as f64;
        confidence += if runs.len() >= 3 { 0.09 * steady.max(0.3) } else { 0.0 };
        cause.confidence = (confidence.min(0.97) * 100.0).round() / 100.0;
        cause.why = why;
        cause.explains = explains;
        cause.masked = masked;
        Some(cause)
    }

    /// Of a root that other causes share: what its own lines are about.
    fn narrow(&self, cause: &mut Cause, root: &Aspect) {
        let lines: Vec<Id> = root.lines.iter().copied().collect();
        let evidence = self.lines.of(&lines, (None, None), MAX_LINES);
        if let Some(first) = evidence.first() {
            let about: String = first.text.chars().take(MAX_TITLE).collect();
            cause.title = format!("{}: {}", cause.title, about.trim());
            cause.evidence = evidence;
        }
    }

    /// After the lines of a cause some that stand beside them, and what became of it: the exception that its trace ends
    /// in, the program's last words. Gives where that stands, in words.
    fn add_outcome(
        &self,
        cause: &mut Cause,
        runs: &[usize],
        judged: &[Option<Judged>],
        beside: Vec<EvidenceLine>,
    ) -> Option<String> {
        let thrown = runs.iter().find_map(|&at| judged[at].as_ref()?.thrown);
        let last_words = runs.iter().find_map(|&at| {
            let fatal = self.chronicle.runs[at].fatal?;
            Some(fatal.mark.filter(|mark| !mark.manager)?.words)
        });
        let times = || runs.iter().map(|&at| &self.chronicle.runs[at]);
        let window = (times().filter_map(Run::began).min(), times().filter_map(Run::ended).max());
        let mut outcome: Vec<EvidenceLine> =
            thrown.map(|thrown| self.lines.of(&[thrown], window, 1)).unwrap_or_default();
        for line in last_words.map(|words| self.lines.within(words, window, 1)).unwrap_or_default() {
            let said = skeleton(line.text.as_bytes());
            let is_known = |known: &EvidenceLine| {
                let known = skeleton(known.text.as_bytes());
                known.contains(&said) || said.contains(&known)
            };
            if complains(&said) && !outcome.iter().chain(&cause.evidence).chain(&beside).any(is_known) {
                outcome.push(line);
            }
        }
        let became = outcome.last().map(|line| format!("what came of it stands at {}:{}", line.path, line.line));
        cause.evidence.truncate(MAX_LINES - outcome.len() - beside.len());
        cause.evidence.extend(beside);
        cause.evidence.extend(outcome);
        became
    }

    /// Lines of errors that the first run of a cause has with it and that nothing knows: which of them says most, the
    /// reader sees best.
    fn beside(&self, cause: &Cause, runs: &[usize], beside: &[Id]) -> Vec<EvidenceLine> {
        let run = &self.chronicle.runs[runs[0]];
        let mut lines: Vec<EvidenceLine> = Vec::new();
        let faults = beside.iter().filter(|id| self.faults.get(**id).is_some_and(|fault| !fault.dealt_with));
        for line in faults.flat_map(|&fault| self.lines.within(fault, (run.began(), run.ended()), 1)) {
            let said = skeleton(line.text.as_bytes());
            let is_known = |known: &EvidenceLine| skeleton(known.text.as_bytes()) == said;
            if !lines.iter().chain(&cause.evidence).any(is_known) {
                lines.push(line);
            }
        }
        lines.sort_by(|a, b| (&a.time, &a.path, a.line).cmp(&(&b.time, &b.path, b.line)));
        lines.truncate(MAX_BESIDE);
        lines
    }

    /// A loop that no run shows and its manager tells of (a table of pods, the events of one). All errors seen are one
    /// run's, as far as anybody knows.
    fn told(&self, background: &BTreeSet<Id>) -> Option<Incident> {
        let (first, last) = (self.chronicle.looping.first(), self.chronicle.looping.last());
        let everything = self.chronicle.runs.iter().flat_map(|run| &run.faults).chain(&self.chronicle.loose);
        let run = Run { faults: everything.copied().collect(), ..Run::default() };
        let judged = causes::judge(&run, &self.known(background));
        let mut causes = Vec::new();
        if let Some(mut cause) = judged.root.and_then(|root| self.cause(root, Role::Root, &[], 1)) {
            cause.why = vec!["the manager says that the service fails again and again; this is its error".into()];
            cause.evidence = self.lines.of(&[judged.root.unwrap_or_default()], (None, None), MAX_LINES);
            causes.push(cause);
        }
        Some(Incident {
            verdict: Verdict::CrashLoop,
            first: first.and_then(|point| point.time).map(Time::rfc3339),
            last: last.and_then(|point| point.time).map(Time::rfc3339),
            ongoing: true,
            causes,
            ..Incident::default()
        })
    }

    /// A service that goes on, with a part of it lost.
    fn degraded(&self, judged: &[Option<Judged>]) -> Option<Incident> {
        let runs: Vec<usize> = (0..self.chronicle.runs.len()).filter(|&at| judged[at].is_none()).collect();
        // After readiness once may be an accident.
        let again = |at: usize, id: Id| {
            let seen = self.chronicle.runs[at].faults.iter().filter(|seen| seen.fault == id && seen.after_ready);
            seen.map(|seen| u64::from(seen.count)).sum::<u64>() >= AGAIN
        };
        let is_late = |at: usize, seen: &FaultSeen| {
            let ready = self.chronicle.runs[at].ready.and_then(|ready| ready.time);
            let soon = ready.zip(seen.time).is_some_and(|(ready, time)| time.ns - ready.ns <= STILL_BOOTING);
            seen.after_ready && !soon
        };
        let lost = |&at: &usize| {
            self.chronicle.runs[at].faults.iter().filter(move |seen| {
                let signature = self.faults.get(seen.fault).and_then(|fault| fault.signature);
                signature.is_some_and(|signature| signature.degrades) && (!is_late(at, seen) || again(at, seen.fault))
            })
        };
        let mut by_fault: BTreeMap<Id, Vec<usize>> = BTreeMap::new();
        for at in &runs {
            let all: BTreeSet<Id> = lost(at).map(|seen| seen.fault).collect();
            let roots =
                all.iter().filter(|id| !all.iter().any(|other| other != *id && self.faults.explains(*other, **id)));
            roots.for_each(|id| by_fault.entry(*id).or_default().push(*at));
        }
        let affected: BTreeSet<usize> = by_fault.values().flatten().copied().collect();
        let first = *affected.first()?;
        let last = *affected.last()?;
        let causes = by_fault
            .iter()
            .filter_map(|(id, runs)| {
                let mut cause = self.cause(*id, Role::Root, runs, affected.len())?;
                cause.why = vec![format!("{} runs went on without what it takes away", runs.len())];
                cause.confidence = 0.8;
                Some(cause)
            })
            .collect();
        let span = &self.chronicle.runs[first..=last];
        Some(Incident {
            verdict: Verdict::Degraded,
            first: span.first().and_then(|run| run.began()).map(Time::rfc3339),
            last: span.iter().filter_map(|run| run.ended()).max().map(Time::rfc3339),
            ongoing: self.ends[last] == End::Open,
            runs: affected.len() as u64,
            ready_runs: affected.iter().filter(|&&at| self.chronicle.runs[at].is_ready()).count() as u64,
            causes,
            ..Incident::default()
        })
    }
}

/// Unknown lines beside a known root say little; exceptions among them may.
fn is_worth_telling(fault: &Fault) -> bool {
    !fault.dealt_with && (fault.signature.is_some() || fault.rank().is_some_and(|rank| rank <= 1))
}
