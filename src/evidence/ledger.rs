//! The events of one segment in their order, packed.
//!
//! A loop of weeks has millions of events, and nearly all of them are alike: what differs is where and when. So what a
//! mark tells, and which faults and actors there are, stands once in a table, and an event is a few bytes. The events
//! since the last mark stay open, because faults still fold into them; the others lie in blocks, each of which but the
//! first begins with a mark, so that they can be read side by side. Ledgers of the same events are equal, however they
//! came together.

use super::block::{Block, LEFT_OUT, Names};
use super::event::{Fold, FoldKey, Folds, Id, Mark, Told, is_hint};
use super::steps::Step;
use super::table::Table;
use crate::grammar::{SECOND, Time};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

// Small in unit tests, so that they meet them.

/// More folds than this make the time buckets twice as wide.
const MAX_FOLDS: usize = if cfg!(test) { 1 << 5 } else { 1 << 17 };
/// Buckets never get wider than 2^40 seconds.
const MAX_WIDTH: u8 = 40;
/// A ledger of fewer bytes is written anew where it is joined to another.
const LEAST_BLOCK: usize = if cfg!(test) { 48 } else { 2 << 10 };
/// A block of more bytes is not written on.
const LARGE_BLOCK: usize = if cfg!(test) { 96 } else { 64 << 10 };

/// Marks and folded faults, in the order of the stream; faults between two marks by bucket, fault and actor.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Ledger {
    /// Events up to the last mark.
    blocks: Vec<Block>,
    told: Table<Told>,
    faults: Table<Id>,
    actors: Table<Id>,
    words: Table<Id>,
    open: Open,
    /// Time buckets are 2^width seconds wide.
    width: u8,
    /// By fault: how many of its folds are packed.
    packed: Vec<usize>,
    /// Faults that are forgotten and whose folds are still among the bytes.
    forgotten: BTreeSet<u64>,
}

/// The last mark, and what folded since.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    /// Its last words are one more than their place in the table, 0 for none.
    mark: Option<Mark<u64>>,
    folds: Folds,
}

/// One event of a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'l> {
    Mark(Mark<&'l Told>),
    Fold(FoldKey, Fold),
}

impl PartialEq for Ledger {
    fn eq(&self, other: &Ledger) -> bool {
        self.width == other.width && self.events().eq(other.events())
    }
}

impl Eq for Ledger {}

impl Ledger {
    /// All events in their order.
    pub fn events(&self) -> impl Iterator<Item = Event<'_>> {
        (0..self.stretches()).flat_map(|at| self.stretch(at))
    }

    /// How many stretches its events lie in: they may be read side by side, as each but the first begins with a mark.
    pub fn stretches(&self) -> usize {
        self.blocks.len() + 1
    }

    /// The events of one of them, in their order.
    pub fn stretch(&self, at: usize) -> impl Iterator<Item = Event<'_>> {
        let open = Some(&self.open).filter(|_| at == self.blocks.len());
        let mark = open.and_then(|open| open.mark).map(Step::Mark);
        let folds = open.into_iter().flat_map(|open| open.folds.iter()).map(|(key, fold)| Event::Fold(*key, *fold));
        let packed = self.blocks.get(at).into_iter().flat_map(Block::steps);
        packed.filter(|step| self.is_kept(step)).chain(mark).map_while(|step| self.event(step)).chain(folds)
    }

    fn is_kept(&self, step: &Step) -> bool {
        match step {
            Step::Fold { fault, .. } => !self.forgotten.contains(fault),
            Step::Mark(_) => true,
        }
    }

    fn event(&self, step: Step) -> Option<Event<'_>> {
        match step {
            Step::Mark(mark) => {
                let last_words = match mark.last_words {
                    0 => 0,
                    at => *self.words.get(at - 1)?,
                };
                let told = self.told.get(mark.told)?;
                let Mark { offset, line, time, pid, count, .. } = mark;
                Some(Event::Mark(Mark { told, offset, line, time, pid, count, last_words }))
            }
            Step::Fold { fault, actor, fold } => {
                let fault = *self.faults.get(fault)?;
                let bucket = bucket_of(fault, fold.first, self.width);
                Some(Event::Fold(FoldKey { bucket, fault, actor: *self.actors.get(actor)? }, fold))
            }
        }
    }

    pub fn add_mark(&mut self, mark: Mark<&Told>) {
        let last_words = match mark.last_words {
            0 => 0,
            words => self.words.place(&words) + 1,
        };
        let told = self.told.place(mark.told);
        let Mark { offset, line, time, pid, count, .. } = mark;
        self.close();
        self.open.mark = Some(Mark { told, offset, line, time, pid, count, last_words });
    }

    /// Packs the open events.
    fn close(&mut self) {
        let closed = std::mem::take(&mut self.open);
        if let Some(mark) = closed.mark {
            self.pack(Step::Mark(mark));
        }
        for &(FoldKey { fault, actor, .. }, fold) in closed.folds.iter() {
            let (fault, actor) = (self.faults.place(&fault), self.actors.place(&actor));
            self.pack(Step::Fold { fault, actor, fold });
        }
    }

    fn pack(&mut self, step: Step) {
        let begins = matches!(step, Step::Mark(_));
        if let Step::Fold { fault, .. } = step {
            self.count_packed(fault, 1);
        }
        match self.blocks.last_mut() {
            Some(block) if block.is_own() && !(begins && block.bytes().len() >= LARGE_BLOCK) => block.push(&step),
            before => {
                let mut block = before.map(|before| Block::after(before)).unwrap_or_default();
                block.push(&step);
                self.blocks.push(block);
            }
        }
    }

    fn count_packed(&mut self, fault: u64, folds: usize) {
        self.packed.resize(self.faults.entries().len(), 0);
        self.packed[fault as usize] += folds;
    }

    /// How many folds there are that would become fewer in wider buckets.
    fn folds(&self) -> usize {
        let counts = |at: usize| {
            let fault = self.faults.get(at as u64);
            !self.forgotten.contains(&(at as u64)) && fault.is_some_and(|fault| !is_hint(*fault))
        };
        let packed: usize = self.packed.iter().enumerate().filter(|(at, _)| counts(*at)).map(|(_, folds)| folds).sum();
        packed + self.open.folds.iter().filter(|(key, _)| !is_hint(key.fault)).count()
    }

    pub fn add_fold(&mut self, fault: Id, actor: Id, fold: Fold) {
        let bucket = bucket_of(fault, fold.first, self.width);
        self.open.folds.add(FoldKey { bucket, fault, actor }, fold);
    }

    /// Adds what the neighbour holds, whose line numbers begin after `lines`, but for these faults.
    pub fn append(&mut self, mut next: Ledger, lines: u64, without: &BTreeSet<Id>) {
        match self.width.cmp(&next.width) {
            std::cmp::Ordering::Less => self.widen(next.width),
            std::cmp::Ordering::Greater => next.widen(self.width),
            std::cmp::Ordering::Equal => {}
        }
        if next.packed_bytes() < LEAST_BLOCK {
            self.add_all(next.events(), lines, without);
        } else {
            self.take_over(next, lines, without);
        }
    }

    /// Adds events one by one.
    fn add_all<'l>(&mut self, events: impl Iterator<Item = Event<'l>>, lines: u64, without: &BTreeSet<Id>) {
        for event in events {
            match event {
                Event::Mark(mark) => self.add_mark(Mark { line: mark.line + lines, ..mark }),
                Event::Fold(key, _) if without.contains(&key.fault) => {}
                Event::Fold(key, fold) => self.add_fold(key.fault, key.actor, fold),
            }
        }
    }

    /// Adds a neighbour of the same width: what comes before its first mark folds into the open events, its blocks are
    /// taken over as they are.
    fn take_over(&mut self, mut next: Ledger, lines: u64, without: &BTreeSet<Id>) {
        let faults = (0..).zip(next.faults.entries()).map(|(at, fault)| {
            let is_left_out = next.forgotten.contains(&at) || without.contains(fault);
            if is_left_out { LEFT_OUT } else { self.faults.place(fault) }
        });
        let names = Arc::new(Names {
            faults: faults.collect(),
            told: self.told.places(&next.told),
            actors: self.actors.places(&next.actors),
            words: self.words.places(&next.words),
        });
        for (&fault, &folds) in names.faults.iter().zip(&next.packed).filter(|(fault, _)| **fault != LEFT_OUT) {
            self.count_packed(fault, folds);
        }
        let mut has_mark = false;
        for block in std::mem::take(&mut next.blocks) {
            let mut block = block.moved(lines, &names);
            if !has_mark {
                for step in block.take_first_folds() {
                    let Step::Fold { fault, actor, fold } = step else { continue };
                    self.packed[fault as usize] -= 1;
                    if let Some((fault, actor)) = self.faults.get(fault).copied().zip(self.actors.get(actor).copied()) {
                        self.add_fold(fault, actor, fold);
                    }
                }
                if block.bytes().is_empty() {
                    continue;
                }
                self.close();
                has_mark = true;
            }
            self.blocks.push(block);
        }
        // What is left are its open events.
        self.add_all(next.events(), lines, without);
    }

    fn packed_bytes(&self) -> usize {
        self.blocks.iter().map(|block| block.bytes().len()).sum()
    }

    /// Time buckets are 2^width seconds wide.
    pub fn width(&self) -> u8 {
        self.width
    }

    fn rebuilt(&self) -> Ledger {
        Ledger::of(self.width, self.events())
    }

    /// These events in buckets of this width.
    pub fn of<'l>(width: u8, events: impl Iterator<Item = Event<'l>>) -> Ledger {
        let mut ledger = Ledger { width, ..Ledger::default() };
        ledger.add_all(events, 0, &BTreeSet::new());
        ledger
    }

    /// Widens the buckets: what was apart in finer ones may fold. No fold goes beyond a mark, so blocks stay apart.
    fn widen(&mut self, width: u8) {
        self.width = width;
        let blocks: Vec<(Block, Vec<usize>)> = self.blocks.par_iter().map(|block| self.folded(block)).collect();
        self.packed = vec![0; self.faults.entries().len()];
        self.blocks.clear();
        for (block, packed) in blocks {
            self.blocks.push(block);
            self.packed.iter_mut().zip(packed).for_each(|(all, own)| *all += own);
        }
        for &(FoldKey { fault, actor, .. }, fold) in std::mem::take(&mut self.open.folds).iter() {
            self.add_fold(fault, actor, fold);
        }
    }

    /// A block in buckets of the ledger's width; also gives, by fault, how many of its folds there are.
    fn folded(&self, block: &Block) -> (Block, Vec<usize>) {
        let (mut out, mut packed) = (Block::default(), vec![0; self.faults.entries().len()]);
        let mut since_mark: Vec<(FoldKey, u64, u64, Fold)> = Vec::new();
        let mut pack = |folds: &mut Vec<(FoldKey, u64, u64, Fold)>, out: &mut Block| {
            folds.sort_by_key(|(key, ..)| *key);
            folds.dedup_by(|(key, .., fold), (kept, .., known)| {
                let is_same = key == kept;
                if is_same {
                    known.merge(*fold);
                }
                is_same
            });
            for (_, fault, actor, fold) in folds.drain(..) {
                packed[fault as usize] += 1;
                out.push(&Step::Fold { fault, actor, fold });
            }
        };
        for step in block.steps().filter(|step| self.is_kept(step)) {
            match step {
                Step::Mark(_) => {
                    pack(&mut since_mark, &mut out);
                    out.push(&step);
                }
                Step::Fold { fault, actor, fold } => {
                    let Some(Event::Fold(key, _)) = self.event(step) else { continue };
                    since_mark.push((key, fault, actor, fold));
                }
            }
        }
        pack(&mut since_mark, &mut out);
        (out, packed)
    }

    /// Widens the buckets until their number is within bounds.
    pub fn keep_bounds(&mut self) {
        if self.width < MAX_WIDTH && self.folds() > MAX_FOLDS {
            self.widen(self.fitting_width());
        }
    }

    /// The least width at which the folds are within bounds; the greatest when none is.
    fn fitting_width(&self) -> u8 {
        let merging = (0..self.stretches()).into_par_iter().map(|at| merging(self.stretch(at)));
        let merging = merging.reduce(
            || [0; BITS],
            |mut all, own| {
                all.iter_mut().zip(own).for_each(|(all, own)| *all += own);
                all
            },
        );
        let mut folds = self.folds();
        (self.width..MAX_WIDTH)
            .find(|width| {
                folds -= merging[usize::from(width - self.width)];
                folds <= MAX_FOLDS
            })
            .unwrap_or(MAX_WIDTH)
    }

    /// Bytes of memory that the events take.
    pub fn weight(&self) -> usize {
        self.packed_bytes() + self.open.folds.len() * size_of::<(FoldKey, Fold)>()
    }

    /// Drops all occurrences of these faults. In a storm of errors that are all different this happens very often, so the
    /// bytes are only written anew once they hold much that is forgotten.
    pub fn forget(&mut self, faults: &BTreeSet<Id>) {
        self.open.folds.retain(|key| !faults.contains(&key.fault));
        self.forgotten.extend(faults.iter().filter_map(|fault| self.faults.find(fault)));
        if self.forgotten.len() > self.faults.entries().len() / 2 {
            *self = self.rebuilt();
        }
    }
}

const BITS: usize = 1 + i64::BITS as usize;

/// How many folds merge with the one before them once buckets are so much wider: when all bits agree that are left.
fn merging<'l>(events: impl Iterator<Item = Event<'l>>) -> [usize; BITS] {
    let mut merging = [0; BITS];
    let mut since_mark: Vec<(Id, Id, i64)> = Vec::new();
    let mut count = |folds: &mut Vec<(Id, Id, i64)>| {
        folds.sort_unstable();
        for pair in folds.windows(2).filter(|pair| (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1)) {
            merging[(i64::BITS - (pair[0].2 ^ pair[1].2).leading_zeros()) as usize] += 1;
        }
        folds.clear();
    };
    for event in events {
        match event {
            Event::Mark(_) => count(&mut since_mark),
            Event::Fold(FoldKey { bucket, fault, actor }, _) => since_mark.push((fault, actor, bucket)),
        }
    }
    count(&mut since_mark);
    merging
}

/// Of a hint there is one fold between two marks.
fn bucket_of(fault: Id, time: Option<Time>, width: u8) -> i64 {
    let time = time.filter(|_| !is_hint(fault));
    time.map_or(i64::MIN, |time| time.ns.div_euclid(SECOND) >> width)
}

// ---
// In a file, which may be damaged.

/// A ledger as it is written: equal ones are equal bytes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Written {
    bytes: Vec<u8>,
    told: Vec<Told>,
    faults: Vec<Id>,
    actors: Vec<Id>,
    words: Vec<Id>,
    open: Open,
    width: u8,
}

/// Bytes that are no events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Damaged;

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("its events make no sense")
    }
}

impl From<Ledger> for Written {
    fn from(ledger: Ledger) -> Written {
        Written::of(&ledger.rebuilt())
    }
}

impl Written {
    /// Of a ledger whose events were added one by one: its tables are in their order, and its blocks go on from each other.
    fn of(rebuilt: &Ledger) -> Written {
        Written {
            bytes: rebuilt.blocks.iter().flat_map(|block| block.bytes()).copied().collect(),
            told: rebuilt.told.entries().to_vec(),
            faults: rebuilt.faults.entries().to_vec(),
            actors: rebuilt.actors.entries().to_vec(),
            words: rebuilt.words.entries().to_vec(),
            open: rebuilt.open.clone(),
            width: rebuilt.width,
        }
    }
}

impl TryFrom<Written> for Ledger {
    type Error = Damaged;

    /// Builds the ledger anew from its events: what is written differently than we write it is damaged.
    fn try_from(written: Written) -> Result<Ledger, Damaged> {
        if written.width > MAX_WIDTH {
            return Err(Damaged);
        }
        let read = Ledger {
            blocks: vec![Block::of(written.bytes.clone())],
            told: Table::of(&written.told),
            faults: Table::of(&written.faults),
            actors: Table::of(&written.actors),
            words: Table::of(&written.words),
            open: written.open.clone(),
            width: written.width,
            ..Ledger::default()
        };
        let ledger = read.rebuilt();
        if Written::of(&ledger) == written { Ok(ledger) } else { Err(Damaged) }
    }
}
