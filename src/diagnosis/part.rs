//! What one stream tells of one service.

use super::story::Event;
use crate::evidence::{Id, Told};
use std::collections::{BTreeMap, BTreeSet};

pub struct Part<'e> {
    /// Index of the story.
    pub story: usize,
    /// In the order of the stream. Let go once the runs are known: of a long loop they are most of the memory.
    pub events: Vec<Event<'e>>,
    pub kinds: Kinds<'e>,
    /// How far the times of the events were moved (nanoseconds).
    pub skew: i64,
    /// No other service speaks in the stream.
    pub is_alone: bool,
}

/// What the events are, each kind once: few, however many the events are.
#[derive(Default)]
pub struct Kinds<'e> {
    /// In the order of their first ones.
    pub marks: Vec<MarkKinds<'e>>,
    /// Who tells of faults.
    pub fault_tellers: BTreeSet<Id>,
    /// Whether any event has a time.
    pub is_timed: bool,
}

/// Marks that tell the same.
pub struct MarkKinds<'e> {
    pub told: &'e Told,
    pub count: usize,
    /// Where the first one stands.
    pub offset: u64,
}

impl<'e> Part<'e> {
    pub fn new(story: usize, events: Vec<Event<'e>>, is_alone: bool) -> Part<'e> {
        let kinds = Kinds::of(&events);
        Part { story, events, kinds, skew: 0, is_alone }
    }

    /// Marks of each kind.
    pub fn marks(&self) -> impl Iterator<Item = &'e Told> {
        self.kinds.marks.iter().map(|kind| kind.told)
    }

    /// Who speaks in it.
    pub fn speakers(&self) -> BTreeSet<Id> {
        self.marks().map(|told| told.actor).chain(self.kinds.fault_tellers.iter().copied()).collect()
    }
}

impl<'e> Kinds<'e> {
    fn of(events: &[Event<'e>]) -> Kinds<'e> {
        let mut kinds = Kinds { is_timed: events.iter().any(|event| event.time.is_some()), ..Kinds::default() };
        // What is told alike is one value of the evidence.
        let mut places: BTreeMap<*const Told, usize> = BTreeMap::new();
        // A loop tells the same again and again: what came after a mark comes after it once more.
        let mut follows: Vec<usize> = Vec::new();
        let mut before = 0;
        let mut teller = None;
        for event in events {
            let Some(told) = event.mark() else {
                if teller != Some(event.actor) {
                    teller = Some(event.actor);
                    kinds.fault_tellers.insert(event.actor);
                }
                continue;
            };
            let likely = follows.get(before).copied().unwrap_or_default();
            let place = match kinds.marks.get(likely) {
                Some(kind) if std::ptr::eq(kind.told, told) => likely,
                _ => *places.entry(told).or_insert_with(|| {
                    kinds.marks.push(MarkKinds { told, count: 0, offset: event.offset });
                    follows.push(0);
                    kinds.marks.len() - 1
                }),
            };
            kinds.marks[place].count += 1;
            follows[before] = place;
            before = place;
        }
        kinds
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::story::What;
    use crate::grammar::MarkKind;

    #[test]
    fn each_kind_is_counted() {
        let known = [(MarkKind::Start, 1), (MarkKind::Ready, 1), (MarkKind::Exit, 2)]
            .map(|(kind, actor)| Told::new(kind, actor));
        // Which kind, or a fault; as if by chance.
        let order: Vec<usize> = (0..200).map(|nth| (nth * nth + nth / 7) % 4).collect();
        let event = |(offset, kind): (u64, usize)| {
            let what = match known.get(kind) {
                Some(told) => What::Mark { told, count: None, last_words: 0 },
                None => What::Fault { id: 9, count: 1, until: offset, untimed: false },
            };
            Event { offset, time: None, actor: known.get(kind).map_or(3, |told| told.actor), what }
        };
        let part = Part::new(0, (0..).zip(order.iter().copied()).map(event).collect(), true);
        for (kind, told) in known.iter().enumerate() {
            let found = part.kinds.marks.iter().find(|found| std::ptr::eq(found.told, told)).expect("it is there");
            assert_eq!(found.count, order.iter().filter(|met| **met == kind).count());
            assert_eq!(Some(found.offset as usize), order.iter().position(|met| *met == kind));
        }
        assert_eq!(part.speakers(), BTreeSet::from([1, 2, 3]));
        assert!(!part.kinds.is_timed);
    }
}
