//! A stretch of packed events, whose names are places in its ledger's tables.
//!
//! A block of another ledger is taken over as it is: what its places are in the new one is kept beside it, so that joining
//! ledgers does not write events anew.

use super::steps::{Place, Step, Steps};
use std::sync::Arc;

/// The place of a fault that is left out.
pub(super) const LEFT_OUT: u64 = u64::MAX;

/// Events in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    bytes: Vec<u8>,
    /// What the first event is told from, and what the next one would be.
    first: Place,
    last: Place,
    /// Of one that was taken over.
    moved: Option<Moved>,
}

/// How the events of a block that was taken over read.
#[derive(Clone, Debug)]
struct Moved {
    /// Lines that came before it.
    lines: u64,
    names: Arc<Names>,
}

/// By places in the tables of one ledger those in another's.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) told: Vec<u64>,
    /// Some may be left out.
    pub(super) faults: Vec<u64>,
    pub(super) actors: Vec<u64>,
    pub(super) words: Vec<u64>,
}

impl Names {
    fn of(places: &[u64], at: u64) -> Option<u64> {
        places.get(usize::try_from(at).ok()?).copied()
    }

    /// The places in a third ledger.
    fn then(&self, next: &Names) -> Names {
        let then = |own: &[u64], next: &[u64]| -> Vec<u64> {
            own.iter().map(|&at| Names::of(next, at).unwrap_or(LEFT_OUT)).collect()
        };
        Names {
            told: then(&self.told, &next.told),
            faults: then(&self.faults, &next.faults),
            actors: then(&self.actors, &next.actors),
            words: then(&self.words, &next.words),
        }
    }
}

impl Block {
    /// Bytes of a ledger that was written in one.
    pub(super) fn of(bytes: Vec<u8>) -> Block {
        Block { bytes, ..Block::default() }
    }

    /// An empty one that goes on from another of its ledger: their bytes one after the other are those of one block.
    pub(super) fn after(before: &Block) -> Block {
        match before.moved {
            Some(_) => Block::default(),
            None => Block { first: before.last, last: before.last, ..Block::default() },
        }
    }

    /// Whether events may be added.
    pub(super) fn is_own(&self) -> bool {
        self.moved.is_none()
    }

    pub(super) fn push(&mut self, step: &Step) {
        self.last.push(&mut self.bytes, step);
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its events, by places in its ledger's tables.
    pub(super) fn steps(&self) -> impl Iterator<Item = Step> {
        Steps::new(&self.bytes, self.first).filter_map(|step| match &self.moved {
            Some(moved) => moved.read(step),
            None => Some(step),
        })
    }

    /// Takes the folds that stand before its first mark, by places in its ledger's tables.
    pub(super) fn take_first_folds(&mut self) -> Vec<Step> {
        let mut folds = Vec::new();
        let mut steps = Steps::new(&self.bytes, self.first);
        let (left, first) = loop {
            let place = steps.place_reached();
            match steps.next() {
                Some(step @ Step::Fold { .. }) => folds.push(step),
                Some(Step::Mark(_)) | None => break place,
            }
        };
        self.bytes.drain(..self.bytes.len() - left);
        self.first = first;
        match &self.moved {
            Some(moved) => folds.into_iter().filter_map(|step| moved.read(step)).collect(),
            None => folds,
        }
    }

    /// The same events in the ledger that takes it over, after so many lines.
    pub(super) fn moved(self, lines: u64, names: &Arc<Names>) -> Block {
        let moved = match self.moved {
            Some(moved) => Moved { lines: moved.lines + lines, names: Arc::new(moved.names.then(names)) },
            None => Moved { lines, names: names.clone() },
        };
        Block { moved: Some(moved), ..self }
    }
}

impl Moved {
    /// An event as it reads in the ledger that took it over; None where it is left out.
    fn read(&self, step: Step) -> Option<Step> {
        let names = &self.names;
        match step {
            Step::Mark(mark) => {
                let last_words = match mark.last_words {
                    0 => 0,
                    at => Names::of(&names.words, at - 1)? + 1,
                };
                let told = Names::of(&names.told, mark.told)?;
                Some(Step::Mark(super::Mark { told, line: mark.line + self.lines, last_words, ..mark }))
            }
            Step::Fold { fault, actor, fold } => {
                let fault = Names::of(&names.faults, fault).filter(|fault| *fault != LEFT_OUT)?;
                Some(Step::Fold { fault, actor: Names::of(&names.actors, actor)?, fold })
            }
        }
    }
}
