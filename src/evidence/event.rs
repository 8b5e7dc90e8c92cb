//! What happened: marks in the life of services, and faults folded into counts.

use crate::grammar::{Asker, MarkKind, Time};
use serde::{Deserialize, Serialize};

/// A stable hash that names a fault, an actor or a text, the same on every machine.
pub type Id = u64;

/// The fault table's key of what has this hash.
pub fn plain_id(hash: u64) -> Id {
    hash & !1
}

/// What an error that no signature knows is called.
pub fn unknown_name(id: Id) -> String {
    format!("unknown/{:08x}", id >> 32)
}

/// The key of a hint at readiness. It is odd, because hints fold otherwise: only the first one after a mark matters.
pub fn hint_id(hash: u64) -> Id {
    hash | 1
}

pub fn is_hint(id: Id) -> bool {
    id & 1 == 1
}

/// Who wrote a line.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Actor {
    /// The service that the envelope names (unit, container, app), or empty.
    pub service: String,
    /// The pod that it names beside it, or empty.
    pub pod: String,
    /// Syslog identifier or program name, or empty.
    pub ident: String,
    /// The program that the format tells of, or empty.
    pub program: String,
    /// The log that a head before the line names (`==> gateway.log <==`), or empty.
    pub section: String,
    pub kind: ActorKind,
    /// The pid of the service's own process, where a format has it on every line.
    pub run_pid: Option<u32>,
    /// The program has a sure mark of readiness, so weak ones do not count.
    pub tells_ready: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ActorKind {
    #[default]
    Application,
    Manager,
    Listing,
}

/// What a line tells of a service's life. Lines that tell the same share it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Told {
    pub kind: MarkKind,
    pub actor: Id,
    /// Names of the string table, 0 for none.
    pub program: Id,
    pub service: Id,
    pub signal: Id,
    /// The fault-table entry that has the line's text.
    pub words: Id,
    pub code: Option<i32>,
    pub step: u8,
    pub weak: bool,
    /// In the program's own words, which only the log's repetition gives that meaning.
    pub learned: bool,
    /// The run was not ready, whatever it said before.
    pub never_ready: bool,
    /// Of last words: only a start says them, so a run that was ready did not die by them.
    pub of_start: bool,
    /// Of last words: what they are about stands on the lines after them.
    pub reason_follows: bool,
    /// Of a stop or an end: of the process that the instance's next one has replaced.
    pub replaced: bool,
    /// Of a start: the manager says nothing of later ones.
    pub first_only: bool,
    /// The line has no time, and was given that of the one before it.
    pub untimed: bool,
    /// Which of several processes of the service, by its manager's number.
    pub instance: Option<u32>,
    pub manager: bool,
    pub asked: Option<Asker>,
    /// The mark's program has a sure mark of readiness.
    pub tells_ready: bool,
}

impl Told {
    /// What an actor tells, and nothing more of it.
    pub fn new(kind: MarkKind, actor: Id) -> Told {
        Told {
            kind,
            actor,
            program: 0,
            service: 0,
            signal: 0,
            words: 0,
            code: None,
            step: 1,
            weak: false,
            learned: false,
            never_ready: false,
            of_start: false,
            reason_follows: false,
            replaced: false,
            first_only: false,
            untimed: false,
            instance: None,
            manager: false,
            asked: None,
            tells_ready: false,
        }
    }
}

/// `Told::step` of an exception that seems to have ended its program, by what tells so: the program had said nothing
/// before, it had, or it had and the exception left the outermost module.
pub const DIED_ALONE: u8 = 1;
pub const DIED_PERHAPS: u8 = 2;
pub const DIED_SURELY: u8 = 3;

/// A step in a service's life, as one line told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark<T> {
    /// A `Told`, by value or by reference.
    pub told: T,
    /// Byte offset of the line in its stream.
    pub offset: u64,
    /// 0-based line number, counted from the start of the segment that holds it.
    pub line: u64,
    pub time: Option<Time>,
    pub pid: Option<u32>,
    pub count: Option<u32>,
    /// What the service said last before this line: a fault-table entry, 0 for none.
    pub last_words: Id,
}

/// What a fault is known by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FaultKind {
    /// The id of a signature.
    Signature(String),
    /// The id of a signature, in a line that says that the program went on.
    DealtWith(String),
    /// What a fault's line is about, by the skeleton of that line or of the one after it, where this may tell causes apart.
    Aspect { of: String, template: String },
    /// An error that no signature knows.
    Unknown { class: Class, template: String },
    /// The text of a lifecycle mark, by its pattern.
    Mark(String),
    /// The last line before a mark, by its skeleton, and whether a signature or its level knows it as an error anyhow.
    Words { template: String, is_known: bool },
    /// A line that may say that the program is ready, by its skeleton.
    Hint(String),
}

/// How surely an unknown line tells of a fault, most sure first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Class {
    /// The head of an exception, a panic, the words of a fatal mark.
    Exception,
    /// The record's level is fatal.
    Fatal,
    /// The record's level is error.
    Error,
    /// The record has no level; its words speak of a failure.
    Worded,
    /// The line says that the program went on.
    DealtWith,
    /// What was thrown because of an exception before it: what the reason became, and no reason itself.
    Outcome,
}

/// One line shown as evidence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sample {
    pub offset: u64,
    /// 0-based, counted from the start of the segment.
    pub line: u64,
    pub time: Option<Time>,
    pub actor: Id,
    /// Decoded, masked, at most 500 bytes.
    pub text: String,
}

/// A kind of fault in one stream: how often, and its telling lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub kind: FaultKind,
    pub count: u64,
    /// The first ones by offset.
    pub first: Vec<Sample>,
    /// The last ones by offset.
    pub last: Vec<Sample>,
}

pub const FIRST_SAMPLES: usize = 3;
pub const LAST_SAMPLES: usize = 2;

impl Fault {
    pub fn merge(&mut self, other: Fault) {
        self.count += other.count;
        self.first.extend(other.first);
        self.first.sort_by_key(|sample| sample.offset);
        self.first.dedup_by_key(|sample| sample.offset);
        self.first.truncate(FIRST_SAMPLES);
        self.last.extend(other.last);
        self.last.sort_by_key(|sample| std::cmp::Reverse(sample.offset));
        self.last.dedup_by_key(|sample| sample.offset);
        self.last.truncate(LAST_SAMPLES);
    }

    /// The samples in the order of the stream, each once.
    pub fn samples(&self) -> Vec<&Sample> {
        let mut all: Vec<&Sample> = self.first.iter().chain(&self.last).collect();
        all.sort_by_key(|sample| sample.offset);
        all.dedup_by_key(|sample| sample.offset);
        all
    }
}

/// Which occurrences fold into one: the same fault by the same actor in the same stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FoldKey {
    /// Seconds since 1970 shifted right by the segment's width; `i64::MIN` without a time, and for hints.
    pub bucket: i64,
    pub fault: Id,
    pub actor: Id,
}

/// Occurrences folded into one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fold {
    pub count: u32,
    pub first_offset: u64,
    pub last_offset: u64,
    pub first: Option<Time>,
    pub last: Option<Time>,
    /// None of the lines has a time: theirs are those of lines before.
    pub untimed: bool,
}

impl Fold {
    /// What one line tells so many times.
    pub fn of_line(offset: u64, time: Option<Time>, untimed: bool, count: u32) -> Fold {
        Fold { count, first_offset: offset, last_offset: offset, first: time, last: time, untimed }
    }

    pub fn merge(&mut self, other: Fold) {
        self.count = self.count.saturating_add(other.count);
        self.untimed &= other.untimed;
        if other.first_offset < self.first_offset {
            self.first_offset = other.first_offset;
            self.first = other.first;
        }
        if other.last_offset > self.last_offset {
            self.last_offset = other.last_offset;
            self.last = other.last;
        }
    }
}

/// Folds sorted by their keys. A plain vector: most epochs hold a handful, and a tree's node would cost them a kilobyte.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folds(Vec<(FoldKey, Fold)>);

impl Folds {
    /// Adds occurrences; true when the key is new.
    pub fn add(&mut self, key: FoldKey, fold: Fold) -> bool {
        // Time goes on, so the place is nearly always at the end.
        let at = match self.0.last() {
            Some((last, _)) if *last < key => Err(self.0.len()),
            _ => self.0.binary_search_by_key(&key, |(key, _)| *key),
        };
        match at {
            Ok(at) => self.0[at].1.merge(fold),
            Err(at) => self.0.insert(at, (key, fold)),
        }
        at.is_err()
    }

    pub fn iter(&self) -> impl Iterator<Item = &(FoldKey, Fold)> {
        self.0.iter()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn retain(&mut self, keep: impl Fn(&FoldKey) -> bool) {
        self.0.retain(|(key, _)| keep(key));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Folds {
    type Item = (FoldKey, Fold);
    type IntoIter = std::vec::IntoIter<(FoldKey, Fold)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
