//! The events of one segment in their order, packed.
//!
//! A loop of weeks has millions of events, and nearly all of them are alike: what differs is where and when. So what a
//! mark tells, and which faults and actors there are, stands once in a table, and an event is a few bytes. The events
//! since the last mark stay open, because faults still fold into them. Ledgers of the same events are equal, however
//! they came together.

use super::event::{Fold, FoldKey, Folds, Id, Mark, Told, is_hint};
use super::steps::{Place, Step, Steps};
use crate::grammar::{SECOND, Time};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// More folds than this make the time buckets twice as wide. Few in unit tests, so that they meet it.
const MAX_FOLDS: usize = if cfg!(test) { 1 << 5 } else { 1 << 17 };
/// Buckets never get wider than 2^40 seconds.
const MAX_WIDTH: u8 = 40;

/// Marks and folded faults, in the order of the stream; faults between two marks by bucket, fault and actor.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Ledger {
    /// Events up to the last mark.
    bytes: Vec<u8>,
    last: Place,
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

/// Entries in the order in which they came up, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Table<T> {
    entries: Vec<T>,
    index: BTreeMap<T, u64>,
}

/// One event of a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'l> {
    Mark(Mark<&'l Told>),
    Fold(FoldKey, Fold),
}

impl<T> Default for Table<T> {
    fn default() -> Table<T> {
        Table { entries: Vec::new(), index: BTreeMap::new() }
    }
}

impl<T: Clone + Ord> Table<T> {
    fn of(entries: &[T]) -> Table<T> {
        Table { entries: entries.to_vec(), index: entries.iter().cloned().zip(0..).collect() }
    }

    fn place(&mut self, entry: &T) -> u64 {
        if let Some(&at) = self.index.get(entry) {
            return at;
        }
        let at = self.entries.len() as u64;
        self.entries.push(entry.clone());
        self.index.insert(entry.clone(), at);
        at
    }

    fn get(&self, at: u64) -> Option<&T> {
        self.entries.get(usize::try_from(at).ok()?)
    }
}

/// Where the entries of one table stand in another, looked up once each.
struct Translation<'t, T> {
    from: &'t Table<T>,
    known: Vec<Option<u64>>,
}

impl<'t, T: Clone + Ord> Translation<'t, T> {
    fn new(from: &'t Table<T>) -> Translation<'t, T> {
        Translation { from, known: vec![None; from.entries.len()] }
    }

    fn of(&mut self, at: u64, to: &mut Table<T>) -> Option<u64> {
        let entry = self.from.get(at)?;
        Some(*self.known[at as usize].get_or_insert_with(|| to.place(entry)))
    }
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
        let open = self.open.folds.iter().map(|(key, fold)| Event::Fold(*key, *fold));
        let last = self.open.mark.map(Step::Mark);
        let is_kept = |step: &Step| match step {
            Step::Fold { fault, .. } => !self.forgotten.contains(fault),
            Step::Mark(_) => true,
        };
        Steps::new(&self.bytes).filter(is_kept).chain(last).map_while(|step| self.event(step)).chain(open)
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
            self.last.push(&mut self.bytes, &Step::Mark(mark));
        }
        for &(FoldKey { fault, actor, .. }, fold) in closed.folds.iter() {
            let (fault, actor) = (self.faults.place(&fault), self.actors.place(&actor));
            self.pack(Step::Fold { fault, actor, fold });
        }
    }

    fn pack(&mut self, step: Step) {
        if let Step::Fold { fault, .. } = step {
            self.packed.resize(self.faults.entries.len(), 0);
            self.packed[fault as usize] += 1;
        }
        self.last.push(&mut self.bytes, &step);
    }

    /// How many folds there are that would become fewer in wider buckets.
    fn folds(&self) -> usize {
        let counts = |at: usize| {
            !self.forgotten.contains(&(at as u64)) && self.faults.entries.get(at).is_some_and(|fault| !is_hint(*fault))
        };
        let packed: usize = self.packed.iter().enumerate().filter(|(at, _)| counts(*at)).map(|(_, folds)| folds).sum();
        packed + self.open.folds.iter().filter(|(key, _)| !is_hint(key.fault)).count()
    }

    pub fn add_fold(&mut self, fault: Id, actor: Id, fold: Fold) {
        let bucket = bucket_of(fault, fold.first, self.width);
        self.open.folds.add(FoldKey { bucket, fault, actor }, fold);
    }

    /// Adds what the neighbour holds, whose line numbers begin after `lines`, but for these faults.
    pub fn append(&mut self, next: &Ledger, lines: u64, without: &BTreeSet<Id>) {
        if next.width > self.width {
            *self = self.rebuilt(next.width);
        }
        if next.width < self.width {
            self.add_all(next.events(), lines, without);
        } else {
            self.join(next, lines, without);
        }
    }

    /// Adds events one by one: what was apart in finer buckets may fold in these.
    fn add_all<'l>(&mut self, events: impl Iterator<Item = Event<'l>>, lines: u64, without: &BTreeSet<Id>) {
        for event in events {
            match event {
                Event::Mark(mark) => self.add_mark(Mark { line: mark.line + lines, ..mark }),
                Event::Fold(key, _) if without.contains(&key.fault) => {}
                Event::Fold(key, fold) => self.add_fold(key.fault, key.actor, fold),
            }
        }
    }

    /// Adds a neighbour of the same width: what comes before its first mark folds into the open events, the rest is
    /// only told from another place.
    fn join(&mut self, next: &Ledger, lines: u64, without: &BTreeSet<Id>) {
        let (mut told, mut words) = (Translation::new(&next.told), Translation::new(&next.words));
        let (mut faults, mut actors) = (Translation::new(&next.faults), Translation::new(&next.actors));
        let entries = next.faults.entries.iter().zip(0..);
        let left_out: Vec<bool> =
            entries.map(|(fault, at)| next.forgotten.contains(&at) || without.contains(fault)).collect();
        let mut moved = |mark: Mark<u64>, ledger: &mut Ledger| {
            let last_words = match mark.last_words {
                0 => 0,
                at => words.of(at - 1, &mut ledger.words)? + 1,
            };
            Some(Mark { told: told.of(mark.told, &mut ledger.told)?, line: mark.line + lines, last_words, ..mark })
        };
        let mut has_mark = false;
        for step in Steps::new(&next.bytes) {
            match step {
                Step::Mark(mark) => {
                    if !has_mark {
                        self.close();
                    }
                    has_mark = true;
                    if let Some(mark) = moved(mark, self) {
                        self.pack(Step::Mark(mark));
                    }
                }
                Step::Fold { fault, .. } if left_out.get(fault as usize).is_none_or(|left_out| *left_out) => {}
                Step::Fold { fault, actor, fold } if has_mark => {
                    if let Some(fault) = faults.of(fault, &mut self.faults)
                        && let Some(actor) = actors.of(actor, &mut self.actors)
                    {
                        self.pack(Step::Fold { fault, actor, fold });
                    }
                }
                Step::Fold { fault, actor, fold } => {
                    if let Some((fault, actor)) = next.faults.get(fault).zip(next.actors.get(actor)) {
                        self.add_fold(*fault, *actor, fold);
                    }
                }
            }
        }
        if let Some(mark) = next.open.mark {
            self.close();
            self.open.mark = moved(mark, self);
        }
        for (key, fold) in next.open.folds.iter().filter(|(key, _)| !without.contains(&key.fault)) {
            self.add_fold(key.fault, key.actor, *fold);
        }
    }

    /// Time buckets are 2^width seconds wide.
    pub fn width(&self) -> u8 {
        self.width
    }

    fn rebuilt(&self, width: u8) -> Ledger {
        Ledger::of(width, self.events())
    }

    /// These events in buckets of this width.
    pub fn of<'l>(width: u8, events: impl Iterator<Item = Event<'l>>) -> Ledger {
        let mut ledger = Ledger { width, ..Ledger::default() };
        ledger.add_all(events, 0, &BTreeSet::new());
        ledger
    }

    /// Widens the buckets until their number is within bounds.
    pub fn keep_bounds(&mut self) {
        if self.width < MAX_WIDTH && self.folds() > MAX_FOLDS {
            *self = self.rebuilt(self.fitting_width());
        }
    }

    /// The least width at which the folds are within bounds; the greatest when none is.
    fn fitting_width(&self) -> u8 {
        // How many folds merge with the one before them once buckets are so much wider: when all bits agree that are left.
        let mut merging = [0; 1 + i64::BITS as usize];
        let mut latest: BTreeMap<(Id, Id), i64> = BTreeMap::new();
        for event in self.events() {
            match event {
                Event::Mark(_) => latest.clear(),
                Event::Fold(FoldKey { bucket, fault, actor }, _) => {
                    if let Some(before) = latest.insert((fault, actor), bucket) {
                        merging[(i64::BITS - (before ^ bucket).leading_zeros()) as usize] += 1;
                    }
                }
            }
        }
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
        self.bytes.len() + self.open.folds.len() * size_of::<(FoldKey, Fold)>()
    }

    /// Drops all occurrences of these faults. In a storm of errors that are all different this happens very often, so the
    /// bytes are only written anew once they hold much that is forgotten.
    pub fn forget(&mut self, faults: &BTreeSet<Id>) {
        self.open.folds.retain(|key| !faults.contains(&key.fault));
        self.forgotten.extend(faults.iter().filter_map(|fault| self.faults.index.get(fault)));
        if self.forgotten.len() > self.faults.entries.len() / 2 {
            *self = self.rebuilt(self.width);
        }
    }
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
        let ledger = if ledger.forgotten.is_empty() { ledger } else { ledger.rebuilt(ledger.width) };
        Written {
            bytes: ledger.bytes,
            told: ledger.told.entries,
            faults: ledger.faults.entries,
            actors: ledger.actors.entries,
            words: ledger.words.entries,
            open: ledger.open,
            width: ledger.width,
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
            bytes: written.bytes.clone(),
            told: Table::of(&written.told),
            faults: Table::of(&written.faults),
            actors: Table::of(&written.actors),
            words: Table::of(&written.words),
            open: written.open.clone(),
            width: written.width,
            ..Ledger::default()
        };
        let ledger = read.rebuilt(read.width);
        if Written::from(ledger.clone()) == written { Ok(ledger) } else { Err(Damaged) }
    }
}
