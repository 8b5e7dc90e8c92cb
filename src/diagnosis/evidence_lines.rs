//! The telling lines of a fault, over all streams of a service.

use super::model::EvidenceLine;
use super::part::Part;
use super::services::Cast;
use super::story::{Story, TellingLine};
use crate::evidence::Id;
use crate::grammar::{SECOND, Time};
use std::collections::BTreeSet;

/// The same text in two files within this time is one event told twice (nanoseconds).
const TWICE: i64 = SECOND;

/// A first and a last moment; without one of them, all times.
type Window = (Option<Time>, Option<Time>);

pub struct Lines<'c, 'e> {
    pub stories: &'c [Story<'e>],
    pub cast: &'c Cast<'e>,
    /// Who speaks in each part.
    actors: Vec<BTreeSet<Id>>,
}

impl<'c, 'e> Lines<'c, 'e> {
    pub fn of_cast(stories: &'c [Story<'e>], cast: &'c Cast<'e>) -> Lines<'c, 'e> {
        Lines { stories, cast, actors: cast.parts.iter().map(Part::speakers).collect() }
    }

    /// At most `most` lines of a fault, or of several that are one: those within a stretch of time if there are any; the
    /// first ones, then the last.
    pub fn of(&self, faults: &[Id], window: Window, most: usize) -> Vec<EvidenceLine> {
        let mut found: Vec<_> = faults.iter().flat_map(|fault| self.all(*fault, window)).collect();
        if found.iter().any(|(_, inside)| *inside) {
            found.retain(|(_, inside)| *inside);
        }
        told(found, most)
    }

    /// Likewise, and none from elsewhere.
    pub fn within(&self, fault: Id, window: Window, most: usize) -> Vec<EvidenceLine> {
        let mut found = self.all(fault, window);
        found.retain(|(_, inside)| *inside);
        told(found, most)
    }

    /// All that is kept of a fault, and whether it lies within a stretch of time.
    fn all(&self, fault: Id, window: Window) -> Vec<(TellingLine<'e>, bool)> {
        let inside = |found: &TellingLine, skew: i64| match (window, found.time) {
            ((Some(first), Some(last)), Some(time)) => {
                let time = time.ns + skew;
                first.ns - SECOND <= time && time <= last.ns + SECOND
            }
            _ => true,
        };
        let mut found: Vec<(TellingLine<'e>, bool)> = Vec::new();
        for (part, actors) in self.cast.parts.iter().zip(&self.actors) {
            let story: &Story<'e> = &self.stories[part.story];
            // In a journal of many services a fault may be another one's.
            let is_own = |line: &TellingLine| line.sample.actor == 0 || actors.contains(&line.sample.actor);
            let own = story.samples(fault).into_iter().filter(is_own);
            found.extend(own.map(|line| (line, inside(&line, part.skew))));
        }
        found
    }
}

/// Lines in the order of time, an event that is told in two files once.
fn told(found: Vec<(TellingLine, bool)>, most: usize) -> Vec<EvidenceLine> {
    let mut found: Vec<TellingLine> = found.into_iter().map(|(line, _)| line).collect();
    found.sort_by_key(|found| (found.time, found.path, found.line));
    let mut kept: Vec<TellingLine> = Vec::new();
    for candidate in found {
        let is_same = |known: &TellingLine| {
            known.path != candidate.path
                && known.time.zip(candidate.time).is_some_and(|(a, b)| (a.ns - b.ns).abs() <= TWICE)
        };
        match kept.iter().position(is_same) {
            // One of them may say more: who spoke.
            Some(at) if candidate.sample.text.contains(&kept[at].sample.text) => kept[at] = candidate,
            Some(_) => {}
            None => kept.push(candidate),
        }
    }
    if kept.len() > most {
        // The first ones tell how it began, the last one that it goes on.
        kept.drain(most - 1..kept.len() - 1);
    }
    kept.into_iter()
        .map(|found| EvidenceLine {
            path: found.path.into(),
            line: found.line,
            time: found.time.map(Time::rfc3339),
            text: found.sample.text.clone(),
        })
        .collect()
}
