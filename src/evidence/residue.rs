//! What stays of a piece that is laid down: how much it was, and the lives that may go on.
//!
//! All that a later piece needs to be understood without this one: that a service which has been up for weeks was started
//! and was ready. It is bounded, however long the piece was and however often something in it restarted.

use super::event::{Actor, Id, Told, is_hint};
use super::ledger::{Event, Ledger};
use super::segment::Segment;
use crate::grammar::MarkKind;
use std::collections::{BTreeMap, BTreeSet};

/// Lives that are known of one service, whose processes may run side by side, and of all services.
const MAX_LIVES_OF_ONE: usize = 16;
const MAX_LIVES: usize = 1024;
/// Events of one kind that are kept of one life.
const MAX_EVENTS: usize = 16;

/// Whom a mark is about: who says it, the service and the instance that it names.
type Who = (Id, Id, Option<u32>);

fn whom(told: &Told) -> Who {
    (told.actor, told.service, told.instance)
}

/// What is said.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Mark(MarkKind),
    Hint(Id),
}

impl Segment {
    /// What stays of it when it is laid down.
    pub fn residue(&self) -> Segment {
        let lives = Lives::of(self);
        let mut counts: BTreeMap<(Who, What, usize), usize> = BTreeMap::new();
        let stays = |event: &Event| {
            lives.place_of(event).is_some_and(|place| {
                let count = counts.entry(place).or_default();
                *count += 1;
                *count <= MAX_EVENTS
            })
        };
        let ledger = Ledger::of(self.ledger.width(), self.ledger.events().filter(stays));
        let (mut faults, mut actors, mut strings) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for event in ledger.events() {
            match event {
                Event::Mark(mark) => {
                    faults.extend([mark.told.words, mark.last_words]);
                    actors.insert(mark.told.actor);
                    strings.extend([mark.told.program, mark.told.service, mark.told.signal]);
                }
                Event::Fold(key, _) => {
                    faults.insert(key.fault);
                    actors.insert(key.actor);
                }
            }
        }
        Segment {
            formats: self.formats.clone(),
            tally: self.tally.clone(),
            faults: those(&self.faults, &faults),
            actors: those(&self.actors, &actors),
            strings: those(&self.strings, &strings),
            ledger,
            ..*self
        }
    }
}

fn those<T: Clone>(all: &BTreeMap<Id, T>, wanted: &BTreeSet<Id>) -> BTreeMap<Id, T> {
    wanted.iter().filter_map(|id| Some((*id, all.get(id)?.clone()))).collect()
}

/// The latest life of each process.
struct Lives {
    /// Where the latest life of each begins.
    starts: BTreeMap<Who, u64>,
    /// Of those, where the ones begin that may go on, in order.
    going_on: Vec<u64>,
    /// Who tells of its own start, and where the latest one is.
    tells_starts: BTreeMap<Id, u64>,
    /// Speakers that are older processes of others.
    outlived: BTreeSet<Id>,
}

impl Lives {
    fn of(segment: &Segment) -> Lives {
        let starts = latest_starts(&segment.ledger);
        let speaker = |actor: Id| segment.actors.get(&actor).map(|actor| Actor { run_pid: None, ..actor.clone() });
        let mut by_service: BTreeMap<_, Vec<(u64, Who)>> = BTreeMap::new();
        for (&who, &offset) in &starts {
            by_service.entry((speaker(who.0), who.1, who.2)).or_default().push((offset, who));
        }
        let latest = by_service.into_values().flat_map(|mut lives| {
            lives.sort_unstable();
            lives.split_off(lives.len().saturating_sub(MAX_LIVES_OF_ONE))
        });
        let mut going_on: Vec<u64> = latest.map(|(offset, _)| offset).collect();
        going_on.sort_unstable();
        let going_on = going_on.split_off(going_on.len().saturating_sub(MAX_LIVES));

        let mut tells_starts = BTreeMap::new();
        for (&(actor, ..), &offset) in &starts {
            let since: &mut u64 = tells_starts.entry(actor).or_default();
            *since = offset.max(*since);
        }
        let mut spoke_last: BTreeMap<Id, u64> = BTreeMap::new();
        for event in segment.ledger.events() {
            match event {
                Event::Mark(mark) => spoke_last.insert(mark.told.actor, mark.offset),
                Event::Fold(key, fold) => spoke_last.insert(key.actor, fold.last_offset),
            };
        }
        let has_pid = |actor: &Id| segment.actors.get(actor).is_some_and(|actor| actor.run_pid.is_some());
        let mut processes: BTreeMap<_, Vec<(u64, Id)>> = BTreeMap::new();
        for (actor, last) in spoke_last.into_iter().filter(|(actor, _)| has_pid(actor)) {
            processes.entry(speaker(actor)).or_default().push((last, actor));
        }
        let outlived = processes.into_values().flat_map(|mut processes| {
            processes.sort_unstable();
            processes.truncate(processes.len().saturating_sub(MAX_LIVES_OF_ONE));
            processes.into_iter().map(|(_, actor)| actor)
        });
        Lives { starts, going_on, tells_starts, outlived: outlived.collect() }
    }

    /// In which life something is said by whom. Who does not tell of its starts may belong to any life, so what it says is
    /// told apart by the starts of all.
    fn place_of(&self, event: &Event) -> Option<(Who, What, usize)> {
        let (who, what, offset, start) = match event {
            Event::Mark(mark) => {
                let who = whom(mark.told);
                (who, What::Mark(mark.told.kind), mark.offset, self.starts.get(&who))
            }
            Event::Fold(key, fold) if is_hint(key.fault) => {
                let who = (key.actor, 0, None);
                (who, What::Hint(key.fault), fold.first_offset, self.tells_starts.get(&key.actor))
            }
            Event::Fold(..) => return None,
        };
        match start {
            Some(start) => {
                let goes_on = offset >= *start && self.going_on.binary_search(start).is_ok();
                goes_on.then_some((who, what, 0))
            }
            None => {
                let life = self.going_on.partition_point(|start| *start <= offset);
                (life > 0 && !self.outlived.contains(&who.0)).then_some((who, what, life))
            }
        }
    }
}

/// A boot tells of its steps one after the other; it begins with the least.
fn latest_starts(ledger: &Ledger) -> BTreeMap<Who, u64> {
    let starts = || {
        ledger.events().filter_map(|event| match event {
            Event::Mark(mark) if mark.told.kind == MarkKind::Start => Some(mark),
            _ => None,
        })
    };
    let mut least: BTreeMap<Who, u8> = BTreeMap::new();
    for mark in starts() {
        let step = least.entry(whom(mark.told)).or_insert(mark.told.step);
        *step = mark.told.step.min(*step);
    }
    let begins = starts().filter(|mark| least.get(&whom(mark.told)) == Some(&mark.told.step));
    begins.map(|mark| (whom(mark.told), mark.offset)).collect()
}
