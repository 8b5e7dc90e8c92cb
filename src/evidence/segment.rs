//! A contiguous piece of one stream, and how two neighbours become one.
//!
//! Everything here is relative to what the piece itself holds (line numbers), or absolute in the stream (offsets), so
//! joining needs no look at the source, and the order of joining does not matter. Every bound is a function of the set
//! of what was seen, never of the order: a coarser fold or a dropped template in a part is one in the whole as well.

use super::event::{Actor, Fault, FaultKind, Fold, Id, Mark, Sample, Told};
use super::ledger::Ledger;
use crate::grammar::Time;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// More unknown templates than this are dropped, the least telling first.
const MAX_TEMPLATES: usize = 4096;

/// What was seen in the lines that begin in `start..end`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    pub start: u64,
    pub end: u64,
    pub lines: u64,
    /// Lines that begin a record: a time or a JSON object at their start.
    pub heads: u64,
    /// Lines of text at the first column without a time.
    pub flush_lines: u64,
    /// Of those at the stream's start that were all read: how many there are, and how many of them a format reads.
    pub flush_looked_at: u64,
    pub flush_read: u64,
    /// The first and the last timed record, by position, of those that were read.
    pub first: Option<Time>,
    pub last: Option<Time>,
    /// Lines by format (inner after outer, joined by `>`), of those at the stream's start that were all read.
    pub formats: BTreeMap<String, u64>,
    pub ledger: Ledger,
    pub faults: BTreeMap<Id, Fault>,
    pub actors: BTreeMap<Id, Actor>,
    pub strings: BTreeMap<Id, String>,
    pub tally: Tally,
}

/// Oddities, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub nul_bytes: u64,
    pub invalid_utf8_lines: u64,
    pub overlong_lines: u64,
    pub first_overlong_line: Option<u64>,
    /// Occurrences of templates that were dropped for want of room.
    pub dropped: u64,
    /// Records left out by --since and --until.
    pub outside_window: u64,
    /// Lines with a time of day and no date, of those that were read.
    pub dateless_lines: u64,
}

impl Segment {
    pub fn new(start: u64, end: u64) -> Segment {
        Segment { start, end, ..Segment::default() }
    }

    /// Adds the neighbour that begins where this one ends.
    pub fn append(&mut self, mut next: Segment) {
        let lines = self.lines;
        next.shift_lines(lines);
        self.end = next.end;
        self.lines += next.lines;
        self.heads += next.heads;
        self.flush_lines += next.flush_lines;
        self.flush_looked_at += next.flush_looked_at;
        self.flush_read += next.flush_read;
        self.first = self.first.or(next.first);
        self.last = next.last.or(self.last);
        for (format, count) in next.formats {
            *self.formats.entry(format).or_default() += count;
        }
        self.actors.extend(next.actors);
        self.strings.extend(next.strings);
        self.tally.merge(next.tally);
        for (id, fault) in next.faults {
            self.add_fault(id, fault);
        }
        let dropped = self.drop_templates();
        self.ledger.append(next.ledger, lines, &dropped);
        self.ledger.keep_bounds();
    }

    fn shift_lines(&mut self, by: u64) {
        for sample in self.faults.values_mut().flat_map(|fault| fault.first.iter_mut().chain(&mut fault.last)) {
            sample.line = sample.line.wrapping_add(by);
        }
        if let Some(line) = &mut self.tally.first_overlong_line {
            *line += by;
        }
    }

    // ---
    // Filling a segment while its lines are read.

    pub fn add_mark(&mut self, mark: Mark<&Told>) {
        self.ledger.add_mark(mark);
    }

    /// Counts what one line tells of a fault since the last mark.
    pub fn add_occurrences(&mut self, fault: Id, actor: Id, fold: Fold) {
        self.ledger.add_fold(fault, actor, fold);
    }

    pub fn add_fault(&mut self, id: Id, fault: Fault) {
        match self.faults.get_mut(&id) {
            Some(known) => known.merge(fault),
            None => {
                self.faults.insert(id, fault);
            }
        }
    }

    /// Applies the bounds; to be called once a segment is filled.
    pub fn keep_bounds(&mut self) {
        self.drop_templates();
        self.ledger.keep_bounds();
    }

    /// Drops the least telling templates above the bound; gives what was dropped.
    fn drop_templates(&mut self) -> BTreeSet<Id> {
        if self.faults.len() <= MAX_TEMPLATES {
            return BTreeSet::new();
        }
        let rank = |kind: &FaultKind| match kind {
            FaultKind::Unknown { class, .. } => Some(*class as u8),
            FaultKind::Aspect { .. } => Some(u8::MAX - 2),
            FaultKind::Words { .. } => Some(u8::MAX - 1),
            FaultKind::Hint(_) => Some(u8::MAX),
            FaultKind::Signature(_) | FaultKind::DealtWith(_) | FaultKind::Mark(_) => None,
        };
        let mut ranked: Vec<(u8, Id)> =
            self.faults.iter().filter_map(|(id, fault)| Some((rank(&fault.kind)?, *id))).collect();
        if ranked.len() <= MAX_TEMPLATES {
            return BTreeSet::new();
        }
        ranked.sort_unstable();
        let dropped: BTreeSet<Id> = ranked.drain(MAX_TEMPLATES..).map(|(_, id)| id).collect();
        for id in &dropped {
            if let Some(fault) = self.faults.remove(id) {
                self.tally.dropped += fault.count;
            }
        }
        self.ledger.forget(&dropped);
        dropped
    }

    /// Bytes of memory that its events and texts take, roughly.
    pub fn weight(&self) -> usize {
        let samples = self.faults.values().flat_map(|fault| fault.first.iter().chain(&fault.last));
        self.ledger.weight() + samples.map(|sample| sample.text.len() + size_of::<Sample>()).sum::<usize>()
    }

    /// All samples of a fault, in order.
    pub fn samples(&self, fault: Id) -> Vec<&Sample> {
        self.faults.get(&fault).map(Fault::samples).unwrap_or_default()
    }
}

impl Tally {
    fn merge(&mut self, next: Tally) {
        self.nul_bytes += next.nul_bytes;
        self.invalid_utf8_lines += next.invalid_utf8_lines;
        self.overlong_lines += next.overlong_lines;
        self.first_overlong_line = self.first_overlong_line.or(next.first_overlong_line);
        self.dropped += next.dropped;
        self.outside_window += next.outside_window;
        self.dateless_lines += next.dateless_lines;
    }
}
