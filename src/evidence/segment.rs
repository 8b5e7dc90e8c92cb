//! A contiguous piece of one stream, and how two neighbours become one.
//!
//! Everything here is relative to what the piece itself holds (line numbers), or absolute in the stream (offsets), so
//! joining needs no look at the source, and the order of joining does not matter. Every bound is a function of the set
//! of what was seen, never of the order: a coarser fold or a dropped template in a part is one in the whole as well.

use super::event::{Actor, Epoch, Fault, FaultKind, Fold, FoldKey, Folds, Id, Mark, Sample};
use crate::grammar::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// More folds than this make the segment's time buckets twice as wide.
const MAX_FOLDS: usize = 1 << 17;
/// More unknown templates than this are dropped, the least telling first.
const MAX_TEMPLATES: usize = 4096;
/// Buckets never get wider than 2^40 seconds.
const MAX_WIDTH: u8 = 40;

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
    /// The first and the last timed record, by position, of those that were read.
    pub first: Option<Time>,
    pub last: Option<Time>,
    /// Lines by format (inner after outer, joined by `>`), of those at the stream's start that were all read.
    pub formats: BTreeMap<String, u64>,
    pub epochs: Vec<Epoch>,
    pub faults: BTreeMap<Id, Fault>,
    pub actors: BTreeMap<Id, Actor>,
    pub strings: BTreeMap<Id, String>,
    pub tally: Tally,
    /// Time buckets are 2^width seconds wide.
    width: u8,
    folds: usize,
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
}

impl Segment {
    pub fn new(start: u64, end: u64) -> Segment {
        Segment { start, end, epochs: vec![Epoch::default()], ..Segment::default() }
    }

    /// Adds the neighbour that begins where this one ends.
    pub fn append(&mut self, mut next: Segment) {
        let lines = self.lines;
        next.shift_lines(lines);
        self.end = next.end;
        self.lines += next.lines;
        self.heads += next.heads;
        self.flush_lines += next.flush_lines;
        self.first = self.first.or(next.first);
        self.last = next.last.or(self.last);
        for (format, count) in next.formats {
            *self.formats.entry(format).or_default() += count;
        }
        self.actors.extend(next.actors);
        self.strings.extend(next.strings);
        self.tally.merge(next.tally);
        self.level_widths(&mut next.epochs, next.width);
        self.append_epochs(next.epochs);
        for (id, fault) in next.faults {
            self.add_fault(id, fault);
        }
        self.keep_bounds();
    }

    fn shift_lines(&mut self, by: u64) {
        for mark in self.epochs.iter_mut().filter_map(|epoch| epoch.mark.as_mut()) {
            mark.line += by;
        }
        for sample in self.faults.values_mut().flat_map(|fault| fault.first.iter_mut().chain(&mut fault.last)) {
            sample.line = sample.line.wrapping_add(by);
        }
        if let Some(line) = &mut self.tally.first_overlong_line {
            *line += by;
        }
    }

    fn append_epochs(&mut self, epochs: Vec<Epoch>) {
        let mut epochs = epochs.into_iter();
        if let (Some(open), Some(head)) = (self.epochs.last_mut(), epochs.next()) {
            for (key, fold) in head.folds {
                self.folds += usize::from(open.folds.add(key, fold));
            }
        }
        for epoch in epochs {
            self.folds += epoch.folds.len();
            self.epochs.push(epoch);
        }
    }

    // ---
    // Filling a segment while its lines are read.

    pub fn add_mark(&mut self, mark: Mark) {
        if let Some(closed) = self.epochs.last_mut() {
            closed.folds.shrink();
        }
        self.epochs.push(Epoch { mark: Some(mark), folds: Folds::default() });
    }

    /// Counts one occurrence of a fault in the open epoch.
    pub fn add_occurrence(&mut self, fault: Id, actor: Id, offset: u64, time: Option<Time>) {
        let bucket = time.map_or(i64::MIN, |time| bucket_of(time.ns.div_euclid(crate::grammar::SECOND), self.width));
        let fold = Fold { count: 1, first_offset: offset, last_offset: offset, first: time, last: time };
        if let Some(open) = self.epochs.last_mut() {
            self.folds += usize::from(open.folds.add(FoldKey { bucket, fault, actor }, fold));
        }
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
        while self.folds > MAX_FOLDS && self.width < MAX_WIDTH {
            let mut epochs = std::mem::take(&mut self.epochs);
            self.width += 1;
            self.folds = 0;
            for epoch in &mut epochs {
                widen(epoch, 1);
                self.folds += epoch.folds.len();
            }
            self.epochs = epochs;
        }
        self.drop_templates();
    }

    fn level_widths(&mut self, other: &mut [Epoch], other_width: u8) {
        if other_width > self.width {
            let by = other_width - self.width;
            self.width = other_width;
            self.folds = 0;
            for epoch in &mut self.epochs {
                widen(epoch, by);
                self.folds += epoch.folds.len();
            }
        } else if self.width > other_width {
            other.iter_mut().for_each(|epoch| widen(epoch, self.width - other_width));
        }
    }

    fn drop_templates(&mut self) {
        let rank = |kind: &FaultKind| match kind {
            FaultKind::Unknown { class, .. } => Some(*class as u8),
            FaultKind::Words(_) => Some(u8::MAX),
            FaultKind::Signature(_) | FaultKind::Mark(_) => None,
        };
        let mut ranked: Vec<(u8, Id)> =
            self.faults.iter().filter_map(|(id, fault)| Some((rank(&fault.kind)?, *id))).collect();
        if ranked.len() <= MAX_TEMPLATES {
            return;
        }
        ranked.sort_unstable();
        let dropped: std::collections::BTreeSet<Id> = ranked.drain(MAX_TEMPLATES..).map(|(_, id)| id).collect();
        for id in &dropped {
            if let Some(fault) = self.faults.remove(id) {
                self.tally.dropped += fault.count;
            }
        }
        self.folds = 0;
        for epoch in &mut self.epochs {
            epoch.folds.retain(|key| !dropped.contains(&key.fault));
            self.folds += epoch.folds.len();
        }
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
    }
}

fn bucket_of(second: i64, width: u8) -> i64 {
    second >> width
}

fn widen(epoch: &mut Epoch, by: u8) {
    let folds = std::mem::take(&mut epoch.folds);
    for (mut key, fold) in folds {
        if key.bucket != i64::MIN {
            key.bucket >>= by;
        }
        epoch.folds.add(key, fold);
    }
}
