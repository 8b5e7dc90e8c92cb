//! The causes of a stretch of failed runs: which faults are roots, in how many runs, and what speaks for each.

use super::aspects::Aspect;
use super::case::{Case, MAX_LINES};
use super::causes::Verdict as Judged;
use super::ends::End;
use super::faults::Fault;
use super::model::{Cause, EvidenceLine};
use super::runs::Run;
use super::{clean_exits, rhythm, silent_ends, watchdog_stops};
use crate::evidence::{Class, Id};
use crate::signature::Role;
use crate::signature::wording::complains;
use crate::template::skeleton;
use std::collections::{BTreeMap, BTreeSet};

/// Characters of a line that a title shows.
const MAX_TITLE: usize = 100;
/// Lines of other errors that are shown with a cause; where there are so many, one more that goes on with its message.
const MAX_BESIDE: usize = 2;
/// A message goes on for so many lines after its first one.
const MAX_MESSAGE: u64 = 8;
/// A symptom is told when it is in this share of a cause's runs.
const COMMON: f64 = 0.2;

impl Case<'_, '_> {
    /// The causes that faults tell of, with what follows from them.
    pub(super) fn causes(&self, failed: &[usize], judged: &[Option<Judged>]) -> Vec<Cause> {
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
            let symptoms = told.iter().filter(|(_, role)| *role == Role::Symptom).map(|(id, _)| *id);
            let beside = Beside { errors: beside.copied().collect(), symptoms: symptoms.collect() };
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
        causes
    }

    /// The causes of those failed runs whose faults tell nothing, by how they ended; each with its runs.
    pub(super) fn causes_by_end(&self, failed: &[usize], judged: &[Option<Judged>]) -> Vec<(Cause, Vec<usize>)> {
        let is_unexplained = |at: &usize| judged[*at].as_ref().is_none_or(|judged| judged.root.is_none());
        let unexplained: Vec<usize> = failed.iter().copied().filter(is_unexplained).collect();
        if unexplained.is_empty() {
            return Vec::new();
        }
        let clean = clean_exits::cause(self, failed, &unexplained);
        let stopped = watchdog_stops::cause(self, failed, &unexplained);
        clean.into_iter().chain(stopped).chain(silent_ends::causes(self, failed, &unexplained)).collect()
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
        beside: &Beside,
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
        mut beside: Vec<EvidenceLine>,
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
        // One line of its own is always among them.
        beside.truncate(MAX_LINES - 1 - outcome.len());
        cause.evidence.truncate(MAX_LINES - outcome.len() - beside.len());
        cause.evidence.extend(beside);
        cause.evidence.extend(outcome);
        became
    }

    /// Lines of errors that the first run of a cause has with it and that nothing knows, then symptoms that go on where
    /// its first line ends: which of them says most, the reader sees best.
    fn beside(&self, cause: &Cause, runs: &[usize], beside: &Beside) -> Vec<EvidenceLine> {
        let run = &self.chronicle.runs[runs[0]];
        let window = (run.began(), run.ended());
        let mut lines: Vec<EvidenceLine> = Vec::new();
        let add = |line: EvidenceLine, lines: &mut Vec<EvidenceLine>| {
            let said = skeleton(line.text.as_bytes());
            let is_known = |known: &EvidenceLine| skeleton(known.text.as_bytes()) == said;
            if !lines.iter().chain(&cause.evidence).any(is_known) {
                lines.push(line);
            }
        };
        let errors = beside.errors.iter().filter(|id| self.faults.get(**id).is_some_and(|fault| !fault.dealt_with));
        errors.flat_map(|&fault| self.lines.within(fault, window, 1)).for_each(|line| add(line, &mut lines));
        in_order(&mut lines);
        let goes_on = |line: &EvidenceLine| {
            let head = cause.evidence.first().filter(|head| head.path == line.path);
            head.is_some_and(|head| (1..=MAX_MESSAGE).contains(&line.line.saturating_sub(head.line)))
        };
        let lines_of =
            |fault: &Id| self.lines.within(*fault, window, MAX_LINES).into_iter().filter(goes_on).take(MAX_BESIDE);
        let mut details: Vec<EvidenceLine> = beside.symptoms.iter().flat_map(lines_of).collect();
        in_order(&mut details);
        lines.truncate(MAX_BESIDE);
        details.truncate((MAX_BESIDE - lines.len()).max(1));
        details.into_iter().for_each(|line| add(line, &mut lines));
        in_order(&mut lines);
        lines
    }
}

/// Faults that are shown with a root.
struct Beside {
    /// That no signature knows, or that were thrown.
    errors: Vec<Id>,
    /// That are told as symptoms of it.
    symptoms: Vec<Id>,
}

fn in_order(lines: &mut [EvidenceLine]) {
    lines.sort_by(|a, b| (&a.time, &a.path, a.line).cmp(&(&b.time, &b.path, b.line)));
}

/// Unknown lines beside a known root say little; exceptions among them may.
fn is_worth_telling(fault: &Fault) -> bool {
    !fault.dealt_with && (fault.signature.is_some() || fault.rank().is_some_and(|rank| rank <= 1))
}
