//! One fault, several causes: where its line, or the one after it, names what it is about (a module, a file, a key), runs
//! that died of one and later runs that died of another have two causes.

use super::faults::{Fault, Faults};
use super::runs::Run;
use super::services::Cast;
use super::story::Story;
use crate::evidence::{FaultKind, Id};
use std::collections::{BTreeMap, BTreeSet};

/// More things than this are taken for one that has many names.
const MOST: usize = 3;
/// Lines of one run that are looked at.
const MOST_LINES: usize = 8;
/// A single run is a cause of its own beside a cause of so many.
const SURE: usize = 3;

/// Failed runs of one root, and what its lines are about in them where that tells them from others.
pub struct Aspect {
    pub root: Id,
    pub runs: Vec<usize>,
    /// The fault-table entries of its lines; empty where all of the root's lines are meant.
    pub lines: BTreeSet<Id>,
}

/// The things that faults' lines are about.
pub struct Aspects<'c, 'e> {
    pub stories: &'c [Story<'e>],
    pub cast: &'c Cast<'e>,
}

impl Aspects<'_, '_> {
    /// The fault-table entries that tell what the lines of a fault are about.
    fn of(&self, fault: &str) -> BTreeSet<Id> {
        let kinds = self.cast.parts.iter().flat_map(|part| self.stories[part.story].kinds());
        let is_own = |kind: &FaultKind| matches!(kind, FaultKind::Aspect { of, .. } if of == fault);
        kinds.filter(|(_, kind)| is_own(kind)).map(|(id, _)| id).collect()
    }

    /// Parts the runs of a root by what its lines are about, if that changed from one stretch of runs to the next.
    pub fn part(&self, root: Id, runs: &[usize], all: &[Run], faults: &Faults) -> Vec<Aspect> {
        let whole = || vec![Aspect { root, runs: runs.to_vec(), lines: BTreeSet::new() }];
        let varies = |fault: &&Fault| fault.signature.is_none_or(|signature| signature.varies);
        let Some(fault) = faults.get(root).filter(varies) else { return whole() };
        let own = self.of(&fault.id);
        if own.is_empty() {
            return whole();
        }
        let lines = |run: &usize| -> Vec<Id> {
            let mut met = BTreeSet::new();
            all[*run]
                .faults
                .iter()
                .map(|seen| seen.fault)
                .filter(|id| own.contains(id) && met.insert(*id))
                .take(MOST_LINES)
                .collect()
        };
        let lines: Vec<Vec<Id>> = runs.iter().map(lines).collect();
        let things = things(&lines);
        let mut parts: Vec<Aspect> = Vec::new();
        let mut named: Vec<Id> = Vec::new();
        for (run, lines) in runs.iter().zip(&lines) {
            let thing = lines.first().and_then(|line| things.get(line).copied());
            match (parts.last_mut(), thing) {
                (Some(part), thing) if thing.is_none() || thing == named.last().copied() => part.runs.push(*run),
                (_, thing) => {
                    let thing = thing.unwrap_or_default();
                    let lines = things.iter().filter(|(_, of)| **of == thing).map(|(line, _)| *line).collect();
                    parts.push(Aspect { root, runs: vec![*run], lines });
                    named.push(thing);
                }
            }
        }
        let distinct = named.iter().collect::<BTreeSet<_>>().len() == named.len();
        let most = parts.iter().map(|part| part.runs.len()).max().unwrap_or(0);
        let is_sure = |part: &Aspect| part.runs.len() >= 2 || most >= SURE;
        if distinct && (2..=MOST).contains(&parts.len()) && parts.iter().all(is_sure) { parts } else { whole() }
    }
}

/// Which lines are about one thing: those that stand together in most runs of either. Each thing goes by one of its lines.
fn things(lines: &[Vec<Id>]) -> BTreeMap<Id, Id> {
    let mut count: BTreeMap<Id, usize> = BTreeMap::new();
    let mut together: BTreeMap<(Id, Id), usize> = BTreeMap::new();
    for of_run in lines {
        for (at, line) in of_run.iter().enumerate() {
            *count.entry(*line).or_default() += 1;
            for other in &of_run[at + 1..] {
                *together.entry((*line.min(other), *line.max(other))).or_default() += 1;
            }
        }
    }
    let mut things: BTreeMap<Id, Id> = count.keys().map(|line| (*line, *line)).collect();
    for ((a, b), times) in together {
        // A line that stands in many runs beside another's few is a thing of its own.
        if 4 * times > 3 * count[&a].max(count[&b]) {
            let (from, to) = (things[&b], things[&a]);
            things.values_mut().filter(|thing| **thing == from).for_each(|thing| *thing = to);
        }
    }
    things
}
